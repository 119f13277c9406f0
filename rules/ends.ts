/**
 * Rules that name an end (`ends-with`): an event of the group that is so ends the burst. What is asked of the store here is
 * little: the ends among the new events, and the first one after each burst that is touched.
 */
import { and, eq, exists, type Filter, not } from '../ingest/store/filter.ts'
import type { Event } from '../ingest/event.ts'
import { type Collection, type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import type { Alert, Group, Part } from './alert.ts'
import { byTime, type Island, islandsOf, SAMPLE } from './bursts.ts'
import { pagesOf } from './case/pages.ts'
import type { Exceptions } from './exceptions.ts'
import { live } from './pass.ts'
import { groupFilter } from './recount.ts'
import type { Found } from './pass.ts'
import { agenciesOf, shownTo } from './parts.ts'
import type { Rule } from './rule.ts'

/** Stands for the last event of an alert, of which only the time is known. */
const LAST = ' last'

export interface Cut {
  readonly first: number
  readonly last: number
  readonly count: number
  readonly events: readonly Event[]
}
/** What ends mean for one group in one run. */
export interface Ends {
  /** Times of ends among the new events, sorted. */
  readonly between: readonly number[]
  /** Spans of alerts of the part that the new ends concern. */
  touched(part: Part): readonly { readonly first: number; readonly last: number }[]
  /** Alerts that an end came into late: what each keeps, and the islands behind its end. */
  apart(
    part: Part,
    alerts: readonly Stored<Alert>[],
  ): Promise<{ behind: readonly Island[]; cut: ReadonlyMap<string, Cut> }>
  /** Ends between these intervals, as far as the cuts between them need it. */
  among(
    part: Part,
    pieces: readonly { readonly first: number; readonly last: number; readonly island?: Island }[],
  ): Promise<readonly number[]>
  /** When a burst that lasts until then ended. */
  end(part: Part, last: number): Promise<number | undefined>
}

/** Of a rule without an end. */
export const noEnds: Ends = {
  between: [],
  touched: () => [],
  apart: async () => ({ behind: [], cut: new Map() }),
  among: async () => [],
  end: async () => undefined,
}

export const endsOf = async (
  { store, exceptions }: { readonly store: Store; readonly exceptions: Exceptions },
  rule: Rule,
  group: Group,
  moments: readonly Found[],
  fresh: readonly number[],
  /** Alerts that the new ends concern. */
  affected: readonly Stored<Alert>[],
  to: number,
  /** Ends that were seen, sorted, and may be missing from the store while a day that was lost is read again. */
  known: readonly number[],
): Promise<Ends> => {
  const filter = live(and(rule.endsWith!, groupFilter(rule, group)))
  const ingested = { upTo: to }
  const first = async (from: number, until?: number): Promise<number | undefined> => {
    const { items } = await store.events.search(SYSTEM, {
      filter,
      from,
      ...(until === undefined ? {} : { to: until }),
      ingested,
      order: 'oldest',
      limit: 1,
      fields: ['@timestamp'],
    })
    const stored = items[0]?.['@timestamp'] as number | undefined
    const seen = known.find((time) => time >= from && (until === undefined || time < until))
    return stored === undefined ? seen : Math.min(stored, seen ?? Number.POSITIVE_INFINITY)
  }
  const all = async (from: number, until: number): Promise<number[]> => {
    const out = known.filter((time) => time >= from && time < until)
    if (from >= until) return out
    for await (const events of store.events.match(SYSTEM, {
      filter,
      from,
      to: until,
      ingested,
      fields: ['@timestamp'],
    }))
      for (const event of events) out.push(event['@timestamp'] as number)
    return out.sort((a, b) => a - b)
  }
  const times = moments.map(({ time }) => time)
  const between = times.length ? await all(Math.min(...times), Math.max(...times)) : []
  return {
    between,
    touched: ({ key }) =>
      affected.flatMap(({ doc }) =>
        doc['alert.group'] === key ? [{ first: doc['alert.first'], last: doc['alert.last'] }] : [],
      ),
    apart: async (part, alerts) => {
      const cut = new Map<string, Cut>()
      const behind: Island[] = []
      for (const { id, doc } of alerts) {
        const from = doc['alert.first']
        const until = doc['alert.last']
        if (!fresh.some((end) => end >= from && end < until)) continue
        // Told apart anew from its own events: those that it keeps, for the store may hold them no longer or not yet again,
        // and those of the store.
        const found = new Map(doc.events.map((event) => [String(event['event.id']), event]))
        const own = live(and(rule.filter, not(rule.endsWith!), groupFilter(rule, part.group)))
        const counted = { upTo: doc['alert.counted'] }
        const excepted = exceptions.of(rule)
        for await (const events of store.events.match(SYSTEM, { filter: own, from, to: until + 1, ingested: counted }))
          for (const event of events)
            if (agenciesOf(rule, event).includes(part.agency) && excepted?.of(event, [0]).left.length !== 0)
              found.set(String(event['event.id']), event)
        const members = [...found].map(([key, event]) => ({ id: key, time: event['@timestamp'] as number }))
        if (!members.some(({ time }) => time === until)) members.push({ id: LAST, time: until })
        const [head, ...rest] = islandsOf(members, rule.quiet, await all(from, until))
        if (!head) continue
        const events = members
          .filter(({ id: each, time }) => time <= head.last && each !== LAST)
          .sort(byTime)
          .slice(0, SAMPLE)
          .map((each) => shownTo(found.get(each.id)!, part.agency))
        cut.set(id, { first: head.first, last: head.last, count: head.count, events })
        behind.push(...rest)
      }
      return { behind, cut }
    },
    among: async (_, pieces) => {
      const sorted = [...pieces].sort((a, b) => a.first - b.first || a.last - b.last)
      const out = new Set<number>(between)
      let last = Number.NEGATIVE_INFINITY
      let before: (typeof sorted)[number] | undefined
      for (const piece of sorted) {
        if (before && piece.first > last) {
          // Two alerts lie apart already; only what is new can join them, and only where nothing ended in between.
          const end = before.island || piece.island ? await first(last, piece.first) : last
          if (end !== undefined) out.add(end)
        }
        last = Math.max(last, piece.last)
        before = piece
      }
      return [...out].sort((a, b) => a - b)
    },
    end: (_, last) => first(last),
  }
}

/** Ends that the alerts of a group know. */
export const endsSeen = async (alerts: Collection<Alert>, campaign: string): Promise<readonly number[]> => {
  const out = new Set<number>()
  for await (const page of pagesOf(alerts, and(eq('alert.campaign', campaign), exists('alert.ended')), 1000))
    for (const { doc } of page) out.add(doc['alert.ended']!)
  return [...out].sort((a, b) => a - b)
}

/** The alerts of a rule that these ends may end, or end sooner: begun before, and not ended before. */
export const endedBy = (rule: Rule, ends: readonly number[]): Filter =>
  and(
    eq('rule.id', rule.id),
    not(eq('alert.status', 'absorbed')),
    { op: 'range', field: 'alert.first', lte: Math.max(...ends) },
    not({ op: 'range', field: 'alert.ended', lte: Math.min(...ends) }),
  )
