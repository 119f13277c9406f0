/**
 * What modifiers make of a value before it is compared (Sigma specification 2.1, "Value Modifiers"): other spellings of a
 * dash, and what a text looks like encoded as base64, at any place of what it was encoded with.
 */
import { isAny, isOne, type Pattern } from '../../ingest/store/filter.ts'
import { quoted, Wrong } from './error.ts'

export const ENCODINGS = ['utf16', 'utf16le', 'wide', 'utf16be'] as const
export type Encoding = (typeof ENCODINGS)[number]
export const isEncoding = (name: string): name is Encoding => (ENCODINGS as readonly string[]).includes(name)

/** As command lines of Windows take them: hyphen, slash, en dash, em dash, horizontal bar. */
const DASHES = ['-', '/', '–', '—', '―'] as const
/** A dash or slash that begins a word, and does not follow one: the flag of a command. */
const FLAG = /(?<![\p{L}\p{N}_])[-/](?=[\p{L}\p{N}_])/gu
const MOST = 3125

/** The value with every way to write the dashes of its flags. Throws where there are more than 5 of them. */
export const windash = (value: string): string[] => {
  const parts = value.split(FLAG)
  if (DASHES.length ** (parts.length - 1) > MOST)
    throw new Wrong(`windash of ${quoted(value)} has too many dashes (at most 5): part it into several values`)
  return parts
    .slice(1)
    .reduce<string[]>((made, part) => made.flatMap((head) => DASHES.map((dash) => head + dash + part)), [parts[0]!])
}

const swapped = (bytes: Buffer): Buffer => Buffer.from(bytes).swap16()
const bytesOf = (text: string, encoding: Encoding | undefined): Buffer => {
  switch (encoding) {
    case undefined:
      return Buffer.from(text, 'utf8')
    case 'utf16be':
      return swapped(Buffer.from(text, 'utf16le'))
    case 'utf16':
      return Buffer.concat([Buffer.of(0xff, 0xfe), Buffer.from(text, 'utf16le')])
    default:
      return Buffer.from(text, 'utf16le')
  }
}

/** The text of a value to be encoded: a wildcard cannot be. */
export const plainText = (pattern: Pattern, value: unknown, modifier: string): string => {
  if (pattern.some((part) => isAny(part) || isOne(part)))
    throw new Wrong(`${modifier} of ${quoted(value)}: a wildcard cannot be encoded, write it as \\* or \\?`)
  return pattern.join('')
}

export const base64 = (text: string, encoding?: Encoding): string => bytesOf(text, encoding).toString('base64')

/**
 * The parts of an encoding that do not change with what stands around the text, for each of the three places that it may
 * have in a group of three bytes.
 */
export const base64Offsets = (text: string, encoding?: Encoding): string[] => {
  const bytes = bytesOf(text, encoding)
  const START = [0, 2, 3]
  return START.map((from, offset) => {
    const whole = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '')
    // The last character holds bits of what follows, unless the text ends a group.
    const open = (offset + bytes.length) % 3
    return whole.slice(from, open === 0 ? whole.length : whole.length - 1)
  })
}
