/** `vonglau migrate`: killed in the middle, run again; then the cluster holds what the data folder held. */
import { spawn } from 'node:child_process'
import { afterAll, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { openEmbedded } from '../../api/store.ts'
import type { Event } from '../../ingest/event.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { openElasticsearch } from '../../ingest/store/elasticsearch.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Document, type EventStore, SYSTEM } from '../../ingest/store/store.ts'
import { LAUNCHER, openPlace } from '../faults/place.ts'
import { describeCluster, randomPrefix, removeAll } from '../servers/cluster.ts'

const T = Date.UTC(2026, 9, 30, 22)
const all = async (store: EventStore) => {
  const out = new Map<string, Event[]>()
  for await (const chunk of store.match(SYSTEM, { filter: EVERYTHING }))
    for (const { 'event.ingested': ingested, ...event } of chunk) {
      const day = new Date(Number(ingested)).toISOString().slice(0, 10)
      out.set(day, [...(out.get(day) ?? []), event])
    }
  for (const events of out.values()) events.sort((a, b) => (String(a['event.id']) < String(b['event.id']) ? -1 : 1))
  return out
}

await describeCluster('moving to a cluster', (cluster) => {
  const place = openPlace()
  const prefix = randomPrefix()
  afterAll(async () => {
    await place.remove()
    const client = openClient(cluster)
    await removeAll(client, prefix)
    await client.close()
  })
  const url = new URL(cluster.nodes[0]!)
  place.write(
    'vonglau.yml',
    `data: data\nelasticsearch: { nodes: ["${url.origin}"], prefix: ${prefix}${cluster.user ? `, user: ${cluster.user}, password: ${cluster.password}` : ''} }\n`,
  )

  test('events by day and source, documents, offsets; a kill in the middle loses and doubles nothing', async () => {
    const config = readConfig(place.path('vonglau.yml'), {})
    const from = await openEmbedded(config, { wait: 0 })
    for (let commit = 0; commit < 60; commit++)
      await from.events.append(
        {
          events: Array.from(
            { length: 700 },
            (_, i): Event => ({
              '@timestamp': T + commit * 200_000 + i,
              'event.id': `${commit}-${i}`,
              'event.dataset': 'nginx_access',
              'vonglau.source.id': `cong-${i % 3}`,
              'url.path': `/${commit}/${i}`,
              'event.type': ['a', 'b'],
              'fortinet.firewall.x': 'y',
            }),
          ),
          offsets: [
            { source: 'cong-0', segment: 'file', position: commit + 1 },
            { source: 'cong-1', segment: '0000000001', position: commit + 1 },
          ],
        },
        T + commit * 200_000,
      )
    const alerts = from.documents.collection<Document>('alerts')
    await alerts.put(
      Array.from({ length: 1200 }, (_, i) => ({ id: `a${i}`, version: null, doc: { 'alert.status': 'new', n: i } })),
    )
    const before = await all(from.events)
    expect([...before.keys()].sort()).toEqual(['2026-10-30', '2026-10-31'])
    await from.events.close()
    await from.documents.close()

    // Killed, again and again, each time when some more has come.
    const client = openClient(cluster)
    const arrived = async (): Promise<number> => {
      const index = { index: `${prefix}-events-*`, ignore_unavailable: true, allow_no_indices: true }
      await client.indices.refresh(index)
      // An index that is being made has no shard yet.
      return (await client.count(index).catch(() => ({ count: 0 }))).count
    }
    for (const least of [1, 12_000, 30_000]) {
      const child = spawn(process.execPath, [LAUNCHER, 'migrate', '--to', 'elasticsearch'], {
        cwd: place.folder,
        detached: true,
        stdio: 'ignore',
      })
      const ended = new Promise((resolve) => child.once('exit', resolve))
      while ((await arrived()) < least && child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 20))
      expect(child.exitCode, 'it was done before it could be killed').toBeNull()
      process.kill(-child.pid!, 'SIGKILL')
      await ended
    }
    await client.close()
    const done = await place.run(['migrate', '--to', 'elasticsearch'])
    expect(done.err).toBe('')
    expect(done.out).toMatch(/^42000 events and \d+ documents are in the cluster, the same by day and by source/)

    const to = await openElasticsearch({ ...cluster, prefix, clock: () => 0, warn: () => {} })
    expect(await all(to.events)).toEqual(before)
    expect((await to.documents.collection('alerts').query(SYSTEM, { filter: EVERYTHING, limit: 1 })).total).toBe(1200)
    const offsets = (await to.events.offsets()).filter(({ source }) => source.startsWith('cong'))
    const [node] = offsets.flatMap(({ segment }) => /^(.+)-0000000001$/.exec(segment)?.[1] ?? [])
    expect(offsets.map(({ source, segment, position }) => [source, segment, position]).sort()).toEqual([
      ['cong-0', 'file', 60],
      ['cong-1', `${node}-0000000001`, 60],
    ])
    await to.close()
    expect((await place.run(['migrate', '--to', 'elasticsearch'])).err).toMatch(/was moved into the cluster already/)
    // Another installation is not mixed into it.
    place.write('other.yml', `data: other\nelasticsearch: { nodes: ["${url.origin}"], prefix: ${prefix} }\n`)
    const other = await openEmbedded(readConfig(place.path('other.yml'), {}), { wait: 0 })
    await other.events.close()
    await other.documents.close()
    expect((await place.run(['-c', 'other.yml', 'migrate', '--to', 'elasticsearch'])).err).toMatch(
      /already holds an installation under this prefix/,
    )
  })
})
