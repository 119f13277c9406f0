/** Which sets of rules have judged the events of a window, and how many each. */
import { EVERYTHING, type Filter } from '../ingest/store/filter.ts'
import { type Store, SYSTEM, type Window } from '../ingest/store/store.ts'

/** `set` is undefined where nothing is said of who judged. */
export interface JudgedBy {
  readonly set: string | undefined
  readonly count: number
}

const HOUR = 3_600_000
/** Hours that are remembered: a window that is longer is asked of the store each time. */
const HOURS = 24 * 40
/** Sets of rules that are told apart; the events of others are read. */
const SETS = 1000
/** What cannot be read now may have been judged by anybody: the reading of all of it says why, where it matters. */
const UNKNOWN: readonly JudgedBy[] = [{ set: undefined, count: 1 }]

/**
 * `only` says which events count. What a window of time holds grows with the day, and who judged it does not change: it is
 * remembered by the hour of `@timestamp`, and only what was ingested since is asked. An hour may so be said to hold sets whose
 * events are gone; that costs the reading of more, and leaves nothing out. What is remembered can be thrown away at any moment.
 */
export const openJudged = (store: Store, only: (filter: Filter) => Filter) => {
  const hours = new Map<number, Map<string | undefined, number>>()
  let known = 0
  const ask = async (window: Window, every: boolean) => {
    const { items, missing } = await store.events.aggregate(SYSTEM, {
      ...window,
      filter: only(EVERYTHING),
      by: [{ terms: 'vonglau.judged' }, ...(every ? [{ every: HOUR }] : [])],
      limit: every ? SETS * 24 : SETS,
    })
    if (missing.length > 0 || items.length >= (every ? SETS * 24 : SETS)) return undefined
    return items.map(({ key, count }) => ({
      set: key[0] === null ? undefined : String(key[0]),
      count,
      ...(every ? { hour: Number(key[1]) } : {}),
    }))
  }
  const add = (items: readonly (JudgedBy & { hour?: number })[]): void => {
    for (const { set, hour, count } of items) {
      const sets = hours.get(hour!)
      sets?.set(set, (sets.get(set) ?? 0) + count)
    }
  }
  /** What was ingested behind what is known, into the hours that are known. */
  const goOn = async (upTo: number): Promise<boolean> => {
    if (upTo <= known) return true
    if (hours.size > 0) {
      const items = await ask({ ingested: { after: known, upTo } }, true)
      if (!items) return false
      add(items)
    }
    known = upTo
    return true
  }
  /** Hours that lie side by side are asked together. */
  const learn = async (missing: readonly number[]): Promise<boolean> => {
    for (let i = 0; i < missing.length; ) {
      const from = missing[i]!
      let to = from
      for (; i < missing.length && missing[i] === to; i++) to += HOUR
      const items = await ask({ from, to, ingested: { upTo: known } }, true)
      if (!items) return false
      for (let hour = from; hour < to; hour += HOUR) hours.set(hour, new Map())
      add(items)
    }
    return true
  }
  let turn: Promise<unknown> = Promise.resolve()
  const ofHours = async (from: number, to: number, upTo: number): Promise<readonly JudgedBy[] | undefined> => {
    if (!(await goOn(upTo))) return undefined
    if (hours.size > 2 * HOURS) hours.clear()
    const wanted: number[] = []
    for (let hour = Math.floor(from / HOUR) * HOUR; hour < to; hour += HOUR) wanted.push(hour)
    if (!(await learn(wanted.filter((hour) => !hours.has(hour))))) return undefined
    const sums = new Map<string | undefined, number>()
    for (const hour of wanted) for (const [set, count] of hours.get(hour)!) sums.set(set, (sums.get(set) ?? 0) + count)
    return [...sums].map(([set, count]) => ({ set, count }))
  }
  return {
    /** Exactly: counts included. */
    in: async (window: Window): Promise<readonly JudgedBy[]> => (await ask(window, false)) ?? UNKNOWN,
    /** Of the hours that the window touches: the sets are all of them, and may be more; so are the counts. */
    around: async (window: Window): Promise<readonly JudgedBy[]> => {
      const { from, to, ingested } = window
      const upTo = ingested?.upTo
      const bounded = from !== undefined && to !== undefined && to - from <= HOURS * HOUR
      if (!bounded || upTo === undefined || ingested?.after !== undefined) return (await ask(window, false)) ?? UNKNOWN
      // One after the other: what one has learned, the next need not ask.
      const mine = turn.then(() => ofHours(from, to, upTo))
      turn = mine.catch(() => {})
      return (await mine) ?? UNKNOWN
    },
  }
}
