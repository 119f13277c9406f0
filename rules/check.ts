/** `rules check` and `rules test`: what is wrong with a folder of rules, and whether they match what they should. */
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Event } from '../ingest/event.ts'
import { compile } from '../ingest/store/match.ts'
import type { Placeholders } from '../ingest/inventory/placeholders.ts'
import { nextRun } from './cron.ts'
import { openEngine } from './engine/engine.ts'
import { CATALOG, pathOf, readRules } from './load.ts'
import type { Rule } from './rule.ts'
import type { SourceKind } from './sigma/mapping.ts'
import { evaluate, type Seen } from './correlation/evaluate.ts'

/** Everything that is wrong, a sentence each, with file and line. A folder is read as `loadRules` reads it: after the catalog. */
export const checkRules = (
  folder: string | undefined,
  kinds: readonly SourceKind[],
  placeholders?: Placeholders,
): readonly string[] => {
  const folders = folder === undefined ? [CATALOG] : folder.startsWith(CATALOG) ? [folder] : [CATALOG, folder]
  return readRules(folders, kinds, placeholders).problems
}

/** Rules that are asked of every event with their fields, a sentence each: nothing that they need can be looked for. Their cost is measured over these events. */
export const costlyRules = (rules: readonly Rule[], events: readonly Event[]): readonly string[] =>
  openEngine(rules.map(({ filter }) => filter)).blind.map((i) => {
    const rule = rules[i]!
    const match = compile(rule.filter)
    const rounds = Math.ceil(20_000 / Math.max(1, events.length))
    const began = performance.now()
    for (let n = 0; n < rounds; n++) for (const event of events) match(event)
    const cost = ((performance.now() - began) * 1000) / Math.max(1, rounds * events.length)
    return `${rule.file}: ${rule.id} has no word that could be looked for, so it is asked of every event that has its fields (${cost.toFixed(1)} µs each): name a value or a text of at least a few letters that has to be there`
  })

/** Rules with a schedule of their own, a sentence each: when they run next, in their zone. */
export const scheduledRules = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap(({ id, file, schedule }) => {
    if (!schedule) return []
    const { cron, timezone } = schedule
    const next = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' })
    return [`${file}: ${id} runs by its own schedule (${cron}): next on ${next.format(nextRun(schedule))}, ${timezone}`]
  })

/** An event as ingest makes it of a raw line of a source's parser: undefined where the line says nothing. */
export type EventOf = (source: string, line: string) => Event | undefined

export interface Tested {
  /** The rules of one file. */
  readonly rules: readonly Rule[]
  readonly file: string // of the events
  /** How many had to match, and how many had to not. */
  readonly matching: number
  readonly others: number
  readonly failures: readonly string[]
}

const value = z.union([z.string(), z.number(), z.boolean()])
const given = {
  event: z.record(z.string(), z.union([value, z.array(value)])).optional(),
  source: z.string().optional(),
  line: z.string().optional(),
}
const one = z.strictObject({ match: z.boolean(), why: z.string().min(1), ...given })
const scenario = z.strictObject({
  match: z.boolean(),
  why: z.string().min(1),
  events: z
    .array(
      z.strictObject({
        ...given,
        /** Seconds from the beginning of the first event, and between one and the next. */
        at: z.number(),
        every: z.number().default(1),
        /** So many alike, or one for each of the values, which stand in the text as `{name}`. */
        times: z.int().positive().optional(),
        each: z.record(z.string(), z.array(z.union([z.string(), z.number()])).min(1)).optional(),
      }),
    )
    .min(1),
})

/** Runs every rule of a folder over the events beside it, `<id>.events.ndjson`. */
export const testRules = (
  folder: string,
  eventOf: EventOf,
  kinds: readonly SourceKind[],
  placeholders?: Placeholders,
): readonly Tested[] => {
  const { rules } = readRules([folder], kinds, placeholders)
  return [...Map.groupBy(rules, (rule) => rule.file)].map(([ruleFile, own]) => {
    const file = pathOf(ruleFile).replace(/\.ya?ml$/, '.events.ndjson')
    if (existsSync(file)) return testFile(own, file, readFileSync(file, 'utf8'), eventOf)
    return {
      rules: own,
      file,
      matching: 0,
      others: 0,
      failures: [`${file}: there is no such file: write events that must and must not match`],
    }
  })
}

/** A line has to match one of the rules, or none of them. */
export const testFile = (rules: readonly Rule[], file: string, text: string, eventOf: EventOf): Tested => {
  const failures: string[] = []
  let matching = 0
  let others = 0
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return
    const where = `${file}:${i + 1}`
    try {
      const outcomes = rules.map((rule) =>
        rule.correlation ? runScenario(rule, line, eventOf) : runOne(rule, line, eventOf),
      )
      const { match, why } = outcomes[0]!
      const found = outcomes.some((outcome) => outcome.found)
      if (match) matching++
      else others++
      if (found !== match)
        failures.push(`${where}: ${why}: expected ${match ? 'a match' : 'no match'}, found ${found ? 'one' : 'none'}`)
    } catch (error) {
      failures.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  return { rules, file, matching, others, failures }
}

interface Outcome {
  readonly match: boolean
  readonly why: string
  readonly found: boolean
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

const runOne = (rule: Rule, line: string, eventOf: EventOf): Outcome => {
  const spec = parse(one, line)
  return { ...spec, found: compile(rule.filter)(eventFrom(spec as { event?: Event }, eventOf)) }
}

const runScenario = (rule: Rule, line: string, eventOf: EventOf): Outcome => {
  const spec = parse(scenario, line)
  const holds = rule.bases!.map(({ filter }) => compile(filter))
  const seen: Seen[] = []
  for (const { at, every, times, each, ...template } of spec.events) {
    const columns = Object.entries(each ?? {})
    const rows = Math.max(times ?? 1, ...columns.map(([, values]) => values.length))
    for (let row = 0; row < rows; row++) {
      let text = JSON.stringify(template)
      for (const [name, values] of columns) text = text.replaceAll(`{${name}}`, String(values[row % values.length]))
      const event = eventFrom(JSON.parse(text) as { event?: Event }, eventOf)
      const bases = holds.flatMap((match, i) => (match(event) ? [i] : []))
      if (bases.length === 0) continue
      const id = String(seen.length).padStart(6, '0')
      seen.push({ time: (at + row * every) * 1000, id, agencies: [], bases, event })
    }
  }
  return { ...spec, found: evaluate(rule, seen).length > 0 }
}
