/**
 * PAN-OS logs in the default syslog format: comma-separated columns, quoted where they hold a comma or a quote (PAN-OS
 * Administrator's Guide 8.1 to 11.1, "Syslog Field Descriptions" and "Escape Sequences").
 * https://docs.paloaltonetworks.com/pan-os/11-0/pan-os-admin/monitoring/use-syslog-for-monitoring/syslog-field-descriptions
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, integer, is, standsAt } from '../row/values.ts'
import { putSort, type Sort } from './categories.ts'
import { columns, splitColumns } from './csv.ts'
import { putDirection, putTotals } from './flow.ts'
import { type Layout, LAYOUTS, VENDOR } from './panw_columns.ts'
import { config, globalProtect, outcome, SORTS, sessionSort, severityOf, system } from './panw_sorts.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { dayTime, isoTime, zoneOf } from './stamps.ts'
import { putValue } from './targets.ts'
import { zonedMillis } from './time.ts'
import { putUrl } from './url.ts'

const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  end: field('event.end'),
  duration: field('event.duration'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  severity: field('event.severity'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  fileName: field('file.name'),
  sha256: field('file.hash.sha256'),
  md5: field('file.hash.md5'),
  threatName: field(`${VENDOR}threat.name`),
  threatId: field(`${VENDOR}threat.id`),
  ownAction: field(`${VENDOR}action`),
  protocol: field('tls.version_protocol'),
  version: field('tls.version'),
  ingress: field('observer.ingress.zone'),
  egress: field('observer.egress.zone'),
  direction: field('network.direction'),
} as const
const C = {
  vendor: constant('Palo Alto Networks'),
  product: constant('PAN-OS'),
  firewall: constant('firewall'),
  failure: constant('failure'),
  tls: constant('tls'),
} as const

const LAYOUT_OF: Readonly<Record<string, Layout>> = {
  TRAFFIC: 'traffic',
  THREAT: 'threat',
  URL: 'threat',
  DATA: 'threat',
  WILDFIRE: 'threat',
  TUNNEL: 'tunnel',
  START: 'tunnel',
  END: 'tunnel',
  DECRYPTION: 'decryption',
  SCTP: 'sctp',
  GTP: 'gtp',
  SYSTEM: 'system',
  CONFIG: 'config',
  USERID: 'userid',
  HIPMATCH: 'hipmatch',
  'HIP-MATCH': 'hipmatch',
  GLOBALPROTECT: 'globalprotect',
  AUTHENTICATION: 'authentication',
  IPTAG: 'iptag',
  CORRELATION: 'correlation',
}
const layoutOf = new Memo((type): Layout | undefined => {
  const name = type.toUpperCase()
  return Object.hasOwn(LAYOUT_OF, name) ? LAYOUT_OF[name] : undefined
})

const tlsVersion = new Memo((text) => {
  const m = /^TLS ?v?(\d(?:\.\d)?)$/i.exec(text)
  return m ? constant(m[1]!.includes('.') ? m[1]! : `${m[1]}.0`) : undefined
})

const cells = columns()
const DAY = 86_400_000

const empty = (i: number): boolean => i < 0 || i >= cells.count || cells.from[i]! >= cells.to[i]!

/** Columns that hold an unspecified address where there is none. */
const OPTIONAL = [
  'natsrc',
  'natdst',
  'public_ip',
  'public_ipv6',
  'private_ip',
  'private_ipv6',
  'srcipv6',
  'xff_ip',
  'xff',
  'client',
]
const byLayout = <T>(pick: (at: (name: string) => number) => T) =>
  Object.fromEntries(Object.entries(LAYOUTS).map(([name, { at }]) => [name, pick(at)] as const)) as Record<Layout, T>
const optionalOf = byLayout((at) => OPTIONAL.map(at).filter((i) => i >= 0))
const HIGH = byLayout((at) => at('high_res_timestamp'))
const dropUnspecified = (b: Uint8Array, layout: Layout): void => {
  for (const i of optionalOf[layout]) {
    if (i >= cells.count) continue
    const [from, to] = [cells.from[i]!, cells.to[i]!]
    if (is(b, from, to, '0.0.0.0') || is(b, from, to, '::')) cells.to[i] = from
  }
}

/** Zones that the vendor's guides and Elastic's integration call so: which way a flow goes says the firewall, before its addresses do. */
const SIDES = new Memo((name) => (/^trust(?:ed)?$/i.test(name) ? 1 : /^untrust(?:ed)?$/i.test(name) ? 2 : 0))
/** By the side it comes from, and the one it goes to. */
const WAYS = [
  [],
  [undefined, constant('internal'), constant('outbound')],
  [undefined, constant('inbound'), constant('external')],
]
const putWay = (row: Row): void => {
  if (!row.has(F.ingress) || !row.has(F.egress) || row.has(F.direction)) return
  const from = SIDES.get(row.bytes, row.from[F.ingress]!, row.to[F.ingress]!)
  const way = from === 0 ? undefined : WAYS[from]![SIDES.get(row.bytes, row.from[F.egress]!, row.to[F.egress]!)]
  if (way) row.const(F.direction, way)
}

/**
 * The wall clock of the firewall; where the line says the zone too (the high-resolution time of PAN-OS 10), that one. A
 * firewall that has none writes 1970.
 */
const timeOf = (b: Uint8Array, high: number, context: LineContext): number => {
  // Strata Logging Service writes RFC 3339 in UTC.
  if (cells.to[6]! - cells.from[6]! > 19) return isoTime(b, cells.from[6]!, cells.to[6]!, context.timezone)
  const wall = cells.to[6]! - cells.from[6]! === 19 ? dayTime(b, cells.from[6]!) : Number.NaN
  if (!empty(high)) {
    const time = isoTime(b, cells.from[high]!, cells.to[high]!, context.timezone)
    if (Math.abs(time - wall) < DAY || (Number.isNaN(wall) && time > DAY)) return time
  }
  // When it was received, for a session's line is written later than what it tells of.
  const written = cells.to[1]! - cells.from[1]! === 19 ? dayTime(b, cells.from[1]!) : wall
  return zonedMillis(wall, zoneOf(context, written))
}

const expected = (row: Row, what: string, from: number, to: number): string =>
  `expected ${what}, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`

/** Where type, subtype and action are put together to look up what they say. */
const sortText = (row: Row, layout: Layout, action: number): Sort => {
  const { bytes: b } = row
  const [from, to] = [cells.from[4]!, cells.to[4]!]
  row.reserve(to - from + 64)
  const begin = row.at
  let at = begin
  const bytes = row.bytes
  for (let i = 0; i < layout.length; i++) bytes[at++] = layout.charCodeAt(i)
  bytes[at++] = 32
  for (let i = from; i < to && i - from < 24; i++) bytes[at++] = b[i]!
  bytes[at++] = 32
  if (!empty(action))
    for (let i = cells.from[action]!; i < cells.to[action]! && at - begin < 100; i++) bytes[at++] = b[i]!
  return sessionSort.get(bytes, begin, at)
}

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  splitColumns(row, from, to, cells)
  const { bytes: b } = row
  let layout = cells.count > 6 ? layoutOf.get(b, cells.from[3]!, cells.to[3]!) : undefined
  if (layout === undefined) {
    let i = from
    while (i < to && b[i]! <= 32) i++
    if (i === to) return SKIP
    return expected(row, 'a PAN-OS line with its type (TRAFFIC, THREAT, SYSTEM, …) in column 4', from, to)
  }
  // PAN-OS 7.1: sequence number and flags stand before what was changed.
  if (layout === 'config' && !empty(15) && standsAt(b, cells.from[15]!, '0x')) layout = 'config7'
  const { plan, names, at } = LAYOUTS[layout]
  const time = timeOf(b, HIGH[layout], context)
  if (Number.isNaN(time)) return expected(row, 'YYYY/MM/DD HH:MM:SS in column 7', cells.from[6]!, cells.to[6]!)
  row.long(F.time, time)
  row.const(F.vendor, C.vendor)
  row.const(F.product, C.product)
  row.const(F.observer, C.firewall)
  dropUnspecified(b, layout)
  const count = Math.min(cells.count, names.length)
  for (let i = 2; i < count; i++) {
    const [a, z] = [cells.from[i]!, cells.to[i]!]
    if (a < z) putValue(row, plan, i, a, z)
  }
  const severity = at('severity')
  if (!empty(severity)) {
    const n = severityOf.get(b, cells.from[severity]!, cells.to[severity]!)
    if (n !== undefined) row.long(F.severity, n)
  }
  putKind(row, layout, context, time)
  putTotals(row)
  putWay(row)
  putDirection(row)
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observerName)) row.const(F.observerName, constant(host))
  return EVENT
}
const START = LAYOUTS.traffic.at('start')
const ACTION = LAYOUTS.traffic.at('action')
const EVENT_ID = LAYOUTS.globalprotect.at('eventid')
const SYSTEM_ID = LAYOUTS.system.at('eventid')
const STATUS = LAYOUTS.globalprotect.at('status')
const COMMAND = LAYOUTS.config.at('cmd')
const RESULT = LAYOUTS.config.at('result')
const AUTHENTICATED = LAYOUTS.authentication.at('event')
const MISC = LAYOUTS.threat.at('misc')
const THREAT = LAYOUTS.threat.at('threatid')
const DIGEST = LAYOUTS.threat.at('filedigest')
const TLS = LAYOUTS.decryption.at('tls_version')
const ERROR = LAYOUTS.decryption.at('error')

const known = <T>(memo: Memo<T>, row: Row, i: number): T =>
  i < cells.count ? memo.get(row.bytes, cells.from[i]!, cells.to[i]!) : memo.get(row.bytes, row.at, row.at)

const putOutcome = (row: Row, i: number): void => {
  const said = known(outcome, row, i)
  if (said !== undefined) row.const(F.outcome, said)
}

/** What only logs of one type say. */
const putKind = (row: Row, layout: Layout, context: LineContext, time: number): void => {
  switch (layout) {
    case 'traffic':
    case 'tunnel':
      putSort(row, sortText(row, layout, ACTION))
      putSpan(row, layout === 'traffic' ? START : LAYOUTS.tunnel.at('start'), context, time)
      return
    case 'threat':
      putSort(row, sortText(row, layout, ACTION))
      putThreat(row)
      return
    case 'decryption':
      putSort(row, sortText(row, layout, ACTION))
      if (!empty(TLS)) {
        const version = known(tlsVersion, row, TLS)
        if (version !== undefined) {
          row.const(F.version, version)
          row.const(F.protocol, C.tls)
        }
      }
      if (!empty(ERROR)) row.const(F.outcome, C.failure)
      return
    case 'sctp':
    case 'gtp':
      putSort(row, sortText(row, layout, ACTION))
      return
    case 'config':
    case 'config7':
      putSort(row, known(config, row, COMMAND))
      putOutcome(row, RESULT)
      return
    case 'system':
      putSort(row, known(system, row, SYSTEM_ID))
      return
    case 'globalprotect':
      putSort(row, known(globalProtect, row, EVENT_ID))
      putOutcome(row, STATUS)
      return
    default:
      putSort(row, SORTS[layout]!)
      if (layout === 'authentication') putOutcome(row, AUTHENTICATED)
  }
}

/** When the session began, and when it ended. */
const putSpan = (row: Row, i: number, context: LineContext, time: number): void => {
  if (empty(i) || cells.to[i]! - cells.from[i]! < 19) return
  // In the zone of the line's own time, where that says one.
  const wall = dayTime(row.bytes, cells.from[6]!)
  const start = dayTime(row.bytes, cells.from[i]!) + (Number.isNaN(wall) ? 0 : time - wall)
  if (Number.isNaN(start)) return
  const whole = Number.isNaN(wall) ? zonedMillis(start, context.timezone) : Math.floor(start / 1000) * 1000
  row.long(F.start, whole)
  if (row.has(F.duration)) row.long(F.end, whole + row.number[F.duration]! / 1e6)
}

const URLS = new Set(['url'])
const FILES = new Set(['file', 'virus', 'ml-virus', 'wildfire', 'wildfire-virus', 'data', 'dlp'])
const subject = new Memo((subtype) => (URLS.has(subtype) ? 'url' : FILES.has(subtype) ? 'file' : undefined))
const putThreat = (row: Row): void => {
  if (!empty(MISC)) {
    const [from, to] = [cells.from[MISC]!, cells.to[MISC]!]
    const what = subject.get(row.bytes, cells.from[4]!, cells.to[4]!)
    // "URL or file name": that of an exploit may be either.
    const slash = find(row.bytes, 47, from, to) >= 0
    if (what === 'url' || (what === undefined && slash)) putUrl(row, from, to)
    else if (what === 'file') row.text(F.fileName, from, to)
  }
  if (!empty(THREAT)) {
    // `Name of the threat(12345)`
    const { bytes: b } = row
    const [from, to] = [cells.from[THREAT]!, cells.to[THREAT]!]
    let open = to - 1
    if (b[open] === 41) {
      do open--
      while (open > from && b[open]! >= 48 && b[open]! <= 57)
      if (b[open] === 40) {
        row.text(F.threatName, from, open)
        row.text(F.threatId, open + 1, to - 1)
      } else row.text(F.threatName, from, to)
    } else if (Number.isNaN(integer(b, from, to))) row.text(F.threatName, from, to)
    else row.text(F.threatId, from, to)
  }
  if (empty(DIGEST)) return
  const size = cells.to[DIGEST]! - cells.from[DIGEST]!
  if (size === 64) row.text(F.sha256, cells.from[DIGEST]!, cells.to[DIGEST]!)
  else if (size === 32) row.text(F.md5, cells.from[DIGEST]!, cells.to[DIGEST]!)
}

export const panwPanos: Parser<Record<string, never>> = {
  id: 'panw_panos',
  title: 'Palo Alto Networks PAN-OS',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'paloalto', vendor: VENDOR },
    { product: 'paloalto', vendor: VENDOR },
    { category: 'appliance', product: 'paloalto', vendor: VENDOR },
    { product: 'paloalto', service: 'globalprotect', vendor: VENDOR, where: [`${VENDOR}type`, 'GLOBALPROTECT'] },
    {
      category: 'appliance',
      product: 'paloalto',
      service: 'globalprotect',
      vendor: VENDOR,
      where: [`${VENDOR}type`, 'GLOBALPROTECT'],
    },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'CLI',
      text: ({ host, port, tcp }) => `configure
set shared log-settings syslog vonglau server vonglau server ${host}
set shared log-settings syslog vonglau server vonglau transport ${tcp ? 'TCP' : 'UDP'}
set shared log-settings syslog vonglau server vonglau port ${port}
set shared log-settings syslog vonglau server vonglau format BSD
set shared log-settings syslog vonglau server vonglau facility LOG_USER
set shared log-settings system match-list vonglau filter "All Logs" send-syslog vonglau
set shared log-settings config match-list vonglau filter "All Logs" send-syslog vonglau
set shared log-settings globalprotect match-list vonglau filter "All Logs" send-syslog vonglau
commit
# and a log forwarding profile with send-syslog vonglau for traffic, threat, url and wildfire, set in the security rules
`,
    },
  ],
  open: () => parse,
}
