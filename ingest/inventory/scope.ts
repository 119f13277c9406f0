/** Who may read what: agencies with those below them and their predecessors, and the systems that they run. */
import type { Agency, Inventory, System } from './schema.ts'

interface Index {
  readonly agencies: ReadonlyMap<string, Agency>
  readonly systems: ReadonlyMap<string, System>
  /** Systems by the ids that they had as agencies. */
  readonly former: ReadonlyMap<string, System>
  /** Agencies directly below one. */
  readonly below: ReadonlyMap<string, readonly Agency[]>
  /** Those that it succeeded. */
  readonly before: ReadonlyMap<string, readonly Agency[]>
}
const indexes = new WeakMap<Inventory, Index>()

const indexOf = (inventory: Inventory): Index => {
  let index = indexes.get(inventory)
  if (!index) {
    const below = new Map<string, Agency[]>()
    const before = new Map<string, Agency[]>()
    const put = (map: Map<string, Agency[]>, key: string, agency: Agency) => {
      const list = map.get(key)
      if (list) list.push(agency)
      else map.set(key, [agency])
    }
    for (const agency of inventory.agencies) {
      if (agency.parent !== undefined) put(below, agency.parent, agency)
      for (const successor of agency.successors) put(before, successor, agency)
    }
    index = {
      agencies: new Map(inventory.agencies.map((agency) => [agency.id, agency])),
      systems: new Map(inventory.systems.map((system) => [system.id, system])),
      former: new Map(inventory.systems.flatMap((system) => system.former.map((id) => [id, system] as const))),
      below,
      before,
    }
    indexes.set(inventory, index)
  }
  return index
}

/** What somebody of these agencies sees: ids are matched as they are stored. */
export interface Reach {
  readonly organizations: readonly string[]
  readonly systems: readonly string[]
}

/**
 * The agencies, those below them and the predecessors of all these; the systems that they run, and what is stored under the
 * ids that the systems they own or run had as agencies. What stood below a predecessor comes along, but for what has successors
 * of its own: a district's communes went to others. An id of such a system reaches that system and nothing else. Ids that are
 * not in the inventory stay: history does.
 */
export const reachOf = (inventory: Inventory, ids: readonly string[]): Reach => {
  const { below, before, former, agencies } = indexOf(inventory)
  // A Set's loop sees what is added.
  const own = new Set(ids)
  for (const id of own) for (const agency of below.get(id) ?? []) own.add(agency.id)
  const all = new Set(own)
  for (const id of all) {
    for (const agency of before.get(id) ?? []) all.add(agency.id)
    if (!own.has(id)) for (const agency of below.get(id) ?? []) if (agency.successors.length === 0) all.add(agency.id)
  }
  const systems = new Set<string>()
  for (const system of inventory.systems) {
    if (system.operator !== undefined && all.has(system.operator)) systems.add(system.id)
    if (systems.has(system.id) || all.has(system.owner)) for (const id of system.former) all.add(id)
  }
  for (const id of ids) {
    const system = agencies.has(id) ? undefined : former.get(id)
    if (system) systems.add(system.id)
  }
  return { organizations: [...all], systems: [...systems] }
}

/** Of one agency: itself, those below it, the predecessors of all these, and what was theirs before systems had owners. */
export const expandOrganizations = (inventory: Inventory, ids: readonly string[]): readonly string[] =>
  reachOf(inventory, ids).organizations

/** Of an agency, or of a system that was one. */
export const agencyName = (inventory: Inventory, id: string): string | undefined => {
  const { agencies, former } = indexOf(inventory)
  return agencies.get(id)?.name ?? former.get(id)?.name
}
export const agencyOf = (inventory: Inventory, id: string): Agency | undefined => indexOf(inventory).agencies.get(id)
export const systemOf = (inventory: Inventory, id: string): System | undefined => indexOf(inventory).systems.get(id)

/** What an id names that stands where an agency's does: an agency, or a system of before it was one. */
export const ownerOf = (
  inventory: Inventory,
  id: string,
): { readonly organization: string; readonly system?: string } => {
  const system = agencyOf(inventory, id) ? undefined : indexOf(inventory).former.get(id)
  return system ? { organization: system.owner, system: system.id } : { organization: id }
}
export const isKnown = (inventory: Inventory, id: string): boolean =>
  indexOf(inventory).agencies.has(id) || indexOf(inventory).former.has(id)

/** Before an agency was one that has its duties now: those whose successor it is, and theirs. */
export const predecessorsOf = (inventory: Inventory, id: string): Agency[] => {
  const found = new Map<string, Agency>()
  const waiting = [id]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
    for (const agency of inventory.agencies)
      if (agency.successors.includes(next) && !found.has(agency.id)) {
        found.set(agency.id, agency)
        waiting.push(agency.id)
      }
  return [...found.values()]
}

/** The ids under which what is an agency's is stored: its own, its predecessors', those that its systems had as agencies. */
export const storedUnder = (inventory: Inventory, id: string): string[] => {
  const ids = new Set([id, ...predecessorsOf(inventory, id).map((agency) => agency.id)])
  for (const { owner, former } of inventory.systems) if (ids.has(owner)) for (const each of former) ids.add(each)
  return [...ids]
}

/** The other way: the agencies that what is stored under an id is counted with, itself, its successors and theirs. */
export const countedWith = (inventory: Inventory, id: string): string[] => {
  const { agencies, former } = indexOf(inventory)
  const found = new Set([id])
  const system = agencies.has(id) ? undefined : former.get(id)
  if (system) found.add(system.owner)
  for (const each of found) for (const successor of agencies.get(each)?.successors ?? []) found.add(successor)
  return [...found]
}
