/**
 * `vonglau migrate`: an embedded installation into a cluster. Events keep their UTC day of ingest and their order; how far
 * it has come is an offset in the cluster, so that a migration which broke off goes on; counts by day and by source are
 * compared at the end.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { briefly } from '../ingest/briefly.ts'
import { type Event, valuesOf } from '../ingest/event.ts'
import { EVERYTHING } from '../ingest/store/filter.ts'
import {
  type Document,
  type DocumentStore,
  type EventStore,
  type Lease,
  type Offset,
  type Store,
  SYSTEM,
} from '../ingest/store/store.ts'

const DAY = 86_400_000
const SOURCE = 'vonglau-migrate'
/** Events handed over together, about. */
const PIECE = 5000
/** ms until one that was killed is known to be dead, and then some. */
const PATIENCE = 40_000
/** Windows after the place where an earlier migration broke off, whose events may be in the cluster already. */
const UNSURE = 3
/** Collections that belong to a process, not to the installation. */
const OWN = new Set(['nodes'])
const SPOOL = /^\d{10}$/

export interface MigrateProgress {
  readonly events: number
  readonly total: number
}
export interface Difference {
  readonly day: string
  readonly source: string
  readonly here: number
  readonly there: number
}
export interface Migrated {
  readonly events: number
  readonly documents: number
  /** Days and sources whose counts are not the same; empty where all is well. */
  readonly differences: readonly Difference[]
}

export interface MigrateOptions {
  readonly from: { readonly events: EventStore; readonly documents: DocumentStore & { names(): readonly string[] } }
  readonly to: Store
  /** Name of this data folder among those of the cluster: its spool's segments bear it there. */
  readonly node: string
  readonly progress: (progress: MigrateProgress) => void
}

interface Mark extends Document {
  readonly node: string
  readonly done?: boolean
}

/**
 * Rejects with a sentence where the cluster holds another installation already, or another process copies into it. The
 * source is only read.
 */
export const migrate = async (options: MigrateOptions): Promise<Migrated> => {
  const lease = await leaseOf(options.to)
  try {
    return await copy(options, lease)
  } finally {
    await briefly(() => lease.release())
  }
}

/** With it, nothing that a migration which was killed has sent arrives any more. */
const leaseOf = async (to: Store): Promise<Lease> => {
  const began = performance.now()
  do {
    const lease = await to.lease('migration')
    if (lease) return lease
    await sleep(500)
  } while (performance.now() - began < PATIENCE)
  throw new Error('another migration into this cluster is under way: wait until it has ended')
}

const copy = async ({ from, to, node, progress }: MigrateOptions, lease: Lease): Promise<Migrated> => {
  const marks = to.documents.collection<Mark>('migration')
  const mark = await marks.get(SYSTEM, 'embedded')
  if (mark ? mark.doc.node !== node : await anyone(to))
    throw new Error(
      'the cluster already holds an installation under this prefix: choose another one (elasticsearch.prefix), or remove its indices',
    )
  if (mark?.doc.done)
    throw new Error('this installation was moved into the cluster already: start it with "store: elasticsearch"')
  if (!mark) await marks.put([{ id: 'embedded', doc: { node }, version: null }])

  const days = (await from.events.days()).toSorted((a, b) => (a.day < b.day ? -1 : 1))
  const broken = days.find(({ problem }) => problem !== undefined)
  if (broken) throw new Error(`${broken.day}: ${broken.problem}`)
  const total = days.reduce((sum, { events }) => sum + events, 0)
  let events = 0
  for (const { day } of days) {
    const begin = Date.parse(day)
    const known = (await to.events.offsets(SOURCE)).find(({ segment }) => segment === day)
    const windows = await windowsOf(from.events, begin)
    let position = known?.position ?? 0
    let unsure = known || mark ? UNSURE : 0
    for (const { upTo, count } of windows) {
      const after = Math.max(position, begin - 1)
      if (upTo > position) {
        let held: Event[] = []
        const flush = async (offsets: readonly Offset[]) => {
          const fresh = unsure > 0 ? await without(to.events, held) : held
          held = []
          // Its own ingest time is given anew by the store; the newest of the window keeps day and order.
          await to.events.append({ events: fresh, offsets, lease }, upTo)
        }
        const window = { filter: EVERYTHING, ingested: { after, upTo } }
        for await (const chunk of from.events.match(SYSTEM, window)) {
          held.push(...chunk)
          if (held.length >= PIECE) await flush([])
        }
        await flush([{ source: SOURCE, segment: day, position: upTo }])
        position = upTo
        unsure--
      }
      events += count
      progress({ events, total })
    }
  }
  const documents = await copyDocuments(from.documents, to)
  const offsets = (await from.events.offsets()).map((offset): Offset => {
    const { from: _, ...rest } = offset
    return SPOOL.test(rest.segment) ? { ...rest, segment: `${node}-${rest.segment}` } : rest
  })
  for (let i = 0; i < offsets.length; i += 500)
    await to.events.append({ events: [], offsets: offsets.slice(i, i + 500), lease }, lastOf(days))
  for (const source of new Set(offsets.map((offset) => offset.source))) {
    const learned = (await from.events.learned(source)).map((each) =>
      SPOOL.test(each.segment) ? { ...each, segment: `${node}-${each.segment}` } : each,
    )
    for (let i = 0; i < learned.length; i += 500)
      await to.events.append({ events: [], offsets: [], learned: learned.slice(i, i + 500), lease }, lastOf(days))
  }
  // Everything that was copied had been looked at by the rules: they go on with what comes from now on.
  const covered = await to.events.committed()
  const ledger = to.documents.collection<Document>('ledger')
  for (const { id, version, doc } of (await ledger.query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })).items)
    await ledger.put([{ id, version, doc: { ...doc, covered: Math.max(covered, Number(doc['covered'] ?? 0)) } }])

  const differences: Difference[] = []
  for (const { day } of days) {
    const [here, there] = [await countsOf(from.events, day), await countsOf(to.events, day)]
    for (const source of new Set([...here.keys(), ...there.keys()])) {
      const [a, b] = [here.get(source) ?? 0, there.get(source) ?? 0]
      if (a !== b) differences.push({ day, source, here: a, there: b })
    }
  }
  if (differences.length === 0) await marks.put([{ id: 'embedded', doc: { node, done: true }, version: 'any' }])
  return { events, documents, differences }
}

const anyone = async (to: Store): Promise<boolean> =>
  (await to.documents.collection('auth_user').query(SYSTEM, { filter: EVERYTHING, limit: 1 })).total > 0

const lastOf = (days: readonly { readonly day: string }[]): number => {
  const last = days.at(-1)
  return last ? Date.parse(last.day) : 0
}

/** The ingest times of a day, in order, put together to windows of about a piece of events. */
const windowsOf = async (events: EventStore, begin: number): Promise<{ upTo: number; count: number }[]> => {
  const { items } = await events.aggregate(SYSTEM, {
    filter: EVERYTHING,
    ingested: { after: begin - 1, upTo: begin + DAY - 1 },
    by: [{ terms: 'event.ingested' }],
    limit: 1_000_000,
  })
  const times = items.map(({ key, count }) => ({ upTo: Number(key[0]), count })).sort((a, b) => a.upTo - b.upTo)
  const out: { upTo: number; count: number }[] = []
  let open = 0
  for (const { upTo, count } of times) {
    if (open === 0 || open + count > PIECE) {
      out.push({ upTo, count })
      open = count
    } else {
      const last = out.at(-1)!
      out[out.length - 1] = { upTo, count: last.count + count }
      open += count
    }
  }
  return out
}

/** Without those that are in the cluster already. */
const without = async (events: EventStore, some: readonly Event[]): Promise<Event[]> => {
  const known = new Set<unknown>()
  for (let i = 0; i < some.length; i += 1000) {
    const ids = some.slice(i, i + 1000).flatMap((event) => valuesOf(event, 'event.id'))
    const filter = { op: 'in', field: 'event.id', values: ids, cased: true } as const
    for await (const chunk of events.match(SYSTEM, { filter, fields: ['event.id'] }))
      for (const event of chunk) known.add(event['event.id'])
  }
  return some.filter((event) => !known.has(event['event.id']))
}

const countsOf = async (events: EventStore, day: string): Promise<Map<string, number>> => {
  const begin = Date.parse(day)
  const { items } = await events.aggregate(SYSTEM, {
    filter: EVERYTHING,
    ingested: { after: begin - 1, upTo: begin + DAY - 1 },
    by: [{ terms: 'vonglau.source.id' }],
    limit: 100_000,
  })
  return new Map(items.map(({ key, count }) => [String(key[0] ?? ''), count]))
}

const copyDocuments = async (from: DocumentStore & { names(): readonly string[] }, to: Store): Promise<number> => {
  let copied = 0
  for (const name of from.names()) {
    if (OWN.has(name)) continue
    const [source, target] = [from.collection<Document>(name), to.documents.collection<Document>(name)]
    let cursor: string | undefined
    do {
      const page = await source.query(SYSTEM, { filter: EVERYTHING, limit: 500, ...(cursor ? { cursor } : {}) })
      await target.put(page.items.map(({ id, doc }) => ({ id, doc, version: 'any' })))
      copied += page.items.length
      cursor = page.cursor
    } while (cursor)
  }
  return copied
}
