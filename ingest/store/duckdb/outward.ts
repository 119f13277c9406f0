/**
 * A page of a list, looked for from its beginning: a stretch of time, then one eight times as long behind it, until there are
 * enough. What is on a page is as a rule among the first thousands of events, and a text is looked for in no more than these.
 */
import type { Search, Window } from '../store.ts'
import type { DayFile } from './days.ts'

/** Events for which one look is enough, and those that the first look is for. */
const SMALL = 50_000
const STRETCH = 8192

/**
 * The first `size` rows of a search over the files, in its order; `begin`: the time of the row that the page begins behind.
 * `ask` answers the first so many rows of a window.
 */
export const outward = async (
  files: readonly DayFile[],
  search: Search,
  begin: number | undefined,
  size: number,
  ask: (window: Window, size: number) => Promise<unknown[][]>,
): Promise<unknown[][]> => {
  const events = files.reduce((sum, file) => sum + file.events, 0)
  if (events < SMALL) return ask(search, size)
  const newest = search.order === 'newest'
  const first = Math.min(...files.map((file) => file.first))
  const last = Math.max(...files.map((file) => file.last))
  const [from, to] = [Math.max(search.from ?? first, first), Math.min(search.to ?? last + 1, last + 1)]
  const rows: unknown[][] = []
  let width = Math.max(1000, Math.ceil(((last - first + 1) * STRETCH) / events))
  let edge = begin === undefined ? (newest ? to : from) : newest ? Math.min(to, begin + 1) : Math.max(from, begin)
  for (let isFirst = true; ; isFirst = false, width *= 8) {
    const next = newest ? edge - width : edge + width
    const isLast = newest ? next <= from : next >= to
    // The outermost stretches are open: what is committed meanwhile belongs to the list too.
    const window: Window = newest
      ? { ...search, ...(isLast ? {} : { from: next }), ...(isFirst ? {} : { to: edge }) }
      : { ...search, ...(isFirst ? {} : { from: edge }), ...(isLast ? {} : { to: next }) }
    rows.push(...(await ask(window, size - rows.length)))
    if (isLast || rows.length >= size) return rows
    edge = next
  }
}
