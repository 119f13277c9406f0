/**
 * What a rule would have found: over what is stored, imported history too, by '@timestamp', as if it and the exceptions of now had
 * been there all along. Reads the store only, a stretch of time after the other, and says how far it is.
 */
import type { Event } from '../ingest/event.ts'
import type { Filter } from '../ingest/store/filter.ts'
import { type Missing, type Store, SYSTEM } from '../ingest/store/store.ts'
import { type Exceptions, noExceptions } from './exceptions.ts'
import { gather } from './gather.ts'
import type { Found, Groups } from './pass.ts'
import { agencyIn } from './parts.ts'
import type { Rule } from './rule.ts'

const DAY = 86_400_000
/** Examples that are shown. */
const EXAMPLES = 12

export interface BacktestOptions {
  /** Of '@timestamp', epoch ms; without: all that is stored. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly exceptions?: Exceptions
  /** ms that the province's clock is ahead of UTC at a time: days begin at its midnight. */
  readonly offset: (at: number) => number
  readonly signal?: AbortSignal | undefined
}
export interface AgencyHits {
  /** Absent: it concerns nobody that is known. */
  readonly agency?: string
  readonly hits: number
  readonly alerts: number
}
export interface BacktestResult {
  readonly from: number
  readonly to: number
  readonly ms: number
  /** Events that are stored of that time. */
  readonly events: number
  /** What the rule finds, of a correlation what stands in its windows; the alerts that it would be; what exceptions hide of it. */
  readonly hits: number
  readonly alerts: number
  readonly hidden: number
  readonly days: readonly {
    readonly at: number
    readonly hits: number
    readonly alerts: number
    readonly agencies: readonly AgencyHits[]
  }[]
  readonly agencies: readonly AgencyHits[]
  /** Whole events, the newest first, of as many days as there are. */
  readonly examples: readonly Event[]
  /** Days of the store that cannot be read: nothing was looked for in them. */
  readonly missing: readonly Missing[]
}
export interface BacktestProgress {
  /** 0 to 1. */
  readonly done: number
  readonly hits: number
  /** '@timestamp' up to which it has come. */
  readonly at: number
}

/** Counts hits and the alerts that they would be, by day and by whom they concern. */
const openCounts = (rule: Rule, offset: (at: number) => number) => {
  const days = new Map<number, Map<string, { hits: number; alerts: number }>>()
  /** When the last event of each part was. */
  const lasts = new Map<string, number>()
  const shown = new Map<number, { id: string; time: number }[]>()
  let [hits, alerts] = [0, 0]
  const countOf = (day: number, agency: string) => {
    let of = days.get(day)
    if (!of) days.set(day, (of = new Map()))
    let one = of.get(agency)
    if (!one) of.set(agency, (one = { hits: 0, alerts: 0 }))
    return one
  }
  return {
    hits: () => hits,
    /** Of one stretch; the next is later. */
    add: (groups: Groups): void => {
      for (const [key, { moments, ends }] of groups) {
        const all: { time: number; moment?: Found }[] = [
          ...moments.map((moment) => ({ time: moment.time, moment })),
          ...ends.map((time) => ({ time })),
        ].sort((a, b) => a.time - b.time)
        for (const { time, moment } of all) {
          if (!moment) {
            for (const part of lasts.keys()) if (part.startsWith(`${key} `)) lasts.delete(part)
            continue
          }
          hits++
          const day = Math.floor((time + offset(time)) / DAY) * DAY - offset(time)
          const some = shown.get(day) ?? []
          if (some.length < EXAMPLES) shown.set(day, [...some, { id: moment.id, time }])
          for (const party of moment.agencies) {
            const part = `${key} ${party}`
            const one = countOf(day, agencyIn(party))
            one.hits++
            const last = lasts.get(part)
            if (last === undefined || time - last > rule.quiet) {
              one.alerts++
              alerts++
            }
            lasts.set(part, time)
          }
        }
      }
    },
    /** What rests for longer than the quiet time is over. */
    forget: (before: number): void => {
      for (const [part, last] of lasts) if (last < before - rule.quiet) lasts.delete(part)
    },
    result: () => {
      const sums = new Map<string, { hits: number; alerts: number }>()
      const listOf = (of: ReadonlyMap<string, { hits: number; alerts: number }>): AgencyHits[] =>
        [...of]
          .map(([agency, one]) => ({ ...(agency === '' ? {} : { agency }), ...one }))
          .sort((a, b) => b.hits - a.hits)
      const list = [...days]
        .sort(([a], [b]) => a - b)
        .map(([at, of]) => {
          for (const [agency, one] of of) {
            const sum = sums.get(agency) ?? { hits: 0, alerts: 0 }
            sums.set(agency, { hits: sum.hits + one.hits, alerts: sum.alerts + one.alerts })
          }
          const agencies = listOf(of)
          const sum = (name: 'hits' | 'alerts') => agencies.reduce((n, each) => n + each[name], 0)
          return { at, hits: sum('hits'), alerts: sum('alerts'), agencies }
        })
      // One of each day, the newest first; then a second of each.
      const chosen: { id: string; time: number }[] = []
      const newest = [...shown].sort(([a], [b]) => b - a).map(([, some]) => some)
      for (let i = 0; i < EXAMPLES && chosen.length < EXAMPLES; i++)
        for (const some of newest) if (some[i] && chosen.length < EXAMPLES) chosen.push(some[i]!)
      return { hits, alerts, days: list, agencies: listOf(sums), chosen }
    },
  }
}

const wholeOf = async (store: Store, chosen: readonly { id: string; time: number }[]): Promise<Event[]> => {
  if (chosen.length === 0) return []
  const times = chosen.map(({ time }) => time)
  const filter: Filter = { op: 'in', field: 'event.id', values: chosen.map(({ id }) => id), cased: true }
  const { items } = await store.events.search(SYSTEM, {
    filter,
    from: Math.min(...times),
    to: Math.max(...times) + 1,
    order: 'newest',
    limit: EXAMPLES,
  })
  return [...items]
}

/** Yields how far it is, and at the end what it found. Throws `TooMuch` where a correlation is about too many events. */
export const backtest = async function* (
  store: Store,
  rule: Rule,
  { from, to, exceptions = noExceptions, offset, signal }: BacktestOptions,
): AsyncGenerator<BacktestProgress, BacktestResult> {
  const began = performance.now()
  const gathered = await gather(store, rule, { from, to, exceptions, signal })
  const counts = openCounts(rule, offset)
  for await (const { groups, until, whole } of gathered.steps()) {
    if (!groups) continue
    counts.add(groups)
    counts.forget(until)
    if (!whole) yield { done: gathered.done(), hits: counts.hits() || gathered.seen(), at: until }
  }
  const { chosen, ...found } = counts.result()
  return {
    from: from ?? gathered.from,
    to: to ?? gathered.to,
    ms: Math.round(performance.now() - began),
    events: gathered.events(),
    hidden: gathered.hidden(),
    ...found,
    examples: await wholeOf(store, chosen),
    missing: gathered.missing,
  }
}
