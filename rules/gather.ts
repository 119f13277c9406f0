/**
 * What a rule finds in what is stored of a stretch of time, by '@timestamp', imported history too: read a piece after the other,
 * and nothing is written. What a correlation finds comes at the end.
 */
import type { Event } from '../ingest/event.ts'
import { EVERYTHING, fieldsOf } from '../ingest/store/filter.ts'
import { type Missing, type Store, SYSTEM } from '../ingest/store/store.ts'
import { evaluate, reachOf, type Seen } from './correlation/evaluate.ts'
import type { Exceptions } from './exceptions.ts'
import { ALL_KNOWN, openFirsts } from './first-seen.ts'
import { openTerms } from './new-terms.ts'
import { type Groups, named, neededOf, takeIn, tellIn } from './pass.ts'
import { agenciesOf } from './parts.ts'
import { HOUR, type Rule } from './rule.ts'
import { basesMet, eitherOf } from './ruleset.ts'

const DAY = 24 * HOUR
/** Events of a stretch, of which progress is told; and the most that a correlation is evaluated over at once. */
const STRETCH = 250_000
const MOST = 500_000
/** Days that are looked at. */
const DAYS = 5000

export interface GatherOptions {
  /** Of '@timestamp', epoch ms; without: all that is stored. */
  readonly from?: number | undefined
  readonly to?: number | undefined
  readonly exceptions: Exceptions
  readonly signal?: AbortSignal | undefined
  /** Events that are looked at, of these fields too; without: all. */
  readonly only?: { readonly fields: readonly string[]; holds(event: Event): boolean }
}
export interface Gathered {
  /** Of the stretch that is over, or of all that a correlation has found; absent in between. */
  readonly groups?: Groups
  /** '@timestamp' up to which it has come. */
  readonly until: number
  /** It is all that a correlation finds. */
  readonly whole?: true
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
    // Of an hour all stands in one: what is summed up is summed up by the hour.
    const width = Math.ceil((day.to - day.from) / pieces / HOUR) * HOUR
    const start = Math.floor(day.from / HOUR) * HOUR
    const ends = Array.from({ length: pieces + 1 }, (_, i) => start + i * width).filter((at) => at < day.to)
    for (const begin of ends)
      out.push({
        from: Math.max(day.from, begin),
        to: Math.min(day.to, begin + width),
        events: Math.ceil(day.events / ends.length),
      })
  }
  return { stretches: out, missing }
}

/** Throws `TooMuch` where a correlation is about too many events. */
export const gather = async (store: Store, rule: Rule, { from, to, exceptions, signal, only }: GatherOptions) => {
  const { stretches, missing } = await stretchesOf(store, from, to)
  const total = stretches.reduce((sum, { events }) => sum + events, 0)
  const excepted = exceptions.of(rule)
  const basesIn = basesMet(rule)
  const seen: Seen[] = []
  const terms = openTerms(store)
  const firsts = openFirsts(store)
  let [hidden, events] = [0, 0]
  const filter = eitherOf(rule)
  const about = named([
    '@timestamp',
    'event.id',
    ...neededOf(rule),
    ...(only?.fields ?? []),
    ...(excepted?.fields ?? []),
    ...((rule.bases ?? []).length > 1 ? fieldsOf(rule.filter) : []),
  ])
  /** Into a group, or among what a correlation is evaluated over. */
  const take = (groups: Groups, event: Event): void => {
    if (only && !only.holds(event)) return
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
  const steps = async function* (): AsyncGenerator<Gathered> {
    // What stands before counts in the windows of the first events.
    const reach = rule.correlation && from !== undefined ? reachOf(rule.correlation) : 0
    const before = reach > 0 ? [{ from: from! - reach, to: from!, events: 0 }] : []
    for (const stretch of [...before, ...stretches]) {
      const groups: Groups = new Map()
      for await (const some of store.events.match(SYSTEM, { ...about, filter, from: stretch.from, to: stretch.to })) {
        if (signal?.aborted) throw signal.reason
        for (const event of some) take(groups, event)
        yield { until: stretch.from }
      }
      events += stretch.events
      yield { groups: await terms.only(rule, groups), until: stretch.to }
    }
    if (!rule.correlation) return
    const groups: Groups = new Map()
    const begun = from ?? stretches[0]?.from ?? 0
    const stretch = { ...ALL_KNOWN, from: begun - reach, to: stretches.at(-1)?.to ?? 0 }
    for (const { group, told } of evaluate(rule, await firsts(rule, seen, stretch)))
      tellIn(
        groups,
        rule,
        group,
        told().filter(({ time }) => from === undefined || time >= from),
      )
    yield { groups, until: stretches.at(-1)?.to ?? 0, whole: true }
  }
  return {
    steps,
    missing: missing satisfies readonly Missing[],
    from: stretches[0]?.from ?? 0,
    to: stretches.at(-1)?.to ?? 0,
    done: () => (total === 0 ? 1 : Math.min(1, events / total)),
    events: () => events,
    hidden: () => hidden,
    seen: () => seen.length,
  }
}
