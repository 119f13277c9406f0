/**
 * Access logs by the server's own format string: what nginx calls log_format and Apache LogFormat becomes parts, texts
 * that stand between values and values by name; a line is cut at the texts.
 */
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { clfTime, find, integer, port } from '../row/values.ts'
import {
  hops,
  present,
  putClient,
  putEscaped,
  putForwarded,
  putRequest,
  putSize,
  putStatus,
  secondsToNanos,
  type Trust,
  unescaped,
  unescapedEnd,
} from './clf.ts'
import { epoch } from './stamp.ts'
import { isoMillis } from './time.ts'
import { lower, putDomain, putHost, putLower, putUrl, splitHost } from './url.ts'

/** What a value is to us; anything else is kept under the server's own name. */
export type Meaning =
  | 'time'
  | 'time_iso'
  | 'time_epoch'
  | 'client'
  | 'client_port'
  | 'user'
  | 'request'
  | 'method'
  | 'target'
  | 'path'
  | 'query'
  | 'protocol'
  | 'status'
  | 'body'
  | 'sent'
  | 'received'
  | 'referrer'
  | 'agent'
  | 'forwarded'
  | 'host'
  | 'domain'
  | 'scheme'
  | 'seconds'
  | 'millis'
  | 'micros'
  | 'server'
  | 'server_port'
  | 'id'
  | 'tls'
  | 'cipher'
  | 'ignore'

export type Part = { readonly text: Uint8Array } | { readonly meaning: Meaning } | { readonly field: string }
/** Names that are the server's own stand below this: 'nginx.access'. */
export interface Names {
  readonly list: number
  readonly request: number
}
export const namesOf = (prefix: string): Names => ({
  list: field(`${prefix}.remote_ip_list`),
  request: field(`${prefix}.request`),
})

const F = {
  time: field('@timestamp'),
  ip: field('source.ip'),
  address: field('source.address'),
  sourcePort: field('source.port'),
  user: field('user.name'),
  method: field('http.request.method'),
  version: field('http.version'),
  original: field('url.original'),
  path: field('url.path'),
  query: field('url.query'),
  scheme: field('url.scheme'),
  body: field('http.response.body.bytes'),
  sent: field('http.response.bytes'),
  received: field('http.request.bytes'),
  referrer: field('http.request.referrer'),
  agent: field('user_agent.original'),
  duration: field('event.duration'),
  destination: field('destination.ip'),
  destinationPort: field('destination.port'),
  destinationDomain: field('destination.domain'),
  domain: field('url.domain'),
  id: field('http.request.id'),
  protocol: field('tls.version_protocol'),
  tlsVersion: field('tls.version'),
  cipher: field('tls.cipher'),
  category: field('event.category'),
  type: field('event.type'),
} as const
const WEB = constant('web')
const ACCESS = constant('access')

export const putAccess = (row: Row): void => {
  row.list(F.category)
  row.constItem(WEB)
  row.list(F.type)
  row.constItem(ACCESS)
}

const tls = new Memo((text) => {
  const m = /^([A-Za-z]+)v(\d(?:\.\d)?)$/.exec(text)
  return m && { protocol: constant(m[1]!.toLowerCase()), version: constant(m[2]!) }
})

/** What stands for $host is what the client asked for, so an address in it is a name too, not a destination. */
export const putVirtualHost = (row: Row, from: number, to: number): void => {
  const { bytes } = row
  if (!present(bytes, from, to) || (to - from === 1 && bytes[from] === 95)) return
  const [a, z, number] = splitHost(bytes, from, to)
  if (!putDomain(row, F.domain, a, z) || row.has(F.destinationDomain)) return
  if (addressOf(bytes, a, z) === undefined) putLower(row, F.destinationDomain, a, z)
  if (!Number.isNaN(number)) row.long(F.destinationPort, number)
}

/** What remains of the line's values until all were read: their order in a format is anybody's. */
export interface Later {
  forwarded: readonly [number, number] | undefined
  method: readonly [number, number] | undefined
  target: readonly [number, number] | undefined
  path: readonly [number, number] | undefined
  query: readonly [number, number] | undefined
}

export const putMeaning = (
  row: Row,
  meaning: Meaning,
  from: number,
  to: number,
  names: Names,
  timezone: string,
  later: Later,
): void => {
  const { bytes } = row
  if (meaning === 'ignore' || !present(bytes, from, to)) return
  switch (meaning) {
    case 'time':
    case 'time_iso':
    case 'time_epoch': {
      const open = bytes[from] === 91 ? from + 1 : from
      const time =
        meaning === 'time'
          ? clfTime(bytes, open)
          : meaning === 'time_epoch'
            ? epoch(bytes, from, to)
            : isoMillis(row.slice(from, to), timezone)
      if (!Number.isNaN(time) && !row.has(F.time)) row.long(F.time, time)
      return
    }
    case 'client':
      putClient(row, from, to)
      return
    case 'client_port':
    case 'server_port': {
      const n = port(bytes, from, to)
      if (!Number.isNaN(n)) row.long(meaning === 'client_port' ? F.sourcePort : F.destinationPort, n)
      return
    }
    case 'user':
      putEscaped(row, F.user, from, to)
      return
    case 'request':
      putRequest(row, from, to, names.request)
      return
    case 'method':
    case 'target':
    case 'path':
    case 'query':
      later[meaning] = [from, to]
      return
    case 'protocol': {
      const slash = find(bytes, 47, from, to)
      if (!row.has(F.version)) row.text(F.version, slash < 0 ? from : slash + 1, to)
      return
    }
    case 'status':
      putStatus(row, from, to)
      return
    case 'body':
      putSize(row, F.body, from, to)
      return
    case 'sent':
      putSize(row, F.sent, from, to)
      return
    case 'received':
      putSize(row, F.received, from, to)
      return
    case 'referrer':
      putEscaped(row, F.referrer, from, to)
      return
    case 'agent':
      putEscaped(row, F.agent, from, to)
      return
    case 'forwarded':
      later.forwarded = [from, to]
      return
    case 'host':
      putVirtualHost(row, from, to)
      return
    case 'domain':
      if (!(to - from === 1 && bytes[from] === 95)) putHost(row, from, to)
      return
    case 'scheme':
      row.const(F.scheme, lower.get(bytes, from, to))
      return
    case 'seconds': {
      const nanos = secondsToNanos(bytes, from, to)
      if (!Number.isNaN(nanos)) row.long(F.duration, nanos)
      return
    }
    case 'millis':
    case 'micros': {
      const n = integer(bytes, from, to)
      const nanos = n * (meaning === 'millis' ? 1e6 : 1e3)
      if (nanos >= 0 && nanos < Number.MAX_SAFE_INTEGER) row.long(F.duration, nanos)
      return
    }
    case 'server':
      row.ip(F.destination, from, to)
      return
    case 'id':
      putEscaped(row, F.id, from, to)
      return
    case 'tls': {
      const version = tls.get(bytes, from, to)
      if (!version) return
      row.const(F.protocol, version.protocol)
      row.const(F.tlsVersion, version.version)
      return
    }
    case 'cipher':
      putEscaped(row, F.cipher, from, to)
      return
  }
}

/** What takes several values: the URL of method, target and query, the client of a list of proxies. */
export const putLater = (row: Row, later: Later, names: Names, trusted: Trust): void => {
  const { method, target, path, query, forwarded } = later
  if (method) row.text(F.method, method[0], method[1])
  const url = target ?? path
  if (url && !row.has(F.original)) {
    const from = unescaped(row, url[0], url[1])
    const to = unescapedEnd()
    if (query && find(row.bytes, 63, from, to) < 0) {
      const skip = row.bytes[query[0]] === 63 ? 1 : 0
      const at = row.copy(row.bytes, from, to)
      row.copy(MARK, 0, 1)
      row.copy(row.bytes, query[0] + skip, query[1])
      putUrl(row, at, row.at)
    } else putUrl(row, from, to)
  }
  if (forwarded && hops(row.bytes, forwarded[0], forwarded[1]).length > 0)
    putForwarded(row, forwarded[0], forwarded[1], names.list, trusted)
}
const MARK = Uint8Array.of(63)
export const newLater = (): Later => ({
  forwarded: undefined,
  method: undefined,
  target: undefined,
  path: undefined,
  query: undefined,
})

/** Where a text stands between `from` and `to`, -1 where it does not. */
const place = (bytes: Uint8Array, text: Uint8Array, from: number, to: number): number => {
  const first = text[0]!
  const last = to - text.length
  for (let i = from; i <= last; i++) {
    if (bytes[i] !== first) continue
    let n = 1
    while (n < text.length && bytes[i + n] === text[n]) n++
    if (n === text.length) return i
  }
  return -1
}
/** Whether the quote there is written by the server, not part of a value: one that Apache or a client escaped is not. */
const isPlain = (bytes: Uint8Array, at: number, from: number): boolean => {
  if (bytes[at] !== 34) return true
  let i = at - 1
  while (i >= from && bytes[i] === 92) i--
  return (at - i) % 2 === 1
}

/** Whether what stands at `at` can be a value of this meaning: where a value before it ends is told by that. */
const follows = (
  b: Uint8Array,
  at: number,
  to: number,
  meaning: Meaning | undefined,
  beyond: Part | undefined,
): boolean => {
  // A line that ends there was cut off; what stands behind it is another's.
  if (meaning === 'status') return at >= to || (b[at]! >= 48 && b[at]! <= 57) || b[at] === 45
  if (meaning !== 'time') return true
  const end = at + 26
  return (
    at + 6 < to &&
    b[at + 2] === 47 &&
    b[at + 6] === 47 &&
    (!beyond || !('text' in beyond) || place(b, beyond.text, end, Math.min(to, end + beyond.text.length)) === end)
  )
}

/**
 * Reads a line by its format's parts. A value ends where the next text stands; a request that holds quotes of its own ends
 * where what follows is the status. Answers what does not fit, undefined where all of it did. `cut`: a line that is cut off
 * (syslog) says what it holds.
 */
export const readParts = (
  row: Row,
  from: number,
  to: number,
  parts: readonly Part[],
  names: Names,
  timezone: string,
  trusted: Trust,
  cut = true,
): string | undefined => {
  const later = newLater()
  let at = from
  let values = 0
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    if ('text' in part) {
      const found = place(row.bytes, part.text, at, Math.min(to, at + part.text.length))
      if (found !== at) {
        if (cut && at >= to && values > 1) break
        return `the text ${JSON.stringify(Buffer.from(part.text).toString())} of the format`
      }
      at += part.text.length
      continue
    }
    const next = parts[i + 1]
    let stop = to
    if (next && 'text' in next) {
      const after = parts[i + 2]
      const meaning = after && 'meaning' in after ? after.meaning : undefined
      const beyond = parts[i + 3]
      stop = place(row.bytes, next.text, at, to)
      for (let n = 0; stop >= 0 && n < 4096; n++) {
        const fits = follows(row.bytes, stop + next.text.length, to, meaning, beyond)
        if (fits && isPlain(row.bytes, stop, at)) break
        stop = place(row.bytes, next.text, stop + 1, to)
      }
      if (stop < 0) stop = to
    }
    if ('meaning' in part) putMeaning(row, part.meaning, at, stop, names, timezone, later)
    else putEscaped(row, row.field(part.field), at, stop)
    values++
    at = stop
  }
  putLater(row, later, names, trusted)
  if (!row.has(F.time)) return 'a time'
  return undefined
}
