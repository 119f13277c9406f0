/**
 * What the words of Sigma's taxonomy mean here: a logsource is a filter over the events, a field one or several ECS
 * fields. ECS names stay as they are.
 * https://github.com/SigmaHQ/sigma-specification (appendix "Sigma taxonomy")
 */
import type { Placeholders } from '../../ingest/inventory/placeholders.ts'
import { fieldOf, FIELDS, HEALTH_DATASET } from '../../ingest/event.ts'
import { and, EVERYTHING, eq, exists, type Filter, not, or } from '../../ingest/store/filter.ts'
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

/** What firewalls say in many words that ECS says in two. */
const VERDICTS: { readonly [type: string]: readonly string[] } = {
  allowed: ['accept', 'accepted', 'allow', 'allowed', 'forward', 'forwarded', 'pass', 'passed', 'permit', 'permitted'],
  denied: ['block', 'blocked', 'deny', 'denied', 'discard', 'drop', 'dropped', 'refuse', 'reject', 'rejected'],
}
/** The verdict that a value of a firewall's field means, whatever word the vendor has for it. */
const verdictOf = (name: string, value: string): string | undefined => {
  const word = value.toLowerCase()
  if (name.toLowerCase() === 'action') return Object.keys(VERDICTS).find((type) => VERDICTS[type]!.includes(word))
  if (name.toLowerCase() === 'blocked') return word === 'true' ? 'denied' : word === 'false' ? 'allowed' : undefined
  return undefined
}

/**
 * Where keywords are looked for in an event that ingest made: in what its line says, and in what was decoded of it. Not in what the
 * program says of itself: "informational" is no word of a line about a format.
 */
const SAID = [
  'event.original',
  'message',
  'url.original',
  'url.decoded',
  'user_agent.original',
  'http.request.referrer',
] as const

const DNS: Fields = {
  query: 'dns.question.name',
  QueryName: 'dns.question.name',
  record_type: 'dns.question.type',
  answer: ['dns.resolved_ip', 'dns.answers.data'],
  src_ip: 'source.ip',
  dst_ip: 'destination.ip',
}

/** Zeek's own names, where a parser says ECS's instead: SigmaHQ's rules for Zeek are written in them. */
const ZEEK: Fields = {
  'id.orig_h': 'source.ip',
  'id.orig_p': 'source.port',
  'id.resp_h': 'destination.ip',
  'id.resp_p': 'destination.port',
  proto: 'network.transport',
  query: 'dns.question.name',
  qtype_name: 'dns.question.type',
  rcode_name: 'dns.response_code',
  answers: 'dns.answers.data',
  method: 'http.request.method',
  host: 'url.domain',
  uri: 'url.original',
  user_agent: 'user_agent.original',
  'c-useragent': 'user_agent.original',
  'c-uri': REQUEST,
  referrer: 'http.request.referrer',
  status_code: 'http.response.status_code',
  request_body_len: 'http.request.body.bytes',
  response_body_len: 'http.response.body.bytes',
  server_name: 'tls.client.server_name',
  'certificate.serial': 'zeek.x509.certificate.serial',
  'certificate.subject': 'zeek.x509.certificate.subject',
  'certificate.issuer': 'zeek.x509.certificate.issuer',
}

/** What stands in an event's System part; names of EventData stand under `winlog.event_data.` as they are. */
const WINDOWS: Fields = {
  EventID: 'event.code',
  Provider_Name: 'event.provider',
  Channel: 'winlog.channel',
  Computer: 'winlog.computer_name',
}

interface Known {
  readonly filter: Filter
  readonly fields: Fields
  /** What a name that is not in the table stands under: the vendor's own keys. */
  readonly vendor?: string
}

const web = eq('event.category', 'web')
/** What Sigma's words mean for a kind of log. */
const TAXONOMIES = { webserver: WEB, firewall: FIREWALL, proxy: WEB, dns: DNS, zeek: ZEEK, windows: WINDOWS } as const

/** A kind of log that a source brings: what its parser says of itself, handed over by whoever puts the program together. */
export interface SourceKind {
  readonly dataset: string
  readonly category?: string
  readonly product?: string
  readonly service?: string
  readonly taxonomy?: keyof typeof TAXONOMIES
  readonly vendor?: string
  readonly where?: readonly [field: string, value: string]
}

/** A firewall that is an IPS too calls itself so (Cisco FTD). */
const FIREWALLS = ['firewall', 'idps'] as const

/** Logsources by `category/product/service`; '' where the rule says nothing. Whichever source brings them. */
const LOGSOURCES = new Map<string, Known>([
  ['//', { filter: EVERYTHING, fields: {} }],
  ['webserver//', { filter: web, fields: WEB }],
  // Proxies, and firewalls that log the addresses people visit.
  [
    'proxy//',
    {
      filter: and(eq('observer.type', 'proxy', ...FIREWALLS), or(exists('url.original'), exists('url.domain'))),
      fields: WEB,
    },
  ],
  ['firewall//', { filter: eq('observer.type', ...FIREWALLS), fields: FIREWALL }],
  ['dns//', { filter: exists('dns.question.name'), fields: DNS }],
  ['/vonglau/source', { filter: eq('event.dataset', HEALTH_DATASET), fields: {} }],
])

const keyOf = ({ category = '', product = '', service = '' }: Pick<SourceKind, 'category' | 'product' | 'service'>) =>
  `${category}/${product}/${service}`.toLowerCase()

const made = new WeakMap<readonly SourceKind[], ReadonlyMap<string, Known>>()
/** With what the sources bring; several may bring the same kind. */
const knownOf = (kinds: readonly SourceKind[]): ReadonlyMap<string, Known> => {
  let known = made.get(kinds)
  if (known) return known
  const all = new Map(LOGSOURCES)
  for (const [key, of] of Map.groupBy(kinds, keyOf)) {
    const filters = of.map(({ dataset, where }) =>
      where ? and(eq('event.dataset', dataset), eq(where[0], where[1])) : eq('event.dataset', dataset),
    )
    const [{ category, taxonomy, vendor }] = of as [SourceKind]
    const words = taxonomy ?? (category !== undefined && Object.hasOwn(TAXONOMIES, category) ? category : undefined)
    all.set(key, {
      filter: filters.length === 1 ? filters[0]! : or(...filters),
      fields: words === undefined ? {} : TAXONOMIES[words as keyof typeof TAXONOMIES],
      ...(vendor === undefined ? {} : { vendor }),
    })
  }
  made.set(kinds, (known = all))
  return known
}

export interface Mapping {
  readonly filter: Filter
  /** The fields that a name means. Throws where it means none. */
  fields(name: string): readonly string[]
  /** What values of a field mean beside themselves; undefined where nothing. */
  also?(name: string, values: readonly unknown[]): Filter | undefined
  /** Where keywords are looked for; absent: in every field. */
  readonly keywords?: readonly string[]
  readonly placeholders?: Placeholders
  /** Events are as ingest makes them: what a line leaves empty is not there. */
  readonly sparse?: true
}

/** Names are taken as they are and every event is looked at: for rules over documents of another kind. */
export const AS_IS: Mapping = { filter: EVERYTHING, fields: (name) => [name] }

/**
 * Names are taken as they are, and so are events, which may say their own logsource in the fields `category`, `product` and
 * `service`: a rule sees those that do not contradict it, as other programs route that take Sigma's names
 * (rsigma's `--logsource-routing`).
 */
export const routed = (logsource: Logsource | null | undefined): Mapping => ({
  ...AS_IS,
  filter: and(
    ...(['category', 'product', 'service'] as const).flatMap((part) => {
      const said = logsource?.[part]
      return said ? [or(not(exists(part)), eq(part, said))] : []
    }),
  ),
})

/** The field that a name is one letter away from. Others may be a device's own, and are nobody's mistake. */
export const meantFor = (name: string): string | undefined =>
  FIELDS.find((field) => distance(field.name, name, 1) === 1)?.name

export const mappingOf = (logsource: Logsource | null | undefined, kinds: readonly SourceKind[]): Mapping => {
  const said = (part: 'category' | 'product' | 'service') => (logsource?.[part] ?? '').toLowerCase()
  const all = knownOf(kinds)
  const known = all.get(`${said('category')}/${said('product')}/${said('service')}`)
  if (!known) {
    const words = (['category', 'product', 'service'] as const).flatMap((part) =>
      said(part) ? [`${part} ${said(part)}`] : [],
    )
    const list = [...all.keys()]
      .filter((each) => each !== '//')
      .map((each) => each.split('/').filter(Boolean).join(' '))
    throw new Wrong(`no source brings events of ${words.join(', ')}; known are ${[...new Set(list)].join(', ')}`)
  }
  const table = new Map(Object.entries(known.fields).map(([name, to]) => [name.toLowerCase(), [to].flat()]))
  return {
    filter: known.filter,
    sparse: true,
    keywords: SAID,
    ...(known.fields === FIREWALL
      ? {
          also: (name, values) => {
            const types = values.flatMap((value) => verdictOf(name, String(value)) ?? [])
            return types.length > 0 ? eq('event.type', ...types) : undefined
          },
        }
      : {}),
    fields: (name) => {
      if (fieldOf(name)) return [name]
      const mapped = table.get(name.toLowerCase())
      if (mapped) return mapped
      if (name.includes('.')) {
        const meant = meantFor(name)
        if (meant !== undefined) throw new Wrong(`there is no field ${quoted(name)}; is ${meant} meant?`)
        return [name]
      }
      if (known.vendor !== undefined) return [`${known.vendor}${name}`]
      const close = nearest(name, [...table.keys(), ...FIELDS.map((field) => field.name)])
      throw new Wrong(`no source brings a field ${quoted(name)}${close ? `; the nearest is ${close}` : ''}`)
    },
  }
}
