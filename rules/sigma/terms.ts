/**
 * The condition of a temporal correlation as a text (`a and not b`): what a window has to hold and must not, one way after the
 * other. The names are those of its rules.
 */
import type { Term } from '../rule.ts'
import { type Condition, parseCondition } from './condition.ts'
import { nearest, quoted, Wrong } from './error.ts'

/** Ways beyond which a condition is refused. */
const MOST = 256

interface Named {
  readonly name: string
  readonly names: readonly string[]
}

export const termsOf = (text: string, over: readonly Named[]): readonly Term[] => {
  const place = (name: string): number => over.findIndex((each) => each.name === name || each.names.includes(name))
  const used = new Set<number>()
  const one = (i: number, holds: boolean): Term[] => {
    used.add(i)
    return [holds ? { all: [i], none: [] } : { all: [], none: [i] }]
  }
  const matching = (pattern: string, offset: number): number[] => {
    const wanted = new RegExp(
      `^${pattern === 'them' ? '.*' : pattern.replace(/[.?]/g, '\\$&').replaceAll('*', '.*')}$`,
      'u',
    )
    const found = over.flatMap(({ name, names }, i) => ([name, ...names].some((each) => wanted.test(each)) ? [i] : []))
    if (found.length === 0) throw new Wrong(`no rule of this correlation is named ${quoted(pattern)}`, { offset })
    return found
  }
  /** The ways in which a condition holds, or does not. */
  const ways = (condition: Condition, holds: boolean): Term[] => {
    switch (condition.op) {
      case 'name': {
        const i = place(condition.name)
        if (i >= 0) return one(i, holds)
        const near = nearest(
          condition.name,
          over.map(({ name }) => name),
        )
        throw new Wrong(
          `${quoted(condition.name)} is none of the rules of this correlation${near ? `; the nearest is ${near}` : ''}`,
          { offset: condition.at },
        )
      }
      case 'not':
        return ways(condition.of, !holds)
      case 'and':
      case 'or': {
        const parts = condition.of.map((part) => ways(part, holds))
        return (condition.op === 'and') === holds ? together(parts) : parts.flat()
      }
      case 'of': {
        const found = matching(condition.pattern, condition.at)
        const least = condition.least === 'all' ? found.length : condition.least
        if (least > found.length)
          throw new Wrong(`${least} of ${condition.pattern} cannot hold: there are only ${found.length}`, {
            offset: condition.at,
          })
        // Not so many: one more than the rest is missing.
        const n = holds ? least : found.length - least + 1
        return some(found, n).flatMap((those) => together(those.map((i) => one(i, holds))))
      }
    }
  }
  const found = smallest(ways(parseCondition(text), true)).filter(({ none }) => none.length < over.length)
  if (found.length === 0) throw new Wrong(`${quoted(text)} can never hold: a window has an event of one of the rules`)
  const unused = over.find((_, i) => !used.has(i))
  if (unused)
    throw new Wrong(`the condition says nothing of the rule ${quoted(unused.name)}: name it, or leave it out of rules`)
  return found
}

const some = (of: readonly number[], n: number): number[][] =>
  n === 0 ? [[]] : of.flatMap((first, i) => some(of.slice(i + 1), n - 1).map((rest) => [first, ...rest]))

/** One of each, at once; what excludes itself is left out. */
const together = (parts: readonly Term[][]): Term[] =>
  parts.reduce<Term[]>(
    (made, part) => {
      const out = smallest(
        made.flatMap((a) =>
          part.flatMap((b) => {
            const all = [...new Set([...a.all, ...b.all])].sort((x, y) => x - y)
            const none = [...new Set([...a.none, ...b.none])].sort((x, y) => x - y)
            return all.some((i) => none.includes(i)) ? [] : [{ all, none }]
          }),
        ),
      )
      if (out.length > MOST) throw new Wrong(`the condition can hold in more than ${MOST} ways: write a simpler one`)
      return out
    },
    [{ all: [], none: [] }],
  )

const smallest = (terms: readonly Term[]): Term[] => [
  ...new Map(terms.map((term) => [JSON.stringify(term), term])).values(),
]
