/**
 * Versions of rules, and sets of them. A version is a hash of what the rule compiles to, as far as it says which events it
 * meets; an event names the set that it was judged by and the versions that it meets (`id@version`), whoever ingested it.
 */
import { createHash } from 'node:crypto'
import type { Event } from '../ingest/event.ts'
import type { Judging } from '../ingest/judge.ts'
import { type Filter, or } from '../ingest/store/filter.ts'
import { compile } from '../ingest/store/match.ts'
import { type DocumentStore, SYSTEM } from '../ingest/store/store.ts'
import type { Rule } from './rule.ts'

const eithers = new WeakMap<Rule, Filter>()
/** What begins, goes on or ends what the rule tells of. */
export const eitherOf = (rule: Rule): Filter => {
  if (!rule.endsWith) return rule.filter
  let either = eithers.get(rule)
  if (!either) eithers.set(rule, (either = or(rule.filter, rule.endsWith)))
  return either
}

const short = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12)

const labels = new WeakMap<Rule, string>()
/** `id@version`. Lower-case hex: fields are compared without case. */
export const labelOf = (rule: Rule): string => {
  let label = labels.get(rule)
  if (label === undefined) labels.set(rule, (label = `${rule.id}@${short(JSON.stringify(eitherOf(rule)))}`))
  return label
}

/** What is asked of an event, and what it is called where it holds. */
export interface Part {
  readonly label: string
  readonly filter: Filter
}
const parts = new WeakMap<Rule, readonly Part[]>()
/** What events are asked for a rule: of a correlation over several rules each by itself, in the order of its `bases`. */
export const partsOf = (rule: Rule): readonly Part[] => {
  let some = parts.get(rule)
  if (some) return some
  const { id, bases = [] } = rule
  some =
    bases.length < 2
      ? [{ label: labelOf(rule), filter: eitherOf(rule) }]
      : bases.map(({ filter }, i) => ({ label: `${id}.${i}@${short(JSON.stringify(filter))}`, filter }))
  parts.set(rule, some)
  return some
}

/** Of a rule's bases, those that an event meets, by their places; of a rule of single events [0]. */
export type Bases = (event: Event) => readonly number[]
export const basesOf = (rule: Rule): Bases => {
  const holds = (rule.bases ?? [rule]).map(({ filter }) => compile(filter))
  return (event) => holds.flatMap((match, i) => (match(event) ? [i] : []))
}
/** The same of events that the rule's filter has found: where there is one base only, it is not asked again. */
export const basesMet = (rule: Rule): Bases => ((rule.bases ?? []).length < 2 ? () => [0] : basesOf(rule))

/** What a thread is given to judge by. */
export interface JudgeInput {
  readonly labels: readonly string[]
  readonly filters: readonly Filter[]
}

export const judgingOf = (rules: readonly Rule[]): Judging => {
  const sorted = rules.flatMap(partsOf).sort((a, b) => (a.label < b.label ? -1 : 1))
  const input: JudgeInput = { labels: sorted.map(({ label }) => label), filters: sorted.map(({ filter }) => filter) }
  return { module: new URL('./engine/judge.ts', import.meta.url).href, set: short(input.labels.join('\n')), input }
}

interface SetDocument {
  readonly labels: readonly string[]
  readonly [field: string]: unknown
}
const collection = (documents: DocumentStore) => documents.collection<SetDocument>('rulesets')

/** Before an event names the set: whoever reads the event has to know what it stands for. */
export const keepRuleset = async (documents: DocumentStore, { set, input }: Judging): Promise<void> => {
  if (await collection(documents).get(SYSTEM, set)) return
  await collection(documents).put([{ id: set, version: 'any', doc: { labels: (input as JudgeInput).labels } }])
}

/** The versions of sets, by their names; a set that nobody has kept has judged nothing. */
export const openRulesets = (documents: DocumentStore) => {
  const known = new Map<string, ReadonlySet<string>>()
  return async (set: string): Promise<ReadonlySet<string>> => {
    let found = known.get(set)
    if (!found) {
      const stored = await collection(documents).get(SYSTEM, set)
      if (!stored) return NOTHING
      known.set(set, (found = new Set(stored.doc.labels)))
    }
    return found
  }
}
const NOTHING: ReadonlySet<string> = new Set()
