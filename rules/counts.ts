/** How many events a burst has, after days of ingest that were lost and read again too (`recount.ts`). */
import type { Stored } from '../ingest/store/store.ts'
import type { Alert } from './alert.ts'
import type { Island } from './bursts.ts'
import type { Recount } from './recount.ts'

type Span = { readonly first: number; readonly last: number }

/** How many events a burst has, whose members and islands are these. */
export const countOf = async (
  recount: Recount,
  burst: {
    /** Lost days of its members: what the islands bring may be counted in these already. */
    readonly days: readonly string[]
    readonly first: number
    readonly last: number
    readonly members: readonly Stored<Alert>[]
    /** Members whose counts were not taken over yet; the first is kept. */
    readonly joining: readonly Stored<Alert>[]
    readonly closed: readonly Stored<Alert>[]
    readonly islands: readonly Island[]
    /** Of the kept one, where something cut it short. */
    readonly kept: number | undefined
  },
): Promise<number> => {
  const { days, first, last, members, joining, closed, islands, kept } = burst
  const counted =
    (kept ?? members[0]!.doc['alert.count']) + joining.reduce((sum, { doc }) => sum + doc['alert.count'], 0)
  if (days.length === 0) return counted + islands.reduce((sum, island) => sum + island.count, 0)
  if (members.some(({ doc }) => recount.gone(doc))) {
    // What lies within its span may be what it has counted.
    const within = ({ first: from, last: until }: Span) =>
      members.some(({ doc }) => from >= doc['alert.first'] && until <= doc['alert.last'])
    return counted + islands.reduce((sum, island) => sum + (within(island) ? 0 : island.count), 0)
  }
  // A closed alert keeps the events that it has told of, though others came between them late.
  const elsewhere = closed.filter(({ doc }) => doc['alert.first'] <= last && doc['alert.last'] >= first)
  const total = await recount.count({ first, last })
  return Math.max(1, total - elsewhere.reduce((sum, { doc }) => sum + doc['alert.count'], 0))
}

/** How many events of a burst without an alert are new: closed alerts over it may have told of the others. */
export const newIn = async (
  recount: Recount,
  { first, last, closed, islands }: Span & { closed: readonly Stored<Alert>[]; islands: readonly Island[] },
): Promise<number> => {
  const found = islands.reduce((sum, island) => sum + island.count, 0)
  const over = closed.filter(({ doc }) => doc['alert.first'] <= last && doc['alert.last'] >= first)
  if (!over.some(({ doc }) => recount.stale(doc).length > 0 && !recount.gone(doc))) return found
  const span = {
    first: Math.min(first, ...over.map(({ doc }) => doc['alert.first'])),
    last: Math.max(last, ...over.map(({ doc }) => doc['alert.last'])),
  }
  const told = over.reduce((sum, { doc }) => sum + doc['alert.count'], 0)
  return Math.max(1, Math.min(found, (await recount.count(span)) - told))
}
