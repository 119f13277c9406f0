/** Correlations (Sigma correlation rules specification): what a document says of types, windows, groups and conditions. */
import { onlyGrows } from '../correlation/kind.ts'
import { allOf, innerOf, isWithin } from '../correlation/evaluate.ts'
import { type Bounds, type Correlation, CORRELATION_TYPES, type CorrelationType } from '../rule.ts'
import { nearest, quoted, Wrong } from './error.ts'
import type { SigmaCorrelation } from './parse.ts'
import { termsOf } from './terms.ts'

const UNITS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `10s`, `5m`, `1h`, `1d` in ms. */
export const durationOf = (text: string): number => {
  const match = /^([1-9][0-9]{0,8})([smhd])$/.exec(text)
  if (!match) throw new Wrong(`${quoted(text)} is not a duration: write it like 10s, 5m, 1h or 1d`)
  return Number(match[1]) * UNITS[match[2]!]!
}

const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const
type Operator = (typeof OPERATORS)[number]
const isOperator = (key: string): key is Operator => (OPERATORS as readonly string[]).includes(key)
const ABOUT_VALUES: ReadonlySet<CorrelationType> = new Set([
  'value_count',
  'value_sum',
  'value_avg',
  'value_median',
  'value_percentile',
])
const TEMPORAL: ReadonlySet<CorrelationType> = new Set(['temporal', 'temporal_ordered'])
const KEYS = ['type', 'rules', 'group-by', 'timespan', 'condition', 'aliases', 'generate', 'field']
/** Rules of a temporal_ordered correlation whose condition is a number: each choice of them is looked at. */
const MOST_ORDERED = 10
const LONGEST = 30 * UNITS['d']!

/** What a correlation is over, as far as it is made already: by its place in `rules`. */
export interface Over {
  readonly name: string
  /** Further names that the author may call it by. */
  readonly names: readonly string[]
  readonly over: number | Correlation
  /** The bases below it. */
  readonly bases: readonly number[]
}

/** `field` says which one field a name means in a base. */
export const parseCorrelation = (
  document: SigmaCorrelation,
  over: readonly Over[],
  bases: number,
  field: (name: string, base: number) => string,
): { readonly correlation: Correlation; readonly groupBy: readonly string[] } => {
  const { located, correlation: spec } = document
  const at = <T>(key: string, step: () => T): T => located.at(['correlation', key], step)
  for (const key of Object.keys(spec))
    if (!KEYS.includes(key))
      at(key, () => {
        if (key === 'timeframe' && spec.timespan === undefined)
          throw new Wrong('there is no timespan; is "timeframe" meant for it?')
        throw new Wrong(`there is no such key; the nearest is ${nearest(key, KEYS)}`)
      })
  const type = at('type', () => {
    const known = CORRELATION_TYPES.find((each) => each === spec.type)
    if (!known)
      throw new Wrong(
        `there is no correlation type ${quoted(spec.type)}; the nearest is ${nearest(spec.type, CORRELATION_TYPES)}`,
      )
    return known
  })
  if (typeof spec.condition === 'string' && !TEMPORAL.has(type))
    at('condition', () => {
      throw new Wrong(`a text is a condition of temporal and temporal_ordered: of ${type} write it like gte: 10`)
    })
  const timespan = at('timespan', () => {
    if (spec.timespan === undefined) throw new Wrong('there is no timespan: write it like 5m')
    const ms = durationOf(spec.timespan)
    if (ms > LONGEST) throw new Wrong(`${quoted(spec.timespan)} is too long: 30d at most`)
    return ms
  })
  over.forEach(({ over: each }, i) => {
    if (over.findIndex((other) => other.over === each) !== i)
      located.at(['correlation', 'rules', i], () => {
        throw new Wrong(`${quoted(over[i]!.name)} is named twice: name each rule once`)
      })
  })
  const all = [...new Set(over.flatMap((each) => each.bases))]
  const fieldIn = aliased(document, over, field)
  /** By base. Of a name that is no alias it has to be one field in all of them. */
  const inAll = (name: string): { readonly by: (string | undefined)[]; readonly title: string } => {
    const by: (string | undefined)[] = Array.from({ length: bases })
    for (const base of all) by[base] = fieldIn.of(name, base)
    if (fieldIn.isAlias(name)) return { by, title: name }
    const [first, ...others] = all.map((base) => by[base]!)
    const other = others.find((each) => each !== first)
    if (other !== undefined)
      throw new Wrong(`${quoted(name)} means ${first} in one rule and ${other} in another: write an alias for them`)
    return { by, title: first! }
  }
  const groups = (spec['group-by'] ?? []).map((name, i) =>
    located.at(['correlation', 'group-by', i], () => inAll(name)),
  )
  const keys: string[][] = Array.from({ length: bases })
  for (const base of all) keys[base] = groups.map(({ by }) => by[base]!)
  const counted = located.at(['correlation', 'condition', 'field'], () => {
    const said = typeof spec.condition === 'object' ? spec.condition['field'] : undefined
    const names = [said ?? spec.field ?? []].flat()
    if (ABOUT_VALUES.has(type) && names.length === 0)
      throw new Wrong(`${type} needs the field whose values it ${type === 'value_count' ? 'counts' : 'takes'}`)
    if (!ABOUT_VALUES.has(type) && names.length > 0)
      throw new Wrong(`${type} counts events, not the values of a field: write value_count`)
    if (names.length > 1 && type !== 'value_count') throw new Wrong(`${type} takes one field, found ${names.length}`)
    return names.map((name) => inAll(String(name)))
  })
  const fields: string[][] = Array.from({ length: bases })
  for (const base of all) fields[base] = counted.map(({ by }) => by[base]!)
  const correlation: Correlation = {
    type,
    timespan,
    over: over.map((each) => each.over),
    names: over.map(({ name }) => name),
    keys,
    ...(counted.length > 0 ? { fields } : {}),
    ...at('condition', () => conditionOf(document, type, over)),
  }
  return { correlation, groupBy: groups.map(({ title }) => title) }
}

const aliased = (
  { located, correlation: { aliases } }: SigmaCorrelation,
  over: readonly Over[],
  field: (name: string, base: number) => string,
) => {
  const known = new Map<string, (string | undefined)[]>()
  for (const [alias, mapping] of Object.entries(aliases ?? {})) {
    located.at(['correlation', 'aliases', alias], () => {
      if (alias.includes('.')) throw new Wrong('an alias is a name of its own, not that of a field: without a dot')
      for (const { name, names } of over)
        if (![name, ...names].some((each) => Object.hasOwn(mapping, each)))
          throw new Wrong(`nothing is said of the rule ${quoted(name)}: expected its field`)
    })
    for (const rule of Object.keys(mapping))
      located.at(['correlation', 'aliases', alias, rule], () => {
        const each = over.find(({ name, names }) => name === rule || names.includes(rule))
        if (!each) {
          const names = over.map(({ name }) => name)
          throw new Wrong(
            `${quoted(rule)} is none of the rules of this correlation; the nearest is ${nearest(rule, names) ?? names[0]}`,
          )
        }
        const by = known.get(alias) ?? []
        for (const base of each.bases) {
          const one = field(String(mapping[rule]), base)
          if (by[base] !== undefined && by[base] !== one)
            throw new Wrong(`it means ${by[base]} and ${one} of the same events: an alias is one field of each rule`)
          by[base] = one
        }
        known.set(alias, by)
      })
  }
  return {
    isAlias: (name: string) => known.has(name),
    of: (name: string, base: number): string => known.get(name)?.[base] ?? field(name, base),
  }
}

const conditionOf = (
  document: SigmaCorrelation,
  type: CorrelationType,
  over: readonly Over[],
): Pick<Correlation, 'bounds' | 'terms' | 'percentile'> => {
  const { condition } = document.correlation
  if (condition === undefined) {
    if (!TEMPORAL.has(type)) throw new Wrong('there is no condition: write it like gte: 10')
    return { terms: [{ all: over.map((_, i) => i), none: [] }] }
  }
  if (typeof condition === 'string') return { terms: termsOf(condition, over) }
  const bounds: { [key in Operator]?: number } = {}
  const place = <T>(key: string, step: () => T): T => document.located.at(['correlation', 'condition', key], step)
  let percentile: number | undefined
  for (const [key, value] of Object.entries(condition)) {
    if (key === 'field') continue
    place(key, () => {
      if (key === 'percentile' && type === 'value_percentile') {
        percentile = Number(value)
        if (!(percentile > 0 && percentile <= 100))
          throw new Wrong(`percentile is ${quoted(value)}, expected a number above 0 and up to 100`)
        return
      }
      if (!isOperator(key))
        throw new Wrong(`there is no condition ${quoted(key)}: write ${OPERATORS.join(', ')}${near(key)}`)
      bounds[key] = boundOf(type, key, value)
    })
  }
  if (Object.keys(bounds).length === 0) throw new Wrong(`expected at least one of ${OPERATORS.join(', ')}`)
  if (type === 'temporal_ordered' && over.length > MOST_ORDERED)
    throw new Wrong(
      `a number of more than ${MOST_ORDERED} rules in order cannot be a condition: leave it out, or write a text`,
    )
  possible(type, bounds, over.length, percentile)
  return { bounds, ...(percentile === undefined ? {} : { percentile }) }
}
const near = (key: string): string => {
  const close = nearest(key, OPERATORS)
  return close && Math.abs(close.length - key.length) < 2 ? `; the nearest is ${close}` : ''
}

const WHOLE: ReadonlySet<CorrelationType> = new Set(['event_count', 'value_count', 'temporal', 'temporal_ordered'])
const boundOf = (type: CorrelationType, key: Operator, value: unknown): number => {
  const n = typeof value === 'number' || (typeof value === 'string' && value.trim() !== '') ? Number(value) : Number.NaN
  if (WHOLE.has(type) ? !Number.isSafeInteger(n) || n < 0 : !Number.isFinite(n))
    throw new Wrong(`${key} is ${quoted(value)}, expected a ${WHOLE.has(type) ? 'whole ' : ''}number`)
  return n
}

/** Refuses what can never hold, and what always does. A window has an event at least: the one that ends it. */
const possible = (
  type: CorrelationType,
  { gt, gte, lt, lte, eq, neq }: Bounds,
  rules: number,
  percentile: number | undefined,
): void => {
  const whole = WHOLE.has(type)
  const share = type === 'value_percentile' && percentile === undefined
  let low = whole ? 1 : type === 'value_sum' || share ? 0 : Number.NEGATIVE_INFINITY
  let high = type.startsWith('temporal') ? rules : share ? 100 : Number.POSITIVE_INFINITY
  if (whole || type === 'value_sum' || share)
    for (const [word, value] of [
      ['gte', gte],
      ['gt', gt],
    ] as const)
      if (
        value !== undefined &&
        (word === 'gt' ? value < low && value < 0 : value <= 0) &&
        onlyOne({ gt, gte, lt, lte, eq, neq })
      )
        throw new Wrong(`${word}: ${value} always holds`)
  const never = (): never => {
    const said = Object.entries({ gt, gte, lt, lte, eq, neq }).flatMap(([key, n]) =>
      n === undefined ? [] : `${key}: ${n}`,
    )
    const why = whole
      ? type.startsWith('temporal')
        ? `a window has from 1 to ${rules} of the rules`
        : 'a window has at least one'
      : share
        ? 'a share is from 0 to 100'
        : type === 'value_sum'
          ? 'a sum is not below 0'
          : 'nothing is between'
    throw new Wrong(`${said.join(', ')} can never hold: ${why}`)
  }
  let [openLow, openHigh] = [false, false]
  const above = (n: number, open: boolean) => {
    if (n > low || (n === low && open)) [low, openLow] = [n, open]
  }
  const below = (n: number, open: boolean) => {
    if (n < high || (n === high && open)) [high, openHigh] = [n, open]
  }
  if (gte !== undefined) above(gte, false)
  if (gt !== undefined) whole ? above(gt + 1, false) : above(gt, true)
  if (lte !== undefined) below(lte, false)
  if (lt !== undefined) whole ? below(lt - 1, false) : below(lt, true)
  if (eq !== undefined) {
    above(eq, false)
    below(eq, false)
  }
  if (low > high || (low === high && (openLow || openHigh))) never()
  if (neq !== undefined && low === high && low === neq) never()
}
const onlyOne = (bounds: Bounds): boolean => Object.values(bounds).filter((n) => n !== undefined).length === 1

/** Whether a later event can make false what was true. */
export const canBeUndone = (correlation: Correlation): boolean =>
  allOf(correlation).some(
    (each) =>
      ['value_avg', 'value_median', 'value_percentile'].includes(each.type) ||
      (each.bounds !== undefined && !onlyGrows(each.bounds)) ||
      (each.terms ?? []).some(({ none }) => none.length > 0) ||
      // What comes true of a group of groups, comes true for its parts at other times.
      innerOf(each).some((inner) => !isWithin(each, inner)),
  )
