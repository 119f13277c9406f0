/** FortiOS logs: key=value, comma-separated key=value, CEF (FortiOS Log Message Reference, 5.0 to 7.6). */
import { zoneOf } from './stamps.ts'
import { z } from 'zod'
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { dateTime, digits, find, integer, is, port, standsAt } from '../row/values.ts'
import { scanCef } from './cef_scan.ts'
import { directionOf, putTotals } from './flow.ts'
import { fromCef, idsOf, TARGETS, UTM_TYPES } from './fortinet_fields.ts'
import { putEvent, putTraffic, putUtm } from './fortinet_types.ts'
import { first, type Group, isKey, known, pairs, put, said } from './fortinet_pairs.ts'
import { EVENT, type LineContext, type Logsource, type Parser, SKIP } from './parser.ts'
import { offsetMillis, zonedMillis } from './time.ts'
import { TRANSPORT } from './transport.ts'
import { lower, putHost, putLower, putUrl } from './url.ts'

const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  action: field('event.action'),
  reason: field('event.reason'),
  duration: field('event.duration'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  sourceIp: field('source.ip'),
  user: field('user.name'),
  sourceUser: field('source.user.name'),
  iana: field('network.iana_number'),
  transport: field('network.transport'),
  direction: field('network.direction'),
  ruleCategory: field('rule.category'),
  host: field('host.name'),
  ingress: field('observer.ingress.interface.name'),
  egress: field('observer.egress.interface.name'),
  type: field('fortinet.firewall.type'),
  subtype: field('fortinet.firewall.subtype'),
  ownAction: field('fortinet.firewall.action'),
  status: field('fortinet.firewall.status'),
  result: field('fortinet.firewall.result'),
  ui: field('fortinet.firewall.ui'),
  ownDuration: field('fortinet.firewall.duration'),
  srcname: field('fortinet.firewall.srcname'),
  interface: field('fortinet.firewall.interface'),
} as const

const [DATE, TIME, EVENTTIME, TZ] = idsOf('date', 'time', 'eventtime', 'tz')
const [TYPE, SUBTYPE, ACTION, STATUS] = idsOf('type', 'subtype', 'action', 'status')
const [LOGID, LOG_ID, RESULT, UI] = idsOf('logid', 'log_id', 'result', 'ui')

const [T_TEXT, T_LOWER, T_MAC, T_LONG, T_PORT, T_IP] = [1, 2, 3, 4, 5, 6]
const KINDS = { text: T_TEXT, lower: T_LOWER, mac: T_MAC, long: T_LONG, port: T_PORT, ip: T_IP, own: 0, drop: 0 }
/** Of each key: what its value is, the field that it becomes, and the field of what should be an address and is none. */
const planOf = (group: Group) => ({
  kind: Uint8Array.from(TARGETS[group], ({ kind }) => KINDS[kind]!),
  to: Int32Array.from(TARGETS[group], (target) => field(target.field)),
  address: Int32Array.from(TARGETS[group], (target) =>
    target.kind === 'ip' ? field(target.field.replace(/\.ip$/, '.address')) : -1,
  ),
})
const PLANS = { event: planOf('event'), traffic: planOf('traffic'), utm: planOf('utm') }

/** eventtime is in seconds (6.0), and later in milli-, micro- or nanoseconds: told by its length. */
const eventTime = (b: Uint8Array): number => {
  if (!pairs.has(EVENTTIME)) return Number.NaN
  const from = pairs.from[EVENTTIME]!
  const size = pairs.to[EVENTTIME]! - from
  if (size < 9 || size > 19) return Number.NaN
  if (size <= 11) return digits(b, from, size) * 1000
  if (size <= 14) return digits(b, from, size)
  return digits(b, from, size > 17 ? size - 6 : size - 3)
}
const zone = new Memo(offsetMillis)
/** date and time are the device's wall clock: where neither the line nor the source says its zone, eventtime is the time. */
const lineTime = (b: Uint8Array, started: number, context: LineContext): number => {
  if (pairs.has(DATE) && pairs.has(TIME) && (pairs.has(TZ) || context.zoned || Number.isNaN(started))) {
    const [date, time] = [pairs.from[DATE]!, pairs.from[TIME]!]
    if (pairs.to[DATE]! - date === 10 && pairs.to[TIME]! - time >= 8) {
      const wall = dateTime(b, date, time)
      const offset = pairs.has(TZ) ? known(zone, b, TZ) : Number.NaN
      const millis = Number.isNaN(offset) ? zonedMillis(wall, zoneOf(context, wall)) : wall - offset
      if (!Number.isNaN(millis)) return millis
    }
  }
  return Number.isNaN(started) ? (context.header?.time ?? Number.NaN) : started
}

const mac = new Memo((text) => constant(text.replaceAll(':', '-').toUpperCase())) // ECS: RFC 7042, upper-case with hyphens
const leftover = new Memo((name) => `fortinet.firewall.${name.replaceAll('.', '_')}`)

const putValue = (row: Row, f: number, kind: number, from: number, to: number, otherwise: number): void => {
  const { bytes: b } = row
  switch (kind) {
    case T_TEXT:
      if (!row.has(f)) row.text(f, from, to)
      return
    case T_LOWER:
      row.const(f, lower.get(b, from, to))
      return
    case T_MAC:
      row.const(f, mac.get(b, from, to))
      return
    case T_LONG: {
      const n = integer(b, from, to)
      if (!Number.isNaN(n) && !row.has(f)) row.long(f, n)
      return
    }
    case T_PORT: {
      const n = port(b, from, to)
      if (!Number.isNaN(n) && !row.has(f)) row.long(f, n)
      return
    }
    default: {
      const address = addressOf(b, from, to)
      if (address === undefined) {
        if (!row.has(otherwise)) row.text(otherwise, from, to)
      } else if (!row.has(f)) row.putAddress(f, address, from, to)
    }
  }
}

const groupOf = new Memo((type): Group => (type === 'traffic' ? 'traffic' : UTM_TYPES.has(type) ? 'utm' : 'event'))
const FORTINET = constant('Fortinet')
const FORTIGATE = constant('Fortigate')
const FIREWALL = constant('firewall')

const expected = (row: Row, what: string, from: number, to: number): string =>
  `expected ${what}, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`

/** `CEF:0|Fortinet|FortiGate|…`: the same log as extensions of ArcSight's format. */
const readPairs = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  if (standsAt(b, from, 'CEF:')) {
    pairs.clear()
    scanCef(row, from, to, (key, keyEnd, a, z) => fromCef(row, pairs, key, keyEnd, a, z))
    return
  }
  // `date=2026-05-14,time=…`: `set format csv` of `config log syslogd setting`.
  pairs.scan(row, from, to, standsAt(b, from, 'date=') && b[from + 15] === 44)
}

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  readPairs(row, from, to)
  const b = row.bytes
  const typed = said(b, TYPE)
  if (!typed && !pairs.has(LOGID) && !pairs.has(LOG_ID) && !isUntyped()) {
    let i = from
    while (i < to && b[i]! <= 32) i++
    if (i === to) return SKIP
    return expected(row, 'a FortiGate line with type= or logid=', from, to)
  }
  const started = eventTime(b)
  const time = lineTime(b, started, context)
  if (Number.isNaN(time)) {
    const at = (id: number) => (pairs.has(id) ? row.slice(pairs.from[id]!, pairs.to[id]!) : '')
    const found = pairs.has(DATE) ? `date=${at(DATE)} time=${at(TIME)}` : 'no date='
    return `expected date=YYYY-MM-DD time=HH:MM:SS or eventtime=, found ${found.slice(0, 80)}`
  }
  const group = typed ? known(groupOf, b, TYPE) : 'event'
  row.long(F.time, time)
  row.const(F.vendor, FORTINET)
  row.const(F.product, FORTIGATE)
  row.const(F.observer, FIREWALL)
  putPairs(row, PLANS[group])
  if (typed) put(row, F.type, TYPE)
  if (said(row.bytes, SUBTYPE)) put(row, F.subtype, SUBTYPE)
  if (said(row.bytes, ACTION)) put(row, F.ownAction, ACTION)
  if (said(row.bytes, STATUS)) put(row, F.status, STATUS)
  if (said(row.bytes, RESULT)) put(row, F.result, RESULT)
  if (!Number.isNaN(started)) row.long(F.start, started)
  if (group === 'traffic') putTraffic(row)
  else if (group === 'utm') putUtm(row)
  else putEvent(row)
  putTunnel(row)
  putShared(row, group)
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observerName)) row.const(F.observerName, constant(host))
  return EVENT
}

const [DEVNAME, DEVID, MSG, DESC] = idsOf('devname', 'devid', 'msg', 'desc')
/** Some lines (an update of an object) say no type: date, time and what happened. */
const isUntyped = (): boolean =>
  pairs.has(DATE) && pairs.has(TIME) && (pairs.has(DEVNAME) || pairs.has(DEVID) || pairs.has(MSG) || pairs.has(DESC))

const putPairs = (row: Row, { kind, to, address }: (typeof PLANS)[Group]): void => {
  const { from: starts, to: ends, present, count, unknown, unknowns } = pairs
  for (let i = 0; i < count; i++) {
    const id = present[i]!
    const k = kind[id]!
    if (k === 0) continue
    const [a, z] = [starts[id]!, ends[id]!]
    const b = row.bytes
    if (z === a || (z - a === 3 && b[a] === 78 && b[a + 1] === 47 && b[a + 2] === 65)) continue
    const f = to[id]!
    if (k === T_TEXT) {
      if (row.place[f] === 0) row.text(f, a, z)
    } else putValue(row, f, k, a, z, address[id]!)
  }
  for (let i = 0; i < unknowns; i++) {
    const [a, z] = [unknown[i * 4 + 2]!, unknown[i * 4 + 3]!]
    if (z === a || is(row.bytes, a, z, 'N/A')) continue
    const f = row.field(leftover.get(row.bytes, unknown[i * 4]!, unknown[i * 4 + 1]!))
    if (!row.has(f)) row.text(f, a, z)
  }
}

const [REMIP, LOCIP, REMPORT, LOCPORT] = idsOf('remip', 'locip', 'remport', 'locport')
const [INIT, TUNNELTYPE, DIR, DIRECTION] = idsOf('init', 'tunneltype', 'dir', 'direction')
const SIDES = (['source', 'destination'] as const).map((side) => ({
  ip: field(`${side}.ip`),
  port: field(`${side}.port`),
  address: field(`${side}.address`),
}))
/**
 * The two ends of a tunnel. Who called is the source: the client of an SSL VPN and the peer of an IPsec negotiation that
 * came in are remote, the peer of one that the firewall began is the destination.
 */
const putTunnel = (row: Row): void => {
  const b = row.bytes
  if (!said(b, REMIP) && !pairs.has(LOCIP)) return
  const starts = (id: number, text: string) =>
    pairs.has(id) && pairs.to[id]! - pairs.from[id]! >= text.length && standsAt(b, pairs.from[id]!, text)
  const inbound =
    isKey(b, DIR, 'inbound') || isKey(b, INIT, 'remote') || starts(TUNNELTYPE, 'ssl') || starts(ACTION, 'ssl-')
  const here = SIDES[inbound ? 1 : 0]!
  const there = SIDES[inbound ? 0 : 1]!
  const end = (id: number, f: number, kind: number, otherwise: number) => {
    if (said(b, id)) putValue(row, f, kind, pairs.from[id]!, pairs.to[id]!, otherwise)
  }
  end(REMIP, there.ip, T_IP, there.address)
  end(LOCIP, here.ip, T_IP, here.address)
  end(REMPORT, there.port, T_PORT, -1)
  end(LOCPORT, here.port, T_PORT, -1)
}

const [EVENTTYPE, EVENTSUBTYPE, REASON, PROTO] = idsOf('eventtype', 'eventsubtype', 'reason', 'proto')
const [USER, UNAUTHUSER, XAUTHUSER, EAPUSER] = idsOf('user', 'unauthuser', 'xauthuser', 'eapuser')
const [DURATION, APPCAT, CATDESC, URL] = idsOf('duration', 'appcat', 'catdesc', 'url')
const [HOSTNAME, SRCNAME, INTERFACE] = idsOf('hostname', 'srcname', 'interface')

const transport = new Memo((text) => {
  const name = Object.hasOwn(TRANSPORT, text) ? TRANSPORT[text] : undefined
  return name === undefined ? undefined : constant(name)
})
const ruleCategory = new Memo((text) => constant(text.replaceAll('.', '-')))

/** What every type says alike, after the addresses are known. */
const putShared = (row: Row, group: Group): void => {
  const b = row.bytes
  if (said(b, EVENTTYPE) && !row.has(F.action)) put(row, F.action, EVENTTYPE)
  const reason = first(b, REASON, EVENTSUBTYPE)
  if (reason >= 0) put(row, F.reason, reason)
  if (group === 'utm' && !row.has(F.action) && said(b, ACTION)) put(row, F.action, ACTION)
  const user = first(b, UNAUTHUSER, XAUTHUSER, EAPUSER, USER)
  if (user >= 0) {
    put(row, F.sourceUser, user)
    put(row, F.user, user)
  }
  if (said(b, UI)) putUi(row)
  if (said(b, PROTO)) {
    const n = integer(b, pairs.from[PROTO]!, pairs.to[PROTO]!)
    if (n >= 0 && n <= 255) {
      put(row, F.iana, PROTO)
      const name = known(transport, b, PROTO)
      if (name !== undefined) row.const(F.transport, name)
    } else row.const(F.transport, known(lower, b, PROTO))
  }
  if (said(b, DURATION)) {
    const seconds = integer(b, pairs.from[DURATION]!, pairs.to[DURATION]!)
    if (seconds >= 0 && seconds < 9_000_000) row.long(F.duration, seconds * 1e9)
    else put(row, F.ownDuration, DURATION)
  }
  const category = first(b, APPCAT, CATDESC)
  if (category >= 0) row.const(F.ruleCategory, known(ruleCategory, b, category))
  if (said(b, URL)) putUrl(row, pairs.from[URL]!, pairs.to[URL]!)
  if (said(b, HOSTNAME)) {
    // A cluster's events name a member by it, all others the host of a URL.
    if (isKey(b, SUBTYPE, 'ha')) putLower(row, F.host, pairs.from[HOSTNAME]!, pairs.to[HOSTNAME]!)
    else putHost(row, pairs.from[HOSTNAME]!, pairs.to[HOSTNAME]!)
  }
  if (said(b, SRCNAME)) {
    put(row, F.srcname, SRCNAME)
    putLower(row, F.host, pairs.from[SRCNAME]!, pairs.to[SRCNAME]!)
  }
  putDirection(row)
  putTotals(row)
}

/** `ssh(192.0.2.7)`, `https(2001:db8::7)`: where an administrator came from, if the line has no srcip. */
const putUi = (row: Row): void => {
  put(row, F.ui, UI)
  const [from, to] = [pairs.from[UI]!, pairs.to[UI]!]
  const open = find(row.bytes, 40, from, to)
  if (open >= 0 && row.bytes[to - 1] === 41 && !row.has(F.sourceIp)) row.ip(F.sourceIp, open + 1, to - 1)
}

const DIRECTIONS: Readonly<Record<string, string>> = {
  incoming: 'inbound',
  outgoing: 'outbound',
  inbound: 'inbound',
  outbound: 'outbound',
  ingress: 'ingress',
  egress: 'egress',
  internal: 'internal',
  external: 'external',
}
const stated = new Memo((text) => {
  const word = text.toLowerCase()
  return constant(Object.hasOwn(DIRECTIONS, word) ? DIRECTIONS[word]! : 'unknown')
})
const INWARD = new Set(['inbound', 'internal', 'ingress'])
const putDirection = (row: Row): void => {
  const b = row.bytes
  const says = first(b, DIR, DIRECTION)
  const towards = says >= 0 ? known(stated, b, says) : directionOf(row)
  if (towards !== undefined) row.const(F.direction, towards)
  if (!said(b, INTERFACE)) return
  const inward = towards !== undefined && INWARD.has(towards.text)
  const f = inward ? F.ingress : F.egress
  put(row, towards === undefined || row.has(f) ? F.interface : f, INTERFACE)
}

/** What the vendor's own keys stand under. */
const VENDOR = 'fortinet.firewall.'
export const fortinetFortigate: Parser<Record<string, never>> = {
  id: 'fortinet_fortigate',
  title: 'Fortinet FortiGate',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'fortigate', vendor: VENDOR },
    ...['fortigate', 'fortios'].flatMap((product): Logsource[] => [
      { product, vendor: VENDOR },
      { product, service: 'event', vendor: VENDOR, where: [`${VENDOR}type`, 'event'] },
    ]),
    { product: 'fortigate', service: 'traffic', vendor: VENDOR, where: [`${VENDOR}type`, 'traffic'] },
    { product: 'fortios', service: 'sslvpnd', vendor: VENDOR, where: [`${VENDOR}subtype`, 'vpn'] },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'CLI',
      text: ({ host, port, tcp }) => `config log syslogd setting
    set status enable
    set server "${host}"
    set mode ${tcp ? 'reliable' : 'udp'}
    set port ${port}
    set facility local7
    set format default
end
config log syslogd filter
    set severity information
    set forward-traffic enable
    set local-traffic enable
end
`,
    },
  ],
  open: () => parse,
}
