/** What stands in a qualifying window of a correlation since the new events of a pass came. */
import type { Event } from '../ingest/event.ts'
import { and, eq, type Filter } from '../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { groupKey, groupOf } from './alert.ts'
import { furthest, LANE_FIELDS, laneOf, type Reach, within } from './lane.ts'
import { lateHits } from './owed.ts'
import { AGENCY_FIELDS, agenciesOf } from './parts.ts'
import { type Groups, live, type Passes } from './pass.ts'
import type { Group } from './alert.ts'
import type { Rule } from './rule.ts'
import { type Counted, newlyQualifying } from './windows.ts'

/** Groups that are asked for by their values; of more, all are read. */
const FEW = 500

/** Over-selects: the events of these groups, and some others. */
const groupsFilter = (by: readonly string[], groups: Groups): Filter => {
  if (groups.size > FEW) return and()
  const parts: Filter[] = []
  for (const [i, field] of by.entries()) {
    const values = new Set([...groups.values()].map(({ group }) => group[i]!.value))
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
  const correlation = rule.correlation!
  const by = rule.groupBy ?? []
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { moments } of touched.values())
    for (const { time } of moments) {
      first = Math.min(first, time)
      last = Math.max(last, time)
    }
  // Twice the timespan around: whether an event next to the new ones qualified before, others beyond it say.
  const span = correlation.timespan
  const window = { from: first - 2 * span, to: last + 2 * span + 1, ingested: { upTo: furthest(reach) } }
  const wide = { ...window, filter: live(and(await passes.seen(rule, window), groupsFilter(by, touched))) }
  // First which groups have enough of them at all; then their events.
  const candidates = new Set<string>()
  const asked = correlation.field ? { distinct: correlation.field } : {}
  const fresh = new Set([...touched.values()].map(({ group }) => spelled(group)))
  for await (const buckets of store.events.groups(SYSTEM, { ...wide, by, atLeast: correlation.atLeast, ...asked }))
    for (const { key } of buckets) {
      const text = JSON.stringify(key.map(String))
      if (!key.includes(null) && fresh.has(text)) candidates.add(text)
    }
  const late = await lateHits(store.documents, rule, window.from, window.to - 1)
  for (const event of late) {
    const group = groupOf(rule, event)
    // With these it may be enough.
    if (group && fresh.has(spelled(group))) candidates.add(spelled(group))
  }
  if (candidates.size === 0) return groups
  const counted = new Map<string, { group: Group; events: Counted[] }>()
  const fields = [
    '@timestamp',
    'event.id',
    'event.ingested',
    ...LANE_FIELDS,
    ...by,
    ...AGENCY_FIELDS,
    ...(correlation.field ? [correlation.field] : []),
  ]
  const count = (events: readonly Event[]): void => {
    for (const event of events) {
      const group = groupOf(rule, event)
      if (!group || !candidates.has(spelled(group)) || !within(reach, event)) continue
      const values = correlation.field
        ? [event[correlation.field]]
            .flat()
            .filter((v) => v !== undefined)
            .map(String)
        : undefined
      if (values?.length === 0) continue
      const key = groupKey(rule.id, group)
      let found = counted.get(key)
      if (!found) counted.set(key, (found = { group, events: [] }))
      found.events.push({
        time: event['@timestamp'] as number,
        id: event['event.id'] as string,
        fresh: laneOf(event) === lane && (event['event.ingested'] as number) > from,
        agencies: agenciesOf(rule, event),
        ...(values ? { values } : {}),
      })
    }
  }
  count(late)
  for await (const events of store.events.match(SYSTEM, { ...wide, fields })) count(events)
  for (const [key, { group, events }] of counted) {
    const moments = newlyQualifying(events, correlation)
    if (moments.length) groups.set(key, { group, moments, ends: [] })
  }
  return groups
}

const spelled = (group: Group): string => JSON.stringify(group.map(({ value }) => value))
