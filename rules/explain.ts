/** Why a rule fired on an event: the leaves of its condition that held, and where in the value. */
import { RE2JS } from 're2js'
import type { Event } from '../ingest/event.ts'
import { type Filter, isAny, isOne, type Leaf } from '../ingest/store/filter.ts'
import { compile, fold, regexFlags, valuesIn } from '../ingest/store/match.ts'

export interface Reason {
  readonly field: string
  readonly op: string
  readonly expected: string
  readonly value: string
  /** Ranges [from, to) of the value that the condition names. */
  readonly marks: [number, number][]
}

export const explain = (filter: Filter, event: Event): Reason[] => {
  if (filter.op === 'and' || filter.op === 'or') {
    return filter.of.flatMap((part) => (filter.op === 'and' || compile(part)(event) ? explain(part, event) : []))
  }
  if (filter.op === 'not' || !compile(filter)(event)) return []
  const names = filter.field === '*' ? Object.keys(event) : [filter.field]
  for (const name of names) {
    const values = valuesIn(event, name)
    // That something is there is said with all that is.
    if (filter.op === 'exists' && values.length > 1)
      return [{ field: name, op: 'exists', expected: '', value: values.map(String).join(', '), marks: [] }]
    for (const value of values) {
      const leaf = { ...filter, field: name }
      if (compile(leaf)({ ...event, [name]: value }))
        return [
          {
            field: name,
            op: wordOf(leaf),
            expected: expectedOf(leaf),
            value: String(value),
            marks: marksOf(leaf, String(value)),
          },
        ]
    }
  }
  return []
}

const wordOf = (leaf: Leaf): string => {
  if (leaf.op !== 'like') return leaf.op
  const { pattern } = leaf
  const [first, last] = [pattern[0], pattern.at(-1)]
  if (pattern.length === 3 && isAny(first!) && isAny(last!)) return 'contains'
  if (pattern.length === 2 && isAny(last!)) return 'startswith'
  if (pattern.length === 2 && isAny(first!)) return 'endswith'
  return 'like'
}

const expectedOf = (leaf: Leaf): string => {
  switch (leaf.op) {
    case 'in':
      return leaf.values.map(String).join(', ')
    case 'like':
      return leaf.pattern
        .map((part) => (typeof part === 'string' ? part : wordOf(leaf) === 'like' ? (isOne(part) ? '?' : '*') : ''))
        .join('')
    case 'regex':
      return leaf.source
    case 'cidr':
      return leaf.network
    case 'exists':
      return ''
    case 'ref':
      return leaf.other
    case 'part':
    case 'range':
      return [
        ...('values' in leaf && leaf.values ? [['', leaf.values.join(', ')] as const] : []),
        ['>', leaf.gt],
        ['≥', leaf.gte],
        ['<', leaf.lt],
        ['≤', leaf.lte],
      ]
        .flatMap(([sign, n]) => (n === undefined ? [] : [`${sign} ${n}`]))
        .join(' ')
  }
}

const marksOf = (leaf: Leaf, value: string): [number, number][] => {
  if (leaf.op === 'like') {
    const text = leaf.cased ? value : fold(value)
    const marks: [number, number][] = []
    let at = 0
    for (const part of leaf.pattern) {
      if (typeof part !== 'string') continue
      const found = text.indexOf(leaf.cased ? part : fold(part), at)
      if (found < 0) break
      marks.push([found, found + part.length])
      at = found + part.length
    }
    return marks
  }
  if (leaf.op === 'regex') {
    const matcher = RE2JS.compile(leaf.source, regexFlags(leaf.flags)).matcher(value)
    return matcher.find() ? [[matcher.start(), matcher.end()]] : []
  }
  return leaf.op === 'exists' ? [] : [[0, value.length]]
}
