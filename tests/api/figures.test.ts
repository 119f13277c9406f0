import { expect, test } from 'vitest'
import { usual } from '../../api/figures/changes.ts'
import { spreadOf } from '../../api/figures/spread.ts'
import { figuresHold } from './figured.ts'

figuresHold()

test.each([
  [[], { n: 0 }],
  [[7], { n: 1, median: 7 }],
  [[4, 1, 3, 2], { n: 4, median: 2 }],
  [[5, 1, 4, 2, 3], { n: 5, median: 3, p90: 5 }],
  [Array.from({ length: 100 }, (_, i) => 100 - i), { n: 100, median: 50, p90: 90 }],
])('the spread, case %#', (values, spread) => expect(spreadOf(values)).toEqual(spread))

test.each([
  [[], 0],
  [[5], 0],
  [[1, 3, 2], 1.5],
  [[1, null, 5, 7], 2],
])('what is usual of %j is %d a week', (weeks, step) => expect(usual(weeks)).toBe(step))
