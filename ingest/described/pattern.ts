/**
 * A pattern with named fields over a whole line: `(?<source.ip>\S+) - (?<user.name>[^ ]*) .*`. In the syntax of RE2
 * (https://github.com/google/re2/wiki/Syntax), and linear in the line's length whatever is written: where at each byte only one way
 * leads on (what a repeated class takes, what follows it cannot begin with), nothing is ever tried twice, and V8's own engine
 * runs it ten times as fast; any other pattern is run by RE2.
 */
import { RE2JS } from 're2js'

/** A pattern, and what is wrong with it, at which of its characters. */
export class WrongPattern extends Error {
  readonly at: number
  constructor(message: string, at: number) {
    super(message)
    this.at = at
  }
}
export interface Pattern {
  /** Fields by capture, in their order. */
  readonly names: readonly string[]
  /** Whether it is the pattern of these bytes; then `found` has begin and end of each capture, -1 where it took no part. */
  matches(bytes: Uint8Array, from: number, to: number): boolean
  readonly found: Int32Array
  /** It is run by V8: one way at each byte. */
  readonly single: boolean
}

/** Bytes, as 256 flags. */
type Bytes = readonly boolean[]
const bytesOf = (test: (byte: number) => boolean): Bytes => Array.from({ length: 256 }, (_, byte) => test(byte))
const union = (a: Bytes, b: Bytes): Bytes => a.map((each, i) => each || b[i]!)
const meet = (a: Bytes, b: Bytes): boolean => a.some((each, i) => each && b[i]!)
const NONE = bytesOf(() => false)
const DIGIT = bytesOf((c) => c >= 48 && c <= 57)
const WORD = bytesOf((c) => (c >= 48 && c <= 57) || ((c | 32) >= 97 && (c | 32) <= 122) || c === 95)
const SPACE = bytesOf((c) => c === 32 || c === 9 || c === 10 || c === 12 || c === 13)
const not = (a: Bytes): Bytes => a.map((each) => !each)
const CLASSES: Readonly<Record<string, Bytes>> = {
  d: DIGIT,
  D: not(DIGIT),
  w: WORD,
  W: not(WORD),
  s: SPACE,
  S: not(SPACE),
}
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, v: 11 }
const ANY = bytesOf((c) => c !== 10)

type Node =
  | { readonly is: 'class'; readonly bytes: Bytes }
  | { readonly is: 'all'; readonly of: readonly Node[] }
  | { readonly is: 'one'; readonly of: readonly Node[] }
  | { readonly is: 'repeat'; readonly of: Node; readonly least: number; readonly most: number }
  | { readonly is: 'group'; readonly of: Node; readonly captures: boolean }

/** What this reader of patterns does not know; RE2 may. */
class Unread extends Error {}

const read = (source: string): Node => {
  let i = 0
  const alternatives = (): Node => {
    const of = [sequence()]
    while (source[i] === '|') {
      i++
      of.push(sequence())
    }
    return of.length === 1 ? of[0]! : { is: 'one', of }
  }
  const sequence = (): Node => {
    const of: Node[] = []
    while (i < source.length && source[i] !== '|' && source[i] !== ')') of.push(...repeated())
    return { is: 'all', of }
  }
  const repeated = (): Node[] => {
    const all = atom()
    const of = all.at(-1)!
    const c = source[i]
    let [least, most] = [1, 1]
    if (c === '*') [least, most] = [0, Number.POSITIVE_INFINITY]
    else if (c === '+') [least, most] = [1, Number.POSITIVE_INFINITY]
    else if (c === '?') [least, most] = [0, 1]
    else if (c === '{') {
      const m = /^\{(\d{1,3})(,(\d{1,3})?)?\}/.exec(source.slice(i, i + 12))
      if (!m) throw new Unread()
      least = Number(m[1])
      most = m[2] === undefined ? least : m[3] === undefined ? Number.POSITIVE_INFINITY : Number(m[3])
      i += m[0].length - 1
    } else return all
    i++
    // Of one way there is no more and no less greedy.
    if (source[i] === '?') i++
    else if (source[i] === '+' || source[i] === '*' || source[i] === '{') throw new Unread()
    return [...all.slice(0, -1), { is: 'repeat', of, least, most }]
  }
  /** A character beyond ASCII is several bytes: only the last of them may be repeated, so a repeated one is not read. */
  const atom = (): Node[] => {
    const c = source[i]!
    if (c === '(') {
      const m = /^\((\?:|\?P?<[^>]{1,200}>)?/.exec(source.slice(i, i + 210))!
      if (m[1] === undefined && source[i + 1] === '?') throw new Unread()
      i += m[0].length
      const of = alternatives()
      if (source[i] !== ')') throw new Unread()
      i++
      return [{ is: 'group', of, captures: m[1] !== '?:' }]
    }
    if (c === '[') return [{ is: 'class', bytes: bracket() }]
    if (c === '.') {
      i++
      return [{ is: 'class', bytes: ANY }]
    }
    if (c === '\\') return [{ is: 'class', bytes: escaped() }]
    if (c === '^' && i === 0) {
      i++
      return [{ is: 'all', of: [] }]
    }
    if (c === '$' && i === source.length - 1) {
      i++
      return [{ is: 'all', of: [] }]
    }
    if ('^$*+?{'.includes(c)) throw new Unread()
    const point = String.fromCodePoint(source.codePointAt(i)!)
    i += point.length
    const bytes = [...Buffer.from(point)]
    if (bytes.length > 1 && '*+?{'.includes(source[i] ?? ' ')) throw new Unread()
    return bytes.map((byte) => ({ is: 'class', bytes: bytesOf((b) => b === byte) }))
  }
  const escaped = (): Bytes => {
    const c = source[i + 1]
    i += 2
    if (c === undefined) throw new Unread()
    if (Object.hasOwn(CLASSES, c)) return CLASSES[c]!
    const code = Object.hasOwn(CONTROLS, c) ? CONTROLS[c]! : /[A-Za-z0-9]/.test(c) || c > '\x7f' ? -1 : c.charCodeAt(0)
    if (code < 0) throw new Unread()
    return bytesOf((byte) => byte === code)
  }
  const bracket = (): Bytes => {
    i++
    const negated = source[i] === '^'
    if (negated) i++
    let bytes: Bytes = NONE
    for (let first = true; source[i] !== ']' || first; first = false) {
      const c = source[i]
      if (c === undefined || c > '\x7f' || (c === '[' && source[i + 1] === ':')) throw new Unread()
      const low = c === '\\' ? escaped() : bytesOf((byte) => byte === c.charCodeAt(0))
      if (c !== '\\') i++
      if (source[i] === '-' && source[i + 1] !== ']' && source[i + 1] !== undefined) {
        const [from, to] = [low.indexOf(true), source.charCodeAt(i + 1)]
        if (low.indexOf(true, from + 1) >= 0 || source[i + 1] === '\\' || to > 127 || to < from) throw new Unread()
        bytes = union(
          bytes,
          bytesOf((byte) => byte >= from && byte <= to),
        )
        i += 2
      } else bytes = union(bytes, low)
    }
    i++
    return negated ? not(bytes) : bytes
  }
  const all = alternatives()
  if (i < source.length) throw new Unread()
  return all
}

interface Ways {
  readonly first: Bytes
  readonly empty: boolean
}
/** What a node may begin with; throws where at some byte two ways lead on, `after` being what may follow it. */
const ways = (node: Node, after: Bytes): Ways => {
  switch (node.is) {
    case 'class':
      return { first: node.bytes, empty: false }
    case 'group':
      return ways(node.of, after)
    case 'all': {
      let [first, empty, next] = [NONE, true, after]
      for (const each of node.of.toReversed()) {
        const found = ways(each, next)
        next = found.empty ? union(found.first, next) : found.first
        first = found.empty ? union(found.first, first) : found.first
        empty &&= found.empty
      }
      return { first, empty }
    }
    case 'one': {
      let [first, empties] = [NONE, 0]
      for (const each of node.of) {
        const found = ways(each, after)
        if (found.empty) empties++
        if (meet(found.first, first)) throw new Unread()
        first = union(first, found.first)
      }
      if (empties > 1 || (empties === 1 && meet(first, after))) throw new Unread()
      return { first, empty: empties > 0 }
    }
    case 'repeat': {
      const again = node.most > 1 ? union(after, ways(node.of, after).first) : after
      const found = ways(node.of, again)
      // Once the least is there: on, or again.
      if (node.least !== node.most && meet(found.first, after)) throw new Unread()
      if (found.empty) throw new Unread()
      return { first: found.first, empty: node.least === 0 }
    }
  }
}

const hex = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`
const classText = (bytes: Bytes): string => {
  let out = ''
  for (let i = 0; i < 256; i++) {
    if (!bytes[i]) continue
    let end = i
    while (end < 255 && bytes[end + 1]) end++
    out += end > i ? `${hex(i)}-${hex(end)}` : hex(i)
    i = end
  }
  return out === '' ? '[]' : `[${out}]`
}
/** Takes whatever is not ASCII, and so characters of several bytes. */
const isWide = (bytes: Bytes): boolean => bytes[0x80]! && bytes[0xff]!
/** One character of the class: a byte, or a first byte and those that continue it (UTF-8). */
const characterText = (bytes: Bytes): string =>
  isWide(bytes)
    ? `(?:${classText(bytes.map((each, i) => each && i < 0x80))}|[\\xc2-\\xdf][\\x80-\\xbf]|[\\xe0-\\xef][\\x80-\\xbf]{2}|[\\xf0-\\xf4][\\x80-\\xbf]{3})`
    : classText(bytes)
/** The same for V8, over a text of which each character is one byte. */
const written = (node: Node): string => {
  switch (node.is) {
    case 'class':
      return characterText(node.bytes)
    case 'group':
      return `(${node.captures ? '' : '?:'}${written(node.of)})`
    case 'all':
      return node.of.map(written).join('')
    case 'one':
      return `(?:${node.of.map(written).join('|')})`
    case 'repeat':
      // Of any number it is the same by bytes.
      if (node.of.is === 'class' && node.least <= 1 && node.most === Number.POSITIVE_INFINITY)
        return `${classText(node.of.bytes)}${node.least === 0 ? '*' : '+'}`
      return `(?:${written(node.of)}){${node.least},${node.most === Number.POSITIVE_INFINITY ? '' : node.most}}`
  }
}
/** Of V8, where the pattern has one way at each byte. */
const singleOf = (source: string): RegExp | undefined => {
  try {
    const node = read(source)
    ways(node, NONE)
    return new RegExp(`^(?:${written(node)})$`, 'd')
  } catch (error) {
    if (error instanceof Unread) return undefined
    throw error
  }
}

/** Names of captures, counted, and the pattern with captures that RE2 takes. Throws a WrongPattern. */
const named = (source: string): { names: string[]; plain: string } => {
  const names: string[] = []
  let plain = ''
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!
    if (c === '\\') {
      plain += c + (source[++i] ?? '')
      continue
    }
    if (c === '[') {
      // Within a class a bracket is a character.
      let end = i + (source[i + 1] === '^' ? 2 : 1)
      if (source[end] === ']') end++
      while (end < source.length && source[end] !== ']') end += source[end] === '\\' ? 2 : 1
      plain += source.slice(i, end + 1)
      i = end
      continue
    }
    if (c !== '(') {
      plain += c
      continue
    }
    const m = /^\(\?P?<([^>=!][^>]*)>/.exec(source.slice(i, i + 220))
    if (!m) {
      if (source[i + 1] !== '?')
        throw new WrongPattern('a group without a name: write (?:…), or name the field as (?<source.ip>…)', i)
      plain += c
      continue
    }
    if (names.includes(m[1]!)) throw new WrongPattern(`the field ${m[1]} stands twice in the pattern`, i)
    names.push(m[1]!)
    plain += '('
    i += m[0].length - 1
  }
  return { names, plain }
}

/** The pattern of a text. Throws a WrongPattern. */
export const patternOf = (source: string): Pattern => {
  const { names, plain } = named(source)
  let re: RE2JS
  try {
    re = RE2JS.compile(`^(?:${plain})$`)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new WrongPattern(`${reason}: patterns are those of RE2, without look-around and back-references`, 0)
  }
  const found = new Int32Array(names.length * 2)
  const single = singleOf(source)
  if (single)
    return {
      names,
      found,
      single: true,
      matches: (bytes, from, to) => {
        const m = single.exec(Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('latin1'))
        if (!m) return false
        const { indices } = m
        for (let k = 0; k < names.length; k++) {
          const range = indices![k + 1]
          found[k * 2] = range ? from + range[0] : -1
          found[k * 2 + 1] = range ? from + range[1] : -1
        }
        return true
      },
    }
  return {
    names,
    found,
    single: false,
    matches: (bytes, from, to) => {
      const text = Buffer.from(bytes.buffer, bytes.byteOffset + from, to - from).toString('utf8')
      const m = re.matcher(text)
      if (!m.matches()) return false
      const ascii = text.length === to - from
      for (let k = 0; k < names.length; k++) {
        const [a, z] = [m.start(k + 1), m.end(k + 1)]
        found[k * 2] = a < 0 ? -1 : from + (ascii ? a : Buffer.byteLength(text.slice(0, a)))
        found[k * 2 + 1] = a < 0 ? -1 : from + (ascii ? z : Buffer.byteLength(text.slice(0, z)))
      }
      return true
    },
  }
}
