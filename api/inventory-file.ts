/** The inventory's file after a person's change: it says the same, where it can be written. */
import { isUtf8 } from 'node:buffer'
import { readFileSync, realpathSync } from 'node:fs'
import { entryAt, type Place } from '../ingest/inventory/entries.ts'
import { type Inventory, parseInventory } from '../ingest/inventory/inventory.ts'
import { writtenInto } from '../ingest/inventory/written.ts'
import { hashOf } from './inventory-versions.ts'
import { isOurs, replaceFile, unwritten } from './replace-file.ts'

/** `hash`: of what the file brought last. Answers what the file says now, or why it was left as it was. */
export const writeBack = (
  path: string,
  hash: string | undefined,
  inventory: Inventory,
  places: readonly Place[],
): { readonly inventory: Inventory } | { readonly why: string } => {
  try {
    // Where the path is a link, the file that it leads to is written, and the link stays.
    const real = realpathSync(path)
    if (isOurs(real))
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
    replaceFile(real, result.text)
    return { inventory: parseInventory(result.text, path) }
  } catch (error) {
    return { why: unwritten(path, error) }
  }
}
