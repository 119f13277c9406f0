/** What follows of the two sides of a flow, once a parser has said them. */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { type Row, TEXT } from '../row/row.ts'

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
const INTERNAL = constant('internal')
const OUTBOUND = constant('outbound')
const INBOUND = constant('inbound')
const EXTERNAL = constant('external')

const putSum = (row: Row, f: number, one: number, other: number): void => {
  if (row.has(f)) return
  const [a, b] = [row.has(one), row.has(other)]
  if (a || b) row.long(f, (a ? row.number[one]! : 0) + (b ? row.number[other]! : 0))
}
const addressAt = (row: Row, f: number) => (row.has(f) && row.kind[f] === TEXT ? row.address[f] : undefined)

/** network.type, network.bytes and network.packets, of what is said and not said otherwise. */
export const putFlow = (row: Row): void => {
  putSum(row, F.bytes, F.sourceBytes, F.destinationBytes)
  putSum(row, F.packets, F.sourcePackets, F.destinationPackets)
  if (row.has(F.type)) return
  const address = addressAt(row, F.sourceIp) ?? addressAt(row, F.destinationIp)
  if (address !== undefined) row.const(F.type, address.v6 ? IPV6 : IPV4)
}

/** network.direction by which of the two addresses are private, where the device does not say it. */
export const putDirection = (row: Row): void => {
  if (row.has(F.direction)) return
  const [source, destination] = [addressAt(row, F.sourceIp), addressAt(row, F.destinationIp)]
  if (source === undefined || destination === undefined) return
  row.const(
    F.direction,
    source.isPrivate ? (destination.isPrivate ? INTERNAL : OUTBOUND) : destination.isPrivate ? INBOUND : EXTERNAL,
  )
}
