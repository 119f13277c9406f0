/**
 * A run of a rule: what was ingested in (from, to] becomes alerts and incidents. The ledger says how far a rule has come; a
 * run that broke off is run again over the same interval, and alerts say what they have counted, so it adds nothing.
 */
import { type Lost, lostDays } from '../ingest/store/lost.ts'
import { type DocumentStore, type Put, type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import type { Alert } from './alert.ts'
import { alertsIn, type Cases } from './case/decide.ts'
import { endedBy } from './ends.ts'
import { correlated, freshEvents, type Groups, matched } from './matching.ts'
import { mergeGroup } from './merge.ts'
import type { Rule } from './rule.ts'

/** Runs that are kept to be shown: those that matched or failed. */
const RECENT = 20
/** ms: so much of the work of rules that found nothing is done again at most, after a kill. */
const SAVE = 1000
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
  readonly running?: { readonly from: number; readonly to: number }
  readonly last?: Run
  readonly recent?: readonly Run[]
  readonly [field: string]: unknown
}

export interface Detector {
  /** Runs a rule over everything committed since it last ran. Answers how many events matched anew. */
  run(rule: Rule): Promise<number>
  /**
   * Runs each, until `stopped` says so; `report` is told of every rule, with the reason where it failed. Rejects with what
   * is no rule's fault: the ledger, or how far the store is committed, cannot be read.
   */
  runAll(rules: readonly Rule[], report: (rule: Rule, error?: string) => void, stopped?: () => boolean): Promise<void>
}

/** How far each rule has come, by its id. */
export const readLedger = async (documents: DocumentStore): Promise<ReadonlyMap<string, LedgerEntry>> => {
  const { items } = await documents
    .collection<LedgerEntry>('ledger')
    .query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 10_000 })
  return new Map(items.map(({ id, doc }) => [id, doc]))
}

export interface DetectOptions {
  readonly store: Store
  /** What it decides, with the documents of its lease. */
  readonly cases: Omit<Cases, 'documents'>
}

interface Due {
  readonly entry: Stored<LedgerEntry> | undefined
  readonly committed: number
}

export const createDetector = ({ store, cases: facts }: DetectOptions): Detector => {
  const cases: Cases = { ...facts, documents: store.documents }
  const { clock } = cases
  const ledger = store.documents.collection<LedgerEntry>('ledger')
  const fresh = freshEvents(store)

  let known: readonly Lost[] | undefined
  /** Days are lost when a store is opened, never while it is open. */
  const loss = async (): Promise<{ lost: readonly Lost[]; oldest: number }> => {
    const lost = (known ??= await lostDays(store.documents))
    if (lost.length === 0) return { lost, oldest: 0 }
    const days = (await store.events.days()).map(({ day }) => Date.parse(day))
    return { lost, oldest: Math.min(...days) }
  }

  /** `later` collects the ledger's entries of runs that changed nothing else: they are written together. */
  const cover = async (
    rule: Rule,
    { entry: found, committed }: Due,
    rules: readonly Rule[],
    later?: Put<LedgerEntry>[],
  ): Promise<number> => {
    const began = performance.now()
    let entry = found
    let doc: LedgerEntry = entry?.doc ?? { covered: 0 }
    const save = async (next: LedgerEntry) => {
      const [result] = await ledger.put([{ id: rule.id, doc: next, version: entry?.version ?? null }])
      if (!result?.ok) throw new Error(`another process runs rule ${rule.id}`)
      entry = { id: rule.id, doc: next, version: result.version, seq: 0 }
      doc = next
    }
    const to = doc.running?.to ?? committed
    const from = doc.running?.from ?? doc.covered
    if (to <= from) return 0
    const ended = (matched: number, error?: string): LedgerEntry => {
      const last = {
        at: clock(),
        from,
        to,
        ms: Math.round(performance.now() - began),
        matched,
        ...(error ? { error } : {}),
      }
      const recent = matched > 0 || error ? [last, ...(doc.recent ?? [])].slice(0, RECENT) : doc.recent
      return {
        covered: error ? doc.covered : to,
        last,
        ...(recent ? { recent } : {}),
        ...(error && doc.running ? { running: doc.running } : {}),
      }
    }
    try {
      const few = await fresh(from, to, rules)
      const groups = rule.correlation
        ? await correlated(store, rule, from, to, few)
        : await matched(store, rule, from, to, few)
      const affected = rule.endsWith ? await whatEnds(cases, rule, groups) : NONE
      if (groups.size === 0) {
        if (later) later.push({ id: rule.id, doc: ended(0), version: entry?.version ?? null })
        else await save(ended(0))
        return 0
      }
      // From here on a run that breaks off is run again over the same interval.
      if (!doc.running) await save({ ...doc, running: { from, to } })
      let n = 0
      const merging = { store, cases, ...(await loss()) }
      for (const [key, found] of groups) {
        n += found.moments.length
        await mergeGroup(merging, rule, found.group, found, affected.get(key) ?? [], to)
      }
      await save(ended(n))
      return n
    } catch (error) {
      await save(ended(0, error instanceof Error ? error.message : String(error))).catch(() => {})
      throw error
    }
  }

  return {
    run: async (rule) =>
      cover(rule, { entry: await ledger.get(SYSTEM, rule.id), committed: await store.events.committed() }, [rule]),
    runAll: async (rules, report, stopped = () => false) => {
      // For all of them, so that they share what is read of it.
      const committed = await store.events.committed()
      const later: Put<LedgerEntry>[] = []
      const save = async () => {
        const some = later.splice(0)
        for (const [i, result] of (await ledger.put(some)).entries()) {
          const rule = rules.find(({ id }) => id === some[i]!.id)
          if (!result.ok && rule) report(rule, `another process runs rule ${rule.id}`)
        }
      }
      let saved = performance.now()
      for (const rule of rules) {
        if (stopped()) break
        const entry = await ledger.get(SYSTEM, rule.id)
        try {
          await cover(rule, { entry, committed }, rules, later)
          report(rule)
        } catch (error) {
          report(rule, error instanceof Error ? error.message : String(error))
        }
        if (performance.now() - saved < SAVE) continue
        await save()
        saved = performance.now()
      }
      await save()
    },
  }
}

const NONE: ReadonlyMap<string, readonly Stored<Alert>[]> = new Map()
/** The alerts that the new ends concern, by group. Groups where nothing matched and none is concerned are left out. */
const whatEnds = async (cases: Cases, rule: Rule, groups: Groups): Promise<ReadonlyMap<string, Stored<Alert>[]>> => {
  const ends = [...groups.values()].flatMap((group) => group.ends)
  const out = new Map<string, Stored<Alert>[]>()
  if (ends.length > 0) {
    const filter = endedBy(rule, ends)
    let cursor: string | undefined
    do {
      const page = await alertsIn(cases.documents).query(SYSTEM, { filter, limit: 1000, ...(cursor ? { cursor } : {}) })
      for (const alert of page.items) {
        const key = alert.doc['alert.campaign']
        const own = groups.get(key)?.ends.some((end) => end >= alert.doc['alert.first'])
        if (own) out.set(key, [...(out.get(key) ?? []), alert])
      }
      cursor = page.cursor
    } while (cursor)
  }
  for (const [key, { moments }] of groups) if (moments.length === 0 && !out.has(key)) groups.delete(key)
  return out
}
