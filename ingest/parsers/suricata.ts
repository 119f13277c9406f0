/** Suricata's EVE log: one JSON object a line, https://docs.suricata.io/en/latest/output/eve/eve-json-output.html */
import { z } from 'zod'
import { addressOf } from '../row/address.ts'
import { constant, type Const } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { findLast, integer, is, standsAt } from '../row/values.ts'
import { expected } from './clf.ts'
import { putDirection, putTotals } from './flow.ts'
import { CUT, readJson } from './json.ts'
import { Leaves } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan } from './plan.ts'
import { isoTime } from './stamp.ts'
import { EVE, OWN, STATS } from './suricata_fields.ts'
import { lower, putDomain, putHost, putUrl, splitHost } from './url.ts'

const F = {
  time: field('@timestamp'),
  kind: field('event.kind'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  start: field('event.start'),
  end: field('event.end'),
  duration: field('event.duration'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  protocol: field('network.protocol'),
  appProto: field('suricata.eve.app_proto'),
  alertAction: field('suricata.eve.alert.action'),
  version: field('http.version'),
  domain: field('destination.domain'),
  path: field('file.path'),
  file: field('file.name'),
  answers: field('dns.answers.data'),
  resolved: field('dns.resolved_ip'),
  serial: field('tls.server.x509.serial_number'),
  fingerprint: field('tls.server.hash.sha1'),
  tlsVersion: field('tls.version'),
  tlsProtocol: field('tls.version_protocol'),
  ownVersion: field('suricata.eve.tls.version'),
} as const
const text = {
  oisf: constant('OISF'),
  suricata: constant('Suricata'),
  ids: constant('ids'),
  alert: constant('alert'),
  metric: constant('metric'),
  allowed: constant('allowed'),
  denied: constant('denied'),
  success: constant('success'),
  failure: constant('failure'),
  start: constant('start'),
  end: constant('end'),
} as const

const leaves = new Leaves(OWN)
const idOf = (name: (typeof OWN)[number]): number => OWN.indexOf(name) + 1
const ID = {
  timestamp: idOf('timestamp'),
  type: idOf('event_type'),
  app: idOf('app_proto'),
  action: idOf('alert.action'),
  start: idOf('flow.start'),
  end: idOf('flow.end'),
  netStart: idOf('netflow.start'),
  netEnd: idOf('netflow.end'),
  host: idOf('http.hostname'),
  url: idOf('http.url'),
  protocol: idOf('http.protocol'),
  status: idOf('http.status'),
  rdata: idOf('dns.rdata'),
  answers: idOf('dns.answers.rdata'),
  a: idOf('dns.grouped.A'),
  aaaa: idOf('dns.grouped.AAAA'),
  serial: idOf('tls.serial'),
  fingerprint: idOf('tls.fingerprint'),
  version: idOf('tls.version'),
  filename: idOf('fileinfo.filename'),
  state: idOf('flow.state'),
} as const
const PREFIX = 'suricata.eve.'
const events = new Plan(PREFIX, EVE)
const stats = new Plan(PREFIX, STATS, false)

interface Class {
  readonly category: readonly Const[]
  readonly type: readonly Const[]
}
const classOf = (category: readonly string[], type: readonly string[]): Class => ({
  category: category.map(constant),
  type: type.map(constant),
})
/** Types whose class is not that of a protocol's transaction. */
const CLASSES: Readonly<Record<string, Class>> = {
  alert: classOf(['network', 'intrusion_detection'], []),
  anomaly: classOf(['network'], []),
  drop: classOf(['network'], ['denied']),
  flow: classOf(['network'], ['connection']),
  netflow: classOf(['network'], ['connection']),
  fileinfo: classOf(['network', 'file'], ['info']),
  http: classOf(['network', 'web'], ['access', 'protocol']),
  http2: classOf(['network', 'web'], ['access', 'protocol']),
  stats: classOf([], ['info']),
  engine: classOf([], ['info']),
  metadata: classOf(['network'], ['info']),
}
const TRANSACTION = classOf(['network'], ['protocol'])
const classes = new Memo((name) => ({
  of: Object.hasOwn(CLASSES, name) ? CLASSES[name]! : TRANSACTION,
  isAlert: name === 'alert',
  isStats: name === 'stats',
  isHttp: name === 'http',
}))
/** What Suricata writes where it does not know the protocol is none. */
const NO_PROTOCOL = new Set(['failed', 'unknown'])
const protocols = new Memo((name) => (NO_PROTOCOL.has(name) ? undefined : constant(name.toLowerCase())))
const tls = new Memo((name) => {
  const m = /^(SSL|TLS)v?\s?(\d(?:\.\d)?)$/i.exec(name)
  return m ? { protocol: constant(m[1]!.toLowerCase()), version: constant(m[2]!) } : undefined
})
const bare = new Memo((text) => constant(text.replaceAll(':', '').toUpperCase()))

const putTls = (row: Row): void => {
  const { at, from, to } = leaves
  let i = at[ID.version]!
  if (i >= 0) {
    const found = tls.get(row.bytes, from[i]!, to[i]!)
    row.text(F.ownVersion, from[i]!, to[i]!)
    if (found) {
      row.const(F.tlsVersion, found.version)
      row.const(F.tlsProtocol, found.protocol)
    }
  }
  i = at[ID.serial]!
  if (i >= 0 && to[i]! > from[i]!) row.const(F.serial, bare.get(row.bytes, from[i]!, to[i]!))
  i = at[ID.fingerprint]!
  if (i >= 0 && to[i]! > from[i]!) row.const(F.fingerprint, bare.get(row.bytes, from[i]!, to[i]!))
}

const putHttp = (row: Row): void => {
  const { at, from, to } = leaves
  let i = at[ID.url]!
  if (i >= 0) putUrl(row, from[i]!, to[i]!)
  i = at[ID.host]!
  if (i >= 0) {
    putHost(row, from[i]!, to[i]!)
    const [a, z] = splitHost(row.bytes, from[i]!, to[i]!)
    putDomain(row, F.domain, a, z)
  }
  i = at[ID.protocol]!
  if (i >= 0 && standsAt(row.bytes, from[i]!, 'HTTP/')) row.text(F.version, from[i]! + 5, to[i]!)
}

const DNS = [ID.answers, ID.rdata, ID.a, ID.aaaa]
const putAnswers = (row: Row): void => {
  const { at, from, to, next } = leaves
  if (!DNS.some((id) => at[id]! >= 0)) return
  row.list(F.answers)
  for (const id of at[ID.answers]! >= 0 ? [ID.answers] : DNS)
    for (let i = at[id]!; i >= 0; i = next[i]!) row.item(from[i]!, to[i]!)
  let begun = false
  const seen = new Set<string>()
  for (const id of DNS)
    for (let i = at[id]!; i >= 0; i = next[i]!) {
      const address = addressOf(row.bytes, from[i]!, to[i]!)
      if (address === undefined || seen.has(address.text)) continue
      seen.add(address.text)
      if (!begun) row.list(F.resolved)
      begun = true
      row.constItem(address.canonical)
    }
}

const putFlow = (row: Row, startId: number, endId: number, timezone: string): void => {
  const { at, from, to } = leaves
  const [s, e] = [at[startId]!, at[endId]!]
  const b = row.bytes
  const start = s < 0 ? Number.NaN : isoTime(b, from[s]!, to[s]!, timezone)
  const end = e < 0 ? Number.NaN : isoTime(b, from[e]!, to[e]!, timezone)
  if (!Number.isNaN(start)) row.long(F.start, start)
  if (Number.isNaN(end)) return
  row.long(F.end, end)
  const took = (end - start) * 1e6
  if (took >= 0 && took < Number.MAX_SAFE_INTEGER) row.long(F.duration, took)
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  let begin = from
  while (begin < to && row.bytes[begin]! <= 32) begin++
  if (begin === to) return SKIP
  // `prefix: "@cee: "` of suricata.yaml.
  if (standsAt(row.bytes, begin, '@cee:')) begin += 5
  leaves.clear()
  const answer = readJson(row, begin, to, leaves)
  if (answer >= 0) return expected(row, answer === begin ? 'a JSON object' : 'JSON', answer, to)
  const { at } = leaves
  const [when, what] = [at[ID.timestamp]!, at[ID.type]!]
  if (what < 0 || what === leaves.cut)
    return expected(row, answer === CUT ? 'event_type before the line was cut' : 'event_type in the JSON', from, to)
  const time = when < 0 ? Number.NaN : isoTime(row.bytes, leaves.from[when]!, leaves.to[when]!, context.timezone)
  if (Number.isNaN(time))
    return `expected timestamp as YYYY-MM-DDThh:mm:ss, found ${when < 0 ? 'none' : JSON.stringify(row.slice(leaves.from[when]!, leaves.to[when]!).slice(0, 60))}`
  row.long(F.time, time)
  row.const(F.vendor, text.oisf)
  row.const(F.product, text.suricata)
  row.const(F.observer, text.ids)
  const { of, isAlert, isStats, isHttp } = classes.get(row.bytes, leaves.from[what]!, leaves.to[what]!)
  if (isStats) {
    row.const(F.kind, text.metric)
    stats.put(row, leaves, context.timezone)
  } else events.put(row, leaves, context.timezone)
  putClass(row, of, isAlert, isHttp)
  if (isStats) return EVENT
  const app = at[ID.app]!
  if (app >= 0) {
    const name = protocols.get(row.bytes, leaves.from[app]!, leaves.to[app]!)
    if (name) row.const(F.protocol, name)
    else row.text(F.appProto, leaves.from[app]!, leaves.to[app]!)
  } else if (of === TRANSACTION || isHttp)
    // The log of a protocol is named after it.
    row.const(F.protocol, lower.get(row.bytes, leaves.from[what]!, leaves.to[what]!))
  putHttp(row)
  putAnswers(row)
  putTls(row)
  putFlow(row, ID.start, ID.end, context.timezone)
  if (at[ID.netStart]! >= 0) putFlow(row, ID.netStart, ID.netEnd, context.timezone)
  const file = at[ID.filename]!
  if (file >= 0 && file !== leaves.cut) {
    const [a, z] = [leaves.from[file]!, leaves.to[file]!]
    row.text(F.path, a, z)
    row.text(F.file, Math.max(findLast(row.bytes, 47, a, z), findLast(row.bytes, 92, a, z), a - 1) + 1, z)
  }
  putTotals(row)
  putDirection(row)
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observerName)) row.const(F.observerName, constant(host))
  return EVENT
}

const putClass = (row: Row, { category, type }: Class, isAlert: boolean, isHttp: boolean): void => {
  const { at, from, to } = leaves
  const b = row.bytes
  if (category.length > 0) {
    row.list(F.category)
    for (const each of category) row.constItem(each)
  }
  const action = at[ID.action]!
  if (isAlert) {
    row.const(F.kind, text.alert)
    if (action >= 0) {
      row.text(F.action, from[action]!, to[action]!)
      row.text(F.alertAction, from[action]!, to[action]!)
      row.list(F.type)
      row.constItem(is(b, from[action]!, to[action]!, 'blocked') ? text.denied : text.allowed)
    }
    return
  }
  row.list(F.type)
  for (const each of type) row.constItem(each)
  const state = at[ID.state]!
  if (state >= 0 && is(b, from[state]!, to[state]!, 'new')) row.constItem(text.start)
  if (state >= 0 && is(b, from[state]!, to[state]!, 'closed')) row.constItem(text.end)
  const status = at[ID.status]!
  if (!isHttp || status < 0) return
  const n = integer(b, from[status]!, to[status]!)
  if (n >= 100) row.const(F.outcome, n < 400 ? text.success : text.failure)
}

export const suricata: Parser<Record<string, never>> = {
  id: 'suricata',
  title: 'Suricata (EVE JSON)',
  options: z.strictObject({}),
  logsources: [{ product: 'suricata', taxonomy: 'firewall', vendor: PREFIX }],
  settings: [
    {
      collect: 'syslog',
      where: 'suricata.yaml, outputs',
      text: ({ host, port }) => `- eve-log:
    enabled: yes
    filetype: syslog
    facility: local5
    level: Info
    community-id: true
    types: [alert, anomaly, http, dns, tls, files, smtp, ssh, smb, flow]
# /etc/rsyslog.d/30-vonglau.conf
$MaxMessageSize 64k
local5.* @@${host.includes(':') ? `[${host}]` : host}:${port}
`,
    },
  ],
  open: () => parse,
}
