/**
 * Events to the bytes that cross to the store thread. Rows are written straight into one buffer, field by field from the
 * table: joining strings first costs twice as much, and a string for each value that crosses ten times.
 */
import type { Event, Value } from '../../event.ts'
import { parseIp } from '../../ip.ts'
import { ADDRESSES, isNumber, PACKED, type Slice } from './layout.ts'

const SEP = 0x1f
const ITEM = 0x1e
const ROW = 0x1d
/** NUL ends a string on its way into DuckDB; the others are separators. Such a value is kept in the rest, as JSON. */
const AWKWARD = /[\0\x1d\x1e\x1f]/

let buffer = Buffer.allocUnsafeSlow(4 << 20)
let at = 0

const reserve = (bytes: number): void => {
  if (at + bytes <= buffer.length) return
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes))
  buffer.copy(larger, 0, 0, at)
  buffer = larger
}

const putBytes = (bytes: Uint8Array): void => {
  reserve(bytes.length + 64)
  buffer.set(bytes, at) // a third of what a loop over forty bytes costs
  at += bytes.length
}

/** Longer texts are handed to the engine: a call costs as much as a loop over this many characters. */
const SHORT = 128
/** A text of at most SHORT code units as UTF-8, a lone surrogate as U+FFFD. Answers where it ends; -1: a separator or NUL. */
const encode = (text: string, start: number, to: Buffer): number => {
  let p = start
  const { length } = text
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c < 0x80) {
      if (c < 32 && (c === 0 || c > 28)) return -1
      to[p++] = c
    } else if (c < 0x800) {
      to[p++] = 0xc0 | (c >> 6)
      to[p++] = 0x80 | (c & 63)
    } else {
      let point = c
      if (c >= 0xd800 && c < 0xe000) {
        const low = c < 0xdc00 && i + 1 < length ? text.charCodeAt(i + 1) : 0
        if (low >= 0xdc00 && low < 0xe000) {
          i++
          point = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
          to[p++] = 0xf0 | (point >> 18)
          to[p++] = 0x80 | ((point >> 12) & 63)
          to[p++] = 0x80 | ((point >> 6) & 63)
          to[p++] = 0x80 | (point & 63)
          continue
        }
        point = 0xfffd
      }
      to[p++] = 0xe0 | (point >> 12)
      to[p++] = 0x80 | ((point >> 6) & 63)
      to[p++] = 0x80 | (point & 63)
    }
  }
  return p
}

/** Writes a text; false, and nothing written, where it holds a separator or NUL. */
const putText = (text: string): boolean => {
  const { length } = text
  reserve(length * 3 + 64)
  if (length <= SHORT) {
    const end = encode(text, at, buffer)
    if (end < 0) return false
    at = end
    return true
  }
  if (AWKWARD.test(text)) return false
  at += buffer.write(text, at)
  return true
}

const putList = (value: Value): boolean => {
  if (!Array.isArray(value) || value.length === 0) return false
  const start = at
  for (let i = 0; i < value.length; i++) {
    const item: unknown = value[i]
    if (i > 0) buffer[at++] = ITEM
    if (typeof item !== 'string' || item === '' || !putText(item)) {
      at = start
      return false
    }
    reserve(1)
  }
  return true
}

/** The two halves of an address, as decimal numbers. */
const halvesOf = new Map<string, string>()
const putAddress = (text: unknown): void => {
  if (typeof text === 'string') {
    let known = halvesOf.get(text)
    if (known === undefined) {
      if (halvesOf.size >= 65_536) halvesOf.clear()
      const ip = parseIp(text)
      halvesOf.set(text, (known = ip ? `${ip.high} ${ip.low}` : ''))
    }
    const space = known.indexOf(' ')
    if (space > 0) {
      putText(known.slice(0, space))
      buffer[at++] = SEP
      putText(known.slice(space + 1))
      buffer[at++] = SEP
      return
    }
  }
  reserve(2)
  buffer[at++] = SEP
  buffer[at++] = SEP
}

/** JSON that DuckDB reads: a lone surrogate, which it refuses, becomes U+FFFD as everywhere else. */
const jsonOf = (value: Value): string =>
  typeof value === 'string'
    ? JSON.stringify(value.toWellFormed())
    : typeof value === 'object'
      ? `[${value.map(jsonOf).join()}]`
      : String(value)

/** `,"name":` of a field that has no column; undefined of one that has. */
const restKeys = new Map<string, Uint8Array | undefined>([
  ...PACKED.map((f): [string, undefined] => [f.name, undefined]),
  ['event.ingested', undefined],
])
const encodeKey = (name: string) => new TextEncoder().encode(`,${jsonOf(name)}:`)
const restKey = (name: string): Uint8Array | undefined => {
  let key = restKeys.get(name)
  if (key === undefined && !restKeys.has(name)) {
    key = encodeKey(name)
    if (restKeys.size < 10_000) restKeys.set(name, key)
  }
  return key
}
let inRest = false
const putRest = (key: Uint8Array, value: Value): void => {
  const begin = at
  putBytes(key)
  // The first one's comma is the opening brace.
  if (!inRest) buffer[begin] = 0x7b
  inRest = true
  putJson(value)
}
/** JSON of short texts comes again and again: its bytes are kept. Bounded, for every text was written by an attacker. */
const jsonKept = new Map<string, Uint8Array>()
const putJson = (value: Value): void => {
  if (typeof value === 'string') {
    const { length } = value
    reserve(length * 3 + 64)
    if (length <= 48) {
      const to = buffer
      to[at] = 0x22
      let i = 0
      for (; i < length; i++) {
        const c = value.charCodeAt(i)
        if (c < 32 || c > 126 || c === 0x22 || c === 0x5c) break
        to[at + 1 + i] = c
      }
      if (i === length) {
        to[at + 1 + i] = 0x22
        at += length + 2
        return
      }
    }
    let bytes = length <= SHORT ? jsonKept.get(value) : undefined
    if (bytes === undefined) {
      bytes = new TextEncoder().encode(jsonOf(value))
      if (jsonKept.size >= 20_000) jsonKept.clear()
      if (length <= SHORT) jsonKept.set(value, bytes)
    }
    putBytes(bytes)
  } else if (typeof value === 'object') {
    reserve(64)
    buffer[at++] = 0x5b
    for (let i = 0; i < value.length; i++) {
      if (i > 0) buffer[at++] = 0x2c
      putJson(value[i]!)
      reserve(64)
    }
    buffer[at++] = 0x5d
  } else putText(String(value))
}

/**
 * One row, written out from the table: a property read by its name costs a tenth of one read by a variable. Nothing of an
 * event gets into the code. Answers whether the row is odd: a value that does not fit its column is in the rest.
 */
const packRow = new Function(
  'event',
  'tools',
  `const { putText, putList, putAddress, putRest, restKey, encodeKey, sep, finish } = tools
  let odd, v
  ${PACKED.map((f) => {
    const name = JSON.stringify(f.name)
    const fits = f.list
      ? 'putList(v)'
      : isNumber(f)
        ? "Number.isSafeInteger(v) && putText('' + v)"
        : f.type === 'boolean'
          ? "typeof v === 'boolean' && putText('' + v)"
          : "typeof v === 'string' && v !== '' && putText(v)"
    return `v = event[${name}]; if (v !== undefined && !(${fits})) (odd ??= []).push(${name}); sep()`
  }).join('\n  ')}
  ${ADDRESSES.map((name) => `putAddress(event[${JSON.stringify(name)}])`).join('\n  ')}
  if (odd !== undefined) putText('1')
  sep()
  if (odd !== undefined) for (const name of odd) putRest(encodeKey(name), event[name])
  for (const name in event) { const key = restKey(name); if (key !== undefined) putRest(key, event[name]) }
  finish()
  return odd !== undefined`,
) as (event: Event, tools: object) => boolean
const TOOLS = {
  putText,
  putList,
  putAddress,
  putRest,
  restKey,
  encodeKey,
  sep: () => {
    reserve(64)
    buffer[at++] = SEP
  },
  finish: () => {
    reserve(64)
    if (inRest) buffer[at++] = 0x7d
    inRest = false
    buffer[at++] = ROW
  },
}

/** Bytes of rows that cross as one value: larger ones are mapped and unmapped by the allocator each time. */
const PIECE = 64 * 1024

export const pack = (events: readonly Event[]): Slice => {
  at = 0
  let [first, last, odd, begun] = [Infinity, -Infinity, false, 0]
  const cuts: number[] = []
  for (const event of events) {
    if (packRow(event, TOOLS)) odd = true
    if (at - begun > PIECE) {
      cuts.push(at)
      begun = at
    }
    const time = event['@timestamp'] as number
    if (time < first) first = time
    if (time > last) last = time
  }
  if (at > begun) cuts.push(at)
  // A copy of its own, which is then handed over to the store thread.
  return { rows: events.length, odd, bytes: new Uint8Array(buffer.subarray(0, at)), cuts, first, last }
}
