/**
 * The one filter tree: Sigma rules, the search bar, exceptions, saved views and the scope of a user are all this.
 *
 * Meaning (the visitor in process, `compile` of match.ts, is the reference; the others are held to it):
 * - A missing field is never a match, and its negation always is.
 * - A field with several values is a set: a leaf holds when any value satisfies it.
 * - Text is compared without case by the simple lower-case mapping of code points (`fold`), unless `cased`.
 * - Values compare as text: 200 and '200' are equal. In a field of type ip an address is compared canonically.
 * - `range` compares numbers; text counts where it is a plain decimal number, else it never matches.
 * - Regular expressions are RE2's, unanchored.
 * - The field '*' means every field of the event.
 */
import { COMPUTED, inputsOf } from '../computed/computed.ts'
import type { Event, Scalar } from '../event.ts'

export type Filter =
  | { readonly op: 'and'; readonly of: readonly Filter[] } // no members: everything
  | { readonly op: 'or'; readonly of: readonly Filter[] } // no members: nothing
  | { readonly op: 'not'; readonly of: Filter }
  | Leaf

export type Leaf =
  | { readonly op: 'in'; readonly field: string; readonly values: readonly Scalar[]; readonly cased?: boolean }
  | { readonly op: 'like'; readonly field: string; readonly pattern: Pattern; readonly cased?: boolean }
  | { readonly op: 'regex'; readonly field: string; readonly source: string; readonly flags?: string } // of i, m, s
  | {
      readonly op: 'range'
      readonly field: string
      readonly gt?: number
      readonly gte?: number
      readonly lt?: number
      readonly lte?: number
    }
  | { readonly op: 'cidr'; readonly field: string; readonly network: string }
  | { readonly op: 'exists'; readonly field: string }
  /** Compared with what another field of the same event holds: any value of the one with any of the other. */
  | {
      readonly op: 'ref'
      readonly field: string
      readonly other: string
      readonly how: 'equals' | 'contains' | 'startswith' | 'endswith' | 'lt' | 'lte' | 'gt' | 'gte'
      readonly cased?: boolean
    }
  /** A part of a time (epoch ms, or text of ISO 8601), in UTC; weeks are ISO's. */
  | {
      readonly op: 'part'
      readonly field: string
      readonly part: TimePart
      readonly values?: readonly number[]
      readonly gt?: number
      readonly gte?: number
      readonly lt?: number
      readonly lte?: number
    }
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'

/** Literal text, and the wildcards: ANY is any run of code points (also none), ONE exactly one code point. */
export type Pattern = readonly (string | typeof ANY | typeof ONE)[]
export const ANY: { readonly wild: '*' } = Object.freeze({ wild: '*' })
export const ONE: { readonly wild: '?' } = Object.freeze({ wild: '?' })
export const isAny = (part: Pattern[number]): boolean => typeof part === 'object' && part.wild === '*'
export const isOne = (part: Pattern[number]): boolean =>
  typeof part === 'object' && (part as { wild: string }).wild === '?'

export const and = (...of: Filter[]): Filter => (of.length === 1 ? of[0]! : { op: 'and', of })
export const or = (...of: Filter[]): Filter => (of.length === 1 ? of[0]! : { op: 'or', of })
export const not = (of: Filter): Filter => (of.op === 'not' ? of.of : { op: 'not', of })
export const eq = (field: string, ...values: Scalar[]): Filter => ({ op: 'in', field, values })
export const contains = (field: string, text: string): Filter => ({ op: 'like', field, pattern: [ANY, text, ANY] })
export const exists = (field: string): Filter => ({ op: 'exists', field })
export const EVERYTHING: Filter = { op: 'and', of: [] }
export const NOTHING: Filter = { op: 'or', of: [] }

export type Match = (event: Event) => boolean

/** Every field a filter names, each once. */
export const fieldsOf = (filter: Filter, into = new Set<string>()): Set<string> => {
  if (filter.op === 'and' || filter.op === 'or') for (const part of filter.of) fieldsOf(part, into)
  else if (filter.op === 'not') fieldsOf(filter.of, into)
  else {
    into.add(filter.field)
    if (filter.op === 'ref') fieldsOf(exists(filter.other), into)
    for (const name of inputsOf(filter.field)) into.add(name)
  }
  return into
}

/** The fields that are computed together with this one, of the same; undefined where it is computed alone, or not at all. */
export const familyOf = (field: string): readonly string[] | undefined => COMPUTED.get(field)?.family
/** Whether nothing of its family can be computed of an event, asked once for all of them. */
export const noneOf = (field: string): ((event: Event) => boolean) | undefined => COMPUTED.get(field)?.none
/** Whether few events have the field: then a filter may be chosen by it. */
export const isSeldom = (field: string): boolean => COMPUTED.get(field)?.seldom === true
