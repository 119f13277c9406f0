/**
 * What SonicOS's syslog tags become, and what its event ids say (SonicOS 7 Log Events Reference Guide, "Index of Syslog Tag Field
 * Descriptions" and "Syslog Events"; 6.5 alike). A tag that is not here becomes `sonicwall.firewall.<tag>`.
 * https://www.sonicwall.com/support/technical-documentation/docs/sonicos-7-0-0-0-log_events_reference_guide
 */
import { Memo } from '../row/memo.ts'
import { type Sort, sortOf, type Words } from './categories.ts'
import { keyTable } from './keyvalue.ts'
import { planOf, type Rules, targetsOf } from './targets.ts'

export const VENDOR = 'sonicwall.firewall.'

const RULES: Rules = {
  // The parser reads these itself.
  time: ['none'],
  pri: ['none'],
  src: ['none'],
  dst: ['none'],
  natSrc: ['none'],
  natDst: ['none'],
  proto: ['none'],
  op: ['none'],
  arg: ['none'],
  rule: ['none'],
  id: ['text', 'observer.name'],
  sn: ['text', 'observer.serial_number'],
  fw: ['text', 'observer.ip'],
  m: ['text', 'event.code'],
  msg: ['text', 'message'],
  n: ['long', 'event.sequence'],
  srcV6: ['ip', 'source.ip'],
  dstV6: ['ip', 'destination.ip'],
  srcMac: ['mac', 'source.mac'],
  dstMac: ['mac', 'destination.mac'],
  srcZone: ['text', 'observer.ingress.zone'],
  dstZone: ['text', 'observer.egress.zone'],
  usr: ['user', 'source.user'],
  user: ['user', 'source.user'],
  sent: ['long', 'source.bytes'],
  rcvd: ['long', 'destination.bytes'],
  spkt: ['long', 'source.packets'],
  rpkt: ['long', 'destination.packets'],
  cdur: ['millis', 'event.duration'],
  dur: ['seconds', 'event.duration'],
  appName: ['text', 'network.application'],
  dstname: ['host'],
  result: ['long', 'http.response.status_code'],
  Category: ['text', 'rule.category'],
  catid: ['text', `${VENDOR}category_id`],
  sid: ['text', `${VENDOR}signature_id`],
  filename: ['text', 'file.name'],
  userAgent: ['text', 'user_agent.original'],
  referer: ['text', 'http.request.referrer'],
  note: ['text', `${VENDOR}note`],
  icmpCode: ['text', `${VENDOR}icmp_code`],
}
const TEXTS =
  `c gcat app sess dpi fw_action uuid code ipscat ipspri spycat spypri appcat appid catname contentObject bid
  vpnpolicy vpnpolicyDst af_policy af_type af_service af_action af_object type npcs f mgmt fwlan i lic unsynched pt
  ai userMode tranxId auditId oldValue newValue auditTime grpName grpIndex usesNewSocket dyn ruleid`.split(/\s+/)
const names = [...new Set([...Object.keys(RULES), ...TEXTS])]
const snake = (name: string): string => name.replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase()
const rules: Rules = Object.fromEntries(
  names.map((name) => [name, RULES[name] ?? (['text', `${VENDOR}${snake(name)}`] as const)]),
)
export const leftover = new Memo((name) => `${VENDOR}${snake(name).replaceAll(/[.-]/g, '_')}`)
export const KEYS = keyTable(names)
export const PLAN = planOf(targetsOf(names, rules, VENDOR))
export const idsOf = <const T extends readonly string[]>(...wanted: T) =>
  wanted.map((name) => names.indexOf(name)) as { readonly [K in keyof T]: number }

const FLOW: Words = { category: 'network', outcome: 'success' }
const DENIED: Words = { ...FLOW, type: 'connection denied', action: 'connection-denied' }
const LOGIN: Words = { category: 'authentication', type: 'start', action: 'login', outcome: 'success' }
const REFUSED: Words = { ...LOGIN, outcome: 'failure' }
const LOGOUT: Words = { category: 'authentication', type: 'end', action: 'logout', outcome: 'success' }
const ATTACK: Words = {
  kind: 'alert',
  category: 'intrusion_detection network',
  type: 'info denied',
  action: 'intrusion-detected',
  outcome: 'success',
}
const SEEN: Words = { ...ATTACK, type: 'info' }
const MALWARE: Words = { ...ATTACK, category: 'malware network', action: 'malware-detected' }
const WEB: Words = { category: 'network', type: 'connection allowed', action: 'web-access', outcome: 'success' }
const CHANGE: Words = { category: 'configuration', type: 'change', action: 'config-change', outcome: 'success' }
/** Ids, blanks between. */
const EVENTS: readonly (readonly [ids: string, words: Words])[] = [
  ['98', { ...FLOW, type: 'connection start', action: 'connection-start' }],
  ['537', { ...FLOW, type: 'connection end', action: 'connection-end' }],
  [
    '36 37 38 41 173 174 175 522 524 532 580 645 646 647 648 652 653 708 709 710 711 712 713 714 715 716 718 719 720 721 722 723 725 726 727 728 729 731 732 733 734 760',
    DENIED,
  ],
  ['14 1150 1151 1152', { ...WEB, type: 'connection denied', action: 'web-access-denied' }],
  ['16 97', WEB],
  [
    '22 23 25 27 81 82 83 165 177 178 179 267 428 527 528 529 530 546 548 860 861 862 863 864 865 866 867 868 897 898 899 901 902 905 1213 1214 1373 1374 1375 1376 1387',
    ATTACK,
  ],
  ['608 789 1154', SEEN],
  ['609 790 1155 793 1198 1199 1200 1201 1474 1475 1476 1477', ATTACK],
  ['794', MALWARE],
  ['795', { ...MALWARE, type: 'info' }],
  ['123 124 125 126 158 159 160 408 809 810 1501', MALWARE],
  ['29 31 199 236 237 1080 1008 24 1049 1117 1257', LOGIN],
  ['30 32 33 35 200 238 239 243 244 245 246 329 549 550 551 557 558 559 583 986 987 1035 1048 1118', REFUSED],
  ['261 262 263 264 265 520 1081 1082 1119', LOGOUT],
  ['340 341 328 1382 1383 1384 1385 573 574 1339 1340 5 6 1432', CHANGE],
]
const BY_ID = new Map(EVENTS.flatMap(([ids, words]) => ids.split(' ').map((id) => [id, words] as const)))
/** What the firewall did with the packet (fw_action), where the event's id says no more. */
const BY_ACTION: Readonly<Record<string, Words>> = {
  drop: { ...FLOW, type: 'connection denied', action: 'packet-dropped' },
  forward: { action: 'packet-forwarded' },
  mgmt: { action: 'packet-management' },
}
/** By id and fw_action, a blank between. */
export const sortFor = new Memo((text): Sort => {
  const [id = '', action = ''] = text.split(' ')
  return sortOf(
    BY_ID.get(id) ?? (Object.hasOwn(BY_ACTION, action) ? BY_ACTION[action]! : { category: 'network', type: 'info' }),
  )
})
