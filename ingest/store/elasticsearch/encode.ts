/**
 * Events to the bytes of bulk requests, as row.ts says. Written straight into one buffer, member by member: a cluster takes no
 * more than what its clients can hand over.
 */
import type { Event, Value } from '../../event.ts'
import { JsonBytes } from '../json.ts'
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

const json = new JsonBytes(8 << 20)

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
    json.string(value)
    return true
  }
  if (typeof value === 'number') {
    if (
      kind === 'long' || kind === 'date' ? !Number.isSafeInteger(value) : kind !== 'double' || !Number.isFinite(value)
    )
      return false
    json.number(value)
    return true
  }
  if (typeof value !== 'boolean' || kind !== 'boolean') return false
  json.text(String(value))
  return true
}
/** A server spells other numbers in its own way, and is asked for their text. */
const isPlain = (n: number): boolean => Number.isSafeInteger(n) || (Math.abs(n) >= 0.001 && Math.abs(n) < 1e7)
const putRest = (value: unknown): boolean => {
  if (typeof value === 'string') {
    if (value.length > LONGEST_REST || FOLDS_TO_ASCII.test(value)) return false
    json.string(value)
  } else if (typeof value === 'number' && isPlain(value)) json.number(value)
  else if (typeof value === 'boolean') json.text(String(value))
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
    json.byte(i === 0 ? 91 : 44)
    if (!(kind === undefined ? putRest(value[i]) : putScalar(value[i], kind))) return false
  }
  json.byte(93)
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
  json.bytes(member.bytes)
  return true
}
/** After a value was written from `mark` on. Long ones do not come again, and are not held. */
const remember = (member: Member, value: Value, mark: number): void => {
  if (value !== member.last) {
    member.last = typeof value === 'string' && value.length > 200 ? undefined : value
    member.bytes = undefined
  } else if (typeof value !== 'object') member.bytes = new Uint8Array(json.buffer.subarray(mark, json.at))
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
  json.bytes(ACTION)
  json.string(documentId(id))
  json.bytes(DOCUMENT)
  // It is what everything is ordered by, so there is always one.
  if (Number.isSafeInteger(time)) json.number(time as number)
  else {
    json.number(Math.trunc(Number(time)) || 0)
    if (time !== undefined) kept = [['@timestamp', time]]
  }
  const values = Object.values(event)
  const { own, rest } = planOf(Object.keys(event))
  for (const member of own) {
    const value = values[member.i]
    if (value === undefined || value === null || putAgain(member, value)) continue
    const { name, kind } = member
    const mark = json.at
    json.bytes(member.open!)
    if (typeof value === 'object' ? putList(value, kind) : putScalar(value, kind!)) {
      if (kind === 'text' && hasLongWord(value as string)) (odd ??= []).push(name)
      else remember(member, value, mark)
      continue
    }
    json.at = mark
    ;(kept ??= []).push([name, value])
  }
  if (rest.length > 0) {
    const mark = json.at
    json.bytes(REST_OPEN)
    const first = json.at
    for (const member of rest) {
      const value = values[member.i]
      if (value === undefined || value === null || putAgain(member, value)) continue
      const before = json.at
      if (member.open) {
        json.bytes(member.open)
        if (typeof value === 'object' ? putList(value, undefined) : putRest(value)) {
          remember(member, value, before)
          continue
        }
        json.at = before
      }
      ;(kept ??= []).push([member.name, value])
    }
    if (json.at === first) json.at = mark
    else {
      // The first one's comma would be one too many; JSON takes a space.
      json.buffer[first] = 32
      json.byte(125)
    }
  }
  if (kept || odd) putKept(kept, odd)
  json.bytes(END)
}
const putKept = (kept: readonly (readonly [string, Value])[] = [], odd: readonly string[] = []): void => {
  if (kept.length) json.text(`,"${KEPT}":${JSON.stringify(JSON.stringify(Object.fromEntries(kept)))}`)
  json.text(`,"${ODD}":${JSON.stringify([...odd, ...kept.map(([name]) => oddName(name).toWellFormed())])}`)
}

const rowsOf = (count: number, write: (i: number) => void): Rows[] => {
  const out: Rows[] = []
  json.at = 0
  let starts = [0]
  for (let i = 0; i < count; i++) {
    write(i)
    starts.push(json.at)
    if (json.at < REQUEST && i < count - 1) continue
    out.push({ bytes: Buffer.from(json.buffer.subarray(0, json.at)), starts })
    json.at = 0
    starts = [0]
  }
  json.reset()
  return out
}

/** The rows of events, in pieces of about `REQUEST` bytes. */
export const encode = (events: readonly Event[]): Rows[] => rowsOf(events.length, (i) => put(events[i]!))

/** An event whose document the mapping refused, as one that no mapping refuses: all is kept, next to nothing indexed. */
export const encodeKept = (event: Event): Rows =>
  rowsOf(1, () => {
    const { '@timestamp': time, 'event.ingested': _, 'event.id': id, ...values } = event
    const text = String(id)
    json.bytes(ACTION)
    json.string(documentId(text))
    json.bytes(DOCUMENT)
    json.number(Number.isSafeInteger(time) ? (time as number) : 0)
    if (text.length <= LONGEST) {
      json.bytes(opened('event.id'))
      json.string(text)
    }
    putKept([...Object.entries(values), ...(text.length > LONGEST ? [['event.id', text] as const] : [])])
    json.bytes(END)
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
