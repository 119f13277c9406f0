/**
 * What matched anew becomes alerts: bursts of one part (a rule, a group, an agency) are merged with the alerts that it has.
 * Only alerts near the new events are read, however long the history of the group is.
 */
import type { Event } from '../ingest/event.ts'
import { and, eq, type Filter, not, or } from '../ingest/store/filter.ts'
import type { Lost } from '../ingest/store/lost.ts'
import { type Collection, type Put, type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import { type Alert, alertId, groupKey, headOf, newAlert, type Part, partOf, toldGroup } from './alert.ts'
import { byTime, chain, type Island, islandsOf, type Moment, SAMPLE } from './bursts.ts'
import { DETECTOR } from './case/act.ts'
import { type Cases, alertsIn, newActId } from './case/decide.ts'
import { refresh, take } from './case/membership.ts'
import { pagesOf } from './case/pages.ts'
import { apply } from './case/table.ts'
import type { Found } from './pass.ts'
import { noRecount, type Recount, recountOf } from './recount.ts'
import { NOBODY, isCopy, shownTo, split } from './parts.ts'
import type { Rule } from './rule.ts'
import { type Ends, endsOf, endsSeen, noEnds } from './ends.ts'

export interface Merging {
  readonly store: Store
  /** Days of ingest that were lost and read again, and the ingest time from which on the store holds events. */
  readonly lost: readonly Lost[]
  readonly oldest: number
  /** Some day cannot be read: what is counted in the store may be too little. */
  readonly damaged: boolean
  /** Of the lease: what it writes is refused once another process runs the rules. */
  readonly cases: Cases
}
type Group = Part['group']

/** Merges what matched anew in a group, or ended, into the alerts of each agency, and those into incidents. */
export const mergeGroup = async (
  merging: Merging,
  rule: Rule,
  group: Group,
  { moments, ends }: { readonly moments: readonly Found[]; readonly ends: readonly number[] },
  /** Alerts of the group that the ends concern. */
  affected: readonly Stored<Alert>[],
  to: number,
): Promise<void> => {
  const seen =
    rule.endsWith && merging.lost.length > 0
      ? await endsSeen(alertsIn(merging.cases.documents), groupKey(rule.id, group))
      : []
  const ended = rule.endsWith ? await endsOf(merging.store, rule, group, moments, ends, affected, to, seen) : noEnds
  const parts = split(moments)
  for (const { doc } of affected) {
    const agency = String(doc['organization.id'] ?? NOBODY)
    if (!parts.has(agency)) parts.set(agency, [])
  }
  for (const [agency, own] of parts) {
    const part = partOf(rule.id, group, agency)
    const recount = recountOf(merging.store, rule, part, to, merging.lost, merging.oldest, merging.damaged)
    const heard = await unheard(merging, rule, part, own, recount)
    if (own.length > 0 && heard.length === 0) continue
    await mergePart(merging, rule, part, islandsOf(heard, rule.quiet, ended.between), ended, to, recount)
  }
}

/** What a closed alert has counted before its day was lost is no news when it is read again. */
const unheard = async (
  { cases }: Merging,
  rule: Rule,
  part: Part,
  moments: readonly Found[],
  recount: Recount,
): Promise<readonly Found[]> => {
  if (recount === noRecount || moments.length === 0) return moments
  const known = await near(alertsIn(cases.documents), rule, part, islandsOf(moments, rule.quiet))
  const closed = known.filter(
    ({ doc }) => doc['alert.group'] === part.key && doc['alert.status'] === 'closed' && recount.stale(doc).length > 0,
  )
  return closed.length === 0 ? moments : recount.unheard(moments, closed)
}

/** Merges islands into the alerts of a part; none where something only ended. */
export const mergePart = async (
  merging: Merging,
  rule: Rule,
  part: Part,
  found: readonly Island[],
  ends: Ends,
  to: number,
  recount: Recount,
): Promise<void> => {
  const alerts = alertsIn(merging.cases.documents)
  for (;;) {
    const written = await mergeOnce(merging, alerts, rule, part, found, ends, to, recount)
    if (!written) continue // a person changed one of them meanwhile: look again
    for (const alert of written.alerts) await take(merging.cases, rule, alert)
    for (const incident of written.left) await refresh(merging.cases, incident)
    return
  }
}

/** Spans that are near each other are asked for as one. */
const TOGETHER = 24 * 3_600_000
type Span = { readonly first: number; readonly last: number }
/**
 * The alerts of a part that the spans may touch: those within the quiet time. What lasts until it ends has no such time:
 * there it is those that a span meets, and the next to either side.
 */
const near = async (
  alerts: Collection<Alert>,
  rule: Rule,
  part: Part,
  spans: readonly Span[],
): Promise<Stored<Alert>[]> => {
  const out = new Map<string, Stored<Alert>>()
  const quiet = rule.endsWith ? 0 : rule.quiet
  const ask = async (filter: Filter, one?: 'asc' | 'desc') => {
    // One that a person gave to an agency has still counted what it counted. Each side of the `or` stands in an index.
    const own = or(...['alert.group', 'alert.moved'].map((field) => and(eq(field, part.key), filter)))
    if (one) {
      const sort = [{ field: one === 'asc' ? 'alert.first' : 'alert.last', order: one }] as const
      const lasting = and(own, not(eq('alert.status', 'absorbed')))
      for (const each of (await alerts.query(SYSTEM, { filter: lasting, sort, limit: 1 })).items) out.set(each.id, each)
    } else for await (const page of pagesOf(alerts, own, 1000)) for (const each of page) out.set(each.id, each)
  }
  for (const together of chain(spans, quiet + TOGETHER)) {
    const first = Math.min(...together.map((span) => span.first)) - quiet
    const last = Math.max(...together.map((span) => span.last)) + quiet
    await ask(and({ op: 'range', field: 'alert.last', gte: first }, { op: 'range', field: 'alert.first', lte: last }))
    if (!rule.endsWith) continue
    await ask({ op: 'range', field: 'alert.last', lt: first }, 'desc')
    await ask({ op: 'range', field: 'alert.first', gt: last }, 'asc')
  }
  return [...out.values()]
}

interface Written {
  readonly alerts: readonly Stored<Alert>[]
  /** Incidents that alerts have left, for they became part of another. */
  readonly left: readonly string[]
}

/** One try: undefined where a document was changed in between. */
const mergeOnce = async (
  { store, cases }: Merging,
  alerts: Collection<Alert>,
  rule: Rule,
  part: Part,
  found: readonly Island[],
  ends: Ends,
  to: number,
  recount: Recount,
): Promise<Written | undefined> => {
  const known = await near(alerts, rule, part, [...found, ...ends.touched(part)])
  const isNew = (island: Island, among: readonly Stored<Alert>[]): boolean =>
    !among.some(
      ({ doc }) => doc['alert.counted'] >= to && doc['alert.first'] <= island.first && doc['alert.last'] >= island.last,
    )
  const counted = found.filter((island) => isNew(island, known))
  const mine = known.filter(({ doc }) => doc['alert.group'] === part.key && doc['alert.status'] !== 'absorbed')
  // What lasts is one alert until it ends, closed or not.
  const closed = rule.endsWith ? [] : mine.filter(({ doc }) => doc['alert.status'] === 'closed')
  const open = mine.filter((alert) => !closed.includes(alert))
  const { behind, cut } = await ends.apart(part, open)
  const whole = known.filter(({ id }) => !cut.has(id))
  const fresh = [...counted, ...behind.filter((island) => isNew(island, whole))]

  type Piece = { first: number; last: number; island?: Island; alert?: Stored<Alert> }
  const pieces: Piece[] = [
    ...fresh.map((island) => ({ first: island.first, last: island.last, island })),
    ...open.map((alert) => {
      // One that something ended in the middle of keeps its beginning.
      const span = cut.get(alert.id)
      return { first: span?.first ?? alert.doc['alert.first'], last: span?.last ?? alert.doc['alert.last'], alert }
    }),
  ]
  const puts: Put<Alert>[] = []
  const changed: string[] = []
  const left = new Set<string>()
  const untouched: Stored<Alert>[] = []
  const now = cases.clock()
  const between = await ends.among(part, pieces)
  for (const burst of chain(pieces, rule.quiet, between)) {
    const islands = burst.flatMap(({ island }) => island ?? [])
    const members = burst
      .flatMap(({ alert }) => alert ?? [])
      .sort((a, b) => a.doc['alert.created'] - b.doc['alert.created'] || (a.id < b.id ? -1 : 1))
    const [keep, ...others] = members
    const span = keep && cut.get(keep.id)
    const first = Math.min(...burst.map((piece) => piece.first))
    const last = Math.max(...burst.map((piece) => piece.last))
    const end = await ends.end(part, last)
    if (keep && islands.length === 0 && others.length === 0 && !span && end === keep.doc['alert.ended']) {
      // Counted already by a run that broke off: only its incident may be missing.
      if (keep.doc['alert.counted'] >= to) untouched.push(keep)
      continue
    }
    const sample = await eventsOf(store, islands, part)
    if (!keep) {
      const count = await newIn(recount, { first, last, closed, islands })
      const follows = closed
        .filter(({ doc }) => doc['alert.first'] - last <= rule.quiet && first - doc['alert.last'] <= rule.quiet)
        .sort((a, b) => b.doc['alert.last'] - a.doc['alert.last'])[0]
      const id = alertId(part.key, to, first)
      const doc = newAlert(rule, part, { first, last, count }, sample, to, now)
      const related = follows ? { ...doc, 'alert.follows': follows.id } : doc
      puts.push({ id, doc: over(related, end, cases), version: null })
      changed.push(id)
      continue
    }
    const absorbed = new Set(keep.doc.absorbed ?? [])
    const joining = others.filter(({ id }) => !absorbed.has(id))
    const days = [...new Set(members.flatMap(({ doc }) => recount.stale(doc)))]
    const count = await countOf(recount, { days, first, last, members, joining, closed, islands, kept: span?.count })
    const events = new Map(
      [...(span?.events ?? keep.doc.events), ...joining.flatMap(({ doc }) => doc.events), ...sample.events].map(
        (event) => [event['event.id'] as string, event],
      ),
    )
    const kept = [...events.values()].sort((a, b) => byTime(momentOf(a), momentOf(b))).slice(0, SAMPLE)
    const next = {
      ...keep.doc,
      ...headOf(toldGroup(part.group, keep.doc['alert.copies'] === true), kept),
      // Whose it is, is said by the part, or by the person who gave it away.
      'organization.id': part.agency === NOBODY ? undefined : part.agency,
      '@timestamp': first,
      'alert.first': first,
      'alert.last': last,
      'alert.count': rule.endsWith ? 1 : count,
      'alert.counted': to,
      events: kept,
      ...(days.length ? { recounted: [...(keep.doc.recounted ?? []), ...days] } : {}),
      ...(days.length && members.some(({ doc }) => recount.gone(doc)) ? { 'alert.kept': true } : {}),
      ...(joining.length ? { absorbed: [...absorbed, ...joining.map(({ id }) => id)] } : {}),
    } as unknown as Alert
    puts.push({ id: keep.id, version: keep.version, doc: over(given(next), end, cases) })
    changed.push(keep.id)
    for (const other of others) {
      if (other.doc['alert.incident'] !== undefined) left.add(other.doc['alert.incident'])
      const wanted = { what: 'absorb', id: newActId(), into: keep.id } as const
      const doc = apply(other.doc, 'alert', wanted, DETECTOR, now, { deadlines: {} })
      puts.push({ id: other.id, version: other.version, doc })
    }
  }
  // What an end has cut off is written before the alert that it is cut from: broken off in between it is found again.
  if (cut.size) puts.sort((a, b) => Number(a.version !== null) - Number(b.version !== null))
  const written: Stored<Alert>[] = [...untouched]
  if (puts.length) {
    const results = await alerts.put(puts, true)
    for (const [i, { id, doc }] of puts.entries()) {
      const result = results[i]!
      if (!result.ok) return undefined
      if (changed.includes(id)) written.push({ id, doc, version: result.version, seq: 0 })
    }
  }
  return { alerts: written, left: [...left] }
}

/** How many events a burst has, whose members and islands are these. */
const countOf = async (
  recount: Recount,
  burst: {
    /** Lost days of its members: what the islands bring may be counted in these already. */
    readonly days: readonly string[]
    readonly first: number
    readonly last: number
    readonly members: readonly Stored<Alert>[]
    /** Members whose counts were not taken over yet; the first is kept. */
    readonly joining: readonly Stored<Alert>[]
    readonly closed: readonly Stored<Alert>[]
    readonly islands: readonly Island[]
    /** Of the kept one, where something cut it short. */
    readonly kept: number | undefined
  },
): Promise<number> => {
  const { days, first, last, members, joining, closed, islands, kept } = burst
  const counted =
    (kept ?? members[0]!.doc['alert.count']) + joining.reduce((sum, { doc }) => sum + doc['alert.count'], 0)
  if (days.length === 0) return counted + islands.reduce((sum, island) => sum + island.count, 0)
  if (members.some(({ doc }) => recount.gone(doc))) {
    // What lies within its span may be what it has counted.
    const within = ({ first: from, last: until }: Span) =>
      members.some(({ doc }) => from >= doc['alert.first'] && until <= doc['alert.last'])
    return counted + islands.reduce((sum, island) => sum + (within(island) ? 0 : island.count), 0)
  }
  // A closed alert keeps the events that it has told of, though others came between them late.
  const elsewhere = closed.filter(({ doc }) => doc['alert.first'] <= last && doc['alert.last'] >= first)
  const total = await recount.count({ first, last })
  return Math.max(1, total - elsewhere.reduce((sum, { doc }) => sum + doc['alert.count'], 0))
}

/** How many events of a burst without an alert are new: closed alerts over it may have told of the others. */
const newIn = async (
  recount: Recount,
  { first, last, closed, islands }: Span & { closed: readonly Stored<Alert>[]; islands: readonly Island[] },
): Promise<number> => {
  const found = islands.reduce((sum, island) => sum + island.count, 0)
  const over = closed.filter(({ doc }) => doc['alert.first'] <= last && doc['alert.last'] >= first)
  if (!over.some(({ doc }) => recount.stale(doc).length > 0 && !recount.gone(doc))) return found
  const span = {
    first: Math.min(first, ...over.map(({ doc }) => doc['alert.first'])),
    last: Math.max(last, ...over.map(({ doc }) => doc['alert.last'])),
  }
  const told = over.reduce((sum, { doc }) => sum + doc['alert.count'], 0)
  return Math.max(1, Math.min(found, (await recount.count(span)) - told))
}

/** Without the fields that are undefined. */
const given = (doc: Alert): Alert =>
  Object.fromEntries(Object.entries(doc).filter(([, value]) => value !== undefined)) as unknown as Alert

/** Where what it tells of has ended, the alert is closed by itself: that is no person's doing, but an act all the same. */
const over = (doc: Alert, end: number | undefined, cases: Cases): Alert => {
  if (end === undefined) return doc
  const ended: Alert = { ...doc, 'alert.ended': end }
  return doc['alert.status'] === 'closed'
    ? ended
    : apply(ended, 'alert', { what: 'close', id: newActId(), reason: 'resolved' }, DETECTOR, cases.clock(), {
        deadlines: {},
      })
}

export const momentOf = (event: Event): Moment => ({
  time: event['@timestamp'] as number,
  id: event['event.id'] as string,
})

/** The earliest events of the islands, as the part's agency may see them. */
export const eventsOf = async (
  store: Store,
  islands: readonly Island[],
  { agency }: Pick<Part, 'agency'>,
): Promise<{ events: Event[]; copies: boolean }> => {
  const out: Event[] = []
  for (const { sample, first, last } of islands.slice(0, SAMPLE)) {
    const filter = { op: 'in', field: 'event.id', values: [...sample], cased: true } as const
    const { items } = await store.events.search(SYSTEM, {
      filter,
      from: first,
      to: last + 1,
      order: 'oldest',
      limit: SAMPLE,
    })
    out.push(...items)
  }
  const events = out.sort((a, b) => byTime(momentOf(a), momentOf(b))).slice(0, SAMPLE)
  return {
    events: events.map((event) => shownTo(event, agency)),
    copies: events.some((event) => isCopy(event, agency)),
  }
}
