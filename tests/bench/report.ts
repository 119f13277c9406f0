/**
 * A year's report of the province over many events, alerts and incidents: time and memory of its figures and of each file.
 *
 *     node tests/bench/report.ts [events] [incidents]                   the embedded store
 *     node tests/bench/report.ts [events] [incidents] elasticsearch     Elasticsearch: VONGLAU_TEST_ES, else one of its own
 *
 * Without numbers: 1,000,000 events and 20,000 incidents, with ten alerts each.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '../../api/config.ts'
import { openInstallation } from '../../api/installation.ts'
import { contentOf, FORMATS, fileOf } from '../../api/reports/make.ts'
import { recentPeriods } from '../../api/reports/period.ts'
import { openTemplates } from '../../api/reports/templates.ts'
import { zoneShift } from '../../ingest/inventory/days.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { LEVELS } from '../../rules/rule.ts'
import { INVENTORY } from '../faults/place.ts'
import { environment, randomPrefix, removeAll, shareCluster, testCluster } from '../servers/cluster.ts'

const EVENTS = Number(process.argv[2] ?? 1_000_000)
const INCIDENTS = Number(process.argv[3] ?? 20_000)
const ALERTS = 10 * INCIDENTS
const isCluster = process.argv[4] === 'elasticsearch'
const CHUNK = 1000
/** What is stored together costs least in large pieces. */
const EVENT_CHUNK = isCluster ? 20_000 : 100_000
const HOUR = 3_600_000
const unshare = isCluster ? shareCluster() : undefined
const cluster = isCluster ? await testCluster() : undefined
const prefix = randomPrefix()

const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-report-'))
writeFileSync(join(folder, 'vonglau.yml'), `inventory: ${INVENTORY}\n`)
const config = readConfig(join(folder, 'vonglau.yml'), cluster ? environment(cluster, prefix) : {})
const installation = await openInstallation(config, { clock: Date.now, warn: () => {} })
const { store, inventory, clock } = installation
const now = clock()
const { closing } = openTemplates(undefined)
const year = recentPeriods(closing, zoneShift(inventory.province.timezone), 'year', now, 1)[0]!
const agencies = inventory.agencies.map(({ id }) => id)
/** Spread evenly from the beginning of the year to now. */
const at = (n: number, all: number): number => Math.floor(year.from + ((now - year.from) * n) / all)
const level = (n: number) => LEVELS[1 + (n % 4)]!
const owner = (n: number) => agencies[n % agencies.length]!

const rows = <T>(from: number, all: number, make: (n: number) => T, chunk = CHUNK): T[] =>
  Array.from({ length: Math.min(chunk, all - from) }, (_, i) => make(from + i))
const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`
/** Of the process, the most that was seen while something ran. */
let most = 0
const watch = setInterval(() => {
  most = Math.max(most, process.memoryUsage.rss())
}, 20)
const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  most = process.memoryUsage.rss()
  const began = performance.now()
  const result = await work()
  most = Math.max(most, process.memoryUsage.rss())
  console.log(`${what}: ${Math.round(performance.now() - began)} ms, at most ${megabytes(most)} resident`)
  return result
}

try {
  await timed(`${EVENTS} events stored`, async () => {
    for (let i = 0; i < EVENTS; i += EVENT_CHUNK)
      await store.events.append(
        {
          events: rows(
            i,
            EVENTS,
            (n) => ({
              '@timestamp': at(n, EVENTS),
              'event.id': `e${n}`,
              'event.kind': n % 1000 ? 'event' : 'pipeline_error',
              'event.category': 'web',
              'event.dataset': 'nginx_access',
              'network.type': n % 3 ? 'ipv4' : 'ipv6',
              'organization.id': owner(n),
              'portal.id': `p${n % 127}`,
            }),
            EVENT_CHUNK,
          ),
          offsets: [],
        },
        now,
      )
    await store.events.committed()
  })
  await timed(`${INCIDENTS} incidents and ${ALERTS} alerts stored`, async () => {
    for (let i = 0; i < INCIDENTS; i += CHUNK)
      await store.documents.collection('incidents').put(
        rows(i, INCIDENTS, (n) => {
          const created = at(n, INCIDENTS)
          const closed = n % 10 ? created + HOUR * (n % 90) : undefined
          const isClosed = closed !== undefined && closed < now
          return {
            id: `i${n}`,
            version: null,
            doc: {
              '@timestamp': created,
              title: 'Sự cố',
              'incident.number': `X-2026-${n}`,
              'incident.level': level(n),
              'incident.severity': 1 + (n % 4),
              'incident.status': isClosed ? 'closed' : 'new',
              'incident.key': 'k',
              'incident.first': created,
              'incident.last': created,
              'incident.created': created,
              'incident.due': created + 48 * HOUR,
              ...(isClosed ? { 'incident.closed': closed, 'incident.reason': 'benign' } : {}),
              'incident.alerts': 10,
              'incident.events': 10,
              portals: [],
              related: [],
              'organization.id': owner(n),
            },
          }
        }),
      )
    for (let i = 0; i < ALERTS; i += CHUNK)
      await store.documents.collection('alerts').put(
        rows(i, ALERTS, (n) => {
          const first = at(n, ALERTS)
          const closed = first + HOUR * (n % 50)
          const isClosed = n % 20 !== 0 && closed < now
          return {
            id: `a${n}`,
            version: null,
            doc: {
              '@timestamp': first,
              'event.kind': 'signal',
              'rule.id': 'sql-injection',
              'rule.level': level(n),
              rule_name: { vi: 'x', en: 'x' },
              'alert.status': isClosed ? 'closed' : 'new',
              ...(isClosed ? { 'alert.closed': closed, 'alert.reason': 'benign' } : {}),
              'alert.severity': 1,
              'alert.first': first,
              'alert.last': first + 1000,
              'alert.created': first + 5000 + (n % 600) * 1000,
              'alert.count': 1,
              'alert.group': `g${n}`,
              group: [],
              events: [],
              'organization.id': owner(n),
            },
          }
        }),
      )
  })
  const asked = { kind: 'year', period: year.id } as const
  const made = await timed('figures of the year, scores of its days computed', () =>
    contentOf(installation, SYSTEM, asked),
  )
  await timed('figures of the year, again', () => contentOf(installation, SYSTEM, asked))
  for (const format of FORMATS) {
    const bytes = await timed(format, () => fileOf(installation, made, format))
    console.log(`  ${bytes.length} bytes`)
  }
} finally {
  clearInterval(watch)
  await installation.close()
  rmSync(folder, { recursive: true, force: true })
  if (cluster) {
    const client = openClient(cluster)
    await removeAll(client, prefix)
    await client.close()
  }
  await unshare?.()
}
