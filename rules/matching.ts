/** What a run finds: the events ingested in (from, to] that match, or that stand in a qualifying window, by group. */
import { setImmediate as breath } from 'node:timers/promises'
import type { Event } from '../ingest/event.ts'
import { and, compile, EVERYTHING, type Filter, type Match, not, eq, or } from '../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import { GROUP_FIELDS, type Group, groupKey, groupOf } from './alert.ts'
import type { Moment } from './bursts.ts'
import { type Engine, openEngine } from './engine/engine.ts'
import { AGENCY_FIELDS, agenciesOf } from './parts.ts'
import type { Rule } from './rule.ts'
import { type Counted, newlyQualifying } from './windows.ts'

/** An event that counts, and whom it concerns. */
export interface Found extends Moment {
  readonly agencies: readonly string[]
}
/** `ends`: times of the events that end what the rule tells of. */
export type Groups = Map<string, { group: Group; moments: Found[]; ends: number[] }>

/** Of a rule for the destination `organization.id` says it all. */
const agencyFields = ({ concerns }: Rule): readonly string[] =>
  concerns === 'destination' ? AGENCY_FIELDS.slice(0, 1) : AGENCY_FIELDS

/** Up to so many new events are read once and decided in process for every rule: cheaper than a question for each. */
const FEW = 20_000

/** History that was imported is not looked at. */
export const live = (filter: Filter): Filter => and(not(eq('vonglau.import', true)), filter)

/** The new events, and which of them each rule of the pass is about. */
export interface Fresh {
  of(rule: Rule): readonly Event[]
}

/**
 * The events ingested in (from, to], read once and looked at for all rules in one pass; undefined where they are more than
 * a few. Kept for the rules that follow.
 */
export const freshEvents = (store: Store) => {
  let key = ''
  let kept: { readonly events: readonly Event[]; rules: readonly Rule[]; fresh: Fresh } | undefined
  let engine: { readonly rules: readonly Rule[]; readonly engine: Engine } | undefined
  const engineOf = (rules: readonly Rule[]): Engine => {
    if (!engine || engine.rules.length !== rules.length || engine.rules.some((rule, i) => rule !== rules[i]))
      engine = { rules, engine: openEngine(rules.map(eitherOf)) }
    return engine.engine
  }
  return async (from: number, to: number, rules: readonly Rule[]): Promise<Fresh | undefined> => {
    if (key !== `${from} ${to}`) {
      const window = { filter: live(EVERYTHING), ingested: { after: from, upTo: to } } as const
      const few = (await store.events.count(SYSTEM, window)) <= FEW
      const events: Event[] = []
      if (few) for await (const chunk of store.events.match(SYSTEM, window)) events.push(...chunk)
      kept = few ? { events, rules, fresh: await pass(events, rules, engineOf(rules)) } : undefined
      key = `${from} ${to}`
    } else if (kept && kept.rules !== rules)
      kept = { ...kept, rules, fresh: await pass(kept.events, rules, engineOf(rules)) }
    return kept?.fresh
  }
}

/** ms */
const BREATH = 50
/** Ten thousand events are a part of a second of work: in between the process does what else it has to, above all says that it lives. */
const pass = async (events: readonly Event[], rules: readonly Rule[], engine: Engine): Promise<Fresh> => {
  const found = rules.map((): Event[] => [])
  let since = performance.now()
  for (const event of events) {
    engine.match(event, (rule) => found[rule]!.push(event))
    if (performance.now() - since < BREATH) continue
    await breath()
    since = performance.now()
  }
  const byRule = new Map(rules.map((rule, i) => [rule, found[i]!]))
  return { of: (rule) => byRule.get(rule) ?? [] }
}

const matches = new WeakMap<Filter, Match>()
const compiled = (filter: Filter): Match => {
  let match = matches.get(filter)
  if (!match) matches.set(filter, (match = compile(filter)))
  return match
}

const eithers = new WeakMap<Rule, Filter>()
/** What begins, goes on or ends what the rule tells of. */
const eitherOf = (rule: Rule): Filter => {
  if (!rule.endsWith) return rule.filter
  let either = eithers.get(rule)
  if (!either) eithers.set(rule, (either = or(rule.filter, rule.endsWith)))
  return either
}

/** The events that match anew, by group; of a rule with an end also when it ended. */
export const matched = async (
  store: Store,
  rule: Rule,
  from: number,
  to: number,
  few: Fresh | undefined,
): Promise<Groups> => {
  const groups: Groups = new Map()
  const { endsWith } = rule
  const wanted = eitherOf(rule)
  const ends = endsWith && compiled(endsWith)
  // What both ends and begins is read whole, to be told apart here.
  const fields = endsWith
    ? {}
    : { fields: ['@timestamp', 'event.id', ...(rule.groupBy ?? GROUP_FIELDS), ...agencyFields(rule)] }
  const chunks = few
    ? [few.of(rule)]
    : store.events.match(SYSTEM, { filter: live(wanted), ingested: { after: from, upTo: to }, ...fields })
  for await (const events of chunks) {
    for (const event of events) {
      const group = groupOf(rule, event)!
      const key = groupKey(rule.id, group)
      let found = groups.get(key)
      if (!found) groups.set(key, (found = { group, moments: [], ends: [] }))
      const time = event['@timestamp'] as number
      if (ends?.(event)) found.ends.push(time)
      else found.moments.push({ time, id: event['event.id'] as string, agencies: agenciesOf(rule, event) })
    }
  }
  return groups
}

/** The events that stand in a qualifying window since the new ones came, by group. */
export const correlated = async (
  store: Store,
  rule: Rule,
  from: number,
  to: number,
  few: Fresh | undefined,
): Promise<Groups> => {
  if (few && few.of(rule).length === 0) return new Map()
  const correlation = rule.correlation!
  const by = rule.groupBy ?? []
  const groups: Groups = new Map()
  const fresh = { filter: live(rule.filter), ingested: { after: from, upTo: to } }
  const { items } = await store.events.aggregate(SYSTEM, { ...fresh, by: [], limit: 1 })
  const extent = items[0]
  if (!extent || extent.count === 0) return groups
  // First which groups have new events and enough of them at all; then their events, twice the timespan around.
  const touched = new Set<string>()
  for await (const buckets of store.events.groups(SYSTEM, { ...fresh, by, atLeast: 1 }))
    for (const { key } of buckets) touched.add(JSON.stringify(key.map(String)))
  const span = correlation.timespan
  const wide = {
    filter: live(rule.filter),
    from: extent.first - 2 * span,
    to: extent.last + 2 * span + 1,
    ingested: { upTo: to },
  }
  const candidates = new Set<string>()
  const asked = correlation.field ? { distinct: correlation.field } : {}
  for await (const buckets of store.events.groups(SYSTEM, { ...wide, by, atLeast: correlation.atLeast, ...asked })) {
    for (const { key } of buckets) {
      const text = JSON.stringify(key.map(String))
      if (!key.includes(null) && touched.has(text)) candidates.add(text)
    }
  }
  if (candidates.size === 0) return groups
  const counted = new Map<string, { group: Group; events: Counted[] }>()
  const fields = [
    '@timestamp',
    'event.id',
    'event.ingested',
    ...by,
    ...agencyFields(rule),
    ...(correlation.field ? [correlation.field] : []),
  ]
  for await (const events of store.events.match(SYSTEM, { ...wide, fields })) {
    for (const event of events) {
      const group = groupOf(rule, event)
      if (!group || !candidates.has(JSON.stringify(group.map(({ value }) => value)))) continue
      const values = correlation.field
        ? [event[correlation.field]]
            .flat()
            .filter((v) => v !== undefined)
            .map(String)
        : undefined
      if (values?.length === 0) continue
      const key = groupKey(rule.id, group)
      let found = counted.get(key)
      if (!found) counted.set(key, (found = { group, events: [] }))
      found.events.push({
        time: event['@timestamp'] as number,
        id: event['event.id'] as string,
        ingested: event['event.ingested'] as number,
        agencies: agenciesOf(rule, event),
        ...(values ? { values } : {}),
      })
    }
  }
  for (const [key, { group, events }] of counted) {
    const moments = newlyQualifying(events, correlation, from)
    if (moments.length) groups.set(key, { group, moments, ends: [] })
  }
  return groups
}
