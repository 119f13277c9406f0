/** Where the reading of one segment (a file, a spool file) is. */
import type { Feed } from './collect/feed.ts'
import type { ParserState } from './parsers/parser.ts'
import { idPrefix } from './process.ts'
import type { Offset } from './store/store.ts'

export interface Reading {
  readonly feed: Feed
  readonly prefix: string
  /** What the parser remembers after what was handed over. */
  state: ParserState
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
  state: offset?.state,
  committed: feed.position(),
  underWay: 0,
  failed: false,
  turn: Promise.resolve(),
})
