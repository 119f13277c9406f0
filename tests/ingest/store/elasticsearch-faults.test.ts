/** What a cluster does to those who use it: it goes away, is slow, is full, loses an answer. Every test ends in counting. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { openDocuments } from '../../../ingest/store/elasticsearch/documents/documents.ts'
import { openElasticsearch } from '../../../ingest/store/elasticsearch.ts'
import { createIndex } from '../../../ingest/store/elasticsearch/sessions/records.ts'
import { openSessions } from '../../../ingest/store/elasticsearch/sessions/sessions.ts'
import { EVERYTHING, type Filter } from '../../../ingest/store/filter.ts'
import { type Collection, type Document, SYSTEM, Fenced } from '../../../ingest/store/store.ts'
import { describeCluster, randomPrefix, removeAll, testCluster } from '../../servers/cluster.ts'
import { type Server, startElasticsearch } from '../../servers/elasticsearch.ts'
import { type Line, openLine } from '../../servers/line.ts'

const T0 = Date.parse('2026-11-20T00:00:00Z')

const total = async (from: Collection<Document>, filter: Filter = EVERYTHING) =>
  (await from.query(SYSTEM, { filter, limit: 1 })).total

// A line that fails can be put before a server without TLS only.
const plain = async () => {
  const { nodes } = await testCluster()
  if (!nodes[0]!.startsWith('http:')) throw new Error('VONGLAU_TEST_ES speaks TLS')
}

await describeCluster('a line that fails', (cluster) => {
  const direct = openClient(cluster.nodes.length ? cluster : { nodes: ['http://127.0.0.1:1'] })
  const prefix = randomPrefix()
  let line: Line
  let documents: ReturnType<typeof openDocuments>
  let client: ReturnType<typeof openClient>
  beforeAll(async () => {
    await plain()
    line = await openLine(cluster.nodes[0]!)
    client = openClient({ ...cluster, nodes: [line.url] })
    documents = openDocuments({ client, prefix })
  })
  afterAll(async () => {
    await client.close()
    await line.close()
    await removeAll(direct, prefix)
    await direct.close()
  })

  test('an answer is lost: what was written is not taken for a conflict, and is there once', async () => {
    const alerts = documents.collection('alerts')
    await alerts.put([{ id: '0', doc: {}, version: null }])
    const lost = async <T>(work: () => Promise<T>): Promise<T> => {
      const before = line.failed()
      line.loseAnswer(/_bulk/)
      const result = await work()
      expect(line.failed()).toBe(before + 1)
      return result
    }
    const [created] = await lost(() => alerts.put([{ id: 'a', doc: { n: 1 }, version: null }]))
    expect(created).toEqual({ ok: true, version: (await alerts.get(SYSTEM, 'a'))!.version })
    const { version } = created as { version: number }
    const [changed] = await lost(() => alerts.put([{ id: 'a', doc: { n: 2 }, version }]))
    expect(changed).toEqual({ ok: true, version: (await alerts.get(SYSTEM, 'a'))!.version })
    const any = await lost(() =>
      alerts.put(Array.from({ length: 700 }, (_, i) => ({ id: `x${i}`, doc: { i }, version: 'any' as const }))),
    ) // prettier-ignore
    expect(any.filter(({ ok }) => ok)).toHaveLength(700)
    expect(await lost(() => alerts.put([{ id: 'a', doc: { n: 3 }, version }]))).toEqual([{ ok: false, conflict: true }])
    expect(await total(alerts)).toBe(702)
    expect(await lost(() => alerts.delete('a', (changed as { version: number }).version))).toBe(true)
    expect(await lost(() => alerts.delete('x0', 'any'))).toBe(true)
    expect(await total(alerts)).toBe(700)
  })

  test('an answer is lost, and another has changed the document before it is asked for again: still no conflict', async () => {
    const shared = documents.collection('shared')
    const others = openDocuments({ client: direct, prefix }).collection('shared')
    const [first] = await shared.put([{ id: 'a', doc: { n: 1 }, version: null }])
    let before = line.failed()
    line.loseAnswer(/_bulk/, async () => {
      for (let i = 0; i < 3; i++) {
        const { doc, version } = (await others.get(SYSTEM, 'a'))!
        await others.put([{ id: 'a', doc: { n: Number(doc['n']) + 1 }, version }])
      }
    })
    const [second] = await shared.put([{ id: 'a', doc: { n: 2 }, version: (first as { version: number }).version }])
    expect(second!.ok).toBe(true)
    expect((await shared.get(SYSTEM, 'a'))?.doc).toEqual({ n: 5 })
    // Its version is one that has passed.
    const { version } = second as { version: number }
    expect((await shared.put([{ id: 'a', doc: {}, version }]))[0]!.ok).toBe(false)
    before = line.failed()
    line.loseAnswer(/_bulk/, async () => {
      await others.put([{ id: 'b', doc: { n: 2 }, version: 'any' }])
    })
    expect((await shared.put([{ id: 'b', doc: { n: 1 }, version: null }]))[0]!.ok).toBe(true)
    expect(line.failed()).toBe(before + 1)
  })

  test('a request that was given up arrives late: it changes nothing', async () => {
    const alerts = documents.collection('late')
    await alerts.put([{ id: 'a', doc: { n: 0 }, version: null }])
    const held = line.hold(/_bulk/)
    const [first] = await alerts.put([{ id: 'a', doc: { n: 1 }, version: 'any' }])
    const [second] = await alerts.put([{ id: 'a', doc: { n: 2 }, version: 'any' }])
    expect([first!.ok, second!.ok]).toEqual([true, true])
    expect(await held.arrive()).toContain('version_conflict_engine_exception')
    expect((await alerts.get(SYSTEM, 'a'))?.doc).toEqual({ n: 2 })
  })

  test('sessions and leases do not take themselves for others', async () => {
    const warnings: string[] = []
    const sessions = openSessions({ client, prefix, warn: (sentence) => warnings.push(sentence), beat: 0 })
    line.loseAnswer(/^PUT .*-sessions\/_create/)
    const session = await sessions.current()
    const index = `${prefix}-events-2026.11.21-${session.id}`
    await createIndex(client, index, {
      mappings: { properties: { event: { properties: { ingested: { type: 'date' } } } } },
    })
    line.loseAnswer(/^PUT .*-sessions\/_doc/)
    line.loseAnswer(/^PUT .*-control\/_/)
    await session.announce(index)
    line.loseAnswer(/^PUT .*-sessions\/_doc/)
    await session.publish(500)
    line.loseAnswer(/^PUT .*-control\/_doc/)
    expect(await sessions.horizon()).toBe(500)
    line.loseAnswer(/^PUT .*-leases\/_create/)
    const lease = (await sessions.lease('detect'))!
    expect(lease.held()).toBe(true)
    expect(session.alive()).toBe(true)
    await sessions.close()
  })

  test('events that a paused process sent arrive after its fence: refused', async () => {
    let now = 0
    const other = openSessions({ client: direct, prefix, warn: () => {}, beat: 0, monotonic: () => now })
    const sessions = openSessions({ client, prefix, warn: () => {}, beat: 0 })
    const session = await sessions.current()
    const index = `${prefix}-events-2026.11.22-${session.id}`
    await createIndex(client, index, {
      mappings: { properties: { event: { properties: { ingested: { type: 'date' } } } } },
    })
    await session.announce(index)
    const held = line.hold(/_bulk/)
    const operations = [{ create: { _id: '1' } }, { event: { ingested: 5000 } }]
    await expect(client.bulk({ index, operations })).rejects.toThrow()
    const lease = (await sessions.lease('paused'))!
    const ledger = lease.documents.collection<Document>('ledger')
    expect((await ledger.put([{ id: '1', doc: { n: 1 }, version: null }]))[0]?.ok).toBe(true)
    await other.horizon()
    await other.lease('paused')
    now = 9000
    await other.horizon()
    expect(await held.arrive()).toContain('cluster_block_exception')
    expect((await client.count({ index })).count).toBe(0)
    const stuck = line.hold(/_bulk/)
    const alias = `${prefix}-d-ledger@paused@${lease.token}`
    const change = [{ index: { _id: '1' } }, { id: '1', doc: { n: 2 } }]
    await expect(client.bulk({ index: alias, require_alias: true, operations: change })).rejects.toThrow()
    const successor = (await other.lease('paused'))!
    // The alias is gone: whether it comes late or anew.
    expect(await stuck.arrive()).toContain('index_not_found_exception')
    await expect(ledger.put([{ id: '1', doc: { n: 2 }, version: 'any' }])).rejects.toBeInstanceOf(Fenced)
    expect((await successor.documents.collection('ledger').get(SYSTEM, '1'))?.doc).toEqual({ n: 1 })
    await sessions.close()
    await other.close()
  })

  test('a store is closed while what it sent is on its way: it is not said to have come so far, and what arrives late is refused', async () => {
    let now = 0
    const other = openSessions({ client: direct, prefix, warn: () => {}, beat: 0, monotonic: () => now })
    const store = await openElasticsearch({ ...cluster, nodes: [line.url], prefix, clock: Date.now, warn: () => {} })
    const event = (id: string) => ({ '@timestamp': T0, 'event.id': id, 'event.kind': 'event' })
    const { ingested } = await store.events.append({ events: [event('closed-1')], offsets: [] }, T0)
    const [held] = Array.from({ length: 50 }, () => line.hold(/^POST \S*-events-\S*_bulk/))
    const before = line.failed()
    const second = store.events.append({ events: [event('closed-2')], offsets: [] }, T0)
    second.catch(() => {})
    await expect.poll(() => line.failed()).toBeGreaterThan(before)
    await store.close()
    await expect(second).rejects.toThrow()
    line.pass()
    const seen = await other.horizon()
    now = 9000
    expect(await other.horizon()).toBeGreaterThanOrEqual(ingested)
    expect(seen).toBeLessThanOrEqual(ingested)
    expect(await held!.arrive()).toMatch(/cluster_block_exception|index_not_found_exception/)
    await other.close()
  }, 60_000)

  test('a commit fails and nobody brings it again: how far this process has come goes on', async () => {
    const other = openSessions({ client: direct, prefix, warn: () => {}, beat: 0 })
    const store = await openElasticsearch({ ...cluster, nodes: [line.url], prefix, clock: Date.now, warn: () => {} })
    const event = (id: string) => ({ '@timestamp': T0, 'event.id': id, 'event.kind': 'event' })
    await store.events.append({ events: [event('failed-1')], offsets: [] }, Date.now())
    // Somebody takes away what this process writes through.
    const names = Object.keys(await direct.indices.getAlias({ index: `${prefix}-events-*`, name: '*.w' }))
    for (const index of names) await direct.indices.deleteAlias({ index, name: `${index}.w` }, { ignore: [404] })
    await expect(store.events.append({ events: [event('failed-2')], offsets: [] }, Date.now())).rejects.toThrow()
    const failed = Date.now()
    await expect.poll(() => other.horizon(), { timeout: 20_000, interval: 500 }).toBeGreaterThan(failed)
    await store.events.append({ events: [event('failed-3')], offsets: [] }, Date.now())
    await store.close()
    await other.close()
  }, 60_000)
})

await describeCluster('a cluster in trouble', () => {
  let server: Server
  const prefix = randomPrefix()
  beforeAll(async () => {
    // With a queue of one the server itself now and then stands still: it refuses its own work and answers nobody.
    server = await startElasticsearch({ heap: '512m', writeQueue: 8 })
  })
  afterAll(() => server?.stop())
  const open = (patience?: number) => {
    const client = openClient({ nodes: [server.url] })
    return { client, documents: openDocuments({ client, prefix, ...(patience === undefined ? {} : { patience }) }) }
  }

  describe('in the middle of many changes nothing is lost, and nothing is counted twice, when', () => {
    const troubles: { name: string; trouble: () => Promise<void> }[] = [
      { name: 'the server is stopped and started', trouble: () => server.restart() },
      {
        name: 'the server loses its power',
        trouble: async () => {
          await server.down('kill')
          await server.up()
        },
      },
      {
        name: 'the server hangs for a while',
        trouble: async () => {
          server.pause()
          await sleep(3000)
          server.resume()
        },
      },
    ]
    for (const [n, { name, trouble }] of troubles.entries())
      test(name, async () => {
        const { client, documents } = open(120_000)
        const incidents = documents.collection(`counted-${n}`)
        await incidents.put(Array.from({ length: 4 }, (_, i) => ({ id: `c${i}`, doc: { n: 0 }, version: null })))
        let running = true
        const done = [0, 0, 0, 0]
        const created = [0, 0, 0, 0]
        // Four people each count up a document that two of them share, and add others.
        const people = done.map(async (_, p) => {
          while (running) {
            const id = `c${p % 2}`
            const { doc, version } = (await incidents.get(SYSTEM, id))!
            const [result] = await incidents.put([{ id, doc: { n: Number(doc['n']) + 1 }, version }])
            if (result!.ok) done[p]!++
            const [added] = await incidents.put([{ id: `p${p}-${created[p]}`, doc: {}, version: null }])
            if (added!.ok) created[p]!++
          }
        })
        await expect.poll(() => Math.min(...created)).toBeGreaterThan(3)
        await trouble()
        const after = Math.max(...created)
        await expect.poll(() => Math.max(...created)).toBeGreaterThan(after + 3)
        running = false
        await Promise.all(people)
        const count = async (id: string) => Number((await incidents.get(SYSTEM, id))?.doc['n'])
        expect([await count('c0'), await count('c1')]).toEqual([done[0]! + done[2]!, done[1]! + done[3]!])
        expect(await total(incidents)).toBe(4 + created.reduce((a, b) => a + b))
        await client.close()
      })
  })

  test('more is sent than its queue takes: all of it is written', async () => {
    const { client, documents } = open(110_000)
    const many = documents.collection('queued')
    let refused = 0
    client.diagnostic.on('response', (_, result) => {
      const { items } = (result?.body ?? {}) as { items?: { [op: string]: { status: number } }[] }
      refused += items?.filter((item) => Object.values(item)[0]!.status === 429).length ?? 0
    })
    const all = Array.from({ length: 60 }, (_, p) =>
      many.put(Array.from({ length: 100 }, (_, i) => ({ id: `${p}-${i}`, doc: { p, i }, version: null }))),
    )
    expect((await Promise.all(all)).flat().filter(({ ok }) => ok)).toHaveLength(6000)
    expect(refused).toBeGreaterThan(0)
    expect(await total(many)).toBe(6000)
    await client.close()
  })

  test('a disk is nearly full: a sentence, and it goes on by itself when there is space', async () => {
    const { client, documents } = open()
    const index = `${prefix}-d-full`
    const full = documents.collection('full')
    await full.put([{ id: '0', doc: {}, version: null }])
    const block = (read_only_allow_delete: boolean | null) =>
      client.indices.putSettings({
        index,
        settings: { blocks: { read_only_allow_delete: read_only_allow_delete as boolean } },
      })
    await block(true)
    const impatient = open(0)
    await expect(impatient.documents.collection('full').put([{ id: '1', doc: {}, version: null }])).rejects.toThrow(
      /read-only because a disk is nearly full .*free space/,
    )
    const waiting = full.put([{ id: '1', doc: {}, version: null }])
    await block(null)
    expect((await waiting)[0]!.ok).toBe(true)
    expect(await total(full)).toBe(2)
    await impatient.client.close()
    await client.close()
  })

  test('a person blocks an index, or deletes it: a sentence, or it is made again as it has to be', async () => {
    const { client, documents } = open()
    const blocked = documents.collection('blocked')
    await blocked.put([{ id: '0', doc: { 'organization.id': 'a-b' }, version: null }])
    await client.indices.addBlock({ index: `${prefix}-d-blocked`, block: 'write' })
    await expect(blocked.put([{ id: '1', doc: {}, version: null }])).rejects.toThrow(
      /does not take writes .*remove the block/,
    )
    await client.indices.delete({ index: `${prefix}-d-blocked` })
    expect(await total(blocked)).toBe(0)
    expect((await blocked.put([{ id: '1', doc: { 'organization.id': 'a-b' }, version: null }]))[0]!.ok).toBe(true)
    expect((await blocked.query({ organizations: ['a-b'] }, { filter: EVERYTHING, limit: 1 })).total).toBe(1)
    await client.close()
  })

  test('a server that hangs makes nobody dead who lives', async () => {
    const { client } = open()
    const warnings: string[] = []
    const options = { client, prefix, warn: (sentence: string) => warnings.push(sentence), beat: 200, dead: 2000 }
    const [a, b] = [openSessions(options), openSessions(options)]
    const sessions = [await a.current(), await b.current()]
    const lease = (await a.lease('hang'))!
    expect(await b.lease('hang')).toBeUndefined()
    server.pause()
    await sleep(3000)
    server.resume()
    for (let i = 0; i < 3; i++) expect(await b.lease('hang')).toBeUndefined()
    expect(sessions.map((each) => each.alive())).toEqual([true, true])
    expect(lease.held()).toBe(true)
    await a.close()
    expect(await b.lease('hang')).toBeDefined()
    await b.close()
    await client.close()
  })

  test('nobody answers: a sentence with the address', async () => {
    const { client, documents } = open(0)
    await server.down()
    await expect(documents.collection('x').get(SYSTEM, '1')).rejects.toThrow(
      new RegExp(`${server.url} does not answer .*see that it runs`),
    )
    await client.close()
  })
})
