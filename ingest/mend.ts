/** Lines that are no text as they came: what is read in their place, while their own bytes are kept beside it. */
import { isUtf8 } from 'node:buffer'

/** Bytes of a line in which everything may stand: it is small however it is written. */
const SHORT = 4096
/** Of a longer one this part may be control characters. */
const MOST = 1 / 10
/** Those that are six bytes of JSON: a store that keeps 64 MB of them so has no memory to read them with. */
const CONTROLS = /[\0-\x07\x0b\x0e-\x1f]+/g
const isControl = (byte: number): boolean =>
  byte < 32 && byte !== 8 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13

const isFull = (line: Buffer): boolean => {
  if (line.length <= SHORT) return false
  const most = line.length * MOST
  let count = 0
  for (let i = 0; i < line.length; i++) if (isControl(line[i]!) && ++count > most) return true
  return false
}

/**
 * The text of a line that is not UTF-8, or long and full of control characters, with U+FFFD in place of what is not, and of
 * each run of those: it separates nothing, so no value falls apart that was none. Undefined where the line is text.
 */
export const mended = (line: Buffer, wellFormed: boolean, control: boolean): string | undefined => {
  const full = control && isFull(line)
  if (!full && (wellFormed || isUtf8(line))) return undefined
  const text = line.toString('utf8')
  return full ? text.replace(CONTROLS, '\ufffd') : text
}
