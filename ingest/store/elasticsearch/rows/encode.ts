/**
 * Events to the bytes of bulk requests, as row.ts says. Written straight into one buffer, member by member: a cluster takes no
 * more than what its clients can hand over.
 */
import type { Event, Value } from '../../../event.ts'
import { addressOf } from '../../../row/address.ts'
import { field, LASTING, MOST_HANDLES, nameOf } from '../../../row/handles.ts'
import { BOOLEAN, DOUBLE, LIST, LONG, MADE, Row, sourcesOf, TEXT as SAID_TEXT } from '../../../row/row.ts'
import { type Sink, through, timeOf } from '../../../row/sink.ts'
import { JsonBytes } from '../../json.ts'
import { spare } from '../../pool.ts'
import type { Batch, Packed } from '../../store.ts'
import {
  BETWEEN_WORDS,
  documentId,
  fitsRest,
  FOLDS_TO_ASCII,
  KEPT,
  type Kind,
  KINDS,
  LONGEST,
  LONGEST_ADDRESS,
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

/** Where documents are being written: each sink has its own. */
let json = new JsonBytes(1 << 16)

/** A server spells other numbers in its own way, and is asked for their text. */
const isPlain = (n: number): boolean => Number.isSafeInteger(n) || (Math.abs(n) >= 0.001 && Math.abs(n) < 1e7)

/** Of each handle what its field is: one of `rest`, or a name that cannot stand in a document; 0: nobody has asked. */
const [OTHER, NEVER] = [1, 2]
const OWN: readonly (Kind | undefined)[] = [
  ...[undefined, undefined, undefined],
  ...(['keyword', 'ip', 'date', 'long', 'double', 'boolean', 'text', 'stored'] as const),
]
const kinds = new Uint8Array(LASTING)
const learn = (f: number): number => {
  const kind = KINDS.get(nameOf(f))
  return (kinds[f] = kind !== undefined ? OWN.indexOf(kind) : fitsRest(nameOf(f)) ? OTHER : NEVER)
}
const [TIME, INGESTED, ID] = ['@timestamp', 'event.ingested', 'event.id'].map(field) as [number, number, number]
const opened = (name: string) => new TextEncoder().encode(`,${JSON.stringify(name)}:`)
const kindAt = (f: number): Kind | undefined => (f >= LASTING ? undefined : OWN[kinds[f] || learn(f)])
/** Begins a member of `rest`; false where the name cannot be one. */
const openRest = (row: Row, f: number): boolean => {
  if (f < LASTING) {
    if ((kinds[f] || learn(f)) === NEVER) return false
    json.key(f)
    return true
  }
  const name = row.nameOf(f)
  if (!fitsRest(name)) return false
  json.bytes(opened(name))
  return true
}

/** Whether a text of these bytes holds what `rest` cannot compare. */
const foldsToAscii = (row: Row, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (row.bytes[i]! >= 0xc4) return FOLDS_TO_ASCII.test(row.slice(from, to))
  return false
}
const unitsWithin = (row: Row, from: number, to: number, most: number): boolean =>
  to - from <= most || row.slice(from, to).length <= most

/** Whether these bytes are an address in canonical spelling. */
const isSpelled = (row: Row, from: number, to: number): boolean => {
  const address = addressOf(row.bytes, from, to)
  return address !== undefined && address.spelled === undefined && to - from <= LONGEST_ADDRESS
}
/** Writes a text that fits its field's type; false, and nothing written, where it does not. */
const putText = (row: Row, from: number, to: number, kind: Kind | undefined, canonical: boolean): boolean => {
  if (kind === undefined) {
    if (!unitsWithin(row, from, to, LONGEST_REST) || foldsToAscii(row, from, to)) return false
  } else if (kind === 'keyword') {
    if (!unitsWithin(row, from, to, LONGEST)) return false
  } else if (kind === 'ip') {
    if (!canonical && !isSpelled(row, from, to)) return false
  } else if (kind !== 'text' && kind !== 'stored') return false
  json.utf8(row, from, to)
  return true
}
/**
 * A list of values. Of several equal numbers a composite aggregation counts each; of texts and addresses an index holds a set.
 */
const putList = (row: Row, f: number, kind: Kind | undefined): boolean => {
  if (kind !== undefined && kind !== 'keyword' && kind !== 'ip') return false
  for (let i = row.from[f]!; i < row.to[f]!; i++) {
    json.byte(i === row.from[f]! ? 91 : 44)
    if (!putText(row, row.items[i * 2]!, row.items[i * 2 + 1]!, kind, false)) return false
  }
  json.byte(93)
  return true
}
/** What is made of other fields: the text of each once. */
const putMade = (row: Row, f: number): boolean => {
  const sources = sourcesOf(f)
  let count = 0
  for (let i = 0; i < sources.length; i++) {
    const one = sources[i]!
    if (!isText(row, one)) continue
    let same = false
    for (let k = 0; k < i && !same; k++) same = isText(row, sources[k]!) && areSame(row, one, sources[k]!)
    if (same) continue
    json.byte(count++ === 0 ? 91 : 44)
    json.utf8(row, row.from[one]!, row.to[one]!)
  }
  json.byte(93)
  return count > 0
}
const isText = (row: Row, f: number): boolean => row.has(f) && row.kind[f] === SAID_TEXT
const areSame = (row: Row, one: number, other: number): boolean => {
  const { bytes } = row
  const length = row.to[one]! - row.from[one]!
  if (row.to[other]! - row.from[other]! !== length) return false
  for (let i = row.from[one]!, k = row.from[other]!; i < row.to[one]!; i++, k++) if (bytes[i] !== bytes[k]) return false
  return true
}
/** Values that a row cannot say otherwise: lists of numbers, above all. */
const putOther = (value: unknown, kind: Kind | undefined): boolean => {
  if (kind !== undefined || !Array.isArray(value) || value.length === 0) return false
  for (const item of value as unknown[])
    if (
      typeof item === 'string'
        ? item.length > LONGEST_REST || FOLDS_TO_ASCII.test(item)
        : typeof item === 'number'
          ? !isPlain(item)
          : typeof item !== 'boolean'
    )
      return false
  json.text(JSON.stringify(value))
  return true
}
/** Writes the value of a field that fits its type; false where it does not, and what was written is to be taken back. */
const putValue = (row: Row, f: number, kind: Kind | undefined): boolean => {
  switch (row.kind[f]) {
    case SAID_TEXT:
      return putText(
        row,
        row.from[f]!,
        row.to[f]!,
        kind,
        row.address[f]?.spelled === undefined && row.address[f] !== undefined,
      )
    case LONG:
      if (kind !== undefined && kind !== 'long' && kind !== 'date' && kind !== 'double') return false
      json.number(row.number[f]!)
      return true
    case DOUBLE:
      if (kind === undefined ? !isPlain(row.number[f]!) : kind !== 'double') return false
      json.number(row.number[f]!)
      return true
    case BOOLEAN:
      if (kind !== undefined && kind !== 'boolean') return false
      json.text(row.number[f] === 1 ? 'true' : 'false')
      return true
    case LIST:
      return putList(row, f, kind)
    case MADE:
      return putMade(row, f)
    default:
      return putOther(row.value(f), kind)
  }
}

const BETWEEN = Uint8Array.from({ length: 128 }, (_, c) => (BETWEEN_WORDS.test(String.fromCharCode(c)) ? 1 : 0))
/** A word that is too long: of bytes first, of which a text has at least as many as characters. */
const hasLongWord = (row: Row, f: number): boolean => {
  const { bytes } = row
  const end = row.to[f]!
  // A double quote between two letters of Hebrew parts no word (UAX #29, WB7b).
  const joins = (i: number) => bytes[i] === 0x22 && bytes[i - 1]! >= 128 && bytes[i + 1]! >= 128
  const isBetween = (i: number) => bytes[i]! < 128 && BETWEEN[bytes[i]!] === 1 && !joins(i)
  for (let i = row.from[f]! + LONGEST_WORD; i < end; i += LONGEST_WORD) {
    if (isBetween(i)) continue
    let [from, to] = [i, i + 1]
    while (from > row.from[f]! && !isBetween(from - 1)) from--
    while (to < end && !isBetween(to)) to++
    if (to - from > LONGEST_WORD && row.slice(from, to).length > LONGEST_WORD) return true
    i = to - 1
  }
  return false
}

/** An id of so few bytes is the document's as it is. */
const SHORT_ID = 160
/** Handles of the row's fields that stand under `rest`. */
const others = new Int32Array(MOST_HANDLES)

const put = (row: Row): void => {
  const { said, place } = row
  let kept: [string, Value][] | undefined
  let odd: string[] | undefined
  const keep = (f: number) => {
    const value = row.value(f)
    if (value !== undefined && value !== null) (kept ??= []).push([row.nameOf(f), value])
  }
  json.bytes(ACTION)
  if (row.has(ID) && row.kind[ID] === SAID_TEXT && row.to[ID]! - row.from[ID]! <= SHORT_ID)
    json.utf8(row, row.from[ID]!, row.to[ID]!)
  else json.string(documentId(String(row.has(ID) ? row.value(ID) : undefined)))
  json.bytes(DOCUMENT)
  // It is what everything is ordered by, so there is always one.
  if (row.has(TIME) && row.kind[TIME] === LONG) json.number(timeOf(row))
  else {
    const time = row.has(TIME) ? row.value(TIME) : undefined
    json.number(Math.trunc(Number(time)) || 0)
    if (time !== undefined) kept = [['@timestamp', time]]
  }
  let rest = 0
  for (let i = 0; i < row.count; i++) {
    const f = said[i]!
    if (place[f] !== i + 1 || f === TIME || f === INGESTED || (row.kind[f] === LIST && row.from[f] === row.to[f]))
      continue
    const kind = kindAt(f)
    if (kind === undefined) {
      others[rest++] = f
      continue
    }
    const mark = json.at
    json.key(f)
    if (!putValue(row, f, kind)) {
      json.at = mark
      keep(f)
    } else if (kind === 'text' && hasLongWord(row, f)) (odd ??= []).push(row.nameOf(f))
  }
  if (rest > 0) {
    const mark = json.at
    json.bytes(REST_OPEN)
    const first = json.at
    for (let i = 0; i < rest; i++) {
      const f = others[i]!
      const before = json.at
      if (openRest(row, f) && putValue(row, f, undefined)) continue
      json.at = before
      keep(f)
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

/** What a batch is as the cluster takes it. */
export interface Documents extends Packed {
  /** In pieces of about `REQUEST` bytes. */
  readonly parts: readonly Rows[]
  /** The event.id of its first event. */
  readonly first: string | undefined
}

/** Rows to documents. */
export const documentSink = (): Sink<Documents> => {
  const out = new JsonBytes(REQUEST + (1 << 20))
  let parts: Rows[] = []
  let starts = [0]
  let rows = 0
  let first: string | undefined
  const piece = () => {
    if (starts.length === 1) return
    // Memory of its own, which can be handed to another thread.
    const bytes = Buffer.from(spare(out.at), 0, out.at)
    out.buffer.copy(bytes, 0, 0, out.at)
    parts.push({ bytes, starts })
    starts = [0]
    out.at = 0
  }
  return {
    add: (row) => {
      if (rows++ === 0) first = row.has(ID) ? String(row.value(ID)) : undefined
      json = out
      // After a row that could not be written to its end.
      out.at = starts[starts.length - 1]!
      put(row)
      starts.push(out.at)
      if (out.at >= REQUEST) piece()
    },
    room: () => 4096,
    cut: () => {},
    take: () => {
      piece()
      const documents: Documents = { rows, parts, first }
      parts = []
      rows = 0
      first = undefined
      out.reset()
      return documents
    },
  }
}

const some = { sink: undefined as Sink<Documents> | undefined, row: undefined as Row | undefined }
const documentsOf = (events: readonly Event[]): Documents =>
  through((some.sink ??= documentSink()), (some.row ??= new Row()), events)
/** The rows of events, in pieces of about `REQUEST` bytes. */
export const encode = (events: readonly Event[]): readonly Rows[] => documentsOf(events).parts
/** What a batch brings, packed (maybe in another thread) or not. */
export const encoded = ({ events, packed }: Pick<Batch, 'events' | 'packed'>): Documents => {
  if (packed === undefined) return documentsOf(events)
  const { parts, ...documents } = packed as Documents
  // What crosses to another thread is a Buffer no more.
  return {
    ...documents,
    parts: parts.map(({ bytes: b, starts }) => ({ bytes: Buffer.from(b.buffer, b.byteOffset, b.length), starts })),
  }
}

/** An event whose document the mapping refused, as one that no mapping refuses: all is kept, next to nothing indexed. */
export const encodeKept = (event: Event): Rows => {
  const { '@timestamp': time, 'event.ingested': _, 'event.id': id, ...values } = event
  const text = String(id)
  json = new JsonBytes(1 << 16)
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
  return { bytes: Buffer.from(json.buffer.subarray(0, json.at)), starts: [0, json.at] }
}

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
