/** Which sets of rules have judged the events of a window, and how many each. */
import { type Event, HEALTH_DATASET } from '../ingest/event.ts'
import { EVERYTHING, type Filter } from '../ingest/store/filter.ts'
import { compile } from '../ingest/store/match.ts'
import { type By, type Store, SYSTEM, type Window } from '../ingest/store/store.ts'

interface Counted extends JudgedBy {
  readonly dataset: string | undefined
  readonly hour: number
}
/** `set` is undefined where nothing is said of who judged. */
export interface JudgedBy {
  readonly set: string | undefined
  readonly count: number
}

/** What the program tells of its sources has no address and no device: nothing but what it writes itself, and whose it is. */
const OF_HEALTH = /^(vonglau|organization|system|event|error|related)\.|^(\*|message|@timestamp)$/
/** Whether a filter may hold of an event of this dataset, whatever else stands in it. */
export const mayHold = (filter: Filter, dataset: string | undefined): boolean => {
  const health = dataset === HEALTH_DATASET
  const event: Event = {
    ...(dataset === undefined ? {} : { 'event.dataset': dataset }),
    ...(health ? { 'event.kind': 'metric' } : {}),
  }
  const isKnown = (field: string) => field === 'event.dataset' || field in event || (health && !OF_HEALTH.test(field))
  /** Whether the node can be true, and false. */
  const can = (node: Filter): readonly [boolean, boolean] => {
    if (node.op === 'not') return can(node.of).toReversed() as [boolean, boolean]
    if (node.op === 'and' || node.op === 'or') {
      const parts = node.of.map(can)
      return node.op === 'and'
        ? [parts.every(([holds]) => holds), parts.some(([, fails]) => fails)]
        : [parts.some(([holds]) => holds), parts.every(([, fails]) => fails)]
    }
    if (!('field' in node) || node.op === 'ref' || !isKnown(node.field)) return [true, true]
    const holds = compile(node)(event)
    return [holds, !holds]
  }
  return can(filter)[0]
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
  const hours = new Map<number, Counted[]>()
  let known = 0
  const ask = async (window: Window, by: readonly By[], limit = SETS) => {
    const asked = { ...window, filter: only(EVERYTHING), by: [{ terms: 'vonglau.judged' }, ...by], limit }
    const { items, missing } = await store.events.aggregate(SYSTEM, asked)
    return missing.length > 0 || items.length >= limit ? undefined : items
  }
  const text = (value: unknown): string | undefined => (value === null ? undefined : String(value))
  const exactly = async (window: Window): Promise<readonly JudgedBy[]> =>
    (await ask(window, []))?.map(({ key, count }) => ({ set: text(key[0]), count })) ?? UNKNOWN
  const askHours = async (window: Window): Promise<readonly Counted[] | undefined> => {
    const items = await ask(window, [{ terms: 'event.dataset' }, { every: HOUR }], SETS * 24)
    return items?.map(({ key, count }) => ({ set: text(key[0]), dataset: text(key[1]), hour: Number(key[2]), count }))
  }
  const add = (items: readonly Counted[]): void => {
    for (const each of items) {
      const all = hours.get(each.hour)
      const at = all?.findIndex(({ set, dataset }) => set === each.set && dataset === each.dataset) ?? -1
      if (at < 0) all?.push(each)
      else all![at] = { ...each, count: all![at]!.count + each.count }
    }
  }
  /**
   * What was ingested behind what is known, into the hours that are known; of others it may be anything. Where that cannot be told,
   * nothing is known: what is asked for is learned anew, else one import over many hours would be in the way of all that follows.
   */
  const goOn = async (upTo: number): Promise<void> => {
    if (upTo <= known) return
    if (hours.size > 0) {
      let [from, to] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (const hour of hours.keys()) [from, to] = [Math.min(from, hour), Math.max(to, hour + HOUR)]
      const items = await askHours({ from, to, ingested: { after: known, upTo } })
      if (items) add(items)
      else hours.clear()
    }
    known = upTo
  }
  /** Hours that lie side by side are asked together. */
  const learn = async (missing: readonly number[]): Promise<boolean> => {
    for (let i = 0; i < missing.length; ) {
      const from = missing[i]!
      let to = from
      for (; i < missing.length && missing[i] === to; i++) to += HOUR
      const items = await askHours({ from, to, ingested: { upTo: known } })
      if (!items) return false
      for (let hour = from; hour < to; hour += HOUR) hours.set(hour, [])
      add(items)
    }
    return true
  }
  let turn: Promise<unknown> = Promise.resolve()
  const ofHours = async (from: number, to: number, upTo: number): Promise<readonly Counted[] | undefined> => {
    await goOn(upTo)
    if (hours.size > 2 * HOURS) hours.clear()
    const wanted: number[] = []
    for (let hour = Math.floor(from / HOUR) * HOUR; hour < to; hour += HOUR) wanted.push(hour)
    if (!(await learn(wanted.filter((hour) => !hours.has(hour))))) return undefined
    return wanted.flatMap((hour) => hours.get(hour)!)
  }
  return {
    /** Exactly: counts included. */
    in: exactly,
    /** What was stored has been written anew. */
    forget: (): void => {
      turn = turn.then(() => hours.clear())
    },
    /**
     * Of the hours that the window touches, those events that the filter may hold of: the sets are all of them, and may be more;
     * so are the counts. What the program writes of itself is judged later than what it reads, and concerns few rules.
     */
    around: async (window: Window, filter: Filter = EVERYTHING): Promise<readonly JudgedBy[]> => {
      const { from, to, ingested } = window
      const upTo = ingested?.upTo
      const bounded = from !== undefined && to !== undefined && to - from <= HOURS * HOUR
      if (!bounded || upTo === undefined || ingested?.after !== undefined) return exactly(window)
      // One after the other: what one has learned, the next need not ask.
      const mine = turn.then(() => ofHours(from, to, upTo))
      turn = mine.catch(() => {})
      const found = await mine
      if (!found) return UNKNOWN
      const sums = new Map<string | undefined, number>()
      for (const { set, dataset, count } of found)
        if (mayHold(filter, dataset)) sums.set(set, (sums.get(set) ?? 0) + count)
      return [...sums].map(([set, count]) => ({ set, count }))
    },
  }
}
