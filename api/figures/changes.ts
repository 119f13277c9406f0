/** What left its usual range between two periods: more than twice what it varies from week to week. Worst first, nine at most. */
import { and, type Filter, not, eq } from '../../ingest/store/filter.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import type { Figures, PeriodChange, RiskRow } from '../contract-province.ts'
import type { Installation } from '../installation.ts'
import type { Period } from './incidents.ts'

const WEEK = 7 * 86_400_000
const MOST = 9
const TIMES = 2
/** Changes that are too small to tell, however steady it was. */
const LEAST_POINTS = 5
const LEAST_ALERTS = 5
const LEAST_SHARE = 0.05
/** Closed alerts of which a share says something. */
const SOME = 10

/** How much it varies from one week to the next, in the mean. */
export const usual = (weeks: readonly (number | null)[]): number => {
  const steps = weeks.flatMap((value, i) => {
    const before = weeks[i - 1]
    return i > 0 && value !== null && typeof before === 'number' ? [Math.abs(value - before)] : []
  })
  return steps.length === 0 ? 0 : steps.reduce((a, b) => a + b, 0) / steps.length
}

export const agencyChanges = (rows: readonly RiskRow[]): (PeriodChange & { kind: 'agency' })[] =>
  rows
    .flatMap(({ id, name, points, change, rank, rank_before, weeks }) =>
      points !== undefined &&
      change !== undefined &&
      // What is usual is said by the weeks before those that are compared.
      Math.abs(change) > Math.max(LEAST_POINTS - 1, TIMES * usual(weeks.slice(0, -4)))
        ? [
            {
              kind: 'agency' as const,
              id,
              name,
              points,
              change,
              ...(rank === undefined ? {} : { rank }),
              ...(rank_before === undefined ? {} : { rank_before }),
            },
          ]
        : [],
    )
    .sort((a, b) => b.change - a.change)

/** Alerts of each rule by the list's own count: those that went on in a period. */
const byRule = async ({ store }: Installation, scope: Scope, agency: Filter, { from, to }: Period) =>
  new Map(
    (
      await alertsIn(store.documents).aggregate(scope, {
        filter: and(
          agency,
          not(eq('alert.status', 'absorbed')),
          { op: 'range', field: 'alert.last', gte: from },
          { op: 'range', field: 'alert.first', lt: to },
        ),
        by: ['rule.id'],
        limit: 10_000,
      })
    ).map(({ key, count }) => [String(key[0]), count]),
  )

export const ruleChanges = async (
  installation: Installation,
  scope: Scope,
  agency: Filter,
  period: Period,
  before: Period,
): Promise<(PeriodChange & { kind: 'rule' })[]> => {
  const [now, was] = await Promise.all([
    byRule(installation, scope, agency, period),
    byRule(installation, scope, agency, before),
  ])
  const from = before.from - 12 * WEEK
  const weekly = new Map<string, number[]>()
  const buckets = await alertsIn(installation.store.documents).aggregate(scope, {
    filter: and(agency, not(eq('alert.status', 'absorbed')), {
      op: 'range',
      field: 'alert.first',
      gte: from,
      lt: before.to,
    }),
    by: ['rule.id', { field: 'alert.first', every: WEEK, offset: from % WEEK }],
    limit: 100_000,
  })
  const length = Math.ceil((before.to - from) / WEEK)
  for (const { key, count } of buckets) {
    const weeks = weekly.get(String(key[0])) ?? new Array<number>(length).fill(0)
    const i = Math.floor((Number(key[1]) - from) / WEEK)
    if (i >= 0 && i < length) weeks[i] = count
    weekly.set(String(key[0]), weeks)
  }
  const weeks = Math.max(1, (period.to - period.from) / WEEK)
  return [...new Set([...now.keys(), ...was.keys()])]
    .flatMap((id) => {
      const [a, b] = [now.get(id) ?? 0, was.get(id) ?? 0]
      const step = Math.abs(a - b)
      if (step < LEAST_ALERTS || step / weeks <= TIMES * usual(weekly.get(id) ?? [])) return []
      const rule = installation.rules.find((each) => each.id === id)
      return rule ? [{ kind: 'rule' as const, id, name: rule.name, now: a, before: b }] : []
    })
    .sort((a, b) => b.now - b.before - (a.now - a.before))
}

/** Share of closed alerts that were false, where enough were closed in each period. */
export const falseChange = async (
  { store }: Installation,
  scope: Scope,
  agency: Filter,
  period: Period,
  before: Period,
): Promise<PeriodChange[]> => {
  const share = async ({ from, to }: Period) => {
    const buckets = await alertsIn(store.documents).aggregate(scope, {
      filter: and(agency, eq('alert.status', 'closed'), { op: 'range', field: 'alert.closed', gte: from, lt: to }),
      by: ['alert.reason'],
      limit: 10,
    })
    const all = buckets.reduce((sum, { count }) => sum + count, 0)
    return all < SOME
      ? undefined
      : buckets.filter(({ key }) => key[0] === 'false_positive').reduce((n, b) => n + b.count, 0) / all
  }
  const [now, was] = [await share(period), await share(before)]
  return now === undefined || was === undefined || Math.abs(now - was) < LEAST_SHARE
    ? []
    : [{ kind: 'false_positives', now, before: was }]
}

/** Of each kind its worst come in turn, so that many of one do not hide the others. */
export const worstFirst = (kinds: readonly (readonly PeriodChange[])[]): Figures['changes'] => {
  const out: PeriodChange[] = []
  const longest = Math.max(0, ...kinds.map((kind) => kind.length))
  for (let i = 0; i < longest; i++) for (const kind of kinds) if (kind[i]) out.push(kind[i]!)
  return out.slice(0, MOST)
}
