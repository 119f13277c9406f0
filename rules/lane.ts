/**
 * Lanes: what a rule has gone over is known by ingest time, apart for what goes its own pace. `live`: what was judged where
 * it was taken apart, and what is read at once. The events of a source whose texts are too long for that are a lane of
 * their own: what one sends holds up nobody else.
 */
import type { Event } from '../ingest/event.ts'

export const LIVE = 'live'
/** What a person has asked to be raised for the past (`backfill.ts`). */
export const BACKFILL = 'backfill'
export const owedLane = (source: string): string => `owed ${source}`

/** Ingest time up to which each lane is covered; one that is not named has nothing that counts yet. */
export type Reach = { readonly [lane: string]: number }

export const laneOf = (event: Event): string =>
  event['vonglau.owed'] === true ? owedLane(String(event['vonglau.source.id'] ?? '')) : LIVE
/** What is needed to tell. */
export const LANE_FIELDS = ['vonglau.owed', 'vonglau.source.id']

export const within = (reach: Reach, event: Event): boolean =>
  (event['event.ingested'] as number) <= (reach[laneOf(event)] ?? 0)
/** The latest ingest time that some lane reaches. */
export const furthest = (reach: Reach): number => Math.max(0, ...Object.values(reach))

/**
 * An ingest time in (from, to] up to which there are at most so many, and half of them where that can be; at least one commit is.
 * `count`: how many up to a time.
 */
export const cutAt = async (
  from: number,
  to: number,
  most: number,
  count: (upTo: number) => Promise<number>,
): Promise<number> => {
  let [low, few, high] = [from, 0, to]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    const n = await count(middle)
    if (n <= most) [low, few] = [middle, n]
    else high = middle
    // Each count looks at all that is stored: what is enough is not looked for to the last commit.
    if (few >= most / 2) break
  }
  return few > 0 ? low : high
}
