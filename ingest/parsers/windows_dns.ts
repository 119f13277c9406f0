/**
 * The debug log of Windows' DNS server
 * (https://learn.microsoft.com/previous-versions/windows/it-pro/windows-server-2012-r2-and-2012/dn800669(v=ws.11), "Message logging key"):
 * a line a packet, its date as the server's locale writes it; and the events of the channels Audit and Analytical as JSON of a
 * forwarder (https://learn.microsoft.com/windows-server/networking/dns/dns-logging-and-diagnostics).
 */
import { z } from 'zod'
import { addressOf } from '../row/address.ts'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, integer, port, standsAt } from '../row/values.ts'
import { expected } from './clf.ts'
import { DESTINATION, putDirection, putNetworkType, putSide, SOURCE } from './flow.ts'
import { type Answer, EVENT, type LineContext, type Parse, type Parser, SKIP } from './parser.ts'
import { timeOf } from './plan.ts'
import { zonedMillis } from './time.ts'
import { putLower } from './url.ts'
import { isDigit, localTime, type Order, provedOrder, timeEnd } from './windows_dns_time.ts'
import { from as at, has, readWindowsJson, slotOf, to as end } from './windows_event.ts'

const F = {
  time: field('@timestamp'),
  code: field('event.code'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  outcome: field('event.outcome'),
  message: field('message'),
  protocol: field('network.protocol'),
  transport: field('network.transport'),
  dnsType: field('dns.type'),
  id: field('dns.id'),
  op: field('dns.op_code'),
  flags: field('dns.header_flags'),
  response: field('dns.response_code'),
  name: field('dns.question.name'),
  question: field('dns.question.type'),
  thread: field('process.thread.id'),
  context: field('windows_dns.context'),
  packet: field('windows_dns.packet_id'),
  zone: field('windows_dns.zone'),
  channel: field('winlog.channel'),
  host: field('host.name'),
} as const
const [DNS, TCP, UDP, NETWORK, PROTOCOL, INFO] = ['dns', 'tcp', 'udp', 'network', 'protocol', 'info'].map(constant) as [
  Const,
  Const,
  Const,
  Const,
  Const,
  Const,
]
const [QUERY, ANSWER, SUCCESS, FAILURE] = ['query', 'answer', 'success', 'failure'].map(constant) as [
  Const,
  Const,
  Const,
  Const,
]
const OPCODES = new Map([
  [81, constant('QUERY')],
  [78, constant('NOTIFY')],
  [85, constant('UPDATE')],
])
const FLAGS: readonly (readonly [letter: number, name: Const])[] = [
  [65, constant('AA')],
  [84, constant('TC')],
  [68, constant('RD')],
  [82, constant('RA')],
]

/** `(3)www(7)example(3)com(0)`: a label of so many bytes each. A point within a label is none between labels (RFC 1035 §5.1). */
const putName = (row: Row, from: number, to: number): void => {
  row.reserve((to - from) * 2)
  const { bytes: b } = row
  const begin = row.at
  let out = begin
  for (let i = from; i < to && b[i] === 40; ) {
    const close = find(b, 41, i, Math.min(to, i + 5))
    const size = integer(b, i + 1, close)
    if (close < 0 || !(size >= 0)) break
    const label = close + 1
    // What a client put into a label is escaped, so that it is longer than it says: it ends where the next one begins.
    let z = Math.min(to, label + size)
    if (size > 0 && b[z] !== 40) {
      z = find(b, 40, label, to)
      if (z < 0) z = to
    }
    if (size === 0 || z <= label) break
    if (out > begin) b[out++] = 46
    for (let k = label; k < z; k++) {
      if (b[k] === 46) b[out++] = 92
      b[out++] = b[k]!
    }
    i = z
  }
  if (out === begin && b[from] !== 40) {
    putLower(row, F.name, from, to > from + 1 && b[to - 1] === 46 ? to - 1 : to)
    return
  }
  if (out === begin) return
  row.at = out
  b[out] = 0
  putLower(row, F.name, begin, out)
}
const hex = (b: Uint8Array, from: number, to: number): number => {
  if (to <= from || to - from > 8) return Number.NaN
  let n = 0
  for (let i = from; i < to; i++) {
    const c = b[i]!
    const d = c >= 48 && c <= 57 ? c - 48 : (c | 32) >= 97 && (c | 32) <= 102 ? (c | 32) - 87 : -1
    if (d < 0) return Number.NaN
    n = n * 16 + d
  }
  return n
}
/** The next word from `i`: where it begins and ends. */
let wordFrom = 0
let wordTo = 0
const word = (b: Uint8Array, i: number, to: number): boolean => {
  wordFrom = i
  while (wordFrom < to && b[wordFrom] === 32) wordFrom++
  wordTo = wordFrom
  while (wordTo < to && b[wordTo] !== 32) wordTo++
  return wordTo > wordFrom
}
const codes = new Memo((text) => (/^[A-Z][A-Z0-9_]{1,15}$/.test(text) ? constant(text) : undefined))
const types = new Memo((text) => (/^[A-Z0-9-]{1,12}$/.test(text) ? constant(text) : undefined))

/** `000001D4C2A5F0B0 UDP Rcv 10.1.1.5  a1b2   Q [0001   D   NOERROR] A  (3)www…(0)`; false where it is none. */
const putPacket = (row: Row, from: number, to: number): boolean => {
  const { bytes: b } = row
  if (!word(b, from, to)) return false
  row.text(F.packet, wordFrom, wordTo)
  if (!word(b, wordTo, to)) return false
  const tcp = standsAt(b, wordFrom, 'TCP')
  if (!tcp && !standsAt(b, wordFrom, 'UDP')) return false
  if (!word(b, wordTo, to)) return false
  const received = standsAt(b, wordFrom, 'Rcv')
  if (!received && !standsAt(b, wordFrom, 'Snd')) return false
  if (!word(b, wordTo, to) || addressOf(b, wordFrom, wordTo) === undefined) return false
  const [a, z] = [wordFrom, wordTo]
  if (!word(b, wordTo, to)) return false
  if (!Number.isNaN(hex(b, wordFrom, wordTo))) row.text(F.id, wordFrom, wordTo)
  if (!word(b, wordTo, to)) return false
  const answer = wordTo - wordFrom === 1 && b[wordFrom] === 82
  if (answer && !word(b, wordTo, to)) return false
  const op = OPCODES.get(b[wordFrom]!)
  if (op) row.const(F.op, op)
  const open = find(b, 91, wordTo, Math.min(to, wordTo + 8))
  const close = open < 0 ? -1 : find(b, 93, open, Math.min(to, open + 64))
  if (close < 0) return false
  row.const(F.transport, tcp ? TCP : UDP)
  row.const(F.dnsType, answer ? ANSWER : QUERY)
  row.const(F.action, answer ? ANSWER : QUERY)
  // Who asked is the source, whichever way the packet went.
  putSide(row, received === answer ? DESTINATION : SOURCE, a, z)
  // Flags as a number, as letters, and the response code.
  let i = open + 1
  if (word(b, i, close)) i = wordTo
  let code = 0
  row.list(F.flags)
  while (word(b, i, close)) {
    i = wordTo
    code = wordFrom
    if (wordTo - wordFrom <= 4 && i < close - 1)
      for (let k = wordFrom; k < wordTo; k++)
        for (const [letter, name] of FLAGS) if (b[k] === letter) row.constItem(name)
  }
  const said = code > 0 ? codes.get(b, code, i) : undefined
  if (answer && said) {
    row.const(F.response, said)
    row.const(F.outcome, said.text === 'NOERROR' ? SUCCESS : FAILURE)
  }
  if (word(b, close + 1, to)) {
    const type = types.get(b, wordFrom, wordTo)
    if (type) row.const(F.question, type)
    if (word(b, wordTo, to)) putName(row, wordFrom, to)
  }
  return true
}

/** What the file says of itself, and the details of a packet (an option of the log) below its line: they say nothing of their own. */
const ROUND =
  /^(?:DNS Server log|Log file wrap|Message logging key|\s*(?:Field #|-------|\d{1,2}\s+\S|Flags \(char|[ATDR] = |[QNUR?] = |blank = )|(?:UDP|TCP) (?:question|response) info at |\s+(?:Socket|Remote addr|Time Query|Buf length|Msg length|Message:|XID|Flags|QR|OPCODE|AA|TC|RD|RA|Z|CD|AD|RCODE|QCOUNT|ACOUNT|NSCOUNT|ARCOUNT|QUESTION|ANSWER|AUTHORITY|ADDITIONAL|Offset|Name|QTYPE|QCLASS|TYPE|CLASS|TTL|DLEN|DATA|empty)\b)/
const CONTEXT = /^[A-Z][A-Z0-9_]{1,15}$/
const contexts = new Memo((text) => (CONTEXT.test(text) ? constant(text) : undefined))

const begun = (row: Row, type: Const): void => {
  row.const(F.protocol, DNS)
  row.list(F.category)
  row.constItem(NETWORK)
  row.list(F.type)
  row.constItem(type)
}
const text = (row: Row, begin: number, to: number, context: LineContext, declared: Order | undefined): Answer => {
  const { bytes: b } = row
  const before = context.state?.['order']
  const order = declared ?? (before === 'day' || before === 'month' ? before : undefined)
  const wall = isDigit(b[begin]) ? localTime(b, begin, to, order) : Number.NaN
  if (Number.isNaN(wall)) {
    const head = row.slice(begin, Math.min(to, begin + 64))
    return ROUND.test(head)
      ? SKIP
      : expected(row, 'a date and time as the debug log of DNS writes them, or JSON', begin, to)
  }
  const proved = provedOrder()
  if (declared === undefined && proved !== undefined && proved !== before) context.state = { order: proved }
  row.long(F.time, zonedMillis(wall, context.timezone))
  if (!word(b, timeEnd(), to)) return expected(row, 'a thread and a context after the time', begin, to)
  const thread = hex(b, wordFrom, wordTo)
  if (Number.isNaN(thread)) return expected(row, 'a thread in hexadecimal after the time', wordFrom, to)
  row.long(F.thread, thread)
  if (!word(b, wordTo, to)) return expected(row, 'a context after the thread', begin, to)
  const named = contexts.get(b, wordFrom, wordTo)
  if (!named) return expected(row, 'a context such as PACKET after the thread', wordFrom, to)
  row.const(F.context, named)
  const packet = named.text === 'PACKET'
  let rest = wordTo
  while (rest < to && b[rest] === 32) rest++
  begun(row, packet ? PROTOCOL : INFO)
  if (packet) {
    if (!putPacket(row, wordTo, to))
      return expected(row, 'a packet: UDP or TCP, Rcv or Snd, an address, id, [flags code] type name', rest, to)
    putNetworkType(row)
    putDirection(row)
  } else row.text(F.message, rest, to)
  return EVENT
}

const S = (name: string): readonly [number, number] => [at[slotOf(name)]!, end[slotOf(name)]!]
/** Ids of the channel Analytical (page above). */
const ANALYTIC: Readonly<Record<string, readonly [action: string, answer: boolean]>> = {
  '256': ['query-received', false],
  '257': ['response-success', true],
  '258': ['response-failure', true],
  '259': ['ignored-query', false],
  '260': ['recurse-query-out', false],
  '261': ['recurse-response-in', true],
  '262': ['recurse-query-timeout', false],
  '263': ['dynamic-update-received', false],
  '264': ['dynamic-update-response', true],
}
const TYPES: Readonly<Record<string, string>> = {
  '1': 'A',
  '2': 'NS',
  '5': 'CNAME',
  '6': 'SOA',
  '12': 'PTR',
  '15': 'MX',
  '16': 'TXT',
  '28': 'AAAA',
  '33': 'SRV',
  '43': 'DS',
  '46': 'RRSIG',
  '48': 'DNSKEY',
  '64': 'SVCB',
  '65': 'HTTPS',
  '252': 'AXFR',
  '255': 'ANY',
}
const RCODES = [
  'NOERROR',
  'FORMERR',
  'SERVFAIL',
  'NXDOMAIN',
  'NOTIMP',
  'REFUSED',
  'YXDOMAIN',
  'YXRRSET',
  'NXRRSET',
  'NOTAUTH',
  'NOTZONE',
]

const json = (row: Row, begin: number, to: number, context: LineContext): Answer => {
  const problem = readWindowsJson(row, begin, to)
  if (problem >= 0) return expected(row, 'JSON', problem, to)
  const time = has(slotOf('time')) ? timeOf(row.bytes, ...S('time'), context.timezone) : Number.NaN
  if (Number.isNaN(time) || !has(slotOf('id')))
    return expected(row, 'EventID and the time of the event in the JSON', begin, to)
  row.long(F.time, time)
  row.text(F.code, ...S('id'))
  if (has(slotOf('channel'))) row.text(F.channel, ...S('channel'))
  if (has(slotOf('computer'))) putLower(row, F.host, ...S('computer'))
  if (has(slotOf('message'))) row.text(F.message, ...S('message'))
  const id = row.slice(...S('id'))
  const known = Object.hasOwn(ANALYTIC, id) && has(slotOf('QNAME')) ? ANALYTIC[id] : undefined
  begun(row, known ? PROTOCOL : INFO)
  if (!known) return EVENT
  const [action, answer] = known
  row.const(F.action, constant(action))
  row.const(F.dnsType, answer ? ANSWER : QUERY)
  const [a, z] = S('QNAME')
  putLower(row, F.name, a, z - a > 1 && row.bytes[z - 1] === 46 ? z - 1 : z)
  const type = has(slotOf('QTYPE')) ? row.slice(...S('QTYPE')) : ''
  if (Object.hasOwn(TYPES, type)) row.const(F.question, constant(TYPES[type]!))
  if (has(slotOf('XID'))) row.text(F.id, ...S('XID'))
  if (has(slotOf('Zone'))) row.text(F.zone, ...S('Zone'))
  const tcp = has(slotOf('TCP')) ? row.slice(...S('TCP')) : ''
  if (tcp !== '') row.const(F.transport, tcp === '1' || tcp === 'true' ? TCP : UDP)
  const code = answer && has(slotOf('RCODE')) ? integer(row.bytes, ...S('RCODE')) : Number.NaN
  if (RCODES[code] !== undefined) {
    row.const(F.response, constant(RCODES[code]))
    row.const(F.outcome, code === 0 ? SUCCESS : FAILURE)
  }
  // Source is the client of 256 and 259, Destination that of 257 and 258, and the other server of 260 and 261.
  const outward = action.startsWith('recurse')
  const peer = has(slotOf('Source')) ? 'Source' : 'Destination'
  if (has(slotOf(peer))) putSide(row, outward ? DESTINATION : SOURCE, ...S(peer))
  if (has(slotOf('InterfaceIP'))) putSide(row, outward ? SOURCE : DESTINATION, ...S('InterfaceIP'))
  const n = has(slotOf('Port')) && !outward ? port(row.bytes, ...S('Port')) : Number.NaN
  if (n > 0) row.long(SOURCE.port, n)
  putNetworkType(row)
  putDirection(row)
  return EVENT
}

const options = z.strictObject({
  /** Which of day and month stands first, where a date leaves it open: `05/06/2026`. */
  dates: z.enum(['day-first', 'month-first']).optional(),
})
const open = ({ dates }: z.infer<typeof options>): Parse => {
  const order = dates === undefined ? undefined : dates === 'day-first' ? 'day' : 'month'
  return (row, from, to, context) => {
    const { bytes: b } = row
    let last = to
    while (last > from && b[last - 1]! <= 32) last--
    if (from >= last) return SKIP
    if (b[from] === 123) return json(row, from, last, context)
    return text(row, from, last, context, order)
  }
}

export const windowsDns: Parser<z.infer<typeof options>> = {
  id: 'windows_dns',
  title: 'Windows DNS Server (debug log, analytic events as JSON)',
  options,
  logsources: [
    { category: 'dns', product: 'windows' },
    { product: 'windows', service: 'dns-server-analytic', taxonomy: 'dns', vendor: 'winlog.event_data.' },
  ],
  settings: [
    {
      collect: 'http',
      where: 'PowerShell',
      text: ({
        http,
      }) => `Set-DnsServerDiagnostics -Queries $true -Answers $true -QuestionTransactions $true -Updates $true -ReceivePackets $true -SendPackets $true -UdpPackets $true -TcpPackets $true -EnableLoggingToFile $true -LogFilePath 'C:\\dns\\dns.log' -MaxMBFileSize 500000000
# Gửi C:\\dns\\dns.log bằng Fluent Bit, NXLog hoặc Winlogbeat / send it with Fluent Bit, NXLog or Filebeat:
curl.exe -H "Authorization: Bearer <token>" --data-binary "@C:\\dns\\dns.log" "${http}dns-01?stream=dns.log"
`,
    },
  ],
  open,
}
