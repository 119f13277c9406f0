/** What an address is by itself, found once for each spelling that is remembered. */
import { canonicalAddress, parseIp } from '../ip.ts'
import { canonicalV6, groups } from '../parsers/address.ts'
import { Const } from './const.ts'
import { Memo, textOfBytes } from './memo.ts'

export class Address {
  /** Canonical (RFC 5952). */
  readonly text: string
  /** The canonical spelling, where the text that was read is another; else undefined. */
  readonly spelled: Const | undefined
  readonly v6: boolean
  /**
   * The upper and lower 64 bits (IPv4 as IPv4-mapped), each as a lower and an upper word, signed: as they lie in a column,
   * and small integers, for an array of its own would be half of what an address takes.
   */
  readonly word0: number
  readonly word1: number
  readonly word2: number
  readonly word3: number
  #prefix: Const | undefined
  #canonical: Const | undefined
  /** What an enricher knows of it, and which one: an inventory is replaced while the program runs. */
  facts: unknown = undefined
  by: unknown = undefined

  constructor(canonical: string, asRead: boolean, v6: boolean, a: number, b: number, c: number, d: number) {
    this.text = canonical
    this.v6 = v6
    this.word0 = a | 0
    this.word1 = b | 0
    this.word2 = c | 0
    this.word3 = d | 0
    this.spelled = asRead ? undefined : this.canonical
  }
  get canonical(): Const {
    return (this.#canonical ??= new Const(this.text))
  }
  /** The /64 of an IPv6 address, '2001:db8::/64'. */
  get prefix(): Const | undefined {
    if (!this.v6) return undefined
    return (this.#prefix ??= prefixOf(this.word1, this.word0))
  }
  /** RFC 1918 and RFC 4193. */
  get isPrivate(): boolean {
    if (this.v6) return this.word1 >>> 25 === 0x7e
    const n = this.word2
    return n >>> 24 === 10 || n >>> 20 === 0xac1 || n >>> 16 === 0xc0a8
  }
  /** Private, loopback, link-local or unspecified: not an address that a client on the internet has. */
  get isLocal(): boolean {
    if (this.isPrivate) return true
    const n = this.word2
    if (!this.v6) return n >>> 24 === 127 || n >>> 24 === 0 || n >>> 16 === 0xa9fe
    return this.word1 >>> 22 === 0x3fa || ((this.word0 | this.word1 | this.word3) === 0 && n >>> 0 <= 1)
  }
}

/** One text for the many addresses of a network; forgotten at once when they are many. */
const prefixes = new Map<number, Map<number, Const>>()
const MOST_PREFIXES = 49_152
let known = 0
const prefixOf = (high: number, low: number): Const => {
  let networks = prefixes.get(high)
  if (!networks) prefixes.set(high, (networks = new Map()))
  let prefix = networks.get(low)
  if (prefix) return prefix
  // The zeros of the lower half are the longest run, so the upper half's own zeros are shortened only where they meet them.
  const words = [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff]
  while (words.at(-1) === 0) words.pop()
  prefix = new Const(`${words.map((word) => word.toString(16)).join(':')}::/64`)
  if (++known > MOST_PREFIXES) {
    prefixes.clear()
    known = 0
  } else networks.set(low, prefix)
  return prefix
}

/** Longer texts are no addresses: 45 characters, a zone. */
const LONGEST = 64
const MOST = 49_152

/** A dotted IPv4 address without leading zeros, as a number; -1 where the bytes are none. */
const dotted = (b: Uint8Array, from: number, to: number): number => {
  if (to - from > 15 || to - from < 7) return -1
  let [n, part, digits, dots] = [0, 0, 0, 0]
  for (let i = from; i < to; i++) {
    const c = b[i]!
    if (c === 46) {
      if (digits === 0 || dots === 3) return -1
      n = n * 256 + part
      part = digits = 0
      dots++
    } else {
      if (c < 48 || c > 57 || (digits > 0 && part === 0)) return -1
      part = part * 10 + c - 48
      digits++
      if (part > 255) return -1
    }
  }
  return dots === 3 && digits > 0 ? n * 256 + part : -1
}

const read = (bytes: Uint8Array, from: number, to: number): Address | undefined => {
  const text = textOfBytes(bytes, from, to)
  const four = dotted(bytes, from, to)
  if (four >= 0) return new Address(text, true, false, 0, 0, four, 0xffff)
  const canonical = canonicalV6(text)
  if (canonical !== undefined) {
    const word = (i: number) => (groups[i]! << 16) | groups[i + 1]!
    return new Address(canonical, canonical === text, true, word(2), word(0), word(6), word(4))
  }
  // A zone, an IPv4 address within, leading zeros: rare.
  const other = canonicalAddress(text)
  const ip = other === undefined ? undefined : parseIp(other)
  if (other === undefined || !ip) return undefined
  const [low, high] = [(half: bigint) => Number(half & 0xffff_ffffn), (half: bigint) => Number(half >> 32n)]
  return new Address(other, other === text, other.includes(':'), low(ip.high), high(ip.high), low(ip.low), high(ip.low))
}
const addresses = new Memo<Address | undefined>(read, MOST, true)

/** The address that these bytes spell, in any usual spelling; undefined where they spell none. */
export const addressOf = (bytes: Uint8Array, from: number, to: number): Address | undefined =>
  to - from > LONGEST || to - from < 2 ? undefined : addresses.get(bytes, from, to)

const encoder = new TextEncoder()
export const addressOfText = (text: string): Address | undefined => {
  if (text.length > LONGEST) return undefined
  const bytes = encoder.encode(text)
  return addressOf(bytes, 0, bytes.length)
}
