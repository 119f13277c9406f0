/**
 * BIND's log (https://bind9.readthedocs.io/en/latest/reference.html#logging-block-definition-and-usage): the query log, and what other
 * categories say of a client. A name in it is in presentation form (RFC 1035 §5.1): BIND escapes blanks and quotes of it.
 */
import { z } from 'zod'
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { digits, find, findLast, is, month, port, standsAt } from '../row/values.ts'
import { expected } from './clf.ts'
import { DESTINATION, putDirection, putNetworkType, putSide, SOURCE } from './flow.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { isoTime, stampEnd } from './stamp.ts'
import { putProgram } from './syslog_any.ts'
import { utcMillis, zonedMillis } from './time.ts'
import { putLower } from './url.ts'

const F = {
  time: field('@timestamp'),
  level: field('log.level'),
  message: field('message'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  reason: field('event.reason'),
  protocol: field('network.protocol'),
  transport: field('network.transport'),
  name: field('dns.question.name'),
  class: field('dns.question.class'),
  question: field('dns.question.type'),
  response: field('dns.response_code'),
  channel: field('bind.category'),
  view: field('bind.view'),
  flags: field('bind.flags'),
  zone: field('bind.zone'),
  policy: field('rule.name'),
} as const
const DNS = constant('dns')
const TCP = constant('tcp')
const UDP = constant('udp')
const NETWORK = constant('network')
const PROTOCOL = constant('protocol')
const INFO = constant('info')
const DENIED = constant('denied')
const FAILURE = constant('failure')
const QUERY = constant('query')
const REWRITE = constant('rpz-rewrite')
const LEVELS = new Set(['critical', 'error', 'warning', 'notice', 'info', 'dynamic', 'debug'])
const levels = new Memo((text) => (LEVELS.has(text.replace(/ \d+$/, '')) ? constant(text) : undefined))
const CHANNEL = /^[a-z][a-z-]{2,23}$/
const channels = new Memo((text) => (CHANNEL.test(text) && !LEVELS.has(text) ? constant(text) : undefined))

/** `14-May-2026 09:30:01.123`, of the server's zone; NaN where it is none. */
const localTime = (b: Uint8Array, at: number, to: number, timezone: string): number => {
  if (at + 20 > to || b[at + 2] !== 45 || b[at + 6] !== 45 || b[at + 14] !== 58 || b[at + 17] !== 58) return Number.NaN
  const wall = utcMillis(
    digits(b, at + 7, 4),
    month(b, at + 3),
    digits(b, at, 2),
    digits(b, at + 12, 2),
    digits(b, at + 15, 2),
    digits(b, at + 18, 2),
  )
  const millis = b[at + 20] === 46 ? digits(b, at + 21, 3) : 0
  return zonedMillis(wall, timezone) + (Number.isNaN(millis) ? 0 : millis)
}
const wordEnd = (b: Uint8Array, from: number, to: number): number => {
  const space = find(b, 32, from, to)
  return space < 0 ? to : space
}
const firstOf = (b: Uint8Array, text: string, from: number, to: number): number => {
  for (let i = from; i <= to - text.length; i++) if (b[i] === text.charCodeAt(0) && standsAt(b, i, text)) return i
  return -1
}

/** `www.example.org/A/IN` or `www.example.org/IN/A`, of both orders. */
const putQuestion = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const last = findLast(b, 47, from, to)
  const middle = last < 0 ? -1 : findLast(b, 47, from, last)
  if (middle <= from) return
  putName(row, from, middle)
  const classLast = is(b, last + 1, to, 'IN') || is(b, last + 1, to, 'CH') || is(b, last + 1, to, 'HS')
  row.text(F.question, classLast ? middle + 1 : last + 1, classLast ? last : to)
  row.text(F.class, classLast ? last + 1 : middle + 1, classLast ? to : last)
}
const putName = (row: Row, from: number, to: number): void => {
  const end = to - from > 1 && row.bytes[to - 1] === 46 ? to - 1 : to
  putLower(row, F.name, from, end)
}

/** `client @0x7f 203.0.113.9#53011 (www.example.org): view internal: query: www.example.org IN A +E(0)K (198.51.100.53)` */
const putClient = (row: Row, from: number, to: number): number => {
  const { bytes: b } = row
  let at = from + 7
  if (b[at] === 64) at = wordEnd(b, at, to) + 1
  let end = at
  while (end < to && b[end] !== 32) end++
  const hash = find(b, 35, at, end)
  if (hash < 0) return at
  putSide(row, SOURCE, at, hash)
  let digit = hash + 1
  while (digit < end && b[digit]! >= 48 && b[digit]! <= 57) digit++
  const n = port(b, hash + 1, digit)
  if (!Number.isNaN(n)) row.long(SOURCE.port, n)
  // Of a view or a key before the name: `/key name`. The name stands in brackets.
  at = digit
  if (b[at] === 32 && b[at + 1] === 40) {
    const close = firstOf(b, '): ', at, to)
    if (close > 0) {
      putName(row, at + 2, close)
      at = close + 3
    }
  } else if (b[at] === 58) at = b[at + 1] === 32 ? at + 2 : at + 1
  if (standsAt(b, at, 'view ')) {
    const colon = firstOf(b, ': ', at, Math.min(to, at + 128))
    if (colon > 0) {
      row.text(F.view, at + 5, colon)
      at = colon + 2
    }
  }
  return Math.min(at, to)
}

const putMessage = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const at = standsAt(b, from, 'client ') ? putClient(row, from, to) : from
  if (standsAt(b, at, 'query: ')) {
    // The name again, class, type, flags, and who was asked.
    let word = at + 7
    let end = wordEnd(b, word, to)
    row.unsay(F.name)
    putName(row, word, end)
    word = end + 1
    end = wordEnd(b, word, to)
    if (word < to) row.text(F.class, word, end)
    word = end + 1
    end = wordEnd(b, word, to)
    if (word < to) row.text(F.question, word, end)
    word = end + 1
    end = wordEnd(b, word, to)
    row.const(F.action, QUERY)
    row.const(F.transport, UDP)
    if (word < to) {
      row.text(F.flags, word, end)
      if (find(b, 84, word, end) >= 0) row.const(F.transport, TCP)
    }
    if (b[to - 1] === 41) {
      const open = findLast(b, 40, end, to)
      if (open >= 0 && addressOf(b, open + 1, to - 1) !== undefined) putSide(row, DESTINATION, open + 1, to - 1)
    }
    return
  }
  if (standsAt(b, at, 'query failed (')) {
    const close = find(b, 41, at, to)
    if (close > 0) {
      row.text(F.response, at + 14, close)
      row.const(F.outcome, FAILURE)
      if (standsAt(b, close, ') for ')) putQuestion(row, close + 6, wordEnd(b, close + 6, to))
    }
    return
  }
  if (standsAt(b, at, 'rpz ')) {
    // `rpz QNAME NXDOMAIN rewrite xau.example/A/IN via xau.example.rpz`
    const rewrite = firstOf(b, ' rewrite ', at, to)
    const via = rewrite < 0 ? -1 : firstOf(b, ' via ', rewrite, to)
    if (via < 0) return
    row.const(F.action, REWRITE)
    putQuestion(row, rewrite + 9, via)
    row.text(F.policy, via + 5, to)
    row.constItem(DENIED)
    return
  }
  const quote = find(b, 39, at, to)
  const close = quote < 0 ? -1 : find(b, 39, quote + 1, to)
  if (close > 0) {
    // `query (cache) 'x/A/IN' denied`, `updating zone 'x/IN'`, `transfer of 'x/IN'`
    if (standsAt(b, at, 'query') || firstOf(b, ' resolving ', at, quote) >= 0) putQuestion(row, quote + 1, close)
    else row.text(F.zone, quote + 1, close)
  }
  if (firstOf(b, ' denied', at, to) >= 0) {
    row.constItem(DENIED)
    row.const(F.outcome, FAILURE)
  }
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at === end) return SKIP
  let time = localTime(b, at, end, context.timezone)
  if (!Number.isNaN(time)) at = b[at + 20] === 46 && digits(b, at + 21, 3) >= 0 ? at + 24 : at + 20
  else {
    time = isoTime(b, at, end, context.timezone)
    if (!Number.isNaN(time)) at = stampEnd()
  }
  if (Number.isNaN(time)) time = context.header?.time ?? Number.NaN
  if (Number.isNaN(time)) return expected(row, 'DD-Mon-YYYY hh:mm:ss.mmm, RFC 3339 or a syslog header', at, end)
  while (at < end && b[at] === 32) at++
  row.long(F.time, time)
  row.const(F.protocol, DNS)
  // A time as RFC 3339 and a category look like a header without a host.
  const { header } = context
  const said = header?.host === undefined && header?.priority === undefined ? header?.tag : undefined
  if (said !== undefined && CHANNEL.test(said)) row.const(F.channel, constant(said))
  else putProgram(row, context)
  row.list(F.category)
  row.constItem(NETWORK)
  // `queries: info: `, as far as the channel prints them.
  for (let n = 0; n < 2; n++) {
    const colon = find(b, 58, at, Math.min(end, at + 26))
    if (colon < 0 || b[colon + 1] !== 32) break
    const level = levels.get(b, at, colon)
    const channel = level || row.has(F.channel) ? undefined : channels.get(b, at, colon)
    if (level) row.const(F.level, level)
    else if (channel) row.const(F.channel, channel)
    else break
    at = colon + 2
  }
  row.list(F.type)
  row.constItem(standsAt(b, at, 'client ') ? PROTOCOL : INFO)
  row.text(F.message, at, end)
  putMessage(row, at, end)
  putNetworkType(row)
  putDirection(row)
  return EVENT
}

export const bind: Parser<Record<string, never>> = {
  id: 'bind',
  title: 'BIND 9',
  options: z.strictObject({}),
  logsources: [
    { category: 'dns', product: 'bind' },
    { product: 'bind', taxonomy: 'dns' },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'named.conf',
      text: ({ host, port }) => `logging {
  channel vonglau { syslog local6; severity info; print-category yes; print-severity yes; };
  category queries { vonglau; }; category security { vonglau; }; category rpz { vonglau; }; category query-errors { vonglau; };
};
# /etc/rsyslog.d/30-vonglau.conf
local6.* @@${host.includes(':') ? `[${host}]` : host}:${port}
`,
    },
  ],
  open: () => parse,
}
