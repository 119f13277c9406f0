/**
 * HAProxy's log formats: HTTP, HTTPS, TCP, CLF, connection errors and the default without a mode
 * (https://docs.haproxy.org/3.0/configuration.html#8.2). The time is the proxy's wall clock. What a client wrote (request,
 * captured headers) is escaped as #XX and stands last: all before it is cut from the left.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { clfTime, find, findLast, integer, is, pastBlank, port, standsAt } from '../row/values.ts'
import { expected, present, putRequest, putSize, putStatus } from './clf.ts'
import { DESTINATION, putSide, type Side, SOURCE } from './flow.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { clfStamp } from './stamp.ts'
import { readLocal } from './stamps.ts'
import { putDomain, putHost } from './url.ts'

const own = (name: string): number => field(`haproxy.${name}`)
const F = {
  time: field('@timestamp'),
  duration: field('event.duration'),
  category: field('event.category'),
  type: field('event.type'),
  message: field('message'),
  process: field('process.name'),
  pid: field('process.pid'),
  observer: field('observer.name'),
  observerType: field('observer.type'),
  bytes: field('http.response.bytes'),
  domain: field('destination.domain'),
  sni: field('tls.client.server_name'),
  requestId: field('http.request.id'),
  cipher: field('tls.cipher'),
  tlsVersion: field('tls.version'),
  frontend: own('frontend_name'),
  backend: own('backend_name'),
  server: own('server_name'),
  bind: own('bind_name'),
  mode: own('mode'),
  error: own('error_message'),
  read: own('bytes_read'),
  state: own('termination_state'),
  wait: own('http.request.time_wait_ms'),
  queueTime: own('total_waiting_time_ms'),
  connect: own('connection_wait_time_ms'),
  response: own('http.request.time_wait_without_data_ms'),
  requestCookie: own('http.request.captured_cookie'),
  responseCookie: own('http.response.captured_cookie'),
  requestHeaders: own('http.request.captured_headers'),
  responseHeaders: own('http.response.captured_headers'),
  request: own('http.request.raw_request_line'),
  serverQueue: own('server_queue'),
  backendQueue: own('backend_queue'),
} as const
const CONNECTIONS = ['active', 'frontend', 'backend', 'server', 'retries'].map((name) => own(`connections.${name}`))
const WEB = constant('web')
const NETWORK = constant('network')
const ACCESS = constant('access')
const CONNECTION = constant('connection')
const ERROR = constant('error')
const PROXY = constant('proxy')

/** `192.0.2.1:4711`, `2001:db8::1:4711` (the port behind the last colon), `-:80`, `unix:1`. */
const putPeer = (row: Row, side: Side, from: number, to: number): void => {
  const { bytes: b } = row
  const colon = findLast(b, 58, from, to)
  if (colon < 0) {
    putSide(row, side, from, to)
    return
  }
  const n = port(b, colon + 1, to)
  if (!Number.isNaN(n)) row.long(side.port, n)
  if (present(b, from, colon)) putSide(row, side, from, colon)
}

const numbers = new Float64Array(8)
/** Numbers with slashes between, each with a plus before it where it still grew; how many, 0 where these are none. */
const slashed = (b: Uint8Array, from: number, to: number): number => {
  let n = 0
  for (let at = from; at <= to && n < 8; n++) {
    let end = find(b, 47, at, to)
    if (end < 0) end = to
    const value = integer(b, b[at] === 43 ? at + 1 : at, end)
    if (Number.isNaN(value)) return 0
    numbers[n] = value
    at = end + 1
  }
  return n
}
const putLong = (row: Row, f: number, n: number): void => row.long(f, n)
const putDuration = (row: Row, millis: number): void => {
  if (millis >= 0 && millis < 9e9) row.long(F.duration, millis * 1e6)
}
const wordEnd = (b: Uint8Array, from: number, to: number): number => {
  const space = find(b, 32, from, to)
  return space < 0 ? to : space
}

/** `{host|agent}`: the values of one capture list; answers what follows. */
const putCaptured = (row: Row, f: number, from: number, to: number): number => {
  const { bytes: b } = row
  let close = find(b, 125, from, to)
  if (close < 0) close = to
  row.list(f)
  for (let at = from + 1; at <= close; ) {
    let end = find(b, 124, at, close)
    if (end < 0) end = close
    row.item(at, end)
    at = end + 1
  }
  return pastBlank(b, close + 1, to)
}

/** Connections and queues: `1/1/0/0/0 0/0 `; answers what follows. */
const putLoad = (row: Row, from: number, to: number): number => {
  const { bytes: b } = row
  let end = wordEnd(b, from, to)
  const n = slashed(b, from, end)
  for (let i = 0; i < n && i < 5; i++) putLong(row, CONNECTIONS[i]!, numbers[i]!)
  const at = end + 1
  end = wordEnd(b, at, to)
  if (slashed(b, at, end) === 2) {
    putLong(row, F.serverQueue, numbers[0]!)
    putLong(row, F.backendQueue, numbers[1]!)
  }
  return Math.min(end + 1, to)
}

const putHttp = (row: Row, from: number, to: number): void => {
  let { bytes: b } = row
  let at = from
  let end = wordEnd(b, at, to)
  putStatus(row, at, end)
  at = end + 1
  end = wordEnd(b, at, to)
  // 2.x writes the bytes read from the client beside: they are not said twice.
  putSize(row, F.bytes, b[at] === 43 ? at + 1 : at, end)
  putSize(row, F.read, b[at] === 43 ? at + 1 : at, end)
  at = end + 1
  for (const f of [F.requestCookie, F.responseCookie, F.state]) {
    end = wordEnd(b, at, to)
    if (f === F.state || present(b, at, end)) row.text(f, at, end)
    at = end + 1
  }
  if (at >= to) return
  at = putLoad(row, at, to)
  for (const f of [F.requestHeaders, F.responseHeaders]) if (b[at] === 123 && at < to) at = putCaptured(row, f, at, to)
  if (b[at] !== 34 || at >= to) return
  let close = find(b, 34, at + 1, to)
  if (close < 0) close = to
  row.text(F.request, at + 1, close)
  putRequest(row, at + 1, close, F.request)
  b = row.bytes
  at = pastBlank(b, close + 1, to)
  if (at >= to) return
  putTls(row, at, to)
}

/** `0/0/0/0/0 cong.example/TLSv1.3/CIPHER` of httpslog, or `TLSv1.3 CIPHER id` (`%sslv %sslc %ID`). */
const putTls = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  let at = from
  let end = wordEnd(b, at, to)
  if (standsAt(b, at, 'TLSv')) {
    row.text(F.tlsVersion, at + 4, end)
    at = Math.min(end + 1, to)
    end = wordEnd(b, at, to)
    if (present(b, at, end)) row.text(F.cipher, at, end)
    at = Math.min(end + 1, to)
    end = wordEnd(b, at, to)
    if (present(b, at, end)) row.text(F.requestId, at, end)
    return
  }
  at = Math.min(end + 1, to)
  end = wordEnd(b, at, to)
  const slash = find(b, 47, at, end)
  if (slash < 0) return
  if (present(b, at, slash)) putDomain(row, F.sni, at, slash)
  const cipher = find(b, 47, slash + 1, end)
  if (cipher < 0) return
  if (standsAt(b, slash + 1, 'TLSv')) row.text(F.tlsVersion, slash + 5, cipher)
  if (present(b, cipher + 1, end)) row.text(F.cipher, cipher + 1, end)
}

const putTcp = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  let at = from
  let end = wordEnd(b, at, to)
  putSize(row, F.read, b[at] === 43 ? at + 1 : at, end)
  at = end + 1
  end = wordEnd(b, at, to)
  row.text(F.state, at, end)
  if (end < to) putLoad(row, end + 1, to)
}

/** `Connect from 192.0.2.1:40780 to 198.51.100.1:5000 (main/HTTP)` */
const connect = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  const time = context.header?.time ?? context.arrived
  let at = from + 13
  let end = wordEnd(b, at, to)
  if (!standsAt(b, end, ' to ')) return expected(row, 'Connect from a:port to b:port', from, to)
  row.long(F.time, time)
  putPeer(row, SOURCE, at, end)
  at = end + 4
  end = wordEnd(b, at, to)
  putPeer(row, DESTINATION, at, end)
  if (b[end + 1] === 40 && b[to - 1] === 41) {
    const slash = findLast(b, 47, end + 2, to - 1)
    if (slash > 0) {
      row.text(F.frontend, end + 2, slash)
      row.text(F.mode, slash + 1, to - 1)
    }
  }
  row.list(F.category)
  row.constItem(NETWORK)
  row.constItem(WEB)
  row.list(F.type)
  row.constItem(CONNECTION)
  return EVENT
}

/** `client - - [time zone] "request" status bytes "" "" port ms "frontend" …` */
const clf = (row: Row, from: number, open: number, to: number): Answer => {
  const { bytes: b } = row
  const time = clfTime(b, open + 1)
  if (Number.isNaN(time)) return expected(row, 'a time [dd/Mon/yyyy:hh:mm:ss +zzzz]', open, to)
  row.long(F.time, time)
  putSide(row, SOURCE, from, wordEnd(b, from, to))
  const quote = find(b, 34, open, to)
  const close = quote < 0 ? -1 : find(b, 34, quote + 1, to)
  if (quote > 0) putRequest(row, quote + 1, close < 0 ? to : close, F.request)
  if (close > 0) {
    let at = pastBlank(b, close + 1, to)
    let end = wordEnd(b, at, to)
    putStatus(row, at, end)
    at = end + 1
    end = wordEnd(b, at, to)
    putSize(row, F.bytes, at, end)
    if (standsAt(b, end, ' "" "" ')) {
      at = end + 7
      const n = port(b, at, wordEnd(b, at, to))
      if (!Number.isNaN(n)) row.long(SOURCE.port, n)
    }
  }
  putWeb(row)
  return EVENT
}

const putHeader = (row: Row, context: LineContext): void => {
  const { header } = context
  row.const(F.observerType, PROXY)
  if (header?.tag !== undefined) row.const(F.process, constant(header.tag))
  if (header?.pid !== undefined) row.long(F.pid, header.pid)
  if (header?.host !== undefined) row.const(F.observer, constant(header.host))
}

const line = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  if (standsAt(b, from, 'Connect from ')) return connect(row, from, to, context)
  const open = find(b, 91, from, Math.min(to, from + 96))
  if (open < from + 2 || b[open - 1] !== 32)
    return expected(row, 'client:port [dd/Mon/yyyy:hh:mm:ss.mmm] frontend backend/server', from, to)
  // Within the line: what stands behind it is another's.
  if (open + 26 < to && b[open + 21] === 32 && (b[open + 22] === 43 || b[open + 22] === 45))
    return clf(row, from, open, to)
  const close = find(b, 93, open, Math.min(to, open + 32))
  const time = close < 0 ? Number.NaN : readLocal(b, open + 1, close, context, clfStamp)
  if (Number.isNaN(time)) return expected(row, 'a time [dd/Mon/yyyy:hh:mm:ss.mmm]', open, to)
  let at = pastBlank(b, close + 1, to)
  let end = wordEnd(b, at, to)
  if (at >= to) return expected(row, 'a frontend after the time', close, to)
  row.long(F.time, time)
  putPeer(row, SOURCE, from, open - 1)
  // `frontend/bind: what went wrong`
  if (b[end - 1] === 58) {
    const slash = find(b, 47, at, end)
    row.text(F.frontend, at, slash < 0 ? end - 1 : slash)
    if (slash >= 0) row.text(F.bind, slash + 1, end - 1)
    row.text(F.error, end + 1, to)
    row.text(F.message, end + 1, to)
    row.list(F.category)
    row.constItem(NETWORK)
    row.list(F.type)
    row.constItem(CONNECTION)
    row.constItem(ERROR)
    return EVENT
  }
  row.text(F.frontend, at, end)
  at = end + 1
  end = wordEnd(b, at, to)
  const slash = find(b, 47, at, end)
  row.text(F.backend, at, slash < 0 ? end : slash)
  if (slash >= 0 && !is(b, slash + 1, end, '<NOSRV>')) row.text(F.server, slash + 1, end)
  at = end + 1
  end = wordEnd(b, at, to)
  let times = slashed(b, at, end)
  // A name between, as formats put the host that was asked for there.
  if (times < 2 && end < to) {
    const next = wordEnd(b, end + 1, to)
    if (slashed(b, end + 1, next) >= 3) {
      putHost(row, at, end)
      putSide(row, DESTINATION, at, end)
      if (!row.has(DESTINATION.ip)) putDomain(row, F.domain, at, end)
      at = end + 1
      end = next
      times = slashed(b, at, end)
    }
  }
  if (times === 5) {
    const [tr, tw, tc, answer, all] = numbers
    putLong(row, F.wait, tr!)
    putLong(row, F.queueTime, tw!)
    putLong(row, F.connect, tc!)
    putLong(row, F.response, answer!)
    putDuration(row, all!)
    putWeb(row)
    if (end < to) putHttp(row, end + 1, to)
  } else if (times === 3) {
    const [tw, tc, all] = numbers
    putLong(row, F.queueTime, tw!)
    putLong(row, F.connect, tc!)
    putDuration(row, all!)
    row.list(F.category)
    row.constItem(NETWORK)
    row.list(F.type)
    row.constItem(CONNECTION)
    if (end < to) putTcp(row, end + 1, to)
  } else return expected(row, 'times as 0/0/1/0/2 (HTTP) or 0/0/2 (TCP)', at, to)
  return EVENT
}

/** Of a connection both sides of which are known, beside the transaction it carried. */
const putWeb = (row: Row): void => {
  const connected = row.has(SOURCE.ip) && row.has(DESTINATION.ip)
  row.list(F.category)
  row.constItem(WEB)
  if (connected) row.constItem(NETWORK)
  row.list(F.type)
  row.constItem(ACCESS)
  if (connected) row.constItem(CONNECTION)
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let end = to
  while (end > from && b[end - 1]! <= 32) end--
  let at = from
  while (at < end && b[at]! <= 32) at++
  if (at === end) return SKIP
  const answer = line(row, at, end, context)
  if (answer === EVENT) putHeader(row, context)
  return answer
}

export const haproxy: Parser<Record<string, never>> = {
  id: 'haproxy',
  title: 'HAProxy',
  options: z.strictObject({}),
  logsources: [{ product: 'haproxy', taxonomy: 'webserver', vendor: 'haproxy.' }],
  settings: [
    {
      collect: 'syslog',
      where: 'haproxy.cfg',
      text: ({ host, port }) =>
        `global\n    log ${host.includes(':') ? `[${host}]` : host}:${port} len 65535 format rfc5424 local0\ndefaults\n    log global\n    mode http\n    option httplog\n`,
    },
  ],
  open: () => parse,
}
