/**
 * Check Point's Log Exporter: `[action:"Accept"; src:"192.0.2.1"; …]` (its format syslog, and generic without brackets) and
 * `action=Accept|src=192.0.2.1|…` (its format splunk). Values hold semicolons and bars; in quotes `"`, `\` and `]` are escaped
 * (Logging and Monitoring Administration Guide, "Log Exporter"; sk122323).
 * https://sc1.checkpoint.com/documents/R81.20/WebAdminGuides/EN/CP_R81.20_LoggingAndMonitoring_AdminGuide/Content/Topics-LMG/Log-Exporter.htm
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { integer, is } from '../row/values.ts'
import { putSort, type Sort, sortOf } from './categories.ts'
import { idsOf, KEYS, PLAN, VENDOR } from './checkpoint_fields.ts'
import { putTotals } from './flow.ts'
import { Pairs } from './keyvalue.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { putValue } from './targets.ts'
import { lower } from './url.ts'

const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  end: field('event.end'),
  duration: field('event.duration'),
  action: field('event.action'),
  severity: field('event.severity'),
  vendor: field('observer.vendor'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  direction: field('network.direction'),
  ingress: field('observer.ingress.interface.name'),
  egress: field('observer.egress.interface.name'),
  emailSubject: field('email.subject'),
  subject: field(`${VENDOR}subject`),
  ownSeverity: field(`${VENDOR}severity`),
} as const
const CHECKPOINT = constant('Checkpoint')
const FIREWALL = constant('firewall')

const pairs = new Pairs(KEYS)
const [ACTION, PRODUCT, IFDIR, IFNAME, TIME, START, START_TIME, SEVERITY, SUBJECT, ELAPSED] = idsOf(
  'action',
  'product',
  'ifdir',
  'ifname',
  'time',
  'start',
  'start_time',
  'severity',
  'subject',
  'elapsed',
)
const [RULE_ACTION, XLATESRC, XLATEDST, XLATESPORT, XLATEDPORT, OPERATION, MALWARE, PROTECTION, FROM] = idsOf(
  'rule_action',
  'xlatesrc',
  'xlatedst',
  'xlatesport',
  'xlatedport',
  'operation',
  'malware_action',
  'protection_name',
  'from',
)

/** Keys are words; a field of another kind of log may have a blank or a hyphen in it. */
const isKey = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95 || c === 45 || c === 46 || c === 32

/** `key:"value"; key:"value"`, with one colon or two. */
const scanQuoted = (row: Row, from: number, to: number): void => {
  let b = row.bytes
  let at = from
  while (at < to) {
    while (at < to && (b[at]! <= 32 || b[at] === 59 || b[at] === 91 || b[at] === 93)) at++
    const key = at
    while (at < to && isKey(b[at]!)) at++
    const keyEnd = at
    let colons = at
    while (colons < to && (b[colons] === 58 || b[colons] === 61)) colons++
    if (keyEnd === key || colons === at || b[colons] !== 34 || colons >= to) {
      // Not a pair: on to the next semicolon.
      while (at < to && b[at] !== 59) at++
      if (at < to) at++
      continue
    }
    const value = colons + 1
    let escapes = false
    let i = value
    for (; i < to; i++) {
      if (b[i] === 92) {
        escapes = true
        i++
      } else if (b[i] === 34) {
        // A quote that was not escaped closes where a separator follows.
        let next = i + 1
        while (next < to && b[next] === 32) next++
        if (next >= to || b[next] === 59 || b[next] === 93) break
      }
    }
    const stop = Math.min(i, to)
    let [a, z] = [value, stop]
    if (escapes) {
      ;[a, z] = unescaped(row, value, stop)
      b = row.bytes
    }
    put(b, key, keyEnd, a, z)
    at = stop + 1
  }
}
const put = (b: Uint8Array, key: number, keyEnd: number, from: number, to: number): void => {
  if (from >= to) return
  const id = pairs.id(b, key, keyEnd)
  if (id >= 0) pairs.put(id, from, to)
  else pairs.putUnknown(key, keyEnd, from, to)
}
const unescaped = (row: Row, from: number, to: number): [number, number] => {
  row.reserve(to - from)
  const { bytes } = row
  const begin = row.at
  let at = begin
  for (let i = from; i < to; i++) {
    if (bytes[i] === 92 && i + 1 < to && (bytes[i + 1] === 34 || bytes[i + 1] === 92 || bytes[i + 1] === 93)) i++
    bytes[at++] = bytes[i]!
  }
  row.at = at
  bytes[at] = 0
  return [begin, at]
}

/** `key=value|key=value`: a value ends at the bar that the next `key=` follows. */
const scanBars = (b: Uint8Array, from: number, to: number): void => {
  let at = from
  while (at < to) {
    const key = at
    while (at < to && isKey(b[at]!)) at++
    if (at === key || b[at] !== 61 || at >= to) {
      while (at < to && b[at] !== 124) at++
      at++
      continue
    }
    const keyEnd = at
    const value = at + 1
    let i = value
    for (; i < to; i++) {
      if (b[i] !== 124 || b[i - 1] === 92) continue
      let next = i + 1
      while (next < to && next - i < 64 && isKey(b[next]!)) next++
      if (next === to || (b[next] === 61 && next > i + 1)) break
    }
    const stop = Math.min(i, to)
    put(b, key, keyEnd, value, stop)
    at = stop + 1
  }
}

const DENIED = new Set(['drop', 'reject', 'block', 'prevent', 'quarantine', 'deny'])
const ALLOWED = new Set([
  'accept',
  'allow',
  'bypass',
  'encrypt',
  'decrypt',
  'vpn routing',
  'forward to mta',
  'redirect',
])
const LOGINS: Readonly<Record<string, readonly [type: string, outcome: string]>> = {
  'log in': ['start', 'success'],
  'failed log in': ['start', 'failure'],
  'log out': ['end', 'success'],
  authorize: ['info', 'success'],
  deauthorize: ['info', 'success'],
}
/** By what the line is of (an attack, an operation of an administrator, else a connection) and its action. */
const sortFor = (what: string, action: string): Sort => {
  const word = action.toLowerCase()
  if (Object.hasOwn(LOGINS, word)) {
    const [type, outcome] = LOGINS[word]!
    return sortOf({ category: 'network authentication', type, outcome })
  }
  if (what === 'audit')
    return sortOf({ category: 'configuration', type: 'change', ...(word === 'accept' ? { outcome: 'success' } : {}) })
  const verdict = DENIED.has(word) ? 'denied' : ALLOWED.has(word) ? 'allowed' : undefined
  return sortOf({
    category:
      what === 'malware'
        ? 'network malware intrusion_detection'
        : what === 'attack'
          ? 'network intrusion_detection'
          : 'network',
    type: verdict === undefined ? 'info' : what === 'connection' ? `${verdict} connection` : verdict,
    ...(verdict === undefined ? {} : { outcome: verdict === 'allowed' ? 'success' : 'failure' }),
  })
}
const SORTS = new Map(
  ['connection', 'attack', 'malware', 'audit'].map((what) => [what, new Memo((action) => sortFor(what, action))]),
)
/** Severities as Check Point counts them (0 Informational to 4 Critical). */
const severityOf = new Memo((text) => {
  const n = ['informational', 'low', 'medium', 'high', 'critical'].indexOf(text.toLowerCase())
  return n >= 0 ? n : /^\d$/.test(text) ? Number(text) : undefined
})
const leftover = new Memo((name) => `${VENDOR}${name.trim().replaceAll(/[ .-]/g, '_')}`)

/** Epoch seconds or milliseconds, told by their length. */
const epoch = (b: Uint8Array, id: number): number => {
  if (!pairs.has(id)) return Number.NaN
  const size = pairs.to[id]! - pairs.from[id]!
  const n = integer(b, pairs.from[id]!, pairs.to[id]!)
  return size === 10 ? n * 1000 : size === 13 ? n : Number.NaN
}
/** `H:MM:SS` in ms. */
const elapsedOf = new Memo((text) => {
  const m = /^(\d{1,4}):(\d\d):(\d\d)$/.exec(text)
  return m ? (Number(m[1]) * 3600 + Number(m[2]) * 60 + Number(m[3])) * 1000 : Number.NaN
})

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  let i = from
  while (i < to && (row.bytes[i]! <= 32 || row.bytes[i] === 45)) i++
  if (i === to) return SKIP
  pairs.clear()
  let mark = i
  while (mark < to && isKey(row.bytes[mark]!)) mark++
  if (row.bytes[i] === 91 || row.bytes[mark] === 58 || (row.bytes[mark] === 61 && row.bytes[mark + 1] === 34))
    scanQuoted(row, i, to)
  else scanBars(row.bytes, i, to)
  const b = row.bytes
  if (pairs.count < 3 || !(pairs.has(PRODUCT) || pairs.has(ACTION) || pairs.has(IFDIR)))
    return `expected Check Point's [key:"value"; …] or key=value|…, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  const written = epoch(b, TIME)
  const time = Number.isNaN(written) ? (context.header?.time ?? Number.NaN) : written
  row.long(F.time, Number.isNaN(time) ? context.arrived : time)
  row.const(F.vendor, CHECKPOINT)
  row.const(F.observer, FIREWALL)
  dropUntranslated(b)
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
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observerName)) row.const(F.observerName, constant(host))
  putTotals(row)
  return EVENT
}

/** `0.0.0.0` and port 0 say that nothing was translated. */
const dropUntranslated = (b: Uint8Array): void => {
  for (const id of [XLATESRC, XLATEDST])
    if (
      pairs.has(id) &&
      (is(b, pairs.from[id]!, pairs.to[id]!, '0.0.0.0') || is(b, pairs.from[id]!, pairs.to[id]!, '::'))
    )
      pairs.to[id] = pairs.from[id]!
  for (const id of [XLATESPORT, XLATEDPORT])
    if (pairs.has(id) && is(b, pairs.from[id]!, pairs.to[id]!, '0')) pairs.to[id] = pairs.from[id]!
}

const putOwn = (row: Row): void => {
  const { bytes: b } = row
  const { from: starts, to: stops } = pairs
  const text = (id: number, f: number) => row.text(f, starts[id]!, stops[id]!)
  const what = pairs.has(MALWARE)
    ? 'malware'
    : pairs.has(PROTECTION)
      ? 'attack'
      : pairs.has(OPERATION)
        ? 'audit'
        : 'connection'
  const action = pairs.has(ACTION) ? ACTION : RULE_ACTION
  const sorts = SORTS.get(what)!
  putSort(row, pairs.has(action) ? sorts.get(b, starts[action]!, stops[action]!) : sorts.get(b, row.at, row.at))
  if (pairs.has(ACTION)) text(ACTION, F.action)
  if (pairs.has(IFDIR)) row.const(F.direction, lower.get(b, starts[IFDIR]!, stops[IFDIR]!))
  if (pairs.has(IFNAME))
    text(IFNAME, pairs.has(IFDIR) && is(b, starts[IFDIR]!, stops[IFDIR]!, 'outbound') ? F.egress : F.ingress)
  if (pairs.has(SEVERITY)) {
    const n = severityOf.get(b, starts[SEVERITY]!, stops[SEVERITY]!)
    if (n === undefined) text(SEVERITY, F.ownSeverity)
    else row.long(F.severity, n)
  }
  // Of a mail its subject, of an audit what it is about.
  if (pairs.has(SUBJECT)) text(SUBJECT, pairs.has(FROM) ? F.emailSubject : F.subject)
  const start = pairs.has(START_TIME) ? epoch(b, START_TIME) : epoch(b, START)
  if (!Number.isNaN(start)) row.long(F.start, start)
  if (pairs.has(ELAPSED)) {
    const span = elapsedOf.get(b, starts[ELAPSED]!, stops[ELAPSED]!)
    if (!Number.isNaN(span) && span < 9e9) row.long(F.duration, span * 1e6)
  }
  if (!Number.isNaN(start) && row.has(F.duration)) row.long(F.end, start + Math.floor(row.number[F.duration]! / 1e6))
}

export const checkpoint: Parser<Record<string, never>> = {
  id: 'checkpoint',
  title: 'Check Point',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'checkpoint', vendor: VENDOR },
    { product: 'checkpoint', vendor: VENDOR },
    { product: 'checkpoint', service: 'fw1', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'Expert mode of the Management Server',
      text: ({
        host,
        port,
        tcp,
      }) => `cp_log_export add name vonglau target-server ${host} target-port ${port} protocol ${tcp ? 'tcp' : 'udp'} format syslog read-mode semi-unified
cp_log_export restart name vonglau
`,
    },
  ],
  open: () => parse,
}
