/**
 * The filter tree over documents, to query DSL: a query that finds every document that the filter matches; `exact` says
 * that it finds no other. What it cannot say is decided in process.
 */
import type { estypes } from '@elastic/elasticsearch'
import { typeOf } from '../../../event.ts'
import { canonicalAddress } from '../../../ip.ts'
import { type Filter, isAny, isOne, type Leaf, type Pattern } from '../../filter.ts'
import { asNumber, foldPattern } from '../../match.ts'
import { term } from './fields.ts'

type Query = estypes.QueryDslQueryContainer
const ALL: Query = { match_all: {} }
const NONE: Query = { match_none: {} }
const either = (...should: Query[]): Query => ({ bool: { should, minimum_should_match: 1 } })

/** A server refuses trees that are deeper than 30, or have some thousand leaves; a person may type one. */
const DEEPEST = 20
const MOST = 500
const MOST_TERMS = 60_000

export const toQuery = (filter: Filter, fields: ReadonlySet<string>): { query: Query; exact: boolean } => {
  let exact = true
  let leaves = 0
  // `over`: a superset is wanted; else a subset (below an odd number of nots).
  const inexact = (over: boolean): Query => {
    exact = false
    return over ? ALL : NONE
  }
  const visit = (node: Filter, over: boolean, depth: number): Query => {
    if (depth > DEEPEST || leaves > MOST) return inexact(over)
    if (node.op === 'not') return { bool: { must_not: [visit(node.of, !over, depth + 1)] } }
    if (node.op === 'and' || node.op === 'or') {
      if (node.of.length === 0) return node.op === 'and' ? ALL : NONE
      const parts = node.of.map((part) => visit(part, over, depth + 1))
      return node.op === 'and' ? { bool: { filter: parts } } : either(...parts)
    }
    leaves++
    if (!fields.has(node.field)) return inexact(over)
    const said = leaf(node)
    if (said.exact) return said.query
    exact = false
    return over ? said.query : NONE
  }
  const query = visit(filter, true, 0)
  return { query, exact }
}

const leaf = (node: Leaf): { query: Query; exact: boolean } => {
  const at = `t.${node.field}`
  const exists: Query = { exists: { field: at } }
  const some = { query: exists, exact: false }
  const equal = (terms: string[], exact: boolean) =>
    terms.length > MOST_TERMS ? some : { query: terms.length ? { terms: { [at]: terms } } : NONE, exact }
  switch (node.op) {
    case 'exists':
      return { query: exists, exact: true }
    case 'in': {
      const isIp = typeOf(node.field) === 'ip'
      const wanted = node.values.map((v) => (isIp ? (canonicalAddress(String(v)) ?? v) : v))
      return equal([...new Set(wanted.map(term))], !node.cased)
    }
    case 'range': {
      const { gt, gte, lt, lte } = node
      const bounds = Object.entries({ gt, gte, lt, lte }).filter(([, bound]) => bound !== undefined)
      if (bounds.some(([, bound]) => asNumber(bound!) === undefined)) return some
      const range = (group: string): Query =>
        bounds.length
          ? { range: { [`${group}.${node.field}`]: Object.fromEntries(bounds) } }
          : { exists: { field: `${group}.${node.field}` } }
      // One value has to be within both bounds: a range query asks that of each value by itself too.
      return { query: either(range('n'), range('p')), exact: true }
    }
    case 'like': {
      const folded = foldPattern(node.pattern)
      if (folded.every((part) => typeof part === 'string')) return equal([term(folded.join(''))], !node.cased)
      const spelled = wildcard(folded)
      // Of a text that is too long there is only the hash.
      return spelled === undefined
        ? some
        : { query: either({ wildcard: { [at]: { value: spelled } } }, { term: { odd: true } }), exact: false }
    }
    default:
      return some // regular expressions are RE2's; a network is compared in process
  }
}

/** Undefined where the automaton could grow beyond what a server builds. */
const wildcard = (pattern: Pattern): string | undefined => {
  const text = pattern
    .map((part) =>
      typeof part === 'string' ? part.toWellFormed().replace(/[\\*?]/g, '\\$&') : isOne(part) ? '?' : '*',
    )
    .join('')
  const wild = pattern.filter((part) => typeof part !== 'string')
  return text.length > 300 || wild.length > 8 || (wild.some(isOne) && wild.some(isAny) && wild.length > 4)
    ? undefined
    : text
}
