/**
 * A pattern with named fields over a whole line: `(?<source.ip>\S+) - (?<user.name>[^ ]*) .*`. In the syntax of RE2
 * (https://github.com/google/re2/wiki/Syntax), and linear in the line's length whatever is written: where at each byte only one way
 * leads on (what a repeated class takes, what follows it cannot begin with), nothing is ever tried twice, and V8's own engine
 * runs it ten times as fast as RE2; others are found in two passes (`scanner.ts`), and what neither reads (flags, `\b`) by RE2.
 */
import { RE2JS } from 're2js'
import { type Scan, scannerOf } from './scanner.ts'
import { type Bytes, meet, NONE, type Node, read, union, Unread } from './syntax.ts'

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
  /** What runs it. */
  readonly by: 'v8' | 'scanner' | 're2'
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

/** In two passes, where the pattern is of the common kind and not too large. */
const scanOf = (source: string, captures: number): Scan | undefined => {
  try {
    return scannerOf(read(source), captures)
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

/** A pattern as it was written, without the names of its captures. */
export const plainOf = (source: string): string => named(source).plain

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
      by: 'v8',
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
  const scan = scanOf(source, names.length)
  return {
    names,
    found,
    by: scan ? 'scanner' : 're2',
    matches: (bytes, from, to) => {
      const scanned = scan?.(bytes, from, to, found)
      if (scanned !== undefined) return scanned
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
