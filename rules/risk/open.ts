/** What was open at a moment, by agency: asked of the store as buckets, for a province may have hundreds of thousands of alerts. */
import { and, eq, exists, type Filter, not, or } from '../../ingest/store/filter.ts'
import { type DocumentStore, type Scope, type Stored, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../alert.ts'
import { alertsIn, incidentsIn } from '../case/decide.ts'
import { historyOf } from '../case/journal.ts'
import { pagesOf } from '../case/pages.ts'
import type { Level } from '../rule.ts'
import type { RiskCase } from './score.ts'

const DAY = 86_400_000

const openAt = (kind: 'alert' | 'incident', begun: string, time: number): Filter =>
  and(
    { op: 'range', field: begun, lte: time },
    or(not(eq(`${kind}.status`, 'closed')), { op: 'range', field: `${kind}.closed`, gt: time }),
  )
/** Alerts that had begun by then and were not closed yet. One that was opened again counts as open throughout. */
export const alertsOpenAt = (time: number): Filter =>
  and(not(eq('alert.status', 'absorbed')), openAt('alert', 'alert.first', time))
export const incidentsOpenAt = (time: number): Filter => openAt('incident', 'incident.created', time)
/** Incidents whose time was over and that were not closed. */
export const overdueThen = (time: number): Filter =>
  and(incidentsOpenAt(time), { op: 'range', field: 'incident.due', lt: time })

export interface Open extends Pick<RiskCase, 'alerts' | 'overdue'> {}

/** By the id under which it is stored; '' for what is nobody's. `offset`: that of the province's days, in ms. */
export const openByAgency = async (
  documents: DocumentStore,
  scope: Scope,
  time: number,
  offset: number,
): Promise<ReadonlyMap<string, Open>> => {
  const out = new Map<string, { alerts: Open['alerts'][number][]; overdue: Open['overdue'][number][] }>()
  const of = (id: unknown) => {
    const key = String(id ?? '')
    const found = out.get(key) ?? { alerts: [], overdue: [] }
    out.set(key, found)
    return found
  }
  const [alerts, overdue] = await Promise.all([
    alertsIn(documents).aggregate(scope, {
      filter: alertsOpenAt(time),
      by: ['organization.id', 'rule.level', { field: 'alert.last', every: DAY, offset }],
      limit: 1_000_000,
    }),
    incidentsIn(documents).aggregate(scope, {
      filter: overdueThen(time),
      by: ['organization.id', 'incident.level'],
      limit: 100_000,
    }),
  ])
  const today = Math.floor((time - offset) / DAY)
  for (const { key, count } of alerts)
    of(key[0]).alerts.push({
      level: key[1] as Level,
      // Of one that went on after that moment nothing has fallen yet.
      days: Math.max(0, today - Math.floor((Number(key[2]) - offset) / DAY)),
      count,
    })
  for (const { key, count } of overdue) of(key[0]).overdue.push({ level: key[1] as Level, count })
  return out
}

/** Of several ids together. */
export const together = (open: ReadonlyMap<string, Open>, ids: readonly string[]): Open => ({
  alerts: ids.flatMap((id) => open.get(id)?.alerts ?? []),
  overdue: ids.flatMap((id) => open.get(id)?.overdue ?? []),
})

/**
 * Alerts that a version before closed do not say when: the journal does, and where it does not, their last event. Once;
 * broken off, it goes on with those that are left.
 */
export const dateClosed = async (documents: DocumentStore): Promise<void> => {
  const alerts = alertsIn(documents)
  const closedAt = async ({ id, doc }: Stored<Alert>): Promise<number> => {
    const acts = await historyOf(documents, id, doc)
    return acts.findLast(({ changes }) => changes['alert.status']?.to === 'closed')?.at ?? doc['alert.last']
  }
  for await (const page of pagesOf(alerts, and(eq('alert.status', 'closed'), not(exists('alert.closed')))))
    for (const alert of page) {
      const doc = { ...alert.doc, 'alert.closed': await closedAt(alert) }
      // Whoever changed it meanwhile is right; the next time finds it again if it is still without.
      await alerts.put([{ id: alert.id, version: alert.version, doc }])
    }
}
export const hasUndated = async (documents: DocumentStore): Promise<boolean> =>
  (
    await alertsIn(documents).query(SYSTEM, {
      filter: and(eq('alert.status', 'closed'), not(exists('alert.closed'))),
      limit: 1,
    })
  ).items.length > 0
