/**
 * pfSense and OPNsense: filterlog, and what their services write by syslog. filterlog is CSV (Netgate, "Raw Filter Log Format";
 * OPNsense writes the same, a rule's label in place of the tracker).
 * https://docs.netgate.com/pfsense/en/latest/monitoring/logs/raw-filter-format.html
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { findLast, integer, is } from '../row/values.ts'
import { putSort, type Sort, sortOf } from './categories.ts'
import { columns, splitColumns } from './csv.ts'
import { putTotals } from './flow.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { putService } from './pfsense_services.ts'
import { type Plan, planOf, putValue, type Rules, targetsOf } from './targets.ts'

const VENDOR = 'pfsense.'
const F = {
  time: field('@timestamp'),
  vendor: field('observer.vendor'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  process: field('process.name'),
  pid: field('process.pid'),
  provider: field('event.provider'),
  reason: field('event.reason'),
  action: field('event.action'),
  direction: field('network.direction'),
  ingress: field('observer.ingress.interface.name'),
  egress: field('observer.egress.interface.name'),
  vlan: field('network.vlan.id'),
  ingressVlan: field('observer.ingress.vlan.id'),
  egressVlan: field('observer.egress.vlan.id'),
  tcpOptions: field(`${VENDOR}tcp.options`),
  message: field('message'),
} as const
const NETGATE = constant('netgate')
const FIREWALL = constant('firewall')
const INBOUND = constant('inbound')
const OUTBOUND = constant('outbound')

const RULES: Rules = {
  _: ['none'],
  subrule: ['text', `${VENDOR}filterlog.sub_rule`],
  number: ['text', `${VENDOR}filterlog.rule`],
  anchor: ['text', 'rule.ruleset'],
  tracker: ['text', 'rule.id'],
  reason: ['text', 'event.reason'],
  action: ['text', 'event.action'],
  tos: ['text', `${VENDOR}ip.tos`],
  ecn: ['text', `${VENDOR}ip.ecn`],
  ttl: ['long', `${VENDOR}ip.ttl`],
  id: ['long', `${VENDOR}ip.id`],
  offset: ['long', `${VENDOR}ip.offset`],
  flags: ['text', `${VENDOR}ip.flags`],
  class: ['text', `${VENDOR}ip.class`],
  flow: ['text', `${VENDOR}ip.flow_label`],
  hops: ['long', `${VENDOR}ip.hop_limit`],
  proto: ['transport'],
  protonumber: ['transport'],
  length: ['long', 'network.bytes'],
  src: ['side', 'source'],
  dst: ['side', 'destination'],
  sport: ['port', 'source.port'],
  dport: ['port', 'destination.port'],
  tcplength: ['long', `${VENDOR}tcp.length`],
  udplength: ['long', `${VENDOR}udp.length`],
  tcpflags: ['text', `${VENDOR}tcp.flags`],
  window: ['long', `${VENDOR}tcp.window`],
  urgent: ['text', `${VENDOR}tcp.urg`],
  sequence: ['text', `${VENDOR}tcp.sequence_number`],
  acknowledged: ['text', `${VENDOR}tcp.ack_number`],
  icmptype: ['text', `${VENDOR}icmp.type`],
  icmp1: ['text', `${VENDOR}icmp.id`],
  icmp2: ['text', `${VENDOR}icmp.seq`],
  icmpdst: ['text', `${VENDOR}icmp.destination.ip`],
  icmpproto: ['text', `${VENDOR}icmp.unreachable.protocol_id`],
  icmpport: ['text', `${VENDOR}icmp.unreachable.port`],
  carptype: ['text', `${VENDOR}carp.type`],
  carpttl: ['text', `${VENDOR}carp.ttl`],
  vhid: ['text', `${VENDOR}carp.vhid`],
  version: ['text', `${VENDOR}carp.version`],
  advskew: ['text', `${VENDOR}carp.advskew`],
  advbase: ['text', `${VENDOR}carp.advbase`],
}
const HEAD = 'number subrule anchor tracker _ reason action _ _'
const V4 = 'tos ecn ttl id offset flags protonumber proto length src dst'
const V6 = 'class flow hops proto protonumber length src dst'
const planFor = (names: string): Plan => planOf(targetsOf(names.split(' '), RULES, VENDOR))
const TAILS = {
  tcp: 'sport dport tcplength tcpflags sequence acknowledged window urgent _',
  udp: 'sport dport udplength',
  icmp: 'icmptype icmp1 icmp2',
  unreachable: 'icmptype icmpdst icmpproto icmpport',
  carp: 'carptype carpttl vhid version advskew advbase',
  other: '_',
} as const
type Tail = keyof typeof TAILS
const plansFor = (version: string) =>
  Object.fromEntries(
    Object.entries(TAILS).map(([tail, names]) => [tail, planFor(`${HEAD} ${version} ${names}`)]),
  ) as Record<Tail, Plan>
const PLANS4 = plansFor(V4)
const PLANS6 = plansFor(V6)
/** Columns of these plans. */
const [INTERFACE, REASON, ACTION, DIRECTION, VERSION] = [4, 5, 6, 7, 8]
const OPTIONS = 8

const tailOf = new Memo((protocol): Tail => {
  const name = protocol.toLowerCase()
  if (name === 'tcp' || name === '6') return 'tcp'
  if (name === 'udp' || name === '17') return 'udp'
  if (name === 'carp' || name === '112') return 'carp'
  return name.startsWith('icmp') || name === 'ipv6-icmp' ? 'icmp' : 'other'
})
const actionSort = new Memo(
  (action): Sort =>
    action === 'block' || action === 'reject'
      ? sortOf({ category: 'network', type: 'connection denied' })
      : action === 'pass' || action === 'rdr' || action === 'nat' || action === 'binat'
        ? sortOf({ category: 'network', type: 'connection allowed' })
        : sortOf({ category: 'network', type: 'connection info' }),
)
const cells = columns()

/** Whether these are the columns of filterlog: the tenth and what is before it are the packet filter's own. */
const isFilterlog = (b: Uint8Array): boolean => {
  if (cells.count < 17) return false
  const one = (i: number, text: string) => is(b, cells.from[i]!, cells.to[i]!, text)
  return (
    (one(VERSION, '4') || one(VERSION, '6')) &&
    (one(DIRECTION, 'in') || one(DIRECTION, 'out') || one(DIRECTION, 'in/out'))
  )
}

const putFilterlog = (row: Row): void => {
  const { bytes: b } = row
  const six = b[cells.from[VERSION]!] === 54
  const protocol = six ? 12 : 16
  const first = six ? 17 : 20
  let tail = tailOf.get(b, cells.from[protocol]!, cells.to[protocol]!)
  // `unreachport,192.0.2.1,17,53`
  if (tail === 'icmp' && cells.count > first && b[cells.from[first]!] === 117) tail = 'unreachable'
  const plan = (six ? PLANS6 : PLANS4)[tail]
  const count = Math.min(cells.count, plan.kind.length)
  for (let i = 0; i < count; i++)
    if (cells.from[i]! < cells.to[i]!) putValue(row, plan, i, cells.from[i]!, cells.to[i]!)
  putSort(row, actionSort.get(b, cells.from[ACTION]!, cells.to[ACTION]!))
  row.text(F.action, cells.from[ACTION]!, cells.to[ACTION]!)
  row.text(F.reason, cells.from[REASON]!, cells.to[REASON]!)
  const out = is(b, cells.from[DIRECTION]!, cells.to[DIRECTION]!, 'out')
  row.const(F.direction, out ? OUTBOUND : INBOUND)
  const [from, to] = [cells.from[INTERFACE]!, cells.to[INTERFACE]!]
  row.text(out ? F.egress : F.ingress, from, to)
  // `igb1.12` is VLAN 12 on igb1.
  const dot = findLast(b, 46, from, to)
  if (dot > from && !Number.isNaN(integer(b, dot + 1, to))) {
    row.text(F.vlan, dot + 1, to)
    row.text(out ? F.egressVlan : F.ingressVlan, dot + 1, to)
  }
  const options = first + OPTIONS
  if (tail !== 'tcp' || options >= cells.count || cells.from[options]! >= cells.to[options]!) return
  row.list(F.tcpOptions)
  let at = cells.from[options]!
  for (let i = at; i <= cells.to[options]!; i++)
    if (i === cells.to[options]! || b[i] === 59) {
      row.item(at, i)
      at = i + 1
    }
}

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  let at = from
  while (at < to && row.bytes[at]! <= 32) at++
  if (at === to) return SKIP
  const { pid } = context.header ?? {}
  // `(squid-1)[6802]: `
  const tag = context.header?.tag?.replace(/^\(|\)$/g, '')
  const filter = tag === undefined || tag === 'filterlog'
  if (filter) splitColumns(row, at, to, cells)
  const isFilter = filter && isFilterlog(row.bytes)
  if (!isFilter && tag === undefined)
    return `expected a program's name and a message, or filterlog's columns, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  row.long(F.time, context.header?.time ?? context.arrived)
  row.const(F.vendor, NETGATE)
  row.const(F.observer, FIREWALL)
  const host = context.header?.host
  if (host !== undefined) row.const(F.observerName, constant(host))
  const program = constant(tag ?? 'filterlog')
  row.const(F.process, program)
  if (pid !== undefined) row.long(F.pid, pid)
  row.const(F.provider, program)
  if (isFilter) putFilterlog(row)
  else {
    row.text(F.message, at, to)
    putService(row, program.text, at, to)
  }
  putTotals(row)
  return EVENT
}

export const pfsense: Parser<Record<string, never>> = {
  id: 'pfsense',
  title: 'pfSense, OPNsense',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'pfsense', vendor: VENDOR },
    { product: 'pfsense', vendor: VENDOR },
    { category: 'firewall', product: 'opnsense', vendor: VENDOR },
    { product: 'opnsense', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'pfSense: Status → System Logs → Settings; OPNsense: System → Settings → Logging → Remote',
      text: ({ host, port, tcp }) => `pfSense:  Log Message Format: syslog (RFC 5424, with RFC 3339 timestamps)
          Enable Remote Logging; Remote log servers: ${host.includes(':') ? `[${host}]` : host}:${port}; Remote Syslog Contents: Everything
OPNsense: Transport: ${tcp ? 'TCP' : 'UDP'}(4), Hostname: ${host}, Port: ${port}, RFC5424
`,
    },
  ],
  open: () => parse,
}
