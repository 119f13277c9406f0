/**
 * The selections of a detection (Sigma specification, "Search Identifier"): of a map all items, of a list any entry; an
 * entry that is no map is a keyword, looked for in what the line says (`Mapping.keywords`).
 */
import { typeOf } from '../../ingest/event.ts'
import { parseIp } from '../../ingest/ip.ts'
import { and, exists, type Filter, not, or } from '../../ingest/store/filter.ts'
import { bindCondition, parseCondition } from './condition.ts'
import { quoted, Wrong } from './error.ts'
import type { Mapping } from './mapping.ts'
import { expanded } from './placeholders.ts'
import { type Key, leavesOf, parseKey, type Raw } from './modifiers.ts'
import type { Path, SigmaRule } from './parse.ts'

const EVERYWHERE = ['*']
const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const compileDetection = (document: SigmaRule, mapping: Mapping): Filter => {
  const { detection, located } = document
  const { condition, ...rest } = detection
  if ('timeframe' in rest) {
    located.at(['detection', 'timeframe'], () => {
      throw new Wrong('a timeframe is no longer Sigma: write a correlation with a timespan')
    })
  }
  const selections = new Map<string, Filter>()
  for (const [name, value] of Object.entries(rest))
    selections.set(name, selection(value, ['detection', name], document, mapping))
  const conditions = [condition].flat()
  // Several conditions are several searches of one rule: any of them.
  const found = conditions.map((text, i) => {
    const path = Array.isArray(condition) ? ['detection', 'condition', i] : ['detection', 'condition']
    return located.at(path, () => bindCondition(parseCondition(text), selections))
  })
  return or(...found)
}

/** `vonglau.ends-with`: one selection of its own. */
export const compileEnd = (value: unknown, document: SigmaRule, mapping: Mapping): Filter =>
  selection(value, ['vonglau', 'ends-with'], document, mapping)

const selection = (value: unknown, path: Path, document: SigmaRule, mapping: Mapping): Filter => {
  if (Array.isArray(value)) {
    if (value.length === 0) document.located.at(path, () => fail('a map or a list of values', value))
    return or(
      ...value.map((entry, i) =>
        isMap(entry) ? items(entry, [...path, i], document, mapping) : keyword(entry, [...path, i], document, mapping),
      ),
    )
  }
  return isMap(value) ? items(value, path, document, mapping) : keyword(value, path, document, mapping)
}

const fail = (expected: string, found: unknown): never => {
  throw new Wrong(`expected ${expected}, found ${quoted(found)}`)
}

const keyword = (value: unknown, path: Path, document: SigmaRule, { keywords = EVERYWHERE }: Mapping): Filter =>
  document.located.at(path, () => leavesOf(parseKey(''), keywords, rawValues(value), () => []))

const items = (map: Record<string, unknown>, path: Path, document: SigmaRule, mapping: Mapping): Filter => {
  const entries = Object.entries(map)
  if (entries.length === 0) document.located.at(path, () => fail('at least one field', map))
  return and(
    ...entries.map(([text, value]) =>
      document.located.at([...path, text], () => {
        const key = parseKey(text)
        const fields = key.field === '' ? (mapping.keywords ?? EVERYWHERE) : mapping.fields(key.field)
        const values = valuesOf(key, value)
        const given = key.expand ? expanded(values, mapping.placeholders) : values
        if (mapping.sparse && isPlain(key)) for (const each of values) canBe(each, fields)
        const exactly = leavesOf(key, fields, given, mapping.fields)
        const meant = key.comparison === 'equals' && !key.all && !key.ref ? mapping.also?.(key.field, given) : undefined
        const found = meant ? (key.not ? and(exactly, not(meant)) : or(exactly, meant)) : exactly
        if (!mapping.sparse || !isPlain(key) || !given.includes('')) return found
        // An empty field (Sigma: '') is not stored by any source: it is missing.
        const missing = and(...fields.map((name) => not(exists(name))))
        if (key.not) return and(found, not(missing))
        return key.all && given.length > 1 ? found : or(found, missing)
      }),
    ),
  )
}

/** A field is compared with the values as they stand. */
const isPlain = ({ field, comparison, ref, part, base64 }: Key): boolean =>
  field !== '' && comparison === 'equals' && !ref && part === undefined && base64 === undefined

const NUMBERS: ReadonlySet<string | undefined> = new Set(['long', 'double'])
/** Throws where none of the fields can ever hold such a value. */
const canBe = (value: Raw, fields: readonly string[]): void => {
  if (typeof value !== 'string' || value === '' || /[*?%\\]/.test(value)) return
  const types = fields.map(typeOf)
  if (types.every((type) => NUMBERS.has(type)) && !Number.isFinite(Number(value)))
    throw new Wrong(`${fields.join(', ')} is a number, and ${quoted(value)} is none: it can never hold`)
  if (types.every((type) => type === 'ip') && parseIp(value) === undefined)
    throw new Wrong(
      `${fields.join(', ')} is an address, and ${quoted(value)} is none: it can never hold; a network is written with |cidr`,
    )
}

const valuesOf = (key: Key, value: unknown): Raw[] => {
  if (key.field === '' && value === null) fail('a value', value)
  return rawValues(value)
}

const rawValues = (value: unknown): Raw[] => {
  const values = Array.isArray(value) ? value : [value]
  if (values.length === 0) fail('a value or a list of values', value)
  for (const each of values) {
    if (each !== null && typeof each !== 'string' && typeof each !== 'number' && typeof each !== 'boolean')
      fail('a text, a number, true, false or null', each)
  }
  return values as Raw[]
}
