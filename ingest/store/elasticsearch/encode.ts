/**
 * Events to the bytes of bulk requests, as row.ts says. Written straight into one buffer, member by member: to build the
 * strings first takes three times as long, and a cluster takes no more than what its clients can hand over.
 */
import type { Event, Value } from '../../event.ts'
import {
  BETWEEN_WORDS,
  documentId,
  fitsRest,
  FOLDS_TO_ASCII,
  isCanonical,
  KEPT,
  type Kind,
  KINDS,
  LONGEST,
  LONGEST_REST,
  LONGEST_WORD,
  ODD,
  oddName,
  REST,
} from './row.ts'

/** The actions (create) and documents of some events, in their order. The ingest time is put in later: `stamp`. */
export interface Rows {
  readonly bytes: Buffer
  /** Where each row begins, and where the last one ends. */
  readonly starts: readonly number[]
}

/** Bytes of one request, about: what comes in much larger ones waits for the slowest of them. */
export const REQUEST = 4_000_000

const DIGITS = 16
/** Spaces may follow a number in JSON, so there is room for any ingest time. */
const END = Buffer.from(`,"event.ingested":${'0'.padEnd(DIGITS)}}\n`)
const STAMP = DIGITS + 2 // bytes from the place of the ingest time to the end of its row
const ACTION = Buffer.from('{"create":{"_id":')
const DOCUMENT = Buffer.from('}}\n{"@timestamp":')
const REST_OPEN = Buffer.from(`,"${REST}":{`)

let buffer = Buffer.allocUnsafeSlow(8 << 20)
let at = 0

const reserve = (bytes: number): void => {
  if (at + bytes <= buffer.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes))
  buffer.copy(larger, 0, 0, at)
  buffer = larger
}
const putBytes = (bytes: Uint8Array): void => {
  reserve(bytes.length)
  buffer.set(bytes, at)
  at += bytes.length
}
const putText = (text: string): void => {
  reserve(text.length * 3)
  at += buffer.write(text, at)
}
const putByte = (byte: number): void => {
  reserve(1)
  buffer[at++] = byte
}

/** As JSON. Half a pair of surrogates becomes U+FFFD, as in every other store. */
const jsonOf = (text: string): string => JSON.stringify(text.toWellFormed())

/** Texts of these lengths come again and again, and their bytes are kept. Bounded: every text was written by an attacker. */
const KEEP = 200
const known = new Map<string, Uint8Array>()
const putString = (text: string): void => {
  const { length } = text
  if (length <= 48) {
    reserve(64)
    const to = buffer
    to[at] = 34
    let i = 0
    for (; i < length; i++) {
      const c = text.charCodeAt(i)
      if (c < 32 || c > 126 || c === 34 || c === 92) break
      to[at + 1 + i] = c
    }
    if (i === length) {
      to[at + 1 + length] = 34
      at += length + 2
      return
    }
  }
  if (length > KEEP) {
    putText(jsonOf(text))
    return
  }
  let bytes = known.get(text)
  if (bytes === undefined) {
    if (known.size >= 20_000) known.clear()
    known.set(text, (bytes = new TextEncoder().encode(jsonOf(text))))
  }
  putBytes(bytes)
}
const putNumber = (n: number): void => {
  const text = String(n)
  reserve(32)
  for (let i = 0; i < text.length; i++) buffer[at + i] = text.charCodeAt(i)
  at += text.length
}

/** Writes a scalar that fits its field's type; false, and nothing written, where it does not. */
const putScalar = (value: unknown, kind: Kind): boolean => {
  if (typeof value === 'string') {
    if (
      kind === 'keyword'
        ? value.length > LONGEST
        : kind === 'ip'
          ? !isCanonical(value)
          : kind !== 'text' && kind !== 'stored'
    )
      return false
    putString(value)
    return true
  }
  if (typeof value === 'number') {
    if (
      kind === 'long' || kind === 'date' ? !Number.isSafeInteger(value) : kind !== 'double' || !Number.isFinite(value)
    )
      return false
    putNumber(value)
    return true
  }
  if (typeof value !== 'boolean' || kind !== 'boolean') return false
  putText(String(value))
  return true
}
/** A server spells other numbers in its own way, and is asked for their text. */
const isPlain = (n: number): boolean => Number.isSafeInteger(n) || (Math.abs(n) >= 0.001 && Math.abs(n) < 1e7)
const putRest = (value: unknown): boolean => {
  if (typeof value === 'string') {
    if (value.length > LONGEST_REST || FOLDS_TO_ASCII.test(value)) return false
    putString(value)
  } else if (typeof value === 'number' && isPlain(value)) putNumber(value)
  else if (typeof value === 'boolean') putText(String(value))
  else return false
  return true
}
/**
 * A list of values; an empty one is nothing that an index holds. Of several equal numbers a composite aggregation counts
 * each; of texts and addresses an index holds a set.
 */
const putList = (value: unknown, kind: Kind | undefined): boolean => {
  if (!Array.isArray(value) || value.length === 0) return false
  if (kind !== undefined && kind !== 'keyword' && kind !== 'ip') return false
  for (let i = 0; i < value.length; i++) {
    putByte(i === 0 ? 91 : 44)
    if (!(kind === undefined ? putRest(value[i]) : putScalar(value[i], kind))) return false
  }
  putByte(93)
  return true
}

/** As a member of `rest`; undefined where it cannot be one. */
const restOpened = new Map<string, Uint8Array | undefined>()
const openRest = (name: string): Uint8Array | undefined => {
  let bytes = restOpened.get(name)
  if (bytes === undefined && !restOpened.has(name)) {
    if (restOpened.size >= 10_000) restOpened.clear()
    bytes = fitsRest(name) ? new TextEncoder().encode(`,${JSON.stringify(name)}:`) : undefined
    restOpened.set(name, bytes)
  }
  return bytes
}
interface Member {
  readonly kind: Kind
  readonly open: Uint8Array // the name as the beginning of a member
}
const MEMBERS: ReadonlyMap<string, Member> = new Map(
  [...KINDS].map(([name, kind]) => [name, { kind, open: new TextEncoder().encode(`,${JSON.stringify(name)}:`) }]),
)

const BETWEEN = Uint8Array.from({ length: 128 }, (_, c) => (BETWEEN_WORDS.test(String.fromCharCode(c)) ? 1 : 0))
/** A word that is too long covers one of every `LONGEST_WORD` characters: only around these it is looked for. */
const hasLongWord = (text: string): boolean => {
  const inWord = (i: number): boolean => {
    const c = text.charCodeAt(i)
    return c >= 128 || BETWEEN[c] === 0
  }
  for (let i = LONGEST_WORD; i < text.length; i += LONGEST_WORD) {
    if (!inWord(i)) continue
    let [from, to] = [i, i + 1]
    while (from > 0 && i - from <= LONGEST_WORD && inWord(from - 1)) from--
    while (to < text.length && to - i <= LONGEST_WORD && inWord(to)) to++
    if (to - from > LONGEST_WORD) return true
  }
  return false
}

const put = (event: Event): void => {
  const time = event['@timestamp']
  const id = String(event['event.id'])
  let kept: [string, Value][] | undefined
  let odd: string[] | undefined
  let rest: string[] | undefined
  putBytes(ACTION)
  putString(documentId(id))
  putBytes(DOCUMENT)
  // It is what everything is ordered by, so there is always one.
  if (Number.isSafeInteger(time)) putNumber(time as number)
  else {
    putNumber(Math.trunc(Number(time)) || 0)
    if (time !== undefined) kept = [['@timestamp', time]]
  }
  for (const name in event) {
    const value: unknown = event[name]
    if (value === undefined || value === null || name === '@timestamp' || name === 'event.ingested') continue
    const member = MEMBERS.get(name)
    if (member === undefined) {
      ;(rest ??= []).push(name)
      continue
    }
    const { kind } = member
    const mark = at
    putBytes(member.open)
    if (typeof value === 'object' ? putList(value, kind) : putScalar(value, kind)) {
      if (kind === 'text' && hasLongWord(value as string)) (odd ??= []).push(name)
      continue
    }
    at = mark
    ;(kept ??= []).push([name, value as Value])
  }
  if (rest) {
    const mark = at
    putBytes(REST_OPEN)
    let members = 0
    for (const name of rest) {
      const value = event[name]!
      const before = at
      const bytes = openRest(name)
      if (bytes) {
        putBytes(members ? bytes : bytes.subarray(1))
        if (typeof value === 'object' ? putList(value, undefined) : putRest(value)) {
          members++
          continue
        }
        at = before
      }
      ;(kept ??= []).push([name, value])
    }
    if (members) putByte(125)
    else at = mark
  }
  if (kept || odd) putKept(kept, odd)
  putBytes(END)
}
const putKept = (kept: readonly (readonly [string, Value])[] = [], odd: readonly string[] = []): void => {
  if (kept.length) putText(`,"${KEPT}":${JSON.stringify(JSON.stringify(Object.fromEntries(kept)))}`)
  putText(`,"${ODD}":${JSON.stringify([...odd, ...kept.map(([name]) => oddName(name).toWellFormed())])}`)
}

const rowsOf = (count: number, write: (i: number) => void): Rows[] => {
  const out: Rows[] = []
  at = 0
  let starts = [0]
  for (let i = 0; i < count; i++) {
    write(i)
    starts.push(at)
    if (at < REQUEST && i < count - 1) continue
    out.push({ bytes: Buffer.from(buffer.subarray(0, at)), starts })
    at = 0
    starts = [0]
  }
  // What one giant needed is not held for ever.
  if (buffer.length > 64 << 20) buffer = Buffer.allocUnsafeSlow(8 << 20)
  return out
}

/** The rows of events, in pieces of about `REQUEST` bytes. */
export const encode = (events: readonly Event[]): Rows[] => rowsOf(events.length, (i) => put(events[i]!))

/** An event whose document the mapping refused, as one that no mapping refuses: all is kept, next to nothing indexed. */
export const encodeKept = (event: Event): Rows =>
  rowsOf(1, () => {
    const { '@timestamp': time, 'event.ingested': _, 'event.id': id, ...values } = event
    const text = String(id)
    putBytes(ACTION)
    putString(documentId(text))
    putBytes(DOCUMENT)
    putNumber(Number.isSafeInteger(time) ? (time as number) : 0)
    if (text.length <= LONGEST) {
      putBytes(MEMBERS.get('event.id')!.open)
      putString(text)
    }
    putKept([...Object.entries(values), ...(text.length > LONGEST ? [['event.id', text] as const] : [])])
    putBytes(END)
  })[0]!

/** Puts the ingest time into every row, over the one that it had. */
export const stamp = ({ bytes, starts }: Rows, ingested: number): void => {
  const digits = String(ingested).padEnd(DIGITS)
  for (let i = 1; i < starts.length; i++) bytes.write(digits, starts[i]! - STAMP, 'latin1')
}

/** The document of a row, as it was sent. */
export const documentOf = ({ bytes, starts }: Rows, row: number): { readonly [name: string]: unknown } => {
  const text = bytes.toString('utf8', starts[row], starts[row + 1])
  return JSON.parse(text.slice(text.indexOf('\n') + 1)) as { readonly [name: string]: unknown }
}

/** Only these rows. */
export const pick = ({ bytes, starts }: Rows, rows: readonly number[]): Rows => {
  const parts = rows.map((row) => bytes.subarray(starts[row], starts[row + 1]))
  const places = [0]
  for (const part of parts) places.push(places.at(-1)! + part.length)
  return { bytes: Buffer.concat(parts), starts: places }
}
