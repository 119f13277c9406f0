/**
 * Juniper SRX: structured system logs (`set security log format sd-syslog`), `… RT_FLOW - RT_FLOW_SESSION_CLOSE
 * [junos@2636.1.1.1.2.40 reason="TCP FIN" source-address="192.0.2.1" …]`, and the unstructured text of sessions (format syslog).
 * https://www.juniper.net/documentation/us/en/software/junos/network-mgmt/topics/topic-map/system-logging-for-a-security-device.html
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { addressOf } from '../row/address.ts'
import { find, integer, is } from '../row/values.ts'
import { putSort } from './categories.ts'
import { levelOf } from './cisco_head.ts'
import { putDirection, putTotals } from './flow.ts'
import { idsOf, KEYS, PLAN, sortFor, VENDOR } from './juniper_srx_fields.ts'
import { Pairs } from './keyvalue.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { putUser, putValue } from './targets.ts'
import { putTransport } from './transport.ts'
import { putDomain, putPath } from './url.ts'

const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  end: field('event.end'),
  duration: field('event.duration'),
  severity: field('event.severity'),
  reason: field('event.reason'),
  action: field('event.action'),
  level: field('log.level'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  process: field('process.name'),
  pid: field('process.pid'),
  message: field('message'),
  domain: field('url.domain'),
  sha256: field('file.hash.sha256'),
  tag: field(`${VENDOR}tag`),
  ownAction: field(`${VENDOR}action`),
  ownUrl: field(`${VENDOR}url`),
  attack: field(`${VENDOR}attack_name`),
  sample: field(`${VENDOR}sample_sha256`),
  userName: field('source.user.name'),
  userDomain: field('source.user.domain'),
} as const
const JUNIPER = constant('Juniper')
const SRX = constant('SRX')
const FIREWALL = constant('firewall')

const pairs = new Pairs(KEYS)
const [ACTION, ATTACK, URL, OBJ, EPOCH, SAMPLE] = idsOf(
  'action',
  'attack-name',
  'url',
  'obj',
  'epoch-time',
  'sample-sha256',
)
const leftover = new Memo((name) => `${VENDOR}${name.replaceAll(/[.-]/g, '_').toLowerCase()}`)

/** What Junos writes where it knows nothing. */
const said = (b: Uint8Array, from: number, to: number): boolean =>
  from < to &&
  !(to - from === 1 && b[from] === 45) &&
  !is(b, from, to, 'N/A') &&
  !is(b, from, to, 'UNKNOWN') &&
  !is(b, from, to, 'unknown-user') &&
  !is(b, from, to, 'None')

const putPairs = (row: Row, from: number, to: number): void => {
  pairs.scan(row, from, to)
  const { present, count, from: starts, to: stops, unknown, unknowns } = pairs
  for (let i = 0; i < count; i++) {
    const id = present[i]!
    if (said(row.bytes, starts[id]!, stops[id]!)) putValue(row, PLAN, id, starts[id]!, stops[id]!)
  }
  for (let i = 0; i < unknowns; i++) {
    const [a, z] = [unknown[i * 4 + 2]!, unknown[i * 4 + 3]!]
    if (!said(row.bytes, a, z)) continue
    const f = row.field(leftover.get(row.bytes, unknown[i * 4]!, unknown[i * 4 + 1]!))
    if (!row.has(f)) row.text(f, a, z)
  }
  const { bytes: b } = row
  if (pairs.has(ACTION) && said(b, starts[ACTION]!, stops[ACTION]!))
    row.text(F.ownAction, starts[ACTION]!, stops[ACTION]!)
  if (pairs.has(ATTACK)) row.text(F.attack, starts[ATTACK]!, stops[ATTACK]!)
  if (pairs.has(URL)) {
    // `url="host" obj="/path"`; of a virus it is the virus' name.
    const dot = find(b, 46, starts[URL]!, stops[URL]!) >= 0 || addressOf(b, starts[URL]!, stops[URL]!) !== undefined
    if (dot) putDomain(row, F.domain, starts[URL]!, stops[URL]!)
    else row.text(F.ownUrl, starts[URL]!, stops[URL]!)
  }
  if (pairs.has(OBJ) && b[starts[OBJ]!] === 47) putPath(row, starts[OBJ]!, stops[OBJ]!)
  if (pairs.has(SAMPLE))
    row.text(stops[SAMPLE]! - starts[SAMPLE]! === 64 ? F.sha256 : F.sample, starts[SAMPLE]!, stops[SAMPLE]!)
}

/** What the tag, the action and the attack say together. */
const putKind = (row: Row, tag: string): void => {
  const { from: starts, to: stops } = pairs
  row.reserve(tag.length * 3 + 200)
  const begin = row.write(`${tag.slice(0, 64)}\t`)
  const { bytes } = row
  let at = row.at
  const add = (id: number) => {
    if (pairs.has(id)) for (let i = starts[id]!; i < stops[id]! && i - starts[id]! < 40; i++) bytes[at++] = bytes[i]!
    bytes[at++] = 9
  }
  add(ACTION)
  add(ATTACK)
  putSort(row, sortFor.get(bytes, begin, at))
}

const IP = '([0-9A-Fa-f.:]{2,45})'
/** `192.0.2.1/1234->198.51.100.1/80 0x0 junos-http 203.0.113.1/1234->198.51.100.1/80 … ` (System Log Explorer, RT_FLOW_SESSION_*). */
const FLOW = new RegExp(
  `^session (?:created|denied|closed ([^:]{1,80}):) ?${IP}/(\\d{1,5})->${IP}/(\\d{1,5})(?: 0x[0-9a-f]+)? (\\S{1,64})(?: ${IP}/(\\d{1,5})->${IP}/(\\d{1,5})(?: 0x[0-9a-f]+)?)? (.*)$`,
)
/** Behind it: rules of NAT, the protocol's number, policy, zones, and for a session its number. */
const CREATED = /^(?:.*? )?(\d{1,3})(?:\(\d+\))? (\S{1,64}) (\S{1,64}) (\S{1,64})(?: (\d{1,12}) )?/
const COUNTS = / (\d{1,15})\((\d{1,15})\) (\d{1,15})\((\d{1,15})\) (\d{1,9}) /
const IDS = {
  source: {
    ip: field('source.ip'),
    port: field('source.port'),
    natIp: field('source.nat.ip'),
    natPort: field('source.nat.port'),
    packets: field('source.packets'),
    bytes: field('source.bytes'),
  },
  destination: {
    ip: field('destination.ip'),
    port: field('destination.port'),
    natIp: field('destination.nat.ip'),
    natPort: field('destination.nat.port'),
    packets: field('destination.packets'),
    bytes: field('destination.bytes'),
  },
  rule: field('rule.name'),
  ingress: field('observer.ingress.zone'),
  egress: field('observer.egress.zone'),
  service: field(`${VENDOR}service_name`),
  session: field(`${VENDOR}session_id_32`),
}
const putIp = (row: Row, f: number, text: string | undefined): void => {
  if (text === undefined) return
  const from = row.write(text)
  row.ip(f, from, row.at)
}
const putPort = (row: Row, f: number, text: string | undefined): void => {
  if (text !== undefined && Number(text) <= 65535) row.long(f, Number(text))
}
const putText = (row: Row, f: number, text: string | undefined): void => {
  if (text !== undefined && text !== '' && text !== 'None' && text !== 'N/A') row.string(f, text)
}
const putUnstructured = (row: Row, text: string): boolean => {
  const m = FLOW.exec(text)
  if (!m) return false
  const { source, destination } = IDS
  putText(row, F.reason, m[1])
  putIp(row, source.ip, m[2])
  putPort(row, source.port, m[3])
  putIp(row, destination.ip, m[4])
  putPort(row, destination.port, m[5])
  putText(row, IDS.service, m[6])
  putIp(row, source.natIp, m[7])
  putPort(row, source.natPort, m[8])
  putIp(row, destination.natIp, m[9])
  putPort(row, destination.natPort, m[10])
  const rest = CREATED.exec(m[11]!)
  if (rest) {
    const from = row.write(rest[1]!)
    putTransport(row, from, row.at)
    putText(row, IDS.rule, rest[2])
    putText(row, IDS.ingress, rest[3])
    putText(row, IDS.egress, rest[4])
    putText(row, IDS.session, rest[5])
  }
  const counts = COUNTS.exec(m[11]!)
  if (counts) {
    row.long(source.packets, Number(counts[1]))
    row.long(source.bytes, Number(counts[2]))
    row.long(destination.packets, Number(counts[3]))
    row.long(destination.bytes, Number(counts[4]))
    if (Number(counts[5]) < 9_000_000) row.long(F.duration, Number(counts[5]) * 1e9)
  }
  return true
}

/** `FW: ge-0/0/0.0 A tcp 192.0.2.1 198.51.100.1 1234 80 (1 packets)` of a firewall filter. */
const FILTER = new RegExp(
  `^FW: (\\S{1,64}) +([ADR]) (\\S{1,16}) ${IP} ${IP} +(\\d{1,5}) +(\\d{1,5}) (?:\\((\\d{1,15}) packets?\\))?`,
)
const INTERFACE = field('observer.ingress.interface.name')
const putFilter = (row: Row, text: string): boolean => {
  const m = FILTER.exec(text)
  if (!m) return false
  row.string(INTERFACE, m[1]!)
  const from = row.write(m[3]!)
  putTransport(row, from, row.at)
  putIp(row, IDS.source.ip, m[4])
  putIp(row, IDS.destination.ip, m[5])
  putPort(row, IDS.source.port, m[6])
  putPort(row, IDS.destination.port, m[7])
  if (m[8] !== undefined) row.long(IDS.source.packets, Number(m[8]))
  putSort(row, FILTERS[m[2] as 'A' | 'D' | 'R'])
  return true
}
const FILTERS = {
  A: sortFor.get(Buffer.from('AV_'), 0, 3),
  D: sortFor.get(Buffer.from('RT_FLOW_SESSION_DENY'), 0, 20),
  R: sortFor.get(Buffer.from('RT_FLOW_SESSION_DENY'), 0, 20),
}

/** `user` and `host` of what daemons say of a login. */
const LOGINS = new RegExp(
  `(?:[Ll]ogin|[Aa]uthenticat|for)\\w*.{0,40}? user '?([^'\\s]{1,64})'?.{0,40}? from (?:host )?'?${IP}'?`,
)
/** `RT_FLOW_SESSION_CREATE: ` before unstructured text; a tag of the system is written alike. */
const OWN_TAG = /^(?:\S{1,255} )?([A-Z][A-Z0-9]*_[A-Z0-9_]+|[a-z][a-z0-9_]{3,63})(?: \([^)]{1,40}\))?: /

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  let at = from
  while (at < to && row.bytes[at]! <= 32) at++
  const { data, id, tag: program, pid, priority, time, host } = context.header ?? {}
  if (at === to && data === undefined) return SKIP
  const open = row.bytes[at] === 91 && at < to
  if (time === undefined && !(open || (program ?? '').startsWith('RT_')))
    return `expected a syslog header and a message of Junos, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  row.const(F.vendor, JUNIPER)
  row.const(F.product, SRX)
  row.const(F.observer, FIREWALL)
  if (host !== undefined) row.const(F.observerName, constant(host))
  if (program !== undefined) row.const(F.process, constant(program))
  if (pid !== undefined) row.long(F.pid, pid)
  if (priority !== undefined) {
    row.long(F.severity, priority & 7)
    row.const(F.level, levelOf(priority & 7)!)
  }
  pairs.clear()
  let tag = id
  if (data !== undefined) {
    putPairs(row, data[0] + 1, data[1] - 1)
    row.text(F.message, at, to)
  } else if (open) {
    // Without an SD-ID it is no structured data of RFC 5424.
    let end = to
    while (end > at && row.bytes[end - 1]! <= 32) end--
    putPairs(row, at + 1, row.bytes[end - 1] === 93 ? end - 1 : end)
  } else {
    let text = row.slice(at, Math.min(to, at + 4096))
    const m = OWN_TAG.exec(text)
    if (m) {
      tag ??= m[1]!
      text = text.slice(m[0].length)
      at += Buffer.byteLength(m[0])
    }
    row.text(F.message, Math.min(at, to), to)
    putKind(row, tag ?? '')
    if (!putUnstructured(row, text) && !putFilter(row, text)) putLogin(row, text)
  }
  if (tag !== undefined) row.const(F.tag, constant(tag))
  if (data !== undefined || open) putKind(row, tag ?? '')
  putTime(row, time, context)
  putTotals(row)
  putDirection(row)
  return EVENT
}
const putLogin = (row: Row, text: string): void => {
  const m = LOGINS.exec(text)
  if (!m) return
  const from = row.write(m[1]!)
  putUser(row, F.userName, F.userDomain, from, row.at)
  putIp(row, IDS.source.ip, m[2])
}

/** A session that closed ended when it was logged. */
const putTime = (row: Row, header: number | undefined, context: LineContext): void => {
  const seconds = pairs.has(EPOCH) ? integer(row.bytes, pairs.from[EPOCH]!, pairs.to[EPOCH]!) : Number.NaN
  const time = header ?? (seconds > 0 && seconds < 1e11 ? seconds * 1000 : context.arrived)
  row.long(F.time, time)
  if (!row.has(F.duration)) return
  row.long(F.start, time - row.number[F.duration]! / 1e6)
  row.long(F.end, time)
}

export const juniperSrx: Parser<Record<string, never>> = {
  id: 'juniper_srx',
  title: 'Juniper SRX',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'juniper', vendor: VENDOR },
    { product: 'juniper', vendor: VENDOR },
    { product: 'juniper', service: 'srx', vendor: VENDOR },
    { product: 'juniper', service: 'bgp', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'CLI',
      text: ({ host, port, tcp }) => `configure
set security log mode stream
set security log format sd-syslog
set security log stream vonglau host ${host} port ${port}
set security log stream vonglau format sd-syslog
set security log transport protocol ${tcp ? 'tcp' : 'udp'}
set security log source-address <address of the interface that leads to ${host}>
set system syslog host ${host} any info
set system syslog host ${host} port ${port}
set system syslog host ${host} structured-data
commit
`,
    },
  ],
  open: () => parse,
}
