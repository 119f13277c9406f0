/**
 * The inventory of an installation as it is now. Every version is kept, and the newest in the store is the truth. A file is
 * an input: what it says otherwise than it last brought, by node and path, is taken over entry by entry; where a person has
 * changed an entry since, the file's change of it waits for a person. What a person changes is written back into the file.
 * On a cluster whoever reads another file first brings it, the others follow the version.
 */
import { readFileSync } from 'node:fs'
import type { Clock } from '../ingest/clock.ts'
import { dayOf } from '../ingest/inventory/days.ts'
import { entriesOf, entryAt, isSame, type Place, placeText } from '../ingest/inventory/entries.ts'
import {
  checkedInventory,
  emptyInventory,
  type Inventory,
  parseInventory,
  upgradedInventory,
} from '../ingest/inventory/inventory.ts'
import { type Change, changesBetween, type Difference, differenceOf, mergeFile } from '../ingest/inventory/merge.ts'
import { isKnown, systemOf } from '../ingest/inventory/scope.ts'
import type { Source } from '../ingest/source.ts'
import type { Store } from '../ingest/store/store.ts'
import type { Config } from './config.ts'
import { type EntryChange, personalVersion } from './inventory-changes.ts'
import { writeBack } from './inventory-file.ts'
import {
  type FileSaid,
  hashOf,
  type Known,
  ofFile,
  type Version,
  versionsIn,
  type WaitingOf,
  withFile,
} from './inventory-versions.ts'

export interface Author {
  /** The person's name, as accounts have it. */
  readonly by: string
  readonly reason: string
}
/** What became of a person's change. */
export interface Changed {
  readonly version: number
  readonly difference: Difference
  /** The file that says it too now; or why it does not, so that the person writes it there. */
  readonly file: { readonly path: string; readonly why?: string } | undefined
}
export interface Listed {
  readonly id: string
  readonly at: number
  readonly path?: string
  readonly by?: string
  readonly reason?: string
  readonly changed: number
  /** The entries that it changed, as a person knows them; the first twenty. */
  readonly entries: readonly string[]
}

export interface Inventories {
  current(): Inventory
  /** Counts up with each version that this process has taken over. */
  version(): number
  /** The file's changes that wait for a person. */
  waiting(): readonly WaitingOf[]
  /** Reads the file again; rejects with what is wrong in it, and all stays as it is. */
  reload(sources: readonly Source[]): Promise<Difference>
  /**
   * A person's change. `seen`: the version that they looked at. Rejects with a sentence where an entry is wrong, and with a
   * `Stale` where somebody has changed one of them since.
   */
  change(changes: readonly EntryChange[], author: Author, seen?: number): Promise<Changed>
  /** A change of a file that waited: it is taken, or what holds is kept. */
  settle(place: Place, take: 'file' | 'kept', author: Author): Promise<Changed>
  /** The newest versions first. */
  list(): Promise<Listed[]>
  /** An entry in the versions of `list` that changed it, the newest first. */
  history(place: Place): Promise<(Omit<Listed, 'changed' | 'entries'> & { before?: unknown; after?: unknown })[]>
  /** Takes over what another process has brought; undefined where there is nothing newer. */
  follow(): Promise<Inventory | undefined>
}

/** The file as it was last read: whoever reads it again, for a reload, mostly finds it as it was. */
let lastRead: { readonly path: string; readonly text: string; readonly inventory: Inventory } | undefined

export const readInventory = (config: Config): Inventory => {
  if (config.inventory === undefined) return emptyInventory()
  let text: string
  try {
    text = readFileSync(config.inventory, 'utf8')
  } catch (error) {
    throw new Error(
      `the inventory ${config.inventory} cannot be read (${(error as NodeJS.ErrnoException).code}): correct "inventory:" in ${config.file ?? 'the configuration'}`,
    )
  }
  if (lastRead?.path !== config.inventory || lastRead.text !== text)
    lastRead = { path: config.inventory, text, inventory: parseInventory(text, config.inventory) }
  return lastRead.inventory
}

/** Throws a sentence where a source names an agency or system that the inventory does not have. */
export const holdSources = (config: Config, sources: readonly Source[], inventory: Inventory): void => {
  const where = `${config.file ?? 'configuration'}: source`
  const file = config.inventory ?? '(none is configured)'
  for (const { id, organization, system } of sources) {
    if (organization !== undefined && !isKnown(inventory, organization))
      throw new Error(`${where} ${id}: organization "${organization}" is not in the inventory ${file}`)
    if (system !== undefined && !systemOf(inventory, system))
      throw new Error(`${where} ${id}: system "${system}" is not in the inventory ${file}`)
  }
}

const MOST_LISTED = 20

export const openInventories = async (
  config: Config,
  store: Store,
  first: Inventory,
  { node, clock }: { readonly node: string; readonly clock: Clock },
): Promise<Inventories> => {
  const versions = versionsIn(store.documents)
  const path = config.inventory ?? ''
  const mine = { node, path }
  let current: Known | undefined
  /** What this process knows that its file says: another may have made a version before it was noted. */
  let said: FileSaid | undefined
  let read: string | undefined
  const withSaid = (known: Known): Known => {
    if (!said || (ofFile(known.files, mine)?.n ?? 0) >= said.n) return known
    return { ...known, files: withFile(known.files, said), hashes: [...new Set([...known.hashes, said.hash])] }
  }

  const today = (inventory: Inventory) => dayOf(inventory.province.timezone, clock())
  /** The version that `make` makes of the newest one; again where another process was faster. Undefined: it needs none. */
  const putNext = async (make: (known: Known | undefined) => Promise<Version | undefined>): Promise<Known> => {
    for (;;) {
      const newest = await versions.newest(current?.n ?? 0)
      const known = newest && withSaid(newest)
      const doc = await make(known)
      if (!doc) return (current = known!)
      const n = (known?.n ?? 0) + 1
      // Another process may have brought one meanwhile: it is looked at first.
      if (!(await versions.put(n, doc))) continue
      const { inventory, files = [], hashes = [], personal = [], waiting = [] } = doc
      return (current = { n, inventory, files, hashes, personal, waiting })
    }
  }

  /** What a file says, as a version where it is news. */
  const bring = async (file: Inventory): Promise<Known> => {
    read = hashOf(file)
    const known = await putNext(brought(file))
    if (path === '' || ofFile(known.files, mine)) return known
    // At a node's first start: from here on what the file changes is known by what it says now.
    const n = await versions.sayingIt(known.n, read)
    if (n !== undefined) await noted(known, { ...mine, hash: read, n })
    return current!
  }
  const brought =
    (file: Inventory) =>
    async (known: Known | undefined): Promise<Version | undefined> => {
      const hash = hashOf(file)
      const last = known && ofFile(known.files, mine)
      // Where no file is configured, none has said that all is over.
      if (known && path === '') return undefined
      // Said before from here, or at a node's first start by whoever it was: it is no news, and what came after it holds.
      if (known && (last ? last.hash === hash : known.hashes.includes(hash))) return undefined
      const before = last && (await versions.saidBy(last))
      const personal = new Set(known?.personal)
      const merged = mergeFile(before, file, known?.inventory, { personal, day: today(file) })
      const inventory = known ? held(merged.inventory) : merged.inventory
      // What this file said before and no longer says waits no longer; what others said does.
      const waiting = [
        ...(known?.waiting ?? []).filter((each) => each.node !== node || each.path !== path),
        ...stillWaiting(known, file, mine),
        ...merged.waiting.map((each) => ({ ...each, ...mine })),
      ]
      const changed = new Set(changesBetween(known?.inventory, inventory).map(placeText))
      return {
        at: clock(),
        inventory,
        brought: { ...mine, hash },
        ...(isSameInventory(file, inventory) ? {} : { file }),
        files: withFile(known?.files ?? [], { ...mine, hash, n: (known?.n ?? 0) + 1 }),
        hashes: [...new Set([...(known?.hashes ?? []), hash])],
        personal: [...personal].filter((place) => !changed.has(place)),
        waiting,
      }
    }

  /** A version by a person, and the file after it. */
  const byPerson = async (
    make: (known: Known) => Promise<{ readonly version: Version; readonly places: readonly Place[] } | undefined>,
  ): Promise<Changed> => {
    let before: Known | undefined
    let places: readonly Place[] = []
    const known = await putNext(async (newest) => {
      before = newest
      const made = await make(newest!)
      places = made?.places ?? []
      return made?.version
    })
    const file = path === '' ? undefined : { path, ...(await written(known, places)) }
    return { version: known.n, difference: differenceOf(before?.inventory, known.inventory), file }
  }
  const written = async (known: Known, places: readonly Place[]): Promise<{ readonly why?: string }> => {
    const result = writeBack(path, ofFile(known.files, mine)?.hash ?? read, known.inventory, places)
    if ('why' in result) return result
    const hash = hashOf(result.inventory)
    await noted(known, { ...mine, hash, n: known.n }, result.inventory)
    return {}
  }
  /** `file`: what it says, where that stands in no version yet. */
  const noted = async (known: Known, what: FileSaid, file?: Inventory): Promise<void> => {
    said = what
    // Killed before this the file is read as news that says what holds already.
    await versions.note(known.n, (doc) => ({
      ...doc,
      files: withFile(doc.files ?? known.files, what),
      hashes: [...new Set([...(doc.hashes ?? known.hashes), what.hash])],
      ...(file === undefined || isSameInventory(file, doc.inventory) ? {} : { file }),
    }))
    current = withSaid(current!)
  }

  await bring(first)
  /** What each version changed; none ever says anything else, so the newest are read once. */
  const rows = new Map<number, Omit<Listed, 'changed' | 'entries'> & { readonly changes: readonly Change[] }>()
  const listed = async () => {
    const newest = current!.n
    const oldest = Math.max(1, newest - MOST_LISTED + 1)
    for (const n of rows.keys()) if (n < oldest) rows.delete(n)
    let is: Inventory | undefined
    for (let n = newest; n >= oldest; n--) {
      if (rows.has(n)) {
        is = undefined
        continue
      }
      const doc = (await versions.get(n))!.doc
      is ??= upgradedInventory(doc.inventory)
      if (!is) break
      const was = await versions.inventoryAt(n - 1)
      rows.set(n, {
        id: String(n),
        at: doc.at,
        ...(doc.brought?.path ? { path: doc.brought.path } : {}),
        ...(doc.by === undefined ? {} : { by: doc.by, reason: doc.reason ?? '' }),
        changes: changesBetween(was, is),
      })
      is = was
    }
    return [...rows].sort(([a], [b]) => b - a).map(([, row]) => row)
  }
  return {
    current: () => current!.inventory,
    version: () => current!.n,
    waiting: () => current!.waiting,
    reload: async (sources) => {
      const file = readInventory(config)
      const before = current!.inventory
      // What a person added stands in no file yet where none can be written.
      holdSources(config, sources, {
        ...file,
        agencies: [...file.agencies, ...before.agencies],
        systems: [...file.systems, ...before.systems],
      })
      return differenceOf(before, (await bring(file)).inventory)
    },
    change: (changes, author, seen) =>
      byPerson(async (known) => {
        const looked = seen === undefined || seen === known.n ? known.inventory : await versions.inventoryAt(seen)
        if (!looked) throw new Error(`there is no version ${seen} of the inventory: look again, then change it`)
        return personalVersion(known, looked, changes, author, { now: clock(), day: today(known.inventory) })
      }),
    settle: (place, take, author) =>
      byPerson(async (known) => {
        const found = known.waiting.find((each) => placeText(each) === placeText(place))
        if (!found) throw new Error(`no change of ${placeText(place)} waits: somebody has settled it already`)
        const rest = { ...known, waiting: known.waiting.filter((each) => each !== found) }
        const change: EntryChange =
          found.entry === undefined ? { ...place, end: true } : { kind: place.kind, entry: found.entry }
        const options = { now: clock(), day: today(known.inventory) }
        if (take === 'file') return personalVersion(rest, known.inventory, [change], author, options)
        const { n: _, ...kept } = rest
        return { version: { ...kept, at: clock(), ...author }, places: [place] }
      }),
    list: async () =>
      (await listed()).map(({ changes, ...row }) => ({
        ...row,
        changed: changes.length,
        entries: changes.slice(0, MOST_LISTED).map(placeText),
      })),
    history: async (place) =>
      (await listed()).flatMap(({ changes, ...row }) => {
        const found = changes.find((each) => placeText(each) === placeText(place))
        if (!found) return []
        const { kind: _, key: __, ...said } = found
        return [{ ...row, ...said }]
      }),
    follow: async () => {
      const known = await versions.newest(current!.n)
      // A change of a person here may have been faster meanwhile.
      if (!known || known.n <= current!.n) return undefined
      return (current = withSaid(known)).inventory
    },
  }
}

const isSameInventory = (a: Inventory, b: Inventory): boolean => changesBetween(a, b).length === 0

/** A file and what holds, put together, read as one inventory: what contradicts is refused as a whole. */
const held = (inventory: Inventory): Inventory => {
  // Where no file is configured nobody is known.
  if (inventory.agencies.length === 0) return inventory
  try {
    return checkedInventory(inventory)
  } catch (error) {
    throw new Error(`the file and what was changed since do not go together: ${(error as Error).message}`)
  }
}

/** Of this file's changes that waited: those that it still says, and that still differ from what holds. */
const stillWaiting = (known: Known | undefined, file: Inventory, mine: { node: string; path: string }): WaitingOf[] => {
  const says = entriesOf(file)
  return (known?.waiting ?? []).filter(
    (each) =>
      each.node === mine.node &&
      each.path === mine.path &&
      isSame(each.entry, says.get(placeText(each))?.entry) &&
      !isSame(each.entry, entryAt(known!.inventory, each)),
  )
}
