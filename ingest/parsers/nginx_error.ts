/**
 * nginx error logs (https://nginx.org/en/docs/ngx_core_module.html#error_log): `date time [level] pid#tid: *connection message`,
 * and of a request `, client: …, server: …, request: "…", upstream: "…", host: "…", referrer: "…"` behind it
 * (ngx_http_log_error). nginx escapes nothing there: a path or a header that spells such a tail is told by quotes and order.
 */
import { z } from 'zod'
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { find, integer, pastBlank, standsAt } from '../row/values.ts'
import { expected, present, putClient, putRequest } from './clf.ts'
import { modSecurityAt, putModSecurity } from './modsecurity_message.ts'
import { type Answer, EVENT, type Joiner, type LineContext, type Parser, SKIP } from './parser.ts'
import { isoTime, stampEnd } from './stamp.ts'
import { readLocal } from './stamps.ts'
import { putHost } from './url.ts'

const F = {
  time: field('@timestamp'),
  level: field('log.level'),
  pid: field('process.pid'),
  thread: field('process.thread.id'),
  connection: field('nginx.error.connection_id'),
  message: field('message'),
  category: field('event.category'),
  type: field('event.type'),
  server: field('nginx.error.server'),
  upstream: field('nginx.error.upstream'),
  subrequest: field('nginx.error.subrequest'),
  request: field('nginx.error.request'),
  referrer: field('http.request.referrer'),
} as const
const WEB = constant('web')
const ERROR = constant('error')
const INFO = constant('info')

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57
/** Whether `2026/05/14 09:30:01 [` stands there. */
const isHead = (b: Uint8Array, from: number, to: number): boolean =>
  to - from > 21 &&
  b[from + 4] === 47 &&
  b[from + 7] === 47 &&
  b[from + 19] === 32 &&
  b[from + 20] === 91 &&
  isDigit(b[from])

/** PHP and other FastCGI programs write several lines into one message. */
const joiner: Joiner = {
  begins: isHead,
  // A message whose quotes are closed is whole; one that goes on has opened some.
  ends: (b, from, to) => {
    let quotes = 0
    for (let i = from; i < to; i++) if (b[i] === 34) quotes++
    return quotes % 2 === (isHead(b, from, to) ? 0 : 1)
  },
}

const CLIENT = ', client: '
const SERVER = ', server: '
const findComma = (b: Uint8Array, text: string, from: number, to: number): number => {
  const last = to - text.length
  for (let i = from; i <= last; i++) if (b[i] === 44 && standsAt(b, i, text)) return i
  return -1
}
/** The keys that follow in this order, each value in quotes. */
const QUOTED = [
  ['request', F.request],
  ['subrequest', F.subrequest],
  ['upstream', F.upstream],
  ['host', -1],
  ['referrer', F.referrer],
] as const

/** Where `, client: ` of the request begins: behind an even number of quotes, an address and a server after it; -1: nowhere. */
const tailAt = (b: Uint8Array, from: number, to: number): number => {
  let quotes = 0
  let seen = from
  for (let at = findComma(b, CLIENT, from, to); at >= 0; at = findComma(b, CLIENT, at + 1, to)) {
    for (; seen < at; seen++) if (b[seen] === 34) quotes++
    const value = at + CLIENT.length
    let end = value
    while (end < to && b[end] !== 44 && b[end] !== 32 && end - value < 64) end++
    if (!(addressOf(b, value, end) !== undefined || standsAt(b, value, 'unix:'))) continue
    if (end < to && !standsAt(b, end, SERVER)) continue
    // What failed to open was named in quotes, which a path may close: its reason stands before the tail then.
    if (quotes % 2 === 0 && !(standsAt(b, from, 'open() "') && b[at - 1] !== 41)) return at
  }
  return -1
}

const putTail = (row: Row, tail: number, to: number): void => {
  const { bytes: b } = row
  let at = tail + CLIENT.length
  let end = at
  while (end < to && b[end] !== 44) end++
  putClient(row, at, end)
  if (!standsAt(b, end, SERVER)) return
  at = end + SERVER.length
  end = at
  while (end < to && b[end] !== 44) end++
  if (present(b, at, end)) row.text(F.server, at, end)
  for (let k = 0; k < QUOTED.length && end < to; k++) {
    const [name, f] = QUOTED[k]!
    if (!standsAt(b, end, `, ${name}: "`)) continue
    at = end + name.length + 5
    // The value ends where a quote is followed by a key that may come next, or by nothing.
    let close = -1
    for (let q = find(b, 34, at, to); q >= 0; q = find(b, 34, q + 1, to)) {
      if (q + 1 === to || QUOTED.slice(k + 1).some(([next]) => standsAt(b, q + 1, `, ${next}: "`))) {
        close = q
        // The last one takes all that is left.
        if (name !== 'referrer') break
      }
    }
    end = close < 0 ? to : close
    if (name === 'request') putRequest(row, at, end, F.request)
    else if (name === 'host') putHost(row, at, end)
    else row.text(f, at, end)
    end++
  }
}

const SERIOUS = new Set(['emerg', 'alert', 'crit', 'error', 'warn'])

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let end = to
  while (end > from && b[end - 1]! <= 32) end--
  let at = from
  while (at < end && b[at]! <= 32) at++
  if (at === end) return SKIP
  const time = isHead(b, at, end) ? readLocal(b, at, at + 19, context, isoTime) : Number.NaN
  if (Number.isNaN(time)) return expected(row, 'an error log line with YYYY/MM/DD hh:mm:ss [level]', at, end)
  at = stampEnd() + 2
  const bracket = find(b, 93, at, Math.min(end, at + 12))
  if (bracket < 0) return expected(row, 'a level in brackets', at - 1, end)
  row.long(F.time, time)
  row.text(F.level, at, bracket)
  const serious = SERIOUS.has(row.slice(at, bracket))
  row.list(F.category)
  row.constItem(WEB)
  row.list(F.type)
  row.constItem(serious ? ERROR : INFO)
  at = pastBlank(b, bracket + 1, end)
  const hash = find(b, 35, at, Math.min(end, at + 16))
  const colon = hash < 0 ? -1 : find(b, 58, hash, Math.min(end, hash + 16))
  if (colon > 0) {
    const [pid, thread] = [integer(b, at, hash), integer(b, hash + 1, colon)]
    if (pid >= 0) row.long(F.pid, pid)
    if (thread >= 0) row.long(F.thread, thread)
    at = pastBlank(b, colon + 1, end)
  }
  if (b[at] === 42 && isDigit(b[at + 1])) {
    const space = find(b, 32, at, Math.min(end, at + 20))
    const n = space < 0 ? Number.NaN : integer(b, at + 1, space)
    if (n >= 0) {
      row.long(F.connection, n)
      at = space + 1
    }
  }
  row.text(F.message, at, end)
  const tail = tailAt(b, at, end)
  if (tail >= 0) putTail(row, tail, end)
  const waf = modSecurityAt(row.bytes, at, end)
  if (waf >= 0) putModSecurity(row, waf, tail < 0 ? end : tail)
  return EVENT
}

export const nginxError: Parser<Record<string, never>> = {
  id: 'nginx_error',
  title: 'nginx error log',
  options: z.strictObject({}),
  logsources: [{ service: 'nginx', taxonomy: 'webserver' }],
  settings: [
    {
      collect: 'syslog',
      where: 'nginx.conf',
      text: ({ host, port }) =>
        `error_log syslog:server=${host.includes(':') ? `[${host}]` : host}:${port},facility=local7,tag=nginx,severity=error warn;\n`,
    },
  ],
  joiner,
  open: () => parse,
}
