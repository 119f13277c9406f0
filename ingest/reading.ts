/** Where the reading of one segment (a file, a spool file) is: one value, changed in its turn. */
import type { Feed } from './collect/feed.ts'
import type { Range } from './joining.ts'
import { type Memory, memoryOf } from './memory.ts'
import { idPrefix } from './event-id.ts'
import type { Offset } from './store/store.ts'

export interface Reading {
  readonly feed: Feed
  readonly prefix: string
  /** What the parser remembers after what was handed over. */
  memory: Memory
  committed: number
  /** The position that the next batch goes on from: of what was handed over last. */
  handed: number
  /** Reading begins here anew: what is taken beyond the position, where lines are joined. */
  begin: { readonly taken: readonly Range[] } | undefined
  /** Lines that are joined may be open: when the last of them came, by a monotonic clock. */
  open: number | undefined
  /** What the collector said of the segment last. */
  about: Offset['about']
  /** Batches that were handed over, or are worked on elsewhere, and are not committed. */
  underWay: number
  failed: boolean
  /** Ends when everything that is worked on elsewhere was handed over. */
  turn: Promise<void>
}

/** Lines before the committed position whose event was not whole are read again. */
export const again = async (feed: Feed, offset: Offset | undefined): Promise<void> => {
  const position = offset?.about?.['again']
  if (typeof position === 'number') await feed.seek({ position })
}
const aboutOf = (offset: Offset | undefined): Offset['about'] => {
  if (!offset?.about) return undefined
  const { again: _, taken: _taken, ...about } = offset.about
  return about
}
const takenOf = (offset: Offset | undefined): readonly Range[] =>
  typeof offset?.about?.['taken'] === 'string' ? (JSON.parse(offset.about['taken']) as Range[]) : []

/** From what is committed on. */
export const beginReading = (source: string, feed: Feed, offset: Offset | undefined): Reading => ({
  feed,
  prefix: idPrefix(source, feed.segment),
  memory: memoryOf(offset?.state),
  committed: offset?.position ?? feed.position(),
  handed: offset?.position ?? feed.position(),
  begin: { taken: takenOf(offset) },
  open: undefined,
  about: aboutOf(offset),
  underWay: 0,
  failed: false,
  turn: Promise.resolve(),
})

/** After a failure: back to what is committed. */
export const readAgain = async (reading: Reading, offsets: readonly Offset[]): Promise<void> => {
  const offset = offsets.find(({ segment }) => segment === reading.feed.segment)
  await reading.feed.seek({ position: offset?.position ?? 0 })
  await again(reading.feed, offset)
  reading.memory = memoryOf(offset?.state)
  reading.committed = reading.handed = offset?.position ?? 0
  reading.begin = { taken: takenOf(offset) }
  reading.open = undefined
  reading.about = aboutOf(offset)
  reading.failed = false
}
