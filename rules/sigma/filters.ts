/**
 * Sigma filters (Sigma filters specification): a condition of its own document that the rules which it names have to meet too.
 * As pySigma has it, and the specification's site: what is to be left out is written `not selection`.
 */
import type { Filter } from '../../ingest/store/filter.ts'
import { compileDetection } from './detection.ts'
import { distance, nearest, quoted, Wrong } from './error.ts'
import type { Mapping } from './mapping.ts'
import type { Logsource, SigmaDocument, SigmaFilter, SigmaRule } from './parse.ts'

/** By which others call a document. */
export const namesOf = (document: SigmaDocument): string[] =>
  [document.name, document.id, document.title].flatMap((each) => each ?? [])
export const nameOf = (document: SigmaDocument): string => namesOf(document)[0] ?? document.located.file

const PARTS = ['category', 'product', 'service'] as const
type Source = Logsource | null | undefined
/** What the filter says of its logsource, the rule says of its own. */
const covers = (filter: Source, rule: Source): boolean =>
  PARTS.every((part) => !filter?.[part] || filter[part].toLowerCase() === (rule?.[part] ?? '').toLowerCase())

/** The rules that a filter names; undefined where it is for all of its logsource. */
const named = ({ filter: { rules } }: SigmaFilter): readonly string[] | undefined =>
  (typeof rules === 'string' && /^(any|all)$/i.test(rules)) || rules.length === 0 ? undefined : [rules].flat()

export const filtersOf = (rule: SigmaRule, filters: readonly SigmaFilter[]): readonly SigmaFilter[] =>
  filters.filter(
    (filter) =>
      covers(filter.logsource, rule.logsource) && (named(filter)?.some((name) => namesOf(rule).includes(name)) ?? true),
  )

/** What it asks of events whose words are these. */
export const compileFilterOf = (filter: SigmaFilter, words: Mapping): Filter => compileDetection(ruleOf(filter), words)

/** A document of a rule, whose places are those of the filter. */
const ruleOf = (filter: SigmaFilter): SigmaRule => {
  const { rules: _, ...detection } = filter.filter
  const { located } = filter
  return {
    ...filter,
    kind: 'rule',
    detection,
    located: {
      ...located,
      at: (path, step) => located.at(path[0] === 'detection' ? ['filter', ...path.slice(1)] : path, step),
    },
  }
}

/** Refuses what would never apply: a name that nobody has, a rule of another logsource; and what does not compile. */
export const checkFilter = (
  filter: SigmaFilter,
  library: readonly SigmaDocument[],
  words: (rule: SigmaRule) => Mapping,
): void => {
  compileFilterOf(filter, words(ruleOf(filter)))
  const rules = library.filter((each) => each.kind === 'rule')
  for (const [i, name] of (named(filter) ?? []).entries())
    filter.located.at(Array.isArray(filter.filter.rules) ? ['filter', 'rules', i] : ['filter', 'rules'], () => {
      const found = rules.filter((rule) => namesOf(rule).includes(name))
      if (found.length === 0) {
        if (library.some((each) => each.kind === 'correlation' && namesOf(each).includes(name)))
          throw new Wrong(`${quoted(name)} is a correlation: name the rules that it is about`)
        const close = nearest(
          name,
          rules.flatMap((rule) => [rule.name, rule.id].flatMap((each) => each ?? [])),
        )
        const near = close !== undefined && distance(close, name) <= 3 ? `; the nearest is ${close}` : ''
        throw new Wrong(`there is no rule with the name or id ${quoted(name)}${near}`)
      }
      if (!found.some((rule) => covers(filter.logsource, rule.logsource)))
        throw new Wrong(
          `the logsource of this filter is not that of the rule ${quoted(name)}, so it would never apply: write the rule's, or less of it`,
        )
    })
}
