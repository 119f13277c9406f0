/**
 * How soon a list answers: the newest 50 events, their count and their histogram, by filters of many kinds, over a store of a
 * million events that were imported as a province sends them. Ninety-fifth percentile of RUNS questions each, the CPU of one of
 * them, and the most memory.
 *
 *     node tests/bench/lists.ts [LINES=1000000] [RUNS=20] [FOLDER] [--days N] [--elasticsearch]
 *
 * FOLDER keeps the store from one run to the next, for two versions of the program over the same one. `--days`: the store holds
 * the same day so many times, as day files of their own, or as indices that are all of one time, so that none can be left out.
 * `--elasticsearch`: the same lines and questions on a server of its own too, in the same run.
 */
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'
import { readConfig } from '../../api/config.ts'
import { openEmbedded, openStore } from '../../api/store.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { aliasOf } from '../../ingest/store/elasticsearch/events/indices.ts'
import { StoreRefused } from '../../ingest/store/errors.ts'
import { FREE_TEXT, parseKql } from '../../ingest/store/kql.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import { startElasticsearch } from '../servers/elasticsearch.ts'
import { KINDS, writeLines } from './lines.ts'
import { machine } from './machine.ts'
import { costOf } from './measure.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { days: { type: 'string', default: '1' }, elasticsearch: { type: 'boolean', default: false } },
})
const [lines = 1_000_000, runs = 20] = positionals.slice(0, 2).map(Number)
const days = Number(values.days)
const root = fileURLToPath(new URL('../..', import.meta.url))
const kept = positionals[2]
const folder = kept ?? mkdtempSync(join(tmpdir(), 'vonglau-lists-'))
mkdirSync(folder, { recursive: true })
const inventory = `inventory: ${join(root, 'seeds/vinh-long/inventory.yml')}\n`

const isThere = existsSync(join(folder, 'data'))
const config = join(folder, 'vonglau.yml')
writeFileSync(config, `data: ${join(folder, 'data')}\n${inventory}`)
const files = isThere && !values.elasticsearch ? undefined : await writeLines(folder, lines, { inOrder: true })
const importTo = async (config: string) => {
  for (const kind of KINDS)
    await costOf(process.execPath, [
      join(root, 'api/vonglau.js'),
      '-c',
      config,
      'import',
      '--source',
      kind,
      files![kind],
    ])
}
if (!isThere) await importTo(config)

/** The newest day file once more, as that of each day before it. */
const repeatDay = async (events: string): Promise<void> => {
  const DAY = 86_400_000
  const found = readdirSync(events).filter((name) => name.endsWith('.duckdb'))
  const newest = /^events-(.{10})\.duckdb$/.exec(found.toSorted().at(-1)!)![1]!
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  for (let i = found.length; i < days; i++) {
    const day = new Date(Date.parse(newest) - i * DAY).toISOString().slice(0, 10)
    const path = join(events, `events-${day}.duckdb`)
    copyFileSync(join(events, `events-${newest}.duckdb`), path)
    await connection.run(`ATTACH '${path}' AS copy`)
    await connection.run(
      `UPDATE copy.events SET "@timestamp" = "@timestamp" - ${i * DAY}, "event.ingested" = "event.ingested" - ${i * DAY}`,
    )
    await connection.run('DETACH copy')
  }
}
if (days > 1) await repeatDay(join(folder, 'data', 'events'))

/** Every index of events once more, so many times: its files are shared, its answers are not. */
const repeatIndices = async (url: string): Promise<void> => {
  const client = openClient({ nodes: [url] })
  const alias = aliasOf('vonglau')
  for (const index of Object.keys(await client.indices.getAlias({ name: alias }))) {
    await client.indices.addBlock({ index, block: 'write' })
    for (let i = 1; i < days; i++)
      await client.indices.clone({
        index,
        target: `${index}-${i}`,
        aliases: { [alias]: {} },
        wait_for_active_shards: 1,
      })
  }
  await client.close()
}

const FILTERS: [what: string, kql: string][] = [
  ['none', ''],
  ['one value', 'organization.id: so-y-te'],
  ['a frequent value', 'event.kind: event'],
  ['a network', 'source.ip: 192.0.2.0/24'],
  ['a wildcard', 'url.original : *UNION+SELECT*'],
  ['a frequent word', 'chrome'],
  ['a rare word', 'khongcotunay'],
  ['a word and numbers', '"chrome/117.0.221"'],
  ['an address as text', '192.0.2.77'],
]
const p95 = (times: readonly number[]) => times.toSorted((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1]!
/** ms after which a question is not asked again. */
const LONG = 20_000
let peak = 0
const timer = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss())
}, 50)
const timed = async (work: () => Promise<unknown>): Promise<string> => {
  const times: number[] = []
  const cpu = process.cpuUsage()
  const until = performance.now() + LONG
  while (times.length < runs && (times.length < 3 || performance.now() < until)) {
    const began = performance.now()
    try {
      await work()
    } catch (error) {
      // Its time was over.
      if (!(error instanceof StoreRefused)) throw error
      return 'given up'.padStart(14)
    }
    times.push(performance.now() - began)
  }
  const { user, system } = process.cpuUsage(cpu)
  return `${Math.round(p95(times))} (${Math.round((user + system) / 1000 / times.length)})`.padStart(14)
}
const ask = async (store: Store, what: string): Promise<void> => {
  console.log(`${what}, p95 of ${runs}, ms (CPU of this process for one): newest 50 · count · histogram`)
  const found = new Map<string, number>()
  for (const [name, kql] of FILTERS) {
    const filter = parseKql(kql, { text: FREE_TEXT })
    // As a person asks, who may go away: then all processors answer.
    const asked = { filter, signal: new AbortController().signal }
    const list = await timed(() => store.events.search(SYSTEM, { ...asked, order: 'newest', limit: 50 }))
    const count = await timed(async () => found.set(name, await store.events.count(SYSTEM, asked)))
    const histogram = await timed(() =>
      store.events.aggregate(SYSTEM, { ...asked, by: [{ every: 3_600_000 }], limit: 1000 }),
    )
    console.log(`${name.padEnd(20)}${list}${count}${histogram}   ${found.get(name) ?? '?'} found`)
  }
  await store.close()
}

const { events, documents } = await openEmbedded(readConfig(config, {}), { wait: 0 })
await ask(embedded(events, documents), `${lines * days} events in the embedded store`)
console.log(`resident at most ${Math.round(peak / 1024 / 1024)} MB; ${machine()}`)
if (values.elasticsearch) {
  const server = await startElasticsearch({ heap: '2g' })
  try {
    const config = join(folder, 'elasticsearch.yml')
    const store = `store: elasticsearch\nelasticsearch: { nodes: ["${server.url}"] }\n`
    writeFileSync(config, `data: ${join(folder, 'cluster')}\n${inventory}${store}`)
    await importTo(config)
    if (days > 1) await repeatIndices(server.url)
    await ask(
      await openStore(readConfig(config, {}), { clock: Date.now, warn: console.error }),
      `${lines * days} events in Elasticsearch`,
    )
  } finally {
    await server.stop()
  }
}
clearInterval(timer)
if (kept === undefined) rmSync(folder, { recursive: true, force: true })
