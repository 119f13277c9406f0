/** value_count (Sigma correlation rules specification): how many different values of a field. */
import { type Kind, openCounts, reachOf, sweep, within } from './kind.ts'

export const valueCount: Kind = {
  reach: reachOf,
  windows: (items, { timespan, bounds }) => {
    const tally = openCounts(({ values }) => values)
    return sweep(items, timespan, tally, () => within(bounds!, tally.counts.size))
  },
}
