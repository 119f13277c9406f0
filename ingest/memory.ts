/**
 * What a parser remembers of each stream of a source's lines: a file, or one sender's lines. Plain JSON, committed with the
 * offset. The stream that was used last stands last.
 */
import type { ParserState } from './parsers/parser.ts'

export type Memory = readonly (readonly [stream: string, state: NonNullable<ParserState>])[]

/** Bounds, since senders are not known: streams of a source, and UTF-16 units of all that is remembered. */
const MOST = 1000
const MOST_UNITS = 64 * 1024

/** As it was committed; before there were streams, one state stood for all lines: whoever has none of its own begins with it. */
export const memoryOf = (committed: unknown): Memory =>
  Array.isArray(committed)
    ? (committed as Memory)
    : committed !== null && typeof committed === 'object'
      ? [['', committed as NonNullable<ParserState>]]
      : []

export interface Remembering {
  get(stream: string): ParserState
  set(stream: string, state: NonNullable<ParserState>): void
  /** As it is now; the same value as long as nothing changed. */
  memory(): Memory
  /** Streams that were forgotten, for there were too many. */
  forgotten(): number
}

export const openMemory = (initial: Memory): Remembering => {
  const streams = new Map(initial)
  const sizes = new Map(initial.map(([stream, state]) => [stream, JSON.stringify([stream, state]).length]))
  let units = [...sizes.values()].reduce((sum, size) => sum + size, 0)
  let now: Memory | undefined = initial
  let forgotten = 0
  return {
    get: (stream) => streams.get(stream) ?? (stream === '' ? undefined : streams.get('')),
    set: (stream, state) => {
      const size = JSON.stringify([stream, state]).length
      if (size > MOST_UNITS) {
        forgotten++
        return
      }
      units += size - (sizes.get(stream) ?? 0)
      sizes.set(stream, size)
      streams.delete(stream)
      streams.set(stream, state)
      for (const [oldest] of streams) {
        if (streams.size <= MOST && units <= MOST_UNITS) break
        units -= sizes.get(oldest)!
        sizes.delete(oldest)
        streams.delete(oldest)
        forgotten++
      }
      now = undefined
    },
    memory: () => (now ??= [...streams]),
    forgotten: () => forgotten,
  }
}
