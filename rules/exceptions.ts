/**
 * Exceptions where detection decides: an event of a rule that one names makes no alert, and no correlation counts it. In force
 * is an exception by the event's ingest time, from the run that first knew of it on, so that a run which is done again
 * decides as before, and windows that are read again too.
 */
import { basename, dirname } from 'node:path'
import type { Event } from '../ingest/event.ts'
import { type Filter, fieldsOf, type Match } from '../ingest/store/filter.ts'
import { FREE_TEXT, parseKql } from '../ingest/store/kql.ts'
import { compile } from '../ingest/store/match.ts'
import { type DocumentStore, type Stored, SYSTEM } from '../ingest/store/store.ts'
import { DETECTOR } from './case/act.ts'
import { exceptionsIn, newActId } from './case/decide.ts'
import { type Exception, type Excepting, excepting, type Span } from './case/exception.ts'
import { pagesOf } from './case/pages.ts'
import { apply } from './case/table.ts'
import { GROUPS, groupOfFile, OWN } from './load.ts'
import type { Rule } from './rule.ts'

/** How often one named an event: in all, when last ('@timestamp'), and by UTC day of ingest of late. */
export interface Hits {
  readonly count: number
  readonly last: number
  readonly days: { readonly [day: string]: number }
}
export type HitsById = { readonly [exception: string]: Hits }

/** What exceptions say of the events of one rule. */
export interface Excepted {
  /** What is needed of an event to tell. */
  readonly fields: readonly string[]
  /** Those of its bases that count all the same; ids of the exceptions that name it. */
  of(event: Event, bases: readonly number[]): { readonly left: readonly number[]; readonly by: readonly string[] }
}
export interface Exceptions {
  /** Undefined where no exception is of the rule. */
  of(rule: Rule): Excepted | undefined
}
export const noExceptions: Exceptions = { of: () => undefined }

/** The group of a rule: of the catalog its folder, of one's own `own`. */
export const groupOfRule = ({ file }: Pick<Rule, 'file'>): string => groupOfFile(file)
/** Exceptions of before name rules of one's own by the folder of their file, and go on to hold for them. */
export const formerGroupOf = ({ file }: Pick<Rule, 'file'>): string => {
  const [group, folder] = [groupOfFile(file), basename(dirname(file))]
  // A folder of one's own that is called as one of the catalog's is no part of that.
  return group === OWN && !GROUPS.has(folder) ? folder : group
}

const isFor = ({ rules, groups }: Excepting, id: string, file: string): boolean =>
  (rules.length === 0 && groups.length === 0) ||
  rules.includes(id) ||
  groups.includes(groupOfRule({ file })) ||
  groups.includes(formerGroupOf({ file }))
/** Whether an exception is of a rule, or of one of those that it is about. */
export const concerns = (said: Excepting, rule: Rule): boolean =>
  isFor(said, rule.id, rule.file) || (rule.bases ?? []).some(({ id, file }) => isFor(said, id, file))

/** What masks leave of a filter that somebody wrote who does not see everything. */
export type Guard = (filter: Filter) => Filter
export const filterOf = ({ kql, guarded }: Excepting, guard: Guard = (filter) => filter): Filter => {
  const filter = parseKql(kql, { text: FREE_TEXT })
  return guarded ? guard(filter) : filter
}

interface One {
  readonly id: string
  readonly span: Span
  readonly filter: Filter
  readonly match: Match
}

const openOne = (id: string, span: Span, guard: Guard | undefined): One[] => {
  let filter: Filter
  try {
    filter = filterOf(span, guard)
  } catch {
    // What this version's KQL does not know any more hides nothing; the console shows it as it is.
    return []
  }
  return [{ id, span, filter, match: compile(filter) }]
}

const INGESTED = 'event.ingested'
/** The exceptions of these spans. `always`: whenever an event came, as where history is gone over to see what would be. */
export const exceptionsOf = (
  spans: readonly { readonly id: string; readonly span: Span }[],
  { guard, always = false }: { readonly guard?: Guard | undefined; readonly always?: boolean } = {},
): Exceptions => {
  const all = spans.flatMap(({ id, span }) => openOne(id, span, guard))
  if (all.length === 0) return noExceptions
  const known = new WeakMap<Rule, Excepted | null>()
  const make = (rule: Rule): Excepted | null => {
    const bases = rule.bases ?? []
    const mine = all.flatMap((one) => {
      const whole = isFor(one.span, rule.id, rule.file)
      const some = whole ? [] : bases.flatMap(({ id, file }, i) => (isFor(one.span, id, file) ? [i] : []))
      return whole || some.length > 0 ? [{ one, whole, some: new Set(some) }] : []
    })
    if (mine.length === 0) return null
    return {
      fields: [...new Set([INGESTED, ...mine.flatMap(({ one }) => [...fieldsOf(one.filter)])])],
      of: (event, given) => {
        let left = given
        const by: string[] = []
        const came = Number(event[INGESTED])
        for (const { one, whole, some } of mine) {
          const { from, until = Number.POSITIVE_INFINITY, expires } = one.span
          if (!always && !(came > from && came <= Math.min(until, expires))) continue
          if (!whole && !given.some((base) => some.has(base))) continue
          if (!one.match(event)) continue
          if (!by.includes(one.id)) by.push(one.id)
          left = whole ? [] : left.filter((base) => !some.has(base))
        }
        return { left, by }
      },
    }
  }
  return {
    of: (rule) => {
      let excepted = known.get(rule)
      if (excepted === undefined) known.set(rule, (excepted = make(rule)))
      return excepted ?? undefined
    },
  }
}

/** Which exceptions of these a rule has, for an event or whatever comes. */
export const inForceNow = (stored: readonly Stored<Exception>[]): { readonly id: string; readonly span: Span }[] =>
  stored.flatMap(({ id, doc }) =>
    doc['exception.status'] === 'active' ? [{ id, span: { ...excepting(doc), from: 0 } }] : [],
  )

/** Those of now, for an event of whatever time: what a backtest and a backfill go by. */
export const exceptionsNow = async (documents: DocumentStore, guard?: Guard): Promise<Exceptions> =>
  exceptionsOf(inForceNow(await allExceptions(documents)), { guard, always: true })

export const allExceptions = async (documents: DocumentStore): Promise<Stored<Exception>[]> => {
  const out: Stored<Exception>[] = []
  for await (const page of pagesOf(exceptionsIn(documents))) out.push(...page)
  return out
}

const isSame = (a: Excepting, b: Excepting): boolean =>
  JSON.stringify([a.kql, a.guarded, a.rules, a.groups, a.expires]) ===
  JSON.stringify([b.kql, b.guarded, b.rules, b.groups, b.expires])

/** What stands in the document once everything up to `covered` was judged without what is new in it. */
const taken = (doc: Exception, covered: number, now: number): Exception => {
  const spans = doc.spans ?? []
  const last = spans.at(-1)
  const open = last !== undefined && last.until === undefined
  const said = excepting(doc)
  const active = doc['exception.status'] === 'active'
  if (active && covered > said.expires)
    return apply(
      open ? { ...doc, spans: closed(spans, covered) } : doc,
      'exception',
      { what: 'expire', id: newActId() },
      DETECTOR,
      now,
      { deadlines: {} },
    )
  if (active)
    return open && isSame(last, said) ? doc : { ...doc, spans: [...closed(spans, covered), { ...said, from: covered }] }
  return open && doc['exception.status'] === 'withdrawn' ? { ...doc, spans: closed(spans, covered) } : doc
}
const closed = (spans: readonly Span[], until: number): readonly Span[] =>
  spans.map((span, i) => (i === spans.length - 1 && span.until === undefined ? { ...span, until } : span))

/** The detector's: who runs the rules says since when an exception holds, by what it has been over. */
export const openExceptions = (documents: DocumentStore, clock: () => number, guard?: Guard) => {
  const collection = exceptionsIn(documents)
  let seen = -1
  let soonest = Number.POSITIVE_INFINITY
  let known: Exceptions = noExceptions
  return {
    /**
     * As they are now. `covered`: the ingest time that was committed before this call; nothing beyond it has been judged. What people
     * changed since the last call holds behind it. Where one was changed in this moment, it is taken up by the next call.
     */
    refresh: async (covered: number): Promise<Exceptions> => {
      const newest = await collection.newest()
      if (newest === seen && covered <= soonest) return known
      const all = await allExceptions(documents)
      const spans: { id: string; span: Span }[] = []
      soonest = Number.POSITIVE_INFINITY
      for (const stored of all) {
        let { doc } = stored
        const next = taken(doc, covered, clock())
        if (next !== doc) {
          const [put] = await collection.put([{ id: stored.id, version: stored.version, doc: next }])
          if (put?.ok) doc = next
        }
        for (const span of doc.spans ?? []) spans.push({ id: stored.id, span })
        if (doc['exception.status'] === 'active') soonest = Math.min(soonest, doc['exception.expires'])
      }
      // What was written here, or by others meanwhile, is looked at once more.
      seen = newest
      return (known = exceptionsOf(spans, { guard }))
    },
  }
}

/** UTC days whose hits are kept apart. */
const DAYS = 31
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

/** Counts what one run hides, to be written with how far it came. */
export const openTally = () => {
  const found = new Map<string, { count: number; last: number; days: Map<string, number> }>()
  return {
    add: (by: readonly string[], event: Event): void => {
      for (const id of by) {
        let one = found.get(id)
        if (!one) found.set(id, (one = { count: 0, last: 0, days: new Map() }))
        one.count++
        one.last = Math.max(one.last, event['@timestamp'] as number)
        const day = dayOf(Number(event[INGESTED] ?? event['@timestamp']))
        one.days.set(day, (one.days.get(day) ?? 0) + 1)
      }
    },
    count: (): number => [...found.values()].reduce((sum, { count }) => sum + count, 0),
    /** With what was counted before; undefined where nothing was. */
    onto: (before: HitsById | undefined): HitsById | undefined => {
      if (found.size === 0) return before
      return mergeHits([
        before ?? {},
        Object.fromEntries([...found].map(([id, one]) => [id, { ...one, days: Object.fromEntries(one.days) }])),
      ])
    },
  }
}
export type Tally = ReturnType<typeof openTally>

export const mergeHits = (all: readonly HitsById[]): HitsById => {
  const out: { [id: string]: { count: number; last: number; days: { [day: string]: number } } } = {}
  for (const each of all)
    for (const [id, { count, last, days }] of Object.entries(each)) {
      const one = (out[id] ??= { count: 0, last: 0, days: {} })
      one.count += count
      one.last = Math.max(one.last, last)
      for (const [day, n] of Object.entries(days)) one.days[day] = (one.days[day] ?? 0) + n
    }
  for (const one of Object.values(out)) one.days = Object.fromEntries(Object.entries(one.days).sort().slice(-DAYS))
  return out
}
