/**
 * Correlations over rules of what was never seen (`new-terms.ts`): which events of such a base are first occurrences. An event is
 * one where no event of the base had its values within the time before it; of several at one time the one with the least id
 * is. A later event can undo that, so such a correlation is decided once (`deciding.ts`): what the store had by the decision of an event's
 * time says whether it was new, and what comes later changes nothing of it.
 */
import { and } from '../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { byTime } from './bursts.ts'
import type { Seen } from './correlation/evaluate.ts'
import { amongTerms, FEW, spelled, termOf } from './new-terms.ts'
import type { Base, NewTerms, Rule } from './rule.ts'

/** The memories of a rule, by the places of its bases. */
const memoriesOf = ({ bases, newTerms }: Rule): readonly (readonly [base: number, memory: NewTerms])[] =>
  (bases ?? [{ newTerms }]).flatMap((each, i) => (each.newTerms ? [[i, each.newTerms] as const] : []))
export const remembers = (rule: Rule): boolean => memoriesOf(rule).length > 0

/** Events of a base by their values, in order of time. What lacks a value is no occurrence of any. */
const byTerm = (memory: NewTerms, base: number, seen: readonly Seen[]): Map<string, Seen[]> => {
  const out = new Map<string, Seen[]>()
  for (const each of seen) {
    const term = each.bases.includes(base) ? termOf(memory, each.event) : undefined
    if (term === undefined) continue
    const own = out.get(term)
    if (own) own.push(each)
    else out.set(term, [each])
  }
  for (const own of out.values()) own.sort(byTime)
  return out
}
/** Of the events of one value, those that none of the others goes before. */
const leading = (own: readonly Seen[], within: number): Seen[] =>
  own.filter(({ time, id }, i) => {
    let before = i - 1
    // The same event twice is one.
    while (before >= 0 && own[before]!.id === id && own[before]!.time === time) before--
    return before < 0 || time - own[before]!.time > within
  })

/** With what is left of their bases; those with none are left out. */
const without = (seen: readonly Seen[], memories: ReadonlyMap<number, ReadonlySet<string>>): Seen[] =>
  seen.flatMap((each) => {
    const bases = each.bases.filter((base) => memories.get(base)?.has(each.id) ?? true)
    return bases.length === 0 ? [] : bases.length === each.bases.length ? [each] : [{ ...each, bases }]
  })

/** The first occurrences among these events alone, and what bases without a memory meet; `learn` counts as over. */
export const firstsAmong = (rule: Rule, seen: readonly Seen[]): readonly Seen[] => {
  const memories = memoriesOf(rule)
  if (memories.length === 0) return seen
  const first = new Map<number, ReadonlySet<string>>()
  for (const [base, memory] of memories) {
    const own = [...byTerm(memory, base, seen).values()].flatMap((some) => leading(some, memory.within))
    first.set(base, new Set(own.map(({ id }) => id)))
  }
  return without(seen, first)
}

/** What the events were read from. */
export interface Reading {
  /** Of '@timestamp'; `to` is outside. */
  readonly from: number
  readonly to: number
  /** Ingest time up to which anything is known. */
  readonly upTo: number
  /** Ingest time up to which was known what decided an event of a time; `first`: the least of these. */
  readonly decidedBy: (time: number) => number
  readonly first: number
}
const END = Date.UTC(9999, 0)
/** Of the store as it is. */
export const ALL_KNOWN = { upTo: END, first: END, decidedBy: () => END }

interface Occurrence {
  readonly time: number
  readonly ingested: number
}
/** Occurrences that are remembered, of all rules: they are not asked for again. */
const KNOWN = 100_000

export type Firsts = (rule: Rule, seen: readonly Seen[], reading: Reading) => Promise<readonly Seen[]>

/** The first occurrences among events of a stretch, by what is stored. */
export const openFirsts = (store: Store): Firsts => {
  /** That a value was there at a time, and by when that was known. */
  const known = new Map<string, Occurrence>()
  const remember = (key: string, occurrence: Occurrence): void => {
    known.delete(key)
    known.set(key, occurrence)
    for (const oldest of known.keys()) {
      if (known.size <= KNOWN) break
      known.delete(oldest)
    }
  }

  /** Occurrences by value, in order of time: all of the stretch, and of before it what came since the first decision. */
  const occurrences = async (
    { filter }: Base,
    { fields, within }: NewTerms,
    terms: ReadonlySet<string>,
    { from, to, first, upTo }: Reading,
  ): Promise<Map<string, Occurrence[]>> => {
    const out = new Map<string, Occurrence[]>()
    const wanted = terms.size > FEW ? filter : and(filter, amongTerms(fields, terms))
    const read = async (window: { from: number; to: number; ingested: { after?: number; upTo: number } }) => {
      const query = { ...window, filter: wanted, fields: ['@timestamp', 'event.ingested', ...fields] }
      for await (const events of store.events.match(SYSTEM, query))
        for (const event of events) {
          const term = termOf({ fields }, event)
          if (term === undefined || !terms.has(term)) continue
          const one = { time: event['@timestamp'] as number, ingested: event['event.ingested'] as number }
          const own = out.get(term)
          if (own) own.push(one)
          else out.set(term, [one])
        }
    }
    await read({ from, to, ingested: { upTo } })
    if (first < upTo) await read({ from: from - within, to: from, ingested: { after: first, upTo } })
    for (const own of out.values()) own.sort((a, b) => a.time - b.time)
    return out
  }

  /** Of events whose values none among them had: those that the store knows nothing of either. */
  const fresh = async (rule: Rule, base: number, memory: NewTerms, seen: readonly Seen[], reading: Reading) => {
    const { within, learn, fields } = memory
    const { from, upTo, first, decidedBy } = reading
    const its = rule.bases![base]!
    const name = `${rule.id} ${base} ${its.id} `
    const own = byTerm(memory, base, seen)
    let left = [...own].flatMap(([term, some]) => leading(some, within).map((each) => ({ term, each })))
    const goesBefore = ({ time, ingested }: Occurrence, each: Seen): boolean =>
      time < each.time && each.time - time <= within && ingested <= decidedBy(each.time)
    left = left.filter(({ term, each }) => {
      const one = known.get(name + term)
      return !one || !goesBefore(one, each)
    })
    if (left.length === 0) return []
    const among = await occurrences(its, memory, new Set(left.map(({ term }) => term)), reading)
    left = left.filter(({ term, each }) => {
      const some = among.get(term) ?? []
      for (let i = some.length - 1; i >= 0 && some[i]!.time >= each.time - within; i--)
        if (goesBefore(some[i]!, each)) return false
      return true
    })
    const terms = new Set(left.map(({ term }) => term))
    if (terms.size === 0) return []
    const before = {
      filter: terms.size > FEW ? its.filter : and(its.filter, amongTerms(fields, terms)),
      by: fields,
      atLeast: 1,
      from: from - within,
      to: from,
      ingested: { upTo: Math.min(first, upTo) },
    }
    for await (const buckets of store.events.groups(SYSTEM, before))
      for (const { key, last } of buckets) {
        const term = key.includes(null) ? undefined : spelled(key)
        if (term !== undefined && terms.has(term)) remember(name + term, { time: last, ingested: before.ingested.upTo })
      }
    left = left.filter(({ term, each }) => {
      const one = known.get(name + term)
      return !one || !goesBefore(one, each)
    })
    if (learn === 0 || left.length === 0) return left.map(({ each }) => each)
    const began = new Map<number, number>()
    /** The oldest event of the base that was known by then. */
    const beginOf = async (by: number): Promise<number> => {
      const found = began.get(by)
      if (found !== undefined) return found
      const { items } = await store.events.search(SYSTEM, {
        filter: its.filter,
        order: 'oldest',
        limit: 1,
        fields: ['@timestamp'],
        ingested: { upTo: by },
      })
      const at = Number(items[0]?.['@timestamp'] ?? Number.POSITIVE_INFINITY)
      began.set(by, at)
      return at
    }
    const out: Seen[] = []
    for (const { each } of left) {
      const needed = each.time - learn
      // By the first of the decisions or by its own.
      if ((await beginOf(before.ingested.upTo)) <= needed || (await beginOf(decidedBy(each.time))) <= needed)
        out.push(each)
    }
    return out
  }

  return async (rule, seen, reading) => {
    const memories = memoriesOf(rule)
    if (memories.length === 0 || seen.length === 0) return seen
    const first = new Map<number, ReadonlySet<string>>()
    for (const [base, memory] of memories)
      first.set(base, new Set((await fresh(rule, base, memory, seen, reading)).map(({ id }) => id)))
    return without(seen, first)
  }
}
