/** A value inside the application's own quotes: does it close them and go on as SQL, and does that end as SQL does? */
import { type Add, HINT, SURE } from '../findings.ts'
import { type Facts, facts } from './facts.ts'
import type { Reader } from './reader.ts'
import { COMPARE, JOINS, MATH, WORD_COMPARE } from './words.ts'
import { tell } from './tell.ts'

export interface Ending {
  /** In a comment, in the text that follows, or in a statement's end: without, O'Brien would be one. */
  readonly proper: boolean
  readonly reopened: boolean
  readonly ends: boolean
}
export const endingOf = (r: Reader, quote: string, text: string): Ending => {
  const reopened = quote !== '' && r.tokens.open === quote
  const ends = r.tokens.tail !== '' || r.k[r.length - 1] === ';' || text.includes('\0')
  return { proper: quote !== '' && (reopened || ends), reopened, ends }
}
const wordsOf = (text: string): number => {
  const trimmed = text.trim()
  return trimmed === '' ? 0 : trimmed.split(/\s+/, 10).length
}

/** `start`: behind the brackets that close with the quote; `closers`: how many those are. */
export const closed = (r: Reader, quote: string, start: number, closers: number, ending: Ending, add: Add): void => {
  const { k, v } = r
  const { tail, tailText } = r.tokens
  const [first, word] = [k[start], v[start] ?? '']
  /** 24" is a size. */
  const inch = quote === '"' && /\d\s*$/.test(v[0]!)
  /** Words behind the comment's mark; a comment in Vietnamese is prose. */
  const junk = /[^\x00-\x7f]/.test(tailText) ? 9 : wordsOf(tailText)
  const { proper, reopened, ends } = ending
  if (first === 'c' && r.length === 2 && !inch && junk <= 1) {
    const words = wordsOf(v[0]!)
    add('string_close_comment', words < 3 || (words < 6 && /^[-+;*\s]*$/.test(tailText.trim())) ? SURE : HINT)
  } else if (first === 'c' && start === r.length - 1 && closers > 0 && junk <= 2) add('string_close_comment', SURE)

  if ((first === 'o' || first === 'w') && JOINS.has(word)) joined(r, start, ending, junk, add)
  else if (
    (first === 'o' && (MATH.has(word) || COMPARE.has(word))) ||
    (first === 'w' && (WORD_COMPARE.has(word) || word === 'not' || word === 'div' || word === 'mod'))
  ) {
    const of = facts()
    const end = r.expression(start + (word === 'not' ? 2 : 1), of)
    const stops = end >= r.length - 1 || (k[end] !== undefined && 'ocw);'.includes(k[end]!))
    const calls = of.calls.length > 0
    if (end > 0 && (reopened || ends) && stops && !inch) {
      const plain = of.names > 0 && !calls && !of.select && of.compares === 0 && of.literals === 0 && !of.variable
      const between =
        reopened &&
        of.literals > 0 &&
        r.length <= 3 &&
        /[\p{L}\d]/u.test(v[0]!) &&
        /\p{L}/u.test(v[r.length - 1] ?? '') &&
        !'=|'.includes(word[0]!)
      add('string_close_operator', plain || between ? HINT : SURE)
      tell(of, add)
    } else if (of.calls.some((kind) => kind !== 'other') || of.select) {
      add('string_close_operator', SURE)
      tell(of, add)
    }
  } else if (
    first === 'w' &&
    (word === 'order' || word === 'group') &&
    r.is(start + 1, 'by') &&
    (k[start + 2] === 'n' || proper)
  )
    add('order_by_probe', SURE)
  else if (r.is(start, 'having', 'where', 'limit', 'procedure', 'into', 'offset') && (proper || k[start + 1] === 'n')) {
    const of = facts()
    r.expression(start + 1, of)
    if (
      of.compares > 0 ||
      of.calls.length > 0 ||
      of.numbers > 0 ||
      (word === 'into' && r.is(start + 1, 'outfile', 'dumpfile'))
    ) {
      add('string_close_clause', SURE)
      tell(of, add)
    }
  } else if (first === ',' || (closers > 0 && (first === undefined || first === ')'))) {
    const of = facts()
    const end = first === ',' ? r.expression(start + 1, of) : -1
    if (end > 0 && (of.calls.length > 0 || of.select)) {
      add('string_close_list', SURE)
      tell(of, add)
    }
  } else if (r.is(start, 'as') && tail !== '') add('string_close_clause', HINT)
}

/** ' or …, ' and …, ' || … */
const joined = (r: Reader, start: number, { proper, ends }: Ending, junk: number, add: Add): void => {
  const { k, v } = r
  const of: Facts = facts()
  let from = r.past(start + 1)
  while (k[from] === 'o' && JOINS.has(v[from]!)) from++
  const end = r.expression(from, of)
  if (end <= 0) return
  const { tail } = r.tokens
  const last = end >= r.length
  if (of.compares > 0 || of.calls.length > 0 || of.select || of.variable) {
    add(
      proper || ends ? 'string_close_boolean' : 'string_close_condition',
      of.compares > 0 || of.select || proper ? SURE : HINT,
    )
    tell(of, add)
  } else if (proper && (of.literals > 0 || of.unary) && (tail !== '' || of.names === 0) && k[end] !== 's') {
    const stops =
      last || 'co;)'.includes(k[end]!) || ((of.groups > 0 || tail !== '') && r.is(end, 'and', 'or', 'xor', 'limit'))
    add('string_close_boolean', stops ? SURE : HINT)
  } else if (tail !== '' && of.names > 0 && end >= r.length - 1 && junk <= 2) add('string_close_boolean', SURE)
}
