/**
 * Events to the bytes of bulk requests, as row.ts says. Written straight into one buffer, member by member: to build the
 * strings first takes three times as long, and a cluster takes no more than what its clients can hand over.
 */
import type { Event, Value } from '../../event.ts'
import { openPlans } from '../plans.ts'
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

/** Longer texts are handed to the engine: a call costs as much as a loop over this many characters (measured). */
const SHORT = 20
const SPECIAL = /[\0-\x1f"\\\ud800-\udfff]/
const putString = (text: string): void => {
  const { length } = text
  reserve(length * 3 + 64)
  const to = buffer
  const begin = at + 1
  if (length <= SHORT) {
    let i = 0
    for (; i < length; i++) {
      const c = text.charCodeAt(i)
      if (c < 32 || c > 126 || c === 34 || c === 92) break
      to[begin + i] = c
    }
    if (i === length) {
      to[at] = 34
      to[begin + length] = 34
      at = begin + length + 1
      return
    }
  }
  if (SPECIAL.test(text)) {
    putText(jsonOf(text))
    return
  }
  to[at] = 34
  at = begin + to.write(text, begin)
  to[at++] = 34
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

/** A field that most events say the same of: the value seen last, and where it came again, the member that it makes. */
interface Repeated {
  last: Value | undefined
  bytes: Uint8Array | undefined
}
interface Member extends Repeated {
  readonly name: string
  readonly i: number // which of the event's fields
  readonly kind: Kind | undefined // undefined: one of `rest`
  readonly open: Uint8Array | undefined // the name as the beginning of a member; undefined where it cannot be one
}
const opened = (name: string) => new TextEncoder().encode(`,${JSON.stringify(name)}:`)
/** What an event's fields become, those of `rest` last. */
const planOf = openPlans((names): { readonly own: readonly Member[]; readonly rest: readonly Member[] } => {
  const members = names.flatMap((name, i): Member[] => {
    if (name === '@timestamp' || name === 'event.ingested') return []
    const kind = KINDS.get(name)
    return [
      { name, i, kind, open: kind || fitsRest(name) ? opened(name) : undefined, last: undefined, bytes: undefined },
    ]
  })
  return { own: members.filter(({ kind }) => kind), rest: members.filter(({ kind }) => !kind) }
})
/** Writes the member again as it was; false where the value is another one than before. */
const putAgain = (member: Member, value: Value): boolean => {
  if (value !== member.last || member.bytes === undefined) return false
  putBytes(member.bytes)
  return true
}
/** After a value was written from `mark` on. Long ones do not come again, and are not held. */
const remember = (member: Member, value: Value, mark: number): void => {
  if (value !== member.last) {
    member.last = typeof value === 'string' && value.length > 200 ? undefined : value
    member.bytes = undefined
  } else if (typeof value !== 'object') member.bytes = new Uint8Array(buffer.subarray(mark, at))
}

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
  putBytes(ACTION)
  putString(documentId(id))
  putBytes(DOCUMENT)
  // It is what everything is ordered by, so there is always one.
  if (Number.isSafeInteger(time)) putNumber(time as number)
  else {
    putNumber(Math.trunc(Number(time)) || 0)
    if (time !== undefined) kept = [['@timestamp', time]]
  }
  const values = Object.values(event)
  const { own, rest } = planOf(Object.keys(event))
  for (const member of own) {
    const value = values[member.i]
    if (value === undefined || value === null || putAgain(member, value)) continue
    const { name, kind } = member
    const mark = at
    putBytes(member.open!)
    if (typeof value === 'object' ? putList(value, kind) : putScalar(value, kind!)) {
      if (kind === 'text' && hasLongWord(value as string)) (odd ??= []).push(name)
      else remember(member, value, mark)
      continue
    }
    at = mark
    ;(kept ??= []).push([name, value])
  }
  if (rest.length > 0) {
    const mark = at
    putBytes(REST_OPEN)
    const first = at
    for (const member of rest) {
      const value = values[member.i]
      if (value === undefined || value === null || putAgain(member, value)) continue
      const before = at
      if (member.open) {
        putBytes(member.open)
        if (typeof value === 'object' ? putList(value, undefined) : putRest(value)) {
          remember(member, value, before)
          continue
        }
        at = before
      }
      ;(kept ??= []).push([member.name, value])
    }
    if (at === first) at = mark
    else {
      // The first one's comma would be one too many; JSON takes a space.
      buffer[first] = 32
      putByte(125)
    }
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
      putBytes(opened('event.id'))
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
