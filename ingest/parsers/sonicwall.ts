/**
 * SonicWall SonicOS: `id=firewall sn=… time="2026-05-14 09:30:01 UTC" fw=… pri=6 c=1024 m=537 msg="Connection Closed" …`, its
 * standard and its enhanced format (SonicOS 7 Log Events Reference Guide).
 * https://www.sonicwall.com/support/technical-documentation/docs/sonicos-7-0-0-0-log_events_reference_guide
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, integer, port, standsAt } from '../row/values.ts'
import { putSort } from './categories.ts'
import { putDirection, putTotals } from './flow.ts'
import { Pairs } from './keyvalue.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { idsOf, KEYS, leftover, PLAN, sortFor, VENDOR } from './sonicwall_fields.ts'
import { dayTime, zoneOf } from './stamps.ts'
import { putValue } from './targets.ts'
import { zonedMillis } from './time.ts'
import { putTransport } from './transport.ts'
import { lower, putPath } from './url.ts'

const F = {
  time: field('@timestamp'),
  severity: field('event.severity'),
  level: field('log.level'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  protocol: field('network.protocol'),
  method: field('http.request.method'),
  original: field('url.original'),
  ruleId: field('rule.id'),
  ruleName: field('rule.name'),
} as const
const SONICWALL = constant('SonicWall')
const SONICOS = constant('SonicOS')
const FIREWALL = constant('firewall')

const pairs = new Pairs(KEYS)
const [TIME, PRI, SRC, DST, NAT_SRC, NAT_DST, PROTO, OP, ARG, RULE, M, ACTION, MSG] = idsOf(
  'time',
  'pri',
  'src',
  'dst',
  'natSrc',
  'natDst',
  'proto',
  'op',
  'arg',
  'rule',
  'm',
  'fw_action',
  'msg',
)
const sideOf = (side: 'source' | 'destination') => ({
  ip: field(`${side}.ip`),
  port: field(`${side}.port`),
  domain: field(`${side}.domain`),
  natIp: field(`${side}.nat.ip`),
  natPort: field(`${side}.nat.port`),
  interface: field(side === 'source' ? 'observer.ingress.interface.name' : 'observer.egress.interface.name'),
})
const SOURCE = sideOf('source')
const DESTINATION = sideOf('destination')
type Side = ReturnType<typeof sideOf>

/** `address:port:interface:name`, IPv6 in brackets or alone; what is not known is left out from the end. */
const putEnd = (row: Row, side: Side, from: number, to: number): void => {
  const { bytes: b } = row
  let at = from
  let end = from
  if (b[from] === 91) {
    end = find(b, 93, from, to)
    if (end < 0) return
    row.ip(side.ip, from + 1, end)
    at = end + 1
  } else {
    end = find(b, 58, from, to)
    if (end < 0) end = to
    if (row.ip(side.ip, from, end) === undefined) {
      row.ip(side.ip, from, to)
      return
    }
    at = end
  }
  for (let part = 0; part < 3 && at < to && b[at] === 58; part++) {
    const begin = at + 1
    // A name may hold colons: it is the rest.
    end = part === 2 ? to : find(b, 58, begin, to)
    if (end < 0) end = to
    if (part === 0) {
      const n = port(b, begin, end)
      if (!Number.isNaN(n)) row.long(side.port, n)
    } else row.text(part === 1 ? side.interface : side.domain, begin, end)
    at = end
  }
}
/** `address:port` that a side is translated to. */
const putNat = (row: Row, side: Side, from: number, to: number): void => {
  const { bytes: b } = row
  const colon = find(b, 58, from, to)
  if (row.ip(side.natIp, from, colon < 0 ? to : colon) === undefined || colon < 0) return
  const next = find(b, 58, colon + 1, to)
  const n = port(b, colon + 1, next < 0 ? to : next)
  if (!Number.isNaN(n)) row.long(side.natPort, n)
}

/** HTTP operations as the firewall numbers them. */
const METHODS = new Map([
  ['1', constant('GET')],
  ['2', constant('POST')],
  ['3', constant('HEAD')],
])
const method = new Memo((text) => METHODS.get(text))

const timeOf = (b: Uint8Array, context: LineContext): number => {
  if (!pairs.has(TIME)) return context.header?.time ?? Number.NaN
  const from = pairs.from[TIME]!
  const size = pairs.to[TIME]! - from
  const wall = size >= 19 ? dayTime(b, from) : Number.NaN
  return size === 23 && standsAt(b, from + 19, ' UTC') ? wall : zonedMillis(wall, zoneOf(context, wall))
}

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  let i = from
  while (i < to && row.bytes[i]! <= 32) i++
  if (i === to) return SKIP
  pairs.scan(row, i, to)
  const b = row.bytes
  if (!pairs.has(M) && !(pairs.has(PRI) && pairs.has(MSG)))
    return `expected SonicOS's id=… sn=… time=… m=…, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  const time = timeOf(b, context)
  row.long(F.time, Number.isNaN(time) ? context.arrived : time)
  row.const(F.vendor, SONICWALL)
  row.const(F.product, SONICOS)
  row.const(F.observer, FIREWALL)
  const { present, count, from: starts, to: stops, unknown, unknowns } = pairs
  for (let n = 0; n < count; n++) {
    const id = present[n]!
    if (starts[id]! < stops[id]!) putValue(row, PLAN, id, starts[id]!, stops[id]!)
  }
  for (let n = 0; n < unknowns; n++) {
    const f = row.field(leftover.get(row.bytes, unknown[n * 4]!, unknown[n * 4 + 1]!))
    if (!row.has(f)) row.text(f, unknown[n * 4 + 2]!, unknown[n * 4 + 3]!)
  }
  putOwn(row)
  putTotals(row)
  putDirection(row)
  return EVENT
}

const putOwn = (row: Row): void => {
  const { bytes: b } = row
  const { from: starts, to: stops } = pairs
  if (pairs.has(SRC)) putEnd(row, SOURCE, starts[SRC]!, stops[SRC]!)
  if (pairs.has(DST)) putEnd(row, DESTINATION, starts[DST]!, stops[DST]!)
  if (pairs.has(NAT_SRC)) putNat(row, SOURCE, starts[NAT_SRC]!, stops[NAT_SRC]!)
  if (pairs.has(NAT_DST)) putNat(row, DESTINATION, starts[NAT_DST]!, stops[NAT_DST]!)
  if (pairs.has(PROTO)) {
    // `tcp/https`, `udp/53`, `17`
    const slash = find(b, 47, starts[PROTO]!, stops[PROTO]!)
    putTransport(row, starts[PROTO]!, slash < 0 ? stops[PROTO]! : slash)
    if (slash >= 0 && slash + 1 < stops[PROTO]! && Number.isNaN(integer(b, slash + 1, stops[PROTO]!)))
      row.const(F.protocol, lower.get(b, slash + 1, stops[PROTO]!))
  }
  if (pairs.has(PRI)) {
    const n = integer(b, starts[PRI]!, stops[PRI]!)
    const level = n >= 0 && n <= 7 ? LEVELS[n] : undefined
    if (level !== undefined) {
      row.long(F.severity, n)
      row.const(F.level, level)
    }
  }
  if (pairs.has(RULE)) {
    row.text(F.ruleId, starts[RULE]!, stops[RULE]!)
    row.text(F.ruleName, starts[RULE]!, stops[RULE]!)
  }
  if (pairs.has(OP)) {
    const said = method.get(b, starts[OP]!, stops[OP]!)
    if (said !== undefined) row.const(F.method, said)
  }
  if (pairs.has(ARG) && b[starts[ARG]!] === 47 && starts[ARG]! < stops[ARG]!) {
    row.text(F.original, starts[ARG]!, stops[ARG]!)
    putPath(row, starts[ARG]!, stops[ARG]!)
  }
  putKind(row)
}
/** As SonicOS and Elastic's integration name them. */
const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'info', 'debug'].map(constant)

const putKind = (row: Row): void => {
  row.reserve(64)
  const { bytes } = row
  const begin = row.at
  let at = begin
  if (pairs.has(M)) for (let i = pairs.from[M]!; i < pairs.to[M]! && at - begin < 16; i++) bytes[at++] = bytes[i]!
  bytes[at++] = 32
  if (pairs.has(ACTION))
    for (let i = pairs.from[ACTION]!; i < pairs.to[ACTION]! && at - begin < 40; i++) bytes[at++] = bytes[i]!
  putSort(row, sortFor.get(bytes, begin, at))
}

export const sonicwall: Parser<Record<string, never>> = {
  id: 'sonicwall',
  title: 'SonicWall SonicOS',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'sonicwall', vendor: VENDOR },
    { product: 'sonicwall', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'Device → Log → Syslog',
      text: ({
        host,
        port,
      }) => `Syslog Servers → Add: Name or IP Address ${host}, Port ${port}, Server Type Syslog Server,
Syslog Format Enhanced Syslog, Syslog Facility Local Use 0
Syslog Settings: Display Syslog Timestamp in UTC
`,
    },
  ],
  open: () => parse,
}
