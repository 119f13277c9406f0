/**
 * A cluster with TLS, users and the least-privilege role of tests/servers/roles.yml: the contract holds with that role
 * alone, and whatever is wrong with an address, a certificate, a password or a role is one sentence.
 */
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { kindOf, openClient, type Connection } from '../../../ingest/store/elasticsearch/connect.ts'
import { openDocuments } from '../../../ingest/store/elasticsearch/documents/documents.ts'
import { createIndex } from '../../../ingest/store/elasticsearch/sessions/records.ts'
import { openSessions } from '../../../ingest/store/elasticsearch/sessions/sessions.ts'
import { eq, EVERYTHING } from '../../../ingest/store/filter.ts'
import { openElasticsearch } from '../../../ingest/store/elasticsearch.ts'
import { type EventStore, type Store, SYSTEM, StoreError } from '../../../ingest/store/store.ts'
import { randomPrefix, removeAll } from '../../servers/cluster.ts'
import { Unavailable } from '../../servers/distribution.ts'
import { type Server, startElasticsearch } from '../../servers/elasticsearch.ts'
import { contractDocuments } from './contract.ts'

let server: Server
let unavailable = ''
try {
  server = await startElasticsearch({ heap: '512m', security: true })
} catch (error) {
  if (!(error instanceof Unavailable) || process.env['CI'] === 'true') throw error
  unavailable = ` (skipped: ${error.message})`
}

describe.skipIf(unavailable !== '')(`security${unavailable}`, () => {
  afterAll(() => server.stop())
  const as = (user: string): Connection => ({ nodes: [server.url], user, password: server.password, ca: server.ca })
  const prefix = randomPrefix()

  contractDocuments('elasticsearch with the least privileges', async () => {
    const client = openClient(as('vonglau'))
    const own = randomPrefix()
    const open = (): Store => {
      const sessions = openSessions({ client, prefix: own, warn: (sentence) => console.warn(sentence) })
      return {
        kind: 'elasticsearch',
        remote: true,
        events: undefined as unknown as EventStore,
        documents: openDocuments({ client, prefix: own }),
        lease: sessions.lease,
        problems: async () => [],
        close: sessions.close,
      }
    }
    let store = open()
    return {
      store,
      reopen: async () => {
        await store.close()
        store = open()
        return store
      },
      remove: async () => {
        await store.close()
        await removeAll(client, own)
        await client.close()
      },
    }
  })

  test('the role of the server is the one that is given as JSON', () => {
    const file = (name: string) => readFileSync(new URL(`../../servers/${name}`, import.meta.url), 'utf8')
    expect(parse(file('roles.yml')).vonglau).toEqual(JSON.parse(file('role.json')))
  })

  test('a dead writer is fenced with the least privileges', async () => {
    const client = openClient(as('vonglau'))
    let now = 0
    const options = { client, prefix, warn: () => {}, beat: 0, monotonic: () => now }
    const [a, b] = [openSessions(options), openSessions(options)]
    const session = await a.current()
    const index = `${prefix}-events-2026.11.21-${session.id}`
    await createIndex(client, index, {
      mappings: { properties: { event: { properties: { ingested: { type: 'date' } } } } },
    })
    await session.announce(index)
    await client.index({ index, id: '1', document: { event: { ingested: 700 } } })
    await b.horizon()
    now = 9000
    expect(await b.horizon()).toBe(700)
    await expect(client.index({ index, id: '2', document: {} })).rejects.toThrow(/blocked/)
    await a.close()
    await b.close()
    await client.close()
  })

  test('a day is written anew, and dropped, with the least privileges', async () => {
    const own = randomPrefix()
    const store = await openElasticsearch({ ...as('vonglau'), prefix: own, clock: Date.now, warn: () => {} })
    const at = Date.UTC(2026, 10, 20)
    const event = (id: string) => ({ '@timestamp': at, 'event.id': id, 'event.kind': 'event' })
    await store.events.append({ events: [event('đi'), event('ở')], offsets: [] }, at)
    await store.events.append({ events: [event('mới')], offsets: [] }, at + 86_400_000)
    const client = openClient(as('vonglau'))
    const count = () => store.events.count(SYSTEM, { filter: EVERYTHING })
    // What is written is nobody's before it is all there; of one that was killed nothing is left by the next.
    const killed = store.events.rewrite('2026-11-20', eq('event.id', 'đi'), async () => {
      await client.indices.refresh({ index: `${own}-*` })
      expect(await count()).toBe(3)
      expect(await store.events.keep('2026-11-20', eq('event.id', 'ở'))).toBe(1)
      return [event('đi')]
    })
    await expect(killed).rejects.toThrow(/meanwhile/)
    expect(await count()).toBe(2)
    await store.events.drop('2026-11-20')
    expect(await count()).toBe(1)
    expect(Object.keys(await client.indices.get({ index: `${own}-*`, features: ['aliases'] }))).not.toContainEqual(
      expect.stringMatching(/anew|2026\.11\.20/),
    )
    await store.close()
    await removeAll(client, own)
    await client.close()
  })

  describe('one sentence each', () => {
    // The minimal server cannot create API keys, so only a wrong one can be shown here.
    const wrong: { name: string; connection: () => Connection; kind: string; says: RegExp }[] = [
      {
        name: 'a wrong password',
        connection: () => ({ ...as('vonglau'), password: 'wrong' }),
        kind: 'credentials',
        says: /does not know this user and password or API key .*vonglau.*: correct them in the configuration/,
      },
      {
        name: 'an API key that is none',
        connection: () => ({ nodes: [server.url], ca: server.ca, apiKey: Buffer.from('id:key').toString('base64') }),
        kind: 'credentials',
        says: /does not know this user and password or API key/,
      },
      {
        name: 'no credentials',
        connection: () => ({ nodes: [server.url], ca: server.ca }),
        kind: 'credentials',
        says: /correct them in the configuration/,
      },
      {
        name: 'a user without the role',
        connection: () => as('nobody'),
        kind: 'privilege',
        says: /has not the privilege .*\[indices:data\/read\/get\] is unauthorized for user \[nobody\].*index privileges \[.*read.*\].*give the user the role/s,
      },
      {
        name: 'an authority that is not known',
        connection: () => ({ nodes: [server.url], user: 'vonglau', password: server.password }),
        kind: 'certificate',
        says: /certificate of Elasticsearch at https:\/\/127\.0\.0\.1:\d+ is not trusted \(.+\): name the file of the authority/,
      },
      {
        name: 'http where TLS is spoken',
        connection: () => ({ ...as('vonglau'), nodes: [server.url.replace('https', 'http')] }),
        kind: 'unreachable',
        says: /does not answer/,
      },
      {
        name: 'nobody there',
        connection: () => ({ nodes: ['http://127.0.0.1:1'] }),
        kind: 'unreachable',
        says: /Elasticsearch at http:\/\/127\.0\.0\.1:1 does not answer \(connect ECONNREFUSED.*\): see that it runs/,
      },
    ]
    for (const { name, connection, kind, says } of wrong)
      test(name, async () => {
        const client = openClient(connection())
        const alerts = openDocuments({ client, prefix, patience: 0 }).collection('alerts')
        const answers = await Promise.allSettled([
          alerts.get(SYSTEM, 'x'),
          alerts.query(SYSTEM, { filter: EVERYTHING, limit: 1 }),
          alerts.put([{ id: 'x', doc: {}, version: null }]),
        ])
        for (const answer of answers) {
          const reason = (answer as PromiseRejectedResult).reason as Error
          expect(reason).toBeInstanceOf(StoreError)
          expect(kindOf(reason)).toBe(kind)
          expect(reason.message.split('\n')).toHaveLength(1)
          expect(reason.message).not.toContain(server.password)
        }
        expect((answers[0] as PromiseRejectedResult).reason.message).toMatch(says)
        await client.close()
      })

    for (const [connection, says] of [
      [{ nodes: [] }, /no address of Elasticsearch is given/],
      [{ nodes: ['es1:9200'] }, /"es1:9200" is not an address/],
      [{ nodes: ['ftp://es1'] }, /is not an address/],
      [{ nodes: ['http://x'], user: 'a', password: 'b', apiKey: 'c' }, /not both/],
      [{ nodes: ['http://x'], user: 'a' }, /the password is missing/],
      [{ nodes: ['http://x'], password: 'a' }, /the user is missing/],
    ] as const)
      test(String(says), () => {
        expect(() => openClient(connection)).toThrow(says)
      })
  })
})
