/** Events with long texts, on the embedded store; and rules that are too slow on them. */
import { expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import type { Filter } from '../../ingest/store/filter.ts'
import { openPatient } from '../../rules/patient.ts'
import type { Rule } from '../../rules/rule.ts'
import { random } from '../random.ts'
import { owedSuite, rules } from './owed.suite.ts'
import { embeddedPlace } from './stores.ts'

owedSuite('embedded', embeddedPlace, 9)

test('a rule that is too slow on long texts is given up for them, and set aside; the others are asked', async () => {
  const [single] = rules
  const hard: Filter = { op: 'regex', field: 'url.query', source: 'a[ab]{900}[^ab]$' }
  const slow: Rule = { ...single!, id: 'slow', filter: hard }
  const patient = openPatient()
  try {
    const next = random(5)
    const letters = Array.from({ length: 400_000 }, () => (next() < 0.5 ? 'a' : 'b')).join('')
    const event: Event = { 'url.query': `${letters}select` }
    for (let i = 0; i < 3; i++) expect(await patient.judge([slow, single!], event)).toEqual([{ place: 1, parts: [0] }])
    expect([...patient.aside().keys()]).toEqual(['slow'])
    expect(patient.given()).toBe(3)
    expect(await patient.judge([slow, single!], event)).toEqual([{ place: 1, parts: [0] }])
    expect(patient.given()).toBe(3)
  } finally {
    await patient.close()
  }
})
