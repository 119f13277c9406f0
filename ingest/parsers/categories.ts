/** What kind of event a line is, in the words that ECS allows (ECS, "Categorization Fields"). */
import { type Const, constant } from '../row/const.ts'
import { field } from '../row/handles.ts'
import type { Row } from '../row/row.ts'

/** Words are separated by blanks. */
export interface Words {
  readonly category?: string
  readonly type?: string
  readonly kind?: string
  readonly action?: string
  readonly outcome?: string
}
export interface Sort {
  readonly category: readonly Const[]
  readonly type: readonly Const[]
  readonly kind: Const | undefined
  readonly action: Const | undefined
  readonly outcome: Const | undefined
}
const list = (words: string | undefined): Const[] => (words ? words.split(' ').map(constant) : [])
const one = (word: string | undefined): Const | undefined => (word ? constant(word) : undefined)
export const sortOf = ({ category, type, kind, action, outcome }: Words): Sort => ({
  category: list(category),
  type: list(type),
  kind: one(kind),
  action: one(action),
  outcome: one(outcome),
})

const CATEGORY = field('event.category')
const TYPE = field('event.type')
const KIND = field('event.kind')
const ACTION = field('event.action')
const OUTCOME = field('event.outcome')

const putList = (row: Row, f: number, words: readonly Const[]): void => {
  if (words.length === 0) return
  row.list(f)
  for (let i = 0; i < words.length; i++) row.constItem(words[i]!)
}
/** Says what is known of the sort of an event; what is not stays as it was said. */
export const putSort = (row: Row, { category, type, kind, action, outcome }: Sort): void => {
  putList(row, CATEGORY, category)
  putList(row, TYPE, type)
  if (kind !== undefined) row.const(KIND, kind)
  if (action !== undefined) row.const(ACTION, action)
  if (outcome !== undefined) row.const(OUTCOME, outcome)
}
