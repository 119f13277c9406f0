/** temporal (Sigma correlation rules specification): events of all these rules, or of so many, or as a text says. */
import { type Kind, openCounts, reachOf, sweep, within } from './kind.ts'

export const temporal: Kind = {
  reach: reachOf,
  windows: (items, { timespan, bounds, terms }) => {
    const tally = openCounts(({ of }) => of)
    const { counts } = tally
    return sweep(items, timespan, tally, () =>
      terms
        ? terms.some(({ all, none }) => all.every((i) => counts.has(i)) && !none.some((i) => counts.has(i)))
        : within(bounds!, counts.size),
    )
  },
}
