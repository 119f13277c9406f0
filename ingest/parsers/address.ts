import { canonicalAddress } from '../ip.ts'

const LIMIT = 8192
let young = new Map<string, string | undefined>()
let old = new Map<string, string | undefined>()

/** canonicalAddress, with the last IPv6 spellings remembered: reading one costs more than the rest of a line. */
export const address = (text: string): string | undefined => {
  if (!text.includes(':')) return canonicalAddress(text)
  if (text.length > 64) return undefined
  if (young.has(text)) return young.get(text)
  const known = old.has(text) ? old.get(text) : canonicalAddress(text)
  if (young.size >= LIMIT) {
    old = young
    young = new Map()
  }
  young.set(text, known)
  return known
}

/** RFC 1918 and RFC 4193, of a canonical address. */
export const isPrivate = (ip: string): boolean => {
  if (ip.startsWith('10.') || ip.startsWith('192.168.')) return true
  if (ip.startsWith('172.')) {
    const second = Number(ip.slice(4, ip.indexOf('.', 4)))
    return second >= 16 && second <= 31
  }
  return (ip.startsWith('fc') || ip.startsWith('fd')) && ip.indexOf(':') === 4
}

/** Private, loopback, link-local or unspecified: not an address that a client on the internet has. */
export const isLocal = (ip: string): boolean =>
  isPrivate(ip) ||
  ip.startsWith('127.') ||
  ip.startsWith('169.254.') ||
  ip.startsWith('0.') ||
  ip === '::1' ||
  ip === '::' ||
  /^fe[89ab].:/.test(ip)

export interface HostPort {
  readonly host: string
  readonly ip: string | undefined
  readonly port: number | undefined
}

/** `name`, `name:80`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:443`. */
export const hostPort = (text: string): HostPort => {
  let host = text
  let digits = ''
  if (text.startsWith('[')) {
    const end = text.indexOf(']')
    if (end > 0) {
      host = text.slice(1, end)
      digits = text.charCodeAt(end + 1) === 58 ? text.slice(end + 2) : ''
    }
  } else {
    const colon = text.indexOf(':')
    if (colon >= 0 && colon === text.lastIndexOf(':')) {
      host = text.slice(0, colon)
      digits = text.slice(colon + 1)
    }
  }
  return { host, ip: address(host), port: portOf(digits) }
}

export const portOf = (text: string): number | undefined => {
  const n = integer(text)
  return n !== undefined && n >= 0 && n <= 65535 ? n : undefined
}

/** A whole number of at most 15 digits, so that it is exact; undefined for anything else. */
export const integer = (text: string): number | undefined => {
  const length = text.length
  let i = text.charCodeAt(0) === 45 ? 1 : 0
  const negative = i === 1
  if (length === i || length - i > 15) return undefined
  let n = 0
  for (; i < length; i++) {
    const c = text.charCodeAt(i) - 48
    if (!(c >= 0 && c <= 9)) return undefined
    n = n * 10 + c
  }
  return negative && n !== 0 ? -n : n
}
