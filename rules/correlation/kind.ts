/** What a type of correlation says: how far it reaches, and which windows qualify. One file a type. */
import type { Bounds, Correlation } from '../rule.ts'
import { placeIn } from '../sorted.ts'

/** One thing that a correlation is about: an event of a base rule, or the end of a window of a correlation below it. */
export interface Item {
  readonly time: number
  readonly id: string
  /** Places in `over`. */
  readonly of: readonly number[]
  /** Of the types that are about values: at least one. */
  readonly values: readonly string[]
}

/** Items [from, to) that qualify, in a window that ends at a time. */
export interface Found {
  readonly from: number
  readonly to: number
  readonly at: number
}

export interface Kind {
  /** ms by which a window reaches back from its end. */
  reach(correlation: Correlation): number
  /** The windows that qualify, in order of their ends. Items are sorted by time, then id. */
  windows(items: readonly Item[], correlation: Correlation): Found[]
}

export const reachOf = ({ timespan }: Correlation): number => timespan

export const within = ({ gt, gte, lt, lte, eq, neq }: Bounds, value: number): boolean =>
  (gt === undefined || value > gt) &&
  (gte === undefined || value >= gte) &&
  (lt === undefined || value < lt) &&
  (lte === undefined || value <= lte) &&
  (eq === undefined || value === eq) &&
  (neq === undefined || value !== neq)

/** Whether further items can only add to what qualifies. */
export const onlyGrows = ({ lt, lte, eq, neq }: Bounds): boolean =>
  lt === undefined && lte === undefined && eq === undefined && neq === undefined

/** The least that a measure of whole numbers has to be. */
export const leastOf = ({ gt, gte }: Bounds): number => Math.max(gte ?? 1, gt === undefined ? 1 : gt + 1, 1)

/** What a window has of its items, kept up to date while it moves. */
export interface Tally {
  enter(item: Item): void
  leave(item: Item): void
}

/** Moves over the items: a window for each time at which some stand. `holds` is asked of the items [from, to). */
export const sweep = (
  items: readonly Item[],
  timespan: number,
  { enter, leave }: Tally,
  holds: (from: number, to: number) => boolean,
): Found[] => {
  const out: Found[] = []
  let from = 0
  for (let to = 0; to < items.length; ) {
    const at = items[to]!.time
    while (to < items.length && items[to]!.time === at) enter(items[to++]!)
    while (items[from]!.time < at - timespan) leave(items[from++]!)
    if (holds(from, to)) out.push({ from, to, at })
  }
  return out
}

/** How often each value stands in a window. */
export const openCounts = <T>(valuesOf: (item: Item) => readonly T[]): Tally & { readonly counts: Map<T, number> } => {
  const counts = new Map<T, number>()
  return {
    counts,
    enter: (item) => {
      for (const value of valuesOf(item)) counts.set(value, (counts.get(value) ?? 0) + 1)
    },
    leave: (item) => {
      for (const value of valuesOf(item)) {
        const left = counts.get(value)! - 1
        if (left) counts.set(value, left)
        else counts.delete(value)
      }
    },
  }
}

/** The numbers among the values; what is none counts for nothing. */
export const numbersOf = (item: Item): number[] =>
  item.values.flatMap((value) => {
    const number = value.trim() === '' ? Number.NaN : Number(value)
    return Number.isFinite(number) ? [number] : []
  })

/** Numbers of a window, sorted. */
export const openSorted = (): Tally & { readonly numbers: number[] } => {
  const numbers: number[] = []
  return {
    numbers,
    enter: (item) => {
      for (const value of numbersOf(item)) numbers.splice(placeIn(numbers, value), 0, value)
    },
    leave: (item) => {
      for (const value of numbersOf(item)) numbers.splice(placeIn(numbers, value), 1)
    },
  }
}

/**
 * The sum of the numbers of a window. Whole numbers are added and taken away exactly; of others it is made anew of the window,
 * in order of size: what it is must not depend on where the reading began.
 */
export const openSum = (allowed: (value: number) => boolean) => {
  let [whole, broken, n] = [0, 0, 0]
  const numbers = (item: Item) => numbersOf(item).filter(allowed)
  const add = (item: Item, sign: 1 | -1) => {
    for (const value of numbers(item)) {
      n += sign
      if (Number.isSafeInteger(value)) whole += sign * value
      else broken += sign
    }
  }
  return {
    enter: (item: Item) => add(item, 1),
    leave: (item: Item) => add(item, -1),
    count: () => n,
    sum: (items: readonly Item[], from: number, to: number): number => {
      if (broken === 0 && Number.isSafeInteger(whole)) return whole
      const all = items.slice(from, to).flatMap(numbers)
      return all.sort((a, b) => a - b).reduce((sum, value) => sum + value, 0)
    },
  }
}
