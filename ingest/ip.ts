/** Addresses as numbers. An IPv4 address is its IPv4-mapped IPv6 one (RFC 4291 §2.5.5.2), so one order holds both. */
export interface Ip {
  readonly family: 4 | 6
  readonly high: bigint // the upper 64 bits
  readonly low: bigint
}
export interface Network {
  readonly ip: Ip // with the host bits cleared
  readonly bits: number // of 128; an IPv4 prefix counts from 96
}

const MAPPED = 0xffff00000000n

/** The 32 bits of a dotted IPv4 address, undefined where the text is none. Every line has several: no expression for it. */
export const v4Number = (text: string): number | undefined => {
  const { length } = text
  if (length > 15 || length < 7) return undefined
  let [n, part, digits, dots] = [0, 0, 0, 0]
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c === 46) {
      if (digits === 0 || dots === 3) return undefined
      n = n * 256 + part
      part = digits = 0
      dots++
    } else {
      if (c < 48 || c > 57 || digits === 3) return undefined
      part = part * 10 + c - 48
      digits++
      if (part > 255) return undefined
    }
  }
  return dots === 3 && digits > 0 ? n * 256 + part : undefined
}

/** The eight groups of an IPv6 address, or undefined. A zone (`%eth0`, RFC 4007) is left out. */
const v6Groups = (text: string): number[] | undefined => {
  const zone = text.indexOf('%')
  let body = zone < 0 ? text : text.slice(0, zone)
  const dot = body.lastIndexOf(':')
  if (body.includes('.')) {
    const v4 = v4Number(body.slice(dot + 1))
    if (dot < 0 || v4 === undefined) return undefined
    body = `${body.slice(0, dot + 1)}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`
  }
  const halves = body.split('::')
  if (halves.length > 2) return undefined
  const groups = (half: string): number[] | undefined => {
    if (half === '') return []
    const out: number[] = []
    for (const part of half.split(':')) {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return undefined
      out.push(Number.parseInt(part, 16))
    }
    return out
  }
  const left = groups(halves[0]!)
  if (!left) return undefined
  if (halves.length === 1) return left.length === 8 ? left : undefined
  const right = groups(halves[1]!)
  if (!right || left.length + right.length > 7) return undefined
  return [...left, ...new Array<number>(8 - left.length - right.length).fill(0), ...right]
}

/** Reads an address in any usual spelling; undefined where it is none. */
export const parseIp = (text: string): Ip | undefined => {
  if (text.length > 64) return undefined
  if (!text.includes(':')) {
    const n = v4Number(text)
    return n === undefined ? undefined : { family: 4, high: 0n, low: MAPPED | BigInt(n) }
  }
  const g = v6Groups(text)
  if (!g) return undefined
  const half = (a: number, b: number, c: number, d: number) => (BigInt(a * 65536 + b) << 32n) | BigInt(c * 65536 + d)
  const high = half(g[0]!, g[1]!, g[2]!, g[3]!)
  const low = half(g[4]!, g[5]!, g[6]!, g[7]!)
  return { family: high === 0n && low >> 32n === 0xffffn ? 4 : 6, high, low }
}

/** Canonical text: dotted for IPv4 (and IPv4-mapped), RFC 5952 for IPv6. */
export const formatIp = (ip: Ip): string => {
  if (ip.high === 0n && ip.low >> 32n === 0xffffn) {
    const n = Number(ip.low & 0xffffffffn)
    return `${n >>> 24}.${(n >>> 16) & 255}.${(n >>> 8) & 255}.${n & 255}`
  }
  const g: number[] = []
  for (let shift = 48n; shift >= 0n; shift -= 16n) g.push(Number((ip.high >> shift) & 0xffffn))
  for (let shift = 48n; shift >= 0n; shift -= 16n) g.push(Number((ip.low >> shift) & 0xffffn))
  let best = -1
  let length = 1
  for (let i = 0; i < 8; i++) {
    let n = 0
    while (i + n < 8 && g[i + n] === 0) n++
    if (n > length) [best, length] = [i, n]
  }
  const hex = (part: number[]) => part.map((n) => n.toString(16)).join(':')
  return best < 0 ? hex(g) : `${hex(g.slice(0, best))}::${hex(g.slice(best + length))}`
}

export const PLAIN_V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/
/** The canonical spelling of an address, or undefined where the text is none. */
export const canonicalAddress = (text: string): string | undefined => {
  if (PLAIN_V4.test(text)) return text
  const ip = parseIp(text)
  return ip && formatIp(ip)
}

const mask = (value: bigint, keep: number): bigint =>
  keep >= 64 ? value : keep <= 0 ? 0n : (value >> BigInt(64 - keep)) << BigInt(64 - keep)

/** `192.0.2.0/24`, `2001:db8::/32`, or one address (its whole length). Host bits are cleared. */
export const parseCidr = (text: string): Network | undefined => {
  const slash = text.indexOf('/')
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash))
  if (!ip) return undefined
  const full = text.includes(':') ? 128 : 32
  const digits = slash < 0 ? String(full) : text.slice(slash + 1)
  if (!/^\d{1,3}$/.test(digits) || Number(digits) > full) return undefined
  const bits = Number(digits) + 128 - full
  return { ip: { family: ip.family, high: mask(ip.high, bits), low: mask(ip.low, bits - 64) }, bits }
}

/** An IPv4 network never holds an IPv6 address, and ::/0 holds every one but IPv4's. */
export const within = (ip: Ip, network: Network): boolean =>
  (network.bits >= 96 ? true : ip.family === 6) &&
  mask(ip.high, network.bits) === network.ip.high &&
  mask(ip.low, network.bits - 64) === network.ip.low

/** First and last address of a network, for range queries over (high, low). */
export const bounds = (network: Network): { first: Ip; last: Ip } => {
  const { bits, ip } = network
  const ones = (1n << 64n) - 1n
  const high = bits >= 64 ? ip.high : ip.high | (ones >> BigInt(bits))
  const low = bits >= 128 ? ip.low : bits <= 64 ? ones : ip.low | (ones >> BigInt(bits - 64))
  return { first: ip, last: { family: ip.family, high, low } }
}

/** The /64 of an IPv6 address as text, undefined for IPv4. */
export const prefix64 = (ip: Ip): string | undefined =>
  ip.family === 4 ? undefined : `${formatIp({ family: 6, high: ip.high, low: 0n })}/64`
