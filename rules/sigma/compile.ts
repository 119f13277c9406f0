/** Sigma documents to rules that can run. */
import type { Placeholders } from '../../ingest/inventory/placeholders.ts'
import { and, EVERYTHING, type Filter, or } from '../../ingest/store/filter.ts'
import { type Correlation, HOUR, type Level, type Localized, type Rule, severityOf } from '../rule.ts'
import { cannotHold } from './contradiction.ts'
import { canBeUndone, durationOf, parseCorrelation } from './correlation.ts'
import { compileDetection, compileEnd } from './detection.ts'
import { distance, nearest, quoted, SigmaError, Wrong } from './error.ts'
import { checkFilter, compileFilterOf, filtersOf, nameOf, namesOf } from './filters.ts'
import { type Callable, type Library, libraryOf } from './library.ts'
import { AS_IS, type Mapping, mappingOf, routed, type SourceKind } from './mapping.ts'
import { namesPlaceholders } from './placeholders.ts'
import { newTermsOf, silentOf } from './memory.ts'
import { parseSigma, type SigmaCorrelation, type SigmaDocument, type SigmaRule } from './parse.ts'
import { scheduleOf } from './schedule.ts'

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

/** ms that are waited for what comes late, where a rule does not say. */
const LATENESS = 5 * 60_000

/** Of documents that say the same whatever else there is: they are compiled again with every reload, and whenever the inventory changes. */
const alone = new WeakMap<SigmaRule, { readonly kinds: CompileOptions['kinds']; readonly filter: Filter }>()

const filtered = (document: SigmaRule, context: Context): Filter => {
  const { options, library } = context
  const isAlone = library.filters.length === 0 && (options.fields ?? 'ecs') === 'ecs'
  const before = isAlone ? alone.get(document) : undefined
  if (before && before.kinds === options.kinds) return before.filter
  let asked = false
  const placeholders: Placeholders = (name) => {
    asked = true
    return options.placeholders?.(name)
  }
  const filter = filteredAnew(document, { ...context, options: { ...options, placeholders } })
  // Whoever writes a rule may spell a modifier so that its text does not show it.
  if (isAlone && !asked) alone.set(document, { kinds: options.kinds, filter })
  return filter
}
/** Without what filters say no match is. A rule that can never match is none. */
const filteredAnew = (document: SigmaRule, { options, library: { filters } }: Context): Filter => {
  const words = mapping(document, options)
  const own = compileFilter(document, options)
  // What the inventory says of a name may be nothing today, and something tomorrow.
  const fixed = !namesPlaceholders(document.located.yaml)
  if (fixed && cannotHold(own))
    document.located.at(['detection', 'condition'], () =>
      refuse('this can never hold: what is asked contradicts itself'),
    )
  const more = filtersOf(document, filters).map((each) => ({ each, filter: compileFilterOf(each, words) }))
  const all = and(own, ...more.map(({ filter }) => filter))
  const last = more.at(-1)
  if (last && fixed && cannotHold(all))
    last.each.located.at(['filter', 'condition'], () =>
      refuse(`it leaves nothing of the rule ${quoted(nameOf(document))}`),
    )
  return all
}
/**
 * The rules of these documents; correlations may name rules of the whole `library`, which then do not alert by themselves.
 * Its filters are applied to the rules that they name.
 */
export const compileDocuments = (
  documents: readonly SigmaDocument[],
  options: CompileOptions = {},
  library: Library = libraryOf(documents),
): Rule[] => {
  for (const document of documents)
    if (document.kind === 'filter') checkFilter(document, library.documents, mappings(options))
  const context: Context = { library, options }
  const those = documents.filter(library.alone)
  return [
    ...those.flatMap((each) => (each.kind === 'rule' ? [single(each, context)] : [])),
    ...those.flatMap((each) => (each.kind === 'correlation' ? [correlated(each, context)] : [])),
  ]
}

interface Context {
  readonly options: CompileOptions
  readonly library: Library
}
const mappings = (options: CompileOptions) => (document: SigmaRule) => mapping(document, options)

const find = (name: string, from: SigmaCorrelation, library: Library): Callable => {
  const found = library.called(name, from)
  if (found) return found
  if (namesOf(from).includes(name)) throw new Wrong(`${quoted(name)} is this correlation itself`)
  const close = nearest(
    name,
    library.documents.flatMap((each) =>
      each.kind === 'filter' ? [] : [each.name, each.id].flatMap((one) => one ?? []),
    ),
  )
  const near = close !== undefined && distance(close, name) <= 3 ? `; the nearest is ${close}` : ''
  throw new Wrong(`there is no rule with the name or id ${quoted(name)}${near}`)
}

/** ms of rest that end a burst: of what is suppressed, the time for which it is. */
const quietOf = ({ located, vonglau }: Callable): number => {
  const { quiet, suppress } = vonglau ?? {}
  if (suppress && quiet !== undefined)
    return located.at(['vonglau', 'quiet'], () =>
      refuse('suppress.for says how long an alert goes on: leave one of them out'),
    )
  if (suppress) return located.at(['vonglau', 'suppress', 'for'], () => durationOf(suppress.for))
  return quiet === undefined ? HOUR : located.at(['vonglau', 'quiet'], () => durationOf(quiet))
}

/** What every rule says of itself. Without an id of its own it has the name of its file. */
const head = (document: Callable): Omit<Rule, 'filter' | 'condition'> => {
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
    quiet: quietOf(document),
    concerns: vonglau?.concerns ?? 'destination',
    ...(vonglau?.campaign === undefined
      ? {}
      : { campaign: located.at(['vonglau', 'campaign'], () => durationOf(vonglau.campaign!)) }),
    ...(vonglau?.schedule === undefined ? {} : { schedule: scheduleOf(vonglau.schedule, located) }),
    ...(vonglau?.trusted === undefined ? {} : { trusted: raised(vonglau.trusted, vonglau.incident, level, located) }),
    incident: vonglau?.incident ?? severityOf(level) >= severityOf('high'),
    yaml: located.yaml,
    file: located.file,
    ...(groupBy ? { groupBy } : {}),
  }
}

/** A label that is missing or has lapsed never makes a rule say less than it says of any portal. */
const raised = (
  trusted: Level,
  incident: boolean | undefined,
  level: Level,
  located: Callable['located'],
): NonNullable<Rule['trusted']> => {
  if (severityOf(trusted) <= severityOf(level))
    located.at(['vonglau', 'trusted'], () =>
      refuse(`a trust label raises a level: expected one above ${quoted(level)}, found ${quoted(trusted)}`),
    )
  return { level: trusted, incident: incident ?? severityOf(trusted) >= severityOf('high') }
}

export const fileId = (file: string): string => file.replace(/^.*\//, '').replace(/\.ya?ml$/, '')

const single = (document: SigmaRule, context: Context): Rule => {
  const base = head(document)
  const words = mapping(document, context.options)
  if (document.vonglau?.lateness !== undefined)
    document.located.at(['vonglau', 'lateness'], () =>
      refuse('a single event is never undone: lateness is of a correlation'),
    )
  const groupBy = base.groupBy?.map((name, i) =>
    document.located.at(['vonglau', 'group-by', i], () => one(words, name)),
  )
  const end = document.vonglau?.['ends-with']
  const by = document.vonglau?.suppress?.by.map((name, i) =>
    document.located.at(['vonglau', 'suppress', 'by', i], () => one(words, name)),
  )
  if (by && end !== undefined)
    document.located.at(['vonglau', 'suppress'], () =>
      refuse('what lasts until it ends is one alert already: leave suppress or ends-with out'),
    )
  const newTerms = newTermsOf(document, words, one)
  if (newTerms && end !== undefined)
    document.located.at(['vonglau', 'new-terms'], () =>
      refuse('what lasts until it ends is told when it begins: leave new-terms or ends-with out'),
    )
  const silent = document.vonglau?.silent && silentOf(document, filtered(document, context), words, one)
  if (silent) return { ...base, ...silent, condition: [document.detection.condition].flat().join('\n') }
  return {
    ...base,
    // What is new once is told once: a further event of the value within the time belongs to the same alert.
    ...(newTerms ? { newTerms, groupBy: newTerms.fields } : {}),
    ...(newTerms && document.vonglau?.quiet === undefined && !by ? { quiet: newTerms.within } : {}),
    ...(by ? { groupBy: by } : groupBy ? { groupBy } : {}),
    ...(end === undefined ? {} : { endsWith: compileEnd(end, document, words) }),
    filter: filtered(document, context),
    condition: [document.detection.condition].flat().join('\n'),
  }
}

const one = (words: Mapping, name: string): string => {
  const [first, second] = words.fields(name)
  if (second !== undefined)
    throw new Wrong(`${quoted(name)} means several fields here: name one of ${words.fields(name).join(', ')}`)
  return first!
}

/** How deep correlations may stand upon each other. */
const DEEPEST = 8

const correlated = (document: SigmaCorrelation, context: Context): Rule => {
  const { vonglau, ...base } = { ...head(document), vonglau: document.vonglau }
  const { located } = document
  if (vonglau?.['group-by'])
    located.at(['vonglau', 'group-by'], () => refuse('a correlation is grouped by correlation.group-by'))
  if (vonglau?.silent)
    located.at(['vonglau', 'silent'], () =>
      refuse('silent is of a rule of single events: a count below a number is a condition of a correlation'),
    )
  if (vonglau?.['new-terms'])
    located.at(['vonglau', 'new-terms'], () =>
      refuse('new-terms is of a rule of single events: value_count counts how many values a window has'),
    )
  if (vonglau?.['ends-with'])
    located.at(['vonglau', 'ends-with'], () => refuse('a correlation has no end: write it at a rule of single events'))
  const members: SigmaRule[] = []
  const made = made_(document, context, members, [])
  for (const member of members)
    if (member.vonglau?.silent)
      located.at(['correlation', 'rules'], () =>
        refuse(
          `${quoted(nameOf(member))} tells that nothing comes (silent), which no window holds: name a rule of its selection alone`,
        ),
      )
  const words = members.map((member) => mapping(member, context.options))
  const { correlation, groupBy } = made((name, i) => one(words[i]!, name))
  const memories = members.map((member, i) => newTermsOf(member, words[i]!, one))
  // That an earlier event comes late makes a first occurrence none.
  const undone = canBeUndone(correlation) || memories.some((memory) => memory !== undefined)
  const { lateness, suppress } = vonglau ?? {}
  if (lateness !== undefined && !undone)
    located.at(['vonglau', 'lateness'], () =>
      refuse('no later event can undo this condition, so nothing waits for it: leave lateness out'),
    )
  const by = suppress?.by.map((name, i) =>
    located.at(['vonglau', 'suppress', 'by', i], () => {
      const known = groupBy ?? []
      const found =
        known.find((field) => field === name) ??
        (words[0] && known.find((field) => words[0]!.fields(name).includes(field)))
      if (found === undefined)
        throw new Wrong(
          `${quoted(name)} is not among what the correlation is grouped by: ${known.join(', ') || 'nothing'}`,
        )
      if (document.correlation.aliases)
        throw new Wrong('with aliases an event stands in several groups: leave suppress out')
      return found
    }),
  )
  const bases = members.map((member, i) => ({
    name: nameOf(member),
    id: member.id ?? fileId(member.located.file),
    file: member.located.file,
    filter: filtered(member, context),
    ...(memories[i] ? { newTerms: memories[i] } : {}),
  }))
  return {
    ...base,
    groupBy,
    ...(by ? { alertBy: by } : {}),
    filter: or(...bases.map(({ filter }) => filter)),
    bases,
    correlation,
    ...(undone
      ? {
          lateness: lateness === undefined ? LATENESS : located.at(['vonglau', 'lateness'], () => durationOf(lateness)),
          feeds: words.some(({ filter }) => filter === EVERYTHING)
            ? EVERYTHING
            : or(...words.map(({ filter }) => filter)),
        }
      : {}),
    condition: [...members.map((member) => [member.detection.condition].flat().join('\n')), spelled(correlation)].join(
      '\n',
    ),
  }
}

type Field = (name: string, base: number) => string
/** Gathers the bases first, of which there is one list for all that stand upon each other; then the correlation is made. */
const made_ = (
  document: SigmaCorrelation,
  context: Context,
  members: SigmaRule[],
  above: readonly SigmaCorrelation[],
): ((field: Field) => ReturnType<typeof parseCorrelation>) => {
  if (above.includes(document) || above.length >= DEEPEST)
    throw new Wrong(
      above.includes(document)
        ? `${quoted(nameOf(document))} stands upon itself: ${[...above, document].map(nameOf).join(' → ')}`
        : `correlations stand upon each other more than ${DEEPEST} deep`,
    )
  const { located, correlation: spec } = document
  const over = spec.rules.map((name, i) =>
    located.at(['correlation', 'rules', i], () => {
      const found = find(name, document, context.library)
      if (found.kind === 'rule') {
        if (!members.includes(found)) members.push(found)
        return { name, found, inner: undefined }
      }
      return { name, found, inner: made_(found, context, members, [...above, document]) }
    }),
  )
  return (field) => {
    const parts = over.map(({ name, found, inner }) => {
      const part = inner ? inner(field).correlation : members.indexOf(found as SigmaRule)
      const bases = typeof part === 'number' ? [part] : part.keys.flatMap((keys, i) => (keys ? [i] : []))
      return { name, names: namesOf(found), over: part, bases }
    })
    return parseCorrelation(document, parts, members.length, (name, i) => field(name, i))
  }
}

/** The correlation in a line, for who reads why an alert is there. */
const spelled = ({ type, fields, bounds, terms, percentile, timespan, names, over }: Correlation): string => {
  const inner = over.flatMap((each) => (typeof each === 'number' ? [] : `${spelled(each)}\n`)).join('')
  const field = fields?.find((each) => each !== undefined)?.join(', ')
  const how = percentile === undefined ? '' : ` ${percentile}`
  const said = bounds
    ? Object.entries(bounds).map(([key, n]) => `${SIGNS[key as keyof typeof SIGNS]} ${n}`)
    : [
        (terms ?? [])
          .map(({ all, none }) => [...all.map((i) => names[i]!), ...none.map((i) => `not ${names[i]!}`)].join(' and '))
          .join(' or '),
      ]
  return `${inner}${type}${how}${field ? `(${field})` : ''} ${said.join(' ')} / ${timespan / 1000}s`
}
const SIGNS = { gt: '>', gte: '>=', lt: '<', lte: '<=', eq: '=', neq: '!=' }

const refuse = (sentence: string): never => {
  throw new Wrong(sentence)
}

/** The rules of one text. Throws a `SigmaError`, or `NotYet` for a part of Sigma that is not understood yet. */
export const compileSigma = (yaml: string, file: string, options: CompileOptions = {}): Rule[] =>
  compileDocuments(parseSigma(yaml, file), options)
