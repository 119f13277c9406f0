/** Which signs a text holds, as bits, found in one pass: what the analysers' gates ask. */

export const SPACE = 1
export const QUOTE = 2
export const TICK = 4
export const ANGLE = 8
export const ROUND = 16
export const CURLY = 32
export const SQUARE = 64
export const DOLLAR = 128
export const SEMICOLON = 256
export const PIPE = 512
export const AMPERSAND = 1024
export const SLASH = 2048
export const BACKSLASH = 4096
export const DOT = 8192
export const COLON = 1 << 14
export const EQUAL = 1 << 15
export const PERCENT = 1 << 16
export const STAR = 1 << 17
export const QUESTION = 1 << 18
export const HASH = 1 << 19
export const AT = 1 << 20
export const BANG = 1 << 21
export const CARET = 1 << 22
export const TILDE = 1 << 23
export const PLUS = 1 << 24
export const DASH = 1 << 25
export const UNDERSCORE = 1 << 26
export const CONTROL = 1 << 27
export const HIGH = 1 << 28

const BITS = new Int32Array(128)
const put = (signs: string, bit: number): void => {
  for (const sign of signs) BITS[sign.charCodeAt(0)] = bit
}
for (let c = 0; c < 32; c++) BITS[c] = CONTROL
BITS[127] = CONTROL
BITS[9] = SPACE
put(' ', SPACE)
put('\'"', QUOTE)
put('`', TICK)
put('<>', ANGLE)
put('()', ROUND)
put('{}', CURLY)
put('[]', SQUARE)
put('$', DOLLAR)
put(';', SEMICOLON)
put('|', PIPE)
put('&', AMPERSAND)
put('/', SLASH)
put('\\', BACKSLASH)
put('.', DOT)
put(':', COLON)
put('=', EQUAL)
put('%', PERCENT)
put('*', STAR)
put('?', QUESTION)
put('#', HASH)
put('@', AT)
put('!', BANG)
put('^', CARET)
put('~', TILDE)
put('+', PLUS)
put('-', DASH)
put('_', UNDERSCORE)

export const signsOf = (text: string): number => {
  let signs = 0
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    signs |= c < 128 ? BITS[c]! : HIGH
  }
  return signs
}
