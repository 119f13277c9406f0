/**
 * value_percentile (Sigma correlation rules specification 2.1, metrics). With `percentile` it is the number that so many per
 * cent of the window's are not above (nearest rank). Without, as the specification's example has it, it is the share of a value
 * among all that stand in the window, in per cent: what qualifies then is the event that ends the window, if its value is
 * so rare or so frequent.
 */
import { type Found, type Item, type Kind, openCounts, openSorted, reachOf, sweep, within } from './kind.ts'

export const valuePercentile: Kind = {
  reach: reachOf,
  windows: (items, correlation) => {
    const { timespan, bounds, percentile } = correlation
    if (percentile === undefined) return shares(items, timespan, (share) => within(bounds!, share))
    const tally = openSorted()
    const { numbers } = tally
    return sweep(items, timespan, tally, () => {
      if (numbers.length === 0) return false
      const rank = Math.max(1, Math.ceil((percentile / 100) * numbers.length))
      return within(bounds!, numbers[rank - 1]!)
    })
  },
}

const shares = (items: readonly Item[], timespan: number, holds: (share: number) => boolean): Found[] => {
  const tally = openCounts(({ values }) => values)
  let total = 0
  const out: Found[] = []
  sweep(
    items,
    timespan,
    {
      enter: (item) => {
        total += item.values.length
        tally.enter(item)
      },
      leave: (item) => {
        total -= item.values.length
        tally.leave(item)
      },
    },
    (_, to) => {
      const at = items[to - 1]!.time
      let first = to - 1
      while (first > 0 && items[first - 1]!.time === at) first--
      for (let i = first; i < to; i++)
        if (items[i]!.values.some((value) => holds((100 * tally.counts.get(value)!) / total)))
          out.push({ from: i, to: i + 1, at })
      return false
    },
  )
  return out
}
