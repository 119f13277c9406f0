/** The events that an alert shows: the earliest, as its agency may see them. */
import type { Event } from '../ingest/event.ts'
import { type Store, SYSTEM } from '../ingest/store/store.ts'
import type { Part } from './alert.ts'
import { byTime, type Island, type Moment, SAMPLE } from './bursts.ts'
import { isCopy, shownTo } from './parts.ts'

export interface Sample {
  readonly events: Event[]
  readonly copies: boolean
}

export const momentOf = (event: Event): Moment => ({
  time: event['@timestamp'] as number,
  id: event['event.id'] as string,
})

/** The earliest events of the islands, as the part's agency may see them. */
export const eventsOf = async (
  store: Store,
  islands: readonly Island[],
  { agency }: Pick<Part, 'agency'>,
): Promise<Sample> => {
  const out: Event[] = []
  for (const { sample, first, sampled } of islands.slice(0, SAMPLE)) {
    const filter = { op: 'in', field: 'event.id', values: [...sample], cased: true } as const
    const { items } = await store.events.search(SYSTEM, {
      filter,
      from: first,
      to: sampled + 1,
      order: 'oldest',
      limit: SAMPLE,
    })
    out.push(...items)
  }
  return shownOf(out, agency)
}

const shownOf = (found: readonly Event[], agency: string): Sample => {
  const events = found.toSorted((a, b) => byTime(momentOf(a), momentOf(b))).slice(0, SAMPLE)
  return {
    events: events.map((event) => shownTo(event, agency)),
    copies: events.some((event) => isCopy(event, agency)),
  }
}

/** Events that are asked for at once. */
const TOGETHER = 1000

/**
 * The same of many islands, read together. `early` says which of them are likely to be asked for: of an alert that shows all it
 * can, later events are not read. Another that is asked for is read then.
 */
export const eventsOfMany = async (
  store: Store,
  wanted: readonly Island[],
  early: (island: Island) => boolean = () => true,
): Promise<(islands: readonly Island[], agency: string) => Promise<Sample>> => {
  const found = new Map<string, Event>()
  const asked = new Set<Island>()
  const read = async (islands: readonly Island[]): Promise<void> => {
    for (let i = 0; i < islands.length; ) {
      const ids = new Set<string>()
      let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
      for (; i < islands.length && ids.size < TOGETHER; i++) {
        const island = islands[i]!
        asked.add(island)
        for (const id of island.sample) ids.add(id)
        first = Math.min(first, island.first)
        last = Math.max(last, island.sampled)
      }
      const filter = { op: 'in', field: 'event.id', values: [...ids], cased: true } as const
      for await (const events of store.events.match(SYSTEM, { filter, from: first, to: last + 1 }))
        for (const event of events) found.set(event['event.id'] as string, event)
    }
  }
  await read(wanted.filter(early))
  return async (islands, agency) => {
    const shown = islands.slice(0, SAMPLE)
    await read(shown.filter((island) => !asked.has(island)))
    return shownOf(
      shown.flatMap(({ sample }) => sample.map((id) => found.get(id))).filter((event) => event !== undefined),
      agency,
    )
  }
}
