/**
 * temporal_ordered (Sigma correlation rules specification): as temporal, and in the order of `rules`. Events of one time are in
 * any order, for many logs tell seconds; no event follows itself.
 */
import type { Bounds, Correlation } from '../rule.ts'
import { type Found, type Item, type Kind, openCounts, reachOf, sweep } from './kind.ts'

export const temporalOrdered: Kind = {
  reach: reachOf,
  windows: (items, correlation) => (correlation.terms ? byTerms(items, correlation) : byCount(items, correlation)),
}

/** The items of each time, in order. */
const timesOf = (items: readonly Item[]): (readonly Item[])[] => {
  const out: Item[][] = []
  for (const item of items) {
    const last = out.at(-1)
    if (last && last[0]!.time === item.time) last.push(item)
    else out.push([item])
  }
  return out
}

/**
 * How many of the rules from a place on find an event each among these, one after the other and none twice (Kuhn's
 * augmenting paths: an event may stand for several rules).
 */
const consecutive = (rules: readonly number[], from: number, items: readonly Item[]): number => {
  const taken = new Map<Item, number>()
  const augment = (rule: number, tried: Set<Item>): boolean => {
    for (const item of items) {
      if (!item.of.includes(rule) || tried.has(item)) continue
      tried.add(item)
      const other = taken.get(item)
      if (other !== undefined && !augment(other, tried)) continue
      taken.set(item, rule)
      return true
    }
    return false
  }
  let n = 0
  while (from + n < rules.length && augment(rules[from + n]!, new Set())) n++
  return n
}

/** By time: when all of the rules have come in order, where the first is looked for from that time on. */
const completions = (rules: readonly number[], times: readonly (readonly Item[])[]): Float64Array => {
  const k = rules.length
  let next = new Float64Array(k + 1).fill(Number.POSITIVE_INFINITY)
  const out = new Float64Array(times.length)
  for (let t = times.length - 1; t >= 0; t--) {
    const items = times[t]!
    const now = next.slice()
    for (let j = k - 1; j >= 0; j--) {
      if (!items.some(({ of }) => of.includes(rules[j]!))) continue
      const most = consecutive(rules, j, items)
      for (let c = 1; c <= most; c++) now[j] = Math.min(now[j]!, j + c === k ? items[0]!.time : next[j + c]!)
    }
    next = now
    out[t] = k === 0 ? Number.NEGATIVE_INFINITY : now[0]!
  }
  return out
}

const byTerms = (items: readonly Item[], { timespan, terms }: Correlation): Found[] => {
  const times = timesOf(items)
  const place = new Map(times.map((some, i) => [some[0]!.time, i]))
  const complete = terms!.map(({ all }) => completions(all, times))
  const tally = openCounts(({ of }) => of)
  return sweep(items, timespan, tally, (from, to) =>
    terms!.some(
      ({ none }, i) =>
        complete[i]![place.get(items[from]!.time)!]! <= items[to - 1]!.time && !none.some((n) => tally.counts.has(n)),
    ),
  )
}

/** The choices of so many of n, each in order. */
const choices = (n: number, of: number): number[][] => {
  if (of === 0) return [[]]
  if (of > n) return []
  return [...choices(n - 1, of), ...choices(n - 1, of - 1).map((some) => [...some, n - 1])]
}

/** `row(k)`: whether k of the rules have come in their order. */
const rowHolds = ({ gt, gte, lt, lte, eq, neq }: Bounds, row: (k: number) => boolean): boolean =>
  (gt === undefined || row(gt + 1)) &&
  (gte === undefined || row(gte)) &&
  (lt === undefined || !row(lt)) &&
  (lte === undefined || !row(lte + 1)) &&
  (eq === undefined || (row(eq) && !row(eq + 1))) &&
  (neq === undefined || !row(neq) || row(neq + 1))

const byCount = (items: readonly Item[], { timespan, bounds, over }: Correlation): Found[] => {
  const times = timesOf(items)
  const place = new Map(times.map((some, i) => [some[0]!.time, i]))
  const rows = new Map<number, Float64Array>()
  const rowsOf = (k: number): Float64Array => {
    let row = rows.get(k)
    if (row) return row
    row = new Float64Array(times.length).fill(Number.POSITIVE_INFINITY)
    for (const some of choices(over.length, k)) {
      const complete = completions(some, times)
      for (let t = 0; t < row.length; t++) row[t] = Math.min(row[t]!, complete[t]!)
    }
    rows.set(k, row)
    return row
  }
  return sweep(items, timespan, { enter: () => {}, leave: () => {} }, (from, to) =>
    rowHolds(bounds!, (k) => rowsOf(k)[place.get(items[from]!.time)!]! <= items[to - 1]!.time),
  )
}
