/**
 * Rules of what was never seen: of the events that such a rule meets, those whose values no event that it meets had within a time
 * before. The store is the memory, imported history too, so it is a function of the events, in whatever order they came, and
 * outlives restarts. What is asked of the store is bounded, however many values somebody makes up.
 */
import { type Event, type Scalar, typeOf, valuesOf } from '../ingest/event.ts'
import { and, type Filter } from '../ingest/store/filter.ts'
import { fold } from '../ingest/store/match.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import type { Found, Groups } from './pass.ts'
import type { NewTerms, Rule } from './rule.ts'

/** Values that are asked for by name; of more, all of the time are gone through. */
export const FEW = 500
/** Values that are remembered to have been seen, of all rules: they are not asked for again. */
const KNOWN = 200_000

const NUMBERS = ['long', 'double', 'date']
export const spelled = (values: readonly (Scalar | null)[]): string =>
  JSON.stringify(values.map((each) => fold(String(each))))
/** What of an event is to be new; undefined where a field is missing, or has several values. */
export const termOf = ({ fields }: Pick<NewTerms, 'fields'>, event: Event): string | undefined => {
  const values: Scalar[] = []
  for (const field of fields) {
    const [value, more] = valuesOf(event, field)
    if (value === undefined || more !== undefined) return undefined
    values.push(value)
  }
  return spelled(values)
}
/** Events of these values, and others: those of the first field alone are asked for. */
export const amongTerms = (fields: readonly string[], terms: ReadonlySet<string>): Filter => {
  const isText = !NUMBERS.includes(String(typeOf(fields[0]!)))
  const values = [...new Set([...terms].map((term) => (JSON.parse(term) as string[])[0]!))]
  return { op: 'in', field: fields[0]!, values: values.map((value) => (isText ? value : Number(value))) }
}

export interface Terms {
  /** What of this is new. */
  only(rule: Rule, groups: Groups): Promise<Groups>
}

interface Candidate {
  readonly time: number
  readonly term: string
}

export const openTerms = (store: Store): Terms => {
  /** When a value was seen, by rule and value; the one that was used last stands last. */
  const known = new Map<string, number>()
  const remember = (rule: Rule, term: string, at: number): void => {
    const key = `${rule.id} ${term}`
    const before = known.get(key)
    known.delete(key)
    known.set(key, Math.max(before ?? Number.NEGATIVE_INFINITY, at))
    for (const oldest of known.keys()) {
      if (known.size <= KNOWN) break
      known.delete(oldest)
    }
  }
  /** The oldest event of a rule: it only grows older by an import, and what retention takes was there. */
  const began = new Map<string, number>()
  const beginOf = async (rule: Rule, before: number): Promise<number> => {
    const found = began.get(rule.id)
    if (found !== undefined && found <= before) return found
    const { items } = await store.events.search(SYSTEM, {
      filter: rule.filter,
      order: 'oldest',
      limit: 1,
      fields: ['@timestamp'],
    })
    const at = Math.min(found ?? Number.POSITIVE_INFINITY, Number(items[0]?.['@timestamp'] ?? Number.POSITIVE_INFINITY))
    began.set(rule.id, at)
    return at
  }
  /** The first and last time of each of these values in [from, to). */
  const seenIn = async (rule: Rule, terms: ReadonlySet<string>, from: number, to: number) => {
    const { fields } = rule.newTerms!
    const out = new Map<string, { first: number; last: number }>()
    const ask = async (filter: Filter) => {
      const query = { filter, by: fields, atLeast: 1, from, to }
      for await (const buckets of store.events.groups(SYSTEM, query))
        for (const { key, first, last } of buckets) {
          if (key.includes(null)) continue
          const term = spelled(key)
          if (!terms.has(term)) continue
          const before = out.get(term)
          out.set(term, {
            first: Math.min(first, before?.first ?? first),
            last: Math.max(last, before?.last ?? last),
          })
        }
    }
    if (from >= to || terms.size === 0) return out
    if (terms.size > FEW) await ask(rule.filter)
    else await ask(and(rule.filter, amongTerms(fields, terms)))
    return out
  }

  /** Of candidates that lie within the time of each other: those that are new, by value the time. */
  const newIn = async (rule: Rule, some: readonly Candidate[]): Promise<ReadonlyMap<string, number>> => {
    const { within } = rule.newTerms!
    const first = some[0]!.time
    const last = some.at(-1)!.time
    const terms = new Set(some.map(({ term }) => term))
    const before = await seenIn(rule, terms, first - within, first)
    const inside = await seenIn(rule, terms, first, last + 1)
    const out = new Map<string, number>()
    for (const term of terms) {
      const begun = inside.get(term)?.first
      const was = before.get(term)?.last
      if (begun !== undefined && (was === undefined || begun - was > within)) out.set(term, begun)
    }
    return out
  }

  return {
    only: async (rule, groups) => {
      const { newTerms } = rule
      if (!newTerms || groups.size === 0) return groups
      const { within, learn } = newTerms
      const all: Candidate[] = []
      for (const { moments } of groups.values())
        for (const { time, term } of moments) {
          if (term === undefined) continue
          const at = known.get(`${rule.id} ${term}`)
          if (at !== undefined && at < time && time - at <= within) continue
          all.push({ time, term })
        }
      all.sort((a, b) => a.time - b.time)
      const fresh = new Set<string>()
      for (let i = 0; i < all.length; ) {
        const start = all[i]!.time
        let end = i
        while (end < all.length && all[end]!.time - start <= within) end++
        for (const [term, time] of await newIn(rule, all.slice(i, end))) fresh.add(`${time} ${term}`)
        i = end
      }
      const oldest = learn === 0 || fresh.size === 0 ? 0 : await beginOf(rule, all[0]!.time - learn)
      const isNew = ({ time, term }: Found): boolean =>
        fresh.has(`${time} ${term}`) && (learn === 0 || oldest <= time - learn)
      const out: Groups = new Map()
      for (const [key, { group, moments }] of groups) {
        const left = moments.filter(isNew)
        if (left.length > 0) out.set(key, { group, moments: left, ends: [] })
      }
      // Behind what was decided: a run that is done again decides the same.
      for (const { moments } of groups.values())
        for (const { time, term } of moments) if (term !== undefined) remember(rule, term, time)
      return out
    },
  }
}
