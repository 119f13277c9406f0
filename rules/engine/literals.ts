/**
 * What a text must hold for a pattern or an expression to match: clauses, all of which have to hold, each by any of its
 * words (Russ Cox, "Regular Expression Matching with a Trigram Index"; RE2's FilteredRE2). Words are lower-cased. What is
 * not understood gives no clause: then nothing is left out, never wrongly.
 */
import type { Pattern } from '../../ingest/store/filter.ts'
import { fold } from '../../ingest/store/match.ts'

export type Clause = readonly string[]

/** `exact`: every text that it can match, where these are few. */
interface Known {
  readonly exact: readonly string[] | undefined
  readonly clauses: readonly Clause[]
}
const MOST_TEXTS = 128
const LONGEST = 32
const ANYTHING: Known = { exact: undefined, clauses: [] }
const EMPTY: Known = { exact: [''], clauses: [] }
const exactly = (...texts: string[]): Known => ({ exact: texts, clauses: [] })

/**
 * ASCII, and letters beyond it that have exactly one other case and no third form: Vietnamese and most of Latin. Others fold
 * in one way here and in another there, so no word holds them.
 */
const isPlain = (point: number): boolean =>
  point < 0x80 ||
  (point >= 0x300 && point < 0x345) ||
  (point >= 0x1ea0 && point <= 0x1ef9) ||
  point === 0x1a1 ||
  point === 0x1b0 ||
  (point >= 0xe0 && point < 0x17f && ![0xe5, 0xff, 0x131, 0x149].includes(point))
const longestPlain = (text: string): string => {
  let [best, run] = ['', '']
  for (const letter of text) {
    run = isPlain(letter.codePointAt(0)!) ? run + letter : ''
    if (run.length > best.length) best = run
  }
  return best
}
/** Any of the texts; a word that holds another one says nothing more. Undefined where one of them says nothing. */
const clauseOf = (texts: readonly string[]): Clause | undefined => {
  const words = [...new Set(texts.map(longestPlain))].sort((a, b) => a.length - b.length)
  if (words.length === 0 || words[0] === '') return undefined
  return words.filter((word, i) => !words.slice(0, i).some((shorter) => word.includes(shorter)))
}

/** How often a character stands in requests and lines, roughly. */
const share = (letter: string): number =>
  /[a-z0-9]/.test(letter)
    ? 0.04
    : /[/. ]/.test(letter)
      ? 0.06
      : /[-=:,;()_"]/.test(letter)
        ? 0.02
        : /[&?%+]/.test(letter)
          ? 0.01
          : 0.001
/** Orders of magnitude between characters that are read and hits of any of the words. */
export const rarityOf = (clause: Clause): number =>
  -Math.log10(clause.reduce((sum, word) => sum + [...word].reduce((product, c) => product * share(c), 1), 0))
/** A clause below it is not worth its hits: a slash, or "or", stands in every third request. */
export const WEAK = 2

const clausesOf = ({ exact, clauses }: Known): readonly Clause[] => {
  const own = exact && clauseOf(exact)
  return own ? [...clauses, own] : clauses
}
const rarest = (clauses: readonly Clause[]): Clause | undefined =>
  clauses.toSorted((a, b) => rarityOf(b) - rarityOf(a))[0]

const sequence = (parts: readonly Known[]): Known => {
  let exact: readonly string[] = ['']
  let whole = true
  const clauses: Clause[] = []
  const end = () => {
    const clause = clauseOf(exact)
    if (clause) clauses.push(clause)
    exact = ['']
    whole = false
  }
  for (const part of parts) {
    clauses.push(...part.clauses)
    if (!part.exact) {
      end()
      continue
    }
    if (exact.length * part.exact.length > MOST_TEXTS || exact.some((text) => text.length > LONGEST)) end()
    exact = [...new Set(exact.flatMap((a) => part.exact!.map((b) => a + b)))]
  }
  if (whole) return { exact, clauses }
  end()
  return { exact: undefined, clauses }
}
const either = (parts: readonly Known[]): Known => {
  // What the members need besides their texts is not needed of all of them.
  if (parts.every(({ exact, clauses }) => exact && clauses.length === 0)) {
    const exact = [...new Set(parts.flatMap((part) => part.exact!))]
    if (exact.length <= MOST_TEXTS) return { exact, clauses: [] }
  }
  const words: string[] = []
  for (const part of parts) {
    const best = rarest(clausesOf(part))
    if (!best) return ANYTHING
    words.push(...best)
  }
  const clause = clauseOf(words)
  return { exact: undefined, clauses: clause ? [clause] : [] }
}
const repeated = (part: Known, least: number, most: number): Known => {
  if (least === 0)
    return most === 1 && part.exact && part.clauses.length === 0 ? exactly(...new Set(['', ...part.exact])) : ANYTHING
  if (least === 1 && most === 1) return part
  const times =
    part.exact && part.exact.length <= 4 ? sequence(Array.from({ length: Math.min(least, 4) }, () => part)) : part
  return { exact: undefined, clauses: clausesOf(times) }
}

/** What `\s` is in RE2. */
const WHITE = ['\t', '\n', '\f', '\r', ' ']

/** RE2's syntax as far as words need it. Throws on what it does not know. */
class Reader {
  readonly #source: string
  #at = 0
  constructor(source: string) {
    this.#source = source
  }
  whole(): Known {
    const known = this.#alternatives()
    if (this.#at < this.#source.length) throw new Error('unbalanced')
    return known
  }
  /** The alternatives of the whole, each as it is written. */
  split(): string[] {
    const out: string[] = []
    for (let from = 0; ; from = ++this.#at) {
      this.#sequence()
      out.push(this.#source.slice(from, this.#at))
      if (this.#next === undefined) return out
      if (this.#next !== '|') throw new Error('unbalanced')
    }
  }
  get #next(): string | undefined {
    return this.#source[this.#at]
  }
  #alternatives(): Known {
    const parts = [this.#sequence()]
    while (this.#next === '|') {
      this.#at++
      parts.push(this.#sequence())
    }
    return parts.length === 1 ? parts[0]! : either(parts)
  }
  #sequence(): Known {
    const parts: Known[] = []
    while (this.#next !== undefined && this.#next !== '|' && this.#next !== ')') parts.push(this.#times(this.#atom()))
    return sequence(parts)
  }
  #times(part: Known): Known {
    for (let known = part; ; ) {
      const counted = this.#next === '{' ? /^\{(\d+)(,(\d*))?\}/.exec(this.#source.slice(this.#at)) : null
      if (this.#next === '*') known = repeated(known, 0, Number.POSITIVE_INFINITY)
      else if (this.#next === '+') known = repeated(known, 1, Number.POSITIVE_INFINITY)
      else if (this.#next === '?') known = repeated(known, 0, 1)
      else if (counted) {
        const least = Number(counted[1])
        known = repeated(
          known,
          least,
          counted[2] === undefined ? least : Number(counted[3] || Number.POSITIVE_INFINITY),
        )
      } else return known
      this.#at += counted ? counted[0].length : 1
      // Lazy: which text is taken, not whether.
      if (this.#next === '?') this.#at++
    }
  }
  #atom(): Known {
    const c = this.#source[this.#at++]!
    switch (c) {
      case '(':
        return this.#group()
      case '[':
        return this.#class()
      case '.':
        return ANYTHING
      case '^':
      case '$':
        return EMPTY
      case '\\': {
        const escaped = this.#source[this.#at++] ?? ''
        if (/[bBAz]/.test(escaped)) return EMPTY
        if (escaped === 's') return exactly(...WHITE)
        if (/[dDwWS]/.test(escaped)) return ANYTHING
        return exactly(fold(this.#letter(escaped)))
      }
      default:
        return exactly(fold(this.#point()))
    }
  }
  #group(): Known {
    if (this.#next === '?') {
      const head = /^\?(:|P?<\w+>)/.exec(this.#source.slice(this.#at))
      if (!head) throw new Error('a group with flags')
      this.#at += head[0].length
    }
    const known = this.#alternatives()
    if (this.#source[this.#at++] !== ')') throw new Error('unbalanced')
    return known
  }
  /** The code point that was begun. */
  #point(): string {
    const point = String.fromCodePoint(this.#source.codePointAt(this.#at - 1)!)
    this.#at += point.length - 1
    return point
  }
  #letter(escaped: string): string {
    const known = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', a: '\x07' }[escaped]
    if (known) return known
    if (escaped === 'x') {
      const hex = /^(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})/.exec(this.#source.slice(this.#at))
      if (!hex) throw new Error('an escape')
      this.#at += hex[0].length
      return String.fromCodePoint(Number.parseInt(hex[1] ?? hex[2]!, 16))
    }
    if (/[A-Za-z0-9]/.test(escaped) || escaped === '') throw new Error('an escape')
    return escaped
  }
  #class(): Known {
    let few: string[] | undefined = []
    if (this.#next === '^') {
      few = undefined
      this.#at++
    }
    for (let first = true; this.#next !== ']' || first; first = false) {
      if (this.#next === undefined || this.#source.startsWith('[:', this.#at)) throw new Error('a class')
      let c = this.#source[this.#at++]!
      if (c === '\\') {
        c = this.#source[this.#at++] ?? ''
        if (/[pP]/.test(c)) throw new Error('a property')
        if (c === 's') {
          few?.push(...WHITE)
          continue
        }
        if (/[dDwWS]/.test(c)) {
          few = undefined
          continue
        }
        c = this.#letter(c)
      } else c = this.#point()
      if (this.#next === '-' && this.#source[this.#at + 1] !== ']') {
        few = undefined
        this.#at++
        const to = this.#source[this.#at++]
        if (to === undefined) throw new Error('a class')
        if (to === '\\') this.#letter(this.#source[this.#at++] ?? '')
        else this.#point()
      } else few?.push(fold(c))
    }
    this.#at++
    return few && few.length <= 8 ? exactly(...new Set(few)) : ANYTHING
  }
}

const FLAGS = /^\(\?[ims]+\)/
/** Expressions of which one has to match: `a|b` is a or b, and what one of them must hold the other need not. */
export const alternativesOf = (source: string): readonly string[] => {
  const flags = FLAGS.exec(source)?.[0] ?? ''
  try {
    return new Reader(source.slice(flags.length)).split().map((part) => flags + part)
  } catch {
    return [source]
  }
}
export const clausesOfRegex = (source: string): readonly Clause[] => {
  try {
    return clausesOf(new Reader(source.replace(FLAGS, '')).whole())
  } catch {
    return []
  }
}
export const clausesOfPattern = (pattern: Pattern): readonly Clause[] =>
  pattern.flatMap((part) => {
    const clause = typeof part === 'string' ? clauseOf([fold(part)]) : undefined
    return clause ? [clause] : []
  })
