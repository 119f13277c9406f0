/**
 * How much each group of a correlation has had lately, at most: events, or different values of a field. Most groups that something
 * new comes to are far from enough, and need not be asked of the store, whose window holds hours of everybody's events.
 *
 * Counted is by hashes and by stretches of `@timestamp`, so a group may be said to have more than it has, and never less. Known is
 * only what the runs of this process have been over, one behind the other; of the rest nothing is said. All of it may be thrown
 * away at any moment.
 */
import { randomInt } from 'node:crypto'
import type { Event } from '../ingest/event.ts'
import { valuesIn } from '../ingest/store/match.ts'
import { EVERYTHING, type Filter } from '../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import type { Group } from './alert.ts'
import { groupsOf, reachOf, spelled } from './correlation/evaluate.ts'
import { type Need, needsOf } from './correlation/needs.ts'
import type { Rule } from './rule.ts'

/** Stretches of a rule's reach, and how many are kept: a window is four times the reach, and what comes late is asked of the store. */
const PARTS = 2
const KEPT = 12
/** Entries of all rules together, some 40 bytes each. */
const MOST = 1_000_000
/** Two values may have one hash: a group that lacks just one is asked of the store. */
const SLACK = 1

interface Stretch {
  /** By group. */
  readonly counts: Map<number, number>
  /** Groups with their values, where different values count. */
  readonly pairs: Set<number> | undefined
}
interface Known {
  readonly width: number
  readonly needs: readonly Need[]
  /** Per need, by the number of the stretch. */
  readonly stretches: readonly Map<number, Stretch>[]
  /** All hits of this time or later are counted, up to an ingest time. */
  complete: number
  upTo: number
}

export interface Recent {
  /** What was stored has been written anew. */
  forget(): void
  /** Before the hits of a run over what was ingested behind `from`. */
  begin(rules: readonly Rule[], from: number): Promise<void>
  /** An event that meets these bases of a correlation; may be said twice. */
  add(rule: Rule, event: Event, bases: readonly number[]): void
  /** The run has been over everything up to there. */
  end(rules: readonly Rule[], to: number): void
  /** Whether the group may have what the rule's i-th need says in the window; true where it is not known. */
  may(
    rule: Rule,
    i: number,
    group: Group,
    window: { readonly from: number; readonly to: number; readonly upTo: number },
  ): boolean
}

/** cyrb53 with a seed of the process: nobody outside can choose values that fall together. */
const openHash = (): ((text: string) => number) => {
  const seed = randomInt(2 ** 32)
  return (text) => {
    let [a, b] = [0xdeadbeef ^ seed, 0x41c6ce57 ^ seed]
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 2654435761)
      b = Math.imul(b ^ code, 1597334677)
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
    return 4294967296 * (2097151 & b) + (a >>> 0)
  }
}

/** `only` says which events are looked at. */
export const openRecent = (store: Store, only: (filter: Filter) => Filter, most = MOST): Recent => {
  const hash = openHash()
  const known = new Map<Rule, Known>()
  let entries = 0
  const sizeOf = ({ counts, pairs }: Stretch): number => counts.size + (pairs?.size ?? 0)
  /** Of the oldest stretches of a rule: what is before is asked of the store again. */
  const forget = (one: Known, oldest: number): void => {
    for (const stretches of one.stretches)
      for (const [at, stretch] of stretches)
        if (at <= oldest) {
          entries -= sizeOf(stretch)
          stretches.delete(at)
        }
    one.complete = Math.max(one.complete, (oldest + 1) * one.width)
  }
  const drop = (rule: Rule): void => {
    const one = known.get(rule)
    if (one) forget(one, Number.POSITIVE_INFINITY)
    known.delete(rule)
  }
  const bounded = (): void => {
    while (entries > most) {
      let [largest, size] = [undefined as Known | undefined, 0]
      for (const one of known.values()) {
        const its = one.stretches.reduce(
          (sum, all) => sum + [...all.values()].reduce((n, each) => n + sizeOf(each), 0),
          0,
        )
        if (its > size) [largest, size] = [one, its]
      }
      if (!largest) return
      forget(largest, Math.min(...largest.stretches.flatMap((all) => [...all.keys()])))
    }
  }
  return {
    forget: () => {
      for (const rule of known.keys()) drop(rule)
    },
    begin: async (rules, from) => {
      const fresh: Rule[] = []
      for (const rule of rules) {
        if (!rule.correlation || rule.lateness !== undefined || known.get(rule)?.upTo === from) continue
        drop(rule)
        if (needsOf(rule.correlation).length > 0) fresh.push(rule)
      }
      if (fresh.length === 0) return
      // Of what was ingested before, some may be of a time that is still to come.
      let complete = from
      if (from > 0) {
        const asked = {
          filter: only(EVERYTHING),
          from,
          ingested: { upTo: from },
          by: [{ every: 86_400_000 }],
          limit: 1000,
        }
        const { items, missing } = await store.events.aggregate(SYSTEM, asked)
        if (missing.length > 0 || items.length >= 1000) return
        for (const { last } of items) complete = Math.max(complete, last + 1)
      }
      for (const rule of fresh) {
        const needs = needsOf(rule.correlation!)
        const width = Math.max(1000, Math.ceil(reachOf(rule.correlation!) / PARTS))
        known.set(rule, { width, needs, stretches: needs.map(() => new Map()), complete, upTo: from })
      }
    },
    add: (rule, event, bases) => {
      const one = known.get(rule)
      if (!one) return
      const time = event['@timestamp'] as number
      const at = Math.floor(time / one.width)
      for (const [i, need] of one.needs.entries()) {
        const some = bases.filter((base) => need.bases.includes(base))
        if (some.length === 0) continue
        const met = some.length === bases.length ? bases : some
        const stretches = one.stretches[i]!
        let stretch = stretches.get(at)
        if (!stretch) stretches.set(at, (stretch = { counts: new Map(), pairs: need.distinct ? new Set() : undefined }))
        const before = sizeOf(stretch)
        for (const text of groupsOf(rule, event, met).keys()) {
          const key = hash(text)
          let more = 1
          if (stretch.pairs) {
            more = 0
            for (const value of valuesIn(event, need.distinct!)) {
              const pair = hash(`${text}\n${String(value)}`)
              if (stretch.pairs.has(pair)) continue
              stretch.pairs.add(pair)
              more++
            }
          }
          if (more > 0) stretch.counts.set(key, (stretch.counts.get(key) ?? 0) + more)
        }
        entries += sizeOf(stretch) - before
      }
    },
    end: (rules, to) => {
      for (const rule of rules) {
        const one = known.get(rule)
        if (!one) continue
        one.upTo = to
        for (const stretches of one.stretches)
          if (stretches.size > KEPT) forget(one, [...stretches.keys()].sort((a, b) => b - a)[KEPT]!)
      }
      for (const rule of known.keys()) if (known.get(rule)!.upTo < to - 3_600_000) drop(rule)
      bounded()
    },
    may: (rule, i, group, { from, to, upTo }) => {
      const one = known.get(rule)
      if (!one || one.upTo < upTo || from < one.complete) return true
      const need = one.needs[i]!
      const key = hash(spelled(group))
      let sum = 0
      const [first, last] = [Math.floor(from / one.width), Math.floor(to / one.width)]
      for (const [at, { counts }] of one.stretches[i]!) if (at >= first && at <= last) sum += counts.get(key) ?? 0
      return sum >= need.atLeast - (need.distinct === undefined ? 0 : SLACK)
    },
  }
}
