/**
 * Decoding as servers, frameworks and browsers would, layer by layer, until nothing changes or `LAYERS` is reached: percent
 * and %u, overlong UTF-8 (CVE-2000-0884), HTML entities, escapes of C, JavaScript and CSS, full-width forms (Unicode's
 * best-fit mappings of Windows).
 */
import { byteAt, unitAt } from '../url.ts'
import { LAYERS } from './bounds.ts'

/** What was taken off. */
export const OVERLONG = 1
export const PERCENT_U = 2
export const TWICE = 4
export const ENTITY = 8
export const ESCAPE = 16
export const FULL_WIDTH = 32
export const BROKEN = 64

export interface Decoded {
  /** What the first server sees. */
  readonly once: string
  /** What the last one may see. */
  readonly deep: string
  readonly marks: number
}

const MORE = (byte: number): number => (byte >= 0xc0 && byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : byte < 0xf8 ? 3 : 0)
const LEAST = [0, 0x80, 0x800, 0x10000]

interface Marks {
  marks: number
}

/** Percent once; what is no valid escape stays. Only bytes that stand as %XX are bytes: "à" is a letter. */
export const percent = (text: string, plus: boolean, into: Marks): string => {
  const spaced = plus && text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  let out = ''
  let kept = 0
  for (let i = spaced.indexOf('%'); i >= 0; i = spaced.indexOf('%', i)) {
    let character = ''
    let length = 1
    const first = byteAt(spaced, i)
    if (first >= 0) {
      length = 3
      character = String.fromCharCode(first)
      if (first >= 0xc0 && first < 0xf8) {
        const more = MORE(first)
        let code = first & (0x3f >> more)
        let n = 0
        for (; n < more; n++) {
          const next = byteAt(spaced, i + 3 * (n + 1))
          if (next < 0x80 || next > 0xbf) break
          code = code * 64 + (next & 0x3f)
        }
        const next = byteAt(spaced, i + 3)
        if (n === more && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff)) {
          if (code < LEAST[more]!) into.marks |= OVERLONG
          character = String.fromCodePoint(code)
          length = 3 * (more + 1)
        } else if (
          first <= 0xc1 &&
          (next === 0x2e || next === 0x2f || next === 0x5c || next === 0x22 || next === 0x27)
        ) {
          // Some decoders of IIS looked at the low bits only: %c0%2e is a dot.
          into.marks |= OVERLONG
          character = String.fromCharCode(next)
          length = 6
        }
      }
    } else if ((spaced.charCodeAt(i + 1) | 32) === 117) {
      const unit = unitAt(spaced, i)
      if (unit >= 0) {
        into.marks |= PERCENT_U
        character = String.fromCharCode(unit)
        length = 6
      } else into.marks |= BROKEN
    } else into.marks |= BROKEN
    if (character !== '') {
      out += spaced.slice(kept, i) + character
      kept = i + length
    }
    i += length
  }
  return kept === 0 ? spaced : out + spaced.slice(kept)
}

/** Of HTML 5 those that hide a sign of a language. */
const ENTITIES: { readonly [name: string]: string } = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
  colon: ':',
  lpar: '(',
  rpar: ')',
  newline: '\n',
  tab: '\t',
  sol: '/',
  bsol: '\\',
  lbrace: '{',
  rbrace: '}',
  lcub: '{',
  rcub: '}',
  nbsp: ' ',
  equals: '=',
  semi: ';',
  grave: '`',
  diacriticalgrave: '`',
  dollar: '$',
  num: '#',
  excl: '!',
  comma: ',',
  period: '.',
  lsqb: '[',
  rsqb: ']',
  lbrack: '[',
  rbrack: ']',
  vert: '|',
  verbar: '|',
  vertline: '|',
  plus: '+',
  ast: '*',
  midast: '*',
  percnt: '%',
  commat: '@',
  hat: '^',
  lowbar: '_',
  underbar: '_',
  quest: '?',
  zerowidthspace: '',
  shy: '',
  jsercy: 'J',
  jcy: 'j',
}
const entities = (text: string, into: Marks): string =>
  text.replace(
    /&(?:#0{0,20}([0-9]{1,7})|#[xX]0{0,20}([0-9a-fA-F]{1,6})|([a-zA-Z]{2,16}));?/g,
    (all, decimal?: string, hexadecimal?: string, name?: string) => {
      const code = decimal ? Number(decimal) : hexadecimal ? Number.parseInt(hexadecimal, 16) : -1
      let found: string | undefined
      if (code >= 0) found = code <= 0x10ffff ? String.fromCodePoint(code) : undefined
      else if (all.endsWith(';') && Object.hasOwn(ENTITIES, name!.toLowerCase())) found = ENTITIES[name!.toLowerCase()]
      if (found === undefined) return all
      if (found !== '&' && found !== ' ') into.marks |= ENTITY
      return found
    },
  )

const escapes = (text: string, into: Marks): string =>
  text.replace(
    /\\(?:x([0-9a-fA-F]{2})|u\{0{0,20}([0-9a-fA-F]{1,5})\}|u([0-9a-fA-F]{4})|0{0,4}([2-7][0-9a-fA-F])(?![0-9a-zA-Z]) ?|([0-3]?[0-7]{2})(?![0-9]))/g,
    (all, x?: string, braced?: string, u?: string, css?: string, octal?: string) => {
      const code = Number.parseInt(x ?? braced ?? u ?? css ?? octal!, octal === undefined ? 16 : 8)
      if (code < 9 || code > 0x10ffff) return all
      into.marks |= ESCAPE
      return String.fromCodePoint(code)
    },
  )

/** Signs that Windows' best-fit tables and normalisation (NFKC) turn into ASCII. */
const BEST_FIT: { readonly [sign: string]: string } = {
  '\u02b9': "'",
  '\u02bc': "'",
  '\u2018': "'",
  '\u2019': "'",
  '\u2032': "'",
  '\u02ba': '"',
  '\u2044': '/',
  '\u2215': '/',
  '\u2216': '\\',
  '\u3008': '<',
  '\u3009': '>',
  '\u2039': '<',
  '\u203a': '>',
  '\u2329': '<',
  '\u232a': '>',
  '\ufe64': '<',
  '\ufe65': '>',
  '\u2024': '.',
  '\u3002': '.',
  '\uff61': '.',
  '\u560a': '\n',
  '\u560d': '\r',
  '\u2028': '\n',
  '\u2029': '\n',
}
/** Typographic quotes are prose: only here, where something else was hidden too, are they signs. */
const WIDE = /[\uff01-\uff5e\u02b9\u02bc\u2215\u2216\u3008\u3009\u2329\u232a\ufe64\ufe65\u2024\uff61\u560a\u560d]/
const WIDE_ALL = new RegExp(WIDE, 'g')
const narrow = (text: string, into: Marks): string => {
  if (!WIDE.test(text)) return text
  into.marks |= FULL_WIDTH
  return text.replace(WIDE_ALL, (sign) => BEST_FIT[sign] ?? String.fromCharCode(sign.charCodeAt(0) - 0xfee0))
}

const ENCODED = /%(?:[0-9a-fA-F]{2}|[uU][0-9a-fA-F]{4})/
const LAYERED = /[%\\&\u0080-\uffff]/

/** `plus`: a plus is a space, as in a query. */
export const decode = (raw: string, plus: boolean): Decoded => {
  const into: Marks = { marks: 0 }
  const once = percent(raw, plus, into)
  if (!LAYERED.test(once)) return { once, deep: once, marks: into.marks }
  let deep = once
  for (let n = 0; n < LAYERS; n++) {
    const before = deep
    if (ENCODED.test(deep)) {
      const inner: Marks = { marks: 0 }
      deep = percent(deep, false, inner)
      into.marks |= (inner.marks & ~BROKEN) | (deep === before ? 0 : TWICE)
    }
    if (deep.includes('&')) deep = entities(deep, into)
    if (deep.includes('\\')) deep = escapes(deep, into)
    deep = narrow(deep, into)
    if (deep === before) break
  }
  return { once, deep, marks: into.marks }
}

/** The text that a value of base64 holds, '' where it is none that can be read. */
export const fromBase64 = (value: string): string => {
  if (value.length < 16 || value.length > 8192 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return ''
  const plain = value.replaceAll('-', '+').replaceAll('_', '/')
  const readable = (bytes: Buffer): boolean =>
    bytes.every((c) => c <= 0x7e && (c >= 0x20 || c === 9 || c === 10 || c === 13))
  if (!readable(Buffer.from(plain.slice(0, 24), 'base64'))) return ''
  return Buffer.from(plain, 'base64').toString('utf8')
}
