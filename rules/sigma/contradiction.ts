/** Whether a filter contradicts itself, as far as that shows by its structure: a leaf and its negation, or nothing at all. */
import type { Filter } from '../../ingest/store/filter.ts'

/** Steps of the search; of what needs more nothing is said. */
const MOST = 10_000

export const cannotHold = (filter: Filter): boolean => {
  let steps = 0
  const names = new Map<Filter, string>()
  const nameOf = (leaf: Filter): string => {
    let name = names.get(leaf)
    if (name === undefined) names.set(leaf, (name = JSON.stringify(leaf)))
    return name
  }
  type Wanted = { readonly filter: Filter; readonly holds: boolean }
  /** Whether all of these can hold at once with what is assumed of leaves. */
  const possible = (left: readonly Wanted[], assumed: ReadonlyMap<string, boolean>): boolean => {
    if (++steps > MOST) return true
    const known = new Map(assumed)
    const open: Wanted[] = []
    for (const queue = [...left]; queue.length > 0; ) {
      const { filter: each, holds } = queue.pop()!
      if (each.op === 'not') queue.push({ filter: each.of, holds: !holds })
      else if ((each.op === 'and' && holds) || (each.op === 'or' && !holds))
        queue.push(...each.of.map((of) => ({ filter: of, holds })))
      else if (each.op === 'and' || each.op === 'or') {
        if (each.of.length === 0) return false
        open.push({ filter: each, holds })
      } else {
        const name = nameOf(each)
        if ((known.get(name) ?? holds) !== holds) return false
        known.set(name, holds)
      }
    }
    // The shortest first: it leaves the fewest ways.
    open.sort((a, b) => sizeOf(a.filter) - sizeOf(b.filter))
    const [first, ...rest] = open
    if (!first) return true
    const parts = (first.filter as { readonly of: readonly Filter[] }).of
    return parts.some((part) => possible([{ filter: part, holds: first.holds }, ...rest], known))
  }
  return !possible([{ filter, holds: true }], new Map())
}

const sizeOf = (filter: Filter): number => ('of' in filter && Array.isArray(filter.of) ? filter.of.length : 1)
