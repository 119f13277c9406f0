import { Hono } from 'hono'
import { and, eq } from '../../ingest/store/filter.ts'
import { chosenAgencies, type Env, zoneOffset } from '../context.ts'
import { rangeOf } from '../bounds.ts'
import type { Overview } from '../contract.ts'
import { does } from '../does.ts'
import { getOverview } from '../schema/overview.ts'
import { alertsOf, histogramOf, LIVE } from './alerts.ts'
import { incidentsOf, OPEN, overdueAt } from './incidents.ts'
import { portalRows } from './agencies.ts'
import { sourceRows } from './sources.ts'

const DAY = 86_400_000
const HOUR = 3_600_000

export const overview = new Hono<Env>().get('/', does(getOverview), async (c) => {
  const { installation, scope } = c.var
  const now = installation.clock()
  const q = c.req.valid('query')
  const agency = and(...chosenAgencies(installation, q.organization))
  const { from, to } = rangeOf(q, now, DAY)
  const chosen = q.organization?.length ? q.organization : undefined
  const incidents = incidentsOf(installation)
  const alerts = alertsOf(installation)
  const offset = -zoneOffset(installation.inventory.province.timezone, now)
  const midnight = Math.floor((now - offset) / DAY) * DAY + offset
  const days = Array.from({ length: 14 }, (_, i) => midnight - (13 - i) * DAY)
  const count = async (filter: Parameters<typeof and>[0]) =>
    (await incidents.query(scope, { filter: and(agency, filter), limit: 1 })).total
  const overdue = await incidents.query(scope, {
    filter: and(agency, overdueAt(now)),
    sort: [{ field: 'incident.due', order: 'asc' }],
    limit: 1,
  })
  const worst = overdue.items[0]
  const byDay = await incidents.aggregate(scope, {
    filter: and(agency, { op: 'range', field: 'incident.created', gte: days[0]! }),
    by: ['organization.id', { field: 'incident.created', every: DAY, offset }],
    limit: 100_000,
  })
  const open = new Map(
    (await incidents.aggregate(scope, { filter: and(agency, OPEN), by: ['organization.id'], limit: 10_000 })).map(
      ({ key, count: n }) => [String(key[0] ?? ''), n],
    ),
  )
  const rows = new Map<string, { id: string; name: string; days: number[]; open: number }>()
  const rowOf = (id: string) => {
    let row = rows.get(id)
    if (!row)
      rows.set(
        id,
        (row = {
          id,
          name: installation.inventory.agencies.find((a) => a.id === id)?.name ?? id,
          days: new Array<number>(14).fill(0),
          open: open.get(id) ?? 0,
        }),
      )
    return row
  }
  for (const { key, count: n } of byDay) {
    const i = Math.round((Number(key[1]) - days[0]!) / DAY)
    if (i >= 0 && i < 14) rowOf(String(key[0] ?? '')).days[i] = n
  }
  for (const id of open.keys()) rowOf(id)
  const sources = (await sourceRows(installation, scope)).filter(
    (row) => chosen === undefined || (row.organization !== undefined && chosen.includes(row.organization.id)),
  )
  const silent = sources
    .filter((row) => row.state === 'silent')
    .sort((a, b) => (a.last_event ?? 0) - (b.last_event ?? 0))
  const portals = await portalRows(installation, scope)
  const every = 1_800_000
  const start = Math.floor((now - DAY) / every) * every
  const rates = new Array<number>(Math.ceil((now - start) / every)).fill(0)
  const ingested = await installation.store.events.aggregate(scope, {
    filter: and(agency, { op: 'not', of: eq('event.dataset', 'vonglau.source') }),
    from: start,
    to: now + 1,
    by: [{ every }],
    limit: 1000,
  })
  for (const { key, count: n } of ingested.items) {
    const i = Math.round((Number(key[0]) - start) / every)
    if (i >= 0 && i < rates.length) rates[i] = n / (every / 1000)
  }
  const body: Overview = {
    open_incidents: await count(OPEN),
    opened_today: await count({ op: 'range', field: 'incident.created', gte: midnight }),
    overdue_incidents: overdue.total,
    ...(worst
      ? {
          overdue_worst: {
            id: worst.id,
            organization: String(worst.doc['organization.name'] ?? ''),
            ms: now - worst.doc['incident.due'],
          },
        }
      : {}),
    new_alerts: (await alerts.query(scope, { filter: and(agency, eq('alert.status', 'new')), limit: 1 })).total,
    new_critical: (
      await alerts.query(scope, {
        filter: and(agency, eq('alert.status', 'new'), eq('rule.level', 'critical')),
        limit: 1,
      })
    ).total,
    silent_sources: silent.length,
    ...(silent[0] ? { silent_worst: { id: silent[0].id, ms: now - (silent[0].last_event ?? now) } } : {}),
    alerts: await histogramOf(
      installation,
      scope,
      and(LIVE, agency),
      from,
      to,
      to - from <= DAY + HOUR ? HOUR : undefined,
    ),
    agencies: [...rows.values()].sort((a, b) => b.open - a.open || sum(b.days) - sum(a.days) || (a.id < b.id ? -1 : 1)),
    days,
    ingest: {
      rate: sum(sources.map((row) => row.rate)),
      lag: Math.max(0, ...sources.filter((row) => row.rate > 0).map((row) => row.lag)),
      lost: 0,
      unparsed: sum(sources.map((row) => row.unparsed)),
      start,
      every,
      rates,
    },
    portals: portals
      .filter((p) => chosen === undefined || chosen.includes(p.organization.id))
      .map((p) => ({
        id: p.id,
        domain: p.domain,
        organization: p.organization.name,
        ipv4: p.ipv4,
        ipv6: p.ipv6,
        trusted: p.trusted,
        state: p.open_incidents > 0 ? 'incident' : soon(p.tls_expires, now) ? 'tls' : !p.ipv6 ? 'v6' : 'ok',
      })),
    trusted: portals.filter((p) => p.trusted).length,
    ...(installation.replay ? { replay: installation.replay } : {}),
  }
  const shown = new Set(sources.map((row) => row.id))
  body.ingest.lost = sum((await installation.status()).filter(({ id }) => shown.has(id)).map((each) => each.dropped))
  return c.json(body)
})

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
/** A TLS certificate that ends within 30 days. */
const soon = (expires: string | undefined, now: number): boolean =>
  expires !== undefined && Date.parse(expires) - now < 30 * DAY
