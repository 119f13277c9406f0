/**
 * By what a file is known again: hashes of its head, of the KiB before a position, of samples at fixed steps, and, where
 * it was read from its beginning, of everything before the position. All of it is small, grows with the logarithm of the
 * file, and goes on from where it was committed without reading the file again.
 */
import { createHash, type Hash, hash } from 'node:crypto'
import { HEAD, type TextFile, readFully } from './text.ts'

export type About = { readonly [key: string]: string | number | boolean }

const LEAST = 64
const FINE = 4096
const BLOCK = 1 << 16
/** Samples are taken before each power of two from here on: what was rewritten in place shows without reading it all. */
const FIRST_STEP = 12
const SAMPLE = 256
const CHUNK = 1 << 20

const short = (bytes: Buffer, letters: number): string => hash('sha256', bytes, 'base64url').slice(0, letters)
export const hashBytes = (bytes: Buffer): string => short(bytes, 22)

/** The greatest power of two that is not more than n. */
const power = (n: number): number => 2 ** Math.floor(Math.log2(n))
/** Bytes from a mark to the next: less than a line at the beginning, for small files differ early; four in a doubling. */
const toMark = (at: number): number => (at < FINE ? LEAST : power(at) / 4)
/** Where the blocks end that are hashed one after the other. */
const spacing = (at: number): number => Math.min(BLOCK, toMark(at))
const boundaryAfter = (at: number): number => at - (at % spacing(at)) + spacing(at)
const boundaryBefore = (at: number): number => at - (at % spacing(at))
/** Kept: a shorter copy of a file that is gone is told from another file by them, up to what stands after its last mark. */
const isMark = (at: number): boolean => at % toMark(at) === 0
const MARK = 4

export interface Print {
  position(): number
  add(bytes: Buffer): void
  /** So many NULs: the hole that copy-truncate leaves. */
  addHole(count: number): void
  /** The last KiB before the position. */
  tail(): Buffer
  about(): About
}

interface State {
  at: number
  head: Buffer
  tail: Buffer
  steps: string
  /** What stands before the first block; undefined where the beginning was not read. */
  chain: { marks: string; start: string; open: Hash } | undefined
}

const NULS = Buffer.alloc(CHUNK)
const beginChain = (marks: string, start: string) => ({ marks, start, open: createHash('sha256').update(start) })

const printOf = (state: State): Print => {
  const lastBytes = (bytes: Buffer, count: number): Buffer =>
    bytes.length >= count ? bytes.subarray(-count) : Buffer.concat([state.tail, bytes]).subarray(-count)
  const add = (bytes: Buffer): void => {
    if (state.head.length < HEAD && state.head.length === state.at)
      state.head = Buffer.concat([state.head, bytes.subarray(0, HEAD - state.head.length)])
    for (let from = 0; from < bytes.length; ) {
      const boundary = boundaryAfter(state.at)
      const to = Math.min(bytes.length, from + boundary - state.at)
      state.chain?.open.update(bytes.subarray(from, to))
      state.at += to - from
      from = to
      if (state.at !== boundary) continue
      if (state.chain) {
        const start = state.chain.open.digest('base64url').slice(0, 22)
        const marks = isMark(boundary) ? state.chain.marks + start.slice(0, MARK) : state.chain.marks
        state.chain = beginChain(marks, start)
      }
      const step = Math.log2(boundary)
      if (step >= FIRST_STEP && Number.isInteger(step))
        state.steps += step.toString(36) + short(lastBytes(bytes.subarray(0, from), SAMPLE), 4)
    }
    state.tail = Buffer.from(lastBytes(bytes, HEAD))
  }
  return {
    position: () => state.at,
    add,
    addHole: (count) => {
      for (let left = count; left > 0; left -= CHUNK) add(NULS.subarray(0, Math.min(left, CHUNK)))
    },
    tail: () => state.tail,
    about: () => ({
      head: hashBytes(state.head),
      headSize: state.head.length,
      tail: hashBytes(state.tail),
      ...(state.steps ? { steps: state.steps } : {}),
      ...(state.chain
        ? {
            marks: state.chain.marks,
            chain: state.chain.start,
            whole: state.chain.open.copy().digest('base64url').slice(0, 22),
          }
        : {}),
    }),
  }
}

export const openPrint = (): Print =>
  printOf({ at: 0, head: Buffer.alloc(0), tail: Buffer.alloc(0), steps: '', chain: beginChain('', '') })

/** Goes on at a position of which `about` was committed; without one what is before it counts as unread. */
export const resumePrint = async (file: TextFile, position: number, about: About | undefined): Promise<Print> => {
  if (position === 0) return openPrint()
  const head = await readFully(file, 0, Math.min(HEAD, position))
  const chain = about?.['chain']
  const from = Math.max(0, Math.min(position - HEAD, chain === undefined ? position : boundaryBefore(position)))
  const before = await readFully(file, from, position - from)
  const state: State = {
    at: position,
    head,
    tail: Buffer.from(before.subarray(-HEAD)),
    steps: String(about?.['steps'] ?? ''),
    chain: undefined,
  }
  if (chain !== undefined) {
    state.chain = beginChain(String(about!['marks']), String(chain))
    state.chain.open.update(before.subarray(boundaryBefore(position) - from))
  }
  return printOf(state)
}

/** Whether a file of the same inode still holds what was read: by head, fixed steps and the KiB before the position. */
export const holds = async (file: TextFile, position: number, about: About, thorough = true): Promise<boolean> => {
  const size = await file.size()
  if (size !== undefined && size < position) return false
  // Forwards, for gzip is read in one direction.
  const headSize = Number(about['headSize'])
  const head = await readFully(file, 0, headSize)
  if (head.length !== headSize || hashBytes(head) !== about['head']) return false
  if (thorough)
    for (const [, step, sample] of String(about['steps'] ?? '').matchAll(/(.)(.{4})/g)) {
      const end = 2 ** Number.parseInt(step!, 36)
      if (end <= position - HEAD && short(await readFully(file, end - SAMPLE, SAMPLE), 4) !== sample) return false
    }
  const from = Math.max(0, position - HEAD)
  const tail = await readFully(file, from, position - from)
  return tail.length === position - from && hashBytes(tail) === about['tail']
}

/** What a file is as a whole, up to its end or the greatest of `positions`. */
export interface Scan {
  /** Bytes that were read. */
  readonly size: number
  /** The abouts at the positions that it reaches. */
  readonly at: ReadonlyMap<number, About>
  readonly end: About
}
export const scan = async (file: TextFile, positions: readonly number[]): Promise<Scan> => {
  const print = openPrint()
  const at = new Map<number, About>()
  for (const position of [...new Set(positions)].sort((a, b) => a - b)) {
    while (print.position() < position) {
      const bytes = await file.read(print.position(), Math.min(CHUNK, position - print.position()))
      if (bytes.length === 0) return { size: print.position(), at, end: print.about() }
      print.add(bytes)
    }
    at.set(position, print.about())
  }
  return { size: print.position(), at, end: print.about() }
}

/**
 * How a file relates to what was read of another up to `position`: it holds all of that (`same`), it ends earlier and
 * agrees as far as it goes (`part`), or it is another.
 */
export const compare = ({ size, at, end }: Scan, position: number, about: About): 'same' | 'part' | 'other' => {
  const mine = at.get(position)
  if (mine) return mine['whole'] === about['whole'] ? 'same' : 'other'
  const marks = String(end['marks'])
  return size < position && marks !== '' && String(about['marks']).startsWith(marks) ? 'part' : 'other'
}

/** Bytes from `from` on in which both agree, up to the end of the shorter one; undefined where they differ. */
export const agree = async (one: TextFile, other: TextFile, from: number): Promise<number | undefined> => {
  for (let at = from; ; ) {
    const [a, b] = [await one.read(at, CHUNK), await other.read(at, CHUNK)]
    const length = Math.min(a.length, b.length)
    if (a.compare(b, 0, length, 0, length) !== 0) return undefined
    at += length
    if (length === 0) return at
  }
}
