import { expect, test } from 'vitest'
import { concerns } from '../../rules/exceptions.ts'
import type { Rule } from '../../rules/rule.ts'
import { exceptionsSuite } from './exceptions.suite.ts'
import { embeddedPlace } from './stores.ts'

exceptionsSuite('embedded', embeddedPlace)

test.each([
  ['rules/catalog/portal/sql-injection.yml', 'portal', true],
  ['rules/catalog/portal/sql-injection.yml', 'own', false],
  ['/etc/vonglau/rules/mine.yml', 'own', true],
  ['/etc/vonglau/rules/mail/mine.yml', 'own', true],
  // Written before a rule of one's own had that group.
  ['/etc/vonglau/rules/mine.yml', 'rules', true],
  ['/etc/vonglau/rules/mine.yml', 'vonglau', false],
  // A folder of one's own is no part of the catalog's of that name.
  ['/etc/vonglau/rules/portal/mine.yml', 'portal', false],
])('the rule of %s is of the group %s: %s', (file, group, is) => {
  const rule = { id: 'mine', file } as Rule
  expect(concerns({ kql: '', rules: [], groups: [group], expires: 0 }, rule)).toBe(is)
})
