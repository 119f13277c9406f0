/** A list that is looked for stretch by stretch is the list that one look finds, whatever the times are like. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DayFile } from '../../../ingest/store/duckdb/days.ts'
import { outward } from '../../../ingest/store/duckdb/outward.ts'
import { EVERYTHING } from '../../../ingest/store/filter.ts'
import type { Search, Window } from '../../../ingest/store/store.ts'

const time = fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 10_000_000 }), fc.constant(7))
test('the same rows in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(time, { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 3 }),
      fc.constantFrom('newest', 'oldest'),
      fc.integer({ min: 1, max: 40 }),
      fc.option(time, { nil: undefined }),
      fc.option(time, { nil: undefined }),
      fc.option(time, { nil: undefined }),
      async (days, order, size, from, to, begin) => {
        const all = days.flat().map((t, i) => [t, i] as const)
        const sign = order === 'newest' ? -1 : 1
        const within = (window: Window) =>
          all
            .filter(([t]) => t >= (window.from ?? -Infinity) && t < (window.to ?? Infinity))
            .filter(([t]) => begin === undefined || (order === 'newest' ? t <= begin : t >= begin))
            .toSorted((a, b) => sign * (a[0] - b[0]) || sign * (a[1] - b[1]))
        let looks = 0
        const ask = async (window: Window, most: number) => {
          looks++
          return within(window).slice(0, most) as unknown as unknown[][]
        }
        // As many events as are worth stretches, of which these are the ones that match.
        const files = days.map((times) => ({ first: Math.min(...times), last: Math.max(...times), events: 400_000 }))
        const search: Search = {
          filter: EVERYTHING,
          order,
          limit: 1000,
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
        }
        const found = await outward(files as unknown as DayFile[], search, begin, size, ask)
        expect(found).toEqual(within(search).slice(0, size))
        expect(looks).toBeLessThan(12)
      },
    ),
    { numRuns: 500 },
  )
})
