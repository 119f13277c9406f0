/** JSON, written straight into bytes: to build the strings first takes three times as long. */

/** Longer texts are handed to the engine: a call costs as much as a loop over this many characters (measured). */
const SHORT = 20
/** What does not stand in JSON as it is; half a pair of surrogates becomes U+FFFD, as in every store. */
const SPECIAL = /[\0-\x1f"\\\ud800-\udfff]/

export class JsonBytes {
  buffer: Buffer
  /** Where the next byte goes. */
  at = 0
  readonly #size: number

  constructor(size: number) {
    this.buffer = Buffer.allocUnsafeSlow(size)
    this.#size = size
  }
  /** Begins again; what one giant needed is not held for ever. */
  reset(): void {
    this.at = 0
    if (this.buffer.length > 8 * this.#size) this.buffer = Buffer.allocUnsafeSlow(this.#size)
  }
  reserve(bytes: number): void {
    if (this.at + bytes <= this.buffer.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.at + bytes))
    this.buffer.copy(larger, 0, 0, this.at)
    this.buffer = larger
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
  number(n: number): void {
    const text = String(n)
    const { length } = text
    this.reserve(length)
    const { buffer, at } = this
    for (let i = 0; i < length; i++) buffer[at + i] = text.charCodeAt(i)
    this.at = at + length
  }
}
