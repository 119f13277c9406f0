/** What the three kinds of FortiOS logs say of an event's category, type and outcome, and what only they have. */
import { addressOf } from '../row/address.ts'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { idsOf } from './fortinet_fields.ts'
import { first, has, isKey, known, put, said, textOf } from './fortinet_pairs.ts'

const F = {
  action: field('event.action'),
  outcome: field('event.outcome'),
  category: field('event.category'),
  type: field('event.type'),
  ruleset: field('rule.ruleset'),
  resolved: field('dns.resolved_ip'),
  domain: field('destination.domain'),
  protocol: field('tls.version_protocol'),
  version: field('tls.version'),
  established: field('tls.established'),
  names: field('tls.server.x509.alternative_names'),
  tlsver: field('fortinet.firewall.tlsver'),
  handshake: field('fortinet.firewall.handshake'),
} as const
const [ACTION, STATUS, RESULT, SUBTYPE] = idsOf('action', 'status', 'result', 'subtype')
const [APP, UTMACTION, APPLIST, PROFILE] = idsOf('app', 'utmaction', 'applist', 'profile')
const [IPADDR, SNI, TLSVER, HANDSHAKE] = idsOf('ipaddr', 'sni', 'tlsver', 'handshake')
const [SAN, LOGDESC, MSG, EVENTTYPE] = idsOf('san', 'logdesc', 'msg', 'eventtype')

const C = {
  network: constant('network'),
  connection: constant('connection'),
  start: constant('start'),
  end: constant('end'),
  protocol: constant('protocol'),
  allowed: constant('allowed'),
  denied: constant('denied'),
  info: constant('info'),
  success: constant('success'),
  failure: constant('failure'),
}

/** What an action says; IPS also drops and resets (FortiOS Log Message Reference, "ips"). */
const DENIED = new Set(
  'block blocked deny denied dropped drop_session reset reset_client reset_server clear_session'.split(' '),
)
const ALLOWED = new Set(['pass', 'passthrough', 'permit', 'permitted'])
const actions = new Memo((action) => ({
  deny: action === 'deny',
  start: action === 'start',
  denied: DENIED.has(action),
  allowed: ALLOWED.has(action),
}))

export const putTraffic = (row: Row): void => {
  const b = row.bytes
  const id = first(b, ACTION, STATUS) // FortiOS 5.0 and before say status=accept
  const action = id < 0 ? undefined : known(actions, b, id)
  const denied = action?.deny ?? false
  row.list(F.category)
  row.constItem(C.network)
  row.list(F.type)
  row.constItem(C.connection)
  if (action !== undefined) {
    put(row, F.action, id)
    row.const(F.outcome, C.success)
    row.constItem(action.start ? C.start : C.end)
  }
  if (!denied && has(APP)) row.constItem(C.protocol)
  if (!denied && !has(UTMACTION)) row.constItem(C.allowed)
  if (denied || isKey(b, UTMACTION, 'block')) row.constItem(C.denied)
}

const TLS = /^([a-z]+)[ v]?(\d+(?:\.\d+)?)$/i
const tls = new Memo((text) => {
  const m = TLS.exec(text)
  return m && { protocol: constant(m[1]!.toLowerCase()), version: constant(m[2]!.includes('.') ? m[2]! : `${m[2]}.0`) }
})
export const putUtm = (row: Row): void => {
  const b = row.bytes
  row.list(F.category)
  row.constItem(C.network)
  const action = said(b, ACTION) ? known(actions, b, ACTION) : undefined
  row.list(F.type)
  if (said(b, SUBTYPE) && isKey(b, SUBTYPE, 'dns')) row.constItem(C.info)
  if (action !== undefined) {
    row.const(F.outcome, C.success)
    if (action.denied) row.constItem(C.denied)
    else if (action.allowed) row.constItem(C.allowed)
  }
  const ruleset = first(b, APPLIST, PROFILE)
  if (ruleset >= 0) put(row, F.ruleset, ruleset)
  const resolved = textOf(row, IPADDR)
  if (resolved !== undefined) putResolved(row, resolved)
  if (said(b, SNI) && !row.has(F.domain)) put(row, F.domain, SNI)
  if (said(b, TLSVER)) {
    const version = known(tls, b, TLSVER)
    if (version) {
      row.const(F.protocol, version.protocol)
      row.const(F.version, version.version)
    } else put(row, F.tlsver, TLSVER)
  }
  if (said(b, HANDSHAKE)) {
    put(row, F.handshake, HANDSHAKE)
    if (isKey(b, HANDSHAKE, 'full')) row.boolean(F.established, true)
  }
  const names = textOf(row, SAN)
  if (names === undefined) return
  row.list(F.names)
  for (const name of names.split(/;\s*/)) if (name !== '') row.stringItem(name)
}
const putResolved = (row: Row, text: string): void => {
  row.list(F.resolved)
  for (const part of text.split(/[,;\s]+/)) {
    const from = row.write(part)
    const address = addressOf(row.bytes, from, row.at)
    if (address !== undefined) row.constItem(address.canonical)
  }
}

const FAILED = /fail|error|denied|invalid|timeout|locked/i
const SUCCEEDED = /^(?:success(?:ful)?|succeeded|ok)$/i
const LOGIN = /log(?:ged)? ?(?:in|on)\b/i
const STARTS = new Set(['FSSO-logon', 'auth-logon'])
const ENDS = new Set(['FSSO-logoff', 'auth-logout'])

export const putEvent = (row: Row): void => {
  const [action, status, result, subtype] = [
    textOf(row, ACTION),
    textOf(row, STATUS),
    textOf(row, RESULT),
    textOf(row, SUBTYPE),
  ]
  const categories: string[] = []
  const types: string[] = []
  if (action !== undefined) {
    if (STARTS.has(action)) types.push('start')
    else if (ENDS.has(action)) types.push('end')
    if (action.startsWith('FSSO-')) types.push('user')
  }
  const login = LOGIN.test(`${textOf(row, LOGDESC) ?? ''} ${textOf(row, MSG) ?? ''}`)
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
  putWords(row, F.category, categories)
  putWords(row, F.type, types)
  const failed =
    result === 'ERROR' ||
    status === 'negotiate_error' ||
    (status !== undefined && FAILED.test(status)) ||
    (action !== undefined && /-(?:fail|error)$/.test(action))
  if (failed) row.const(F.outcome, C.failure)
  else if (
    result === 'OK' ||
    (status !== undefined && SUCCEEDED.test(status)) ||
    types.includes('start') ||
    types.includes('end')
  )
    row.const(F.outcome, C.success)
  if (action !== undefined) put(row, F.action, said(row.bytes, EVENTTYPE) ? EVENTTYPE : ACTION)
}
const putWords = (row: Row, f: number, words: readonly string[]): void => {
  if (words.length === 0) return
  row.list(f)
  for (const word of words) row.constItem(constant(word))
}
