/**
 * Bursts: the matching events of a group, chained by gaps up to the quiet time. They are a function of the set of events,
 * in whatever order these came: intervals are merged, and merging is associative.
 */
export interface Moment {
  readonly time: number // '@timestamp'
  readonly id: string // event.id
}
export interface Island {
  readonly first: number
  readonly last: number
  readonly count: number
  /** Ids of the earliest events, at most `SAMPLE`. */
  readonly sample: readonly string[]
}
export const SAMPLE = 20

export const byTime = (a: Moment, b: Moment): number => a.time - b.time || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

export const islandsOf = (moments: readonly Moment[], quiet: number): Island[] => {
  const out: { first: number; last: number; count: number; sample: string[] }[] = []
  for (const { time, id } of [...moments].sort(byTime)) {
    const current = out.at(-1)
    if (current && time - current.last <= quiet) {
      current.last = time
      current.count++
      if (current.sample.length < SAMPLE) current.sample.push(id)
    } else out.push({ first: time, last: time, count: 1, sample: [id] })
  }
  return out
}

/** Intervals that chain, in order of time: each answer is the members of one burst. */
export const chain = <T extends { readonly first: number; readonly last: number }>(
  intervals: readonly T[],
  quiet: number,
): T[][] => {
  const out: T[][] = []
  let end = -Infinity
  for (const each of [...intervals].sort((a, b) => a.first - b.first || a.last - b.last)) {
    if (each.first - end <= quiet) out.at(-1)!.push(each)
    else out.push([each])
    end = Math.max(end, each.last)
  }
  return out
}
