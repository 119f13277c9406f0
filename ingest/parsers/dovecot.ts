/**
 * Dovecot (https://doc.dovecot.org/main/core/admin/logging.html), by syslog and in files of its own: sign-ins, sessions, deliveries. A
 * user's name is what a client sent, in angle brackets; the first of two equal keys holds.
 */
import { z } from 'zod'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { addressOf } from '../row/address.ts'
import type { Row } from '../row/row.ts'
import { find, findLast, standsAt } from '../row/values.ts'
import { readAngled } from './angled.ts'
import { expected } from './clf.ts'
import { putDirection, putNetworkType, putSide, SOURCE } from './flow.ts'
import { Leaves, ROOT, STRING } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan } from './plan.ts'
import { isoTime, stampEnd } from './stamp.ts'
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
  user: field('user.name'),
  service: field('dovecot.service'),
  protocol: field('network.protocol'),
  mailbox: field('dovecot.mailbox'),
} as const
const AUTHENTICATION = constant('authentication')
const SESSION = constant('session')
const EMAIL = constant('email')
const START = constant('start')
const END = constant('end')
const INFO = constant('info')
const SUCCESS = constant('success')
const FAILURE = constant('failure')
const ACTION = {
  login: constant('login'),
  failed: constant('login-failed'),
  aborted: constant('login-aborted'),
  logout: constant('logout'),
  saved: constant('mail-saved'),
} as const
const PROTOCOLS: Readonly<Record<string, Const>> = Object.fromEntries(
  ['imap', 'pop3', 'lmtp', 'managesieve', 'submission'].map((name) => [name, constant(name)]),
)

const leaves = new Leaves(['msgid'])
const plan = new Plan('dovecot.', {
  user: ['text', 'user.name'],
  method: ['text', 'dovecot.method'],
  rip: ['side', 'source'],
  lip: ['side', 'destination'],
  rport: ['port', 'source.port'],
  lport: ['port', 'destination.port'],
  mpid: ['long', 'dovecot.mpid'],
  session: ['text', 'dovecot.session'],
  msgid: ['text', 'email.message_id'],
  in: ['long', 'source.bytes'],
  out: ['long', 'destination.bytes'],
  size: ['long', 'dovecot.size'],
})

const begins = (b: Uint8Array, at: number, to: number, text: string): boolean =>
  to - at >= text.length && standsAt(b, at, text)
const firstOf = (b: Uint8Array, text: string, from: number, to: number): number => {
  for (let i = from; i <= to - text.length; i++) if (b[i] === text.charCodeAt(0) && standsAt(b, i, text)) return i
  return -1
}
const LEVELS = ['Info', 'Debug', 'Warning', 'Error', 'Fatal', 'Panic'].map(
  (name) => [`${name}: `, constant(name.toLowerCase())] as const,
)

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
  if (action) row.const(F.action, action)
  if (outcome) row.const(F.outcome, outcome)
}

/** `imap-login`, `imap(lan)<123><abc>`, `lmtp(lan@example)`, `auth`: the service and whose it is. Answers what follows the colon. */
const putService = (row: Row, from: number, to: number): number => {
  const { bytes: b } = row
  let at = from
  while (at < to && ((b[at]! >= 97 && b[at]! <= 122) || (b[at]! >= 48 && b[at]! <= 57) || b[at] === 45)) at++
  if (at === from || at - from > 24) return from
  const end = at
  let user = -1
  let userEnd = -1
  if (b[at] === 40 && at < to) {
    const close = firstOf(b, ')', at, Math.min(to, at + 256))
    if (close < 0) return from
    user = at + 1
    userEnd = close
    at = close + 1
  }
  // Process and session, each in angle brackets.
  for (let n = 0; n < 2 && b[at] === 60 && at < to; n++) {
    const close = find(b, 62, at, Math.min(to, at + 64))
    if (close < 0) break
    at = close + 1
  }
  if (b[at] !== 58 || b[at + 1] !== 32 || at + 1 >= to) return from
  row.text(F.service, from, end)
  const dash = find(b, 45, from, end)
  const name = row.slice(from, dash < 0 ? end : dash)
  if (Object.hasOwn(PROTOCOLS, name)) row.const(F.protocol, PROTOCOLS[name]!)
  if (user > 0 && !standsAt(b, from, 'auth')) {
    const comma = find(b, 44, user, userEnd)
    row.text(F.user, user, comma < 0 ? userEnd : comma)
  }
  return at + 2
}

/** `passwd-file(lan,203.0.113.9,<session>): unknown user` */
const auth = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const open = find(b, 40, from, Math.min(to, from + 32))
  const close = open < 0 ? -1 : firstOf(b, '): ', open, to)
  if (close < 0) {
    say(row, [AUTHENTICATION], INFO, undefined, undefined)
    return
  }
  // A name may hold commas: the address is told from the right, before the session.
  let end = close
  if (b[end - 1] === 62) {
    const angle = findLast(b, 60, open, end)
    if (angle > open + 1 && b[angle - 1] === 44) end = angle - 1
  }
  const comma = findLast(b, 44, open, end)
  if (comma > open && addressOf(b, comma + 1, end) !== undefined) {
    putSide(row, SOURCE, comma + 1, end)
    row.text(F.user, open + 1, comma)
  } else row.text(F.user, open + 1, end)
  row.text(F.reason, close + 3, to)
  const failed = /unknown user|mismatch|fail|expired|not found|invalid/i.test(
    row.slice(close + 3, Math.min(to, close + 131)),
  )
  say(row, [AUTHENTICATION], INFO, failed ? ACTION.failed : undefined, failed ? FAILURE : undefined)
}

const lastOf = (b: Uint8Array, text: string, from: number, to: number): number => {
  for (let i = to - text.length; i >= from; i--) if (b[i] === text.charCodeAt(0) && standsAt(b, i, text)) return i
  return -1
}
/** The pairs of a sign-in. The user stands first and is the client's own to spell: all up to what the server says behind it. */
const readLogin = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const user = firstOf(b, 'user=<', from, to)
  let close = user < 0 ? -1 : lastOf(b, '>, method=', user, to)
  if (user >= 0 && close < 0) close = lastOf(b, '>, rip=', user, to)
  if (close < 0) {
    readAngled(row, from, to, leaves)
    return
  }
  leaves.add(leaves.find(ROOT, USER, 0, USER.length), STRING, user + 6, close)
  readAngled(row, close + 1, to, leaves)
}
const USER = new TextEncoder().encode('user')

const message = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  if (begins(b, from, to, 'Login: ') || begins(b, from, to, 'Logged in: ')) {
    readLogin(row, from + 7, to)
    say(row, [AUTHENTICATION, SESSION], START, ACTION.login, SUCCESS)
    return
  }
  const aborted = begins(b, from, to, 'Aborted login')
  if (
    aborted ||
    begins(b, from, to, 'Disconnected') ||
    begins(b, from, to, 'Login aborted') ||
    begins(b, from, to, 'Connection closed') ||
    begins(b, from, to, 'Logged out')
  ) {
    // Why, in brackets or behind a colon, before the pairs.
    const colon = firstOf(b, ': ', from, to)
    const open = find(b, 40, from, colon < 0 ? to : colon)
    const close = open < 0 ? -1 : find(b, 41, open, to)
    if (close > 0) row.text(F.reason, open + 1, close)
    readLogin(row, close > 0 ? close + 1 : from, to)
    const why = close > 0 ? row.slice(open + 1, Math.min(close, open + 81)) : ''
    const failed = /auth failed|no auth|disallowed|not allowed|rejected/.test(why)
    if (failed || aborted || begins(b, from, to, 'Login aborted'))
      say(row, [AUTHENTICATION, SESSION], END, /auth failed/.test(why) ? ACTION.failed : ACTION.aborted, FAILURE)
    else say(row, [SESSION, EMAIL], END, ACTION.logout, undefined)
    return
  }
  const saved = firstOf(b, 'saved mail to ', from, to)
  if (saved >= 0 || firstOf(b, 'stored mail into mailbox ', from, to) >= 0) {
    readAngled(row, from, saved < 0 ? to : saved, leaves)
    const msgid = firstOf(b, 'msgid=<', from, to)
    if (msgid < 0 && firstOf(b, 'msgid=', from, to) < 0) leaves.clear()
    if (saved >= 0) row.text(F.mailbox, saved + 14, to)
    else {
      const quote = find(b, 39, from, to)
      const close = quote < 0 ? -1 : find(b, 39, quote + 1, to)
      if (close > 0) row.text(F.mailbox, quote + 1, close)
    }
    say(row, [EMAIL], INFO, ACTION.saved, SUCCESS)
    return
  }
  readAngled(row, from, to, leaves)
  say(row, [EMAIL], INFO, undefined, undefined)
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at === end) return SKIP
  const { header } = context
  let time = header?.time ?? Number.NaN
  if (header === undefined) {
    time = isoTime(b, at, end, context.timezone)
    if (Number.isNaN(time)) return expected(row, 'a syslog header or YYYY-MM-DD hh:mm:ss before the service', at, end)
    at = stampEnd()
    while (at < end && b[at] === 32) at++
  }
  row.long(F.time, Number.isNaN(time) ? context.arrived : time)
  putProgram(row, context)
  leaves.clear()
  // In a file of its own the service is where syslog has the program.
  const tag = header?.tag
  if (tag !== undefined && tag !== 'dovecot') row.const(F.service, constant(tag))
  else at = putService(row, at, end)
  const service = row.get(F.service) ?? ''
  const dash = service.indexOf('-')
  const protocol = dash < 0 ? service : service.slice(0, dash)
  if (Object.hasOwn(PROTOCOLS, protocol)) row.const(F.protocol, PROTOCOLS[protocol]!)
  for (const [text, level] of LEVELS)
    if (begins(b, at, end, text)) {
      row.const(F.level, level)
      at += text.length
      break
    }
  row.text(F.message, at, end)
  if (service.startsWith('auth')) auth(row, at, end)
  else message(row, at, end)
  plan.put(row, leaves, context.timezone)
  putNetworkType(row)
  putDirection(row)
  return EVENT
}

export const dovecot: Parser<Record<string, never>> = {
  id: 'dovecot',
  title: 'Dovecot',
  options: z.strictObject({}),
  logsources: [{ product: 'dovecot', vendor: 'dovecot.', taxonomy: 'firewall' }],
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
