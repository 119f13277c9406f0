/**
 * What senders that no source names may bring in: anybody can be one, under as many addresses as he likes. So many lines a
 * second and bytes a UTC day for all of them together; nothing is kept of any one.
 */
import type { Frames } from './frames.ts'

export interface Quota {
  /** How many of the first of these lines are within it. */
  admit(lines: Frames): number
}
export interface QuotaOptions {
  readonly linesPerSecond: number
  readonly bytesPerDay: number
}

/** `taken`: bytes of this UTC day so far, before this process. */
export const openQuota = (
  { linesPerSecond, bytesPerDay }: QuotaOptions,
  clock: () => number,
  taken: () => number,
): Quota => {
  const day = () => Math.floor(clock() / 86_400_000)
  let today = day()
  let bytes: number | undefined
  // A second's lines may come at once.
  let lines = linesPerSecond
  let filled = performance.now()
  return {
    admit: (batch) => {
      const now = performance.now()
      lines = Math.min(linesPerSecond, lines + ((now - filled) / 1000) * linesPerSecond)
      filled = now
      if (day() !== today) {
        today = day()
        bytes = 0
      }
      bytes ??= taken()
      let count = 0
      while (count < batch.count && lines >= 1 && bytes + batch.length(count) <= bytesPerDay) {
        bytes += batch.length(count++)
        lines--
      }
      return count
    },
  }
}
