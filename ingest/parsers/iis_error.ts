/**
 * HTTP.sys error logs (HTTPERR), what IIS itself never saw
 * (https://learn.microsoft.com/troubleshoot/developer/webapps/aspnet/site-behavior-performance/error-logging-http-apis):
 * columns as #Fields says, else those of Windows by their number. Times are UTC. The address is what a client sent: columns before
 * it are counted from the left, those behind it from the right.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { dateTime, integer, port, standsAt } from '../row/values.ts'
import { expected, present } from './clf.ts'
import { DESTINATION, putSide, type Side, SOURCE } from './flow.ts'
import { IIS_SETTINGS } from './iis_settings.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { putUrl } from './url.ts'

const F = {
  time: field('@timestamp'),
  category: field('event.category'),
  type: field('event.type'),
  outcome: field('event.outcome'),
  method: field('http.request.method'),
  version: field('http.version'),
  status: field('http.response.status_code'),
  reason: field('iis.error.reason_phrase'),
  eventReason: field('event.reason'),
  queue: field('iis.error.queue_name'),
  site: field('iis.error.site_id'),
  stream: field('iis.error.stream_id'),
} as const
const WEB = constant('web')
const NETWORK = constant('network')
const CONNECTION = constant('connection')
const FAILURE = constant('failure')
const SUCCESS = constant('success')

/** Before the address, the same in all versions of Windows. */
const HEAD = ['date', 'time', 'c-ip', 'c-port', 's-ip', 's-port', 'cs-version', 'cs-method']
const DOWN = [...HEAD, 'cs-uri', 'sc-status', 's-siteid', 's-reason', 's-queuename']
/** Since Windows Server 2016, with streams of HTTP/2, and later with an id beside. */
const STREAM = [...HEAD, 'cs-uri', 'streamid', 'sc-status', 's-siteid', 's-reason', 's-queuename']
const STREAM_EX = [...HEAD, 'cs-uri', 'streamid', 'streamid_ex', 'sc-status', 's-siteid', 's-reason', 's-queuename']

const MOST = 64
const words = new Int32Array(MOST * 2)
let count = 0
/** Cuts at blanks; what is beyond MOST words is of the last. */
const split = (b: Uint8Array, from: number, to: number): void => {
  count = 0
  for (let i = from; i < to && count < MOST; ) {
    while (i < to && (b[i] === 32 || b[i] === 9)) i++
    if (i >= to) return
    const begin = i
    while (i < to && b[i] !== 32 && b[i] !== 9) i++
    words[count * 2] = begin
    words[count * 2 + 1] = i
    count++
  }
}

const isStatus = (b: Uint8Array, word: number): boolean => {
  const [a, z] = [words[word * 2]!, words[word * 2 + 1]!]
  const n = integer(b, a, z)
  return !present(b, a, z) || (n >= 100 && n <= 999)
}
/** The columns of a line whose file said none. */
const layoutOf = (b: Uint8Array): readonly string[] => {
  if (count <= 13) return DOWN
  // Behind the address stands the status, or the stream before it; a stream's number is no status.
  if (count === 14) return STREAM
  if (count === 15 && isStatus(b, 11)) return STREAM_EX
  return isStatus(b, count - 4) ? STREAM : DOWN
}

/** `fe80::1%12`: HTTP.sys writes the zone of an address. */
const putEnd = (row: Row, side: Side, from: number, to: number): void => {
  putSide(row, side, from, to)
  // The address stays as it was written.
  if (row.has(side.ip)) row.text(side.address, from, to)
}

const putColumn = (row: Row, name: string, from: number, to: number): void => {
  const { bytes: b } = row
  if (!present(b, from, to)) return
  switch (name) {
    case 'c-ip':
      putEnd(row, SOURCE, from, to)
      return
    case 's-ip':
      putEnd(row, DESTINATION, from, to)
      return
    case 'c-port':
    case 's-port': {
      const n = port(b, from, to)
      if (!Number.isNaN(n)) row.long(name === 'c-port' ? SOURCE.port : DESTINATION.port, n)
      return
    }
    case 'cs-version':
      row.text(F.version, standsAt(b, from, 'HTTP/') && to - from > 5 ? from + 5 : from, to)
      return
    case 'cs-method':
      row.text(F.method, from, to)
      return
    case 'cs-uri':
      putUrl(row, from, to)
      return
    case 'sc-status': {
      const n = integer(b, from, to)
      if (!(n >= 0 && n <= 999)) return
      row.long(F.status, n)
      row.const(F.outcome, n < 400 ? SUCCESS : FAILURE)
      return
    }
    case 's-siteid':
      row.text(F.site, from, to)
      return
    case 's-reason':
      row.text(F.reason, from, to)
      row.text(F.eventReason, from, to)
      return
    case 's-queuename':
      row.text(F.queue, from, to)
      return
    case 'streamid':
      row.text(F.stream, from, to)
      return
    default:
  }
}

const directive = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const line = row.slice(from, Math.min(to, from + 4096))
  const names = /^#Fields:\s*(.+)$/i.exec(line)?.[1]?.trim().split(/\s+/).slice(0, MOST)
  const before = context.state?.['fields']
  if (names && !(Array.isArray(before) && before.join(' ') === names.join(' '))) context.state = { fields: names }
  return SKIP
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  if (b[from] === 35) return directive(row, from, to, context)
  split(b, from, to)
  if (count === 0) return SKIP
  const time =
    count >= 2 && words[1]! - words[0]! === 10 && words[3]! - words[2]! >= 8
      ? dateTime(b, words[0]!, words[2]!)
      : Number.NaN
  if (Number.isNaN(time)) return expected(row, 'YYYY-MM-DD hh:mm:ss at the beginning (HTTPERR)', from, to)
  const said = context.state?.['fields']
  const columns =
    Array.isArray(said) && said.includes('cs-uri') && (said as string[])[0] === 'date'
      ? (said as readonly string[])
      : layoutOf(b)
  const extra = count - columns.length
  const uri = columns.indexOf('cs-uri')
  if (extra < 0 || (extra > 0 && uri < 0))
    return `expected ${columns.length} columns (${columns.slice(0, 16).join(' ').slice(0, 200)}), found ${count}`
  row.long(F.time, time)
  for (let i = 0; i < columns.length; i++) {
    // An address with blanks is several words.
    const first = i <= uri ? i : i + extra
    const last = i < uri ? i : i + extra
    putColumn(row, columns[i]!.toLowerCase(), words[first * 2]!, words[last * 2 + 1]!)
  }
  row.list(F.category)
  row.constItem(WEB)
  row.constItem(NETWORK)
  row.list(F.type)
  row.constItem(CONNECTION)
  return EVENT
}

export const iisError: Parser<Record<string, never>> = {
  id: 'iis_error',
  title: 'Microsoft IIS (HTTPERR)',
  options: z.strictObject({}),
  remembers: true,
  logsources: [],
  // The same script sends them: its folder of logs is C:\Windows\System32\LogFiles\HTTPERR.
  settings: IIS_SETTINGS,
  open: () => parse,
}
