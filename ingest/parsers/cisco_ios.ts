/**
 * Cisco IOS, IOS XE and NX-OS: `000042: *May 14 09:30:01.123: %SEC-6-IPACCESSLOGP: list 101 denied tcp …` (Cisco IOS System Message
 * Guides). https://www.cisco.com/c/en/us/td/docs/ios/system/messages/guide/consol_smg.html
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { addressOf } from '../row/address.ts'
import { integer, port } from '../row/values.ts'
import { putSort } from './categories.ts'
import { ciscoHead, levelOf } from './cisco_head.ts'
import { ENDS, MESSAGES, NAMES, SORTS, type SortName } from './cisco_ios_messages.ts'
import { putTotals } from './flow.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { planOf, putSide, putValue, type Rules, targetsOf } from './targets.ts'
import { putTransport } from './transport.ts'
import { lower } from './url.ts'
import { type End, found, matches, type Template, templateOf } from './template.ts'

const VENDOR = 'cisco.ios.'
const RULES: Rules = {
  _: ['none'],
  verb: ['none'],
  verdict: ['none'],
  service: ['none'],
  acl: ['text', 'rule.name'],
  proto: ['transport'],
  type: ['long', `${VENDOR}icmp_type`],
  code: ['long', `${VENDOR}icmp_code`],
  count: ['long', `${VENDOR}count`],
  iface: ['text', 'observer.ingress.interface.name'],
  mac: ['mac', 'source.mac'],
  ip: ['side', 'source'],
  user: ['user', 'source.user'],
  port: ['port', 'destination.port'],
  reason: ['text', 'event.reason'],
  cmd: ['text', 'process.command_line'],
  vlan: ['text', 'network.vlan.id'],
}
const PLAN = planOf(targetsOf(NAMES, RULES, VENDOR))
const out = found(NAMES.length, ENDS.length)
const of = (name: string): number => NAMES.indexOf(name)
const [VERB, VERDICT, COUNT, NEIGHBOR, SERVICE] = [
  of('verb'),
  of('verdict'),
  of('count'),
  of('neighbor'),
  of('service'),
]

interface Message {
  readonly sort: SortName
  readonly templates: readonly Template[]
}
const KNOWN = new Map<string, Message>()
for (const block of MESSAGES.trim().split(/\n(?=\S)/)) {
  const [head, ...lines] = block.split('\n')
  const words = head!.split(' ')
  const sort = words.pop() as SortName
  const templates = lines.map((line) => templateOf(line.slice(2), NAMES, ENDS))
  for (const word of words) KNOWN.set(word, { sort, templates })
}
const OTHER: Message = { sort: 'other', templates: [] }
const messageOf = new Memo((mnemonic) => KNOWN.get(mnemonic) ?? OTHER)
const isTransport = new Memo((name) => /^(?:tcp|udp|icmp)$/i.test(name))
const permits = new Memo((verb) => /^permit/i.test(verb))
const succeeds = new Memo((verdict) => /^succ/i.test(verdict))

const sideOf = (side: 'source' | 'destination') => ({
  ip: field(`${side}.ip`),
  address: field(`${side}.address`),
  domain: field(`${side}.domain`),
  port: field(`${side}.port`),
})
const SIDES = [sideOf('source'), sideOf('destination')] as const
const F = {
  time: field('@timestamp'),
  code: field('event.code'),
  severity: field('event.severity'),
  level: field('log.level'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  message: field('message'),
  packets: field('network.packets'),
  protocol: field('network.protocol'),
  facility: field(`${VENDOR}facility`),
  suffix: field(`${VENDOR}suffix`),
} as const
const CISCO = constant('Cisco')
const IOS = constant('ios')
const ROUTER = constant('router')

const putEnd = (row: Row, end: End, side: (typeof SIDES)[0]): void => {
  if (!end.said) return
  putSide(row, side.ip, side.address, side.domain, end.from, end.to)
  const n = end.portTo > end.portFrom ? port(row.bytes, end.portFrom, end.portTo) : Number.NaN
  if (!Number.isNaN(n)) row.long(side.port, n)
}

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  const head = ciscoHead(row, from, to, context)
  const { bytes: b } = row
  if (head === undefined) {
    let i = from
    while (i < to && b[i]! <= 32) i++
    if (i === to) return SKIP
    return `expected %FACILITY-level-MNEMONIC: and a message, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  }
  row.long(F.time, head.time)
  row.const(F.vendor, CISCO)
  row.const(F.product, IOS)
  row.const(F.observer, ROUTER)
  if (head.host !== undefined) row.const(F.observerName, constant(head.host))
  row.text(F.code, head.codeFrom, head.codeTo)
  row.text(F.facility, head.facilityFrom, head.facilityTo)
  row.text(F.suffix, head.suffixFrom, head.suffixTo)
  row.long(F.severity, head.level)
  const level = levelOf(head.level)
  if (level !== undefined) row.const(F.level, level)
  // Sigma's rules look for words in it.
  row.text(F.message, head.text, to)
  const { sort, templates } = messageOf.get(b, head.codeFrom, head.codeTo)
  let i = 0
  while (i < templates.length && !matches(b, templates[i]!, head.text, to, out)) i++
  if (i === templates.length) putSort(row, sort === 'verb' || sort === 'verdict' ? SORTS.other : SORTS[sort])
  else putMatch(row, sort)
  putTotals(row)
  return EVENT
}
const putMatch = (row: Row, sort: SortName): void => {
  const { bytes: b } = row
  const { from: starts, to: stops, ends } = out
  putSort(
    row,
    sort === 'verb'
      ? permits.get(b, starts[VERB]!, stops[VERB]!)
        ? SORTS.permit
        : SORTS.deny
      : sort === 'verdict'
        ? succeeds.get(b, starts[VERDICT]!, stops[VERDICT]!)
          ? SORTS.loginOk
          : SORTS.loginFail
        : SORTS[sort],
  )
  putEnd(row, ends[0]!, SIDES[0])
  putEnd(row, ends[1]!, SIDES[1])
  for (let name = 1; name < NAMES.length; name++)
    if (starts[name]! < stops[name]!) putValue(row, PLAN, name, starts[name]!, stops[name]!)
  if (starts[SERVICE]! < stops[SERVICE]!) {
    if (isTransport.get(b, starts[SERVICE]!, stops[SERVICE]!)) putTransport(row, starts[SERVICE]!, stops[SERVICE]!)
    else row.const(F.protocol, lower.get(b, starts[SERVICE]!, stops[SERVICE]!))
  }
  // Packets of an access list: the line stands for all of them.
  if (sort === 'verb' && starts[COUNT]! < stops[COUNT]!) {
    const n = integer(b, starts[COUNT]!, stops[COUNT]!)
    if (n >= 0) row.long(F.packets, n)
  }
  if (starts[NEIGHBOR]! < stops[NEIGHBOR]! && addressOf(b, starts[NEIGHBOR]!, stops[NEIGHBOR]!) !== undefined)
    putSide(row, SIDES[0].ip, SIDES[0].address, SIDES[0].domain, starts[NEIGHBOR]!, stops[NEIGHBOR]!)
}

export const ciscoIos: Parser<Record<string, never>> = {
  id: 'cisco_ios',
  title: 'Cisco IOS, IOS XE, NX-OS',
  options: z.strictObject({}),
  logsources: [
    { product: 'cisco', service: 'aaa', vendor: VENDOR },
    { product: 'cisco', service: 'bgp', vendor: VENDOR },
    { product: 'cisco', service: 'ldp', vendor: VENDOR },
    { product: 'cisco', service: 'ios', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'CLI',
      text: ({ host, port, tcp }) => `configure terminal
 service timestamps log datetime msec localtime show-timezone year
 logging origin-id hostname
 logging trap informational
 logging host ${host} transport ${tcp ? 'tcp' : 'udp'} port ${port}
 login on-failure log
 login on-success log
 archive
  log config
   logging enable
   notify syslog contenttype plaintext
end
write memory
`,
    },
  ],
  open: () => parse,
}
