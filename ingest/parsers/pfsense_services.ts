/** What the services of pfSense and OPNsense write: OpenVPN, the web interface, DHCP, unbound, haproxy, squid, snort, sshd. */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'
import { addressOfText } from '../row/address.ts'
import { putSort, sortOf } from './categories.ts'
import { putDhcp } from './dhcp.ts'
import { putUrl } from './url.ts'

const side = (name: string) => ({
  ip: field(`${name}.ip`),
  address: field(`${name}.address`),
  port: field(`${name}.port`),
})
const SOURCE = side('source')
const DESTINATION = side('destination')
const F = {
  action: field('event.action'),
  outcome: field('event.outcome'),
  level: field('log.level'),
  protocol: field('network.protocol'),
  transport: field('network.transport'),
  userName: field('user.name'),
  sourceUser: field('source.user.name'),
  question: field('dns.question.name'),
  questionType: field('dns.question.type'),
  questionClass: field('dns.question.class'),
  response: field('dns.response_code'),
  method: field('http.request.method'),
  status: field('http.response.status_code'),
  bytes: field('http.response.bytes'),
  version: field('http.version'),
  frontend: field('haproxy.frontend_name'),
  backend: field('haproxy.backend_name'),
  server: field('haproxy.server_name'),
  hierarchy: field('squid.hierarchy_status'),
  request: field('squid.request_status'),
  peer: field('pfsense.openvpn.peer_info'),
  ruleId: field('rule.id'),
  ruleName: field('rule.name'),
  ruleCategory: field('rule.category'),
  ruleVersion: field('rule.version'),
} as const

/** Longer messages are looked at up to here: what is behind is a client's. */
const MOST = 4096

const put = (row: Row, f: number, text: string | undefined): void => {
  if (text !== undefined && text !== '' && !row.has(f)) row.string(f, text)
}
const putIp = (row: Row, to: typeof SOURCE, text: string | undefined, port?: string): void => {
  const address =
    text === undefined ? undefined : addressOfText(text.replace(/^\[?(?:AF_INET6?\])?/, '').replace(/\]$/, ''))
  if (address === undefined || row.has(to.ip)) return
  row.sayAddress(to.ip, address)
  row.copyOf(to.address, to.ip)
  const n = Number(port)
  if (port !== undefined && /^\d{1,5}$/.test(port) && n <= 65535) row.long(to.port, n)
}
const putUser = (row: Row, name: string | undefined): void => {
  put(row, F.sourceUser, name)
  put(row, F.userName, name)
}
const sorts = {
  loginOk: sortOf({ category: 'authentication', type: 'start', outcome: 'success' }),
  loginFail: sortOf({ category: 'authentication', type: 'start', outcome: 'failure' }),
  logout: sortOf({ category: 'authentication', type: 'end', outcome: 'success' }),
  vpn: sortOf({ category: 'network', type: 'connection info' }),
  vpnStart: sortOf({ category: 'network', type: 'connection info start' }),
  vpnEnd: sortOf({ category: 'network', type: 'connection info end' }),
  vpnError: sortOf({ category: 'network', type: 'connection info', outcome: 'failure' }),
  vpnLoginOk: sortOf({ category: 'authentication network', type: 'info', outcome: 'success' }),
  vpnLoginFail: sortOf({ category: 'authentication network', type: 'info', outcome: 'failure' }),
  dns: sortOf({ category: 'network', type: 'connection' }),
  webOk: sortOf({ category: 'web', type: 'access', outcome: 'success' }),
  webFail: sortOf({ category: 'web', type: 'access', outcome: 'failure' }),
  alert: sortOf({ kind: 'alert', category: 'intrusion_detection network', type: 'info' }),
  host: sortOf({ category: 'host', type: 'info' }),
}
const OPENVPN = constant('openvpn')
const DNS = constant('dns')

type Service = (row: Row, text: string, from: number, to: number) => boolean

/** `/index.php: Successful login for user 'admin' from: 192.0.2.1 (Local Database)` */
const WEB_LOGIN =
  /(?:(Successful login)|(authentication error|authentication failed|could not authenticate)) for (?:user )?'?([^'\n]*?)'? from:? ?([0-9A-Fa-f:.]+)(?=\s|$|\()/i
/** OPNsense: `user admin authenticated successfully for WebGui`, `user admin failed authentication for WebGui` */
const WEB_USER =
  /user '?([^'\s]+)'? (?:(authenticated successfully)|(?:failed authentication|could not authenticate)) for (\S+)/i
const WEB_LOGOUT =
  /(?:logged out|Session timed out) for user:? '?([^'\s]+)'? from:? ([0-9A-Fa-f:.]+)|user '?([^'\s]+)'? logged out from:? ([0-9A-Fa-f:.]+)/i
const web: Service = (row, text) => {
  const login = WEB_LOGIN.exec(text)
  if (login) {
    putSort(row, login[1] ? sorts.loginOk : sorts.loginFail)
    put(row, F.userName, login[3])
    putIp(row, SOURCE, login[4])
    return true
  }
  const out = WEB_LOGOUT.exec(text)
  if (out) {
    putSort(row, sorts.logout)
    put(row, F.userName, out[1] ?? out[3])
    putIp(row, SOURCE, out[2] ?? out[4])
    return true
  }
  const user = WEB_USER.exec(text)
  if (!user) return false
  putSort(row, user[2] ? sorts.loginOk : sorts.loginFail)
  put(row, F.userName, user[1])
  return true
}

/** `192.0.2.1:1194 …`, `user/192.0.2.1:1194 …`, `user/[AF_INET6]2001:db8::1:1194 …` */
const VPN_PEER = /^(?:([^/\s]{1,128})\/)?((?:\[AF_INET6?\])?[0-9A-Fa-f.:]{3,45}):(\d{1,5}) /
const VPN_FROM = /(?:\[AF_INET6?\])([0-9A-Fa-f.:]{3,45}?):(\d{1,5})(?=\s|$|,|\))/
const openvpn: Service = (row, text) => {
  row.const(F.protocol, OPENVPN)
  const user = /^user '(.{1,128})' (authenticated|could not authenticate)/.exec(text)
  if (user) {
    putSort(row, user[2] === 'authenticated' ? sorts.vpnLoginOk : sorts.vpnLoginFail)
    putUser(row, user[1])
    return true
  }
  const peer = VPN_PEER.exec(text)
  const rest = peer ? text.slice(peer[0].length) : text
  if (peer) {
    putUser(row, peer[1])
    putIp(row, SOURCE, peer[2], peer[3])
  } else {
    const from = VPN_FROM.exec(text)
    if (from) putIp(row, SOURCE, from[1], from[2])
  }
  const said = /^peer info: (.+)$/.exec(rest)
  if (said) put(row, F.peer, said[1])
  const initiated = /^\[([^\]]{1,128})\] Peer Connection Initiated/.exec(rest)
  if (initiated) putUser(row, initiated[1])
  putSort(
    row,
    initiated
      ? sorts.vpnStart
      : /^TLS Auth Error|^AUTH: Received control message: AUTH_FAILED|verification failed for peer/.test(rest)
        ? sorts.vpnLoginFail
        : /^TLS Error|^VERIFY ERROR|^AUTH_FAILED|TLS handshake failed/.test(rest)
          ? sorts.vpnError
          : /^SIG(?:TERM|USR1)\[|client-instance (?:exiting|restarting)/.test(rest)
            ? sorts.vpnEnd
            : sorts.vpn,
  )
  return true
}

const dhcp =
  (six: boolean): Service =>
  (row, text) => {
    putDhcp(row, text, six)
    return true
  }

/** `[26931:0] info: 192.0.2.1 example.org. A IN`, and a reply's code behind it. */
const UNBOUND =
  /^\[\d+:[0-9a-f]+\] (\w+): ([0-9A-Fa-f:.]{3,45})(?:@\d+)? (\S{1,255}) ([A-Z][A-Z0-9]*) (IN|CH|HS|ANY)(?: ([A-Z]{2,16}) )?/
const unbound: Service = (row, text) => {
  const m = UNBOUND.exec(text)
  put(row, F.level, /^\[\d+:[0-9a-f]+\] (\w+):/.exec(text)?.[1])
  row.const(F.protocol, DNS)
  putSort(row, sorts.dns)
  if (!m) return true
  putIp(row, SOURCE, m[2])
  put(row, F.question, m[3]!.replace(/(?<=.)\.$/, ''))
  put(row, F.questionType, m[4])
  put(row, F.questionClass, m[5])
  put(row, F.response, m[6])
  return true
}

/** HTTP and TCP format (HAProxy Configuration Manual, 8.2.2 and 8.2.3). */
const HAPROXY =
  /^([0-9A-Fa-f:.]{3,45}):(\d{1,5}) \[[^\]]{1,40}\] (\S{1,128}) (\S{1,128}?)\/(\S{1,128}) (?:-?\d+\/){2,4}\+?-?\d+ (?:(-1|\d{3}) )?\+?(\d{1,15}) /
const REQUEST = /"([A-Z]{1,32}) (\S{1,4000}?)(?: HTTP\/(\d(?:\.\d)?))?"?$/
const haproxy: Service = (row, text) => {
  const m = HAPROXY.exec(text)
  if (!m) return false
  putIp(row, SOURCE, m[1], m[2])
  put(row, F.frontend, m[3])
  put(row, F.backend, m[4])
  if (m[5] !== '<NOSRV>') put(row, F.server, m[5])
  const status = Number(m[6])
  if (status >= 100) row.long(F.status, status)
  row.long(F.bytes, Number(m[7]))
  putSort(row, m[6] === undefined ? sorts.vpn : status >= 100 && status < 400 ? sorts.webOk : sorts.webFail)
  const request = REQUEST.exec(text)
  if (request) putRequest(row, request[1]!, request[2]!, request[3])
  return true
}
const putRequest = (row: Row, method: string, url: string, version: string | undefined): void => {
  put(row, F.method, method)
  put(row, F.version, version)
  const from = row.write(url)
  putUrl(row, from, row.at)
}
/** Squid's native log; some relays put more around its time. */
const SQUID =
  /(?:^|\s|\))([0-9A-Fa-f:.]{3,45}) ([A-Z_]{3,40})\/(\d{3}) (\d{1,15}) ([A-Z]{1,32}) (\S{1,4000}) (\S{1,128}) ([A-Z_]{3,40})\/(\S{1,64})/
const squid: Service = (row, text) => {
  const m = SQUID.exec(text)
  if (!m) return false
  putIp(row, SOURCE, m[1])
  put(row, F.request, m[2])
  const status = Number(m[3])
  if (status >= 100) row.long(F.status, status)
  row.long(F.bytes, Number(m[4]))
  putSort(row, status >= 100 && status < 400 ? sorts.webOk : sorts.webFail)
  putRequest(row, m[5]!, m[6]!, undefined)
  if (m[7] !== '-') put(row, F.userName, m[7])
  put(row, F.hierarchy, m[8])
  putIp(row, DESTINATION, m[9])
  return true
}

/** `[1:2019876:1] Name [Classification: …] [Priority: 1] {TCP} 192.0.2.1:1 -> 198.51.100.1:2` of snort and suricata */
const SNORT =
  /^(?:\[Drop\] )?\[(?:\d+):(\d+):(\d+)\] (.{1,400}?) \[Classification: ([^\]]{1,200})\] \[Priority: \d+\]:? \{([\w-]{1,20})\} ([0-9A-Fa-f:.]{3,45}?)(?::(\d{1,5}))? -> ([0-9A-Fa-f:.]{3,45}?)(?::(\d{1,5}))?$/
const snort: Service = (row, text) => {
  const m = SNORT.exec(text)
  if (!m) return false
  putSort(row, sorts.alert)
  put(row, F.ruleId, m[1])
  put(row, F.ruleVersion, m[2])
  put(row, F.ruleName, m[3])
  put(row, F.ruleCategory, m[4])
  put(row, F.transport, m[5]!.toLowerCase())
  putIp(row, SOURCE, m[6], m[7])
  putIp(row, DESTINATION, m[8], m[9])
  return true
}

/** sshd's own words; of two addresses the last is where the connection came from, for a user's name stands before it. */
const SSHD =
  /^(Accepted|Failed) (\S{1,40}) for (?:invalid user )?(.{0,128}) from ([0-9A-Fa-f:.]{3,45}) port (\d{1,5})(?: ssh2?)?(?:: .*)?$/
const SSHD_INVALID = /^Invalid user (.{0,128}) from ([0-9A-Fa-f:.]{3,45})(?: port (\d{1,5}))?$/
const sshd: Service = (row, text) => {
  const m = SSHD.exec(text)
  if (m) {
    putSort(row, m[1] === 'Accepted' ? sorts.loginOk : sorts.loginFail)
    put(row, F.userName, m[3])
    putIp(row, SOURCE, m[4], m[5])
    return true
  }
  const invalid = SSHD_INVALID.exec(text)
  if (!invalid) return false
  putSort(row, sorts.loginFail)
  put(row, F.userName, invalid[1])
  putIp(row, SOURCE, invalid[2], invalid[3])
  return true
}

const SERVICES: Readonly<Record<string, Service>> = {
  openvpn,
  'php-fpm': web,
  audit: web,
  configd: web,
  lighttpd: web,
  api: web,
  dhcpd: dhcp(false),
  dhclient: dhcp(false),
  'kea-dhcp4': dhcp(false),
  dhcp6c: dhcp(true),
  'kea-dhcp6': dhcp(true),
  unbound,
  haproxy,
  squid,
  snort,
  suricata: snort,
  sshd,
  'sshd-session': sshd,
}
/** `openvpn_server1`, `squid-1`, `/usr/sbin/sshd` are those too. */
const serviceOf = (program: string): Service | undefined => {
  const name = program.slice(program.lastIndexOf('/') + 1).toLowerCase()
  if (Object.hasOwn(SERVICES, name)) return SERVICES[name]
  const base = name.replace(/[-_](?:server|client)?\d+$/, '')
  return Object.hasOwn(SERVICES, base) ? SERVICES[base] : undefined
}

/** Says of a service's message what is known of it. */
export const putService = (row: Row, program: string, from: number, to: number): void => {
  const service = serviceOf(program)
  const text = row.slice(from, Math.min(to, from + MOST))
  if (service?.(row, text, from, to)) return
  putSort(row, sorts.host)
}
