/**
 * Squid's access log: `squid`, the native format, `common` and `combined` as Squid builds them in, and any format of Apache's
 * words that the configuration declares (https://www.squid-cache.org/Doc/config/logformat/). An address may hold blanks, so the
 * columns behind it are counted from the right; headers that stand last (log_mime_hdrs) have no brackets of their own.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { addressOf } from '../row/address.ts'
import { find, findLast, integer } from '../row/values.ts'
import { expected, present, putEscaped, putSize, putStatus, trustedProxies, trustOf } from './clf.ts'
import { DESTINATION, putSide, SOURCE } from './flow.ts'
import { compileFormat, formatOption, openFormats } from './logformat.ts'
import { type Answer, EVENT, type Parse, type Parser, SKIP } from './parser.ts'
import { epoch } from './stamp.ts'
import { type Meaning, namesOf, putAccess } from './weblog.ts'
import { putUrl } from './url.ts'

const NAMES = namesOf('squid')
const F = {
  time: field('@timestamp'),
  duration: field('event.duration'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  type: field('event.type'),
  user: field('user.name'),
  method: field('http.request.method'),
  bytes: field('http.response.bytes'),
  mime: field('http.response.mime_type'),
  hierarchy: field('squid.hierarchy_status'),
  peer: field('squid.peer'),
  result: field('squid.result_code'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  domain: field('destination.domain'),
} as const
const SQUID = constant('Squid')
const CACHE = constant('Proxy')
const PROXY = constant('proxy')
const DENIED = constant('denied')
const FAILURE = constant('failure')

const putResult = (row: Row, from: number, to: number): void => {
  row.text(F.action, from, to)
  row.text(F.result, from, to)
  for (let i = from; i < to; i++)
    if (row.bytes[i] === 95 && row.bytes[i + 1] === 68 && row.bytes[i + 2] === 69 && row.bytes[i + 3] === 78) {
      // TCP_DENIED, TCP_DENIED_REPLY
      row.constItem(DENIED)
      row.const(F.outcome, FAILURE)
      return
    }
}
/** `HIER_DIRECT/192.0.2.1`, `NONE/-`: who was asked for it. */
const putHierarchy = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  const slash = find(b, 47, from, to)
  row.text(F.hierarchy, from, slash < 0 ? to : slash)
  if (slash < 0 || !present(b, slash + 1, to)) return
  row.text(F.peer, slash + 1, to)
  if (addressOf(b, slash + 1, to) !== undefined) putSide(row, DESTINATION, slash + 1, to)
  else row.text(F.domain, slash + 1, to)
}
const putObserver = (row: Row): void => {
  row.const(F.vendor, SQUID)
  row.const(F.product, CACHE)
  row.const(F.observer, PROXY)
}

/** Where the headers in brackets begin that a line ends with; its end where it has none. */
const withoutHeaders = (b: Uint8Array, from: number, to: number): number => {
  let end = to
  for (let n = 0; n < 2 && end > from && b[end - 1] === 93; n++) {
    const open = findLast(b, 91, from, end)
    if (open <= from || b[open - 1] !== 32) return end
    end = open - 1
  }
  return end
}

const ends = new Int32Array(12)
const native = (row: Row, from: number, to: number): Answer => {
  const { bytes: b } = row
  const end = withoutHeaders(b, from, to)
  // From the left: time, elapsed, client, result, bytes, method.
  let at = from
  for (let i = 0; i < 6; i++) {
    while (at < end && b[at] === 32) at++
    ends[i * 2] = at
    while (at < end && b[at] !== 32) at++
    ends[i * 2 + 1] = at
  }
  const time = epoch(b, ends[0]!, ends[1]!)
  const slash = find(b, 47, ends[6]!, ends[7]!)
  if (Number.isNaN(time) || slash < 0)
    return expected(row, 'time elapsed client result/status bytes method address (Squid native)', from, to)
  row.long(F.time, time)
  putObserver(row)
  putAccess(row)
  const elapsed = integer(b, ends[2]!, ends[3]!)
  if (elapsed >= 0 && elapsed < 9e9) row.long(F.duration, elapsed * 1e6)
  putSide(row, SOURCE, ends[4]!, ends[5]!)
  putStatus(row, slash + 1, ends[7]!)
  putResult(row, ends[6]!, slash)
  putSize(row, F.bytes, ends[8]!, ends[9]!)
  if (present(b, ends[10]!, ends[11]!)) row.text(F.method, ends[10]!, ends[11]!)
  while (at < end && b[at] === 32) at++
  // From the right: type, hierarchy, user; cut off, what is there is the address.
  let stop = end
  for (let i = 0; i < 3; i++) {
    const blank = findLast(b, 32, at, stop)
    if (blank < 0) {
      stop = end
      break
    }
    ends[i * 2] = blank + 1
    ends[i * 2 + 1] = stop
    stop = blank
  }
  const whole = stop < end && find(b, 47, ends[2]!, ends[3]!) > 0
  const url = whole ? stop : end
  if (present(b, at, url)) putUrl(row, at, url)
  if (!whole) return EVENT
  if (present(b, ends[0]!, ends[1]!)) row.text(F.mime, ends[0]!, ends[1]!)
  putHierarchy(row, ends[2]!, ends[3]!)
  putEscaped(row, F.user, ends[4]!, ends[5]!)
  return EVENT
}

const LETTERS: Readonly<Record<string, Meaning>> = {
  h: 'client',
  a: 'client',
  u: 'user',
  t: 'time',
  r: 'request',
  s: 'status',
  b: 'sent',
  l: 'ignore',
  D: 'millis',
}
const WORDS = {
  letters: LETTERS,
  named: { 'referer i': 'referrer', 'user-agent i': 'agent', 'x-forwarded-for i': 'forwarded', 'host i': 'host' },
  times: {},
  prefix: 'squid.',
} as const
const compile = (format: string) => compileFormat(format, WORDS)
const COMMON = '%h %l %u %t "%r" %s %b'
const FORMATS = [
  `${COMMON} "%{Referer}i" "%{User-Agent}i" %{result_code}x:%{hierarchy_status}x`,
  `${COMMON} %{result_code}x:%{hierarchy_status}x`,
].map(compile)

const options = z.strictObject({
  /** A format in the words of Apache's LogFormat: `%{result_code}x` for %Ss, `%{hierarchy_status}x` for %Sh. */
  format: formatOption('format', compile),
  trusted_proxies: trustedProxies,
})

const open = ({ format, trusted_proxies }: z.infer<typeof options>): Parse => {
  const lines = openFormats({
    server: 'Squid',
    names: NAMES,
    tries: format === undefined ? FORMATS.map((parts) => [parts, false] as const) : [[compile(format), true]],
    format: format === undefined ? undefined : `format ${JSON.stringify(format.slice(0, 120))}`,
    trusted: trustOf(trusted_proxies),
    more: (row) => {
      putObserver(row)
      if (row.has(F.result)) putResult(row, row.from[F.result]!, row.to[F.result]!)
    },
  })
  return (row, from, to, context) => {
    const { bytes: b } = row
    let at = from
    while (at < to && b[at]! <= 32) at++
    let end = to
    while (end > at && b[end - 1]! <= 32) end--
    if (at === end) return SKIP
    if (format !== undefined) return lines(row, at, end, context)
    const dot = find(b, 46, at, Math.min(end, at + 12))
    const isNative = dot > at + 8 && b[dot + 4] === 32 && !Number.isNaN(epoch(b, at, dot + 4))
    return isNative ? native(row, at, end) : lines(row, at, end, context)
  }
}

export const squid: Parser<z.infer<typeof options>> = {
  id: 'squid',
  title: 'Squid proxy',
  options,
  logsources: [
    { category: 'proxy', product: 'squid' },
    { product: 'squid', taxonomy: 'proxy' },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'squid.conf',
      text: ({ host, port, tcp }) =>
        `access_log ${tcp ? 'tcp' : 'udp'}://${host.includes(':') ? `[${host}]` : host}:${port} squid\n`,
    },
  ],
  open,
}
