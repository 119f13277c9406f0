/** The inventory's file after a person's change: it says the same, where it can be written. */
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve, sep } from 'node:path'
import { entryAt, type Place } from '../ingest/inventory/entries.ts'
import { type Inventory, parseInventory } from '../ingest/inventory/inventory.ts'
import { writtenInto } from '../ingest/inventory/written.ts'
import { hashOf } from './inventory-versions.ts'

/** Inventories of demos and of tests: what belongs to the program is not changed by using it. */
const OURS = join(import.meta.dirname, '..', 'seeds') + sep

/** `hash`: of what the file brought last. Answers what the file says now, or why it was left as it was. */
export const writeBack = (
  path: string,
  hash: string | undefined,
  inventory: Inventory,
  places: readonly Place[],
): { readonly inventory: Inventory } | { readonly why: string } => {
  if (resolve(path).startsWith(OURS))
    return { why: `${path} comes with the program and is not written: copy the change into a file of your own` }
  try {
    const text = readFileSync(path, 'utf8')
    if (hash !== undefined && hashOf(parseInventory(text, path)) !== hash)
      return { why: `${path} was changed and not read yet: read it (vonglau reload), then write the change there` }
    const result = writtenInto(
      text,
      path,
      places.map((place) => ({ ...place, entry: entryAt(inventory, place) })),
    )
    if ('why' in result) return result
    // Whole or not at all: who reads it meanwhile, or is killed, finds one of the two.
    const beside = `${path}.new`
    writeFileSync(beside, result.text, { mode: statSync(path).mode })
    renameSync(beside, path)
    return { inventory: parseInventory(result.text, path) }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) return { why: (error as Error).message }
    return {
      why:
        code === 'EACCES' || code === 'EROFS' || code === 'EPERM'
          ? `${path} is read only here: copy the change there`
          : `${path} cannot be written (${code}): copy the change there`,
    }
  }
}
