/**
 * Alerts after a day of ingest was lost and read again (`lostDays`): its events come with new ingest times, and what an
 * alert had counted of them would be counted twice. The first run that touches such an alert sets its count from the store,
 * as far as that run reaches; what comes after is added as always.
 */
import { and, exists, type Filter, fieldsOf, not } from '../ingest/store/filter.ts'
import type { Lost } from '../ingest/store/lost.ts'
import { type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import { type Alert, alertGroup, type Group, groupKey, groupOf, type Part } from './alert.ts'
import { chain } from './bursts.ts'
import type { Excepted, Exceptions } from './exceptions.ts'
import { evaluate, innerOf, reachOf, type Seen } from './correlation/evaluate.ts'
import { remembers } from './first-seen.ts'
import { furthest, LANE_FIELDS, type Reach, within } from './lane.ts'
import { type Found, live, named, neededOf } from './pass.ts'
import { whereGroup } from './matching.ts'
import { AGENCY_FIELDS, agenciesOf } from './parts.ts'
import type { Rule } from './rule.ts'
import { basesMet } from './ruleset.ts'
import { placeIn } from './sorted.ts'

interface Span {
  readonly first: number
  readonly last: number
}

/** Events of a group: what it groups by is so, what it could not group by is absent. */
export const groupFilter = (rule: Rule, group: Group): Filter =>
  and(
    ...whereGroup(rule, group),
    ...(rule.groupBy ?? [])
      .filter((field) => !rule.correlation && !group.some((each) => each.field === field))
      .map((field) => not(exists(field))),
  )

export interface Recount {
  /** Ids of the lost days that the alert may have counted events of, and was not counted anew since. */
  stale(alert: Alert): readonly string[]
  /** Whether events that the alert counted are not to be had, by retention or damage: then its count stays. */
  gone(alert: Alert): boolean
  /** How many events of the part the store holds in a span, of those that this run knows. */
  count(span: Span): Promise<number>
  /** Without the moments that a closed alert has counted: nothing new is told of them. */
  unheard(moments: readonly Found[], closed: readonly Stored<Alert>[]): Promise<readonly Found[]>
}

export const noRecount: Recount = {
  stale: () => [],
  gone: () => false,
  count: async () => 0,
  unheard: async (moments) => moments,
}

export interface Recounting {
  readonly store: Store
  readonly exceptions: Exceptions
  readonly reach: Reach
  readonly lost: readonly Lost[]
  readonly oldest: number
  readonly damaged: boolean
}
/** `oldest`: ingest time from which on the store holds everything; `damaged`: some day in between cannot be read. `reach`: of the run. */
export const recountOf = (
  { store, exceptions, reach, lost, oldest, damaged }: Recounting,
  rule: Rule,
  part: Part,
): Recount => {
  // What lasts is one, however often its events come.
  // What was new is told once, whatever is read again.
  if (lost.length === 0 || rule.endsWith || remembers(rule)) return noRecount
  let known: { span: Span; times: Float64Array } | undefined
  /** Times of what counts, sorted: an alert may have millions. */
  const timesOf = async (span: Span): Promise<Float64Array> => {
    if (known && known.span.first <= span.first && known.span.last >= span.last) return known.times
    known = { span, times: await momentsOf(store, exceptions.of(rule), rule, part, span, reach) }
    return known.times
  }
  const recount: Recount = {
    stale: (alert) => {
      const done = new Set(alert.recounted ?? [])
      return lost
        .filter(
          ({ id, from, noted }) =>
            Math.max(alert['alert.counted'], ...Object.values(alert.lanes ?? {})) >= from &&
            alert['alert.created'] <= noted &&
            !done.has(id),
        )
        .map(({ id }) => id)
    },
    gone: (alert) => {
      if (damaged) return true
      const at = Number(alert.events[0]?.['event.ingested'] ?? alert['alert.created'])
      return at < oldest && !lost.some(({ from, to: until }) => at >= from && at <= until)
    },
    count: async (span) => {
      const times = await timesOf(span)
      return placeIn(times, span.last + 1) - placeIn(times, span.first)
    },
    unheard: async (fresh, closed) => {
      // Once for each alert, of the widest first: what is read for it serves those within.
      const spans: Span[] = []
      for (const { doc } of closed.toSorted((a, b) => lengthOf(b.doc) - lengthOf(a.doc))) {
        const span = { first: doc['alert.first'], last: doc['alert.last'] }
        if (recount.gone(doc) || (await recount.count(span)) <= doc['alert.count']) spans.push(span)
      }
      const heard = chain(spans, 0).map((some) => ({
        first: some[0]!.first,
        last: Math.max(...some.map(({ last }) => last)),
      }))
      const begins = Float64Array.from(heard, ({ first }) => first)
      return fresh.filter(({ time }) => {
        const span = heard[placeIn(begins, time + 1) - 1]
        return span === undefined || time > span.last
      })
    },
  }
  return recount
}

/** Times of the events of a part that count around a span, of those that the run reaches. */
const momentsOf = async (
  store: Store,
  excepted: Excepted | undefined,
  rule: Rule,
  part: Part,
  { first, last }: Span,
  reach: Reach,
): Promise<Float64Array> => {
  const { correlation, bases = [] } = rule
  const around = correlation ? 2 * reachOf(correlation) : 0
  const all: Seen[] = []
  const times: number[] = []
  const query = {
    // What is below a correlation may be of other groups.
    filter: live(
      correlation && innerOf(correlation).length > 0 ? rule.filter : and(rule.filter, groupFilter(rule, part.group)),
    ),
    from: first - around,
    to: last + around + 1,
    ingested: { upTo: furthest(reach) },
    ...named([
      ...LANE_FIELDS,
      '@timestamp',
      'event.id',
      'event.ingested',
      ...neededOf(rule),
      ...AGENCY_FIELDS,
      ...(excepted?.fields ?? []),
      ...(bases.length > 1 ? fieldsOf(rule.filter) : []),
    ]),
  }
  const basesIn = basesMet(rule)
  for await (const events of store.events.match(SYSTEM, query)) {
    for (const event of events) {
      if (!within(reach, event)) continue
      const agencies = agenciesOf(rule, event)
      const time = event['@timestamp'] as number
      if (correlation) {
        const all_ = basesIn(event)
        const met = excepted ? excepted.of(event, all_).left : all_
        if (met.length === 0) continue
        all.push({ time, id: event['event.id'] as string, agencies, bases: met, event })
        continue
      }
      if (excepted?.of(event, [0]).left.length === 0) continue
      // A rule without fields of its own groups by what an event has: what has more is of another group.
      if (groupKey(rule.id, groupOf(rule, event)) === part.campaign && agencies.includes(part.agency)) times.push(time)
    }
  }
  if (correlation)
    for (const { group, told } of evaluate(rule, all))
      if (groupKey(rule.id, alertGroup(rule, group)) === part.campaign)
        for (const { time, agencies } of told()) if (agencies.includes(part.agency)) times.push(time)
  return Float64Array.from(times).sort()
}

const lengthOf = (alert: Alert): number => alert['alert.last'] - alert['alert.first']
