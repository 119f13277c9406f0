/**
 * What the keys of Junos OS's structured logs become, and what its message tags say of an event's kind (Junos OS System Log
 * Explorer; "SRX Series: system log messages"). A key that is not here becomes `juniper.srx.<key>`.
 * https://apps.juniper.net/syslog-explorer/
 */
import { Memo } from '../row/memo.ts'
import { type Sort, sortOf, type Words } from './categories.ts'
import { keyTable } from './keyvalue.ts'
import { planOf, type Rules, targetsOf } from './targets.ts'

export const VENDOR = 'juniper.srx.'

const RULES: Rules = {
  // The parser reads these itself.
  action: ['none'],
  'attack-name': ['none'],
  url: ['none'],
  obj: ['none'],
  'epoch-time': ['none'],
  'sample-sha256': ['none'],
  'source-address': ['ip', 'source.ip'],
  'client-ip': ['ip', 'source.ip'],
  'local-address': ['ip', 'source.ip'],
  'source-port': ['port', 'source.port'],
  'destination-address': ['ip', 'destination.ip'],
  'remote-address': ['ip', 'destination.ip'],
  'destination-port': ['port', 'destination.port'],
  'nat-source-address': ['ip', 'source.nat.ip'],
  'nat-source-port': ['port', 'source.nat.port'],
  'nat-destination-address': ['ip', 'destination.nat.ip'],
  'nat-destination-port': ['port', 'destination.nat.port'],
  'protocol-id': ['transport'],
  'protocol-name': ['transport'],
  // Of a content filter: http, ftp, smtp.
  protocol: ['lower', 'network.protocol'],
  'policy-name': ['text', 'rule.name'],
  'rule-name': ['text', 'rule.id'],
  'rulebase-name': ['text', 'rule.ruleset'],
  'source-zone-name': ['text', 'observer.ingress.zone'],
  'source-zone': ['text', 'observer.ingress.zone'],
  'destination-zone-name': ['text', 'observer.egress.zone'],
  'destination-zone': ['text', 'observer.egress.zone'],
  'packet-incoming-interface': ['text', 'observer.ingress.interface.name'],
  'source-interface-name': ['text', 'observer.ingress.interface.name'],
  'interface-name': ['text', 'observer.ingress.interface.name'],
  'destination-interface-name': ['text', 'observer.egress.interface.name'],
  username: ['user', 'source.user'],
  'packets-from-client': ['long', 'source.packets'],
  'bytes-from-client': ['long', 'source.bytes'],
  'packets-from-server': ['long', 'destination.packets'],
  'bytes-from-server': ['long', 'destination.bytes'],
  'inbound-packets': ['long', 'destination.packets'],
  'inbound-bytes': ['long', 'destination.bytes'],
  'outbound-packets': ['long', 'source.packets'],
  'outbound-bytes': ['long', 'source.bytes'],
  'elapsed-time': ['seconds', 'event.duration'],
  application: ['text', 'network.application'],
  'application-name': ['text', 'network.application'],
  filename: ['text', 'file.name'],
  hostname: ['text', 'source.domain'],
  'http-host': ['host'],
  reason: ['text', 'event.reason'],
  message: ['text', 'message'],
  'error-message': ['text', 'error.message'],
  command: ['text', 'process.command_line'],
}
/** Others that stand in most lines: known, they are found at once. */
const TEXTS = `session-id-32 service-name connection-tag nat-connection-tag src-nat-rule-type src-nat-rule-name
  dst-nat-rule-type dst-nat-rule-name roles nested-application encrypted application-category application-sub-category
  application-risk application-characteristics icmp-type icmp-code logical-system-name category sub-category profile
  profile-name feed-name threat-severity action-detail message-type export-id repeat-count packet-log-id alert index type
  tenant-id verdict-number malware-info file-category temporary-filename name argument1 uplink-incoming-interface-name
  uplink-tx-bytes uplink-rx-bytes apbr-policy-name dscp-value multipath-rule-name service-app-classification`.split(
  /\s+/,
)

const names = [...new Set([...Object.keys(RULES), ...TEXTS])]
const rules: Rules = Object.fromEntries(
  names.map((name) => [name, RULES[name] ?? (['text', `${VENDOR}${name.replaceAll('-', '_')}`] as const)]),
)
export const KEYS = keyTable(names)
export const PLAN = planOf(targetsOf(names, rules, VENDOR))
export const idsOf = <const T extends readonly string[]>(...wanted: T) =>
  wanted.map((name) => names.indexOf(name)) as { readonly [K in keyof T]: number }

const STARTED: Words = {
  category: 'network',
  type: 'start allowed connection',
  action: 'flow_started',
  outcome: 'success',
}
const CLOSED: Words = { category: 'network', type: 'end allowed connection', action: 'flow_close', outcome: 'success' }
const DENIED: Words = { category: 'network', type: 'denied connection', action: 'flow_deny', outcome: 'success' }
const FILTERED: Words = { category: 'network', type: 'info denied connection', outcome: 'success' }
const MALWARE: Words = {
  kind: 'alert',
  category: 'network malware',
  type: 'info denied connection',
  outcome: 'success',
}
const ALLOWED: Words = { category: 'network', type: 'allowed connection', outcome: 'success' }
const LOGIN: Words = { category: 'authentication', type: 'start' }
/** By the beginning of a tag; the first that fits. */
const TAGS: readonly (readonly [prefix: RegExp, words: Words])[] = [
  [/^(?:RT_FLOW|APPTRACK|APPQOE)_SESSION_(?:CREATE|VOL_UPDATE|ROUTE_UPDATE)/, STARTED],
  [/^(?:RT_FLOW|APPTRACK|APPQOE)_SESSION_CLOSE/, CLOSED],
  [/^RT_FLOW_SESSION_DENY/, DENIED],
  [/^WEBFILTER_URL_BLOCKED/, { ...FILTERED, kind: 'alert', action: 'web_filter' }],
  [/^WEBFILTER_URL_PERMITTED/, ALLOWED],
  [/^CONTENT_FILTERING_BLOCKED/, { ...FILTERED, kind: 'alert', action: 'content_filter' }],
  [/^ANTISPAM_SPAM_DETECTED/, { ...FILTERED, kind: 'alert', category: 'network email', action: 'antispam_filter' }],
  [/^AV_VIRUS_DETECTED/, { ...MALWARE, action: 'virus_detected' }],
  [/^AV_(?:SCANNER_DROP|HUGE_FILE_DROPPED|FILE_NOT_SCANNED_DROPPED|MANY_MSGS_DROPPED)/, FILTERED],
  [/^AV_/, ALLOWED],
  [
    /^IDP_ATTACK_LOG_EVENT/,
    {
      kind: 'alert',
      category: 'intrusion_detection network',
      type: 'info',
      action: 'security_threat',
      outcome: 'success',
    },
  ],
  [
    /^IDP_APPDDOS/,
    {
      kind: 'alert',
      category: 'intrusion_detection network',
      type: 'info',
      action: 'application_ddos',
      outcome: 'success',
    },
  ],
  [
    /^RT_SCREEN_/,
    { kind: 'alert', category: 'intrusion_detection network', type: 'info denied connection', outcome: 'success' },
  ],
  [/^(?:SRX_AAMW_ACTION_LOG|AAMW_MALWARE_EVENT_LOG)/, { ...MALWARE, action: 'malware_detected' }],
  [/^AAMW_HOST_INFECTED_EVENT_LOG/, { ...MALWARE, type: 'info', action: 'host_infected' }],
  [/^(?:AAMW_ACTION_LOG|SECINTEL_ACTION_LOG)/, ALLOWED],
  [/^(?:SSHD_LOGIN_FAILED|LOGIN_FAILED|LOGIN_INCORRECT|PAM_.*FAIL)/, { ...LOGIN, outcome: 'failure' }],
  [/^SNMPD_AUTH_FAILURE/, { ...LOGIN, category: 'network authentication', outcome: 'failure' }],
  [/^(?:UI_LOGIN_EVENT|LOGIN_INFORMATION|UI_AUTH_EVENT|LOGIN_ROOT)/, { ...LOGIN, outcome: 'success' }],
  [/^UI_LOGOUT_EVENT/, { category: 'authentication', type: 'end', outcome: 'success' }],
  [/^(?:UI_CMDLINE_READ_LINE|UI_CFG_AUDIT|UI_COMMIT)/, { category: 'configuration', type: 'change' }],
]
const find = (tag: string): Words =>
  TAGS.find(([prefix]) => prefix.test(tag))?.[1] ?? { category: 'network', type: 'info' }

/** What screens found, by their own words: `TCP port scan!`, `SYN flood!`. */
const SCREENS: readonly (readonly [RegExp, string])[] = [
  [/flood/i, 'flood_detected'],
  [/scan/i, 'scan_detected'],
  [/sweep/i, 'sweep_detected'],
  [/frag|tear drop/i, 'fragment_detected'],
  [/spoof/i, 'spoofing_detected'],
  [/session limit/i, 'session_limit_detected'],
  [/flag|bits/i, 'illegal_tcp_flag_detected'],
  [/land/i, 'land_attack_detected'],
  [/tunnel/i, 'tunneling_screen'],
]
const DROPS = /^(?:drop|close|block|deny|sinkhole|reject)/i
/** By tag, action and what was attacked, a tab between. */
export const sortFor = new Memo((text): Sort => {
  const [tag = '', action = '', attack = ''] = text.split('\t')
  const words = find(tag)
  if (tag.startsWith('RT_SCREEN_'))
    return sortOf({
      ...words,
      action: SCREENS.find(([word]) => word.test(attack))?.[1] ?? 'attack_detected',
      ...(/^alarm-without-drop/i.test(action) ? { type: 'info' } : {}),
    })
  if (tag.startsWith('IDP_ATTACK') && DROPS.test(action)) return sortOf({ ...words, type: 'info denied connection' })
  if ((tag.startsWith('SECINTEL') || tag.startsWith('AAMW_ACTION')) && DROPS.test(action))
    return sortOf({ ...MALWARE, action: 'malware_detected' })
  return sortOf(words)
})
