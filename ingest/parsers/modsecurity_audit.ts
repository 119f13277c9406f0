/** What ModSecurity's audit entries say, in whatever form they were written. */
import { constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { find } from '../row/values.ts'
import { DESTINATION } from './flow.ts'
import { putHost } from './url.ts'

export const AUDIT = {
  time: field('@timestamp'),
  category: field('event.category'),
  type: field('event.type'),
  action: field('event.action'),
  agent: field('user_agent.original'),
  referrer: field('http.request.referrer'),
  mime: field('http.response.mime_type'),
  requestMime: field('http.request.mime_type'),
  cookie: field('http.request.cookie'),
  forwarded: field('modsec.audit.forwarded_for'),
  domain: field('url.domain'),
  scheme: field('url.scheme'),
  port: field('url.port'),
  server: field('modsec.audit.server'),
  producer: field('modsec.audit.producer'),
  connector: field('modsec.audit.connector'),
  messages: field('modsec.audit.messages'),
} as const

type Header = 'host' | number | undefined
const REQUEST: Readonly<Record<string, Header>> = {
  host: 'host',
  'user-agent': AUDIT.agent,
  referer: AUDIT.referrer,
  cookie: AUDIT.cookie,
  'content-type': AUDIT.requestMime,
  'x-forwarded-for': AUDIT.forwarded,
}
const RESPONSE: Readonly<Record<string, Header>> = { 'content-type': AUDIT.mime, server: AUDIT.server }
const of = (table: Readonly<Record<string, Header>>) =>
  new Memo((name): Header => {
    const key = name.toLowerCase()
    return Object.hasOwn(table, key) ? table[key] : undefined
  })
const requests = of(REQUEST)
const responses = of(RESPONSE)

/** Of two equal headers the first is said. */
export const putNamedHeader = (
  row: Row,
  name: number,
  nameEnd: number,
  from: number,
  to: number,
  isRequest: boolean,
): void => {
  const what = (isRequest ? requests : responses).get(row.bytes, name, nameEnd)
  if (what === undefined) return
  if (what === 'host') {
    if (!row.has(AUDIT.domain)) putHost(row, from, to)
  } else if (!row.has(what)) row.text(what, from, to)
}
/** `Name: value` */
export const putHeader = (row: Row, from: number, to: number, isRequest: boolean): void => {
  const { bytes: b } = row
  const colon = find(b, 58, from, Math.min(to, from + 80))
  if (colon < 0) return
  let at = colon + 1
  while (at < to && b[at]! <= 32) at++
  putNamedHeader(row, from, colon, at, to, isRequest)
}

const WEB = constant('web')
const ACCESS = constant('access')
const HTTPS = constant('https')
const HTTP = constant('http')
/** What kind of event it is; the scheme of the ports that IANA gave to HTTP, for an entry says none. */
export const putAuditClass = (row: Row): void => {
  row.list(AUDIT.category)
  row.constItem(WEB)
  row.list(AUDIT.type)
  row.constItem(ACCESS)
  if (!row.has(DESTINATION.port)) return
  const port = row.number[DESTINATION.port]!
  if (!row.has(AUDIT.port)) row.long(AUDIT.port, port)
  if (!row.has(AUDIT.scheme) && (port === 443 || port === 80)) row.const(AUDIT.scheme, port === 443 ? HTTPS : HTTP)
}
