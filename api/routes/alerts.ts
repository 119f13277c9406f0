import { zValidator } from '@hono/zod-validator'
import { Hono } from 'hono'
import { z } from 'zod'
import type { Event } from '../../ingest/event.ts'
import { and, eq, type Filter, not, or } from '../../ingest/store/filter.ts'
import { type Collection, type Scope, StoreError, type Stored } from '../../ingest/store/store.ts'
import type { Activity } from '../../rules/activity.ts'
import type { Alert } from '../../rules/alert.ts'
import { explain } from '../../rules/explain.ts'
import { type Incident, openIncidents } from '../../rules/incident.ts'
import { LEVELS } from '../../rules/rule.ts'
import {
  asked,
  audit,
  bucketWidth,
  chosen,
  duty,
  type Env,
  notFound,
  number,
  once,
  Refusal,
  zoneOffset,
} from '../context.ts'
import type { AlertDetail, AlertList, AlertRow, Facet, Level } from '../contract.ts'
import type { Installation } from '../installation.ts'
import { alertRow, incidentRow } from '../rows.ts'

const SORTS: { [name: string]: { field: string; order: 'asc' | 'desc' }[] } = {
  severity: [
    { field: 'alert.severity', order: 'desc' },
    { field: 'alert.last', order: 'desc' },
  ],
  newest: [{ field: 'alert.last', order: 'desc' }],
  oldest: [{ field: 'alert.last', order: 'asc' }],
  count: [{ field: 'alert.count', order: 'desc' }],
}
const FACETS = {
  level: 'rule.level',
  status: 'alert.status',
  organization: 'organization.id',
  rule: 'rule.id',
  portal: 'portal.id',
  source: 'vonglau.source.id',
} as const
type FacetName = keyof typeof FACETS

export const alertsOf = (installation: Installation): Collection<Alert> =>
  installation.store.documents.collection<Alert>('alerts')
export const LIVE = not(eq('alert.status', 'absorbed'))

export const emptyLevels = (n: number): Record<Level, number[]> =>
  Object.fromEntries(LEVELS.map((level) => [level, new Array<number>(n).fill(0)])) as Record<Level, number[]>

/** Alerts a bucket by level, in the province's time. */
export const histogramOf = async (
  installation: Installation,
  scope: Scope,
  filter: Filter,
  from: number,
  to: number,
  width = bucketWidth(from, to),
) => {
  const offset = -zoneOffset(installation.inventory.province.timezone, to)
  const start = Math.floor((from - offset) / width) * width + offset
  const n = Math.max(1, Math.ceil((to - start) / width))
  const levels = emptyLevels(n)
  const buckets = await alertsOf(installation).aggregate(scope, {
    filter: and(filter, { op: 'range', field: 'alert.last', gte: from, lt: to }),
    by: [{ field: 'alert.last', every: width, offset }, 'rule.level'],
    limit: 100_000,
  })
  for (const { key, count } of buckets) {
    const i = Math.round((Number(key[0]) - start) / width)
    const level = levels[key[1] as Level]
    if (level && i >= 0 && i < n) level[i] = count
  }
  return { start, every: width, levels }
}

const labelOf = (installation: Installation, field: string, value: string): string => {
  const { inventory, rules } = installation
  if (field === 'organization.id') return inventory.agencies.find((a) => a.id === value)?.name ?? value
  if (field === 'portal.id') return inventory.portals.find((p) => p.id === value)?.domain ?? value
  if (field === 'rule.id') return rules.find((r) => r.id === value)?.name.vi ?? value
  return value
}

const changes = z.object({
  items: z
    .array(z.object({ id: z.string(), version: z.number() }))
    .min(1)
    .max(1000),
  status: z.enum(['new', 'acknowledged', 'in_progress', 'closed']).optional(),
  reason: z.enum(['true_positive', 'benign', 'false_positive', 'duplicate']).optional(),
  assignee: z.string().nullable().optional(),
  note: z.string().max(10_000).optional(),
})

/** A change of one alert by a person, with what they did. */
const changed = (doc: Alert, by: string, at: number, change: z.output<typeof changes>): Alert => {
  const activity: Activity[] = [...doc.activity]
  const next: { [field: string]: unknown } = { ...doc }
  if (change.status && change.status !== doc['alert.status']) {
    activity.push({
      at,
      by,
      what: change.status !== 'closed' && doc['alert.status'] === 'closed' ? 'reopened' : 'status',
      from: doc['alert.status'],
      to: change.status,
      ...(change.reason ? { reason: change.reason } : {}),
    })
    next['alert.status'] = change.status
    if (change.status === 'closed') next['alert.reason'] = change.reason
    else delete next['alert.reason']
  }
  if (change.assignee !== undefined && (change.assignee ?? undefined) !== doc['alert.assignee']) {
    activity.push({
      at,
      by,
      what: 'assigned',
      ...(doc['alert.assignee'] ? { from: doc['alert.assignee'] } : {}),
      ...(change.assignee ? { to: change.assignee } : {}),
    })
    if (change.assignee) next['alert.assignee'] = change.assignee
    else delete next['alert.assignee']
  }
  if (change.note) activity.push({ at, by, what: 'note', text: change.note })
  return { ...next, activity } as unknown as Alert
}

export const alerts = new Hono<Env>()
  .get('/', async (c) => {
    const { installation, scope } = c.var
    const q = c.req.query()
    const now = installation.clock()
    const to = number(q['to'], now + 1)
    const from = number(q['from'], to - 86_400_000)
    const base = and(LIVE, asked(q['q'], ['*']))
    const facetFilters = Object.fromEntries(
      (Object.keys(FACETS) as FacetName[]).map((name) => [name, chosen(FACETS[name], q[name])]),
    ) as Record<FacetName, Filter[]>
    const range = and({ op: 'range', field: 'alert.last', gte: from }, { op: 'range', field: 'alert.first', lt: to })
    const all = (except?: FacetName) =>
      and(
        base,
        range,
        ...(Object.keys(FACETS) as FacetName[]).flatMap((name) => (name === except ? [] : facetFilters[name])),
      )
    const collection = alertsOf(installation)
    const sort = SORTS[q['sort'] ?? 'severity'] ?? SORTS['severity']!
    const page = await collection.query(scope, {
      filter: all(),
      sort,
      limit: number(q['limit'], 100, 500),
      ...(q['cursor'] ? { cursor: q['cursor'] } : {}),
    })
    const counts = await collection.aggregate(scope, { filter: all(), by: ['alert.count'], limit: 1_000_000 })
    const facets: Facet[] = []
    for (const name of Object.keys(FACETS) as FacetName[]) {
      const buckets = await collection.aggregate(scope, { filter: all(name), by: [FACETS[name]], limit: 200 })
      facets.push({
        field: FACETS[name],
        values: buckets.flatMap(({ key, count }) =>
          key[0] === null
            ? []
            : [{ value: String(key[0]), label: labelOf(installation, FACETS[name], String(key[0])), count }],
        ),
      })
    }
    const body: AlertList = {
      items: page.items.map((item) => alertRow(installation.inventory, item)),
      total: page.total,
      events: counts.reduce((sum, { key, count }) => sum + Number(key[0] ?? 0) * count, 0),
      ...(page.cursor ? { cursor: page.cursor } : {}),
      facets,
      histogram: await histogramOf(installation, scope, and(base, ...Object.values(facetFilters).flat()), from, to),
      seq: await collection.newest(),
    }
    const by = q['group'] as FacetName | undefined
    if (by && by in FACETS) body.groups = await grouped(installation, scope, all(), FACETS[by])
    return c.json(body)
  })
  .get('/:id', async (c) => {
    const { installation, scope } = c.var
    const found = await alertsOf(installation).get(scope, c.req.param('id'))
    if (!found) throw notFound('cảnh báo này', 'alert')
    return c.json(await detail(installation, scope, found))
  })
  .post('/change', duty('triage'), zValidator('json', changes), async (c) => {
    const { installation, scope, user } = c.var
    const change = c.req.valid('json')
    if (change.status === 'closed' && !change.reason)
      throw new Refusal(422, 'reason', 'Đóng cảnh báo cần lý do.', 'Closing an alert needs a reason.')
    const collection = alertsOf(installation)
    const at = installation.clock()
    const results: { id: string; ok: boolean; version?: number; message?: string }[] = []
    let refused: StoreError | undefined
    for (const { id, version } of change.items) {
      try {
        results.push(await apply(collection, scope, id, version, (doc) => changed(doc, user.username, at, change)))
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        refused = error
        break
      }
    }
    const log = (ids: readonly string[]) =>
      audit(c, 'alerts.change', ids.slice(0, 20).join(' '), JSON.stringify({ ...change, items: ids.length }))
    const done = results.filter(({ ok }) => ok).map(({ id }) => id)
    if (!refused) {
      await log(change.items.map(({ id }) => id))
      return c.json({ results })
    }
    // The store went away. What it was asked last may have been carried out all the same: that is known when it is back.
    const { id } = change.items[results.length]!
    if (done.length > 0) await log(done)
    await once(async () => {
      const doc = (await collection.get(scope, id))?.doc
      if (doc?.activity.some((each) => each.at === at && each.by === user.username)) await log([id])
    })
    if (done.length === 0) throw refused
    for (const left of change.items.slice(results.length))
      results.push({ id: left.id, ok: false, message: refused.message })
    return c.json({ results })
  })
  .post(
    '/incident',
    duty('triage'),
    zValidator(
      'json',
      z.object({
        ids: z.array(z.string()).min(1).max(500),
        incident: z.string().optional(),
        title: z.string().max(300).optional(),
      }),
    ),
    async (c) => {
      const { installation, scope, user } = c.var
      const { ids, incident, title } = c.req.valid('json')
      const collection = alertsOf(installation)
      const incidents = openIncidents(installation.store, installation.clock, () => ({}))
      const found: Stored<Alert>[] = []
      for (const id of ids) {
        const alert = await collection.get(scope, id)
        if (!alert) throw notFound('cảnh báo này', 'alert')
        found.push(alert)
      }
      const known = incident
        ? await installation.store.documents.collection<Incident>('incidents').get(scope, incident)
        : undefined
      if (incident && !known) throw notFound('sự cố này', 'incident')
      const agency = known ? known.doc['organization.id'] : found[0]!.doc['organization.id']
      if (found.some(({ doc }) => doc['organization.id'] !== agency)) {
        throw new Refusal(
          422,
          'agency',
          'Một sự cố thuộc đúng một cơ quan: hãy chọn cảnh báo của cùng cơ quan.',
          'An incident belongs to one agency: choose alerts of the same agency.',
        )
      }
      let target: Stored<Incident> | undefined = known
      for (const alert of found)
        target = target
          ? await incidents.join(target.id, alert, user.username)
          : await incidents.open(alert, user.username, title)
      await audit(c, 'alerts.incident', target!.id, ids.slice(0, 20).join(' '))
      return c.json(incidentRow(installation.inventory, target!, installation.clock()))
    },
  )

/**
 * A person decides on what they saw: where someone changed it since, they are told. More events, which the program counts
 * on meanwhile, are no conflict.
 */
const apply = async (
  collection: Collection<Alert>,
  scope: Scope,
  id: string,
  seen: number,
  change: (doc: Alert) => Alert,
) => {
  for (;;) {
    const current = await collection.get(scope, id)
    if (!current) return { id, ok: false, message: 'not found' }
    const byPeople = Number(current.doc['decided'] ?? 0)
    if (byPeople > seen)
      return {
        id,
        ok: false,
        version: current.version,
        message: `changed by ${current.doc.activity.findLast(({ by }) => by !== 'system')?.by ?? 'someone'} meanwhile`,
      }
    const [put] = await collection.put([
      { id, version: current.version, doc: { ...change(current.doc), decided: current.version + 1 } },
    ])
    if (put?.ok) return { id, ok: true, version: put.version }
  }
}

const grouped = async (
  installation: Installation,
  scope: Scope,
  filter: Filter,
  field: string,
): Promise<NonNullable<AlertList['groups']>> => {
  const collection = alertsOf(installation)
  const buckets = await collection.aggregate(scope, { filter, by: [field], limit: 200 })
  const out: NonNullable<AlertList['groups']> = []
  for (const { key, count } of buckets) {
    const mine = key[0] === null ? and(filter, not({ op: 'exists', field })) : and(filter, eq(field, key[0]!))
    const worst = (await collection.query(scope, { filter: mine, sort: SORTS['severity']!, limit: 1 })).items[0]
    const newest = (await collection.query(scope, { filter: mine, sort: SORTS['newest']!, limit: 1 })).items[0]
    const sums = await collection.aggregate(scope, { filter: mine, by: ['alert.count'], limit: 1_000_000 })
    const value = key[0] === null ? '' : String(key[0])
    out.push({
      key: value,
      label: value === '' ? '–' : labelOf(installation, field, value),
      count,
      events: sums.reduce((sum, each) => sum + Number(each.key[0] ?? 0) * each.count, 0),
      level: worst!.doc['rule.level'],
      last: newest!.doc['alert.last'],
    })
  }
  return out
}

const detail = async (installation: Installation, scope: Scope, found: Stored<Alert>): Promise<AlertDetail> => {
  const { doc } = found
  const rule = installation.rules.find((each) => each.id === doc['rule.id'])
  const row: AlertRow = alertRow(installation.inventory, found)
  const collection = alertsOf(installation)
  const ids = [
    ...(doc['alert.follows'] ? [{ id: doc['alert.follows'], relation: 'follows' as const }] : []),
    ...(doc.absorbed ?? []).map((id) => ({ id, relation: 'absorbed' as const })),
  ]
  const related: AlertDetail['related'] = []
  for (const { id, relation } of ids) {
    const other = await collection.get(scope, id)
    if (other) related.push({ id, rule: other.doc.rule_name, relation, at: other.doc['alert.first'] })
  }
  const first = doc.events[0]
  return {
    ...row,
    rule_description: rule?.description ?? { vi: '', en: '' },
    rule_guide: rule?.guide ?? { vi: '', en: '' },
    rule_condition: rule?.condition ?? '',
    why: rule && first ? explain(rule.filter, first) : [],
    events: [...doc.events],
    related,
    activity: [...doc.activity],
    around: await around(installation, scope, doc, first),
  }
}

/** What the address and the portal did around the burst: an hour to each side. */
const around = async (
  installation: Installation,
  scope: Scope,
  doc: Alert,
  first: Event | undefined,
): Promise<AlertDetail['around']> => {
  const from = doc['alert.first'] - 3_600_000
  const to = Math.min(doc['alert.last'] + 3_600_000, installation.clock() + 1)
  const every = bucketWidth(from, to, 40)
  const start = Math.floor(from / every) * every
  const n = Math.max(1, Math.ceil((to - start) / every))
  const counts = async (filter: Filter | undefined): Promise<number[]> => {
    const out = new Array<number>(n).fill(0)
    if (!filter) return out
    const { items } = await installation.store.events.aggregate(scope, {
      filter,
      from: start,
      to,
      by: [{ every }],
      limit: n + 1,
    })
    for (const { key, count } of items) {
      const i = Math.round((Number(key[0]) - start) / every)
      if (i >= 0 && i < n) out[i] = count
    }
    return out
  }
  const prefix = doc['source.prefix'] ?? first?.['source.prefix']
  const ip = doc['source.ip'] ?? first?.['source.ip']
  const source = prefix ? eq('source.prefix', String(prefix)) : ip ? eq('source.ip', String(ip)) : undefined
  const rule = installation.rules.find((each) => each.id === doc['rule.id'])
  const group = doc.group.map(({ field, value }) => eq(field, value))
  return {
    start,
    every,
    source: await counts(source),
    portal: await counts(doc['portal.id'] ? eq('portal.id', String(doc['portal.id'])) : undefined),
    matched: await counts(rule ? and(rule.filter, ...group) : source ? or(source) : undefined),
  }
}
