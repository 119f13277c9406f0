import { describe, expect, test } from 'vitest'
import { compile } from '../../../ingest/store/match.ts'
import { testFile } from '../../../rules/check.ts'
import { evaluate, type Seen } from '../../../rules/correlation/evaluate.ts'
import { firstsAmong } from '../../../rules/first-seen.ts'
import type { Rule } from '../../../rules/rule.ts'
import { compileSigma } from '../../../rules/sigma/compile.ts'
import { shuffled, random } from '../../random.ts'
import { type Case, cases, eventsOf, yamlOf } from './cases.ts'

const ruleOf = (each: Case): Rule => compileSigma(yamlOf(each, 'case'), 'cases.yml').find(({ id }) => id === 'case')!

describe.each(cases.map((each) => [each.name, each] as const))('%s', (_, each) => {
  const rule = ruleOf(each)
  test('told', () => {
    const seen = eventsOf(each, 0).flatMap((event): Seen[] => {
      const bases = rule.bases!.flatMap(({ filter }, i) => (compile(filter)(event) ? [i] : []))
      return bases.length === 0
        ? []
        : [{ time: Number(event['@timestamp']), id: String(event['event.id']), agencies: [], bases, event }]
    })
    const expected = Object.fromEntries(
      Object.entries(each.told).map(([group, places]) => [group, [...places].sort((a, b) => a - b)]),
    )
    // In any order, and twice.
    for (const given of [seen, shuffled([...seen, ...seen], random(1))])
      expect(
        Object.fromEntries(
          evaluate(rule, firstsAmong(rule, given)).map(({ group, told }) => [
            group.map(({ value }) => value).join(' '),
            told()
              .map(({ id }) => Number(id.slice(1)))
              .sort((a, b) => a - b),
          ]),
        ),
      ).toEqual(expected)
  })
  test('rules test', () => {
    const line = (match: boolean, events: Case['events']) =>
      JSON.stringify({
        match,
        why: each.name,
        events: events.map(([at, action, fields]) => ({ event: { 'event.action': action, ...fields }, at })),
      })
    const [first] = each.events
    const few: Case['events'] = [[first![0], 'nothing', first![2]]]
    const { failures } = testFile(
      [rule],
      'case.ndjson',
      `${line(true, each.events)}\n${line(false, few)}`,
      () => undefined,
    )
    expect(failures).toEqual([])
  })
})
