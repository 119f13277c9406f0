/** Where rows go: a store's own form, or objects for a person, a rule, a test. */
import type { Event } from '../event.ts'
import { field } from './handles.ts'
import type { Row } from './row.ts'

export interface Sink<P> {
  /** Takes the row as it is now. What it does not copy stays in the row's memory until `cut`. */
  add(row: Row): void
  /** Rows that are taken before a `cut` has to be. */
  room(): number
  /** The memory of the rows that were taken is given to something else. */
  cut(row: Row): void
  /** What was made of the rows since the last call. */
  take(): P
}

const TIME = field('@timestamp')

/** Rows as objects. */
export const eventSink = (): Sink<Event[]> => {
  let events: Event[] = []
  return {
    add: (row) => {
      events.push(row.event())
    },
    room: () => 1024,
    cut: () => {},
    take: () => {
      const out = events
      events = []
      return out
    },
  }
}

/** Events, as a sink takes them: for those that the program makes itself. */
export const through = <P>(sink: Sink<P>, row: Row, events: readonly Event[]): P => {
  row.reset()
  for (let i = 0; i < events.length; i++) {
    row.begin()
    row.put(events[i]!)
    sink.add(row)
    if (i % 256 !== 255 && sink.room() > 0) continue
    sink.cut(row)
    row.reset()
  }
  sink.cut(row)
  return sink.take()
}

/** '@timestamp' of the row. */
export const timeOf = (row: Row): number => row.number[TIME]!
