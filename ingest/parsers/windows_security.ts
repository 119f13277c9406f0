/**
 * Security events of Windows, from whatever forwards them: XML, JSON of Winlogbeat, NXLog or Fluent Bit (`windows_event.ts`), and
 * Snare's columns (https://docs.snare.com, "MSWinEventLog"). Sign-ins, accounts, groups, Kerberos, services and processes in ECS's
 * words; every other event with what it says under `winlog.*`.
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, findLast, integer, is, port, standsAt } from '../row/values.ts'
import { putSort, sortOf } from './categories.ts'
import { expected } from './clf.ts'
import { columns, splitColumns } from './csv.ts'
import { putDirection, putNetworkType, putSide, SOURCE } from './flow.ts'
import { type Answer, EVENT, type Joiner, type LineContext, type Parser, SKIP } from './parser.ts'
import { timeOf } from './plan.ts'
import { ctime } from './stamp.ts'
import { putDomain } from './url.ts'
import {
  beginWindows,
  from as at,
  has,
  putSystem,
  readWindowsJson,
  readWindowsXml,
  slotOf,
  to as end,
} from './windows_event.ts'
import { isZero, type Kind, logonType, outcomeOf, reasonOf, SECURITY, SYSTEM } from './windows_kinds.ts'
import { readMessage } from './windows_message.ts'

const F = {
  time: field('@timestamp'),
  code: field('event.code'),
  provider: field('event.provider'),
  outcome: field('event.outcome'),
  reason: field('event.reason'),
  message: field('message'),
  level: field('log.level'),
  channel: field('winlog.channel'),
  record: field('winlog.record_id'),
  computer: field('winlog.computer_name'),
  logonType: field('winlog.logon.type'),
  host: field('host.name'),
  process: field('process.name'),
  executable: field('process.executable'),
  pid: field('process.pid'),
  command: field('process.command_line'),
  parent: field('process.parent.executable'),
  parentName: field('process.parent.name'),
  parentPid: field('process.parent.pid'),
  service: field('service.name'),
  path: field('file.path'),
  group: field('group.name'),
  groupId: field('group.id'),
  groupDomain: field('group.domain'),
  domain: field('source.domain'),
  protocol: field('network.protocol'),
} as const
const who = (name: string) => ({
  name: field(`${name}.name`),
  domain: field(`${name}.domain`),
  id: field(`${name}.id`),
})
const [USER, TARGET, EFFECTIVE] = [who('user'), who('user.target'), who('user.effective')]
const OTHER = sortOf({ type: 'info' })

const S = Object.fromEntries(
  `id time provider channel computer record keywords pid tid level message SubjectUserSid SubjectUserName SubjectDomainName TargetUserSid
TargetSid TargetUserName TargetDomainName LogonType IpAddress IpPort WorkstationName Workstation Status SubStatus ProcessName ProcessId
NewProcessName NewProcessId ParentProcessName CommandLine ServiceName ServiceFileName ImagePath MemberName MemberSid AccountName
AccountDomain ClientName ClientAddress NewTargetUserName`
    .split(/\s+/)
    .map((name) => [name, slotOf(name)]),
) as Readonly<Record<string, number>>

const text = (row: Row, f: number, slot: string): void => {
  const s = S[slot]!
  if (has(s) && !row.has(f)) row.text(f, at[s]!, end[s]!)
}
const said = (row: Row, slot: string): string => (has(S[slot]!) ? row.slice(at[S[slot]!]!, end[S[slot]!]!) : '')

/** Name, domain and SID; `lan@SOYTE.EXAMPLE` of Kerberos is both. */
const putUser = (row: Row, as: ReturnType<typeof who>, name: string, domain: string, ...ids: string[]): void => {
  const s = S[name]!
  if (has(s)) {
    const [a, z] = [at[s]!, end[s]!]
    const sign = findLast(row.bytes, 64, a, z)
    if (sign > a && sign < z - 1) {
      row.text(as.name, a, sign)
      if (!has(S[domain]!)) row.text(as.domain, sign + 1, z)
    } else row.text(as.name, a, z)
  }
  text(row, as.domain, domain)
  for (const id of ids) text(row, as.id, id)
}
/** `CN=Lan Nguyễn,OU=…` of a member's distinguished name (RFC 4514). */
const putMember = (row: Row): void => {
  const s = S['MemberName']!
  if (has(s)) {
    const [a, z] = [at[s]!, end[s]!]
    const { bytes: b } = row
    const common = (b[a]! | 32) === 99 && (b[a + 1]! | 32) === 110 && b[a + 2] === 61
    let stop = common ? a + 3 : z
    while (common && stop < z && !(b[stop] === 44 && b[stop - 1] !== 92)) stop++
    row.text(TARGET.name, common ? a + 3 : a, stop)
  }
  text(row, TARGET.id, 'MemberSid')
}
/** A program's path, and its last part. */
const putProgram = (row: Row, path: number, name: number, slot: string): void => {
  const s = S[slot]!
  if (!has(s)) return
  row.text(path, at[s]!, end[s]!)
  const slash = findLast(row.bytes, 92, at[s]!, end[s]!)
  row.text(name, slash < 0 ? at[s]! : slash + 1, end[s]!)
}
/** A number, hexadecimal as in EventData: `0x1f4`. */
const putPid = (row: Row, f: number, slot: string): void => {
  const s = S[slot]!
  if (!has(s) || end[s]! - at[s]! > 12) return
  const { bytes: b } = row
  const n =
    b[at[s]!] === 48 && (b[at[s]! + 1]! | 32) === 120
      ? Number.parseInt(row.slice(at[s]! + 2, end[s]!), 16)
      : integer(b, at[s]!, end[s]!)
  if (n > 0) row.long(f, n)
}
const putSource = (row: Row): void => {
  const { bytes: b } = row
  const ip = has(S['IpAddress']!) ? S['IpAddress']! : S['ClientAddress']!
  // A sign-in at the machine itself has no network: Windows writes LOCAL.
  if (has(ip) && !standsAt(b, at[ip]!, 'LOCAL')) putSide(row, SOURCE, at[ip]!, end[ip]!)
  const p = S['IpPort']!
  const n = has(p) ? port(b, at[p]!, end[p]!) : Number.NaN
  if (n > 0) row.long(SOURCE.port, n)
  for (const name of ['WorkstationName', 'Workstation', 'ClientName']) {
    const s = S[name]!
    if (!has(s) || row.has(F.domain)) continue
    let a = at[s]!
    while (a < end[s]! && row.bytes[a] === 92) a++
    if (name === 'ClientName' && is(row.bytes, a, end[s]!, 'Unknown')) continue
    putDomain(row, F.domain, a, end[s]!)
  }
  putNetworkType(row)
  putDirection(row)
}

const putKind = (row: Row, kind: Kind): void => {
  putSort(row, kind.sort)
  if (kind.protocol) row.const(F.protocol, kind.protocol)
  // A rendered message of a sign-out names as subject whom EventData names as target.
  const isSubject = kind.user === 'subject' || (kind.user === 'target' && kind.ends && !has(S['TargetUserName']!))
  if (isSubject) putUser(row, USER, 'SubjectUserName', 'SubjectDomainName', 'SubjectUserSid')
  else if (kind.user === 'target')
    putUser(row, USER, 'TargetUserName', 'TargetDomainName', 'TargetUserSid', 'TargetSid')
  else if (kind.user === 'account') putUser(row, USER, 'AccountName', 'AccountDomain')
  if (kind.target === 'user')
    putUser(
      row,
      TARGET,
      has(S['NewTargetUserName']!) ? 'NewTargetUserName' : 'TargetUserName',
      'TargetDomainName',
      'TargetSid',
      'TargetUserSid',
    )
  else if (kind.target === 'effective') putUser(row, EFFECTIVE, 'TargetUserName', 'TargetDomainName')
  else if (kind.target !== undefined) {
    text(row, F.group, 'TargetUserName')
    text(row, F.groupDomain, 'TargetDomainName')
    text(row, F.groupId, 'TargetSid')
    if (kind.target === 'member') putMember(row)
  }
}
const outcomes = new Memo(outcomeOf)
const CHANNELS: readonly (readonly [channel: RegExp, kinds: ReadonlyMap<string, Kind>])[] = [
  [/^(?:Security|Microsoft-Windows-Security-Auditing|Microsoft-Windows-Eventlog|ForwardedEvents)?$/i, SECURITY],
  [/^(?:System|Service Control Manager|Microsoft-Windows-Eventlog|ForwardedEvents)?$/i, SYSTEM],
]
const kindOf = (id: string, channel: string, provider: string): Kind | undefined => {
  for (const [names, kinds] of CHANNELS)
    if (names.test(channel === '' ? provider : channel) && kinds.has(id)) return kinds.get(id)
  return undefined
}

/** Says what was read; a sentence where it is no event. */
const say = (row: Row, begin: number, stop: number, time: number): Answer => {
  const id = said(row, 'id')
  if (!/^\d{1,5}$/.test(id)) return expected(row, 'an EventID in the event', begin, stop)
  if (Number.isNaN(time))
    return expected(
      row,
      'the time of the event',
      has(S['time']!) ? at[S['time']!]! : begin,
      has(S['time']!) ? end[S['time']!]! : stop,
    )
  row.long(F.time, time)
  text(row, F.code, 'id')
  text(row, F.provider, 'provider')
  text(row, F.channel, 'channel')
  text(row, F.record, 'record')
  text(row, F.computer, 'computer')
  if (has(S['computer']!)) putDomain(row, F.host, at[S['computer']!]!, end[S['computer']!]!)
  if (has(S['message']!)) {
    row.text(F.message, at[S['message']!]!, end[S['message']!]!)
    readMessage(row, at[S['message']!]!, end[S['message']!]!)
  }
  const kind = kindOf(id, said(row, 'channel'), said(row, 'provider'))
  const words = S['keywords']!
  const outcome = has(words) ? outcomes.get(row.bytes, at[words]!, end[words]!) : undefined
  if (outcome) row.const(F.outcome, outcome)
  if (kind === undefined) {
    putSort(row, OTHER)
    return EVENT
  }
  putKind(row, kind)
  putSource(row)
  const type = logonType(said(row, 'LogonType'))
  if (type) row.const(F.logonType, type)
  const status = said(row, 'Status')
  const kerberos = kind.protocol?.text === 'kerberos'
  if (kind.byStatus && status !== '') row.const(F.outcome, constant(isZero(status) ? 'success' : 'failure'))
  if (status !== '' && !isZero(status)) {
    const sub = said(row, 'SubStatus')
    const reason = (sub !== '' && !isZero(sub) ? reasonOf(sub, kerberos) : undefined) ?? reasonOf(status, kerberos)
    if (reason) row.const(F.reason, reason)
  }
  if (id === '4688') {
    putProgram(row, F.executable, F.process, 'NewProcessName')
    putPid(row, F.pid, 'NewProcessId')
    putProgram(row, F.parent, F.parentName, 'ParentProcessName')
    putPid(row, F.parentPid, 'ProcessId')
    text(row, F.command, 'CommandLine')
  } else {
    putProgram(row, F.executable, F.process, 'ProcessName')
    putPid(row, F.pid, 'ProcessId')
  }
  text(row, F.service, 'ServiceName')
  text(row, F.path, 'ServiceFileName')
  text(row, F.path, 'ImagePath')
  return EVENT
}
const timeIn = (row: Row, timezone: string): number => {
  const s = S['time']!
  return has(s) ? timeOf(row.bytes, at[s]!, end[s]!, timezone) : Number.NaN
}

const OPEN = '<Event'
const isEvent = (b: Uint8Array, i: number): boolean => standsAt(b, i, OPEN) && (b[i + 6] === 32 || b[i + 6] === 62)
/** One event, or several one after another (`<Events>`, a file of wevtutil). */
const xml = (row: Row, begin: number, stop: number, context: LineContext): Answer => {
  let several = 0
  for (let i = begin; ; ) {
    let open = find(row.bytes, 60, i, stop)
    while (open >= 0 && !isEvent(row.bytes, open)) open = find(row.bytes, 60, open + 1, stop)
    if (open < 0) return several > 0 ? EVENT : expected(row, '<Event>', begin, stop)
    if (several > 0) context.next()
    const after = readWindowsXml(row, open, stop)
    const answer = say(row, open, stop, timeIn(row, 'UTC'))
    if (answer !== EVENT) return answer
    several++
    i = after < 0 ? stop : after
    let rest = i
    while (rest < stop && row.bytes[rest] !== 60) rest++
    if (!isEvent(row.bytes, rest) || rest >= stop) return EVENT
  }
}

const found = columns()
/** `MSWinEventLog`, criticality, log, counter, time, id, provider, user, kind of SID, kind of event, computer, category, data, message. */
const snare = (row: Row, begin: number, stop: number, context: LineContext): Answer => {
  splitColumns(row, begin, stop, found, 9)
  const first = standsAt(row.bytes, found.from[0]!, 'MSWinEventLog') ? 0 : 1
  if (!standsAt(row.bytes, found.from[first]!, 'MSWinEventLog') || found.count < first + 12)
    return expected(row, 'XML, JSON, or MSWinEventLog and its columns', begin, stop)
  beginWindows()
  const column = (i: number): [number, number] => [found.from[first + i]!, found.to[first + i]!]
  putSystem('channel', ...column(2))
  putSystem('time', ...column(4))
  putSystem('id', ...column(5))
  putSystem('provider', ...column(6))
  putSystem('keywords', ...column(9))
  putSystem('computer', ...column(10))
  if (found.count > first + 13) putSystem('message', ...column(13))
  const [a, z] = column(4)
  const time = ctime(row.bytes, a, z, context.timezone)
  return say(row, begin, stop, Number.isNaN(time) ? timeOf(row.bytes, a, z, context.timezone) : time)
}

const parse = (row: Row, from: number, to: number, context: LineContext): Answer => {
  const { bytes: b } = row
  let begin = from
  while (begin < to && b[begin]! <= 32) begin++
  let stop = to
  while (stop > begin && b[stop - 1]! <= 32) stop--
  if (begin === stop) return SKIP
  if (b[begin] === 60) {
    // What stands around the events of a file.
    if (standsAt(b, begin, '<?xml ') && find(b, 60, begin + 1, stop) < 0) return SKIP
    const tag = row.slice(begin, Math.min(stop, begin + 10))
    return tag === '<Events>' || tag === '</Events>' ? SKIP : xml(row, begin, stop, context)
  }
  // The relay's own words may stand before the object.
  const brace = b[begin] === 123 ? begin : find(b, 123, begin, Math.min(stop, begin + 64))
  if (brace >= 0 && b[brace + 1] === 34) {
    const answer = readWindowsJson(row, brace, stop)
    if (answer >= 0) return expected(row, 'JSON', answer, stop)
    return say(row, brace, stop, timeIn(row, context.timezone))
  }
  return snare(row, begin, stop, context)
}

/** Rendered messages have lines: an event reaches to `</Event>`. What is not XML is one line. */
const endsXml = (b: Uint8Array, from: number, to: number): boolean => {
  let z = to
  while (z > from && b[z - 1]! <= 32) z--
  return (z - from >= 8 && standsAt(b, z - 8, '</Event>')) || (z - from >= 9 && standsAt(b, z - 9, '</Events>'))
}
const joiner: Joiner = {
  begins: (b, from, to) => isJson(b, from, to) || isEvent(b, from) || ROUND.some((tag) => standsAt(b, from, tag)),
  ends: (b, from, to) =>
    endsXml(b, from, to) ||
    isJson(b, from, to) ||
    isColumns(b, from, to) ||
    ROUND.some((tag) => standsAt(b, from, tag) && tag !== '<Events>'),
}
/** What stands around the events of a file. */
const ROUND = ['<?xml ', '<Events>', '</Events>']
const isJson = (b: Uint8Array, from: number, to: number): boolean =>
  b[from] === 123 && b[from + 1] === 34 && to - from > 2
const isColumns = (b: Uint8Array, from: number, to: number): boolean => {
  const tab = find(b, 9, from, Math.min(to, from + 256))
  return tab > from && (standsAt(b, from, 'MSWinEventLog') || standsAt(b, tab + 1, 'MSWinEventLog'))
}

export const windowsSecurity: Parser<Record<string, never>> = {
  id: 'windows_security',
  title: 'Windows event log (XML, JSON of Winlogbeat, NXLog, Fluent Bit, Snare)',
  options: z.strictObject({}),
  logsources: [
    { product: 'windows', service: 'security', taxonomy: 'windows', vendor: 'winlog.event_data.' },
    {
      product: 'windows',
      service: 'system',
      taxonomy: 'windows',
      vendor: 'winlog.event_data.',
      where: ['winlog.channel', 'System'],
    },
  ],
  settings: [
    {
      collect: 'http',
      where: 'winlogbeat.yml',
      text: ({ http }) => `winlogbeat.event_logs:
  - name: Security
    event_id: 1102, 4624, 4625, 4634, 4647, 4648, 4672, 4688, 4697, 4720-4767, 4768, 4769, 4771, 4776, 4778, 4779
  - name: System
    event_id: 104, 7045
output.elasticsearch:
  hosts: ["${new URL(http).origin}"]
  path: ${new URL(http).pathname}windows-01
  username: windows-01
  password: <token>
`,
    },
    {
      collect: 'syslog',
      where: 'nxlog.conf',
      text: ({ host, port }) => `<Extension json>
  Module xm_json
</Extension>
<Input security>
  Module im_msvistalog
  <QueryXML>
    <QueryList><Query Id="0"><Select Path="Security">*</Select><Select Path="System">*[System[(EventID=7045 or EventID=104)]]</Select></Query></QueryList>
  </QueryXML>
</Input>
<Output vonglau>
  Module om_tcp
  Host ${host}
  Port ${port}
  Exec to_json();
</Output>
<Route windows>
  Path security => vonglau
</Route>
`,
    },
  ],
  joiner,
  documents: true,
  open: () => parse,
}
