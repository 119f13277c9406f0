/** value_median: the number in the middle; of an even count the mean of the two. What Sigma calls percentile 50, as pySigma has it. */
import { type Kind, openSorted, reachOf, sweep, within } from './kind.ts'

export const valueMedian: Kind = {
  reach: reachOf,
  windows: (items, { timespan, bounds }) => {
    const tally = openSorted()
    const { numbers } = tally
    return sweep(items, timespan, tally, () => {
      if (numbers.length === 0) return false
      const middle = numbers.length >> 1
      return within(bounds!, numbers.length % 2 ? numbers[middle]! : (numbers[middle - 1]! + numbers[middle]!) / 2)
    })
  },
}
