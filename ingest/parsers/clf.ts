/** The pieces that access logs share: request lines, escapes, clients, lists of proxies, responses. */
import { z } from 'zod'
import { isUtf8 } from 'node:buffer'
import { type Address, addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { digits, find, findLast, integer, is } from '../row/values.ts'
import { type Network, parseCidr, parseIp, within } from '../ip.ts'
import { putUrl, splitHost } from './url.ts'

const F = {
  outcome: field('event.outcome'),
  status: field('http.response.status_code'),
  method: field('http.request.method'),
  version: field('http.version'),
  ip: field('source.ip'),
  port: field('source.port'),
  address: field('source.address'),
  domain: field('source.domain'),
  forwarded: field('network.forwarded_ip'),
} as const
const SUCCESS = constant('success')
const FAILURE = constant('failure')

/** Whether a value was there: nginx and Apache write `-` where it was not. */
export const present = (bytes: Uint8Array, from: number, to: number): boolean =>
  to > from && !(to - from === 1 && bytes[from] === 45)

const hex = (c: number): number =>
  c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1
const escapedByte = (bytes: Uint8Array, i: number, to: number): number => {
  if (i + 3 >= to || bytes[i] !== 92 || bytes[i + 1] !== 120) return -1
  const [high, low] = [hex(bytes[i + 2]!), hex(bytes[i + 3]!)]
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

/** Where the last text that `unescaped` was given ends. */
let end = 0
export const unescapedEnd = (): number => end
/**
 * `\xNN` (nginx, since 1.1.6, and Apache) and `\"` as what the client sent, UTF-8, else Latin-1. Answers where the text
 * begins, in place where nothing is escaped; it ends at `unescapedEnd()`.
 */
export const unescaped = (row: Row, from: number, to: number): number => {
  const slash = find(row.bytes, 92, from, to)
  if (slash < 0) {
    end = to
    return from
  }
  row.reserve((to - from) * 2)
  const { bytes } = row
  const begin = row.at
  let at = begin
  for (let i = from; i < to; ) {
    const c = bytes[i]!
    if (c !== 92) {
      bytes[at++] = c
      i++
      continue
    }
    let byte = escapedByte(bytes, i, to)
    if (byte < 0) {
      const next = bytes[i + 1]
      const short = i + 1 < to && (next === 34 || next === 92)
      bytes[at++] = short ? next! : c
      i += short ? 2 : 1
      continue
    }
    const run = at
    for (; byte >= 0; byte = escapedByte(bytes, i, to)) {
      bytes[at++] = byte
      i += 4
    }
    if (!isUtf8(bytes.subarray(run, at))) {
      const text = Buffer.from(bytes.subarray(run, at)).toString('latin1')
      at = run + Buffer.from(bytes.buffer).write(text, run)
    }
  }
  row.at = at
  bytes[at] = 0
  row.look(begin, at)
  end = at
  return begin
}
/** An escaped text, where it is present. */
export const putEscaped = (row: Row, f: number, from: number, to: number): void => {
  if (!present(row.bytes, from, to)) return
  const begin = unescaped(row, from, to)
  row.text(f, begin, end)
}

const isMethod = (bytes: Uint8Array, from: number, to: number): boolean => {
  if (to - from > 32 || to <= from) return false
  const first = bytes[from]! | 32
  if (first < 97 || first > 122) return false
  for (let i = from + 1; i < to; i++) {
    const c = bytes[i]!
    const letter = c | 32
    if (!((letter >= 97 && letter <= 122) || c === 95 || c === 45)) return false
  }
  return true
}
/** Whether `HTTP/1.1` stands there. */
const isVersion = (bytes: Uint8Array, from: number, to: number): boolean => {
  const n = to - from
  if (!(n === 8 || n === 6) || bytes[from + 4] !== 47) return false
  if ((bytes[from]! | 32) !== 104 || (bytes[from + 1]! | 32) !== 116) return false
  if ((bytes[from + 2]! | 32) !== 116 || (bytes[from + 3]! | 32) !== 112) return false
  return (
    !Number.isNaN(digits(bytes, from + 5, 1)) &&
    (n === 6 || (bytes[from + 6] === 46 && !Number.isNaN(digits(bytes, from + 7, 1))))
  )
}

/** Method, URL and version of `GET /a?b HTTP/1.1`, unescaped. What is no request line is kept in `otherwise`. */
export const putRequest = (row: Row, escapedFrom: number, escapedTo: number, otherwise: number): void => {
  if (!present(row.bytes, escapedFrom, escapedTo)) return
  const from = unescaped(row, escapedFrom, escapedTo)
  const to = end
  const { bytes } = row
  const space = find(bytes, 32, from, to)
  if (space > from && isMethod(bytes, from, space)) {
    const last = findLast(bytes, 32, from, to)
    let target = -1
    if (last > space && isVersion(bytes, last + 1, to)) {
      row.text(F.version, last + 6, to)
      target = last
    } else if (bytes[space + 1] === 47) target = to // HTTP/0.9, or cut off
    if (target > space + 1) {
      row.text(F.method, from, space)
      putUrl(row, space + 1, target)
      return
    }
  }
  row.text(otherwise, from, to)
  if (space < 0 && to - from >= 3 && to - from <= 10 && isCapitals(bytes, from, to)) row.text(F.method, from, to)
}
const isCapitals = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (bytes[i]! < 65 || bytes[i]! > 90) return false
  return true
}

export const putStatus = (row: Row, from: number, to: number): void => {
  const status = integer(row.bytes, from, to)
  if (!(status >= 0 && status <= 999)) return
  row.long(F.status, status)
  row.const(F.outcome, status < 400 ? SUCCESS : FAILURE)
}
/** A size in bytes. */
export const putSize = (row: Row, f: number, from: number, to: number): void => {
  const size = integer(row.bytes, from, to)
  if (size >= 0) row.long(f, size)
}

/** Nanoseconds of seconds with a fraction (`0.012`), NaN where it is no such number. */
export const secondsToNanos = (bytes: Uint8Array, from: number, to: number): number => {
  const dot = find(bytes, 46, from, to)
  const whole = dot < 0 ? to : dot
  if (whole === from || whole - from > 6) return Number.NaN
  const seconds = digits(bytes, from, whole - from)
  if (dot < 0) return seconds * 1e9
  const places = to - dot - 1
  if (places < 1 || places > 9) return Number.NaN
  return seconds * 1e9 + Math.round(digits(bytes, dot + 1, places) * 10 ** (9 - places))
}

/** Who connected: an address with or without a port, or a name. */
export const putClient = (row: Row, from: number, to: number): void => {
  const [a, z, number] = splitHost(row.bytes, from, to)
  // `:80` names nobody, and is kept as it stands.
  if (a === z) row.text(F.address, from, to)
  else row.text(F.address, a, z)
  if (row.ip(F.ip, a, z) !== undefined) {
    if (!Number.isNaN(number)) row.long(F.port, number)
    // `unix:` is a socket, no host.
  } else if (isHostName(row.bytes, a, z) && !is(row.bytes, a, z, 'unix')) row.text(F.domain, a, z)
}
/** A server that looks names up writes them: letters, digits, `-`, `_` and `.`, one letter at least (RFC 1123 §2.1, and what is in use). */
const isHostName = (b: Uint8Array, from: number, to: number): boolean => {
  if (to - from > 253 || to === from) return false
  let letters = 0
  for (let i = from; i < to; i++) {
    const c = b[i]!
    if ((c >= 97 && c <= 122) || (c >= 65 && c <= 90)) letters++
    else if (!((c >= 48 && c <= 57) || c === 45 || c === 46 || c === 95)) return false
  }
  return letters > 0 && b[from] !== 45 && b[from] !== 46
}

/** One of a list of clients and proxies. */
export interface Hop {
  readonly from: number
  readonly to: number
  readonly address: Address | undefined
}
const MOST_HOPS = 32
/** `client, proxy, proxy`: commas, blanks (and `+`, where IIS writes them so) separate; `unknown` and `-` are left out. */
export const hops = (bytes: Uint8Array, from: number, to: number): Hop[] => {
  const out: Hop[] = []
  const between = (c: number) => c <= 32 || c === 44 || c === 34 || c === 43
  for (let i = from; i < to && out.length < MOST_HOPS; ) {
    while (i < to && between(bytes[i]!)) i++
    const begin = i
    while (i < to && !between(bytes[i]!)) i++
    if (!present(bytes, begin, i) || is(bytes, begin, i, 'unknown')) continue
    const [a, z] = splitHost(bytes, begin, i)
    if (z > a) out.push({ from: a, to: z, address: addressOf(bytes, a, z) })
  }
  return out
}
export const putHops = (row: Row, f: number, list: readonly Hop[], remote?: Address): void => {
  row.list(f)
  for (const { from, to, address } of list)
    address?.spelled === undefined ? row.item(from, to) : row.constItem(address.canonical)
  if (remote) row.constItem(remote.canonical)
}

/** Networks of our own proxies, as a source's option: what they say of a client counts. */
export const trustedProxies = z
  .array(z.string().refine((text) => parseCidr(text) !== undefined, 'an address or a network such as 10.0.0.0/8'))
  .optional()
export type Trust = (address: Address) => boolean
export const trustOf = (proxies: readonly string[] | undefined): Trust => {
  const networks = (proxies ?? []).map(parseCidr).filter((network): network is Network => network !== undefined)
  if (networks.length === 0) return () => false
  const known = new Map<string, boolean>()
  return ({ text }) => {
    let trusted = known.get(text)
    if (trusted === undefined) {
      const ip = parseIp(text)!
      trusted = networks.some((network) => within(ip, network))
      if (known.size >= 10_000) known.clear()
      known.set(text, trusted)
    }
    return trusted
  }
}

/**
 * X-Forwarded-For of a request. The list is read from its end, where the nearest proxy wrote: the client is the first that is
 * no proxy of ours. Only the left of a list is the client's own to write, so nobody makes this one up; where the peer is none
 * of our proxies, it stays the source, and what the list claims is network.forwarded_ip only. `withPeer`: the list that is kept ends with who connected.
 */
export const putForwarded = (
  row: Row,
  from: number,
  to: number,
  listField: number,
  trusted: Trust,
  withPeer = true,
): void => {
  const list = hops(row.bytes, from, to)
  if (list.length === 0) return
  const peer = row.has(F.ip) ? row.address[F.ip] : undefined
  if (withPeer) putHops(row, listField, list, peer)
  else if (list.length > 1) putHops(row, listField, list)
  if (peer === undefined || !trusted(peer)) {
    const claimed =
      list.findLast(({ address }) => address && !address.isLocal) ?? list.findLast(({ address }) => address)
    if (claimed) row.sayAddress(F.forwarded, claimed.address!)
    return
  }
  let client: Address | undefined
  for (let i = list.length - 1; i >= 0; i--) {
    const { address } = list[i]!
    if (address === undefined) break
    client = address
    if (!trusted(address)) break
  }
  if (client === undefined) return
  row.sayAddress(F.forwarded, client)
  row.sayAddress(F.ip, client)
  row.const(F.address, client.canonical)
  row.unsay(F.port)
}

/** What an error says of a line: its beginning. */
export const expected = (row: Row, what: string, from: number, to: number): string =>
  `expected ${what}, found ${JSON.stringify(row.slice(from, Math.min(to, from + 320)).slice(0, 80))}`
