/** A log file as bytes from a position, gzip read through. */
import { type FileHandle, open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

export interface TextFile {
  readonly gzip: boolean
  /** Up to `max` bytes from `position`; empty at the end. In `memory`, which has room for them, where it is of use. */
  read(position: number, max: number, memory?: ArrayBufferLike): Promise<Buffer>
  /** Bytes the file has now; of gzip only once it was read to the end, else undefined. */
  size(): Promise<number | undefined>
  close(): Promise<void>
}

/** `check` may refuse the open file before a byte of it is read. */
export const openText = async (path: string, check?: (handle: FileHandle) => Promise<void>): Promise<TextFile> => {
  const handle = await open(path, 'r')
  try {
    await check?.(handle)
    const magic = await readAt(handle, 0, 2)
    return magic[0] === 0x1f && magic[1] === 0x8b ? gzipText(handle) : plainText(handle)
  } catch (error) {
    await handle.close()
    throw error
  }
}

const readAt = async (handle: FileHandle, position: number, max: number, memory?: ArrayBufferLike): Promise<Buffer> => {
  const buffer = memory ? Buffer.from(memory, 0, max) : Buffer.allocUnsafe(max)
  const { bytesRead } = await handle.read(buffer, 0, max, position)
  return buffer.subarray(0, bytesRead)
}

const plainText = (handle: FileHandle): TextFile => ({
  gzip: false,
  read: (position, max, memory) => readAt(handle, position, max, memory),
  size: async () => (await handle.stat()).size,
  close: () => handle.close(),
})

const bytesOf = async function* (handle: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const bytes = await readAt(handle, at, 1 << 16)
    if (bytes.length === 0) return
    at += bytes.length
    yield bytes
  }
}

/** Gzip has no random access: reading backwards begins again. */
const gzipText = (handle: FileHandle): TextFile => {
  let stream: AsyncIterator<Buffer> | undefined
  let stop = () => {}
  let at = 0
  let held: Buffer = Buffer.alloc(0)
  let total: number | undefined
  const begin = () => {
    stop()
    // Of the file that is open: its name may be another's by now. A stream of the handle would keep it from being closed.
    const raw = Readable.from(bytesOf(handle))
    const gunzip = raw.pipe(createGunzip())
    raw.on('error', (error) => gunzip.destroy(error))
    stop = () => {
      raw.destroy()
      gunzip.destroy()
    }
    stream = gunzip[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    at = 0
    held = Buffer.alloc(0)
  }
  /** Where it ends in the middle it is no text yet: it is looked at again when it has grown. */
  let broken: { readonly size: number; readonly error: Error } | undefined
  const further = async () => {
    try {
      return await stream!.next()
    } catch (error) {
      stream = undefined
      broken = {
        size: (await handle.stat()).size,
        error: new Error(
          `it ends in the middle, or is no gzip (${(error as Error).message}): pack it anew, or wait until it is whole`,
        ),
      }
      throw broken.error
    }
  }
  return {
    gzip: true,
    // What was read stays held until a later position is asked for: looking again at the same place is free.
    read: async (position, max) => {
      if (broken && broken.size === (await handle.stat()).size) throw broken.error
      broken = undefined
      if (!stream || position < at) begin()
      while (total === undefined || at + held.length < total) {
        const drop = Math.min(held.length, position - at)
        held = held.subarray(drop)
        at += drop
        if (at === position && held.length >= max) break
        const next = await further()
        if (next.done) total = at + held.length
        else held = held.length ? Buffer.concat([held, next.value]) : next.value
      }
      const from = Math.min(held.length, position - at)
      return held.subarray(from, from + max)
    },
    size: async () => total,
    close: async () => {
      stop()
      await handle.close()
    },
  }
}

/** Bytes by which a beginning, or a position, is known again. */
export const HEAD = 1024

/** As many bytes as there are, up to `size`: one read may give fewer. */
export const readFully = async (file: TextFile, position: number, size: number): Promise<Buffer> => {
  const parts: Buffer[] = []
  let got = 0
  while (got < size) {
    const bytes = await file.read(position + got, size - got)
    if (bytes.length === 0) break
    parts.push(bytes)
    got += bytes.length
  }
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts)
}

/** How many NULs `bytes` begin with. */
export const leadingNuls = (bytes: Buffer): number => {
  let count = 0
  // A hole is long: by pages first.
  while (count + NULS.length <= bytes.length && bytes.compare(NULS, 0, NULS.length, count, count + NULS.length) === 0)
    count += NULS.length
  while (count < bytes.length && bytes[count] === 0) count++
  return count
}
const NULS = Buffer.alloc(4096)

/** The beginning of the text of a file: after the hole that copy-truncate leaves, before room that was only reserved. */
export const beginningOf = async (file: TextFile): Promise<Buffer> => {
  let at = 0
  for (;;) {
    const bytes = await file.read(at, at === 0 ? 4 * HEAD : 1 << 20)
    const nuls = leadingNuls(bytes)
    at += nuls
    if (nuls === bytes.length && nuls > 0) continue
    const text = nuls === 0 ? bytes.subarray(0, 4 * HEAD) : await readFully(file, at, 4 * HEAD)
    let end = text.length
    while (end > 0 && text[end - 1] === 0) end--
    return text.subarray(0, end)
  }
}

/** Why the beginning of a file is no log text, or undefined. */
export const notText = (bytes: Buffer): string | undefined => {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return 'it is UTF-16: write it as UTF-8'
  let odd = 0
  for (const byte of bytes) if (byte < 9 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32)) odd++
  if (odd === 0 || bytes.every((byte) => byte === 0)) return undefined
  // What is packed or encrypted has one byte in nine of those, and hardly any UTF-8.
  const wrong = bytes.toString('utf8').split('\ufffd').length - 1
  return odd > bytes.length / 10 || (odd > bytes.length / 50 && wrong > bytes.length / 10)
    ? 'it is binary, not text'
    : undefined
}
