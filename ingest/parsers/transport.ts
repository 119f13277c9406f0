/** Protocols as ECS names them. */
import { constant, type Const } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'

/** IANA protocol numbers as keywords (ECS network.transport). */
export const TRANSPORT: Readonly<Record<string, string>> = {
  '1': 'icmp',
  '2': 'igmp',
  '4': 'ipv4',
  '6': 'tcp',
  '8': 'egp',
  '9': 'igp',
  '17': 'udp',
  '33': 'dccp',
  '41': 'ipv6',
  '46': 'rsvp',
  '47': 'gre',
  '50': 'esp',
  '51': 'ah',
  '58': 'ipv6-icmp',
  '88': 'eigrp',
  '89': 'ospf',
  '97': 'etherip',
  '103': 'pim',
  '108': 'ipcomp',
  '112': 'vrrp',
  '115': 'l2tp',
  '132': 'sctp',
  '136': 'udplite',
}
const NUMBERS = new Map(Object.entries(TRANSPORT).map(([number, name]) => [name, number]))
/** As devices write some of them besides. */
const SAID: Readonly<Record<string, string>> = {
  icmp6: 'ipv6-icmp',
  icmpv6: 'ipv6-icmp',
  'icmp-v6': 'ipv6-icmp',
  ospfigp: 'ospf',
}

interface Protocol {
  readonly name: Const | undefined
  readonly number: Const | undefined
}
/** A number, or a name in whatever case. */
const protocols = new Memo((text): Protocol => {
  if (/^\d{1,3}$/.test(text)) {
    const number = String(Number(text))
    if (Number(number) > 255) return { name: undefined, number: undefined }
    const name = Object.hasOwn(TRANSPORT, number) ? constant(TRANSPORT[number]!) : undefined
    return { name, number: constant(number) }
  }
  const word = text.toLowerCase()
  if (!/^[a-z][a-z0-9.+/_-]{0,31}$/.test(word)) return { name: undefined, number: undefined }
  const name = Object.hasOwn(SAID, word) ? SAID[word]! : word
  const number = NUMBERS.get(name)
  return { name: constant(name), number: number === undefined ? undefined : constant(number) }
})

const NAME = field('network.transport')
const NUMBER = field('network.iana_number')
/** network.transport and network.iana_number of a protocol's number or name; nothing of what is neither. */
export const putTransport = (row: Row, from: number, to: number): void => {
  const { name, number } = protocols.get(row.bytes, from, to)
  if (name !== undefined && !row.has(NAME)) row.const(NAME, name)
  if (number !== undefined && !row.has(NUMBER)) row.const(NUMBER, number)
}
