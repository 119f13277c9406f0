/**
 * Sophos UTM 9: `2026:05:14-09:30:01 utm ulogd[4321]: id="2001" severity="info" sys="SecureNet" sub="packetfilter" …` (Sophos UTM
 * Administration Guide, "Logging & Reporting"; "Sophos UTM log file format").
 * https://docs.sophos.com/nsg/sophos-utm/utm/9.7/help/en-us/Content/utm/utmAdminGuide/LoggingReporting.htm
 */
import { z } from 'zod'
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { digits, is } from '../row/values.ts'
import { putSort, type Sort, sortOf } from './categories.ts'
import { putDhcp } from './dhcp.ts'
import { putDirection, putTotals } from './flow.ts'
import { keyTable, Pairs } from './keyvalue.ts'
import { EVENT, type LineContext, type Parser, SKIP } from './parser.ts'
import { planOf, putValue, type Rules, targetsOf } from './targets.ts'
import { utcMillis, zonedMillis } from './time.ts'

const VENDOR = 'sophos.utm.'
const RULES: Rules = {
  id: ['text', 'event.code'],
  severity: ['none'],
  action: ['text', 'event.action'],
  sub: ['text', 'event.provider'],
  srcip: ['ip', 'source.ip'],
  dstip: ['ip', 'destination.ip'],
  localip: ['ip', 'destination.ip'],
  srcport: ['port', 'source.port'],
  dstport: ['port', 'destination.port'],
  srcmac: ['mac', 'source.mac'],
  dstmac: ['mac', 'destination.mac'],
  proto: ['transport'],
  length: ['long', 'network.bytes'],
  initf: ['text', 'observer.ingress.interface.name'],
  outitf: ['text', 'observer.egress.interface.name'],
  fwrule: ['text', 'rule.id'],
  sid: ['text', 'rule.id'],
  class: ['text', 'rule.category'],
  user: ['user', 'source.user'],
  username: ['user', 'source.user'],
  ad_domain: ['text', 'user.domain'],
  group: ['text', 'group.name'],
  url: ['url'],
  method: ['text', 'http.request.method'],
  statuscode: ['long', 'http.response.status_code'],
  size: ['long', 'http.response.bytes'],
  request: ['text', 'http.request.id'],
  referer: ['text', 'http.request.referrer'],
  ua: ['text', 'user_agent.original'],
  useragent: ['text', 'user_agent.original'],
  application: ['text', 'network.application'],
  host: ['none'],
  query: ['none'],
  rx: ['long', 'destination.bytes'],
  tx: ['long', 'source.bytes'],
  from: ['text', 'email.from.address'],
  to: ['text', 'email.to.address'],
  subject: ['text', 'email.subject'],
  message: ['text', 'message'],
  reason: ['text', 'event.reason'],
}
const TEXTS =
  `sys name profile filteraction cached error authtime dnstime aptptime cattime avscantime fullreqtime device auth exceptions
  category reputation categoryname app-id country content-type cookie set-cookie server time tos prec ttl tcpflags
  seq mark caller engine priority generator msgid event variant virtual_ip function file line queueid extra threatname
  sandbox overridereputation`.split(/\s+/)
const names = [...new Set([...Object.keys(RULES), ...TEXTS])]
const rules: Rules = {
  ...RULES,
  ...Object.fromEntries(
    TEXTS.filter((name) => name.includes('-')).map((name) => [
      name,
      ['text', `${VENDOR}${name.replaceAll('-', '_')}`] as const,
    ]),
  ),
}
const PLAN = planOf(targetsOf(names, rules, VENDOR))
const pairs = new Pairs(keyTable(names))
const id = (name: string): number => names.indexOf(name)
const [SEVERITY, ACTION, SUB, NAME, EVENT_NAME, HOST, SYS, QUERY] = [
  id('severity'),
  id('action'),
  id('sub'),
  id('name'),
  id('event'),
  id('host'),
  id('sys'),
  id('query'),
]

const F = {
  time: field('@timestamp'),
  severity: field('event.severity'),
  provider: field('event.provider'),
  vendor: field('observer.vendor'),
  product: field('observer.product'),
  observer: field('observer.type'),
  observerName: field('observer.name'),
  hostName: field('host.name'),
  process: field('process.name'),
  pid: field('process.pid'),
  protocol: field('network.protocol'),
  message: field('message'),
  domain: field('url.domain'),
  query: field('url.query'),
  ownHost: field(`${VENDOR}host`),
} as const
const SOPHOS = constant('Sophos')
const UTM = constant('UTM')
const FIREWALL = constant('firewall')
const HTTP = constant('http')

const SEVERITIES: Readonly<Record<string, number>> = {
  emerg: 0,
  alert: 1,
  crit: 2,
  error: 3,
  err: 3,
  warn: 4,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
}
const severityOf = new Memo((text) => (Object.hasOwn(SEVERITIES, text) ? SEVERITIES[text] : undefined))
const leftover = new Memo((name) => `${VENDOR}${name.replaceAll(/[.-]/g, '_').toLowerCase()}`)

const verdictOf = (action: string): string =>
  /^(?:drop|reject|block|deny|quarantine)/.test(action)
    ? ' denied'
    : /^(?:pass|accept|allow|log)/.test(action)
      ? ' allowed'
      : ''
/** By subsystem, action and name, a tab between. */
const sortFor = new Memo((text): Sort => {
  const [sub = '', action = '', name = ''] = text.toLowerCase().split('\t')
  const verdict = verdictOf(action)
  switch (sub) {
    case 'http':
      return sortOf({ category: 'web', type: `info${verdict}` })
    case 'reverseproxy':
      return sortOf({ category: 'web', type: `access${verdict}` })
    case 'packetfilter':
      return sortOf({ category: 'network', type: `connection${verdict}` })
    case 'ips':
    case 'atp':
      return sortOf({ kind: 'alert', category: 'intrusion_detection network', type: `info${verdict}` })
    case 'auth':
    case 'loginuser':
      return sortOf({
        category: 'authentication',
        type: 'start',
        ...(/fail|denied|invalid/.test(name)
          ? { outcome: 'failure' }
          : /success|granted/.test(name)
            ? { outcome: 'success' }
            : {}),
      })
    case 'vpn':
      return sortOf({
        category: 'network session',
        type: /start/.test(name) ? 'connection start' : /terminat|end/.test(name) ? 'connection end' : 'info',
      })
    case 'smtp':
    case 'pop3':
      return sortOf({ category: 'email', type: `info${verdict}` })
    case 'dhcp':
      return sortOf({ category: 'network', type: 'info connection protocol' })
    default:
      return sortOf({ category: 'host', type: `info${verdict}` })
  }
})

/** `2026:05:14-09:30:01` at `at`, NaN where it does not stand there. */
const ownTime = (b: Uint8Array, at: number, timezone: string): number =>
  b[at + 4] === 58 && b[at + 7] === 58 && b[at + 10] === 45 && b[at + 13] === 58 && b[at + 16] === 58
    ? zonedMillis(
        utcMillis(
          digits(b, at, 4),
          digits(b, at + 5, 2),
          digits(b, at + 8, 2),
          digits(b, at + 11, 2),
          digits(b, at + 14, 2),
          digits(b, at + 17, 2),
        ),
        timezone,
      )
    : Number.NaN
/** `host program[123]: ` behind it. */
const OWN_HEAD = /^ (\S{1,255}) ([\w./-]{1,48})(?:\[(\d{1,10})\])?: ?/

const parse = (row: Row, from: number, to: number, context: LineContext) => {
  let at = from
  while (at < to && row.bytes[at]! <= 32) at++
  if (at === to) return SKIP
  let time = ownTime(row.bytes, at, context.timezone)
  let { host, tag, pid } = context.header ?? {}
  if (!Number.isNaN(time)) {
    at += 19
    const m = OWN_HEAD.exec(row.slice(at, Math.min(to, at + 400)))
    if (m) {
      host = m[1]
      tag = m[2]
      pid = m[3] === undefined ? undefined : Number(m[3])
      // A name may hold what is no ASCII.
      at += Buffer.byteLength(m[0])
    }
  } else time = context.header?.time ?? Number.NaN
  pairs.scan(row, at, to)
  const known = pairs.has(SYS) || pairs.has(SUB) || pairs.count >= 3
  if (Number.isNaN(time) || (!known && tag === undefined))
    return `expected YYYY:MM:DD-HH:MM:SS, a host and a program, found ${JSON.stringify(row.slice(from, Math.min(to, from + 240)).slice(0, 60))}`
  row.long(F.time, time)
  row.const(F.vendor, SOPHOS)
  row.const(F.product, UTM)
  row.const(F.observer, FIREWALL)
  if (host !== undefined) {
    row.const(F.observerName, constant(host))
    row.const(F.hostName, constant(host))
  }
  if (tag !== undefined) row.const(F.process, constant(tag))
  if (pid !== undefined) row.long(F.pid, pid)
  if (known) putPairs(row, tag)
  else if (tag === 'dhcpd' || tag === 'dhclient') {
    row.const(F.provider, constant('dhcp'))
    putDhcp(row, row.slice(at, Math.min(to, at + 4096)), false, 'lower')
    row.text(F.message, at, to)
  } else {
    putSort(row, sortFor.get(row.bytes, at, at))
    row.text(F.message, at, to)
  }
  putTotals(row)
  putDirection(row)
  return EVENT
}

const said = (b: Uint8Array, from: number, to: number): boolean => from < to && !(to - from === 1 && b[from] === 45)

const putPairs = (row: Row, tag: string | undefined): void => {
  const { present, count, from: starts, to: stops, unknown, unknowns } = pairs
  for (let i = 0; i < count; i++) {
    const key = present[i]!
    if (said(row.bytes, starts[key]!, stops[key]!)) putValue(row, PLAN, key, starts[key]!, stops[key]!)
  }
  for (let i = 0; i < unknowns; i++) {
    const [a, z] = [unknown[i * 4 + 2]!, unknown[i * 4 + 3]!]
    if (!said(row.bytes, a, z)) continue
    const f = row.field(leftover.get(row.bytes, unknown[i * 4]!, unknown[i * 4 + 1]!))
    if (!row.has(f)) row.text(f, a, z)
  }
  const { bytes: b } = row
  if (pairs.has(SEVERITY)) {
    const n = severityOf.get(b, starts[SEVERITY]!, stops[SEVERITY]!)
    if (n !== undefined) row.long(F.severity, n)
  }
  // The web application firewall says no subsystem, and a host that a client asked for.
  const web = tag === 'reverseproxy'
  if (pairs.has(QUERY)) row.text(F.query, starts[QUERY]! + (b[starts[QUERY]!] === 63 ? 1 : 0), stops[QUERY]!)
  if (pairs.has(HOST)) row.text(web ? F.domain : F.ownHost, starts[HOST]!, stops[HOST]!)
  if (web || (pairs.has(SUB) && is(b, starts[SUB]!, stops[SUB]!, 'http'))) row.const(F.protocol, HTTP)
  putKind(row, web)
}

const putKind = (row: Row, web: boolean): void => {
  const last = pairs.has(NAME) ? NAME : EVENT_NAME
  row.reserve(400)
  const { bytes } = row
  const begin = row.at
  let at = begin
  const add = (key: number) => {
    if (pairs.has(key))
      for (let i = pairs.from[key]!; i < pairs.to[key]! && i - pairs.from[key]! < 40; i++) bytes[at++] = bytes[i]!
    bytes[at++] = 9
  }
  if (web && !pairs.has(SUB)) {
    for (const c of 'reverseproxy\t') bytes[at++] = c.charCodeAt(0)
  } else add(SUB)
  add(ACTION)
  add(last)
  putSort(row, sortFor.get(bytes, begin, at))
}

export const sophosUtm: Parser<Record<string, never>> = {
  id: 'sophos_utm',
  title: 'Sophos UTM',
  options: z.strictObject({}),
  logsources: [
    { category: 'firewall', product: 'sophos', vendor: VENDOR },
    { product: 'sophos', service: 'utm', vendor: VENDOR },
  ],
  settings: [
    {
      collect: 'syslog',
      where: 'Logging & Reporting → Log Settings → Remote Syslog Server',
      text: ({ host, port, tcp }) => `Server: ${host}; Port: ${tcp ? 'TCP' : 'UDP'} ${port}
Remote syslog log selection: Firewall, Intrusion Prevention System, Web Filtering, Web Application Firewall, User Authentication, SSL VPN, IPsec VPN
`,
    },
  ],
  open: () => parse,
}
