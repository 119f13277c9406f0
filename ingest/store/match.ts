/** The visitor in process: what a filter means. */
import { RE2JS } from 're2js'
import { COMPUTED, valuesIn } from '../computed/computed.ts'
import { type Event, type Scalar, typeOf, type Value, valuesOf } from '../event.ts'
import { canonicalAddress, parseCidr, parseIp, within } from '../ip.ts'
import { type Filter, isAny, isOne, type Leaf, type Match, type Pattern, type TimePart } from './filter.ts'

export { valuesIn }

const ASCII = /^[\x00-\x7f]*$/
/** Letters of Unicode 16 and 17, which the engines do not know alike yet: they stay as they are. */
const UNSETTLED = /[\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/u
/** Simple lower-case mapping, code point by code point (Unicode's UnicodeData, not SpecialCasing): lengths never change. */
export const fold = (text: string): string => {
  if (ASCII.test(text)) return text.toLowerCase()
  let out = ''
  for (const point of text) {
    if (UNSETTLED.test(point)) {
      out += point
      continue
    }
    const lower = point.toLowerCase()
    // Only U+0130 has a longer full mapping; its simple one is 'i'.
    out += lower.length > point.length ? 'i' : lower
  }
  return out
}

/** Compiles a filter to a predicate. Throws on a regular expression that RE2 refuses; see `checkRegex`. */
export const compile = (filter: Filter): Match => {
  if (filter.op === 'and') {
    const parts = filter.of.map(compile)
    return (event) => parts.every((part) => part(event))
  }
  if (filter.op === 'or') {
    const parts = filter.of.map(compile)
    return (event) => parts.some((part) => part(event))
  }
  if (filter.op === 'not') {
    const part = compile(filter.of)
    return (event) => !part(event)
  }
  return leaf(filter)
}

/** What a filter reads of an event: its own value, or what is computed of others. */
export const readerOf = (field: string): ((event: Event) => Value | undefined) => {
  // Every object answers to names such as "constructor": only what the event itself has counts.
  const inherited = field in {}
  const computed = COMPUTED.get(field)
  return (event) => (inherited && !Object.hasOwn(event, field) ? undefined : (event[field] ?? computed?.value(event)))
}

const leaf = (filter: Leaf): Match => {
  const { field } = filter
  if (field === '*' && filter.op !== 'ref') {
    const tests = new Map<string, (value: Scalar) => boolean>()
    return (event) =>
      Object.keys(event).some((name) => {
        let test = tests.get(typeOf(name) ?? '')
        if (!test) tests.set(typeOf(name) ?? '', (test = valueTest(filter, typeOf(name) === 'ip')))
        return valuesOf(event, name).some(test)
      })
  }
  if (filter.op === 'ref') return refTest(filter)
  const test = valueTest(filter, typeOf(field) === 'ip')
  const valueIn = readerOf(field)
  return (event) => {
    const value = valueIn(event)
    if (value === undefined) return false
    return Array.isArray(value) ? value.some(test) : test(value as Scalar)
  }
}

const refTest = ({ field, other, how, cased }: Extract<Leaf, { op: 'ref' }>): Match => {
  const textOf = (value: Scalar): string => {
    const text = canonicalAddress(String(value)) ?? String(value)
    return cased ? text : fold(text)
  }
  const numbersOf = (values: readonly Scalar[]): number[] => values.flatMap((value) => asNumber(value) ?? [])
  /** Any of the ones with any of the others; in a hostile event both may be thousands. */
  const holds = (ours: readonly Scalar[], others: readonly Scalar[]): boolean => {
    if (how === 'lt' || how === 'lte') return isBelow(numbersOf(ours), numbersOf(others), how === 'lte')
    if (how === 'gt' || how === 'gte') return isBelow(numbersOf(others), numbersOf(ours), how === 'gte')
    const texts = new Set(others.map(textOf))
    if (how === 'equals') return ours.some((value) => texts.has(textOf(value)))
    if (how === 'contains') {
      const all = [...texts]
      return ours.some((value) => {
        const text = textOf(value)
        return all.some((other) => text.includes(other))
      })
    }
    // As many looks as the others have lengths, not as there are others.
    const lengths = [...new Set([...texts].map((text) => text.length))]
    return ours.some((value) => {
      const text = textOf(value)
      return lengths.some(
        (n) => n <= text.length && texts.has(how === 'startswith' ? text.slice(0, n) : text.slice(text.length - n)),
      )
    })
  }
  return (event) => {
    const others = valuesIn(event, other)
    return others.length > 0 && holds(valuesIn(event, field), others)
  }
}
/** Whether any of the ones is below any of the others: the least of them below the greatest. */
const isBelow = (low: readonly number[], high: readonly number[], orEqual: boolean): boolean => {
  const [least, most] = [
    low.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
    high.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  ]
  return least < most || (orEqual && least === most)
}

const DAY = 86_400_000
/** Epoch ms of a text of ISO 8601. Without a zone it is UTC: what a rule finds does not depend on where the server stands. */
const timeIn = (text: string): number => {
  const found = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text)
  return found ? Date.parse((found[1] === undefined ? `${text}Z` : text).replace(',', '.')) : Number.NaN
}
/** Of a time in UTC; undefined where the value is none. */
const partOf = (value: Scalar, part: TimePart): number | undefined => {
  const at = typeof value === 'number' ? value : timeIn(String(value))
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return undefined
  switch (part) {
    case 'minute':
      return date.getUTCMinutes()
    case 'hour':
      return date.getUTCHours()
    case 'day':
      return date.getUTCDate()
    case 'month':
      return date.getUTCMonth() + 1
    case 'year':
      return date.getUTCFullYear()
    case 'week': {
      // ISO 8601: the week of a day is that of its Thursday.
      const thursday = new Date(
        Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate() + 4 - (date.getUTCDay() || 7)),
      )
      return Math.ceil(((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / DAY + 1) / 7)
    }
  }
}

const inRange = (
  n: number | undefined,
  { gt, gte, lt, lte }: { readonly gt?: number; readonly gte?: number; readonly lt?: number; readonly lte?: number },
): boolean =>
  n !== undefined &&
  (gt === undefined || n > gt) &&
  (gte === undefined || n >= gte) &&
  (lt === undefined || n < lt) &&
  (lte === undefined || n <= lte)

const valueTest = (filter: Exclude<Leaf, { op: 'ref' }>, isIp: boolean): ((value: Scalar) => boolean) => {
  switch (filter.op) {
    case 'exists':
      return () => true
    case 'in': {
      const wanted = new Set(
        filter.values.map((value) => {
          const text = isIp ? (canonicalAddress(String(value)) ?? String(value)) : String(value)
          return filter.cased ? text : fold(text)
        }),
      )
      return filter.cased ? (value) => wanted.has(String(value)) : (value) => wanted.has(fold(String(value)))
    }
    case 'like': {
      const glob = compilePattern(filter.cased ? filter.pattern : foldPattern(filter.pattern))
      return filter.cased ? (value) => glob(String(value)) : (value) => glob(fold(String(value)))
    }
    case 'regex': {
      const regex = regexOf(filter.source, filter.flags)
      return (value) => regex.test(String(value))
    }
    case 'range': {
      return (value) => inRange(asNumber(value), filter)
    }
    case 'part': {
      const { part, values } = filter
      return (value) => {
        const n = partOf(value, part)
        return n !== undefined && (values === undefined || values.includes(n)) && inRange(n, filter)
      }
    }
    case 'cidr': {
      const network = parseCidr(filter.network)
      if (!network) throw new Error(`"${filter.network}" is not a network: write it like 192.0.2.0/24 or 2001:db8::/32`)
      return (value) => {
        const ip = parseIp(String(value))
        return ip !== undefined && within(ip, network)
      }
    }
  }
}

/** One filter may ask the same of twenty fields, and the next request again: compiling is dear, so the last ones are kept. */
const compiled = new Map<string, RE2JS>()
const MOST_COMPILED = 64
const regexOf = (source: string, flags = ''): RE2JS => {
  const key = `${flags}/${source}`
  const regex = compiled.get(key) ?? RE2JS.compile(source, regexFlags(flags))
  compiled.delete(key)
  compiled.set(key, regex)
  if (compiled.size > MOST_COMPILED) compiled.delete(compiled.keys().next().value!)
  return regex
}

export const regexFlags = (flags = ''): number =>
  (flags.includes('i') ? RE2JS.CASE_INSENSITIVE : 0) |
  (flags.includes('m') ? RE2JS.MULTILINE : 0) |
  (flags.includes('s') ? RE2JS.DOTALL : 0)

/** Why RE2 refuses an expression (look-around, back-reference, bad syntax), or undefined where it takes it. */
export const checkRegex = (source: string, flags = ''): string | undefined => {
  try {
    RE2JS.compile(source, regexFlags(flags))
    return undefined
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return /\(\?(<?[=!])/.test(source) ? `look-around is not possible in RE2 (${reason})` : reason
  }
}

/** The number a value is for `range`: what it is as text must be a plain decimal of at most 18 + 20 digits. */
export const asNumber = (value: Scalar): number | undefined => {
  if (Number.isSafeInteger(value)) return value as number
  return typeof value !== 'boolean' && /^-?[0-9]{1,18}(\.[0-9]{1,20})?$/.test(String(value)) ? Number(value) : undefined
}

export const foldPattern = (pattern: Pattern): Pattern =>
  pattern.map((part) => (typeof part === 'string' ? fold(part) : part))

/** Linear glob: the runs between stars are looked for greedily from the left, the last one is held to the end. */
export const compilePattern = (pattern: Pattern): ((text: string) => boolean) => {
  // Runs between ANYs; each is code points, where undefined stands for ONE.
  const runs: (string | undefined)[][] = [[]]
  for (const part of pattern) {
    if (isAny(part)) runs.push([])
    else if (isOne(part)) runs.at(-1)!.push(undefined)
    else runs.at(-1)!.push(...(part as string))
  }
  const plain = (run: (string | undefined)[]) => !run.includes(undefined)
  if (runs.every(plain)) {
    const texts = runs.map((run) => run.join(''))
    const [first, last] = [texts[0]!, texts.at(-1)!]
    if (runs.length === 1) return (text) => text === first
    const middle = texts.slice(1, -1).filter((text) => text !== '')
    return (text) => {
      if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
      let at = first.length
      const end = text.length - last.length
      for (const part of middle) {
        const found = text.indexOf(part, at)
        if (found < 0 || found + part.length > end) return false
        at = found + part.length
      }
      return true
    }
  }
  const fits = (points: string[], at: number, run: (string | undefined)[]) =>
    at >= 0 && at + run.length <= points.length && run.every((c, i) => c === undefined || c === points[at + i])
  return (text) => {
    const points = [...text]
    if (!fits(points, 0, runs[0]!)) return false
    if (runs.length === 1) return points.length === runs[0]!.length
    const last = runs.at(-1)!
    const end = points.length - last.length
    let at = runs[0]!.length
    if (end < at || !fits(points, end, last)) return false
    for (const run of runs.slice(1, -1)) {
      while (at + run.length <= end && !fits(points, at, run)) at++
      if (at + run.length > end) return false
      at += run.length
    }
    return true
  }
}
