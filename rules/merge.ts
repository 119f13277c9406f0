/**
 * What matched anew becomes alerts: bursts of one part (a rule, a group, an agency) are merged with the alerts that it has.
 * Only alerts near the new events are read, however long the history of the group is.
 */
import type { Event } from '../ingest/event.ts'
import { and, eq, type Filter, not, or } from '../ingest/store/filter.ts'
import type { Lost } from '../ingest/store/lost.ts'
import { type Collection, type Put, type PutResult, type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import {
  type Alert,
  alertId,
  countedBy,
  counting,
  groupKey,
  graded,
  headOf,
  newAlert,
  type Part,
  partOf,
  toldGroup,
} from './alert.ts'
import { byTime, chain, type Island, islandsOf, SAMPLE } from './bursts.ts'
import { countOf, newIn } from './counts.ts'
import type { Exceptions } from './exceptions.ts'
import { eventsOf, momentOf, type Sample } from './sample.ts'
import { DETECTOR } from './case/act.ts'
import { type Cases, alertsIn, newActId } from './case/decide.ts'
import { refresh, take } from './case/membership.ts'
import { pagesOf } from './case/pages.ts'
import { apply } from './case/table.ts'
import { LIVE, type Reach } from './lane.ts'
import type { Found, Groups } from './pass.ts'
import { noRecount, type Recount, recountOf } from './recount.ts'
import { partyOfDocument, split, whose } from './parts.ts'
import type { Rule } from './rule.ts'
import { endedBy, type Ends, endsOf, endsSeen, noEnds } from './ends.ts'

export interface Merging {
  readonly store: Store
  readonly exceptions: Exceptions
  /** Days of ingest that were lost and read again, and the ingest time from which on the store holds events. */
  readonly lost: readonly Lost[]
  readonly oldest: number
  /** Of what lane the events are that came. */
  readonly lane: string
  /** Ingest times up to which the rule has counted each lane, this run included. */
  readonly reach: Reach
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
  const ended = rule.endsWith ? await endsOf(merging, rule, group, moments, ends, affected, to, seen) : noEnds
  const parts = split(moments)
  for (const { doc } of affected) {
    const agency = partyOfDocument(doc)
    if (!parts.has(agency)) parts.set(agency, [])
  }
  for (const [agency, own] of parts) {
    const part = partOf(rule.id, group, agency)
    const recount = recountOf(merging, rule, part)
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
export const near = async (
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
  merging: Merging,
  alerts: Collection<Alert>,
  rule: Rule,
  part: Part,
  found: readonly Island[],
  ends: Ends,
  to: number,
  recount: Recount,
): Promise<Written | undefined> => {
  const known = await near(alerts, rule, part, [...found, ...ends.touched(part)])
  const sample = (islands: readonly Island[]) => eventsOf(merging.store, islands, part)
  const plan = await planOf(merging, rule, part, { found, known, sample, ends, recount }, to)
  const results = plan.puts.length > 0 ? await alerts.put(plan.puts, true) : []
  const written = writtenOf(plan, results)
  return written && { alerts: written, left: plan.left }
}

/** What a plan has written; undefined where something was changed in between. */
export const writtenOf = (plan: Plan, results: readonly (PutResult | undefined)[]): Stored<Alert>[] | undefined => {
  const written: Stored<Alert>[] = [...plan.untouched]
  for (const [i, { id, doc }] of plan.puts.entries()) {
    const result = results[i]
    if (!result?.ok) return undefined
    if (plan.changed.includes(id)) written.push({ id, doc, version: result.version, seq: 0 })
  }
  return written
}

export interface Facts {
  readonly found: readonly Island[]
  /** The alerts of the part near what was found. */
  readonly known: readonly Stored<Alert>[]
  readonly sample: (islands: readonly Island[]) => Promise<{ events: Event[]; copies: boolean }>
  readonly ends: Ends
  readonly recount: Recount
}
export interface Plan {
  readonly puts: readonly Put<Alert>[]
  /** Those of them that tell of events. */
  readonly changed: readonly string[]
  /** Counted already by a run that broke off: only their incidents may be missing. */
  readonly untouched: readonly Stored<Alert>[]
  readonly left: readonly string[]
}

/** What the islands make of the alerts of a part. */
export const planOf = async (
  { cases, lane }: Merging,
  rule: Rule,
  part: Part,
  { found, known, sample: sampleOf, ends, recount }: Facts,
  to: number,
): Promise<Plan> => {
  const isNew = (island: Island, among: readonly Stored<Alert>[]): boolean =>
    !among.some(
      ({ doc }) => countedBy(doc, lane) >= to && doc['alert.first'] <= island.first && doc['alert.last'] >= island.last,
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
      if (countedBy(keep.doc, lane) >= to) untouched.push(keep)
      continue
    }
    // Of one that has all it shows, later events are not read.
    const shown = keep?.doc.events ?? []
    const full = shown.length >= SAMPLE && !span && others.length === 0
    const newest = full ? byTimeOf(shown.at(-1)!) : Number.POSITIVE_INFINITY
    const wanted = islands.filter((island) => island.first <= newest)
    const sample = withBases(rule, wanted, await sampleOf(wanted))
    if (!keep) {
      const count = await newIn(recount, { first, last, closed, islands })
      const follows = closed
        .filter(({ doc }) => doc['alert.first'] - last <= rule.quiet && first - doc['alert.last'] <= rule.quiet)
        .sort((a, b) => b.doc['alert.last'] - a.doc['alert.last'])[0]
      const id = alertId(lane === LIVE ? part.key : `${part.key} ${lane}`, to, first)
      const doc = {
        ...newAlert(rule, part, { first, last, count }, sample, 0, now),
        ...counting({}, lane, to),
      } as Alert
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
      ...(rule.trusted ? graded(rule, kept) : {}),
      // Whose it is, is said by the part, or by the person who gave it away.
      'organization.id': undefined,
      'system.id': undefined,
      ...whose(part.agency),
      '@timestamp': first,
      'alert.first': first,
      'alert.last': last,
      'alert.count': rule.endsWith ? 1 : count,
      ...counting(keep.doc, lane, to),
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
  return { puts, changed, untouched, left: [...left] }
}

/** Events of a correlation say which of its rules they meet. */
const withBases = (rule: Rule, islands: readonly Island[], sample: Sample): Sample => {
  const met = new Map(islands.flatMap(({ bases }) => [...(bases ?? [])]))
  if (met.size === 0 || (rule.bases ?? []).length < 2) return sample
  const events = sample.events.map((event) => {
    const names = (met.get(String(event['event.id'])) ?? []).map((i) => rule.bases![i]!.name)
    return names.length > 0 ? { ...event, 'vonglau.bases': names } : event
  })
  return { ...sample, events }
}

const byTimeOf = (event: Event): number => event['@timestamp'] as number

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

/** The alerts that the new ends concern, by group. Groups where nothing matched and none is concerned are left out. */
export const whatEnds = async (
  cases: Cases,
  rule: Rule,
  groups: Groups,
): Promise<ReadonlyMap<string, Stored<Alert>[]>> => {
  const ends = [...groups.values()].flatMap((group) => group.ends)
  const out = new Map<string, Stored<Alert>[]>()
  if (ends.length > 0) {
    const filter = endedBy(rule, ends)
    for await (const page of pagesOf(alertsIn(cases.documents), filter, 1000))
      for (const alert of page) {
        const key = alert.doc['alert.campaign']
        const own = groups.get(key)?.ends.some((end) => end >= alert.doc['alert.first'])
        if (own) out.set(key, [...(out.get(key) ?? []), alert])
      }
  }
  for (const [key, { moments }] of groups) if (moments.length === 0 && !out.has(key)) groups.delete(key)
  return out
}

/** Group by group: of rules with an end, and where a day was lost. */
export const mergeEach = async function* (
  merging: Merging,
  rule: Rule,
  groups: Groups,
  affected: ReadonlyMap<string, readonly Stored<Alert>[]>,
  to: number,
): AsyncGenerator<void> {
  for (const [key, found] of groups) {
    await mergeGroup(merging, rule, found.group, found, affected.get(key) ?? [], to)
    yield
  }
}
