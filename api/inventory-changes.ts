/** A person's change of entries as the next version: checked as a file would be, and refused where somebody was faster. */
import {
  endedOn,
  type Entry,
  entryAt,
  isDated,
  isList,
  isSame,
  type Kind,
  keyOf,
  type Place,
  placeText,
  withEntries,
} from '../ingest/inventory/entries.ts'
import { checkedInventory, type Inventory } from '../ingest/inventory/inventory.ts'
import { changesBetween } from '../ingest/inventory/merge.ts'
import type { Known, Version } from './inventory-versions.ts'

/** An entry as a file would say it, new or in place of the one with its key; or the end of one. */
export type EntryChange =
  | { readonly kind: Kind; readonly entry: unknown }
  | { readonly kind: Kind; readonly key: string; readonly end: true }

/** Somebody has changed the same since it was looked at. */
export class Stale extends Error {
  readonly place: Place
  constructor(place: Place) {
    super(`${placeText(place)} was changed by somebody else since you looked at it: look again, then change it`)
    this.place = place
  }
}

const keyIn = (kind: Kind, entry: unknown): string => {
  if (!isList(kind)) return ''
  let key: unknown
  try {
    key = keyOf(kind, entry)
  } catch {
    key = undefined
  }
  if (typeof key !== 'string' || /^(?:undefined|$)/.test(key))
    throw new Error(
      `an entry of ${kind} without ${{ devices: 'a name', networks: 'a cidr', signatures: 'a serial' }[kind as string] ?? 'an id'} is nobody: give it one`,
    )
  return key
}

export const personalVersion = (
  known: Known,
  looked: Inventory | undefined,
  changes: readonly EntryChange[],
  { by, reason }: { readonly by: string; readonly reason: string },
  { now, day }: { readonly now: number; readonly day: string },
): { readonly version: Version; readonly places: readonly Place[] } => {
  const entries = changes.map((change): Place & { readonly entry: Entry | undefined } => {
    const { kind } = change
    if (!('end' in change)) return { kind, key: keyIn(kind, change.entry), entry: change.entry as Entry }
    const place = { kind, key: change.key }
    const entry = entryAt(known.inventory, place)
    if (!entry) throw new Error(`there is no ${placeText(place)} to end: name one that the inventory has`)
    if (!isList(kind)) throw new Error(`${kind} has no end: change what it says`)
    return { ...place, entry: isDated(kind) ? endedOn(entry, day) : undefined }
  })
  const firsts = new Map(entries.map((place, i) => [placeText(place), i] as const).reverse())
  const twice = entries.find((place, i) => i !== firsts.get(placeText(place)))
  if (twice) throw new Error(`${placeText(twice)} stands twice among the changes: say it once`)
  for (const place of entries)
    if (looked && !isSame(entryAt(looked, place), entryAt(known.inventory, place))) throw new Stale(place)
  const inventory = checkedInventory(withEntries(known.inventory, entries))
  const changed = changesBetween(known.inventory, inventory)
  if (changed.length === 0) throw new Error('nothing would change: the inventory says that already')
  const places = new Set(changed.map(placeText))
  return {
    places: changed.map(({ kind, key }) => ({ kind, key })),
    version: {
      at: now,
      by,
      reason,
      inventory,
      files: known.files,
      hashes: known.hashes,
      personal: [...new Set([...known.personal, ...places])],
      waiting: known.waiting.filter(
        (each) => !places.has(placeText(each)) || !isSame(each.entry, entryAt(inventory, each)),
      ),
    },
  }
}
