/**
 * What the keys of a FortiOS log become (FortiOS Log Message Reference, 5.0 to 7.6), spelled as Elastic's integration
 * spells them. A key that is not here becomes `fortinet.firewall.<key>`.
 */
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find } from '../row/values.ts'
import { type KeyTable, keyTable, type Pairs } from './keyvalue.ts'

/** text; lower; mac; long; port; ip; the rest is read by the parser itself ('own') or said by another field ('drop'). */
export type Kind = 'text' | 'lower' | 'mac' | 'long' | 'port' | 'ip' | 'own' | 'drop'
export interface Target {
  readonly field: string
  readonly kind: Kind
}
type Rules = Readonly<Record<string, readonly [kind: Kind, field?: string]>>

const COMMON: Rules = {
  date: ['own'],
  time: ['own'],
  eventtime: ['own'],
  tz: ['own'],
  timestamp: ['own'],
  itime: ['own'],
  devname: ['text', 'observer.name'],
  devid: ['text', 'observer.serial_number'],
  device_id: ['text', 'observer.serial_number'],
  logid: ['text', 'event.code'],
  log_id: ['text', 'event.code'],
  level: ['text', 'log.level'],
  pri: ['text', 'log.level'],
  msg: ['text', 'message'],
  type: ['own'],
  subtype: ['own'],
  action: ['own'],
  eventtype: ['own'],
  eventsubtype: ['own'],
  reason: ['own'],
  status: ['own'],
  result: ['own'],
  srcip: ['ip', 'source.ip'],
  src: ['ip', 'source.ip'],
  srcport: ['port', 'source.port'],
  src_port: ['port', 'source.port'],
  srcintf: ['text', 'observer.ingress.interface.name'],
  src_int: ['text', 'observer.ingress.interface.name'],
  srcmac: ['mac', 'source.mac'],
  source_mac: ['mac', 'source.mac'],
  srcdomain: ['text', 'source.domain'],
  srcname: ['own'],
  srccountry: ['text', 'fortinet.firewall.srccountry'],
  saddr: ['text', 'source.address'],
  sentbyte: ['long', 'source.bytes'],
  sent: ['long', 'source.bytes'],
  sentpkt: ['long', 'source.packets'],
  transip: ['ip', 'source.nat.ip'],
  transport: ['port', 'source.nat.port'],
  dstip: ['ip', 'destination.ip'],
  dst: ['ip', 'destination.ip'],
  dstport: ['port', 'destination.port'],
  dst_port: ['port', 'destination.port'],
  dstintf: ['text', 'observer.egress.interface.name'],
  dst_int: ['text', 'observer.egress.interface.name'],
  dstmac: ['mac', 'destination.mac'],
  dstname: ['text', 'destination.address'],
  daddr: ['text', 'destination.address'],
  dst_host: ['text', 'destination.address'],
  dstcountry: ['text', 'fortinet.firewall.dstcountry'],
  dstunauthuser: ['text', 'destination.user.name'],
  dstuser: ['text', 'destination.user.name'],
  rcvdbyte: ['long', 'destination.bytes'],
  rcvd: ['long', 'destination.bytes'],
  rcvdpkt: ['long', 'destination.packets'],
  tranip: ['ip', 'destination.nat.ip'],
  tranport: ['port', 'destination.nat.port'],
  remip: ['own'],
  remport: ['own'],
  locip: ['own'],
  locport: ['own'],
  user: ['own'],
  unauthuser: ['own'],
  xauthuser: ['own'],
  eapuser: ['own'],
  group: ['text', 'source.user.group.name'],
  interface: ['own'],
  policyid: ['text', 'rule.id'],
  policy_id: ['text', 'rule.id'],
  policyname: ['text', 'rule.name'],
  service: ['lower', 'network.protocol'],
  app: ['text', 'network.application'],
  appcat: ['own'],
  proto: ['own'],
  duration: ['own'],
  direction: ['own'],
  dir: ['own'],
  hostname: ['own'],
  url: ['own'],
  ui: ['own'],
  agent: ['text', 'user_agent.original'],
  httpmethod: ['text', 'http.request.method'],
  referralurl: ['text', 'http.request.referrer'],
  filename: ['text', 'file.name'],
  filesize: ['long', 'file.size'],
  filetype: ['text', 'file.extension'],
  ref: ['text', 'event.reference'],
  catdesc: ['own'],
  vlanid: ['text', 'network.vlan.id'],
}

const EVENT: Rules = {
  logdesc: ['text', 'rule.description'],
  file: ['text', 'file.name'],
  error_num: ['text', 'error.code'],
}

const TRAFFIC: Rules = {
  comment: ['text', 'rule.description'],
  poluuid: ['text', 'rule.uuid'],
  policytype: ['text', 'rule.ruleset'],
  srcthreatfeed: ['text', 'threat.feed.name'],
}

const UTM: Rules = {
  logdesc: ['text', 'rule.description'],
  infectedfilename: ['text', 'file.name'],
  infectedfilesize: ['long', 'file.size'],
  infectedfiletype: ['text', 'file.extension'],
  matchedfilename: ['text', 'file.name'],
  matchedfiletype: ['text', 'file.extension'],
  applist: ['own'],
  profile: ['own'],
  qname: ['text', 'dns.question.name'],
  qtype: ['text', 'dns.question.type'],
  qclass: ['text', 'dns.question.class'],
  xid: ['text', 'dns.id'],
  ipaddr: ['own'],
  recipient: ['text', 'email.to.address'],
  from: ['text', 'email.from.address'],
  sender: ['text', 'email.sender.address'],
  subject: ['text', 'email.subject'],
  scertcname: ['text', 'tls.server.x509.subject.common_name'],
  scertissuer: ['text', 'tls.server.issuer'],
  issuer: ['text', 'tls.server.issuer'],
  ccertissuer: ['text', 'tls.client.issuer'],
  authalgo: ['text', 'tls.server.x509.public_key_algorithm'],
  keyalgo: ['text', 'tls.server.x509.public_key_algorithm'],
  keysize: ['long', 'tls.server.x509.public_key_size'],
  notbefore: ['text', 'tls.server.not_before'],
  notafter: ['text', 'tls.server.not_after'],
  sn: ['text', 'tls.server.x509.serial_number'],
  certhash: ['text', 'tls.server.hash.sha1'],
  cn: ['text', 'tls.server.x509.subject.common_name'],
  san: ['own'],
  kxcurve: ['text', 'tls.curve'],
  cipher: ['text', 'tls.cipher'],
  sni: ['text', 'tls.client.server_name'],
  handshake: ['own'],
  tlsver: ['own'],
  dtype: ['text', 'vulnerability.category'],
  filehash: ['text', 'fortinet.file.hash.crc32'],
}

/** Leftovers that are counts and sizes: integers, so that they can be compared. Everything else is text, always. */
const NUMBERS =
  `wanin wanout lanin lanout sentdelta rcvddelta sentpktdelta rcvdpktdelta crscore craction count countapp countav countweb
  countips countdns countdlp countssl countssh countwaf countcifs countemail countff cpu mem totalsession disk bandwidth
  setuprate disklograte fazlograte auditid audittime criticalcount highcount mediumcount lowcount passedcount
  quotamax quotaused size signal noise rate channel live age stacount attempts`.split(/\s+/)
const TEXTS =
  `vd sessionid session_id logdesc profile policytype poluuid applist comment appid apprisk appact utmaction utmref
  countcasb trandisp srcintfrole dstintfrole srcuuid dstuuid srccountry dstcountry osname srcswversion mastersrcmac
  masterdstmac srcserver dstserver devtype devcategory srcfamily srchwvendor srchwmodel dstosname dsthwvendor dstdevtype
  dstfamily dsthwmodel dstswversion srcinetsvc dstinetsvc dstreputation srcreputation dstregion srcregion dstcity srccity
  vpn vpntype vwlid vwlquality vwlname shaperdropsentbyte shaperdroprcvdbyte shapersentname shaperrcvdname
  attack attackid severity incidentserialno attackcontext attackcontextid icmpid icmptype icmpcode virus virusid
  viruscat quarskip analyticscksum analyticssubmit crlevel cat reqtype method urltype keyword urlfilteridx
  urlfilterlist qtypeval botnetdomain botnetip filteridx dlpextra filtertype filtercat filtername epoch eventid
  forwardedfor trueclntip rawdata srcthreatfeed kxproto mitm certdesc cookies init mode stage role vpntunnel
  outintf tunnelid tunneltype tunnelip tunnel xauthgroup assignip peer_notif nextstat exch espauth esptransform spi
  cfgpath cfgobj cfgattr cfgtid sn server authproto authid ip addr addrgrp netid cldobjid name mac lease
  alert desc logver devidx ha_role ha_group vcluster vcluster_state vcluster_member dhcp_msg ssid bssid ap
  login channeltype command error errorcode event_id to cc
  initiator hostkeystatus threatlvl threattype threatcnt msgproto user_name fctuid connection_type license_limit
  used_for_type healthcheck slatargetid oldvalue newvalue latency jitter packetloss`.split(/\s+/)

const all = [COMMON, EVENT, TRAFFIC, UTM]
const names = [...new Set([...all.flatMap((rules) => Object.keys(rules)), ...NUMBERS, ...TEXTS])]
export const KEYS: KeyTable = keyTable(names)

const target = (name: string, rules: Rules): Target => {
  const rule = rules[name] ?? COMMON[name]
  const left = `fortinet.firewall.${name}`
  if (rule) return { kind: rule[0], field: rule[1] ?? left }
  return { kind: NUMBERS.includes(name) ? 'long' : 'text', field: left }
}
const targets = (rules: Rules): readonly Target[] => names.map((name) => target(name, rules))
export const TARGETS: Readonly<Record<'event' | 'traffic' | 'utm', readonly Target[]>> = {
  event: targets(EVENT),
  traffic: targets(TRAFFIC),
  utm: targets(UTM),
}

const idOf = (name: string): number => {
  const id = names.indexOf(name)
  if (id < 0) throw new Error(`${name} is not in the key table`)
  return id
}
export const idsOf = <const T extends readonly string[]>(...names: T) =>
  names.map(idOf) as { readonly [K in keyof T]: number }

/** FortiOS's own keys by those of CEF (FortiOS Log Message Reference, "CEF support"); its other keys begin with FTNTFGT. */
const CEF: Readonly<Record<string, string>> = {
  deviceExternalId: 'devid',
  dvchost: 'devname',
  src: 'srcip',
  spt: 'srcport',
  dst: 'dstip',
  dpt: 'dstport',
  smac: 'srcmac',
  dmac: 'dstmac',
  shost: 'srcname',
  deviceInboundInterface: 'srcintf',
  deviceOutboundInterface: 'dstintf',
  sourceTranslatedAddress: 'transip',
  sourceTranslatedPort: 'transport',
  destinationTranslatedAddress: 'tranip',
  destinationTranslatedPort: 'tranport',
  externalId: 'sessionid',
  act: 'action',
  app: 'service',
  out: 'sentbyte',
  in: 'rcvdbyte',
  suser: 'user',
  duser: 'user',
  dhost: 'hostname',
  request: 'url',
  requestClientApplication: 'agent',
  requestMethod: 'httpmethod',
  fname: 'filename',
  fsize: 'filesize',
  outcome: 'status',
}
const PREFIX = 'FTNTFGT'
const cefKey = new Memo((name) => {
  const own = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : Object.hasOwn(CEF, name) ? CEF[name]! : name
  return { id: names.indexOf(own), skip: name.startsWith(PREFIX) ? PREFIX.length : 0, category: name === 'cat' }
})
const [TYPE, SUBTYPE] = [names.indexOf('type'), names.indexOf('subtype')]
/** An extension of CEF as the pair that FortiOS writes otherwise; `cat` is its type and subtype. */
export const fromCef = (row: Row, pairs: Pairs, key: number, keyEnd: number, from: number, to: number): void => {
  const { id, skip, category } = cefKey.get(row.bytes, key, keyEnd)
  if (category) {
    const colon = find(row.bytes, 58, from, to)
    pairs.put(TYPE, from, colon < 0 ? to : colon)
    if (colon >= 0) pairs.put(SUBTYPE, colon + 1, to)
  } else if (id >= 0) pairs.put(id, from, to)
  else pairs.putUnknown(key + skip, keyEnd, from, to)
}

/** Types of before FortiOS 5.0 and after that are UTM logs without saying so. */
export const UTM_TYPES: ReadonlySet<string> = new Set(
  'utm dns virus webfilter ips emailfilter spamfilter app-ctrl app-crtl dlp voip anomaly waf ssh ssl cifs icap gtp file-filter casb content netscan ddos attack ztna sctp-filter virtual-patch forti-switch'.split(
    ' ',
  ),
)
