/**
 * Bursts: the matching events of one part of a group, chained by gaps up to the quiet time, and cut where an event ends
 * them. They are a function of the set of events, in whatever order these came: intervals are merged, and merging is
 * associative.
 */
export interface Moment {
  readonly time: number // '@timestamp'
  readonly id: string // event.id
  /** Of a correlation: which of its bases the event meets. */
  readonly bases?: readonly number[]
}
export interface Island {
  readonly first: number
  readonly last: number
  readonly count: number
  /** Ids of the earliest events, at most `SAMPLE`. */
  readonly sample: readonly string[]
  /** '@timestamp' of the last of these. */
  readonly sampled: number
  /** Of these, which bases they meet. */
  readonly bases?: ReadonlyMap<string, readonly number[]>
}
export const SAMPLE = 20

export const byTime = (a: Moment, b: Moment): number => a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** The first end at or after a time; `ends` are sorted times. */
export const endAfter = (ends: readonly number[], time: number): number | undefined => {
  let low = 0
  let high = ends.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ends[middle]! < time) low = middle + 1
    else high = middle
  }
  return ends[low]
}
/** Whether something ended between two events: an end at the time of the first is after it, one at the second's too. */
const cuts = (ends: readonly number[], last: number, next: number): boolean => {
  const end = endAfter(ends, last)
  return end !== undefined && end < next
}

export const islandsOf = (moments: readonly Moment[], quiet: number, ends: readonly number[] = []): Island[] => {
  const out: {
    first: number
    last: number
    count: number
    sample: string[]
    sampled: number
    bases?: Map<string, readonly number[]>
  }[] = []
  for (const { time, id, bases } of [...moments].sort(byTime)) {
    let current = out.at(-1)
    if (current && time - current.last <= quiet && !cuts(ends, current.last, time)) {
      current.last = time
      current.count++
      if (current.sample.length < SAMPLE) {
        current.sample.push(id)
        current.sampled = time
      }
    } else out.push((current = { first: time, last: time, count: 1, sample: [id], sampled: time }))
    if (bases && current.sample.at(-1) === id) (current.bases ??= new Map()).set(id, bases)
  }
  return out
}

/** Intervals that chain, in order of time: each answer is the members of one burst. None of them has an end inside. */
export const chain = <T extends { readonly first: number; readonly last: number }>(
  intervals: readonly T[],
  quiet: number,
  ends: readonly number[] = [],
): T[][] => {
  const out: T[][] = []
  let last = -Infinity
  for (const each of [...intervals].sort((a, b) => a.first - b.first || a.last - b.last)) {
    if (each.first - last <= quiet && !cuts(ends, last, each.first)) out.at(-1)!.push(each)
    else out.push([each])
    last = Math.max(last, each.last)
  }
  return out
}
