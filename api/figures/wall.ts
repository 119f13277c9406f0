/** What the room sees from five metres. */
import { dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { agencyOf } from '../../ingest/inventory/scope.ts'
import { and, eq, not } from '../../ingest/store/filter.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { alertsIn, incidentsIn } from '../../rules/case/decide.ts'
import { overdueThen } from '../../rules/risk/open.ts'
import type { Wall } from '../contract-province.ts'
import type { Installation } from '../installation.ts'
import { seenNow } from '../risk/seen.ts'
import { portalRows } from '../routes/agencies.ts'
import { sourceRows } from '../routes/sources.ts'

const URGENT = 6
const LATE = 3
const OPEN = not(eq('incident.status', 'closed'))

export const wallOf = async (installation: Installation, scope: Scope): Promise<Wall> => {
  const { inventory, store } = installation
  const now = installation.clock()
  const date = dayOf(inventory.province.timezone, now)
  const incidents = incidentsIn(store.documents)
  const count = async (filter: Parameters<typeof and>[0]) => (await incidents.query(scope, { filter, limit: 1 })).total
  const urgent = await incidents.query(scope, {
    filter: OPEN,
    sort: [{ field: 'incident.due', order: 'asc' }],
    limit: URGENT,
  })
  const late = await incidents.query(scope, {
    filter: overdueThen(now),
    sort: [{ field: 'incident.due', order: 'asc' }],
    limit: 100,
  })
  const short = (id: string | undefined): string | undefined => {
    const agency = id === undefined ? undefined : agencyOf(inventory, id)
    return agency && (agency.short ?? agency.name.replace(/^Ủy ban nhân dân /, ''))
  }
  const silent = (await sourceRows(installation, scope)).filter(({ state }) => state === 'silent')
  const { agencies } = await seenNow(installation)
  const inForce = inventory.agencies.filter((agency) => isValidOn(agency, date) && sees(scope, agency.id))
  const seen = inForce.filter(({ id }) => (agencies.get(id)?.coverage ?? 0) > 0).length
  return {
    at: now,
    province: inventory.province.name,
    open: await count(OPEN),
    critical: await count(and(OPEN, eq('incident.level', 'critical'))),
    overdue: late.total,
    late: [...new Set(late.items.flatMap(({ doc }) => short(doc['organization.id']) ?? []))].slice(0, LATE),
    waiting: (
      await alertsIn(store.documents).query(scope, {
        filter: and(eq('alert.status', 'new'), eq('rule.level', 'high', 'critical')),
        limit: 1,
      })
    ).total,
    silent: silent.length,
    silent_agencies: new Set(silent.flatMap(({ organization }) => organization?.id ?? [])).size,
    urgent: urgent.items.map(({ id, doc }) => {
      const agency = short(doc['organization.id'])
      return {
        id,
        level: doc['incident.level'],
        ...(agency === undefined ? {} : { agency }),
        title: { vi: doc.title, en: doc.title_en ?? doc.title },
        due: doc['incident.due'],
      }
    }),
    portals: (await portalRows(installation, scope))
      .filter(({ ended }) => !ended)
      .map(({ open_incidents: open, tls_gap: tls, ipv6 }) =>
        open > 0 ? 'incident' : tls ? 'tls' : ipv6 ? 'ok' : 'v6',
      ),
    agencies: { seen, unseen: inForce.length - seen },
  }
}
