/** How far each rule has come, and what its runs said. One process writes it, the one that runs the rules. */
import { type DocumentStore, type Store, SYSTEM } from '../ingest/store/store.ts'
import type { Decided } from './deciding.ts'
import { type HitsById, mergeHits } from './exceptions.ts'
import { owedHidden } from './owed.ts'
import type { Rule } from './rule.ts'

export interface Run {
  readonly at: number
  readonly from: number
  readonly to: number
  readonly ms: number
  readonly matched: number
  readonly error?: string
}
export interface LedgerEntry {
  readonly covered: number
  /** A run that has begun to write: it is finished over the same interval before another begins. */
  readonly running?: { readonly from: number; readonly to: number; readonly mark?: number }
  /** The version that it is judged by (`labelOf`), and behind what ingest time. */
  readonly version?: string
  readonly since?: number
  /** Of a correlation whose condition a later event can undo. */
  readonly decided?: Decided
  readonly last?: Run
  readonly recent?: readonly Run[]
  /** What exceptions have hidden, up to `covered`. */
  readonly excepted?: HitsById
  readonly [field: string]: unknown
}

/** How far each rule has come, by its id. */
export const readLedger = async (documents: DocumentStore): Promise<ReadonlyMap<string, LedgerEntry>> => {
  const { items } = await documents
    .collection<LedgerEntry>('ledger')
    .query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 10_000 })
  return new Map(items.map(({ id, doc }) => [id, doc]))
}

/** How often each exception has hidden an event of a rule. */
export const hiddenBy = async (documents: DocumentStore): Promise<HitsById> =>
  mergeHits([
    ...[...(await readLedger(documents)).values()].map(({ excepted = {} }) => excepted),
    await owedHidden(documents),
  ])

/** A rule that was never run begins with what comes now: all of history is gone over only where a person says so. */
export const startRules = async (store: Store, rules: readonly Rule[]): Promise<void> => {
  const ledger = store.documents.collection<LedgerEntry>('ledger')
  const known = await readLedger(store.documents)
  const fresh = rules.filter(({ id }) => !known.has(id))
  if (fresh.length === 0) return
  const covered = await store.events.committed()
  // Where another process was quicker, it said the same.
  await ledger.put(fresh.map(({ id }) => ({ id, version: null, doc: { covered } })))
}
