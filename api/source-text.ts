/** A source as a text of its own: as a file says it, in one order of its keys, its token as a hash. */
import { stringify } from 'yaml'
import { hashedToken } from '../ingest/collect/token.ts'
import { expectedOf } from '../ingest/expected.ts'
import { lineOf } from '../ingest/line-of.ts'
import type { Source } from '../ingest/source.ts'
import { readYaml } from '../ingest/yaml.ts'
import { type Around, sourceWith, toSource } from './config-source.ts'
import { shownValue } from './config-values.ts'

export interface SourceText {
  readonly id: string
  readonly text: string
}
type Raw = Readonly<Record<string, unknown>>

/** As a person writes them; others stand behind, by their names. */
const ORDER = [
  'id',
  'parser',
  'title',
  'organization',
  'system',
  'serves',
  'timezone',
  'options',
  'silent_minutes',
  'retention',
]
const place = (key: string): number => (ORDER.indexOf(key) + ORDER.length + 1) % (ORDER.length + 1)

const ordered = (value: unknown, top = false): unknown =>
  Array.isArray(value)
    ? value.map((each) => ordered(each))
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .filter(([, each]) => each !== undefined)
            .sort(([a], [b]) => (top ? place(a) - place(b) : 0) || (a < b ? -1 : 1))
            .map(([key, each]) => [key, ordered(each)]),
        )
      : value

/** Nobody learns a token from where texts are kept and shown. */
export const withoutToken = (raw: object): Raw => {
  const { http } = raw as { readonly http?: { readonly token?: unknown } }
  return typeof http?.token === 'string' ? { ...raw, http: { ...http, token: hashedToken(http.token) } } : (raw as Raw)
}

/** Two that say the same in whatever order and layout have one text. */
export const sourceTextOf = (raw: object): string => stringify(ordered(withoutToken(raw), true), { lineWidth: 0 })

/** Throws one sentence with the line where it is no source. `what`: which text, for the sentence. */
export const readSource = (
  text: string,
  around: Around,
  what: string,
): { readonly raw: Raw; readonly source: Source } => {
  const yaml = readYaml(text)
  if ('why' in yaml) throw new Error(`${what}, line ${yaml.line}, column ${yaml.col}: this is not YAML: ${yaml.why}`)
  const { document, lines, value } = yaml
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${what}: write the keys of one source, such as "parser: nginx_access"`)
  const parsed = sourceWith(around.described).safeParse(value)
  if (parsed.success) return { raw: value as Raw, source: toSource(parsed.data, around) }
  const issue = parsed.error.issues[0]!
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const at = unknown === undefined ? issue.path : [...issue.path, unknown]
  const where = `${what}, line ${lineOf(document, lines, at)}: ${at.map(String).join('.') || 'the source'}`
  if (unknown !== undefined) throw new Error(`${where}: there is no such key`)
  const found = at.reduce<unknown>((v, part) => (v as Record<PropertyKey, unknown> | undefined)?.[part], value)
  throw new Error(`${where}: expected ${expectedOf(issue).en}, found ${shownValue(at, found)}`)
}
