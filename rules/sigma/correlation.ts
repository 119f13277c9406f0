/** Correlations (Sigma correlation rules specification): how often, or how many different values, within a timespan. */
import type { Correlation } from '../rule.ts'
import { nearest, notYet, quoted, Wrong } from './error.ts'
import type { SigmaCorrelation } from './parse.ts'

const UNITS: { readonly [unit: string]: number } = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `10s`, `5m`, `1h`, `1d` in ms. */
export const durationOf = (text: string): number => {
  const match = /^([1-9][0-9]{0,8})([smhd])$/.exec(text)
  if (!match) throw new Wrong(`${quoted(text)} is not a duration: write it like 10s, 5m, 1h or 1d`)
  return Number(match[1]) * UNITS[match[2]!]!
}

const TYPES = ['event_count', 'value_count']
const LATER = [
  'temporal',
  'temporal_ordered',
  'value_sum',
  'value_avg',
  'value_percentile',
  'value_median',
  'extended_temporal',
]
/** Further events make these false again; an alert that was raised cannot be taken back. */
const NOT_MONOTONE = new Set(['eq', 'lt', 'lte', 'neq'])

/** `fields` says which one field a name means. */
export const parseCorrelation = (
  document: SigmaCorrelation,
  field: (name: string) => string,
): { readonly correlation: Correlation; readonly groupBy: readonly string[] } => {
  const { located, correlation: spec } = document
  const at = <T>(key: string, step: () => T): T => located.at(['correlation', key], step)
  const type = at('type', () => {
    if (LATER.includes(spec.type)) throw notYet(`correlation type ${spec.type}`)
    if (!TYPES.includes(spec.type))
      throw new Wrong(
        `there is no correlation type ${quoted(spec.type)}; the nearest is ${nearest(spec.type, [...TYPES, ...LATER])}`,
      )
    return spec.type as Correlation['type']
  })
  if (spec.aliases !== undefined && spec.aliases !== null) {
    at('aliases', () => {
      throw notYet('aliases of a correlation')
    })
  }
  const timespan = at('timespan', () => {
    if (spec.timespan === undefined) {
      throw new Wrong(
        'timeframe' in spec
          ? 'there is no timespan; is "timeframe" meant for it?'
          : 'there is no timespan: write it like 5m',
      )
    }
    return durationOf(spec.timespan)
  })
  const groupBy = (spec['group-by'] ?? []).map((name, i) =>
    located.at(['correlation', 'group-by', i], () => field(name)),
  )
  const atLeast = at('condition', () => {
    if (!spec.condition) throw new Wrong('there is no condition: write it like gte: 10')
    const bounds = Object.entries(spec.condition).filter(([key]) => key !== 'field')
    const [first] = bounds
    for (const [key] of bounds) {
      if (NOT_MONOTONE.has(key))
        throw new Wrong(
          `${key} cannot be a condition: it holds until further events come, and an alert cannot be taken back; write gte or gt`,
        )
      if (key !== 'gte' && key !== 'gt') throw new Wrong(`there is no condition ${quoted(key)}: write gte or gt`)
    }
    if (!first || bounds.length > 1) throw new Wrong('expected one of gte and gt')
    const n = Number(first[1])
    if (!Number.isSafeInteger(n) || n < 0)
      throw new Wrong(`${first[0]} is ${quoted(first[1])}, expected a whole number`)
    const least = first[0] === 'gt' ? n + 1 : n
    if (least < 1) throw new Wrong(`${first[0]}: ${n} always holds`)
    return least
  })
  const name = spec.condition!['field']
  if (type === 'event_count') {
    if (name !== undefined) located.at(['correlation', 'condition', 'field'], () => fieldOfCount())
    return { correlation: { type, timespan, atLeast }, groupBy }
  }
  const counted = located.at(['correlation', 'condition', 'field'], () => {
    if (Array.isArray(name)) throw notYet('value_count of several fields')
    if (name === undefined) throw new Wrong('value_count needs the field whose values it counts')
    return field(String(name))
  })
  return { correlation: { type, timespan, atLeast, field: counted }, groupBy }
}

const fieldOfCount = (): never => {
  throw new Wrong('event_count counts events, not the values of a field: write value_count')
}
