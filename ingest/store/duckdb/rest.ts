/** The rest column: what has no column of its own, or does not fit it, as members of one JSON object. */
import { keyOf, LASTING, LONGEST_KEY, putKey } from '../../row/handles.ts'
import { BOOLEAN, JSON_VALUE, LIST, MADE, type Row, TEXT } from '../../row/row.ts'
import { putJson } from '../json.ts'

/** Most bytes that a member takes: a control character becomes six. */
export const sizeOf = (row: Row, f: number): number => {
  const kind = row.kind[f]!
  let bytes = 40 + (f < LASTING ? LONGEST_KEY : row.nameOf(f).length * 6)
  if (kind === TEXT) bytes += (row.to[f]! - row.from[f]!) * 6
  else if (kind === JSON_VALUE) bytes += row.to[f]! - row.from[f]!
  else if (kind === LIST)
    for (let i = row.from[f]!; i < row.to[f]!; i++) bytes += (row.items[i * 2 + 1]! - row.items[i * 2]!) * 6 + 3
  return bytes
}

/** Writes `,"name":value` at `to` of the row's memory, where there is room for it; answers its end. */
export const putMember = (row: Row, f: number, to: number): number => {
  const { bytes, view } = row
  let at = to
  if (f < LASTING) at = putKey(view, at, f)
  else {
    const key = keyOf(row.nameOf(f))
    bytes.set(key, at)
    at += key.length
  }
  const kind = row.kind[f]!
  if (kind === TEXT) return putJson(row, row.from[f]!, row.to[f]!, row, at)
  if (kind === JSON_VALUE) {
    bytes.copyWithin(at, row.from[f]!, row.to[f]!)
    return at + row.to[f]! - row.from[f]!
  }
  if (kind === LIST) {
    bytes[at++] = 91
    for (let i = row.from[f]!; i < row.to[f]!; i++) {
      if (i > row.from[f]!) bytes[at++] = 44
      at = putJson(row, row.items[i * 2]!, row.items[i * 2 + 1]!, row, at)
    }
    bytes[at++] = 93
    return at
  }
  if (kind === MADE) throw new Error('what is made of other fields is not stored')
  const text = kind === BOOLEAN ? (row.number[f] === 1 ? 'true' : 'false') : String(row.number[f])
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
  return at + text.length
}
