/** What a pattern is made of, read from its text as far as it is of the common kind: what is not, RE2 reads (`pattern.ts`). */

/** Bytes, as 256 flags. */
export type Bytes = readonly boolean[]
export const bytesOf = (test: (byte: number) => boolean): Bytes => Array.from({ length: 256 }, (_, byte) => test(byte))
export const union = (a: Bytes, b: Bytes): Bytes => a.map((each, i) => each || b[i]!)
export const meet = (a: Bytes, b: Bytes): boolean => a.some((each, i) => each && b[i]!)
export const NONE = bytesOf(() => false)
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

export type Node =
  | { readonly is: 'class'; readonly bytes: Bytes }
  | { readonly is: 'all'; readonly of: readonly Node[] }
  | { readonly is: 'one'; readonly of: readonly Node[] }
  | { readonly is: 'repeat'; readonly of: Node; readonly least: number; readonly most: number; readonly lazy: boolean }
  | { readonly is: 'group'; readonly of: Node; readonly captures: boolean }

/** What this reader of patterns does not know; RE2 may. */
export class Unread extends Error {}

export const read = (source: string): Node => {
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
    const lazy = source[i] === '?'
    if (lazy) i++
    else if (source[i] === '+' || source[i] === '*' || source[i] === '{') throw new Unread()
    return [...all.slice(0, -1), { is: 'repeat', of, least, most, lazy }]
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
