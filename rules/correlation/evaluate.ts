/**
 * A correlation over a set of events: by group, what stands in a window that qualifies. It is a function of the set, in whatever
 * order it is given. A correlation below another one comes true at the end of each of its windows, and what those hold
 * is part of what the upper one tells of.
 */
import type { Event } from '../../ingest/event.ts'
import { valuesIn } from '../../ingest/store/match.ts'
import { groupValue } from '../alert.ts'
import { byTime, type Moment } from '../bursts.ts'
import type { Correlation, CorrelationType, Rule } from '../rule.ts'
import { placeIn } from '../sorted.ts'
import { eventCount } from './event_count.ts'
import type { Found, Item, Kind } from './kind.ts'
import { temporal } from './temporal.ts'
import { temporalOrdered } from './temporal_ordered.ts'
import { valueAvg } from './value_avg.ts'
import { valueCount } from './value_count.ts'
import { valueMedian } from './value_median.ts'
import { valuePercentile } from './value_percentile.ts'
import { valueSum } from './value_sum.ts'

const KINDS: { readonly [type in CorrelationType]: Kind } = {
  event_count: eventCount,
  value_count: valueCount,
  value_sum: valueSum,
  value_avg: valueAvg,
  value_median: valueMedian,
  value_percentile: valuePercentile,
  temporal,
  temporal_ordered: temporalOrdered,
}

/** ms by which what is decided at a time looks back, with all that is below. */
export const reachOf = (correlation: Correlation): number =>
  KINDS[correlation.type].reach(correlation) + Math.max(0, ...innerOf(correlation).map(reachOf))
export const innerOf = ({ over }: Correlation): readonly Correlation[] =>
  over.filter((each) => typeof each !== 'number')
/** It and all that is below it. */
export const allOf = (correlation: Correlation): readonly Correlation[] => [
  correlation,
  ...innerOf(correlation).flatMap(allOf),
]

/** An event that meets some of the rule's bases. */
export interface Seen extends Moment {
  /** Whom it concerns (`agenciesOf`). */
  readonly agencies: readonly string[]
  readonly bases: readonly number[]
  /** What groups and values are read from. */
  readonly event: Event
  /** It came with the run; the others were counted before. */
  readonly fresh?: boolean
  /** It was there before the rule: it may stand in a window, and ends none. */
  readonly old?: boolean
}
export type Group = readonly { readonly field: string; readonly value: string }[]

/** Items of a list that some window has brought up. */
interface Slice {
  readonly list: readonly Node[]
  readonly from: number
  readonly to: number
}
interface Node extends Item {
  /** By which of the bases its groups and values are read, and from what. */
  readonly base: number
  readonly event: Event
  readonly old: boolean
  readonly seen?: Seen
  /** What it stands for, of a correlation below. */
  readonly below?: Slice
}
interface Made {
  readonly values: readonly string[]
  readonly items: Node[]
}

/** Values of a group; undefined where one is missing. */
const keyOf = (event: Event, fields: readonly string[]): string[] | undefined => {
  const out: string[] = []
  for (const field of fields) {
    const value = groupValue(valuesIn(event, field))
    if (value === undefined) return undefined
    out.push(value)
  }
  return out
}

const MOST_TUPLES = 1000
const valuesOf = (event: Event, fields: readonly string[] | undefined): string[] => {
  if (!fields) return []
  const [first, ...rest] = fields.map((field) => valuesIn(event, field).map(String))
  if (rest.length === 0) return first ?? []
  return rest
    .reduce<string[][]>(
      (rows, values) => rows.flatMap((row) => values.map((value) => [...row, value])).slice(0, MOST_TUPLES),
      first!.map((value) => [value]),
    )
    .map((row) => JSON.stringify(row))
}

/** By `spelled`, the groups of an event. A correlation leaves out what lacks a field. */
export const groupsOf = (rule: Rule, event: Event, bases: readonly number[]): ReadonlyMap<string, Group> => {
  if (event === last.event && rule === last.rule && bases === last.bases) return last.groups
  const { keys } = rule.correlation!
  const groups = new Map<string, Group>()
  for (const base of bases) {
    const values = keyOf(event, keys[base]!)
    if (!values) continue
    const text = JSON.stringify(values)
    if (!groups.has(text)) groups.set(text, named(rule, values))
  }
  last = { event, rule, bases, groups }
  return groups
}
/** Of the same event several ask, one behind the other. */
let last: { event?: Event; rule?: Rule; bases?: readonly number[]; groups: ReadonlyMap<string, Group> } = {
  groups: new Map(),
}
/** By which one group of a rule is told from another. */
export const spelled = (group: Group): string => JSON.stringify(group.map(({ value }) => value))
const named = ({ groupBy = [] }: Rule, values: readonly string[]): Group =>
  values.map((value, i) => ({ field: groupBy[i]!, value }))

const distinct = (values: readonly string[]): readonly string[] => (values.length < 2 ? values : [...new Set(values)])
/** Lists of one place, each once. */
const ALONE: readonly (readonly number[])[] = Array.from({ length: 16 }, (_, i) => [i])

/** The items of a correlation by group, with those that the correlations below bring up. */
const itemsOf = (correlation: Correlation, seen: readonly Seen[]): Map<string, Made> => {
  const { over, keys, fields } = correlation
  const made = new Map<string, Made>()
  const add = (values: readonly string[], item: Node): void => {
    if (fields && item.values.length === 0) return
    const text = JSON.stringify(values)
    const group = made.get(text)
    if (group) group.items.push(item)
    else made.set(text, { values, items: [item] })
  }
  const placeOf = new Map(over.flatMap((each, i) => (typeof each === 'number' ? [[each, i] as const] : [])))
  for (const each of seen) {
    const { time, id, event, bases } = each
    const [only] = bases
    if (bases.length === 1) {
      const place = placeOf.get(only!)
      const values = place === undefined ? undefined : keyOf(event, keys[only!]!)
      if (!values) continue
      const said = distinct(valuesOf(event, fields?.[only!]))
      add(values, {
        time,
        id,
        of: ALONE[place!] ?? [place!],
        base: only!,
        event,
        old: each.old === true,
        values: said,
        seen: each,
      })
      continue
    }
    // By group: an event of two bases may be in two.
    const own = new Map<string, { values: string[]; of: number[]; base: number; said: Set<string> }>()
    for (const base of bases) {
      const place = placeOf.get(base)
      const values = place === undefined ? undefined : keyOf(event, keys[base]!)
      if (!values) continue
      const text = JSON.stringify(values)
      let group = own.get(text)
      if (!group) own.set(text, (group = { values, of: [], base, said: new Set() }))
      group.of.push(place!)
      for (const value of valuesOf(event, fields?.[base])) group.said.add(value)
    }
    for (const { values, of, base, said } of own.values())
      add(values, { time, id, of, base, event, old: each.old === true, values: [...said], seen: each })
  }
  for (const [place, inner] of over.entries())
    if (typeof inner !== 'number')
      for (const { values, item } of ends(inner, place, correlation, seen)) add(values, item)
  for (const { items } of made.values()) items.sort(byTime)
  return made
}

/** The same values, whatever of the group is looked at. */
export const isWithin = (outer: Correlation, inner: Correlation): boolean =>
  outer.keys.every(
    (fields, base) =>
      inner.keys[base] === undefined || (fields ?? []).every((field) => inner.keys[base]!.includes(field)),
  )

/** The ends of the windows of a correlation, as items of the one above. */
const ends = function* (
  inner: Correlation,
  place: number,
  outer: Correlation,
  seen: readonly Seen[],
): Generator<{ values: readonly string[]; item: Node }> {
  const whole = isWithin(outer, inner)
  for (const { items } of itemsOf(inner, seen).values()) {
    const windows = KINDS[inner.type].windows(items, inner)
    if (windows.length === 0) continue
    // The parts of the group that are one group above, with the places of their items.
    const parts = new Map<string, { values: string[]; list: Node[]; places: number[] }>()
    for (const [i, item] of items.entries()) {
      const values = keyOf(item.event, outer.keys[item.base]!)
      if (!values) continue
      const text = JSON.stringify(values)
      let part = parts.get(text)
      if (!part) parts.set(text, (part = { values, list: [], places: [] }))
      part.list.push(item)
      part.places.push(i)
    }
    const runs = windows.flatMap(({ to }, i) => (i === 0 || windows[i - 1]!.to !== endOf(items, to) ? [i] : []))
    for (const { values, list, places } of parts.values()) {
      // Where other groups stand in the windows too: when it comes true for what they hold, and at each further event of it.
      for (const window of whole ? windows : telling(windows, runs, places)) {
        const from = placeIn(places, window.from)
        const to = placeIn(places, window.to)
        if (from >= to) continue
        const last = list[to - 1]!
        const said = new Set<string>()
        for (let i = to - 1; i >= from && list[i]!.time === last.time; i--)
          for (const value of valuesOf(list[i]!.event, outer.fields?.[list[i]!.base])) said.add(value)
        yield {
          values,
          item: {
            time: window.at,
            id: last.id,
            of: [place],
            base: last.base,
            event: last.event,
            values: [...said],
            old: items.slice(endOf(items, window.to), window.to).every((each) => each.old),
            below: { list, from, to },
          },
        }
      }
    }
  }
}

/**
 * The windows by which a part of their group is told of: of each of its items the first that holds it, or comes behind; and those
 * that hold some of it and begin to qualify, for the end before them did not (`runs`).
 */
const telling = (windows: readonly Found[], runs: readonly number[], places: readonly number[]): Found[] => {
  const ends = windows.map(({ to }) => to)
  const starts = runs.map((i) => ends[i]!)
  const out = new Set<number>()
  let next = 0
  for (const place of places) {
    const first = placeIn(ends, place + 1)
    if (first < windows.length) out.add(first)
    // Each beginning is looked at once, whichever of the items it holds.
    for (next = Math.max(next, placeIn(starts, place + 1)); next < runs.length; next++) {
      if (windows[runs[next]!]!.from > place) break
      out.add(runs[next]!)
    }
  }
  return [...out].sort((a, b) => a - b).map((i) => windows[i]!)
}

/** Where the items begin that stand at the time of the last one before a place. */
const endOf = (items: readonly Item[], to: number): number => {
  let first = to - 1
  while (first > 0 && items[first - 1]!.time === items[to - 1]!.time) first--
  return first
}

/** A group of the rule, evaluated. */
export interface Evaluated {
  readonly group: Group
  /** What stands in windows that qualify and have ended by a time (by default: all), each once and in order of time. */
  told(until?: number): Seen[]
}

/** Groups without any window that qualifies are left out. An event that is given twice counts once. */
export const evaluate = (rule: Rule, given: readonly Seen[]): Evaluated[] => {
  const correlation = rule.correlation!
  const byId = new Map<string, Seen>()
  for (const each of given) {
    const other = byId.get(each.id)
    // Of two the one that was there first.
    if (!other || (other.fresh && !each.fresh)) byId.set(each.id, each)
  }
  const out: Evaluated[] = []
  for (const { values, items } of itemsOf(correlation, [...byId.values()]).values()) {
    const windows = KINDS[correlation.type]
      .windows(items, correlation)
      .filter(({ to }) => items.slice(endOf(items, to), to).some(({ old }) => !old))
    if (windows.length === 0) continue
    out.push({
      group: named(rule, values),
      told: (until = Number.POSITIVE_INFINITY) => {
        const slices = windows.filter(({ at }) => at <= until).map(({ from, to }) => ({ list: items, from, to }))
        const key = JSON.stringify(values)
        const all = [...leavesOf(slices)].sort(byTime)
        if (innerOf(correlation).length === 0) return all
        // Of a group of groups a part may hold more than is this group's.
        const mine = ({ event, bases }: Seen) =>
          bases.some((base) => JSON.stringify(keyOf(event, correlation.keys[base]!)) === key)
        return all.filter(mine)
      },
    })
  }
  return out
}

/** The events below slices, level by level: what many windows hold is looked at once. */
const leavesOf = (slices: readonly Slice[]): Set<Seen> => {
  const out = new Set<Seen>()
  let level = slices
  while (level.length > 0) {
    const edges = new Map<readonly Node[], Int32Array>()
    for (const { list, from, to } of level) {
      let edge = edges.get(list)
      if (!edge) edges.set(list, (edge = new Int32Array(list.length + 1)))
      edge[from]!++
      edge[to]!--
    }
    const next: Slice[] = []
    for (const [list, edge] of edges) {
      let open = 0
      for (let i = 0; i < list.length; i++) {
        open += edge[i]!
        if (open === 0) continue
        const { seen, below } = list[i]!
        if (seen) out.add(seen)
        if (below) next.push(below)
      }
    }
    level = next
  }
  return out
}

/** What qualifies with the fresh ones and did not without them: of a correlation whose further events only add. */
export const newly = (rule: Rule, seen: readonly Seen[]): { group: Group; moments: Seen[] }[] => {
  const before = new Map<string, Set<string>>()
  for (const { group, told } of evaluate(
    rule,
    seen.filter(({ fresh }) => !fresh),
  ))
    before.set(JSON.stringify(group), new Set(told().map(({ id }) => id)))
  return evaluate(rule, seen).flatMap(({ group, told }) => {
    const known = before.get(JSON.stringify(group))
    const moments = told().filter(({ id }) => !known?.has(id))
    return moments.length ? [{ group, moments }] : []
  })
}
