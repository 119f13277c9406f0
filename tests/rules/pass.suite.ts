/** What a pass finds does not depend on how many events it goes over: of many it reads only what the rules need that were met. */
import { afterEach, describe, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { type Found, openPasses, type Pass } from '../../rules/pass.ts'
import type { Rule } from '../../rules/rule.ts'
import { judgingOf, keepRuleset, partsOf } from '../../rules/ruleset.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import type { Place } from './stores.ts'

const T = Date.UTC(2026, 4, 14, 8)
/** Two commits of so many: each by itself is few, both are many. */
const EACH = 6000
const single = (id: string, field: string): Rule =>
  compileSigma(
    `title: ${id}\nid: ${id}\nlevel: low\nvonglau: { group-by: [${field}] }\ndetection: { a: { event.action: ${id} }, condition: a }`,
    `${id}.yml`,
  )[0]!
const counted = compileSigma(
  `title: a\nname: asked\nlevel: low\ndetection: { a: { event.action: asked }, condition: a }\n---\ntitle: b\nid: counted\nlevel: high\ncorrelation: { type: event_count, rules: [asked], group-by: [thu.kenh], timespan: 10m, condition: { gte: 3 } }`,
  'counted.yml',
).find(({ id }) => id === 'counted')!
const rules = [single('met', 'source.ip'), single('own', 'thu.khoa'), counted, single('never', 'user.name')]

const told = (passes: readonly Pass[]) =>
  rules.map((rule) => {
    const groups = new Map<string, Found[]>()
    for (const pass of passes)
      for (const [key, { moments }] of pass.of(rule)) groups.set(key, [...(groups.get(key) ?? []), ...moments])
    for (const moments of groups.values()) moments.sort((a, b) => (a.id < b.id ? -1 : 1))
    return [rule.id, [...groups].sort(([a], [b]) => (a < b ? -1 : 1))]
  })

export const passSuite = (name: string, open: () => Place) =>
  describe(`passes: ${name}`, () => {
    let place: Place | undefined
    afterEach(async () => place?.remove())

    test.each([
      ['a few of many events meet some rules', (i: number) => i % 997 === 0],
      ['every event meets some', () => true],
    ])('%s', async (_, meets) => {
      place = open()
      const store = await place.open()
      const judging = judgingOf(rules)
      await keepRuleset(store.documents, judging)
      const labels = rules.slice(0, 3).flatMap((rule) => partsOf(rule).map(({ label }) => label))
      const event = (i: number): Event => ({
        '@timestamp': T + i * 100,
        'event.id': `e${i}`,
        'event.kind': 'event',
        'source.ip': `192.0.2.${i % 7}`,
        'thu.khoa': `k${i % 5}`,
        'thu.kenh': `c${i % 3}`,
        'user.name': `u${i % 2}`,
        'vonglau.judged': judging.set,
        ...(meets(i) ? { 'vonglau.hits': i % 2 ? labels : [labels[i % labels.length]!] } : {}),
      })
      const ends: number[] = []
      for (let from = 0; from < 2 * EACH; from += EACH) {
        const events = Array.from({ length: EACH }, (_, i) => event(from + i))
        ends.push((await store.events.append({ events, offsets: [] }, T + 3_600_000)).ingested)
      }
      const [middle, end] = ends as [number, number]
      const whole = await openPasses(store).pass(0, end, rules)
      const halves = openPasses(store)
      expect(told([whole])).toEqual(told([await halves.pass(0, middle, rules), await halves.pass(middle, end, rules)]))
      expect(whole.of(rules[1]!).size).toBe(5)
      expect(whole.of(counted).size).toBe(3)
      expect(whole.of(rules[3]!).size).toBe(0)
    })
  })
