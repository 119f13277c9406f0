/**
 * The versions of the inventory as they are stored: numbered without a gap, none is ever changed in what it says. Each
 * carries what the next one is made from: what each file brought last, whose change an entry's last was, what waits.
 */
import { createHash } from 'node:crypto'
import { type Inventory, upgradedInventory } from '../ingest/inventory/inventory.ts'
import type { Waiting } from '../ingest/inventory/merge.ts'
import { type Document, type DocumentStore, SYSTEM } from '../ingest/store/store.ts'

/** What a file, known by node and path, said last: its hash, and the version in which it stands. */
export interface FileSaid {
  readonly node: string
  readonly path: string
  readonly hash: string
  readonly n: number
}
export interface WaitingOf extends Waiting {
  readonly node: string
  readonly path: string
}
export interface Version extends Document {
  readonly at: number
  readonly inventory: Inventory
  /** From which file it came, and what stood in it. */
  readonly brought?: { readonly node: string; readonly path: string; readonly hash: string }
  /** What the file said, where that is not `inventory` itself. */
  readonly file?: Inventory
  /** Who changed it in the program, and why. */
  readonly by?: string
  readonly reason?: string
  readonly files?: readonly FileSaid[]
  /** Of all files ever read. */
  readonly hashes?: readonly string[]
  /** Entries (`placeText`) whose last change was a person's. */
  readonly personal?: readonly string[]
  readonly waiting?: readonly WaitingOf[]
}
/** A version with what it is made from, whatever the program that stored it. */
export interface Known {
  readonly n: number
  readonly inventory: Inventory
  readonly files: readonly FileSaid[]
  readonly hashes: readonly string[]
  readonly personal: readonly string[]
  readonly waiting: readonly WaitingOf[]
}

export const hashOf = (inventory: Inventory): string =>
  createHash('sha256').update(JSON.stringify(inventory)).digest('hex').slice(0, 32)
const idOf = (n: number): string => String(n).padStart(8, '0')
export const ofFile = (files: readonly FileSaid[], file: Pick<FileSaid, 'node' | 'path'>): FileSaid | undefined =>
  files.find(({ node, path }) => node === file.node && path === file.path)
export const withFile = (files: readonly FileSaid[], file: FileSaid): readonly FileSaid[] => [
  ...files.filter((each) => each !== ofFile(files, file)),
  file,
]

export const versionsIn = (documents: DocumentStore) => {
  const collection = documents.collection<Version>('inventory')
  const get = (n: number) => (n > 0 ? collection.get(SYSTEM, idOf(n)) : Promise.resolve(undefined))
  const inventoryAt = async (n: number): Promise<Inventory | undefined> => {
    const found = await get(n)
    return found && upgradedInventory(found.doc.inventory)
  }
  /** They have no gap: the last one is found by doubling and halving. */
  const last = async (from: number): Promise<number> => {
    let [there, not] = [from, from + 1]
    for (let step = 1; await get(not); step *= 2) [there, not] = [not, not + step]
    while (not - there > 1) {
      const middle = (there + not) >> 1
      if (await get(middle)) there = middle
      else not = middle
    }
    return there
  }
  /** Of versions that do not carry it yet: what each file brought, looked up in all of them. */
  const lookedUp = async (n: number): Promise<Pick<Known, 'files' | 'hashes'>> => {
    let files: readonly FileSaid[] = []
    const hashes = new Set<string>()
    for (let i = 1; i <= n; i++) {
      const brought = (await get(i))?.doc.brought
      if (!brought) continue
      files = withFile(files, { ...brought, n: i })
      hashes.add(brought.hash)
    }
    return { files, hashes: [...hashes] }
  }
  return {
    get,
    inventoryAt,
    /** The newest one from `from` on, which is known to exist (0: none is). Undefined: there is none. */
    newest: async (from: number): Promise<Known | undefined> => {
      const n = await last(from)
      const doc = (await get(n))?.doc
      if (!doc) return undefined
      const inventory = upgradedInventory(doc.inventory)
      if (!inventory)
        throw new Error(`version ${n} of the inventory in the store cannot be read: it was written by a newer program`)
      const { files, hashes } = doc.files && doc.hashes ? { files: doc.files, hashes: doc.hashes } : await lookedUp(n)
      return {
        n,
        inventory,
        files,
        hashes,
        // Also those that a person took out: a file that changes one later does not bring it back by itself.
        personal: doc.personal ?? [],
        waiting: doc.waiting ?? [],
      }
    },
    /** What a file said last, of what a version knows of it. */
    saidBy: async (file: FileSaid): Promise<Inventory | undefined> => {
      const doc = (await get(file.n))?.doc
      return doc && upgradedInventory(doc.file ?? doc.inventory)
    },
    /** False where somebody else has stored that number meanwhile. */
    put: async (n: number, doc: Version): Promise<boolean> => {
      const [put] = await collection.put([{ id: idOf(n), version: null, doc }])
      return put?.ok ?? false
    },
    /** The newest version, up to `n`, in which stands what a file with that hash said. */
    sayingIt: async (n: number, hash: string): Promise<number | undefined> => {
      for (let i = n; i > 0; i--) {
        const doc = (await get(i))?.doc
        const said = doc && upgradedInventory(doc.file ?? doc.inventory)
        if (said && hashOf(said) === hash) return i
      }
      return undefined
    },
    /** Notes beside a version what a file says now; again where another process noted something meanwhile. */
    note: async (n: number, change: (doc: Version) => Version): Promise<void> => {
      for (let found = await get(n); found; found = await get(n)) {
        const [put] = await collection.put([{ id: idOf(n), version: found.version, doc: change(found.doc) }])
        if (put?.ok) return
      }
    },
  }
}
export type Versions = ReturnType<typeof versionsIn>
