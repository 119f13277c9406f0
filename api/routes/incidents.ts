import { Hono } from 'hono'
import { agencyName } from '../../ingest/inventory/scope.ts'
import { and, eq, type Filter, not } from '../../ingest/store/filter.ts'
import type { Collection, Scope, Stored } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { campaignOf } from '../../rules/campaign.ts'
import { type Decided, newActId } from '../../rules/case/decide.ts'
import { decideIncident, derive, undo } from '../../rules/case/derive.ts'
import { type Incident, membersOf } from '../../rules/case/incident.ts'
import { historyOf } from '../../rules/case/journal.ts'
import { divide } from '../../rules/case/membership.ts'
import { incidentsOpenAt, overdueThen } from '../../rules/risk/open.ts'
import { activitiesOf, actorOf, wantedOf } from '../acts.ts'
import { asked, chosen, chosenAgencies, type Env, notFound, Refusal, refusalOf, seesAll } from '../context.ts'
import { placeOf } from '../bounds.ts'
import type { IncidentDetail, IncidentRow } from '../contract.ts'
import { does } from '../does.ts'
import { judge, openedIn } from '../figures/incidents.ts'
import type { Installation } from '../installation.ts'
import {
  changeIncident,
  getIncident,
  INCIDENT_FACETS as FACETS,
  listIncidents,
  mergeIncident,
  splitIncident,
  undoIncident,
} from '../schema/incidents.ts'
import { alertRow, eventsFor, incidentRow } from '../rows.ts'
import { alertsOf } from './alerts.ts'

export const incidentsOf = (installation: Installation): Collection<Incident> =>
  installation.store.documents.collection<Incident>('incidents')
export const OPEN = not(eq('incident.status', 'closed'))
export const overdueAt = (now: number): Filter => and(OPEN, { op: 'range', field: 'incident.due', lt: now })

const SORTS = {
  newest: [{ field: 'incident.last', order: 'desc' }],
  oldest: [{ field: 'incident.last', order: 'asc' }],
  severity: [
    { field: 'incident.severity', order: 'desc' },
    { field: 'incident.last', order: 'desc' },
  ],
  due: [{ field: 'incident.due', order: 'asc' }],
  number: [{ field: 'incident.created', order: 'desc' }],
} as const
type FacetName = keyof typeof FACETS

/** The incidents with an alert of one of these portals: membership is said by the alert. */
const ofPortals = async (
  installation: Installation,
  scope: Scope,
  ids: readonly string[] | undefined,
): Promise<Filter[]> => {
  if (!ids?.length) return []
  const buckets = await alertsOf(installation).aggregate(scope, {
    filter: and(eq('portal.id', ...ids), { op: 'exists', field: 'alert.incident' }),
    by: ['alert.incident'],
    limit: MOST_OF_PORTALS,
  })
  const found = await incidentsOf(installation).getMany(
    scope,
    buckets.map(({ key }) => String(key[0])),
  )
  return [eq('incident.number', ...found.flatMap((each) => each?.doc['incident.number'] ?? []))]
}
const MOST_OF_PORTALS = 500

const begins = ({
  opened,
  closed,
}: {
  readonly opened?: boolean | undefined
  readonly closed?: boolean | undefined
}) => (closed ? 'incident.closed' : opened ? 'incident.created' : 'incident.last')

const STATES = ['met', 'missed', 'running'] as const
/** Those of the range that were settled in time, or not: no filter of the store says that, working hours are not its own. */
const judgedAs = async (
  installation: Installation,
  scope: Scope,
  q: {
    readonly service?: readonly string[] | undefined
    readonly from?: number | undefined
    readonly to?: number | undefined
  },
): Promise<Filter[]> => {
  if (!q.service?.length) return []
  const states = STATES.filter((state) => q.service!.includes(state))
  if (states.length < q.service.length)
    throw new Refusal(
      400,
      'parameter',
      `service="${q.service.join(',').slice(0, 60)}": chỉ có ${STATES.join(', ')}.`,
      `service="${q.service.join(',').slice(0, 60)}": there are ${STATES.join(', ')}.`,
    )
  const now = installation.clock()
  const period = { from: q.from ?? 0, to: q.to ?? now + 1 }
  const found = await openedIn(installation, scope, period)
  const { inventory } = installation
  const numbers = found.filter(({ doc }) => states.includes(judge(inventory, doc, now)))
  return [eq('incident.number', ...numbers.map(({ doc }) => doc['incident.number']))]
}

export const incidents = new Hono<Env>()
  .get('/', does(listIncidents), async (c) => {
    const { installation, scope } = c.var
    const q = c.req.valid('query')
    const now = installation.clock()
    const filters = Object.fromEntries(
      (Object.keys(FACETS) as FacetName[]).map((name) => [
        name,
        name === 'organization' ? chosenAgencies(installation, q.organization) : chosen(FACETS[name], q[name]),
      ]),
    ) as Record<FacetName, Filter[]>
    const base = and(
      asked(c, q.q, ['*']),
      ...(await ofPortals(installation, scope, q.portal)),
      ...(q.open_at === undefined
        ? q.overdue
          ? [overdueAt(now)]
          : []
        : [q.overdue ? overdueThen(q.open_at) : incidentsOpenAt(q.open_at)]),
      // Those that go on in the range; with `opened`, those that were opened in it, with `closed`, those closed in it.
      ...(q.from === undefined ? [] : [{ op: 'range', field: begins(q), gte: q.from } as const]),
      ...(q.to === undefined
        ? []
        : [{ op: 'range', field: q.closed ? 'incident.closed' : 'incident.created', lt: q.to } as const]),
      ...(await judgedAs(installation, scope, q)),
    )
    const all = (except?: FacetName) =>
      and(base, ...(Object.keys(FACETS) as FacetName[]).flatMap((name) => (name === except ? [] : filters[name])))
    const collection = incidentsOf(installation)
    const page = await collection.query(scope, {
      filter: all(),
      sort: SORTS[q.sort],
      limit: q.limit ?? 100,
      ...placeOf(q),
    })
    const facets = []
    for (const name of Object.keys(FACETS) as FacetName[]) {
      const buckets = await collection.aggregate(scope, { filter: all(name), by: [FACETS[name]], limit: 200 })
      facets.push({
        field: FACETS[name] as string,
        values: buckets.flatMap(({ key, count }) => {
          if (key[0] === null) return []
          const value = String(key[0])
          return [
            {
              value,
              label: name === 'organization' ? (agencyName(installation.inventory, value) ?? value) : value,
              count,
            },
          ]
        }),
      })
    }
    return c.json({
      items: page.items.map((item) => incidentRow(installation.inventory, item, now)),
      total: page.total,
      facets,
      seq: await collection.newest(),
      ...(page.cursor ? { cursor: page.cursor } : {}),
    })
  })
  .get('/:id', does(getIncident), async (c) => {
    const { installation, scope } = c.var
    const found = await one(installation, scope, c.req.param('id'))
    return c.json(await detailOf(installation, scope, found))
  })
  .post('/:id', does(changeIncident), async (c) => {
    const { installation, scope, user } = c.var
    const { version, alone, ...wanted } = c.req.valid('json')
    if (wanted.status === 'closed' && !wanted.reason)
      throw new Refusal(422, 'reason', 'Đóng sự cố cần lý do.', 'Closing an incident needs a reason.')
    const found = await one(installation, scope, c.req.param('id'))
    const acts = wantedOf('incident', wanted)(found.doc)
    const asked = { id: found.id, seen: version, scope, actor: actorOf(user) }
    return c.json(answer(installation, await decideIncident(installation.cases, asked, acts, alone)))
  })
  .post('/:id/undo', does(undoIncident), async (c) => {
    const { installation, scope, user } = c.var
    const { id } = await one(installation, scope, c.req.param('id'))
    const asked = { kind: 'incident', id, scope, actor: actorOf(user) } as const
    return c.json(answer(installation, await undo<Incident>(installation.cases, asked, c.req.valid('json').act)))
  })
  .post('/:id/merge', does(mergeIncident), async (c) => {
    const { installation, scope, user } = c.var
    const { version, into } = c.req.valid('json')
    const found = await one(installation, scope, c.req.param('id'))
    const target = await one(installation, scope, into)
    if (target.id === found.id || target.doc['incident.status'] === 'closed')
      throw new Refusal(422, 'merge', 'Hãy chọn một sự cố khác đang mở.', 'Choose another incident that is open.')
    if (target.doc['organization.id'] !== found.doc['organization.id'])
      throw new Refusal(
        422,
        'agency',
        'Chỉ gộp được sự cố của cùng một cơ quan.',
        'Only incidents of the same agency can be merged.',
      )
    if (target.doc['system.id'] !== found.doc['system.id'])
      throw new Refusal(
        422,
        'system',
        'Chỉ gộp được sự cố của cùng một hệ thống thông tin: đơn vị vận hành chỉ thấy hệ thống của mình.',
        'Only incidents of the same information system can be merged: who runs one sees that system only.',
      )
    const asked = { id: found.id, seen: version, scope, actor: actorOf(user) }
    const acts = [{ what: 'merge', id: newActId(), into: target.id } as const]
    return c.json(answer(installation, await decideIncident(installation.cases, asked, acts)))
  })
  .post('/:id/split', does(splitIncident), async (c) => {
    const { installation, scope, user } = c.var
    const { ids, title } = c.req.valid('json')
    const found = await one(installation, scope, c.req.param('id'))
    const alerts: Stored<Alert>[] = []
    for (const alert of await alertsOf(installation).getMany(scope, [...new Set(ids)])) {
      if (!alert) throw notFound('cảnh báo này', 'alert')
      alerts.push(alert)
    }
    const made = await divide(installation.cases, found, alerts, actorOf(user), title).catch(refusalOf)
    await derive(installation.cases, made.id)
    const now = (await incidentsOf(installation).get(scope, made.id))!
    return c.json(incidentRow(installation.inventory, now, installation.clock()))
  })

/** The incident after what was decided, with the acts to undo it by. */
const answer = (installation: Installation, decided: Decided<Incident>): IncidentRow & { acts: string[] } =>
  decided.ok
    ? { ...incidentRow(installation.inventory, decided.stored, installation.clock()), acts: [...decided.acts] }
    : refusalOf(decided.refused)

/** By id, by number, or by the number that it once had. */
export const one = async (installation: Installation, scope: Scope, id: string): Promise<Stored<Incident>> => {
  const collection = incidentsOf(installation)
  const by = /^[A-Z][A-Z0-9]*-\d{4}-\d+$/i.test(id)
    ? eq('incident.number', id)
    : /^\d+$/.test(id) && id.length < 12
      ? eq('incident.former', Number(id))
      : undefined
  const found = by
    ? (await collection.query(scope, { filter: by, limit: 1 })).items[0]
    : await collection.get(scope, id)
  if (!found) throw notFound('sự cố này', 'incident')
  return found
}

/** Lines of a timeline, the newest, and how many events of each alert are among them. */
const TOLD = { most: 500, eventsOf: 3 }

export const detailOf = async (
  installation: Installation,
  scope: Scope,
  found: Stored<Incident>,
  { most, eventsOf } = TOLD,
): Promise<IncidentDetail> => {
  const now = installation.clock()
  const collection = alertsOf(installation)
  const members = [
    ...(
      await collection.query(scope, {
        filter: membersOf(found.id),
        sort: [{ field: 'alert.last', order: 'desc' }],
        limit: 500,
      })
    ).items,
  ]
  const acts = await historyOf(installation.store.documents, found.id, found.doc)
  const rows = members.map((alert) => alertRow(installation.inventory, alert))
  const timeline: IncidentDetail['timeline'] = [
    ...rows.map((alert) => ({ kind: 'alert' as const, at: alert.first, alert })),
    ...acts.flatMap(activitiesOf).map((activity) => ({ kind: 'activity' as const, at: activity.at, activity })),
    ...members.flatMap(({ doc }) =>
      eventsFor(scope, doc)
        .slice(0, eventsOf)
        .map((event) => ({ kind: 'event' as const, at: event['@timestamp'] as number, event })),
    ),
  ]
  const entities = new Map<string, { field: string; value: string; count: number }>()
  for (const { doc } of members) {
    for (const field of [
      'source.ip',
      'source.prefix',
      'destination.ip',
      'url.domain',
      'user.name',
      'observer.name',
      'user_agent.original',
    ]) {
      const value = doc[field]
      if (typeof value !== 'string') continue
      const known = entities.get(`${field} ${value}`)
      if (known) known.count += doc['alert.count']
      else entities.set(`${field} ${value}`, { field, value, count: doc['alert.count'] })
    }
  }
  const related: IncidentRow[] = []
  const same = await incidentsOf(installation).query(scope, {
    filter: and(eq('incident.key', found.doc['incident.key'])),
    sort: SORTS.newest,
    limit: 10,
  })
  const ids = new Set([...found.doc.related, ...same.items.map((item) => item.id)])
  for (const id of await campaignIncidents(installation, scope, members)) ids.add(id)
  ids.delete(found.id)
  for (const other of await incidentsOf(installation).getMany(scope, [...ids])) {
    if (other) related.push(incidentRow(installation.inventory, other, now))
  }
  return {
    ...incidentRow(installation.inventory, found, now),
    timeline: timeline.sort((a, b) => b.at - a.at).slice(0, most),
    alert_rows: rows.sort((a, b) => b.last - a.last),
    entities: [...entities.values()].sort((a, b) => b.count - a.count).slice(0, 50),
    related,
    tasks: [...(found.doc.tasks ?? [])],
  }
}

/** Incidents of the other parts of its alerts' campaigns: related for who sees the whole province, and for nobody else. */
const campaignIncidents = async (
  installation: Installation,
  scope: Scope,
  members: readonly Stored<Alert>[],
): Promise<string[]> => {
  if (!seesAll(scope)) return []
  const ids = new Set<string>()
  for (const alert of members.slice(0, 20)) {
    const rule = installation.rules.find(({ id }) => id === alert.doc['rule.id'])
    for (const { doc } of await campaignOf(alertsOf(installation), rule, alert))
      if (doc['alert.incident'] !== undefined && ids.size < 20) ids.add(doc['alert.incident'])
  }
  return [...ids]
}
