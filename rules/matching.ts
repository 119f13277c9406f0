/** What stands in a qualifying window of a correlation since the new events of a pass came. */
import type { Event } from '../ingest/event.ts'
import { and, eq, type Filter, or } from '../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { groupKey } from './alert.ts'
import { groupsOf, innerOf, newly, reachOf, type Seen } from './correlation/evaluate.ts'
import { leastOf } from './correlation/kind.ts'
import { furthest, laneOf, type Reach, within } from './lane.ts'
import { lateHits } from './owed.ts'
import { type Groups, live, type Passes } from './pass.ts'
import type { Group } from './alert.ts'
import type { Rule } from './rule.ts'

/** Groups that are asked for by their values; of more, all are read. */
const FEW = 500

/** The fields by which its bases are grouped, each way once. */
const ways = ({ correlation }: Rule): readonly (readonly string[])[] => [
  ...new Map((correlation?.keys ?? []).flatMap((fields) => (fields ? [[fields.join('\n'), fields]] : []))).values(),
]

/** What an alert's group says of its events: a name that stands for several fields is any of them. Over-selects. */
export const whereGroup = (rule: Rule | undefined, group: Group): Filter[] =>
  group.map(({ field, value }) => {
    const place = rule?.groupBy?.indexOf(field) ?? -1
    const fields = new Set((rule ? ways(rule) : []).flatMap((way) => way[place] ?? []))
    return fields.size > 0 ? or(...[...fields].map((each) => eq(each, value))) : eq(field, value)
  })

/** Over-selects: the events of these groups, and some others. */
const groupsFilter = (rule: Rule, groups: Groups): Filter => {
  if (groups.size > FEW) return and()
  return or(
    ...ways(rule).map((by) => {
      const parts: Filter[] = []
      for (const [i, field] of by.entries()) {
        const values = new Set([...groups.values()].map(({ group }) => group[i]!.value))
        // A list of several values stands for all of them.
        if (![...values].some((value) => value.startsWith('['))) parts.push(eq(field, ...values))
      }
      return and(...parts)
    }),
  )
}

export interface Stretch {
  /** Of what lane the new events are, and behind what ingest time. */
  readonly lane: string
  readonly from: number
  /** How far each lane is gone over, this run included. */
  readonly reach: Reach
}

/** What a store can say of a group before its events are read: how many there are at least. */
const countable = (rule: Rule): { readonly atLeast: number; readonly distinct?: string } | undefined => {
  const { type, over, bounds, fields } = rule.correlation!
  if (!bounds || innerOf(rule.correlation!).length > 0 || ways(rule).length !== 1) return undefined
  if (type === 'event_count') return { atLeast: leastOf(bounds) }
  const counted = new Set((fields ?? []).map((each) => each?.join('\n')))
  const [field, ...others] = fields?.[over[0] as number] ?? []
  return type === 'value_count' && counted.size === 1 && field !== undefined && others.length === 0
    ? { atLeast: leastOf(bounds), distinct: field }
    : undefined
}

/** The events that qualify with the new ones and did not before, by group. `touched`: the groups of the new ones. */
export const correlated = async (
  store: Store,
  passes: Passes,
  rule: Rule,
  { lane, from, reach }: Stretch,
  touched: Groups,
): Promise<Groups> => {
  const groups: Groups = new Map()
  if (touched.size === 0) return groups
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { moments } of touched.values())
    for (const { time } of moments) {
      first = Math.min(first, time)
      last = Math.max(last, time)
    }
  // Twice the reach around: whether an event next to the new ones qualified before, others beyond it say.
  const span = reachOf(rule.correlation!)
  const window = { from: first - 2 * span, to: last + 2 * span + 1, ingested: { upTo: furthest(reach) } }
  const about = await passes.seen(rule, window)
  const wide = { ...window, filter: live(and(about.filter, groupsFilter(rule, touched))) }
  const late = await lateHits(store.documents, rule, window.from, window.to - 1)
  const fresh = new Set([...touched.values()].map(({ group }) => spelled(group)))
  // First which groups have enough of them at all; then their events.
  let candidates: ReadonlySet<string> = fresh
  const asked = countable(rule)
  if (asked) candidates = await enough(store, rule, { ...wide, ...asked }, fresh, late)
  if (candidates.size === 0) return groups
  const seen: Seen[] = []
  const take = (events: readonly Event[]): void => {
    for (const event of events) {
      if (!within(reach, event)) continue
      const each = about.read(event)
      if (!groupsOf(rule, event, each.bases).some((group) => candidates.has(spelled(group)))) continue
      seen.push({ ...each, fresh: laneOf(event) === lane && (event['event.ingested'] as number) > from })
    }
  }
  take(late)
  for await (const events of store.events.match(SYSTEM, { ...wide, ...(about.fields ? { fields: about.fields } : {}) }))
    take(events)
  for (const { group, moments } of newly(rule, seen)) groups.set(groupKey(rule.id, group), { group, moments, ends: [] })
  return groups
}

/** Those of the groups that have so many events or values, or may have with the late ones. */
const enough = async (
  store: Store,
  rule: Rule,
  query: Omit<Parameters<Store['events']['groups']>[1], 'by'>,
  fresh: ReadonlySet<string>,
  late: readonly Event[],
): Promise<ReadonlySet<string>> => {
  const out = new Set<string>()
  for await (const buckets of store.events.groups(SYSTEM, { ...query, by: ways(rule)[0]! }))
    for (const { key } of buckets) {
      const text = JSON.stringify(key.map(String))
      if (!key.includes(null) && fresh.has(text)) out.add(text)
    }
  for (const event of late)
    for (const group of groupsOf(
      rule,
      event,
      rule.bases!.map((_, i) => i),
    ))
      if (fresh.has(spelled(group))) out.add(spelled(group))
  return out
}

const spelled = (group: Group): string => JSON.stringify(group.map(({ value }) => value))
