/**
 * Events whose texts are too long to be judged where they are taken apart. The store is their queue: they are read from it
 * source by source in turn, judged in a thread of their own (`patient.ts`), and what they meet is merged behind the live lane, in
 * a lane for each source. What a correlation's windows need of them is kept as late hits.
 */
import { createHash } from 'node:crypto'
import type { Event } from '../ingest/event.ts'
import { and, eq, type Filter } from '../ingest/store/filter.ts'
import { type DocumentStore, type Store, SYSTEM } from '../ingest/store/store.ts'
import { LANE_FIELDS, owedLane, type Reach } from './lane.ts'
import type { Patient } from './patient.ts'
import { type Groups, live, neededOf, takeIn } from './pass.ts'
import type { Rule } from './rule.ts'
import { labelOf } from './ruleset.ts'

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
}
interface Job {
  readonly source: string
  readonly from: number
  readonly to: number
  cursor: string | undefined
  readonly found: Map<Rule, Groups>
  readonly hits: { id: string; doc: HitDocument }[]
}

export interface Owed {
  /** How far each lane of this kind is gone over. */
  reach(): Promise<Reach>
  /** The slice whose writing broke off, judged again: it is finished before anything else. */
  broken(rules: readonly Rule[]): Promise<Slice | undefined>
  /** What is judged by now. Begins what is owed up to `committed`, and does not wait for it. */
  ready(rules: readonly Rule[], committed: number): Promise<readonly Slice[]>
  /** Before a slice is written, and after it. */
  begin(slice: Slice): Promise<void>
  done(slice: Slice): Promise<void>
  /** Resolves when all that was begun is judged. */
  settle(): Promise<void>
  /** Events that wait, as far as it was looked. */
  waiting(): number
}

/** The late hits of a rule whose events lie in [from, to]. */
export const lateHits = async (documents: DocumentStore, rule: Rule, from: number, to: number): Promise<Event[]> => {
  const out: Event[] = []
  const filter = and(eq('hit.rule', labelOf(rule)), { op: 'range', field: '@timestamp', gte: from, lte: to })
  let cursor: string | undefined
  do {
    const page = await hitsIn(documents).query(SYSTEM, { filter, limit: 1000, ...(cursor ? { cursor } : {}) })
    for (const { doc } of page.items) out.push(doc.event)
    cursor = page.cursor
  } while (cursor)
  return out
}

export const openOwed = (store: Store, patient: Patient): Owed => {
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
  const judged: Job[] = []
  let waiting = 0
  let looked = 0
  let failure: Error | undefined
  let working: Promise<void> | undefined

  const coveredOf = (doc: OwedDocument, source: string) => Math.max(doc.all, doc.sources[source] ?? 0)
  /** An ingest time up to which a source owes about a slice. */
  const cut = async (source: string, from: number, to: number): Promise<number> => {
    const count = (upTo: number) =>
      store.events.count(SYSTEM, { filter: owed(source), ingested: { after: from, upTo } })
    if ((await count(to)) <= SLICE) return to
    let [low, few, high] = [from, 0, to]
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      const n = await count(middle)
      if (n <= SLICE) [low, few] = [middle, n]
      else high = middle
    }
    return few > 0 ? low : high
  }
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
      for (const i of await patient.judge(rules, event)) {
        const rule = rules[i]!
        let groups = job.found.get(rule)
        if (!groups) job.found.set(rule, (groups = new Map()))
        takeIn(groups, rule, event)
        if (rule.correlation) job.hits.push(hitOf(rule, event))
      }
      waiting = Math.max(0, waiting - 1)
    }
    job.cursor = found.cursor
    return found.cursor === undefined
  }
  const sliceOf = (job: Job): Slice => ({
    source: job.source,
    lane: owedLane(job.source),
    from: job.from,
    to: job.to,
    of: (rule) => job.found.get(rule) ?? new Map(),
  })
  const hitsOf = new WeakMap<Slice, Job['hits']>()
  const made = (job: Job): Slice => {
    const slice = sliceOf(job)
    hitsOf.set(slice, job.hits)
    return slice
  }
  const newJob = (source: string, from: number, to: number): Job => ({
    source,
    from,
    to,
    cursor: undefined,
    found: new Map(),
    hits: [],
  })
  /** A page of each source in turn, until none is left. */
  const work = async (rules: readonly Rule[]): Promise<void> => {
    while (jobs.size > 0)
      for (const [source, job] of [...jobs]) {
        if (!(await page(rules, job))) continue
        jobs.delete(source)
        judged.push(job)
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
      const job = newJob(running.source, running.from, running.to)
      while (!(await page(rules, job)));
      return made(job)
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
          const n = await store.events.count(SYSTEM, {
            filter: owed(source),
            ingested: { after: from, upTo: committed },
          })
          left += n
          const busy = jobs.has(source) || judged.some((job) => job.source === source)
          if (n > 0 && !busy) jobs.set(source, newJob(source, from, await cut(source, from, committed)))
        }
        waiting = left
        // Where nothing is left, all are as far as it was looked; a write a minute is enough for that.
        if (left === 0 && committed - doc.all > (items.length > 0 ? 0 : 60_000))
          await save({
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
      return judged.splice(0).map(made)
    },
    begin: async (slice) => {
      const { doc } = await read()
      const { source, from, to } = slice
      if (!doc.running) await save({ ...doc, running: { source, from, to } })
      const hits = hitsOf.get(slice) ?? []
      for (let i = 0; i < hits.length; i += 500)
        await hitsIn(store.documents).put(
          hits.slice(i, i + 500).map(({ id, doc: hit }) => ({ id, doc: hit, version: 'any' as const })),
        )
    },
    done: async ({ source, to }) => {
      const { running: _, ...doc } = (await read()).doc
      await save({ ...doc, all: doc.all, sources: { ...doc.sources, [source]: to } })
    },
    settle: async () => {
      while (working) await working
    },
    waiting: () => waiting,
  }
}

const hitOf = (rule: Rule, event: Event): { id: string; doc: HitDocument } => {
  const label = labelOf(rule)
  const names = ['@timestamp', 'event.id', 'event.ingested', ...LANE_FIELDS, ...neededOf(rule)]
  const some: Event = {}
  for (const name of names) if (event[name] !== undefined) some[name] = event[name]
  const id = createHash('sha256')
    .update(`${label} ${String(event['event.id'])}`)
    .digest('hex')
    .slice(0, 32)
  const [time, ingested] = [event['@timestamp'] as number, event['event.ingested'] as number]
  return { id, doc: { 'hit.rule': label, '@timestamp': time, 'hit.ingested': ingested, event: some } }
}
