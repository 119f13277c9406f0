/**
 * The records of a spool file: `RS <crc32> <arrival ms> <sender> <bytes>[ <stream> <position>[ <head>]][ #<id>]\n`, the bytes,
 * `\n`. An id is the last part of the event's (`event-id.ts`); `~` before it where its sender gave none.
 * The sum is over all that stands behind it but the last LF, so a header that was spoiled is told as surely as a line; the
 * next record is then found by its RS and its sum, and what lies between is counted. Files of before have neither.
 */
import { crc32 } from 'node:zlib'
import { type Frames, framesOf } from './frames.ts'
import { cutBefore, gatherLines, type Lines, LONGEST, type Sender } from './lines.ts'

/** ASCII's record separator: no header begins so by chance, and few lines hold it. */
const RS = 0x1e
const LF = 10
/** `RS`, the sum in eight digits, a blank. */
const SUM = 10
/** A header has a stream's name of at most 200 characters, encoded. */
const LONGEST_HEADER = 4096
/** No line is longer: a request's body is at most 64 MiB. */
const LONGEST_LINE = 65 * 1024 * 1024
/** A stream may be called `~…`, and has a number behind it, which an id has not. */
const HEADER =
  /^(\d{1,16}) ([^ ]{1,64}) (\d{1,9})(?: ([^ #][^ ]*) (\d{1,16})(?: ([^ #~][^ ]*))?)?(?: ([#~])([\w-]{1,64}))?$/
const HEX = Buffer.from('0123456789abcdef')
const BLANK = 32

/** One piece of memory: a small object a line would be many times the lines. `mark`: what is said behind the length. */
export const writeRecords = (
  texts: Frames | readonly Buffer[],
  arrived: number,
  sender: string,
  mark: ((i: number) => string) | undefined,
): Buffer => {
  const first = Buffer.from(`${arrived} ${sender} `, 'latin1')
  const lines = framesOf(texts)
  const { count } = lines
  const marks = mark ? Array.from({ length: count }, (_, i) => Buffer.from(mark(i), 'latin1')) : undefined
  let size = 0
  for (let i = 0; i < count; i++) {
    const length = lines.length(i)
    size += SUM + first.length + digitsOf(length) + (marks ? marks[i]!.length : 0) + 1 + length + 1
  }
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  lines.each((memory, from, to, i) => {
    const length = to - from
    const begin = at
    at += SUM
    bytes.set(first, at)
    at += first.length
    const digits = digitsOf(length)
    for (let left = length, k = at + digits - 1; k >= at; k--, left = Math.floor(left / 10)) bytes[k] = 48 + (left % 10)
    at += digits
    if (marks) {
      bytes.set(marks[i]!, at)
      at += marks[i]!.length
    }
    bytes[at++] = LF
    memory.copy(bytes, at, from, to)
    at += length
    const sum = crc32(bytes.subarray(begin + SUM, at))
    bytes[begin] = RS
    for (let digit = 0; digit < 8; digit++) bytes[begin + 1 + digit] = HEX[(sum >>> (28 - 4 * digit)) & 15]!
    bytes[begin + SUM - 1] = BLANK
    bytes[at++] = LF
  })
  return bytes
}
const digitsOf = (length: number): number => {
  let digits = 1
  for (let left = length; left >= 10; left = Math.floor(left / 10)) digits++
  return digits
}

export interface Header {
  readonly arrived: number
  readonly sender: string
  readonly stream?: string | undefined
  readonly position?: number | undefined
  readonly head?: string | undefined
  /** The last part of the event's id, where it is not its place that makes it; `given`: by the sender. */
  readonly id?: string | undefined
  readonly given?: boolean
}
export interface Stretch {
  /** The bytes end where records end: a record that is not whole there was spoiled, or torn. */
  readonly last: boolean
  /** The file may have been torn at its end: what is not whole there was never accepted. */
  readonly torn: boolean
  /** The file is of before: its records may have no sum. */
  readonly plain: boolean
  /** These bytes go on in the midst of what was spoiled. */
  readonly lost: boolean
  /** No more records than so many. */
  readonly most: number
}
export interface Walked {
  readonly used: number
  /** Bytes that the next record wants from `used` on; 0: it is not known. */
  readonly need: number
  /** Records that were spoiled. */
  readonly lost: number
  readonly within: boolean
}
export const isPlain = (first: number | undefined): boolean => first !== undefined && first >= 48 && first <= 57

interface Found extends Header {
  /** Where its line lies. */
  readonly from: number
  readonly to: number
}

/** A number of at most `most` digits that ends with `end`; -1: there is none. Leaves `after` behind the end. */
let after = 0
const numberAt = (bytes: Buffer, at: number, most: number, end: number): number => {
  let value = 0
  for (let i = at; i - at <= most; i++) {
    const byte = bytes[i]!
    if (byte === end && i > at) {
      after = i + 1
      return value
    }
    if (!(byte >= 48 && byte <= 57)) return -1
    value = value * 10 + byte - 48
  }
  return -1
}
/** Senders mostly follow on themselves: the text is made once. */
let lastSender = ''
const senderAt = (bytes: Buffer, from: number, to: number): string => {
  let same = to - from === lastSender.length
  for (let i = from; same && i < to; i++) same = bytes[i] === lastSender.charCodeAt(i - from)
  if (!same) lastSender = bytes.toString('latin1', from, to)
  return lastSender
}
/** The header that ends with the LF at `end`, and the length it says. */
const headerAt = (bytes: Buffer, begin: number, end: number): (Header & { readonly length: number }) | undefined => {
  // Without a stream, byte by byte: this is done for every line.
  const arrived = numberAt(bytes, begin, 16, BLANK)
  if (arrived < 0) return undefined
  const from = after
  const blank = bytes.indexOf(BLANK, from)
  if (blank <= from || blank - from > 64 || blank > end) return undefined
  const length = numberAt(bytes, blank + 1, 9, LF)
  if (length >= 0) return after === end + 1 ? { arrived, sender: senderAt(bytes, from, blank), length } : undefined
  const fields = HEADER.exec(bytes.toString('latin1', begin, end))
  if (!fields) return undefined
  const [, , sender, size, stream, position, head, kind, id] = fields
  const its = {
    arrived,
    sender: sender!,
    length: Number(size),
    ...(id === undefined ? {} : { id, given: kind === '#' }),
  }
  return stream === undefined ? its : { ...its, stream: decoded(stream), position: Number(position), head }
}

/** The sum in eight digits that are written small; -1: there is none. */
const sumAt = (bytes: Buffer, at: number): number => {
  let sum = 0
  for (let i = at; i < at + 8; i++) {
    const byte = bytes[i]!
    const digit = byte >= 48 && byte <= 57 ? byte - 48 : byte >= 97 && byte <= 102 ? byte - 87 : -1
    if (digit < 0) return -1
    sum = sum * 16 + digit
  }
  return sum
}

/** The record at `at`; how many bytes it wants, where these are not all there; undefined where there is none. */
const recordAt = (bytes: Buffer, at: number, plain: boolean): Found | number | undefined => {
  const first = bytes[at]
  const summed = first === RS
  if (!summed && !(plain && isPlain(first))) return undefined
  const begin = summed ? at + SUM : at
  const lf = bytes.indexOf(LF, begin)
  if (lf < 0) return bytes.length - begin < LONGEST_HEADER ? 0 : undefined
  if (lf - begin > LONGEST_HEADER) return undefined
  const header = headerAt(bytes, begin, lf)
  if (!header || header.length > LONGEST_LINE) return undefined
  const from = lf + 1
  const to = from + header.length
  if (to + 1 > bytes.length) return to + 1 - at
  if (bytes[to] !== LF) return undefined
  if (summed) {
    if (sumAt(bytes, at + 1) !== crc32(bytes.subarray(begin, to))) return undefined
  } else if (to + 1 < bytes.length && bytes[to + 1] !== RS && !isPlain(bytes[to + 1])) return undefined
  return { ...header, from, to }
}

/** Goes through the whole records of `bytes` in their order. */
export const walkRecords = (
  bytes: Buffer,
  stretch: Stretch,
  visit: (header: Header, from: number, to: number) => void,
): Walked => {
  const { last, torn, plain, most } = stretch
  let at = 0
  let count = 0
  let lost = 0
  let within = stretch.lost
  while (at < bytes.length) {
    const found = within && bytes[at] !== RS && !plain ? undefined : recordAt(bytes, at, plain)
    if (typeof found === 'object') {
      visit(found, found.from, found.to)
      at = found.to + 1
      within = false
      if (++count >= most) break
      continue
    }
    if (typeof found === 'number' && !last) return { used: at, need: found, lost, within }
    // Spoiled, or torn: where the next one begins, after a line's end.
    const next = nextAfter(bytes, at, plain, last)
    if (last && torn && next === undefined && (found !== undefined || bytes[at] === 0))
      return { used: at, need: 0, lost, within }
    const between = bytes.subarray(at, next ?? bytes.length)
    lost += (within ? 0 : 1) + beginnings(between)
    within = next === undefined && !last
    // The last byte may be the LF before a beginning.
    at = next ?? (last ? bytes.length : Math.max(at + 1, bytes.length - 1))
    if (next === undefined) break
  }
  return { used: at, need: 0, lost, within }
}

/** Where a record is that is whole, or may be when more bytes are there. */
const nextAfter = (bytes: Buffer, at: number, plain: boolean, last: boolean): number | undefined => {
  for (let lf = bytes.indexOf(LF, at); lf >= 0 && lf + 1 < bytes.length; lf = bytes.indexOf(LF, lf + 1)) {
    const found = recordAt(bytes, lf + 1, plain)
    if (typeof found === 'object' || (found !== undefined && !last)) return lf + 1
  }
  return undefined
}
/** Records that begin after the first byte of what was spoiled. */
const beginnings = (bytes: Buffer): number => {
  let count = 0
  for (let at = bytes.indexOf(RS, 1); at >= 0; at = bytes.indexOf(RS, at + 1)) if (bytes[at - 1] === LF) count++
  return count
}

/** The whole records of `bytes`, which begin at `position`. */
export const readRecords = (bytes: Buffer, position: number, stretch: Stretch): Walked & { readonly lines: Lines } => {
  const gathered = gatherLines(bytes)
  const senders = new Map<string, Sender>()
  const walked = walkRecords(bytes, stretch, ({ arrived, sender: address, stream, id }, body, end) => {
    const key = stream === undefined ? address : `${address} ${stream}`
    let sender = senders.get(key)
    if (!sender) {
      sender = { address, ...(stream === undefined ? {} : { stream }) }
      senders.set(key, sender)
    }
    for (let from = body, part = end - body > LONGEST ? 1 : 0; from < end || from === body; part++) {
      const to = Math.min(end, cutBefore(bytes, from))
      gathered.add(from, to, position + (to === end ? end + 1 : to), part)
      gathered.sent(arrived, sender)
      if (id !== undefined) gathered.named(part > 0 ? `${id}.p${part}` : id)
      if (to === end) break
      from = to
    }
  })
  return { ...walked, lines: gathered.lines() }
}

/** Of a file of before, whatever stands there. */
const decoded = (stream: string): string => {
  try {
    return decodeURIComponent(stream)
  } catch {
    return stream
  }
}
