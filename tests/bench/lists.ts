/**
 * How soon a list answers: the newest 50 events, their count and their histogram, by filters of many kinds, over a store of a
 * million events that were imported as a province sends them. Ninety-fifth percentile of RUNS questions each, and the most memory.
 *
 *     node tests/bench/lists.ts [LINES=1000000] [RUNS=20] [FOLDER]
 *
 * FOLDER keeps the store from one run to the next, for two versions of the program over the same one.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readConfig } from '../../api/config.ts'
import { openEmbedded } from '../../api/store.ts'
import { FREE_TEXT, parseKql } from '../../ingest/store/kql.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { KINDS, writeLines } from './lines.ts'
import { machine } from './machine.ts'
import { costOf } from './measure.ts'

const [lines = 1_000_000, runs = 20] = process.argv.slice(2, 4).map(Number)
const root = fileURLToPath(new URL('../..', import.meta.url))
const kept = process.argv[4]
const folder = kept ?? mkdtempSync(join(tmpdir(), 'vonglau-lists-'))
const isThere = existsSync(join(folder, 'data'))
const config = join(folder, 'vonglau.yml')
writeFileSync(config, `data: ${join(folder, 'data')}\ninventory: ${join(root, 'seeds/vinh-long/inventory.yml')}\n`)
const files = isThere ? undefined : await writeLines(folder, lines, { inOrder: true })
for (const kind of files ? KINDS : [])
  await costOf(process.execPath, [join(root, 'api/vonglau.js'), '-c', config, 'import', '--source', kind, files![kind]])

const FILTERS: [what: string, kql: string][] = [
  ['none', ''],
  ['one value', 'organization.id: so-y-te'],
  ['a frequent value', 'event.kind: event'],
  ['a network', 'source.ip: 192.0.2.0/24'],
  ['a wildcard', 'url.original : *UNION+SELECT*'],
  ['a frequent word', 'chrome'],
  ['a rare word', 'khongcotunay'],
]
const store = await openEmbedded(readConfig(config, {}), { wait: 0 })
const p95 = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1]!
const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const began = performance.now()
    await work()
    times.push(performance.now() - began)
  }
  return Math.round(p95(times))
}
let peak = 0
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 50)
console.log(`${lines} events, p95 of ${runs}, ms: newest 50 · count · histogram`)
for (const [what, kql] of FILTERS) {
  const filter = parseKql(kql, { text: FREE_TEXT })
  const list = await timed(() => store.events.search(SYSTEM, { filter, order: 'newest', limit: 50 }))
  const count = await timed(() => store.events.count(SYSTEM, { filter }))
  const histogram = await timed(() =>
    store.events.aggregate(SYSTEM, { filter, by: [{ every: 3_600_000 }], limit: 1000 }),
  )
  console.log(
    `${what.padEnd(18)}${String(list).padStart(6)}${String(count).padStart(8)}${String(histogram).padStart(8)}`,
  )
}
clearInterval(timer)
await store.events.close()
await store.documents.close()
console.log(`resident at most ${Math.round(peak / 1024 / 1024)} MB; ${machine()}`)
if (kept === undefined) rmSync(folder, { recursive: true, force: true })
