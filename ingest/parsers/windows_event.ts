/**
 * An event of the Windows event log, whatever carried it: XML as `wevtutil` and Windows Event Forwarding render it
 * (https://learn.microsoft.com/windows/win32/wes/eventschema-schema), JSON of Winlogbeat
 * (https://www.elastic.co/docs/reference/beats/winlogbeat/exported-fields-winlog), of NXLog's im_msvistalog
 * (https://docs.nxlog.co/refman/current/im/msvistalog.html) and of Fluent Bit's winevtlog. Read into slots by one name each; what stands
 * in EventData or UserData is said of the row as `winlog.event_data.*` besides.
 */
import { lasting } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { find, standsAt } from '../row/values.ts'
import { readJson } from './json.ts'
import { Leaves } from './leaves.ts'

/** Of the System part, and the rendered message: each with the spellings that carriers have for it. */
const SYSTEM = {
  id: ['EventID', 'winlog.event_id', 'event_id', 'Event.System.EventID', 'EventId'],
  time: ['SystemTime', '@timestamp', 'EventTime', 'TimeCreated', 'TimeGenerated'],
  provider: ['Provider', 'winlog.provider_name', 'source_name', 'SourceName', 'ProviderName', 'provider_name'],
  channel: ['Channel', 'winlog.channel', 'log_name', 'channel'],
  computer: ['Computer', 'winlog.computer_name', 'computer_name', 'Hostname', 'hostname'],
  record: ['EventRecordID', 'winlog.record_id', 'record_number', 'RecordNumber', 'record_id'],
  keywords: ['Keywords', 'winlog.keywords', 'keywords', 'EventType', 'Keyword'],
  pid: ['ExecutionProcessID', 'winlog.process.pid', 'ProcessID', 'process_id'],
  tid: ['ExecutionThreadID', 'winlog.process.thread.id', 'ThreadID', 'thread_id'],
  level: ['Level', 'log.level', 'level', 'Severity'],
  message: ['Message', 'message'],
} as const
export type SystemName = keyof typeof SYSTEM
const SYSTEM_NAMES = Object.keys(SYSTEM) as SystemName[]

/** Of EventData what something is made of. */
const DATA = [
  ...'SubjectUserSid SubjectUserName SubjectDomainName SubjectLogonId TargetUserSid TargetSid TargetUserName TargetDomainName'.split(
    ' ',
  ),
  ...'TargetLogonId LogonType IpAddress IpPort WorkstationName Workstation Status SubStatus FailureReason ProcessName'.split(
    ' ',
  ),
  ...'ProcessId NewProcessName NewProcessId ParentProcessName CommandLine ServiceName ServiceFileName ImagePath MemberName'.split(
    ' ',
  ),
  ...'MemberSid AccountName AccountDomain ClientName ClientAddress LogonID TargetServerName OldTargetUserName NewTargetUserName'.split(
    ' ',
  ),
  ...'QNAME QTYPE RCODE XID TCP Port Source Destination InterfaceIP AA AD RD Zone Flags'.split(' '),
]
export const SLOTS = new Map<string, number>([...SYSTEM_NAMES, ...DATA].map((name, i) => [name, i + 1]))
/** The slot of a name; a mistyped one is an error where the program starts. */
export const slotOf = (name: string): number => {
  const slot = SLOTS.get(name)
  if (slot === undefined) throw new Error(`no slot of a Windows event is called ${name}`)
  return slot
}
const ALIASES = new Map<string, number>(
  SYSTEM_NAMES.flatMap((name) => SYSTEM[name].map((alias) => [alias, slotOf(name)] as const)),
)
/** What carriers say of themselves, at the top of their JSON. */
const OF_CARRIERS: ReadonlySet<string> = new Set(
  `SourceModuleName SourceModuleType EventReceivedTime SeverityValue Category Opcode OpcodeValue TaskValue Task ProviderGuid Version
ActivityID RelatedActivityID Qualifiers StringInserts UserID AccountType tags type version task opcode provider_guid activity_id`.split(
    /\s+/,
  ),
)

/** By slot where the value lies, empty where there is none. */
export const from = new Int32Array(SLOTS.size + 1)
export const to = new Int32Array(SLOTS.size + 1)
export const has = (slot: number): boolean => to[slot]! > from[slot]!
/** Whether EventData, or UserData, said anything. */
let said = false
export const hasData = (): boolean => said
const clear = (): void => {
  from.fill(0)
  to.fill(0)
  said = false
}
/** `-` is how Windows says nothing. */
const isNothing = (row: Row, a: number, z: number): boolean => a >= z || (z - a === 1 && row.bytes[a] === 45)
const put = (slot: number, a: number, z: number): void => {
  if (slot === 0 || has(slot)) return
  from[slot] = a
  to[slot] = z
}

const PREFIX = 'winlog.event_data.'
/** Longer names are nobody's. */
const LONGEST = 96
const NAME = /^[A-Za-z_][\w.@-]*$/
/** A value of EventData: its slot where something is made of it, and under the name that Windows has for it. */
export const putData = (row: Row, name: string, a: number, z: number): void => {
  if (isNothing(row, a, z)) return
  said = true
  put(SLOTS.get(name) ?? 0, a, z)
  if (name.length > LONGEST || !NAME.test(name)) return
  const known = lasting(PREFIX + name)
  const f = known < 0 ? row.field(PREFIX + name) : known
  if (!row.has(f)) row.text(f, a, z)
}

const leaves = new Leaves([])
/** Of each name of the leaves: a slot of System, DATA_NAME, or nobody's. */
const [UNRESOLVED, NOBODYS, DATA_NAME] = [0, -1, -2]
let known: readonly string[] | undefined
let meaning = new Int32Array(0)
let dataNames: string[] = []
const GROUPS = [
  'winlog.event_data.',
  'event_data.',
  'EventData.',
  'Event.EventData.',
  'winlog.user_data.',
  'user_data.',
  'UserData.',
]
const meaningOf = (node: number): number => {
  const name = leaves.names[node]!
  const alias = ALIASES.get(name)
  const group = GROUPS.find((each) => name.startsWith(each))
  const data =
    group === undefined ? (name.includes('.') || OF_CARRIERS.has(name) ? undefined : name) : name.slice(group.length)
  if (alias !== undefined) meaning[node] = alias
  else if (data === undefined || data === '') meaning[node] = NOBODYS
  else {
    meaning[node] = DATA_NAME
    dataNames[node] = data
  }
  return meaning[node]!
}
/** Reads one JSON object; answers as `readJson`. */
export const readWindowsJson = (row: Row, begin: number, end: number): number => {
  clear()
  leaves.clear()
  const answer = readJson(row, begin, end, leaves)
  if (known !== leaves.names) {
    known = leaves.names
    meaning = new Int32Array(leaves.node.length)
    dataNames = []
  }
  for (let i = 0; i < leaves.count; i++) {
    // Half a value is another value.
    if (!leaves.isFirst(i) || i === leaves.cut) continue
    const node = leaves.node[i]!
    const means = meaning[node]! === UNRESOLVED ? meaningOf(node) : meaning[node]!
    const [a, z] = [leaves.from[i]!, leaves.to[i]!]
    if (means > 0) put(means, a, z)
    else if (means === DATA_NAME) putData(row, dataNames[node]!, a, z)
  }
  return answer
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const withoutEntities = (text: string): string =>
  text.replace(
    /&(?:#x([0-9A-Fa-f]{1,6})|#(\d{1,7})|(\w{2,4}));/g,
    (whole, hex: string, decimal: string, name: string) => {
      if (name !== undefined) return Object.hasOwn(ENTITIES, name) ? ENTITIES[name]! : whole
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)
      return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) ? String.fromCodePoint(code) : whole
    },
  )
/** The range without the blanks around it, its entities (XML 1.0 §4.6) as what they stand for. */
let valueFrom = 0
let valueTo = 0
const value = (row: Row, a: number, z: number): void => {
  const { bytes: b } = row
  while (a < z && b[a]! <= 32) a++
  while (z > a && b[z - 1]! <= 32) z--
  if (find(b, 38, a, z) >= 0) {
    a = row.write(withoutEntities(row.slice(a, z)))
    z = row.at
  }
  valueFrom = a
  valueTo = z
}
/** The value of an attribute in the tag from `a` to `z`; false where it has none. */
const attribute = (row: Row, name: string, a: number, z: number): boolean => {
  const { bytes: b } = row
  for (let i = a; i < z; i++) {
    if (b[i] !== 61) continue
    const quote = b[i + 1]!
    if (quote !== 39 && quote !== 34) continue
    const close = find(b, quote, i + 2, z)
    if (close < 0) return false
    if (i - name.length > a && standsAt(b, i - name.length, name) && b[i - name.length - 1]! <= 32) {
      value(row, i + 2, close)
      return true
    }
    i = close
  }
  return false
}
/** A tag's name ends at a blank, `/` or `>`; what stands before a colon is a namespace's. */
const nameEnd = (b: Uint8Array, a: number, z: number): number => {
  let i = a
  while (i < z && b[i]! > 32 && b[i] !== 47 && b[i] !== 62) i++
  return i
}
const OF_SYSTEM: Readonly<Record<string, readonly (readonly [attribute: string, slot: number])[]>> = {
  Provider: [['Name', slotOf('provider')]],
  TimeCreated: [['SystemTime', slotOf('time')]],
  Execution: [
    ['ProcessID', slotOf('pid')],
    ['ThreadID', slotOf('tid')],
  ],
}
const ELEMENTS: Readonly<Record<string, number>> = {
  EventID: slotOf('id'),
  Channel: slotOf('channel'),
  Computer: slotOf('computer'),
  EventRecordID: slotOf('record'),
  Keywords: slotOf('keywords'),
  Level: slotOf('level'),
}
/** Elements of one event. */
const MOST_ELEMENTS = 512

/** Reads one `<Event>` from `begin` on; answers where it ends, -1 where the line ends within it. */
export const readWindowsXml = (row: Row, begin: number, end: number): number => {
  clear()
  let part = ''
  let unnamed = 0
  let elements = 0
  for (let at = begin; ; ) {
    const open = find(row.bytes, 60, at, end)
    if (open < 0) return -1
    const close = find(row.bytes, 62, open, end)
    if (close < 0) return -1
    at = close + 1
    const closes = row.bytes[open + 1] === 47
    const nameAt = open + (closes ? 2 : 1)
    const name = row.slice(nameAt, Math.min(nameEnd(row.bytes, nameAt, close), nameAt + LONGEST))
    if (closes) {
      if (name === 'Event') return at
      if (name === part) part = ''
      continue
    }
    const empty = row.bytes[close - 1] === 47
    if (part === '') {
      if (!empty && (name === 'System' || name === 'EventData' || name === 'UserData' || name === 'RenderingInfo'))
        part = name
      continue
    }
    if (++elements > MOST_ELEMENTS) continue
    if (part === 'System') {
      if (Object.hasOwn(OF_SYSTEM, name))
        for (const [attr, slot] of OF_SYSTEM[name]!)
          if (attribute(row, attr, nameAt, close)) put(slot, valueFrom, valueTo)
    }
    if (empty) continue
    // A text reaches to the next tag; an element that holds others has none of its own.
    const next = find(row.bytes, 60, at, end)
    if (next < 0) return -1 // half a value is another value
    const stop = next
    if (row.bytes[next + 1] !== 47) continue
    if (part === 'System') {
      if (!Object.hasOwn(ELEMENTS, name)) continue
      value(row, at, stop)
      put(ELEMENTS[name]!, valueFrom, valueTo)
    } else if (part === 'RenderingInfo') {
      value(row, at, stop)
      if (name === 'Message') put(slotOf('message'), valueFrom, valueTo)
    } else {
      const named = attribute(row, 'Name', nameAt, close)
      const key = named
        ? row.slice(valueFrom, Math.min(valueTo, valueFrom + LONGEST))
        : name === 'Data'
          ? `param${++unnamed}`
          : name
      value(row, at, stop)
      putData(row, key, valueFrom, valueTo)
    }
  }
}

/** Begins an event that is said by its columns (Snare). */
export const beginWindows = clear
export const putSystem = (name: SystemName, a: number, z: number): void => put(slotOf(name), a, z)
