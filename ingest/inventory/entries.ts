/**
 * An inventory as entries that are changed one by one: an agency, a system, a portal and so on, each known by a key; what has
 * no entries of its own (the province, the calendar, deadlines, duties) is one entry with the key ''.
 */
import type { Inventory } from './schema.ts'

/** What an entry of a kind is known by. */
const KEYS = {
  agencies: (entry: Inventory['agencies'][number]) => entry.id,
  systems: (entry: Inventory['systems'][number]) => entry.id,
  portals: (entry: Inventory['portals'][number]) => entry.id,
  devices: (entry: Inventory['devices'][number]) => entry.name.toLowerCase(),
  networks: (entry: Inventory['networks'][number]) => `${entry.cidr} ${entry.valid_from ?? ''}`.trim(),
  signatures: (entry: Inventory['signatures'][number]) => entry.serial,
  planned: (entry: Inventory['planned'][number]) => entry.id,
} as const
export type ListKind = keyof typeof KEYS
export const LIST_KINDS = Object.keys(KEYS) as ListKind[]
/** These are never deleted: events, alerts and accounts name them. Of the others the versions keep what was. */
export const DATED_KINDS = ['agencies', 'systems', 'portals', 'devices', 'networks'] as const
export type DatedKind = (typeof DATED_KINDS)[number]
export const PARTS = ['province', 'calendar', 'deadlines', 'duties'] as const
export type Part = (typeof PARTS)[number]
export type Kind = ListKind | Part
export const KINDS: readonly Kind[] = [...LIST_KINDS, ...PARTS]
export const isList = (kind: Kind): kind is ListKind => kind in KEYS
export const isDated = (kind: Kind): kind is DatedKind => (DATED_KINDS as readonly Kind[]).includes(kind)

export type Entry = Readonly<Record<string, unknown>> | readonly unknown[]
/** Where an entry is: `portals so-y-te`, `calendar`. */
export interface Place {
  readonly kind: Kind
  readonly key: string
}
export const placeText = ({ kind, key }: Place): string => `${kind} ${key}`.trim()

export const keyOf = (kind: ListKind, entry: unknown): string => KEYS[kind](entry as never)

/** All entries by `placeText`, in the order in which they stand. */
export const entriesOf = (inventory: Inventory): Map<string, Place & { readonly entry: Entry }> => {
  const found = new Map<string, Place & { readonly entry: Entry }>()
  const put = (kind: Kind, key: string, entry: Entry) => found.set(placeText({ kind, key }), { kind, key, entry })
  for (const kind of LIST_KINDS) for (const entry of inventory[kind]) put(kind, keyOf(kind, entry), entry)
  for (const part of PARTS) put(part, '', inventory[part])
  return found
}
export const entryAt = (inventory: Inventory, { kind, key }: Place): Entry | undefined =>
  isList(kind)
    ? (inventory[kind] as readonly Entry[]).find((entry) => keyOf(kind, entry) === key)
    : key === ''
      ? inventory[kind]
      : undefined

/** The same, as far as an inventory goes: what the schema reads alike is alike. */
export const isSame = (a: Entry | undefined, b: Entry | undefined): boolean => JSON.stringify(a) === JSON.stringify(b)

/** With entries in place of those of the same key, or behind the others; `undefined` takes one out. */
export const withEntries = (
  inventory: Inventory,
  entries: readonly (Place & { readonly entry: Entry | undefined })[],
): Inventory => {
  const out: Record<string, unknown> = { ...inventory }
  for (const { kind, key, entry } of entries) {
    if (!isList(kind)) {
      if (entry !== undefined) out[kind] = entry
      continue
    }
    const list = out[kind] as readonly Entry[]
    const at = list.findIndex((each) => keyOf(kind, each) === key)
    out[kind] =
      entry === undefined
        ? list.filter((_, i) => i !== at)
        : at < 0
          ? [...list, entry]
          : list.map((each, i) => (i === at ? entry : each))
  }
  return out as Inventory
}

/** An entry that is no longer: on the day (YYYY-MM-DD) it ends; one that would have begun later has never been. */
export const endedOn = (entry: Entry, day: string): Entry | undefined => {
  const { valid_from, valid_to } = entry as { readonly valid_from?: string; readonly valid_to?: string }
  if (valid_from !== undefined && valid_from >= day) return undefined
  return valid_to !== undefined && valid_to <= day ? entry : { ...entry, valid_to: day }
}
