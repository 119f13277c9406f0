/** What is gathered of an expression while it is read. */
import type { Class } from './words.ts'

/** What an expression holds. */
export interface Facts {
  literals: number
  numbers: number
  texts: number
  /** Bare names. */
  names: number
  variable: boolean
  unary: boolean
  groups: number
  /** Calls, by the class of the function. */
  calls: (Class | 'other')[]
  compares: number
  math: boolean
  is: boolean
  select: boolean
  schema: boolean
  cast: boolean
  castCall: boolean
  as: boolean
  delay: boolean
  error: boolean
  file: boolean
  /** Characters built of their numbers. */
  chars: number
}
export const facts = (): Facts => ({
  literals: 0,
  numbers: 0,
  texts: 0,
  names: 0,
  variable: false,
  unary: false,
  groups: 0,
  calls: [],
  compares: 0,
  math: false,
  is: false,
  select: false,
  schema: false,
  cast: false,
  castCall: false,
  as: false,
  delay: false,
  error: false,
  file: false,
  chars: 0,
})
export const knownCalls = ({ calls }: Facts): number => calls.reduce((n, kind) => (kind === 'other' ? n : n + 1), 0)
