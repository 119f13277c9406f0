/** Conditions and calls, wherever they stand in a value: their neighbours say whether this is SQL or prose. */
import { type Add, HINT, SURE } from '../findings.ts'
import { facts, knownCalls } from './facts.ts'
import type { Reader } from './reader.ts'
import { CLASSES, CLAUSES, JOINS, LOGIC, STATEMENTS } from './words.ts'
import { tell } from './tell.ts'

/** 1)) …: brackets that the value closes and did not open stand before `i`. */
export const unopened = (r: Reader, i: number): boolean => {
  const [close, open] = [r.k.indexOf(')'), r.k.indexOf('(')]
  return close >= 0 && close < i && (open < 0 || open > close)
}

/** A logic word or sign at `i`, and what it joins. */
export const condition = (r: Reader, i: number, quoted: boolean, add: Add): void => {
  const { k, v } = r
  const { tail, tailText } = r.tokens
  let from = r.past(i + 1)
  for (
    let n = 0;
    n < 5 &&
    ((k[from] === 'w' && (JOINS.has(v[from]!) || v[from] === 'not')) ||
      (k[from] === 'o' && (JOINS.has(v[from]!) || v[from] === '!')));
    n++
  )
    from = r.past(from + 1)
  const of = facts()
  const end = r.expression(from, of)
  if (end < 0) return
  const known = knownCalls(of)
  const before = k[i - 1]
  const whole = end >= r.length
  /** What stands before it is an operand that a condition may go on from. */
  const led =
    (i === 0 && v[i] !== 'if') ||
    (before !== undefined && 'n)cs;'.includes(before)) ||
    (i === 1 && (before === 'o' || before === 'w'))
  const literal = of.names === 0 && !of.variable && of.calls.length === 0 && !of.select
  const after = k[end]
  const closes =
    whole ||
    after === 'c' ||
    after === ')' ||
    after === ';' ||
    after === 'o' ||
    (after === 'w' && (JOINS.has(v[end]!) || CLAUSES.has(v[end]!) || LOGIC.has(v[end]!)))
  const ended = tail !== '' && end >= r.length - 1
  if (of.compares > 0 && literal && of.literals >= 2 && closes) {
    const amid = before === 'w' && i > 2 && !LOGIC.has(v[i - 1]!) && !CLAUSES.has(v[i - 1]!)
    add('tautology', amid && tail === '' && !quoted ? HINT : SURE)
  } else if (of.compares > 0 && of.numbers > 0 && of.groups > 0 && closes && led) add('boolean_condition', SURE)
  else if (known > 0 && (of.compares > 0 || of.math || known > 1)) add('boolean_function', SURE)
  else if (of.select) add('boolean_subquery', SURE)
  else if (of.compares > 0 && (of.variable || of.cast)) add('boolean_condition', SURE)
  else if (of.compares > 0 && closes && (of.literals > 0 || of.calls.length > 0) && led)
    add(
      'boolean_condition',
      i <= 8 && (i <= 1 || before === ')' || before === 'c' || before === 's' || tail !== '') ? SURE : HINT,
    )
  else if (
    ended &&
    led &&
    (of.literals > 0 || of.is) &&
    tailText.trim().length < 10 &&
    (i <= 1 || (before !== undefined && 'n)sc'.includes(before)))
  )
    add('boolean_condition', SURE)
  else if (led && known > 0 && before !== 'w' && closes) add('boolean_function', SURE)
  else if (of.is && led && before !== 'w') add('boolean_condition', SURE)

  if (i === 1 && before === 'n' && whole && of.texts > 0 && literal) add('boolean_condition', SURE)
  if (before === ')' && literal && closes && end >= r.length - 1 && unopened(r, i)) add('boolean_condition', SURE)
  if (of.compares > 0 && of.names === 2 && ended && led && (before === 'n' || before === ')' || i === 0))
    add('boolean_condition', SURE)
  // 1 or 1, 5 xor 2, 1 || true
  if (
    i === 1 &&
    before === 'n' &&
    whole &&
    literal &&
    (v[from] === v[0] || r.is(from, 'true', 'false', 'null') || v[i] === 'xor' || k[i] === 'o')
  )
    add('tautology', SURE)
  if (closes || of.select) tell(of, add)
}

const CONDITIONAL = new Set('if iif nullif ifnull elt make_set decode nvl2 choose field interval'.split(' '))

/** A function that a database knows is called at `i`; its bracket opens at `open`. */
export const call = (r: Reader, i: number, open: number, name: string, from: number, add: Add): void => {
  const kind = CLASSES.get(name)
  if (!kind) return
  const { k, v } = r
  const of = facts()
  const end = r.operand(i, of, 0)
  const before = k[i - 1]
  const inPlace = (at: number, statements: boolean): boolean =>
    CLAUSES.has(v[at]!) || LOGIC.has(v[at]!) || (statements && STATEMENTS.has(v[at]!))
  const left = i === 0 || i === from || before !== 'w' || inPlace(i - 1, true)
  const right = end > 0 && (end >= r.length || k[end] !== 'w' || inPlace(end, false))
  if (!left || !right) return
  const known = knownCalls(of)
  const args = v.slice(open, end).join('')
  if (kind === 'delay' && of.delay) add('time_delay', name === 'row' || name === 'generate_series' ? HINT : SURE)
  else if (kind === 'file') add('file_or_command_function', SURE)
  else if (kind === 'error')
    add(
      'error_function',
      /^(?:exp|row|polygon|throw|linestring|multipoint)$/.test(name) && !of.select && !of.unary ? HINT : SURE,
    )
  else if (
    known >= 2 &&
    (of.compares > 0 || of.chars > 1 || known >= 3 || of.select || of.variable || /[x']/.test(args))
  )
    add('function_chain', SURE)
  else if (known >= 2) add('function_chain', HINT)
  else if (of.castCall && of.as) add('cast', SURE)
  else if (kind === 'info' && k[open + 1] === ')')
    add('info_function', (i > 0 && before === 'o') || before === ',' || before === '(' ? SURE : HINT)
  else if (CONDITIONAL.has(name) && of.literals >= 2 && of.compares > 0) add('conditional_function', SURE)
  else if (
    (name === 'char' || name === 'chr' || name === 'nchar') &&
    of.chars > 0 &&
    (k[open + 2] === ',' || k[end] === 'o')
  )
    add('char_building', SURE)
  if (of.schema) add('schema_table', SURE)
}
