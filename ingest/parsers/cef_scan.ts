/** ArcSight's Common Event Format: a header of seven parts, then extensions `key=value` whose values hold blanks. */
import type { Row } from '../row/row.ts'

const isKey = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 95 || c === 46 || c === 45

/**
 * Calls `each` with the ranges of every extension's key and value, in their order. A value ends where a blank and the next
 * `key=` follow; `\=`, `\\`, `\n` in it are read. https://www.microfocus.com/documentation/arcsight (CEF Implementation Standard)
 */
export const scanCef = (
  row: Row,
  start: number,
  end: number,
  each: (key: number, keyEnd: number, from: number, to: number) => void,
): void => {
  let { bytes: b } = row
  let at = start
  for (let bars = 0; at < end && bars < 7; at++) {
    if (b[at] === 92) at++
    else if (b[at] === 124) bars++
  }
  while (at < end) {
    while (at < end && b[at]! <= 32) at++
    const key = at
    while (at < end && isKey(b[at]!)) at++
    if (at >= end || b[at] !== 61 || at === key) {
      while (at < end && b[at]! > 32) at++
      continue
    }
    const keyEnd = at++
    const from = at
    let to = from
    let escapes = false
    // Up to the blank before the next key.
    for (; at < end; at++) {
      if (b[at] === 92) {
        escapes = true
        at++
      } else if (b[at] === 32) {
        let k = at
        while (k < end && b[k] === 32) k++
        const next = k
        while (k < end && isKey(b[k]!)) k++
        if (k > next && k < end && b[k] === 61) break
        // The blanks were one run: each of them would walk it again.
        at = next - 1
      }
    }
    to = Math.min(at, end)
    if (!escapes) each(key, keyEnd, from, to)
    else {
      row.reserve(to - from)
      b = row.bytes
      const begin = row.at
      let out = begin
      for (let i = from; i < to; i++) {
        if (b[i] === 92 && i + 1 < to) {
          i++
          b[out++] = b[i] === 110 || b[i] === 114 ? 32 : b[i]!
        } else b[out++] = b[i]!
      }
      row.at = out
      b[out] = 0
      each(key, keyEnd, begin, out)
    }
    b = row.bytes
  }
}

/** The seven parts of the header: version, vendor, product, version, class, name, severity. */
export const cefHeader = (b: Uint8Array, from: number, to: number, parts: Int32Array): number => {
  let count = 0
  let begin = from + 4
  let at = begin
  for (; at < to && count < 7; at++) {
    if (b[at] === 92) at++
    else if (b[at] === 124) {
      parts[count * 2] = begin
      parts[count * 2 + 1] = at
      count++
      begin = at + 1
    }
  }
  if (count === 6) {
    // No extension follows, and no bar.
    parts[12] = begin
    parts[13] = to
    return 7
  }
  return count
}
