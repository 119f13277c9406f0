/** Information systems: who owns and runs one, its level, what was found on it, who is called. */
import { Hono } from 'hono'
import { levelOn } from '../../ingest/inventory/counts.ts'
import { dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import type { Inventory, System } from '../../ingest/inventory/schema.ts'
import { agencyName, countedWith, systemOf } from '../../ingest/inventory/scope.ts'
import { eq } from '../../ingest/store/filter.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { overdueFindings } from '../../rules/risk/standing.ts'
import { type Env, notFound } from '../context.ts'
import type { PortalRow, SourceRow } from '../contract.ts'
import type { SystemDetail, SystemRow } from '../contract-province.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { getSystem, listSystems } from '../schema/systems.ts'
import { incidentRow } from '../rows.ts'
import { OPEN_ALERT, portalRows } from './agencies.ts'
import { alertsOf } from './alerts.ts'
import { contactRows } from './contacts.ts'
import { incidentsOf, OPEN } from './incidents.ts'
import { sourceRows } from './sources.ts'

/** An agency that has the duties of another now has its systems too. */
const ownersOf = (inventory: Inventory, system: System): string[] => countedWith(inventory, system.owner)
export const seesSystem = (inventory: Inventory, scope: Scope, system: System): boolean =>
  sees(scope, system.owner, system.id) || ownersOf(inventory, system).some((id) => sees(scope, id))

/** It has sent something, and has not fallen silent. */
export const isSending = ({ state, last_event: last }: SourceRow): boolean => last !== undefined && state !== 'silent'

const named = (inventory: Inventory, id: string) => ({ id, name: agencyName(inventory, id) ?? id })
const daysLate = (due: string | undefined, done: string | undefined, date: string): number =>
  due === undefined || done !== undefined || due >= date
    ? 0
    : Math.round((Date.parse(`${date}T00:00:00Z`) - Date.parse(`${due}T00:00:00Z`)) / 86_400_000)

interface Counts {
  readonly incidents: ReadonlyMap<string, number>
  readonly alerts: ReadonlyMap<string, number>
  readonly portals: readonly PortalRow[]
  readonly sources: readonly SourceRow[]
  readonly date: string
}
const countsOf = async (installation: Installation, scope: Scope, at = installation.clock()): Promise<Counts> => {
  const bySystem = (buckets: readonly { readonly key: readonly unknown[]; readonly count: number }[]) =>
    new Map(buckets.flatMap(({ key, count }) => (key[0] === null ? [] : [[String(key[0]), count] as const])))
  const [incidents, alerts, portals, sources] = await Promise.all([
    incidentsOf(installation).aggregate(scope, { filter: OPEN, by: ['system.id'], limit: 10_000 }),
    alertsOf(installation).aggregate(scope, { filter: OPEN_ALERT, by: ['system.id'], limit: 10_000 }),
    portalRows(installation, scope),
    sourceRows(installation, scope),
  ])
  return {
    incidents: bySystem(incidents),
    alerts: bySystem(alerts),
    portals,
    sources,
    date: dayOf(installation.inventory.province.timezone, at),
  }
}

/** Whose it is on a day: its owner, or who succeeded that. */
export const ownerOn = (inventory: Inventory, system: System, date: string): string =>
  ownersOf(inventory, system).find((id) => {
    const agency = inventory.agencies.find((each) => each.id === id)
    return agency !== undefined && isValidOn(agency, date)
  }) ?? system.owner

const rowOf = (inventory: Inventory, system: System, counts: Counts): SystemRow => {
  const { date } = counts
  const level = levelOn(system, date)?.level
  const sources = counts.sources.filter((source) => source.system === system.id)
  const assessed = system.assessments
    .flatMap(({ date: on }) => (on <= date ? [on] : []))
    .sort()
    .at(-1)
  return {
    id: system.id,
    name: system.name,
    owner: named(inventory, ownerOn(inventory, system, date)),
    ...(system.operator === undefined ? {} : { operator: named(inventory, system.operator) }),
    shared: system.shared,
    assumed: system.assumed,
    ...(level === undefined ? {} : { level }),
    portals: counts.portals.filter((portal) => portal.system === system.id).length,
    open_incidents: counts.incidents.get(system.id) ?? 0,
    open_alerts: counts.alerts.get(system.id) ?? 0,
    overdue_findings: overdueFindings(system, date).length,
    sources: sources.length,
    silent_sources: sources.filter(({ state }) => state === 'silent').length,
    ...(sources.some(isSending) ? { monitored: true as const } : {}),
    ...(assessed === undefined ? {} : { assessed }),
  }
}

/** `at`: when what the inventory says of them is so; cases and sources are those of now. */
export const systemRows = async (installation: Installation, scope: Scope, at?: number): Promise<SystemRow[]> => {
  const { inventory } = installation
  const counts = await countsOf(installation, scope, at)
  return inventory.systems
    .filter((system) => isValidOn(system, counts.date) && seesSystem(inventory, scope, system))
    .map((system) => rowOf(inventory, system, counts))
}

export const systems = new Hono<Env>()
  .get('/', does(listSystems), async (c) => {
    const items = await systemRows(c.var.installation, c.var.scope, c.req.valid('query').at)
    items.sort(
      (a, b) =>
        b.open_incidents - a.open_incidents || (b.level ?? 0) - (a.level ?? 0) || a.name.localeCompare(b.name, 'vi'),
    )
    return c.json({ items })
  })
  .get('/:id', does(getSystem), async (c) => {
    const { installation, scope } = c.var
    const { inventory } = installation
    const system = systemOf(inventory, c.req.param('id'))
    if (!system || !seesSystem(inventory, scope, system)) throw notFound('hệ thống này', 'system')
    const counts = await countsOf(installation, scope)
    const now = installation.clock()
    const { date } = counts
    const incidents = await incidentsOf(installation).query(scope, {
      filter: eq('system.id', system.id),
      sort: [{ field: 'incident.last', order: 'desc' }],
      limit: 50,
    })
    const isOwner = ownersOf(inventory, system).some((id) => sees(scope, id))
    const body: SystemDetail = {
      ...rowOf(inventory, system, counts),
      ...(system.platform === undefined ? {} : { platform: system.platform }),
      ...(system.hosting === undefined ? {} : { hosting: system.hosting }),
      ...(isOwner ? {} : { operated: true as const }),
      levels: system.levels
        .map((level, i) => {
          const next = system.levels[i + 1]
          return { ...given(level), ...(next ? { to: next.from } : {}) }
        })
        .reverse(),
      servers: [...system.servers],
      talks_to: system.talks_to.map((id) => {
        const other = systemOf(inventory, id)
        return other && seesSystem(inventory, scope, other) ? { id, name: other.name } : { name: other?.name ?? id }
      }),
      contacts: contactRows(system.contacts, date),
      assessments: system.assessments
        .map(({ date: on, by, findings }) => ({
          date: on,
          by,
          findings: findings.map((finding) => {
            const overdue = daysLate(finding.due, finding.done, date)
            return { ...given(finding), ...(overdue > 0 ? { overdue } : {}) }
          }),
        }))
        .reverse(),
      planned: plannedRows(inventory, now)
        .filter((work) => work.system === system.id)
        .map(({ id, from, to, who, why }) => ({ id, from, to, who, why })),
      incidents: incidents.items.map((item) => incidentRow(inventory, item, now)),
      portal_rows: counts.portals.filter((portal) => portal.system === system.id),
      source_rows: counts.sources.filter((source) => source.system === system.id),
    }
    return c.json(body)
  })

/** Without the keys that say nothing. */
const given = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T

/** Planned work that is not over, the next first. */
export const plannedRows = (inventory: Inventory, now: number) =>
  inventory.planned
    .map((work) => ({ ...work, from: Date.parse(work.from), to: Date.parse(work.to) }))
    .filter(({ to }) => to > now)
    .sort((a, b) => a.from - b.from)
