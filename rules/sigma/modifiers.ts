/** `field|modifier|modifier`: how the values of a detection item are compared (Sigma specification, "Value Modifiers"). */
import { and, type Filter, not, or, type TimePart } from '../../ingest/store/filter.ts'
import { checkRegex } from '../../ingest/store/match.ts'
import { parseCidr } from '../../ingest/ip.ts'
import { nearest, quoted, Wrong } from './error.ts'
import {
  base64,
  base64Offsets,
  ENCODINGS,
  type Encoding,
  isEncoding,
  plainText as encodable,
  windash,
} from './transforms.ts'
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
  /** Anything but the values. */
  readonly not: boolean
  /** The values are names of other fields of the same event. */
  readonly ref: boolean
  /** `%name%` in a value stands for what the inventory says of that name. */
  readonly expand: boolean
  readonly part: TimePart | undefined
  readonly windash: boolean
  readonly base64: 'base64' | 'base64offset' | undefined
  readonly encoding: Encoding | undefined
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
const PARTS: ReadonlySet<string> = new Set<TimePart>(['minute', 'hour', 'day', 'week', 'month', 'year'])
const OTHERS = [
  'all',
  'cased',
  'neq',
  'expand',
  'fieldref',
  'windash',
  'base64',
  'base64offset',
  ...ENCODINGS,
  ...PARTS,
]

export const parseKey = (text: string): Key => {
  const [field = '', ...names] = text.split('|')
  const key: { -readonly [K in keyof Key]: Key[K] } = {
    field,
    comparison: 'equals',
    all: false,
    cased: false,
    flags: '',
    not: false,
    ref: false,
    expand: false,
    part: undefined,
    windash: false,
    base64: undefined,
    encoding: undefined,
  }
  const exclude = (before: string | undefined, name: string): void => {
    if (before !== undefined) throw new Wrong(`the modifiers ${before} and ${name} exclude each other`)
  }
  for (const name of names) {
    if (key.encoding !== undefined && key.base64 === undefined && !name.startsWith('base64') && !isEncoding(name))
      throw new Wrong(
        `${key.encoding} says how a text was written before base64: write ${key.encoding}|base64offset|contains`,
      )
    if (name === 'all') key.all = true
    else if (name === 'cased') key.cased = true
    else if (name === 'neq') key.not = true
    else if (name === 'expand') key.expand = true
    else if (name === 'fieldref') key.ref = true
    else if (name === 'windash') key.windash = true
    else if (name === 'base64' || name === 'base64offset') {
      exclude(key.base64, name)
      key.base64 = name
    } else if (isEncoding(name)) {
      if (key.base64 !== undefined) throw new Wrong(`${name} stands before ${key.base64}`)
      exclude(key.encoding, name)
      key.encoding = name
    } else if (PARTS.has(name)) {
      exclude(key.part, name)
      key.part = name as TimePart
    } else if (COMPARISONS.has(name)) {
      exclude(key.comparison === 'equals' ? undefined : key.comparison, name)
      key.comparison = name as Comparison
    } else if (FLAGS.has(name)) {
      if (key.comparison !== 're') throw new Wrong(`the modifier ${name} stands only after re`)
      key.flags += FLAGS.get(name)
    } else {
      const known = nearest(name, [...COMPARISONS, ...OTHERS])
      throw new Wrong(`there is no modifier ${quoted(name)}${known ? `; the nearest is ${known}` : ''}`)
    }
  }
  hold(key)
  return key
}

/** Modifiers that do not go together. */
const hold = (key: Key): void => {
  const { comparison, ref, part, base64, encoding, windash } = key
  const made = windash ? 'windash' : base64
  if (key.cased && key.flags.includes('i')) throw new Wrong('the modifiers cased and i exclude each other')
  if (encoding !== undefined && base64 === undefined)
    throw new Wrong(`${encoding} says how a text was written before base64: write ${encoding}|base64offset|contains`)
  if (base64 === 'base64offset' && comparison === 'equals')
    throw new Wrong('base64offset finds a part of what was encoded: write base64offset|contains')
  if (made !== undefined && ['re', 'cidr', 'exists', 'lt', 'lte', 'gt', 'gte'].includes(comparison))
    throw new Wrong(`the modifiers ${made} and ${comparison} exclude each other`)
  if (ref && (part !== undefined || made !== undefined || ['re', 'cidr', 'exists'].includes(comparison)))
    throw new Wrong(`the modifiers fieldref and ${part ?? made ?? comparison} exclude each other`)
  if (ref && key.field === '') throw new Wrong('fieldref compares two fields: name the first one before it')
  if (part !== undefined && !['equals', 'lt', 'lte', 'gt', 'gte'].includes(comparison))
    throw new Wrong(`the modifiers ${part} and ${comparison} exclude each other`)
}

export type Raw = string | number | boolean | null

/**
 * The filter of one key and its values over the fields that the key means: any of them may hold the value. `fieldsOf` says
 * what a field's name means.
 */
export const leavesOf = (
  key: Key,
  fields: readonly string[],
  values: readonly Raw[],
  fieldsOf: (name: string) => readonly string[],
): Filter => {
  const found = key.comparison === 'exists' ? existsOf(fields, values) : anyOf(key, fields, values, fieldsOf)
  return key.not ? not(found) : found
}

const anyOf = (
  key: Key,
  fields: readonly string[],
  values: readonly Raw[],
  fieldsOf: (name: string) => readonly string[],
): Filter => {
  // The inventory says nothing of a name that was expanded.
  if (values.length === 0) return or()
  if (key.ref)
    return joined(
      key,
      values.map((value) => refOf(key, fields, value, fieldsOf)),
    )
  if (key.part !== undefined)
    return joined(
      key,
      values.map((value) => partOf(key, key.part!, fields, value)),
    )
  const parts: Filter[] = []
  const plain: (string | number | boolean)[] = []
  for (const given of values) {
    const made = madeOf(key, given)
    // Spellings of one value: any of them, also where all values have to hold.
    if (made.length > 1 && key.all) parts.push(or(...made.map((value) => each(key, fields, value))))
    else
      for (const value of made) {
        // Equal values go into one leaf: a set is looked up at once. With `all` each has to hold by itself.
        const text =
          key.comparison === 'equals' && !key.all && value !== null && key.field !== '' ? plainText(value) : undefined
        if (text !== undefined) plain.push(text)
        else parts.push(each(key, fields, value))
      }
  }
  if (plain.length) {
    parts.unshift(
      or(...fields.map((field): Filter => ({ op: 'in', field, values: plain, ...(key.cased ? { cased: true } : {}) }))),
    )
  }
  return joined(key, parts)
}
const joined = (key: Key, parts: readonly Filter[]): Filter => (key.all ? and(...parts) : or(...parts))

/** What is compared with, of a value as it is written. */
const madeOf = (key: Key, value: Raw): Raw[] => {
  if (!key.windash && key.base64 === undefined) return [value]
  const modifier = key.base64 ?? 'windash'
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new Wrong(`${modifier} needs a text, found ${quoted(value)}`)
  const spelled = key.windash ? windash(String(value)) : [String(value)]
  if (key.base64 === undefined) return spelled
  return spelled.flatMap((text) => {
    const plain = encodable(parseValue(text), value, modifier)
    return key.base64 === 'base64' ? [base64(plain, key.encoding)] : base64Offsets(plain, key.encoding)
  })
}

const refOf = (
  key: Key,
  fields: readonly string[],
  value: Raw,
  fieldsOf: (name: string) => readonly string[],
): Filter => {
  if (typeof value !== 'string' || value === '')
    throw new Wrong(`fieldref needs the name of a field, found ${quoted(value)}`)
  const how = key.comparison as Extract<Filter, { op: 'ref' }>['how']
  const others = fieldsOf(value)
  return or(
    ...fields.flatMap((field) =>
      others.map((other): Filter => ({ op: 'ref', field, other, how, ...(key.cased ? { cased: true } : {}) })),
    ),
  )
}

/** What each part of a time can be. */
const SPANS: Readonly<Record<TimePart, readonly [number, number]>> = {
  minute: [0, 59],
  hour: [0, 23],
  day: [1, 31],
  week: [1, 53],
  month: [1, 12],
  year: [1970, 9999],
}
const partOf = (key: Key, part: TimePart, fields: readonly string[], value: Raw): Filter => {
  const n = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  const [least, most] = SPANS[part]
  if (typeof n !== 'number' || !Number.isInteger(n) || n < least || n > most)
    throw new Wrong(`${part} is a whole number from ${least} to ${most}, found ${quoted(value)}`)
  const compared = key.comparison === 'equals' ? { values: [n] } : { [key.comparison]: n }
  return or(...fields.map((field): Filter => ({ op: 'part', field, part, ...compared })))
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
      if (key.comparison === 'equals' && key.field === '') {
        // A keyword stands anywhere in the line, also one of digits.
        return { op: 'like', field, pattern: containing(pattern), ...cased }
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
