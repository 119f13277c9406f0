import { canonicalAddress } from '../ip.ts'

/** The groups of the address that `canonicalV6` read last. */
export const groups = new Uint16Array(8)

/** The canonical spelling of an IPv6 address without an embedded IPv4 one; undefined where it takes canonicalAddress. */
export const canonicalV6 = (text: string): string | undefined => {
  const length = text.length
  let count = 0
  let gap = -1
  let value = 0
  let size = 0
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i)
    if (c === 58) {
      if (size > 0) {
        if (count > 7) return undefined
        groups[count++] = value
        value = size = 0
      } else if (i === 0 && text.charCodeAt(1) !== 58) return undefined
      if (text.charCodeAt(i + 1) === 58) {
        if (gap >= 0 || text.charCodeAt(i + 2) === 58) return undefined
        gap = count
        i++
      } else if (i + 1 === length) return undefined
      continue
    }
    const digit = c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1
    if (digit < 0 || ++size > 4) return undefined
    value = value * 16 + digit
  }
  if (size > 0) {
    if (count > 7) return undefined
    groups[count++] = value
  }
  if (gap < 0 ? count !== 8 : count > 7) return undefined
  if (gap >= 0) {
    const moved = count - gap
    groups.copyWithin(8 - moved, gap, count)
    groups.fill(0, gap, 8 - moved)
  }
  let best = -1
  let most = 1
  for (let i = 0; i < 8; ) {
    let n = 0
    while (i + n < 8 && groups[i + n] === 0) n++
    if (n > most) {
      best = i
      most = n
    }
    i += n + 1
  }
  if (best === 0 && most >= 5) return undefined // ::ffff:192.0.2.1, and the rare :: and ::1
  let out = ''
  for (let i = 0; i < 8; i++) {
    if (i === best) {
      out += '::'
      i += most - 1
    } else out += (out === '' || i === best + most ? '' : ':') + groups[i]!.toString(16)
  }
  return out
}

/** canonicalAddress of ip.ts, quicker for plain IPv6 addresses (a test holds the two together). */
export const address = (text: string): string | undefined => {
  if (!text.includes(':')) return canonicalAddress(text)
  return text.length > 64 ? undefined : (canonicalV6(text) ?? canonicalAddress(text))
}

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
