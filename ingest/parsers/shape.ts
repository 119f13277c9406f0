/**
 * Events of one kind of line have the same fields. V8 keeps an object that grows field by field as a hash table, which
 * costs twice as much to fill and to read as a copy of an object that has all the fields already.
 */
import type { Event } from '../event.ts'

const MOST = 512
/** By signature, an object with every field, undefined: a copy never holds a value of another line. */
const shapes = new Map<number, Event>()

/** An event with the fields that the last line of this signature had, all undefined as yet. Ends with `finished`. */
export const begun = (signature: number): Event => {
  const blank = shapes.get(signature)
  return blank ? { ...blank } : {}
}

/** The event without what stayed undefined. The signature need not tell the fields exactly, only mostly. */
export const finished = (signature: number, event: Event): Event => {
  if (!shapes.has(signature)) {
    if (shapes.size < MOST) {
      const names = Object.keys(event)
      // Parsed in one piece, the object is not a hash table.
      const blank = JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, null])))) as Event
      for (const name of names) (blank as Record<string, unknown>)[name] = undefined
      shapes.set(signature, blank)
    }
    return event
  }
  // Object.values of such an object is one copy, where a look-up a name would cost as much as the filling.
  if (!Object.values(event).includes(undefined as never)) return event
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined))
}
