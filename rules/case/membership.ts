/**
 * Which incident an alert belongs to. Alerts of level high and above join the open incident of the same agency and portal,
 * or entity where there is no portal, whose last alert is less than 24 h away; otherwise they open one. A closed incident
 * is not reopened: the new one is related to it. The alert's own write decides; the incident's summary follows.
 */
import { createHash } from 'node:crypto'
import { and, eq, not } from '../../ingest/store/filter.ts'
import { type Stored, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../alert.ts'
import { HOUR, type Rule, severityOf } from '../rule.ts'
import { type Actor, actsOf, DETECTOR, isSame, Refused, withAct } from './act.ts'
import { alertsIn, type Cases, decide, incidentsIn, newActId } from './decide.ts'
import { type Incident, keyOf, readSummary } from './incident.ts'
import { nextNumber } from './number.ts'
import { apply } from './table.ts'

const REACH = 24 * HOUR

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 24)

/** Brings the incident's summary up to date with its alerts; the program raises its level where no person set it. */
export const refresh = async (cases: Cases, id: string): Promise<Stored<Incident> | undefined> => {
  const incidents = incidentsIn(cases.documents)
  for (;;) {
    const current = await incidents.get(SYSTEM, id)
    if (!current) return undefined
    const found = await readSummary(alertsIn(cases.documents), id)
    const { worst, ...summary } = found ?? { worst: undefined, 'incident.alerts': 0, 'incident.events': 0, portals: [] }
    let doc: Incident = { ...current.doc, ...summary }
    if (worst && doc['incident.status'] !== 'closed' && severityOf(worst) > doc['incident.severity'])
      doc = apply(doc, 'incident', { what: 'level', id: newActId(), level: worst }, DETECTOR, cases.clock(), {
        deadlines: cases.deadlines(),
      })
    if (isSame(doc, current.doc)) return current
    const [put] = await incidents.put([{ id, version: current.version, doc }])
    if (put?.ok) return { ...current, version: put.version, doc }
  }
}

/** A new incident for an alert; the same one, however often it is tried, until that was closed. */
const create = async (
  cases: Cases,
  alert: Stored<Alert>,
  actor: Actor,
  title?: string,
  from?: Incident,
): Promise<Stored<Incident>> => {
  const { doc } = alert
  const incidents = incidentsIn(cases.documents)
  const key = from?.['incident.key'] ?? keyOf(doc)
  for (let n = 0; ; n++) {
    // The first has the id that it always had.
    const id = hash(n === 0 ? `incident ${alert.id}` : `incident ${alert.id} ${n}`)
    const known = await incidents.get(SYSTEM, id)
    // One that was begun and got no further is gone on with; what people have worked on since is not.
    const begun = known && known.doc['incident.status'] !== 'closed' && known.doc['incident.alerts'] === 0
    if (begun && actsOf(known.doc) <= 1) return known
    if (known) continue
    const before = await incidents.query(SYSTEM, {
      filter: and(eq('incident.key', key), eq('incident.status', 'closed')),
      sort: [{ field: 'incident.last', order: 'desc' }],
      limit: 3,
    })
    const now = cases.clock()
    const organization = doc['organization.id'] === undefined ? undefined : String(doc['organization.id'])
    const fresh: Incident = {
      '@timestamp': doc['alert.first'],
      'incident.number': await nextNumber(cases.documents, cases.numbering(), organization, now),
      title: title ?? doc['rule.name'],
      ...(title === undefined ? { title_en: doc.rule_name.en } : {}),
      'incident.level': doc['rule.level'],
      'incident.severity': severityOf(doc['rule.level']),
      'incident.status': 'new',
      'incident.key': key,
      'incident.first': doc['alert.first'],
      'incident.last': doc['alert.last'],
      'incident.created': now,
      'incident.due': now + (cases.deadlines()[doc['rule.level']] ?? 24) * HOUR,
      // Until the alert names it, it has none.
      'incident.alerts': 0,
      'incident.events': 0,
      portals: [],
      related: before.items.map((item) => item.id),
      ...(organization === undefined
        ? {}
        : {
            'organization.id': organization,
            // A copy made for the other side does not say its name: the inventory does.
            ...(doc['organization.name'] === undefined
              ? {}
              : { 'organization.name': String(doc['organization.name']) }),
          }),
    }
    // The same act for the same incident: tried again it is not a second one.
    const opened = withAct(fresh, { id: hash(`open ${id}`), what: 'open', at: now, actor, text: fresh.title }, {})
    const [put] = await incidents.put([{ id, doc: opened, version: null }])
    if (put?.ok) return { id, version: put.version, seq: 0, doc: opened }
  }
}

export const enter = async (
  cases: Cases,
  alert: Stored<Alert>,
  incident: Stored<Incident>,
  actor: Actor,
  via?: string,
) => {
  const act = newActId()
  const decided = await decide<Alert>(cases, {
    kind: 'alert',
    id: alert.id,
    scope: SYSTEM,
    actor,
    // Asked of the alert as it is then: meanwhile a person may have given it to an agency.
    wanted: (doc) =>
      doc['organization.id'] === incident.doc['organization.id']
        ? [{ what: 'join', id: act, into: incident.id, number: incident.doc['incident.number'], via }]
        : [],
  })
  if (!decided.ok) throw decided.refused
  return decided
}

/** Puts an alert where it belongs, once; brings its incident up to date where it is in one. Idempotent. */
export const take = (cases: Cases, rule: Pick<Rule, 'incident'>, alert: Stored<Alert>): Promise<void> =>
  takeMany(cases, rule, [alert])

/** The same of many: an incident that several enter is looked for once, and brought up to date once. */
export const takeMany = async (
  cases: Cases,
  rule: Pick<Rule, 'incident'>,
  alerts: readonly Stored<Alert>[],
): Promise<void> => {
  const incidents = incidentsIn(cases.documents)
  /** Incidents as they are, and how far each reaches with what has entered meanwhile. */
  const known = new Map<string, Promise<Stored<Incident> | undefined>>()
  const open = new Map<string, { readonly incident: Stored<Incident>; first: number; last: number }[]>()
  const stale = new Set<string>()
  const get = (id: string) => {
    let found = known.get(id)
    if (!found) known.set(id, (found = incidents.get(SYSTEM, id)))
    return found
  }
  for (const alert of alerts) {
    const { doc } = alert
    if (doc['alert.status'] === 'absorbed') continue
    const mine = doc['alert.incident'] === undefined ? undefined : await get(doc['alert.incident'])
    if (mine && (mine.doc['incident.status'] !== 'closed' || doc['alert.status'] === 'closed')) {
      stale.add(mine.id)
      continue
    }
    // A burst that goes on after its incident was closed belongs to a new one.
    if ((!rule.incident && !mine) || doc['alert.status'] === 'closed') continue
    const key = keyOf(doc)
    let those = open.get(key)
    if (!those) {
      const { items } = await incidents.query(SYSTEM, {
        filter: and(eq('incident.key', key), not(eq('incident.status', 'closed'))),
        sort: [{ field: 'incident.last', order: 'desc' }],
        limit: 20,
      })
      those = items.map((incident) => ({
        incident,
        first: incident.doc['incident.first'],
        last: incident.doc['incident.last'],
      }))
      open.set(key, those)
    }
    let target = those.find(({ first, last }) => doc['alert.first'] - last < REACH && first - doc['alert.last'] < REACH)
    if (!target) {
      const incident = await create(cases, alert, DETECTOR)
      those.push((target = { incident, first: doc['alert.first'], last: doc['alert.last'] }))
    }
    await enter(cases, alert, target.incident, DETECTOR)
    target.first = Math.min(target.first, doc['alert.first'])
    target.last = Math.max(target.last, doc['alert.last'])
    stale.add(target.incident.id)
    if (mine) stale.add(mine.id)
  }
  for (const id of stale) await refresh(cases, id)
}

export const oneAgency = () =>
  new Refused(
    'agency',
    'Một sự cố thuộc đúng một cơ quan: hãy chọn cảnh báo của cùng cơ quan.',
    'An incident belongs to one agency: choose alerts of the same agency.',
  )

/** A person's choice: these alerts into an incident that is open, or into a new one. Throws `Refused`. */
export const gather = async (
  cases: Cases,
  found: readonly Stored<Alert>[],
  actor: Actor,
  { into, title }: { into?: Stored<Incident> | undefined; title?: string | undefined },
): Promise<Stored<Incident>> => {
  const agency = into ? into.doc['organization.id'] : found[0]!.doc['organization.id']
  if (found.some(({ doc }) => doc['organization.id'] !== agency)) throw oneAgency()
  if (into?.doc['incident.status'] === 'closed')
    throw new Refused(
      'closed',
      `Sự cố ${into.doc['incident.number']} đã đóng: hãy mở lại trước, hoặc mở sự cố mới.`,
      `Incident ${into.doc['incident.number']} is closed: reopen it first, or open a new one.`,
    )
  const left = new Set(found.flatMap(({ doc }) => doc['alert.incident'] ?? []))
  let target = into
  // Opening twice is opening once.
  const open = into ? undefined : found[0]!.doc['alert.incident']
  if (open !== undefined) {
    const known = await incidentsIn(cases.documents).get(SYSTEM, open)
    if (known && known.doc['incident.status'] !== 'closed') target = known
  }
  for (const alert of found) {
    target ??= await create(cases, alert, actor, title)
    await enter(cases, alert, target, actor)
  }
  const refreshed = await refresh(cases, target!.id)
  for (const id of left) if (id !== target!.id) await refresh(cases, id)
  return refreshed!
}

/** A new incident that takes some alerts of another, which keeps one at least. Throws `Refused`. */
export const divide = async (
  cases: Cases,
  from: Stored<Incident>,
  found: readonly Stored<Alert>[],
  actor: Actor,
  title?: string,
): Promise<Stored<Incident>> => {
  if (found.some(({ doc }) => doc['alert.incident'] !== from.id))
    throw new Refused('member', 'Có cảnh báo không thuộc sự cố này.', 'An alert does not belong to this incident.')
  if (found.length >= from.doc['incident.alerts'])
    throw new Refused('split', 'Phải để lại ít nhất một cảnh báo.', 'One alert at least has to stay behind.')
  const target = await create(cases, found[0]!, actor, title ?? from.doc.title)
  const act = newActId()
  // The new incident decides: what it takes is written on it with the act, and done from there, again where need be.
  const decided = await decide<Incident>(cases, {
    kind: 'incident',
    id: target.id,
    scope: SYSTEM,
    actor,
    wanted: [{ what: 'split', id: act, into: from.id }],
    beside: () => ({ todo: [{ act, kind: 'split', alerts: found.map(({ id }) => id) }], 'case.todo': 1 }),
  })
  if (!decided.ok) throw decided.refused
  return decided.stored
}
