/** Sliding windows of a correlation, exact: which events of one group stand in a window that meets the condition. */
import type { Correlation } from './rule.ts'
import { byTime, type Moment } from './bursts.ts'

export interface Counted extends Moment {
  /** Whom it concerns (`agenciesOf`). */
  readonly agencies: readonly string[]
  /** It came with the run; the others were counted before. */
  readonly fresh?: boolean
  /** The values of the counted field, for value_count. */
  readonly values?: readonly string[]
}

/** The events that stand in some window of the timespan with enough events, or enough distinct values. Sorted by time. */
export const qualifying = (events: readonly Counted[], correlation: Correlation): Counted[] => {
  const sorted = [...events].sort(byTime)
  const out: Counted[] = []
  const counts = new Map<string, number>()
  const distinct = correlation.type === 'value_count'
  let end = 0 // the first event behind the window
  let marked = 0 // events before this are decided
  for (let start = 0; start < sorted.length; start++) {
    while (end < sorted.length && sorted[end]!.time - sorted[start]!.time <= correlation.timespan) {
      if (distinct) for (const value of sorted[end]!.values ?? []) counts.set(value, (counts.get(value) ?? 0) + 1)
      end++
    }
    if ((distinct ? counts.size : end - start) >= correlation.atLeast) {
      for (let i = Math.max(marked, start); i < end; i++) out.push(sorted[i]!)
      marked = Math.max(marked, end)
    }
    if (distinct) {
      for (const value of sorted[start]!.values ?? []) {
        const left = counts.get(value)! - 1
        if (left) counts.set(value, left)
        else counts.delete(value)
      }
    }
  }
  return out
}

/** The events that qualify with the fresh ones and did not without them. */
export const newlyQualifying = (events: readonly Counted[], correlation: Correlation): Counted[] => {
  const before = new Set(
    qualifying(
      events.filter((event) => !event.fresh),
      correlation,
    ).map((event) => event.id),
  )
  return qualifying(events, correlation).filter((event) => !before.has(event.id))
}
