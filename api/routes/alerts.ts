import { Hono } from 'hono'
import { compile } from '../../ingest/store/match.ts'
import { excepting } from '../../rules/case/exception.ts'
import { allExceptions, concerns, filterOf, groupOfRule } from '../../rules/exceptions.ts'
import type { Rule } from '../../rules/rule.ts'
import { guardOf } from '../masks.ts'
import type { Event } from '../../ingest/event.ts'
import { agencyName, systemOf } from '../../ingest/inventory/scope.ts'
import { and, eq, type Filter, not, or } from '../../ingest/store/filter.ts'
import { type Collection, type Scope, type Stored, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { whereGroup } from '../../rules/matching.ts'
import { explain } from '../../rules/explain.ts'
import { campaignOf, campaignsOf, isPart } from '../../rules/campaign.ts'
import { historyOf } from '../../rules/case/journal.ts'
import { LEVELS } from '../../rules/rule.ts'
import { asked, bucketWidth, chosen, chosenAgencies, type Env, notFound, seesAll, zoneOffset } from '../context.ts'
import { placeOf, rangeOf } from '../bounds.ts'
import type { AlertDetail, AlertList, AlertRow, Facet, Level, Localized } from '../contract.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { ALERT_FACETS as FACETS, getAlert, listAlerts } from '../schema/alerts.ts'
import { activitiesOf } from '../acts.ts'
import { alertRow, eventsFor } from '../rows.ts'
import { triage } from './triage.ts'

const SORTS = {
  severity: [
    { field: 'alert.severity', order: 'desc' },
    { field: 'alert.last', order: 'desc' },
  ],
  newest: [{ field: 'alert.last', order: 'desc' }],
  oldest: [{ field: 'alert.last', order: 'asc' }],
  count: [{ field: 'alert.count', order: 'desc' }],
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

const labelOf = (installation: Installation, field: string, value: string): Facet['values'][number]['label'] => {
  const { inventory, rules } = installation
  if (field === 'organization.id') return agencyName(inventory, value) ?? value
  if (field === 'system.id') return systemOf(inventory, value)?.name ?? value
  if (field === 'portal.id') return inventory.portals.find((p) => p.id === value)?.domain ?? value
  if (field === 'rule.id') return rules.find((r) => r.id === value)?.name ?? value
  return value
}

export const alerts = new Hono<Env>()
  .get('/', does(listAlerts), async (c) => {
    const { installation, scope } = c.var
    const q = c.req.valid('query')
    const now = installation.clock()
    const { from, to } = rangeOf(q, now, 86_400_000)
    const base = and(LIVE, asked(c, q.q, ['*']))
    const facetFilters = Object.fromEntries(
      (Object.keys(FACETS) as FacetName[]).map((name) => [
        name,
        name === 'organization' ? chosenAgencies(installation, q.organization) : chosen(FACETS[name], q[name]),
      ]),
    ) as Record<FacetName, Filter[]>
    const range = and({ op: 'range', field: 'alert.last', gte: from }, { op: 'range', field: 'alert.first', lt: to })
    const all = (except?: FacetName) =>
      and(
        base,
        range,
        ...(Object.keys(FACETS) as FacetName[]).flatMap((name) => (name === except ? [] : facetFilters[name])),
      )
    const collection = alertsOf(installation)
    const sort = SORTS[q.sort]
    const page = await collection.query(scope, {
      filter: all(),
      sort,
      limit: q.limit ?? 100,
      ...placeOf(q),
    })
    const { values } = await collection.measure(scope, { filter: all(), of: [{ field: 'alert.count', as: 'sum' }] })
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
      events: values[0] ?? 0,
      ...(page.cursor ? { cursor: page.cursor } : {}),
      facets,
      histogram: await histogramOf(installation, scope, and(base, ...Object.values(facetFilters).flat()), from, to),
      seq: await collection.newest(),
    }
    // What is one campaign over several agencies is one line for who sees all of them.
    if (q.group === 'campaign') {
      if (seesAll(scope)) body.groups = await campaigns(installation, all())
    } else if (q.group !== 'none') body.groups = await grouped(installation, scope, all(), FACETS[q.group])
    return c.json(body)
  })
  .get('/:id', does(getAlert), async (c) => {
    const { installation, scope } = c.var
    const found = await alertsOf(installation).get(scope, c.req.param('id'))
    if (!found) throw notFound('cảnh báo này', 'alert')
    return c.json(await detail(installation, scope, found))
  })
  .route('/', triage)

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
    const worst = (await collection.query(scope, { filter: mine, sort: SORTS.severity, limit: 1 })).items[0]
    const newest = (await collection.query(scope, { filter: mine, sort: SORTS.newest, limit: 1 })).items[0]
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

const inBoth = ({ vi, en }: Localized, make: (name: string) => string): Localized => ({ vi: make(vi), en: make(en) })

/** Of the newest two thousand alerts; a line a campaign, opened by its first alert. */
const campaigns = async (installation: Installation, filter: Filter): Promise<NonNullable<AlertList['groups']>> => {
  const alerts = alertsOf(installation)
  const { items } = await alerts.query(SYSTEM, { filter, sort: SORTS.newest, limit: 2000 })
  const ruleOf = (id: string) => installation.rules.find((rule) => rule.id === id)
  return campaignsOf(items, ruleOf)
    .map((members) => {
      const first = members[0]!
      const agencies = new Set(members.map(({ doc }) => doc['organization.id'] ?? '')).size
      const group = first.doc.group.map(({ value }) => value).join(' · ')
      const worst = members.reduce((a, b) => (b.doc['alert.severity'] > a.doc['alert.severity'] ? b : a))
      return {
        key: first.id,
        label: inBoth(first.doc.rule_name, (name) =>
          [name, members.length === 1 || !ruleOf(first.doc['rule.id'])?.campaign ? group : '']
            .filter(Boolean)
            .join(' · '),
        ),
        count: members.length,
        events: members.reduce((sum, { doc }) => sum + doc['alert.count'], 0),
        level: worst.doc['rule.level'],
        last: Math.max(...members.map(({ doc }) => doc['alert.last'])),
        agencies,
      }
    })
    .sort((a, b) => b.agencies - a.agencies || b.last - a.last)
    .slice(0, 200)
}

const detail = async (installation: Installation, scope: Scope, found: Stored<Alert>): Promise<AlertDetail> => {
  const { doc } = found
  const rule = installation.rules.find((each) => each.id === doc['rule.id'])
  const told = rule ?? installation.book.gone(doc['rule.id'])
  const row: AlertRow = alertRow(installation.inventory, found)
  const collection = alertsOf(installation)
  const ids = [
    ...(doc['alert.follows'] ? [{ id: doc['alert.follows'], relation: 'follows' as const }] : []),
    ...(doc.absorbed ?? []).map((id) => ({ id, relation: 'absorbed' as const })),
  ]
  const related: AlertDetail['related'] = []
  const others = await collection.getMany(
    scope,
    ids.map(({ id }) => id),
  )
  for (const [i, { id, relation }] of ids.entries()) {
    const other = others[i]
    if (other) related.push({ id, rule: other.doc.rule_name, relation, at: other.doc['alert.first'] })
  }
  const events = eventsFor(scope, doc)
  const first = events[0]
  const campaign = await campaignOf(collection, rule, found)
  const history = [found, ...(await absorbedBy(collection, doc))]
  const acts = (
    await Promise.all(history.map(({ id, doc: each }) => historyOf(installation.store.documents, id, each)))
  ).flat()
  return {
    ...row,
    rule_description: told?.description ?? { vi: '', en: '' },
    rule_guide: told?.guide ?? { vi: '', en: '' },
    rule_condition: told?.condition ?? '',
    ...(doc['rule.version'] === undefined
      ? {}
      : { rule_version: { n: Number(doc['rule.version']), ...(rule?.text ? { newest: rule.text.n } : {}) } }),
    why: rule && first ? explain(rule.filter, first) : [],
    events,
    related,
    activity: [
      { at: doc['alert.created'], by: 'system', what: 'created' as const },
      ...acts.flatMap(activitiesOf),
    ].sort((a, b) => a.at - b.at),
    wider: isPart(campaign),
    ...(doc.recounted ? { recounted: doc['alert.kept'] ? ('kept' as const) : ('anew' as const) } : {}),
    ...(seesAll(scope) && campaign.length > 1
      ? { campaign: campaign.slice(0, 200).map((each) => alertRow(installation.inventory, each)) }
      : {}),
    ...(rule && seesAll(scope)
      ? { rule_group: groupOfRule(rule), exceptions: await exceptionsFor(installation, rule, events) }
      : {}),
    around: await around(installation, scope, doc, first),
  }
}

/** The exceptions in force for a rule, those that name one of the events first. */
const exceptionsFor = async (installation: Installation, rule: Rule, events: readonly Event[]) =>
  (await allExceptions(installation.store.documents))
    .filter(({ doc }) => doc['exception.status'] === 'active' && concerns(excepting(doc), rule))
    .map(({ id, doc }) => {
      const holds = compile(filterOf(excepting(doc), guardOf(installation.config.masks)))
      return {
        id,
        kql: doc['exception.kql'],
        reason: doc['exception.reason'],
        owner: doc['exception.owner'],
        expires: doc['exception.expires'],
        names: events.some((event) => holds(event)),
      }
    })
    .sort((x, y) => Number(y.names) - Number(x.names))

/** What became part of an alert keeps what people said of it. */
const absorbedBy = async (collection: Collection<Alert>, doc: Alert): Promise<Stored<Alert>[]> => {
  const found = await collection.getMany(SYSTEM, (doc.absorbed ?? []).slice(-20))
  return found.filter((other) => other !== undefined)
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
  const group = whereGroup(rule, doc.group)
  return {
    start,
    every,
    source: await counts(source),
    portal: await counts(doc['portal.id'] ? eq('portal.id', String(doc['portal.id'])) : undefined),
    matched: await counts(rule ? and(rule.filter, ...group) : source ? or(source) : undefined),
  }
}
