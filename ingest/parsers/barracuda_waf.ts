/**
 * Barracuda Web Application Firewall, the default formats of its logs
 * (https://campus.barracuda.com/product/webapplicationfirewall/doc/92767349/exporting-log-formats/): web firewall (WF), access (TR), audit
 * (AUDIT), network firewall (NF) and system (SYS). Values of clients stand in quotes; what is behind the user agent of a web firewall
 * line is counted from the right.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, integer, is, port } from '../row/values.ts'
import { expected, present, putSize, putStatus } from './clf.ts'
import { DESTINATION, putDirection, putNetworkType, putSide, SOURCE, transport } from './flow.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { isoTime, stampEnd } from './stamp.ts'
import { lower, putHost, putUrl } from './url.ts'

const own = (name: string): number => field(`barracuda.waf.${name}`)
const F = {
  time: field('@timestamp'),
  kind: field('event.kind'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  duration: field('event.duration'),
  code: field('event.code'),
  message: field('message'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  ruleName: field('rule.name'),
  ruleCategory: field('rule.category'),
  forwarded: field('network.forwarded_ip'),
  transport: field('network.transport'),
  method: field('http.request.method'),
  version: field('http.version'),
  referrer: field('http.request.referrer'),
  cookie: field('http.request.cookie'),
  sent: field('http.response.bytes'),
  received: field('http.request.bytes'),
  agent: field('user_agent.original'),
  user: field('user.name'),
  userId: field('user.id'),
  log: own('log_type'),
  unit: own('unit_name'),
  severity: own('severity_level'),
  attack: own('attack_description'),
  details: own('attack_details'),
  taken: own('action_taken'),
  followup: own('followup_action'),
  protocol: own('protocol'),
  session: own('session_id'),
  server: own('server.ip'),
  serverPort: own('server.port'),
  serverTime: own('server.time'),
  cache: own('cache_hit'),
  module: own('module.name'),
  eventId: own('module.event_id'),
  eventMessage: own('module.event_message'),
  client: own('audit.client_type'),
  transaction: own('audit.transaction_type'),
  transactionId: own('audit.transaction_id'),
  command: own('audit.command'),
  change: own('audit.change_type'),
  objectType: own('audit.object_type'),
  objectName: own('audit.object_name'),
  variable: own('audit.variable'),
  before: own('audit.old_value'),
  after: own('audit.new_value'),
  policy: own('acl_policy'),
} as const
const text = {
  barracuda: constant('Barracuda'),
  waf: constant('Web Application Firewall'),
  type: constant('waf'),
  alert: constant('alert'),
  network: constant('network'),
  detection: constant('intrusion_detection'),
  web: constant('web'),
  configuration: constant('configuration'),
  access: constant('access'),
  info: constant('info'),
  change: constant('change'),
  allowed: constant('allowed'),
  denied: constant('denied'),
} as const

/** Of each word where it begins and ends, its quotes left out. */
const MOST = 64
const words = new Int32Array(MOST * 2)
let count = 0
/** Words with blanks between, `"quoted ones"` and `[bracketed ones]` whole; what is beyond MOST is left out. */
const split = (b: Uint8Array, from: number, to: number): void => {
  count = 0
  for (let i = from; i < to && count < MOST; ) {
    while (i < to && b[i] === 32) i++
    if (i >= to) return
    const open = b[i]!
    const close = open === 34 ? 34 : open === 91 ? 93 : 0
    let begin = i
    let end = -1
    if (close !== 0)
      for (let k = i + 1; k < to; k++) {
        if (b[k] === 92) k++
        else if (b[k] === close && (k + 1 === to || b[k + 1] === 32)) {
          end = k
          break
        }
      }
    if (end >= 0) {
      begin = i + 1
      i = end + 1
    } else {
      // Never closed: a word like any other.
      while (i < to && b[i] !== 32) i++
      end = i
    }
    words[count * 2] = begin
    words[count * 2 + 1] = end
    count++
  }
}
const start = (word: number): number => words[word * 2]!
const stop = (word: number): number => words[word * 2 + 1]!
const put = (row: Row, f: number, word: number): void => {
  if (word >= 0 && word < count && present(row.bytes, start(word), stop(word))) row.text(f, start(word), stop(word))
}
const putAddress = (row: Row, side: typeof SOURCE, word: number): void => {
  if (word >= count) return
  putSide(row, side, start(word), stop(word))
  const n = word + 1 < count ? port(row.bytes, start(word + 1), stop(word + 1)) : Number.NaN
  if (!Number.isNaN(n)) row.long(side.port, n)
}

/** `severity attack client port app port rule type action followup [details] method url protocol "session" "agent" …` */
const putFirewall = (row: Row): void => {
  const { bytes: b } = row
  put(row, F.severity, 0)
  put(row, F.attack, 1)
  putAddress(row, SOURCE, 2)
  putAddress(row, DESTINATION, 4)
  put(row, F.ruleName, 6)
  put(row, F.ruleCategory, 7)
  put(row, F.action, 8)
  put(row, F.taken, 8)
  // What follows may be said in several words: up to the details.
  let at = 9
  while (at < count && b[start(at) - 1] !== 91) at++
  if (at < count && at > 9) row.text(F.followup, start(9), stop(at - 1))
  if (at < count && !is(b, start(at), stop(at), '"-"')) row.text(F.details, start(at), stop(at))
  put(row, F.method, at + 1)
  if (at + 2 < count && present(b, start(at + 2), stop(at + 2))) putUrl(row, start(at + 2), stop(at + 2))
  put(row, F.protocol, at + 3)
  put(row, F.session, at + 4)
  // From the right: unique id, referrer, user, proxy's port and address; the agent stands between.
  if (count < at + 10) {
    put(row, F.agent, at + 5)
    return
  }
  put(row, F.userId, count - 1)
  put(row, F.referrer, count - 2)
  put(row, F.user, count - 3)
  if (present(b, start(count - 5), stop(count - 5))) row.ip(F.forwarded, start(count - 5), stop(count - 5))
  if (present(b, start(at + 5), stop(count - 6))) row.text(F.agent, start(at + 5), stop(count - 6))
}

/** `app port client port "id" "user" method protocol host version status sent received cache taken server port time session … url query …` */
const putAccessLine = (row: Row): void => {
  const { bytes: b } = row
  putAddress(row, DESTINATION, 0)
  putAddress(row, SOURCE, 2)
  put(row, F.user, 4)
  put(row, F.method, 6)
  put(row, F.protocol, 7)
  if (count > 8 && present(b, start(8), stop(8))) putHost(row, start(8), stop(8))
  if (count > 9 && find(b, 47, start(9), stop(9)) > 0) row.text(F.version, find(b, 47, start(9), stop(9)) + 1, stop(9))
  if (count > 10) putStatus(row, start(10), stop(10))
  if (count > 11) putSize(row, F.sent, start(11), stop(11))
  if (count > 12) putSize(row, F.received, start(12), stop(12))
  put(row, F.cache, 13)
  const taken = count > 14 ? integer(b, start(14), stop(14)) : Number.NaN
  if (taken >= 0 && taken < 9e9) row.long(F.duration, taken * 1e6)
  put(row, F.server, 15)
  put(row, F.serverPort, 16)
  put(row, F.serverTime, 17)
  put(row, F.session, 18)
  if (count <= 23) return
  const [a, z] = [start(23), stop(23)]
  if (count > 24 && present(b, start(24), stop(24)) && find(b, 63, a, z) < 0) {
    const begin = row.copy(b, a, z)
    row.copy(MARK, 0, 1)
    row.copy(row.bytes, start(24), stop(24))
    putUrl(row, begin, row.at)
  } else if (present(b, a, z)) putUrl(row, a, z)
  put(row, F.referrer, 25)
  put(row, F.cookie, 26)
  put(row, F.agent, 27)
  if (count > 28 && present(row.bytes, start(28), stop(28))) row.ip(F.forwarded, start(28), stop(28))
}
const MARK = Uint8Array.of(63)

const AUDIT = [
  F.user,
  F.client,
  -1,
  -1,
  F.transaction,
  F.transactionId,
  F.command,
  F.change,
  F.objectType,
  F.objectName,
  F.variable,
  F.before,
  F.after,
]
const putAudit = (row: Row): void => {
  AUDIT.forEach((f, i) => {
    if (f >= 0) put(row, f, i)
  })
  putAddress(row, SOURCE, 2)
  put(row, F.action, 7)
}
const actions = new Memo((action) => {
  const word = action.toUpperCase()
  return word === 'ALLOW' || word === 'LOG'
    ? text.allowed
    : /^(?:DENY|BLOCK|DROP|RESET)/.test(word)
      ? text.denied
      : undefined
})
const putNetwork = (row: Row, to: number): void => {
  const { bytes: b } = row
  put(row, F.severity, 0)
  if (count > 1) row.const(F.transport, transport.get(b, start(1), stop(1)))
  putAddress(row, SOURCE, 2)
  putAddress(row, DESTINATION, 4)
  if (count > 6) row.const(F.action, lower.get(b, start(6), stop(6)))
  put(row, F.policy, 7)
  put(row, F.ruleName, 7)
  if (count > 8) row.text(F.message, start(8), to)
}
const putSystem = (row: Row, to: number): void => {
  const { bytes: b } = row
  put(row, F.module, 0)
  put(row, F.severity, 1)
  put(row, F.code, 2)
  const id = count > 2 ? integer(b, start(2), stop(2)) : Number.NaN
  if (id >= 0) row.long(F.eventId, id)
  if (count <= 3) return
  // As it stands, brackets and quotes too.
  const opened = b[start(3) - 1] === 34 || b[start(3) - 1] === 91 ? start(3) - 1 : start(3)
  row.text(F.eventMessage, opened, to)
  row.text(F.message, opened, to)
  if (is(b, start(1), stop(1), 'ALER')) row.const(F.kind, text.alert)
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at === end) return SKIP
  const time = isoTime(b, at, end, context.timezone)
  if (Number.isNaN(time)) return expected(row, 'YYYY-MM-DD hh:mm:ss.mmm +zzzz unit log type', at, end)
  at = stampEnd()
  if (at < end && b[at] !== 32) return expected(row, 'a blank after the time', at, end)
  while (at < end && b[at] === 32) at++
  const unit = at
  while (at < end && b[at] !== 32) at++
  const unitEnd = at
  while (at < end && b[at] === 32) at++
  const log = at
  while (at < end && b[at] !== 32) at++
  const logEnd = at
  const kind = LOGS.findIndex((name) => is(b, log, logEnd, name))
  if (kind < 0) return expected(row, `a log type (${LOGS.join(', ')}) after the unit`, log, end)
  split(b, at, end)
  row.long(F.time, time)
  row.const(F.vendor, text.barracuda)
  row.const(F.product, text.waf)
  row.const(F.observer, text.type)
  row.text(F.observerName, unit, unitEnd)
  row.text(F.unit, unit, unitEnd)
  row.text(F.log, log, logEnd)
  row.list(F.category)
  for (const each of CATEGORIES[kind]!) row.constItem(each)
  row.list(F.type)
  for (const each of TYPES[kind]!) row.constItem(each)
  switch (kind) {
    case 0: {
      const action = count > 8 ? actions.get(b, start(8), stop(8)) : undefined
      if (action) row.constItem(action)
      putFirewall(row)
      break
    }
    case 1:
      putAccessLine(row)
      break
    case 2:
      putAudit(row)
      break
    case 3: {
      const action = count > 6 ? actions.get(b, start(6), stop(6)) : undefined
      if (action) row.constItem(action)
      putNetwork(row, end)
      break
    }
    default:
      putSystem(row, end)
  }
  putNetworkType(row)
  putDirection(row)
  return EVENT
}
const LOGS = ['WF', 'TR', 'AUDIT', 'NF', 'SYS']
const CATEGORIES = [
  [text.network, text.detection],
  [text.web, text.network],
  [text.configuration],
  [text.network],
  [text.configuration],
]
const TYPES = [[], [text.access], [text.change], [], [text.info]]

export const barracudaWaf: Parser<Record<string, never>> = {
  id: 'barracuda_waf',
  title: 'Barracuda Web Application Firewall',
  options: z.strictObject({}),
  logsources: [{ product: 'barracuda', vendor: 'barracuda.waf.', taxonomy: 'webserver' }],
  settings: [
    {
      collect: 'syslog',
      where: 'ADVANCED > Export Logs',
      text: ({ host, port, tcp }) =>
        `Add Export Log Server: Syslog NG, ${host}, ${port}, ${tcp ? 'TCP' : 'UDP'}\nLogs Format: Default (web firewall, access, audit, network firewall)\n`,
    },
  ],
  open: () => parse,
}
