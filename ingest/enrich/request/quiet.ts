/**
 * What was asked before and held nothing: most of what people ask for comes again and again, and what differs is a number.
 * Only that nothing was found is remembered under a key that several texts share, and only where the analysers cannot tell those
 * texts apart.
 */

/** A text longer than this is not remembered: senders choose texts. */
export const LONGEST_KEY = 512
/** Letters, numbers and what parts them; a byte that stands as %XX is of a letter beyond ASCII. */
const SIMPLE = /^(?:[\w./+~-]|%[89a-fA-F][0-9a-fA-F])*$/
/** Numbers below this many digits have no meaning of their own: no address, no overflow, no port of another's. */
const FEW = 5
/** A longer one may be one digit over and over, which is looked for. */
const MANY = 64

/**
 * A key that texts share which differ in a number behind a dash only: `bai-viet-6354.html` and `bai-viet-1207.html`. Of four
 * digits at least (an address has three at most), behind a letter or digit and a dash, with no further name behind it.
 */
export const alike = (text: string): string => {
  let out = ''
  let kept = 0
  for (let dash = text.indexOf('-', 1); dash > 0; dash = text.indexOf('-', dash + 1)) {
    let end = dash + 1
    for (let c = text.charCodeAt(end); c >= 48 && c <= 57; c = text.charCodeAt(++end));
    const length = end - dash - 1
    if (length > MANY) return text
    if (length < 4 || !isWord(text.charCodeAt(dash - 1)) || isNamed(text.charCodeAt(end))) continue
    if (out === '' && !SIMPLE.test(text)) return text
    out += `${text.slice(kept, dash + 1)}${'1'.repeat(length)}`
    kept = end
  }
  return out === '' ? text : out + text.slice(kept)
}
/** A letter or digit; not the underscore, which names put together. */
const isWord = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || (c >= 48 && c <= 57)
/** Goes on as a name, an encoding or an address of dashes. */
const isNamed = (c: number): boolean => isWord(c) || c === 95 || c === 45 || c === 37 || c === 43

/** The same of a parameter as it stands in the line: `trang=16` is `trang=11`. `equals`: where its sign of equality stands, -1: none. */
export const parameterAlike = (part: string, equals: number): string => {
  if (equals < 0) return part
  const length = part.length - equals - 1
  if (length > 0 && length < FEW) {
    let i = equals + 1
    for (let c = part.charCodeAt(i); c >= 48 && c <= 57; c = part.charCodeAt(++i));
    if (i === part.length) return `${part.slice(0, equals + 1)}${'1111'.slice(0, length)}`
  }
  const value = part.slice(equals + 1)
  // Base64 of an address holds other bytes with other digits.
  if (length < 9 || (length >= 16 && !value.includes('.') && !value.includes('%'))) return part
  const key = alike(value)
  return key === value ? part : part.slice(0, equals + 1) + key
}
