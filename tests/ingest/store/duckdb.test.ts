/** The embedded store keeps the contract. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { embedded } from '../../../ingest/store/embedded.ts'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { fold } from '../../../ingest/store/match.ts'
import { openSqlite } from '../../../ingest/store/sqlite.ts'
import type { Store } from '../../../ingest/store/store.ts'
import { contract } from './contract.ts'

contract('duckdb and sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-store-'))
  const open = async (): Promise<Store> => {
    const documents = openSqlite(join(folder, 'documents.sqlite'))
    const events = await openDuckdb({ folder: join(folder, 'events'), wait: 0 })
    return embedded(events, documents)
  }
  let store = await open()
  return {
    store,
    reopen: async () => {
      await store.close()
      store = await open()
      return store
    },
    remove: async () => {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
})

test('every code point folds as DuckDB folds it', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const rows = await (
    await connection.run(
      'SELECT i, lower(chr(i::INT)) FROM range(1, 1114112) t(i) WHERE i NOT BETWEEN 55296 AND 57343 AND i <> 65279',
    )
  ).getRowsJS()
  const differ = rows.filter(
    ([i, lower]) =>
      fold(String.fromCodePoint(Number(i))) !== lower &&
      !/[\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/u.test(
        String.fromCodePoint(Number(i)),
      ),
  )
  expect(differ.map(([i]) => Number(i).toString(16))).toEqual([])
})
