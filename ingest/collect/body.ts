/**
 * The body of a request as it comes: counted while it is read and unpacked, that of one request and those of all together.
 * Who would hold more than there is room for is refused at once, for others are to have their turn.
 */
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { setImmediate as breath } from 'node:timers/promises'
import { Frames } from './frames.ts'

/** Bytes of a body, unpacked; of all that are under way. */
export const LARGEST = 64 << 20
const MOST_HELD = 128 << 20
/** Lines of a request: 64 MiB of line feeds are 65 KiB of gzip, and each takes its place until it is on disk. */
export const MOST_LINES = 500_000
/** Lines of all that are under way. */
const MOST_LINES_HELD = 1_000_000
/** Lines that are looked for without a pause, and bytes that are put together. */
const SLICE = 20_000
const SLICE_BYTES = 4 << 20

/** `large`: one request; `busy`: all together; `encoding`: it is packed as nobody reads it here; else what is wrong with it. */
type Why = 'large' | 'busy' | 'encoding' | 'broken'
export class BodyRefused extends Error {
  readonly why: Why
  constructor(why: Why, message = '') {
    super(message)
    this.why = why
  }
}

export interface Body {
  readonly bytes: Buffer
  /** Empty ones left out, and where each ends in `bytes`. */
  readonly lines: Frames
  readonly ends: number[]
  /** It is not needed any more. */
  free(): void
}

/** What says that it is too long is not read at all. */
export const saysTooLarge = ({ headers }: Request): boolean => Number(headers.get('content-length') ?? 0) > LARGEST

export interface Bodies {
  /** Of a request, gzip or plain, as it says. Rejects with `BodyRefused`. */
  of(request: Request): Promise<Body>
  /** Rejects with `BodyRefused`. */
  read(stream: ReadableStream<Uint8Array> | null, gzip: boolean): Promise<Body>
}

/** What is torn on its way, or is no gzip, ends both; an error that comes when nobody reads any more is nobody's. */
const unpacked = (raw: Readable): Readable => {
  const gunzip = createGunzip()
  gunzip.on('error', () => raw.destroy())
  gunzip.on('close', () => raw.destroy())
  raw.on('error', (error) => gunzip.destroy(error))
  return raw.pipe(gunzip)
}

const joined = async (chunks: readonly Buffer[], size: number): Promise<Buffer> => {
  if (chunks.length === 1) return chunks[0]!
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (const chunk of chunks) {
    const before = at
    at += chunk.copy(bytes, at)
    if (Math.floor(at / SLICE_BYTES) > Math.floor(before / SLICE_BYTES)) await breath()
  }
  return bytes
}

export const openBodies = ({ held: most = MOST_HELD, lines: mostLines = MOST_LINES_HELD } = {}): Bodies => {
  let held = 0
  let heldLines = 0
  const bodies: Bodies = {
    of: async ({ headers, body }) => {
      const packed = headers.get('content-encoding')?.trim().toLowerCase() ?? 'identity'
      if (!['identity', 'gzip', 'x-gzip'].includes(packed))
        throw new BodyRefused('encoding', `Content-Encoding: ${packed.slice(0, 40)} is not read here`)
      return bodies.read(body, packed !== 'identity')
    },
    read: async (stream, gzip) => {
      let [size, count] = [0, 0]
      const free = () => {
        held -= size
        heldLines -= count
        size = count = 0
      }
      const take = (bytes: number) => {
        size += bytes
        held += bytes
        if (size > LARGEST) throw new BodyRefused('large')
        if (held > most) throw new BodyRefused('busy')
      }
      try {
        const chunks: Buffer[] = []
        if (stream) {
          const raw = Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0])
          const text = gzip ? unpacked(raw) : raw
          for await (const chunk of text as AsyncIterable<Buffer>) {
            take(chunk.length)
            chunks.push(chunk)
          }
        }
        const bytes = await joined(chunks, size)
        const lines = new Frames()
        const ends: number[] = []
        for (let from = 0; from < bytes.length; ) {
          const lf = bytes.indexOf(10, from)
          const to = lf < 0 ? bytes.length : lf
          const end = to > from && bytes[to - 1] === 13 ? to - 1 : to
          if (end > from) {
            if (lines.count === MOST_LINES) throw new BodyRefused('large')
            lines.add(bytes, from, end)
            ends.push(to + 1)
            count++
            if (++heldLines > mostLines) throw new BodyRefused('busy')
            if (count % SLICE === 0) await breath()
          }
          from = to + 1
        }
        return { bytes, lines, ends, free }
      } catch (error) {
        free()
        throw error instanceof BodyRefused ? error : new BodyRefused('broken', (error as Error).message)
      }
    },
  }
  return bodies
}
