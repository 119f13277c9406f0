/**
 * What a server makes of a URL, for rules to search: an attacker encodes twice, as %uXXXX (IIS), or as overlong UTF-8
 * (%c0%ae is a dot, CVE-2000-0884), so that the words do not stand in the log.
 */

const MOST_ROUNDS = 4

const hex = (c: number): number =>
  c >= 48 && c <= 57 ? c - 48 : c >= 97 && c <= 102 ? c - 87 : c >= 65 && c <= 70 ? c - 55 : -1

/** The byte of `%XX` at `i`, -1 where there is none. */
export const byteAt = (text: string, i: number): number => {
  if (text.charCodeAt(i) !== 37) return -1
  const high = hex(text.charCodeAt(i + 1))
  const low = hex(text.charCodeAt(i + 2))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

/** The code unit of `%uXXXX` at `i`, -1 where there is none. */
export const unitAt = (text: string, i: number): number => {
  if (text.charCodeAt(i) !== 37 || (text.charCodeAt(i + 1) | 32) !== 117) return -1
  let unit = 0
  for (let k = i + 2; k < i + 6; k++) {
    const digit = hex(text.charCodeAt(k))
    if (digit < 0) return -1
    unit = unit * 16 + digit
  }
  return unit
}

const isSurrogate = (code: number): boolean => code >= 0xd800 && code <= 0xdfff

/** One round. What is no valid escape, or spells no character, stays as it is. */
const round = (text: string): string => {
  let out = ''
  let kept = 0
  for (let i = text.indexOf('%'); i >= 0; i = text.indexOf('%', i)) {
    let character = ''
    let length = 1
    const first = byteAt(text, i)
    if (first >= 0) {
      const more =
        first < 0x80
          ? 0
          : first >= 0xc0 && first < 0xe0
            ? 1
            : first >= 0xe0 && first < 0xf0
              ? 2
              : first >= 0xf0 && first < 0xf8
                ? 3
                : -1
      let code = more <= 0 ? first : first & (0x3f >> more)
      let n = 0
      while (n < more) {
        const next = byteAt(text, i + 3 * (n + 1))
        if (next < 0x80 || next > 0xbf) break
        code = code * 64 + (next & 0x3f)
        n++
      }
      if (n === more && code <= 0x10ffff && !isSurrogate(code)) {
        character = String.fromCodePoint(code)
        length = 3 * (more + 1)
      }
    } else {
      const unit = unitAt(text, i)
      if (unit >= 0 && !isSurrogate(unit)) {
        character = String.fromCharCode(unit)
        length = 6
      } else if (unit >= 0xd800 && unit <= 0xdbff) {
        const low = unitAt(text, i + 6)
        if (low >= 0xdc00 && low <= 0xdfff) {
          character = String.fromCharCode(unit, low)
          length = 12
        }
      }
    }
    if (character !== '') {
      out += text.slice(kept, i) + character
      kept = i + length
    }
    i += length
  }
  return kept === 0 ? text : out + text.slice(kept)
}

/** A path and query, decoded until nothing changes (four rounds at most); `+` in the query is a space. */
export const decodeUrl = (pathAndQuery: string): string => {
  let text = pathAndQuery
  const plus = text.indexOf('+')
  if (plus >= 0) {
    const query = text.indexOf('?')
    // Only as it was sent: a plus that an escape spells is a plus.
    if (query >= 0) text = text.slice(0, query) + text.slice(query).replaceAll('+', ' ')
  }
  for (let n = 0; n < MOST_ROUNDS && text.includes('%'); n++) {
    const next = round(text)
    if (next === text) break
    text = next
  }
  return text
}
