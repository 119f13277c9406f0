/**
 * Stored lines are read again, after a parser was mended or a sender was given its source: by source and the days on which
 * they arrived. A day is written anew beside the old one and swapped in whole, so what is broken off leaves the one or the
 * other; the days that are done are remembered, and the same request goes on behind them.
 *
 * Ids and ingest times stay, and with them whom an event belonged to and which rules it met: rules do not look at it again.
 */
import { hash } from 'node:crypto'
import { type Event, HEALTH_DATASET } from '../ingest/event.ts'
import { openReadAgain, type ReadAgain } from '../ingest/read-again.ts'
import { UNKNOWN_SOURCE } from '../ingest/source.ts'
import { and, contains, EVERYTHING, eq, type Filter, not } from '../ingest/store/filter.ts'
import { type Document, ingestedOn, SYSTEM } from '../ingest/store/store.ts'
import { isKnown } from '../ingest/inventory/scope.ts'
import { REWRITTEN } from '../rules/pass.ts'
import type { Installation } from './installation.ts'

const DAY = 86_400_000
/** Lines that may say the names of columns, a syslog header before them. */
const HEADER = contains('event.original', '#')

export interface ReparseRequest {
  /** Whose lines: a source of the configuration, or `unknown`. */
  readonly source: string
  /** Arrived at `from` ≤ time < `to`, epoch ms; absent: whenever. */
  readonly from?: number
  readonly to?: number
  /** The source that they are read as. */
  readonly as?: string
  /** Only those that this address sent. */
  readonly sender?: string
  /** The agency that they are given, whatever they had. */
  readonly agency?: string
}
export interface ReparseProgress {
  /** UTC day of ingest. */
  readonly day: string
  readonly lines: number
  /** Of the lines those that were not understood, before and now. */
  readonly before: number
  readonly now: number
  /** The day was done by an earlier run. */
  readonly done?: true
  /** Its lines cannot be read again yet, and why. */
  readonly left?: string
}
interface Mark extends Document {
  readonly request: ReparseRequest
  /** Lines that arrived later are read as they have to be. */
  readonly until: number
  readonly days: readonly string[]
  /** Of a day that took events then: a running server goes on when it is closed. */
  readonly pending?: boolean
}
const marksOf = ({ store }: Pick<Installation, 'store'>) => store.documents.collection<Mark>('reparse')
const keyOf = (request: ReparseRequest): string => hash('sha256', JSON.stringify(request)).slice(0, 24)

/**
 * What a day that took events left to do, and what a person asked for in the console. One at a time; what cannot be done keeps
 * nothing else from it, and is said.
 */
export const reparsePending = async (installation: Installation): Promise<void> => {
  const { items } = await marksOf(installation).query(SYSTEM, { filter: EVERYTHING, limit: 100 })
  const wrong: string[] = []
  for (const { id, doc } of items) {
    if (!doc.pending) continue
    const { source, as = source } = doc.request
    if (!installation.config.sources.some((each) => each.id === as)) {
      await marksOf(installation).delete(id, 'any')
      installation.ingest.notices.add(
        'reparse-ended',
        1,
        () =>
          `lines of ${source} are not read again as ${as}, which is no source any more: put it back into the configuration and run vonglau reparse`,
      )
      continue
    }
    try {
      for await (const _ of reparse(installation, doc.request)) void _
    } catch (error) {
      wrong.push(`lines of ${reparsedText(doc.request)} are not read again yet: ${(error as Error).message}`)
    }
  }
  if (wrong.length > 0) installation.problems.set('reparse', wrong.join('; '))
  else installation.problems.delete('reparse')
}
/** As if it had been said, and a running server does it by itself. */
export const askReparse = async (installation: Installation, request: ReparseRequest): Promise<void> => {
  const doc: Mark = { request, until: installation.clock(), days: [], pending: true }
  await marksOf(installation).put([{ id: keyOf(request), version: 'any', doc }])
}

export const reparsedText = ({ source, as, sender, agency, from, to }: ReparseRequest): string =>
  [
    source,
    ...(as === undefined ? [] : [`as ${as}`]),
    ...(sender === undefined ? [] : [`sender ${sender}`]),
    ...(agency === undefined ? [] : [`agency ${agency}`]),
    ...(from === undefined ? [] : [`from ${new Date(from).toISOString()}`]),
    ...(to === undefined ? [] : [`to ${new Date(to).toISOString()}`]),
  ].join(', ')

/** A day is written anew by one at a time: whoever asks for another meanwhile has to begin again. */
const turns = new WeakMap<Installation['store'], Promise<void>>()

/**
 * Yields each day. Rejects with a sentence before anything is read where the request cannot be done. Waits for the one before
 * it.
 */
export const reparse = async function* (
  installation: Installation,
  request: ReparseRequest,
): AsyncIterable<ReparseProgress> {
  const before = turns.get(installation.store)
  let done = () => {}
  turns.set(installation.store, new Promise((resolve) => (done = resolve)))
  try {
    await before
    yield* readDays(installation, request)
  } finally {
    done()
  }
}
const readDays = async function* (
  installation: Installation,
  { source: id, from, to, as, sender, agency }: ReparseRequest,
): AsyncIterable<ReparseProgress> {
  const { store, config, inventory } = installation
  const wanted = as ?? id
  const source = config.sources.find((each) => each.id === wanted)
  if (!source)
    throw new Error(
      wanted === UNKNOWN_SOURCE
        ? 'lines of unknown senders have no parser: name the source that they are read as with --as'
        : `there is no source "${wanted}": those of the configuration are ${config.sources.map((each) => each.id).join(', ') || 'none'}`,
    )
  if (agency !== undefined && !isKnown(inventory, agency))
    throw new Error(`there is no agency "${agency}" in the inventory: name one by its id`)
  if (from !== undefined && to !== undefined && from >= to)
    throw new Error('--from is not before --to: nothing lies between')
  const request: ReparseRequest = {
    source: id,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(as === undefined ? {} : { as }),
    ...(sender === undefined ? {} : { sender }),
    ...(agency === undefined ? {} : { agency }),
  }
  const marks = marksOf(installation)
  const key = keyOf(request)
  const found = await marks.get(SYSTEM, key)
  const done = new Set(found?.doc.days)
  // Nothing below comes any more, so that what holds it can be closed.
  const committed = await store.events.committed()
  const until = Math.min(to ?? Infinity, found?.doc.until ?? Math.min(installation.clock(), committed + 1))
  const filter: Filter = and(
    eq('vonglau.source.id', id),
    not(eq('event.dataset', HEALTH_DATASET)),
    ...(from === undefined ? [] : [{ op: 'range', field: 'event.ingested', gte: from } as const]),
    { op: 'range', field: 'event.ingested', lt: until },
  )
  const days = (await store.events.days()).toSorted((a, b) => (a.day < b.day ? -1 : 1))
  const concerned = days.filter(({ day }) => Date.parse(day) + DAY > (from ?? -Infinity) && Date.parse(day) < until)
  let opened: Promise<ReadAgain> | undefined
  const open = async () =>
    openReadAgain({
      source,
      learned: await store.events.learned(id),
      ...(wanted === id ? {} : { headers: () => store.events.match(SYSTEM, { filter: and(filter, HEADER) }) }),
      inventory,
      geoip: config.geoip,
      agency,
      now: installation.clock(),
    })
  const tell = () =>
    store.documents
      .collection<{ readonly at: number }>(REWRITTEN)
      .put([{ id: 'last', version: 'any', doc: { at: installation.clock() } }])
  let pending = false
  for (const { day, problem } of concerned) {
    if (done.has(day)) {
      yield { day, lines: 0, before: 0, now: 0, done: true }
      continue
    }
    const its = ingestedOn(day)
    if (problem === undefined && (await store.events.count(SYSTEM, { filter, ingested: its })) === 0) continue
    const isOpen = problem === undefined && day === days.at(-1)!.day
    const left =
      problem ??
      (isOpen && !(await store.events.seal(filter))
        ? 'it takes events now: a running server goes on by itself when a later day has begun (UTC)'
        : undefined)
    if (left !== undefined) {
      pending ||= problem === undefined
      yield { day, lines: 0, before: 0, now: 0, left }
      continue
    }
    const isMine = (event: Event) => sender === undefined || event['log.source.address'] === sender
    const readAgain = await (opened ??= open())
    const further = await readAgain.further(() => store.events.match(SYSTEM, { filter, ingested: its }))
    const count = { lines: 0, before: 0, now: 0 }
    // Before and after: whoever is stopped in between has told it.
    await tell()
    await store.events.rewrite(day, filter, async (events) => {
      const made = await readAgain.read(events.filter(isMine), further)
      count.lines += made.lines
      count.before += made.before
      count.now += made.now
      // Whoever asks meanwhile has a turn.
      await new Promise((resolve) => setImmediate(resolve))
      return [...made.events, ...events.filter((event) => !isMine(event))]
    })
    done.add(day)
    await tell()
    await marks.put([{ id: key, version: 'any', doc: { request, until, days: [...done] } }])
    yield { day, ...count }
  }
  if (pending) await marks.put([{ id: key, version: 'any', doc: { request, until, days: [...done], pending } }])
  else await marks.delete(key, 'any')
}
