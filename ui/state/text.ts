/**
 * What a stranger wrote may hide: direction overrides, zero-width characters, control characters. They are shown as
 * what they are, so that two values that look alike are alike.
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points that must not hide, not letters with marks
  /[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0]|[\u{e0100}-\u{e01ef}]/gu

export interface Piece {
  text: string
  hidden?: boolean
  marked?: boolean
}
const spelled = (c: string): string => `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`

const plain = (text: string, marked: boolean, out: Piece[]) => {
  let at = 0
  for (const m of text.matchAll(HIDDEN)) {
    if (m[0] === '\n' || m[0] === '\t') continue
    if (m.index > at) out.push({ text: text.slice(at, m.index), marked })
    out.push({ text: spelled(m[0]), hidden: true, marked })
    at = m.index + m[0].length
  }
  if (at < text.length) out.push({ text: text.slice(at), marked })
}

/** The text in pieces: marked or not, hidden characters spelled out. `marks` are [from, to) of the original text. */
export const pieces = (text: string, marks: readonly (readonly [number, number])[] = []): Piece[] => {
  const out: Piece[] = []
  let at = 0
  for (const [from, to] of [...marks].sort((a, b) => a[0] - b[0])) {
    const start = Math.max(from, at)
    if (start >= to || start >= text.length) continue
    if (start > at) plain(text.slice(at, start), false, out)
    plain(text.slice(start, to), true, out)
    at = Math.min(to, text.length)
  }
  if (at < text.length) plain(text.slice(at), false, out)
  return out
}
export const visible = (text: string): string =>
  text.replace(HIDDEN, (c) => (c === '\n' || c === '\t' ? c : `⟨${spelled(c)}⟩`))

/** As everybody abbreviates it: in a narrow column the names would otherwise be cut before they differ. */
export const shortAgency = (name: string): string => name.replace(/^(Ủy|Uỷ|Ủy) ban nhân dân /u, 'UBND ')

/** For finding a Vietnamese name typed without its marks. */
export const fold = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase()
