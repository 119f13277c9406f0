/**
 * A function of a text, remembered by the text's bytes: no string is made for one that was seen before. For what comes again
 * and again in logs (addresses, actions, hosts), never for what is different in every line.
 */

/** Longer texts are not remembered. */
const LONGEST = 128
/** Places that are looked at: senders choose texts, and must not choose how long one takes. */
const PROBES = 24
/** Odd, and another one in every process. */
const FACTOR = (Math.floor(Math.random() * 0x3fffffff) << 1) | 1

const hashOf = (bytes: Uint8Array, from: number, to: number): number => {
  let h = to - from
  for (let i = from; i < to; i++) h = (Math.imul(h, FACTOR) + bytes[i]!) | 0
  return h ^ (h >>> 15) ^ (h >>> 7)
}

export const textOfBytes = (bytes: Uint8Array, from: number, to: number): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')

export class Memo<T> {
  readonly #make: (bytes: Uint8Array, from: number, to: number) => T
  readonly #most: number
  #slots = new Int32Array(256).fill(-1)
  #mask = 255
  /** The texts one after another, and where each begins. */
  #texts = new Uint8Array(1 << 12)
  #used = 0
  #starts: number[] = [0]
  #hashes: number[] = []
  #values: T[] = []
  #last = -1

  /** `most` texts are remembered; then all are forgotten at once. */
  constructor(make: (text: string) => T, most?: number)
  constructor(make: (bytes: Uint8Array, from: number, to: number) => T, most: number, bytes: true)
  constructor(
    make: ((text: string) => T) | ((bytes: Uint8Array, from: number, to: number) => T),
    most = 4096,
    bytes = false,
  ) {
    this.#make = bytes
      ? (make as (bytes: Uint8Array, from: number, to: number) => T)
      : (b, from, to) => (make as (text: string) => T)(textOfBytes(b, from, to))
    this.#most = most
  }

  get(bytes: Uint8Array, from: number, to: number): T {
    // That of the line before, most often.
    if (this.#last >= 0 && this.#is(this.#last, bytes, from, to)) return this.#values[this.#last]!
    if (to - from > LONGEST) return this.#make(bytes, from, to)
    const hash = hashOf(bytes, from, to)
    for (let n = 0, at = hash & this.#mask; n < PROBES; n++, at = (at + 1) & this.#mask) {
      const id = this.#slots[at]!
      if (id < 0) return this.#learn(bytes, from, to, hash, at)
      if (this.#hashes[id] === hash && this.#is(id, bytes, from, to)) {
        this.#last = id
        return this.#values[id]!
      }
    }
    return this.#make(bytes, from, to)
  }

  #is(id: number, bytes: Uint8Array, from: number, to: number): boolean {
    let k = this.#starts[id]!
    if (this.#starts[id + 1]! - k !== to - from) return false
    const texts = this.#texts
    let i = from
    while (i < to && bytes[i] === texts[k]) {
      i++
      k++
    }
    return i === to
  }

  #learn(bytes: Uint8Array, from: number, to: number, hash: number, at: number): T {
    const value = this.#make(bytes, from, to)
    if (this.#values.length >= this.#most) {
      this.#slots.fill(-1)
      this.#starts = [0]
      this.#hashes = []
      this.#values = []
      this.#used = 0
      at = hash & this.#mask
    }
    const size = to - from
    if (this.#used + size > this.#texts.length) {
      const larger = new Uint8Array(Math.max(this.#texts.length * 2, this.#used + size))
      larger.set(this.#texts)
      this.#texts = larger
    }
    for (let i = 0; i < size; i++) this.#texts[this.#used + i] = bytes[from + i]!
    this.#used += size
    const id = this.#values.length
    this.#starts.push(this.#used)
    this.#hashes.push(hash)
    this.#values.push(value)
    this.#slots[at] = id
    this.#last = id
    if (this.#values.length * 2 > this.#mask) this.#grow()
    return value
  }

  #grow(): void {
    this.#mask = this.#mask * 2 + 1
    this.#slots = new Int32Array(this.#mask + 1).fill(-1)
    for (let id = 0; id < this.#values.length; id++) {
      let at = this.#hashes[id]! & this.#mask
      while (this.#slots[at]! >= 0) at = (at + 1) & this.#mask
      this.#slots[at] = id
    }
  }
}
