/**
 * Which words are in an event, as a number: many lines have the same words and differ in numbers and addresses alone, so the
 * sets of them are few, and each is written once into the day's table `words`. A word is then looked for in that table, and
 * the events are found by the number, without their texts (`lookup.ts`).
 *
 * A set is known again by 64 bits, sums over its words: in whatever order and, but for their number, however often they come.
 * They are keyed by numbers that nobody else knows, so that no sender can make two sets look alike. What is high goes back into
 * what is low with every letter: sums and products alone carry upwards only, and of two words that are put together of the same parts
 * by Thue and Morse's sequence and its opposite they come to the same, whatever the key is.
 */
import { randomBytes } from 'node:crypto'
import { wordsOf, WORDED } from '../words.ts'
import { type Chunk, INLINE, LAID, validBytes } from './slice.ts'

/** Sets that are remembered; then it begins anew, and a set may be written again. */
const MOST = 1 << 18

/** With a letter that no hexadecimal number has, and with one beyond ASCII. */
const [OTHER, WIDE] = [256, 512]
/** Of a byte the letter that it is, folded; 0: none. */
const LETTER = new Uint16Array(256)
for (let b = 0; b < 256; b++) {
  const folded = b >= 65 && b <= 90 ? b + 32 : b
  if (folded >= 97 && folded <= 122) LETTER[b] = folded + (folded > 102 ? OTHER : 0)
  if (b >= 128) LETTER[b] = b + OTHER + WIDE
}
const [KEY1, KEY2, KEY3, KEY4] = new Int32Array(new Uint8Array(randomBytes(16)).buffer).map(
  (key) => key | 1,
) as unknown as [number, number, number, number]

/** The sums of the texts that were looked through since they were set to 0. */
const sums = new Int32Array(2)
const sum = (bytes: Uint8Array, from: number, to: number): void => {
  let [one, two] = [sums[0]!, sums[1]!]
  for (let i = from; ; ) {
    let letter = 0
    while (i < to && (letter = LETTER[bytes[i]!]!) === 0) i++
    if (i >= to) break
    const begin = i
    let [a, b, all] = [KEY3, KEY4, 0]
    do {
      a = (Math.imul(a ^ (a >>> 15), KEY1) + letter) | 0
      b = Math.imul(b ^ (b >>> 13) ^ letter, KEY2)
      all |= letter
      i++
    } while (i < to && (letter = LETTER[bytes[i]!]!) !== 0)
    if (i - begin < 3 || (all & OTHER) === 0) continue
    one = (one + Math.imul(a ^ (a >>> 15), KEY4)) | 0
    two = (two + Math.imul(b ^ (b >>> 13), KEY3)) | 0
  }
  sums[0] = one
  sums[1] = two
}

let spelled = Buffer.allocUnsafe(1 << 16)
/** The words of a text, as `wordsOf` says them, behind what is spelled up to `at`; answers up to where it is then. */
const spell = (bytes: Buffer, from: number, to: number, at: number): number => {
  // A space more, and three bytes for two where letters fold to longer ones.
  if (spelled.length < at + 2 * (to - from) + 2)
    spelled = Buffer.concat([spelled, Buffer.allocUnsafe(at + 2 * (to - from))])
  const out = spelled
  const begun = at
  for (let i = from; i < to; ) {
    let [letter, all] = [0, 0]
    const begin = at
    for (; i < to && (letter = LETTER[bytes[i]!]!) !== 0; i++) {
      out[at++] = letter
      all |= letter
    }
    if (all & WIDE) return begun + out.write(`${wordsOf(bytes.toString('utf8', from, to)).join(' ')} `, begun)
    if (at - begin < 3 || (all & OTHER) === 0) at = begin
    else out[at++] = 32
    while (i < to && LETTER[bytes[i]!] === 0) i++
  }
  return at
}

const places = WORDED.map((name) => LAID.findIndex((column) => column.name === name))
const ODD = LAID.findIndex((column) => column.name === 'odd')

/** The numbers of a chunk's sets; of a row without one the texts have to be looked at. */
export interface Numbered {
  readonly ids: BigInt64Array<ArrayBuffer>
  readonly valid: Uint8Array<ArrayBuffer>
}

export interface WordSets {
  of(chunk: Chunk): Numbered
  /** Sets that no chunk before had, since it was asked last. */
  fresh(): readonly (readonly [id: number, words: string])[]
}

/** `last`: the greatest number that was given in the file. */
export const openWords = (last: number): WordSets => {
  let next = last + 1
  let fresh: [number, string][] = []
  let [known, room] = [0, 1 << 12]
  let [ones, twos, ids] = [new Int32Array(room), new Int32Array(room), new Int32Array(room)]

  const placeOf = (one: number, two: number): number => {
    let at = (one ^ (two >>> 7)) & (room - 1)
    while (ids[at] !== 0 && (ones[at] !== one || twos[at] !== two)) at = (at + 1) & (room - 1)
    return at
  }
  const resize = (to: number, keep: boolean): void => {
    const before = [ones, twos, ids] as const
    room = to
    known = 0
    ;[ones, twos, ids] = [new Int32Array(room), new Int32Array(room), new Int32Array(room)]
    for (let i = 0; keep && i < before[2].length; i++)
      if (before[2][i] !== 0) put(before[0][i]!, before[1][i]!, before[2][i]!)
  }
  const put = (one: number, two: number, id: number): void => {
    if (known >= MOST) resize(1 << 12, false)
    else if (known * 2 >= room) resize(room * 2, true)
    const at = placeOf(one, two)
    ones[at] = one
    twos[at] = two
    ids[at] = id
    known++
  }

  const of = ({ rows, heap, data, starts }: Chunk): Numbered => {
    const [lines, slots] = [Buffer.from(heap as ArrayBuffer), Buffer.from(data as ArrayBuffer)]
    const valid = validBytes(rows)
    const columns = places
      .map((place) => starts[place]!)
      .filter((start) => start >= 0)
      .map((start) => ({ start, at: start + valid, words: new Uint32Array(data, start + valid, rows * 4) }))
    const odd = starts[ODD]! < 0 ? undefined : new Uint8Array(data, starts[ODD]! + valid, rows)
    const out: Numbered = { ids: new BigInt64Array(rows), valid: new Uint8Array(valid) }
    const texts = columns.map(() => ({ bytes: lines, from: 0, to: 0 }))
    for (let row = 0; row < rows; row++) {
      // Values that are in the rest are not looked at.
      if (odd && odd[row] !== 0) continue
      sums.fill(0)
      let count = 0
      for (let c = 0; c < columns.length; c++) {
        const { start, at, words } = columns[c]!
        if ((slots[start + (row >> 3)]! & (1 << (row & 7))) === 0) continue
        const length = words[row * 4]!
        const isShort = length <= INLINE
        const from = isShort ? at + row * 16 + 4 : words[row * 4 + 2]!
        const line = texts[0]!
        // A part of the line: what is in it is in the line.
        if (!isShort && count > 0 && line.bytes === lines && from >= line.from && from + length <= line.to) continue
        const text = texts[count++]!
        text.bytes = isShort ? slots : lines
        text.from = from
        text.to = from + length
        sum(text.bytes, text.from, text.to)
      }
      const [one, two] = [sums[0]!, sums[1]!]
      let id = ids[placeOf(one, two)]!
      if (id === 0) {
        id = next++
        put(one, two, id)
        let end = 0
        for (const { bytes, from, to } of texts.slice(0, count)) end = spell(bytes, from, to, end)
        fresh.push([id, spelled.toString('utf8', 0, Math.max(0, end - 1))])
      }
      out.ids[row] = BigInt(id)
      out.valid[row >> 3]! |= 1 << (row & 7)
    }
    return out
  }
  return {
    of,
    fresh: () => {
      const taken = fresh
      fresh = []
      return taken
    },
  }
}
