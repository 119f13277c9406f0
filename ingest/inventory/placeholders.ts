/**
 * What rules may name of the inventory (Sigma's placeholders, `%name%`, with the modifier `expand`), as of a time: what is no
 * longer in force is not among it.
 */
import { dayOf, isValidOn } from './days.ts'
import { ipv6At, trustedAt } from './portal.ts'
import type { Inventory, Portal } from './schema.ts'

export type Placeholders = (name: string) => readonly string[] | undefined

const hosts = (portals: readonly Portal[]): string[] => portals.flatMap(({ domain, aliases }) => [domain, ...aliases])

interface Of {
  readonly portals: readonly Portal[]
  readonly networks: Inventory['networks']
  readonly devices: Inventory['devices']
  readonly systems: Inventory['systems']
  readonly time: number
}
const WORDS: Readonly<Record<string, (of: Of) => string[]>> = {
  portal_hosts: ({ portals }) => hosts(portals),
  portal_addresses: ({ portals }) => portals.flatMap(({ addresses }) => addresses),
  trust_certified_addresses: ({ portals, time }) =>
    portals.filter((portal) => trustedAt(portal, time)).flatMap(({ addresses }) => addresses),
  ipv6_portals: ({ portals, time }) => hosts(portals.filter((portal) => ipv6At(portal, time))),
  trust_certified_hosts: ({ portals, time }) => hosts(portals.filter((portal) => trustedAt(portal, time))),
  agency_networks: ({ networks }) => networks.filter((each) => each.organization !== undefined).map(({ cidr }) => cidr),
  wan_networks: ({ networks }) => networks.filter(({ kind }) => kind === 'wan').map(({ cidr }) => cidr),
  attacker_networks: ({ networks }) => networks.filter(({ kind }) => kind === 'attacker').map(({ cidr }) => cidr),
  firewalls: ({ devices }) => devices.filter(({ kind }) => kind === 'firewall').map(({ name }) => name),
  device_addresses: ({ devices }) => devices.flatMap(({ address }) => address ?? []),
  server_addresses: ({ systems }) => systems.flatMap(({ servers }) => servers),
}
export const PLACEHOLDERS: readonly string[] = Object.keys(WORDS)
/** Of a province of which nothing is known. */
export const NOTHING_KNOWN: Placeholders = (name) => (Object.hasOwn(WORDS, name) ? [] : undefined)

/** Whether rules that name the inventory say the same by both. */
export const isSaidAlike = (a: Placeholders, b: Placeholders): boolean =>
  PLACEHOLDERS.every((name) => {
    const [said, other] = [a(name) ?? [], b(name) ?? []]
    return said.length === other.length && said.every((word, i) => word === other[i])
  })

export const placeholdersOf = (inventory: Inventory, time: number): Placeholders => {
  const day = dayOf(inventory.province.timezone, time)
  const inForce = <T extends { readonly valid_from?: string | undefined; readonly valid_to?: string | undefined }>(
    entries: readonly T[],
  ): T[] => entries.filter((entry) => isValidOn(entry, day))
  const of = {
    time,
    portals: inForce(inventory.portals),
    networks: inForce(inventory.networks),
    devices: inForce(inventory.devices),
    systems: inForce(inventory.systems),
  }
  return (name) => (Object.hasOwn(WORDS, name) ? [...new Set(WORDS[name]!(of))].sort() : undefined)
}
