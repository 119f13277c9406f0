/**
 * The values of one event by name, as byte ranges: what a reader of JSON or of columns found, and what a parser takes them from.
 * Names are paths, `alert.signature`; a key with dots and an object in an object spell the same one. A name is found by the
 * bytes of its key, where the key that followed last time is tried first: no string is made.
 */

export const STRING = 1
export const NUMBER = 2
export const TRUE = 3
export const FALSE = 4

/** Values of one event; what is beyond is only in the raw line. */
const MOST_LEAVES = 4096
/** Names that are remembered; then all but the declared ones are forgotten. Senders choose names. */
const MOST_NODES = 4096
const LONGEST_KEY = 128
const LONGEST_NAME = 200

export const ROOT = 0
export const NOBODY = -1

export class Leaves {
  /** Ids of the declared names, counted from 1. */
  readonly #ids = new Map<string, number>()
  count = 0
  readonly node = new Int32Array(MOST_LEAVES)
  readonly kind = new Uint8Array(MOST_LEAVES)
  readonly from = new Int32Array(MOST_LEAVES)
  readonly to = new Int32Array(MOST_LEAVES)
  /** The next value of the same name, -1 after the last. */
  readonly next = new Int32Array(MOST_LEAVES)
  /** 1: an item of a list, or of what stands in one. */
  readonly within = new Uint8Array(MOST_LEAVES)
  /** The first and the last value of a name. */
  readonly #first = new Int32Array(MOST_NODES).fill(-1)
  readonly #last = new Int32Array(MOST_NODES).fill(-1)
  /** By declared id: the first value. */
  readonly at: Int32Array
  /** The leaf whose text was cut off with the line, -1 where none was. */
  cut = -1

  /** Of each name: its text and declared id (0: none). */
  names: string[] = ['']
  readonly id = new Int32Array(MOST_NODES)
  readonly #parent = new Int32Array(MOST_NODES)
  readonly #after = new Int32Array(MOST_NODES)
  readonly #key: Uint8Array[] = [new Uint8Array(0)]
  #slots = new Int32Array(MOST_NODES * 4).fill(-1)
  #previous = ROOT

  constructor(declared: readonly string[]) {
    for (const [i, name] of declared.entries()) this.#ids.set(name, i + 1)
    this.at = new Int32Array(declared.length + 1).fill(-1)
  }

  /** Forgets the event before. */
  clear(): void {
    for (let i = 0; i < this.count; i++) {
      const n = this.node[i]!
      this.#first[n] = -1
      this.at[this.id[n]!] = -1
    }
    this.count = 0
    this.cut = -1
    this.#previous = ROOT
    if (this.names.length > MOST_NODES - 512) this.#forget()
  }
  #forget(): void {
    this.names = ['']
    this.#key.length = 1
    this.#slots.fill(-1)
    this.#after.fill(0)
  }

  add(node: number, kind: number, from: number, to: number, within = 0): void {
    if (node < 0 || this.count === MOST_LEAVES) return
    const i = this.count++
    this.node[i] = node
    this.kind[i] = kind
    this.from[i] = from
    this.to[i] = to
    this.within[i] = within
    this.next[i] = -1
    if (this.#first[node]! < 0) {
      this.#first[node] = i
      const id = this.id[node]!
      if (id > 0 && this.at[id]! < 0) this.at[id] = i
    } else this.next[this.#last[node]!] = i
    this.#last[node] = i
  }
  /** Whether a leaf is the first of its name. */
  isFirst(leaf: number): boolean {
    return this.#first[this.node[leaf]!] === leaf
  }
  has(id: number): boolean {
    return this.at[id]! >= 0
  }

  /** The name that follows in the same order as last time, where its key ends with a quote at `at + length`; else -1. */
  guess(parent: number, bytes: Uint8Array, at: number): number {
    const n = this.#after[this.#previous]!
    if (n === 0 || this.#parent[n] !== parent) return -1
    const key = this.#key[n]!
    let i = 0
    while (i < key.length && bytes[at + i] === key[i]) i++
    if (i < key.length || bytes[at + i] !== 34) return -1
    this.#previous = n
    return n
  }
  lengthOf(node: number): number {
    return this.#key[node]!.length
  }
  /** The name of a key below another; -1 where it is too long or there are too many. */
  find(parent: number, bytes: Uint8Array, from: number, to: number): number {
    if (parent < 0 || to - from > LONGEST_KEY) return NOBODY
    let h = Math.imul(parent + 1, 0x9e3779b1)
    for (let i = from; i < to; i++) h = (Math.imul(h, 31) + bytes[i]!) | 0
    const mask = this.#slots.length - 1
    let at = (h ^ (h >>> 15) ^ (h >>> 7)) & mask
    // Senders choose keys, and must not choose how long one takes.
    for (let probes = 0; probes < 64; probes++) {
      const n = this.#slots[at]!
      if (n < 0) return this.#learn(parent, bytes, from, to, at)
      if (this.#parent[n] === parent && isKey(this.#key[n]!, bytes, from, to)) {
        this.#after[this.#previous] = n
        this.#previous = n
        return n
      }
      at = (at + 1) & mask
    }
    return NOBODY
  }
  #learn(parent: number, bytes: Uint8Array, from: number, to: number, at: number): number {
    const n = this.names.length
    if (n === MOST_NODES || to === from) return NOBODY
    const key = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')
    const name = parent === ROOT ? key : `${this.names[parent]}.${key}`
    if (name.length > LONGEST_NAME) return NOBODY
    this.#slots[at] = n
    this.names.push(name)
    this.#key.push(bytes.slice(from, to))
    this.#parent[n] = parent
    this.id[n] = this.#ids.get(name) ?? 0
    this.#first[n] = -1
    this.#after[n] = 0
    this.#after[this.#previous] = n
    this.#previous = n
    return n
  }
}

const isKey = (key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean => {
  if (key.length !== to - from) return false
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[from + i]) return false
  return true
}
