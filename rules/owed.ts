/**
 * Events whose texts are too long to be judged where they are taken apart. The store is their queue: they are read from it
 * source by source in turn, judged in a thread of their own (`patient.ts`), and what they meet is merged behind the live lane, in
 * a lane for each source. What a correlation's windows need of them is kept as late hits.
 */
import { createHash } from 'node:crypto'
import type { Event } from '../ingest/event.ts'
import { and, eq, type Filter } from '../ingest/store/filter.ts'
import { type DocumentStore, type Store, SYSTEM } from '../ingest/store/store.ts'
import { type Exceptions, type HitsById, noExceptions, openTally, type Tally } from './exceptions.ts'
import { cutAt, LANE_FIELDS, owedLane, type Reach } from './lane.ts'
import { pagesOf } from './case/pages.ts'
import type { Patient } from './patient.ts'
import { type Groups, live, neededOf, takeIn } from './pass.ts'
import type { Rule } from './rule.ts'
import { labelOf, partsOf } from './ruleset.ts'

/** Events of a source that are read at once, and that a run of the lane holds at most, but for one commit. */
const PAGE = 10
const SLICE = 100
/** Sources that are looked after. */
const SOURCES = 1000

const owed = (source?: string): Filter =>
  live(and(eq('vonglau.owed', true), ...(source === undefined ? [] : [eq('vonglau.source.id', source)])))

interface OwedDocument {
  /** Ingest time up to which there is nothing owed by any source; of some, up to where they are beyond it. */
  readonly all: number
  readonly sources: { readonly [source: string]: number }
  /** A slice that has begun to be written. */
  readonly running?: { readonly source: string; readonly from: number; readonly to: number }
  /** What exceptions have hidden of what was owed. */
  readonly excepted?: HitsById
  readonly [field: string]: unknown
}
interface HitDocument {
  readonly 'hit.rule': string
  readonly '@timestamp': number
  readonly 'hit.ingested': number
  readonly event: Event
  readonly [field: string]: unknown
}
const NAME = 'owed'
const hitsIn = (documents: DocumentStore) => documents.collection<HitDocument>('hits')

/** What one source owed in a stretch of ingest time, judged. */
export interface Slice {
  readonly source: string
  readonly lane: string
  readonly from: number
  readonly to: number
  of(rule: Rule): Groups
  /** What windows need of it. */
  readonly hits: { id: string; doc: HitDocument }[]
  /** What exceptions have hidden of it. */
  readonly hidden: Tally
}
interface Job extends Slice {
  cursor: string | undefined
  readonly found: Map<Rule, Groups>
}

export interface Owed {
  /** How far each lane of this kind is gone over. */
  reach(): Promise<Reach>
  /** The slice whose writing broke off, judged again: it is finished before anything else. */
  broken(rules: readonly Rule[]): Promise<Slice | undefined>
  /** What is judged by now and not yet written. Begins what is owed up to `committed`, and does not wait for it. */
  ready(rules: readonly Rule[], committed: number): Promise<readonly Slice[]>
  /** Before a slice is written, and after it. */
  begin(slice: Slice): Promise<void>
  done(slice: Slice): Promise<void>
  /** Resolves when all that was begun is judged. */
  settle(): Promise<void>
  /** The earliest '@timestamp' of those that are owed up to an ingest time, of what a filter says: of those of a day at most. */
  earliest(filter: Filter, to: number): Promise<number | undefined>
  /** Events that wait, as far as it was looked. */
  waiting(): number
}

/** What exceptions have hidden of owed events. */
export const owedHidden = async (documents: DocumentStore): Promise<HitsById> =>
  (await documents.collection<OwedDocument>(NAME).get(SYSTEM, NAME))?.doc.excepted ?? {}

/** The late hits of a rule whose events lie in [from, to]. */
export const lateHits = async (documents: DocumentStore, rule: Rule, from: number, to: number): Promise<Event[]> => {
  const out: Event[] = []
  const filter = and(eq('hit.rule', labelOf(rule)), { op: 'range', field: '@timestamp', gte: from, lte: to })
  for await (const page of pagesOf(hitsIn(documents), filter, 1000)) for (const { doc } of page) out.push(doc.event)
  return out
}

export const openOwed = (store: Store, patient: Patient, exceptions: () => Exceptions = () => noExceptions): Owed => {
  const documents = store.documents.collection<OwedDocument>(NAME)
  let state: { doc: OwedDocument; version: number | null } | undefined
  const read = async () => {
    if (!state) {
      const found = await documents.get(SYSTEM, NAME)
      state = found ? { doc: found.doc, version: found.version } : { doc: { all: 0, sources: {} }, version: null }
    }
    return state
  }
  const save = async (doc: OwedDocument): Promise<void> => {
    const { version } = await read()
    const [put] = await documents.put([{ id: NAME, doc, version }])
    if (!put?.ok) {
      state = undefined
      throw new Error('another process runs the rules')
    }
    state = { doc, version: put.version }
  }
  const jobs = new Map<string, Job>()
  /** By source; each stays until it is written, so that one whose writing failed is written again as it was. */
  const judged = new Map<string, Slice>()
  let waiting = 0
  let looked = 0
  let failure: Error | undefined
  let working: Promise<void> | undefined

  const coveredOf = (doc: OwedDocument, source: string) => Math.max(doc.all, doc.sources[source] ?? 0)
  const count = (source: string, after: number) => (upTo: number) =>
    store.events.count(SYSTEM, { filter: owed(source), ingested: { after, upTo } })
  /** Judges a page of a job; answers whether that was the last. */
  const page = async (rules: readonly Rule[], job: Job): Promise<boolean> => {
    const found = await store.events.search(SYSTEM, {
      filter: owed(job.source),
      ingested: { after: job.from, upTo: job.to },
      order: 'oldest',
      limit: PAGE,
      ...(job.cursor ? { cursor: job.cursor } : {}),
    })
    for (const event of found.items) {
      for (const { place, parts } of await patient.judge(rules, event)) {
        const rule = rules[place]!
        let groups = job.found.get(rule)
        if (!groups) job.found.set(rule, (groups = new Map()))
        const excepted = exceptions().of(rule)
        // A late hit is kept with what exceptions leave of it: those of later are of later events.
        const left = excepted && rule.correlation ? excepted.of(event, parts).left : parts
        if (!takeIn(groups, rule, event, parts, excepted, job.hidden)) continue
        if (rule.correlation) job.hits.push(hitOf(rule, event, left))
      }
      waiting = Math.max(0, waiting - 1)
    }
    job.cursor = found.cursor
    return found.cursor === undefined
  }
  const newJob = (source: string, from: number, to: number): Job => {
    const found: Job['found'] = new Map()
    const of = (rule: Rule): Groups => found.get(rule) ?? new Map()
    return { source, lane: owedLane(source), from, to, of, cursor: undefined, found, hits: [], hidden: openTally() }
  }
  /** A page of each source in turn, until none is left. */
  const work = async (rules: readonly Rule[]): Promise<void> => {
    while (jobs.size > 0)
      for (const [source, job] of [...jobs]) {
        if (!(await page(rules, job))) continue
        jobs.delete(source)
        judged.set(source, job)
      }
  }

  return {
    reach: async () => {
      const { doc } = await read()
      return Object.fromEntries(Object.keys(doc.sources).map((source) => [owedLane(source), coveredOf(doc, source)]))
    },
    broken: async (rules) => {
      const { running } = (await read()).doc
      if (!running) return undefined
      const known = judged.get(running.source)
      if (known) return known
      const job = newJob(running.source, running.from, running.to)
      while (!(await page(rules, job)));
      return job
    },
    ready: async (rules, committed) => {
      if (failure) {
        const error = failure
        failure = undefined
        throw error
      }
      const { doc } = await read()
      if (committed > looked || working === undefined) {
        const { items } = await store.events.aggregate(SYSTEM, {
          filter: owed(),
          by: [{ terms: 'vonglau.source.id' }],
          ingested: { after: doc.all, upTo: committed },
          limit: SOURCES,
        })
        looked = committed
        let left = 0
        for (const { key } of items) {
          const source = String(key[0] ?? '')
          const from = coveredOf(doc, source)
          const n = await count(source, from)(committed)
          left += n
          if (n === 0 || jobs.has(source) || judged.has(source)) continue
          const to = n <= SLICE ? committed : await cutAt(from, committed, SLICE, count(source, from))
          jobs.set(source, newJob(source, from, to))
        }
        waiting = left
        // Where nothing is left, all are as far as it was looked; a write a minute is enough for that.
        if (left === 0 && committed - doc.all > (items.length > 0 ? 0 : 60_000))
          await save({
            ...(doc.excepted ? { excepted: doc.excepted } : {}),
            all: committed,
            sources: Object.fromEntries(Object.keys(doc.sources).map((s) => [s, committed])),
          })
      }
      if (jobs.size > 0 && !working)
        working = work(rules)
          .catch((error: unknown) => {
            failure = error instanceof Error ? error : new Error(String(error))
            jobs.clear()
          })
          .finally(() => (working = undefined))
      return [...judged.values()]
    },
    begin: async (slice) => {
      const { doc } = await read()
      const { source, from, to, hits } = slice
      if (!doc.running) await save({ ...doc, running: { source, from, to } })
      for (let i = 0; i < hits.length; i += 500)
        await hitsIn(store.documents).put(
          hits.slice(i, i + 500).map(({ id, doc: hit }) => ({ id, doc: hit, version: 'any' as const })),
        )
    },
    done: async ({ source, to, hidden }) => {
      const { running: _, ...doc } = (await read()).doc
      const excepted = hidden.onto(doc.excepted)
      await save({ ...doc, ...(excepted ? { excepted } : {}), sources: { ...doc.sources, [source]: to } })
      judged.delete(source)
    },
    earliest: async (filter, to) => {
      const { doc } = await read()
      const after = Math.max(doc.all, to - 86_400_000)
      const { items } = await store.events.aggregate(SYSTEM, {
        filter: and(owed(), filter),
        by: [{ terms: 'vonglau.source.id' }],
        ingested: { after, upTo: to },
        limit: SOURCES,
      })
      let least: number | undefined
      for (const { key } of items) {
        const source = String(key[0] ?? '')
        const found = await store.events.search(SYSTEM, {
          filter: and(owed(source), filter),
          ingested: { after: Math.max(after, coveredOf(doc, source)), upTo: to },
          order: 'oldest',
          limit: 1,
          fields: ['@timestamp'],
        })
        const time = found.items[0]?.['@timestamp'] as number | undefined
        if (time !== undefined) least = Math.min(least ?? time, time)
      }
      return least
    },
    settle: async () => {
      while (working) await working
    },
    waiting: () => waiting,
  }
}

const hitOf = (rule: Rule, event: Event, parts: readonly number[]): { id: string; doc: HitDocument } => {
  const label = labelOf(rule)
  const names = ['@timestamp', 'event.id', 'event.ingested', ...LANE_FIELDS, ...neededOf(rule)]
  // Which of its bases it meets is said as where it is judged at once.
  const some: Event = { 'vonglau.hits': parts.map((i) => partsOf(rule)[i]!.label) }
  for (const name of names) if (event[name] !== undefined) some[name] = event[name]
  const id = createHash('sha256')
    .update(`${label} ${String(event['event.id'])}`)
    .digest('hex')
    .slice(0, 32)
  const [time, ingested] = [event['@timestamp'] as number, event['event.ingested'] as number]
  return { id, doc: { 'hit.rule': label, '@timestamp': time, 'hit.ingested': ingested, event: some } }
}
