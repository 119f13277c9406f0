/** How documents are ordered, and where a page goes on. */
import type { SQLInputValue } from 'node:sqlite'
import { WrongQuestion } from './store.ts'

/** As SQLite orders: numbers before texts, texts by their bytes; absent values last, whatever the order. */
export const compare = (a: SQLInputValue, b: SQLInputValue, order: 'asc' | 'desc'): number => {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1
  const [first, second] = [typeof a === 'string', typeof b === 'string']
  const c =
    first !== second
      ? Number(first) - Number(second)
      : first
        ? Buffer.compare(Buffer.from(a as string), Buffer.from(b as string))
        : Number(a) - Number(b)
  return order === 'asc' ? c : -c
}

/** A cursor comes back from a browser: it is a person's input. */
export const placeOf = (cursor: string, length: number): SQLInputValue[] => {
  try {
    const values: unknown = JSON.parse(cursor)
    const known = (value: unknown) => value === null || typeof value === 'string' || Number.isFinite(value)
    if (Array.isArray(values) && values.length === length && values.every(known) && typeof values.at(-1) === 'string')
      return values as SQLInputValue[]
  } catch {
    // Said below.
  }
  throw new WrongQuestion(
    'the place to read on from is not one that this store has given: begin again at the first page',
  )
}
