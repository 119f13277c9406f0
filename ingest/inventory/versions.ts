/** From one version of an inventory to the next: what changed, and what of the one before stays. */
import type { Inventory } from './schema.ts'

/** Entries that are dated, by what they are known by. */
const DATED = {
  agencies: (entry: Inventory['agencies'][number]) => entry.id,
  systems: (entry: Inventory['systems'][number]) => entry.id,
  portals: (entry: Inventory['portals'][number]) => entry.id,
  devices: (entry: Inventory['devices'][number]) => entry.name.toLowerCase(),
  networks: (entry: Inventory['networks'][number]) => `${entry.cidr} ${entry.valid_from ?? ''}`,
} as const
export type DatedKind = keyof typeof DATED
export const DATED_KINDS = Object.keys(DATED) as DatedKind[]

type Entry = { readonly valid_from?: string | undefined; readonly valid_to?: string | undefined }
const byKey = (inventory: Inventory, kind: DatedKind): Map<string, Entry> =>
  new Map(inventory[kind].map((entry) => [DATED[kind](entry as never), entry]))

/**
 * The next version with what vanished from it: ended on the day (YYYY-MM-DD), never deleted, for events, alerts and accounts
 * name it. What the next one says of an entry again is what holds.
 */
export const withEnded = (before: Inventory | undefined, next: Inventory, day: string): Inventory => {
  if (!before) return next
  const ended = (kind: DatedKind): Entry[] => {
    const now = byKey(next, kind)
    return [...byKey(before, kind)].flatMap(([key, entry]) => {
      if (now.has(key)) return []
      const isOver = entry.valid_to !== undefined && entry.valid_to <= day
      // One that would have begun later has never been.
      if (entry.valid_from !== undefined && entry.valid_from >= day) return []
      return [isOver ? entry : { ...entry, valid_to: day }]
    })
  }
  return {
    ...next,
    ...Object.fromEntries(DATED_KINDS.map((kind) => [kind, [...next[kind], ...ended(kind)]])),
  } as Inventory
}

export interface Difference {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly ended: readonly string[]
  /** The parts that have no entries of their own: province, calendar, duties, planned work and so on. */
  readonly parts: readonly string[]
}

/** By id, name or network, as a person knows them. */
export const differenceOf = (before: Inventory | undefined, next: Inventory): Difference => {
  const added: string[] = []
  const changed: string[] = []
  const ended: string[] = []
  for (const kind of DATED_KINDS) {
    const [was, is] = [before ? byKey(before, kind) : new Map<string, Entry>(), byKey(next, kind)]
    for (const [key, entry] of is) {
      const old = was.get(key)
      if (!old) added.push(key.trim())
      else if (JSON.stringify(old) !== JSON.stringify(entry)) {
        const { valid_to: _, ...rest } = entry
        const { valid_to: end, ...former } = old
        const isEnd = entry.valid_to !== undefined && end === undefined
        ;(isEnd && JSON.stringify(rest) === JSON.stringify(former) ? ended : changed).push(key.trim())
      }
    }
  }
  const rest = (Object.keys(next) as (keyof Inventory)[]).filter((key) => !(key in DATED))
  return {
    added,
    changed,
    ended,
    parts: rest.filter((key) => JSON.stringify(before?.[key]) !== JSON.stringify(next[key])),
  }
}
