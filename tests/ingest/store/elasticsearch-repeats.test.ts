/**
 * What a commit that broke off has left is found by whoever goes on, also where clocks differ and where several commits of
 * a segment were on their way at once.
 */
import type { Client } from '@elastic/elasticsearch'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { givenId, givenPrefix } from '../../../ingest/event-id.ts'
import { openEvents } from '../../../ingest/store/elasticsearch/events/events.ts'
import { openSessions } from '../../../ingest/store/elasticsearch/sessions/sessions.ts'
import { EVERYTHING } from '../../../ingest/store/filter.ts'
import { type Batch, type EventStore, SYSTEM, Fenced } from '../../../ingest/store/store.ts'
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'

const T0 = Date.UTC(2026, 10, 21, 7)
/** Lines `from` to `to` of one segment, each with so many bytes: event n stands at position n. */
const batch = (from: number, to: number, bytes = 10): Batch => ({
  events: Array.from({ length: to - from }, (_, i) => ({
    '@timestamp': T0,
    'event.id': `seg-${(from + i).toString(36)}`,
    'event.original': 'x'.repeat(bytes),
  })),
  offsets: [{ source: 'source', segment: 'seg', from, position: to }],
})

await describeCluster('repeats on elasticsearch', (cluster) => {
  let client: Client
  let prefix: string
  const closing: (() => Promise<void>)[] = []
  beforeEach(() => {
    client = openClient(cluster)
    prefix = randomPrefix()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
    await removeAll(client, prefix)
    await client.close()
  })
  /** A process. `rows` and `offsets` are asked before each writing of them, and may wait, or reject: then it breaks off. */
  const process = async ({
    rows = async () => {},
    offsets = async () => {},
    ids = (_: number) => {},
    beat = 2000,
    dead = 8000,
  } = {}) => {
    const transport = new Proxy(client.transport, {
      get: (target, name) =>
        name === 'request'
          ? async (params: { path: string }, options: object) => {
              if (/-offsets\/_bulk/.test(params.path)) await offsets()
              if (/-events-.*\/_bulk/.test(params.path)) await rows()
              const answer = (await target.request(params as never, options)) as { hits?: { hits: unknown[] } }
              if (/-events\/_search/.test(params.path)) ids(answer.hits?.hits.length ?? 0)
              return answer as never
            }
          : Reflect.get(target, name, target),
    })
    const through = Object.create(client) as Client
    Object.defineProperty(through, 'transport', { value: transport })
    const warn = () => {}
    const sessions = openSessions({ client, prefix, warn, beat, dead })
    const events = await openEvents({ client: through, prefix, sessions, clock: () => 0, warn, wait: 0 })
    const close = async () => {
      await events.close()
      await sessions.close()
    }
    closing.push(close)
    return { events, sessions, close }
  }
  const ids = async (events: EventStore): Promise<string[]> => {
    await client.indices.refresh({ index: `${prefix}-events` })
    const out: string[] = []
    for await (const chunk of events.match(SYSTEM, { filter: EVERYTHING, fields: ['event.id'] }))
      out.push(...chunk.map((each) => String(each['event.id'])))
    return out.sort()
  }
  const lines = (to: number) =>
    batch(0, to)
      .events.map((each) => String(each['event.id']))
      .sort()
  const broken = async () => {
    throw new Error('broken off')
  }

  test('of a process whose clock is behind that of the one before it', async () => {
    let breaks = false
    const behind = await process({ offsets: () => (breaks ? broken() : Promise.resolve()) })
    // It writes already when the other one, whose clock is ahead, ends.
    await behind.events.append(
      { ...batch(0, 1), events: [], offsets: [{ source: 'other', segment: 'x', position: 1 }] },
      T0,
    )
    const ahead = await process()
    await ahead.events.append(batch(0, 10), T0 + 3_600_000)
    await ahead.close()
    breaks = true
    await expect(behind.events.append(batch(10, 20), T0 + 1)).rejects.toThrow('broken off')
    await behind.close()
    const { events } = await process()
    await events.append(batch(10, 30), T0)
    expect(await ids(events)).toEqual(lines(30))
  })

  test('of a process that was paused, while the next holder of its lease writes the same lines', async () => {
    // As a process that stands still, it does not learn by itself that it was taken for dead.
    const paused = await process({ beat: 0 })
    const old = (await paused.sessions.lease('source'))!
    await paused.events.append({ ...batch(0, 10), lease: old }, T0)

    let reached = () => {}
    const writing = new Promise<void>((resolve) => (reached = resolve))
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const next = await process({
      dead: 1000,
      rows: () => {
        reached()
        return released
      },
    })
    // Also where the test breaks off: it cannot be closed while it waits.
    closing.push(async () => release())
    const lease = await vi.waitUntil(() => next.sessions.lease('source'), { timeout: 120_000, interval: 200 })
    const written = next.events.append({ ...batch(10, 20), lease }, T0 + 1)
    await writing
    // It wakes, and goes on with what it has read. The second time it has a session again, and no lease.
    for (const _ of ['fenced', 'anew'])
      await expect(paused.events.append({ ...batch(10, 20), lease: old }, T0 + 1)).rejects.toBeInstanceOf(Fenced)
    release()
    await written
    expect(await ids(next.events)).toEqual(lines(20))
    // Where it has a lease again it goes on.
    await next.close()
    const again = await vi.waitUntil(() => paused.sessions.lease('source'), { timeout: 120_000, interval: 200 })
    await paused.events.append({ ...batch(20, 30), lease: again }, T0 + 2)
    expect(await ids(paused.events)).toEqual(lines(30))
  })

  test('of commits on their way at once: one that is written does not forget what lies beyond the next', async () => {
    // More than a request, so that a commit does not wait for the one before it.
    const LARGE = 40_000
    const first = await process({ offsets: broken })
    const left = { events: batch(200, 400, LARGE).events, offsets: batch(0, 400).offsets }
    await expect(first.events.append(left, T0)).rejects.toThrow('broken off')
    await first.close()
    let offsets = 0
    let requests = 0
    let release = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const second = await process({
      offsets: () => (++offsets > 1 ? broken() : Promise.resolve()),
      // The first commit is two requests.
      rows: () => (++requests <= 2 ? released : Promise.resolve()),
    })
    const appends = [batch(0, 200, LARGE), batch(200, 400, LARGE), batch(400, 600, LARGE)]
    const under = appends.map((each) => second.events.append(each, T0))
    // The third is there before the first is: the second, of which all was there already, is on its way.
    await vi.waitFor(async () => expect((await ids(second.events)).length).toBe(400), {
      timeout: 120_000,
      interval: 200,
    })
    release()
    expect((await Promise.allSettled(under)).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    await second.close()
    const { events } = await process()
    await events.append(batch(200, 650, LARGE), T0)
    expect(await ids(events)).toEqual(lines(650))
  })

  test('ids of senders: those of a commit that broke off are found in whatever file of the spool, and no others are asked for', async () => {
    const given = (file: number, from: number, to: number): Batch => ({
      events: Array.from({ length: to - from }, (_, i) => ({
        '@timestamp': T0,
        'event.id': `${givenPrefix('web')}-${givenId(`${from + i}`)}`,
        'event.original': 'x',
      })),
      offsets: [{ source: 'web', segment: `node-${String(file).padStart(10, '0')}`, from: 0, position: to - from }],
    })
    const first = await process()
    await first.events.append(given(1, 0, 50), T0)
    await first.events.append(given(2, 50, 70), T0)
    await first.close()
    // Its rows are written, its offset is not.
    const second = await process({ offsets: () => Promise.reject(new Error('gone')) })
    second.events.append(given(3, 70, 90), T0).catch(() => {})
    await vi.waitFor(async () => expect(await second.events.count(SYSTEM, { filter: EVERYTHING })).toBe(90), 20_000)
    await second.close().catch(() => {})
    let read = 0
    const third = await process({ ids: (n) => (read += n) })
    await third.events.append(given(3, 70, 90), T0)
    await third.events.append(given(4, 90, 100), T0)
    expect(read).toBe(20)
    const all: string[] = []
    for await (const events of third.events.match(SYSTEM, { filter: EVERYTHING }))
      all.push(...events.map((event) => String(event['event.id'])))
    expect(all.length).toBe(100)
    expect(new Set(all).size).toBe(100)
  })
})
