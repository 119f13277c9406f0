import type { Event } from '../event.ts'
import { address, integer, isPrivate, portOf } from './address.ts'
import { idOf, KEYS, TARGETS, type Target, TRANSPORT, UTM_TYPES } from './fortinet_fields.ts'
import { type Pairs, scanPairs } from './keyvalue.ts'
import type { LineContext, Parsed, Parser } from './parser.ts'
import { begun, finished } from './shape.ts'
import { putPriority, type SyslogHeader, syslogHeader } from './syslog.ts'
import { dateTimeMillis, digits, offsetMillis, zonedMillis } from './time.ts'
import { putHost, putUrl } from './url.ts'

// One set of slots for all lines: a parser is synchronous, and every line empties it first.
const pairs: Pairs = { values: new Array(KEYS.names.length).fill(undefined), present: [], keys: [], texts: [] }
const { values } = pairs

const [DATE, TIME, EVENTTIME, TZ, TYPE, SUBTYPE, ACTION] = [
  'date',
  'time',
  'eventtime',
  'tz',
  'type',
  'subtype',
  'action',
].map(idOf) as [number, number, number, number, number, number, number]
const ID = Object.fromEntries(KEYS.names.map((name) => [name, idOf(name)])) as Readonly<Record<string, number>>
const at = (name: string): number => ID[name]!
const LOGID = at('logid')
const LOG_ID = at('log_id')
const EVENTTYPE = at('eventtype')
const EVENTSUBTYPE = at('eventsubtype')
const REASON = at('reason')
const STATUS = at('status')
const RESULT = at('result')
const PROTO = at('proto')
const DURATION = at('duration')
const DIRECTION = at('direction')
const DIR = at('dir')
const URL = at('url')
const HOSTNAME = at('hostname')
const USER = at('user')
const UNAUTHUSER = at('unauthuser')
const XAUTHUSER = at('xauthuser')
const EAPUSER = at('eapuser')
const APPCAT = at('appcat')
const CATDESC = at('catdesc')
const APPLIST = at('applist')
const PROFILE = at('profile')
const REMIP = at('remip')
const REMPORT = at('remport')
const LOCIP = at('locip')
const LOCPORT = at('locport')
const INTERFACE = at('interface')
const UI = at('ui')
const IPADDR = at('ipaddr')
const TLSVER = at('tlsver')
const HANDSHAKE = at('handshake')
const SAN = at('san')
const UTMACTION = at('utmaction')
const APP = at('app')
const SRCNAME = at('srcname')
const VPN_INIT = at('init')
const TUNNELTYPE = at('tunneltype')
const MSG = at('msg')
const LOGDESC = at('logdesc')
const SNI = at('sni')

/** FortiOS writes N/A where it knows nothing. */
const said = (id: number): string | undefined => {
  const text = values[id]
  return text === undefined || text === '' || text === 'N/A' ? undefined : text
}

/** eventtime is in seconds (6.0), and later in milli-, micro- or nanoseconds: told by its length. */
const eventTime = (text: string | undefined): number => {
  if (text === undefined || text.length < 9 || text.length > 19) return Number.NaN
  const size = text.length
  if (size <= 11) return digits(text, 0, size) * 1000
  if (size <= 14) return digits(text, 0, size)
  return digits(text, 0, size > 17 ? size - 6 : size - 3)
}

const lineTime = (started: number, header: SyslogHeader | undefined, context: LineContext): number => {
  const date = values[DATE]
  const time = values[TIME]
  if (date !== undefined && time !== undefined && date.length === 10 && time.length >= 8) {
    const tz = values[TZ]
    const wall = dateTimeMillis(`${date}${time}`, 0, 10)
    const offset = tz === undefined ? Number.NaN : offsetMillis(tz)
    const millis = Number.isNaN(offset) ? zonedMillis(wall, context.timezone) : wall - offset
    if (!Number.isNaN(millis)) return millis
  }
  return Number.isNaN(started) ? (header?.time ?? Number.NaN) : started
}

const put = (event: Event, { field, kind }: Omit<Target, 'only'>, text: string): void => {
  switch (kind) {
    case 'text':
      if (event[field] === undefined) event[field] = text
      return
    case 'lower':
      event[field] = text.toLowerCase()
      return
    case 'mac':
      event[field] = text.replaceAll(':', '-').toUpperCase() // ECS: RFC 7042, upper-case with hyphens
      return
    case 'long': {
      const n = integer(text)
      if (n !== undefined && event[field] === undefined) event[field] = n
      return
    }
    case 'port': {
      const n = portOf(text)
      if (n !== undefined && event[field] === undefined) event[field] = n
      return
    }
    case 'ip': {
      const ip = address(text)
      if (ip === undefined) event[field.replace(/\.ip$/, '.address')] ??= text
      else if (event[field] === undefined) event[field] = ip
    }
  }
}

const leftovers = new Map<string, string>()
const leftover = (key: string): string => {
  let field = leftovers.get(key)
  if (field === undefined) {
    field = `fortinet.firewall.${key.replaceAll('.', '_')}`
    if (leftovers.size < 5000) leftovers.set(key, field)
  }
  return field
}

const DIRECTIONS: Readonly<Record<string, string>> = {
  incoming: 'inbound',
  outgoing: 'outbound',
  inbound: 'inbound',
  outbound: 'outbound',
  ingress: 'ingress',
  egress: 'egress',
  internal: 'internal',
  external: 'external',
}

const direction = (event: Event): string | undefined => {
  const stated = said(DIR) ?? said(DIRECTION)
  if (stated !== undefined) return DIRECTIONS[stated.toLowerCase()] ?? 'unknown'
  const source = event['source.ip']
  const destination = event['destination.ip']
  if (typeof source !== 'string' || typeof destination !== 'string') return undefined
  if (isPrivate(source)) return isPrivate(destination) ? 'internal' : 'outbound'
  return isPrivate(destination) ? 'inbound' : 'external'
}

const putTraffic = (event: Event, action: string | undefined): void => {
  const types = ['connection']
  const denied = action === 'deny'
  if (action !== undefined) {
    event['event.action'] = action
    event['event.outcome'] = 'success'
    types.push(action === 'start' ? 'start' : 'end')
  }
  if (!denied && values[APP] !== undefined) types.push('protocol')
  const utm = values[UTMACTION]
  if (!denied && utm === undefined) types.push('allowed')
  if (denied || utm === 'block') types.push('denied')
  event['event.category'] = ['network']
  event['event.type'] = types
}

const DENIED = new Set(['block', 'blocked', 'deny', 'denied'])
const ALLOWED = new Set(['pass', 'passthrough', 'permit', 'permitted'])

const putUtm = (event: Event, subtype: string | undefined, action: string | undefined): void => {
  const types: string[] = []
  if (subtype === 'dns') types.push('info')
  if (action !== undefined) {
    event['event.outcome'] = 'success'
    if (DENIED.has(action)) types.push('denied')
    else if (ALLOWED.has(action)) types.push('allowed')
  }
  event['event.category'] = ['network']
  if (types.length > 0) event['event.type'] = types
  const ruleset = said(APPLIST) ?? said(PROFILE)
  if (ruleset !== undefined) event['rule.ruleset'] = ruleset
  const resolved = said(IPADDR)
  if (resolved !== undefined) {
    const ips = resolved.split(/[,;\s]+/).flatMap((text) => address(text) ?? [])
    if (ips.length > 0) event['dns.resolved_ip'] = ips
  }
  const sni = said(SNI)
  if (sni !== undefined && event['destination.domain'] === undefined) event['destination.domain'] = sni
  const version = said(TLSVER)
  if (version !== undefined) {
    const m = /^([a-z]+)[ v]?(\d+(?:\.\d+)?)$/i.exec(version)
    if (m) {
      event['tls.version_protocol'] = m[1]!.toLowerCase()
      event['tls.version'] = m[2]!.includes('.') ? m[2]! : `${m[2]}.0`
    } else event['fortinet.firewall.tlsver'] = version
  }
  const handshake = said(HANDSHAKE)
  if (handshake !== undefined) {
    event['fortinet.firewall.handshake'] = handshake
    if (handshake === 'full') event['tls.established'] = true
  }
  const names = said(SAN)
  if (names !== undefined) {
    const list = names.split(/;\s*/).filter((name) => name !== '')
    if (list.length > 0) event['tls.server.x509.alternative_names'] = list
  }
}

const STARTS = new Set(['FSSO-logon', 'auth-logon'])
const ENDS = new Set(['FSSO-logoff', 'auth-logout'])
const FAILED = /fail|error|denied|invalid|timeout|locked/i
const SUCCEEDED = /^(?:success(?:ful)?|succeeded|ok)$/i

const putEvent = (event: Event, subtype: string | undefined, action: string | undefined): void => {
  const categories: string[] = []
  const types: string[] = []
  const status = said(STATUS)
  const result = said(RESULT)
  if (action !== undefined) {
    if (STARTS.has(action)) types.push('start')
    else if (ENDS.has(action)) types.push('end')
  }
  const login = /log(?:ged)? ?(?:in|on)\b/i.test(`${values[LOGDESC] ?? ''} ${values[MSG] ?? ''}`)
  if (subtype === 'vpn') {
    categories.push('network')
    types.push('connection')
    // An SSL-VPN login that fails is a login: brute force is found among authentications.
    if (action?.startsWith('ssl-login') || login) categories.push('authentication')
  } else if (subtype === 'user' || login) categories.push('authentication')
  else if (subtype === 'update') {
    categories.push('host', 'malware')
    types.push('info')
  } else if (action === 'perf-stats') {
    categories.push('host')
    types.push('info')
  }
  if (categories.length > 0) event['event.category'] = categories
  if (types.length > 0) event['event.type'] = types
  if (result === 'ERROR' || status === 'negotiate_error' || (status !== undefined && FAILED.test(status))) {
    event['event.outcome'] = 'failure'
  } else if (action !== undefined && /-(?:fail|error)$/.test(action)) event['event.outcome'] = 'failure'
  else if (result === 'OK' || (status !== undefined && SUCCEEDED.test(status))) event['event.outcome'] = 'success'
  else if (types.includes('start') || types.includes('end')) event['event.outcome'] = 'success'
  if (action !== undefined) event['event.action'] = said(EVENTTYPE) ?? action
}

/**
 * The two ends of a tunnel. Who called is the source: the client of an SSL VPN and the peer of an IPsec negotiation that
 * came in are remote, the peer of one that the firewall began is the destination.
 */
const putTunnel = (event: Event, action: string | undefined): void => {
  const remote = said(REMIP)
  if (remote === undefined && values[LOCIP] === undefined) return
  const inbound =
    values[DIR] === 'inbound' ||
    values[VPN_INIT] === 'remote' ||
    (values[TUNNELTYPE]?.startsWith('ssl') ?? false) ||
    (action?.startsWith('ssl-') ?? false)
  const here = inbound ? 'destination' : 'source'
  const there = inbound ? 'source' : 'destination'
  const ends = [
    [`${there}.ip`, 'ip', remote],
    [`${here}.ip`, 'ip', said(LOCIP)],
    [`${there}.port`, 'port', said(REMPORT)],
    [`${here}.port`, 'port', said(LOCPORT)],
  ] as const
  for (const [field, kind, text] of ends) if (text !== undefined) put(event, { field, kind }, text)
}

const parse = (line: string, context: LineContext): Parsed => {
  let header: SyslogHeader | undefined
  // A line of the device itself begins with `date=` or `logver=`.
  const first = line.charCodeAt(0)
  if (!((first === 100 && line.startsWith('date=')) || (first === 108 && line.startsWith('logver=')))) {
    header = syslogHeader(line, context.arrived, context.timezone)
  }
  scanPairs(line, header?.body ?? 0, KEYS, pairs)
  const type = said(TYPE)
  if (type === undefined && values[LOGID] === undefined && values[LOG_ID] === undefined) {
    if (line.trim() === '') return { skip: true }
    return { error: `expected a FortiGate line with type= or logid=, found ${JSON.stringify(line.slice(0, 60))}` }
  }
  const started = eventTime(values[EVENTTIME])
  const time = lineTime(started, header, context)
  if (Number.isNaN(time)) {
    const found = values[DATE] === undefined ? 'no date=' : `date=${values[DATE]} time=${values[TIME] ?? ''}`
    return { error: `expected date=YYYY-MM-DD time=HH:MM:SS or eventtime=, found ${found.slice(0, 80)}` }
  }
  const group = type === 'traffic' ? 'traffic' : type !== undefined && UTM_TYPES.has(type) ? 'utm' : 'event'
  const subtype = said(SUBTYPE)
  const action = said(ACTION)
  const targets = TARGETS[group]
  const { present, keys, texts } = pairs
  let signature = group.length + (header ? 1 : 0)
  for (let i = 0; i < present.length; i++) signature = (Math.imul(signature, 31) + present[i]!) | 0
  const event = begun(signature)
  event['@timestamp'] = time
  event['event.kind'] = 'event'
  event['event.dataset'] = 'fortinet_fortigate'
  event['observer.vendor'] = 'Fortinet'
  event['observer.product'] = 'Fortigate'
  event['observer.type'] = 'firewall'
  for (let i = 0; i < present.length; i++) {
    const id = present[i]!
    const target = targets[id]!
    if (target.kind === 'own') continue
    const text = values[id]!
    if (text === '' || text === 'N/A') continue
    if (target.kind === 'text' && (target.only || event[target.field] === undefined)) event[target.field] = text
    else put(event, target, text)
  }
  for (let i = 0; i < keys.length; i++) {
    const text = texts[i]!
    if (text !== '' && text !== 'N/A') event[leftover(keys[i]!)] ??= text
  }
  if (type !== undefined) event['fortinet.firewall.type'] = type
  if (subtype !== undefined) event['fortinet.firewall.subtype'] = subtype
  if (action !== undefined) event['fortinet.firewall.action'] = action
  const status = said(STATUS)
  if (status !== undefined) event['fortinet.firewall.status'] = status
  const result = said(RESULT)
  if (result !== undefined) event['fortinet.firewall.result'] = result
  if (!Number.isNaN(started)) event['event.start'] = started

  if (group === 'traffic')
    putTraffic(event, action ?? status) // FortiOS 5.0 and before say status=accept
  else if (group === 'utm') putUtm(event, subtype, action)
  else putEvent(event, subtype, action)
  putTunnel(event, action)
  putShared(event, group)
  if (header) {
    putPriority(event, header)
    if (header.host !== undefined) event['observer.name'] ??= header.host
  }
  return { event: finished(signature, event) }
}

/** What every type says alike, after the addresses are known. */
const putShared = (event: Event, group: 'traffic' | 'utm' | 'event'): void => {
  const eventtype = said(EVENTTYPE)
  if (eventtype !== undefined) event['event.action'] ??= eventtype
  const reason = said(REASON) ?? said(EVENTSUBTYPE)
  if (reason !== undefined) event['event.reason'] = reason
  if (group === 'utm' && event['event.action'] === undefined) {
    const action = said(ACTION)
    if (action !== undefined) event['event.action'] = action
  }

  const user = said(UNAUTHUSER) ?? said(XAUTHUSER) ?? said(EAPUSER) ?? said(USER)
  if (user !== undefined) {
    event['source.user.name'] = user
    event['user.name'] = user
  }
  const ui = said(UI)
  if (ui !== undefined) {
    event['fortinet.firewall.ui'] = ui
    // `ssh(192.0.2.7)`, `https(2001:db8::7)`: where an administrator came from, if the line has no srcip.
    if (event['source.ip'] === undefined) {
      const ip = address(/\(([0-9A-Fa-f:.]{2,45})\)$/.exec(ui)?.[1] ?? '')
      if (ip !== undefined) event['source.ip'] = ip
    }
  }
  const proto = said(PROTO)
  if (proto !== undefined) {
    const n = integer(proto)
    if (n !== undefined && n >= 0 && n <= 255) {
      event['network.iana_number'] = proto
      const transport = TRANSPORT[proto]
      if (transport !== undefined) event['network.transport'] = transport
    } else event['network.transport'] = proto.toLowerCase()
  }
  const duration = said(DURATION)
  if (duration !== undefined) {
    const seconds = integer(duration)
    if (seconds !== undefined && seconds >= 0 && seconds < 9_000_000) event['event.duration'] = seconds * 1e9
    else event['fortinet.firewall.duration'] = duration
  }
  const category = said(APPCAT) ?? said(CATDESC)
  if (category !== undefined) event['rule.category'] = category.replaceAll('.', '-')
  const hostname = said(HOSTNAME)
  const url = said(URL)
  if (url !== undefined) putUrl(event, url)
  if (hostname !== undefined) {
    // A cluster's events name a member by it, all others the host of a URL.
    if (said(SUBTYPE) === 'ha') event['host.name'] = hostname.toLowerCase()
    else putHost(event, hostname)
  }
  const name = said(SRCNAME)
  if (name !== undefined) {
    event['fortinet.firewall.srcname'] = name
    event['host.name'] = name.toLowerCase()
  }
  const towards = direction(event)
  if (towards !== undefined) event['network.direction'] = towards
  const port = said(INTERFACE)
  if (port !== undefined) {
    const inward = towards === 'inbound' || towards === 'internal' || towards === 'ingress'
    const field = inward ? 'observer.ingress.interface.name' : 'observer.egress.interface.name'
    if (towards === undefined || event[field] !== undefined) event['fortinet.firewall.interface'] = port
    else event[field] = port
  }
  putSums(event)
}

const sum = (a: unknown, b: unknown): number | undefined =>
  typeof a === 'number' ? a + (typeof b === 'number' ? b : 0) : typeof b === 'number' ? b : undefined

const putSums = (event: Event): void => {
  const bytes = sum(event['source.bytes'], event['destination.bytes'])
  if (bytes !== undefined) event['network.bytes'] = bytes
  const packets = sum(event['source.packets'], event['destination.packets'])
  if (packets !== undefined) event['network.packets'] = packets
  const ip = event['source.ip'] ?? event['destination.ip']
  if (typeof ip === 'string') event['network.type'] = ip.includes(':') ? 'ipv6' : 'ipv4'
}

export const fortinetFortigate: Parser = {
  id: 'fortinet_fortigate',
  title: 'Fortinet FortiGate',
  parse,
}
