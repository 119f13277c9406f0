/**
 * What a run of a rule found, into the alerts of all its groups: those near it are read together, and what changes is written
 * together. Agencies with little come first: who sends much holds up himself.
 */
import { and, eq, type Filter, or } from '../ingest/store/filter.ts'
import { type Collection, type Stored, SYSTEM } from '../ingest/store/store.ts'
import { type Alert, type Part, partOf } from './alert.ts'
import { type Island, islandsOf, SAMPLE } from './bursts.ts'
import { alertsIn } from './case/decide.ts'
import { refresh, takeMany } from './case/membership.ts'
import { pagesOf } from './case/pages.ts'
import { noEnds } from './ends.ts'
import { mergePart, type Merging, type Plan, planOf, writtenOf } from './merge.ts'
import { agencyIn, split } from './parts.ts'
import type { Found, Groups } from './pass.ts'
import { noRecount } from './recount.ts'
import type { Rule } from './rule.ts'
import { eventsOfMany } from './sample.ts'
import { addSum, hourOf, islandOf, openRoom, openSums, type Spread } from './summary.ts'

/** Parts that are worked on together. */
const TOGETHER = 100

interface Open {
  readonly part: Part
  readonly moments: readonly Found[]
  known: Stored<Alert>[]
  islands: Island[]
}

/** Of a rule without an end, and where no day was lost: else each group is merged by itself. Stops between pieces of work. */
export const mergeGroups = async function* (
  merging: Merging,
  rule: Rule,
  groups: Groups,
  to: number,
): AsyncGenerator<void> {
  const alerts = alertsIn(merging.cases.documents)
  const sums = openSums()
  const all = [...groups.values()].flatMap(({ group, moments }) =>
    [...split(moments)].map(
      ([agency, own]): Open => ({ part: partOf(rule.id, group, agency), moments: own, known: [], islands: [] }),
    ),
  )
  const sizes = new Map<string, number>()
  const firstOf = new Map<Open, number>()
  const spread = new Map<string, Spread>()
  for (const each of all) {
    const { part, moments } = each
    let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (const { time } of moments) [first, last] = [Math.min(first, time), Math.max(last, time)]
    firstOf.set(each, first)
    sizes.set(part.agency, (sizes.get(part.agency) ?? 0) + 1)
    const name = agencyIn(part.agency)
    const its = spread.get(name) ?? { first, last }
    spread.set(name, { first: Math.min(its.first, first), last: Math.max(its.last, last) })
  }
  const room = openRoom(alerts, rule, (agency) => spread.get(agency))
  // Then by time, whose of about as much it is: what is worked on together lies together, and few events and alerts are near it.
  const size = ({ part }: Open): number => Math.floor(Math.log2(sizes.get(part.agency)!))
  all.sort((a, b) => size(a) - size(b) || firstOf.get(a)! - firstOf.get(b)!)
  for (let i = 0; i < all.length; i += TOGETHER) {
    const some = all.slice(i, i + TOGETHER)
    for (const each of some) each.islands = islandsOf(each.moments, rule.quiet)
    await readKnown(alerts, rule, some)
    for (const each of some) if (each.known.length === 0) await keepWithin(each, rule, room, sums.add)
    await mergeSome(merging, alerts, rule, some, to)
    yield
  }
  // Behind the alerts: who has one now is not summed up by a run that is done again.
  for (const sum of sums.all()) {
    const island = islandOf(sum)
    const shown = await (await eventsOfMany(merging.store, [island]))([island], sum.agency)
    const summary = await addSum({ alerts, cases: merging.cases, lane: merging.lane, to }, rule, sum, shown)
    await takeMany(merging.cases, rule, [summary])
  }
}

/** The alerts of these parts that what was found may touch. */
const readKnown = async (alerts: Collection<Alert>, rule: Rule, some: readonly Open[]): Promise<void> => {
  const byKey = new Map(some.map((each) => [each.part.key, each]))
  const spans = some.flatMap(({ islands }) => islands)
  const first = Math.min(...spans.map((span) => span.first)) - rule.quiet
  const last = Math.max(...spans.map((span) => span.last)) + rule.quiet
  const keys = [...byKey.keys()]
  const filter: Filter = and(
    or(...['alert.group', 'alert.moved'].map((field) => eq(field, ...keys))),
    { op: 'range', field: 'alert.last', gte: first },
    { op: 'range', field: 'alert.first', lte: last },
  )
  for await (const page of pagesOf(alerts, filter, 1000))
    for (const alert of page) {
      const owners = new Set([alert.doc['alert.group'], alert.doc['alert.moved']])
      for (const key of owners) {
        const each = key === undefined ? undefined : byKey.get(key)
        if (!each) continue
        const near = each.islands.some(
          (island) =>
            alert.doc['alert.last'] >= island.first - rule.quiet &&
            alert.doc['alert.first'] <= island.last + rule.quiet,
        )
        if (near) each.known.push(alert)
      }
    }
}

/** Leaves of a part without alerts what may have one of its own; the hours before that go to their summaries. */
const keepWithin = async (
  each: Open,
  rule: Rule,
  room: ReturnType<typeof openRoom>,
  sum: ReturnType<typeof openSums>['add'],
): Promise<void> => {
  const { part } = each
  const kept: Found[] = []
  const moments = each.moments.toSorted((a, b) => a.time - b.time)
  for (let i = 0; i < moments.length; ) {
    const hour = hourOf(moments[i]!.time)
    // From its first own alert on, the burst is its own.
    const goesOn = kept.length > 0 && moments[i]!.time - kept.at(-1)!.time <= rule.quiet
    let end = i
    while (end < moments.length && hourOf(moments[end]!.time) === hour) end++
    const those = moments.slice(i, end)
    if (goesOn || (await room.take(part.agency, hour, part.key))) kept.push(...those)
    else sum(part, hour, those)
    i = end
  }
  if (kept.length !== moments.length) each.islands = islandsOf(kept, rule.quiet)
}

const mergeSome = async (
  merging: Merging,
  alerts: Collection<Alert>,
  rule: Rule,
  some: readonly Open[],
  to: number,
): Promise<void> => {
  const found = some.filter(({ islands }) => islands.length > 0)
  const behind = new Set(
    found.flatMap(({ islands, known }) => {
      const shown = known.length === 1 ? known[0]!.doc.events : []
      const newest = shown.length >= SAMPLE ? (shown.at(-1)!['@timestamp'] as number) : Number.POSITIVE_INFINITY
      return islands.filter(({ first }) => first > newest)
    }),
  )
  const sampleOf = await eventsOfMany(
    merging.store,
    found.flatMap(({ islands }) => islands),
    (island) => !behind.has(island),
  )
  const written: Stored<Alert>[] = []
  const left = new Set<string>()
  const alone: Open[] = []
  const plans: { readonly each: Open; readonly plan: Plan }[] = []
  for (const each of found) {
    const { islands, known, part } = each
    const sample = (those: readonly Island[]) => sampleOf(those, part.agency)
    const facts = { found: islands, known, sample, ends: noEnds, recount: noRecount }
    const plan = await planOf(merging, rule, part, facts, to)
    // What has to be written in order is written by itself.
    if (plan.puts.length > plan.changed.length) alone.push(each)
    else plans.push({ each, plan })
  }
  const puts = plans.flatMap(({ plan }) => plan.puts)
  const results = puts.length > 0 ? await alerts.put(puts) : []
  let at = 0
  for (const { each, plan } of plans) {
    const done = writtenOf(plan, results.slice(at, at + plan.puts.length))
    at += plan.puts.length
    if (!done) alone.push(each)
    else written.push(...done)
    for (const incident of plan.left) left.add(incident)
  }
  await takeMany(merging.cases, rule, written)
  for (const incident of left) await refresh(merging.cases, incident)
  for (const { part, islands } of alone) await mergePart(merging, rule, part, islands, noEnds, to, noRecount)
}
