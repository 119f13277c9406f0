/**
 * Whose event it is, and which portal it concerns (architecture, invariant 3). What a device of an agency wrote is that
 * agency's; what a shared device wrote (the data centre's proxies and firewalls) is the destination's, else the source's.
 */
import { parseCidr } from '../ip.ts'
import type { Address } from '../row/address.ts'
import { field } from '../row/handles.ts'
import { openNetworks } from '../row/networks.ts'
import { deviceLookup } from './device.ts'
import { inForce, type Span, spanOf, zoneShift } from './days.ts'
import { ownerOf, systemOf } from './scope.ts'
import type { Device, Inventory, NamedNetwork, Portal } from './schema.ts'

export interface Concern {
  /** Whose event it is. */
  readonly organization?: string
  readonly portal?: Portal
  /** The information system that it concerns, of the side whose event it is. */
  readonly system?: string
  /** The agency of either side, whoever's event it is: that of its portal, else of its network. */
  readonly source?: string
  readonly destination?: string
  /** A shared device wrote it: then a rule chooses which of both sides its alert concerns. */
  readonly shared: boolean
}

interface Site extends Span {
  readonly portal: Portal
  readonly names: ReadonlySet<string>
}

export interface Found extends Span {
  readonly network: NamedNetwork
}

/** The named networks that hold an address, the longest prefix first. */
const networkLookup = (inventory: Inventory, shift: number): ((address: Address) => readonly Found[]) =>
  openNetworks(
    inventory.networks.map((network) => [parseCidr(network.cidr)!, { network, ...spanOf(network, shift) }] as const),
  )

export interface ConcernLookup {
  /** What is known of one address; the answer does not depend on the event, so that a caller may remember it. */
  address(address: Address): AddressFacts
  /** Which of the stretches of time it is in that the inventory's dates divide; in each the answers are the same. */
  period(time: number): number
  /** The event says by 'vonglau.source.id' and 'log.source.address' through whom it came. */
  concern(
    event: Said,
    facts: EventFacts,
    source: { readonly organization?: string; readonly system?: string; readonly serves?: readonly string[] },
  ): Concern
}
/** What an event says, by field handle. */
export interface Said {
  text(f: number): string | undefined
  has(f: number): boolean
  /** '@timestamp'. */
  readonly time: number
}
export interface AddressFacts {
  readonly sites: readonly Site[]
  readonly networks: readonly Found[]
}
export interface EventFacts {
  readonly source?: AddressFacts | undefined
  readonly destination?: AddressFacts | undefined
  /** destination.nat.ip: where a firewall sends a connection to a portal on. */
  readonly translated?: AddressFacts | undefined
  /** The server whose log the event is from, where the line does not say it. */
  readonly server?: AddressFacts | undefined
}

/** The narrowest network in force that says whose an address is. */
const ownNetwork = (facts: AddressFacts | undefined, time: number): NamedNetwork | undefined =>
  facts?.networks.find(
    (found) => (found.network.organization ?? found.network.system) !== undefined && inForce(found, time),
  )?.network

/** The network in force that says most about an address. */
export const networkAt = (facts: AddressFacts, time: number): NamedNetwork | undefined =>
  facts.networks.find((found) => inForce(found, time))?.network

const alive = (facts: AddressFacts | undefined, time: number): readonly Site[] =>
  facts === undefined || facts.sites.length === 0 ? [] : facts.sites.filter((site) => inForce(site, time))

const NO_SITES: readonly Site[] = []
const DOMAIN = field('url.domain')
const STATUS = field('http.response.status_code')

interface Owned {
  readonly organization?: string | undefined
  readonly system?: string | undefined
}
const ownDevice = (device: Device | undefined): string | undefined =>
  device?.shared ? undefined : device?.organization

export const compileConcern = (inventory: Inventory): ConcernLookup => {
  const shift = zoneShift(inventory.province.timezone)
  const byAddress = new Map<string, Site[]>()
  const byOrganization = new Map<string, Site[]>()
  for (const portal of inventory.portals) {
    const site: Site = { portal, names: new Set([portal.domain, ...portal.aliases]), ...spanOf(portal, shift) }
    const own = byOrganization.get(portal.organization)
    if (own) own.push(site)
    else byOrganization.set(portal.organization, [site])
    for (const ip of new Set(portal.addresses)) {
      const sites = byAddress.get(ip)
      if (sites) sites.push(site)
      else byAddress.set(ip, [site])
    }
  }
  const networks = networkLookup(inventory, shift)
  const dates = [inventory.portals, inventory.networks, inventory.agencies, inventory.devices]
    .flatMap((entries) => entries.map((entry) => spanOf(entry, shift)))
    .flatMap(({ from, to }) => [from, to])
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  const devices = deviceLookup(inventory)
  const agencies = new Map(inventory.agencies.map((agency) => [agency.id, { ...agency, ...spanOf(agency, shift) }]))
  /** Who has an agency's duties at a time: the agency, or what succeeded it. */
  const holder = (id: string | undefined, time: number): string | undefined => {
    let at = id === undefined ? undefined : agencies.get(id)
    while (at && at.successors.length > 0 && time >= at.to) at = agencies.get(at.successors[0]!)
    return at?.id ?? id
  }

  const ownerOfSystem = (id: string): string | undefined => systemOf(inventory, id)?.owner
  /** What a source's configuration says, where an id of before may name what is a system now. */
  const configuredOwner = ({ organization, system }: Owned): Owned => {
    if (organization === undefined)
      return { organization: system === undefined ? undefined : ownerOfSystem(system), system }
    const owner = ownerOf(inventory, organization)
    return { organization: owner.organization, system: system ?? owner.system }
  }

  return {
    period: (time) => {
      let n = 0
      while (n < dates.length && dates[n]! <= time) n++
      return n
    },
    address: (address) => ({ sites: byAddress.get(address.text) ?? NO_SITES, networks: networks(address) }),

    concern(event, { source, destination, translated, server }, configured) {
      const { time } = event
      const sites = {
        destination: alive(destination, time),
        translated: alive(translated, time),
        server: alive(server, time),
      }
      const only = (found: readonly Site[]): Site | undefined => (found.length === 1 ? found[0] : undefined)
      const host = event.text(DOMAIN)
      const isAccessLog = event.has(STATUS)
      /** The host name counts only among what the address or the server serves, for an attacker writes Host. */
      const portalAmong = (mine: (found: readonly Site[]) => readonly Site[], own: readonly Site[]) => {
        const [here, behind, served] = [mine(sites.destination), mine(sites.translated), mine(sites.server)]
        const named =
          host === undefined
            ? undefined
            : [here, behind, served, own].find((found) => found.length > 0)?.find(({ names }) => names.has(host))
        // The address that serves exactly one portal. A web server's own log needs no address.
        return named ?? only(here) ?? only(behind) ?? (isAccessLog ? (only(served) ?? only(own)) : undefined)
      }
      const holderOf = (site: Site | undefined) => site && holder(site.portal.organization, time)
      /** Of an entry of the inventory: its agency, or that of its system. */
      const ownerAt = (entry: Owned | undefined): string | undefined =>
        holder(entry?.organization ?? (entry?.system === undefined ? undefined : ownerOfSystem(entry.system)), time)
      const reached = portalAmong((found) => found, [])
      const toNetwork = ownNetwork(destination, time) ?? ownNetwork(translated, time)
      const fromSite = only(alive(source, time))
      const fromNetwork = ownNetwork(source, time)
      const to = holderOf(reached) ?? ownerAt(toNetwork)
      const from = holderOf(fromSite) ?? ownerAt(fromNetwork)
      const sides = {
        ...(from === undefined ? {} : { source: from }),
        ...(to === undefined ? {} : { destination: to }),
      }
      /** The system of a side, where the event is that side's. */
      const systemTo = (mine: string | undefined) =>
        mine !== undefined && mine === to ? (reached?.portal.system ?? toNetwork?.system) : undefined
      const systemFrom = (mine: string | undefined) =>
        mine !== undefined && mine === from ? (fromSite?.portal.system ?? fromNetwork?.system) : undefined

      // A source with `serves` is shared, whoever owns it. Else: what the configuration says, then the inventory's device.
      const shared = configured.serves !== undefined
      const said = configuredOwner(configured)
      const device = devices.device(event, time)
      const stated = shared ? undefined : (said.organization ?? ownDevice(device))
      const mine = holder(stated, time)
      if (mine !== undefined) {
        // It is that agency's, and only its portals are in question.
        const theirs = (site: Site) => site.portal.organization === stated || holderOf(site) === mine
        const own = [stated!, ...(mine === stated ? [] : [mine])]
          .flatMap((id) => byOrganization.get(id) ?? [])
          .filter((site) => inForce(site, time))
        const site = portalAmong((found) => found.filter(theirs), own)
        const reachedOwn = site ? { portal: site.portal, destination: mine } : {}
        const system = site?.portal.system ?? said.system ?? device?.system ?? systemTo(mine) ?? systemFrom(mine)
        return {
          organization: mine,
          ...sides,
          ...reachedOwn,
          ...(system === undefined ? {} : { system }),
          shared: false,
        }
      }
      const organization = to ?? from ?? holder(said.organization, time)
      // A shared device is itself on a system, which is not that of whom its line is about.
      const isItsOwn = organization !== undefined && to === undefined && from === undefined
      const system = systemTo(organization) ?? systemFrom(organization) ?? (isItsOwn ? said.system : undefined)
      return {
        ...(organization === undefined ? {} : { organization }),
        ...(reached ? { portal: reached.portal } : {}),
        ...(system === undefined ? {} : { system }),
        ...sides,
        shared: true,
      }
    },
  }
}
