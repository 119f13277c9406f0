/**
 * The records of a spool file: `RS <crc32> <arrival ms> <sender> <bytes>[ <stream> <position>[ <head>]]\n`, the bytes, `\n`.
 * The sum is over all that stands behind it but the last LF, so a header that was spoiled is told as surely as a line; the
 * next record is then found by its RS and its sum, and what lies between is counted. Files of before have neither.
 */
import { crc32 } from 'node:zlib'
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
const HEADER = /^(\d{1,16}) ([^ ]{1,64}) (\d{1,9})(?: ([^ ]+) (\d{1,16})(?: ([^ ]+))?)?$/
const DIGITS = Buffer.from('0123456789abcdef')

/** One piece of memory: a small object a line would be many times the lines. `mark`: what is said behind the length. */
export const writeRecords = (
  lines: readonly Buffer[],
  arrived: number,
  sender: string,
  mark: ((i: number) => string) | undefined,
): Buffer => {
  let size = 0
  const first = `${arrived} ${sender} `
  const heads = lines.map((line, i) => {
    const head = `${first}${line.length}${mark ? mark(i) : ''}\n`
    size += SUM + head.length + line.length + 1
    return head
  })
  const bytes = Buffer.allocUnsafeSlow(size)
  let at = 0
  for (let i = 0; i < lines.length; i++) {
    const begin = at
    at += SUM
    at += bytes.write(heads[i]!, at, 'latin1')
    at += lines[i]!.copy(bytes, at)
    const sum = crc32(bytes.subarray(begin + SUM, at))
    bytes[begin] = RS
    for (let digit = 0; digit < 8; digit++) bytes[begin + 1 + digit] = DIGITS[(sum >>> (28 - 4 * digit)) & 15]!
    bytes[begin + 9] = 32
    bytes[at++] = LF
  }
  return bytes
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

interface Found {
  readonly fields: RegExpExecArray
  readonly from: number
  readonly to: number
}

/** The record at `at`; how many bytes it wants, where these are not all there; undefined where there is none. */
const recordAt = (bytes: Buffer, at: number, plain: boolean): Found | number | undefined => {
  const first = bytes[at]
  const summed = first === RS
  if (!summed && !(plain && isPlain(first))) return undefined
  const begin = summed ? at + SUM : at
  const lf = bytes.subarray(begin, begin + LONGEST_HEADER).indexOf(LF)
  if (lf < 0) return bytes.length - begin < LONGEST_HEADER ? 0 : undefined
  const from = begin + lf + 1
  const fields = HEADER.exec(bytes.toString('latin1', begin, from - 1))
  if (!fields) return undefined
  const length = Number(fields[3])
  if (length > LONGEST_LINE) return undefined
  const to = from + length
  if (to + 1 > bytes.length) return to + 1 - at
  if (bytes[to] !== LF) return undefined
  if (summed) {
    if (Number.parseInt(bytes.toString('latin1', at + 1, at + 9), 16) !== crc32(bytes.subarray(begin, to)))
      return undefined
  } else if (to + 1 < bytes.length && bytes[to + 1] !== RS && !isPlain(bytes[to + 1])) return undefined
  return { fields, from, to }
}

/** Goes through the whole records of `bytes` in their order. */
export const walkRecords = (
  bytes: Buffer,
  stretch: Stretch,
  visit: (header: RegExpExecArray, from: number, to: number) => void,
): Walked => {
  const { last, torn, plain } = stretch
  let at = 0
  let lost = 0
  let within = stretch.lost
  while (at < bytes.length) {
    const found = within && bytes[at] !== RS && !plain ? undefined : recordAt(bytes, at, plain)
    if (typeof found === 'object') {
      visit(found.fields, found.from, found.to)
      at = found.to + 1
      within = false
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
  const walked = walkRecords(bytes, stretch, (fields, body, end) => {
    const [, arrived, peer, , stream] = fields
    const key = stream === undefined ? peer! : `${peer} ${stream}`
    let sender = senders.get(key)
    if (!sender) {
      sender = { address: peer!, ...(stream === undefined ? {} : { stream: decoded(stream) }) }
      senders.set(key, sender)
    }
    for (let from = body, part = end - body > LONGEST ? 1 : 0; from < end || from === body; part++) {
      const to = Math.min(end, cutBefore(bytes, from))
      gathered.add(from, to, position + (to === end ? end + 1 : to), part)
      gathered.sent(Number(arrived), sender)
      if (to === end) break
      from = to
    }
  })
  return { ...walked, lines: gathered.lines() }
}

/** Of a file of before, whatever stands there. */
export const decoded = (stream: string): string => {
  try {
    return decodeURIComponent(stream)
  } catch {
    return stream
  }
}
