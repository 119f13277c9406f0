import { Hono } from 'hono'
import { HEALTH_DATASET } from '../../ingest/event.ts'
import { and, eq, not } from '../../ingest/store/filter.ts'
import { levelOn } from '../../ingest/inventory/counts.ts'
import { dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { ipv6At, trustedAt, trustEnds } from '../../ingest/inventory/portal.ts'
import { agencyName, countedWith, predecessorsOf, storedUnder } from '../../ingest/inventory/scope.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { type Env, notFound, zoneOffset } from '../context.ts'
import type { AgencyDetail, AgencyRow, PortalRow } from '../contract.ts'
import type { RiskView } from '../contract-province.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { tlsGapOf, trustGapOf } from '../../rules/risk/standing.ts'
import { riskOf } from '../risk/rows.ts'
import { getAgency, listAgencies } from '../schema/agencies.ts'
import { listPortals } from '../schema/portals.ts'
import { incidentRow } from '../rows.ts'
import { alertsOf, LIVE } from './alerts.ts'
import { incidentsOf, OPEN, overdueAt } from './incidents.ts'
import { sourceRows } from './sources.ts'
import { contactRows } from './contacts.ts'

const DAY = 86_400_000
export const OPEN_ALERT = and(LIVE, not(eq('alert.status', 'closed')))

/** `at`: when what the inventory says of them is so; cases and events are those of now. */
export const portalRows = async (
  installation: Installation,
  scope: Scope,
  at = installation.clock(),
): Promise<PortalRow[]> => {
  const { inventory } = installation
  const alerts = new Map(
    (await alertsOf(installation).aggregate(scope, { filter: OPEN_ALERT, by: ['portal.id'], limit: 100_000 })).map(
      ({ key, count }) => [String(key[0]), count],
    ),
  )
  const incidents = new Map<string, number>()
  const open = await incidentsOf(installation).query(scope, { filter: OPEN, limit: 10_000 })
  for (const { doc } of open.items)
    for (const portal of doc.portals) incidents.set(portal.id, (incidents.get(portal.id) ?? 0) + 1)
  const now = installation.clock()
  const seen = new Map(
    (
      await installation.store.events.aggregate(scope, {
        filter: { op: 'exists', field: 'portal.id' },
        from: now - DAY,
        to: now + DAY,
        by: [{ terms: 'portal.id' }],
        limit: 10_000,
      })
    ).items.map(({ key, last }) => [String(key[0]), last]),
  )
  const date = dayOf(inventory.province.timezone, at)
  const abolished = new Set(inventory.agencies.flatMap((agency) => (isValidOn(agency, date) ? [] : [agency.id])))
  return inventory.portals
    .filter((portal) => sees(scope, portal.organization, portal.system))
    .map((portal) => {
      const expires = trustEnds(portal, at)
      const isCounted = isValidOn(portal, date)
      const [trust, tls] = isCounted ? [trustGapOf(portal, at), tlsGapOf(portal, at)] : []
      return {
        id: portal.id,
        name: portal.name,
        domain: portal.domain,
        organization: {
          id: portal.organization,
          name: agencyName(inventory, portal.organization) ?? portal.organization,
        },
        agencies: countedWith(inventory, portal.organization),
        ...(portal.system === undefined ? {} : { system: portal.system }),
        addresses: portal.addresses,
        ipv4: portal.addresses.some((address) => !address.includes(':')),
        ipv6: ipv6At(portal, at),
        trusted: trustedAt(portal, at),
        ...(expires === undefined ? {} : { trust_expires: expires }),
        ...(portal.tls_expires ? { tls_expires: portal.tls_expires } : {}),
        ...(trust ? { trust_gap: trust } : {}),
        ...(tls ? { tls_gap: tls } : {}),
        ...(isCounted && abolished.has(portal.organization) ? { left_over: true as const } : {}),
        ...(isCounted ? {} : { ended: true as const }),
        open_incidents: incidents.get(portal.id) ?? 0,
        open_alerts: alerts.get(portal.id) ?? 0,
        ...(seen.has(portal.id) ? { last_event: seen.get(portal.id)! } : {}),
      }
    })
}

const agencyRows = async (
  installation: Installation,
  scope: Scope,
  portals: readonly PortalRow[],
  risk: RiskView,
): Promise<AgencyRow[]> => {
  const scores = new Map(risk.items.map(({ id, points }) => [id, points!]))
  const incidents = incidentsOf(installation)
  const now = installation.clock()
  const by = async (filter: Parameters<typeof and>[0]) =>
    new Map(
      (await incidents.aggregate(scope, { filter, by: ['organization.id'], limit: 10_000 })).map(({ key, count }) => [
        String(key[0]),
        count,
      ]),
    )
  const open = await by(OPEN)
  const overdue = await by(overdueAt(now))
  const alerts = new Map(
    (await alertsOf(installation).aggregate(scope, { filter: OPEN_ALERT, by: ['organization.id'], limit: 10_000 })).map(
      ({ key, count }) => [String(key[0]), count],
    ),
  )
  const sources = await sourceRows(installation, scope)
  return installation.inventory.agencies
    .filter(({ id }) => sees(scope, id))
    .map((agency) => {
      const mine = portals.filter((portal) => portal.agencies.includes(agency.id))
      // With what is stored under its predecessors: a number and the list that it opens are made alike.
      const ids = storedUnder(installation.inventory, agency.id)
      const sum = (counts: ReadonlyMap<string, number>) => ids.reduce((total, id) => total + (counts.get(id) ?? 0), 0)
      return {
        id: agency.id,
        name: agency.name,
        kind: agency.kind,
        ...(agency.parent ? { parent: agency.parent } : {}),
        ...(agency.valid_from ? { valid_from: agency.valid_from } : {}),
        ...(agency.valid_to ? { valid_to: agency.valid_to } : {}),
        successors: [...agency.successors],
        predecessors: predecessorsOf(installation.inventory, agency.id).map(({ id }) => id),
        open_incidents: sum(open),
        overdue_incidents: sum(overdue),
        open_alerts: sum(alerts),
        portals: mine.length,
        ipv6: mine.filter((p) => p.ipv6).length,
        trusted: mine.filter((p) => p.trusted).length,
        sources: sources.filter((s) => s.agencies?.includes(agency.id)).length,
        ...(scores.has(agency.id) ? { risk: scores.get(agency.id)! } : {}),
      }
    })
    .sort(
      (a, b) => (b.risk ?? -1) - (a.risk ?? -1) || b.open_alerts - a.open_alerts || a.name.localeCompare(b.name, 'vi'),
    )
}

export const agencies = new Hono<Env>()
  .get('/', does(listAgencies), async (c) => {
    const { installation, scope } = c.var
    const [portals, risk] = [await portalRows(installation, scope), await riskOf(installation, scope)]
    const items = await agencyRows(installation, scope, portals, risk)
    const now = installation.clock()
    // What belongs to no agency is listed, so that the inventory can be completed. Only those who see everything see it.
    const homeless = and(not({ op: 'exists', field: 'organization.id' }), not(eq('event.dataset', HEALTH_DATASET)))
    const window = { from: now - DAY, to: now + 1 }
    const events = 'system' in scope ? await installation.store.events.count(scope, { filter: homeless, ...window }) : 0
    const hosts = events
      ? (
          await installation.store.events.aggregate(scope, {
            filter: homeless,
            ...window,
            by: [{ terms: 'destination.ip' }],
            limit: 10,
          })
        ).items
      : []
    return c.json({
      items,
      unassigned: {
        events,
        hosts: hosts.flatMap(({ key, count }) => (key[0] === null ? [] : [{ value: String(key[0]), count }])),
      },
    })
  })
  .get('/:id', does(getAgency), async (c) => {
    const { installation, scope } = c.var
    const id = c.req.param('id')
    const portals = await portalRows(installation, scope)
    const risk = await riskOf(installation, scope)
    const row = (await agencyRows(installation, scope, portals, risk)).find((each) => each.id === id)
    if (!row) throw notFound('cơ quan này', 'agency')
    const now = installation.clock()
    const offset = -zoneOffset(installation.inventory.province.timezone, now)
    const start = Math.floor((now - offset) / DAY) * DAY + offset - 13 * DAY
    // What its predecessors had is its own to settle.
    const ids = storedUnder(installation.inventory, id)
    const mine = eq('organization.id', ...ids)
    const series = async (collection: 'alerts' | 'incidents', field: string) => {
      const out = new Array<number>(14).fill(0)
      const buckets = await installation.store.documents.collection(collection).aggregate(scope, {
        filter: and(mine, { op: 'range', field, gte: start }),
        by: [{ field, every: DAY, offset }],
        limit: 100,
      })
      for (const { key, count } of buckets) {
        const i = Math.round((Number(key[0]) - start) / DAY)
        if (i >= 0 && i < 14) out[i] = count
      }
      return out
    }
    const incidents = incidentsOf(installation)
    const agency = installation.inventory.agencies.find((each) => each.id === id)!
    const date = dayOf(installation.inventory.province.timezone, now)
    const standing = [...risk.items, ...risk.unknown].find((each) => each.id === id)
    const body: AgencyDetail = {
      ...row,
      contacts: contactRows(agency.contacts, date),
      systems: installation.inventory.systems
        .filter(
          (system) =>
            isValidOn(system, date) &&
            (system.operator === id || countedWith(installation.inventory, system.owner).includes(id)),
        )
        .map((system) => {
          const level = levelOn(system, date)?.level
          return {
            id: system.id,
            name: system.name,
            ...(level === undefined ? {} : { level }),
            ...(system.operator === id ? { operated: true as const } : {}),
          }
        }),
      ...(standing ? { standing } : {}),
      weeks: risk.weeks,
      incidents: (
        await incidents.query(scope, { filter: mine, sort: [{ field: 'incident.last', order: 'desc' }], limit: 50 })
      ).items.map((item) => incidentRow(installation.inventory, item, now)),
      portal_rows: portals.filter((portal) => portal.agencies.includes(id)),
      source_rows: (await sourceRows(installation, scope)).filter((source) => source.agencies?.includes(id)),
      days: {
        start,
        every: DAY,
        alerts: await series('alerts', 'alert.first'),
        incidents: await series('incidents', 'incident.created'),
      },
    }
    return c.json(body)
  })

export const portals = new Hono<Env>().get('/', does(listPortals), async (c) =>
  c.json({ items: await portalRows(c.var.installation, c.var.scope, c.req.valid('query').at) }),
)
