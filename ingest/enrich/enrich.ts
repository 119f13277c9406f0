/** What is known besides the line: country and AS, named networks, the agency and portal that an event concerns. */
import type { Event } from '../event.ts'
import { type AddressFacts, compileConcern, type Concern, networkAt, type Said } from '../inventory/concern.ts'
import { ipv6At, trustedAt } from '../inventory/portal.ts'
import type { Inventory, Portal } from '../inventory/schema.ts'
import { agencyName } from '../inventory/scope.ts'
import { putDirection, putNetworkType } from '../parsers/flow.ts'
import { type Address, addressOfText } from '../row/address.ts'
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import { Row, TEXT } from '../row/row.ts'
import type { GeoIp, Place } from './geoip.ts'
import { isReserved } from './reserved.ts'
import { decodeUrl } from './url.ts'
import { openKinds, openVerdicts, type Verdicts } from './verdicts.ts'

/** What a source's configuration says of the events that it brings. */
export interface EnrichSource {
  readonly organization?: string
  /** The information system whose log it is. */
  readonly system?: string
  /** The addresses of the server whose log it is: a Host header counts among the portals on them. */
  readonly serves?: readonly string[]
}
export type EnrichRow = (row: Row, source: EnrichSource) => void
export type Enricher = (event: Event, source: EnrichSource) => void

/** Of one address; the same for every event. */
interface Known extends AddressFacts {
  /** Of addresses of which the inventory says the same. */
  readonly kind: number
  readonly country: Const | undefined
  readonly asNumber: number | undefined
  readonly asName: Const | undefined
}

/** A `Concern` as it is written. */
interface Told {
  readonly organization: Const | undefined
  readonly organizationName: Const | undefined
  readonly portal: { readonly id: Const; readonly domain: Const; readonly portal: Portal } | undefined
  readonly system: Const | undefined
  readonly source: Const | undefined
  readonly destination: Const | undefined
  readonly shared: boolean
}

const NOWHERE: Place = {}
const sideOf = (side: 'source' | 'destination') => ({
  ip: field(`${side}.ip`),
  prefix: field(`${side}.prefix`),
  country: field(`${side}.geo.country_iso_code`),
  asNumber: field(`${side}.as.number`),
  asName: field(`${side}.as.organization.name`),
  network: field(`${side}.network.name`),
})
const SOURCE = sideOf('source')
const DESTINATION = sideOf('destination')
const F = {
  time: field('@timestamp'),
  sourceOrganization: field('source.organization.id'),
  destinationOrganization: field('destination.organization.id'),
  shared: field('vonglau.shared'),
  translated: field('destination.nat.ip'),
  sender: field('log.source.address'),
  status: field('http.response.status_code'),
  path: field('url.path'),
  query: field('url.query'),
  decoded: field('url.decoded'),
  related: field('related.ip'),
  organization: field('organization.id'),
  organizationName: field('organization.name'),
  system: field('system.id'),
  portal: field('portal.id'),
  portalDomain: field('portal.domain'),
  portalIpv6: field('portal.ipv6'),
  portalTrusted: field('portal.trusted'),
} as const
const RELATED = ['source.ip', 'destination.ip', 'source.nat.ip', 'destination.nat.ip', 'network.forwarded_ip'].map(
  field,
)

export const createRowEnricher = ({ inventory, geoip }: { inventory: Inventory; geoip: GeoIp }): EnrichRow => {
  const lookup = compileConcern(inventory)
  const itself = {}

  const kindOf = openKinds()
  /** Of addresses in no country, by their kind: most are of the same few. */
  const nowhere: Known[] = []
  const learn = (address: Address): Known => {
    const place: Place = isReserved(address) ? NOWHERE : geoip.lookup(address.text)
    const { sites, networks } = lookup.address(address)
    const kind = kindOf(sites, networks)
    if (place === NOWHERE) {
      nowhere[kind] ??= { sites, networks, kind, country: undefined, asNumber: undefined, asName: undefined }
      return nowhere[kind]
    }
    return {
      sites,
      networks,
      kind,
      country: place.country === undefined ? undefined : constant(place.country),
      asNumber: place.asNumber,
      asName: place.asName === undefined ? undefined : constant(place.asName),
    }
  }
  const factsOf = (address: Address): Known => {
    if (address.by !== itself) {
      address.facts = learn(address)
      address.by = itself
    }
    return address.facts as Known
  }
  const known = (row: Row, f: number): Known | undefined => {
    if (row.place[f] === 0 || row.kind[f] !== TEXT) return undefined
    const address = row.address[f] ?? addressOfText(row.get(f)!)
    return address && factsOf(address)
  }

  const putSide = (row: Row, side: ReturnType<typeof sideOf>, facts: Known, time: number): void => {
    const prefix = row.address[side.ip]?.prefix
    if (prefix !== undefined) row.const(side.prefix, prefix)
    const network = facts.networks.length === 0 ? undefined : networkAt(facts, time)
    if (network === undefined) {
      if (facts.country !== undefined) row.const(side.country, facts.country)
      if (facts.asNumber !== undefined) row.long(side.asNumber, facts.asNumber)
      if (facts.asName !== undefined) row.const(side.asName, facts.asName)
      return
    }
    const country = network.country === undefined ? facts.country : constant(network.country)
    if (country !== undefined) row.const(side.country, country)
    const number = network.as ? network.as.number : facts.asNumber
    if (number !== undefined) row.long(side.asNumber, number)
    const name = network.as ? network.as.name : facts.asName?.text
    if (name !== undefined) row.const(side.asName, constant(name))
    row.const(side.network, constant(network.name))
  }

  type Server = AddressFacts & { readonly kind: number }
  const servers = new WeakMap<readonly string[], Server>()
  const serverOf = (addresses: readonly string[]): Server => {
    let facts = servers.get(addresses)
    if (!facts) {
      const sites = addresses.flatMap((text) => {
        const address = addressOfText(text)
        return address ? factsOf(address).sites : []
      })
      facts = { sites: [...new Set(sites)], networks: [], kind: 0 }
      servers.set(addresses, (facts = { ...facts, kind: kindOf(facts.sites, facts.networks) }))
    }
    return facts
  }

  const remembered = new WeakMap<EnrichSource, Verdicts<Told>>()
  /** What the inventory asks of the row that is worked on. */
  let at = new Row(1 << 10)
  const said: Said = { text: (f) => at.get(f), has: (f) => at.has(f), time: 0 }
  const told = ({ organization, portal, system, source, destination, shared }: Concern): Told => {
    const said = (text: string | undefined) => (text === undefined ? undefined : constant(text))
    return {
      organization: said(organization),
      organizationName: said(organization === undefined ? undefined : agencyName(inventory, organization)),
      portal: portal && { id: constant(portal.id), domain: constant(portal.domain), portal },
      system: said(system),
      source: said(source),
      destination: said(destination),
      shared,
    }
  }

  return (row, source) => {
    const time = row.number[F.time]!
    const from = known(row, SOURCE.ip)
    const to = known(row, DESTINATION.ip)
    const translated = known(row, F.translated)
    if (from) putSide(row, SOURCE, from, time)
    if (to) putSide(row, DESTINATION, to, time)
    for (let i = 0; i < RELATED.length; i++)
      if (row.place[RELATED[i]!] !== 0) {
        row.made(F.related)
        break
      }
    // Of every source alike, where its parser knows nothing better.
    if (from || to) putNetworkType(row)
    if (from && to) putDirection(row)
    putDecoded(row)

    // A web server sends its own log; that a firewall sends one says nothing of where a request went.
    const server = source.serves ? serverOf(source.serves) : row.has(F.status) ? known(row, F.sender) : undefined
    at = row
    ;(said as { time: number }).time = time
    let verdicts = remembered.get(source)
    if (!verdicts) remembered.set(source, (verdicts = openVerdicts()))
    const key = verdicts.key(
      row,
      from ? from.kind : 0,
      to ? to.kind : 0,
      translated ? translated.kind : 0,
      server ? server.kind : 0,
      lookup.period(time),
    )
    const sides =
      verdicts.known(key) ??
      verdicts.learn(key, told(lookup.concern(said, { source: from, destination: to, translated, server }, source)))
    const { portal } = sides
    if (sides.source !== undefined) row.const(F.sourceOrganization, sides.source)
    if (sides.destination !== undefined) row.const(F.destinationOrganization, sides.destination)
    if (sides.shared) row.boolean(F.shared, true)
    if (sides.organization !== undefined) row.const(F.organization, sides.organization)
    if (sides.organizationName !== undefined) row.const(F.organizationName, sides.organizationName)
    if (sides.system !== undefined) row.const(F.system, sides.system)
    if (portal !== undefined) {
      row.const(F.portal, portal.id)
      row.const(F.portalDomain, portal.domain)
      row.boolean(F.portalIpv6, ipv6At(portal.portal, time))
      row.boolean(F.portalTrusted, trustedAt(portal.portal, time))
    }
  }
}

/** Enriches events that the program makes itself, one at a time. */
export const createEnricher = (options: { inventory: Inventory; geoip: GeoIp }): Enricher => {
  const enrich = createRowEnricher(options)
  const row = new Row(1 << 16)
  return (event, source) => {
    row.reset()
    row.put(event)
    enrich(row, source)
    Object.assign(event, row.event())
  }
}

/** url.decoded: path and query as a server reads them. Most are as they stand in the line. */
const putDecoded = (row: Row): void => {
  const [hasPath, hasQuery] = [row.has(F.path), row.has(F.query)]
  if (!hasPath && !hasQuery) return
  const [from, to] = hasPath
    ? [row.from[F.path]!, hasQuery ? row.to[F.query]! : row.to[F.path]!]
    : [row.from[F.query]! - 1, row.to[F.query]!]
  const { bytes } = row
  const isWhole = hasPath && (!hasQuery || (row.from[F.query] === row.to[F.path]! + 1 && bytes[row.to[F.path]!] === 63))
  if (isWhole) {
    let plain = true
    for (let i = from; i < to; i++)
      if (bytes[i] === 37 || bytes[i] === 43) {
        plain = false
        break
      }
    if (plain) {
      row.text(F.decoded, from, to)
      return
    }
  }
  const [path, query] = [row.get(F.path), row.get(F.query)]
  const decoded = decodeUrl(query === undefined ? `${path ?? ''}` : `${path ?? ''}?${query}`)
  if (decoded !== '') row.string(F.decoded, decoded)
}
