/** value_sum (Sigma correlation rules specification 2.1, metrics): the sum of a field. Numbers below nought are left out, so that it only grows. */
import { type Kind, openSum, reachOf, sweep, within } from './kind.ts'

export const valueSum: Kind = {
  reach: reachOf,
  windows: (items, { timespan, bounds }) => {
    const tally = openSum((value) => value >= 0)
    return sweep(items, timespan, tally, (from, to) => tally.count() > 0 && within(bounds!, tally.sum(items, from, to)))
  },
}
