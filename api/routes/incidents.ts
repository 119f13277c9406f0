import { zValidator } from '@hono/zod-validator'
import { Hono } from 'hono'
import { z } from 'zod'
import { and, eq, type Filter, not } from '../../ingest/store/filter.ts'
import type { Collection, Scope, Stored } from '../../ingest/store/store.ts'
import type { Activity } from '../../rules/activity.ts'
import type { Alert } from '../../rules/alert.ts'
import type { Incident } from '../../rules/incident.ts'
import { severityOf } from '../../rules/rule.ts'
import { asked, audit, chosen, duty, type Env, notFound, number, Refusal } from '../context.ts'
import type { Activity as ContractActivity, IncidentDetail, IncidentRow } from '../contract.ts'
import type { Installation } from '../installation.ts'
import { alertRow, incidentRow } from '../rows.ts'
import { alertsOf } from './alerts.ts'

export const incidentsOf = (installation: Installation): Collection<Incident> =>
  installation.store.documents.collection<Incident>('incidents')
export const OPEN = not(eq('incident.status', 'closed'))
export const overdueAt = (now: number): Filter => and(OPEN, { op: 'range', field: 'incident.due', lt: now })

const SORTS: { [name: string]: { field: string; order: 'asc' | 'desc' }[] } = {
  newest: [{ field: 'incident.last', order: 'desc' }],
  oldest: [{ field: 'incident.last', order: 'asc' }],
  severity: [
    { field: 'incident.severity', order: 'desc' },
    { field: 'incident.last', order: 'desc' },
  ],
  due: [{ field: 'incident.due', order: 'asc' }],
  number: [{ field: 'incident.number', order: 'desc' }],
}
const FACETS = {
  status: 'incident.status',
  level: 'incident.level',
  organization: 'organization.id',
  assignee: 'incident.assignee',
} as const
type FacetName = keyof typeof FACETS

const change = z.object({
  version: z.number(),
  status: z.enum(['new', 'in_progress', 'closed']).optional(),
  reason: z.enum(['true_positive', 'benign', 'false_positive', 'duplicate']).optional(),
  assignee: z.string().nullable().optional(),
  level: z.enum(['critical', 'high', 'medium', 'low', 'informational']).optional(),
  title: z.string().min(1).max(300).optional(),
  note: z.string().max(10_000).optional(),
})

export const incidents = new Hono<Env>()
  .get('/', async (c) => {
    const { installation, scope } = c.var
    const q = c.req.query()
    const now = installation.clock()
    const filters = Object.fromEntries(
      (Object.keys(FACETS) as FacetName[]).map((name) => [name, chosen(FACETS[name], q[name])]),
    ) as Record<FacetName, Filter[]>
    const base = and(
      asked(q['q'], ['*']),
      ...(q['overdue'] === 'true' || q['overdue'] === '1' ? [overdueAt(now)] : []),
      ...(q['from'] ? [{ op: 'range', field: 'incident.last', gte: number(q['from'], 0) } as const] : []),
      ...(q['to'] ? [{ op: 'range', field: 'incident.created', lt: number(q['to'], now) } as const] : []),
    )
    const all = (except?: FacetName) =>
      and(base, ...(Object.keys(FACETS) as FacetName[]).flatMap((name) => (name === except ? [] : filters[name])))
    const collection = incidentsOf(installation)
    const page = await collection.query(scope, {
      filter: all(),
      sort: SORTS[q['sort'] ?? 'newest'] ?? SORTS['newest']!,
      limit: number(q['limit'], 100, 500),
      ...(q['cursor'] ? { cursor: q['cursor'] } : {}),
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
              label:
                name === 'organization'
                  ? (installation.inventory.agencies.find((a) => a.id === value)?.name ?? value)
                  : value,
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
  .get('/:id', async (c) => {
    const { installation, scope } = c.var
    const found = await one(installation, scope, c.req.param('id'))
    return c.json(await detail(installation, scope, found))
  })
  .post('/:id', duty('triage'), zValidator('json', change), async (c) => {
    const { installation, scope, user } = c.var
    const id = c.req.param('id')
    const wanted = c.req.valid('json')
    if (wanted.status === 'closed' && !wanted.reason)
      throw new Refusal(422, 'reason', 'Đóng sự cố cần lý do.', 'Closing an incident needs a reason.')
    const collection = incidentsOf(installation)
    for (;;) {
      const current = await one(installation, scope, id)
      if (Number(current.doc['decided'] ?? 0) > wanted.version) {
        const who = current.doc.activity.findLast(({ by }) => by !== 'system')?.by ?? '?'
        throw new Refusal(
          409,
          'conflict',
          `${who} vừa thay đổi sự cố này: hãy xem lại rồi làm tiếp.`,
          `${who} has just changed this incident: look again, then go on.`,
        )
      }
      const doc = changed(current.doc, user.username, installation.clock(), wanted)
      const [put] = await collection.put([
        { id, version: current.version, doc: { ...doc, decided: current.version + 1 } },
      ])
      if (!put?.ok) continue
      await audit(c, 'incident.change', id, JSON.stringify(wanted))
      return c.json(incidentRow(installation.inventory, (await collection.get(scope, id))!, installation.clock()))
    }
  })

/** By id or by number. */
const one = async (installation: Installation, scope: Scope, id: string): Promise<Stored<Incident>> => {
  const collection = incidentsOf(installation)
  const found =
    /^\d+$/.test(id) && id.length < 12
      ? (await collection.query(scope, { filter: eq('incident.number', Number(id)), limit: 1 })).items[0]
      : await collection.get(scope, id)
  if (!found) throw notFound('sự cố này', 'incident')
  return found
}

const changed = (doc: Incident, by: string, at: number, wanted: z.output<typeof change>): Incident => {
  const activity: Activity[] = [...doc.activity]
  const next: { [field: string]: unknown } = { ...doc }
  if (wanted.status && wanted.status !== doc['incident.status']) {
    const reopened = doc['incident.status'] === 'closed'
    activity.push({
      at,
      by,
      what: reopened ? 'reopened' : 'status',
      from: doc['incident.status'],
      to: wanted.status,
      ...(wanted.reason ? { reason: wanted.reason } : {}),
    })
    next['incident.status'] = wanted.status
    if (wanted.status === 'closed') Object.assign(next, { 'incident.reason': wanted.reason, 'incident.closed': at })
    else {
      delete next['incident.reason']
      delete next['incident.closed']
    }
  }
  if (wanted.assignee !== undefined && (wanted.assignee ?? undefined) !== doc['incident.assignee']) {
    activity.push({
      at,
      by,
      what: 'assigned',
      ...(doc['incident.assignee'] ? { from: doc['incident.assignee'] } : {}),
      ...(wanted.assignee ? { to: wanted.assignee } : {}),
    })
    if (wanted.assignee) next['incident.assignee'] = wanted.assignee
    else delete next['incident.assignee']
  }
  if (wanted.level && wanted.level !== doc['incident.level']) {
    activity.push({ at, by, what: 'level', from: doc['incident.level'], to: wanted.level })
    Object.assign(next, { 'incident.level': wanted.level, 'incident.severity': severityOf(wanted.level) })
  }
  if (wanted.title && wanted.title !== doc.title) {
    activity.push({ at, by, what: 'title', from: doc.title, to: wanted.title })
    next['title'] = wanted.title
    delete next['title_en']
  }
  if (wanted.note) activity.push({ at, by, what: 'note', text: wanted.note })
  return { ...next, activity } as unknown as Incident
}

const detail = async (installation: Installation, scope: Scope, found: Stored<Incident>): Promise<IncidentDetail> => {
  const now = installation.clock()
  const collection = alertsOf(installation)
  const members: Stored<Alert>[] = []
  for (const { id } of found.doc.alerts.slice(-500)) {
    const alert = await collection.get(scope, id)
    if (alert) members.push(alert)
  }
  const rows = members.map((alert) => alertRow(installation.inventory, alert))
  const timeline: IncidentDetail['timeline'] = [
    ...rows.map((alert) => ({ kind: 'alert' as const, at: alert.first, alert })),
    ...found.doc.activity.map((activity) => ({
      kind: 'activity' as const,
      at: activity.at,
      activity: activity as ContractActivity,
    })),
    ...members.flatMap(({ doc }) =>
      doc.events.slice(0, 3).map((event) => ({ kind: 'event' as const, at: event['@timestamp'] as number, event })),
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
    sort: SORTS['newest']!,
    limit: 10,
  })
  const ids = new Set([...found.doc.related, ...same.items.map((item) => item.id)])
  ids.delete(found.id)
  for (const id of ids) {
    const other = await incidentsOf(installation).get(scope, id)
    if (other) related.push(incidentRow(installation.inventory, other, now))
  }
  return {
    ...incidentRow(installation.inventory, found, now),
    timeline: timeline.sort((a, b) => b.at - a.at).slice(0, 500),
    alert_rows: rows.sort((a, b) => b.last - a.last),
    entities: [...entities.values()].sort((a, b) => b.count - a.count).slice(0, 50),
    related,
  }
}
