import { expect, test } from 'vitest'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { newTermsSuite } from './new-terms.suite.ts'
import { embeddedPlace } from './stores.ts'

newTermsSuite('embedded', embeddedPlace, 1100)

const rule = (vonglau: string) => `title: a\nid: a\ndetection: { s: { x: 1 }, condition: s }\nvonglau: ${vonglau}\n`
test.each([
  ['{ new-terms: { fields: [user.name], within: 400d } }', /within: "400d" is too long: 366d at most/],
  ['{ new-terms: { fields: [], within: 1d } }', /new-terms.fields is \[\], expected at least one entry/],
  ['{ new-terms: { fields: [user.name], within: mai } }', /"mai" is not a duration/],
  ['{ new-terms: { field: user.name, within: 1d } }', /there is no such key; known ones are fields, within, learn/],
  [
    '{ new-terms: { fields: [user.name], within: 1d }, ends-with: { user.name: x } }',
    /leave new-terms or ends-with out/,
  ],
])('%s is refused with its place', (vonglau, sentence) => {
  expect(() => compileSigma(rule(vonglau), 'a.yml')).toThrow(sentence)
})
test('a correlation counts values itself', () => {
  const correlation = `${rule('{}')}---\ntitle: b\nid: b\ncorrelation: { type: event_count, rules: [a], timespan: 5m, condition: { gte: 2 } }\nvonglau: { new-terms: { fields: [x], within: 1d } }\n`
  expect(() => compileSigma(correlation, 'a.yml')).toThrow(/new-terms is of a rule of single events/)
  const over = correlation
    .replace('{}', '{ new-terms: { fields: [user.name], within: 1d } }')
    .replace(/vonglau: \{ new-terms: \{ fields: \[x\].*\n/, '')
  expect(() => compileSigma(over, 'a.yml')).toThrow(/"a" goes by what was there before/)
})
