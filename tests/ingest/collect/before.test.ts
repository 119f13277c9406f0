/** A data folder of the program before is opened by this one: nothing lost, nothing twice, every old event found. */
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from '../../../api/config.ts'
import { openInstallation } from '../../../api/installation.ts'
import { EVERYTHING, eq } from '../../../ingest/store/filter.ts'
import { SYSTEM } from '../../../ingest/store/store.ts'
import { openPlace, originals, type Place } from '../../faults/place.ts'

const BEFORE = join(import.meta.dirname, 'before')
const LINES = readFileSync(join(BEFORE, 'lines.txt'), 'utf8').trimEnd().split('\n')
/** Events that were in the store when the program before was stopped. */
const OLD = 308
const NOW = Date.UTC(2026, 10, 22, 3)

let place: Place
beforeEach(() => {
  place = openPlace()
  cpSync(BEFORE, place.folder, { recursive: true })
  const events = place.path('data/events')
  for (const name of readdirSync(events)) {
    writeFileSync(join(events, name.replace('.gz', '')), gunzipSync(readFileSync(join(events, name))))
    rmSync(join(events, name))
  }
})
afterEach(() => place.remove())

/** On the machine where it was written the files still have the inodes that were committed. */
const sameInodes = async () => {
  const now: { [segment: string]: string } = {
    'cong-a.log': 'cong-a.log.1',
    'cong-c.log': 'cong-c.log',
    'fw.log': 'fw.log',
    'u_ex1.log': 'u_ex1.log',
  }
  const instance = await DuckDBInstance.create(place.path('data/events/events-2026-11-21.duckdb'))
  const connection = await instance.connect()
  const rows = await (await connection.run('SELECT segment, about FROM offsets WHERE about IS NOT NULL')).getRowsJS()
  for (const [segment, text] of rows) {
    const about = JSON.parse(String(text)) as { path: string; ino: number; dev: number }
    const name = now[about.path.replace(/.*\//, '')]
    // The one that was packed is gone; so is its inode.
    const { ino, dev } = name ? statSync(place.path(`logs/${name}`)) : { ino: 1, dev: 1 }
    const changed = JSON.stringify({ ...about, ino, dev })
    await connection.run('UPDATE offsets SET about = $1 WHERE segment = $2', [changed, String(segment)])
  }
  connection.closeSync()
  instance.closeSync()
}

test.each([
  ['on its machine', sameInodes],
  ['on another disk, where every inode is new', async () => {}],
])('a data folder of the program before, %s', async (_, prepare) => {
  await prepare()
  const run = async () => {
    const installation = await openInstallation(readConfig(place.path('vonglau.yml'), {}), {
      clock: () => NOW,
      warn: (sentence) => expect.unreachable(sentence),
      wait: 5,
      poll: 20,
    })
    const { events } = installation.store
    const before = await events.count(SYSTEM, { filter: EVERYTHING })
    await installation.ingest.start()
    await installation.ingest.drain()
    const counts = await originals(events)
    const errors = await events.count(SYSTEM, {
      filter: eq('event.kind', 'pipeline_error'),
    })
    const problems = (await installation.ingest.status()).flatMap(({ problem }) => problem ?? [])
    await installation.close()
    return { before, counts, errors, problems }
  }
  const first = await run()
  expect({ ...first, counts: [...first.counts].filter(([, count]) => count !== 1) }).toEqual({
    before: OLD,
    counts: [],
    errors: 0,
    problems: [],
  })
  expect([...first.counts.keys()].sort()).toEqual(LINES.toSorted())
  // And once more, with what this one has committed.
  const second = await run()
  expect({ before: second.before, counts: second.counts }).toEqual({ before: LINES.length, counts: first.counts })
})
