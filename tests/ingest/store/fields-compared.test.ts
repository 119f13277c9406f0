/** Two fields of one event compared, and parts of a time: what holds by the plain words, at any length and in any place. */
import fc from 'fast-check'
import { afterEach, expect, test } from 'vitest'
import { compile } from '../../../ingest/store/match.ts'

const zone = process.env['TZ']
afterEach(() => {
  if (zone === undefined) delete process.env['TZ']
  else process.env['TZ'] = zone
})

const PLAIN = {
  equals: (a: string, b: string) => a === b,
  contains: (a: string, b: string) => a.includes(b),
  startswith: (a: string, b: string) => a.startsWith(b),
  endswith: (a: string, b: string) => a.endsWith(b),
  lt: (a: string, b: string) => Number(a) < Number(b),
  lte: (a: string, b: string) => Number(a) <= Number(b),
  gt: (a: string, b: string) => Number(a) > Number(b),
  gte: (a: string, b: string) => Number(a) >= Number(b),
}
const HOWS = Object.keys(PLAIN) as (keyof typeof PLAIN)[]

test('any value of the one with any of the other', () => {
  const texts = fc.array(fc.stringMatching(/^[ab1-3]{0,4}$/), { minLength: 1, maxLength: 6 })
  const numbers = fc.array(fc.integer({ min: -5, max: 5 }).map(String), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(fc.constantFrom(...HOWS), texts, texts, numbers, numbers, (how, a, b, n, m) => {
      const [ours, others] = /^[lg]te?$/.test(how) ? [n, m] : [a, b]
      const holds = compile({ op: 'ref', field: 'a', other: 'b', how, cased: true })({ a: ours, b: others })
      expect(holds).toBe(ours.some((x) => others.some((y) => PLAIN[how](x, y))))
    }),
    { numRuns: 1000 },
  )
})

test.each(HOWS.filter((how) => how !== 'contains'))('%s of lists that somebody made long ends', (how) => {
  // One by one this would be 10^10 comparisons.
  const ours = Array.from({ length: 100_000 }, (_, i) => String(i))
  const others = ours.map((value) => (/^lt/.test(how) ? `-${value}9` : `${value}99999999`))
  const [a, b] = /^gt/.test(how) ? [others.map((value) => `-${value}`), ours] : [ours, others]
  expect(compile({ op: 'ref', field: 'a', other: 'b', how })({ a, b })).toBe(
    how === 'lte' || how === 'gte' ? isMet(a, b, how) : false,
  )
})
const isMet = (a: readonly string[], b: readonly string[], how: 'lte' | 'gte'): boolean => {
  const [low, high] = how === 'lte' ? [a, b] : [b, a]
  return low.map(Number).reduce((x, y) => Math.min(x, y)) <= high.map(Number).reduce((x, y) => Math.max(x, y))
}

test.each([
  ['2026-11-27T23:30', 23],
  ['2026-11-27T23:30:00', 23],
  ['2026-11-27T23:30:00,5', 23],
  ['2026-11-27T23:30:00.123456789Z', 23],
  ['2026-11-27T23:30:00+07:00', 16],
  ['2026-11-27T23:30:00+0700', 16],
  ['2026-11-27T23:30:00 (đêm)', undefined],
  ['2026-11-27T25:00', undefined],
])('the hour of %s is UTC’s, wherever the server stands', (text, hour) => {
  for (const place of ['UTC', 'Asia/Ho_Chi_Minh', 'America/New_York']) {
    process.env['TZ'] = place
    const hours = Array.from({ length: 24 }, (_, i) => i).filter((value) =>
      compile({ op: 'part', field: 't', part: 'hour', values: [value] })({ t: text }),
    )
    expect(hours, place).toEqual(hour === undefined ? [] : [hour])
  }
})
