/** A day file that has to be attached anew while somebody reads it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Days } from '../../../ingest/store/duckdb/days.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonglau-days-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('attached anew while a reader holds it: it waits for the reader, and goes on', async () => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const days = await Days.open(folder, connection)
  const file = await days.forIngest(Date.UTC(2026, 10, 20))
  const put = (from: number, to: number) =>
    connection.run(
      `INSERT INTO ${file.catalog}.offsets SELECT 's', i::VARCHAR, i, NULL, NULL FROM range(${from}, ${to}) r(i)`,
    )
  await put(0, 200_000)
  const reader = await instance.connect()
  const rows = await reader.stream(`SELECT * FROM ${file.catalog}.offsets`)
  let read = (await rows.fetchChunk())!.rowCount

  let again = false
  const attached = days.reattach(file).then(() => {
    again = true
  })
  // What was begun before ends well.
  for (let chunk = await rows.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await rows.fetchChunk()) {
    read += chunk.rowCount
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  expect(read).toBe(200_000)
  reader.closeSync()
  await attached
  expect(again).toBe(true)
  await put(200_000, 200_001)
  const [row] = await (await connection.run(`SELECT count(*) FROM ${file.catalog}.offsets`)).getRowsJS()
  expect(Number(row![0])).toBe(200_001)
  connection.closeSync()
  instance.closeSync()
})
