/** The lines of `<id>.events.ndjson`: an event, or of a correlation a scenario of several. */
import { z } from 'zod'
import { counted } from '../ingest/counted.ts'
import type { Event } from '../ingest/event.ts'
import { allOf, evaluate, type Seen } from './correlation/evaluate.ts'
import { firstsAmong } from './first-seen.ts'
import type { Rule } from './rule.ts'
import type { Bases } from './ruleset.ts'
import { durationOf } from './sigma/correlation.ts'

/** An event as ingest makes it of a raw line of a source's parser: undefined where the line says nothing. */
export type EventOf = (source: string, line: string) => Event | undefined

const value = z.union([z.string(), z.number(), z.boolean()])
const given = {
  event: z.record(z.string(), z.union([value, z.array(value)])).optional(),
  source: z.string().optional(),
  line: z.string().optional(),
}
const several = {
  ...given,
  every: z.number().default(1),
  /** So many alike, or one for each of the values, which stand in the text as `{name}`. */
  times: z.int().positive().optional(),
  each: z.record(z.string(), z.array(z.union([z.string(), z.number()])).min(1)).optional(),
}
const said = {
  match: z.boolean(),
  why: z.string().min(1),
  /** The history that it starts from: so long before. */
  before: z.array(z.strictObject({ ...several, ago: z.string() })).optional(),
}
const one = z.strictObject({ ...said, ...given })
const scenario = z.strictObject({
  ...said,
  events: z
    .array(
      z.strictObject({
        ...several,
        /** Seconds from the beginning of the first event, and between one and the next (`every`). */
        at: z.number(),
      }),
    )
    .min(1),
})

/** A line that has to match, or not. */
export interface Scenario {
  readonly match: boolean
  readonly why: string
  /** In the order of the line; ms from the first. */
  readonly events: readonly Timed[]
  /** What was there before: its times are below 0. It stands in windows, ends none, and is what has been seen. */
  readonly before: readonly Timed[]
}
interface Timed {
  readonly time: number
  readonly event: Event
}

const parse = <T extends z.ZodType>(schema: T, line: string): z.output<T> => {
  const result = schema.safeParse(JSON.parse(line))
  if (result.success) return result.data
  const { path, message } = result.error.issues[0]!
  throw new Error(`${path.join('.') || 'the line'}: ${message}`)
}

const eventFrom = (
  spec: { event?: Event | undefined; source?: string | undefined; line?: string | undefined },
  eventOf: EventOf,
): Event => {
  if (spec.event !== undefined) return { '@timestamp': 0, ...spec.event }
  if (spec.source === undefined || spec.line === undefined) throw new Error('expected "event", or "source" and "line"')
  const event = eventOf(spec.source, spec.line)
  if (event === undefined)
    throw new Error(`the parser ${spec.source} finds no event in ${JSON.stringify(spec.line.slice(0, 80))}`)
  return event
}

type Several = Omit<z.output<typeof scenario>['events'][number], 'at'> & { readonly at: number }
const timed = ({ at, every, times, each, ...template }: Several, eventOf: EventOf): Timed[] => {
  const columns = Object.entries(each ?? {})
  const rows = Math.max(times ?? 1, ...columns.map(([, values]) => values.length))
  return Array.from({ length: rows }, (_, row) => {
    let text = JSON.stringify(template)
    for (const [name, values] of columns) text = text.replaceAll(`{${name}}`, String(values[row % values.length]))
    return { time: (at + row * every) * 1000, event: eventFrom(JSON.parse(text) as { event?: Event }, eventOf) }
  })
}
const historyOf = (before: z.output<typeof one>['before'] = [], eventOf: EventOf): Timed[] =>
  before.flatMap(({ ago, ...each }) => {
    const some = timed({ ...each, at: -durationOf(ago) / 1000 }, eventOf)
    if (some.some(({ time }) => time >= 0))
      throw new Error(
        `before: ${some.length} events from ${ago} ago, ${each.every} s apart, do not end before the first event`,
      )
    return some
  })

/** Throws an Error with what is wrong with the line. */
export const readScenario = (line: string, eventOf: EventOf): Scenario => {
  const read: unknown = JSON.parse(line)
  if (typeof read !== 'object' || read === null || !('events' in read)) {
    const { match, why, before, ...spec } = parse(one, line)
    const event = eventFrom(spec as { event?: Event }, eventOf)
    return { match, why, events: [{ time: 0, event }], before: historyOf(before, eventOf) }
  }
  const { match, why, before, events } = parse(scenario, line)
  return { match, why, events: events.flatMap((each) => timed(each, eventOf)), before: historyOf(before, eventOf) }
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
