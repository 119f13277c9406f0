/** What parsers of network events say alike: sums, the type of a network, names of protocols, hardware addresses. */
import { TRANSPORT } from './transport.ts'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import { type Row, TEXT } from '../row/row.ts'
import { addressOf } from '../row/address.ts'

const F = {
  sourceIp: field('source.ip'),
  destinationIp: field('destination.ip'),
  sourceBytes: field('source.bytes'),
  destinationBytes: field('destination.bytes'),
  sourcePackets: field('source.packets'),
  destinationPackets: field('destination.packets'),
  bytes: field('network.bytes'),
  packets: field('network.packets'),
  type: field('network.type'),
  direction: field('network.direction'),
} as const
const IPV4 = constant('ipv4')
const IPV6 = constant('ipv6')

export const putSum = (row: Row, f: number, one: number, other: number): void => {
  if (row.has(f)) return
  const [a, b] = [row.has(one), row.has(other)]
  if (a || b) row.long(f, (a ? row.number[one]! : 0) + (b ? row.number[other]! : 0))
}
/** network.bytes and network.packets of both sides, network.type of their addresses. */
export const putTotals = (row: Row): void => {
  putSum(row, F.bytes, F.sourceBytes, F.destinationBytes)
  putSum(row, F.packets, F.sourcePackets, F.destinationPackets)
  putNetworkType(row)
}
const addressIn = (row: Row, f: number) => (row.has(f) && row.kind[f] === TEXT ? row.address[f] : undefined)
export const putNetworkType = (row: Row): void => {
  const six = (addressIn(row, F.sourceIp) ?? addressIn(row, F.destinationIp))?.v6
  if (six !== undefined && !row.has(F.type)) row.const(F.type, six ? IPV6 : IPV4)
}

const INTERNAL = constant('internal')
const OUTBOUND = constant('outbound')
const INBOUND = constant('inbound')
const EXTERNAL = constant('external')
/** Which way between private networks (RFC 1918, RFC 4193) and others; undefined where a side is not known. */
export const directionOf = (row: Row): Const | undefined => {
  const [source, destination] = [addressIn(row, F.sourceIp), addressIn(row, F.destinationIp)]
  if (source === undefined || destination === undefined) return undefined
  if (source.isPrivate) return destination.isPrivate ? INTERNAL : OUTBOUND
  return destination.isPrivate ? INBOUND : EXTERNAL
}
export const putDirection = (row: Row): void => {
  const towards = row.has(F.direction) ? undefined : directionOf(row)
  if (towards !== undefined) row.const(F.direction, towards)
}

/** The name of a protocol (IANA), of its number or of any spelling: `TCP`, `6`. */
export const transport = new Memo((text) =>
  constant(Object.hasOwn(TRANSPORT, text) ? TRANSPORT[text]! : text.toLowerCase()),
)
/** ECS: RFC 7042, upper-case with hyphens. Undefined where these are no six bytes. */
export const mac = new Memo((text) => {
  const plain = text.replaceAll(/[:.-]/g, '')
  return /^[0-9A-Fa-f]{12}$/.test(plain) ? constant(plain.toUpperCase().match(/../g)!.join('-')) : undefined
})

/** Who is on a side: its address, and where it is one its IP. */
export interface Side {
  readonly ip: number
  readonly address: number
  readonly port: number
}
export const SOURCE: Side = { ip: F.sourceIp, address: field('source.address'), port: field('source.port') }
export const DESTINATION: Side = {
  ip: F.destinationIp,
  address: field('destination.address'),
  port: field('destination.port'),
}
export const putSide = (row: Row, side: Side, from: number, to: number): void => {
  if (from >= to || row.has(side.address)) return
  const address = addressOf(row.bytes, from, to)
  if (address === undefined) row.text(side.address, from, to)
  else {
    row.putAddress(side.ip, address, from, to)
    row.copyOf(side.address, side.ip)
  }
}
