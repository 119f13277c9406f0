/** What is known besides the line: country and AS, named networks, the agency and portal that an event concerns. */
import type { Event } from '../event.ts'
import { type AddressFacts, compileConcern, networkAt } from '../inventory/concern.ts'
import { agencyName } from '../inventory/scope.ts'
import type { Inventory } from '../inventory/inventory.ts'
import { formatIp, parseIp, prefix64 } from '../ip.ts'
import type { GeoIp, Place } from './geoip.ts'
import { isReserved } from './reserved.ts'
import { decodeUrl } from './url.ts'

/** What a source's configuration says of the events that it brings. */
export interface EnrichSource {
  readonly organization?: string
  /** The addresses of the server whose log it is: a Host header counts among the portals on them. */
  readonly serves?: readonly string[]
}
export type Enricher = (event: Event, source: EnrichSource) => void

interface Known extends AddressFacts {
  readonly prefix: string | undefined
  readonly place: Place
}

const NOWHERE: Place = {}
/** Half of the addresses remembered. Two generations: as good as an LRU here, and nothing to do when one is found. */
const GENERATION = 32_768

// Each field is written by its literal name: V8 turns an object into a hash table after a dozen stores by a variable, which
// costs twice as much to fill and to read again.
type Put<T> = (event: Event, value: T) => unknown
interface Side {
  readonly prefix: Put<string>
  readonly country: Put<string>
  readonly asNumber: Put<number>
  readonly asName: Put<string>
  readonly network: Put<string>
}
const SOURCE: Side = {
  prefix: (event, value) => (event['source.prefix'] = value),
  country: (event, value) => (event['source.geo.country_iso_code'] = value),
  asNumber: (event, value) => (event['source.as.number'] = value),
  asName: (event, value) => (event['source.as.organization.name'] = value),
  network: (event, value) => (event['source.network.name'] = value),
}
const DESTINATION: Side = {
  prefix: (event, value) => (event['destination.prefix'] = value),
  country: (event, value) => (event['destination.geo.country_iso_code'] = value),
  asNumber: (event, value) => (event['destination.as.number'] = value),
  asName: (event, value) => (event['destination.as.organization.name'] = value),
  network: (event, value) => (event['destination.network.name'] = value),
}

export const createEnricher = ({ inventory, geoip }: { inventory: Inventory; geoip: GeoIp }): Enricher => {
  const lookup = compileConcern(inventory)
  let young = new Map<string, Known>()
  let old = new Map<string, Known>()

  const learn = (address: string): Known | undefined => {
    const ip = parseIp(address)
    if (!ip) return undefined
    const canonical = formatIp(ip)
    const place = isReserved(ip) ? NOWHERE : geoip.lookup(canonical)
    return { ...lookup.address(ip, canonical), prefix: prefix64(ip), place }
  }
  const known = (address: unknown): Known | undefined => {
    if (typeof address !== 'string') return undefined
    let entry = young.get(address)
    if (entry) return entry
    entry = old.get(address) ?? learn(address)
    if (!entry) return undefined
    if (young.size >= GENERATION) {
      old = young
      young = new Map()
    }
    young.set(address, entry)
    return entry
  }

  const putSide = (event: Event, side: Side, entry: Known, time: number): void => {
    if (entry.prefix !== undefined) side.prefix(event, entry.prefix)
    const network = entry.networks.length === 0 ? undefined : networkAt(entry, time)
    const { place } = entry
    const country = network?.country ?? place.country
    if (country !== undefined) side.country(event, country)
    const system = network?.as
    const number = system ? system.number : place.asNumber
    if (number !== undefined) side.asNumber(event, number)
    const operator = system ? system.name : place.asName
    if (operator !== undefined) side.asName(event, operator)
    if (network === undefined) return
    side.network(event, network.name)
  }

  const servers = new WeakMap<readonly string[], AddressFacts>()
  const factsOf = (addresses: readonly string[]): AddressFacts => {
    let facts = servers.get(addresses)
    if (!facts) {
      const sites = addresses.flatMap((address) => known(address)?.sites ?? [])
      servers.set(addresses, (facts = { sites: [...new Set(sites)], networks: [] }))
    }
    return facts
  }

  return (event, source) => {
    const time = event['@timestamp'] as number
    const from = known(event['source.ip'])
    const to = known(event['destination.ip'])
    const translated = known(event['destination.nat.ip'])
    if (from) putSide(event, SOURCE, from, time)
    if (to) putSide(event, DESTINATION, to, time)
    putRelated(event)

    const path = event['url.path']
    const query = event['url.query']
    if (typeof path === 'string' || typeof query === 'string') {
      const decoded = decodeUrl(query === undefined ? `${path ?? ''}` : `${path ?? ''}?${query}`)
      if (decoded !== '') event['url.decoded'] = decoded
    }

    // A web server sends its own log; that a firewall sends one says nothing of where a request went.
    const isAccessLog = event['http.response.status_code'] !== undefined
    const server = source.serves ? factsOf(source.serves) : isAccessLog ? known(event['log.source.address']) : undefined
    const { organization, portal, ...sides } = lookup.concern(
      event,
      { source: from, destination: to, translated, server },
      source,
    )
    if (sides.source !== undefined) event['source.organization.id'] = sides.source
    if (sides.destination !== undefined) event['destination.organization.id'] = sides.destination
    if (sides.shared) event['vonglau.shared'] = true
    if (organization !== undefined) {
      event['organization.id'] = organization
      const name = agencyName(inventory, organization)
      if (name !== undefined) event['organization.name'] = name
    }
    if (portal !== undefined) {
      event['portal.id'] = portal.id
      event['portal.domain'] = portal.domain
      event['portal.ipv6'] = portal.ipv6
      event['portal.trusted'] = trustedAt(portal.trust?.expires, time)
    }
  }
}

/** A certificate holds through the day that it says. */
const ends = new Map<string, number>()
const trustedAt = (expires: string | undefined, time: number): boolean => {
  if (expires === undefined) return false
  let end = ends.get(expires)
  if (end === undefined) {
    end = Date.parse(`${expires}T00:00:00Z`) + 86_400_000
    if (ends.size < 10_000) ends.set(expires, end)
  }
  return time < end
}

const RELATED = ['source.ip', 'destination.ip', 'source.nat.ip', 'destination.nat.ip', 'network.forwarded_ip'] as const
const putRelated = (event: Event): void => {
  const ips: string[] = []
  for (const field of RELATED) {
    const ip = event[field]
    if (typeof ip === 'string' && !ips.includes(ip)) ips.push(ip)
  }
  if (ips.length > 0) event['related.ip'] = ips
}
