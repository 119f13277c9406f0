/** What the province counts as of a day: portals on IPv6, portals with a trust certificate, agencies, systems, certificates. */
import { isValidOn, zoneShift } from './days.ts'
import { ipv6At, trustedAt } from './portal.ts'
import type { Inventory, System } from './schema.ts'

export interface Counted {
  readonly total: number
  readonly ipv6: number
  readonly trusted: number
}
export interface Counts {
  /** The day, YYYY-MM-DD. */
  readonly date: string
  /** By kind of agency; a kind without any is absent. */
  readonly agencies: { readonly [kind: string]: number }
  readonly systems: { readonly total: number; readonly shared: number; readonly withLevel: number }
  /** Of portals, by the kind of their agency; those of an information system are counted apart, as `system`. */
  readonly portals: { readonly [kind: string]: Counted }
  readonly portalsInAll: Counted
  readonly devices: number
  readonly networks: number
  readonly signatures: { readonly total: number; readonly orphaned: number }
}

/** The level in force on a day; undefined where none was approved by then. */
export const levelOn = ({ levels }: System, date: string): System['levels'][number] | undefined =>
  levels.findLast(({ from }) => from <= date)

/** A certificate for signatures whose agency is abolished, or whose holder has left: somebody may still sign with it. */
export const isOrphaned = (
  { expires, revoked, left, organization }: Inventory['signatures'][number],
  inventory: Inventory,
  date: string,
): boolean => {
  if (expires < date || (revoked !== undefined && revoked <= date)) return false
  const agency = inventory.agencies.find(({ id }) => id === organization)
  return (left !== undefined && left <= date) || (agency?.valid_to !== undefined && agency.valid_to <= date)
}

export const countsAsOf = (inventory: Inventory, date: string): Counts => {
  // Noon of that day, where the province is: certificates end with a day.
  const time = Date.parse(`${date}T12:00:00Z`) - zoneShift(inventory.province.timezone)
  const agencies = inventory.agencies.filter((agency) => isValidOn(agency, date))
  const kindOf = new Map(inventory.agencies.map(({ id, kind }) => [id, kind]))
  const portals = inventory.portals.filter((portal) => isValidOn(portal, date))
  const count = (some: typeof portals): Counted => ({
    total: some.length,
    ipv6: some.filter((portal) => ipv6At(portal, time)).length,
    trusted: some.filter((portal) => trustedAt(portal, time)).length,
  })
  const systems = inventory.systems.filter((system) => isValidOn(system, date))
  const signatures = inventory.signatures.filter(
    ({ issued, expires, revoked }) =>
      (issued === undefined || issued <= date) && expires >= date && !(revoked !== undefined && revoked <= date),
  )
  return {
    date,
    agencies: tally(agencies.map(({ kind }) => kind)),
    systems: {
      total: systems.length,
      shared: systems.filter(({ shared }) => shared).length,
      withLevel: systems.filter((system) => levelOn(system, date)).length,
    },
    portals: Object.fromEntries(
      [
        ...Map.groupBy(portals, ({ organization, system }) =>
          system ? 'system' : (kindOf.get(organization) ?? 'committee'),
        ),
      ].map(([kind, some]) => [kind, count(some)]),
    ),
    portalsInAll: count(portals),
    devices: inventory.devices.filter((device) => isValidOn(device, date)).length,
    networks: inventory.networks.filter((network) => isValidOn(network, date)).length,
    signatures: {
      total: signatures.length,
      orphaned: signatures.filter((each) => isOrphaned(each, inventory, date)).length,
    },
  }
}

const tally = (kinds: readonly string[]): { [kind: string]: number } => {
  const out: { [kind: string]: number } = {}
  for (const kind of kinds) out[kind] = (out[kind] ?? 0) + 1
  return out
}
