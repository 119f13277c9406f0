/** Documents with ids of their senders on Elasticsearch: the id, what is sent again, and a session that begins anew between. */
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../../api/config.ts'
import { openInstallation } from '../../../api/installation.ts'
import { givenId, givenPrefix } from '../../../ingest/event-id.ts'
import { eventsOf, line, openPlace } from '../../faults/place.ts'
import { describeCluster, environment, ownPrefix } from '../../servers/cluster.ts'

await describeCluster('documents of bulk requests', (cluster) => {
  const place = openPlace()
  const prefix = ownPrefix(cluster)
  afterAll(() => place.remove())
  test('are events with their ids, once, over two sessions', async () => {
    place.write(
      'vonglau.yml',
      'data: data\nsources: [{ id: web, parser: nginx_access, http: { token: a-token-of-the-tests } }]\n',
    )
    const config = readConfig(place.path('vonglau.yml'), environment(cluster, prefix))
    const send = async (ids: readonly (string | undefined)[]) => {
      const installation = await openInstallation(config, { clock: Date.now, warn: () => {}, wait: 5, poll: 20 })
      try {
        const { ingest, store } = installation
        await ingest.start()
        const names = ids.map((id, n) => ({ id: givenId(id ?? `ours-${n}`), given: id !== undefined }))
        const taken = await ingest.acceptNamed(
          'web',
          ids.map((id, n) => Buffer.from(line(id ?? `u${n}`))),
          '::1',
          names,
        )
        await ingest.drain()
        return { taken, ids: (await eventsOf(store.events)).map((event) => String(event['event.id'])).sort() }
      } finally {
        await installation.close()
      }
    }
    const idOf = (id: string) => `${givenPrefix('web')}-${givenId(id)}`
    const first = await send(['a', 'b', undefined])
    expect(first.taken).toEqual({ accepted: 3, repeated: [false, false, false] })
    expect(first.ids).toEqual([idOf('a'), idOf('b'), idOf('ours-2')].sort())
    const second = await send(['b', 'c'])
    expect(second.taken).toEqual({ accepted: 1, repeated: [true, false] })
    expect(second.ids).toEqual([idOf('a'), idOf('b'), idOf('c'), idOf('ours-2')].sort())
  })
})
