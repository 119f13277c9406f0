/**
 * Security events of Threat Defense, 430001 to 430005: `SrcIP: 192.0.2.1, DstIP: …, UserAgent: Mozilla/5.0 (KHTML, like Gecko),
 * URL: …`. Values hold commas: one ends where a comma and the next key that Cisco documents stand; the first of equal keys
 * holds, since what clients write comes late in a line.
 * https://www.cisco.com/c/en/us/td/docs/security/firepower/Syslogs/b_fptd_syslog_guide/security-event-syslog-messages.html
 */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { is } from '../row/values.ts'
import { putSort, type Sort, sortOf, type Words } from './categories.ts'
import { keyTable, Pairs } from './keyvalue.ts'
import { isoTime } from './stamps.ts'
import { planOf, putValue, type Rules, targetsOf } from './targets.ts'

export const VENDOR = 'cisco.ftd.'
const OWN = `${VENDOR}security.`

const KEYS = [
  ...`AccessControlRuleAction AccessControlRuleName AccessControlRuleReason ACPolicy ApplicationProtocol ArchiveDepth
  ArchiveFileName ArchiveFileStatus ArchiveSHA256 Classification Client ClientAppDetector ClientVersion ConnectionDuration
  ConnectionID DestinationSecurityGroup DestinationSecurityGroupTag DestinationSecurityGroupType DestIP_DynamicAttribute
  DetectionType DeviceUUID DNSQuery DNSRecordType DNSResponseType DNS_TTL DNSSICategory DstIP DstPort EgressInterface
  EgressVRF EgressZone EncryptedVisibilityFingerprint EncryptedVisibilityProcessName
  EncryptedVisibilityConfidenceScore EncryptedVisibilityThreatConfidence EncryptedVisibilityThreatConfidenceScore
  EndpointProfile EventPriority FileAction FileCount FileDirection FileName FilePolicy FileSandboxStatus FileSHA256
  FileSize FileStaticAnalysisStatus FileStorageStatus FileType FirstPacketSecond GID HitCount HTTP_Hostname HTTP_URI
  HTTPReferer HTTPResponse ICMPCode ICMPType IngressInterface IngressVRF IngressZone InitiatorBytes InitiatorPackets
  InlineResult InlineResultReason InstanceID IntrusionPolicy IOC IPReputationSICategory IPSCount Message MITRE MPLS_Label
  NAPPolicy NAT_InitiatorIP NAT_InitiatorPort NAT_ResponderIP NAT_ResponderPort NetBIOSDomain NumIOC OriginalClientSrcIP
  PrefilterPolicy Priority Protocol ReferencedHost ResponderBytes ResponderPackets Revision SecIntMatchingIP
  SecurityGroup SHA_Disposition SID Sinkhole SourceSecurityGroup SourceSecurityGroupTag SourceSecurityGroupType
  SperoDisposition SrcIP SrcIP_DynamicAttribute SrcPort SSLActualAction SSLCertificate SSLCipherSuite SSLExpectedAction
  SSLFlowStatus SSLPolicy SSLRuleName SSLServerCertStatus SSLServerName SSLSessionID SSLTicketID SSLURLCategory
  SSLVersion SnortID TCPFlags ThreatName ThreatScore TunnelOrPrefilterRule TunnelID URI URL URLCategory
  URLReputation URLSICategory User UserAgent VLAN_ID VPN_Action WebApplication`.split(/\s+/),
  'Prefilter Policy',
  'Tunnel or Prefilter Rule',
  'SHA256 Disposition',
]
const RULES: Rules = {
  AccessControlRuleName: ['text', 'rule.name'],
  ACPolicy: ['text', 'rule.ruleset'],
  FilePolicy: ['text', 'rule.ruleset'],
  ApplicationProtocol: ['lower', 'network.protocol'],
  Client: ['lower', 'network.application'],
  ConnectionDuration: ['seconds', 'event.duration'],
  DNSQuery: ['text', 'dns.question.name'],
  DNSRecordType: ['none'],
  DNSResponseType: ['none'],
  DstIP: ['side', 'destination'],
  DstPort: ['port', 'destination.port'],
  EgressInterface: ['text', 'observer.egress.interface.name'],
  EgressZone: ['text', 'observer.egress.zone'],
  FileName: ['text', 'file.name'],
  FileSHA256: ['text', 'file.hash.sha256'],
  FileSize: ['long', 'file.size'],
  FirstPacketSecond: ['none'],
  HTTP_Hostname: ['host'],
  HTTPReferer: ['text', 'http.request.referrer'],
  HTTPResponse: ['long', 'http.response.status_code'],
  ICMPCode: ['text', `${OWN}icmp_code`],
  ICMPType: ['text', `${OWN}icmp_type`],
  IngressInterface: ['text', 'observer.ingress.interface.name'],
  IngressZone: ['text', 'observer.ingress.zone'],
  InitiatorBytes: ['long', 'source.bytes'],
  InitiatorPackets: ['long', 'source.packets'],
  ResponderBytes: ['long', 'destination.bytes'],
  ResponderPackets: ['long', 'destination.packets'],
  Message: ['text', 'message'],
  NAT_InitiatorIP: ['ip', 'source.nat.ip'],
  NAT_InitiatorPort: ['port', 'source.nat.port'],
  NAT_ResponderIP: ['ip', 'destination.nat.ip'],
  NAT_ResponderPort: ['port', 'destination.nat.port'],
  OriginalClientSrcIP: ['ip', 'network.forwarded_ip'],
  Protocol: ['transport'],
  Revision: ['text', 'rule.version'],
  SID: ['text', 'rule.id'],
  Classification: ['text', 'rule.category'],
  SSLCipherSuite: ['text', 'tls.cipher'],
  SSLServerName: ['text', 'tls.client.server_name'],
  SrcIP: ['side', 'source'],
  SrcPort: ['port', 'source.port'],
  ThreatName: ['text', `${VENDOR}threat_category`],
  IPReputationSICategory: ['text', `${VENDOR}threat_category`],
  URI: ['url'],
  URL: ['url'],
  User: ['none'],
  UserAgent: ['text', 'user_agent.original'],
  VLAN_ID: ['text', 'network.vlan.id'],
}
/** `FileSHA256` as `file_sha256`: the vendor's own names stand in ECS's way of writing. */
const snake = (key: string): string =>
  key
    .replaceAll(/([a-z0-9])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, (_, a?: string, z?: string, last?: string) =>
      last === undefined ? `${a}_${z}` : `${last}_`,
    )
    .replaceAll(/[ .]/g, '_')
    .toLowerCase()
const rules: Rules = Object.fromEntries(
  KEYS.map((key) => [key, RULES[key] ?? (['text', `${OWN}${snake(key)}`] as const)]),
)
const plan = planOf(targetsOf(KEYS, rules, OWN))
const pairs = new Pairs(keyTable(KEYS))
const id = (key: string): number => KEYS.indexOf(key)
const [ACTION, USER, START, RECORD, RESPONSE, DURATION] = [
  id('AccessControlRuleAction'),
  id('User'),
  id('FirstPacketSecond'),
  id('DNSRecordType'),
  id('DNSResponseType'),
  id('ConnectionDuration'),
]
const LONGEST_KEY = 48
const userPlan = planOf([{ kind: 'user', field: 'source.user' }])

const isKeyByte = (c: number): boolean =>
  (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || (c >= 48 && c <= 57) || c === 95 || c === 32

/** The end of the documented key at `at`, which a colon follows; -1 where none stands there. */
const keyAt = (b: Uint8Array, at: number, to: number): number => {
  let i = at
  while (i < to && i - at < LONGEST_KEY && isKeyByte(b[i]!)) i++
  return b[i] === 58 && i < to && i > at && pairs.id(b, at, i) >= 0 ? i : -1
}

/** Whether the text begins as a security event does. */
export const isSecurity = (b: Uint8Array, from: number, to: number): boolean => keyAt(b, from, to) >= 0

const scan = (b: Uint8Array, from: number, to: number): void => {
  pairs.clear()
  let at = from
  let end = keyAt(b, at, to)
  while (end >= 0) {
    const key = pairs.id(b, at, end)
    const value = b[end + 1] === 32 ? end + 2 : end + 1
    let next = -1
    let i = value
    for (; i < to; i++) {
      if (b[i] !== 44 || b[i + 1] !== 32) continue
      next = keyAt(b, i + 2, to)
      if (next >= 0) break
    }
    const stop = Math.min(i, to)
    if (value < stop) pairs.put(key, value, stop)
    at = i + 2
    end = next
  }
}

const EVENTS: Readonly<Record<string, Words>> = {
  '430001': { kind: 'alert', category: 'intrusion_detection network', type: 'info', action: 'intrusion-detected' },
  '430002': { category: 'network', type: 'connection start', action: 'connection-started' },
  '430003': { category: 'network', type: 'connection end', action: 'connection-finished' },
  '430004': { category: 'file network', type: 'info', action: 'file-detected' },
  '430005': { category: 'malware file network', type: 'info', action: 'malware-detected' },
}
const BLOCKED = /\bblock|^drop|^reset|^deny/i
const ALLOWED = /^(?:allow|trust|fastpath|monitor)/i
const sortFor = (code: string, action: string): Sort => {
  const words = EVENTS[code]!
  const verdict = BLOCKED.test(action) ? 'denied' : ALLOWED.test(action) ? 'allowed' : ''
  return sortOf({
    ...words,
    type: `${words.type!}${verdict && ` ${verdict}`}`,
    ...(verdict ? { outcome: verdict === 'allowed' ? 'success' : 'failure' } : {}),
  })
}
const SORTS = new Map(Object.keys(EVENTS).map((code) => [code, new Memo((action) => sortFor(code, action))]))

/** What the device calls record types is IANA's meaning of them ("DNS Parameters", Resource Record TYPEs and RCODEs). */
const RECORDS: Readonly<Record<string, string>> = {
  'a host address': 'A',
  'ip6 address': 'AAAA',
  'ipv6 address': 'AAAA',
  'an authoritative name server': 'NS',
  'the canonical name for an alias': 'CNAME',
  'marks the start of a zone of authority': 'SOA',
  'a domain name pointer': 'PTR',
  'mail exchange': 'MX',
  'text strings': 'TXT',
  'server selection': 'SRV',
  'naming authority pointer': 'NAPTR',
  'host information': 'HINFO',
  'a well known service description': 'WKS',
  'service binding': 'SVCB',
  'general purpose service binding': 'SVCB',
  'https binding': 'HTTPS',
}
const RESPONSES: Readonly<Record<string, string>> = {
  'no error': 'NOERROR',
  'format error': 'FORMERR',
  'server failure': 'SERVFAIL',
  'non-existent domain': 'NXDOMAIN',
  'not implemented': 'NOTIMP',
  'query refused': 'REFUSED',
}
const wordOf = (words: Readonly<Record<string, string>>) =>
  new Memo((text) => {
    const word = text.toLowerCase()
    if (Object.hasOwn(words, word)) return constant(words[word]!)
    return /^[A-Z][A-Z0-9]{0,9}$/.test(text) ? constant(text) : undefined
  })
const records = wordOf(RECORDS)
const responses = wordOf(RESPONSES)

const F = {
  time: field('@timestamp'),
  start: field('event.start'),
  end: field('event.end'),
  duration: field('event.duration'),
  record: field('dns.question.type'),
  response: field('dns.response_code'),
  ownRecord: field(`${OWN}dns_record_type`),
  ownResponse: field(`${OWN}dns_response_type`),
  ownAction: field(`${OWN}access_control_rule_action`),
} as const

/** Which of the five it is, where no id says so: each has keys that no other has. */
const guessed = (): string => {
  const has = (...keys: string[]) => keys.some((key) => pairs.has(id(key)))
  if (has('SID', 'IntrusionPolicy', 'Message', 'Classification', 'GID')) return '430001'
  if (has('SHA_Disposition', 'ThreatScore', 'SperoDisposition')) return '430005'
  if (has('FileAction', 'FileSHA256', 'FileName')) return '430004'
  return has('ConnectionDuration', 'ResponderBytes', 'ResponderPackets') ? '430003' : '430002'
}

/** Says of a security event what its keys say; `code` is that of the line, where it has one. */
export const putSecurity = (row: Row, code: string | undefined, from: number, to: number): void => {
  scan(row.bytes, from, to)
  const { present, count, from: starts, to: stops } = pairs
  for (let i = 0; i < count; i++) putValue(row, plan, present[i]!, starts[present[i]!]!, stops[present[i]!]!)
  const { bytes: b } = row
  const action = pairs.has(ACTION) ? ACTION : pairs.has(id('FileAction')) ? id('FileAction') : id('InlineResult')
  const sorts = SORTS.get(code !== undefined && SORTS.has(code) ? code : guessed())!
  putSort(row, pairs.has(action) ? sorts.get(b, starts[action]!, stops[action]!) : sorts.get(b, from, from))
  if (pairs.has(ACTION)) row.text(F.ownAction, starts[ACTION]!, stops[ACTION]!)
  if (pairs.has(USER) && !isNobody(b, starts[USER]!, stops[USER]!))
    putValue(row, userPlan, 0, starts[USER]!, stops[USER]!)
  if (pairs.has(RECORD)) {
    const record = records.get(b, starts[RECORD]!, stops[RECORD]!)
    if (record === undefined) row.text(F.ownRecord, starts[RECORD]!, stops[RECORD]!)
    else row.const(F.record, record)
  }
  if (pairs.has(RESPONSE)) {
    const response = responses.get(b, starts[RESPONSE]!, stops[RESPONSE]!)
    if (response === undefined) row.text(F.ownResponse, starts[RESPONSE]!, stops[RESPONSE]!)
    else row.const(F.response, response)
  }
  const time = row.number[F.time]!
  const start = pairs.has(START) ? isoTime(b, starts[START]!, stops[START]!, 'UTC') : Number.NaN
  if (!Number.isNaN(start)) row.long(F.start, start)
  if (!pairs.has(DURATION) || !row.has(F.duration)) return
  const span = row.number[F.duration]! / 1e6
  if (Number.isNaN(start)) row.long(F.start, time - span)
  row.long(F.end, Number.isNaN(start) ? time : start + span)
}
const isNobody = (b: Uint8Array, from: number, to: number): boolean =>
  is(b, from, to, 'No Authentication Required') ||
  is(b, from, to, 'Unknown') ||
  is(b, from, to, 'Not Found') ||
  is(b, from, to, 'Special Identities/No Authentication Required') ||
  is(b, from, to, 'Special Identities/Unknown')
