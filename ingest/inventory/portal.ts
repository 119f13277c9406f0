/** What a portal is at a time: whether it serves IPv6, and whether it holds a network-trust certificate. */
import { parseIp } from '../ip.ts'
import { DAY } from './days.ts'
import type { Portal, TrustCertificate } from './schema.ts'

/** Global unicast is 2000::/3 (RFC 4291, 2.4): a unique local or link-local address is no service that anybody reaches. */
export const isRoutableV6 = (address: string): boolean => {
  const ip = parseIp(address)
  return ip?.family === 6 && ip.high >> 61n === 1n
}

const start = (date: string | undefined, otherwise: number): number =>
  date === undefined ? otherwise : Date.parse(`${date}T00:00:00Z`)

interface Facts {
  readonly v6From: number
  /** Spans in which a certificate of it was in force. */
  readonly trusted: readonly (readonly [from: number, to: number])[]
}
const known = new WeakMap<Portal, Facts>()

/** A certificate holds through the day that it says, and not while the directory says that it is taken or suspended. */
const spansOf = ({ granted, expires, history }: TrustCertificate): (readonly [number, number])[] => {
  const end = expires === undefined ? Number.POSITIVE_INFINITY : start(expires, 0) + DAY
  const out: (readonly [number, number])[] = []
  let from: number | undefined = start(granted, Number.NEGATIVE_INFINITY)
  for (const { status, checked } of [...history].sort((a, b) => (a.checked < b.checked ? -1 : 1))) {
    const at = start(checked, 0)
    const holds = status === 'granted' || status === 'valid'
    if (!holds && from !== undefined) {
      out.push([from, Math.min(at, end)])
      from = undefined
    } else if (holds && from === undefined) from = at
  }
  if (from !== undefined) out.push([from, end])
  return out.filter(([a, b]) => a < b)
}

const factsOf = (portal: Portal): Facts => {
  let facts = known.get(portal)
  if (!facts) {
    facts = {
      v6From: portal.addresses.some(isRoutableV6)
        ? start(portal.ipv6_from, Number.NEGATIVE_INFINITY)
        : Number.POSITIVE_INFINITY,
      trusted: portal.trust.flatMap(spansOf),
    }
    known.set(portal, facts)
  }
  return facts
}

/** It is declared to serve IPv6 at a time (epoch ms); whether it does, a probe has to see. */
export const ipv6At = (portal: Portal, time: number): boolean => time >= factsOf(portal).v6From

export const trustedAt = (portal: Portal, time: number): boolean => {
  for (const [from, to] of factsOf(portal).trusted) if (from <= time && time < to) return true
  return false
}

/** The last day on which a certificate in force at a time still holds; undefined where it has none, or no end. */
export const trustEnds = (portal: Portal, time: number): string | undefined => {
  const end = factsOf(portal).trusted.find(([from, to]) => from <= time && time < to)?.[1]
  return end === undefined || end === Number.POSITIVE_INFINITY
    ? undefined
    : new Date(end - DAY).toISOString().slice(0, 10)
}
