/**
 * The inventory of an installation as it is now. Every version is kept, and the newest in the store is the truth; the file is
 * an input: it is taken over when it says something else than it last brought, by node and path. On a cluster whoever reads
 * another file first brings it, the others follow the version.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Clock } from '../ingest/clock.ts'
import { dayOf } from '../ingest/inventory/days.ts'
import { emptyInventory, type Inventory, parseInventory, upgradedInventory } from '../ingest/inventory/inventory.ts'
import { isKnown, systemOf } from '../ingest/inventory/scope.ts'
import { type Difference, differenceOf, withEnded } from '../ingest/inventory/versions.ts'
import type { Source } from '../ingest/source.ts'
import { type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import type { Config } from './config.ts'

/** A version as it is stored. */
interface Version {
  readonly at: number
  readonly inventory: Inventory
  /** From which file it came, and what stood in it. */
  readonly brought?: { readonly node: string; readonly path: string; readonly hash: string }
  readonly [field: string]: unknown
}

export interface Inventories {
  current(): Inventory
  /** Counts up with each version that this process has taken over. */
  version(): number
  /** Reads the file again; rejects with what is wrong in it, and all stays as it is. */
  reload(sources: readonly Source[]): Promise<Difference>
  /** The newest versions first: when, from which file, how many entries and parts it changed. */
  list(): Promise<{ id: string; at: number; path?: string; changed: number }[]>
  /** Takes over what another process has brought; undefined where there is nothing newer. */
  follow(): Promise<Inventory | undefined>
}

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
  return parseInventory(text, config.inventory)
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

const hashOf = (inventory: Inventory): string =>
  createHash('sha256').update(JSON.stringify(inventory)).digest('hex').slice(0, 32)
const NOTHING: Difference = { added: [], changed: [], ended: [], parts: [] }
const idOf = (n: number): string => String(n).padStart(8, '0')
const ALL = { op: 'and', of: [] } as const

export const openInventories = async (
  config: Config,
  store: Store,
  first: Inventory,
  { node, clock }: { readonly node: string; readonly clock: Clock },
): Promise<Inventories> => {
  const versions = store.documents.collection<Version>('inventory')
  const path = config.inventory ?? ''
  let current = first
  let at = 0

  const stored = async (): Promise<Stored<Version>[]> => {
    const items: Stored<Version>[] = []
    for (let cursor: string | undefined = ''; cursor !== undefined; ) {
      const page = await versions.query(SYSTEM, { filter: ALL, limit: 1000, ...(cursor ? { cursor } : {}) })
      items.push(...page.items)
      cursor = page.cursor
    }
    return items.sort((a, b) => (a.id < b.id ? -1 : 1))
  }
  const newest = (items: readonly Stored<Version>[]) => items.at(-1)
  /** What a file says, as a version where it is news. Returns what holds then. */
  const bring = async (file: Inventory): Promise<{ readonly inventory: Inventory; readonly n: number }> => {
    for (;;) {
      const items = await stored()
      const last = newest(items)
      const before = last && upgradedInventory(last.doc.inventory)
      const hash = hashOf(file)
      const mine = items.findLast(({ doc }) => doc.brought?.node === node && doc.brought.path === path)
      // Said before from here, or at a node's first start by whoever it was: it is no news, and what came after it holds.
      const isKnownHere = mine ? mine.doc.brought!.hash === hash : items.some(({ doc }) => doc.brought?.hash === hash)
      const n = Number(last?.id ?? 0)
      if (before && isKnownHere) return { inventory: before, n }
      const inventory = withEnded(before, file, dayOf(file.province.timezone, clock()))
      const doc = { at: clock(), inventory, brought: { node, path, hash } }
      const [put] = await versions.put([{ id: idOf(n + 1), version: null, doc }])
      // Another process may have brought one meanwhile: it is looked at first.
      if (put?.ok) return { inventory, n: n + 1 }
    }
  }

  ;({ inventory: current, n: at } = await bring(first))
  return {
    current: () => current,
    version: () => at,
    reload: async (sources) => {
      const file = readInventory(config)
      holdSources(config, sources, file)
      const before = current
      ;({ inventory: current, n: at } = await bring(file))
      return differenceOf(before, current)
    },
    list: async () => {
      const items = (await stored()).slice(-21)
      const out = items.map(({ id, doc }, i) => {
        const before = items[i - 1]
        const [was, is] = [before && upgradedInventory(before.doc.inventory), upgradedInventory(doc.inventory)]
        const { added, changed, ended, parts } = is ? differenceOf(was, is) : NOTHING
        const path = doc.brought?.path
        return {
          id,
          at: doc.at,
          ...(path ? { path } : {}),
          changed: added.length + changed.length + ended.length + parts.length,
        }
      })
      return out.reverse().slice(0, 20)
    },
    follow: async () => {
      let found: Inventory | undefined
      for (;;) {
        const next = await versions.get(SYSTEM, idOf(at + 1))
        if (!next) return found
        at++
        const inventory = upgradedInventory(next.doc.inventory)
        if (inventory) found = current = inventory
      }
    },
  }
}
