/** Messages of ASA's and FTD's Lina engine: the templates of `cisco_messages.ts`, and what their captures become. */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, findLast, is, port, standsAt } from '../row/values.ts'
import { addressOf } from '../row/address.ts'
import { putSort, type Sort } from './categories.ts'
import { TRAFFIC_MESSAGES } from './cisco_messages.ts'
import { SESSION_MESSAGES } from './cisco_messages_vpn.ts'
import { ENDS, NAMES, SORTS, type SortName } from './cisco_sorts.ts'
import { type Plan, planOf, putSide, putUser, putValue, type Rules, targetsOf } from './targets.ts'
import { type End, found, matches, type Template, templateOf } from './template.ts'
import { putTransport } from './transport.ts'
import { lower, putUrl } from './url.ts'

interface Message {
  readonly sort: SortName
  readonly templates: readonly Template[]
}
/** `106001`, or `400000-400051`. */
const idsOf = (word: string): string[] => {
  const [first, last] = word.split('-').map(Number)
  return last === undefined ? [word] : Array.from({ length: last - first! + 1 }, (_, i) => String(first! + i))
}
const MESSAGES = new Map<string, Message>()
for (const block of `${TRAFFIC_MESSAGES}\n${SESSION_MESSAGES}`.split(/\n(?=\S)/)) {
  const [head, ...lines] = block.trim().split('\n')
  const words = head!.split(' ')
  const sort = words.pop() as SortName
  if (words.length === 0) continue
  const templates = lines.map((line) => templateOf(line.slice(2), NAMES, ENDS))
  for (const id of words.flatMap(idsOf)) MESSAGES.set(id, { sort, templates })
}
const OTHERS = MESSAGES.get('others')!
const messageOf = new Memo((id) => MESSAGES.get(id) ?? OTHERS)

const of = (name: string): number => NAMES.indexOf(name)
const [DIR, VERB, PROTO, DUR, REASON, WEBURL, IP, SERVER, TYPE, CODE] = [
  'dir',
  'verb',
  'proto',
  'dur',
  'reason',
  'weburl',
  'ip',
  'server',
  'type',
  'code',
].map(of) as [number, number, number, number, number, number, number, number, number, number]
const end = (name: (typeof ENDS)[number]): number => ENDS.indexOf(name)
const [SRC, DST, FOREIGN, LOCAL, OUTER, INNER, MAPPED] = [
  end('src'),
  end('dst'),
  end('foreign'),
  end('local'),
  end('outer'),
  end('inner'),
  end('mapped'),
]
const out = found(NAMES.length, ENDS.length)

const rulesOf = (vendor: string): Rules => ({
  _: ['none'],
  dir: ['none'],
  verb: ['none'],
  proto: ['none'],
  dur: ['none'],
  reason: ['none'],
  weburl: ['none'],
  conn: ['text', `${vendor}connection_id`],
  rule: ['text', 'rule.name'],
  flags: ['text', `${vendor}tcp_flags`],
  hits: ['long', `${vendor}hit_count`],
  bytes: ['long', 'network.bytes'],
  type: ['long', `${vendor}icmp_type`],
  code: ['long', `${vendor}icmp_code`],
  group: ['text', 'source.user.group.name'],
  user: ['user', 'source.user'],
  ip: ['side', 'source'],
  server: ['side', 'destination'],
  aaa: ['text', `${vendor}aaa_type`],
  cmd: ['text', `${vendor}command_line_arguments`],
  url: ['url'],
  file: ['text', 'file.name'],
  stype: ['text', `${vendor}session_type`],
  xmt: ['long', 'destination.bytes'],
  rcv: ['long', 'source.bytes'],
  count: ['long', `${vendor}count`],
  list: ['text', `${vendor}threat_list`],
  level: ['text', `${vendor}threat_level`],
  category: ['text', `${vendor}threat_category`],
  iface: ['text', 'observer.ingress.interface.name'],
  mac: ['mac', 'source.mac'],
  assigned: ['text', `${vendor}assigned_ip`],
  assigned6: ['text', `${vendor}assigned_ip6`],
  agent: ['text', 'user_agent.original'],
  priv: ['text', `${vendor}privilege.new`],
  text: ['text', 'message'],
})

const sideOf = (side: 'source' | 'destination', vendor: string) => ({
  ip: field(`${side}.ip`),
  address: field(`${side}.address`),
  domain: field(`${side}.domain`),
  port: field(`${side}.port`),
  natIp: field(`${side}.nat.ip`),
  natPort: field(`${side}.nat.port`),
  userName: field(`${side}.user.name`),
  userDomain: field(`${side}.user.domain`),
  mappedHost: field(`${vendor}mapped_${side}_host`),
  tag: field(`${vendor}${side}_user_security_group_tag`),
  interface: field(side === 'source' ? 'observer.ingress.interface.name' : 'observer.egress.interface.name'),
})
type Side = ReturnType<typeof sideOf>
const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  end: field('event.end'),
  duration: field('event.duration'),
  reason: field('event.reason'),
  direction: field('network.direction'),
  protocol: field('network.protocol'),
  message: field('message'),
  user: field('user.name'),
  userDomain: field('user.domain'),
} as const

/** Seconds of `0:01:07`, `0h:01m:52s`, `1d 02h`, NaN where it is none. */
const seconds = (b: Uint8Array, from: number, to: number): number => {
  let [sum, n, digits] = [0, 0, 0]
  let plain = 0
  for (let i = from; i <= to; i++) {
    const c = i < to ? b[i]! : 58
    if (c >= 48 && c <= 57) {
      n = n * 10 + c - 48
      if (++digits > 9) return Number.NaN
      continue
    }
    const unit = c === 100 ? 86_400 : c === 104 ? 3600 : c === 109 ? 60 : c === 115 ? 1 : 0
    if (unit > 0) sum += n * unit
    else if (c === 58 || c === 32) {
      if (digits > 0) plain = plain * 60 + n
    } else return Number.NaN
    n = digits = 0
  }
  return sum + plain
}

const permits = new Memo((verb) => /^(?:est-)?(?:permit|allow|grant|monitor)/i.test(verb))
const inbound = new Memo((text) => text.toLowerCase() === 'inbound')
const outbound = new Memo((text) => text.toLowerCase() === 'outbound')

const putEnd = (row: Row, side: Side, one: End): void => {
  if (!one.said) return
  putSide(row, side.ip, side.address, side.domain, one.from, one.to)
  const { bytes: b } = row
  if (one.portTo > one.portFrom) {
    const n = port(b, one.portFrom, one.portTo)
    if (!Number.isNaN(n)) row.long(side.port, n)
    // The device writes the name of a service that it knows.
    else if (!row.has(F.protocol)) row.const(F.protocol, lower.get(b, one.portFrom, one.portTo))
  }
  if (one.interfaceTo > one.interfaceFrom) row.text(side.interface, one.interfaceFrom, one.interfaceTo)
  if (one.userTo > one.userFrom) putUser(row, side.userName, side.userDomain, one.userFrom, one.userTo)
  if (one.tagTo > one.tagFrom) row.text(side.tag, one.tagFrom, one.tagTo)
  if (one.mappedTo > one.mappedFrom)
    putMapped(row, side, one, one.mappedFrom, one.mappedTo, one.mappedPortFrom, one.mappedPortTo)
}
/** What an end is translated to, where that is something else. */
const putMapped = (
  row: Row,
  side: Side,
  one: End,
  from: number,
  to: number,
  portFrom: number,
  portTo: number,
): void => {
  const { bytes: b } = row
  const [address, own] = [addressOf(b, from, to), addressOf(b, one.from, one.to)]
  if (address === undefined) row.text(side.mappedHost, from, to)
  else if (address !== own) row.putAddress(side.natIp, address, from, to)
  const n = port(b, portFrom, portTo)
  if (!Number.isNaN(n) && n !== port(b, one.portFrom, one.portTo)) row.long(side.natPort, n)
}

/** The text after the colon is a URL, or a path on the server before it: `192.0.2.1:http://…`, `2001:db8::1:/a`. */
const putWebUrl = (row: Row, plan: Plan, from: number, to: number): void => {
  const { bytes: b } = row
  for (let i = from; i < to && i - from < 300; i++) {
    if (b[i] !== 58) continue
    let next = i + 1
    while (next < to && b[next] === 32) next++
    if (b[next] === 47 || standsAt(b, next, 'http:') || standsAt(b, next, 'https:') || standsAt(b, next, 'ftp:')) {
      putValue(row, plan, SERVER, from, i)
      putUrl(row, next, to)
      return
    }
  }
  putUrl(row, from, to)
}

/** `TCP FINs from outside (LOCAL\\user)`: of a connection that ended whose it was may stand at its end. */
const putReason = (row: Row, ended: boolean, initiator: number, from: number, to: number): void => {
  const { bytes: b } = row
  let z = to
  if (ended && b[to - 1] === 41) {
    const open = findLast(b, 40, from, to)
    if (open === from || (open > from && b[open - 1] === 32)) {
      putUser(row, F.user, F.userDomain, open + 1, to - 1)
      z = open === from ? from : open - 1
    }
  }
  // 302014: the reason, and the interface of the side that ended it.
  const last = ended ? findLast(b, 32, from, z) : -1
  if (last - 5 > from && standsAt(b, last - 5, ' from ')) {
    row.text(initiator, last + 1, z)
    z = last - 5
  }
  row.text(F.reason, from, z)
}

/** Reads messages into fields of this vendor's name, `cisco.asa.`; `deny` is what a denial is called. */
export const openLina = (vendor: string, deny: Sort = SORTS.deny) => {
  const plan = planOf(targetsOf(NAMES, rulesOf(vendor), vendor))
  const source = sideOf('source', vendor)
  const destination = sideOf('destination', vendor)
  const initiator = field(`${vendor}termination_initiator`)

  /** The ends in the order of who called whom. */
  const putEnds = (row: Row): void => {
    const { ends } = out
    putEnd(row, source, ends[SRC]!)
    putEnd(row, destination, ends[DST]!)
    const { bytes: b } = row
    if (ends[FOREIGN]!.said || ends[LOCAL]!.said) {
      const away = outbound.get(b, out.from[DIR]!, out.to[DIR]!)
      putEnd(row, source, ends[away ? LOCAL : FOREIGN]!)
      putEnd(row, destination, ends[away ? FOREIGN : LOCAL]!)
    }
    if (!ends[INNER]!.said) return
    // What follows an address of ICMP is no port: of the foreign one an identifier, else 0.
    const here = inbound.get(b, out.from[DIR]!, out.to[DIR]!) ? destination : source
    const there = here === source ? destination : source
    const [inner, outer, mapped] = [ends[INNER]!, ends[OUTER]!, ends[MAPPED]!]
    for (const each of [inner, outer, mapped]) each.portTo = each.portFrom
    putEnd(row, here, inner)
    putEnd(row, there, outer)
    if (mapped.said) putMapped(row, here, inner, mapped.from, mapped.to, 0, 0)
  }

  /** Says of a message what its template says. A message that no template knows is kept with its text. */
  return (row: Row, idFrom: number, idTo: number, from: number, to: number): void => {
    const { bytes: b } = row
    while (to > from && b[to - 1]! <= 32) to--
    const { sort, templates } = messageOf.get(b, idFrom, idTo)
    let i = 0
    while (i < templates.length && !matches(b, templates[i]!, from, to, out)) i++
    if (i === templates.length) {
      let j = 0
      const others = templates === OTHERS.templates ? [] : OTHERS.templates
      while (j < others.length && !matches(b, others[j]!, from, to, out)) j++
      row.text(F.message, from, to)
      if (sort !== 'verb') putSort(row, sort === 'deny' ? deny : SORTS[sort])
      if (j === others.length) return
    } else if (sort === 'verb') putSort(row, permits.get(b, out.from[VERB]!, out.to[VERB]!) ? SORTS.allow : deny)
    else putSort(row, sort === 'deny' ? deny : SORTS[sort])
    putEnds(row)
    const { from: starts, to: stops } = out
    for (let name = 1; name < NAMES.length; name++)
      if (starts[name]! < stops[name]!) putValue(row, plan, name, starts[name]!, stops[name]!)
    if (starts[PROTO]! < stops[PROTO]!)
      putTransport(row, standsAt(b, starts[PROTO]!, 'protocol ') ? starts[PROTO]! + 9 : starts[PROTO]!, stops[PROTO]!)
    if (starts[DIR]! < stops[DIR]!) row.const(F.direction, lower.get(b, starts[DIR]!, stops[DIR]!))
    if (starts[REASON]! < stops[REASON]!) putReason(row, sort === 'expire', initiator, starts[REASON]!, stops[REASON]!)
    if (starts[WEBURL]! < stops[WEBURL]!) putWebUrl(row, plan, starts[WEBURL]!, stops[WEBURL]!)
    if (starts[DUR]! < stops[DUR]!) {
      const n = seconds(b, starts[DUR]!, stops[DUR]!)
      if (n >= 0 && n < 9_000_000) {
        row.long(F.duration, n * 1e9)
        row.long(F.start, row.number[F.time]! - n * 1000)
        row.long(F.end, row.number[F.time]!)
      }
    }
  }
}
