/** Expressions that a server refuses to build: each shard decides on that alone, and the answer is right whichever do. */
import { afterAll, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { openElasticsearch } from '../../../ingest/store/elasticsearch.ts'
import type { Filter } from '../../../ingest/store/filter.ts'
import { SYSTEM } from '../../../ingest/store/store.ts'
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'

const T = Date.UTC(2026, 10, 21)
/** Which of the last fifteen letters were an "a": 2^15 states. */
const HARD: Filter = { op: 'regex', field: 'url.path', source: `(a|b)*a${'(a|b)'.repeat(14)}end` }
const END = `ba${'ab'.repeat(7)}end`

await describeCluster('an expression that a server does not build', (cluster) => {
  const prefix = randomPrefix()
  afterAll(async () => {
    const client = openClient(cluster)
    await removeAll(client, prefix)
    await client.close()
  })

  test('is decided in process, also where some shards have nothing in the window and do not refuse it', async () => {
    const event = (id: string, path: string): Event => ({ '@timestamp': T, 'event.id': id, 'url.path': path })
    const ingested: number[] = []
    // A process each: an index each.
    for (const [i, events] of [
      [event('a', END), event('b', 'end')],
      [event('c', END), event('d', 'abend')],
    ].entries()) {
      const store = await openElasticsearch({ ...cluster, prefix, clock: () => T, warn: () => {}, wait: 0 })
      ingested.push((await store.events.append({ events, offsets: [] }, T + i)).ingested)
      await store.close()
    }
    const { events, close } = await openElasticsearch({ ...cluster, prefix, clock: () => T, warn: () => {} })
    for (const after of [ingested[0]!, 0]) {
      const wanted = after ? ['c'] : ['a', 'c']
      // Twice: the second time it is known.
      for (let i = 0; i < 2; i++) {
        const window = { filter: HARD, ingested: { after } }
        const found: unknown[] = []
        for await (const chunk of events.match(SYSTEM, window)) found.push(...chunk.map((each) => each['event.id']))
        expect(found.sort()).toEqual(wanted)
        expect(await events.count(SYSTEM, window)).toBe(wanted.length)
        expect(
          (await events.aggregate(SYSTEM, { ...window, by: [{ terms: 'url.path' }], limit: 9 })).items,
        ).toMatchObject([{ key: [END], count: wanted.length }])
        const groups: unknown[] = []
        for await (const buckets of events.groups(SYSTEM, { ...window, by: ['url.path'], atLeast: 1 }))
          groups.push(...buckets)
        expect(groups).toMatchObject([{ key: [END], count: wanted.length }])
        const page = await events.search(SYSTEM, { ...window, order: 'oldest', limit: 10 })
        expect(page).toMatchObject({ items: wanted.map((id) => ({ 'event.id': id })), missing: [] })
      }
    }
    await close()
  })
})
