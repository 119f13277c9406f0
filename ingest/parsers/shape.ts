/**
 * Events of one kind of line have the same fields. V8 keeps an object that grows field by field as a hash table, which
 * costs twice as much to fill and to read as a copy of an object that has all the fields already.
 */
import type { Event } from '../event.ts'

interface Shape {
  readonly names: readonly string[]
  /** Every field, undefined: a copy never holds a value of another line. */
  readonly blank: Event
}

const MOST = 512
const shapes = new Map<number, Shape>()

/** An event with the fields that the last line of this signature had, all undefined as yet. Ends with `finished`. */
export const begun = (signature: number): Event => {
  const shape = shapes.get(signature)
  return shape ? { ...shape.blank } : {}
}

/** The event without what stayed undefined. The signature need not tell the fields exactly, only mostly. */
export const finished = (signature: number, event: Event): Event => {
  const shape = shapes.get(signature)
  if (!shape) {
    if (shapes.size < MOST) {
      const names = Object.keys(event)
      // Parsed in one piece, the object is not a hash table.
      const blank = JSON.parse(JSON.stringify(Object.fromEntries(names.map((name) => [name, null])))) as Event
      for (const name of names) (blank as Record<string, unknown>)[name] = undefined
      shapes.set(signature, { names, blank })
    }
    return event
  }
  const { names } = shape
  for (let i = 0; i < names.length; i++) {
    if (event[names[i]!] === undefined)
      return Object.fromEntries(Object.entries(event).filter(([, v]) => v !== undefined))
  }
  return event
}
