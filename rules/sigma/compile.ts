/** Sigma documents to rules that can run. */
import type { Placeholders } from '../../ingest/inventory/placeholders.ts'
import { and, type Filter, or } from '../../ingest/store/filter.ts'
import { HOUR, type Localized, type Rule, severityOf } from '../rule.ts'
import { durationOf, parseCorrelation } from './correlation.ts'
import { compileDetection, compileEnd } from './detection.ts'
import { Wrong, quoted, SigmaError } from './error.ts'
import { AS_IS, type Mapping, mappingOf, routed, type SourceKind } from './mapping.ts'
import { parseSigma, type SigmaCorrelation, type SigmaDocument, type SigmaRule } from './parse.ts'

export interface CompileOptions {
  /**
   * `ecs`: the words of Sigma's taxonomy become ECS fields. `as-is`: names stay, the logsource says nothing. `routed`: names
   * stay, the logsource is what events say of theirs.
   */
  readonly fields?: 'ecs' | 'as-is' | 'routed'
  /** The kinds of log that the sources bring. */
  readonly kinds?: readonly SourceKind[]
  /** What `%name%` stands for. */
  readonly placeholders?: Placeholders
}

const NO_KINDS: readonly SourceKind[] = []
const mapping = (document: SigmaRule, options: CompileOptions): Mapping => ({
  ...named(document, options),
  ...(options.placeholders ? { placeholders: options.placeholders } : {}),
})
const named = (document: SigmaRule, { fields = 'ecs', kinds = NO_KINDS }: CompileOptions): Mapping =>
  fields === 'as-is'
    ? AS_IS
    : fields === 'routed'
      ? routed(document.logsource)
      : document.located.at(['logsource'], () => mappingOf(document.logsource, kinds))

/** What an event must be, logsource and detection together. */
export const compileFilter = (document: SigmaRule, options: CompileOptions = {}): Filter => {
  const words = mapping(document, options)
  const found = compileDetection(document, words)
  return words.filter.op === 'and' && words.filter.of.length === 0 ? found : and(words.filter, found)
}

const documentName = (document: SigmaDocument): string[] =>
  [document.name, document.id, document.title].flatMap((each) => each ?? [])

/** The rules of these documents; correlations may name rules of the whole `library`, which then do not alert by themselves. */
export const compileDocuments = (
  documents: readonly SigmaDocument[],
  options: CompileOptions = {},
  library: readonly SigmaDocument[] = documents,
): Rule[] => {
  const bases = new Map<SigmaDocument, boolean>() // whether it alerts by itself too
  for (const document of library) {
    if (document.kind !== 'correlation') continue
    const generate = document.correlation.generate ?? document.generate ?? false
    for (const name of document.correlation.rules) {
      const base = called(name, document, library)
      if (base) bases.set(base, (bases.get(base) ?? false) || generate)
    }
  }
  const rules = documents.flatMap((document) =>
    document.kind === 'rule' && (bases.get(document) ?? true) ? [single(document, options)] : [],
  )
  const correlations = documents.flatMap((document) => {
    if (document.kind === 'rule') return []
    const members = document.correlation.rules.map((name, i) =>
      document.located.at(['correlation', 'rules', i], () => find(name, document, library)),
    )
    return [correlated(document, members, options)]
  })
  return [...rules, ...correlations]
}

const called = (name: string, from: SigmaCorrelation, library: readonly SigmaDocument[]): SigmaDocument | undefined => {
  const found = library.filter((each) => each !== from && documentName(each).includes(name))
  // The same file first: a name such as "denied" may stand in many.
  return found.find((each) => each.located.file === from.located.file) ?? found[0]
}

const find = (name: string, from: SigmaCorrelation, library: readonly SigmaDocument[]): SigmaRule => {
  const found = called(name, from, library)
  if (!found) throw new Wrong(`there is no rule with the name or id ${quoted(name)}`)
  if (found.kind === 'correlation')
    throw new Wrong(`${quoted(name)} is a correlation itself: a correlation of correlations is not there yet`, {
      notYet: 'correlation of correlations',
    })
  return found
}

/** What every rule says of itself. Without an id of its own it has the name of its file. */
const head = (document: SigmaDocument): Omit<Rule, 'filter' | 'condition'> => {
  const { located, vonglau } = document
  if (document.title === undefined)
    throw new SigmaError(located.place([]), 'there is no title: expected the name of the rule')
  const level = document.level ?? 'medium'
  const both = (vi: string, en: string | undefined): Localized => ({ vi: vi.trim(), en: (en ?? vi).trim() })
  const groupBy = vonglau?.['group-by']
  return {
    id: document.id ?? fileId(located.file),
    name: both(document.title, vonglau?.en?.title),
    description: both(document.description ?? '', vonglau?.en?.description),
    guide: vonglau?.guide ?? { vi: '', en: '' },
    level,
    tags: document.tags ?? [],
    authors: (document.author ?? '').split(',').flatMap((name) => name.trim() || []),
    quiet: vonglau?.quiet === undefined ? HOUR : located.at(['vonglau', 'quiet'], () => durationOf(vonglau.quiet!)),
    concerns: vonglau?.concerns ?? 'destination',
    ...(vonglau?.campaign === undefined
      ? {}
      : { campaign: located.at(['vonglau', 'campaign'], () => durationOf(vonglau.campaign!)) }),
    incident: vonglau?.incident ?? severityOf(level) >= severityOf('high'),
    yaml: located.yaml,
    file: located.file,
    ...(groupBy ? { groupBy } : {}),
  }
}

export const fileId = (file: string): string => file.replace(/^.*\//, '').replace(/\.ya?ml$/, '')

const single = (document: SigmaRule, options: CompileOptions): Rule => {
  const base = head(document)
  const words = mapping(document, options)
  const groupBy = base.groupBy?.map((name, i) =>
    document.located.at(['vonglau', 'group-by', i], () => one(words, name)),
  )
  const end = document.vonglau?.['ends-with']
  return {
    ...base,
    ...(groupBy ? { groupBy } : {}),
    ...(end === undefined ? {} : { endsWith: compileEnd(end, document, words) }),
    filter: compileFilter(document, options),
    condition: [document.detection.condition].flat().join('\n'),
  }
}

const one = (words: Mapping, name: string): string => {
  const [first, second] = words.fields(name)
  if (second !== undefined)
    throw new Wrong(`${quoted(name)} means several fields here: name one of ${words.fields(name).join(', ')}`)
  return first!
}

const correlated = (document: SigmaCorrelation, members: readonly SigmaRule[], options: CompileOptions): Rule => {
  const { vonglau, ...base } = { ...head(document), vonglau: document.vonglau }
  if (vonglau?.['group-by'])
    document.located.at(['vonglau', 'group-by'], () => refuse('a correlation is grouped by correlation.group-by'))
  if (vonglau?.['ends-with'])
    document.located.at(['vonglau', 'ends-with'], () =>
      refuse('a correlation has no end: write it at a rule of single events'),
    )
  const words = members.map((member) => mapping(member, options))
  const { correlation, groupBy } = parseCorrelation(document, (name) => {
    const [first, ...others] = words.map((each) => one(each, name))
    const other = others.find((each) => each !== first)
    if (other !== undefined) throw new Wrong(`${quoted(name)} means ${first} in one rule and ${other} in another`)
    return first!
  })
  const counted = correlation.field === undefined ? 'event_count' : `value_count(${correlation.field})`
  const conditions = members.map((member) => [member.detection.condition].flat().join('\n'))
  return {
    ...base,
    groupBy,
    filter: or(...members.map((member) => compileFilter(member, options))),
    correlation,
    condition: `${conditions.join('\n')}\n${counted} >= ${correlation.atLeast} / ${document.correlation.timespan}`,
  }
}

const refuse = (sentence: string): never => {
  throw new Wrong(sentence)
}

/** The rules of one text. Throws a `SigmaError`, or `NotYet` for a part of Sigma that is not understood yet. */
export const compileSigma = (yaml: string, file: string, options: CompileOptions = {}): Rule[] =>
  compileDocuments(parseSigma(yaml, file), options)
