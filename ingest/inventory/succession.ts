/**
 * Agencies that end on a day and those that have their duties from then on, n to m, as entries of the inventory. What the
 * former held (portals, devices, networks, systems) names one of the latter; where several succeed, all see the history.
 */
import { type Entry, type Kind, keyOf } from './entries.ts'
import { isValidOn } from './days.ts'
import type { AGENCY_KINDS, Agency, Inventory } from './schema.ts'

/** Kinds of what an agency holds and hands on. */
export const HELD_KINDS = ['portals', 'devices', 'networks', 'systems'] as const
export type HeldKind = (typeof HELD_KINDS)[number]

/** An agency that begins with the succession. */
export interface Founded {
  readonly id: string
  readonly name: string
  readonly kind: (typeof AGENCY_KINDS)[number]
  readonly code?: string | undefined
}
export interface Succession {
  /** Ids of agencies that end. */
  readonly predecessors: readonly string[]
  /** Ids of agencies that have their duties then, of the inventory or founded. */
  readonly successors: readonly string[]
  readonly founded: readonly Founded[]
  /** YYYY-MM-DD: the first day of the successors. */
  readonly date: string
  /** To whom something goes; what is not named goes to the first successor. */
  readonly given: readonly { readonly kind: HeldKind; readonly key: string; readonly to: string }[]
}
/** What is handed on, and to whom. */
export interface Handed {
  readonly kind: HeldKind
  readonly key: string
  readonly name: string
  readonly from: string
  readonly to: string
}
export interface Planned {
  readonly handed: readonly Handed[]
  readonly changes: readonly { readonly kind: Kind; readonly entry: Entry }[]
}

/**
 * What a succession changes. `today`: YYYY-MM-DD. Throws one sentence where it contradicts what is there. An entry that can be
 * dated (a network) ends and begins anew on the day; a portal, a device and a system name the successor from now on, so the
 * day is one that has come.
 */
export const planSuccession = (inventory: Inventory, asked: Succession, today: string): Planned => {
  const { predecessors, successors, founded, date } = asked
  const agencies = new Map(inventory.agencies.map((agency) => [agency.id, agency]))
  if (predecessors.length === 0 || successors.length === 0)
    throw new Error('a succession has agencies that end and agencies that have their duties then: name one of each')
  if (date > today)
    throw new Error(`${date} has not come yet: what they hold would name the successors too early; enter it on the day`)
  for (const { id } of founded) {
    if (agencies.has(id)) throw new Error(`there is an agency ${id} already: name it as a successor, or found another`)
    if (!successors.includes(id)) throw new Error(`${id} is founded and succeeds nobody: name it among the successors`)
  }
  const born = new Set(founded.map(({ id }) => id))
  const repeated = [...predecessors, ...successors].find((id, i, all) => all.indexOf(id) !== i)
  if (repeated !== undefined)
    throw new Error(`${repeated} is named twice: an agency that goes on keeps its entry and ends nowhere`)
  const ending = predecessors.map((id): Agency => {
    const agency = agencies.get(id)
    if (!agency) throw new Error(`there is no agency ${id} to end: name one that the inventory has`)
    if (agency.successors.length > 0)
      throw new Error(`${id} was succeeded by ${agency.successors.join(', ')} already: change that entry itself`)
    if (agency.valid_to !== undefined && agency.valid_to !== date)
      throw new Error(`${id} ended on ${agency.valid_to}: name that day`)
    if (agency.valid_from !== undefined && agency.valid_from >= date)
      throw new Error(`${id} began on ${agency.valid_from}: name a later day`)
    return agency
  })
  for (const id of successors) {
    if (born.has(id)) continue
    const agency = agencies.get(id)
    if (!agency) throw new Error(`there is no agency ${id} to succeed: name one that the inventory has, or found it`)
    if (!isValidOn(agency, date)) throw new Error(`${id} is none on ${date}: name one that is, or found it`)
  }
  const from = new Set(predecessors)
  const wanted = new Map(asked.given.map(({ kind, key, to }) => [`${kind} ${key}`, to]))
  const handed: Handed[] = []
  const changes: { kind: Kind; entry: Entry }[] = []
  const receiver = (kind: HeldKind, key: string, name: string, holder: string): string => {
    const to = wanted.get(`${kind} ${key}`) ?? successors[0]!
    if (!successors.includes(to)) throw new Error(`${kind} ${key} is given to ${to}, which succeeds nobody here`)
    wanted.delete(`${kind} ${key}`)
    handed.push({ kind, key, name, from: holder, to })
    return to
  }
  /** What ended before the day stays with who held it. */
  const goesOn = ({ valid_to }: { readonly valid_to?: string | undefined }) => valid_to === undefined || valid_to > date

  const [first] = ending
  for (const { id, name, kind, code } of founded) {
    const parent = first!.parent
    const said = {
      id,
      ...(code === undefined ? {} : { code }),
      name,
      kind,
      ...(parent === undefined ? {} : { parent }),
    }
    changes.push({ kind: 'agencies', entry: { ...said, valid_from: date } })
  }
  for (const agency of ending)
    changes.push({ kind: 'agencies', entry: { ...agency, valid_to: date, successors: [...successors] } })
  for (const portal of inventory.portals)
    if (from.has(portal.organization) && goesOn(portal))
      changes.push({
        kind: 'portals',
        entry: { ...portal, organization: receiver('portals', portal.id, portal.domain, portal.organization) },
      })
  for (const device of inventory.devices)
    if (from.has(device.organization) && goesOn(device))
      changes.push({
        kind: 'devices',
        entry: {
          ...device,
          organization: receiver('devices', keyOf('devices', device), device.name, device.organization),
        },
      })
  for (const network of inventory.networks) {
    if (network.organization === undefined || !from.has(network.organization) || !goesOn(network)) continue
    const key = keyOf('networks', network)
    const organization = receiver('networks', key, `${network.cidr} ${network.name}`, network.organization)
    if (network.valid_from !== undefined && network.valid_from >= date)
      changes.push({ kind: 'networks', entry: { ...network, organization } })
    else
      changes.push(
        { kind: 'networks', entry: { ...network, valid_to: date } },
        { kind: 'networks', entry: { ...network, organization, valid_from: date } },
      )
  }
  for (const system of inventory.systems) {
    const { owner, operator } = system
    const holder = from.has(owner) ? owner : operator !== undefined && from.has(operator) ? operator : undefined
    if (holder === undefined || !goesOn(system)) continue
    const to = receiver('systems', system.id, system.name, holder)
    changes.push({
      kind: 'systems',
      entry: {
        ...system,
        ...(from.has(owner) ? { owner: to } : {}),
        ...(operator !== undefined && from.has(operator) ? { operator: to } : {}),
      },
    })
  }
  const [left] = wanted.keys()
  if (left !== undefined) throw new Error(`${left} is none of what ${predecessors.join(', ')} held on ${date}`)
  return { handed, changes }
}
