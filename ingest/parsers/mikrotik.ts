/**
 * MikroTik RouterOS 6 and 7: `firewall,info prefix forward: in:ether1 out:bridge, …, proto TCP (SYN), 192.0.2.1:1234->198.51.100.1:80,
 * len 52`, logins, leases, tunnels, changes; with topics before the message or without (`remote-log-format`, `bsd-syslog`).
 * https://help.mikrotik.com/docs/spaces/ROS/pages/328094/Log
 */
import { z } from 'zod'
import { addressOfText } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { putSort, sortOf } from './categories.ts'
import { putDirection, putTotals } from './flow.ts'
import { actionIn, packetSort } from './packets.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { mac } from './targets.ts'
import { putTransport } from './transport.ts'
import { putUrl, splitHost } from './url.ts'

const VENDOR = 'mikrotik.'
const sideOf = (side: 'source' | 'destination') => ({
  ip: field(`${side}.ip`),
  port: field(`${side}.port`),
  natIp: field(`${side}.nat.ip`),
  natPort: field(`${side}.nat.port`),
})
const SOURCE = sideOf('source')
const DESTINATION = sideOf('destination')
const F = {
  time: field('@timestamp'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  level: field('log.level'),
  message: field('message'),
  action: field('event.action'),
  reason: field('event.reason'),
  userName: field('user.name'),
  sourceUser: field('source.user.name'),
  sourceMac: field('source.mac'),
  sourceDomain: field('source.domain'),
  ingress: field('observer.ingress.interface.name'),
  egress: field('observer.egress.interface.name'),
  bytes: field('network.bytes'),
  protocol: field('network.protocol'),
  question: field('dns.question.name'),
  questionType: field('dns.question.type'),
  method: field('http.request.method'),
  topics: field(`${VENDOR}topics`),
  chain: field(`${VENDOR}chain`),
  prefix: field(`${VENDOR}prefix`),
  state: field(`${VENDOR}connection_state`),
  flags: field(`${VENDOR}flags`),
  assigned: field(`${VENDOR}assigned_ip`),
  object: field(`${VENDOR}object`),
} as const
const MIKROTIK = constant('MikroTik')
const ROUTEROS = constant('RouterOS')
const FIREWALL = constant('firewall')

/** RouterOS documentation, "Log", topics. */
const TOPICS = new Set(
  `account acme-client amt async backup bfd bgp bridge calc caps certificate clock client cloud container critical ddns debug dhcp disk dns dot1x
  dude e-mail error event evpn fetch firewall gps gsm health hotspot igmp-proxy info interface ipsec iscsi isdn isis kvm l2tp ldp lora
  lte manager mld mme mpls mqtt natpmp netinstall netwatch nextdhop ntp ospf ovpn packet pim poe-out ppp pppoe pptp ptp queue
  radius radvd raw read rip rose-storage route rpki rsvp rsync script sertcp simulator smb sms snmp socks socksify ssh ssl sstp state
  store stp system telephony tftp timer tr069 update upnp ups vpls vrrp warning watchdog web-proxy wifi wireguard wireless write
  zerotier`.split(/\s+/),
)
const LEVELS = ['critical', 'error', 'warning', 'info', 'debug']
interface Topics {
  readonly list: readonly string[]
  readonly level: string | undefined
}
const topicsOf = new Memo((word): Topics | undefined => {
  const list = word.replace(/:$/, '').split(',')
  if (list.length > 12 || !list.every((each) => TOPICS.has(each))) return undefined
  return { list, level: LEVELS.find((each) => list.includes(each)) }
})

const sorts = {
  loginOk: sortOf({ category: 'authentication', type: 'start', action: 'logged-in', outcome: 'success' }),
  loginFail: sortOf({ category: 'authentication', type: 'start', action: 'login-failed', outcome: 'failure' }),
  logout: sortOf({ category: 'authentication', type: 'end', action: 'logged-out', outcome: 'success' }),
  vpnStart: sortOf({
    category: 'authentication network session',
    type: 'connection start',
    action: 'logged-in',
    outcome: 'success',
  }),
  vpnEnd: sortOf({ category: 'network session', type: 'connection end', action: 'logged-out' }),
  vpnFail: sortOf({ category: 'authentication network', type: 'start', action: 'login-failed', outcome: 'failure' }),
  tunnel: sortOf({ category: 'network', type: 'connection info' }),
  failed: sortOf({ category: 'network', type: 'connection info', outcome: 'failure' }),
  lease: sortOf({ category: 'network', type: 'protocol info' }),
  dns: sortOf({ category: 'network', type: 'protocol info' }),
  web: sortOf({ category: 'web network', type: 'access' }),
  change: sortOf({ category: 'configuration', type: 'change', outcome: 'success' }),
  create: sortOf({ category: 'configuration', type: 'creation', outcome: 'success' }),
  remove: sortOf({ category: 'configuration', type: 'deletion', outcome: 'success' }),
  host: sortOf({ category: 'host', type: 'info' }),
} as const

const encoder = new TextEncoder()
const put = (row: Row, f: number, text: string | undefined): void => {
  if (text !== undefined && text !== '' && !row.has(f)) row.string(f, text)
}
const putUser = (row: Row, name: string | undefined): void => {
  put(row, F.sourceUser, name)
  put(row, F.userName, name)
}
const putIp = (row: Row, f: number, text: string | undefined): boolean => {
  const address = text === undefined ? undefined : addressOfText(text.replace(/^\[|\]$/g, ''))
  if (address === undefined || row.has(f)) return false
  row.sayAddress(f, address)
  return true
}
const putMac = (row: Row, text: string | undefined): void => {
  if (text === undefined) return
  const bytes = encoder.encode(text)
  const address = mac.get(bytes, 0, bytes.length)
  if (address !== undefined) row.const(F.sourceMac, address)
}
/** `192.0.2.1:1234`, `[2001:db8::1]:1234`, either without a port. */
const putEnd = (row: Row, ip: number, port: number, text: string): void => {
  const begin = row.write(text)
  const [from, to, number] = splitHost(row.bytes, begin, row.at)
  if (!row.has(ip) && row.ip(ip, from, to) !== undefined && !Number.isNaN(number)) row.long(port, number)
}

/** Where a packet's own part begins: a chain, a colon, and its interface. */
const PACKET = /(?:^|\s)([\w-]{1,64}): in:/
const FLOW =
  /^((?:\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]+?)(?::\d{1,5})?)->((?:\[[0-9A-Fa-f:.]+\]|[0-9A-Fa-f:.]+?)(?::\d{1,5})?)$/
/** `(10.0.0.1:1->198.51.100.1:1)->203.0.113.1:80`, `203.0.113.1:1->(198.51.100.1:80->10.0.0.1:80)` */
const NAT = /^NAT (?:\(([^()]{3,100})->([^()]{3,100})\)->\S{3,60}|\S{3,60}?->\(([^()]{3,100})->([^()]{3,100})\))$/

const putPacket = (row: Row, text: string, chain: string | undefined): boolean => {
  const m = chain === undefined ? PACKET.exec(text) : null
  if (!m && chain === undefined) return false
  const prefix = m ? text.slice(0, m.index).trim() : ''
  const rest = m ? text.slice(m.index + m[0].length) : text.replace(/^\s*in:/, '')
  const out = rest.indexOf(' out:')
  const comma = rest.indexOf(', ', Math.max(out, 0))
  if (out < 0 || comma < 0) return false
  put(row, F.chain, chain ?? m![1])
  if (prefix !== '') {
    put(row, F.prefix, prefix)
    put(row, F.action, actionIn(prefix))
  }
  putSort(row, packetSort(actionIn(prefix)))
  const name = (text: string) => (text.startsWith('(unknown') || text === '(none)' ? undefined : text)
  put(row, F.ingress, name(rest.slice(0, out)))
  put(row, F.egress, name(rest.slice(out + 5, comma)))
  for (const part of parts(rest.slice(comma + 2))) putPart(row, part)
  return true
}
/** What commas separate, but those in brackets. */
const parts = (text: string): string[] => {
  const out: string[] = []
  let [from, depth] = [0, 0]
  for (let i = 0; i <= text.length && out.length < 32; i++) {
    const c = text.charCodeAt(i)
    if (c === 40) depth++
    else if (c === 41 && depth > 0) depth--
    else if (i === text.length || (c === 44 && text.charCodeAt(i + 1) === 32 && depth === 0)) {
      out.push(text.slice(from, i))
      from = i + 2
    }
  }
  return out
}
const putPart = (row: Row, part: string): void => {
  if (part.startsWith('len ')) {
    const size = /^len (\d{1,9})$/.exec(part)
    if (size) row.long(F.bytes, Number(size[1]))
    return
  }
  if (part.startsWith('NAT ')) {
    const nat = NAT.exec(part)
    if (nat?.[2] !== undefined) putEnd(row, SOURCE.natIp, SOURCE.natPort, nat[2])
    if (nat?.[4] !== undefined) putEnd(row, DESTINATION.natIp, DESTINATION.natPort, nat[4])
    return
  }
  if (part.includes('-')) {
    put(row, F.state, /connection-state:(\S{1,64})/.exec(part)?.[1])
    putMac(row, /src-mac ([0-9A-Fa-f:]{17})/.exec(part)?.[1])
  }
  if (part.includes('proto ')) {
    const proto = /(?:^| )proto ([\w-]{1,32})(?: \(([^)]{1,64})\))?$/.exec(part)
    if (!proto) return
    const from = row.write(proto[1]!)
    putTransport(row, from, row.at)
    put(row, F.flags, proto[2])
    return
  }
  const flow = part.includes('->') ? FLOW.exec(part) : null
  if (!flow) return
  putEnd(row, SOURCE.ip, SOURCE.port, flow[1]!)
  putEnd(row, DESTINATION.ip, DESTINATION.port, flow[2]!)
}

const IP = '([0-9A-Fa-f.:]{3,45})'
const MAC = '((?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2})'
type Message = readonly [RegExp, (row: Row, m: RegExpExecArray) => void]
/** Messages by their words; what people type stands between the device's own, and is read to the last of those. */
const MESSAGES: readonly Message[] = [
  [
    new RegExp(`login failure for user (.{0,128}) from ${IP}(?: via (\\S{1,32}))?$`),
    (row, m) => {
      putSort(row, sorts.loginFail)
      putUser(row, m[1])
      putIp(row, SOURCE.ip, m[2])
      put(row, F.protocol, m[3])
    },
  ],
  [
    new RegExp(`user (\\S{1,128}) logged (in|out)(?: from ${IP})?(?: via (\\S{1,32}))?`),
    (row, m) => {
      putSort(row, m[2] === 'in' ? sorts.loginOk : sorts.logout)
      putUser(row, m[1])
      putIp(row, SOURCE.ip, m[3])
      put(row, F.protocol, m[4])
    },
  ],
  [
    new RegExp(`^(\\S{1,128}) logged in, ${IP} from ${IP}`),
    (row, m) => {
      putSort(row, sorts.vpnStart)
      putUser(row, m[1])
      put(row, F.assigned, m[2])
      putIp(row, SOURCE.ip, m[3])
    },
  ],
  [
    new RegExp(`^(\\S{1,128}) logged out, (?:\\d+ ){1,6}from ${IP}`),
    (row, m) => {
      putSort(row, sorts.vpnEnd)
      putUser(row, m[1])
      putIp(row, SOURCE.ip, m[2])
    },
  ],
  [
    /user (\S{1,128}) authentication failed/,
    (row, m) => {
      putSort(row, sorts.vpnFail)
      putUser(row, m[1])
    },
  ],
  [
    new RegExp(`^(\\S{1,64}) (assigned|deassigned) ${IP} (?:to|for|from) ${MAC}(?: (\\S{1,128}))?`),
    (row, m) => {
      putSort(row, sorts.lease)
      put(row, F.action, `dhcp-${m[2]}`)
      put(row, F.object, m[1])
      putIp(row, SOURCE.ip, m[3])
      putMac(row, m[4])
      put(row, F.sourceDomain, m[5])
    },
  ],
  [
    new RegExp(`^query from ${IP}: (?:#\\d+ )?(\\S{1,255}) ([A-Z]{1,10})$`),
    (row, m) => {
      putSort(row, sorts.dns)
      putIp(row, SOURCE.ip, m[1])
      put(row, F.question, m[2]!.replace(/(?<=.)\.$/, ''))
      put(row, F.questionType, m[3])
    },
  ],
  [
    new RegExp(`^${IP} ([A-Z]{3,10}) (\\S{1,2000})  ?action=(\\w{1,20})`),
    (row, m) => {
      putSort(row, sorts.web)
      putIp(row, SOURCE.ip, m[1])
      put(row, F.method, m[2])
      const from = row.write(m[3]!)
      putUrl(row, from, row.at)
      put(row, F.action, m[4])
    },
  ],
  [
    new RegExp(
      `^(.{1,200}) (added|changed|removed|moved) by (?:[^:()]{1,64}(?:\\([^)]{0,64}\\))?:)?([^@\\s(]{1,64})(?:@${IP})?`,
    ),
    (row, m) => {
      putSort(row, m[2] === 'added' ? sorts.create : m[2] === 'removed' ? sorts.remove : sorts.change)
      put(row, F.action, `${m[2]}`)
      put(row, F.object, m[1])
      putUser(row, m[3])
      putIp(row, SOURCE.ip, m[4])
    },
  ],
  [
    new RegExp(`^(?:first L2TP UDP packet received|TCP connection established|connection established) from ${IP}`),
    (row, m) => {
      putSort(row, sorts.tunnel)
      putIp(row, SOURCE.ip, m[1])
    },
  ],
  [
    new RegExp(`(?:failed|error).{0,200}? ${IP}\\[(\\d{1,5})\\]<=>${IP}\\[(\\d{1,5})\\]`),
    (row, m) => {
      putSort(row, sorts.failed)
      putIp(row, DESTINATION.ip, m[1])
      putIp(row, SOURCE.ip, m[3])
      if (Number(m[2]) <= 65535) row.long(DESTINATION.port, Number(m[2]))
      if (Number(m[4]) <= 65535) row.long(SOURCE.port, Number(m[4]))
    },
  ],
]
const MOST = 4096

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  if (at === to) return SKIP
  let end = at
  while (end < to && b[end] !== 32 && end - at < 128) end++
  const topics = topicsOf.get(b, at, end)
  const { header } = context
  if (topics !== undefined) {
    at = end
    while (at < to && b[at] === 32) at++
  }
  const text = row.slice(at, Math.min(to, at + MOST))
  // Without topics a packet's chain looks like a program's name.
  const chain = header?.tag !== undefined && /^in:\S/.test(text) ? header.tag : undefined
  if (topics === undefined && chain === undefined && !PACKET.test(text) && header?.host === undefined)
    return `expected RouterOS's topics and a message, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  row.long(F.time, header?.time ?? context.arrived)
  row.const(F.vendor, MIKROTIK)
  row.const(F.product, ROUTEROS)
  row.const(F.observer, FIREWALL)
  if (header?.host !== undefined) row.const(F.observerName, constant(header.host))
  if (topics !== undefined) {
    row.list(F.topics)
    for (const each of topics.list) row.constItem(constant(each))
    if (topics.level !== undefined) row.const(F.level, constant(topics.level))
  }
  if (!putPacket(row, text, chain)) {
    row.text(F.message, at, to)
    putMessage(row, text)
  }
  putTotals(row)
  putDirection(row)
  return EVENT
}
const putMessage = (row: Row, text: string): void => {
  // Behind a prefix of the logging rule, if it has one.
  for (const [pattern, say] of MESSAGES) {
    const m = pattern.exec(text)
    if (!m) continue
    say(row, m)
    return
  }
  putSort(row, sorts.host)
}

export const mikrotik: Parser<Record<string, never>> = {
  id: 'mikrotik',
  title: 'MikroTik RouterOS',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'mikrotik', vendor: VENDOR },
    { product: 'mikrotik', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'CLI',
      text: ({
        host,
        port,
      }) => `/system logging action add name=vonglau target=remote remote=${host} remote-port=${port} bsd-syslog=yes syslog-time-format=iso8601
/system logging add action=vonglau topics=firewall
/system logging add action=vonglau topics=account
/system logging add action=vonglau topics=system
/system logging add action=vonglau topics=ppp,info
/system logging add action=vonglau topics=dhcp,info
# and in each firewall rule that matters: log=yes log-prefix=DROP (or ACCEPT)
`,
    },
  ],
  open: () => parse,
}
