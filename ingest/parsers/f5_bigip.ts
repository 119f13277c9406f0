/**
 * F5 BIG-IP: security events of ASM and AFM as key-value pairs with commas between, the same and those of AVR, APM and LTM as JSON
 * of Telemetry Streaming, and ASM in CEF. What a client wrote (uri, request) stands last; of two equal keys the first holds.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, integer, is, standsAt } from '../row/values.ts'
import { cefAt, putCef } from './cef_event.ts'
import { CEF_RULES } from './cef_fields.ts'
import { expected, putStatus } from './clf.ts'
import { F5_RULES } from './f5_fields.ts'
import { putTotals } from './flow.ts'
import { CUT, readJson } from './json.ts'
import { keyTable, Pairs } from './keyvalue.ts'
import { Leaves } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan, timeOf } from './plan.ts'
import { namedTime } from './stamp.ts'
import { lower, putUrl } from './url.ts'

const F = {
  time: field('@timestamp'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  severity: field('event.severity'),
  level: field('log.level'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.name'),
  version: field('http.version'),
  original: field('url.original'),
  request: field('f5_bigip.log.request'),
} as const
const VENDOR = constant('F5')
const BIGIP = constant('BIG-IP')
const NETWORK = constant('network')
const WEB = constant('web')
const DETECTION = constant('intrusion_detection')
const INFO = constant('info')

const plan = new Plan('f5_bigip.log.', F5_RULES)
const cefPlan = new Plan('f5_bigip.log.', { ...CEF_RULES, uri: ['url'], fullRequest: ['drop'] })
const pairs = new Pairs(keyTable(plan.names))
/** What the parser reads itself, of pairs and of leaves alike. */
const OWN = [
  'date_time',
  'EOCTimestamp',
  'f5telemetry_timestamp',
  'severity',
  'Severity',
  'uri',
  'query_string',
  'request',
  'response_code',
] as const
type Own = (typeof OWN)[number]
/** One of these tells an event of the device. */
const TELLING = ['telemetryEventCategory', 'ip_client', 'hostname', 'Entity']
const NAMES: readonly string[] = [...OWN, ...TELLING]
const leaves = new Leaves(NAMES)
const idOf = (name: string): number => NAMES.indexOf(name) + 1
const PAIR = Object.fromEntries(OWN.map((name) => [name, plan.names.indexOf(name)])) as Record<Own, number>

let json = false
let from = 0
let to = 0
/** Whether something was said by a name; then it lies from `from` to `to`. */
const said = (name: Own): boolean => {
  if (json) {
    const i = leaves.at[idOf(name)]!
    if (i < 0 || i === leaves.cut) return false
    from = leaves.from[i]!
    to = leaves.to[i]!
  } else {
    const id = PAIR[name]
    if (!pairs.has(id)) return false
    from = pairs.from[id]!
    to = pairs.to[id]!
  }
  return to > from
}
const nothing = (b: Uint8Array, a: number, z: number): boolean => z === a || is(b, a, z, 'N/A')

const timeSaid = (row: Row, context: LineContext): number => {
  for (const name of ['date_time', 'EOCTimestamp', 'f5telemetry_timestamp'] as const) {
    if (!said(name)) continue
    const time = timeOf(row.bytes, from, to, context.timezone)
    if (!Number.isNaN(time)) return time
    const named = namedTime(row.bytes, from, to, context.timezone, context.arrived)
    if (!Number.isNaN(named)) return named
  }
  return context.header?.time ?? context.arrived
}
const types = new Memo((action) =>
  constant(
    /^(?:blocked|block|drop|reject|deny|denied)/i.test(action)
      ? 'denied'
      : /^(?:passed|alerted|accept|allow)/i.test(action)
        ? 'allowed'
        : 'info',
  ),
)

const MARK = Uint8Array.of(63)
const putOwn = (row: Row): void => {
  for (const name of ['severity', 'Severity'] as const) {
    if (!said(name) || nothing(row.bytes, from, to)) continue
    const n = integer(row.bytes, from, to)
    if (n >= 0) row.long(F.severity, n)
    else row.const(F.level, lower.get(row.bytes, from, to))
  }
  if (said('response_code') && !is(row.bytes, from, to, '0')) putStatus(row, from, to)
  if (said('uri') && !row.has(F.original)) {
    const [a, z] = [from, to]
    if (said('query_string') && !nothing(row.bytes, from, to) && find(row.bytes, 63, a, z) < 0) {
      const begin = row.copy(row.bytes, a, z)
      row.copy(MARK, 0, 1)
      row.copy(row.bytes, from, to)
      putUrl(row, begin, row.at)
    } else putUrl(row, a, z)
  }
  if (!said('request')) return
  row.text(F.request, from, to)
  // Its first line, up to the escaped end of it.
  const { bytes: b } = row
  for (let i = from; i + 13 < to; i++)
    if (b[i] === 32 && standsAt(b, i + 1, 'HTTP/')) {
      let end = i + 6
      while (end < to && ((b[end]! >= 48 && b[end]! <= 57) || b[end] === 46)) end++
      row.text(F.version, i + 6, end)
      return
    }
}
const ID_CLIENT = idOf('ip_client')
const PAIR_CLIENT = plan.names.indexOf('ip_client')

const finish = (row: Row, context: LineContext, isWaf: boolean): Answer => {
  row.const(F.vendor, VENDOR)
  row.const(F.product, BIGIP)
  row.list(F.category)
  if (isWaf) {
    row.constItem(WEB)
    row.constItem(DETECTION)
  } else row.constItem(NETWORK)
  row.list(F.type)
  row.constItem(isWaf && row.has(F.action) ? types.get(row.bytes, row.from[F.action]!, row.to[F.action]!) : INFO)
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observer)) row.const(F.observer, constant(host))
  putTotals(row)
  return EVENT
}

const parse = (row: Row, begin: number, end: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = begin
  while (at < end && b[at]! <= 32) at++
  if (at === end) return SKIP
  if (b[at] === 123) {
    json = true
    leaves.clear()
    const answer = readJson(row, at, end, leaves)
    if (answer >= 0) return expected(row, 'JSON', answer, end)
    const known = TELLING.some((name) => leaves.has(idOf(name)))
    if (!known)
      return expected(
        row,
        `hostname or telemetryEventCategory in the JSON${answer === CUT ? ' before the line was cut' : ''}`,
        at,
        end,
      )
    row.long(F.time, timeSaid(row, context))
    plan.put(row, leaves, context.timezone)
    putOwn(row)
    return finish(row, context, leaves.has(ID_CLIENT))
  }
  const cef = cefAt(b, at, Math.min(end, at + 16))
  if (cef >= 0) {
    const answer = putCef(row, cef, end, context, cefPlan)
    return answer === EVENT ? finish(row, context, true) : answer
  }
  json = false
  if (standsAt(b, at, 'ASM:')) at += 4
  pairs.scan(row, at, end, true)
  if (pairs.count < 2)
    return expected(row, 'key="value",key="value" of ASM or AFM, JSON of Telemetry Streaming, or CEF', at, end)
  row.long(F.time, timeSaid(row, context))
  plan.putPairs(row, pairs, context.timezone, nothing)
  putOwn(row)
  return finish(row, context, pairs.has(PAIR_CLIENT))
}

export const f5Bigip: Parser<Record<string, never>> = {
  id: 'f5_bigip',
  title: 'F5 BIG-IP (ASM, AFM, AVR, APM)',
  options: z.strictObject({}),
  logsources: [{ product: 'f5', vendor: 'f5_bigip.log.', taxonomy: 'webserver' }],
  settings: [
    {
      collect: 'syslog',
      where: 'tmsh',
      text: ({
        host,
        port,
        tcp,
      }) => `create ltm pool vonglau members add { ${host}${host.includes(':') ? '.' : ':'}${port} }
create sys log-config destination remote-high-speed-log vonglau-hsl pool-name vonglau protocol ${tcp ? 'tcp' : 'udp'}
create security log profile vonglau application add { vonglau { format { type key-value-pairs } remote-storage remote servers add { ${host}:${port} } } }
`,
    },
  ],
  open: () => parse,
}
