/** Every type by its definition: a window ends with an event of the group, and what stands in one that meets the condition is told of. */
import fc from 'fast-check'
import type { Event } from '../../../ingest/event.ts'
import { describe, expect, test } from 'vitest'
import { evaluate, newly, type Seen } from '../../../rules/correlation/evaluate.ts'
import { within } from '../../../rules/correlation/kind.ts'
import type { Bounds, Rule, Term } from '../../../rules/rule.ts'
import { canBeUndone } from '../../../rules/sigma/correlation.ts'

const RULES = 3
const events = fc
  .uniqueArray(
    fc.record({
      time: fc.integer({ min: 0, max: 60 }),
      id: fc.integer({ min: 0, max: 999 }).map(String),
      run: fc.integer({ min: 1, max: 4 }),
      bases: fc.uniqueArray(fc.integer({ min: 0, max: RULES - 1 }), { minLength: 1, maxLength: 2 }),
      value: fc.option(fc.constantFrom(0, 1, 2, 2.5, 7, -3, 'x'), { nil: undefined }),
    }),
    { selector: ({ id }) => id, maxLength: 24 },
  )
  .map((all) =>
    all.map(({ value, run, bases, ...each }) => ({
      ...each,
      bases: bases.sort(),
      run,
      agencies: [],
      event: (value === undefined ? {} : { value }) as Event,
    })),
  )
type Given = Seen & { readonly run: number }

const bounds = (bound: fc.Arbitrary<number>): fc.Arbitrary<Bounds> =>
  fc.oneof(
    ...(['gte', 'gt', 'lt', 'lte', 'eq', 'neq'] as const).map((key) => bound.map((n) => ({ [key]: n }))),
    fc.tuple(bound, bound).map(([gte, lt]) => ({ gte, lt })),
  )
const whole = fc.integer({ min: 0, max: 5 })
const metric = fc.oneof(whole, fc.constantFrom(2.5, -1))
const METRICS = ['value_sum', 'value_avg', 'value_median', 'value_percentile']
const places = fc.uniqueArray(fc.integer({ min: 0, max: RULES - 1 }), { maxLength: RULES }).map((all) => all.sort())
const terms = fc.array(
  fc.tuple(places, places).map(([all, none]): Term => ({ all, none: none.filter((i) => !all.includes(i)) })),
  { minLength: 1, maxLength: 3 },
)

const rule = (correlation: object): Rule =>
  ({
    id: 'r',
    groupBy: [],
    correlation: {
      over: [0, 1, 2],
      names: ['a', 'b', 'c'],
      keys: [[], [], []],
      ...correlation,
    },
  }) as unknown as Rule

const said = ({ event }: Seen): string[] => (event['value'] === undefined ? [] : [String(event['value'])])
const numbers = (some: readonly Seen[]): number[] =>
  some
    .flatMap(said)
    .map(Number)
    .filter(Number.isFinite)
    .sort((a, b) => a - b)

/** Whether different events stand for these rules, in their order. */
const inOrder = (wanted: readonly number[], some: readonly Seen[], since = Number.NEGATIVE_INFINITY): boolean => {
  const [first, ...rest] = wanted
  if (first === undefined) return true
  return some.some(
    (each) =>
      each.bases.includes(first) &&
      each.time >= since &&
      inOrder(
        rest,
        some.filter((other) => other !== each),
        each.time,
      ),
  )
}
const subsets = (n: number): number[][] => (n === 0 ? [[]] : subsets(n - 1).flatMap((some) => [some, [...some, n - 1]]))

type Holds = (
  window: readonly Seen[],
  correlation: { bounds?: Bounds; terms?: readonly Term[]; percentile?: number },
) => boolean
const types: { readonly [type: string]: Holds } = {
  event_count: (window, { bounds }) => within(bounds!, window.length),
  value_count: (window, { bounds }) => within(bounds!, new Set(window.flatMap(said)).size),
  value_sum: (window, { bounds }) => {
    const all = numbers(window).filter((n) => n >= 0)
    return (
      all.length > 0 &&
      within(
        bounds!,
        all.reduce((sum, n) => sum + n, 0),
      )
    )
  },
  value_avg: (window, { bounds }) => {
    const all = numbers(window)
    return all.length > 0 && within(bounds!, all.reduce((sum, n) => sum + n, 0) / all.length)
  },
  value_median: (window, { bounds }) => {
    const all = numbers(window)
    const half = all.length / 2
    return all.length > 0 && within(bounds!, (all[Math.ceil(half) - 1]! + all[Math.floor(half)]!) / 2)
  },
  value_percentile: (window, { bounds, percentile }) => {
    const all = numbers(window)
    return (
      all.length > 0 &&
      within(bounds!, all.find((n) => all.filter((other) => other <= n).length >= (percentile! / 100) * all.length)!)
    )
  },
  temporal: (window, { bounds, terms }) => {
    const there = new Set(window.flatMap(({ bases }) => bases))
    return terms
      ? terms.some(({ all, none }) => all.every((i) => there.has(i)) && none.every((i) => !there.has(i)))
      : within(bounds!, there.size)
  },
  temporal_ordered: (window, { bounds, terms }) => {
    const there = new Set(window.flatMap(({ bases }) => bases))
    return terms
      ? terms.some(({ all, none }) => inOrder(all, window) && none.every((i) => !there.has(i)))
      : within(
          bounds!,
          Math.max(
            ...subsets(RULES)
              .filter((some) => inOrder(some, window))
              .map((some) => some.length),
          ),
        )
  },
}
const VALUES = { fields: [['value'], ['value'], ['value']] }

const specs = (type: string) =>
  fc.record({
    type: fc.constant(type),
    timespan: fc.integer({ min: 0, max: 25 }),
    ...(type.startsWith('value_') ? { fields: fc.constant(VALUES.fields) } : {}),
    ...(type === 'value_percentile' ? { percentile: fc.integer({ min: 1, max: 100 }) } : {}),
  })
const correlations = (type: string) =>
  fc
    .tuple(
      specs(type),
      type.startsWith('temporal') ? fc.oneof(bounds(whole), terms) : bounds(METRICS.includes(type) ? metric : whole),
    )
    .map(([spec, condition]) => ({
      ...spec,
      ...(Array.isArray(condition) ? { terms: condition } : { bounds: condition }),
    }))

const byDefinition = (all: readonly Given[], correlation: { type: string; timespan: number } & object): string[] => {
  const items = 'fields' in correlation ? all.filter((each) => said(each).length > 0) : all
  const found = new Set<string>()
  for (const end of items) {
    const window = items.filter(({ time }) => time <= end.time && time >= end.time - correlation.timespan)
    if (types[correlation.type]!(window, correlation as never)) for (const { id } of window) found.add(id)
  }
  return [...found].sort()
}
const ids = (some: readonly Seen[]) => some.map(({ id }) => id).sort()

describe.each(Object.keys(types))('%s', (type) => {
  test('windows hold what their definition says', () => {
    fc.assert(
      fc.property(events, correlations(type), (all, correlation) => {
        const told = evaluate(rule(correlation), all).flatMap((group) => group.told())
        expect(ids(told)).toEqual(byDefinition(all as Given[], correlation))
      }),
    )
  })
  test('run after run gives each qualifying event once, and all of them; or a later event can undo it', () => {
    fc.assert(
      fc.property(events, correlations(type), (all, correlation) => {
        const one = rule(correlation)
        if (canBeUndone(one.correlation!)) return
        const seen: string[] = []
        for (let to = 1; to <= 4; to++) {
          const known = all.filter(({ run }) => run <= to).map((each) => ({ ...each, fresh: each.run === to }))
          for (const { moments } of newly(one, known)) seen.push(...ids(moments))
        }
        expect(seen.sort()).toEqual(byDefinition(all as Given[], correlation))
      }),
    )
  })
  test('what has ended by a time is decided: later events change nothing of it', () => {
    fc.assert(
      fc.property(events, correlations(type), fc.integer({ min: 0, max: 60 }), (all, correlation, until) => {
        const of = (some: readonly Seen[]) => ids(evaluate(rule(correlation), some).flatMap(({ told }) => told(until)))
        expect(of(all)).toEqual(of(all.filter(({ time }) => time <= until)))
      }),
    )
  })
})
