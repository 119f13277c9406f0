import { expect, test } from 'vitest'
import { eq, type Filter } from '../../../ingest/store/filter.ts'
import { bindCondition, parseCondition } from '../../../rules/sigma/condition.ts'

const names = ['a', 'b', 'c', 'sel_1', 'sel_2', 'sel_3', '_base', 'filter-main']
const selections = new Map<string, Filter>(names.map((name) => [name, eq(name, 1)]))

/** The tree as text: leaves by name. */
const shown = (filter: Filter): string => {
  if (filter.op === 'and' || filter.op === 'or')
    return `(${filter.of.map(shown).join(filter.op === 'and' ? ' & ' : ' | ')})`
  if (filter.op === 'not') return `!${shown(filter.of)}`
  return filter.field
}
const bound = (text: string) => shown(bindCondition(parseCondition(text), selections))

test.each([
  ['a', 'a'],
  ['a and b', '(a & b)'],
  ['a and b and c', '(a & b & c)'],
  ['a or b and c', '(a | (b & c))'],
  ['a and b or c', '((a & b) | c)'],
  ['(a or b) and c', '((a | b) & c)'],
  ['not a and b', '(!a & b)'],
  ['not (a and b)', '!(a & b)'],
  ['not not a', 'a'],
  ['a and not b or not c', '((a & !b) | !c)'],
  ['A AND NOT B', undefined],
  ['a AND NOT b', '(a & !b)'],
  ['1 of sel_*', '(sel_1 | sel_2 | sel_3)'],
  ['any of sel_*', '(sel_1 | sel_2 | sel_3)'],
  ['all of sel_*', '(sel_1 & sel_2 & sel_3)'],
  ['2 of sel_*', '((sel_1 & (sel_2 | sel_3)) | (sel_2 & sel_3))'],
  ['3 of sel_*', '(sel_1 & sel_2 & sel_3)'],
  ['all of them', '(a & b & c & sel_1 & sel_2 & sel_3 & filter-main)'],
  ['1 of _*', '_base'],
  ['not 1 of filter-*', '!filter-main'],
  ['a and 1 of sel_1', '(a & sel_1)'],
  ['((a))', 'a'],
  ['a\n  or\n  b', '(a | b)'],
])('%s', (text, expected) => {
  if (expected === undefined) expect(() => bound(text)).toThrow(/no selection "A"; the nearest is a/)
  else expect(bound(text)).toBe(expected)
})

test.each([
  ['', 'the end where the name of a selection was expected'],
  ['a and', 'the end where the name of a selection was expected'],
  ['a b', '"b" at character 3 where and, or, or the end was expected'],
  ['(a', 'the end where ")" was expected'],
  ['a)', '")" at character 2 where and, or, or the end was expected'],
  ['and a', '"and" at character 1 where the name of a selection was expected'],
  ['1 of', 'the end where them or the name of a selection was expected'],
  ['0 of them', '"0" at character 1 where a number from 1 was expected'],
  ['4 of sel_*', '4 of sel_* cannot hold: there are only 3'],
  ['1 of nothing_*', 'no selection is named "nothing_*"'],
  ['a and sel_4', 'there is no selection "sel_4"; the nearest is sel_1'],
  ['a | count() > 5', 'aggregations after "|" are no longer Sigma, write a correlation'],
  ['a & b', '"&" at character 3 is not part of a condition'],
])('%s is refused', (text, message) => {
  expect(() => bound(text)).toThrow(message)
})
