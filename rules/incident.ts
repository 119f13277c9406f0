/**
 * Alerts of level high and above join the open incident of the same agency and portal, or entity where there is no portal,
 * whose last alert is less than 24 h older; otherwise they open one. A closed incident is not reopened: the new one is
 * related to it.
 */
import { createHash } from 'node:crypto'
import { and, eq, not } from '../ingest/store/filter.ts'
import { type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import type { Activity } from './activity.ts'
import type { Alert, CloseReason } from './alert.ts'
import { HOUR, type Level, type Rule, severityOf } from './rule.ts'

export type IncidentStatus = 'new' | 'in_progress' | 'closed'
export interface Incident {
  readonly '@timestamp': number
  readonly 'incident.number': number
  readonly title: string
  /** Of a title that is the rule's name; absent where a person gave one. */
  readonly title_en?: string
  readonly 'incident.level': Level
  readonly 'incident.severity': number
  readonly 'incident.status': IncidentStatus
  /** Agency, and portal or entity: what joins alerts. */
  readonly 'incident.key': string
  readonly 'incident.first': number
  readonly 'incident.last': number
  readonly 'incident.created': number
  readonly 'incident.due': number
  readonly alerts: readonly { readonly id: string; readonly count: number }[]
  readonly portals: readonly {
    readonly id: string
    readonly domain: string
    readonly ipv6: boolean
    readonly trusted: boolean
  }[]
  readonly related: readonly string[]
  readonly activity: readonly Activity[]
  readonly 'incident.reason'?: CloseReason
  readonly 'incident.closed'?: number
  readonly 'incident.assignee'?: string
  readonly 'organization.id'?: string
  readonly 'organization.name'?: string
  readonly [field: string]: unknown
}

const REACH = 24 * HOUR

export interface Incidents {
  /** Puts an alert where it belongs, once; brings its incident up to date where it is in one. Idempotent. */
  take(rule: Pick<Rule, 'incident'>, alert: Stored<Alert>): Promise<void>
  /** A person's choice: into this incident, or into a new one. */
  open(alert: Stored<Alert>, by: string, title?: string): Promise<Stored<Incident>>
  join(incident: string, alert: Stored<Alert>, by: string): Promise<Stored<Incident>>
}

/** What an alert concerns within its agency. */
const keyOf = (alert: Alert): string => {
  const entity =
    alert['portal.id'] ??
    alert['source.prefix'] ??
    alert['source.ip'] ??
    alert['observer.name'] ??
    alert['vonglau.source.id'] ??
    ''
  return createHash('sha256')
    .update(JSON.stringify([alert['organization.id'] ?? '', alert['portal.id'] ? 'portal' : 'entity', entity]))
    .digest('hex')
    .slice(0, 32)
}
const portalsOf = (alert: Alert): Incident['portals'] =>
  alert['portal.id']
    ? [
        {
          id: String(alert['portal.id']),
          domain: String(alert['portal.domain'] ?? alert['portal.id']),
          ipv6: alert['portal.ipv6'] === true,
          trusted: alert['portal.trusted'] === true,
        },
      ]
    : []

export const openIncidents = (
  store: Store,
  clock: () => number,
  deadlines: () => { readonly [level: string]: number },
): Incidents => {
  const incidents = store.documents.collection<Incident>('incidents')
  const alerts = store.documents.collection<Alert>('alerts')

  const nextNumber = async (): Promise<number> => {
    const { items } = await incidents.query(SYSTEM, {
      filter: { op: 'and', of: [] },
      sort: [{ field: 'incident.number', order: 'desc' }],
      limit: 1,
    })
    return (items[0]?.doc['incident.number'] ?? 0) + 1
  }

  const create = async (alert: Stored<Alert>, by: string, title?: string): Promise<Stored<Incident>> => {
    const { doc } = alert
    // The same alert opens the same incident, however often the run is repeated.
    const id = createHash('sha256').update(`incident ${alert.id}`).digest('hex').slice(0, 24)
    const before = await incidents.query(SYSTEM, {
      filter: and(eq('incident.key', keyOf(doc)), eq('incident.status', 'closed')),
      sort: [{ field: 'incident.last', order: 'desc' }],
      limit: 3,
    })
    const now = clock()
    for (;;) {
      const number = await nextNumber()
      const incident: Incident = {
        '@timestamp': doc['alert.first'],
        'incident.number': number,
        title: title ?? doc['rule.name'],
        ...(title === undefined ? { title_en: doc.rule_name.en } : {}),
        'incident.level': doc['rule.level'],
        'incident.severity': severityOf(doc['rule.level']),
        'incident.status': 'new',
        'incident.key': keyOf(doc),
        'incident.first': doc['alert.first'],
        'incident.last': doc['alert.last'],
        'incident.created': now,
        'incident.due': now + (deadlines()[doc['rule.level']] ?? 24) * HOUR,
        alerts: [{ id: alert.id, count: doc['alert.count'] }],
        portals: portalsOf(doc),
        related: before.items.map((item) => item.id),
        activity: [{ at: now, by, what: 'created' }],
        ...(doc['organization.id'] === undefined
          ? {}
          : {
              'organization.id': String(doc['organization.id']),
              'organization.name': String(doc['organization.name'] ?? ''),
            }),
      }
      const [result] = await incidents.put([{ id, doc: incident, version: null }])
      const stored = await incidents.get(SYSTEM, id)
      if (result?.ok || stored) return stored!
    }
  }

  const add = async (id: string, alert: Stored<Alert>, by: string): Promise<Stored<Incident>> => {
    for (;;) {
      const current = (await incidents.get(SYSTEM, id))!
      const { doc } = current
      const mine = doc.alerts.find((each) => each.id === alert.id)
      const count = alert.doc['alert.count']
      const worse = severityOf(alert.doc['rule.level']) > doc['incident.severity']
      const gone = new Set(alert.doc.absorbed ?? [])
      const listed = doc.alerts.filter((each) => each.id !== alert.id && !gone.has(each.id))
      const next: Incident = {
        ...doc,
        alerts: [...listed, { id: alert.id, count }],
        'incident.first': Math.min(doc['incident.first'], alert.doc['alert.first']),
        'incident.last': Math.max(doc['incident.last'], alert.doc['alert.last']),
        portals: [
          ...doc.portals,
          ...portalsOf(alert.doc).filter((p) => !doc.portals.some((known) => known.id === p.id)),
        ],
        ...(worse
          ? {
              'incident.level': alert.doc['rule.level'],
              'incident.severity': severityOf(alert.doc['rule.level']),
              'incident.due': Math.min(
                doc['incident.due'],
                clock() + (deadlines()[alert.doc['rule.level']] ?? 24) * HOUR,
              ),
            }
          : {}),
        activity: mine
          ? doc.activity
          : [...doc.activity, { at: clock(), by, what: 'joined', to: alert.id, text: alert.doc['rule.name'] }],
      }
      if (
        mine &&
        mine.count === count &&
        listed.length === doc.alerts.length - 1 &&
        next['incident.last'] === doc['incident.last']
      )
        return current
      const [result] = await incidents.put([{ id, doc: next, version: current.version }])
      if (result?.ok) return (await incidents.get(SYSTEM, id))!
    }
  }

  const mark = async (alertId: string, incident: Stored<Incident>): Promise<void> => {
    for (;;) {
      const current = await alerts.get(SYSTEM, alertId)
      if (!current || current.doc['alert.incident'] === incident.id) return
      const [result] = await alerts.put([
        {
          id: alertId,
          version: current.version,
          doc: { ...current.doc, 'alert.incident': incident.id, incident_number: incident.doc['incident.number'] },
        },
      ])
      if (result?.ok) return
    }
  }

  return {
    take: async (rule, alert) => {
      const { doc } = alert
      if (doc['alert.status'] === 'absorbed') return
      const mine = doc['alert.incident']
      if (mine !== undefined) {
        const incident = await incidents.get(SYSTEM, mine)
        if (incident && incident.doc['incident.status'] !== 'closed') await add(mine, alert, 'system')
        return
      }
      if (!rule.incident) return
      const { items } = await incidents.query(SYSTEM, {
        filter: and(eq('incident.key', keyOf(doc)), not(eq('incident.status', 'closed'))),
        sort: [{ field: 'incident.last', order: 'desc' }],
        limit: 20,
      })
      const near = items.find(
        (each) =>
          doc['alert.first'] - each.doc['incident.last'] < REACH &&
          each.doc['incident.first'] - doc['alert.last'] < REACH,
      )
      await mark(alert.id, near ? await add(near.id, alert, 'system') : await create(alert, 'system'))
    },
    open: async (alert, by, title) => {
      const incident = await create(alert, by, title)
      await mark(alert.id, incident)
      return incident
    },
    join: async (id, alert, by) => {
      const incident = await add(id, alert, by)
      await mark(alert.id, incident)
      return incident
    },
  }
}
