/**
 * nginx access logs: the formats `combined` and `main` that nginx documents, by their structure, what is commonly put before
 * and behind them, JSON, and any log_format that the configuration declares.
 */
import { z } from 'zod'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { clfTime, find, integer, is } from '../row/values.ts'
import {
  expected,
  hops,
  present,
  putClient,
  putEscaped,
  putForwarded,
  putHops,
  putRequest,
  putSize,
  putStatus,
  secondsToNanos,
  type Trust,
  trustedProxies,
  trustOf,
} from './clf.ts'
import { formatOption } from './logformat.ts'
import { compileNginx, NAMES, PROXY_MANAGER, PROXY_MANAGER_STANDARD } from './nginx_format.ts'
import { parseNginxJson } from './nginx_json.ts'
import { type Answer, EVENT, type LineContext, type Parse, type Parser, SKIP } from './parser.ts'
import { type Part, putAccess, putVirtualHost, readParts } from './weblog.ts'
import { putHost } from './url.ts'

const F = {
  time: field('@timestamp'),
  ip: field('source.ip'),
  address: field('source.address'),
  user: field('user.name'),
  body: field('http.response.body.bytes'),
  received: field('http.request.bytes'),
  referrer: field('http.request.referrer'),
  agent: field('user_agent.original'),
  duration: field('event.duration'),
  id: field('http.request.id'),
  domain: field('url.domain'),
} as const

/** Where `[14/May/2026:09:30:01 +0700]` begins: the first that a quote follows, for a user name may hold another. */
const timeAt = (b: Uint8Array, from: number, to: number): number => {
  let fallback = -1
  for (let i = from; i < to; i++) {
    if (b[i] !== 91 || b[i + 27] !== 93 || b[i + 3] !== 47 || i + 27 >= to) continue
    if (b[i + 28] === 32 && b[i + 29] === 34 && i + 29 < to) return i
    if (fallback < 0) fallback = i
  }
  return fallback
}

/** The quote that closes the one before `from`: nginx writes `"` inside as \x22, Apache as \". */
const closingQuote = (b: Uint8Array, from: number, to: number): number => {
  for (let q = from; q < to; q++) {
    if (b[q] !== 34) continue
    let s = q - 1
    while (s >= from && b[s] === 92) s--
    if ((q - s) % 2 === 1) return q
  }
  return -1
}

/** As closingQuote, but a request that was written without escaping may hold quotes: a status has to follow. */
const requestEnd = (b: Uint8Array, from: number, to: number): number => {
  const first = closingQuote(b, from, to)
  for (let q = first; q >= 0; q = closingQuote(b, q + 1, to)) {
    const next = b[q + 2]!
    if (b[q + 1] === 32 && q + 2 < to && ((next >= 48 && next <= 57) || next === 45)) return q
    if (q - first > 4096) break
  }
  return first
}

/** `client`, `a, b, c`, `"a, b" remote`, each with a virtual host before it or not. */
const putWho = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const space = find(b, 32, from, to)
  if (space < 0 && find(b, 44, from, to) < 0) {
    if (is(b, from, to, 'unix:')) row.text(F.address, from, to)
    else if (present(b, from, to)) {
      putClient(row, from, to)
      row.list(NAMES.list)
      const address = row.address[F.ip]
      if (row.has(F.ip) && address) row.constItem(address.canonical)
      else row.item(row.from[F.address]!, row.to[F.address]!)
    }
    return
  }
  let rest = from
  if (space > from && b[from] !== 34 && b[space - 1] !== 44 && b[space + 1] !== 44 && find(b, 44, from, space) < 0) {
    rest = space + 1
    putVirtualHost(row, from, space)
  }
  if (is(b, rest, to, 'unix:')) {
    row.text(F.address, rest, to)
    return
  }
  const list = hops(b, rest, to)
  if (list.length === 0) return
  putHops(row, NAMES.list, list)
  // Whoever connected stands last; what stands before is what a client wrote.
  const client = list.findLast(({ address }) => address && !address.isLocal) ?? list.at(-1)!
  row.text(F.address, client.from, client.to)
  if (client.address) row.putAddress(F.ip, client.address, client.from, client.to)
}

const NAMED: Readonly<Record<string, 'time' | 'length' | 'host' | 'id'>> = {
  rt: 'time',
  request_time: 'time',
  rl: 'length',
  request_length: 'length',
  host: 'host',
  server_name: 'host',
  vhost: 'host',
  request_id: 'id',
  req_id: 'id',
}
const named = new Memo((name) => ({
  what: Object.hasOwn(NAMED, name) ? NAMED[name] : undefined,
  field: `nginx.access.${name.toLowerCase()}`,
}))
/** The first of two equal names wins, and each value says one thing only: what stands in quotes is a value, never a name. */
const putNamed = (row: Row, name: number, nameEnd: number, from: number, to: number): void => {
  if (!present(row.bytes, from, to)) return
  const { what, field: own } = named.get(row.bytes, name, nameEnd)
  if (what === 'time') {
    const nanos = secondsToNanos(row.bytes, from, to)
    if (!Number.isNaN(nanos)) {
      if (!row.has(F.duration)) row.long(F.duration, nanos)
      return
    }
  } else if (what === 'length') {
    if (!row.has(F.received)) putSize(row, F.received, from, to)
    return
  } else if (what === 'host') {
    if (!row.has(F.domain)) putHost(row, from, to)
    return
  } else if (what === 'id') {
    if (!row.has(F.id)) putEscaped(row, F.id, from, to)
    return
  }
  const f = row.field(own)
  if (!row.has(f)) putEscaped(row, f, from, to)
}
const isName = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95

/** What formats append after the user agent: quoted strings, numbers, key=value. */
const putRest = (row: Row, from: number, to: number, trusted: Trust): void => {
  const { bytes: b } = row
  let at = from
  for (let seen = 1; at < to && seen <= 40; seen++) {
    while (at < to && b[at] === 32) at++
    if (at >= to) return
    if (b[at] === 34) {
      const q = closingQuote(b, at + 1, to)
      // `main`, as nginx documents it, ends with the list of proxies.
      if (seen === 1 && q === to - 1) putForwarded(row, at + 1, q, NAMES.list, trusted)
      at = q < 0 ? to : q + 1
      continue
    }
    const word = at
    while (at < to && isName(b[at]!)) at++
    if (at > word && (b[at] === 61 || b[at] === 58) && at < to && b[word]! > 57) {
      const nameEnd = at++
      if (b[at] === 34 && at < to) {
        const q = closingQuote(b, at + 1, to)
        putNamed(row, word, nameEnd, at + 1, q < 0 ? to : q)
        at = q < 0 ? to : q + 1
      } else {
        const value = at
        while (at < to && b[at] !== 32 && b[at] !== 34) at++
        putNamed(row, word, nameEnd, value, at)
      }
      continue
    }
    at = word
    while (at < to && b[at] !== 32) at++
    putWord(row, word, at, seen === 1)
  }
}
/** A word without a name, told by its shape: seconds with three places, the length of a request, an id of 32 digits. */
const putWord = (row: Row, from: number, to: number, first: boolean): void => {
  const { bytes: b } = row
  if (to - from >= 5 && b[to - 4] === 46) {
    const nanos = secondsToNanos(b, from, to)
    if (!Number.isNaN(nanos) && !row.has(F.duration)) row.long(F.duration, nanos)
  } else if (first && !Number.isNaN(integer(b, from, to))) row.long(F.received, integer(b, from, to))
  else if (to - from === 32) {
    for (let i = from; i < to; i++) if (!((b[i]! >= 48 && b[i]! <= 57) || (b[i]! >= 97 && b[i]! <= 102))) return
    row.text(F.id, from, to)
  }
}

const MANAGERS: readonly (readonly Part[])[] = [PROXY_MANAGER, PROXY_MANAGER_STANDARD]

const isBlank = (b: Uint8Array, from: number, to: number): boolean => {
  for (let i = from; i < to; i++) if (b[i]! > 32) return false
  return true
}
const lineStart = 'an access log line with [dd/Mon/yyyy:hh:mm:ss +zzzz]'

const structured = (row: Row, from: number, to: number, context: LineContext, trusted: Trust): Answer => {
  const { bytes: b } = row
  if (b[from] === 123) return parseNginxJson(row, from, to, context, trusted)
  const open = timeAt(b, from, to)
  if (open < 0) return isBlank(b, from, to) ? SKIP : expected(row, lineStart, from, to)
  if (open === from) {
    for (const parts of MANAGERS) {
      if (readParts(row, from, to, parts, NAMES, context.timezone, trusted) !== undefined || !row.has(F.ip)) {
        row.again()
        continue
      }
      putAccess(row)
      return EVENT
    }
    return expected(row, 'an address before the time', from, to)
  }
  const time = clfTime(b, open + 1)
  if (Number.isNaN(time)) return expected(row, 'a time [dd/Mon/yyyy:hh:mm:ss +zzzz]', open, to)
  const quote = find(b, 34, open + 28, to)
  if (quote < 0) return expected(row, 'a quoted request after the time', open + 28, to)
  row.long(F.time, time)
  putAccess(row)
  putClients(row, from, open)
  const close = requestEnd(b, quote + 1, to)
  // Cut off, as syslog does with a long one: an attacker must not escape the rules by writing much.
  putRequest(row, quote + 1, close < 0 ? to : close, NAMES.request)
  if (close >= 0) putResponse(row, after(row.bytes, close), to, trusted)
  return EVENT
}

/** `client - user `, before the time. */
const putClients = (row: Row, from: number, open: number): void => {
  const { bytes: b } = row
  let who = -1
  let user = -1
  for (let i = from; i + 2 < open; i++)
    if (b[i] === 32 && b[i + 1] === 45 && b[i + 2] === 32) {
      who = i
      user = i + 3
      break
    }
  let end = open > from && b[open - 1] === 32 ? open - 1 : open
  if (who < 0) {
    // `address ident user`, where ident is not `-`.
    let words = 0
    let [last, before] = [-1, -1]
    for (let i = end - 1; i >= from; i--)
      if (b[i] === 32) {
        words++
        if (last < 0) last = i
        else if (before < 0) before = i
      }
    who = words === 0 ? end : words === 1 ? last : before
    user = words >= 2 ? last + 1 : end
  }
  putWho(row, from, Math.max(from, who))
  while (end > user && b[end - 1] === 32) end--
  while (user < end && b[user] === 32) user++
  putEscaped(row, F.user, user, end)
}

/** What follows a closing quote, a blank passed over. */
const after = (b: Uint8Array, quote: number): number => (b[quote + 1] === 32 ? quote + 2 : quote + 1)

/** `status bytes "referrer" "user agent" …` */
const putResponse = (row: Row, from: number, to: number, trusted: Trust): void => {
  const { bytes: b } = row
  let at = from
  let space = find(b, 32, at, to)
  if (space < 0) space = to
  putStatus(row, at, space)
  at = space + 1
  space = find(b, 32, at, to)
  if (space < 0) space = to
  putSize(row, F.body, at, space)
  at = space + 1
  for (const f of [F.referrer, F.agent]) {
    if (at >= to) return
    if (b[at] !== 34) break
    const close = closingQuote(b, at + 1, to)
    putEscaped(row, f, at + 1, close < 0 ? to : close)
    at = close < 0 ? to : after(b, close)
  }
  putRest(row, at, to, trusted)
}

const options = z.strictObject({
  /** The text of nginx's log_format, quotes of the configuration left out. */
  format: formatOption('log_format', compileNginx),
  trusted_proxies: trustedProxies,
})

const open = ({ format, trusted_proxies }: z.infer<typeof options>): Parse => {
  const trusted = trustOf(trusted_proxies)
  if (format === undefined) return (row, from, to, context) => structured(row, from, to, context, trusted)
  const parts = compileNginx(format)
  return (row, from, to, context) => {
    if (isBlank(row.bytes, from, to)) return SKIP
    const problem = readParts(row, from, to, parts, NAMES, context.timezone, trusted)
    if (problem !== undefined)
      return expected(row, `${problem} (log_format ${JSON.stringify(format.slice(0, 120))})`, from, to)
    putAccess(row)
    return EVENT
  }
}

export const nginxAccess: Parser<z.infer<typeof options>> = {
  id: 'nginx_access',
  title: 'nginx access log',
  options,
  logsources: [
    { category: 'webserver', service: 'nginx' },
    { service: 'nginx', taxonomy: 'webserver' },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'nginx.conf, http { } / server { }',
      text: ({ host, port }) =>
        `access_log syslog:server=${host.includes(':') ? `[${host}]` : host}:${port},facility=local7,tag=nginx,severity=info combined;\n`,
    },
  ],
  open,
}
