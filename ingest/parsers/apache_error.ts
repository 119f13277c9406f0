/**
 * Apache's error log (https://httpd.apache.org/docs/2.4/mod/core.html#errorlogformat): the format of 2.4,
 * `[time] [module:level] [pid n:tid n] source(line): (code)error: [client a:port] AH00001: message, referer: …`, and that of 2.2,
 * `[time] [level] [client a] message`. Apache escapes control characters and quotes of clients.
 */
import { z } from 'zod'
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { find, findLast, integer, pastBlank, port, standsAt } from '../row/values.ts'
import { expected, putEscaped } from './clf.ts'
import { putSide, SOURCE } from './flow.ts'
import { modSecurityAt, putModSecurity } from './modsecurity_message.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { ctime, isoTime } from './stamp.ts'
import { readLocal } from './stamps.ts'

const F = {
  time: field('@timestamp'),
  level: field('log.level'),
  module: field('apache.error.module'),
  pid: field('process.pid'),
  thread: field('process.thread.id'),
  message: field('message'),
  category: field('event.category'),
  type: field('event.type'),
  code: field('event.code'),
  source: field('log.origin.file.name'),
  line: field('log.origin.file.line'),
  reason: field('error.message'),
  errno: field('error.code'),
  referrer: field('http.request.referrer'),
} as const
const WEB = constant('web')
const ERROR = constant('error')
const INFO = constant('info')
const SERIOUS = new Set(['emerg', 'alert', 'crit', 'error', 'warn'])

/** `192.0.2.1:4711`, `2001:db8::1:4711` (2.4 writes the port behind the last colon), `192.0.2.1` (2.2), a name. */
const putClient = (row: Row, from: number, to: number, withPort: boolean): void => {
  const { bytes: b } = row
  const colon = findLast(b, 58, from, to)
  if (colon > from) {
    const n = port(b, colon + 1, to)
    const bracketed = b[from] === 91 && b[colon - 1] === 93
    const [a, z] = bracketed ? [from + 1, colon - 1] : [from, colon]
    const alone = find(b, 58, from, colon) < 0
    if (!Number.isNaN(n) && (alone || ((withPort || bracketed) && addressOf(b, a, z) !== undefined))) {
      putSide(row, SOURCE, a, z)
      row.long(SOURCE.port, n)
      return
    }
  }
  putSide(row, SOURCE, from, to)
}

/** `pid 4711:tid 139` or `pid 4711`. */
const putProcess = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const colon = find(b, 58, from, to)
  const pid = integer(b, from + 4, colon < 0 ? to : colon)
  if (pid >= 0) row.long(F.pid, pid)
  if (colon < 0 || !standsAt(b, colon, ':tid ')) return
  const thread = integer(b, colon + 5, to)
  if (thread >= 0) row.long(F.thread, thread)
}

/** `mod_rewrite.c(470): `: where in the server's source; answers what follows. */
const putOrigin = (row: Row, from: number, to: number): number => {
  const { bytes: b } = row
  let i = from
  while (i < to && i - from < 48 && b[i]! > 32 && b[i] !== 40) i++
  if (i === from || b[i] !== 40 || b[i - 2] !== 46 || b[i - 1] !== 99) return from
  const close = find(b, 41, i, Math.min(to, i + 8))
  const line = close < 0 ? Number.NaN : integer(b, i + 1, close)
  if (!(line >= 0) || b[close + 1] !== 58) return from
  row.text(F.source, from, i)
  row.long(F.line, line)
  return b[close + 2] === 32 ? close + 3 : close + 2
}
/** `(13)Permission denied: `: what the system said; answers what follows. */
const putReason = (row: Row, from: number, to: number): number => {
  const { bytes: b } = row
  if (b[from] !== 40) return from
  const close = find(b, 41, from, Math.min(to, from + 12))
  const n = close < 0 ? Number.NaN : integer(b, from + 1, close)
  if (Number.isNaN(n)) return from
  let i = close
  while (i < to && !(b[i] === 58 && b[i + 1] === 32)) i++
  if (i >= to) return from
  row.text(F.errno, from + 1, close)
  row.text(F.reason, close + 1, i)
  return i + 2
}

/** `AH01630: `, of 2.4. */
const isCode = (b: Uint8Array, at: number, to: number): boolean => {
  if (at + 8 > to || b[at] !== 65 || b[at + 1] !== 72 || b[at + 7] !== 58) return false
  for (let i = at + 2; i < at + 7; i++) if (b[i]! < 48 || b[i]! > 57) return false
  return true
}
const REFERER = ', referer: '

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let end = to
  while (end > from && b[end - 1]! <= 32) end--
  let at = from
  while (at < end && b[at]! <= 32) at++
  if (at === end) return SKIP
  const close = b[at] === 91 ? find(b, 93, at, Math.min(end, at + 48)) : -1
  let time = Number.NaN
  if (close > 0) {
    time = readLocal(b, at + 1, close, context, ctime)
    if (Number.isNaN(time)) time = readLocal(b, at + 1, close, context, isoTime)
  }
  if (Number.isNaN(time)) return expected(row, 'an error log line with [Day Mon dd hh:mm:ss yyyy]', at, end)
  row.long(F.time, time)
  at = close + 1
  let modern = false
  let serious = false
  for (let n = 0; n < 6; n++) {
    while (b[at] === 32) at++
    if (at >= end || b[at] !== 91) break
    const bracket = find(b, 93, at, Math.min(end, at + 96))
    // An address in brackets within brackets.
    const last = bracket > 0 && b[bracket + 1] === 58 ? find(b, 93, bracket + 1, Math.min(end, bracket + 12)) : bracket
    if (last < 0) break
    if (standsAt(b, at, '[pid ')) putProcess(row, at + 1, last)
    else if (standsAt(b, at, '[client ') || standsAt(b, at, '[remote ')) {
      putClient(row, at + 8, last, modern)
      at = last + 1
      break
    } else if (!row.has(F.level)) {
      const colon = find(b, 58, at, last)
      if (colon >= 0) {
        modern = true
        if (colon > at + 1) row.text(F.module, at + 1, colon)
        row.text(F.level, colon + 1, last)
      } else row.text(F.level, at + 1, last)
      serious = SERIOUS.has(row.get(F.level) ?? '')
    } else break
    at = last + 1
  }
  while (b[at] === 32 && at < end) at++
  row.text(F.message, at, end)
  at = putOrigin(row, at, end)
  at = putReason(row, at, end)
  if (!row.has(SOURCE.address) && (standsAt(b, at, '[client ') || standsAt(b, at, '[remote '))) {
    const bracket = find(b, 93, at, Math.min(end, at + 96))
    if (bracket > 0) {
      putClient(row, at + 8, bracket, modern)
      at = pastBlank(b, bracket + 1, end)
    }
  }
  if (isCode(b, at, end)) row.text(F.code, at, at + 7)
  let referer = -1
  for (let i = end - REFERER.length; i > at; i--)
    if (b[i] === 44 && standsAt(b, i, REFERER)) {
      referer = i
      break
    }
  if (referer >= 0) putEscaped(row, F.referrer, referer + REFERER.length, end)
  row.list(F.category)
  row.constItem(WEB)
  row.list(F.type)
  row.constItem(serious ? ERROR : INFO)
  const waf = modSecurityAt(row.bytes, at, end)
  if (waf >= 0) putModSecurity(row, waf, referer < 0 ? end : referer)
  return EVENT
}

export const apacheError: Parser<Record<string, never>> = {
  id: 'apache_error',
  title: 'Apache HTTP Server error log',
  options: z.strictObject({}),
  logsources: [
    { service: 'apache', taxonomy: 'webserver' },
    { product: 'apache', taxonomy: 'webserver' },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'httpd.conf',
      text: ({ host, port }) =>
        `ErrorLog "syslog:local7:httpd"\n# /etc/rsyslog.d/30-vonglau.conf\nlocal7.* @@${host.includes(':') ? `[${host}]` : host}:${port}\n`,
    },
  ],
  open: () => parse,
}
