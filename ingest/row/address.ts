/** What an address is by itself, found once for each spelling that is remembered. */
import { canonicalAddress, parseIp, prefix64 } from '../ip.ts'
import { isLocal, isPrivate } from '../parsers/address.ts'
import { Const } from './const.ts'
import { Memo } from './memo.ts'

export interface Address {
  /** Canonical (RFC 5952). */
  readonly text: string
  /** The canonical spelling, where the text that was read is another; else undefined. */
  readonly spelled: Const | undefined
  readonly canonical: Const
  readonly isPrivate: boolean
  readonly isLocal: boolean
  readonly v6: boolean
  /** The upper and lower 64 bits (IPv4 as IPv4-mapped), each as a lower and an upper word: as they lie in a column. */
  readonly halves: Uint32Array
  /** The /64 of an IPv6 address. */
  readonly prefix: Const | undefined
  /** What an enricher knows of it, and which one: an inventory is replaced while the program runs. */
  facts: unknown
  by: unknown
}

/** Longer texts are no addresses: 45 characters, a zone. */
const LONGEST = 64
const MOST = 49_152

const addresses = new Memo<Address | undefined>((text) => {
  const canonical = canonicalAddress(text)
  const ip = canonical === undefined ? undefined : parseIp(canonical)
  if (canonical === undefined || !ip) return undefined
  const prefix = prefix64(ip)
  const itself = new Const(canonical)
  return {
    text: canonical,
    spelled: canonical === text ? undefined : itself,
    canonical: itself,
    isPrivate: isPrivate(canonical),
    isLocal: isLocal(canonical),
    v6: canonical.includes(':'),
    halves: new Uint32Array(BigUint64Array.of(ip.high, ip.low).buffer),
    prefix: prefix === undefined ? undefined : new Const(prefix),
    facts: undefined,
    by: undefined,
  }
}, MOST)

/** The address that these bytes spell, in any usual spelling; undefined where they spell none. */
export const addressOf = (bytes: Uint8Array, from: number, to: number): Address | undefined =>
  to - from > LONGEST || to - from < 2 ? undefined : addresses.get(bytes, from, to)

const encoder = new TextEncoder()
export const addressOfText = (text: string): Address | undefined => {
  if (text.length > LONGEST) return undefined
  const bytes = encoder.encode(text)
  return addressOf(bytes, 0, bytes.length)
}
