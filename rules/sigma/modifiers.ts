/** `field|modifier|modifier`: how the values of a detection item are compared (Sigma specification, "Value Modifiers"). */
import { and, type Filter, not, or } from '../../ingest/store/filter.ts'
import { checkRegex } from '../../ingest/store/match.ts'
import { parseCidr } from '../../ingest/ip.ts'
import { nearest, notYet, quoted, Wrong } from './error.ts'
import { containing, ending, parseValue, plainOf, starting } from './value.ts'

type Comparison =
  | 'equals'
  | 'contains'
  | 'startswith'
  | 'endswith'
  | 're'
  | 'cidr'
  | 'exists'
  | 'lt'
  | 'lte'
  | 'gt'
  | 'gte'

export interface Key {
  readonly field: string // '' for keywords
  readonly comparison: Comparison
  /** All values have to match, not any. */
  readonly all: boolean
  readonly cased: boolean
  readonly flags: string // of re
}

const COMPARISONS: ReadonlySet<string> = new Set<Comparison>([
  'contains',
  'startswith',
  'endswith',
  're',
  'cidr',
  'exists',
  'lt',
  'lte',
  'gt',
  'gte',
])
const FLAGS = new Map([
  ['i', 'i'],
  ['ignorecase', 'i'],
  ['m', 'm'],
  ['multiline', 'm'],
  ['s', 's'],
  ['dotall', 's'],
])
/** Of the specification and not understood yet: a rule that needs one is refused by name, never half applied. */
const NOT_YET: ReadonlySet<string> = new Set([
  'windash',
  'base64',
  'base64offset',
  'utf16',
  'utf16le',
  'utf16be',
  'wide',
  'fieldref',
  'expand',
  'neq',
  'minute',
  'hour',
  'day',
  'week',
  'month',
  'year',
  'timestamp',
])

export const parseKey = (text: string): Key => {
  const [field = '', ...names] = text.split('|')
  let comparison: Comparison = 'equals'
  let all = false
  let cased = false
  let flags = ''
  for (const name of names) {
    if (NOT_YET.has(name)) throw notYet(`modifier ${name}`)
    if (name === 'all') all = true
    else if (name === 'cased') cased = true
    else if (COMPARISONS.has(name)) {
      if (comparison !== 'equals') throw new Wrong(`the modifiers ${comparison} and ${name} exclude each other`)
      comparison = name as Comparison
    } else if (FLAGS.has(name)) {
      if (comparison !== 're') throw new Wrong(`the modifier ${name} stands only after re`)
      flags += FLAGS.get(name)
    } else {
      const known = nearest(name, [...COMPARISONS, 'all', 'cased'])
      throw new Wrong(`there is no modifier ${quoted(name)}${known ? `; the nearest is ${known}` : ''}`)
    }
  }
  if (cased && flags.includes('i')) throw new Wrong('the modifiers cased and i exclude each other')
  return { field, comparison, all, cased, flags }
}

export type Raw = string | number | boolean | null

/** The filter of one key and its values over the fields that the key means: any of them may hold the value. */
export const leavesOf = (key: Key, fields: readonly string[], values: readonly Raw[]): Filter => {
  if (key.comparison === 'exists') return existsOf(fields, values)
  const parts: Filter[] = []
  const plain: (string | number | boolean)[] = []
  for (const value of values) {
    // Equal values go into one leaf: a set is looked up at once. With `all` each has to hold by itself.
    const text =
      key.comparison === 'equals' && !key.all && value !== null && key.field !== '' ? plainText(value) : undefined
    if (text !== undefined) plain.push(text)
    else parts.push(each(key, fields, value))
  }
  if (plain.length) {
    parts.unshift(
      or(...fields.map((field): Filter => ({ op: 'in', field, values: plain, ...(key.cased ? { cased: true } : {}) }))),
    )
  }
  return key.all ? and(...parts) : or(...parts)
}

const plainText = (value: string | number | boolean): string | number | boolean | undefined =>
  typeof value === 'string' ? plainOf(parseValue(value)) : value

const each = (key: Key, fields: readonly string[], value: Raw): Filter => {
  if (value === null) {
    // "null": the field is not there. Of several fields that a name means, none is.
    if (key.comparison !== 'equals') throw new Wrong(`${key.comparison} needs a value, found null`)
    return and(...fields.map((field) => not({ op: 'exists', field })))
  }
  return or(...fields.map((field) => leafOf(key, field, value)))
}

const leafOf = (key: Key, field: string, value: string | number | boolean): Filter => {
  const cased = key.cased ? { cased: true } : {}
  switch (key.comparison) {
    case 're': {
      if (typeof value !== 'string' && typeof value !== 'number')
        throw new Wrong(`re needs an expression, found ${quoted(value)}`)
      const source = String(value)
      const reason = checkRegex(source, key.flags)
      if (reason !== undefined) throw new Wrong(`the expression ${quoted(source)} is refused: ${reason}`)
      return { op: 'regex', field, source, ...(key.flags ? { flags: key.flags } : {}) }
    }
    case 'cidr': {
      const network = String(value)
      if (!network.includes('/') || !parseCidr(network)) {
        throw new Wrong(`${quoted(value)} is not a network: write it like 192.0.2.0/24 or 2001:db8::/32`)
      }
      return { op: 'cidr', field, network }
    }
    case 'lt':
    case 'lte':
    case 'gt':
    case 'gte': {
      const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
      if (typeof n !== 'number' || !Number.isFinite(n))
        throw new Wrong(`${key.comparison} needs a number, found ${quoted(value)}`)
      return { op: 'range', field, [key.comparison]: n }
    }
    default: {
      const pattern = parseValue(String(value))
      if (key.comparison === 'equals' && field === '*') {
        // A keyword stands anywhere in the line; a number is a value of its own.
        return typeof value === 'string'
          ? { op: 'like', field, pattern: containing(pattern), ...cased }
          : { op: 'in', field, values: [value] }
      }
      if (key.comparison === 'contains') return { op: 'like', field, pattern: containing(pattern), ...cased }
      if (key.comparison === 'startswith') return { op: 'like', field, pattern: starting(pattern), ...cased }
      if (key.comparison === 'endswith') return { op: 'like', field, pattern: ending(pattern), ...cased }
      const plain = plainText(value)
      return plain === undefined
        ? { op: 'like', field, pattern, ...cased }
        : { op: 'in', field, values: [plain], ...cased }
    }
  }
}

const existsOf = (fields: readonly string[], values: readonly Raw[]): Filter => {
  const [value] = values
  if (values.length !== 1 || typeof value !== 'boolean')
    throw new Wrong(`exists is true or false, found ${quoted(values)}`)
  const there = or(...fields.map((field): Filter => ({ op: 'exists', field })))
  return value ? there : not(there)
}
