/**
 * Postfix (https://www.postfix.org/ , the daemons' logging as in smtpd(8), smtp(8), qmgr(8), cleanup(8), postscreen(8)). A sender's
 * address, a HELO and the text of another server are a stranger's: the client stands before them in every message.
 */
import { z } from 'zod'
import { addressOf } from '../row/address.ts'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, is, port, standsAt } from '../row/values.ts'
import { readAngled } from './angled.ts'
import { expected } from './clf.ts'
import { DESTINATION, putDirection, putNetworkType, putSide, type Side, SOURCE } from './flow.ts'
import { Leaves } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan } from './plan.ts'
import { putProgram } from './syslog_any.ts'

const F = {
  time: field('@timestamp'),
  message: field('message'),
  level: field('log.level'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  reason: field('event.reason'),
  sourceDomain: field('source.domain'),
  destinationDomain: field('destination.domain'),
  user: field('user.name'),
  method: field('postfix.sasl_method'),
  queue: field('postfix.queue_id'),
  component: field('postfix.component'),
  response: field('postfix.response'),
  tls: field('tls.version'),
  tlsProtocol: field('tls.version_protocol'),
  cipher: field('tls.cipher'),
} as const
const EMAIL = constant('email')
const NETWORK = constant('network')
const AUTHENTICATION = constant('authentication')
const INFO = constant('info')
const DENIED = constant('denied')
const START = constant('start')
const END = constant('end')
const SUCCESS = constant('success')
const FAILURE = constant('failure')
const TLS = constant('tls')

const leaves = new Leaves(['status', 'client', 'relay', 'sasl_username'])
const ID = { status: 1, client: 2, relay: 3, user: 4 } as const
const plan = new Plan('postfix.', {
  from: ['mail', 'email.from.address'],
  to: ['mail', 'email.to.address'],
  orig_to: ['text', 'postfix.orig_to'],
  'message-id': ['text', 'email.message_id'],
  size: ['long', 'postfix.size'],
  nrcpt: ['long', 'postfix.nrcpt'],
  delay: ['seconds', 'event.duration'],
  client: ['own'],
  relay: ['own'],
  sasl_username: ['text', 'user.name'],
  sasl_method: ['text', 'postfix.sasl_method'],
  status: ['text', 'event.action', 'postfix.status'],
  proto: ['word', 'network.protocol'],
  orig_client: ['text', 'postfix.orig_client'],
})

const isHex = (c: number): boolean => (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)
const begins = (b: Uint8Array, at: number, to: number, text: string): boolean =>
  to - at >= text.length && standsAt(b, at, text)
const firstOf = (b: Uint8Array, text: string, from: number, to: number): number => {
  for (let i = from; i <= to - text.length; i++) if (b[i] === text.charCodeAt(0) && standsAt(b, i, text)) return i
  return -1
}

/** `mail.example[203.0.113.9]:25`, `unknown[2001:db8::1]`, `[203.0.113.9]:4711`: answers what follows. */
const putHost = (row: Row, side: Side, domain: number, from: number, to: number): number => {
  const { bytes: b } = row
  let open = from
  while (open < to && b[open] !== 91 && b[open]! > 32) open++
  if (b[open] !== 91 || open >= to) return from
  const close = find(b, 93, open, Math.min(to, open + 64))
  if (close < 0) return from
  // `IPv6:` stands before such an address in a HELO.
  const at = begins(b, open + 1, close, 'IPv6:') ? open + 6 : open + 1
  if (addressOf(b, at, close) !== undefined) putSide(row, side, at, close)
  if (open > from && !is(b, from, open, 'unknown') && !row.has(domain)) row.text(domain, from, open)
  if (b[close + 1] !== 58 || !(b[close + 2]! >= 48 && b[close + 2]! <= 57)) return close + 1
  let end = close + 2
  while (end < to && b[end]! >= 48 && b[end]! <= 57) end++
  const n = port(b, close + 2, end)
  if (!Number.isNaN(n)) row.long(side.port, n)
  return end
}

const say = (
  row: Row,
  category: readonly Const[],
  type: Const,
  action: Const | undefined,
  outcome: Const | undefined,
): void => {
  row.list(F.category)
  for (const each of category) row.constItem(each)
  row.list(F.type)
  row.constItem(type)
  if (action && !row.has(F.action)) row.const(F.action, action)
  if (outcome) row.const(F.outcome, outcome)
}
const outcomes = new Memo((status) =>
  status === 'sent' || status === 'deliverable'
    ? SUCCESS
    : /^(?:bounced|expired|undeliverable|deferred)/.test(status)
      ? FAILURE
      : undefined,
)

const ACTION = {
  connect: constant('connect'),
  disconnect: constant('disconnect'),
  lost: constant('lost-connection'),
  reject: constant('reject'),
  login: constant('sasl-login'),
  tls: constant('tls-established'),
  removed: constant('removed'),
} as const
const LEVELS: Readonly<Record<string, Const>> = Object.fromEntries(
  ['warning', 'error', 'fatal', 'panic'].map((name) => [name, constant(name)]),
)

/** `TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)` */
const putTls = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const at = firstOf(b, ': TLSv', from, to)
  if (at < 0) return
  let end = at + 6
  while (end < to && b[end]! > 32) end++
  row.text(F.tls, at + 6, end)
  row.const(F.tlsProtocol, TLS)
  if (!standsAt(b, end, ' with cipher ')) return
  const cipher = end + 13
  end = cipher
  while (end < to && b[end]! > 32) end++
  row.text(F.cipher, cipher, end)
}

/** A message of the connection; false where it is of a mail. */
const connection = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  if (begins(b, from, to, 'connect from ')) {
    putHost(row, SOURCE, F.sourceDomain, from + 13, to)
    say(row, [EMAIL, NETWORK], START, ACTION.connect, undefined)
    return true
  }
  if (begins(b, from, to, 'CONNECT from ')) {
    // postscreen(8): both ends.
    const end = putHost(row, SOURCE, F.sourceDomain, from + 13, to)
    if (standsAt(b, end, ' to ')) putHost(row, DESTINATION, F.destinationDomain, end + 4, to)
    say(row, [EMAIL, NETWORK], START, ACTION.connect, undefined)
    return true
  }
  if (begins(b, from, to, 'disconnect from ')) {
    const end = putHost(row, SOURCE, F.sourceDomain, from + 16, to)
    readAngled(row, end, to, leaves)
    say(row, [EMAIL, NETWORK], END, ACTION.disconnect, undefined)
    return true
  }
  if (
    begins(b, from, to, 'lost connection after ') ||
    begins(b, from, to, 'timeout after ') ||
    begins(b, from, to, 'too many errors after ')
  ) {
    const at = firstOf(b, ' from ', from, to)
    if (at >= 0) putHost(row, SOURCE, F.sourceDomain, at + 6, to)
    say(row, [EMAIL, NETWORK], END, ACTION.lost, undefined)
    return true
  }
  if (
    begins(b, from, to, 'PREGREET ') ||
    begins(b, from, to, 'DNSBL rank ') ||
    begins(b, from, to, 'HANGUP ') ||
    begins(b, from, to, 'BLACKLISTED ') ||
    begins(b, from, to, 'DENYLISTED ')
  ) {
    const at = firstOf(b, ' [', from, to)
    if (at >= 0) putHost(row, SOURCE, F.sourceDomain, at + 1, to)
    say(row, [EMAIL, NETWORK], DENIED, constant('postscreen-test'), FAILURE)
    return true
  }
  const established = firstOf(b, 'TLS connection established ', from, Math.min(to, from + 48))
  if (established >= 0) {
    const peer = established + 27
    if (begins(b, peer, to, 'to ')) putHost(row, DESTINATION, F.destinationDomain, peer + 3, to)
    else if (begins(b, peer, to, 'from ')) putHost(row, SOURCE, F.sourceDomain, peer + 5, to)
    putTls(row, peer, to)
    say(row, [EMAIL, NETWORK], INFO, ACTION.tls, SUCCESS)
    return true
  }
  return false
}
/** `unknown[203.0.113.9]: SASL LOGIN authentication failed: UGFzc3dvcmQ6, sasl_username=lan` */
const warning = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  const end = putHost(row, SOURCE, F.sourceDomain, from, to)
  if (end === from || !standsAt(b, end, ': SASL ')) return false
  const method = end + 7
  let stop = method
  while (stop < to && b[stop]! > 32) stop++
  row.text(F.method, method, stop)
  if (!standsAt(b, stop, ' authentication ')) return false
  const failed =
    firstOf(b, 'failed', stop, Math.min(to, stop + 24)) >= 0 ||
    firstOf(b, 'failure', stop, Math.min(to, stop + 24)) >= 0
  const colon = firstOf(b, ': ', stop, to)
  if (colon > 0) {
    const comma = find(b, 44, colon, to)
    row.text(F.reason, colon + 2, comma < 0 ? to : comma)
    if (comma > 0) readAngled(row, comma, to, leaves)
  }
  say(row, [AUTHENTICATION, EMAIL], INFO, ACTION.login, failed ? FAILURE : SUCCESS)
  return true
}
/** `reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <b@example>: Relay access denied; from=<a> to=<b> proto=ESMTP helo=<c>` */
const reject = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const at = firstOf(b, ' from ', from, to)
  let end = at < 0 ? from : putHost(row, SOURCE, F.sourceDomain, at + 6, to)
  if (standsAt(b, end, ': ')) end += 2
  // The reason may quote an address that spells `; from=`: the last one is the server's.
  let semicolon = -1
  for (let i = to - 7; i > end; i--)
    if (b[i] === 59 && standsAt(b, i, '; from=')) {
      semicolon = i
      break
    }
  row.text(F.reason, end, semicolon < 0 ? to : semicolon)
  if (semicolon > 0) readAngled(row, semicolon, to, leaves)
  say(row, [EMAIL, NETWORK], DENIED, ACTION.reject, FAILURE)
}

const mail = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  // What a server answered stands in brackets behind the status.
  const status = firstOf(b, ', status=', from, to)
  const open = status < 0 ? -1 : find(b, 40, status, to)
  readAngled(row, from, open < 0 ? to : open, leaves)
  if (open >= 0) {
    const end = b[to - 1] === 41 ? to - 1 : to
    row.text(F.response, open + 1, end)
    row.text(F.reason, open + 1, end)
  }
  const said = leaves.at[ID.status]!
  say(row, [EMAIL], INFO, undefined, said < 0 ? undefined : outcomes.get(b, leaves.from[said]!, leaves.to[said]!))
}

const isQueue = (b: Uint8Array, from: number, colon: number): boolean => {
  if (colon - from < 6 || colon - from > 32) return false
  let digit = false
  for (let i = from; i < colon; i++) {
    if (!isHex(b[i]!)) return false
    if (b[i]! <= 57) digit = true
  }
  return digit
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at === end) return SKIP
  const { header } = context
  if (header?.tag === undefined || !header.tag.startsWith('postfix'))
    return expected(row, 'a syslog header with a program of Postfix, such as `postfix/smtpd[123]:`', from, to)
  row.long(F.time, header.time ?? context.arrived)
  row.text(F.message, at, end)
  putProgram(row, context)
  row.const(F.component, constant(header.tag.replace(/^postfix[^/]*\//, '')))
  leaves.clear()
  const colon = find(b, 58, at, Math.min(end, at + 33))
  if (colon > 0 && is(b, at, colon, 'NOQUEUE')) at = colon + 2
  else if (colon > 0 && b[colon + 1] === 32 && isQueue(b, at, colon) && !Object.hasOwn(LEVELS, row.slice(at, colon))) {
    row.text(F.queue, at, colon)
    at = colon + 2
  }
  at = Math.min(at, end)
  for (const name of Object.keys(LEVELS))
    if (begins(b, at, end, `${name}: `)) {
      row.const(F.level, LEVELS[name]!)
      at += name.length + 2
      break
    }
  if (begins(b, at, end, 'reject: ') || begins(b, at, end, 'milter-reject: ') || begins(b, at, end, 'reject_warning: '))
    reject(row, at, end)
  else if (is(b, at, end, 'removed')) say(row, [EMAIL], INFO, ACTION.removed, undefined)
  else if (!connection(row, at, end) && !(row.has(F.level) && warning(row, at, end))) mail(row, at, end)
  plan.put(row, leaves, context.timezone)
  const { at: leaf, from: a, to: z } = leaves
  if (leaf[ID.client]! >= 0) putHost(row, SOURCE, F.sourceDomain, a[leaf[ID.client]!]!, z[leaf[ID.client]!]!)
  if (leaf[ID.relay]! >= 0) putHost(row, DESTINATION, F.destinationDomain, a[leaf[ID.relay]!]!, z[leaf[ID.relay]!]!)
  // Only who was let in is named beside the client.
  if (leaf[ID.user]! >= 0 && leaf[ID.client]! >= 0 && !row.has(F.outcome)) row.const(F.outcome, SUCCESS)
  putNetworkType(row)
  putDirection(row)
  return EVENT
}

export const postfix: Parser<Record<string, never>> = {
  id: 'postfix',
  title: 'Postfix',
  options: z.strictObject({}),
  logsources: [{ product: 'postfix', vendor: 'postfix.', taxonomy: 'firewall' }],
  settings: [
    {
      collect: 'syslog',
      where: '/etc/rsyslog.d/30-vonglau.conf',
      text: ({ host, port, tcp }) =>
        `mail.* ${tcp ? '@@' : '@'}${host.includes(':') ? `[${host}]` : host}:${port};RSYSLOG_SyslogProtocol23Format\n`,
    },
  ],
  open: () => parse,
}
