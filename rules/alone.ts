/** What only one rule finds: of the lines that it must find, those in which no other rule finds anything. */
import { existsSync, readFileSync } from 'node:fs'
import type { Event } from '../ingest/event.ts'
import { openEngine } from './engine/engine.ts'
import { eventsPathOf } from './load.ts'
import { type EventOf, isFound, readScenario } from './scenario.ts'
import type { Rule } from './rule.ts'

export interface Alone {
  readonly rule: Rule
  /** Lines of its `<file>.events.ndjson` in which it finds something, and how many of these it finds alone. */
  readonly found: number
  readonly alone: number
  /** Ids of the rules that find something in the others, most first. */
  readonly with: readonly string[]
}

/**
 * One for each rule, in their order. A rule of single events finds a scenario where it finds any event of it. Lines with
 * a mistake are left out: `testRules` names them.
 */
export const aloneOf = (rules: readonly Rule[], eventOf: EventOf): readonly Alone[] => {
  const parts = rules.flatMap((rule, of) => (rule.bases ?? [rule]).map(({ filter }, base) => ({ of, base, filter })))
  const engine = openEngine(parts.map(({ filter }) => filter))
  /** The rules that an event meets, with their bases. */
  const meet = (event: Event): Map<number, number[]> => {
    const met = new Map<number, number[]>()
    engine.match(event, (part) => {
      const { of, base } = parts[part]!
      met.set(of, [...(met.get(of) ?? []), base])
    })
    return met
  }
  const finders = (line: string): number[] => {
    const scenario = readScenario(line, eventOf)
    if (!scenario.match) return []
    const met = new Map(scenario.events.map(({ event }) => [event, meet(event)]))
    const some = new Set([...met.values()].flatMap((each) => [...each.keys()]))
    return [...some].filter((of) =>
      isFound(rules[of]!, scenario, (event) => (met.get(event)!.get(of) ?? []).sort((a, b) => a - b)),
    )
  }
  const tallies = rules.map((rule) => ({ rule, found: 0, alone: 0, others: new Map<string, number>() }))
  for (const file of new Set(rules.map(({ file }) => file))) {
    const path = eventsPathOf(file)
    if (!existsSync(path)) continue
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      if (line.trim() === '') continue
      let found: number[]
      try {
        found = finders(line)
      } catch {
        continue
      }
      for (const of of found) {
        const tally = tallies[of]!
        if (tally.rule.file !== file) continue
        tally.found++
        if (found.length === 1) tally.alone++
        for (const other of found)
          if (other !== of) tally.others.set(rules[other]!.id, (tally.others.get(rules[other]!.id) ?? 0) + 1)
      }
    }
  }
  return tallies.map(({ others, ...rest }) => ({
    ...rest,
    with: [...others].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([id]) => id),
  }))
}
