/**
 * IBM's Log Event Extended Format, 1.0 and 2.0
 * (https://www.ibm.com/docs/en/dsm?topic=leef-overview): `LEEF:2.0|vendor|product|version|event id|delimiter|key=value…`.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { find, is, standsAt } from '../row/values.ts'
import { expected } from './clf.ts'
import { putTotals } from './flow.ts'
import { Leaves, ROOT, STRING } from './leaves.ts'
import { type Answer, EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { Plan, timeOf } from './plan.ts'
import { namedTime } from './stamp.ts'

const F = {
  time: field('@timestamp'),
  code: field('event.code'),
  message: field('message'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  version: field('observer.version'),
  observer: field('observer.name'),
  leef: field('leef.version'),
} as const
/** The predefined attributes ("LEEF event components"); any other is `leef.attributes.<name>`. */
const plan = new Plan('leef.attributes.', {
  devTime: ['own'],
  devTimeFormat: ['drop'],
  cat: ['text', 'leef.category'],
  sev: ['long', 'event.severity'],
  src: ['side', 'source'],
  dst: ['side', 'destination'],
  srcPort: ['port', 'source.port'],
  dstPort: ['port', 'destination.port'],
  srcPreNAT: ['ip', 'source.nat.ip'],
  dstPreNAT: ['ip', 'destination.nat.ip'],
  srcPostNAT: ['ip', 'source.nat.ip'],
  dstPostNAT: ['ip', 'destination.nat.ip'],
  srcPostNATPort: ['port', 'source.nat.port'],
  dstPostNATPort: ['port', 'destination.nat.port'],
  srcMAC: ['mac', 'source.mac'],
  dstMAC: ['mac', 'destination.mac'],
  srcBytes: ['long', 'source.bytes'],
  dstBytes: ['long', 'destination.bytes'],
  srcPackets: ['long', 'source.packets'],
  dstPackets: ['long', 'destination.packets'],
  totalPackets: ['long', 'network.packets'],
  proto: ['transport', 'network.transport'],
  usrName: ['text', 'user.name'],
  userName: ['text', 'user.name'],
  accountName: ['text', 'user.name'],
  identHostName: ['text', 'source.domain'],
  domain: ['text', 'user.domain'],
  role: ['text', 'user.roles'],
  policy: ['text', 'rule.name'],
  resource: ['text', 'leef.resource'],
  url: ['url'],
  action: ['text', 'event.action'],
  msg: ['text', 'message'],
  identSrc: ['ip', 'source.ip'],
})
const leaves = new Leaves(['devTime'])

/** `^`, `x09`, `0x5E`, `\t`: the character between attributes. */
const delimiterOf = (row: Row, from: number, to: number): number => {
  const text = row.slice(from, Math.min(to, from + 8))
  const hex = /^(?:0?x|\\x)([0-9A-Fa-f]{1,2})$/i.exec(text)?.[1]
  if (hex) return Number.parseInt(hex, 16) & 127
  if (text === '\\t' || text === '') return 9
  return to - from === 1 && row.bytes[from]! < 128 ? row.bytes[from]! : 9
}

const parts = new Int32Array(12)
const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  if (at === to) return SKIP
  let begin = -1
  for (let i = at; i <= Math.min(to - 5, at + 256); i++)
    if (b[i] === 76 && standsAt(b, i, 'LEEF:')) {
      begin = i
      break
    }
  if (begin < 0) return expected(row, 'LEEF:version|vendor|product|version|event id|', at, to)
  let count = 0
  const second = is(b, begin + 5, Math.min(to, begin + 8), '2.0')
  const wanted = second ? 6 : 5
  at = begin + 5
  while (count < wanted) {
    let bar = find(b, 124, at, to)
    if (bar < 0 && count === 4) bar = to
    if (bar < 0) break
    parts[count * 2] = at
    parts[count * 2 + 1] = bar
    count++
    at = Math.min(to, bar + 1)
    // The delimiter may be left out.
    if (
      count === 5 &&
      second &&
      (find(b, 124, at, Math.min(to, at + 6)) < 0 || find(b, 61, at, Math.min(to, at + 4)) >= 0)
    )
      break
  }
  if (count < 5) return expected(row, 'LEEF: with vendor|product|version|event id|', begin, to)
  const delimiter = count === 6 ? delimiterOf(row, parts[10]!, parts[11]!) : 9
  leaves.clear()
  let end = to
  while (end > at && b[end - 1]! <= 32) end--
  while (at < end) {
    let stop = find(b, delimiter, at, end)
    if (stop < 0) stop = end
    const equals = find(b, 61, at, stop)
    if (equals > at) {
      let key = at
      while (key < equals && b[key]! <= 32) key++
      leaves.add(leaves.find(ROOT, b, key, equals), STRING, equals + 1, stop)
    }
    at = stop + 1
  }
  const when = leaves.at[1]!
  let time = Number.NaN
  if (when >= 0) {
    const [a, z] = [leaves.from[when]!, leaves.to[when]!]
    time = timeOf(b, a, z, context.timezone)
    if (Number.isNaN(time)) time = namedTime(b, a, z, context.timezone, context.arrived)
  }
  row.long(F.time, Number.isNaN(time) ? (context.header?.time ?? context.arrived) : time)
  row.text(F.leef, parts[0]!, parts[1]!)
  row.text(F.vendor, parts[2]!, parts[3]!)
  row.text(F.product, parts[4]!, parts[5]!)
  row.text(F.version, parts[6]!, parts[7]!)
  row.text(F.code, parts[8]!, parts[9]!)
  plan.put(row, leaves, context.timezone)
  if (!row.has(F.message)) row.text(F.message, parts[8]!, parts[9]!)
  const host = context.header?.host
  if (host !== undefined) row.const(F.observer, constant(host))
  putTotals(row)
  return EVENT
}

export const leef: Parser<Record<string, never>> = {
  id: 'leef',
  title: 'LEEF (IBM QRadar)',
  options: z.strictObject({}),
  logsources: [],
  settings: [
    {
      collect: 'syslog',
      where: 'syslog, LEEF',
      text: ({ host, port, tcp }) => `${tcp ? 'tcp' : 'udp'} ${host} ${port}\n`,
    },
  ],
  open: () => parse,
}
