/** What a single log of Zeek says beyond its table: states of connections, answers, indicators, paths. */
import { addressOf } from '../row/address.ts'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find, is } from '../row/values.ts'
import { DESTINATION, SOURCE } from './flow.ts'
import { lower, putHost, putUrl } from './url.ts'
import { ID, idOf, isTrue, leaves } from './zeek_leaves.ts'
import { STATES } from './zeek_logs.ts'

const F = {
  type: field('event.type'),
  action: field('event.action'),
  direction: field('network.direction'),
  resolved: field('dns.resolved_ip'),
  user: field('user.name'),
  domain: field('user.domain'),
  path: field('file.path'),
  name: field('file.name'),
  share: field('zeek.smb_files.path'),
  icmpType: field('icmp.type'),
  icmpCode: field('icmp.code'),
  tlsVersion: field('tls.version'),
  tlsProtocol: field('tls.version_protocol'),
  stated: field('zeek.connection.state_message'),
  indicatorIp: field('threat.indicator.ip'),
  indicatorType: field('threat.indicator.type'),
  client: field('zeek.kerberos.client'),
  hostIp: field('host.ip'),
  networkType: field('network.type'),
  scheme: field('url.scheme'),
  username: field('url.username'),
} as const
const DHCP_CLIENT = 68
const DHCP_SERVER = 67
const states = new Memo((name) => {
  const state = Object.hasOwn(STATES, name) ? STATES[name] : undefined
  return {
    types: (state?.types ?? ['connection', 'info']).map(constant),
    says: state === undefined ? undefined : constant(state.says),
  }
})
const DIRECTIONS = ['external', 'inbound', 'outbound', 'internal'].map(constant)
const putConnection = (row: Row): void => {
  const { at, from, to } = leaves
  const b = row.bytes
  const [orig, resp] = [at[ID.localOrig]!, at[ID.localResp]!]
  if (orig >= 0 && resp >= 0) row.const(F.direction, DIRECTIONS[(isTrue(b, orig) ? 2 : 0) + (isTrue(b, resp) ? 1 : 0)]!)
  const state = at[ID.state]!
  if (state >= 0) {
    const { types, says } = states.get(b, from[state]!, to[state]!)
    row.list(F.type)
    for (const each of types) row.constItem(each)
    if (says) row.const(F.stated, says)
  }
  // Of ICMP the ports are type and code.
  const proto = at[ID.proto]!
  if (proto >= 0 && is(b, from[proto]!, to[proto]!, 'icmp')) {
    if (row.has(SOURCE.port)) row.long(F.icmpType, row.number[SOURCE.port]!)
    if (row.has(DESTINATION.port)) row.long(F.icmpCode, row.number[DESTINATION.port]!)
    row.unsay(SOURCE.port)
    row.unsay(DESTINATION.port)
  }
}
const putAnswers = (row: Row): void => {
  let begun = false
  for (let i = leaves.at[ID.answers]!; i >= 0; i = leaves.next[i]!) {
    const address = addressOf(row.bytes, leaves.from[i]!, leaves.to[i]!)
    if (address === undefined) continue
    if (!begun) row.list(F.resolved)
    begun = true
    row.constItem(address.canonical)
  }
}
const putHttp = (row: Row): void => {
  const { at, from, to } = leaves
  const [uri, host] = [at[ID.uri]!, at[ID.host]!]
  if (uri >= 0) putUrl(row, from[uri]!, to[uri]!)
  if (host >= 0 && host !== leaves.cut) putHost(row, from[host]!, to[host]!)
}
const versions = new Memo((text) => {
  const m = /^(D?TLS|SSL)v(\d)(\d)?$/.exec(text)
  return m && { protocol: constant(m[1]!.toLowerCase()), version: constant(m[3] ? `${m[2]}.${m[3]}` : m[2]!) }
})
const putTls = (row: Row): void => {
  const i = leaves.at[ID.version]!
  const found = i < 0 ? undefined : versions.get(row.bytes, leaves.from[i]!, leaves.to[i]!)
  if (!found) return
  row.const(F.tlsVersion, found.version)
  row.const(F.tlsProtocol, found.protocol)
}
/** `name/REALM`: whose ticket it is. */
const putKerberos = (row: Row): void => {
  const i = leaves.at[ID.client]!
  if (i < 0) return
  const [from, to] = [leaves.from[i]!, leaves.to[i]!]
  row.text(F.client, from, to)
  const slash = find(row.bytes, 47, from, to)
  row.text(F.user, from, slash < 0 ? to : slash)
  if (slash >= 0) row.text(F.domain, slash + 1, to)
}
/** `sip:user@host:port;parameters` */
const putSip = (row: Row): void => {
  const i = leaves.at[ID.uri]!
  if (i < 0) return
  const { bytes: b } = row
  const [from, to] = [leaves.from[i]!, leaves.to[i]!]
  const colon = find(b, 58, from, Math.min(to, from + 8))
  if (colon < 0) return
  row.const(F.scheme, lower.get(b, from, colon))
  let end = find(b, 59, colon, to)
  if (end < 0) end = to
  const name = find(b, 64, colon, end)
  if (name >= 0) row.text(F.username, colon + 1, name)
  putHost(row, name < 0 ? colon + 1 : name + 1, end)
}
const IPV4 = constant('ipv4')
const IPV6 = constant('ipv6')
const SLASH = Uint8Array.of(92)
const putFile = (row: Row): void => {
  if (!row.has(F.share) || !row.has(F.name)) return
  const begin = row.copy(row.bytes, row.from[F.share]!, row.to[F.share]!)
  row.copy(SLASH, 0, 1)
  row.copy(row.bytes, row.from[F.name]!, row.to[F.name]!)
  row.text(F.path, begin, row.at)
}
const INDICATORS = new Map(
  Object.entries({
    'Intel::URL': ['url', 'threat.indicator.url.original'],
    'Intel::EMAIL': ['email-addr', 'threat.indicator.email.address'],
    'Intel::DOMAIN': ['domain-name', 'threat.indicator.url.domain'],
    'Intel::FILE_HASH': ['file', 'threat.indicator.file.hash.md5'],
    'Intel::FILE_NAME': ['file', 'threat.indicator.file.name'],
    'Intel::SOFTWARE': ['software', 'threat.software.name'],
    'Intel::USER_NAME': ['user-account', 'threat.indicator.name'],
  } as const).map(([name, [type, to]]) => [name, [constant(type), field(to)] as const]),
)
const putIndicator = (row: Row): void => {
  const { at, from, to } = leaves
  const [what, type] = [at[ID.indicator]!, at[ID.indicatorType]!]
  if (what < 0) return
  const address = addressOf(row.bytes, from[what]!, to[what]!)
  if (address) {
    row.sayAddress(F.indicatorIp, address)
    row.const(F.indicatorType, constant(address.v6 ? 'ipv6-addr' : 'ipv4-addr'))
    return
  }
  const name = type < 0 ? '' : row.slice(from[type]!, Math.min(to[type]!, from[type]! + 32))
  const found = INDICATORS.get(name)
  if (!found) return
  row.const(F.indicatorType, found[0])
  row.text(found[1], from[what]!, to[what]!)
}

const EXTRA: Readonly<Record<string, Const>> = {
  'SMB::FILE_DELETE': constant('deletion'),
  'SMB::FILE_RENAME': constant('change'),
  'SMB::FILE_SET_ATTRIBUTE': constant('change'),
}
const fileTypes = new Memo((action) => (Object.hasOwn(EXTRA, action) ? EXTRA[action]! : INFO))
const INFO = constant('info')
const ALLOWED = constant('allowed')
const DENIED = constant('denied')

export const putOwn = (row: Row, path: string): void => {
  switch (path) {
    case 'conn':
      putConnection(row)
      return
    case 'dns':
      putAnswers(row)
      return
    case 'http':
      putHttp(row)
      return
    case 'ssl':
      putTls(row)
      return
    case 'kerberos':
      putKerberos(row)
      return
    case 'smb_files': {
      putFile(row)
      const i = row.has(F.action) ? F.action : -1
      if (i >= 0) row.constItem(fileTypes.get(row.bytes, row.from[i]!, row.to[i]!))
      return
    }
    case 'intel':
      putIndicator(row)
      return
    case 'dnp3':
      if (row.has(F.action)) row.const(F.action, lower.get(row.bytes, row.from[F.action]!, row.to[F.action]!))
      return
    case 'sip':
      putSip(row)
      return
    case 'known_hosts':
    case 'known_services':
    case 'known_certs':
    case 'software': {
      const address = row.has(F.hostIp) ? row.address[F.hostIp] : undefined
      if (address) row.const(F.networkType, address.v6 ? IPV6 : IPV4)
      return
    }
    case 'notice': {
      const i = leaves.at[idOf('dropped')]!
      if (i >= 0) row.constItem(isTrue(row.bytes, i) ? DENIED : ALLOWED)
      return
    }
    case 'dhcp':
      // RFC 2131 §4.1: the log has no ports, the protocol has these.
      if (row.has(SOURCE.address)) row.long(SOURCE.port, DHCP_CLIENT)
      if (row.has(DESTINATION.address)) row.long(DESTINATION.port, DHCP_SERVER)
      return
    default:
  }
}
