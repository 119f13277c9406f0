/**
 * What the words of Sigma's taxonomy mean here: a logsource is a filter over the events, a field one or several ECS
 * fields. ECS names stay as they are.
 * https://github.com/SigmaHQ/sigma-specification (appendix "Sigma taxonomy")
 */
import { FIELDS, fieldOf } from '../../ingest/event.ts'
import { and, contains, EVERYTHING, eq, exists, type Filter, or } from '../../ingest/store/filter.ts'
import { distance, nearest, quoted, Wrong } from './error.ts'
import type { Logsource } from './parse.ts'

type Fields = { readonly [name: string]: string | readonly string[] }

/** Rules look for whole requests in any of these, encoded or not. */
const REQUEST = ['url.original', 'url.decoded']

const WEB: Fields = {
  'c-uri': REQUEST,
  'c-uri-query': REQUEST,
  'c-uri-stem': 'url.path',
  'c-uri-extension': 'url.extension',
  'cs-uri': REQUEST,
  'cs-uri-query': REQUEST, // SigmaHQ's web rules mean path and query by it
  'cs-uri-stem': 'url.path',
  'c-ip': 'source.ip',
  's-ip': 'destination.ip',
  's-port': 'destination.port',
  src_ip: 'source.ip',
  dst_ip: 'destination.ip',
  dst_port: 'destination.port',
  'r-dns': 'url.domain',
  'cs-host': 'url.domain',
  'cs-method': 'http.request.method',
  'cs-version': 'http.version',
  'cs-user-agent': 'user_agent.original',
  'c-useragent': 'user_agent.original',
  'cs-referer': 'http.request.referrer',
  'cs-referrer': 'http.request.referrer',
  'cs-username': 'user.name',
  'cs-bytes': 'http.request.bytes',
  'cs-cookie': 'http.request.cookie',
  'cs-content-type': 'http.request.mime_type',
  'sc-status': 'http.response.status_code',
  'sc-bytes': 'http.response.body.bytes',
  'time-taken': 'event.duration',
}

const FIREWALL: Fields = {
  src_ip: 'source.ip',
  src_port: 'source.port',
  src_host: 'source.address',
  dst_ip: 'destination.ip',
  dst_port: 'destination.port',
  dst_host: 'destination.address',
  username: 'user.name',
  user: 'user.name',
  protocol: 'network.transport',
  service: 'network.protocol',
  application: 'network.application',
  action: ['event.action', 'event.type'], // `denied` and `allowed` are ECS types, the vendor's own word the action
  blocked: 'event.type',
}

const DNS: Fields = {
  query: 'dns.question.name',
  QueryName: 'dns.question.name',
  record_type: 'dns.question.type',
  answer: ['dns.resolved_ip', 'dns.answers.data'],
  src_ip: 'source.ip',
  dst_ip: 'destination.ip',
}

interface Known {
  readonly filter: Filter
  readonly fields: Fields
  /** What a name that is not in the table stands under: the vendor's own keys. */
  readonly vendor?: string
}

const web = eq('event.category', 'web')
const fortigate: Known = { filter: eq('event.dataset', 'fortinet_fortigate'), fields: {}, vendor: 'fortinet.firewall.' }
const fortigateEvents: Known = { ...fortigate, filter: and(fortigate.filter, eq('fortinet.firewall.type', 'event')) }

/** Logsources by `category/product/service`; '' where the rule says nothing. */
const LOGSOURCES = new Map<string, Known>([
  ['//', { filter: EVERYTHING, fields: {} }],
  ['webserver//', { filter: web, fields: WEB }],
  ['webserver//nginx', { filter: and(web, contains('event.dataset', 'nginx')), fields: WEB }],
  ['webserver//apache', { filter: and(web, contains('event.dataset', 'apache')), fields: WEB }],
  ['webserver//iis', { filter: and(web, contains('event.dataset', 'iis')), fields: WEB }],
  ['webserver/windows/iis', { filter: and(web, contains('event.dataset', 'iis')), fields: WEB }],
  ['//nginx', { filter: contains('event.dataset', 'nginx'), fields: WEB }],
  ['//apache', { filter: contains('event.dataset', 'apache'), fields: WEB }],
  // Proxies, and firewalls that log the addresses people visit.
  [
    'proxy//',
    {
      filter: and(eq('observer.type', 'proxy', 'firewall'), or(exists('url.original'), exists('url.domain'))),
      fields: WEB,
    },
  ],
  ['firewall//', { filter: eq('observer.type', 'firewall'), fields: FIREWALL }],
  ['dns//', { filter: exists('dns.question.name'), fields: DNS }],
  ['firewall/fortigate/', { ...fortigate, fields: FIREWALL }],
  ['/fortigate/', fortigate],
  ['/fortigate/event', fortigateEvents],
  ['/fortigate/traffic', { ...fortigate, filter: and(fortigate.filter, eq('fortinet.firewall.type', 'traffic')) }],
  ['/fortios/', fortigate],
  ['/fortios/event', fortigateEvents],
  ['/fortios/sslvpnd', { ...fortigate, filter: and(fortigate.filter, eq('fortinet.firewall.subtype', 'vpn')) }],
  ['/vonglau/source', { filter: eq('event.dataset', 'vonglau.source'), fields: {} }],
])

export interface Mapping {
  readonly filter: Filter
  /** The fields that a name means. Throws where it means none. */
  fields(name: string): readonly string[]
}

/** Names are taken as they are and every event is looked at: for rules over documents of another kind. */
export const AS_IS: Mapping = { filter: EVERYTHING, fields: (name) => [name] }

export const mappingOf = (logsource: Logsource | null | undefined): Mapping => {
  const said = (part: 'category' | 'product' | 'service') => (logsource?.[part] ?? '').toLowerCase()
  const key = `${said('category')}/${said('product')}/${said('service')}`
  const known = LOGSOURCES.get(key)
  if (!known) {
    const words = (['category', 'product', 'service'] as const).flatMap((part) =>
      said(part) ? [`${part} ${said(part)}`] : [],
    )
    const list = [...LOGSOURCES.keys()]
      .filter((each) => each !== '//')
      .map((each) => each.split('/').filter(Boolean).join(' '))
    throw new Wrong(`no source brings events of ${words.join(', ')}; known are ${[...new Set(list)].join(', ')}`)
  }
  const table = new Map(Object.entries(known.fields).map(([name, to]) => [name.toLowerCase(), [to].flat()]))
  return {
    filter: known.filter,
    fields: (name) => {
      if (fieldOf(name)) return [name]
      const mapped = table.get(name.toLowerCase())
      if (mapped) return mapped
      if (name.includes('.')) {
        const close = FIELDS.find((field) => distance(field.name, name, 1) === 1)
        if (close) throw new Wrong(`there is no field ${quoted(name)}; is ${close.name} meant?`)
        return [name]
      }
      if (known.vendor !== undefined) return [`${known.vendor}${name}`]
      const close = nearest(name, [...table.keys(), ...FIELDS.map((field) => field.name)])
      throw new Wrong(`no source brings a field ${quoted(name)}${close ? `; the nearest is ${close}` : ''}`)
    },
  }
}
