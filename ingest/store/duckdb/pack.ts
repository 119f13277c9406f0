/**
 * Events to the memory of vectors (slice.ts). Written field by field from the table straight into the slots of columns: a
 * text for each row, that DuckDB takes apart again, costs twice as much on both sides.
 */
import type { Event, Value } from '../../event.ts'
import { parseIp, v4Number } from '../../ip.ts'
import { JsonBytes } from '../json.ts'
import { openPlans } from '../plans.ts'
import { ADDRESSES, PACKED } from './layout.ts'
import { type Chunk, type Column, INLINE, LAID, ROWS, type Slice, validBytes, WIDTH } from './slice.ts'

/** NUL ends a string in DuckDB, the others separate values on the way back. Such a value is kept in the rest, as JSON. */
const AWKWARD = /[\0\x1d\x1e\x1f]/
/** Longer texts are handed to the engine: a call costs as much as a loop over this many characters (measured). */
const SHORT = 20
/** Bytes of a heap after which a chunk ends. */
const MOST = 16 << 20

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
  // What lies between is text too, for the heap crosses as one.
  let after = end
  while (after & 3) heap[after++] = 32
  at = after
}
/** Whether a byte below 32 lies on the heap from `at` to `end`, which is followed by other text: four at once. */
const holdsControl = (end: number): boolean => {
  const last = (end + 3) >> 2
  for (let i = at >> 2; i < last; i++) {
    const high = words[i]! & 0xe0e0e0e0
    if (((high - 0x01010101) & ~high & 0x80808080) !== 0) return true
  }
  return false
}
/** Writes a text; false where it holds a separator or NUL. Half a pair of surrogates becomes U+FFFD. */
const putSlot = (slots: Uint32Array, to: number, text: string): boolean => {
  const { length } = text
  reserve(length * 3 + 16)
  // What a slot does not need is zero: DuckDB compares whole slots.
  const word = at >> 2
  words[word] = words[word + 1] = words[word + 2] = 0
  if (length <= SHORT) {
    let i = 0
    for (; i < length; i++) {
      const c = text.charCodeAt(i)
      if (c < 32 || c > 126) break
      heap[at + i] = c
    }
    if (i === length) {
      slot(slots, to, at + length)
      return true
    }
  }
  const end = at + heap.write(text, at)
  if (end - at > INLINE) heap[end] = heap[end + 1] = heap[end + 2] = 32
  if (holdsControl(end) && AWKWARD.test(text)) return false
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

/** The two halves of another address, each as a lower and an upper word. */
const halvesOf = new Map<string, Uint32Array | undefined>()
const putAddress = (text: string, high: Filling, low: Filling): void => {
  const to = row * 2
  const four = v4Number(text)
  if (four !== undefined) {
    high.words[to] = high.words[to + 1] = 0
    low.words[to] = four
    low.words[to + 1] = 0xffff
  } else {
    let halves = halvesOf.get(text)
    if (halves === undefined && !halvesOf.has(text)) {
      if (halvesOf.size >= 65_536) halvesOf.clear()
      const ip = parseIp(text)
      halves = ip && new Uint32Array(BigUint64Array.of(ip.high, ip.low).buffer)
      halvesOf.set(text, halves)
    }
    if (halves === undefined) return
    high.words[to] = halves[0]!
    high.words[to + 1] = halves[1]!
    low.words[to] = halves[2]!
    low.words[to + 1] = halves[3]!
  }
  mark(high)
  mark(low)
}

/** Where a field goes. */
interface Place {
  readonly name: string
  readonly kind: Column['kind'] | 'rest' | 'ingested'
  readonly column: Filling
  /** Of an address that is kept as numbers too. */
  readonly halves: readonly [Filling, Filling] | undefined
  /** `,"name":` */
  readonly key: Uint8Array
  /** Many fields say the same in every line: the value seen last, and where it came again, its key and JSON. */
  last: Value | undefined
  member: Uint8Array | undefined
}
const named = new Map(columns.map((each) => [each.column.name, each]))
const placeOf = (name: string): Place => {
  const column = PACKED.some((f) => f.name === name) ? named.get(name) : undefined
  const address = ADDRESSES.find((each) => each === name)
  return {
    name,
    kind: name === 'event.ingested' ? 'ingested' : (column?.column.kind ?? 'rest'),
    column: column ?? columns[0]!,
    halves: address && [named.get(`${address}#high`)!, named.get(`${address}#low`)!],
    key: new TextEncoder().encode(`,${JSON.stringify(name.toWellFormed())}:`),
    last: undefined,
    member: undefined,
  }
}
const places = new Map<string, Place>()
const learn = (name: string): Place => {
  const place = placeOf(name)
  // Bounded: some parsers make names of what stands in a line.
  if (places.size < 10_000) places.set(name, place)
  return place
}
for (const { name } of PACKED) learn(name)

/** The rest of a row while it is made. */
const rest = new JsonBytes(1 << 20)
const putJson = (value: Value): void => {
  if (typeof value === 'string') rest.string(value)
  else if (typeof value === 'number') rest.number(value)
  else if (typeof value === 'boolean') rest.text(String(value))
  else {
    rest.byte(0x5b)
    for (let i = 0; i < value.length; i++) {
      if (i > 0) rest.byte(0x2c)
      putJson(value[i]!)
    }
    rest.byte(0x5d)
  }
}
const putRest = (place: Place, value: Value): void => {
  const again = value === place.last
  if (again && place.member) {
    rest.bytes(place.member)
    return
  }
  const begin = rest.at
  rest.bytes(place.key)
  putJson(value)
  place.last = value
  // Long ones do not come again, and are not held.
  place.member = again && rest.at - begin < 256 ? new Uint8Array(rest.buffer.subarray(begin, rest.at)) : undefined
}

const planOf = openPlans((names) => names.map((name) => places.get(name) ?? learn(name)))

const ODD = named.get('odd')!
const REST = named.get('rest')!
/** One row. Answers whether it is odd: a value that does not fit its column is in the rest. */
const packRow = (event: Event): boolean => {
  let odd = false
  rest.reset()
  const values = Object.values(event)
  const plan = planOf(Object.keys(event))
  for (let i = 0; i < plan.length; i++) {
    const place = plan[i]!
    const value = values[i]
    if (value === undefined) continue
    const { kind, column } = place
    if (
      kind === 'text'
        ? putText(column, value)
        : kind === 'long'
          ? putLong(column, value)
          : kind === 'boolean'
            ? putBoolean(column, value)
            : kind === 'list'
              ? putList(column, value)
              : kind === 'ingested'
    ) {
      if (place.halves) putAddress(value as string, place.halves[0], place.halves[1])
      continue
    }
    if (kind !== 'rest') odd = true
    putRest(place, value)
  }
  putBoolean(ODD, odd)
  if (rest.at > 0) {
    // The first one's comma is the opening brace.
    rest.buffer[0] = 0x7b
    rest.byte(0x7d)
    reserve(rest.at + 16)
    const word = at >> 2
    words[word] = words[word + 1] = words[word + 2] = 0
    heap.set(rest.buffer.subarray(0, rest.at), at)
    slot(REST.words, row * 4, at + rest.at)
    mark(REST)
  }
  return odd
}

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
  if (heap.length > 4 * MOST) {
    heap = Buffer.from(new ArrayBuffer(8 << 20))
    words = new Uint32Array(heap.buffer)
  }
  return chunk
}

export { buffersOf } from './slice.ts'
export const pack = (events: readonly Event[]): Slice => {
  const chunks: Chunk[] = []
  let [first, last, odd] = [Infinity, -Infinity, false]
  for (const event of events) {
    if (packRow(event)) odd = true
    row++
    const time = event['@timestamp'] as number
    if (time < first) first = time
    if (time > last) last = time
    if (row === ROWS || at > MOST) chunks.push(cut())
  }
  if (row > 0) chunks.push(cut())
  return { rows: events.length, odd, chunks, first, last }
}
