/**
 * A run of a rule: what was ingested in (from, to] becomes alerts and incidents. The ledger says how far a rule has come; a
 * run that broke off is run again over the same interval, and alerts say what they have counted, so it adds nothing.
 */
import type { Event } from '../ingest/event.ts'
import { eq } from '../ingest/store/filter.ts'
import {
  type Collection,
  type DocumentStore,
  type Put,
  type Store,
  type Stored,
  SYSTEM,
} from '../ingest/store/store.ts'
import { type Alert, alertId, type Group, groupKey, newAlert, pivots } from './alert.ts'
import { byTime, chain, type Island, islandsOf, type Moment, SAMPLE } from './bursts.ts'
import { type Incidents, openIncidents } from './incident.ts'
import { correlated, freshEvents, matched } from './matching.ts'
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
  readonly clock: () => number
  /** Hours to resolve an incident by level, from the inventory. */
  readonly deadlines: () => { readonly [level: string]: number }
}

export const createDetector = ({ store, clock, deadlines }: DetectOptions): Detector => {
  const alerts = store.documents.collection<Alert>('alerts')
  const ledger = store.documents.collection<LedgerEntry>('ledger')
  const incidents = openIncidents(store, clock, deadlines)

  const fresh = freshEvents(store)

  interface Due {
    readonly entry: Stored<LedgerEntry> | undefined
    readonly committed: number
  }
  /** `later` collects the ledger's entries of runs that changed nothing else: they are written together. */
  const cover = async (rule: Rule, { entry: found, committed }: Due, later?: Put<LedgerEntry>[]): Promise<number> => {
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
      const few = await fresh(from, to)
      const groups = rule.correlation
        ? await correlated(store, rule, from, to, few)
        : await matched(store, rule, from, to, few)
      if (groups.size === 0) {
        if (later) later.push({ id: rule.id, doc: ended(0), version: entry?.version ?? null })
        else await save(ended(0))
        return 0
      }
      // From here on a run that breaks off is run again over the same interval.
      if (!doc.running) await save({ ...doc, running: { from, to } })
      let n = 0
      for (const { group, moments } of groups.values()) {
        n += moments.length
        await mergeGroup(alerts, incidents, store, rule, group, moments, to, clock)
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
      cover(rule, { entry: await ledger.get(SYSTEM, rule.id), committed: await store.events.committed() }),
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
          await cover(rule, { entry, committed }, later)
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

/** Merges what matched anew into the alerts of its group, and those into incidents. */
const mergeGroup = async (
  alerts: Collection<Alert>,
  incidents: Incidents,
  store: Store,
  rule: Rule,
  group: Group,
  moments: readonly Moment[],
  to: number,
  clock: () => number,
): Promise<void> => {
  const key = groupKey(rule.id, group)
  const found = islandsOf(moments, rule.quiet)
  for (;;) {
    const known = (await alerts.query(SYSTEM, { filter: eq('alert.group', key), limit: 10_000 })).items
    const written = await mergeOnce(alerts, store, rule, key, group, found, known, to, clock())
    if (!written) continue // a person changed one of them meanwhile: look again
    for (const alert of written) await incidents.take(rule, alert)
    return
  }
}

const mergeOnce = async (
  alerts: Collection<Alert>,
  store: Store,
  rule: Rule,
  key: string,
  group: Group,
  found: readonly Island[],
  known: readonly Stored<Alert>[],
  to: number,
  now: number,
): Promise<Stored<Alert>[] | undefined> => {
  const fresh = found.filter(
    (island) =>
      !known.some(
        ({ doc }) =>
          doc['alert.counted'] >= to && doc['alert.first'] <= island.first && doc['alert.last'] >= island.last,
      ),
  )
  const open = known.filter(({ doc }) => doc['alert.status'] !== 'closed' && doc['alert.status'] !== 'absorbed')
  const closed = known.filter(({ doc }) => doc['alert.status'] === 'closed')
  type Part = { first: number; last: number; island?: Island; alert?: Stored<Alert> }
  const parts: Part[] = [
    ...fresh.map((island) => ({ first: island.first, last: island.last, island })),
    ...open.map((alert) => ({ first: alert.doc['alert.first'], last: alert.doc['alert.last'], alert })),
  ]
  const puts: Put<Alert>[] = []
  const changed: string[] = []
  const untouched: Stored<Alert>[] = []
  for (const burst of chain(parts, rule.quiet)) {
    const islands = burst.flatMap(({ island }) => island ?? [])
    const members = burst
      .flatMap(({ alert }) => alert ?? [])
      .sort((a, b) => a.doc['alert.created'] - b.doc['alert.created'] || (a.id < b.id ? -1 : 1))
    if (islands.length === 0 && members.length === 1) {
      // Counted already by a run that broke off: only its incident may be missing.
      if (members[0]!.doc['alert.counted'] >= to) untouched.push(members[0]!)
      continue
    }
    const sample = await eventsOf(store, islands)
    const first = Math.min(...burst.map((part) => part.first))
    const last = Math.max(...burst.map((part) => part.last))
    const [keep, ...others] = members
    if (!keep) {
      const count = islands.reduce((sum, island) => sum + island.count, 0)
      const follows = closed
        .filter(({ doc }) => doc['alert.first'] - last <= rule.quiet && first - doc['alert.last'] <= rule.quiet)
        .sort((a, b) => b.doc['alert.last'] - a.doc['alert.last'])[0]
      const id = alertId(key, to, first)
      const doc = newAlert(rule, key, group, { first, last, count }, sample, to, now)
      puts.push({ id, doc: follows ? { ...doc, 'alert.follows': follows.id } : doc, version: null })
      changed.push(id)
      continue
    }
    const absorbed = new Set(keep.doc.absorbed ?? [])
    const joining = others.filter(({ id }) => !absorbed.has(id))
    const count =
      keep.doc['alert.count'] +
      islands.reduce((sum, island) => sum + island.count, 0) +
      joining.reduce((sum, { doc }) => sum + doc['alert.count'], 0)
    const events = new Map(
      [...keep.doc.events, ...joining.flatMap(({ doc }) => doc.events), ...sample].map((event) => [
        event['event.id'] as string,
        event,
      ]),
    )
    const kept = [...events.values()].sort((a, b) => byTime(momentOf(a), momentOf(b))).slice(0, SAMPLE)
    puts.push({
      id: keep.id,
      version: keep.version,
      doc: {
        ...keep.doc,
        ...pivots(kept[0]),
        ...Object.fromEntries(group.map(({ field, value }) => [field, value])),
        '@timestamp': first,
        'alert.first': first,
        'alert.last': last,
        'alert.count': count,
        'alert.counted': to,
        events: kept,
        ...(joining.length
          ? {
              absorbed: [...absorbed, ...joining.map(({ id }) => id)],
              activity: [
                ...keep.doc.activity,
                ...joining.flatMap(({ doc }) => doc.activity.filter(({ by }) => by !== 'system')),
                { at: now, by: 'system', what: 'joined' as const, to: joining.map(({ id }) => id).join(', ') },
              ],
            }
          : {}),
      },
    })
    changed.push(keep.id)
    for (const other of others)
      puts.push({
        id: other.id,
        version: other.version,
        doc: { ...other.doc, 'alert.status': 'absorbed', 'alert.absorbed_by': keep.id },
      })
  }
  if (puts.length) {
    const results = await alerts.put(puts, true)
    if (results.some((result) => !result.ok)) return undefined
  }
  const written: Stored<Alert>[] = [...untouched]
  for (const id of changed) written.push((await alerts.get(SYSTEM, id))!)
  return written
}

const momentOf = (event: Event): Moment => ({ time: event['@timestamp'] as number, id: event['event.id'] as string })

/** The earliest events of the islands, whole. */
const eventsOf = async (store: Store, islands: readonly Island[]): Promise<Event[]> => {
  const out: Event[] = []
  for (const { sample, first, last } of islands.slice(0, SAMPLE)) {
    const filter = { op: 'in', field: 'event.id', values: [...sample], cased: true } as const
    const { items } = await store.events.search(SYSTEM, {
      filter,
      from: first,
      to: last + 1,
      order: 'oldest',
      limit: SAMPLE,
    })
    out.push(...items)
  }
  return out.sort((a, b) => byTime(momentOf(a), momentOf(b))).slice(0, SAMPLE)
}
