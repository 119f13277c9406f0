/**
 * Which incident an alert belongs to. Alerts of level high and above join the open incident of the same agency and portal,
 * or entity where there is no portal, whose last alert is less than 24 h away; otherwise they open one. A closed incident
 * is not reopened: the new one is related to it. The alert's own write decides; the incident's summary follows.
 */
import { createHash } from 'node:crypto'
import { and, eq, not } from '../../ingest/store/filter.ts'
import { type Put, type Stored, SYSTEM } from '../../ingest/store/store.ts'
import { type Alert, opensIncident } from '../alert.ts'
import { partyOfDocument } from '../parts.ts'
import { HOUR, type Rule, severityOf } from '../rule.ts'
import { type Actor, actsOf, DETECTOR, isSame, Refused, withAct } from './act.ts'
import { alertsIn, type Cases, decide, incidentsIn, newActId } from './decide.ts'
import { type Incident, keyOf, readSummary } from './incident.ts'
import { nextNumber, nextNumbers } from './number.ts'
import { apply } from './table.ts'

const REACH = 24 * HOUR

const hash = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 24)

/** The incident with what its alerts make of it; the program raises its level where no person set it. */
const renewed = async (cases: Cases, { id, doc: before }: Stored<Incident>): Promise<Incident> => {
  const found = await readSummary(alertsIn(cases.documents), id)
  const { worst, ...summary } = found ?? { worst: undefined, 'incident.alerts': 0, 'incident.events': 0, portals: [] }
  const doc: Incident = { ...before, ...summary }
  if (!worst || doc['incident.status'] === 'closed' || severityOf(worst) <= doc['incident.severity']) return doc
  return apply(doc, 'incident', { what: 'level', id: newActId(), level: worst }, DETECTOR, cases.clock(), {
    deadlines: cases.deadlines(),
  })
}

/** Brings the incident's summary up to date with its alerts. */
export const refresh = async (cases: Cases, id: string): Promise<Stored<Incident> | undefined> => {
  const incidents = incidentsIn(cases.documents)
  for (;;) {
    const current = await incidents.get(SYSTEM, id)
    if (!current) return undefined
    const doc = await renewed(cases, current)
    if (isSame(doc, current.doc)) return current
    const [put] = await incidents.put([{ id, version: current.version, doc }])
    if (put?.ok) return { ...current, version: put.version, doc }
  }
}
/** The same of several, by one write. */
export const refreshMany = async (cases: Cases, ids: Iterable<string>): Promise<void> => {
  const puts: Put<Incident>[] = []
  for (const id of ids) {
    const current = await incidentsIn(cases.documents).get(SYSTEM, id)
    if (!current) continue
    const doc = await renewed(cases, current)
    if (!isSame(doc, current.doc)) puts.push({ id, version: current.version, doc })
  }
  if (puts.length === 0) return
  for (const [i, put] of (await incidentsIn(cases.documents).put(puts)).entries())
    if (!put.ok) await refresh(cases, puts[i]!.id)
}

/** The place of a new incident for an alert: the same one, however often it is tried, until that was closed. */
const placeFor = async (
  cases: Cases,
  alert: Stored<Alert>,
): Promise<{ readonly id: string; readonly begun?: Stored<Incident> }> => {
  for (let n = 0; ; n++) {
    // The first has the id that it always had.
    const id = hash(n === 0 ? `incident ${alert.id}` : `incident ${alert.id} ${n}`)
    const known = await incidentsIn(cases.documents).get(SYSTEM, id)
    if (!known) return { id }
    // One that was begun and got no further is gone on with; what people have worked on since is not.
    const begun = known.doc['incident.status'] !== 'closed' && known.doc['incident.alerts'] === 0
    if (begun && actsOf(known.doc) <= 1) return { id, begun: known }
  }
}

const agencyOf = (doc: Alert): string | undefined =>
  doc['organization.id'] === undefined ? undefined : String(doc['organization.id'])

/** What a new incident for an alert is. */
const incidentFor = async (
  cases: Cases,
  { id, number, now }: { readonly id: string; readonly number: string; readonly now: number },
  { doc }: Stored<Alert>,
  actor: Actor,
  title?: string,
  from?: Incident,
): Promise<Incident> => {
  const key = from?.['incident.key'] ?? keyOf(doc, cases.isShared)
  const before = await incidentsIn(cases.documents).query(SYSTEM, {
    filter: and(eq('incident.key', key), eq('incident.status', 'closed')),
    sort: [{ field: 'incident.last', order: 'desc' }],
    limit: 3,
  })
  const organization = agencyOf(doc)
  const fresh: Incident = {
    '@timestamp': doc['alert.first'],
    'incident.number': number,
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
          ...(doc['organization.name'] === undefined ? {} : { 'organization.name': String(doc['organization.name']) }),
        }),
    ...(doc['system.id'] === undefined ? {} : { 'system.id': String(doc['system.id']) }),
  }
  // The same act for the same incident: tried again it is not a second one.
  return withAct(fresh, { id: hash(`open ${id}`), what: 'open', at: now, actor, text: fresh.title }, {})
}

const create = async (
  cases: Cases,
  alert: Stored<Alert>,
  actor: Actor,
  title?: string,
  from?: Incident,
): Promise<Stored<Incident>> => {
  for (;;) {
    const { id, begun } = await placeFor(cases, alert)
    if (begun) return begun
    const now = cases.clock()
    const number = await nextNumber(cases.documents, cases.numbering(), agencyOf(alert.doc), now)
    const doc = await incidentFor(cases, { id, number, now }, alert, actor, title, from)
    const [put] = await incidentsIn(cases.documents).put([{ id, doc, version: null }])
    if (put?.ok) return { id, version: put.version, seq: 0, doc }
  }
}

/** New incidents for several alerts, by one write; in their order. */
const createMany = async (cases: Cases, alerts: readonly Stored<Alert>[]): Promise<readonly Stored<Incident>[]> => {
  if (alerts.length === 1) return [await create(cases, alerts[0]!, DETECTOR)]
  const now = cases.clock()
  const places = await Promise.all(alerts.map((alert) => placeFor(cases, alert)))
  const wanted = new Map<string | undefined, number>()
  for (const [i, { doc }] of alerts.entries())
    if (!places[i]!.begun) wanted.set(agencyOf(doc), (wanted.get(agencyOf(doc)) ?? 0) + 1)
  const numbers = new Map(
    [...(await nextNumbers(cases.documents, cases.numbering(), wanted, now))].map(([agency, its]) => [
      agency,
      [...its],
    ]),
  )
  const puts: Put<Incident>[] = []
  for (const [i, alert] of alerts.entries()) {
    const { id, begun } = places[i]!
    if (begun) continue
    const number = numbers.get(agencyOf(alert.doc))!.shift()!
    puts.push({ id, version: null, doc: await incidentFor(cases, { id, number, now }, alert, DETECTOR) })
  }
  const results = puts.length > 0 ? await incidentsIn(cases.documents).put(puts) : []
  const made = new Map<string, Stored<Incident>>()
  for (const [i, { id, doc }] of puts.entries()) {
    const put = results[i]!
    if (put.ok) made.set(id, { id, version: put.version, seq: 0, doc })
  }
  const out: Stored<Incident>[] = []
  for (const [i, alert] of alerts.entries())
    out.push(places[i]!.begun ?? made.get(places[i]!.id) ?? (await create(cases, alert, DETECTOR)))
  return out
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
      partyOfDocument(doc) === partyOfDocument(incident.doc)
        ? [{ what: 'join', id: act, into: incident.id, number: incident.doc['incident.number'], via }]
        : [],
  })
  if (!decided.ok) throw decided.refused
  return decided
}

/** Puts an alert where it belongs, once; brings its incident up to date where it is in one. Idempotent. */
export const take = (cases: Cases, rule: Pick<Rule, 'incident' | 'trusted'>, alert: Stored<Alert>): Promise<void> =>
  takeMany(cases, rule, [alert])

/** An incident that alerts enter; one that is not there yet is said by the alert that opens it. */
interface Target {
  incident: Stored<Incident> | Stored<Alert>
  first: number
  last: number
}

/** The same of many: an incident that several enter is looked for once, and brought up to date once. */
export const takeMany = async (
  cases: Cases,
  rule: Pick<Rule, 'incident' | 'trusted'>,
  alerts: readonly Stored<Alert>[],
): Promise<void> => {
  const incidents = incidentsIn(cases.documents)
  /** Incidents as they are, and how far each reaches with what has entered meanwhile. */
  const known = new Map<string, Promise<Stored<Incident> | undefined>>()
  const open = new Map<string, Target[]>()
  const stale = new Set<string>()
  const get = (id: string) => {
    let found = known.get(id)
    if (!found) known.set(id, (found = incidents.get(SYSTEM, id)))
    return found
  }
  const entries: { readonly alert: Stored<Alert>; readonly target: Target }[] = []
  for (const alert of alerts) {
    const { doc } = alert
    if (doc['alert.status'] === 'absorbed') continue
    const mine = doc['alert.incident'] === undefined ? undefined : await get(doc['alert.incident'])
    if (mine && (mine.doc['incident.status'] !== 'closed' || doc['alert.status'] === 'closed')) {
      stale.add(mine.id)
      continue
    }
    // A burst that goes on after its incident was closed belongs to a new one.
    if ((!opensIncident(rule, doc.events) && !mine) || doc['alert.status'] === 'closed') continue
    const key = keyOf(doc, cases.isShared)
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
    if (!target) those.push((target = { incident: alert, first: doc['alert.first'], last: doc['alert.last'] }))
    entries.push({ alert, target })
    target.first = Math.min(target.first, doc['alert.first'])
    target.last = Math.max(target.last, doc['alert.last'])
    if (mine) stale.add(mine.id)
  }
  // First the incidents, then the alerts that name them, then what the incidents say of these: broken off it is gone on with.
  const opened = [...open.values()].flat().filter(({ incident }) => !isIncident(incident))
  const made = await createMany(
    cases,
    opened.map(({ incident }) => incident as Stored<Alert>),
  )
  for (const [i, target] of opened.entries()) target.incident = made[i]!
  await enterMany(
    cases,
    entries.map(({ alert, target }) => ({ alert, incident: target.incident as Stored<Incident> })),
  )
  for (const { target } of entries) stale.add(target.incident.id)
  await refreshMany(cases, stale)
}

const isIncident = (each: Stored<Incident> | Stored<Alert>): each is Stored<Incident> => 'incident.number' in each.doc

/** By one write; where somebody was there meanwhile, one by one. */
const enterMany = async (
  cases: Cases,
  entries: readonly { readonly alert: Stored<Alert>; readonly incident: Stored<Incident> }[],
): Promise<void> => {
  const now = cases.clock()
  const puts = entries.flatMap(({ alert, incident }): Put<Alert>[] => {
    if (partyOfDocument(alert.doc) !== partyOfDocument(incident.doc)) return []
    const join = { what: 'join', id: newActId(), into: incident.id, number: incident.doc['incident.number'] } as const
    const doc = apply(alert.doc, 'alert', join, DETECTOR, now, { deadlines: cases.deadlines() })
    return [{ id: alert.id, version: alert.version, doc }]
  })
  if (puts.length === 0) return
  const byId = new Map(entries.map((entry) => [entry.alert.id, entry]))
  for (const [i, put] of (await alertsIn(cases.documents).put(puts)).entries()) {
    if (put.ok) continue
    const { alert, incident } = byId.get(puts[i]!.id)!
    await enter(cases, alert, incident, DETECTOR)
  }
}

export const oneAgency = () =>
  new Refused(
    'agency',
    'Một sự cố thuộc đúng một cơ quan: hãy chọn cảnh báo của cùng cơ quan.',
    'An incident belongs to one agency: choose alerts of the same agency.',
  )
/** Who runs a system sees its incidents: what is not of the system does not go into one. */
export const oneSystem = () =>
  new Refused(
    'system',
    'Một sự cố thuộc một hệ thống thông tin, hoặc không thuộc hệ thống nào: hãy chọn cảnh báo cùng hệ thống.',
    'An incident belongs to one information system, or to none: choose alerts of the same system.',
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
  const party = partyOfDocument(into ? into.doc : found[0]!.doc)
  if (found.some(({ doc }) => partyOfDocument(doc) !== party)) throw oneSystem()
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
