/**
 * What a rule would have found: over what is stored, imported history too, by '@timestamp', as if it and the exceptions of now had
 * been there all along. Reads the store only, a stretch of time after the other, and says how far it is.
 */
import type { Event } from '../ingest/event.ts'
import { EVERYTHING, type Filter, fieldsOf } from '../ingest/store/filter.ts'
import { type Missing, type Store, SYSTEM } from '../ingest/store/store.ts'
import { evaluate, reachOf, type Seen } from './correlation/evaluate.ts'
import { type Exceptions, noExceptions } from './exceptions.ts'
import { type Found, type Groups, named, neededOf, takeIn, tellIn } from './pass.ts'
import { agenciesOf, agencyIn } from './parts.ts'
import type { Rule } from './rule.ts'
import { basesMet, eitherOf } from './ruleset.ts'

const DAY = 86_400_000
/** Events of a stretch, of which progress is told; and the most that a correlation is evaluated over at once. */
const STRETCH = 250_000
const MOST = 500_000
/** Days that are told apart, and examples. */
const DAYS = 5000
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

export class TooMuch extends Error {
  override readonly name = 'TooMuch'
}

interface Stretch {
  readonly from: number
  readonly to: number
  readonly events: number
}

/** Stretches of time with about as many events each. */
const stretchesOf = async (store: Store, from: number | undefined, to: number | undefined) => {
  const window = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const { items, missing } = await store.events.aggregate(SYSTEM, {
    ...window,
    filter: EVERYTHING,
    by: [{ every: DAY }],
    limit: DAYS,
  })
  const days = items
    .map(({ count, first, last }) => ({ from: first, to: last + 1, events: count }))
    .sort((a, b) => a.from - b.from)
  const out: Stretch[] = []
  for (const day of days) {
    const last = out.at(-1)
    if (last && last.events + day.events <= STRETCH) {
      out[out.length - 1] = { from: last.from, to: day.to, events: last.events + day.events }
      continue
    }
    const pieces = Math.ceil(day.events / STRETCH)
    const width = Math.ceil((day.to - day.from) / pieces)
    for (let i = 0; i < pieces; i++) {
      const begin = day.from + i * width
      if (begin < day.to)
        out.push({ from: begin, to: Math.min(day.to, begin + width), events: Math.ceil(day.events / pieces) })
    }
  }
  return { stretches: out, missing }
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
  const { stretches, missing } = await stretchesOf(store, from, to)
  const total = stretches.reduce((sum, { events }) => sum + events, 0)
  const excepted = exceptions.of(rule)
  const counts = openCounts(rule, offset)
  const basesIn = basesMet(rule)
  const seen: Seen[] = []
  let [hidden, events] = [0, 0]
  const filter = eitherOf(rule)
  const about = named([
    '@timestamp',
    'event.id',
    ...neededOf(rule),
    ...(excepted?.fields ?? []),
    ...((rule.bases ?? []).length > 1 ? fieldsOf(rule.filter) : []),
  ])
  /** Into a group, or among what a correlation is evaluated over. */
  const take = (groups: Groups, event: Event): void => {
    if (!rule.correlation) {
      if (!takeIn(groups, rule, event, [0], excepted)) hidden++
      return
    }
    const met = basesIn(event)
    const bases = excepted ? excepted.of(event, met).left : met
    if (bases.length === 0) {
      hidden++
      return
    }
    if (seen.length >= MOST)
      throw new TooMuch(
        `rule ${rule.id} is about more than ${MOST.toLocaleString('en')} events until ${new Date(Number(event['@timestamp'])).toISOString()}: choose a shorter time with --from and --to, or narrower base rules`,
      )
    const [time, id] = [event['@timestamp'] as number, event['event.id'] as string]
    seen.push({ time, id, agencies: agenciesOf(rule, event), bases, event })
  }
  // What stands before counts in the windows of the first events.
  const reach = rule.correlation && from !== undefined ? reachOf(rule.correlation) : 0
  const before = reach > 0 ? [{ from: from! - reach, to: from!, events: 0 }] : []
  for (const stretch of [...before, ...stretches]) {
    const groups: Groups = new Map()
    for await (const some of store.events.match(SYSTEM, { ...about, filter, from: stretch.from, to: stretch.to })) {
      if (signal?.aborted) throw signal.reason
      for (const event of some) take(groups, event)
    }
    counts.add(groups)
    counts.forget(stretch.to)
    events += stretch.events
    yield { done: total === 0 ? 1 : Math.min(1, events / total), hits: counts.hits() || seen.length, at: stretch.to }
  }
  if (rule.correlation) {
    const groups: Groups = new Map()
    for (const { group, told } of evaluate(rule, seen))
      tellIn(
        groups,
        rule,
        group,
        told().filter(({ time }) => from === undefined || time >= from),
      )
    counts.add(groups)
  }
  const { chosen, ...found } = counts.result()
  return {
    from: from ?? stretches[0]?.from ?? 0,
    to: to ?? stretches.at(-1)?.to ?? 0,
    ms: Math.round(performance.now() - began),
    events,
    hidden,
    ...found,
    examples: await wholeOf(store, chosen),
    missing,
  }
}
