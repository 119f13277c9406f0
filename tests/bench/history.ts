/**
 * A hundred thousand alerts in one group's history, and one more event of that group: how long until it is merged.
 *
 *     node tests/bench/history.ts                     the embedded store
 *     node tests/bench/history.ts http://127.0.0.1:9200     Elasticsearch (VONGLAU_TEST_ES with a password works too)
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { openSqlite } from '../../ingest/store/sqlite.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import { type Alert, groupOf, newAlert, partOf } from '../../rules/alert.ts'
import { createDetector } from '../../rules/detect.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { randomPrefix, removeAll } from '../servers/cluster.ts'

const HISTORY = 100_000
const TRIES = 20
const HOUR = 3_600_000
const START = Date.UTC(2026, 4, 14)
const rule = compileSigma(
  `title: Đơn
id: single
level: medium
vonglau: { group-by: [source.ip], quiet: 10m }
detection: { a: { event.action: probe }, condition: a }
`,
  'history.yml',
)[0]!
const event = (n: number, at: number) => ({
  '@timestamp': at,
  'event.id': `e${n}`,
  'event.kind': 'event',
  'event.action': 'probe',
  'event.original': 'x'.repeat(300),
  'source.ip': '198.51.100.7',
  'organization.id': 'so',
})
const cases = { clock: () => START, deadlines: () => ({}), numbering: () => ({ code: () => 'T', timezone: 'UTC' }) }

const measure = async (name: string, store: Store, refresh?: () => Promise<void>): Promise<void> => {
  const alerts = store.documents.collection<Alert>('alerts')
  const part = partOf(rule.id, groupOf(rule, event(0, START))!, 'so')
  const began = performance.now()
  for (let i = 0; i < HISTORY; i += 1000)
    await alerts.put(
      Array.from({ length: 1000 }, (_, j) => {
        // An hour apart, so each is a burst of its own, closed.
        const at = START - (HISTORY - i - j) * HOUR
        const doc = newAlert(
          rule,
          part,
          { first: at, last: at, count: 1 },
          { events: [event(i + j, at)], copies: false },
          0,
          at,
        )
        return {
          id: `a${i + j}`,
          version: null,
          doc: { ...doc, 'alert.status': 'closed', 'alert.reason': 'benign' } as Alert,
        }
      }),
    )
  console.log(`${name}: ${HISTORY} alerts written in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  const detector = createDetector({ store, cases })
  const times: number[] = []
  const waits: number[] = []
  for (let i = 0; i < TRIES; i++) {
    await store.events.append({ events: [event(HISTORY + i, START + i * 60_000)], offsets: [] }, START)
    if (refresh) {
      const asked = performance.now()
      await refresh()
      waits.push(performance.now() - asked)
    }
    const from = performance.now()
    await detector.run(rule)
    times.push(performance.now() - from)
  }
  const { total } = await alerts.query(SYSTEM, { filter: EVERYTHING, limit: 1 })
  if (total !== HISTORY + 1) throw new Error(`${total} alerts, expected one more than ${HISTORY}`)
  const of = (list: number[], share: number) =>
    list.toSorted((a, b) => a - b)[Math.floor(list.length * share)]!.toFixed(1)
  console.log(
    `${name}: an event merged in ${of(times, 0.5)} ms (median), ${of(times, 0.95)} ms (95th)${refresh ? `; a refresh of the index alone ${of(waits, 0.5)} ms` : ''}`,
  )
}

const url = process.argv[2]
if (url === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'history-'))
  const events = await openDuckdb({ folder: join(folder, 'events'), wait: 0 })
  const store = embedded(events, openSqlite(join(folder, 'documents.sqlite')))
  await measure('embedded', store)
  await store.close()
  rmSync(folder, { recursive: true, force: true })
} else {
  const { openElasticsearch } = await import('../../ingest/store/elasticsearch.ts')
  const { openClient } = await import('../../ingest/store/elasticsearch/connect.ts')
  const { username, password, origin } = new URL(url)
  const cluster = { nodes: [origin], ...(username ? { user: username, password } : {}) }
  const prefix = randomPrefix()
  const store = await openElasticsearch({ ...cluster, prefix, clock: () => 0, warn: console.warn, wait: 0 })
  const client = openClient(cluster)
  try {
    await measure(
      'elasticsearch',
      store,
      async () => void (await client.indices.refresh({ index: `${prefix}-d-alerts` })),
    )
  } finally {
    await store.close()
    await removeAll(client, prefix)
    await client.close()
  }
}
