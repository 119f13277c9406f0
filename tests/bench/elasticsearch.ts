/**
 * How many events a second the store takes into Elasticsearch, beside what the same client reaches with the same rows
 * already serialised, in turns. Whole commits: rows, offsets, publication. `node tests/bench/elasticsearch.ts [EVENTS]
 * [ROUNDS] [synthetic|stored]`; on the cluster of VONGLAU_TEST_ES, or on a server of its own.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { splitLines } from '../../ingest/collect/lines.ts'
import { createRowEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import type { Event } from '../../ingest/event.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import type { Memory } from '../../ingest/memory.ts'
import { openParser } from '../../ingest/parsers/index.ts'
import { Row } from '../../ingest/row/row.ts'
import { eventSink } from '../../ingest/row/sink.ts'
import { idPrefix, openStage } from '../../ingest/stage.ts'
import { openElasticsearch } from '../../ingest/store/elasticsearch.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { encode, stamp } from '../../ingest/store/elasticsearch/encode.ts'
import { createEventIndex, indexName, writeAlias } from '../../ingest/store/elasticsearch/indices.ts'
import type { SchemaOptions } from '../../ingest/store/elasticsearch/schema.ts'
import { randomPrefix, removeAll, testCluster } from '../servers/cluster.ts'
import { startElasticsearch } from '../servers/elasticsearch.ts'
import { fortigate, IIS_HEAD, iis, nginx } from './lines.ts'
import { machine } from './machine.ts'

// With the nursery that the program has (api/vonglau.js): what is measured is the program.
const NURSERY = '--max-semi-space-size=64'
if (!process.execArgv.includes(NURSERY)) {
  const { status } = spawnSync(process.execPath, [NURSERY, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}

const [total, rounds, source] = [
  Number(process.argv[2] ?? 100_000),
  Number(process.argv[3] ?? 5),
  process.argv[4] as SchemaOptions['source'],
]
/** What a collector hands over at once. */
const CHUNK = 2000
/** Events handed over and not yet committed. */
const AHEAD = 40_000
const REQUESTS = 4

const inventory = 'seeds/vinh-long/inventory.yml'
const enrich = createRowEnricher({
  inventory: parseInventory(
    readFileSync(fileURLToPath(new URL(`../../${inventory}`, import.meta.url)), 'utf8'),
    inventory,
  ),
  geoip: openGeoIp(),
})
const makers = { fortinet_fortigate: fortigate, nginx_access: nginx, iis_access: iis }
const order = 'ffffffnnni'
const now = Date.now()

interface Chunk {
  readonly events: Event[]
  readonly source: string
  readonly from: number
  readonly to: number
}
/** The chunks of three sources in turns, as they come from several files. */
const chunks: Chunk[] = []
const row = new Row()
const states = new Map<string, { memory: Memory; position: number; made: number }>()
for (let i = 0; chunks.length * CHUNK < total; i++) {
  const letter = order[i % order.length]!
  const id = Object.keys(makers).find((name) => name.startsWith(letter)) as keyof typeof makers
  const known = states.get(id) ?? { memory: [] as Memory, position: 0, made: 0 }
  const texts = Array.from({ length: CHUNK }, (_, k) => makers[id](known.made + k))
  if (id === 'iis_access' && known.made === 0) texts[0] = IIS_HEAD
  const { lines } = splitLines(Buffer.from(`${texts.join('\n')}\n`), known.position, true)
  const end = lines.end[lines.count - 1]!
  const one = {
    id,
    parser: id,
    timezone: 'Asia/Ho_Chi_Minh',
    collect: { kind: 'http', token: '' },
    silent: 15,
  } as const
  const stage = openStage({ source: one, parse: openParser(id), enrich, sink: eventSink(), history: false, row })
  const { packed: events, memory } = stage({
    lines,
    from: known.position,
    prefix: idPrefix(id, 'bench'),
    now,
    memory: known.memory,
  })
  chunks.push({ events, source: id, from: known.position, to: end })
  states.set(id, { memory, position: end, made: known.made + CHUNK })
}
const count = chunks.reduce((sum, { events }) => sum + events.length, 0)

const own = process.env['VONGLAU_TEST_ES'] ? undefined : await startElasticsearch()
const cluster = own ? { nodes: [own.url] } : await testCluster()
const client = openClient({ ...cluster, timeout: 300_000 })
const schema: SchemaOptions = { replicas: 0, ...(source ? { source } : {}) }
console.log(`${count} events on ${machine()}`)

const bytesOf = async (prefix: string): Promise<number> => {
  const index = `${prefix}-events-*`
  await client.indices.flush({ index, wait_if_ongoing: true })
  const { _all } = await client.indices.stats({ index, metric: ['store', 'docs'] })
  if (_all.primaries?.docs?.count !== count)
    throw new Error(`${_all.primaries?.docs?.count} of ${count} events are there`)
  return _all.primaries.store!.size_in_bytes! / count
}

interface Result {
  readonly rate: number // events a second
  readonly cpu: number // µs of this process for an event
  readonly bytes: number
}
const since = (events: number, { user, system } = process.cpuUsage()) => {
  const began = performance.now()
  return (): Omit<Result, 'bytes'> => {
    const used = process.cpuUsage({ user, system })
    return { rate: (events / (performance.now() - began)) * 1000, cpu: (used.user + used.system) / events }
  }
}

/** The rows as they are sent, made beforehand. */
const bare = async (): Promise<Result> => {
  const prefix = randomPrefix()
  const requests = chunks.flatMap(({ events }) => encode(events))
  for (const rows of requests) stamp(rows, now)
  const index = indexName(prefix, '2026-01-01', 'bare', 0)
  await createEventIndex(client, prefix, index, schema)
  const took = since(count)
  let next = 0
  const one = async () => {
    for (let rows = requests[next++]; rows; rows = requests[next++]) {
      const answer = (await client.transport.request({
        method: 'POST',
        path: `/${writeAlias(index)}/_bulk`,
        bulkBody: rows.bytes,
        querystring: { require_alias: 'true', filter_path: 'errors,items.create.status,items.create.error' },
      })) as { errors: boolean }
      if (answer.errors) throw new Error('a row was refused')
    }
  }
  await Promise.all(Array.from({ length: REQUESTS }, one))
  const speed = took()
  const bytes = await bytesOf(prefix)
  await removeAll(client, prefix)
  return { ...speed, bytes }
}

/** The store's way. */
const whole = async (): Promise<Result> => {
  const prefix = randomPrefix()
  const store = await openElasticsearch({ ...cluster, prefix, clock: Date.now, warn: console.warn, schema })
  // The templates, the index and the session are made with the first events; they are on both sides before it counts.
  const { events: first, source, from, to } = chunks[0]!
  await store.events.append({ events: first, offsets: [{ source, segment: 'bench', from, position: to }] }, Date.now())
  const took = since(count - first.length)
  let under = 0
  let wake = () => {}
  const waiting: Promise<unknown>[] = []
  for (const { events, source, from, to } of chunks.slice(1)) {
    while (under > 0 && under + events.length > AHEAD) await new Promise<void>((resolve) => (wake = resolve))
    under += events.length
    const done = store.events.append(
      { events, offsets: [{ source, segment: 'bench', from, position: to }] },
      Date.now(),
    )
    // As a collector does, which waits for what it reads: requests go out meanwhile.
    await new Promise((resolve) => setImmediate(resolve))
    waiting.push(
      done.then(() => {
        under -= events.length
        wake()
      }),
    )
  }
  await Promise.all(waiting)
  const speed = took()
  const bytes = await bytesOf(prefix)
  await store.close()
  await removeAll(client, prefix)
  return { ...speed, bytes }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1]!
// A server that has just begun is slow, whoever asks first.
await bare()
const results: { bare: number; whole: number; bytes: number }[] = []
for (let round = 0; round < rounds; round++) {
  // In turns, and each first as often: a server is quicker when it has warmed up.
  const [a, b] = round % 2 ? [await bare(), await whole()] : [await whole(), await bare()].reverse()
  results.push({ bare: a!.rate, whole: b!.rate, bytes: b!.bytes })
  console.log(
    `round ${round + 1}: ${Math.round(b!.rate)} events/s (${b!.cpu.toFixed(0)} µs of CPU here for each), ${Math.round(a!.rate)} already serialised (${a!.cpu.toFixed(0)} µs): ${((100 * b!.rate) / a!.rate).toFixed(0)} %, ${b!.bytes.toFixed(0)} bytes an event`,
  )
}
console.log(
  `median: ${Math.round(median(results.map((r) => r.whole)))} events/s, ${Math.round(median(results.map((r) => r.bare)))} already serialised: ${(100 * median(results.map((r) => r.whole / r.bare))).toFixed(0)} %, ${median(results.map((r) => r.bytes)).toFixed(0)} bytes an event`,
)
await client.close()
await own?.stop()
