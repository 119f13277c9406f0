/**
 * Traefik's access log: the common format and JSON (https://doc.traefik.io/traefik/observability/access-logs/). In the common
 * format quotes of a client are not escaped: the columns behind the user agent are counted from the right.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { clfTime, find, findLast, integer, pastBlank, standsAt } from '../row/values.ts'
import {
  expected,
  present,
  putClient,
  putForwarded,
  putRequest,
  putSize,
  putStatus,
  type Trust,
  trustedProxies,
  trustOf,
} from './clf.ts'
import { CUT, readJson } from './json.ts'
import { Leaves } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parse, type Parser, SKIP } from './parser.ts'
import { Plan } from './plan.ts'
import { isoTime } from './stamp.ts'
import { namesOf, putAccess } from './weblog.ts'

const NAMES = namesOf('traefik.access')
const F = {
  time: field('@timestamp'),
  duration: field('event.duration'),
  user: field('user.name'),
  body: field('http.response.body.bytes'),
  referrer: field('http.request.referrer'),
  agent: field('user_agent.original'),
  version: field('http.version'),
  transport: field('network.transport'),
  count: field('traefik.access.request_count'),
  frontend: field('traefik.access.frontend_name'),
  backend: field('traefik.access.backend_url'),
} as const
const TCP = constant('tcp')
const UDP = constant('udp')

/** HTTP/3 is QUIC; everything before it is TCP. */
const putTransport = (row: Row): void => {
  if (!row.has(F.version)) return
  row.const(F.transport, row.bytes[row.from[F.version]!] === 51 ? UDP : TCP)
}

/** Where `[14/May/2026:09:30:01 +0700] "` begins. */
const timeAt = (b: Uint8Array, from: number, to: number): number => {
  for (let i = from; i + 29 < to; i++)
    if (
      i > from &&
      b[i - 1] === 32 &&
      b[i] === 91 &&
      b[i + 27] === 93 &&
      b[i + 3] === 47 &&
      b[i + 28] === 32 &&
      b[i + 29] === 34
    )
      return i
  return -1
}
/** A quoted value that ends at `end`, its quotes before it: where it begins; -1 where none does. */
const quotedBefore = (b: Uint8Array, from: number, end: number): number =>
  b[end - 1] === 34 ? findLast(b, 34, from, end - 1) + 1 || -1 : -1

/** `count "router" "server" 12ms` at the end; answers where the user agent ends. */
const putTail = (row: Row, from: number, to: number): number => {
  const { bytes: b } = row
  if (b[to - 1] !== 115 || b[to - 2] !== 109) return to
  let at = findLast(b, 32, from, to)
  const millis = at < 0 ? Number.NaN : integer(b, at + 1, to - 2)
  if (Number.isNaN(millis)) return to
  const server = quotedBefore(b, from, at)
  const router = server < 0 ? -1 : quotedBefore(b, from, server - 2)
  if (millis >= 0 && millis < 9e9) row.long(F.duration, millis * 1e6)
  if (server >= 0 && present(b, server, at - 1)) row.text(F.backend, server, at - 1)
  if (router >= 0 && present(b, router, server - 3)) row.text(F.frontend, router, server - 3)
  if (router < 0) return at
  if (b[router - 2] !== 32) return to
  at = router - 2
  const blank = findLast(b, 32, from, at)
  const count = integer(b, blank + 1, at)
  if (!(count >= 0)) return at
  row.long(F.count, count)
  return blank
}

const putText = (row: Row, f: number, from: number, to: number): void => {
  if (present(row.bytes, from, to)) row.text(f, from, to)
}
/** `"referrer" "user agent"`, each a dash where it was not sent. */
const putAgent = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  let at = from
  if (b[at] === 34) {
    let close = -1
    for (let i = at + 1; i < to; i++)
      if (b[i] === 34 && b[i + 1] === 32 && (b[i + 2] === 34 || b[i + 2] === 45)) {
        close = i
        break
      }
    putText(row, F.referrer, at + 1, close < 0 ? to : close)
    if (close < 0) return
    at = close + 2
  } else at = b[at] === 45 ? pastBlank(b, at + 1, to) : to
  if (b[at] === 34 && at < to) putText(row, F.agent, at + 1, b[to - 1] === 34 && to - 1 > at ? to - 1 : to)
}

const common = (row: Row, from: number, to: number): Answer => {
  const { bytes: b } = row
  const open = timeAt(b, from, to)
  const time = open < 0 ? Number.NaN : clfTime(b, open + 1)
  if (Number.isNaN(time))
    return expected(row, 'an access log line of Traefik with [dd/Mon/yyyy:hh:mm:ss +zzzz] "', from, to)
  row.long(F.time, time)
  putAccess(row)
  const client = find(b, 32, from, open)
  putClient(row, from, client < 0 ? open - 1 : client)
  if (client >= 0 && standsAt(b, client, ' - ')) putText(row, F.user, client + 3, open - 1)
  // The request ends where a status follows.
  let close = -1
  for (let q = find(b, 34, open + 30, to); q >= 0; q = find(b, 34, q + 1, to))
    if (b[q + 1] === 32 && b[q + 2]! >= 48 && b[q + 2]! <= 57 && b[q + 5] === 32) {
      close = q
      break
    }
  putRequest(row, open + 30, close < 0 ? to : close, NAMES.request)
  putTransport(row)
  if (close < 0) return EVENT
  const rest = row.bytes
  let at = close + 2
  putStatus(row, at, at + 3)
  at += 4
  let end = find(rest, 32, at, to)
  if (end < 0) end = to
  putSize(row, F.body, at, end)
  if (end < to) putAgent(row, end + 1, putTail(row, end + 1, to))
  return EVENT
}

const OWN = [
  'StartUTC',
  'time',
  'StartLocal',
  'RequestProtocol',
  'DownstreamStatus',
  'request_X-Forwarded-For',
  'ClientHost',
] as const
const leaves = new Leaves(OWN)
const ID = { utc: 1, time: 2, local: 3, protocol: 4, status: 5, forwarded: 6, client: 7 } as const
const plan = new Plan('traefik.access.', {
  StartUTC: ['own'],
  StartLocal: ['own'],
  time: ['own'],
  ClientHost: ['side', 'source'],
  ClientPort: ['port', 'source.port'],
  ClientAddr: ['drop'],
  ClientUsername: ['own'],
  DownstreamStatus: ['own'],
  DownstreamContentSize: ['long', 'http.response.body.bytes'],
  DownstreamStatusLine: ['drop'],
  OriginStatusLine: ['drop'],
  OriginStatus: ['long', 'traefik.access.origin.status_code'],
  OriginContentSize: ['long', 'traefik.access.origin.content_size'],
  OriginDuration: ['long', 'traefik.access.origin.duration'],
  Overhead: ['long', 'traefik.access.overhead'],
  Duration: ['long', 'event.duration'],
  RequestCount: ['long', 'traefik.access.request_count'],
  RequestContentSize: ['long', 'http.request.body.bytes'],
  RequestMethod: ['text', 'http.request.method'],
  RequestPath: ['url'],
  RequestHost: ['host'],
  RequestPort: ['port', 'url.port'],
  RequestScheme: ['word', 'url.scheme'],
  RequestProtocol: ['own'],
  RequestAddr: ['drop'],
  RequestLine: ['drop'],
  RetryAttempts: ['long', 'traefik.access.retry_attempts'],
  FrontendName: ['text', 'traefik.access.frontend_name'],
  RouterName: ['text', 'traefik.access.router_name', 'traefik.access.frontend_name'],
  BackendURL: ['text', 'traefik.access.backend_url'],
  ServiceURL: ['own'],
  ServiceName: ['text', 'traefik.access.service_name'],
  ServiceAddr: ['text', 'traefik.access.service_address'],
  TLSCipher: ['text', 'tls.cipher'],
  TLSVersion: ['text', 'tls.version'],
  'request_User-Agent': ['text', 'user_agent.original'],
  request_Referer: ['text', 'http.request.referrer'],
  'request_X-Forwarded-For': ['own'],
  request_Cookie: ['drop'],
  request_Authorization: ['drop'],
  level: ['word', 'log.level'],
  msg: ['drop'],
})
const json = (row: Row, from: number, to: number, context: LineContext, trusted: Trust): Answer => {
  leaves.clear()
  const answer = readJson(row, from, to, leaves)
  if (answer >= 0) return expected(row, 'JSON', answer, to)
  const { at } = leaves
  let time = Number.NaN
  for (const id of [ID.utc, ID.time, ID.local]) {
    const i = at[id]!
    if (i >= 0 && i !== leaves.cut && Number.isNaN(time))
      time = isoTime(row.bytes, leaves.from[i]!, leaves.to[i]!, id === ID.utc ? 'UTC' : context.timezone)
  }
  if (Number.isNaN(time) || (!leaves.has(ID.status) && !leaves.has(ID.client)))
    return expected(
      row,
      `StartUTC and ClientHost in the JSON${answer === CUT ? ' before the line was cut' : ''}`,
      from,
      to,
    )
  row.long(F.time, time)
  plan.put(row, leaves, context.timezone)
  putAccess(row)
  const [status, protocol, forwarded] = [at[ID.status]!, at[ID.protocol]!, at[ID.forwarded]!]
  if (status >= 0) putStatus(row, leaves.from[status]!, leaves.to[status]!)
  if (protocol >= 0 && standsAt(row.bytes, leaves.from[protocol]!, 'HTTP/'))
    row.text(F.version, leaves.from[protocol]! + 5, leaves.to[protocol]!)
  putTransport(row)
  for (let i = 0; i < leaves.count; i++) {
    const name = leaves.names[leaves.node[i]!]
    if (name === 'ClientUsername' && leaves.isFirst(i)) putText(row, F.user, leaves.from[i]!, leaves.to[i]!)
    // Of a URL as an object (Go writes its parts) the host is not said.
    if (name === 'ServiceURL' && leaves.isFirst(i)) putText(row, F.backend, leaves.from[i]!, leaves.to[i]!)
  }
  if (forwarded >= 0) putForwarded(row, leaves.from[forwarded]!, leaves.to[forwarded]!, NAMES.list, trusted)
  return EVENT
}

const options = z.strictObject({ trusted_proxies: trustedProxies })
const open = ({ trusted_proxies }: z.infer<typeof options>): Parse => {
  const trusted = trustOf(trusted_proxies)
  return (row, from, to, context) => {
    const { bytes: b } = row
    let at = from
    while (at < to && b[at]! <= 32) at++
    let end = to
    while (end > at && b[end - 1]! <= 32) end--
    if (at === end) return SKIP
    return b[at] === 123 ? json(row, at, end, context, trusted) : common(row, at, end)
  }
}

export const traefikAccess: Parser<z.infer<typeof options>> = {
  id: 'traefik_access',
  title: 'Traefik access log',
  options,
  logsources: [
    { category: 'webserver', product: 'traefik' },
    { product: 'traefik', taxonomy: 'webserver' },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'traefik.yml',
      text: ({ host, port }) => `accessLog:
  filePath: /var/log/traefik/access.log
  format: json
  fields: { headers: { names: { User-Agent: keep, Referer: keep, X-Forwarded-For: keep } } }
# /etc/rsyslog.d/30-vonglau.conf
module(load="imfile")
input(type="imfile" File="/var/log/traefik/access.log" Tag="traefik" Facility="local7")
local7.* @@${host.includes(':') ? `[${host}]` : host}:${port}
`,
    },
  ],
  open,
}
