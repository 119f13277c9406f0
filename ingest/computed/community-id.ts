/**
 * Community ID v1 of a flow, '1:' and 28 characters (https://github.com/corelight/community-id-spec): both directions have the
 * same one, and whoever else saw the flow computes it too.
 */
import { createHash } from 'node:crypto'
import type { Event } from '../event.ts'
import { parseIp } from '../ip.ts'

/** IANA numbers of the protocols by the names that events have for them; ports are part of a flow of the first three. */
const NUMBERS: Readonly<Record<string, number>> = {
  tcp: 6,
  udp: 17,
  sctp: 132,
  icmp: 1,
  'ipv6-icmp': 58,
  igmp: 2,
  gre: 47,
  esp: 50,
  ah: 51,
  ospf: 89,
  pim: 103,
  vrrp: 112,
}
const PORTED: ReadonlySet<number> = new Set([6, 17, 132])
/** Types of ICMP messages and of those that answer them. */
const pairs = (...each: readonly (readonly [number, number])[]): ReadonlyMap<number, number> =>
  new Map(each.flatMap(([a, b]) => [[a, b] as const, [b, a] as const]))
const ANSWERS: ReadonlyMap<number, ReadonlyMap<number, number>> = new Map([
  [1, pairs([8, 0], [10, 9], [13, 14], [15, 16], [17, 18])],
  [58, pairs([128, 129], [133, 134], [135, 136], [130, 131], [139, 140], [144, 145])],
])

/** Where parsers say type and code of an ICMP message, for which ECS has no field. */
const TYPES = ['icmp.type', 'iptables.icmp.type', 'sophos.xg.icmp_type', 'cisco.asa.icmp_type', 'cisco.ftd.icmp_type']
const CODES = TYPES.map((name) => name.replace(/type$/, 'code'))
const first = (event: Event, names: readonly string[]): number | undefined => {
  for (const name of names) {
    const value = event[name]
    if (typeof value === 'number') return value
    if (typeof value === 'string' && /^\d{1,3}$/.test(value)) return Number(value)
  }
  return undefined
}

const addressBytes = (text: string): Buffer | undefined => {
  const ip = parseIp(text)
  if (!ip) return undefined
  if (ip.family === 4) {
    const out = Buffer.alloc(4)
    out.writeUInt32BE(Number(ip.low & 0xffffffffn))
    return out
  }
  const out = Buffer.alloc(16)
  out.writeBigUInt64BE(ip.high, 0)
  out.writeBigUInt64BE(ip.low, 8)
  return out
}

const idOf = (
  source: unknown,
  from: unknown,
  destination: unknown,
  to: unknown,
  transport: unknown,
  event: Event,
): string | undefined => {
  if (typeof source !== 'string' || typeof destination !== 'string' || typeof transport !== 'string') return undefined
  const number = Object.hasOwn(NUMBERS, transport) ? NUMBERS[transport]! : undefined
  if (number === undefined) return undefined
  // What stands for the ports of ICMP: the type and the one that answers it; where none does, its code, and the flow has one direction.
  let [p, q] = [from, to]
  let oneWay = false
  const answers = ANSWERS.get(number)
  if (answers) {
    p = first(event, TYPES)
    q = answers.get(p as number)
    oneWay = q === undefined
    if (oneWay) q = first(event, CODES)
  } else if (!PORTED.has(number)) p = q = 0
  if (typeof p !== 'number' || typeof q !== 'number') return undefined
  const [a, b] = [addressBytes(source), addressBytes(destination)]
  if (!a || !b || a.length !== b.length) return undefined
  const order = Buffer.compare(a, b)
  const turned = !oneWay && (order > 0 || (order === 0 && p > q))
  const hash = createHash('sha1')
    .update(Buffer.of(0, 0)) // seed
    .update(turned ? b : a)
    .update(turned ? a : b)
    .update(Buffer.of(number, 0))
  if (answers || PORTED.has(number)) {
    const ports = Buffer.alloc(4)
    ports.writeUInt16BE((turned ? q : p) & 0xffff, 0)
    ports.writeUInt16BE((turned ? p : q) & 0xffff, 2)
    hash.update(ports)
  }
  return `1:${hash.digest('base64')}`
}

export const FLOW_OF = ['source.ip', 'destination.ip', 'network.transport'] as const
export const FLOW_ALSO: readonly string[] = [
  'source.port',
  'destination.port',
  ...TYPES,
  ...CODES,
  'source.nat.ip',
  'source.nat.port',
  'destination.nat.ip',
  'destination.nat.port',
]
/** That of the event's flow; where a firewall translated it, also that of the flow on its other side, as who stands there computes it. */
export const communityIds = (event: Event): string | readonly string[] | undefined => {
  const [source, from] = [event['source.ip'], event['source.port']]
  const [destination, to] = [event['destination.ip'], event['destination.port']]
  const transport = event['network.transport']
  const own = idOf(source, from, destination, to, transport, event)
  if (own === undefined) return undefined
  const [natSource, natDestination] = [event['source.nat.ip'], event['destination.nat.ip']]
  if (natSource === undefined && natDestination === undefined) return own
  const other = idOf(
    natSource ?? source,
    event['source.nat.port'] ?? from,
    natDestination ?? destination,
    event['destination.nat.port'] ?? to,
    transport,
    event,
  )
  return other === undefined || other === own ? own : [own, other]
}
