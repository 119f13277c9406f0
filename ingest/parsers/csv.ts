/**
 * Columns separated by a comma (or another byte), read as bytes. A column that begins with a quote ends at the quote that a
 * separator or the end follows; a doubled quote in it is one (RFC 4180). A quote anywhere else is a character like any other.
 */
import type { Row } from '../row/row.ts'

/** What is beyond is only in the raw line. */
const MOST = 256

export interface Columns {
  readonly from: Int32Array
  readonly to: Int32Array
  count: number
}
export const columns = (): Columns => ({ from: new Int32Array(MOST), to: new Int32Array(MOST), count: 0 })

/** The columns of the row's memory from `start` to `end`. A quote that is never closed is a character. */
export const splitColumns = (row: Row, start: number, end: number, out: Columns, separator = 44): void => {
  let b = row.bytes
  let n = 0
  let at = start
  // Once a quote was not closed, none after it is: each would be looked for to the end of the line.
  let quotes = true
  for (;;) {
    let from = at
    let to = -1
    if (quotes && b[at] === 34 && at < end) {
      let doubled = false
      let i = at + 1
      for (; i < end; i++) {
        if (b[i] !== 34) continue
        if (i + 1 >= end || b[i + 1] === separator) break
        if (b[i + 1] === 34) {
          doubled = true
          i++
        }
      }
      if (i < end) {
        from = at + 1
        to = i
        at = i + 1
        if (doubled) {
          ;[from, to] = undoubled(row, from, to)
          b = row.bytes
        }
      } else quotes = false
    }
    if (to < 0) {
      while (at < end && b[at] !== separator) at++
      to = at
    }
    out.from[n] = from
    out.to[n] = to
    n++
    if (at >= end || n === MOST) break
    at++
  }
  out.count = n
}

/** The text with one quote where two stand. */
const undoubled = (row: Row, from: number, to: number): [number, number] => {
  row.reserve(to - from)
  const { bytes } = row
  const begin = row.at
  let at = begin
  for (let i = from; i < to; i++) {
    if (bytes[i] === 34 && bytes[i + 1] === 34 && i + 1 < to) i++
    bytes[at++] = bytes[i]!
  }
  row.at = at
  bytes[at] = 0
  return [begin, at]
}
