/**
 * An incident: one agency's, with the alerts that name it. Membership is said once, on the alert; what the incident itself
 * holds of its alerts (how many, from when to when, how bad, which portals) is a summary that anyone can compute again.
 */
import { createHash } from 'node:crypto'
import { and, eq } from '../../ingest/store/filter.ts'
import { type Collection, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert, CloseReason } from '../alert.ts'
import { LEVELS, type Level, severityOf } from '../rule.ts'
import type { CaseDocument } from './act.ts'
import type { Task } from './table.ts'

export type IncidentStatus = 'new' | 'in_progress' | 'closed'

/** What its alerts make of it. */
export interface Summary {
  readonly '@timestamp': number
  readonly 'incident.first': number
  readonly 'incident.last': number
  readonly 'incident.alerts': number
  readonly 'incident.events': number
  readonly portals: readonly {
    readonly id: string
    readonly domain: string
    readonly ipv6: boolean
    readonly trusted: boolean
  }[]
}

/** Work on other documents that an act on this one asks for and that is not done yet. */
export interface Todo {
  readonly act: string
  readonly kind: 'close' | 'merge' | 'split' | 'undo'
  /** Of split: the alerts. */
  readonly alerts?: readonly string[]
}

export interface Incident extends CaseDocument, Summary {
  /** SYT-2026-014 */
  readonly 'incident.number': string
  /** The number that it had before agencies counted their own. */
  readonly 'incident.former'?: number
  readonly title: string
  /** Of a title that is the rule's name; absent where a person gave one. */
  readonly title_en?: string
  readonly 'incident.level': Level
  readonly 'incident.severity': number
  /** A person set the level: the program leaves it. */
  readonly 'incident.level_set'?: boolean
  readonly 'incident.status': IncidentStatus
  /** Agency, and portal or entity: what joins alerts. */
  readonly 'incident.key': string
  readonly 'incident.created': number
  readonly 'incident.due': number
  readonly 'incident.due_set'?: boolean
  readonly related: readonly string[]
  readonly tasks?: readonly Task[]
  readonly 'incident.reason'?: CloseReason
  readonly 'incident.closed'?: number
  readonly 'incident.assignee'?: string
  readonly 'incident.merged_into'?: string
  /** Its events stay, whatever their age and the quota. */
  readonly 'incident.held'?: true
  readonly 'incident.split_from'?: string
  readonly 'organization.id'?: string
  readonly 'organization.name'?: string
  /** The system of all its alerts: who runs it sees the incident beside the owner. */
  readonly 'system.id'?: string
  readonly todo?: readonly Todo[]
  readonly 'case.todo'?: number
}

/** Which systems are marked shared: what is found on one is one incident of its owner, with all its portals. */
export type IsShared = (system: string) => boolean

/** What an alert concerns within its agency, and its system. */
export const keyOf = (alert: Alert, isShared: IsShared = () => false): string => {
  const system = alert['system.id'] === undefined ? undefined : String(alert['system.id'])
  const owner = alert['organization.id'] ?? ''
  if (system !== undefined && isShared(system)) return keyFrom([owner, 'system', system])
  const entity =
    alert['portal.id'] ??
    alert['source.prefix'] ??
    alert['source.ip'] ??
    alert['observer.name'] ??
    alert['vonglau.source.id'] ??
    ''
  return keyFrom([owner, alert['portal.id'] ? 'portal' : 'entity', entity, ...(system === undefined ? [] : [system])])
}
const keyFrom = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)

/** An alert that became part of another names no incident any more. */
export const membersOf = (incident: string) => eq('alert.incident', incident)

const portalOf = (alert: Alert): Summary['portals'] =>
  alert['portal.id'] === undefined
    ? []
    : [
        {
          id: String(alert['portal.id']),
          domain: String(alert['portal.domain'] ?? alert['portal.id']),
          ipv6: alert['portal.ipv6'] === true,
          trusted: alert['portal.trusted'] === true,
        },
      ]

/** By its definition, from the alerts themselves. */
export const summaryOf = (alerts: readonly Alert[]): (Summary & { readonly worst: Level }) | undefined => {
  if (alerts.length === 0) return undefined
  const portals = new Map(alerts.flatMap((alert) => portalOf(alert).map((portal) => [portal.id, portal] as const)))
  const first = Math.min(...alerts.map((alert) => alert['alert.first']))
  const worst = Math.max(...alerts.map((alert) => severityOf(alert['rule.level'])))
  return {
    '@timestamp': first,
    'incident.first': first,
    'incident.last': Math.max(...alerts.map((alert) => alert['alert.last'])),
    'incident.alerts': alerts.length,
    'incident.events': alerts.reduce((sum, alert) => sum + alert['alert.count'], 0),
    portals: [...portals.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
    worst: LEVELS[worst]!,
  }
}

const MEASURES = [
  { field: 'alert.first', as: 'least' },
  { field: 'alert.last', as: 'greatest' },
  { field: 'alert.count', as: 'sum' },
  { field: 'alert.severity', as: 'greatest' },
] as const
/** The same asked of the store, which may hold thousands of its alerts. Undefined where it has none. */
export const readSummary = async (
  alerts: Collection<Alert>,
  incident: string,
): Promise<(Summary & { readonly worst: Level }) | undefined> => {
  const filter = membersOf(incident)
  const { count, values } = await alerts.measure(SYSTEM, { filter, of: MEASURES })
  if (count <= 1) return summaryOf((await alerts.query(SYSTEM, { filter, limit: 1 })).items.map(({ doc }) => doc))
  const [first, last, events, worst] = values as readonly number[]
  const portals: Summary['portals'][number][] = []
  for (const { key } of await alerts.aggregate(SYSTEM, { filter, by: ['portal.id'], limit: 1000 })) {
    if (key[0] === null || key[0] === undefined) continue
    const one = await alerts.query(SYSTEM, { filter: and(filter, eq('portal.id', key[0])), limit: 1 })
    portals.push(...portalOf(one.items[0]!.doc))
  }
  return {
    '@timestamp': first!,
    'incident.first': first!,
    'incident.last': last!,
    'incident.alerts': count,
    'incident.events': events!,
    portals: portals.sort((a, b) => (a.id < b.id ? -1 : 1)),
    worst: LEVELS[worst!]!,
  }
}
