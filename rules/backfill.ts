/**
 * Alerts for a stretch of the past, raised where a person has said so: begun as a document, carried out by whoever runs the rules,
 * between their runs, in a lane of its own. What lies within an alert of its group, or in an hour that a summary sums up, is told
 * already: done twice, or again after a kill, it adds nothing.
 */
import { and, eq } from '../ingest/store/filter.ts'
import {
  type Collection,
  type Document,
  type DocumentStore,
  type Put,
  type Store,
  type Stored,
  SYSTEM,
} from '../ingest/store/store.ts'
import { type Alert, partOf } from './alert.ts'
import { placeIn } from './sorted.ts'
import { alertsIn, type Cases } from './case/decide.ts'
import { pagesOf } from './case/pages.ts'
import type { Exceptions } from './exceptions.ts'
import { gather, type Gathered } from './gather.ts'
import { BACKFILL, LANE_FIELDS, type Reach, within } from './lane.ts'
import { mergeGroups } from './many.ts'
import { partyOfDocument } from './parts.ts'
import type { Groups } from './pass.ts'
import type { Rule } from './rule.ts'
import { labelOf } from './ruleset.ts'
import { hourOf } from './summary.ts'

export interface Backfill extends Document {
  readonly rule: string
  /** The version that was looked at (`labelOf`): no other is raised by it. */
  readonly label: string
  /** Of '@timestamp'. */
  readonly from: number
  readonly to: number
  readonly by: string
  readonly at: number
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled'
  readonly progress: number
  readonly reached?: number
  /** Alerts that it raised, and those that it added events to. */
  readonly raised: number
  readonly extended: number
  readonly error?: string
}
export const backfillsIn = (documents: DocumentStore): Collection<Backfill> =>
  documents.collection<Backfill>('backfills')
export const isOpen = ({ state }: Backfill): boolean => state === 'waiting' || state === 'running'

/** Why a rule raises nothing for the past; undefined where it does. */
export const notForPast = (rule: Rule): string | undefined =>
  rule.endsWith === undefined
    ? undefined
    : `rule ${rule.id} tells of what lasts until it ends: what has ended is not raised again`

/** ms of one turn, and between two notes of how far it is. */
const TURN = 500
const TELL = 1000

export interface Backfills {
  /** Goes on for a turn. Rejects with what is no backfill's fault. */
  go(rules: readonly Rule[], stopped: () => boolean): Promise<void>
}

interface Work {
  readonly id: string
  doc: Backfill
  version: number
  readonly steps: AsyncGenerator<{ readonly done: number; readonly at: number }>
  readonly sums: { raised: number; extended: number }
  told: number
}

export const openBackfills = (
  store: Store,
  cases: Cases,
  /** Those of now, whenever an event came. */
  exceptionsNow: () => Promise<Exceptions>,
  /** How far the rule has gone over each lane; undefined while it writes. */
  reachOf: (rule: Rule) => Promise<Reach | undefined>,
): Backfills => {
  const backfills = backfillsIn(store.documents)
  let looked = -1
  let work: Work | undefined
  let waiting: Stored<Backfill>[] = []
  /** False where a person has cancelled it meanwhile. */
  const save = async (mine: Work, set: Partial<Backfill>): Promise<boolean> => {
    mine.doc = { ...mine.doc, ...mine.sums, ...set }
    const [put] = await backfills.put([{ id: mine.id, version: mine.version, doc: mine.doc }])
    if (put?.ok) mine.version = put.version
    return put?.ok ?? false
  }
  const next = async (rules: readonly Rule[]): Promise<Work | undefined> => {
    const newest = await backfills.newest()
    if (newest !== looked || waiting.length > 0) {
      looked = newest
      const { items } = await backfills.query(SYSTEM, { filter: eq('state', 'waiting', 'running'), limit: 100 })
      waiting = items.toSorted((a, b) => a.doc.at - b.doc.at)
    }
    for (const { id, doc, version } of waiting) {
      const sums = { raised: doc.raised, extended: doc.extended }
      const found = rules.find((rule) => rule.id === doc.rule)
      const wrong = found
        ? (notForPast(found) ??
          (labelOf(found) === doc.label ? undefined : `rule ${doc.rule} was changed since: look at a backtest again`))
        : `rule ${doc.rule} is not there any more, or switched off: switch it on, and begin again`
      const steps = found ? raise(found, doc, sums) : (async function* () {})()
      const mine: Work = { id, doc, version, steps, sums, told: performance.now() }
      if (wrong !== undefined) await save(mine, { state: 'failed', error: wrong })
      // Its events are counted by the live lane now: what that has not counted yet is not this one's.
      else if ((await reachOf(found!)) && (await save(mine, { state: 'running' }))) return mine
    }
    return undefined
  }
  /** Alerts are counted on their way: those that are new, and those whose lane says that events were added. */
  const counting = (sums: Work['sums'], counted: number): Cases => {
    const seen = new Set<string>()
    const count = ({ id, version, doc }: Put<Document>): void => {
      if (seen.has(id) || (doc as Partial<Alert>).lanes?.[BACKFILL] !== counted) return
      seen.add(id)
      if (version === null) sums.raised++
      else sums.extended++
    }
    const watched = (collection: Collection<Document>): Collection<Document> => ({
      ...collection,
      put: async (items, inOrder) => {
        const results = await collection.put(items, inOrder)
        for (const [i, item] of items.entries()) if (results[i]?.ok) count(item)
        return results
      },
    })
    const { documents } = cases
    const collection = (name: string) =>
      name === 'alerts' ? watched(documents.collection(name)) : documents.collection(name)
    return { ...cases, documents: { ...documents, collection: collection as DocumentStore['collection'] } }
  }
  const raise = async function* (
    rule: Rule,
    { from, to }: Backfill,
    sums: Work['sums'],
  ): AsyncGenerator<{ readonly done: number; readonly at: number }> {
    const reach = (await reachOf(rule))!
    const only = {
      fields: [...LANE_FIELDS, 'event.ingested', 'vonglau.import'],
      holds: (event: Parameters<typeof within>[1]) => event['vonglau.import'] === true || within(reach, event),
    }
    const exceptions = await exceptionsNow()
    const gathered = await gather(store, rule, { from, to, exceptions, only })
    const counted = await store.events.committed()
    const merging = {
      store,
      cases: counting(sums, counted),
      exceptions,
      lane: BACKFILL,
      reach: { ...reach, [BACKFILL]: counted },
      lost: [],
      oldest: 0,
      damaged: false,
    }
    for await (const { groups, until } of gathered.steps() as AsyncIterable<Gathered>) {
      yield { done: gathered.done(), at: until }
      if (!groups || (rule.correlation && groups.size === 0)) continue
      const untold = await withoutTold(alertsIn(store.documents), rule, groups)
      if (untold.size === 0) continue
      for await (const _ of mergeGroups(merging, rule, untold, counted)) yield { done: gathered.done(), at: until }
    }
  }
  return {
    go: async (rules, stopped) => {
      work ??= await next(rules)
      const began = performance.now()
      while (work && !stopped() && performance.now() - began < TURN) {
        const mine: Work = work
        try {
          const { done, value } = await mine.steps.next()
          if (done) {
            work = undefined
            await save(mine, { state: 'done', progress: 1 })
          } else if (performance.now() - mine.told > TELL) {
            mine.told = performance.now()
            if (!(await save(mine, { progress: value.done, reached: value.at }))) work = undefined
          }
        } catch (error) {
          work = undefined
          await save(mine, { state: 'failed', error: error instanceof Error ? error.message : String(error) })
        }
        if (!work) await mine.steps.return(undefined).catch(() => {})
      }
    },
  }
}

interface Told {
  readonly firsts: Float64Array
  readonly lasts: Float64Array
}
/** Spans that may meet as few that do not, in order. */
const spansOf = (alerts: readonly Alert[]): Told => {
  const out: { first: number; last: number }[] = []
  for (const { 'alert.first': first, 'alert.last': last } of alerts.toSorted(
    (a, b) => a['alert.first'] - b['alert.first'],
  )) {
    const before = out.at(-1)
    if (before && first <= before.last) before.last = Math.max(before.last, last)
    else out.push({ first, last })
  }
  return {
    firsts: Float64Array.from(out, ({ first }) => first),
    lasts: Float64Array.from(out, ({ last }) => last),
  }
}

/** What no alert tells of yet. */
const withoutTold = async (alerts: Collection<Alert>, rule: Rule, groups: Groups): Promise<Groups> => {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { moments } of groups.values())
    for (const { time } of moments) {
      first = Math.min(first, time)
      last = Math.max(last, time)
    }
  const byPart = new Map<string, Alert[]>()
  const summed = new Set<string>()
  const filter = and(
    eq('rule.id', rule.id),
    { op: 'range', field: 'alert.last', gte: first },
    { op: 'range', field: 'alert.first', lte: last },
  )
  if (Number.isFinite(first))
    for await (const page of pagesOf(alerts, filter, 1000))
      for (const { doc } of page) {
        if (doc['alert.summary']) summed.add(`${partyOfDocument(doc)} ${hourOf(doc['alert.first'])}`)
        else
          for (const key of new Set([doc['alert.group'], doc['alert.moved']]))
            if (key !== undefined) byPart.set(key, [...(byPart.get(key) ?? []), doc])
      }
  const spans = new Map<string, Told>()
  const isTold = (key: string, time: number): boolean => {
    const own = byPart.get(key)
    if (!own) return false
    let told = spans.get(key)
    if (!told) spans.set(key, (told = spansOf(own)))
    const i = placeIn(told.firsts, time + 1) - 1
    return i >= 0 && time <= told.lasts[i]!
  }
  const out: Groups = new Map()
  for (const [key, { group, moments }] of groups) {
    const parts = new Map<string, string>()
    const left = moments.flatMap((moment) => {
      const agencies = moment.agencies.filter((agency) => {
        let part = parts.get(agency)
        if (part === undefined) parts.set(agency, (part = partOf(rule.id, group, agency).key))
        // Of a group that has an alert there the summary tells nothing.
        return byPart.has(part) ? !isTold(part, moment.time) : !summed.has(`${agency} ${hourOf(moment.time)}`)
      })
      return agencies.length > 0 ? [{ ...moment, agencies }] : []
    })
    if (left.length > 0) out.set(key, { group, moments: left, ends: [] })
  }
  return out
}
