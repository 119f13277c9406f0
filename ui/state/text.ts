/**
 * What a stranger wrote may hide: direction overrides, zero-width characters, control characters. They are shown as
 * what they are, so that two values that look alike are alike.
 */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb]|[\u{e0000}-\u{e0fff}]/gu

export interface Piece {
  text: string
  hidden?: boolean
  marked?: boolean
}
const escape = (c: string): string => `U+${c.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`

const plain = (text: string, marked: boolean, out: Piece[]) => {
  let at = 0
  for (const m of text.matchAll(HIDDEN)) {
    if (m.index > at) out.push({ text: text.slice(at, m.index), marked })
    out.push({ text: escape(m[0]), hidden: true, marked })
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
export const visible = (text: string): string => text.replace(HIDDEN, (c) => `⟨${escape(c)}⟩`)

/** For finding a Vietnamese name typed without its marks. */
export const fold = (text: string): string =>
  text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .replace(/[đĐ]/g, 'd')
    .toLowerCase()
