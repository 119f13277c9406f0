/**
 * JSON (RFC 8259) as leaves: one pass over the bytes, no object is made. Texts lie where they stand, unescaped ones in scratch.
 * A line that is cut off says what it holds up to there: who writes a long address must not escape the rules by it.
 */
import type { Row } from '../row/row.ts'
import { standsAt } from '../row/values.ts'
import { FALSE, type Leaves, NOBODY, NUMBER, ROOT, STRING, TRUE } from './leaves.ts'

/** The object was read to its end. */
export const WHOLE = -1
/** The line ended within it. */
export const CUT = -2

const DEEPEST = 64
const nodes = new Int32Array(DEEPEST)
const arrays = new Uint8Array(DEEPEST)
const insides = new Uint8Array(DEEPEST)

const hex = (c: number): number =>
  c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1
const unit = (b: Uint8Array, at: number, to: number): number => {
  if (at + 4 > to) return -1
  let n = 0
  for (let i = at; i < at + 4; i++) {
    const h = hex(b[i]!)
    if (h < 0) return -1
    n = n * 16 + h
  }
  return n
}
const SHORT: Readonly<Record<number, number>> = { 98: 8, 102: 12, 110: 10, 114: 13, 116: 9 }

/** What a string says whose escapes are these, in scratch: it ends at `row.at`. Half a pair of surrogates is U+FFFD. */
const unescapedJson = (row: Row, from: number, to: number): number => {
  row.reserve((to - from) * 3)
  const { bytes: b } = row
  const begin = row.at
  let at = begin
  for (let i = from; i < to; ) {
    const c = b[i]!
    if (c !== 92 || i + 1 >= to) {
      b[at++] = c
      i++
      continue
    }
    const e = b[i + 1]!
    i += 2
    if (e !== 117) {
      b[at++] = SHORT[e] ?? e
      continue
    }
    let code = unit(b, i, to)
    if (code < 0) {
      b[at++] = 117
      continue
    }
    i += 4
    if (code >= 0xd800 && code <= 0xdbff && b[i] === 92 && b[i + 1] === 117) {
      const low = unit(b, i + 2, to)
      if (low >= 0xdc00 && low <= 0xdfff) {
        code = 0x10000 + (code - 0xd800) * 0x400 + (low - 0xdc00)
        i += 6
      }
    }
    if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd
    if (code < 0x80) b[at++] = code
    else if (code < 0x800) {
      b[at++] = 0xc0 | (code >> 6)
      b[at++] = 0x80 | (code & 63)
    } else if (code < 0x10000) {
      b[at++] = 0xe0 | (code >> 12)
      b[at++] = 0x80 | ((code >> 6) & 63)
      b[at++] = 0x80 | (code & 63)
    } else {
      b[at++] = 0xf0 | (code >> 18)
      b[at++] = 0x80 | ((code >> 12) & 63)
      b[at++] = 0x80 | ((code >> 6) & 63)
      b[at++] = 0x80 | (code & 63)
    }
  }
  row.at = at
  b[at] = 0
  row.look(begin, at)
  return begin
}

/** Where an object or array ends that is nested too deep to be read. */
const skipped = (b: Uint8Array, from: number, to: number): number => {
  let depth = 0
  let p = from
  for (; p < to; p++) {
    const c = b[p]!
    if (c === 34) {
      for (p++; p < to && b[p] !== 34; p++) if (b[p] === 92) p++
    } else if (c === 123 || c === 91) depth++
    else if ((c === 125 || c === 93) && --depth === 0) return p + 1
  }
  return to
}
/** Of the last object that was read: where it ended. */
let end = 0
export const jsonEnd = (): number => end

/**
 * Reads one object into `leaves`, below the name `parent`. Answers WHOLE, CUT, or where something stands that is no JSON.
 * Commas and what follows the object are not looked at.
 */
export const readJson = (row: Row, from: number, to: number, leaves: Leaves, parent = ROOT): number => {
  let b = row.bytes
  let p = from
  while (p < to && b[p]! <= 32) p++
  if (p >= to || b[p] !== 123) return p
  p++
  let depth = 0
  let [node, array, within] = [parent, 0, 0]
  for (;;) {
    while (p < to && (b[p]! <= 32 || b[p] === 44)) p++
    if (p >= to) return CUT
    let c = b[p]!
    if (c === 125 || c === 93) {
      if ((c === 93) !== (array === 1)) return p
      p++
      if (depth === 0) {
        end = p
        return WHOLE
      }
      depth--
      node = nodes[depth]!
      array = arrays[depth]!
      within = insides[depth]!
      continue
    }
    let child = node
    if (array === 0) {
      if (c !== 34) return p
      p++
      child = node < 0 ? NOBODY : leaves.guess(node, b, p)
      if (child >= 0) p += leaves.lengthOf(child) + 1
      else {
        const key = p
        let escaped = false
        while (p < to && b[p] !== 34) {
          if (b[p] === 92) {
            escaped = true
            p++
          }
          p++
        }
        if (p >= to) return CUT
        if (escaped) {
          const at = unescapedJson(row, key, p)
          b = row.bytes
          child = leaves.find(node, b, at, row.at)
        } else child = leaves.find(node, b, key, p)
        p++
      }
      while (p < to && b[p]! <= 32) p++
      if (p >= to) return CUT
      if (b[p] !== 58) return p
      p++
      while (p < to && b[p]! <= 32) p++
      if (p >= to) return CUT
      c = b[p]!
    }
    if (c === 34) {
      const a = ++p
      let escaped = false
      while (p < to && (c = b[p]!) !== 34) {
        if (c === 92) {
          escaped = true
          p++
        }
        p++
      }
      const z = Math.min(p, to)
      if (p >= to) leaves.cut = leaves.count
      if (escaped) {
        const at = unescapedJson(row, a, z)
        b = row.bytes
        leaves.add(child, STRING, at, row.at, within)
      } else leaves.add(child, STRING, a, z, within)
      if (p >= to) return CUT
      p++
    } else if (c === 123 || c === 91) {
      if (depth === DEEPEST) {
        p = skipped(b, p, to)
        continue
      }
      nodes[depth] = node
      arrays[depth] = array
      insides[depth] = within
      depth++
      node = child
      array = c === 91 ? 1 : 0
      within |= array
      p++
    } else if (c === 116 || c === 102 || c === 110) {
      const text = c === 116 ? 'true' : c === 102 ? 'false' : 'null'
      if (p + text.length > to) return CUT
      if (!standsAt(b, p, text)) return p
      if (c !== 110) leaves.add(child, c === 116 ? TRUE : FALSE, p, p + text.length, within)
      p += text.length
    } else {
      const a = p
      while (p < to && ((c = b[p]!) <= 57 ? c >= 48 || c === 45 || c === 46 || c === 43 : c === 101 || c === 69)) p++
      if (p === a) return p
      // A number at the end of a line may go on.
      if (p >= to) return CUT
      leaves.add(child, NUMBER, a, p, within)
    }
  }
}
