/** event_count (Sigma correlation rules specification): how many events. */
import { type Kind, reachOf, sweep, within } from './kind.ts'

export const eventCount: Kind = {
  reach: reachOf,
  windows: (items, { timespan, bounds }) =>
    sweep(items, timespan, { enter: () => {}, leave: () => {} }, (from, to) => within(bounds!, to - from)),
}
