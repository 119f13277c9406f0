/** value_avg (Sigma correlation rules specification 2.1, metrics): the mean of a field. */
import { type Kind, openSum, reachOf, sweep, within } from './kind.ts'

export const valueAvg: Kind = {
  reach: reachOf,
  windows: (items, { timespan, bounds }) => {
    const tally = openSum(() => true)
    return sweep(
      items,
      timespan,
      tally,
      (from, to) => tally.count() > 0 && within(bounds!, tally.sum(items, from, to) / tally.count()),
    )
  },
}
