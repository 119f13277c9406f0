/** Sigma YAML to typed documents. Errors name file, line and column, the path, what stands there and what was expected. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Document as YamlDocument, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { distance, NotYet, nearest, type Place, quoted, SigmaError, Wrong } from './error.ts'

const text = z.string().trim().min(1)
const localized = z.strictObject({ vi: text, en: text })
/** What the specification does not know stands under one key. */
const own = z.strictObject({
  en: z.strictObject({ title: text, description: text }).optional(),
  guide: localized.optional(),
  quiet: text.optional(),
  'group-by': z.array(text).min(1).optional(),
  incident: z.boolean().optional(),
  concerns: z.enum(['destination', 'source', 'both']).optional(),
  /** A selection, as in a detection. */
  'ends-with': z.union([z.record(z.string(), z.unknown()), z.array(z.unknown()).min(1)]).optional(),
  campaign: text.optional(),
  /** The level where the portal holds a network-trust certificate. */
  trusted: z.enum(['low', 'medium', 'high', 'critical']).optional(),
  /** A cron expression and its zone. */
  schedule: z.strictObject({ cron: text, timezone: text }).optional(),
  /** Of a correlation whose condition a later event can undo. */
  lateness: text.optional(),
  /** Events that do not come any more. */
  silent: z.strictObject({ by: z.array(text).max(4).optional(), for: text, remember: text.optional() }).optional(),
  /** Only values that were not seen within a time before. */
  'new-terms': z.strictObject({ fields: z.array(text).min(1).max(4), within: text, learn: text.optional() }).optional(),
  /** Alerts of these values are one as long as events come within the time, whatever else differs. */
  suppress: z.strictObject({ by: z.array(text).min(1), for: text }).optional(),
})
const scalarText = z.union([z.string(), z.number()]).transform(String)
const level = z.enum(['informational', 'low', 'medium', 'high', 'critical'])
/** Authors may add keys of their own (specification, "Custom attributes"); known ones have to be right. */
const common = {
  title: text.optional(),
  id: text.optional(),
  name: text.optional(),
  description: z.string().optional(),
  author: z.string().nullish(),
  level: level.optional(),
  tags: z.array(z.string()).nullish(),
  vonglau: own.optional(),
}
const logsource = z.looseObject({
  category: scalarText.nullish(),
  product: scalarText.nullish(),
  service: scalarText.nullish(),
})
const rule = z.looseObject({
  ...common,
  logsource: logsource.nullish(),
  detection: z.looseObject({ condition: z.union([text, z.array(text).min(1)]) }),
})
const bound = z.union([z.number(), z.string()])
const correlation = z.looseObject({
  ...common,
  correlation: z.looseObject({
    type: text,
    rules: z.union([text, z.array(text).min(1)]).transform((value) => [value].flat()),
    'group-by': z
      .union([text, z.array(text)])
      .transform((value) => [value].flat())
      .optional(),
    timespan: scalarText.optional(),
    condition: z.union([z.record(z.string(), z.union([bound, z.array(bound)])), text]).optional(),
    /** Where drafts of the specification had it; now in the condition. */
    field: z.union([text, z.array(text)]).optional(),
    aliases: z.record(z.string(), z.record(z.string(), text)).nullish(),
    generate: z.boolean().optional(),
  }),
  generate: z.boolean().optional(),
})

/** Sigma filters specification. */
const filter = z.looseObject({
  ...common,
  title: text,
  logsource: logsource.nullish(),
  filter: z.looseObject({
    rules: z.union([text, z.array(text)]),
    condition: text,
  }),
})

export type Path = readonly (string | number)[]
interface Located {
  readonly file: string
  /** The text of the whole file. */
  readonly yaml: string
  place(path: Path, offset?: number): Place
  /** Runs a step; an error of it is placed at the path. */
  at<T>(path: Path, step: () => T): T
}
export type SigmaRule = z.output<typeof rule> & { readonly kind: 'rule'; readonly located: Located }
export type SigmaCorrelation = z.output<typeof correlation> & {
  readonly kind: 'correlation'
  readonly located: Located
}
export type SigmaFilter = z.output<typeof filter> & { readonly kind: 'filter'; readonly located: Located }
export type SigmaDocument = SigmaRule | SigmaCorrelation | SigmaFilter
export type Logsource = z.output<typeof logsource>

const pathText = (path: Path): string =>
  path.reduce<string>((out, part) => (typeof part === 'number' ? `${out}[${part}]` : out ? `${out}.${part}` : part), '')

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (v, part) => (typeof v === 'object' && v !== null ? (v as Record<string, unknown>)[part] : undefined),
    value,
  )

/** What the documents of a text say, without those that are empty; `at`: which of all it is. */
export type Values = readonly { readonly at: number; readonly value: unknown }[]

const parsedOf = (
  yaml: string,
): { readonly documents: readonly YamlDocument.Parsed[]; readonly lines: LineCounter } => {
  const lines = new LineCounter()
  const documents = parseAllDocuments(yaml, { lineCounter: lines })
  return { documents: Array.isArray(documents) ? (documents as YamlDocument.Parsed[]) : [], lines }
}

const MOST_ALIASES = 100
/** Aliases are few, and end. */
const plainOf = (document: YamlDocument.Parsed, lines: LineCounter, file: string, yaml: string): unknown => {
  try {
    const value: unknown = document.toJS({ maxAliasCount: MOST_ALIASES })
    // What holds itself has no end: nothing that goes through it would return.
    JSON.stringify(value)
    return value
  } catch (error) {
    const { line, col } = lines.linePos(Math.max(0, yaml.search(/(?<=[\s[,:-])\*[^\s,[\]{}*]/)))
    const why = /Excessive/.test((error as Error).message)
      ? `more than ${MOST_ALIASES} aliases: write out what they stand for`
      : error instanceof TypeError
        ? 'an alias stands within what it names: write out what is meant'
        : (error as Error).message
    throw new SigmaError({ file, line, column: col }, why)
  }
}

/** Throws a `SigmaError` where it is not YAML. */
export const valuesOf = (yaml: string, file: string): Values => {
  const { documents, lines } = parsedOf(yaml)
  return documents.flatMap((document, at) => {
    const broken = document.errors[0]
    if (broken) {
      const { line, col } = lines.linePos(broken.pos[0])
      // The library says the place once more.
      const why = broken.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, '')
      throw new SigmaError({ file, line, column: col }, `this is not YAML: ${why}`)
    }
    return document.contents === null ? [] : [{ at, value: plainOf(document, lines, file, yaml) }]
  })
}

/** Where something stands is asked of what is wrong alone: what was read is not held for it, but read again. */
const locate = (index: number, file: string, yaml: string): Located => {
  const place = (path: Path, offset?: number): Place => {
    const { documents, lines } = parsedOf(yaml)
    const document = documents[index]!
    let node: unknown = document.contents
    let found = 0
    let inValue = false
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(document)
      let next: unknown
      if (isMap(node)) {
        const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(part))
        if (isScalar(pair?.key) && pair.key.range) found = pair.key.range[0]
        next = pair?.value
      } else if (isSeq(node)) {
        next = node.items[part as number]
        const range = (next as { range?: readonly number[] | null } | undefined)?.range
        if (range) found = range[0]!
      }
      if (next === undefined || next === null) break
      node = next
      inValue = true
    }
    // A place within the text itself can be told where the text is plain and on one line.
    if (
      offset !== undefined &&
      inValue &&
      isScalar(node) &&
      node.range &&
      (node.type === 'PLAIN' || node.type?.startsWith('QUOTE'))
    ) {
      found = node.range[0] + (node.type === 'PLAIN' ? 0 : 1) + offset
    }
    const { line, col } = lines.linePos(found)
    return { file, line, column: col }
  }
  const at = <T>(path: Path, step: () => T): T => {
    try {
      return step()
    } catch (error) {
      if (!(error instanceof Wrong)) throw error
      const where = place(path, error.offset)
      if (error.notYet !== undefined) throw new NotYet(where, error.notYet)
      throw new SigmaError(where, `${pathText(path)}: ${error.message}`)
    }
  }
  return { file, yaml, place, at }
}

/** A name that may stand in an address, a command and a file. */
const ID = /^[\p{L}\p{N}_][\p{L}\p{N}_. :+-]{0,127}$/u
const KEYS = [
  'title',
  'id',
  'name',
  'status',
  'description',
  'author',
  'references',
  'date',
  'modified',
  'level',
  'tags',
  'fields',
  'falsepositives',
  'logsource',
  'detection',
  'correlation',
  'filter',
  'generate',
  'related',
  'license',
  'scope',
  'taxonomy',
  'vonglau',
  'sigma-version',
]

/** Every document of a file. Throws a `SigmaError` at the first thing that is wrong. `values`: what it says, where that is known. */
export const parseSigma = (yaml: string, file: string, values: Values = valuesOf(yaml, file)): SigmaDocument[] => {
  if (values.length === 0) throw new SigmaError({ file, line: 1, column: 1 }, 'the file is empty: expected a rule')
  return values.map(({ at, value }) => read(value, locate(at, file, yaml)))
}

const read = (raw: unknown, located: Located): SigmaDocument => {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    throw new SigmaError(located.place([]), `expected a map with title, logsource and detection, found ${quoted(raw)}`)
  const keys = Object.keys(raw)
  const kind = keys.includes('correlation') ? 'correlation' : keys.includes('filter') ? 'filter' : 'rule'
  if (kind === 'rule' && !keys.includes('detection')) {
    const close = keys.find((key) => !KEYS.includes(key) && /^(detec|corr|dete|filt)/i.test(key))
    throw new SigmaError(
      located.place(close ? [close] : []),
      `there is no detection${close ? `; is ${quoted(close)} meant for it?` : ': expected a map of selections and a condition'}`,
    )
  }
  if (kind !== 'rule' && keys.includes('detection'))
    throw new SigmaError(
      located.place(['detection']),
      `detection and ${kind} exclude each other: part the documents by ---`,
    )
  const missing = KEYS.filter((key) => !keys.includes(key))
  const odd = keys.flatMap((key) => {
    const meant = KEYS.includes(key) ? undefined : missing.find((each) => distance(key.toLowerCase(), each, 1) <= 1)
    return meant === undefined ? [] : [{ key, meant }]
  })[0]
  if (odd) throw new SigmaError(located.place([odd.key]), `there is no key ${quoted(odd.key)}; is ${odd.meant} meant?`)
  const result = { correlation, filter, rule }[kind].safeParse(raw)
  if (!result.success) {
    const { issues } = result.error
    // A key that nobody knows is likely what another was meant for that is missing.
    const issue = deepest(issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0]!)
    const path = issue.path as Path
    if (issue.code === 'unrecognized_keys') {
      const key = issue.keys[0]!
      throw new SigmaError(
        located.place([...path, key]),
        `${pathText([...path, key])}: there is no such key; known ones are ${knownAt(path).join(', ')}`,
      )
    }
    const found = valueAt(raw, path)
    const name = pathText(path)
    const hint =
      name === 'level' && typeof found === 'string' ? `; the nearest is ${nearest(found, level.options)}` : ''
    throw new SigmaError(located.place(path), `${name} is ${quoted(found)}, expected ${expectedOf(issue)}${hint}`)
  }
  if (result.data.id !== undefined && !ID.test(result.data.id))
    throw new SigmaError(
      located.place(['id']),
      `id is ${quoted(result.data.id)}: letters, digits, and - _ . : + between them, 128 at most`,
    )
  return { ...result.data, kind, located } as SigmaDocument
}

const knownAt = (path: Path): string[] =>
  ({
    schedule: ['cron', 'timezone'],
    silent: ['by', 'for', 'remember'],
    suppress: ['by', 'for'],
    'new-terms': ['fields', 'within', 'learn'],
  })[String(path.at(-1))] ?? Object.keys(own.shape)

/** Of a union the first alternative says what was expected. */
const deepest = (issue: z.core.$ZodIssue): z.core.$ZodIssue => {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return issue
  const inner = issue.errors[0]![0]
  return inner ? { ...inner, path: [...issue.path, ...inner.path] } : issue
}

const expectedOf = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'array'
        ? 'a list'
        : issue.expected === 'object' || issue.expected === 'record'
          ? 'a map'
          : issue.expected === 'string'
            ? 'a text'
            : `a ${issue.expected}`
    case 'invalid_value':
      return `one of ${issue.values.join(', ')}`
    case 'too_small':
      return issue.origin === 'array' ? 'at least one entry' : 'some text'
    default:
      return issue.message
  }
}
