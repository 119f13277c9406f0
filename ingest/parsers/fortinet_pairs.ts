/** The pairs of the line that is read. One set for all lines: a parser is synchronous, and every line empties it first. */
import type { Memo } from '../row/memo.ts'
import type { Row } from '../row/row.ts'
import { is } from '../row/values.ts'
import { KEYS } from './fortinet_fields.ts'
import { Pairs } from './keyvalue.ts'

export const pairs = new Pairs(KEYS)
export type Group = 'event' | 'traffic' | 'utm'

/** FortiOS writes N/A where it knows nothing. */
export const said = (b: Uint8Array, id: number): boolean => {
  if (!pairs.has(id)) return false
  const from = pairs.from[id]!
  const size = pairs.to[id]! - from
  return size !== 0 && !(size === 3 && b[from] === 78 && b[from + 1] === 47 && b[from + 2] === 65)
}
/** The first of these keys that says something, -1 where none does. */
export const first = (b: Uint8Array, ...ids: readonly number[]): number => {
  for (const id of ids) if (said(b, id)) return id
  return -1
}
export const put = (row: Row, f: number, id: number): void => row.text(f, pairs.from[id]!, pairs.to[id]!)
export const textOf = (row: Row, id: number): string | undefined =>
  said(row.bytes, id) ? row.slice(pairs.from[id]!, pairs.to[id]!) : undefined
/** The value of a key, remembered by its bytes. */
export const known = <T>(memo: Memo<T>, b: Uint8Array, id: number): T => memo.get(b, pairs.from[id]!, pairs.to[id]!)
export const isKey = (b: Uint8Array, id: number, text: string): boolean =>
  pairs.has(id) && is(b, pairs.from[id]!, pairs.to[id]!, text)
export const has = (id: number): boolean => pairs.has(id)
