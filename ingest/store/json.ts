/** JSON, written straight into bytes: to build the strings first takes three times as long. */
import { LONGEST_KEY, putKey } from '../row/handles.ts'

/** Longer texts are handed to the engine: a call costs as much as a loop over this many characters (measured). */
const SHORT = 20
/** What does not stand in JSON as it is; half a pair of surrogates becomes U+FFFD, as in every store. */
const SPECIAL = /[\0-\x1f"\\\ud800-\udfff]/

export class JsonBytes {
  buffer: Buffer
  view: DataView
  /** Where the next byte goes. */
  at = 0
  readonly #size: number

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafeSlow(size)
    this.view = new DataView(this.buffer.buffer)
    this.#size = size
  }
  /** Begins again; what one giant needed is not held for ever. */
  reset(): void {
    this.at = 0
    if (this.buffer.length <= 8 * this.#size) return
    this.buffer = Buffer.allocUnsafeSlow(this.#size)
    this.view = new DataView(this.buffer.buffer)
  }
  reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer = larger
    this.view = new DataView(larger.buffer)
  }
  byte(byte: number): void {
    this.reserve(1)
    this.buffer[this.at++] = byte
  }
  bytes(bytes: Uint8Array): void {
    const { length } = bytes
    this.reserve(length)
    const { buffer, at } = this
    if (length > 24) buffer.set(bytes, at)
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[i]!
    this.at = at + length
  }
  /** As it is. */
  text(text: string): void {
    this.reserve(text.length * 3)
    this.at += this.buffer.write(text, this.at)
  }
  /** In quotes. */
  string(text: string): void {
    const { length } = text
    this.reserve(length * 3 + 2)
    const { buffer, at } = this
    const begin = at + 1
    if (length <= SHORT) {
      let i = 0
      for (; i < length; i++) {
        const c = text.charCodeAt(i)
        if (c < 32 || c > 126 || c === 34 || c === 92) break
        buffer[begin + i] = c
      }
      if (i === length) {
        buffer[at] = 34
        buffer[begin + length] = 34
        this.at = begin + length + 1
        return
      }
    }
    if (SPECIAL.test(text)) {
      this.text(JSON.stringify(text.toWellFormed()))
      return
    }
    buffer[at] = 34
    const end = begin + buffer.write(text, begin)
    buffer[end] = 34
    this.at = end + 1
  }
  /** In quotes, a text that lies in bytes as UTF-8. */
  utf8(source: Bytes, from: number, to: number): void {
    this.reserve((to - from) * 6 + 16)
    this.at = putJson(source, from, to, { bytes: this.buffer, view: this.view }, this.at)
  }
  /** `,"name":` of a lasting handle. */
  key(handle: number): void {
    this.reserve(LONGEST_KEY + 4)
    this.at = putKey(this.view, this.at, handle)
  }
  number(n: number): void {
    if (n >= 0 && Number.isSafeInteger(n)) {
      this.reserve(16)
      // Each half by whole numbers of 32 bits.
      const upper = n < 1e9 ? 0 : Math.floor(n / 1e9)
      if (upper > 0) this.#digits(upper, digitsOf(upper))
      this.#digits(n - upper * 1e9, upper > 0 ? 9 : digitsOf(n))
      return
    }
    const text = String(n)
    const { length } = text
    this.reserve(length)
    const { buffer, at } = this
    for (let i = 0; i < length; i++) buffer[at + i] = text.charCodeAt(i)
    this.at = at + length
  }
  #digits(n: number, count: number): void {
    const { buffer, at } = this
    for (let i = at + count - 1, left = n | 0; i >= at; i--) {
      const tenth = (left / 10) | 0
      buffer[i] = 48 + left - tenth * 10
      left = tenth
    }
    this.at = at + count
  }
}

/** Of a whole number below 1e9. */
const digitsOf = (n: number): number => {
  let count = 1
  for (let power = 10; power <= n; power *= 10) count++
  return count
}

const CONTROL = Array.from({ length: 32 }, (_, c) => new TextEncoder().encode(`\\u${c.toString(16).padStart(4, '0')}`))

/** Memory and its view. */
export interface Bytes {
  readonly bytes: Uint8Array
  readonly view: DataView
}
/**
 * JSON of the UTF-8 text of these bytes at `to`, quotes included; answers its end. Up to three bytes beyond it are written, and
 * beyond the text's end are read; six times the text's length is enough room.
 */
export const putJson = (source: Bytes, from: number, end: number, target: Bytes, to: number): number => {
  const { bytes: read, view: readView } = source
  const { bytes, view } = target
  let at = to
  bytes[at++] = 34
  let i = from
  // By words; one that holds something to be escaped is written byte by byte.
  while (i < end) {
    const word = readView.getUint32(i, true)
    const quote = word ^ 0x22222222
    const slash = word ^ 0x5c5c5c5c
    const control = word & 0xe0e0e0e0
    const found =
      ((quote - 0x01010101) & ~quote) | ((slash - 0x01010101) & ~slash) | ((control - 0x01010101) & ~control)
    if ((found & 0x80808080) === 0) {
      view.setUint32(at, word, true)
      at += 4
      i += 4
      continue
    }
    for (let n = 0; n < 4 && i < end; n++, i++) {
      const c = read[i]!
      if (c < 32) {
        bytes.set(CONTROL[c]!, at)
        at += 6
        continue
      }
      if (c === 34 || c === 92) bytes[at++] = 92
      bytes[at++] = c
    }
  }
  at -= Math.max(0, i - end)
  bytes[at++] = 34
  return at
}
