/**
 * Citrix NetScaler's Web App Firewall, in CEF and in the native format, and the device's other messages
 * (https://docs.netscaler.com/en-us/citrix-adc/current-release/application-firewall/logs.html). Its syslog header may be that of
 * newnslog: `Jun 13 00:25:31 <local0.info> 192.0.2.1 `, without a year; CEF says the year in cs5.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { digits, find, findLast, month, standsAt } from '../row/values.ts'
import { cefAt, cefLeaves, putCef } from './cef_event.ts'
import { CEF_RULES } from './cef_fields.ts'
import { expected, present } from './clf.ts'
import { putSide, SOURCE } from './flow.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan } from './plan.ts'
import { yearOf } from './stamp.ts'
import { utcMillis, zonedMillis } from './time.ts'
import { lower, putUrl } from './url.ts'

const F = {
  time: field('@timestamp'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  code: field('event.code'),
  message: field('message'),
  rule: field('rule.name'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerIp: field('observer.ip'),
  observerName: field('observer.name'),
  level: field('log.level'),
  facility: field('log.syslog.facility.name'),
  module: field('citrix.module'),
  name: field('citrix.name'),
  ppe: field('citrix.ppe_id'),
  session: field('citrix.session_id'),
  profile: field('citrix.profile_name'),
  transaction: field('http.request.id'),
  cefName: field('cef.name'),
} as const
const plan = new Plan('citrix.extended.', {
  ...CEF_RULES,
  method: ['text', 'http.request.method'],
  cn1: ['text', 'citrix.event_id'],
  cn2: ['text', 'http.request.id'],
  cs1: ['text', 'citrix.profile_name'],
  cs2: ['text', 'citrix.ppe_id'],
  cs3: ['text', 'citrix.session_id'],
  cs4: ['text', 'citrix.severity'],
  cs5: ['drop'],
  cs6: ['text', 'citrix.signature_violation_category', 'rule.category'],
  geolocation: ['text', 'citrix.geolocation'],
})
const CITRIX = constant('Citrix')
const NETSCALER = constant('NetScaler')
const WAF = constant('waf')
const WEB = constant('web')
const DETECTION = constant('intrusion_detection')
const NETWORK = constant('network')
const INFO = constant('info')
const types = new Memo((action) => {
  const word = action.toLowerCase()
  return constant(
    word === 'blocked' || word === 'dropped' || word === 'reset'
      ? 'denied'
      : word === 'not blocked'
        ? 'allowed'
        : 'info',
  )
})

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= 48 && c <= 57

/** Of `Jun 13 00:25:31 <local0.info> 192.0.2.1 ` what it said; the month's name may be whole. */
interface Head {
  /** As if UTC, of a year. */
  wall: ((year: number) => number) | undefined
  body: number
}
const head: Head = { wall: undefined, body: 0 }
const readHead = (row: Row, from: number, to: number): void => {
  const { bytes: b } = row
  head.wall = undefined
  head.body = from
  let at = from
  const m = month(b, at)
  if (!Number.isNaN(m)) {
    let i = at
    while (i < to && i - at < 10 && b[i] !== 32) i++
    while (b[i] === 32 && i < to) i++
    const day = i
    while (isDigit(b[i]) && i - day < 2) i++
    const clock = i + 1
    if (i > day && b[i] === 32 && b[clock + 2] === 58 && b[clock + 5] === 58) {
      const [d, h, mi, s] = [
        digits(b, day, i - day),
        digits(b, clock, 2),
        digits(b, clock + 3, 2),
        digits(b, clock + 6, 2),
      ]
      if (!Number.isNaN(d + h + mi + s)) {
        head.wall = (year) => utcMillis(year, m, d, h, mi, s)
        at = clock + 8
        while (b[at] === 32 && at < to) at++
        head.body = at
      }
    }
  }
  if (b[at] === 60) {
    const close = find(b, 62, at, Math.min(to, at + 24))
    const dot = close < 0 ? -1 : find(b, 46, at, close)
    if (dot > 0) {
      row.text(F.facility, at + 1, dot)
      row.text(F.level, dot + 1, close)
      at = close + 1
      while (b[at] === 32 && at < to) at++
      head.body = at
    }
  }
  if (head.body === from) return
  const end = find(b, 32, at, to)
  if (end > at && row.ip(F.observerIp, at, end) !== undefined) head.body = end + 1
}

const putClass = (row: Row): void => {
  row.list(F.category)
  row.constItem(WEB)
  row.constItem(DETECTION)
  row.list(F.type)
  row.constItem(row.has(F.action) ? types.get(row.bytes, row.from[F.action]!, row.to[F.action]!) : INFO)
}
const putObserver = (row: Row, context: LineContext): void => {
  row.const(F.vendor, CITRIX)
  row.const(F.product, NETSCALER)
  row.const(F.observer, WAF)
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observerName)) row.const(F.observerName, constant(host))
}

/** The year that CEF says beside, NaN where it says none. */
const yearSaid = (row: Row): number => {
  for (let i = 0; i < cefLeaves.count; i++)
    if (cefLeaves.names[cefLeaves.node[i]!] === 'cs5' && cefLeaves.to[i]! - cefLeaves.from[i]! === 4)
      return digits(row.bytes, cefLeaves.from[i]!, 4)
  return Number.NaN
}
const inCef = (row: Row, begin: number, to: number, context: LineContext): Answer => {
  const answer = putCef(row, begin, to, context, plan)
  if (answer !== EVENT) return answer
  const { wall } = head
  const year = yearSaid(row)
  if (wall) {
    const time = Number.isNaN(year)
      ? yearOf(wall, context.arrived, context.timezone)
      : zonedMillis(wall(year), context.timezone)
    if (!Number.isNaN(time)) row.long(F.time, time)
  } else if (context.header?.time !== undefined && !Number.isNaN(year)) {
    // The relay's header had no year either.
    const said = new Date(context.header.time)
    const time = said.setUTCFullYear(year)
    if (!Number.isNaN(time) && Math.abs(year - 2500) < 500) row.long(F.time, time)
  }
  if (row.has(F.cefName)) row.copyOf(F.rule, F.cefName)
  putClass(row)
  putObserver(row, context)
  return EVENT
}

/** `05/14/2026:09:30:01 GMT`: NaN where it is none. Where the first number is no month, the day stands first. */
const nativeTime = (b: Uint8Array, at: number, to: number, timezone: string): number => {
  if (at + 19 > to || b[at + 2] !== 47 || b[at + 5] !== 47 || b[at + 10] !== 58) return Number.NaN
  const [one, two] = [digits(b, at, 2), digits(b, at + 3, 2)]
  const [m, d] = one > 12 ? [two, one] : [one, two]
  const wall = utcMillis(
    digits(b, at + 6, 4),
    m,
    d,
    digits(b, at + 11, 2),
    digits(b, at + 14, 2),
    digits(b, at + 17, 2),
  )
  return standsAt(b, at + 19, ' GMT') || standsAt(b, at + 19, ' UTC') ? wall : zonedMillis(wall, timezone)
}

const words = new Int32Array(12)
/** `time zone host ppe : partition module name id flags : message` */
const native = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && (b[at] === 32 || b[at] === 58)) at++
  const time = nativeTime(b, at, to, context.timezone)
  const first = Number.isNaN(time) ? -1 : find(b, 58, at + 19, to)
  const second = first < 0 ? -1 : find(b, 58, first + 1, to)
  if (second < 0 || b[first + 1] !== 32)
    return expected(row, 'CEF: or MM/DD/YYYY:hh:mm:ss host ppe : module name id : message', from, to)
  row.long(F.time, time)
  let count = 0
  for (at = first + 1; at < second && count < 6; ) {
    while (at < second && b[at] === 32) at++
    if (at >= second) break
    words[count * 2] = at
    while (at < second && b[at] !== 32) at++
    words[count * 2 + 1] = at
    count++
  }
  // `default APPFW APPFW_STARTURL 100 0`; the partition is left out by older ones.
  const skip = count >= 5 ? 1 : 0
  if (count < 2 + skip) return expected(row, 'module and name of the message', first, to)
  const [module, moduleEnd, name, nameEnd] = [
    words[skip * 2]!,
    words[skip * 2 + 1]!,
    words[skip * 2 + 2]!,
    words[skip * 2 + 3]!,
  ]
  row.text(F.module, module, moduleEnd)
  row.text(F.name, name, nameEnd)
  row.text(F.code, name, nameEnd)
  at = second + 1
  while (at < to && b[at] === 32) at++
  row.text(F.message, at, to)
  putObserver(row, context)
  if (!standsAt(b, module, 'APPFW')) {
    row.list(F.category)
    row.constItem(NETWORK)
    row.list(F.type)
    row.constItem(INFO)
    return EVENT
  }
  row.copyOf(F.rule, F.name)
  // `client transaction-PPE session profile text: address <action>`
  for (let i = 0; i < 4 && at < to; i++) {
    let end = find(b, 32, at, to)
    if (end < 0) end = to
    if (i === 0) putSide(row, SOURCE, at, end)
    else if (i === 1) {
      const dash = findLast(b, 45, at, end)
      row.text(F.transaction, at, dash < 0 ? end : dash)
      if (dash >= 0) row.text(F.ppe, dash + 1, end)
    } else if (present(b, at, end)) row.text(i === 2 ? F.session : F.profile, at, end)
    at = end + 1
  }
  const open = b[to - 1] === 62 ? findLast(b, 60, at, to) : -1
  if (open >= 0) row.const(F.action, lower.get(b, open + 1, to - 1))
  let stop = open < 0 ? to : open
  while (stop > at && b[stop - 1] === 32) stop--
  row.text(F.message, at, stop)
  for (let i = at; i + 3 < stop; i++)
    if (b[i] === 58 && b[i + 1] === 47 && b[i + 2] === 47) {
      const blank = findLast(b, 32, at, i)
      putUrl(row, blank < 0 ? at : blank + 1, stop)
      break
    }
  putClass(row)
  return EVENT
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  if (at === end) return SKIP
  readHead(row, at, end)
  const begin = cefAt(b, head.body, Math.min(end, head.body + 80))
  return begin < 0 ? native(row, head.body, end, context) : inCef(row, begin, end, context)
}

export const citrixWaf: Parser<Record<string, never>> = {
  id: 'citrix_waf',
  title: 'Citrix NetScaler Web App Firewall',
  options: z.strictObject({}),
  logsources: [{ product: 'citrix', vendor: 'citrix.', taxonomy: 'webserver' }],
  settings: [
    {
      collect: 'syslog',
      where: 'CLI',
      text: ({ host, port, tcp }) => `set appfw settings -CEFLogging ON
add audit syslogAction vonglau ${host} -serverPort ${port} -logLevel ALL -transport ${tcp ? 'TCP' : 'UDP'}
add audit syslogPolicy vonglau true vonglau
bind audit syslogGlobal -policyName vonglau -priority 100
`,
    },
  ],
  open: () => parse,
}
