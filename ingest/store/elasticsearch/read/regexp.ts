/**
 * A regular expression of RE2 as one of Lucene that matches the lower-case text of every value which the former finds
 * something in, and some more: a prefilter. Anchors and word boundaries are left out, counts become `*` or `+`, what is
 * not ASCII becomes any character.
 */
import { fold } from '../../match.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz'
const DIGITS = '0123456789'
const PERL: { readonly [letter: string]: string } = { d: DIGITS, s: '\t\n\f\r ', w: `${LETTERS}${DIGITS}_` }
const ESCAPES: { readonly [letter: string]: string } = { a: '\x07', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' }
const POSIX: { readonly [name: string]: string } = {
  alnum: LETTERS + DIGITS,
  alpha: LETTERS,
  digit: DIGITS,
  lower: LETTERS,
  upper: LETTERS,
  xdigit: '0123456789abcdef',
  word: PERL['w']!,
}
/** More loops over any character within alternatives, and the automaton may grow beyond what a server builds. */
const MOST_LOOPS = 6
const MOST_LENGTH = 5000

const plain = (c: string): string => (/[a-z0-9]/.test(c) ? c : `\\${c}`)
/** What one element stands for: a set of ASCII characters in lower case, any character, or nothing of any width. */
type Element = ReadonlySet<string> | 'any' | 'none'

const element = (c: string): Element => (c > '\x7f' ? 'any' : new Set([c.toLowerCase()]))
const spelled = (one: Element): string => {
  if (one === 'none') return ''
  if (one === 'any') return '.'
  const all = [...one]
  return all.length === 1 && all[0] !== 's' ? plain(all[0]!) : `[${all.map(plain).join('')}${one.has('s') ? 'ſ' : ''}]`
}

class Unknown extends Error {}

/** Undefined where it would match everything, or is not understood. */
export const toLucene = (source: string): string | undefined => {
  const points = [...source]
  let at = 0
  let loops = 0
  const next = (): string => {
    const c = points[at++]
    if (c === undefined) throw new Unknown()
    return c
  }
  const take = (text: string): boolean => {
    if ([...text].some((c, i) => points[at + i] !== c)) return false
    at += text.length
    return true
  }
  const until = (end: string): string => {
    let out = ''
    while (!take(end)) out += next()
    return out
  }

  /** After a backslash. */
  const escaped = (inClass: boolean): Element => {
    const c = next()
    if (!inClass && /[bBAz]/.test(c)) return 'none'
    if (/[dsw]/.test(c)) return new Set(PERL[c]!.toLowerCase())
    if (/[DSWC]/.test(c)) return 'any'
    if (/[pP]/.test(c)) {
      if (take('{')) until('}')
      else next()
      return 'any'
    }
    if (c === 'x') {
      const code = Number.parseInt(take('{') ? until('}') : next() + next(), 16)
      if (!(code <= 0x10ffff)) throw new Unknown()
      return element(String.fromCodePoint(code))
    }
    if (/[0-7]/.test(c)) {
      let digits = c
      while (digits.length < 3 && /[0-7]/.test(points[at] ?? '')) digits += next()
      return element(String.fromCodePoint(Number.parseInt(digits, 8)))
    }
    if (Object.hasOwn(ESCAPES, c)) return element(ESCAPES[c]!)
    if (/[a-zA-Z0-9]/.test(c)) throw new Unknown()
    return element(c)
  }

  /** After an opening bracket. */
  const bracket = (): Element => {
    let any = take('^')
    const set = new Set<string>()
    const add = (one: Element) => {
      if (one === 'any' || one === 'none') any = true
      else for (const c of one) set.add(c)
    }
    for (let first = true; first || points[at] !== ']'; first = false) {
      if (take('[:')) {
        const name = until(':]')
        if (!Object.hasOwn(POSIX, name)) any = true
        else for (const c of POSIX[name]!) set.add(c)
        continue
      }
      const c = next()
      const low = c === '\\' ? escaped(true) : element(c)
      if (points[at] === '-' && points[at + 1] !== ']' && points[at + 1] !== undefined) {
        at++
        const d = next()
        const high = d === '\\' ? escaped(true) : element(d)
        // Only plain ends say where they stand in the order of characters; others make it any.
        if (c === '\\' || d === '\\' || low === 'any' || high === 'any') any = true
        else for (let code = c.charCodeAt(0); code <= d.charCodeAt(0); code++) add(element(String.fromCharCode(code)))
      } else add(low)
    }
    at++
    return any ? 'any' : set
  }

  const alternatives = (depth: number): string => {
    if (depth > 50) throw new Unknown()
    const out = [sequence(depth)]
    while (take('|')) out.push(sequence(depth))
    return out.length === 1 ? out[0]! : `(${out.map((each) => each || '()').join('|')})`
  }
  const sequence = (depth: number): string => {
    let out = ''
    for (;;) {
      const c = points[at]
      if (c === undefined || c === '|' || c === ')') return out
      at++
      let one: string
      if (c === '(') {
        if (take('?P<') || take('?<')) until('>')
        else if (take('?')) {
          // Flags: `(?i)` stands for itself, `(?i:` opens a group.
          let f = next()
          while (f !== ':' && f !== ')') f = next()
          if (f === ')') continue
        }
        one = alternatives(depth + 1)
        if (!take(')')) throw new Unknown()
        one = one && `(${one})`
      } else if (c === '[') one = spelled(bracket())
      else if (c === '.') one = '.'
      else if (c === '^' || c === '$') one = ''
      else if (c === '\\') {
        if (take('Q')) {
          one = ''
          while (at < points.length && !take('\\E')) one += spelled(element(next()))
          // A quantifier behind it would be that of its last character.
          if (/[*+?{]/.test(points[at] ?? '')) throw new Unknown()
        } else one = spelled(escaped(false))
      } else if (/[*+?]/.test(c)) throw new Unknown()
      else one = spelled(element(c))
      out += repeated(one, depth)
    }
  }
  /** What was read last, with the quantifiers behind it. */
  const repeated = (one: string, depth: number): string => {
    let out = one
    for (;;) {
      const rest = points.slice(at, at + 12).join('')
      const count = /^(?:[*+?]|\{(\d+)(?:,(\d*))?\})/.exec(rest)
      if (!count) return out
      at += count[0].length
      take('?')
      if (!out) continue
      const least = count[1] === undefined ? (rest[0] === '+' ? 1 : 0) : Number(count[1])
      const sign = rest[0] === '?' ? '?' : least === 0 ? '*' : '+'
      if (sign !== '?' && depth > 0 && /(?:^|[^\\])\./.test(out)) loops++
      out = `(${out})${sign}`
    }
  }

  try {
    const body = alternatives(0)
    if (at < points.length || loops > MOST_LOOPS || body === '' || body.length > MOST_LENGTH) return undefined
    return `.*(${body}).*`
  } catch (error) {
    if (error instanceof Unknown) return undefined
    throw error
  }
}

const spellings = new Map<string, string>()
let spelledFor: Map<string, string> | undefined
/** Every spelling of a character that folds as it does, as a part of an expression of Lucene. */
export const alternatives = (c: string): string => {
  if (!spelledFor) {
    spelledFor = new Map()
    // Beyond these planes nothing has two cases.
    for (let code = 0; code < 0x1f000; code++) {
      if (code >= 0xd800 && code < 0xe000) continue
      const one = String.fromCodePoint(code)
      const lower = fold(one)
      if (lower !== one) spelledFor.set(lower, `${spelledFor.get(lower) ?? ''}${one}`)
    }
  }
  let known = spellings.get(c)
  if (known === undefined) {
    if (spellings.size > 10_000) spellings.clear()
    const lower = fold(c)
    const others = spelledFor.get(lower)
    spellings.set(c, (known = others ? `[${lower}${others}]` : plain(lower)))
  }
  return known
}
