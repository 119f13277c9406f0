/**
 * Events to the memory of vectors (slice.ts). Written field by field from the table straight into the slots of columns: a
 * text for each row, that DuckDB takes apart again, costs twice as much on both sides.
 */
import type { Event, Value } from '../../event.ts'
import { parseIp } from '../../ip.ts'
import { ADDRESSES, PACKED } from './layout.ts'
import { type Chunk, type Column, INLINE, LAID, ROWS, type Slice, validBytes, WIDTH } from './slice.ts'

/** NUL ends a string in DuckDB, the others separate values on the way back. Such a value is kept in the rest, as JSON. */
const AWKWARD = /[\0\x1d\x1e\x1f]/
/** Longer texts are handed to the engine: a call costs as much as a loop over this many characters. */
const SHORT = 96
/** Bytes of a heap after which a chunk ends. */
const FULL = 16 << 20

let heap = Buffer.from(new ArrayBuffer(8 << 20))
let words = new Uint32Array(heap.buffer)
/** A multiple of four, so that slots can be read off the heap. */
let at = 0

const reserve = (bytes: number): void => {
  if (at + bytes <= heap.length) return
  const larger = Buffer.from(new ArrayBuffer(Math.ceil(Math.max(heap.length * 2, at + bytes) / 4) * 4))
  heap.copy(larger, 0, 0, at)
  heap = larger
  words = new Uint32Array(heap.buffer)
}

/** A column while its chunk is filled. */
interface Filling {
  readonly column: Column
  readonly words: Uint32Array
  readonly bytes: Uint8Array
  readonly valid: Uint32Array
  used: boolean
  /** The text of the row before: many columns repeat it. */
  last: string | undefined
  lastRow: number
  readonly items: Uint32Array[]
  count: number
}
const filling = (column: Column): Filling => {
  const bytes = new Uint8Array(ROWS * WIDTH[column.kind])
  return {
    column,
    words: new Uint32Array(bytes.buffer),
    bytes,
    valid: new Uint32Array(ROWS / 32),
    used: false,
    last: undefined,
    lastRow: -1,
    items: [],
    count: 0,
  }
}
const columns = LAID.map(filling)
let row = 0

const mark = (column: Filling): void => {
  column.used = true
  column.valid[row >> 5]! |= 1 << (row & 31)
}

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

/** The slot of what lies on the heap from `at` to `end`, at `to`. */
const slot = (slots: Uint32Array, to: number, end: number): void => {
  const word = at >> 2
  const length = end - at
  slots[to] = length
  slots[to + 1] = words[word]!
  if (length <= INLINE) {
    slots[to + 2] = words[word + 1]!
    slots[to + 3] = words[word + 2]!
    return
  }
  slots[to + 2] = at
  slots[to + 3] = 0
  // What lies between is text too: the heap crosses as one.
  let after = end
  while (after & 3) heap[after++] = 0
  at = after
}
/** Writes a text; false where it holds a separator or NUL. */
const putSlot = (slots: Uint32Array, to: number, text: string): boolean => {
  const { length } = text
  reserve(length * 3 + 16)
  if (length > SHORT) {
    if (AWKWARD.test(text)) return false
    slot(slots, to, at + heap.write(text, at))
    return true
  }
  // What a slot does not need is zero: DuckDB compares whole slots.
  const word = at >> 2
  words[word] = words[word + 1] = words[word + 2] = 0
  const end = encode(text, at, heap)
  if (end < 0) return false
  slot(slots, to, end)
  return true
}

const putText = (column: Filling, text: Value): boolean => {
  if (typeof text !== 'string') return false
  const to = row * 4
  const slots = column.words
  if (text === column.last) {
    const from = column.lastRow * 4
    slots[to] = slots[from]!
    slots[to + 1] = slots[from + 1]!
    slots[to + 2] = slots[from + 2]!
    slots[to + 3] = slots[from + 3]!
  } else {
    if (text === '' || !putSlot(slots, to, text)) return false
    column.last = text
  }
  column.lastRow = row
  mark(column)
  return true
}

const putLong = (column: Filling, value: Value): boolean => {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) return false
  column.words[row * 2] = value
  column.words[row * 2 + 1] = Math.floor(value / 0x1_0000_0000)
  mark(column)
  return true
}

const putBoolean = (column: Filling, value: Value): boolean => {
  if (typeof value !== 'boolean') return false
  column.bytes[row] = value ? 1 : 0
  mark(column)
  return true
}

const putList = (column: Filling, value: Value): boolean => {
  if (!Array.isArray(value) || value.length === 0) return false
  const begin = column.count
  for (const item of value as unknown[]) {
    const part = Math.floor(column.count / ROWS)
    const slots = (column.items[part] ??= new Uint32Array(ROWS * 4))
    if (typeof item !== 'string' || item === '' || !putSlot(slots, (column.count % ROWS) * 4, item)) {
      column.count = begin
      return false
    }
    column.count++
  }
  column.words[row * 4] = begin
  column.words[row * 4 + 2] = value.length
  mark(column)
  return true
}

/** The two halves of an address, each as a lower and an upper word. */
const halvesOf = new Map<string, Uint32Array | undefined>()
const putAddress = (text: Value | undefined, high: Filling, low: Filling): void => {
  if (typeof text !== 'string') return
  let halves = halvesOf.get(text)
  if (halves === undefined && !halvesOf.has(text)) {
    if (halvesOf.size >= 65_536) halvesOf.clear()
    const ip = parseIp(text)
    halves = ip && new Uint32Array(BigUint64Array.of(ip.high, ip.low).buffer)
    halvesOf.set(text, halves)
  }
  if (halves === undefined) return
  high.words[row * 2] = halves[0]!
  high.words[row * 2 + 1] = halves[1]!
  low.words[row * 2] = halves[2]!
  low.words[row * 2 + 1] = halves[3]!
  mark(high)
  mark(low)
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
/** Where the rest goes on; 160 bytes are free there whenever a value begins; the heap's own end stays at its beginning until it is whole. */
let end = 0
const putBytes = (bytes: Uint8Array): void => {
  const { length } = bytes
  if (length > 40) heap.set(bytes, end)
  else for (let i = 0; i < length; i++) heap[end + i] = bytes[i]!
  end += length
}
/** JSON of short texts comes again and again: its bytes are kept. Bounded, for every text was written by an attacker. */
const jsonKept = new Map<string, Uint8Array>()
const putJson = (value: Value): void => {
  if (typeof value === 'string') {
    const { length } = value
    if (length <= 48) {
      const to = heap
      const begin = end + 1
      let i = 0
      for (; i < length; i++) {
        const c = value.charCodeAt(i)
        if (c < 32 || c > 126 || c === 0x22 || c === 0x5c) break
        to[begin + i] = c
      }
      if (i === length) {
        to[end] = 0x22
        to[begin + i] = 0x22
        end += length + 2
        return
      }
    }
    let bytes = length <= SHORT ? jsonKept.get(value) : undefined
    if (bytes === undefined) {
      bytes = new TextEncoder().encode(jsonOf(value))
      if (jsonKept.size >= 20_000) jsonKept.clear()
      if (length <= SHORT) jsonKept.set(value, bytes)
    }
    reserve(end - at + bytes.length + 16)
    putBytes(bytes)
  } else if (typeof value === 'object') {
    for (let i = 0; i < value.length; i++) {
      heap[end++] = i === 0 ? 0x5b : 0x2c
      putJson(value[i]!)
      reserve(end - at + 160)
    }
    if (value.length === 0) heap[end++] = 0x5b
    heap[end++] = 0x5d
  } else {
    const text = String(value)
    for (let i = 0; i < text.length; i++) heap[end + i] = text.charCodeAt(i)
    end += text.length
  }
}
const putRest = (key: Uint8Array, value: Value): void => {
  reserve(end - at + key.length + 160)
  const begin = end
  putBytes(key)
  // The first one's comma is the opening brace.
  if (begin === at) heap[begin] = 0x7b
  putJson(value)
}
const beginRest = (): void => {
  reserve(32)
  const word = at >> 2
  words[word] = words[word + 1] = words[word + 2] = 0
  end = at
}
const endRest = (column: Filling): void => {
  if (end === at) return
  reserve(end - at + 16)
  heap[end++] = 0x7d
  slot(column.words, row * 4, end)
  mark(column)
}

/**
 * One row, written out from the table: a property read by its name costs a tenth of one read by a variable. Nothing of an
 * event gets into the code. Answers whether the row is odd: a value that does not fit its column is in the rest.
 */
const placeOf = new Map(LAID.map(({ name }, i) => [name, i]))
const PUT = { text: 'putText', long: 'putLong', boolean: 'putBoolean', list: 'putList' } as const
const packRow = new Function(
  'columns',
  'tools',
  `const { putText, putLong, putBoolean, putList, putAddress, putRest, restKey, encodeKey, beginRest, endRest } = tools
  const [${LAID.map((_, i) => `c${i}`).join(', ')}] = columns
  return (event) => {
    let odd, v
    ${PACKED.map((f) => {
      const name = JSON.stringify(f.name)
      const i = placeOf.get(f.name)!
      return `v = event[${name}]; if (v !== undefined && !${PUT[LAID[i]!.kind]}(c${i}, v)) (odd ??= []).push(${name})`
    }).join('\n    ')}
    ${ADDRESSES.map((name) => `putAddress(event[${JSON.stringify(name)}], c${placeOf.get(`${name}#high`)}, c${placeOf.get(`${name}#low`)})`).join('\n    ')}
    putBoolean(c${placeOf.get('odd')}, odd !== undefined)
    beginRest()
    if (odd !== undefined) for (const name of odd) putRest(encodeKey(name), event[name])
    for (const name in event) { const key = restKey(name); if (key !== undefined) putRest(key, event[name]) }
    endRest(c${placeOf.get('rest')})
    return odd !== undefined
  }`,
)(columns, {
  putText,
  putLong,
  putBoolean,
  putList,
  putAddress,
  putRest,
  restKey,
  encodeKey,
  beginRest,
  endRest,
}) as (event: Event) => boolean

/** What was filled, in memory of its own that can be handed over; the columns are empty again. */
const cut = (): Chunk => {
  const rows = row
  const valid = validBytes(rows)
  let size = 0
  const starts = columns.map(({ used, column: { kind }, count }) => {
    if (!used) return -1
    const start = size
    size += Math.ceil((valid + rows * WIDTH[kind] + count * 16) / 8) * 8
    return start
  })
  const data = new Uint8Array(size)
  for (const [i, column] of columns.entries()) {
    const { used, bytes, items } = column
    if (!used) continue
    const width = rows * WIDTH[column.column.kind]
    data.set(new Uint8Array(column.valid.buffer, 0, valid), starts[i]!)
    data.set(bytes.subarray(0, width), starts[i]! + valid)
    for (let from = 0; from < column.count; from += ROWS) {
      const some = items[from / ROWS]!.subarray(0, Math.min(ROWS, column.count - from) * 4)
      data.set(new Uint8Array(some.buffer, 0, some.byteLength), starts[i]! + valid + width + from * 16)
    }
  }
  const chunk: Chunk = {
    rows,
    heap: heap.buffer.slice(0, at),
    data: data.buffer,
    starts,
    items: columns.map(({ count }) => count),
  }
  for (const column of columns) {
    if (column.used) {
      column.valid.fill(0)
      // No address of another heap is left in the slot of a row without a value.
      column.bytes.fill(0, 0, rows * WIDTH[column.column.kind])
    }
    column.used = false
    column.last = undefined
    column.lastRow = -1
    column.count = 0
    column.items.length = Math.min(column.items.length, 4)
  }
  row = 0
  at = 0
  // What one giant needed is not held for ever.
  if (heap.length > 4 * FULL) {
    heap = Buffer.from(new ArrayBuffer(8 << 20))
    words = new Uint32Array(heap.buffer)
  }
  return chunk
}

export const pack = (events: readonly Event[]): Slice => {
  const chunks: Chunk[] = []
  let [first, last, odd] = [Infinity, -Infinity, false]
  for (const event of events) {
    if (packRow(event)) odd = true
    row++
    const time = event['@timestamp'] as number
    if (time < first) first = time
    if (time > last) last = time
    if (row === ROWS || at > FULL) chunks.push(cut())
  }
  if (row > 0) chunks.push(cut())
  return { rows: events.length, odd, chunks, first, last }
}
