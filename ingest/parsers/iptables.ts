/**
 * Netfilter's LOG target: `prefix IN=eth0 OUT= MAC=… SRC=… DST=… LEN=… PROTO=TCP SPT=… DPT=… SYN URGP=0` (Linux,
 * net/netfilter/nf_log_syslog.c), and what the prefixes of UFW (`[UFW BLOCK]`), Ubiquiti (`[WAN_IN-3001-A]`), Proxmox
 * (`policy DROP:`) and iptables-extensions(8) `--log-prefix` say. https://man7.org/linux/man-pages/man8/iptables-extensions.8.html
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { findLast, standsAt } from '../row/values.ts'
import { putSort, type Sort } from './categories.ts'
import { putDirection, putTotals } from './flow.ts'
import { keyTable, Pairs } from './keyvalue.ts'
import { actionIn, packetSort as sortFor } from './packets.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { mac, planOf, putValue, type Rules, targetsOf } from './targets.ts'

const VENDOR = 'iptables.'
const RULES: Rules = {
  IN: ['text', 'observer.ingress.interface.name'],
  OUT: ['text', 'observer.egress.interface.name'],
  PHYSIN: ['text', `${VENDOR}physical_input_device`],
  PHYSOUT: ['text', `${VENDOR}physical_output_device`],
  MAC: ['none'],
  SRC: ['ip', 'source.ip'],
  DST: ['ip', 'destination.ip'],
  LEN: ['long', `${VENDOR}length`],
  TOS: ['text', `${VENDOR}tos`],
  TC: ['text', `${VENDOR}tos`],
  PREC: ['text', `${VENDOR}precedence_bits`],
  TTL: ['long', `${VENDOR}ttl`],
  HOPLIMIT: ['long', `${VENDOR}ttl`],
  FLOWLBL: ['text', `${VENDOR}flow_label`],
  ID: ['text', `${VENDOR}id`],
  FRAG: ['text', `${VENDOR}fragment_offset`],
  PROTO: ['transport'],
  SPT: ['port', 'source.port'],
  DPT: ['port', 'destination.port'],
  WINDOW: ['long', `${VENDOR}tcp.window`],
  RES: ['text', `${VENDOR}tcp.reserved_bits`],
  SEQ: ['text', `${VENDOR}seq`],
  ACK: ['text', `${VENDOR}ack`],
  URGP: ['none'],
  OPT: ['text', `${VENDOR}tcp.options`],
  TYPE: ['text', `${VENDOR}icmp.type`],
  CODE: ['text', `${VENDOR}icmp.code`],
  GATEWAY: ['text', `${VENDOR}icmp.redirect`],
  MTU: ['text', `${VENDOR}icmp.mtu`],
  SPI: ['text', `${VENDOR}spi`],
  MARK: ['text', `${VENDOR}mark`],
  UID: ['text', `${VENDOR}uid`],
  GID: ['text', `${VENDOR}gid`],
  DESCR: ['text', 'rule.description'],
}
const names = Object.keys(RULES)
const PLAN = planOf(targetsOf(names, RULES, VENDOR))
const pairs = new Pairs(keyTable(names))
const id = (name: string): number => names.indexOf(name)
const [MAC, SRC, DST, PROTO] = [id('MAC'), id('SRC'), id('DST'), id('PROTO')]

const F = {
  time: field('@timestamp'),
  action: field('event.action'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  ingressZone: field('observer.ingress.zone'),
  egressZone: field('observer.egress.zone'),
  sourceMac: field('source.mac'),
  destinationMac: field('destination.mac'),
  etherType: field(`${VENDOR}ether_type`),
  fragment: field(`${VENDOR}fragment_flags`),
  tcpFlags: field(`${VENDOR}tcp.flags`),
  prefix: field(`${VENDOR}prefix`),
  ruleId: field('rule.id'),
  ruleName: field('rule.name'),
} as const
const FIREWALL = constant('firewall')

interface Prefix {
  readonly sort: Sort
  readonly action: string | undefined
  readonly name?: string
  readonly rule?: string
  readonly from?: string
  readonly to?: string
}
const UBIQUITI = /\[([^[\]]{1,40})-(\w{1,20})-([ADR])\] *$/
/** UniFi: `[WAN_LOCAL-D-4003] DESCR="…"`. */
const UNIFI = /\[([^[\]]{1,40})-(A|D|R|RET)-(\w{1,20})\] *$/
const LETTERS: Readonly<Record<string, string | undefined>> = { A: 'accept', D: 'drop', R: 'reject' }
/** An administrator chooses the prefix: what was done is a word in it, or a letter at its end. */
const prefixOf = (text: string): Prefix => {
  const m = UBIQUITI.exec(text)
  if (m) {
    const action = LETTERS[m[3]!]!
    const zones = /^([A-Za-z0-9]+)-([A-Za-z0-9]+)$/.exec(m[1]!)
    return {
      sort: sortFor(action),
      action,
      name: m[1]!,
      rule: m[2]!,
      ...(zones ? { from: zones[1]!, to: zones[2]! } : {}),
    }
  }
  const unifi = UNIFI.exec(text)
  if (unifi) {
    const action = LETTERS[unifi[2]!]
    return { sort: sortFor(action), action, name: unifi[1]!, rule: unifi[3]! }
  }
  const action = actionIn(text)
  return { sort: sortFor(action), action }
}
const prefixes = new Memo(prefixOf)

const separates = (c: number): boolean => c <= 32 || c === 127
/** Words without a value, as the kernel writes them. */
const FRAGMENT = new Set(['CE', 'DF', 'MF'])
const TCP = new Set(['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN'])
const flags = new Memo((word) =>
  FRAGMENT.has(word) ? ('fragment' as const) : TCP.has(word) ? ('tcp' as const) : undefined,
)
const fragments = { from: new Int32Array(8), to: new Int32Array(8), count: 0 }
const tcp = { from: new Int32Array(16), to: new Int32Array(16), count: 0 }

/** Reads the pairs from `from`. What stands in brackets behind is the packet that an ICMP error is about. */
const scan = (b: Uint8Array, from: number, to: number): void => {
  pairs.clear()
  fragments.count = tcp.count = 0
  let at = from
  while (at < to) {
    while (at < to && separates(b[at]!)) at++
    if (b[at] === 91 && pairs.count > 2) return
    const begin = at
    let equals = -1
    while (at < to && !separates(b[at]!)) {
      if (b[at] === 61 && equals < 0) {
        equals = at
        // `DESCR="any text"`
        if (b[at + 1] === 34) {
          let close = at + 2
          while (close < to && b[close] !== 34) close++
          if (close < to) at = close
        }
      }
      at++
    }
    if (equals > begin) {
      const key = pairs.id(b, begin, equals)
      const quoted = b[equals + 1] === 34 && b[at - 1] === 34 && at - 1 > equals + 1 ? 1 : 0
      if (key >= 0 && at - quoted > equals + 1 + quoted) pairs.put(key, equals + 1 + quoted, at - quoted)
    } else if (at - begin <= 3 && at > begin) {
      const kind = flags.get(b, begin, at)
      const list = kind === 'fragment' ? fragments : kind === 'tcp' ? tcp : undefined
      if (list !== undefined && list.count < 8) {
        list.from[list.count] = begin
        list.to[list.count++] = at
      }
    }
  }
}

/** Where the first pair stands, -1 where none does: `IN=`, before it `DESCR="…"`; in a line that was cut any of the others. */
const firstPair = (b: Uint8Array, from: number, to: number): number => {
  for (let i = from; i < to; i++) {
    if (b[i] === 68 && standsAt(b, i, 'DESCR="') && b[i - 1] === 32 && i > from) return i
    if (b[i] === 73 && b[i + 1] === 78 && b[i + 2] === 61 && (i === from || !isName(b[i - 1]!))) return i
  }
  return -1
}
const isName = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c === 95

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  const { bytes: b } = row
  let at = from
  while (at < to && b[at]! <= 32) at++
  if (at === to) return SKIP
  const first = firstPair(b, at, to)
  scan(b, first < 0 ? at : first, to)
  if (pairs.count < 3 || !(pairs.has(SRC) || pairs.has(DST) || pairs.has(PROTO)))
    return `expected netfilter's IN=… SRC=… DST=… PROTO=…, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  row.long(F.time, context.header?.time ?? context.arrived)
  row.const(F.observer, FIREWALL)
  if (context.header?.host !== undefined) row.const(F.observerName, constant(context.header.host))
  const { present, count, from: starts, to: stops } = pairs
  for (let i = 0; i < count; i++) putValue(row, PLAN, present[i]!, starts[present[i]!]!, stops[present[i]!]!)
  if (pairs.has(MAC)) putMac(row, starts[MAC]!, stops[MAC]!)
  putFlags(row, F.fragment, fragments)
  putFlags(row, F.tcpFlags, tcp)
  const tag = context.header?.tag
  // `DENY: IN=…`: what looks like a program's name is the prefix.
  if (first === at && tag !== undefined && tag !== 'kernel') sayPrefix(row, prefixOf(tag), row.write(tag), row.at)
  else putPrefix(row, at, first)
  putTotals(row)
  putDirection(row)
  return EVENT
}

const putFlags = (row: Row, f: number, list: typeof tcp): void => {
  if (list.count === 0) return
  row.list(f)
  for (let i = 0; i < list.count; i++) row.item(list.from[i]!, list.to[i]!)
}

const isHex = (c: number): boolean => (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 102)
const isPair = (b: Uint8Array, at: number): boolean => isHex(b[at]!) && isHex(b[at + 1]!)

/** `destination(6):source(6):type(2)`, and the header of a tunnel behind it. */
const putMac = (row: Row, from: number, to: number): void => {
  if (to - from < 41) return
  const { bytes: b } = row
  const [destination, source] = [mac.get(b, from, from + 17), mac.get(b, from + 18, from + 35)]
  if (
    destination === undefined ||
    source === undefined ||
    !isPair(b, from + 36) ||
    b[from + 38] !== 58 ||
    !isPair(b, from + 39)
  )
    return
  row.const(F.destinationMac, destination)
  row.const(F.sourceMac, source)
  row.text(F.etherType, from + 36, from + 41)
}

/** What an administrator had written before the packet; the kernel's uptime before that is no part of it. */
const putPrefix = (row: Row, from: number, first: number): void => {
  const { bytes: b } = row
  let at = from
  // `kernel: [16571.459614] `
  const end = first < 0 ? from : first
  if (standsAt(b, at, 'kernel:') && at + 7 <= end) at += 7
  while (at < end && separates(b[at]!)) at++
  if (b[at] === 91) {
    let i = at + 1
    while (i < end && (b[i] === 32 || b[i] === 46 || (b[i]! >= 48 && b[i]! <= 57))) i++
    if (b[i] === 93 && i < end) at = i + 1
  }
  while (at < end && separates(b[at]!)) at++
  let stop = end
  while (stop > at && separates(b[stop - 1]!)) stop--
  // Longer than the kernel takes a prefix to be: its end is what counts.
  if (stop - at > 128) {
    at = Math.max(at, findLast(b, 91, at, stop), stop - 128)
    // Not within a character.
    while (at < stop && (b[at]! & 0xc0) === 0x80) at++
  }
  sayPrefix(row, prefixes.get(b, at, stop), at, stop)
}
const sayPrefix = (row: Row, said: Prefix, from: number, to: number): void => {
  putSort(row, said.sort)
  if (from < to) row.text(F.prefix, from, to)
  if (said.action !== undefined) row.const(F.action, constant(said.action))
  if (said.name !== undefined) row.const(F.ruleName, constant(said.name))
  if (said.rule !== undefined) row.const(F.ruleId, constant(said.rule))
  if (said.from !== undefined) row.const(F.ingressZone, constant(said.from))
  if (said.to !== undefined) row.const(F.egressZone, constant(said.to))
}

export const iptables: Parser<Record<string, never>> = {
  id: 'iptables',
  title: 'Linux netfilter (iptables, UFW, Ubiquiti)',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'linux', vendor: VENDOR },
    { product: 'linux', service: 'iptables', vendor: VENDOR },
    { category: 'firewall', product: 'ubiquiti', vendor: VENDOR },
    { category: 'firewall', product: 'iptables', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: '/etc/rsyslog.d/90-vonglau.conf',
      text: ({ host, port, tcp }) => `# iptables -A INPUT -j LOG --log-prefix "DROP_INPUT: "   (or: ufw logging on)
:msg, contains, "IN=" action(type="omfwd" target="${host}" port="${port}" protocol="${tcp ? 'tcp' : 'udp'}" template="RSYSLOG_SyslogProtocol23Format")
`,
    },
    {
      collect: 'syslog',
      where: 'EdgeOS',
      text: ({ host, port }) => `configure
set system syslog host ${host} facility all level info
set system syslog host ${host} port ${port}
commit; save
`,
    },
  ],
  open: () => parse,
}
