/** A feed reads one segment onwards: chunks of lines, each with the offset to commit. */
import type { Offset } from '../store/store.ts'
import { type About, holds, type Print, resumePrint, scan } from './fingerprint.ts'
import { type Lines, splitLines } from './lines.ts'
import { aboutOf, type Place, type Segment } from './segments.ts'
import { isPlain, readRecords } from './records.ts'
import type { Spool } from './spool.ts'
import { leadingNuls, openText, readFully, type TextFile } from './text.ts'

const CHUNK = 1 << 20
const EMPTY: Buffer = Buffer.alloc(0)

export interface Chunk {
  readonly lines: Lines
  readonly from: number
  readonly to: number
  readonly about: Offset['about']
  /** Lines between `from` and `to` that were accepted and cannot be read any more; absent: none. */
  readonly lost?: number
  /** Nothing more of the segment is there, and nothing will come. */
  readonly last?: boolean
  /** Bytes behind `to` that are known to be there. */
  readonly more: number
  /** It holds what is taken at once, not what there is: other lines stand behind it. */
  readonly cut: boolean
  /** What the lines lie in, where it is to be given back when nobody reads them any longer. */
  readonly memory?: SharedArrayBuffer
}

/**
 * Memory for whole chunks of files and of the spool, to be read into again and again. Shared: a thread that takes lines apart reads them
 * where they are, and the collector, which would look for garbage at every few chunks, does not count it.
 */
const free: SharedArrayBuffer[] = []
/** Chunks that are kept: those under way of one reading. */
const KEPT = 6
export const giveBack = ({ memory }: Pick<Chunk, 'memory'>): void => {
  if (memory && free.length < KEPT) free.push(memory)
}

export interface Feed {
  readonly segment: string
  readonly path: string
  /** How far it has been handed out. */
  position(): number
  /** The next lines, or undefined where there are none now; not more than `most`, but for the parts of a long one. */
  next(most?: number): Promise<Chunk | undefined>
  /** Reads on from here; what was handed out beyond is handed out again. */
  seek(offset: Pick<Offset, 'position'>): Promise<void>
  /** Bytes not yet handed out, as far as it is known. */
  behind(): Promise<number>
  /** No more will come, and all of it was handed out. */
  done(): Promise<boolean>
  close(): Promise<void>
}

/** The feed of a file, whose bytes may move: to a copy that goes on where the file broke off. */
export interface FileFeed extends Feed {
  /** Still holds what was read: at its head and before the position; `thorough`: at the fixed steps too. */
  holds(thorough: boolean): Promise<boolean>
  /** What was read, as it is committed. */
  about(): About
  /** Goes on in another file, which holds all that was read. */
  follow(file: TextFile, place: Place, stamp?: string): Promise<void>
  /** What was read is no longer there: nothing more comes. */
  end(): void
}

/** Abouts of positions that were handed out and may have to be gone back to; for others the file is read again. */
const REMEMBERED = 128

/** From where `print` stands. `finished` says that nothing more is written: the last line counts though it has no ending. */
export const fileFeed = (
  opened: TextFile,
  segment: Segment,
  begin: Print,
  finished: (file: TextFile) => Promise<boolean>,
): FileFeed => {
  let file = opened
  let print = begin
  let at = begin.position()
  let part = 0
  let ended = false
  let gone = false
  /** NULs up to the end of the file, which is so long: a hole that nothing stands behind, or room that was reserved. */
  let empty = 0
  const handedOut = new Map([[at, print.about()]])
  /** Where the text goes on at a line's beginning: after the hole that copy-truncate leaves, which is no part of a line. */
  const textFrom = async (): Promise<number> => {
    let start = at
    for (;;) {
      const bytes = await file.read(start, start === at ? 1 : CHUNK)
      const nuls = leadingNuls(bytes)
      start += nuls
      if (nuls < bytes.length || bytes.length === 0) return start
    }
  }
  return {
    segment: segment.id,
    get path() {
      return segment.place.path
    },
    position: () => at,
    about: () => print.about(),
    next: async (most = Infinity) => {
      // Only what is there is read: most looks find nothing, and need no buffer.
      if (gone) return undefined
      const size = file.gzip ? undefined : await file.size()
      if (size !== undefined && size <= at + empty && !(await filled()) && !(await restsAt(size))) return undefined
      // Another content since the last look: whoever looks at files will say which.
      if (!(await holdsTail())) return undefined
      const start = part === 0 ? await textFrom() : at
      const memory =
        size !== undefined && size - start >= CHUNK ? (free.pop() ?? new SharedArrayBuffer(CHUNK)) : undefined
      const bytes =
        size === undefined
          ? await file.read(start, CHUNK)
          : size > start
            ? await file.read(start, Math.min(CHUNK, size - start), memory)
            : EMPTY
      const atEnd = bytes.length < CHUNK && (!file.gzip || (await file.read(start + bytes.length, 1)).length === 0)
      const last = atEnd && (file.gzip || (await finished(file)))
      ended = last
      empty = bytes.length === 0 && !last ? start - at : 0
      if (bytes.length === 0 && (start === at || !last)) return undefined
      const from = at
      const { lines, part: next } = splitLines(bytes, start, last, part, most)
      if (lines.count === 0 && bytes.length > 0) return undefined
      part = next
      at = lines.count > 0 ? lines.end[lines.count - 1]! : start
      const used = bytes.subarray(0, at - start)
      print.addHole(start - from)
      print.add(used)
      const about = print.about()
      handedOut.set(at, about)
      if (handedOut.size > REMEMBERED) handedOut.delete(handedOut.keys().next().value!)
      return {
        lines,
        from,
        to: at,
        about: aboutOf(segment, about, last && bytes.length === used.length),
        more: size === undefined ? 0 : size - at,
        cut: !atEnd || lines.count >= most,
        ...(last && bytes.length === used.length ? { last } : {}),
        ...(memory ? { memory } : {}),
      }
    },
    seek: async ({ position }) => {
      const about = handedOut.get(position)
      // Another process has come so far.
      const known = about ?? (print.about()['whole'] === undefined ? undefined : (await scan(file, [position])).end)
      print = await resumePrint(file, position, known)
      at = position
      part = 0
      ended = false
      empty = 0
    },
    holds: (thorough) => holds(file, at, print.about(), thorough),
    behind: async () => (gone ? 0 : Math.max(file.gzip && !ended ? 1 : 0, ((await file.size()) ?? at) - at - empty)),
    done: async () => gone || (ended && ((await file.size()) ?? Infinity) <= at),
    close: () => file.close(),
    follow: async (next, place, stamp) => {
      const before = file
      file = next
      segment.place = place
      if (stamp === undefined) delete segment.stamp
      else segment.stamp = stamp
      ended = false
      empty = 0
      await before.close()
    },
    end: () => {
      gone = true
    },
  }

  /** At the end, and nothing more is written: the last line, and the end, are still to be told. */
  async function restsAt(size: number): Promise<boolean> {
    if (ended) return false
    const last = await finished(file)
    if (!last) return false
    if (size <= at) ended = true
    return size > at
  }
  /** Room that was reserved is written to from its beginning. */
  async function filled(): Promise<boolean> {
    return empty > 0 && leadingNuls(await file.read(at, 1)) === 0
  }
  async function holdsTail(): Promise<boolean> {
    if (file.gzip || at === 0) return true
    const tail = print.tail()
    return (await readFully(file, at - tail.length, tail.length)).equals(tail)
  }
}

/** `segment` is what the store knows the file by: several processes have a spool each, and their files the same numbers. */
export const spoolFeed = async (spool: Spool, id: string, segment: string, position: number): Promise<Feed> => {
  const path = spool.segments().find((each) => each.id === id)!.path
  const file = await openText(path)
  let at = position
  let size = CHUNK
  /** Within what was spoiled. */
  let lost = false
  let plain: boolean | undefined
  /** Where a torn end begins: it was never accepted. */
  let end = Infinity
  const readable = () => spool.segments().find((each) => each.id === id)
  return {
    segment,
    path,
    position: () => at,
    next: async (most = Infinity) => {
      const segment = readable()
      const limit = segment?.readable ?? 0
      if (limit <= at || at >= end) return undefined
      plain ??= isPlain((await file.read(0, 1))[0])
      for (;;) {
        const wanted = Math.min(size, limit - at)
        const memory = wanted === CHUNK ? (free.pop() ?? new SharedArrayBuffer(CHUNK)) : undefined
        let bytes = memory ? await file.read(at, wanted, memory) : EMPTY
        // One read may give fewer.
        if (bytes.length < wanted) bytes = await readFully(file, at, wanted)
        const stretch = { last: bytes.length < wanted || at + wanted >= limit, torn: segment!.torn, plain, lost, most }
        const { lines, ...walked } = readRecords(bytes, at, stretch)
        if (walked.used === 0) {
          if (memory) giveBack({ memory })
          if (stretch.last) {
            end = at
            return undefined
          }
          size = Math.max(walked.need, size * 2)
          continue
        }
        size = CHUNK
        lost = walked.within
        const from = at
        at += walked.used
        // When it was taken says how long the spool is needed.
        const about = { day: spool.today() }
        return {
          lines,
          from,
          to: at,
          about,
          more: limit - at,
          cut: at < limit,
          ...(walked.lost > 0 ? { lost: walked.lost } : {}),
          ...(memory ? { memory } : {}),
        }
      }
    },
    seek: async (offset) => {
      at = offset.position
      size = CHUNK
      lost = false
      end = Infinity
    },
    behind: async () => (at >= end ? 0 : Math.max(0, (readable()?.readable ?? at) - at)),
    done: async () => {
      const mine = readable()
      return !mine || (mine.closed && (at >= mine.readable || at >= end))
    },
    close: () => file.close(),
  }
}
