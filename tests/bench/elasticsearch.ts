/**
 * How many events a second the store takes into Elasticsearch, in turns:
 *
 * - raw: the documents, made beforehand, sent by the same client in bulk requests, and nothing else;
 * - commits: the same documents as the store takes them from a parse stage, so with offsets and publication;
 * - lines: from the lines on, as the program does: taken apart, enriched and encoded in the thread of the stages, committed;
 * - objects, where asked for: events as objects, as a migration and the program itself have them.
 *
 * `node tests/bench/elasticsearch.ts [EVENTS] [ROUNDS] [synthetic|stored] [--ways commits,lines,objects]`; on the cluster of VONGLAU_TEST_ES, or on a server
 * of its own, whose CPU is then told too: where a round is short, or others take a part of the processors, the CPU of both
 * sides says more than the clock.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { splitLines } from '../../ingest/collect/lines.ts'
import { createRowEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import type { Event } from '../../ingest/event.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import type { Memory } from '../../ingest/memory.ts'
import { eventSink, type Sink } from '../../ingest/row/sink.ts'
import type { Source } from '../../ingest/source.ts'
import { idPrefix } from '../../ingest/event-id.ts'
import type { Job } from '../../ingest/stage.ts'
import { openSources, openStages } from '../../ingest/stages.ts'
import { openElasticsearch } from '../../ingest/store/elasticsearch.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { type Documents, documentSink, stamp } from '../../ingest/store/elasticsearch/rows/encode.ts'
import { createEventIndex, indexName, writeAlias } from '../../ingest/store/elasticsearch/events/indices.ts'
import type { SchemaOptions } from '../../ingest/store/elasticsearch/events/schema.ts'
import type { Batch, EventStore, Packed } from '../../ingest/store/store.ts'
import { randomPrefix, removeAll, testCluster } from '../servers/cluster.ts'
import { startElasticsearch } from '../servers/elasticsearch.ts'
import { fortigate, IIS_HEAD, iis, nginx } from './lines.ts'
import { machine, watchSteal } from './machine.ts'
import { family, median, usedBy } from './measure.ts'

// With the nursery that the program has (api/vonglau.js): what is measured is the program.
const NURSERY = '--max-semi-space-size=64'
if (!process.execArgv.includes(NURSERY)) {
  const { status } = spawnSync(process.execPath, [NURSERY, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
  })
  process.exit(status ?? 1)
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ways: { type: 'string', default: 'commits,lines' } },
})
const asked = values.ways.split(',')
const [total, rounds] = [Number(positionals[0] ?? 100_000), Number(positionals[1] ?? 5)]
const source = positionals[2] as SchemaOptions['source']
/** What a collector hands over at once. */
const CHUNK = 2000
/** Events handed over and not yet committed. */
const AHEAD = 40_000
const REQUESTS = 4

const place = 'seeds/vinh-long/inventory.yml'
const inventory = parseInventory(readFileSync(fileURLToPath(new URL(`../../${place}`, import.meta.url)), 'utf8'), place)
const makers = { fortinet_fortigate: fortigate, nginx_access: nginx, iis_access: iis }
const order = 'ffffffnnni'
const now = Date.now()
const sources = Object.keys(makers).map(
  (id): Source => ({
    id,
    parser: id,
    timezone: 'Asia/Ho_Chi_Minh',
    collect: { kind: 'http', token: '' },
    silent: 15,
  }),
)

interface Chunk {
  readonly source: string
  readonly job: Job
  readonly from: number
  readonly to: number
  readonly documents: Documents
  readonly events: Event[]
}
/** The chunks of three sources in turns, as they come from several files. */
const chunks: Chunk[] = []
const enrich = createRowEnricher({ inventory, geoip: openGeoIp() })
const takeApart = <P>(sink: Sink<P>) =>
  openSources({ sources, history: false }, () => enrich, sink as Sink<Packed>) as unknown as (
    source: string,
    job: Job,
  ) => { packed: P; memory: Memory }
const [toDocuments, toEvents] = [takeApart(documentSink()), takeApart(eventSink())]
const states = new Map<string, { memory: Memory; position: number; made: number }>()
for (let i = 0; chunks.length * CHUNK < total; i++) {
  const letter = order[i % order.length]!
  const id = Object.keys(makers).find((name) => name.startsWith(letter)) as keyof typeof makers
  const known = states.get(id) ?? { memory: [] as Memory, position: 0, made: 0 }
  const texts = Array.from({ length: CHUNK }, (_, k) => makers[id](known.made + k))
  if (id === 'iis_access' && known.made === 0) texts[0] = IIS_HEAD
  const { lines } = splitLines(Buffer.from(`${texts.join('\n')}\n`), known.position, true)
  const to = lines.end[lines.count - 1]!
  const job: Job = { lines, from: known.position, prefix: idPrefix(id, 'bench'), now, memory: known.memory }
  const { packed: documents, memory } = toDocuments(id, job)
  // So many objects that are held would cost every way collections of garbage.
  const events = asked.includes('objects') ? toEvents(id, job).packed : []
  chunks.push({ source: id, job, from: known.position, to, documents, events })
  states.set(id, { memory, position: to, made: known.made + CHUNK })
}
const count = chunks.reduce((sum, { documents }) => sum + documents.rows, 0)

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
  readonly server: number // and of the server
  readonly bytes: number
}
const ofServer = (): number => (own ? family(own.pid).reduce((sum, pid) => sum + usedBy(pid).cpu, 0) * 1e6 : Number.NaN)
const measured = async (prefix: string, events: number, work: () => Promise<unknown>): Promise<Result> => {
  const [began, before, server] = [performance.now(), process.cpuUsage(), ofServer()]
  await work()
  const rate = (events / (performance.now() - began)) * 1000
  const { user, system } = process.cpuUsage(before)
  // What is left to be written is a cost of these events too.
  const bytes = await bytesOf(prefix)
  return { rate, cpu: (user + system) / events, server: (ofServer() - server) / events, bytes }
}

const raw = async (): Promise<Result> => {
  const prefix = randomPrefix()
  const requests = chunks.flatMap(({ documents }) => documents.parts)
  for (const rows of requests) stamp(rows, now)
  const index = indexName(prefix, '2026-01-01', 'bare', 0)
  await createEventIndex(client, prefix, index, schema)
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
  const result = await measured(prefix, count, () => Promise.all(Array.from({ length: REQUESTS }, one)))
  await removeAll(client, prefix)
  return result
}

type Way = (store: EventStore) => Promise<{
  /** What is handed over; it may be waited for until there is room to work on more. */
  batch(chunk: Chunk): Promise<Pick<Batch, 'events' | 'packed'>>
  room(): Promise<unknown>
  stop(): Promise<void>
}>
// As a collector does, which waits for what it reads: requests go out meanwhile.
const aMoment = () => new Promise((resolve) => setImmediate(resolve))
const ways: { readonly [name: string]: Way } = {
  commits: async () => {
    // What is handed over is the store's: its memory is used again.
    const copies = new Map(
      chunks.map(({ documents: { parts, ...documents } }, i) => [
        chunks[i],
        {
          ...documents,
          parts: parts.map(({ bytes, starts }) => ({ bytes: Buffer.from(new Uint8Array(bytes).buffer), starts })),
        },
      ]),
    )
    return { batch: async (chunk) => ({ events: [], packed: copies.get(chunk) }), room: aMoment, stop: async () => {} }
  },
  lines: async ({ packing }) => {
    const stages = await openStages({ sources, inventory, geoip: {}, history: false, packing })
    return {
      batch: async ({ source, job }) => ({ events: [], packed: (await stages.run(source, job)).packed }),
      room: async () => {
        await aMoment()
        await stages.room()
      },
      stop: stages.stop,
    }
  },
  objects: async () => ({ batch: async ({ events }) => ({ events }), room: aMoment, stop: async () => {} }),
}
const whole = async (way: Way): Promise<Result> => {
  const prefix = randomPrefix()
  const store = await openElasticsearch({ ...cluster, prefix, clock: Date.now, warn: console.warn, schema })
  const { batch, room, stop } = await way(store.events)
  let turn: Promise<unknown> = Promise.resolve()
  const append = (chunk: Chunk): Promise<unknown> => {
    const { source, from, to } = chunk
    const made = batch(chunk)
    // Handed over in their turn, whatever is ready first.
    const handed = turn.then(async () => {
      const offsets = [{ source, segment: 'bench', from, position: to }]
      return { done: store.events.append({ ...(await made), offsets }, Date.now()) }
    })
    turn = handed
    return handed.then(({ done }) => done)
  }
  // The templates, the index, the session and the thread are made with the first events; they are on both sides before it counts.
  await append(chunks[0]!)
  const result = await measured(prefix, count - chunks[0]!.documents.rows, async () => {
    let under = 0
    let wake = () => {}
    const waiting: Promise<unknown>[] = []
    for (const chunk of chunks.slice(1)) {
      const { rows } = chunk.documents
      while (under > 0 && under + rows > AHEAD) await new Promise<void>((resolve) => (wake = resolve))
      await room()
      under += rows
      const done = append(chunk)
      waiting.push(
        done.then(() => {
          under -= rows
          wake()
        }),
      )
    }
    await Promise.all(waiting)
  })
  await stop()
  await store.close()
  await removeAll(client, prefix)
  return result
}

const shown = ({ rate, cpu, server }: Result) =>
  `${Math.round(rate)} events/s (µs of CPU an event: ${cpu.toFixed(1)} here, ${server.toFixed(1)} of the server)`
const share = (one: Result, bare: Result) => ({
  clock: (100 * one.rate) / bare.rate,
  cpu: (100 * (bare.cpu + bare.server)) / (one.cpu + one.server),
})
// A server that has just begun is slow, whoever asks first.
await raw()
await raw()
const sides: [string, () => Promise<Result>][] = [
  ['raw', raw],
  ...Object.entries(ways)
    .filter(([name]) => asked.includes(name))
    .map(([name, way]): [string, () => Promise<Result>] => [name, () => whole(way)]),
]
const all = new Map(sides.map(([name]) => [name, [] as Result[]]))
for (let round = 0; round < rounds; round++) {
  const steal = watchSteal()
  // In turns, and each first as often: a server is quicker when it has warmed up.
  for (let i = 0; i < sides.length; i++) {
    const [name, run] = sides[(i + round) % sides.length]!
    all.get(name)!.push(await run())
  }
  console.log(`round ${round + 1}, ${steal()} of the processors taken by others:`)
  for (const [name, results] of all) console.log(`  ${name.padEnd(8)} ${shown(results[round]!)}`)
}
console.log('medians:')
for (const [name, results] of all) {
  const of = (what: (result: Result) => number) => median(results.map(what))
  const shares = results.map((result, round) => share(result, all.get('raw')![round]!))
  console.log(
    `  ${name.padEnd(8)} ${shown({ rate: of((r) => r.rate), cpu: of((r) => r.cpu), server: of((r) => r.server), bytes: 0 })}: ${median(shares.map((s) => s.clock)).toFixed(0)} % of raw, by CPU ${median(shares.map((s) => s.cpu)).toFixed(0)} %, ${of((r) => r.bytes).toFixed(0)} bytes an event`,
  )
}
await client.close()
await own?.stop()
