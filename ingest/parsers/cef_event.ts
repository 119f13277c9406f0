/** An event in ArcSight's Common Event Format, whoever wrote it: https://www.microfocus.com/documentation/arcsight */
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, is, standsAt } from '../row/values.ts'
import { cefHeader, scanCef } from './cef_scan.ts'
import { expected } from './clf.ts'
import { DESTINATION, putNetworkType, putSide, SOURCE } from './flow.ts'
import { Leaves, ROOT, STRING } from './leaves.ts'
import { type Answer, EVENT, type LineContext } from './parser.ts'
import { type Plan, timeOf } from './plan.ts'
import { namedTime } from './stamp.ts'

const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  end: field('event.end'),
  code: field('event.code'),
  severity: field('event.severity'),
  outcome: field('event.outcome'),
  message: field('message'),
  direction: field('network.direction'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  version: field('observer.version'),
  observer: field('observer.name'),
  cefVersion: field('cef.version'),
  name: field('cef.name'),
  level: field('cef.severity'),
  class: field('cef.device.event_class_id'),
} as const

const OWN = [
  ...['rt', 'deviceReceiptTime', 'start', 'startTime', 'end', 'endTime', 'art', 'agentReceiptTime'],
  ...[
    'outcome',
    'eventOutcome',
    'deviceDirection',
    'c6a2',
    'deviceCustomIPv6Address2',
    'c6a3',
    'deviceCustomIPv6Address3',
  ],
  'categoryOutcome',
]
export const cefLeaves = new Leaves(OWN)
const ids = (...names: string[]): readonly number[] => names.map((name) => OWN.indexOf(name) + 1)
const ID = {
  receipt: ids('rt', 'deviceReceiptTime'),
  start: ids('start', 'startTime'),
  end: ids('end', 'endTime'),
  agent: ids('art', 'agentReceiptTime'),
  outcome: ids('outcome', 'eventOutcome', 'categoryOutcome'),
  direction: ids('deviceDirection'),
  source6: ids('c6a2', 'deviceCustomIPv6Address2'),
  destination6: ids('c6a3', 'deviceCustomIPv6Address3'),
} as const
const leafOf = (names: readonly number[]): number => {
  for (const id of names) if (cefLeaves.at[id]! >= 0) return cefLeaves.at[id]!
  return -1
}

/** Epoch ms, RFC 3339, or one of the dictionary's `MMM dd yyyy HH:mm:ss.SSS zzz`; NaN where it is none. */
const timeAt = (row: Row, leaf: number, context: LineContext): number => {
  if (leaf < 0) return Number.NaN
  const [a, z] = [cefLeaves.from[leaf]!, cefLeaves.to[leaf]!]
  const time = timeOf(row.bytes, a, z, context.timezone)
  return Number.isNaN(time) ? namedTime(row.bytes, a, z, context.timezone, context.arrived) : time
}
/** Words of severity as numbers, each the least of its range ("Agent severity" of the standard). */
const WORDS: Readonly<Record<string, number>> = { low: 0, medium: 4, high: 7, 'very-high': 9 }
const severities = new Memo((text) => {
  const word = text.toLowerCase()
  if (Object.hasOwn(WORDS, word)) return WORDS[word]!
  return /^\d{1,2}$/.test(text) ? Number(text) : -1
})
const SUCCESS = constant('success')
const FAILURE = constant('failure')
const outcomes = new Memo((text) => {
  const word = text.toLowerCase().replace(/^\//, '')
  if (/^(?:success|succeeded|ok)/.test(word)) return SUCCESS
  return /^(?:fail|denied|error)/.test(word) ? FAILURE : undefined
})
const INBOUND = constant('inbound')
const OUTBOUND = constant('outbound')

const parts = new Int32Array(14)
/** A part of the header without its escapes. */
const putPart = (row: Row, f: number, part: number): void => {
  const [a, z] = [parts[part * 2]!, parts[part * 2 + 1]!]
  if (z <= a) return
  if (find(row.bytes, 92, a, z) < 0) row.text(f, a, z)
  else row.string(f, row.slice(a, z).replace(/\\([\\|])/g, '$1'))
}

/** Where `CEF:` stands, within the first bytes of what a relay put before it; -1 where it does not. */
export const cefAt = (b: Uint8Array, from: number, to: number): number => {
  const last = Math.min(to - 4, from + 256)
  for (let i = from; i <= last; i++) if (b[i] === 67 && standsAt(b, i, 'CEF:')) return i
  return -1
}

/** Says the event that begins with `CEF:` there; `named` is whether its product is the one that is meant. */
export const putCef = (row: Row, from: number, to: number, context: LineContext, plan: Plan): Answer => {
  let end = to
  while (end > from && row.bytes[end - 1]! <= 32) end--
  if (cefHeader(row.bytes, from, end, parts) < 7)
    return expected(row, 'CEF: with seven parts, vendor|product|version|class|name|severity', from, to)
  cefLeaves.clear()
  scanCef(row, from, end, (key, keyEnd, a, z) => {
    const b = row.bytes
    let stop = z
    while (stop > a && b[stop - 1] === 32) stop--
    cefLeaves.add(cefLeaves.find(ROOT, b, key, keyEnd), STRING, a, stop)
  })
  const receipt = timeAt(row, leafOf(ID.receipt), context)
  const start = timeAt(row, leafOf(ID.start), context)
  const stop = timeAt(row, leafOf(ID.end), context)
  const agent = timeAt(row, leafOf(ID.agent), context)
  // Of the device; where it says none, of its syslog header.
  const time = [receipt, start, stop, context.header?.time ?? Number.NaN, agent].find((each) => !Number.isNaN(each))
  row.long(F.time, time ?? context.arrived)
  putPart(row, F.vendor, 1)
  putPart(row, F.product, 2)
  putPart(row, F.version, 3)
  putPart(row, F.code, 4)
  putPart(row, F.class, 4)
  putPart(row, F.name, 5)
  putPart(row, F.level, 6)
  row.text(F.cefVersion, parts[0]!, parts[1]!)
  const severity = severities.get(row.bytes, parts[12]!, parts[13]!)
  if (severity >= 0) row.long(F.severity, severity)
  plan.put(row, cefLeaves, context.timezone)
  if (!row.has(F.message)) putPart(row, F.message, 5)
  if (!Number.isNaN(start)) row.long(F.start, start)
  if (!Number.isNaN(stop)) row.long(F.end, stop)
  putOwn(row)
  const host = context.header?.host
  if (host !== undefined && !row.has(F.observer)) row.const(F.observer, constant(host))
  putNetworkType(row)
  return EVENT
}
const putOwn = (row: Row): void => {
  const { from, to } = cefLeaves
  let i = leafOf(ID.outcome)
  if (i >= 0) {
    const outcome = outcomes.get(row.bytes, from[i]!, to[i]!)
    if (outcome) row.const(F.outcome, outcome)
  }
  i = leafOf(ID.direction)
  if (i >= 0 && !row.has(F.direction)) {
    if (is(row.bytes, from[i]!, to[i]!, '0')) row.const(F.direction, INBOUND)
    else if (is(row.bytes, from[i]!, to[i]!, '1')) row.const(F.direction, OUTBOUND)
  }
  // Addresses of IPv6 had no key of their own once.
  for (const [names, side] of [
    [ID.source6, SOURCE],
    [ID.destination6, DESTINATION],
  ] as const) {
    const leaf = leafOf(names)
    if (leaf >= 0 && addressOf(row.bytes, from[leaf]!, to[leaf]!) !== undefined)
      putSide(row, side, from[leaf]!, to[leaf]!)
  }
}
