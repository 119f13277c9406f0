/** Numbers measured in process: what `measure` means, and how it is answered where a store cannot say it exactly. */
import type { Event } from '../event.ts'
import type { Measure } from './store.ts'

const AS: { readonly [as in Measure['as']]: (a: number, b: number) => number } = {
  least: Math.min,
  greatest: Math.max,
  sum: (a, b) => a + b,
}

export const openMeasured = (of: readonly Measure[]) => {
  let count = 0
  const values: (number | undefined)[] = of.map(() => undefined)
  return {
    /** `flat`: the fields of one document. */
    add: (flat: Event): void => {
      count++
      for (const [i, { field, as }] of of.entries()) {
        const value = flat[field]
        if (typeof value !== 'number') continue
        const before = values[i]
        values[i] = before === undefined ? value : AS[as](before, value)
      }
    },
    answer: () => ({ count, values }),
  }
}
