/**
 * The visitor to Elasticsearch's query DSL, over the mapping of schema.ts. What Lucene cannot say exactly it over-selects
 * (under an odd number of nots it under-selects), and the process decides with `compile` on what came back. So it does
 * with events that have an odd value in a field that is asked for: see row.ts.
 */
import type { estypes } from '@elastic/elasticsearch'
import { COMPUTED } from '../../../computed/computed.ts'
import { type Field, fieldOf, type Scalar } from '../../../event.ts'
import { bounds, canonicalAddress, formatIp, parseCidr, parseIp, within } from '../../../ip.ts'
import { ANY, type Filter, fieldsOf, isAny, isOne, type Leaf, ONE, type Pattern } from '../../filter.ts'
import { fold, foldPattern } from '../../match.ts'
import { alternatives, toLucene } from './regexp.ts'
import {
  BETWEEN_WORDS,
  documentId,
  LONGEST,
  LONGEST_REST,
  LONGEST_WORD,
  fitsRest,
  ODD,
  oddName,
  REST,
  STORED,
  TEXT,
} from '../rows/row.ts'
import { FOLDED, isFolded } from '../events/schema.ts'

export type Query = estypes.QueryDslQueryContainer

export interface Dsl {
  /** Holds for every event that the filter matches. */
  readonly query: Query
  /** For the events that are odd in none of the filter's fields: holds for no other, where `exact`. */
  readonly plain: Query
  readonly exact: boolean
  /** Holds for the events that are odd in one of these fields, so that the process has to look at them. */
  readonly odd: (fields: Iterable<string>) => Query
}

const ALL: Query = { match_all: {} }
const NONE: Query = { match_none: {} }
const NOTHING: ReadonlySet<string> = new Set()
const PREDICATE = { rewrite: 'constant_score' } as const
/** A server takes 30 levels of bool. */
const DEEPEST = 12

interface Answer {
  readonly query: Query
  readonly exact: boolean
}
const exactly = (query: Query): Answer => ({ query, exact: true })
const roughly = (query: Query): Answer => ({ query, exact: false })

export const both = (...of: Query[]): Query => (of.length === 1 ? of[0]! : { bool: { filter: of } })
export const either = (...of: Query[]): Query =>
  of.length === 1 ? of[0]! : of.length === 0 ? NONE : { bool: { should: of, minimum_should_match: 1 } }
export const without = (query: Query): Query => ({ bool: { must_not: [query] } })

export const oddIn = (fields: Iterable<string>): Query => {
  const names = [...new Set(fields)]
  return names.includes('*') ? { exists: { field: ODD } } : { terms: { [ODD]: names.map(oddName) } }
}

/** All; or of patterns and expressions only that there is a value; or nothing: the process decides on every event. */
export type Said = 'all' | 'values' | 'nothing'

/** `lacking`: fields that some index was made without; there they are in `rest`. */
export const toDsl = (filter: Filter, said: Said = 'all', lacking: ReadonlySet<string> = NOTHING): Dsl => {
  const odd = (fields: Iterable<string>) => oddIn([...fieldsOf(filter), ...fields])
  if (said === 'nothing') return { query: ALL, plain: ALL, exact: false, odd }
  let exact = true
  const visit = (node: Filter, over: boolean, withOdd: boolean, depth: number): Query => {
    if (node.op === 'not') {
      if (node.of.op === 'not') return visit(node.of.of, over, withOdd, depth)
      return without(visit(node.of, !over, withOdd, depth + 1))
    }
    if (node.op === 'and' || node.op === 'or') {
      if (node.of.length === 0) return node.op === 'and' ? ALL : NONE
      if (node.of.length === 1) return visit(node.of[0]!, over, withOdd, depth)
      if (depth > DEEPEST) {
        exact = false
        return over ? ALL : NONE
      }
      const parts = flat(node.of, node.op).map((part) => visit(part, over, withOdd, depth + 1))
      return node.op === 'and' ? both(...parts) : either(...parts)
    }
    const answer = leaf(node, said === 'all', lacking)
    if (!answer.exact) exact = false
    const query = answer.exact || over ? answer.query : NONE
    if (!withOdd) return query
    return over ? either(query, oddIn([node.field])) : both(query, without(oddIn([node.field])))
  }
  const query = visit(filter, true, true, 0)
  const plain = visit(filter, true, false, 0)
  return { query, plain, exact, odd }
}

const flat = (parts: readonly Filter[], op: 'and' | 'or'): Filter[] =>
  parts.flatMap((part) => (part.op === op ? flat(part.of, op) : [part]))

const leaf = (node: Leaf, patterns: boolean, lacking: ReadonlySet<string>): Answer => {
  // Decided in process, of those that have the field.
  if (node.op === 'ref' || node.op === 'part')
    return roughly(leaf({ op: 'exists', field: node.field }, patterns, lacking).query)
  const answer = ownLeaf(node, patterns)
  if (!lacking.has(node.field)) return answer
  const before = inRest(node)
  return { query: either(answer.query, before.query), exact: answer.exact && before.exact }
}
const ownLeaf = (node: Leaf, patterns: boolean): Answer => {
  if (node.field === '*') return roughly(ALL)
  const computed = COMPUTED.get(node.field)
  if (computed) {
    const there = computed.of.map((field) => ({ exists: { field } }))
    return roughly(either(inRest(node).query, computed.any ? either(...there) : both(...there)))
  }
  const field = fieldOf(node.field)
  if (!field) return inRest(node)
  if (STORED.has(field.name)) return roughly(ALL)
  const there: Query = { exists: { field: field.name } }
  if (node.op === 'exists') return exactly(there)
  if (TEXT.has(field.name)) return ofText(node, there)
  switch (field.type) {
    case 'ip':
      return ofAddress(node, there)
    case 'keyword':
      return ofKeyword(node, field, there, patterns)
    default:
      return ofNumber(node, field, there)
  }
}

const isText = (part: Pattern[number]): part is string => typeof part === 'string'
const onlyText = (pattern: Pattern): string | undefined => (pattern.every(isText) ? pattern.join('') : undefined)

const terms = (field: string, values: readonly (string | number | boolean)[]): Query =>
  values.length === 0
    ? NONE
    : values.length === 1
      ? { term: { [field]: { value: values[0]! } } }
      : // A server takes 65,536 of them.
        either(...chunks(values, 60_000).map((some) => ({ terms: { [field]: some } })))
const chunks = <T>(all: readonly T[], size: number): T[][] => {
  const out: T[][] = []
  for (let i = 0; i < all.length; i += size) out.push(all.slice(i, i + size))
  return out
}

const ofNumber = (node: Leaf, { name, type }: Field, there: Query): Answer => {
  switch (node.op) {
    case 'range': {
      if (type === 'boolean') return exactly(NONE)
      const bounds: { gt?: number; gte?: number; lt?: number; lte?: number } = {}
      for (const sign of ['gt', 'gte', 'lt', 'lte'] as const) {
        const bound = node[sign]
        if (bound === undefined) continue
        const up = sign[0] === 'g'
        if (Number.isNaN(bound) || bound === (up ? Infinity : -Infinity)) return exactly(NONE)
        // What is stored is a safe integer.
        const n = type === 'double' ? bound : whole(bound, sign)
        if (Math.abs(n) > Number.MAX_SAFE_INTEGER && type !== 'double') {
          if (up === n > 0) return exactly(NONE)
        } else if (Number.isFinite(n)) bounds[sign] = n
      }
      return exactly(Object.keys(bounds).length ? { range: { [name]: bounds } } : there)
    }
    case 'in':
      if (type === 'boolean') {
        const wanted = node.values.map((v) => (node.cased ? String(v) : fold(String(v))))
        return exactly(
          terms(
            name,
            [true, false].filter((v) => wanted.includes(String(v))),
          ),
        )
      }
      return type === 'double' ? roughly(there) : exactly(terms(name, node.values.map(String).flatMap(asInteger)))
    case 'like': {
      const text = onlyText(node.pattern)
      if (text !== undefined) return ofNumber({ ...node, op: 'in', values: [text] }, fieldOf(name)!, there)
      return node.pattern.every(isAny) ? exactly(there) : roughly(there)
    }
    case 'cidr':
      return exactly(NONE)
    default:
      return roughly(there)
  }
}
const asInteger = (text: string): number[] =>
  /^-?\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) && String(Number(text)) === text ? [Number(text)] : []
/** The same bound for integers. */
const whole = (n: number, sign: 'gt' | 'gte' | 'lt' | 'lte'): number =>
  sign === 'gt' || sign === 'lte' ? Math.floor(n) : Math.ceil(n)

/** As an index has it: among those of IPv6. */
const V4 = { ...parseIp('0.0.0.0')!, family: 6 } as const

const ofAddress = (node: Leaf, there: Query): Answer => {
  const { field } = node
  switch (node.op) {
    case 'in':
      return exactly(
        terms(
          field,
          node.values.flatMap((v) => canonicalAddress(String(v)) ?? []),
        ),
      )
    case 'cidr': {
      const network = parseCidr(node.network)
      if (!network) return exactly(NONE)
      const { first, last } = bounds(network)
      const range = (gte: string, lte: string): Query => ({ range: { [field]: { gte, lte } } })
      const whole = range(formatIp(first), formatIp(last))
      // A network of IPv6 has no address of IPv4, although these stand amid its own in an index (RFC 4291 §2.5.5.2).
      if (network.bits >= 96 || !within(V4, network)) return exactly(whole)
      return exactly(either(range(formatIp(first), '::fffe:ffff:ffff'), range('::1:0:0:0', formatIp(last))))
    }
    case 'range':
      return exactly(NONE) // no address is a number
    case 'like': {
      const text = onlyText(node.pattern)
      if (text !== undefined && text !== '') return ofAddress({ op: 'in', field, values: [text] }, there)
      return node.pattern.length > 0 && node.pattern.every(isAny) ? exactly(there) : roughly(there)
    }
    default:
      return roughly(there)
  }
}

/** Letters that engines do not lower alike yet, and what they become: any letter stands for them. See `fold`. */
const UNSETTLED =
  /[\u019b\u0264\u1c89\u1c8a\ua7cb-\ua7cf\ua7d2-\ua7d5\ua7da-\ua7dc\u{10d50}-\u{10d65}\u{10d70}-\u{10d85}\u{16ea0}-\u{16ed3}]/u
const settled = (pattern: Pattern): { pattern: Pattern; exact: boolean } => {
  let exact = true
  const out = pattern.flatMap((part): Pattern => {
    if (!isText(part)) return [part]
    if (!part.isWellFormed()) exact = false
    if (!UNSETTLED.test(part)) return [part.toWellFormed()]
    exact = false
    return [...part.toWellFormed()].map((c) => (UNSETTLED.test(c) ? ONE : c))
  })
  return { pattern: out, exact }
}

/** After a run of any length, a few single characters at any place make an automaton of a server's limit. */
const MOST_ONES = 8
const tame = (pattern: Pattern): { pattern: Pattern; exact: boolean } => {
  const first = pattern.findIndex(isAny)
  if (first < 0 || pattern.slice(first).filter(isOne).length <= MOST_ONES) return { pattern, exact: true }
  return { pattern: pattern.map((part, i) => (i > first && isOne(part) ? ANY : part)), exact: false }
}

const wildcard = (field: string, pattern: Pattern, there: Query): Query => {
  const text = onlyText(pattern)
  if (text !== undefined) return terms(field, text.length > LONGEST ? [] : [text])
  if (pattern.every(isAny)) return there
  const spelled = pattern
    .map((part) => (isText(part) ? part.replace(/[\\*?]/g, '\\$&') : isOne(part) ? '?' : '*'))
    .join('')
  if (spelled.length > LONGEST) return NONE
  return { wildcard: { [field]: { value: spelled, ...PREDICATE } } }
}

/** Of the clauses that a server takes, so many may be those of one leaf. */
const MOST_PATTERNS = 1000

const ofKeyword = (node: Leaf, field: Field, there: Query, patterns: boolean): Answer => {
  const { name } = field
  const folded = isFolded(field)
  switch (node.op) {
    case 'in': {
      if (name === 'event.id' && node.cased)
        return exactly({ ids: { values: node.values.map((v) => documentId(String(v))) } })
      const texts = node.values.map(String)
      if (folded && texts.every((text) => settled([text]).exact)) {
        const fits = texts.filter((v) => v.length <= LONGEST)
        const lower = terms(`${name}.${FOLDED}`, [...new Set(fits.map(fold))])
        return exactly(node.cased ? both(lower, terms(name, fits)) : lower)
      }
      if (!patterns || texts.length > MOST_PATTERNS) return roughly(there)
      const answers = texts.map((text) => ofPattern(name, [text], node.cased, folded, there))
      return { query: either(...answers.map(({ query }) => query)), exact: answers.every(({ exact }) => exact) }
    }
    case 'like':
      return patterns ? ofPattern(name, node.pattern, node.cased, folded, there) : roughly(there)
    case 'regex': {
      const value = patterns ? toLucene(node.source) : undefined
      if (value === undefined || !folded) return roughly(there)
      return roughly(regexp(`${name}.${FOLDED}`, value))
    }
    default:
      return roughly(there)
  }
}

/**
 * Every shard builds the automaton anew, in one of the few threads that answer searches: at 50,000 states one expression
 * held them all for 6 s, and half of the memory. What needs more than these, the process decides.
 */
const MOST_STATES = 3000

const regexp = (field: string, value: string): Query => ({
  regexp: { [field]: { value, flags: 'NONE', max_determinized_states: MOST_STATES, ...PREDICATE } },
})

const ofPattern = (name: string, raw: Pattern, cased: boolean | undefined, folded: boolean, there: Query): Answer => {
  const { pattern: tamed, exact: tameOne } = tame(raw)
  if (cased || folded) {
    const lower = settled(foldPattern(tamed))
    const original = cased ? settled(tamed) : lower
    const parts = [
      ...(folded ? [wildcard(`${name}.${FOLDED}`, lower.pattern, { exists: { field: name } })] : []),
      ...(cased ? [wildcard(name, original.pattern, there)] : []),
    ]
    return { query: both(...parts), exact: tameOne && lower.exact && original.exact }
  }
  // Not in lower case anywhere: every spelling of every letter is said.
  if (tamed.every(isAny) && tamed.length > 0) return exactly(there)
  if (tamed.some((part) => isText(part) && !part.isWellFormed())) return roughly(there)
  const value = tamed
    .map((part) => (isText(part) ? [...part].map(alternatives).join('') : isOne(part) ? '.' : '.*'))
    .join('')
  if (value === '') return exactly(terms(name, ['']))
  if (value.length > LONGEST) return roughly(there)
  return { query: regexp(name, value), exact: tameOne }
}

/** Fields outside the table, in one flattened field. It knows whole values, without case where they are ASCII. */
const inRest = (node: Leaf): Answer => {
  if (!fitsRest(node.field)) return exactly(NONE)
  const name = `${REST}.${node.field}`
  const there: Query = { exists: { field: name } }
  if (node.op === 'exists') return exactly(there)
  if (node.op === 'like') {
    const text = onlyText(node.pattern)
    if (text !== undefined) return inRest({ ...node, op: 'in', values: [text] })
    return node.pattern.every(isAny) ? exactly(there) : roughly(there)
  }
  if (node.op !== 'in') return roughly(there)
  const values = node.values.map((v: Scalar) => String(v)).filter((v) => v.length <= LONGEST_REST)
  if (values.some((v) => !v.isWellFormed())) return roughly(there)
  if (node.cased) return exactly(terms(name, values))
  if (values.some((v) => /[^\x00-\x7f]/.test(v))) return roughly(there)
  const lettered = values.filter((v) => /[a-z]/i.test(v))
  const others = values.filter((v) => !/[a-z]/i.test(v))
  if (lettered.length > MOST_PATTERNS) return roughly(there)
  return exactly(
    either(
      ...lettered.map((value): Query => ({ term: { [name]: { value, case_insensitive: true } } })),
      ...(others.length ? [terms(name, others)] : []),
    ),
  )
}

/** Letters of a word and digits, as an index has them: the tokenizer parts none of them from the next (UAX #29, WB5 to WB10). */
const WORD = /^[a-z0-9]+$/
/** A run of these, at any place in the text, is at any place in one of its words: then nothing is left to decide. */
const ofText = (node: Leaf, there: Query): Answer => {
  const words = inText(node)
  if (node.op === 'like' && !node.cased && node.pattern.length === 3 && words.length === 1) {
    const [before, part, after] = node.pattern
    if (isAny(before!) && isText(part!) && isAny(after!) && WORD.test(fold(part))) return exactly(words[0]!)
  }
  return roughly(words.length > 0 ? both(...words) : there)
}
/** The words that a running text must have. */
const inText = (node: Leaf): Query[] => {
  switch (node.op) {
    case 'in':
      return [either(...node.values.map((v) => both(ALL, ...wordsOf(node.field, [String(v)]))))]
    case 'like':
      return wordsOf(node.field, node.pattern)
    default:
      return []
  }
}
const wordsOf = (field: string, pattern: Pattern): Query[] => {
  const out = new Map<string, Query>()
  for (const [i, part] of pattern.entries()) {
    if (!isText(part)) continue
    const text = fold(part)
    for (const found of text.matchAll(/\d+(?:\.\d+)+|[a-z0-9]+/g)) {
      const word = found[0]
      if (word.length > LONGEST_WORD || out.size >= 20) continue
      const before = text[found.index - 1]
      const after = text[found.index + word.length]
      const begins = before === undefined ? i === 0 : BETWEEN_WORDS.test(before)
      const ends = after === undefined ? i === pattern.length - 1 : BETWEEN_WORDS.test(after)
      out.set(
        word,
        begins && ends
          ? { term: { [field]: { value: word } } }
          : { wildcard: { [field]: { value: `${begins ? '' : '*'}${word}${ends ? '' : '*'}`, ...PREDICATE } } },
      )
    }
  }
  return [...out.values()]
}
