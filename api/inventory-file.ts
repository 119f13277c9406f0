/** The inventory's file after a person's change: it says the same, where it can be written. */
import { isUtf8 } from 'node:buffer'
import { chmodSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
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
  let beside: string | undefined
  try {
    // Where the path is a link, the file that it leads to is written, and the link stays.
    const real = realpathSync(path)
    if (real.startsWith(OURS))
      return { why: `${path} comes with the program and is not written: copy the change into a file of your own` }
    const bytes = readFileSync(real)
    // A comment in an older encoding would be written as something else.
    if (!isUtf8(bytes))
      return { why: `${path} is not all UTF-8 and is not written: save it as UTF-8, or write the change there` }
    const text = bytes.toString('utf8')
    if (hash !== undefined && hashOf(parseInventory(text, path)) !== hash)
      return { why: `${path} was changed and not read yet: read it (vonglau reload), then write the change there` }
    const result = writtenInto(
      text,
      path,
      places.map((place) => ({ ...place, entry: entryAt(inventory, place) })),
    )
    if ('why' in result) return result
    // Whole or not at all: who reads it meanwhile, or is killed, finds one of the two.
    beside = `${real}.new`
    // What a killed process has left is not written over: its rights may be others.
    rmSync(beside, { force: true })
    writeFileSync(beside, result.text, { flag: 'wx', mode: 0o600 })
    chmodSync(beside, statSync(real).mode & 0o7777)
    renameSync(beside, real)
    return { inventory: parseInventory(result.text, path) }
  } catch (error) {
    if (beside !== undefined) rmSync(beside, { force: true })
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
