/** What an address is by itself, found once for each spelling that is remembered. */
import { canonicalAddress, parseIp } from '../ip.ts'
import { canonicalV6, groups, isLocal, isPrivate } from '../parsers/address.ts'
import { Const } from './const.ts'
import { Memo, textOfBytes } from './memo.ts'

export class Address {
  /** Canonical (RFC 5952). */
  readonly text: string
  /** The canonical spelling, where the text that was read is another; else undefined. */
  readonly spelled: Const | undefined
  readonly v6: boolean
  /** The upper and lower 64 bits (IPv4 as IPv4-mapped), each as a lower and an upper word: as they lie in a column. */
  readonly halves: Uint32Array
  readonly isPrivate: boolean
  readonly isLocal: boolean
  #prefix: Const | undefined
  #canonical: Const | undefined
  /** What an enricher knows of it, and which one: an inventory is replaced while the program runs. */
  facts: unknown = undefined
  by: unknown = undefined

  constructor(text: string, canonical: string, halves: Uint32Array, v6: boolean) {
    this.text = canonical
    this.halves = halves
    this.v6 = v6
    this.isPrivate = isPrivate(canonical)
    this.isLocal = isLocal(canonical)
    this.spelled = canonical === text ? undefined : this.canonical
  }
  get canonical(): Const {
    return (this.#canonical ??= new Const(this.text))
  }
  /** The /64 of an IPv6 address, '2001:db8::/64'. */
  get prefix(): Const | undefined {
    if (!this.v6) return undefined
    return (this.#prefix ??= new Const(prefixOf(this.halves)))
  }
}

/** The zeros of the lower half are the longest run, so the upper half's own zeros are shortened only where they meet them. */
const prefixOf = (halves: Uint32Array): string => {
  const words = [halves[1]! >>> 16, halves[1]! & 0xffff, halves[0]! >>> 16, halves[0]! & 0xffff]
  while (words.at(-1) === 0) words.pop()
  return `${words.map((word) => word.toString(16)).join(':')}::/64`
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
  if (four >= 0) return new Address(text, text, Uint32Array.of(0, 0, four, 0xffff), false)
  const canonical = canonicalV6(text)
  if (canonical !== undefined) {
    const word = (i: number) => (groups[i]! << 16) | groups[i + 1]!
    return new Address(text, canonical, Uint32Array.of(word(2), word(0), word(6), word(4)), true)
  }
  // A zone, an IPv4 address within, leading zeros: rare.
  const other = canonicalAddress(text)
  const ip = other === undefined ? undefined : parseIp(other)
  if (other === undefined || !ip) return undefined
  return new Address(text, other, new Uint32Array(BigUint64Array.of(ip.high, ip.low).buffer), other.includes(':'))
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
