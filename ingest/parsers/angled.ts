/** `key=value, key=<value>`, as mail servers write it: a value in angle brackets ends where one closes and a separator follows. */
import type { Row } from '../row/row.ts'
import { type Leaves, ROOT, STRING } from './leaves.ts'

const isKey = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95 || c === 45
const separates = (c: number | undefined): boolean => c === undefined || c === 44 || c === 59 || c <= 32

/** Reads the pairs of the range into `leaves`; words that are no pairs are passed over. Answers where the last pair ends. */
export const readAngled = (row: Row, from: number, to: number, leaves: Leaves): number => {
  const { bytes: b } = row
  let last = from
  // Behind an angle that is never closed there is none that closes.
  let closes = true
  for (let at = from; at < to; ) {
    while (at < to && separates(b[at])) at++
    const key = at
    while (at < to && isKey(b[at]!)) at++
    if (at === key || at >= to || b[at] !== 61) {
      while (at < to && !separates(b[at])) at++
      continue
    }
    const node = at - key <= 64 ? leaves.find(ROOT, b, key, at) : -1
    at++
    let end = at
    if (b[at] === 60 && closes) {
      end = at + 1
      while (end < to && !(b[end] === 62 && (end + 1 === to || b[end + 1] === 58 || separates(b[end + 1])))) end++
      if (end < to) {
        leaves.add(node, STRING, at + 1, end)
        at = last = end + 1
        continue
      }
      closes = false
    }
    if (b[at] === 60 && at < to) at++
    end = at
    while (end < to && !separates(b[end])) end++
    if (end - at === 1 && b[at] === 58) end = at
    leaves.add(node, STRING, at, end)
    while (end < to && !separates(b[end])) end++
    at = last = end
  }
  return last
}
