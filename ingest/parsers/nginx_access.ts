import type { Event } from '../event.ts'
import { hostPort, integer } from './address.ts'
import {
  clientOf,
  forwarded,
  present,
  putClient,
  putForwarded,
  putRequest,
  putStatus,
  secondsToNanos,
  unescapeLog,
} from './clf.ts'
import { parseNginxJson } from './nginx_json.ts'
import type { LineContext, Parsed, Parser } from './parser.ts'
import { putPriority, syslogHeader } from './syslog.ts'
import { clfMillis } from './time.ts'
import { putHost } from './url.ts'

const LIST = 'nginx.access.remote_ip_list'

/** Where `[14/May/2026:09:30:01 +0700]` begins: the first that a quote follows, for a user name may hold another. */
const timeAt = (line: string, from: number): number => {
  let fallback = -1
  for (let i = line.indexOf('[', from); i >= 0; i = line.indexOf('[', i + 1)) {
    if (line.charCodeAt(i + 27) !== 93 || line.charCodeAt(i + 3) !== 47) continue
    if (line.charCodeAt(i + 28) === 32 && line.charCodeAt(i + 29) === 34) return i
    if (fallback < 0) fallback = i
  }
  return fallback
}

/** The quote that closes the one before `from`: nginx writes `"` inside as \x22, Apache as \". */
const closingQuote = (line: string, from: number): number => {
  for (let q = line.indexOf('"', from); q >= 0; q = line.indexOf('"', q + 1)) {
    let b = q - 1
    while (b >= from && line.charCodeAt(b) === 92) b--
    if ((q - b) % 2 === 1) return q
  }
  return -1
}

/** As closingQuote, but a request that was written without escaping may hold quotes: a status has to follow. */
const requestEnd = (line: string, from: number): number => {
  const first = closingQuote(line, from)
  for (let q = first; q >= 0; q = closingQuote(line, q + 1)) {
    const digit = line.charCodeAt(q + 2)
    if (line.charCodeAt(q + 1) === 32 && ((digit >= 48 && digit <= 57) || digit === 45)) return q
    if (q - first > 4096) break
  }
  return first
}

/** `client`, `a, b, c`, `"a, b" remote`, each with a virtual host before it or not. */
const putWho = (event: Event, left: string): void => {
  if (!left.includes(' ') && !left.includes(',')) {
    if (left === 'unix:') event['source.address'] = left
    else if (left !== '-' && left !== '') {
      putClient(event, left)
      event[LIST] = [(event['source.ip'] ?? event['source.address']) as string]
    }
    return
  }
  let rest = left
  const space = left.indexOf(' ')
  if (
    space > 0 &&
    left.charCodeAt(0) !== 34 &&
    left.charCodeAt(space - 1) !== 44 &&
    left.charCodeAt(space + 1) !== 44
  ) {
    const host = left.slice(0, space)
    if (!host.includes(',')) {
      rest = left.slice(space + 1)
      putVirtualHost(event, host)
    }
  }
  if (rest === 'unix:') {
    event['source.address'] = rest
    return
  }
  const list = forwarded(rest)
  if (list.length === 0) return
  event[LIST] = list.map(({ ip, host }) => ip ?? host)
  const client = clientOf(list)!
  event['source.address'] = client.host
  if (client.ip !== undefined) event['source.ip'] = client.ip
}

/** What stands for $host is what the client asked for, so an address in it is a name too, not a destination. */
const putVirtualHost = (event: Event, text: string): void => {
  const { host, ip, port } = hostPort(text)
  if (host === '-' || host === '_' || host === '') return
  putHost(event, ip ?? host)
  if (ip === undefined) event['destination.domain'] = host.toLowerCase()
  if (port !== undefined) event['destination.port'] = port
}

/** What formats append after the user agent: quoted strings, numbers, key=value. */
const putRest = (event: Event, line: string, from: number): void => {
  let at = from
  let quoted = 0
  let seen = 0
  const end = line.length
  while (at < end && seen < 40) {
    while (line.charCodeAt(at) === 32) at++
    if (at >= end) return
    seen++
    if (line.charCodeAt(at) === 34) {
      const q = closingQuote(line, at + 1)
      const text = line.slice(at + 1, q < 0 ? end : q)
      if (quoted++ === 0 && present(text) && forwarded(text).some(({ ip }) => ip !== undefined)) {
        putForwarded(event, text, LIST)
      }
      at = q < 0 ? end : q + 1
      continue
    }
    const equals = /^([A-Za-z_]\w{0,40})[=:]"?([^\s"]*)"?/.exec(line.slice(at, at + 300))
    if (equals) {
      putNamed(event, equals[1]!, equals[2]!)
      at += equals[0].length
      continue
    }
    let space = line.indexOf(' ', at)
    if (space < 0) space = end
    const word = line.slice(at, space)
    if (/^\d{1,6}\.\d{3}$/.test(word)) event['event.duration'] ??= secondsToNanos(word)!
    else if (seen === 1 && integer(word) !== undefined) event['http.request.bytes'] = integer(word)!
    else if (/^[0-9a-f]{32}$/.test(word)) event['http.request.id'] = word
    at = space
  }
}

const NAMES: Readonly<Record<string, string>> = {
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
const putNamed = (event: Event, name: string, value: string): void => {
  if (!present(value)) return
  const what = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined
  const nanos = what === 'time' ? secondsToNanos(value) : undefined
  const size = what === 'length' ? integer(value) : undefined
  if (nanos !== undefined) event['event.duration'] = nanos
  else if (size !== undefined) event['http.request.bytes'] = size
  else if (what === 'host') putHost(event, value)
  else if (what === 'id') event['http.request.id'] = value
  else event[`nginx.access.${name.toLowerCase()}`] = value
}

// Nginx Proxy Manager: [time] cache upstream status - method scheme host "path" [Client ip] [Length n] … "ua" "referrer"
const MANAGER =
  /^(?:[A-Z-]+ )?(?:(?:\d{3}|-) )?(\d{3}|-) - ([A-Za-z-]{1,32}) ([a-z]+) (\S+) "((?:[^"\\]|\\.)*)" \[Client ([^\]]+)\] \[Length (\d+|-)\](?: \[[^\]]*\])* "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"/

const parseManager = (event: Event, rest: string): boolean => {
  const m = MANAGER.exec(rest)
  if (!m) return false
  putClient(event, m[6]!)
  putStatus(event, m[1]!)
  putRequest(event, `${m[2]} ${unescapeLog(m[5]!)} HTTP/1.1`, 'nginx.access.request')
  delete event['http.version'] // it is not in this format
  event['url.scheme'] = m[3]!
  putVirtualHost(event, m[4]!)
  const size = integer(m[7]!)
  if (size !== undefined) event['http.response.body.bytes'] = size
  if (present(m[8])) event['user_agent.original'] = unescapeLog(m[8])
  if (present(m[9])) event['http.request.referrer'] = unescapeLog(m[9])
  return true
}

export const newNginxEvent = (time: number): Event => ({
  '@timestamp': time,
  'event.kind': 'event',
  'event.dataset': 'nginx_access',
  'event.category': ['web'],
  'event.type': ['access'],
})

const expected = (line: string, what: string): Parsed => ({
  error: `expected ${what}, found ${JSON.stringify(line.slice(0, 80))}`,
})

const parse = (line: string, context: LineContext): Parsed => {
  let from = 0
  const first = line.charCodeAt(0)
  const header = first === 60 ? syslogHeader(line, context.arrived, context.timezone) : undefined
  if (header) from = header.body
  if (line.charCodeAt(from) === 123) return parseNginxJson(from === 0 ? line : line.slice(from), context)
  const open = timeAt(line, from)
  if (open < 0) {
    if (line.trim() === '') return { skip: true }
    return expected(line, 'an access log line with [dd/Mon/yyyy:hh:mm:ss +zzzz]')
  }
  const time = clfMillis(line, open + 1)
  if (Number.isNaN(time)) return expected(line.slice(open), 'a time [dd/Mon/yyyy:hh:mm:ss +zzzz]')
  const event = newNginxEvent(time)
  if (header) putPriority(event, header)

  if (open === from) {
    if (parseManager(event, line.slice(open + 29))) return { event }
    return expected(line, 'an address before the time')
  }
  const dash = line.indexOf(' - ', from)
  let who: string
  let user: string
  if (dash >= 0 && dash < open) {
    who = line.slice(from, dash)
    user = line.slice(dash + 3, open - 1)
  } else {
    // `address ident user`, where ident is not `-`
    const words = line.slice(from, open - 1).split(' ')
    user = words.length > 2 ? words.pop()! : '-'
    if (words.length > 1) words.pop()
    who = words.join(' ')
  }
  putWho(event, who)
  if (present(user)) {
    const name = unescapeLog(user).trim()
    if (present(name)) event['user.name'] = name
  }

  const quote = line.indexOf('"', open + 28)
  if (quote < 0) return expected(line.slice(open + 28), 'a quoted request after the time')
  const close = requestEnd(line, quote + 1)
  if (close < 0) {
    // Cut off, as syslog does with a long one: an attacker must not escape the rules by writing much.
    putRequest(event, unescapeLog(line.slice(quote + 1)), 'nginx.access.request')
    return { event }
  }
  putRequest(event, unescapeLog(line.slice(quote + 1, close)), 'nginx.access.request')

  // status bytes "referrer" "user agent" …
  let at = close + 2
  let space = line.indexOf(' ', at)
  if (space < 0) space = line.length
  putStatus(event, line.slice(at, space))
  at = space + 1
  space = line.indexOf(' ', at)
  if (space < 0) space = line.length
  const size = integer(line.slice(at, space))
  if (size !== undefined && size >= 0) event['http.response.body.bytes'] = size
  at = space + 1
  if (line.charCodeAt(at) !== 34) {
    if (at < line.length) putRest(event, line, at)
    return { event }
  }
  let end = closingQuote(line, at + 1)
  if (end < 0) end = line.length
  if (end > at + 2 || line.charCodeAt(at + 1) !== 45) {
    const referrer = line.slice(at + 1, end)
    if (present(referrer)) event['http.request.referrer'] = unescapeLog(referrer)
  }
  at = end + 2
  if (line.charCodeAt(at) !== 34) {
    if (at < line.length) putRest(event, line, at)
    return { event }
  }
  end = closingQuote(line, at + 1)
  if (end < 0) end = line.length
  const agent = line.slice(at + 1, end)
  if (present(agent)) event['user_agent.original'] = unescapeLog(agent)
  if (end + 2 < line.length) putRest(event, line, end + 1)
  return { event }
}

export const nginxAccess: Parser = { id: 'nginx_access', title: 'nginx access log', parse }
