/**
 * Whose event it is, and which portal it concerns (architecture, invariant 3). What a device of an agency wrote is that
 * agency's; what a shared device wrote (the data centre's proxies and firewalls) is the destination's, else the source's.
 */
import { parseCidr } from '../ip.ts'
import type { Address } from '../row/address.ts'
import { field } from '../row/handles.ts'
import { openNetworks } from '../row/networks.ts'
import { deviceLookup } from './device.ts'
import type { Inventory, NamedNetwork, Portal } from './inventory.ts'

export interface Concern {
  /** Whose event it is. */
  readonly organization?: string
  readonly portal?: Portal
  /** The agency of either side, whoever's event it is: that of its portal, else of its network. */
  readonly source?: string
  readonly destination?: string
  /** A shared device wrote it: then a rule chooses which of both sides its alert concerns. */
  readonly shared: boolean
}

/** In force from..to in epoch ms: days of the province's calendar are close enough to those of UTC for a list of dates. */
interface Span {
  readonly from: number
  readonly to: number
}
const day = (text: string | undefined, otherwise: number): number =>
  text === undefined ? otherwise : Date.parse(`${text}T00:00:00Z`)
const spanOf = (entry: { valid_from?: string | undefined; valid_to?: string | undefined }, shift: number): Span => ({
  from: day(entry.valid_from, Number.NEGATIVE_INFINITY) - shift,
  to: day(entry.valid_to, Number.POSITIVE_INFINITY) - shift,
})
const inForce = (span: Span, time: number): boolean => span.from <= time && time < span.to

const zoneShift = (timezone: string): number => {
  const name = new Intl.DateTimeFormat('en-US', { timeZone: timezone, timeZoneName: 'longOffset' })
    .formatToParts(Date.UTC(2025, 0, 1)) // today's offset: dates of validity are of this decade
    .find((part) => part.type === 'timeZoneName')?.value
  const m = /([+-])(\d\d):(\d\d)/.exec(name ?? '')
  return m ? (m[1] === '-' ? -1 : 1) * (Number(m[2]) * 60 + Number(m[3])) * 60_000 : 0
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
    source: { readonly organization?: string; readonly serves?: readonly string[] },
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

/** The organization of the narrowest network in force that names one. */
const owner = (facts: AddressFacts | undefined, time: number): string | undefined =>
  facts?.networks.find((found) => found.network.organization !== undefined && inForce(found, time))?.network
    .organization

/** The network in force that says most about an address. */
export const networkAt = (facts: AddressFacts, time: number): NamedNetwork | undefined =>
  facts.networks.find((found) => inForce(found, time))?.network

const alive = (facts: AddressFacts | undefined, time: number): readonly Site[] =>
  facts === undefined || facts.sites.length === 0 ? [] : facts.sites.filter((site) => inForce(site, time))

const NO_SITES: readonly Site[] = []
const DOMAIN = field('url.domain')
const STATUS = field('http.response.status_code')

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
  const dates = [inventory.portals, inventory.networks, inventory.agencies]
    .flatMap((entries) => entries.map((entry) => spanOf(entry, shift)))
    .flatMap(({ from, to }) => [from, to])
    .filter(Number.isFinite)
    .sort((a, b) => a - b)
  const devices = deviceLookup(inventory)
  const agencies = new Map(inventory.agencies.map((agency) => [agency.id, { ...agency, ...spanOf(agency, shift) }]))
  /** Who has an agency's duties at a time: the agency, or what succeeded it. */
  const holder = (id: string | undefined, time: number): string | undefined => {
    let at = id === undefined ? undefined : agencies.get(id)
    while (at?.successor !== undefined && time >= at.to) at = agencies.get(at.successor)
    return at?.id ?? id
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
      const reached = portalAmong((found) => found, [])
      const to = holderOf(reached) ?? holder(owner(destination, time) ?? owner(translated, time), time)
      const from = holderOf(only(alive(source, time))) ?? holder(owner(source, time), time)
      const sides = {
        ...(from === undefined ? {} : { source: from }),
        ...(to === undefined ? {} : { destination: to }),
      }

      // A source with `serves` is shared, whoever owns it. Else: what the configuration says, then the inventory's device.
      const shared = configured.serves !== undefined
      const stated = shared ? undefined : (configured.organization ?? devices.owner(event))
      const mine = holder(stated, time)
      if (mine !== undefined) {
        // It is that agency's, and only its portals are in question.
        const theirs = (site: Site) => site.portal.organization === stated || holderOf(site) === mine
        const own = [stated!, ...(mine === stated ? [] : [mine])]
          .flatMap((id) => byOrganization.get(id) ?? [])
          .filter((site) => inForce(site, time))
        const site = portalAmong((found) => found.filter(theirs), own)
        const reachedOwn = site ? { portal: site.portal, destination: mine } : {}
        return { organization: mine, ...sides, ...reachedOwn, shared: false }
      }
      const organization = to ?? from ?? holder(configured.organization, time)
      return {
        ...(organization === undefined ? {} : { organization }),
        ...(reached ? { portal: reached.portal } : {}),
        ...sides,
        shared: true,
      }
    },
  }
}
