/** What stands in a qualifying window of a correlation since the new events of a pass came. */
import type { Event } from '../ingest/event.ts'
import { and, eq, type Filter, or } from '../ingest/store/filter.ts'
import { type Store, SYSTEM, type Window } from '../ingest/store/store.ts'
import { groupsOf, newly, reachOf, type Seen, spelled } from './correlation/evaluate.ts'
import { type Need, needsOf } from './correlation/needs.ts'
import { furthest, laneOf, LIVE, type Reach, within } from './lane.ts'
import { lateHits } from './owed.ts'
import { type About, type Groups, live, type Passes, tellIn } from './pass.ts'
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
const groupsFilter = (by: readonly string[], groups: readonly Group[]): Filter => {
  if (groups.length > FEW) return and()
  const parts: Filter[] = []
  for (const [i, field] of by.entries()) {
    const values = new Set(groups.map((group) => group[i]!.value))
    // A list of several values stands for all of them.
    if (![...values].some((value) => value.startsWith('['))) parts.push(eq(field, ...values))
  }
  return and(...parts)
}

export interface Stretch {
  /** Of what lane the new events are, and behind what ingest time. */
  readonly lane: string
  readonly from: number
  /** How far each lane is gone over, this run included. */
  readonly reach: Reach
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
  const late = await lateHits(store.documents, rule, window.from, window.to - 1)
  let candidates = new Map([...touched.values()].map(({ group }) => [spelled(group), group]))
  // First which groups have enough of what they need; then their events.
  for (const [i, need] of needsOf(rule.correlation!).entries()) {
    if (candidates.size === 0) break
    // Of the run that goes on live it is known of most that they have not.
    const isFar = (group: Group) =>
      lane === LIVE && !passes.recent.may(rule, i, group, { ...window, upTo: reach[LIVE] ?? Number.POSITIVE_INFINITY })
    candidates = await enough(store, rule, about, window, need, candidates, late, isFar)
  }
  if (candidates.size === 0) return groups
  const those = [...candidates.values()]
  const own = or(...ways(rule).map((by) => groupsFilter(by, those)))
  const wide = { ...window, filter: live(and(about.filter, own)) }
  const seen: Seen[] = []
  const take = (events: readonly Event[]): void => {
    for (const event of events) {
      if (!within(reach, event)) continue
      const each = about.read(event)
      if (about.hidden(each)) continue
      if (![...groupsOf(rule, event, each.bases).keys()].some((text) => candidates.has(text))) continue
      seen.push({ ...each, fresh: laneOf(event) === lane && (event['event.ingested'] as number) > from })
    }
  }
  take(late)
  for await (const events of store.events.match(SYSTEM, { ...wide, ...(about.fields ? { fields: about.fields } : {}) }))
    take(events)
  for (const { group, moments } of newly(rule, seen)) tellIn(groups, rule, group, moments)
  return groups
}

/** Those of the groups that have what is needed, or may have with the late ones. */
const enough = async (
  store: Store,
  rule: Rule,
  about: About,
  window: Window,
  { bases, by, ...asked }: Need,
  among: ReadonlyMap<string, Group>,
  late: readonly Event[],
  isFar: (group: Group) => boolean,
): Promise<Map<string, Group>> => {
  const out = new Map<string, Group>()
  const keep = (text: string): void => {
    const group = among.get(text)
    if (group) out.set(text, group)
  }
  // A store tells groups apart by single values.
  for (const [text, group] of among) if (group.some(({ value }) => value.startsWith('['))) out.set(text, group)
  const near = [...among.values()].filter((group) => !isFar(group))
  if (near.length > 0) {
    const filter = live(and(about.of(bases), groupsFilter(by, near)))
    for await (const buckets of store.events.groups(SYSTEM, { ...window, filter, by, ...asked }))
      for (const { key } of buckets) if (!key.includes(null)) keep(JSON.stringify(key.map(String)))
  }
  for (const event of late) for (const text of groupsOf(rule, event, bases).keys()) keep(text)
  return out
}
