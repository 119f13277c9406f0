/**
 * Fields that are computed when an event is read or matched, and stored only where the line itself says them: kept, a column of
 * values that are all different would take more than the rest of the event.
 */
import { createHash } from 'node:crypto'
import { INPUTS, REQUEST_FIELDS } from '../enrich/request/fields.ts'
import { DOMAINS } from './domains.ts'
import { RELATED } from './related.ts'
import { USER_AGENT } from './user-agent.ts'
import { type Event, type Scalar, type Value, valuesOf } from '../event.ts'
import { parseIp } from '../ip.ts'

export interface Computed {
  /** What it is computed of; absent where one of them is, or with `any` where all are. */
  readonly of: readonly string[]
  readonly any?: true
  readonly value: (event: Event) => Value | undefined
  /** All that are computed together, of the same: who reads several makes what they are computed of once. */
  readonly family?: readonly string[]
  /** Few events have it: a rule is chosen by it. */
  readonly seldom?: true
}

/** IANA numbers of the protocols whose ports are part of a flow. */
const PORTS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 }

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

/**
 * Community ID v1 of a flow, '1:' and 28 characters (https://github.com/corelight/community-id-spec): both directions have the
 * same one. Of TCP, UDP and SCTP; of ICMP logs do not say enough.
 */
export const communityId = (event: Event): string | undefined => {
  const [source, destination] = [event['source.ip'], event['destination.ip']]
  const [from, to] = [event['source.port'], event['destination.port']]
  const transport = event['network.transport']
  if (typeof source !== 'string' || typeof destination !== 'string' || typeof transport !== 'string') return undefined
  const number = Object.hasOwn(PORTS, transport) ? PORTS[transport]! : undefined
  if (number === undefined || typeof from !== 'number' || typeof to !== 'number') return undefined
  const [a, b] = [addressBytes(source), addressBytes(destination)]
  if (!a || !b || a.length !== b.length) return undefined
  const order = Buffer.compare(a, b)
  const turned = order > 0 || (order === 0 && from > to)
  const ports = Buffer.alloc(4)
  ports.writeUInt16BE((turned ? to : from) & 0xffff, 0)
  ports.writeUInt16BE((turned ? from : to) & 0xffff, 2)
  const hash = createHash('sha1')
    .update(Buffer.of(0, 0)) // seed
    .update(turned ? b : a)
    .update(turned ? a : b)
    .update(Buffer.of(number, 0))
    .update(ports)
  return `1:${hash.digest('base64')}`
}

const FAMILY = [...REQUEST_FIELDS.keys()]

export const COMPUTED: ReadonlyMap<string, Computed> = new Map<string, Computed>([
  [
    'network.community_id',
    {
      of: ['source.ip', 'destination.ip', 'source.port', 'destination.port', 'network.transport'],
      value: communityId,
    },
  ],
  ...DOMAINS,
  ...USER_AGENT,
  ...RELATED,
  ...[...REQUEST_FIELDS].map(
    ([name, value]) => [name, { of: INPUTS, any: true, value, family: FAMILY, seldom: true }] as const,
  ),
])

/** Names of fields, and of what those are computed of. */
export const withInputs = (names: readonly string[]): string[] =>
  names.flatMap((name) => [name, ...(COMPUTED.get(name)?.of ?? [])])

/** The values of a field as a list, computed where they are not there; absent is []. */
export const valuesIn = (event: Event, name: string): readonly Scalar[] => {
  const values = valuesOf(event, name)
  const computed = values.length === 0 ? COMPUTED.get(name)?.value(event) : undefined
  return computed === undefined ? values : [computed].flat()
}

/** The event with what can be computed of it, as a person reads it. */
export const withComputed = (event: Event): Event => {
  let out = event
  for (const [name, { value }] of COMPUTED) {
    if (Object.hasOwn(event, name)) continue
    const found = value(event)
    if (found !== undefined) out = { ...out, [name]: found }
  }
  return out
}
