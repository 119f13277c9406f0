/** A feed reads one segment onwards: chunks of lines, each with the offset to commit. */
import type { Offset } from '../store/store.ts'
import { type Lines, splitLines } from './lines.ts'
import { aboutOf, type Segment } from './segments.ts'
import { readRecords, type Spool } from './spool.ts'
import { HEAD, openText, type TextFile, tailBytes } from './text.ts'

const CHUNK = 1 << 20
const EMPTY: Buffer = Buffer.alloc(0)

export interface Chunk {
  readonly lines: Lines
  readonly from: number
  readonly to: number
  readonly about: Offset['about']
}

export interface Feed {
  readonly segment: string
  readonly path: string
  /** How far it has been handed out. */
  position(): number
  /** The next lines, or undefined where there are none now; of a file not more than `most`. */
  next(most?: number): Promise<Chunk | undefined>
  /** Reads on from here; what was handed out beyond is handed out again. */
  seek(offset: Pick<Offset, 'position'>): Promise<void>
  /** The bytes before the position are no longer those that were read. */
  changed(): Promise<boolean>
  /** Bytes not yet handed out, as far as it is known. */
  behind(): Promise<number>
  /** No more will come, and all of it was handed out. */
  done(): Promise<boolean>
  close(): Promise<void>
}

/** `finished` says that nothing more is written to the file: its last line counts though it has no ending. */
export const fileFeed = async (
  file: TextFile,
  segment: Segment,
  position: number,
  finished: () => Promise<boolean>,
): Promise<Feed> => {
  let at = position
  let part = 0
  let tail = await tailBytes(file, position)
  let ended = false
  return {
    segment: segment.id,
    path: segment.path,
    position: () => at,
    next: async (most = Infinity) => {
      // Only what is there is read: most looks find nothing, and need no buffer.
      const size = file.gzip ? undefined : await file.size()
      const bytes =
        size === undefined
          ? await file.read(at, CHUNK)
          : size > at
            ? await file.read(at, Math.min(CHUNK, size - at))
            : EMPTY
      const atEnd = bytes.length < CHUNK && (!file.gzip || (await file.read(at + bytes.length, 1)).length === 0)
      const last = atEnd && (file.gzip || (await finished()))
      ended = last
      if (bytes.length === 0) return undefined
      const from = at
      const { lines, part: next } = splitLines(bytes, at, last, part, most)
      if (lines.count === 0) return undefined
      part = next
      at = lines.end[lines.count - 1]!
      const used = bytes.subarray(0, at - from)
      tail = Buffer.from(used.length >= HEAD ? used.subarray(-HEAD) : Buffer.concat([tail, used]).subarray(-HEAD))
      return {
        lines,
        from,
        to: at,
        about: await aboutOf(file, segment, at, tail),
      }
    },
    seek: async (offset) => {
      at = offset.position
      part = 0
      tail = await tailBytes(file, at)
      ended = false
    },
    changed: async () => !(await tailBytes(file, at)).equals(tail),
    behind: async () => Math.max(file.gzip && !ended ? 1 : 0, ((await file.size()) ?? at) - at),
    done: async () => ended && (await file.size()) === at,
    close: () => file.close(),
  }
}

/** `segment` is what the store knows the file by: several processes have a spool each, and their files the same numbers. */
export const spoolFeed = async (spool: Spool, id: string, segment: string, position: number): Promise<Feed> => {
  const path = spool.segments().find((each) => each.id === id)!.path
  const file = await openText(path)
  let at = position
  let size = CHUNK
  const readable = () => spool.segments().find((each) => each.id === id)
  return {
    segment,
    path,
    position: () => at,
    next: async () => {
      const limit = readable()?.readable ?? 0
      if (limit <= at) return undefined
      for (;;) {
        const bytes = await file.read(at, Math.min(size, Math.max(0, limit - at)))
        const { lines, used, need } = readRecords(bytes, at)
        if (used === 0 && need > size && at + need <= limit) {
          size = need
          continue
        }
        size = CHUNK
        if (used === 0) return undefined
        const from = at
        at += used
        return { lines, from, to: at, about: undefined }
      }
    },
    seek: async (offset) => {
      at = offset.position
    },
    changed: async () => false,
    behind: async () => Math.max(0, (readable()?.readable ?? at) - at),
    done: async () => {
      const mine = readable()
      if (!mine) return true
      if (!mine.closed) return false
      // What is left of a closed file is a record torn by a crash: it was never accepted.
      const rest = await file.read(at, CHUNK)
      const { used, need } = readRecords(rest, at)
      return used === 0 && (need === 0 || at + need > mine.readable)
    },
    close: () => file.close(),
  }
}
