import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chain, islandsOf } from '../../rules/bursts.ts'

const QUIET = 100
const moments = fc.uniqueArray(
  fc.record({ time: fc.integer({ min: 0, max: 3000 }), id: fc.integer({ min: 0, max: 999 }).map(String) }),
  { selector: ({ id }) => id, maxLength: 60 },
)

/** Deals the members out over `n` hands. */
const dealt = <T>(items: readonly T[], hands: readonly number[], n: number): T[][] => {
  const out: T[][] = Array.from({ length: n }, () => [])
  for (const [i, item] of items.entries()) out[(hands[i % hands.length] ?? 0) % n]!.push(item)
  return out
}

test('bursts are the same however the events are cut and in whatever order they come', () => {
  fc.assert(
    fc.property(
      moments,
      fc.array(fc.nat(6), { minLength: 1, maxLength: 60 }),
      fc.integer({ min: 1, max: 7 }),
      (events, hands, n) => {
        const whole = islandsOf(events, QUIET).map(({ first, last, count }) => ({ first, last, count }))
        const parts = dealt(events, hands, n).flatMap((part) => islandsOf(part, QUIET))
        const merged = chain(parts, QUIET).map((burst) => ({
          first: Math.min(...burst.map((each) => each.first)),
          last: Math.max(...burst.map((each) => each.last)),
          count: burst.reduce((sum, each) => sum + each.count, 0),
        }))
        expect(merged).toEqual(whole)
      },
    ),
  )
})

test.each<[string, [number, number][], [number, number][]]>([
  [
    'a gap of the quiet time chains',
    [
      [0, 0],
      [100, 100],
    ],
    [[0, 100]],
  ],
  [
    'one more does not',
    [
      [0, 0],
      [101, 101],
    ],
    [
      [0, 0],
      [101, 101],
    ],
  ],
  [
    'a long one swallows',
    [
      [0, 500],
      [10, 20],
      [550, 560],
    ],
    [[0, 560]],
  ],
  [
    'a late one joins two',
    [
      [0, 0],
      [200, 200],
      [100, 100],
    ],
    [[0, 200]],
  ],
])('%s', (_, given, expected) => {
  const bursts = chain(
    given.map(([first, last]) => ({ first, last })),
    QUIET,
  )
  expect(bursts.map((burst) => [burst[0]!.first, Math.max(...burst.map(({ last }) => last))])).toEqual(expected)
})
