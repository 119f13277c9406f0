/**
 * The events ingested in (from, to], looked at once for all rules that are due. What an event was judged by where it was taken
 * apart stands in it; the others (another version of a rule, a program of before, what the program writes itself) are read
 * with the fields that the rules name, and judged here.
 */
import { setImmediate as breath } from 'node:timers/promises'
import type { Event } from '../ingest/event.ts'
import { and, EVERYTHING, eq, exists, type Filter, fieldsOf, type Match, not, or } from '../ingest/store/filter.ts'
import { compile } from '../ingest/store/match.ts'
import { type Store, SYSTEM, type Window } from '../ingest/store/store.ts'
import { alertGroup, GROUP_FIELDS, type Group, groupKey, groupOf } from './alert.ts'
import { allOf, groupsOf, type Seen } from './correlation/evaluate.ts'
import type { Moment } from './bursts.ts'
import { type Engine, openEngine } from './engine/engine.ts'
import { type Excepted, type Exceptions, noExceptions, openTally, type Tally } from './exceptions.ts'
import { type JudgedBy, openJudged } from './judged.ts'
import { openRecent } from './recent.ts'
import { cutAt, LANE_FIELDS } from './lane.ts'
import { termOf } from './new-terms.ts'
import { AGENCY_FIELDS, agenciesOf } from './parts.ts'
import type { Rule } from './rule.ts'
import { eitherOf, openRulesets, partsOf } from './ruleset.ts'

/** An event that counts, and whom it concerns. */
export interface Found extends Moment {
  readonly agencies: readonly string[]
  /** Of a rule of what was never seen: what is to be new (`new-terms.ts`). */
  readonly term?: string
}
/**
 * By the key of an alert's group; of what new events of a correlation touch, by the group as it is spelled. `ends`: times of the
 * events that end what the rule tells of.
 */
export type Groups = Map<string, { group: Group; moments: Found[]; ends: number[] }>

/** History that was imported is not looked at. */
export const live = (filter: Filter): Filter => and(not(eq('vonglau.import', true)), filter)
/** Without what is judged later, in its own time (`owed.ts`). */
const atOnce = (filter: Filter): Filter => live(and(not(eq('vonglau.owed', true)), filter))
/** Compared as they are: that is quicker, and they are in lower case. */
const among = (field: string, values: readonly string[]): Filter => ({ op: 'in', field, values, cased: true })

/** Its one document changes with each day that is written anew (`api/reparse.ts`). */
export const REWRITTEN = 'rewritten'

/**
 * Events that a pass reads, those that met something or that it has to judge: more are gone through one stretch of ingest time after
 * the other. What met nothing is not read, however much of it there is.
 */
const STRETCH = 100_000
/** Events from which on it is asked first which rules were met: what only others need is not read of so many. */
const MANY = 10_000
/** Versions of rules that are told apart. */
const LABELS = 10_000

/** What a correlation is about in a window of the store. */
export interface About {
  readonly filter: Filter
  /** Those that meet some of the bases. */
  of(bases: readonly number[]): Filter
  /** Absent: all of them. */
  readonly fields?: readonly string[]
  read(event: Event): Seen
  /** Of a late hit, or an event of the window: exceptions leave nothing of it. */
  hidden(seen: Seen): boolean
}
/** Of a rule with one part. */
const ONLY: readonly number[] = [0]

export interface Pass {
  /** The rules have been over everything up to there: `to`, or less where that would have been too much at once. */
  readonly to: number
  /** What each rule is about, by group; events that lack what a correlation groups by are in none. */
  of(rule: Rule): Groups
  /** What exceptions of the rule have hidden. */
  hidden(rule: Rule): Tally
}

/** What is needed of an event beside what it is judged by. */
export const neededOf = (rule: Rule): readonly string[] => [
  ...(rule.correlation
    ? allOf(rule.correlation).flatMap(({ keys, fields = [] }) => [...keys, ...fields].flatMap((each) => each ?? []))
    : (rule.groupBy ?? GROUP_FIELDS)),
  // Of a rule for the destination whose event it is says it all.
  ...(rule.concerns === 'destination' ? AGENCY_FIELDS.slice(0, 2) : AGENCY_FIELDS),
  ...[rule, ...(rule.bases ?? [])].flatMap(({ newTerms }) => newTerms?.fields ?? []),
  // What both ends and begins is told apart here.
  ...(rule.endsWith ? fieldsOf(rule.endsWith) : []),
]
const BASE = ['@timestamp', 'event.id', 'vonglau.hits']
/** Absent: all of them. */
export const named = (fields: Iterable<string>): { readonly fields?: readonly string[] } => {
  const all = new Set(fields)
  return all.has('*') ? {} : { fields: [...all] }
}

const matches = new WeakMap<Filter, Match>()
const compiled = (filter: Filter): Match => {
  let match = matches.get(filter)
  if (!match) matches.set(filter, (match = compile(filter)))
  return match
}

/** `exceptions`: as they are when it is asked. */
export const openPasses = (store: Store, exceptions: () => Exceptions = () => noExceptions) => {
  const exceptedFields = (rule: Rule): readonly string[] => exceptions().of(rule)?.fields ?? []
  const versionsOf = openRulesets(store.documents)
  const judged = openJudged(store, atOnce)
  const recent = openRecent(store, live)
  let engine: { readonly rules: readonly Rule[]; readonly engine: Engine } | undefined
  const engineOf = (rules: readonly Rule[]): Engine => {
    if (!engine || engine.rules.length !== rules.length || engine.rules.some((rule, i) => rule !== rules[i]))
      engine = { rules, engine: openEngine(rules.flatMap((rule) => partsOf(rule).map(({ filter }) => filter))) }
    return engine.engine
  }
  /** The sets that hold the versions of all these rules, how many events they have judged, and others have not. */
  const fullSets = async (rules: readonly Rule[], by: readonly JudgedBy[]) => {
    const full: string[] = []
    let [theirs, others] = [0, 0]
    for (const { set, count } of by) {
      const versions = set === undefined ? undefined : await versionsOf(set)
      if (set !== undefined && rules.every((rule) => partsOf(rule).every(({ label }) => versions!.has(label)))) {
        full.push(set)
        theirs += count
      } else others += count
    }
    return { full, theirs, others }
  }

  /** Which versions were met there; undefined where that cannot be told. It may take as long as a person's question, and be refused. */
  const metIn = async (hits: Filter, ingested: Window['ingested']): Promise<ReadonlySet<string> | undefined> => {
    const asked = { filter: atOnce(hits), ingested, by: [{ terms: 'vonglau.hits' }], limit: LABELS }
    const { items, missing } = await store.events.aggregate(SYSTEM, asked)
    return missing.length > 0 || items.length >= LABELS ? undefined : new Set(items.map(({ key }) => String(key[0])))
  }

  /** A line that was read again may be of another time or group: what is remembered of lines that were stored does not hold. */
  let rewritten: number | undefined
  const forget = async (): Promise<void> => {
    const newest = await store.documents.collection(REWRITTEN).newest()
    if (rewritten !== undefined && newest !== rewritten) {
      judged.forget()
      recent.forget()
    }
    rewritten = newest
  }

  return {
    recent,
    /**
     * Of events in this window, those that a correlation is about: what was judged says so, of the rest it is asked; but for
     * late hits. `read` makes of such an event, or of a late hit, what the correlation is evaluated over.
     */
    seen: async (rule: Rule, window: Window): Promise<About> => {
      const labels = partsOf(rule).map(({ label }) => label)
      const places = new Map(labels.map((label, i) => [label, i]))
      const { full, others } = await fullSets([rule], await judged.around(window, rule.filter))
      const known = among('vonglau.judged', full)
      const met = (some: readonly string[], filter: Filter): Filter => {
        const hit = among('vonglau.hits', some)
        return others === 0 ? hit : or(and(known, hit), and(not(known), not(eq('vonglau.owed', true)), filter))
      }
      const sets = new Set<unknown>(full)
      const bases = rule.bases!
      const excepted = exceptions().of(rule)
      const metBy = (event: Event): readonly number[] =>
        bases.length < 2
          ? ONLY
          : event['vonglau.owed'] === true || sets.has(event['vonglau.judged'])
            ? [event['vonglau.hits'] ?? []].flat().flatMap((label) => places.get(String(label)) ?? [])
            : bases.flatMap(({ filter }, i) => (compiled(filter)(event) ? [i] : []))
      const basesOf = (event: Event): readonly number[] => {
        const met = metBy(event)
        // A late hit says what exceptions have left of it, and holds no more than that needs.
        return excepted && event['vonglau.owed'] !== true ? excepted.of(event, met).left : met
      }
      return {
        filter: met(labels, rule.filter),
        of: (some) =>
          labels.length < 2
            ? met(labels, rule.filter)
            : met(
                some.map((i) => labels[i]!),
                or(...some.map((i) => bases[i]!.filter)),
              ),
        ...named([
          ...BASE,
          ...LANE_FIELDS,
          'event.ingested',
          'vonglau.judged',
          ...neededOf(rule),
          ...(excepted?.fields ?? []),
          ...(others > 0 && bases.length > 1 ? fieldsOf(rule.filter) : []),
        ]),
        read: (event) => ({
          time: event['@timestamp'] as number,
          id: event['event.id'] as string,
          agencies: agenciesOf(rule, event),
          bases: basesOf(event),
          event,
        }),
        hidden: ({ bases: left }) => excepted !== undefined && left.length === 0,
      }
    },
    /** `whole`: a run over just this has begun before; it is not cut. */
    pass: async (from: number, until: number, rules: readonly Rule[], whole = false): Promise<Pass> => {
      let to = until
      let { full, theirs, others } = await fullSets(rules, await judged.in({ ingested: { after: from, upTo: to } }))
      if (!whole && theirs + others > STRETCH) {
        const filter = atOnce(or(exists('vonglau.hits'), not(among('vonglau.judged', full))))
        const count = (upTo: number) => store.events.count(SYSTEM, { filter, ingested: { after: from, upTo } })
        if ((await count(to)) > STRETCH) to = await cutAt(from, to, STRETCH, count)
        ;({ full, theirs, others } = await fullSets(rules, await judged.in({ ingested: { after: from, upTo: to } })))
      }
      const ingested = { after: from, upTo: to }
      const found = rules.map((): Groups => new Map())
      const tallies = rules.map(openTally)
      const excepted = rules.map((rule) => exceptions().of(rule))
      const parts = rules.flatMap((rule, i) => partsOf(rule).map(({ label }, base) => ({ label, i, base })))
      /** Of an event, by its parts that hold: a rule takes it once. */
      const take = (met: readonly (typeof parts)[number][], event: Event): void => {
        const [first] = met
        if (met.length === 1) {
          const { i, base } = first!
          const bases = [base]
          recent.add(rules[i]!, event, bases)
          takeIn(found[i]!, rules[i]!, event, bases, excepted[i], tallies[i])
          return
        }
        for (const [i, own] of Map.groupBy(met, (part) => part.i)) {
          const bases = own.map(({ base }) => base)
          recent.add(rules[i]!, event, bases)
          takeIn(found[i]!, rules[i]!, event, bases, excepted[i], tallies[i])
        }
      }
      await forget()
      await recent.begin(rules, from)
      if (theirs > 0) {
        const places = new Map(parts.map((part) => [part.label, part]))
        const hits = and(among('vonglau.judged', full), among('vonglau.hits', [...places.keys()]))
        const some = theirs > MANY ? await metIn(hits, ingested).catch(() => undefined) : undefined
        const met = some ? rules.filter((rule) => partsOf(rule).some(({ label }) => some.has(label))) : rules
        const fields = named([...BASE, ...met.flatMap((rule) => [...neededOf(rule), ...exceptedFields(rule)])])
        for await (const events of store.events.match(SYSTEM, { filter: atOnce(hits), ingested, ...fields }))
          for (const event of events)
            take(
              (event['vonglau.hits'] as readonly string[]).flatMap((label) => places.get(label) ?? []),
              event,
            )
      }
      if (others > 0) {
        const rest = full.length > 0 ? not(among('vonglau.judged', full)) : EVERYTHING
        const fields = named([
          ...BASE,
          ...rules.flatMap((rule) => [...neededOf(rule), ...exceptedFields(rule), ...fieldsOf(eitherOf(rule))]),
        ])
        const { match } = engineOf(rules)
        let since = performance.now()
        for await (const events of store.events.match(SYSTEM, { filter: atOnce(rest), ingested, ...fields }))
          for (const event of events) {
            const met: typeof parts = []
            match(event, (i) => met.push(parts[i]!))
            take(met, event)
            if (performance.now() - since < BREATH) continue
            await breath()
            since = performance.now()
          }
      }
      recent.end(rules, to)
      const places = new Map(rules.map((rule, i) => [rule, i]))
      const of = <T>(list: readonly T[], rule: Rule, none: () => T): T => list[places.get(rule) ?? -1] ?? none()
      return { to, of: (rule) => of(found, rule, () => new Map()), hidden: (rule) => of(tallies, rule, openTally) }
    },
  }
}
export type Passes = ReturnType<typeof openPasses>

/** ms: thousands of events are a part of a second of work; in between the process does what else it has to, above all says that it lives. */
const BREATH = 50

/** `bases`: those of a correlation that the event meets. False where exceptions leave nothing of it. */
export const takeIn = (
  groups: Groups,
  rule: Rule,
  event: Event,
  bases: readonly number[] = ONLY,
  excepted?: Excepted,
  tally?: Tally,
): boolean => {
  const time = event['@timestamp'] as number
  // That something has ended is always heard.
  const ends = rule.endsWith !== undefined && compiled(rule.endsWith)(event)
  let counting = bases
  if (excepted && !ends) {
    const { left, by } = excepted.of(event, bases)
    tally?.add(by, event)
    if (left.length === 0) return false
    counting = left
  }
  const term = rule.newTerms && termOf(rule.newTerms, event)
  if (rule.newTerms && term === undefined) return true
  const own = rule.correlation ? undefined : groupOf(rule, event)
  // Of a correlation it is what its windows are looked for by, and none of an alert yet.
  for (const [key, group] of own ? [[groupKey(rule.id, own), own] as const] : groupsOf(rule, event, counting)) {
    let found = groups.get(key)
    if (!found) groups.set(key, (found = { group, moments: [], ends: [] }))
    if (ends) found.ends.push(time)
    else {
      const moment = { time, id: event['event.id'] as string, agencies: agenciesOf(rule, event) }
      found.moments.push(term === undefined ? moment : { ...moment, term })
    }
  }
  return true
}

/** What is told of a group of a correlation, into the group that its alert has. */
export const tellIn = (groups: Groups, rule: Rule, group: Group, moments: readonly Found[]): void => {
  const its = alertGroup(rule, group)
  const key = groupKey(rule.id, its)
  const found = groups.get(key)
  if (!found) groups.set(key, { group: its, moments: [...moments], ends: [] })
  else found.moments.push(...moments)
}
