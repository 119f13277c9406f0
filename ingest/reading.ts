/** Where the reading of one segment (a file, a spool file) is: one value, changed in its turn. */
import type { Feed } from './collect/feed.ts'
import { type Memory, memoryOf } from './memory.ts'
import { idPrefix } from './stage.ts'
import type { Offset } from './store/store.ts'

export interface Reading {
  readonly feed: Feed
  readonly prefix: string
  /** What the parser remembers after what was handed over. */
  memory: Memory
  committed: number
  /** Batches that were handed over, or are worked on elsewhere, and are not committed. */
  underWay: number
  failed: boolean
  /** Ends when everything that is worked on elsewhere was handed over. */
  turn: Promise<void>
}

/** From what is committed on. */
export const beginReading = (source: string, feed: Feed, offset: Offset | undefined): Reading => ({
  feed,
  prefix: idPrefix(source, feed.segment),
  memory: memoryOf(offset?.state),
  committed: feed.position(),
  underWay: 0,
  failed: false,
  turn: Promise.resolve(),
})

/** After a failure: back to what is committed. */
export const readAgain = async (reading: Reading, offsets: readonly Offset[]): Promise<void> => {
  const offset = offsets.find(({ segment }) => segment === reading.feed.segment)
  await reading.feed.seek({ position: offset?.position ?? 0 })
  reading.memory = memoryOf(offset?.state)
  reading.committed = offset?.position ?? 0
  reading.failed = false
}
