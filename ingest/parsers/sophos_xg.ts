/**
 * Sophos Firewall (SFOS): `device="SFW" date=2026-05-14 time=09:30:01 timezone="+07" log_type="Firewall" …`, and its central
 * reporting format, `device_name="SFW" timestamp="2026-05-14T09:30:01+0700" …`.
 * https://docs.sophos.com/nsg/sophos-firewall/20.0/syslog/index.html
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { dateTime, integer, is } from '../row/values.ts'
import { putSort } from './categories.ts'
import { putDirection, putTotals } from './flow.ts'
import { Pairs } from './keyvalue.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { idsOf, KEYS, PLAN, VENDOR } from './sophos_xg_fields.ts'
import { sortFor } from './sophos_xg_sorts.ts'
import { isoTime } from './stamps.ts'
import { putUser, putValue } from './targets.ts'
import { offsetMillis, zonedMillis } from './time.ts'

const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  end: field('event.end'),
  duration: field('event.duration'),
  code: field('event.code'),
  action: field('event.action'),
  severity: field('event.severity'),
  level: field('log.level'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  userName: field('source.user.name'),
  userDomain: field('source.user.domain'),
  referrer: field('http.request.referrer'),
  version: field('http.version'),
  query: field('url.query'),
  from: field('email.from.address'),
  to: field('email.to.address'),
  subtype: field(`${VENDOR}log_subtype`),
  rule: field('rule.id'),
  ownRule: field(`${VENDOR}fw_rule_id`),
  protocol: field('network.protocol'),
  scheme: field('url.scheme'),
  direction: field('network.direction'),
  id: field(`${VENDOR}log_id`),
  status: field(`${VENDOR}status`),
} as const
const SOPHOS = constant('Sophos')
const XG = constant('XG')
const FIREWALL = constant('firewall')
const INBOUND = constant('inbound')
const OUTBOUND = constant('outbound')
const INTERNAL = constant('internal')
const EXTERNAL = constant('external')

const pairs = new Pairs(KEYS)
const [DATE, TIME, STAMP, ZONE, LOG_ID, TYPE, COMPONENT, SUBTYPE, STATUS, PRIORITY, SEVERITY] = idsOf(
  'date',
  'time',
  'timestamp',
  'timezone',
  'log_id',
  'log_type',
  'log_component',
  'log_subtype',
  'status',
  'priority',
  'severity',
)
const [
  USER,
  USERNAME,
  MAIL_FROM,
  MAIL_TO,
  SENDER,
  RECIPIENT,
  DURATION,
  CONNEVENT,
  CON_EVENT,
  RESPONSE,
  REFERER,
  PROTOCOL,
  QUERY,
] = idsOf(
  'user_name',
  'user',
  'from_email_address',
  'to_email_address',
  'sender',
  'recepient',
  'duration',
  'connevent',
  'con_event',
  'responsetime',
  'referer',
  'ws_protocol',
  'querystring',
)
const [FW_RULE, FROM_ZONE, TO_ZONE, REASON, HTTP_STATUS] = idsOf(
  'fw_rule_id',
  'srczonetype',
  'dstzonetype',
  'reason',
  'httpstatus',
)
const [NAT_SRC, NAT_DST] = idsOf('tran_src_ip', 'tran_dst_ip')

const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notification', 'informational', 'debug']
const WORDS: Readonly<Record<string, number>> = {
  emergency: 0,
  emerg: 0,
  alert: 1,
  critical: 2,
  crit: 2,
  error: 3,
  warning: 4,
  warn: 4,
  notice: 5,
  notification: 5,
  information: 6,
  informational: 6,
  info: 6,
  debug: 7,
}
const levels = new Memo((text) => {
  const word = text.toLowerCase()
  const n = Object.hasOwn(WORDS, word) ? WORDS[word]! : /^[0-7]$/.test(word) ? Number(word) : undefined
  return n === undefined ? undefined : { n, name: constant(LEVELS[n]!) }
})
/** `+07`, `GMT`, `UTC`: other names of zones mean one here and another there (IST), and the source's zone holds. */
const zones = new Memo((text) =>
  text === 'GMT' || text === 'UTC' ? 0 : /^[+-]/.test(text) ? offsetMillis(text) : Number.NaN,
)

/** Types whose subtype Elastic's integration leaves as it is written; of others it is a word in lower case. */
const asWritten = new Memo((type) => /^(?:anti-virus|anti-spam|sandbox)$/i.test(type))
const lowered = new Memo((text) => constant(text.toLowerCase()))
/** Components that are the protocol that was looked into. */
const protocols = new Memo((text) =>
  /^(?:https?|ftps?|smtps?|pop3?s?|imaps?)$/i.test(text)
    ? constant(text.toLowerCase().replace(/^pops$/, 'pop3s'))
    : undefined,
)
const HTTPS = constant('https')
const isSecure = (row: Row): boolean =>
  row.has(F.scheme) && is(row.bytes, row.from[F.scheme]!, row.to[F.scheme]!, 'https')
const leftover = new Memo((name) => `${VENDOR}${name.replaceAll(/[.-]/g, '_').toLowerCase()}`)

const timeOf = (b: Uint8Array, context: LineContext): number => {
  const { from, to } = pairs
  if (pairs.has(DATE) && pairs.has(TIME) && to[DATE]! - from[DATE]! === 10 && to[TIME]! - from[TIME]! >= 8) {
    const wall = dateTime(b, from[DATE]!, from[TIME]!)
    const offset = pairs.has(ZONE) ? zones.get(b, from[ZONE]!, to[ZONE]!) : Number.NaN
    return Number.isNaN(offset) ? zonedMillis(wall, context.timezone) : wall - offset
  }
  if (!pairs.has(STAMP)) return context.header?.time ?? Number.NaN
  const seconds = integer(b, from[STAMP]!, to[STAMP]!)
  if (seconds > 0) return seconds < 1e11 ? seconds * 1000 : seconds
  return isoTime(b, from[STAMP]!, to[STAMP]!, context.timezone)
}

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  let i = from
  while (i < to && row.bytes[i]! <= 32) i++
  if (i === to) return SKIP
  pairs.scan(row, from, to)
  if (!pairs.has(TYPE) && !pairs.has(LOG_ID))
    return `expected a Sophos Firewall line with log_type= or log_id=, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  const b = row.bytes
  const time = timeOf(b, context)
  if (Number.isNaN(time)) return 'expected date=YYYY-MM-DD time=HH:MM:SS or timestamp=, found none that is a time'
  row.long(F.time, time)
  row.const(F.vendor, SOPHOS)
  row.const(F.product, XG)
  row.const(F.observer, FIREWALL)
  const { present, count, from: starts, to: stops, unknown, unknowns } = pairs
  for (const id of [NAT_SRC, NAT_DST])
    if (pairs.has(id) && is(b, starts[id]!, stops[id]!, '0.0.0.0')) stops[id] = starts[id]!
  for (let n = 0; n < count; n++) {
    const id = present[n]!
    const [a, z] = [starts[id]!, stops[id]!]
    if (a < z && !(z - a === 1 && b[a] === 45) && !is(b, a, z, 'N/A')) putValue(row, PLAN, id, a, z)
  }
  for (let n = 0; n < unknowns; n++) {
    const [a, z] = [unknown[n * 4 + 2]!, unknown[n * 4 + 3]!]
    if (a >= z) continue
    const f = row.field(leftover.get(row.bytes, unknown[n * 4]!, unknown[n * 4 + 1]!))
    if (!row.has(f)) row.text(f, a, z)
  }
  putKind(row)
  putOwn(row, time)
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observerName)) row.const(F.observerName, constant(host))
  putTotals(row)
  putDirection(row)
  return EVENT
}

const said = (b: Uint8Array, id: number): boolean =>
  pairs.has(id) &&
  pairs.from[id]! < pairs.to[id]! &&
  !(pairs.to[id]! - pairs.from[id]! === 1 && b[pairs.from[id]!] === 45)

const putKind = (row: Row): void => {
  const ids = [TYPE, COMPONENT, SUBTYPE, STATUS, pairs.has(CONNEVENT) ? CONNEVENT : CON_EVENT]
  row.reserve(ids.reduce((sum, id) => sum + (pairs.has(id) ? pairs.to[id]! - pairs.from[id]! : 0) + 9, 0))
  const { bytes } = row
  const begin = row.at
  let at = begin
  for (const id of ids) {
    // Longer words than the device has say nothing.
    if (pairs.has(id))
      for (let i = pairs.from[id]!; i < pairs.to[id]! && i - pairs.from[id]! < 48; i++) bytes[at++] = bytes[i]!
    else if (id === STATUS && !pairs.has(SUBTYPE)) {
      const word = said(bytes, REASON)
        ? 'refused'
        : said(bytes, HTTP_STATUS) && bytes[pairs.from[HTTP_STATUS]!]! >= 52
          ? 'failed'
          : ''
      for (let i = 0; i < word.length; i++) bytes[at++] = word.charCodeAt(i)
    }
    bytes[at++] = 9
  }
  putSort(row, sortFor.get(bytes, begin, at))
}

const putOwn = (row: Row, time: number): void => {
  const { bytes: b } = row
  const { from: starts, to: stops } = pairs
  const text = (id: number, f: number) => row.text(f, starts[id]!, stops[id]!)
  if (said(b, LOG_ID)) {
    text(LOG_ID, F.id)
    // Log type, component, subtype and severity, and the message's own five digits.
    if (stops[LOG_ID]! - starts[LOG_ID]! === 12 && integer(b, starts[LOG_ID]!, stops[LOG_ID]!) >= 0)
      row.text(F.code, stops[LOG_ID]! - 5, stops[LOG_ID]!)
  }
  if (said(b, STATUS)) text(STATUS, F.status)
  if (said(b, SUBTYPE)) {
    text(SUBTYPE, F.subtype)
    if (pairs.has(TYPE) && !is(b, starts[TYPE]!, stops[TYPE]!, 'Event')) {
      if (asWritten.get(b, starts[TYPE]!, stops[TYPE]!)) text(SUBTYPE, F.action)
      else row.const(F.action, lowered.get(b, starts[SUBTYPE]!, stops[SUBTYPE]!))
    }
  }
  const severity = said(b, PRIORITY) ? PRIORITY : SEVERITY
  if (said(b, severity)) {
    const level = levels.get(b, starts[severity]!, stops[severity]!)
    if (level !== undefined) {
      row.long(F.severity, level.n)
      row.const(F.level, level.name)
    }
  }
  // Of an attack the rule is its signature.
  if (said(b, FW_RULE)) text(FW_RULE, row.has(F.rule) ? F.ownRule : F.rule)
  if (!row.has(F.protocol) && said(b, COMPONENT)) {
    // The web proxy calls all of its requests HTTP; the URL says which.
    const protocol = isSecure(row) ? HTTPS : protocols.get(b, starts[COMPONENT]!, stops[COMPONENT]!)
    if (protocol !== undefined) row.const(F.protocol, protocol)
  }
  if (said(b, FROM_ZONE) && said(b, TO_ZONE)) {
    const [out, into] = [
      is(b, starts[TO_ZONE]!, stops[TO_ZONE]!, 'WAN'),
      is(b, starts[FROM_ZONE]!, stops[FROM_ZONE]!, 'WAN'),
    ]
    row.const(F.direction, into ? (out ? EXTERNAL : INBOUND) : out ? OUTBOUND : INTERNAL)
  }
  const user = said(b, USER) ? USER : USERNAME
  if (said(b, user)) putUser(row, F.userName, F.userDomain, starts[user]!, stops[user]!)
  const sender = said(b, MAIL_FROM) ? MAIL_FROM : SENDER
  if (said(b, sender)) text(sender, F.from)
  const recipient = said(b, MAIL_TO) ? MAIL_TO : RECIPIENT
  if (said(b, recipient)) text(recipient, F.to)
  if (said(b, REFERER)) text(REFERER, F.referrer)
  if (said(b, PROTOCOL))
    row.text(F.version, starts[PROTOCOL]! + (b[starts[PROTOCOL]! + 4] === 47 ? 5 : 0), stops[PROTOCOL]!)
  if (said(b, QUERY)) row.text(F.query, starts[QUERY]! + (b[starts[QUERY]!] === 63 ? 1 : 0), stops[QUERY]!)
  putDuration(row, time)
}

/** Seconds of a connection that ended now; RED counts milliseconds, the web application firewall microseconds. */
const putDuration = (row: Row, time: number): void => {
  const { bytes: b } = row
  const { from: starts, to: stops } = pairs
  if (said(b, RESPONSE)) {
    const n = integer(b, starts[RESPONSE]!, stops[RESPONSE]!)
    if (n >= 0 && n < 9e12) row.long(F.duration, n * 1000)
  }
  if (!said(b, DURATION)) return
  const n = integer(b, starts[DURATION]!, stops[DURATION]!)
  const red = pairs.has(COMPONENT) && is(b, starts[COMPONENT]!, stops[COMPONENT]!, 'RED')
  const millis = red ? n : n * 1000
  if (!(millis >= 0 && millis < 9e9)) return
  row.long(F.duration, millis * 1e6)
  row.long(F.start, time - millis)
  row.long(F.end, time)
}

export const sophosXg: Parser<Record<string, never>> = {
  id: 'sophos_xg',
  title: 'Sophos Firewall (XG, XGS)',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'sophos', vendor: VENDOR },
    { product: 'sophos', service: 'firewall', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'System services → Log settings → Syslog servers → Add',
      text: ({ host, port }) => `Name: vonglau; IP address/domain: ${host}; Port: ${port}; Facility: DAEMON
Severity level: Information; Format: Device standard format
Then tick every log type in the column vonglau, and "Log firewall traffic" in each firewall rule
`,
    },
  ],
  open: () => parse,
}
