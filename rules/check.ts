/** `rules check` and `rules test`: what is wrong with a folder of rules, and whether they match what they should. */
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Event } from '../ingest/event.ts'
import { fieldsOf } from '../ingest/store/filter.ts'
import { compile } from '../ingest/store/match.ts'
import type { Placeholders } from '../ingest/inventory/placeholders.ts'
import { nextRun } from './cron.ts'
import { openEngine } from './engine/engine.ts'
import { CATALOG, eventsPathOf, pathOf, readRules } from './load.ts'
import type { Rule } from './rule.ts'
import type { SourceKind } from './sigma/mapping.ts'
import { neededOf } from './pass.ts'
import { basesOf, partsOf } from './ruleset.ts'
import { askedOf, parseCondition } from './sigma/condition.ts'
import { parseFile } from './files.ts'
import { type EventOf, isFound, readScenario, whyNone } from './scenario.ts'

/** The first thing that is wrong with each file, a sentence each, with its line. A folder is read as `loadRules` reads it: after the catalog. */
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

/** Selections that no condition asks of, a sentence each: one is left over, or its name is misspelt where it is asked. */
export const unaskedSelections = (rules: readonly Rule[]): readonly string[] =>
  [...new Map(rules.map(({ file, yaml }) => [file, yaml]))].flatMap(([file, yaml]) =>
    parseFile(yaml, file).flatMap((document) => {
      if (document.kind !== 'rule') return []
      const { condition, ...rest } = document.detection
      const names = Object.keys(rest)
      const asked = new Set([condition].flat().flatMap((text) => askedOf(parseCondition(text), names)))
      return names
        .filter((name) => !asked.has(name) && !name.startsWith('_'))
        .map((name) => {
          const { line, column } = document.located.place(['detection', name])
          return `${file}:${line}:${column}: detection.${name}: no condition asks of it: name it in the condition, or leave it out`
        })
    }),
  )

/** Rules with a schedule of their own, a sentence each: when they run next, in their zone. */
export const scheduledRules = (rules: readonly Rule[]): readonly string[] =>
  rules.flatMap(({ id, file, schedule }) => {
    if (!schedule) return []
    const { cron, timezone } = schedule
    const next = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'medium' })
    return [`${file}: ${id} runs by its own schedule (${cron}): next on ${next.format(nextRun(schedule))}, ${timezone}`]
  })

export interface Tested {
  /** The rules of one file. */
  readonly rules: readonly Rule[]
  readonly file: string // of the events
  /** How many had to match, and how many had to not. */
  readonly matching: number
  readonly others: number
  readonly failures: readonly string[]
  /** What is not wrong, but tests nothing. */
  readonly warnings: readonly string[]
}

/** Runs every rule of a folder over the events beside it, `<file>.events.ndjson`; or those of one of its files. */
export const testRules = (
  of: string,
  eventOf: EventOf,
  kinds: readonly SourceKind[],
  placeholders?: Placeholders,
): readonly Tested[] => {
  const one = /\.ya?ml$/.test(of) ? of : undefined
  if (one !== undefined && !existsSync(one)) throw new Error(`${one}: there is no such file of rules`)
  const { rules } = readRules([one === undefined ? of : dirname(one)], kinds, placeholders)
  const wanted = rules.filter(({ file }) => one === undefined || resolve(pathOf(file)) === resolve(one))
  if (one !== undefined && wanted.length === 0)
    throw new Error(
      `${one}: no rule of it alerts, or something is wrong with it: ask vonglau rules check ${dirname(one)}`,
    )
  return [...Map.groupBy(wanted, (rule) => rule.file)].map(([ruleFile, own]) => {
    const file = eventsPathOf(ruleFile)
    if (existsSync(file)) return testFile(own, file, readFileSync(file, 'utf8'), eventOf)
    return {
      rules: own,
      file,
      matching: 0,
      others: 0,
      failures: [`${file}: there is no such file: write events that must and must not match`],
      warnings: [],
    }
  })
}

/** Names of fields that rules look at, whatever they are. */
const namesIn = (rules: readonly Rule[]): ReadonlySet<string> =>
  new Set(rules.flatMap((rule) => [...neededOf(rule), ...partsOf(rule).flatMap(({ filter }) => [...fieldsOf(filter)])]))

const untested = (file: string, matching: number, others: number): readonly string[] => {
  if (matching > 0) return []
  const what =
    others > 0
      ? 'no event of it must match, so whether the rule finds anything is not tested'
      : 'there are no events in it, so nothing is tested'
  return [`${file}: warning: ${what}: write at least five that must match and five near misses that must not`]
}

/** A line has to match one of the rules, or none of them. */
export const testFile = (rules: readonly Rule[], file: string, text: string, eventOf: EventOf): Tested => {
  const failures: string[] = []
  let matching = 0
  let others = 0
  const bases = rules.map(basesOf)
  const names = namesIn(rules)
  // Lines that were not understood are what some rules are about.
  const ofProblems = names.has('event.kind') || names.has('error.message')
  text.split('\n').forEach((line, i) => {
    if (line.trim() === '') return
    const where = `${file}:${i + 1}`
    try {
      const scenario = readScenario(line, eventOf, names)
      const { match, why, unread } = scenario
      const found = rules.filter((rule, i) => isFound(rule, scenario, bases[i]!))
      if (match) matching++
      else others++
      if (match && found.length === 0) {
        const reasons = rules.map((rule, i) => [rule.id, whyNone(rule, scenario, bases[i]!)] as const)
        const said = reasons.map(([id, reason]) => (rules.length > 1 ? `${id}: ${reason}` : reason))
        failures.push(`${where}: ${why}: expected a match, found none (${[...unread, ...said].join('; ')})`)
      } else if (!match && found.length > 0)
        failures.push(
          `${where}: ${why}: expected no match, found one (${[...unread, found.map(({ id }) => id).join(', ')].join('; ')})`,
        )
      // What no parser reads meets no condition: a near miss of it would say nothing of the rule.
      else if (!match && unread.length > 0 && !ofProblems) failures.push(`${where}: ${why}: ${unread.join('; ')}`)
    } catch (error) {
      failures.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
    }
  })
  const warnings = failures.length > 0 ? [] : untested(file, matching, others)
  return { rules, file, matching, others, failures, warnings }
}
