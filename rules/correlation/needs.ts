/** What can be said of a group of a correlation before its events are read. */
import type { Correlation } from '../rule.ts'
import { innerOf } from './evaluate.ts'
import { leastOf } from './kind.ts'

/** What a group needs to have at least, that a store can say before its events are read. */
export interface Need {
  readonly bases: readonly number[]
  readonly by: readonly string[]
  readonly atLeast: number
  readonly distinct?: string
}
/** The way in which all of some lists are alike; undefined where they differ. */
const alike = (lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined =>
  lists[0] && lists.every((list) => list?.join('\n') === lists[0]!.join('\n')) ? lists[0] : undefined

export const needsOf = (correlation: Correlation, keys = correlation.keys): readonly Need[] => {
  const { type, over, bounds, terms, fields } = correlation
  if (type.startsWith('temporal'))
    return over.flatMap((each, i): readonly Need[] => {
      if (!terms?.every(({ all }) => all.includes(i))) return []
      if (typeof each !== 'number') return needsOf(each, keys)
      return [{ bases: [each], by: keys[each]!, atLeast: 1 }]
    })
  if (innerOf(correlation).length > 0) return []
  const bases = over.filter((each) => typeof each === 'number')
  const by = alike(bases.map((base) => keys[base]))
  if (!by) return []
  // Of a sum and the like there is one at least.
  const atLeast = bounds && (type === 'event_count' || type === 'value_count') ? leastOf(bounds) : 1
  if (type !== 'value_count') return [{ bases, by, atLeast }]
  const [distinct, ...others] = alike(bases.map((base) => fields?.[base])) ?? []
  return distinct !== undefined && others.length === 0 ? [{ bases, by, atLeast, distinct }] : []
}
