/**
 * Texts that arrived together, as places in the memory that they came in: a Buffer for each would be more work for the
 * garbage collector than the texts are for anybody.
 */
export class Frames {
  count = 0
  /** Bytes of all of them. */
  size = 0
  /** The pieces of memory in their order, and the number of texts up to the end of each. */
  readonly #memory: Buffer[] = []
  readonly #until: number[] = []
  #from: Int32Array
  #to: Int32Array

  constructor(expected = 64) {
    this.#from = new Int32Array(expected)
    this.#to = new Int32Array(expected)
  }
  static of(texts: readonly Buffer[]): Frames {
    const frames = new Frames(texts.length)
    for (const text of texts) frames.add(text, 0, text.length)
    return frames
  }

  add(memory: Buffer, from: number, to: number): void {
    if (this.count === this.#from.length) {
      this.#from = larger(this.#from)
      this.#to = larger(this.#to)
    }
    this.#from[this.count] = from
    this.#to[this.count] = to
    this.size += to - from
    this.count++
    const last = this.#memory.length - 1
    if (last >= 0 && this.#memory[last] === memory) this.#until[last] = this.count
    else {
      this.#memory.push(memory)
      this.#until.push(this.count)
    }
  }
  length(i: number): number {
    return this.#to[i]! - this.#from[i]!
  }
  each(visit: (memory: Buffer, from: number, to: number, i: number) => void): void {
    for (let i = 0, piece = 0; i < this.count; i++) {
      while (this.#until[piece]! <= i) piece++
      visit(this.#memory[piece]!, this.#from[i]!, this.#to[i]!, i)
    }
  }
  /** Only so many of the first. */
  keep(count: number): void {
    for (let i = count; i < this.count; i++) this.size -= this.length(i)
    this.count = Math.min(count, this.count)
  }
  /** A Buffer each, where they are few. */
  texts(): Buffer[] {
    const out: Buffer[] = []
    this.each((memory, from, to) => void out.push(memory.subarray(from, to)))
    return out
  }
}
const larger = (array: Int32Array): Int32Array => {
  const out = new Int32Array(Math.max(64, array.length * 2))
  out.set(array)
  return out
}
/** Where whoever hands them over has few, and a Buffer each. */
export const framesOf = (texts: Frames | readonly Buffer[]): Frames =>
  texts instanceof Frames ? texts : Frames.of(texts)
