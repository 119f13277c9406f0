/** Commits into Elasticsearch that do not go well: refused rows, commits that broke off, processes taken for dead, templates. */
import { SCHEMA_VERSION } from '../../../ingest/store/elasticsearch/events/schema.ts'
import { type Client, errors } from '@elastic/elasticsearch'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { Row } from '../../../ingest/row/row.ts'
import { through as throughSink } from '../../../ingest/row/sink.ts'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { openEvents } from '../../../ingest/store/elasticsearch/events/events.ts'
import { indexName, writeAlias } from '../../../ingest/store/elasticsearch/events/indices.ts'
import { openSink, reuse, spares } from '../../../ingest/store/elasticsearch/rows/packing.ts'
import { openSessions } from '../../../ingest/store/elasticsearch/sessions/sessions.ts'
import { and, eq, EVERYTHING } from '../../../ingest/store/filter.ts'
import { type Batch, type EventStore, SYSTEM, StaleOffset, Fenced } from '../../../ingest/store/store.ts'
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'

// Each makes several indices, which takes a busy machine its time.

const DAY = 86_400_000
const T0 = Date.UTC(2026, 10, 21, 7, 0, 0)

/** Lines 0 to n of a segment, as batches of a few: event n stands at position n. */
const event = (n: number, segment = 'seg'): Event => ({
  '@timestamp': T0 + n,
  'event.id': `${segment}-${n.toString(36)}`,
  'event.kind': 'event',
  'event.original': `line ${n}`,
  'event.dataset': segment,
  'vonglau.source.id': 'source',
})
const batch = (from: number, to: number, segment = 'seg'): Batch => ({
  events: Array.from({ length: to - from }, (_, i) => event(from + i, segment)),
  offsets: [{ source: 'source', segment, from, position: to }],
})

await describeCluster('appending to elasticsearch', (cluster) => {
  let client: Client
  let prefix: string
  let warned: string[]
  const closing: (() => Promise<void>)[] = []
  beforeEach(() => {
    client = openClient(cluster)
    prefix = randomPrefix()
    warned = []
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
    await removeAll(client, prefix)
    await client.close()
  })

  /** A process; `beat: 0` as of one that was paused. `through`: its client, where something comes between. */
  const process = async ({ beat = 200, dead = 8000, clock = (): number => 0, through = client } = {}) => {
    const warn = (sentence: string) => void warned.push(sentence)
    const sessions = openSessions({ client, prefix, warn, beat, dead })
    const events = await openEvents({ client: through, prefix, sessions, clock, warn, wait: 0 })
    const close = async () => {
      await events.close()
      await sessions.close()
    }
    closing.push(close)
    return { sessions, events, close }
  }
  /** The client, but for requests that a test lets fail. `fails` may wait, and answers with what is thrown. */
  const meddled = (fails: (path: string, after: boolean) => Error | undefined): Client => {
    const transport = new Proxy(client.transport, {
      get: (target, name) =>
        name === 'request'
          ? async (params: { path: string }, options: object) => {
              const before = fails(params.path, false)
              if (before) throw before
              const answer = await target.request(params as never, options)
              const after = fails(params.path, true)
              if (after) throw after
              return answer
            }
          : Reflect.get(target, name, target),
    })
    // The methods of a client ask through its own transport.
    const other = Object.create(client) as Client
    Object.defineProperty(other, 'transport', { value: transport })
    return other
  }
  const ids = async (events: EventStore, segment = 'seg'): Promise<string[]> => {
    await events.committed()
    await client.indices.refresh({ index: `${prefix}-events` })
    const out: string[] = []
    for await (const chunk of events.match(SYSTEM, { filter: eq('event.dataset', segment) }))
      out.push(...chunk.map((each) => String(each['event.id'])))
    return out.sort()
  }
  const lines = (n: number, segment = 'seg') =>
    batch(0, n, segment)
      .events.map((each) => String(each['event.id']))
      .sort()
  const position = async (events: EventStore, segment = 'seg') =>
    (await events.offsets('source')).find((offset) => offset.segment === segment)?.position ?? 0

  test('memory comes back with what was taken at once, and only with that', async () => {
    spares()
    const sink = openSink()
    const row = new Row()
    const append = async (events: EventStore, from: number, to: number): Promise<number> => {
      const { events: each, offsets } = batch(from, to)
      const packed = throughSink(sink, row, each)
      await events.append({ events: [], packed, offsets }, T0)
      const back = spares()
      // Whatever it is used for next.
      for (const memory of back) new Uint8Array(memory).fill(120)
      reuse(back)
      return back.length
    }
    const { events } = await process()
    expect(await append(events, 0, 2000)).toBe(1)
    expect(await append(events, 2000, 4000)).toBe(1)
    expect(await events.count(SYSTEM, { filter: EVERYTHING })).toBe(4000)
    let times = 0
    const busy = meddled((path, after) =>
      path.endsWith('/_bulk') && path.includes('.w/') && after && times++ === 0
        ? new errors.TimeoutError('no answer')
        : undefined,
    )
    const other = await process({ through: busy })
    spares()
    expect(await append(other.events, 4000, 6000)).toBe(0)
    expect(await other.events.count(SYSTEM, { filter: EVERYTHING })).toBe(6000)
  })

  test('a row that the mapping refuses becomes a dead letter with its reason, and the others go on', async () => {
    const { events, sessions } = await process()
    await events.append(batch(0, 2), T0)
    // Somebody made tomorrow's index, with a mapping of his own.
    const { id } = await sessions.current()
    const index = indexName(prefix, new Date(T0 + DAY).toISOString().slice(0, 10), id, 0)
    await client.indices.create({
      index,
      settings: { 'index.mapping.ignore_malformed': false },
      mappings: { properties: { 'source.port': { type: 'ip' }, 'event.outcome': { type: 'long' } } },
      aliases: { [writeAlias(index)]: {} },
    })
    const odd: Event = { ...event(3), 'source.port': 443 }
    const worse: Event = { ...event(4), 'event.kind': 'pipeline_error', 'event.outcome': 'x' }
    await events.append(
      { events: [event(2), odd, worse], offsets: [{ source: 'source', segment: 'seg', from: 2, position: 5 }] },
      T0 + DAY,
    )
    expect(await ids(events)).toEqual(lines(5))
    const { items } = await events.search(SYSTEM, {
      filter: { op: 'in', field: 'event.id', values: ['seg-3'], cased: true },
      order: 'oldest',
      limit: 1,
    })
    expect(items[0]).toMatchObject({
      '@timestamp': odd['@timestamp'],
      'event.kind': 'pipeline_error',
      'event.original': 'line 3',
      'vonglau.source.id': 'source',
    })
    expect(items[0]!['error.message']).toMatch(/refused the event: .*source\.port/)
    expect(await position(events)).toBe(5)
    expect((await events.problems()).join()).toMatch(/source\.port is ip instead of long/)
  })

  test('an answer that got lost is asked for again: nothing twice, nothing missing', async () => {
    let n = 0
    const lost = new (await import('@elastic/elasticsearch')).errors.ConnectionError('socket hang up')
    // Every second request of these is carried out, and its answer is lost.
    const through = meddled((path, after) => (after && /_bulk/.test(path) && n++ % 2 === 0 ? lost : undefined))
    const { events } = await process({ through })
    const appends = [0, 1, 2, 3, 4].map((i) => events.append(batch(i * 10, i * 10 + 10), T0))
    await Promise.all(appends)
    expect(await ids(events)).toEqual(lines(50))
    expect(await position(events)).toBe(50)
    expect(await events.problems()).toEqual([])
  })

  test('what a commit that broke off has left is not stored again, whoever goes on, however often it breaks off', async () => {
    // Rows are taken, and then the process cannot write its offsets any more.
    const refusal = new Error('broken off')
    let broken = false
    const through = meddled((path, after) => (broken && !after && /-offsets\/_bulk/.test(path) ? refusal : undefined))
    const first = await process({ through })
    await first.events.append(batch(0, 10), T0)
    broken = true
    const appends = [batch(10, 20), batch(20, 30), batch(30, 40)].map((each) => first.events.append(each, T0))
    for (const each of await Promise.allSettled(appends)) expect(each.status).toBe('rejected')
    // The same process goes on, from what is committed.
    broken = false
    expect(await position(first.events)).toBe(10)
    await first.events.append(batch(10, 15), T0)
    await expect(first.events.append(batch(20, 30), T0)).rejects.toBeInstanceOf(StaleOffset)
    await first.close()
    // Another goes on, and stops before all that lay ahead has been read again.
    const second = await process()
    await second.events.append(batch(15, 18), T0)
    await second.events.append({ events: [], offsets: [{ source: 'source', segment: 'seg', position: 18 }] }, T0)
    await second.close()
    const third = await process()
    await third.events.append(batch(18, 35), T0)
    await third.events.append(batch(35, 60), T0)
    expect(await ids(third.events)).toEqual(lines(60))
    expect(await position(third.events)).toBe(60)
  })

  test('a process that was taken for dead writes nothing more, and begins anew', async () => {
    const paused = await process({ beat: 0 })
    const other = await process({ clock: () => T0 + 500, dead: 1000 })
    await paused.events.append(batch(0, 10), T0)
    const held = await other.events.append(batch(0, 5, 'other'), T0 + 50)
    // Its beat stands still: what it has published holds the others up until it is taken for dead.
    let horizon = 0
    while (horizon < held.ingested) horizon = await other.events.committed()
    await expect(paused.events.append(batch(10, 20), T0 + 1)).rejects.toBeInstanceOf(Fenced)
    expect(await ids(other.events)).toEqual(lines(10))
    const { ingested } = await paused.events.append(batch(10, 20), T0 + 1)
    expect(ingested).toBeGreaterThan(horizon)
    expect(await ids(other.events)).toEqual(lines(20))
    expect(await ids(paused.events)).toEqual(lines(20))
    expect(warned.join()).toMatch(/was paused/)
  })

  test('several processes write, and each ingest window has what belongs to it', async () => {
    const some = await Promise.all([process(), process(), process()])
    const seen: string[] = []
    let covered = 0
    const cover = async () => {
      const to = await some[0]!.events.committed()
      if (to === covered) return
      for await (const chunk of some[0]!.events.match(SYSTEM, {
        filter: EVERYTHING,
        ingested: { after: covered, upTo: to },
      }))
        seen.push(...chunk.map((each) => String(each['event.id'])))
      covered = to
    }
    const write = async ({ events }: { events: EventStore }, segment: string) => {
      for (let i = 0; i < 15; i++) await events.append(batch(i * 7, i * 7 + 7, segment), T0 + i * 100)
    }
    let done = false
    const writing = Promise.all(some.map((each, i) => write(each, `s${i}`))).finally(() => (done = true))
    while (!done) await cover()
    await writing
    for (const each of some) await each.close()
    // The last word of all that have ended.
    const last = await process()
    covered = await (async () => {
      const to = await last.events.committed()
      for await (const chunk of last.events.match(SYSTEM, {
        filter: EVERYTHING,
        ingested: { after: covered, upTo: to },
      }))
        seen.push(...chunk.map((each) => String(each['event.id'])))
      return to
    })()
    const wanted = ['s0', 's1', 's2'].flatMap((segment) => lines(105, segment))
    expect(seen.toSorted()).toEqual(wanted.toSorted())
  })

  test('an index that somebody deletes, or blocks: what comes next is stored', async () => {
    const { events, sessions } = await process()
    await events.append(batch(0, 10), T0)
    const { id } = await sessions.current()
    const day = new Date(T0).toISOString().slice(0, 10)
    await client.indices.delete({ index: indexName(prefix, day, id, 0) })
    await expect(events.append(batch(10, 20), T0)).rejects.toThrow(/somebody deleted it/)
    await events.append(batch(10, 20), T0)
    expect(await ids(events)).toEqual(lines(20).filter((each) => !lines(10).includes(each)))
    const index = indexName(prefix, day, id, 1)
    await client.indices.putSettings({ index, settings: { 'index.blocks.read_only_allow_delete': true } })
    const waiting = events.append(batch(20, 30), T0)
    let problems: readonly string[] = []
    while (!/disk .*nearly full/.test(problems.join())) problems = await events.problems()
    await client.indices.putSettings({ index, settings: { 'index.blocks.read_only_allow_delete': null } })
    await waiting
    expect(await ids(events)).toHaveLength(20)
    expect(await events.problems()).toEqual([])
  })

  test('a template that somebody changed is put back, and said', async () => {
    const one = await process()
    expect(warned).toEqual([])
    expect(await one.events.problems()).toEqual([])
    const names = ['events-settings', 'events-mappings'].map((each) => `${prefix}-${each}`)
    const changes = [
      () =>
        client.cluster.putComponentTemplate({
          name: names[0]!,
          version: SCHEMA_VERSION,
          template: { settings: { 'index.codec': 'default' } },
        }),
      () =>
        client.cluster.putComponentTemplate({
          name: names[1]!,
          version: SCHEMA_VERSION,
          template: { mappings: { dynamic: true } },
        }),
      () =>
        client.indices.putIndexTemplate({
          name: `${prefix}-events`,
          version: SCHEMA_VERSION,
          index_patterns: [`${prefix}-events-*`],
        }),
    ]
    for (const [i, change] of changes.entries()) {
      await change()
      const problems = await one.events.problems()
      expect(problems).toHaveLength(1)
      expect(problems[0]).toContain(`somebody had changed the template ${[...names, `${prefix}-events`][i]}`)
      expect(await one.events.problems()).toEqual([])
    }
    // Of a higher priority, it decides on what an index is made with where the request does not.
    await client.indices.putIndexTemplate({
      name: `${prefix}-events-other`,
      index_patterns: [`${prefix}-events-*`],
      priority: 900,
      template: { mappings: { properties: { 'source.port': { type: 'keyword' } } } },
    })
    await one.events.append({ events: [{ ...event(0), 'source.port': 443 }], offsets: [] }, T0)
    expect(await one.events.count(SYSTEM, { filter: { op: 'range', field: 'source.port', gt: 80 } })).toBe(1)
    expect(await one.events.problems()).toEqual([])
  })

  test('a day that is dropped while it is read ends well', async () => {
    const { events } = await process()
    for (const n of [0, 1, 2]) await events.append(batch(n * 1500, n * 1500 + 1500), T0 + n * DAY)
    const days = (await events.days()).map(({ day, events }) => [day, events])
    expect(days.map(([, n]) => n)).toEqual([1500, 1500, 1500])
    let read = 0
    for await (const chunk of events.match(SYSTEM, { filter: EVERYTHING })) {
      if (read === 0) await events.drop(String(days[1]![0]))
      read += chunk.length
    }
    expect(read).toBeGreaterThanOrEqual(3000)
    expect(await events.count(SYSTEM, { filter: and() })).toBe(3000)
    await expect(events.drop(String(days[2]![0]))).rejects.toThrow(/cannot be dropped/)
    await events.drop('1999-01-01')
  })
})
