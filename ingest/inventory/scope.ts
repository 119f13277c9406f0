import type { Agency, Inventory } from './inventory.ts'

interface Index {
  readonly byId: ReadonlyMap<string, Agency>
  /** Agencies directly below one, and those that it succeeded. */
  readonly heirs: ReadonlyMap<string, readonly string[]>
}
const indexes = new WeakMap<Inventory, Index>()

const indexOf = (inventory: Inventory): Index => {
  let index = indexes.get(inventory)
  if (!index) {
    const heirs = new Map<string, string[]>()
    for (const { id, parent, successor } of inventory.agencies) {
      for (const above of [parent, successor]) {
        if (above === undefined) continue
        const list = heirs.get(above)
        if (list) list.push(id)
        else heirs.set(above, [id])
      }
    }
    index = { byId: new Map(inventory.agencies.map((agency) => [agency.id, agency])), heirs }
    indexes.set(inventory, index)
  }
  return index
}

/** The agencies, those below them and the predecessors of all these. Ids that are not in the inventory stay: history does. */
export const expandOrganizations = (inventory: Inventory, ids: readonly string[]): string[] => {
  const { heirs } = indexOf(inventory)
  const all = new Set(ids)
  for (const id of all) for (const below of heirs.get(id) ?? []) all.add(below) // a Set's loop sees what is added
  return [...all]
}

export const agencyName = (inventory: Inventory, id: string): string | undefined =>
  indexOf(inventory).byId.get(id)?.name
