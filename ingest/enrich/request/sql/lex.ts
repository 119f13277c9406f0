/** SQL of every common database as tokens. Linear; a text or comment that nothing closes runs to the end. */
import { TOKENS } from '../bounds.ts'

/**
 * n number, s text, w word (also quoted in back-ticks), v variable, o operator, c comment, ? what no SQL has; the signs
 * ( ) , ; . { } [ ] stand for themselves.
 */
export type TokenKind = 'n' | 's' | 'w' | 'v' | 'o' | 'c' | '?' | '(' | ')' | ',' | ';' | '.' | '{' | '}' | '[' | ']'
export interface Tokens {
  readonly kinds: readonly TokenKind[]
  /** Words and numbers in lower case. */
  readonly values: readonly string[]
  /** The quote of a text that nothing closes. */
  readonly open: string
  /** How the comment begins that takes the rest, and that rest. */
  readonly tail: '' | '--' | '#' | '/*'
  readonly tailText: string
  /** A comment stands between two words: instead of a blank. */
  readonly glued: boolean
}

const SPACE = new Uint8Array(128)
for (const c of [0, 9, 10, 11, 12, 13, 32]) SPACE[c] = 1
const isSpace = (c: number): boolean => (c < 128 ? SPACE[c] === 1 : c === 0xa0 || c === 0x3000 || c === 0xfeff)
const isDigit = (c: number): boolean => c >= 48 && c <= 57
const isWord = (c: number): boolean =>
  (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || isDigit(c) || c === 95 || c === 36 || c > 0xbf

const OPERATORS = new Map<string, string[]>()
for (const operator of '<=> ->> #>> @@@ || && <> != <= >= == := :: -> @> <@ ?| ?& #> #- !~ ~* << >> @? @@ !< !> ^= ~= *= += -= = < > + - * / % | & ^ ~ ! ? : @'.split(
  ' ',
)) {
  const same = OPERATORS.get(operator[0]!)
  if (same) same.push(operator)
  else OPERATORS.set(operator[0]!, [operator])
}
/** Where a number ends although letters follow: "1or 2". "3d", "24h" and hashes are words. */
const JOINED =
  /(?:or|and|union|order|group|having|limit|like|rlike|regexp|is|in|between|div|mod|xor|from|where|procedure|into|select|as|offset|for|when|then|else|end|ilike|not|except|intersect|returning|collate)\b/iy
const NUMBER = /0x[0-9a-f]*|0b[01]+|[0-9]*\.?[0-9]+(?:e[+-]?[0-9]+)?|[0-9]+\./iy
const VARIABLE = /@@?[`\w.$]+/y
const BANG = /\/\*M?![0-9]{0,6}/y
const COUNTED = /#[0-9]{1,9}(?:\s|$)/y
const PREFIX = new Set([
  'n',
  'x',
  'b',
  'e',
  'q',
  'u',
  'r',
  '_utf8',
  '_latin1',
  '_utf8mb4',
  '_binary',
  '_ascii',
  '_ucs2',
])
const at = (expression: RegExp, text: string, i: number): string | undefined => {
  expression.lastIndex = i
  return expression.exec(text)?.[0]
}

/** The end of a text whose quote was opened before `from`; its length where nothing closes it. */
const closing = (text: string, quote: string, from: number): number => {
  for (let i = from; ; i++) {
    i = text.indexOf(quote, i)
    if (i < 0) return text.length
    let slashes = 0
    while (i - 1 - slashes >= from && text[i - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 1) continue
    if (quote === '`' || text[i + 1] !== quote) return i
    i++
  }
}

/** `inside`: the quote of the application's own text that the value stands in; undefined where the value never closes it. */
export const lex = (text: string, inside: '' | "'" | '"' = ''): Tokens | undefined => {
  const kinds: TokenKind[] = []
  const values: string[] = []
  let [open, tail, tailText]: [string, Tokens['tail'], string] = ['', '', '']
  let glued = false
  let i = 0
  /** The last sign that is no blank. */
  let before = ''
  const push = (kind: TokenKind, value: string): void => {
    kinds.push(kind)
    values.push(value)
  }
  if (inside !== '') {
    const end = text.indexOf(inside)
    if (end < 0) return undefined
    push('s', text.slice(0, end))
    i = end + 1
    before = inside
  }
  const quoted = (from: number): string => {
    const quote = text[from - 1]!
    const end = closing(text, quote, from)
    if (end === text.length) open = quote
    i = end + 1
    return text.slice(from, Math.min(end, from + 200))
  }
  /** A comment to the end of the line, or of all. */
  const comment = (mark: '--' | '#', from: number): boolean => {
    push('c', mark)
    const end = text.indexOf('\n', from)
    if (end >= 0) i = end + 1
    else [tail, tailText] = [mark, text.slice(from)]
    return end < 0
  }
  for (; i < text.length && kinds.length < TOKENS; ) {
    const c = text.charCodeAt(i)
    if (isSpace(c)) {
      i++
      continue
    }
    const sign = text[i]!
    const last = before
    before = sign
    if (sign === '/' && text[i + 1] === '*') {
      const bang = at(BANG, text, i)
      if (bang !== undefined) {
        push('c', '/*!')
        i += bang.length
        continue
      }
      const end = text.indexOf('*/', i + 2)
      if (end < 0) {
        push('c', '/*')
        ;[tail, tailText] = ['/*', text.slice(i + 2)]
        break
      }
      glued ||= i > 0 && isWord(text.charCodeAt(i - 1)) && isWord(text.charCodeAt(end + 2))
      i = end + 2
      continue
    }
    if (sign === '*' && text[i + 1] === '/') {
      i += 2
      continue
    }
    if (sign === '-' && text[i + 1] === '-') {
      // "--5" and "a--b" are arithmetic or a dash: behind a comment's mark is a blank or the end, or before it a text or bracket ends.
      const next = text.charCodeAt(i + 2)
      const begins = Number.isNaN(next) || isSpace(next) || '-+%;'.includes(text[i + 2]!) || /['")`;]/.test(last)
      if (begins) {
        if (comment('--', i + 2)) break
        continue
      }
    }
    if (sign === '#') {
      if (i > 0 && isSpace(text.charCodeAt(i - 1)) && at(COUNTED, text, i) !== undefined) {
        push('?', sign) // "#1" is a number
        i++
        continue
      }
      if (text[i + 1] !== '>' && text[i + 1] !== '-') {
        if (comment('#', i + 1)) break
        continue
      }
    }
    if (sign === "'" || sign === '"' || sign === '`') {
      const value = quoted(i + 1)
      push(sign === '`' ? 'w' : 's', sign === '`' ? value.toLowerCase() : value)
      continue
    }
    if (isDigit(c) || (sign === '.' && isDigit(text.charCodeAt(i + 1)))) {
      const number = at(NUMBER, text, i) ?? sign
      let end = i + number.length
      const letter = text.charCodeAt(end) | 32
      if (((letter >= 97 && letter <= 122) || letter === 127) && at(JOINED, text, end) === undefined) {
        while (end < text.length && isWord(text.charCodeAt(end))) end++
        push('w', text.slice(i, Math.min(end, i + 64)).toLowerCase())
      } else push('n', number.toLowerCase())
      i = end
      continue
    }
    if (isWord(c)) {
      let end = i + 1
      while (end < text.length && isWord(text.charCodeAt(end))) end++
      const word = text.slice(i, Math.min(end, i + 64)).toLowerCase()
      if (sign === '$' && end > i + 1 && text[end - 1] === '$') {
        // PostgreSQL's dollar quoting
        const tag = text.slice(i, end)
        const close = text.indexOf(tag, end)
        push('s', text.slice(end, close < 0 ? text.length : close).slice(0, 200))
        i = close < 0 ? text.length : close + tag.length
      } else if (text[end] === "'" && PREFIX.has(word)) push('s', quoted(end + 1))
      else {
        push('w', word)
        i = end
      }
      continue
    }
    if (sign === '@') {
      const variable = at(VARIABLE, text, i)
      if (variable !== undefined) {
        push('v', variable.toLowerCase())
        i += variable.length
        continue
      }
    }
    if ('(),;.{}[]'.includes(sign)) {
      push(sign as TokenKind, sign)
      i++
      continue
    }
    const operator = OPERATORS.get(sign)?.find((each) => text.startsWith(each, i))
    push(operator ? 'o' : '?', operator ?? sign)
    i += operator?.length ?? 1
  }
  return { kinds, values, open, tail, tailText, glued }
}
