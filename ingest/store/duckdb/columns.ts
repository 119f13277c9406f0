/**
 * Rows to the memory of vectors (slice.ts): slots of texts point into the memory of the chunk, which crosses to the store
 * thread as one text. Only what has no column, or does not fit its column, is written again, as JSON of the rest column.
 */
import { FIELDS } from '../../event.ts'
import { type Address, addressOf } from '../../row/address.ts'
import { field } from '../../row/handles.ts'
import { BOOLEAN, LIST, LONG, type Row, TEXT } from '../../row/row.ts'
import { type Sink, timeOf } from '../../row/sink.ts'
import { ADDRESSES, highOf, lowOf, madeOf } from './layout.ts'
import { spare } from '../pool.ts'
import { putMember, sizeOf } from './rest.ts'
import { type Chunk, ITEM, LAID, ROWS, type Slice, validBytes, WIDTH } from './slice.ts'

/** Bytes of a heap after which a chunk ends. */
const MOST = 16 << 20
const VALID = validBytes(ROWS)

// ---- the memory that is filled: of each column its bits of validity, then its data; items of lists apart
const STARTS: number[] = []
let size = 0
for (const { kind } of LAID) {
  STARTS.push(size)
  // A line of the cache more: the slots of a row would share a few of its sets.
  size += VALID + ROWS * WIDTH[kind] + 64
}
const SIZE = Math.ceil(size / 8) * 8
const columnAt = new Map(LAID.map(({ name }, i) => [name, i]))
const SAID = { text: TEXT, long: LONG, boolean: BOOLEAN, list: LIST, numbers: 0 } as const

/** Of each field of the table: its column, what has to be said to go there (0: it has none), where its memory lies in words. */
const N = FIELDS.length
const COLUMN = new Int32Array(N).fill(-1)
const WANTED = new Uint8Array(N)
const VALIDITY = new Int32Array(N)
const SLOTS = new Int32Array(N)
/** Of an address the columns of its numbers, else -1. */
const HIGH = new Int32Array(N).fill(-1)
const LOW = new Int32Array(N).fill(-1)
const INGESTED = field('event.ingested')
for (const { name } of FIELDS) {
  const f = field(name)
  const at = columnAt.get(name)
  if (at === undefined || f === INGESTED) continue
  COLUMN[f] = at
  WANTED[f] = SAID[LAID[at]!.kind]
  VALIDITY[f] = STARTS[at]! / 4
  SLOTS[f] = (STARTS[at]! + VALID) / 4
}
for (const { name } of ADDRESSES) {
  HIGH[field(name)] = columnAt.get(highOf(name))!
  LOW[field(name)] = columnAt.get(lowOf(name))!
}
const MADE = FIELDS.filter((f) => f.of).map(({ name }) => ({ f: field(name), column: columnAt.get(madeOf(name))! }))
const IS_MADE = new Uint8Array(N)
for (const { f } of MADE) IS_MADE[f] = 1
const ODD = columnAt.get('odd')!
const REST = columnAt.get('rest')!

/** What of the up to twelve bytes of a short text belongs to it, a word each. */
const FIRST = new Int32Array(13)
const SECOND = new Int32Array(13)
const THIRD = new Int32Array(13)
for (let n = 0; n <= 12; n++) {
  const mask = (bytes: number) => (bytes >= 4 ? -1 : bytes <= 0 ? 0 : (1 << (bytes * 8)) - 1)
  FIRST[n] = mask(n)
  SECOND[n] = mask(n - 4)
  THIRD[n] = mask(n - 8)
}
/** NUL ends a string in DuckDB, the others separate values on the way back. Such a value is kept in the rest, as JSON. */
const isAwkward = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) {
    const c = bytes[i]!
    if (c < 32 && (c === 0 || c > 28)) return true
  }
  return false
}

const itemBytes = (i: number): number => {
  const { kind } = LAID[i]!
  return kind === 'list' || kind === 'numbers' ? ITEM[kind] : 0
}

export const columnSink = (): Sink<Slice> => {
  const data = new ArrayBuffer(SIZE)
  const w = new Uint32Array(data)
  const octets = new Uint8Array(data)
  const used = new Uint8Array(LAID.length)
  /** Items of the lists of each column. */
  const lists: Uint32Array[] = LAID.map(() => new Uint32Array(0))
  const items = new Int32Array(LAID.length)
  let rows = 0
  let full = false
  let chunks: Chunk[] = []
  let [total, first, last, odd] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false]

  /** The memory holds anything: a column is emptied when its first value of the chunk comes. No address of another heap is left. */
  const begun = (column: number): void => {
    used[column] = 1
    const from = STARTS[column]!
    octets.fill(0, from, from + VALID + ROWS * WIDTH[LAID[column]!.kind])
  }
  const mark = (column: number): void => {
    if (used[column] === 0) begun(column)
    const at = STARTS[column]! / 4 + (rows >> 5)
    w[at] = w[at]! | (1 << (rows & 31))
  }
  const slot = (view: DataView, slots: Uint32Array, to: number, from: number, length: number): void => {
    slots[to] = length
    if (length > 12) {
      slots[to + 1] = view.getUint32(from, true)
      slots[to + 2] = from
      slots[to + 3] = 0
    } else {
      slots[to + 1] = view.getUint32(from, true) & FIRST[length]!
      slots[to + 2] = view.getUint32(from + 4, true) & SECOND[length]!
      slots[to + 3] = view.getUint32(from + 8, true) & THIRD[length]!
    }
  }
  const putHalves = (f: number, address: Address): void => {
    mark(HIGH[f]!)
    mark(LOW[f]!)
    const high = (STARTS[HIGH[f]!]! + VALID) / 4 + rows * 2
    const low = (STARTS[LOW[f]!]! + VALID) / 4 + rows * 2
    w[high] = address.word0
    w[high + 1] = address.word1
    w[low] = address.word2
    w[low + 1] = address.word3
  }
  const grown = (column: number, words: number): Uint32Array => {
    const have = lists[column]!
    if (have.length >= words) return have
    const larger = new Uint32Array(Math.max(words, have.length * 2, 4096))
    larger.set(have)
    return (lists[column] = larger)
  }
  const begin = (column: number, count: number): void => {
    mark(column)
    const at = (STARTS[column]! + VALID) / 4 + rows * 4
    w[at] = items[column]!
    w[at + 1] = 0
    w[at + 2] = count
    w[at + 3] = 0
  }
  /** False where an item cannot stand in a column. */
  const putList = (row: Row, f: number): boolean => {
    const column = COLUMN[f]!
    const from = row.from[f]!
    const count = row.to[f]! - from
    if (count === 0) return true
    if (row.control)
      for (let i = from * 2; i < row.to[f]! * 2; i += 2)
        if (isAwkward(row.bytes, row.items[i]!, row.items[i + 1]!)) return false
    begin(column, count)
    const slots = grown(column, (items[column]! + count) * 4)
    for (let i = 0; i < count; i++) {
      const a = row.items[(from + i) * 2]!
      slot(row.view, slots, (items[column]! + i) * 4, a, row.items[(from + i) * 2 + 1]! - a)
    }
    items[column] = items[column]! + count
    const [high, low] = [HIGH[f]!, LOW[f]!]
    if (high < 0) return true
    // One that is no address has numbers that no network holds.
    begin(high, count)
    begin(low, count)
    const [highs, lows] = [grown(high, (items[high]! + count) * 2), grown(low, (items[low]! + count) * 2)]
    for (let i = 0; i < count; i++) {
      const address = addressOf(row.bytes, row.items[(from + i) * 2]!, row.items[(from + i) * 2 + 1]!)
      const at = (items[high]! + i) * 2
      highs[at] = address?.word0 ?? 0
      highs[at + 1] = address?.word1 ?? 0
      lows[at] = address?.word2 ?? 0
      lows[at + 1] = address?.word3 ?? 0
    }
    items[high] = items[high]! + count
    items[low] = items[low]! + count
    return true
  }

  // The rest of the row that is added: where it begins, how far it is written, and the room behind.
  let [restFrom, rest, free] = [-1, 0, 0]
  const putRest = (row: Row, f: number): void => {
    if (restFrom < 0) restFrom = rest
    const need = sizeOf(row, f)
    if (free < need) {
      row.at = rest
      row.reserve(need)
      free = row.bytes.length - rest - 64
    }
    const end = putMember(row, f, rest)
    free -= end - rest
    rest = end
  }

  const add = (row: Row): void => {
    // A line may say more events than there is room for: what was taken is copied, for the line is still worked on.
    if (rows === ROWS) end(packed(row))
    const { said, place, kind, from, to, number } = row
    const word = rows >> 5
    const bit = 1 << (rows & 31)
    let isOdd = false
    let { view } = row
    restFrom = -1
    rest = row.at
    free = row.bytes.length - rest - 64
    for (let i = 0; i < row.count; i++) {
      const f = said[i]!
      if (place[f] !== i + 1) continue
      const wanted = f < N ? WANTED[f]! : 0
      if (wanted === 0) {
        if (f === INGESTED || (f < N && IS_MADE[f] === 1)) continue
        if (kind[f] === LIST && to[f] === from[f]) continue
        putRest(row, f)
        view = row.view
        continue
      }
      if (kind[f] === wanted) {
        if (wanted === TEXT) {
          const a = from[f]!
          if (!row.control || !isAwkward(row.bytes, a, to[f]!)) {
            if (used[COLUMN[f]!] === 0) begun(COLUMN[f]!)
            const n = to[f]! - a
            const s = SLOTS[f]! + rows * 4
            w[s] = n
            if (n > 12) {
              w[s + 1] = view.getUint32(a, true)
              w[s + 2] = a
              w[s + 3] = 0
            } else {
              w[s + 1] = view.getUint32(a, true) & FIRST[n]!
              w[s + 2] = view.getUint32(a + 4, true) & SECOND[n]!
              w[s + 3] = view.getUint32(a + 8, true) & THIRD[n]!
            }
            const v = VALIDITY[f]! + word
            w[v] = w[v]! | bit
            if (HIGH[f]! >= 0) {
              const address = row.address[f] ?? addressOf(row.bytes, a, to[f]!)
              if (address !== undefined) putHalves(f, address)
            }
            continue
          }
        } else if (wanted === LONG) {
          if (used[COLUMN[f]!] === 0) begun(COLUMN[f]!)
          const n = number[f]!
          const s = SLOTS[f]! + rows * 2
          w[s] = n
          w[s + 1] = Math.floor(n / 0x1_0000_0000)
          const v = VALIDITY[f]! + word
          w[v] = w[v]! | bit
          continue
        } else if (wanted === BOOLEAN) {
          if (used[COLUMN[f]!] === 0) begun(COLUMN[f]!)
          octets[SLOTS[f]! * 4 + rows] = number[f]!
          const v = VALIDITY[f]! + word
          w[v] = w[v]! | bit
          continue
        } else if (putList(row, f)) continue
      }
      isOdd = true
      putRest(row, f)
      view = row.view
    }
    for (const { f, column } of MADE) {
      const said = row.has(f)
      const is = said && row.isMade(f)
      if (said && !is) {
        isOdd = true
        putRest(row, f)
      }
      mark(column)
      octets[STARTS[column]! + VALID + rows] = is ? 1 : 0
    }
    mark(ODD)
    octets[STARTS[ODD]! + VALID + rows] = isOdd ? 1 : 0
    if (restFrom >= 0) {
      // The first one's comma is the opening brace.
      row.bytes[restFrom] = 123
      row.bytes[rest++] = 125
      mark(REST)
      slot(row.view, w, (STARTS[REST]! + VALID) / 4 + rows * 4, restFrom, rest - restFrom)
      row.at = rest
    }
    if (isOdd) odd = true
    const time = timeOf(row)
    if (time < first) first = time
    if (time > last) last = time
    rows++
    total++
    if (row.at > MOST) full = true
  }

  /** The items of all lists, one column's after the other's. */
  const gathered = (): ArrayBufferLike => {
    let bytes = 0
    for (let i = 0; i < LAID.length; i++) bytes += items[i]! * itemBytes(i)
    const out = new Uint8Array(spare(bytes))
    let at = 0
    for (let i = 0; i < LAID.length; i++) {
      const length = items[i]! * itemBytes(i)
      if (length === 0) continue
      out.set(new Uint8Array(lists[i]!.buffer, 0, length), at)
      at += length
    }
    return out.buffer
  }
  /** Copied together: the columns that were used, the rows that there are. What was worked in stays, and stays warm. */
  const packed = (row: Row): Chunk => {
    const valid = validBytes(rows)
    let bytes = 0
    const starts = LAID.map(({ kind }, i) => {
      if (used[i] === 0) return -1
      const start = bytes
      bytes += Math.ceil((valid + rows * WIDTH[kind]) / 8) * 8
      return start
    })
    const out = new Uint8Array(spare(bytes))
    for (let i = 0; i < LAID.length; i++) {
      const start = starts[i]!
      if (start < 0) continue
      const width = rows * WIDTH[LAID[i]!.kind]
      const from = STARTS[i]!
      out.set(octets.subarray(from, from + valid), start)
      out.set(octets.subarray(from + VALID, from + VALID + width), start + valid)
    }
    const heap = spare(row.at)
    new Uint8Array(heap).set(row.bytes.subarray(0, row.at))
    return { rows, heap, used: row.at, data: out.buffer, starts, lists: gathered(), items: [...items] }
  }
  const cut = (row: Row): void => {
    full = false
    if (rows > 0) end(packed(row))
  }
  const end = (chunk: Chunk): void => {
    chunks.push(chunk)
    used.fill(0)
    items.fill(0)
    rows = 0
  }

  return {
    add,
    room: () => (full ? 0 : ROWS - rows),
    cut,
    take: () => {
      const slice: Slice = { rows: total, odd, chunks, first, last }
      chunks = []
      ;[total, first, last, odd] = [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, false]
      return slice
    },
  }
}
