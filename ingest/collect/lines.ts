/** Bytes to lines. A line ends with LF; a CR before it belongs to the ending. */
import { isUtf8 } from 'node:buffer'

/** Longer lines are kept in parts of this size, each a pipeline_error that says so. */
export const LONGEST = 512 * 1024

export interface Line {
  readonly text: string
  readonly end: number // position after it, ending included
  readonly arrived?: number
  readonly peer?: string
  /** The bytes as base64 where they are not UTF-8. */
  readonly bytes?: string
  /** Which part of a line that is longer than LONGEST. */
  readonly part?: number
}

export const textOf = (bytes: Buffer): { text: string; bytes?: string } => {
  const text = bytes.toString('utf8')
  return text.includes('\ufffd') && !isUtf8(bytes) ? { text, bytes: bytes.toString('base64') } : { text }
}

/** Where a part that begins at `from` ends: not within a UTF-8 sequence. */
export const cutBefore = (bytes: Buffer, from: number): number => {
  let cut = from + LONGEST
  while (cut > from && (bytes[cut]! & 0xc0) === 0x80 && from + LONGEST - cut < 4) cut--
  return cut
}

/**
 * The whole lines of `bytes`, which begin at `position`; with `last`, what stands after the last LF is a line too.
 * `part` is the number of the part that begins the buffer, where a long line goes on from the buffer before.
 */
export const splitLines = (
  bytes: Buffer,
  position: number,
  last: boolean,
  part = 0,
): { lines: Line[]; part: number } => {
  const lines: Line[] = []
  let from = 0
  const push = (to: number, next: number) => {
    const end = to > from && bytes[to - 1] === 13 ? to - 1 : to
    lines.push({ ...textOf(bytes.subarray(from, end)), end: position + next, ...(part ? { part } : {}) })
    from = next
  }
  for (;;) {
    const lf = bytes.indexOf(10, from)
    const to = lf < 0 ? bytes.length : lf
    while (to - from > LONGEST) {
      part++
      const cut = cutBefore(bytes, from)
      push(cut, cut)
    }
    if (lf < 0) {
      if (last && from < bytes.length) {
        if (part) part++
        push(bytes.length, bytes.length)
        part = 0
      }
      return { lines, part }
    }
    if (part) part++
    push(lf, lf + 1)
    part = 0
  }
}
