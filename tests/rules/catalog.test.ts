import { expect, test } from 'vitest'
import { aloneOf } from '../../rules/alone.ts'
import { testRules } from '../../rules/check.ts'
import { CATALOG, loadRules, readRules } from '../../rules/load.ts'
import { fileId } from '../../rules/sigma/compile.ts'
import { eventOf, words } from './events.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'

const tested = testRules(CATALOG, eventOf, LOGSOURCES, words)
const rules = loadRules(undefined, LOGSOURCES, words)

test('nothing is wrong with the catalog', () => {
  expect(readRules([CATALOG], LOGSOURCES, words).problems).toEqual([])
  expect(rules.length).toBeGreaterThanOrEqual(12)
})

test.each(tested.map((each) => [each.file.slice(CATALOG.length + 1), each] as const))(
  '%s',
  (_, { failures, matching, others }) => {
    expect(failures).toEqual([])
    expect(matching).toBeGreaterThanOrEqual(5)
    expect(others).toBeGreaterThanOrEqual(5)
  },
)

/** Letters that only Vietnamese has. */
const VIETNAMESE = /[ăâđêôơưàáạảãằắặẳẵầấậẩẫèéẹẻẽềếệểễìíịỉĩòóọỏõồốộổỗờớợởỡùúụủũừứựửữỳýỵỷỹ]/iu

test.each(rules.map((rule) => [rule.id, rule] as const))('%s speaks both languages', (id, rule) => {
  expect(id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)+$/)
  for (const text of [rule.name, rule.description, rule.guide]) {
    expect(text.vi).toMatch(VIETNAMESE)
    expect(text.en).not.toMatch(VIETNAMESE)
    expect(text.en).not.toBe('')
  }
  for (const guide of [rule.guide.vi, rule.guide.en]) {
    const steps = guide.split('\n').filter((line) => /^\d\. /.test(line)).length
    expect(steps).toBeGreaterThanOrEqual(2)
    expect(steps).toBeLessThanOrEqual(5)
  }
  expect(rule.tags.length).toBeGreaterThan(0)
})

test('a file is named after a rule of it', () => {
  for (const file of new Set(rules.map((rule) => rule.file))) {
    expect(rules.filter((rule) => rule.file === file).map((rule) => rule.id)).toContain(fileId(file))
  }
})

test('each finds something that no other rule finds', () => {
  const found = aloneOf(rules, eventOf)
  expect(found.map(({ rule }) => rule.id)).toEqual(rules.map(({ id }) => id))
  expect(found.filter(({ alone }) => alone === 0).map(({ rule, with: others }) => [rule.id, others])).toEqual([])
  // It can say so: of two that find the same, neither is alone.
  const [one] = found.filter(({ rule }) => rule.correlation === undefined)
  const twice = aloneOf([one!.rule, { ...one!.rule, id: 'twin' }], eventOf)
  expect(twice.map(({ alone, with: others }) => [alone, others])).toEqual([
    [0, ['twin']],
    [0, [one!.rule.id]],
  ])
})
