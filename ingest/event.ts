/**
 * The ECS field table. The TypeScript type, the DuckDB columns and the Elasticsearch mapping derive from it.
 *
 * An event is a flat record of dotted ECS names. Times are epoch milliseconds (UTC), `event.duration` is nanoseconds
 * (ECS), sizes are bytes, addresses are canonical text (RFC 5952 for IPv6). A field that is not known is absent, never
 * null or ''. A field with several values is an array and means a set.
 */
export type Scalar = string | number | boolean
export type Value = Scalar | readonly Scalar[]
export type Event = { [field: string]: Value }

/** keyword: text, searched without case. ip: canonical address. date: epoch ms. long: integer. */
export type FieldType = 'keyword' | 'ip' | 'date' | 'long' | 'double' | 'boolean'

export interface Field {
  readonly name: string
  readonly type: FieldType
  /** A column of its own in DuckDB; the rest is JSON in one column, thirty times slower to search. */
  readonly column: boolean
  /** Holds several values as a rule (ECS says "array"): a list column. */
  readonly list: boolean
  /** The fields, of single values, whose values these are, each once, in this order: said of an event, it need not be stored. */
  readonly of?: readonly string[]
}

const field = (name: string, type: FieldType, column = false, list = false): Field => ({ name, type, column, list })
const made = (name: string, type: FieldType, of: readonly string[]): Field => ({
  ...field(name, type, false, true),
  of,
})

/** Fields that rules, the search bar or a page use. An event may carry others; they are keyword, or long where numeric. */
export const FIELDS: readonly Field[] = [
  field('@timestamp', 'date', true),
  field('event.ingested', 'date', true),
  field('event.id', 'keyword', true),
  field('event.kind', 'keyword', true),
  field('event.dataset', 'keyword', true),
  field('event.category', 'keyword', true, true),
  field('event.type', 'keyword', true, true),
  field('event.action', 'keyword', true),
  field('event.outcome', 'keyword', true),
  field('event.code', 'keyword', true),
  field('event.original', 'keyword', true),
  field('event.duration', 'long', true),
  field('event.start', 'date', true),
  field('event.end', 'date'),
  field('event.severity', 'long'),
  field('event.reason', 'keyword'),
  field('message', 'keyword'),
  field('error.message', 'keyword', true),
  field('log.level', 'keyword', true),
  field('log.file.path', 'keyword'),
  field('log.source.address', 'keyword'),
  field('log.syslog.priority', 'long', true),
  field('log.syslog.facility.code', 'long', true),
  field('log.syslog.severity.code', 'long', true),
  // vonglau.* is what this program says about the line and its source.
  field('vonglau.source.id', 'keyword', true),
  field('vonglau.shared', 'boolean', true), // a shared device wrote it: a rule chooses which side its alert concerns
  field('vonglau.import', 'boolean', true), // history that was imported without detection: no rule looks at it
  // The rules that the event was judged by where it was taken apart, and those that it meets (`judge.ts`).
  field('vonglau.judged', 'keyword', true),
  field('vonglau.hits', 'keyword', true, true),
  field('vonglau.owed', 'boolean', true), // too long to be judged there: it is, from the store
  // Of dataset vonglau.source, once a minute: how a source is.
  field('vonglau.source.state', 'keyword'),
  field('vonglau.source.lines', 'long'),
  field('vonglau.source.unparsed', 'long'),
  field('vonglau.source.dropped', 'long'),
  field('vonglau.source.lag', 'long'), // ms
  field('vonglau.source.behind', 'long'), // bytes
  field('vonglau.source.silent_seconds', 'long'),
  // Of dataset vonglau.silence: of which rule, silent or heard, and when it was heard last (`rules/silences.ts`).
  field('vonglau.silence.rule', 'keyword'),
  field('vonglau.silence.state', 'keyword'),
  field('vonglau.silence.since', 'date'),
  field('vonglau.time.parsed', 'date'), // the time the line claims, where arrival replaced it
  field('vonglau.original.base64', 'keyword'), // the bytes of a line that is no text
  field('observer.name', 'keyword', true),
  field('observer.vendor', 'keyword', true),
  field('observer.product', 'keyword', true),
  field('observer.type', 'keyword', true),
  field('observer.serial_number', 'keyword', true),
  field('source.ip', 'ip', true),
  field('source.prefix', 'keyword', true), // the /64 of an IPv6 address, '2001:db8::/64'
  field('source.port', 'long', true),
  field('source.bytes', 'long', true),
  field('source.packets', 'long', true),
  field('source.address', 'keyword'),
  field('source.nat.ip', 'ip', true),
  field('source.nat.port', 'long'),
  field('source.user.name', 'keyword', true),
  field('source.geo.country_iso_code', 'keyword', true),
  field('source.as.number', 'long', true),
  field('source.as.organization.name', 'keyword', true),
  field('source.network.name', 'keyword', true), // a network that the inventory names
  field('source.organization.id', 'keyword', true), // the agency of this side, whoever's event it is
  field('destination.ip', 'ip', true),
  field('destination.prefix', 'keyword', true),
  field('destination.port', 'long', true),
  field('destination.bytes', 'long', true),
  field('destination.packets', 'long', true),
  field('destination.address', 'keyword'),
  field('destination.nat.ip', 'ip', true),
  field('destination.nat.port', 'long'),
  field('destination.geo.country_iso_code', 'keyword', true),
  field('destination.as.number', 'long', true),
  field('destination.as.organization.name', 'keyword', true),
  field('destination.network.name', 'keyword', true),
  field('destination.organization.id', 'keyword', true), // the agency of this side, whoever's event it is
  field('network.transport', 'keyword', true),
  field('network.type', 'keyword', true),
  field('network.protocol', 'keyword', true),
  field('network.application', 'keyword'),
  field('network.direction', 'keyword', true),
  field('network.bytes', 'long', true),
  field('network.packets', 'long', true),
  field('network.iana_number', 'keyword', true),
  field('url.original', 'keyword', true),
  field('url.path', 'keyword', true),
  field('url.query', 'keyword', true),
  field('url.domain', 'keyword', true),
  field('url.decoded', 'keyword', true), // path and query, decoded until nothing changes: what rules search
  field('url.extension', 'keyword'),
  field('http.request.method', 'keyword', true),
  field('http.request.referrer', 'keyword', true),
  field('http.request.bytes', 'long'),
  field('http.response.status_code', 'long', true),
  field('http.response.bytes', 'long'),
  field('http.response.body.bytes', 'long', true),
  field('http.version', 'keyword', true),
  field('user_agent.original', 'keyword', true),
  field('user.name', 'keyword', true),
  field('rule.id', 'keyword', true), // the firewall's own rule; an alert's rule.* is ours
  field('rule.name', 'keyword', true),
  field('rule.category', 'keyword', true),
  field('rule.ruleset', 'keyword', true),
  field('rule.description', 'keyword'),
  field('event.reference', 'keyword'),
  made('related.ip', 'ip', [
    'source.ip',
    'destination.ip',
    'source.nat.ip',
    'destination.nat.ip',
    'network.forwarded_ip',
  ]),
  field('network.forwarded_ip', 'ip', true),
  field('dns.question.name', 'keyword'),
  field('dns.resolved_ip', 'ip', true, true),
  field('destination.domain', 'keyword'),
  field('user.domain', 'keyword'),
  field('host.name', 'keyword'),
  field('file.name', 'keyword'),
  field('file.size', 'long'),
  field('url.scheme', 'keyword'),
  field('url.full', 'keyword'),
  field('url.port', 'long'),
  field('http.request.body.bytes', 'long'),
  field('tls.server.not_before', 'date'),
  field('tls.server.not_after', 'date'),
  field('file.x509.not_before', 'date'),
  field('file.x509.not_after', 'date'),
  field('observer.ingress.interface.name', 'keyword', true),
  field('observer.egress.interface.name', 'keyword', true),
  // What every line of a FortiGate says beside: few values, which rules and people ask for.
  field('fortinet.firewall.type', 'keyword', true),
  field('fortinet.firewall.subtype', 'keyword', true),
  field('fortinet.firewall.action', 'keyword', true),
  field('fortinet.firewall.vd', 'keyword', true),
  field('fortinet.firewall.sessionid', 'keyword', true),
  field('fortinet.firewall.srcintfrole', 'keyword', true),
  field('fortinet.firewall.dstintfrole', 'keyword', true),
  field('fortinet.firewall.srccountry', 'keyword', true),
  field('fortinet.firewall.dstcountry', 'keyword', true),
  field('fortinet.firewall.trandisp', 'keyword', true),
  field('organization.id', 'keyword', true),
  field('organization.name', 'keyword', true),
  field('system.id', 'keyword', true), // the information system that it concerns, of the inventory
  field('portal.id', 'keyword', true),
  field('portal.domain', 'keyword', true),
  field('portal.ipv6', 'boolean', true), // the inventory says that it serves IPv6
  field('portal.trusted', 'boolean', true), // it holds a network-trust certificate (tín nhiệm mạng)
]

const byName = new Map(FIELDS.map((f) => [f.name, f]))
export const fieldOf = (name: string): Field | undefined => byName.get(name)
export const typeOf = (name: string): FieldType | undefined => byName.get(name)?.type

/** The values of a field as a list; absent is []. */
export const valuesOf = (event: Event, name: string): readonly Scalar[] => {
  // Every object answers to names such as "constructor": only what the event itself has counts.
  const value = Object.hasOwn(event, name) ? event[name] : undefined
  return value === undefined ? [] : Array.isArray(value) ? (value as readonly Scalar[]) : [value as Scalar]
}

/** The values of a field that is made of others. */
export const derived = (event: Event, { of = [] }: Field): string[] => {
  const out: string[] = []
  for (const name of of) {
    const value = event[name]
    if (typeof value === 'string' && !out.includes(value)) out.push(value)
  }
  return out
}

/** An event as the nested ECS document that a person or another program reads: times as ISO 8601 in UTC. */
export const toDocument = (event: Event): Record<string, unknown> => {
  // A sender may name a field `__proto__`: nothing is inherited here.
  const out = Object.create(null) as Record<string, unknown>
  for (const [name, value] of Object.entries(event)) {
    const shown = typeOf(name) === 'date' && typeof value === 'number' ? new Date(value).toISOString() : value
    const path = name.split('.')
    let at = out
    let i = 0
    for (; i < path.length - 1; i++) {
      const next = at[path[i]!]
      if (next === undefined) at = at[path[i]!] = Object.create(null) as Record<string, unknown>
      else if (typeof next === 'object' && next !== null && !Array.isArray(next)) at = next as Record<string, unknown>
      else break // a scalar stands where a group would begin: keep the dotted remainder
    }
    const last = path.slice(i).join('.')
    if (i === path.length - 1 && typeof at[last] === 'object' && at[last] !== null && !Array.isArray(at[last]))
      out[name] = shown
    else at[last] = shown
  }
  return out
}

/** Of events that say how a source is, once a minute. */
export const HEALTH_DATASET = 'vonglau.source'
