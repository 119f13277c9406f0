/**
 * `key=value key="quoted value"` lines, read as bytes: the key that followed the same two last time is tried first, for a
 * device writes a kind of line always alike; a hash of its bytes decides otherwise. No string is made.
 *
 * Values are hostile (a URL, a user agent, a user name): a key that stands twice keeps its first value, since a firewall
 * writes its own fields first.
 */
import type { Row } from '../row/row.ts'

export interface KeyTable {
  readonly names: readonly string[]
  readonly slots: Int16Array
  readonly mask: number
  /** The names' bytes one after another, and where each begins. */
  readonly spelled: Uint8Array
  readonly starts: Int32Array
}

const spread = (h: number): number => h ^ (h >>> 15) ^ (h >>> 7)

/** Names are ASCII. */
export const keyTable = (names: readonly string[]): KeyTable => {
  let size = 64
  while (size < names.length * 4) size *= 2
  const slots = new Int16Array(size).fill(-1)
  const starts: number[] = [0]
  names.forEach((name, id) => {
    let h = 0
    for (let i = 0; i < name.length; i++) h = (Math.imul(h, 31) + name.charCodeAt(i)) | 0
    let at = spread(h) & (size - 1)
    while (slots[at] !== -1) at = (at + 1) & (size - 1)
    slots[at] = id
    starts.push(starts[id]! + name.length)
  })
  const spelled = Uint8Array.from(names.join(''), (c) => c.charCodeAt(0))
  return { names, slots, mask: size - 1, spelled, starts: Int32Array.from(starts) }
}

/** A device's keys are short; this many unknown ones are kept, what is beyond is only in the raw line. */
const MOST_UNKNOWN = 200
const LONGEST_KEY = 64
/** Words of four bytes of a key and its `=` that are compared at once. */
const WORDS = 8

// 1: may stand in a key.
const CLASS = new Uint8Array(256)
for (let c = 0; c < 128; c++) {
  const letter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57)
  CLASS[c] = letter || c === 95 || c === 45 || c === 46 ? 1 : 0
}
/** White space and control characters separate (FortiOS ends lines with NUL). */
const separates = (c: number): boolean => c <= 32 || c === 127

export class Pairs {
  readonly #table: KeyTable
  readonly #size: number
  readonly from: Int32Array
  readonly to: Int32Array
  readonly #has: Uint8Array
  /** Ids of the known keys that stood in the line, in order. */
  readonly present: Int32Array
  count = 0
  /** Of unknown keys: where the key and its value begin and end, four numbers each. */
  readonly unknown = new Int32Array(MOST_UNKNOWN * 4)
  unknowns = 0
  readonly #next: Int16Array
  readonly #words: Int32Array
  readonly #lastWord: Int32Array
  readonly #lastMask: Int32Array
  readonly #length: Int32Array

  constructor(table: KeyTable) {
    const n = table.names.length
    this.#table = table
    this.#size = n + 1
    this.from = new Int32Array(n)
    this.to = new Int32Array(n)
    this.#has = new Uint8Array(n)
    this.present = new Int32Array(n)
    this.#next = new Int16Array((n + 1) * (n + 1))
    this.#words = new Int32Array(n * WORDS)
    this.#lastWord = new Int32Array(n)
    this.#lastMask = new Int32Array(n)
    this.#length = new Int32Array(n)
    table.names.forEach((name, id) => {
      const bytes = new Uint8Array(WORDS * 4)
      const size = name.length + 1
      // One that is longer is never found by words.
      if (size <= bytes.length) bytes.set(new TextEncoder().encode(`${name}=`))
      this.#words.set(new Int32Array(bytes.buffer), id * WORDS)
      this.#lastWord[id] = Math.min(WORDS, (size + 3) >> 2) - 1
      this.#lastMask[id] = size % 4 === 0 ? -1 : (1 << ((size % 4) * 8)) - 1
      this.#length[id] = name.length
    })
  }

  has(id: number): boolean {
    return this.#has[id] === 1
  }
  /** Forgets the line before. */
  clear(): void {
    for (let i = 0; i < this.count; i++) this.#has[this.present[i]!] = 0
    this.count = 0
    this.unknowns = 0
  }
  /** The value of a known key; the first one stays. */
  put(id: number, from: number, to: number): boolean {
    if (this.#has[id] === 1) return false
    this.#has[id] = 1
    this.from[id] = from
    this.to[id] = to
    this.present[this.count++] = id
    return true
  }
  /** The quoted value of a key, known by its id or its place among the unknown, goes on up to `to`. */
  #extend(row: Row, begin: number, to: number, id: number, unknown: number): void {
    const [a, z] = unescaped(row, begin, to)
    if (id >= 0) {
      this.from[id] = a
      this.to[id] = z
    } else if (unknown >= 0) {
      this.unknown[unknown + 2] = a
      this.unknown[unknown + 3] = z
    }
  }
  putUnknown(key: number, keyEnd: number, from: number, to: number): boolean {
    if (this.unknowns === MOST_UNKNOWN || keyEnd - key > LONGEST_KEY) return false
    const at = this.unknowns++ * 4
    this.unknown[at] = key
    this.unknown[at + 1] = keyEnd
    this.unknown[at + 2] = from
    this.unknown[at + 3] = to
    return true
  }
  /** The id of the key that stands there, -1 where it is not known. */
  id(bytes: Uint8Array, from: number, to: number): number {
    let h = 0
    for (let i = from; i < to; i++) h = (Math.imul(h, 31) + bytes[i]!) | 0
    return this.#find(bytes, from, to, h)
  }
  #find(bytes: Uint8Array, from: number, to: number, h: number): number {
    const { slots, mask, spelled, starts } = this.#table
    let at = spread(h) & mask
    let id = slots[at]!
    while (id !== -1) {
      let n = starts[id]!
      if (starts[id + 1]! - n === to - from) {
        let k = from
        while (k < to && bytes[k] === spelled[n]) {
          k++
          n++
        }
        if (k === to) return id
      }
      at = (at + 1) & mask
      id = slots[at]!
    }
    return -1
  }

  /**
   * Reads the pairs of the row's memory from `start` to `end`. Words that are no pairs are passed over. With `commas`, an
   * unquoted value ends at a comma.
   */
  scan(row: Row, start: number, end: number, commas = false): void {
    this.clear()
    const next = this.#next
    const [words, lastWord, lastMask, length] = [this.#words, this.#lastWord, this.#lastMask, this.#length]
    const size = this.#size
    let { bytes: b, view } = row
    let previous = size - 1
    let context = previous * size + previous
    // The last quoted value, in case that what follows shows that its quote did not close it.
    let quoted = -1
    // Where it ends then, known at last: it is read once, however often it went on.
    let quotedEnd = -1
    let quotedId = -1
    let quotedUnknown = -1
    let p = start
    for (;;) {
      while (p < end && (separates(b[p]!) || b[p] === 44)) p++
      if (p >= end) {
        if (quotedEnd >= 0) this.#extend(row, quoted, quotedEnd, quotedId, quotedUnknown)
        return
      }
      let id = next[context]!
      let k = p
      let n = id * WORDS
      const last = n + lastWord[id]!
      while (n < last && view.getInt32(k, true) === words[n]) {
        k += 4
        n++
      }
      let keyEnd = p + length[id]!
      if (n !== last || ((view.getInt32(k, true) ^ words[n]!) & lastMask[id]!) !== 0 || keyEnd >= end) {
        k = p
        let h = 0
        while (k < end && CLASS[b[k]!] === 1) h = (Math.imul(h, 31) + b[k++]!) | 0
        if (k >= end || b[k] !== 61 || k === p) {
          // Not a key. After a quoted value it is the rest of it: `msg="User "bob" failed"`.
          if (quoted >= 0) {
            const q = closing(b, k, end)
            if (q < end) {
              quotedEnd = q
              p = q + 1
              continue
            }
            if (quotedEnd >= 0) {
              this.#extend(row, quoted, quotedEnd, quotedId, quotedUnknown)
              ;({ bytes: b, view } = row)
              quotedEnd = -1
            }
            quoted = -1
          }
          while (k < end && !separates(b[k]!)) k++
          p = k
          continue
        }
        keyEnd = k
        id = this.#find(b, p, k, h)
        if (id >= 0) next[context] = id
      }
      if (quotedEnd >= 0) {
        this.#extend(row, quoted, quotedEnd, quotedId, quotedUnknown)
        ;({ bytes: b, view } = row)
        quotedEnd = -1
      }
      const key = p
      p = keyEnd + 1
      let a = p
      let z: number
      if (p < end && b[p] === 34) {
        a = z = p + 1
        let escapes = false
        let c = 0
        while (z < end && (c = b[z]!) !== 34) {
          if (c === 92) escapes = true
          z++
        }
        // The usual case: the next quote closes, for it is not escaped and white space follows.
        if (z >= end || b[z - 1] === 92 || !(z + 1 >= end || separates(b[z + 1]!))) {
          z = closing(b, a, end)
          escapes = true
        }
        p = z + 1
        quoted = a
        if (escapes) {
          ;[a, z] = unescaped(row, a, z)
          ;({ bytes: b, view } = row)
        }
      } else {
        z = p
        while (z < end && !separates(b[z]!) && !(commas && b[z] === 44)) z++
        // Omitted, the next key stands in its place: `dstip=authid="krb"`.
        let e = p
        while (e < z && CLASS[b[e]!] === 1) e++
        if (e > p && e < z && b[e] === 61 && this.id(b, p, e) >= 0) z = p
        p = z
        quoted = -1
      }
      quotedId = quotedUnknown = -1
      if (id >= 0) {
        context = previous * size + id
        previous = id
        if (this.put(id, a, z)) quotedId = id
      } else if (this.putUnknown(key, keyEnd, a, z)) quotedUnknown = (this.unknowns - 1) * 4
    }
  }
}

/** Whether `" key=` stands between an escaped quote and a quote that opens: ` next="`. */
const keyBetween = (b: Uint8Array, from: number, to: number): boolean => {
  let i = from
  while (i < to && separates(b[i]!)) i++
  if (i === from || b[to - 1] !== 61) return false
  const key = i
  while (i < to && CLASS[b[i]!] === 1) i++
  return i > key && i === to - 1
}

/**
 * The index of the quote that closes a value opened before `from`, or `end`. A quote after an odd number of backslashes is
 * escaped; a value that ends in a backslash (`path="C:\web\" next="x"`) is told by the `="` that follows.
 */
const closing = (b: Uint8Array, from: number, end: number): number => {
  let escaped = -1
  for (let q = from; q < end; q++) {
    if (b[q] !== 34) continue
    let s = q - 1
    while (s >= from && b[s] === 92) s--
    if ((q - s) % 2 === 0) {
      escaped = q
      continue
    }
    if (escaped >= 0 && q - escaped < 80 && keyBetween(b, escaped + 1, q)) return escaped
    const next = q + 1
    if (next >= end || separates(b[next]!)) return q
    if (b[next] === 44) return q // `key="value",key=…` as some relays write it
  }
  // Never closed: to the end, so that what an attacker wrote is not read as keys, and the line is read only once.
  return escaped >= 0 && escaped === end - 1 ? escaped : end
}

/** Where the value lies without the backslashes before quotes and backslashes: in place where there are none. */
const unescaped = (row: Row, from: number, to: number): [number, number] => {
  let i = from
  while (i < to && row.bytes[i] !== 92) i++
  if (i === to) return [from, to]
  row.reserve(to - from)
  const { bytes } = row
  const begin = row.at
  let at = begin
  for (i = from; i < to; i++) {
    if (bytes[i] === 92 && i + 1 < to && (bytes[i + 1] === 34 || bytes[i + 1] === 92)) i++
    bytes[at++] = bytes[i]!
  }
  row.at = at
  bytes[at] = 0
  return [begin, at]
}
