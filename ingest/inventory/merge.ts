/**
 * What a file brings, taken into what is known: three sides an entry, what the file said last, what it says now, and what
 * holds. The file's change is taken, unless a person has changed the entry since: then it waits, and both are shown. What
 * was written back into the file is what it said last.
 */
import { endedOn, type Entry, entriesOf, isDated, isList, isSame, LIST_KINDS, type Place } from './entries.ts'
import type { Inventory } from './schema.ts'

/** A file's change that waits for a person. */
export interface Waiting extends Place {
  /** What the file says; absent where the entry vanished from it. */
  readonly entry?: Entry | undefined
}
export interface Merged {
  readonly inventory: Inventory
  readonly waiting: readonly Waiting[]
}

/**
 * `said`: what this file brought last, undefined where it brings for the first time. `personal`: entries (`placeText`) whose
 * last change is a person's. `day`: on which what vanished ends, YYYY-MM-DD.
 */
export const mergeFile = (
  said: Inventory | undefined,
  file: Inventory,
  known: Inventory | undefined,
  { personal, day }: { readonly personal: ReadonlySet<string>; readonly day: string },
): Merged => {
  if (!known) return { inventory: file, waiting: [] }
  const [before, now, holds] = [said && entriesOf(said), entriesOf(file), entriesOf(known)]
  const waiting: Waiting[] = []
  const chosen = new Map<string, Entry | undefined>()
  for (const place of new Set([...now.keys(), ...holds.keys()])) {
    const [was, is, held] = [before?.get(place)?.entry, now.get(place)?.entry, holds.get(place)?.entry]
    const { kind, key } = (now.get(place) ?? holds.get(place))!
    const isNews = !isSame(is, held) && (before ? !isSame(was, is) : true)
    if (!isNews) chosen.set(place, held)
    else if (personal.has(place) && !isSame(was, held)) {
      // Of a file that never knew the entry its silence says nothing.
      if (is !== undefined || was !== undefined) waiting.push({ kind, key, ...(is === undefined ? {} : { entry: is }) })
      chosen.set(place, held)
    } else chosen.set(place, is ?? (isDated(kind) ? endedOn(held!, day) : undefined))
  }
  const out: Record<string, unknown> = { ...file }
  for (const [place, { kind }] of now) if (!isList(kind)) out[kind] = chosen.get(place)
  for (const kind of LIST_KINDS) {
    // In the order of the file; what it does not name stands behind.
    const places = [...new Set([...now.keys(), ...holds.keys()])].filter(
      (place) => (now.get(place) ?? holds.get(place))!.kind === kind,
    )
    out[kind] = places.flatMap((place) => chosen.get(place) ?? [])
  }
  return { inventory: out as Inventory, waiting }
}

export interface Difference {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly ended: readonly string[]
  /** The parts that have no entries of their own: province, calendar, duties, planned work and so on. */
  readonly parts: readonly string[]
}

/** From one version to the next: by id, name or network, as a person knows them. */
export const differenceOf = (before: Inventory | undefined, next: Inventory): Difference => {
  const added: string[] = []
  const changed: string[] = []
  const ended: string[] = []
  const parts = new Set<string>()
  for (const { kind, key, before: old, after } of changesBetween(before, next)) {
    if (!isDated(kind)) parts.add(kind)
    else if (old === undefined) added.push(key)
    else if (after === undefined) ended.push(key)
    else {
      const { valid_to: until, ...rest } = after as { readonly valid_to?: string }
      const { valid_to: end, ...former } = old as { readonly valid_to?: string }
      const isEnd = until !== undefined && end === undefined
      ;(isEnd && isSame(rest, former) ? ended : changed).push(key)
    }
  }
  return { added, changed, ended, parts: [...parts] }
}

export interface Change extends Place {
  readonly before?: Entry | undefined
  readonly after?: Entry | undefined
}
export const changesBetween = (before: Inventory | undefined, next: Inventory): Change[] => {
  const [was, is] = [before ? entriesOf(before) : new Map<string, Place & { readonly entry: Entry }>(), entriesOf(next)]
  return [...new Set([...is.keys(), ...was.keys()])].flatMap((place) => {
    const [old, now] = [was.get(place), is.get(place)]
    if (isSame(old?.entry, now?.entry)) return []
    const { kind, key } = (now ?? old)!
    return [{ kind, key, ...(old ? { before: old.entry } : {}), ...(now ? { after: now.entry } : {}) }]
  })
}
