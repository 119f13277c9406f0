/**
 * How far the streams of a source stand that its senders count themselves (`/ingest/SOURCE?stream=NAME&offset=N`), so that
 * a part which is sent again adds nothing. It is told from the spool's records; a table beside them says it for the files
 * that are gone.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { hashBytes } from './fingerprint.ts'
import { type Header, isPlain, walkRecords } from './records.ts'

/** Streams of one source; the longest unused one is forgotten then, and begins anew wherever it goes on. */
const MOST = 1000
const HEAD = 256
const CHUNK = 1 << 20

/** A part of a stream: what its sender calls it, and which bytes of it the lines come from. */
export interface Part {
  readonly stream: string
  readonly from: number
  readonly to: number
  /** After each line. */
  readonly ends: readonly number[]
  /** The beginning of the stream, where the part has it. */
  readonly head?: Buffer
}
/** What became of lines: taken (none, where they were before), or why not. `position`: how far the stream stands. */
export interface Taken {
  readonly accepted: number
  readonly position?: number
  readonly refused?: 'gap' | 'overlap' | 'begun_anew'
  /** Of documents, which of them were taken within the last day. */
  readonly repeated?: readonly boolean[]
}
/** What a document is called: by its sender, or by us where it gave no name. */
export interface Named {
  /** The last part of the event's id. */
  readonly id: string
  readonly given: boolean
}

interface Stream {
  readonly position: number
  /** Of its first bytes: how many, and their hash; absent where it did not begin at 0. */
  readonly head?: string
}

const headText = (bytes: Buffer): string => `${Math.min(HEAD, bytes.length)}-${hashBytes(bytes.subarray(0, HEAD))}`
const sameHead = (bytes: Buffer, text: string): boolean =>
  headText(bytes.subarray(0, Number(text.split('-', 1)[0]))) === text

/** What follows the length in a record's header: after this line the stream stands at `position`. */
export const markOf = (part: Part, i: number): string =>
  ` ${encodeURIComponent(part.stream)} ${i === part.ends.length - 1 ? part.to : part.ends[i]}${part.from === 0 && part.head ? ` ${headText(part.head)}` : ''}`

export interface Streams {
  /** Whether a part goes on where its stream stands; undefined: it does. */
  judge(part: Part): Taken | undefined
  stand(stream: string, position: number, head?: string): void
  position(stream: string): number | undefined
  /** The number of the last spool file that the table knows. */
  upTo(): number
  /** Durable when it returns. */
  save(upTo: number): void
}

export const standAfter = (streams: Streams, part: Part): void =>
  streams.stand(part.stream, part.to, part.from === 0 && part.head ? headText(part.head) : undefined)

/** From the table and the records of the files that it does not know yet, `files` by their numbers. */
export const openStreams = async (folder: string, files: ReadonlyMap<number, string>): Promise<Streams> => {
  const path = join(folder, 'streams.json')
  const table = readTable(path)
  let upTo = table.upTo
  const known = new Map<string, Stream>(table.streams)
  const streams: Streams = {
    judge: ({ stream, from, to, head }) => {
      const now = known.get(stream)
      if (!now || from === now.position) return undefined
      const { position } = now
      if (from > position) return { accepted: 0, position, refused: 'gap' }
      if (from === 0 && head && now.head && !sameHead(head, now.head))
        return { accepted: 0, position, refused: 'begun_anew' }
      return { accepted: 0, position, ...(to > position ? { refused: 'overlap' as const } : {}) }
    },
    stand: (stream, position, first) => {
      const head = first ?? known.get(stream)?.head
      // Moved to the end: the first is the longest unused.
      known.delete(stream)
      known.set(stream, { position, ...(head === undefined ? {} : { head }) })
      if (known.size > MOST) known.delete(known.keys().next().value!)
    },
    position: (stream) => known.get(stream)?.position,
    upTo: () => upTo,
    save: (number) => {
      const text = JSON.stringify({ upTo: number, streams: [...known] })
      const fd = openSync(`${path}.new`, 'w')
      try {
        writeSync(fd, text)
        fsyncSync(fd)
      } finally {
        closeSync(fd)
      }
      renameSync(`${path}.new`, path)
      upTo = number
    },
  }
  for (const [number, file] of [...files].sort(([a], [b]) => a - b))
    if (number > upTo)
      await readHeaders(file, ({ stream, position, head }) => {
        if (stream !== undefined) streams.stand(stream, position!, head)
      })
  return streams
}

/** The greatest number that a spool file has had of which the table knows. */
export const lastNumber = (folder: string): number => {
  try {
    return readTable(join(folder, 'streams.json')).upTo
  } catch {
    // Said where a stream is asked for.
    return 0
  }
}

const readTable = (path: string): { upTo: number; streams: [string, Stream][] } => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as { upTo: number; streams: [string, Stream][] }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { upTo: 0, streams: [] }
    // Whole or not there at all, unless somebody wrote into it.
    throw new Error(`${path} is damaged (${(error as Error).message}): delete it; senders then go on where they are`)
  }
}

/** Of the whole records of a file; what a crash tore was never accepted. */
export const readHeaders = async (path: string, visit: (header: Header) => void): Promise<void> => {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    let plain = false
    let lost = false
    let chunk = CHUNK
    for (let at = 0; at < size; ) {
      const wanted = Math.min(chunk, size - at)
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, at)
      if (at === 0) plain = isPlain(buffer[0])
      const last = at + bytesRead >= size
      const walked = walkRecords(
        buffer.subarray(0, bytesRead),
        { last, torn: true, plain, lost, most: Infinity },
        visit,
      )
      if (last) return
      at += walked.used
      lost = walked.within
      chunk = walked.used === 0 ? Math.max(walked.need, chunk * 2) : CHUNK
    }
  } finally {
    await file.close()
  }
}
