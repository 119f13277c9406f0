/** Of how long something took: the median, and what nine of ten stay under. */
export interface Spread {
  readonly n: number
  /** ms; absent where there is none. */
  readonly median?: number
  /** ms; of fewer than five it says nothing, and is absent. */
  readonly p90?: number
}
const LEAST = 5

/** By the nearest rank: the smallest value that so great a share does not exceed. */
const rank = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = values.toSorted((a, b) => a - b)
  return {
    n: sorted.length,
    ...(sorted.length > 0 ? { median: rank(sorted, 0.5) } : {}),
    ...(sorted.length >= LEAST ? { p90: rank(sorted, 0.9) } : {}),
  }
}
