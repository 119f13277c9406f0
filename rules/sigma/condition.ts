/**
 * The condition of a detection (Sigma specification, "Condition"): not binds closer than and, and closer than or;
 * `1 of name*`, `all of them`. Errors say at which character.
 */
import { and, type Filter, not, or } from '../../ingest/store/filter.ts'
import { nearest, quoted, Wrong } from './error.ts'

export type Condition =
  | { readonly op: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly op: 'not'; readonly of: Condition }
  | { readonly op: 'name'; readonly name: string; readonly at: number }
  | { readonly op: 'of'; readonly least: number | 'all'; readonly pattern: string; readonly at: number }

interface Token {
  readonly text: string
  readonly at: number
}

/**
 * How deep "not" and brackets may stand in each other. Whatever goes through the tree goes down with it, in threads with small stacks
 * and in stores with bounds of their own (Elasticsearch: 30), and a rule must not stop the lines of all.
 */
const DEEPEST = 14

const tokenize = (text: string): Token[] => {
  const tokens: Token[] = []
  const pattern = /\s+|([()]|[\p{L}\p{N}_*?.-]+)|(.)/gu
  for (const match of text.matchAll(pattern)) {
    if (match[1]) tokens.push({ text: match[1], at: match.index })
    else if (match[2] === '|') {
      throw new Wrong('expected the end: aggregations after "|" are no longer Sigma, write a correlation', {
        offset: match.index,
      })
    } else if (match[2])
      throw new Wrong(`${quoted(match[2])} at character ${match.index + 1} is not part of a condition`, {
        offset: match.index,
      })
  }
  return tokens
}

export const parseCondition = (text: string): Condition => {
  const tokens = tokenize(text)
  let next = 0
  const word = () => tokens[next]?.text.toLowerCase()
  const fail = (expected: string): never => {
    const token = tokens[next]
    const where = token ? `${quoted(token.text)} at character ${token.at + 1}` : 'the end'
    throw new Wrong(`the condition has ${where} where ${expected} was expected`, { offset: token?.at ?? text.length })
  }
  let depth = 0
  const deeper = (inner: () => Condition): Condition => {
    if (++depth > DEEPEST)
      throw new Wrong(
        `the condition has "not" and brackets ${DEEPEST + 1} deep at character ${(tokens[next]?.at ?? text.length) + 1}, at most ${DEEPEST} are read: give parts of it names of their own, as selections`,
        { offset: tokens[next]?.at ?? text.length },
      )
    const made = inner()
    depth--
    return made
  }
  const either = (): Condition => chain('or', both)
  const both = (): Condition => chain('and', negated)
  const chain = (op: 'and' | 'or', part: () => Condition): Condition => {
    const of = [part()]
    while (word() === op) {
      next++
      of.push(part())
    }
    return of.length === 1 ? of[0]! : { op, of }
  }
  const negated = (): Condition => {
    if (word() !== 'not') return single()
    next++
    return { op: 'not', of: deeper(negated) }
  }
  const single = (): Condition => {
    const token = tokens[next]
    if (token === undefined) return fail('the name of a selection')
    const lower = token.text.toLowerCase()
    if (lower === '(') {
      next++
      const inner = deeper(either)
      if (tokens[next]?.text !== ')') fail('")"')
      next++
      return inner
    }
    if (tokens[next + 1]?.text.toLowerCase() === 'of' && /^(all|any|[0-9]+)$/.test(lower)) {
      const least = lower === 'all' ? 'all' : lower === 'any' ? 1 : Number(lower)
      if (least === 0) fail('a number from 1')
      next += 2
      const target = tokens[next]
      if (target === undefined || /^([()]|and|or|not|of)$/i.test(target.text))
        return fail('them or the name of a selection')
      next++
      return { op: 'of', least, pattern: target.text, at: target.at }
    }
    if (/^([()]|and|or|of)$/.test(lower)) return fail('the name of a selection')
    next++
    return { op: 'name', name: token.text, at: token.at }
  }
  const out = either()
  if (next < tokens.length) fail('and, or, or the end')
  return out
}

/** Which of the selections `name*` and `them` mean. Names that begin with '_' are left out unless the pattern says so itself. */
const named = (pattern: string, names: Iterable<string>): string[] => {
  const wanted = new RegExp(
    `^${pattern === 'them' ? '.*' : pattern.replace(/[.?]/g, '\\$&').replaceAll('*', '.*')}$`,
    'u',
  )
  return [...names].filter((name) => wanted.test(name) && (pattern.startsWith('_') || !name.startsWith('_')))
}

/** The selections that a condition asks of. */
export const askedOf = (condition: Condition, names: readonly string[]): string[] => {
  if (condition.op === 'name') return [condition.name]
  if (condition.op === 'of') return named(condition.pattern, names)
  return (condition.op === 'not' ? [condition.of] : condition.of).flatMap((part) => askedOf(part, names))
}

/** What a condition means over the filters of its selections. */
export const bindCondition = (condition: Condition, selections: ReadonlyMap<string, Filter>): Filter => {
  switch (condition.op) {
    case 'and':
      return and(...condition.of.map((part) => bindCondition(part, selections)))
    case 'or':
      return or(...condition.of.map((part) => bindCondition(part, selections)))
    case 'not':
      return not(bindCondition(condition.of, selections))
    case 'name': {
      const found = selections.get(condition.name)
      if (found) return found
      const known = nearest(condition.name, selections.keys())
      throw new Wrong(`there is no selection ${quoted(condition.name)}${known ? `; the nearest is ${known}` : ''}`, {
        offset: condition.at,
      })
    }
    case 'of': {
      const { pattern, least } = condition
      const found = named(pattern, selections.keys()).map((name) => selections.get(name)!)
      if (found.length === 0) throw new Wrong(`no selection is named ${quoted(pattern)}`, { offset: condition.at })
      if (least === 'all') return and(...found)
      if (least > found.length)
        throw new Wrong(`${least} of ${pattern} cannot hold: there are only ${found.length}`, { offset: condition.at })
      return least === 1 ? or(...found) : atLeast(least, found)
    }
  }
}

/** At least n of the filters: the first and n - 1 of the rest, or n of the rest. */
const atLeast = (n: number, filters: readonly Filter[]): Filter => {
  if (n === 1) return or(...filters)
  if (n === filters.length) return and(...filters)
  const [first, ...rest] = filters
  return or(and(first!, atLeast(n - 1, rest)), atLeast(n, rest))
}
