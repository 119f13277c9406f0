/** The lines of `<file>.events.ndjson`: an event, or of a correlation a scenario of several. */
import { z } from 'zod'
import { counted } from '../ingest/counted.ts'
import type { Event } from '../ingest/event.ts'
import { allOf, evaluate, type Seen } from './correlation/evaluate.ts'
import { firstsAmong } from './first-seen.ts'
import type { Rule } from './rule.ts'
import type { Bases } from './ruleset.ts'
import { notUnderstood, wrongField, wrongJson, wrongShape } from './scenario-wrong.ts'
import { durationOf } from './sigma/correlation.ts'

/** An event as ingest makes it of a raw line of a source's parser: undefined where the line says nothing. */
export type EventOf = (source: string, line: string) => Event | undefined

/** Events that a line stands for: above, `times` is a slip of the hand, and the process would be full before it is through. */
const MOST = 100_000

const value = z.union([z.string(), z.number(), z.boolean()])
const given = {
  event: z
    .record(
      z.string(),
      z.union([value, z.array(value)], {
        error: 'a text, a number, true or false, or a list of these (a field is named with its dots, as "url.path")',
      }),
    )
    .optional(),
  source: z.string().optional(),
  line: z.string().optional(),
}
const several = {
  ...given,
  every: z.number().default(1),
  /** So many alike, or one for each of the values, which stand in the text as `{name}`. */
  times: z.int().positive().max(MOST).optional(),
  each: z
    .record(z.string(), z.array(z.union([z.string(), z.number()], { error: 'a text or a number' })).min(1))
    .optional(),
}
const said = {
  match: z.boolean(),
  why: z.string().min(1),
  /** The history that it starts from: so long before. */
  before: z.array(z.strictObject({ ...several, ago: z.string() })).optional(),
}
const one = z.strictObject({ ...said, ...given })
/** `at`: seconds from the beginning of the first event; `every`: between one and the next. */
const timedKeys = { ...several, at: z.number() }
const scenario = z.strictObject({ ...said, events: z.array(z.strictObject(timedKeys)).min(1) })
/** The keys that there are at a path of a line. */
const keysAt = (path: readonly PropertyKey[], keys: object): readonly string[] =>
  path[0] === 'before' ? ['ago', ...Object.keys(several)] : Object.keys(path[0] === 'events' ? timedKeys : keys)

/** A line that has to match, or not. */
export interface Scenario {
  readonly match: boolean
  readonly why: string
  /** In the order of the line; ms from the first. */
  readonly events: readonly Timed[]
  /** What was there before: its times are below 0. It stands in windows, ends none, and is what has been seen. */
  readonly before: readonly Timed[]
  /** What parsers did not understand of both, a sentence for each source. */
  readonly unread: readonly string[]
}
interface Timed {
  readonly time: number
  readonly event: Event
  /** The raw line, where it is one that the source's parser did not understand. */
  readonly unread?: { readonly source: string; readonly line: string }
}

const parse = <T extends z.ZodObject>(schema: T, read: unknown): z.output<T> => {
  const result = schema.safeParse(read)
  if (result.success) return result.data
  throw new Error(wrongShape(result.error.issues, read, (path) => keysAt(path, schema.shape)))
}

/** What lines are read with. */
interface Reading {
  readonly eventOf: EventOf
  /** Names of fields that the rules look at. */
  readonly known: ReadonlySet<string>
}
type Spec = { event?: Event | undefined; source?: string | undefined; line?: string | undefined }
const eventFrom = ({ event, source, line }: Spec, { eventOf, known }: Reading): Omit<Timed, 'time'> => {
  if (event !== undefined) {
    for (const name of Object.keys(event)) {
      const wrong = wrongField(name, known)
      if (wrong !== undefined) throw new Error(`event: ${wrong}`)
    }
    return { event: { '@timestamp': 0, ...event } }
  }
  if (source === undefined || line === undefined) throw new Error('expected "event", or "source" and "line"')
  const made = eventOf(source, line)
  if (made === undefined) throw new Error(`the parser ${source} finds no event in ${JSON.stringify(line.slice(0, 80))}`)
  return { event: made, ...(made['event.kind'] === 'pipeline_error' ? { unread: { source, line } } : {}) }
}
const unreadOf = (all: readonly Timed[]): readonly string[] =>
  [
    ...Map.groupBy(
      all.filter(({ unread }) => unread),
      ({ unread }) => unread!.source,
    ),
  ].map(([source, [first, ...more]]) =>
    notUnderstood(source, more.length + 1, first!.unread!.line, String(first!.event['error.message'] ?? '')),
  )

type Several = Omit<z.output<typeof scenario>['events'][number], 'at'> & { readonly at: number }
const rowsOf = ({ times = 1, each }: Pick<Several, 'times' | 'each'>): number =>
  Math.max(times, ...Object.values(each ?? {}).map((values) => values.length))
const timed = (several: Several, reading: Reading): Timed[] => {
  const { at, every, times: _, each, ...template } = several
  const columns = Object.entries(each ?? {})
  return Array.from({ length: rowsOf(several) }, (_, row) => {
    let text = JSON.stringify(template)
    for (const [name, values] of columns) text = text.replaceAll(`{${name}}`, String(values[row % values.length]))
    return { time: (at + row * every) * 1000, ...eventFrom(JSON.parse(text) as Spec, reading) }
  })
}
const historyOf = (before: z.output<typeof one>['before'] = [], reading: Reading): Timed[] =>
  before.flatMap(({ ago, ...each }) => {
    const some = timed({ ...each, at: -durationOf(ago) / 1000 }, reading)
    if (some.some(({ time }) => time >= 0))
      throw new Error(
        `before: ${some.length} events from ${ago} ago, ${each.every} s apart, do not end before the first event`,
      )
    return some
  })
const jsonOf = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch (error) {
    throw new Error(wrongJson(line, error))
  }
}

const NONE: ReadonlySet<string> = new Set()
/** Throws an Error with what is wrong with the line. `known`: names of fields that the rules look at. */
export const readScenario = (line: string, eventOf: EventOf, known = NONE): Scenario => {
  const read = jsonOf(line)
  const reading = { eventOf, known }
  const isOne = typeof read !== 'object' || read === null || !('events' in read)
  const { match, why, before, ...spec } = isOne ? parse(one, read) : parse(scenario, read)
  const made = [...(before ?? []), ...('events' in spec ? spec.events : [])].reduce(
    (sum, each) => sum + rowsOf(each),
    0,
  )
  if (made > MOST) throw new Error(`the line stands for ${made} events, expected at most ${MOST}: lower its "times"`)
  const events =
    'events' in spec
      ? spec.events.flatMap((each) => timed(each, reading))
      : [{ time: 0, ...eventFrom(spec as Spec, reading) }]
  const history = historyOf(before, reading)
  return { match, why, events, before: history, unread: unreadOf([...history, ...events]) }
}

/** Why a rule finds nothing in it, for who wrote both. */
export const whyNone = (rule: Rule, { events }: Scenario, basesOf: Bases): string => {
  const met = events.map(({ event }) => ({ event, bases: basesOf(event) }))
  const many = (n: number) => counted(n, 'event')
  if (!rule.correlation || !rule.bases)
    return met.every(({ bases }) => bases.length === 0)
      ? `none of its ${many(events.length)} meets the condition`
      : `what it has of ${rule.newTerms?.fields.join(', ')} was there before, or it lacks one`
  const lines = rule.bases.flatMap(({ name }, base) => {
    const own = met.filter(({ bases }) => bases.includes(base))
    if (own.length === 0) return [`no event meets ${name}`]
    const lacking = allOf(rule.correlation!)
      .flatMap(({ keys, fields }) => [...(keys[base] ?? []), ...(fields?.[base] ?? [])])
      .filter((field, i, all) => all.indexOf(field) === i && own.every(({ event }) => event[field] === undefined))
    return lacking.length > 0 ? [`${many(own.length)} that meet ${name} lack ${lacking.join(', ')}`] : []
  })
  const met_ = met.filter(({ bases }) => bases.length > 0).length
  return lines.join('; ') || `of the ${many(met_)} counted no window reaches the condition`
}

/** Whether a rule finds something in it. */
export const isFound = (rule: Rule, { events, before }: Scenario, basesOf: Bases): boolean => {
  const seen: Seen[] = []
  const take = (some: readonly Timed[], old: boolean): void => {
    for (const { time, event } of some) {
      const bases = basesOf(event)
      if (bases.length === 0) continue
      seen.push({ time, id: String(seen.length).padStart(6, '0'), agencies: [], bases, event, old })
    }
  }
  take(before, true)
  take(events, false)
  const counting = firstsAmong(rule, seen)
  return rule.correlation ? evaluate(rule, counting).length > 0 : counting.some(({ old }) => !old)
}
