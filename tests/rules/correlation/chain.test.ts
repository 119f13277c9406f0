/** Correlations over correlations, by their definition: what is below comes true at the ends of its windows, for each group of the upper one. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { evaluate, newly, type Seen } from '../../../rules/correlation/evaluate.ts'
import type { Correlation, Rule } from '../../../rules/rule.ts'
import { canBeUndone } from '../../../rules/sigma/correlation.ts'

const [A, B] = [0, 1]
const events = fc
  .uniqueArray(
    fc.record({
      time: fc.integer({ min: 0, max: 50 }),
      id: fc.integer({ min: 0, max: 999 }).map(String),
      run: fc.integer({ min: 1, max: 4 }),
      base: fc.constantFrom(A, A, A, B),
      user: fc.constantFrom('an', 'binh', 'chi'),
      address: fc.constantFrom('x', 'y'),
    }),
    { selector: ({ id }) => id, maxLength: 30 },
  )
  .map((all) =>
    all.map(({ base, user, address, ...each }) => ({
      ...each,
      bases: [base],
      agencies: [],
      event: { user, address } as Event,
    })),
  )

const shape = fc.record({
  least: fc.integer({ min: 1, max: 4 }),
  below: fc.integer({ min: 0, max: 15 }),
  timespan: fc.integer({ min: 0, max: 20 }),
  inner: fc.constantFrom('user', 'address', ''),
  exactly: fc.boolean(),
})
type Shape = typeof shape extends fc.Arbitrary<infer T> ? T : never

const ruleOf = ({ least, below, timespan, inner, exactly }: Shape): Rule => {
  const many: Correlation = {
    type: 'event_count',
    timespan: below,
    over: [A],
    names: ['a'],
    keys: [inner ? [inner] : []],
    bounds: exactly ? { eq: least } : { gte: least },
  }
  const correlation: Correlation = {
    type: 'temporal_ordered',
    timespan,
    over: [many, B],
    names: ['many', 'b'],
    keys: [['user'], ['user']],
    terms: [{ all: [0, 1], none: [] }],
  }
  return { id: 'r', groupBy: ['user'], correlation } as unknown as Rule
}

const byDefinition = (all: readonly Seen[], { least, below, timespan, inner, exactly }: Shape): string[] => {
  const told = new Set<string>()
  const groups = [
    ...Map.groupBy(
      all.filter(({ bases }) => bases[0] === A),
      ({ event }) => event[inner] ?? '',
    ).values(),
  ]
  for (const user of ['an', 'binh', 'chi']) {
    const mine = ({ event }: Seen) => event['user'] === user
    const items = all
      .filter((each) => each.bases[0] === B && mine(each))
      .map((each) => ({ time: each.time, b: true, of: [each] }))
    for (const group of groups) {
      const times = [...new Set(group.map(({ time }) => time))].sort((x, y) => x - y)
      const windowAt = (t: number) => group.filter(({ time }) => time <= t && time >= t - below)
      const holds = (t: number | undefined) => {
        if (t === undefined) return false
        const { length } = windowAt(t)
        return (exactly ? length === least : length >= least) && windowAt(t).some(mine)
      }
      for (const [i, t] of times.entries()) {
        if (!holds(t)) continue
        const whole = inner === 'user'
        if (whole || !holds(times[i - 1]) || group.some((each) => each.time === t && mine(each)))
          items.push({ time: t, b: false, of: windowAt(t).filter(mine) })
      }
    }
    for (const end of items) {
      const window = items.filter(({ time }) => time <= end.time && time >= end.time - timespan)
      if (window.some((a) => !a.b && window.some((b) => b.b && b.time >= a.time)))
        for (const { of } of window) for (const { id } of of) told.add(id)
    }
  }
  return [...told].sort()
}
const ids = (some: readonly Seen[]) => some.map(({ id }) => id).sort()

test('a chain holds what its definition says', () => {
  fc.assert(
    fc.property(events, shape, (all, each) => {
      expect(ids(evaluate(ruleOf(each), all).flatMap(({ told }) => told()))).toEqual(byDefinition(all, each))
    }),
    { numRuns: 500 },
  )
})

test('run after run, where further events only add; else what has ended by a time is decided', () => {
  fc.assert(
    fc.property(events, shape, fc.integer({ min: 0, max: 50 }), (all, each, until) => {
      const rule = ruleOf(each)
      if (canBeUndone(rule.correlation!)) {
        const of = (some: readonly Seen[]) => ids(evaluate(rule, some).flatMap(({ told }) => told(until)))
        expect(of(all)).toEqual(of(all.filter(({ time }) => time <= until)))
        return
      }
      const seen: string[] = []
      for (let to = 1; to <= 4; to++) {
        const known = all.filter(({ run }) => run <= to).map((one) => ({ ...one, fresh: one.run === to }))
        for (const { moments } of newly(rule, known)) seen.push(...ids(moments))
      }
      expect(seen.sort()).toEqual(byDefinition(all, each))
    }),
    { numRuns: 500 },
  )
})
