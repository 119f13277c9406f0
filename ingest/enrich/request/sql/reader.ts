/**
 * A small tolerant grammar over the tokens: what an expression holds, and where it ends. It asks whether something reads like
 * SQL, not whether a database would take it. All steps of one value are paid from one budget.
 */
import { DEPTH } from '../bounds.ts'
import { type Add, HINT, SURE } from '../findings.ts'
import { type Facts, facts } from './facts.ts'
import type { Tokens } from './lex.ts'
import {
  type Class,
  CLASSES,
  CLAUSES,
  COMPARE,
  JOINS,
  LOGIC,
  MATH,
  STATEMENTS,
  TABLES,
  TYPES,
  WORD_COMPARE,
} from './words.ts'

const STEPS = 6000

/** Whether what follows `select` is a list, only perhaps, or not: "select the union of two sets". */
export type Likeness = 'list' | 'perhaps' | 'no'

const IN_LIST = new Set('as using from for separator order by in and or xor union all where limit'.split(' '))
const SIGNS = '+-~!@'

export class Reader {
  readonly k: Tokens['kinds']
  readonly v: Tokens['values']
  readonly tokens: Tokens
  readonly add: Add
  #left = STEPS

  constructor(tokens: Tokens, add: Add) {
    this.tokens = tokens
    this.k = tokens.kinds
    this.v = tokens.values
    this.add = add
  }
  get length(): number {
    return this.k.length
  }
  is(i: number, ...words: readonly string[]): boolean {
    return this.k[i] === 'w' && words.includes(this.v[i]!)
  }
  sign(i: number, sign: string): boolean {
    return this.k[i] === 'o' && this.v[i] === sign
  }
  /** Where the next token stands that is no comment. */
  past(i: number): number {
    while (this.k[i] === 'c') i++
    return i
  }
  /** name(.name)*, also a..b: as one, and where it ends. */
  name(i: number): readonly [string, number] {
    let name = this.v[i]!
    let end = i + 1
    while (this.k[end] === '.' && end - i < 8) {
      if (this.k[end + 1] === 'w') {
        name += `.${this.v[end + 1]}`
        end += 2
      } else if (this.k[end + 1] === '.') {
        name += '.'
        end++
      } else break
    }
    return [name, end]
  }

  /** The end of the operand at `i`, -1 where there is none. */
  operand(i: number, of: Facts, depth: number): number {
    if (this.#left-- < 0 || depth > DEPTH) return -1
    i = this.past(i)
    while (
      (this.k[i] === 'o' && SIGNS.includes(this.v[i]!)) ||
      this.is(i, 'not', 'binary', 'distinct', 'all', 'any', 'some', 'prior')
    ) {
      if (this.#left-- < 0) return -1
      of.unary = true
      i = this.past(i + 1)
    }
    const word = this.v[i]
    switch (this.k[i]) {
      case 'n':
        of.literals++
        of.numbers++
        i++
        break
      case 's':
        of.literals++
        of.texts++
        while (this.k[i] === 's') i++
        break
      case 'v':
        of.variable = true
        i++
        break
      case '{': // ODBC's {fn now()}, MySQL's {x 1}
        i = this.operand(i + 2, of, depth + 1)
        if (i < 0) return -1
        if (this.k[i] === '}') i++
        break
      case '(':
        i = this.group(i, of, depth + 1)
        if (i < 0) return -1
        break
      case 'o':
        if (word !== '*') return -1
        i++
        break
      case 'w': {
        if (word === 'case') return this.cases(i, of, depth + 1)
        if (word === 'select') {
          if (this.selects(i) !== 'list') return -1
          of.select = true
          return this.select(i, depth + 1, of)
        }
        if (word === 'exists' && this.k[i + 1] === '(') return this.group(i + 1, of, depth + 1)
        if (CLAUSES.has(word!) && this.k[i + 1] !== '(' && word !== 'end') return -1
        i = this.#named(i, of, depth)
        if (i < 0) return -1
        break
      }
      default:
        return -1
    }
    return this.#behind(i, of, depth)
  }
  /** A name, a call, a constant. */
  #named(i: number, of: Facts, depth: number): number {
    const [name, end] = this.name(i)
    if (TABLES.has(name)) of.schema = true
    if (this.k[end] === '(') {
      const kind = CLASSES.get(name)
      of.calls.push(kind ?? 'other')
      if (kind) this.#called(name, kind, end, of)
      return this.group(end, of, depth + 1)
    }
    if (name === 'null' || name === 'true' || name === 'false') of.literals++
    else if (
      /^(?:current_(?:user|date|time|timestamp|role)|session_user|system_user|rownum|sysdate|localtime(?:stamp)?)$/.test(
        name,
      )
    )
      of.variable = true
    else if (this.k[end] === 's' && TYPES.has(name)) {
      of.cast = true
      return end + 1
    } else of.names++
    return end
  }
  /** ::type, [index], collate x */
  #behind(i: number, of: Facts, depth: number): number {
    for (;;) {
      if (i < 0) return -1
      if (this.sign(i, '::') && this.k[i + 1] === 'w') {
        of.cast = true
        if (TYPES.has(this.v[i + 1]!)) this.add('cast', SURE)
        i += 2
        if (this.is(i, 'precision', 'varying')) i++
        if (this.k[i] === '(') i = this.group(i, facts(), depth + 1)
      } else if (this.is(i, 'collate') && (this.k[i + 1] === 'w' || this.k[i + 1] === 's')) i += 2
      else if (this.k[i] === '[' && this.k[i + 1] === 'n' && this.k[i + 2] === ']') i += 3
      else return i
    }
  }

  /** ( list ); what is never closed counts as closed at the end. -1 where it reads like no list: "sleep (how many hours)". */
  group(i: number, of: Facts, depth: number): number {
    if (depth > DEPTH) return -1
    of.groups++
    i = this.past(i + 1)
    if (this.is(i, 'select', 'with')) {
      const likeness = this.selects(i)
      of.select = true
      this.add('subquery', likeness === 'list' ? SURE : HINT)
      i = this.select(i, depth, of)
    } else if (this.k[i] === ')') return i + 1
    let after = false
    for (let n = 0; i >= 0 && n < 200; n++) {
      i = this.past(i)
      if (i >= this.length) return i
      if (this.k[i] === ')') return i + 1
      const parts =
        this.k[i] === ',' ||
        (this.k[i] === 'w' && IN_LIST.has(this.v[i]!)) ||
        (this.k[i] === 'o' && (JOINS.has(this.v[i]!) || this.v[i] === '='))
      if (parts) {
        if (this.is(i, 'as', 'using')) of.as = true
        after = false
        i++
        continue
      }
      if (
        after &&
        this.k[i] === 'w' &&
        !of.select &&
        this.k[i - 1] !== ')' &&
        !CLAUSES.has(this.v[i]!) &&
        !LOGIC.has(this.v[i]!)
      )
        return -1
      const end = this.expression(i, of, depth)
      if (end <= i) return -1
      i = end
      after = true
    }
    return i
  }

  cases(i: number, of: Facts, depth: number): number {
    let at = i + 1
    let [when, then] = [false, false]
    for (let n = 0; n < 60 && at < this.length; n++) {
      if (this.is(at, 'end')) {
        at++
        break
      }
      if (this.is(at, 'when', 'then', 'else', 'and', 'or')) {
        when ||= this.is(at, 'when')
        then ||= this.is(at, 'then')
        at++
        continue
      }
      const end = this.expression(at, of, depth)
      if (end <= at) break
      at = end
    }
    if (when && then) {
      this.add('case_when', SURE)
      of.calls.push('text')
    }
    return at
  }

  /** operand (operator operand)*, to the next and, or, comma, bracket or clause. -1 where no operand begins it. */
  expression(i: number, of: Facts, depth = 0): number {
    let end = this.operand(i, of, depth)
    if (end < 0) return -1
    for (let n = 0; n < 200; n++) {
      const at = this.past(end)
      const word = this.v[at]!
      let next = at + 1
      if (this.k[at] === 'o' && COMPARE.has(word)) of.compares++
      else if (this.k[at] === 'o' && MATH.has(word)) of.math = true
      else if (this.k[at] === 'w' && (word === 'div' || word === 'mod')) of.math = true
      else if (this.k[at] === 'w' && word === 'not' && this.k[next] === 'w' && WORD_COMPARE.has(this.v[next]!)) {
        end = next
        continue
      } else if (this.k[at] === 'w' && WORD_COMPARE.has(word) && this.#compares(at)) {
        of.compares++
        if (word === 'is' || word === 'isnull' || word === 'notnull') of.is = true
        if (this.is(next, 'not')) next++
        if (this.is(next, 'null')) {
          of.literals++
          end = next + 1
          continue
        }
        if (this.is(next, 'to', 'like')) next++
        if (word === 'between') {
          const low = this.operand(next, of, depth)
          if (low > 0 && this.is(low, 'and')) next = low + 1
        }
      } else return end
      if (this.sign(next, '=')) next++
      const right = this.operand(next, of, depth)
      if (right < 0) {
        if (this.k[at] !== 'o' || (word !== '?' && word !== '-' && word !== '->')) return next
        if (word !== '-') of.compares--
        return end
      }
      end = right
    }
    return end
  }
  /** "is", "match" and "contains" compare only with what SQL would put behind them. */
  #compares(at: number): boolean {
    if (!this.is(at, 'is', 'match', 'contains')) return true
    const next = this.is(at + 1, 'not') ? at + 2 : at + 1
    return (
      this.is(next, 'null', 'true', 'false', 'unknown', 'distinct', 'json') ||
      this.k[next] === 'n' ||
      this.k[next] === '('
    )
  }
  #called(name: string, kind: Class, open: number, of: Facts): void {
    const [first, next] = [this.k[open + 1], this.k[open + 2]]
    if (kind === 'delay') {
      if (first === 'n') of.delay ||= next !== 'w'
      else if (first === 'w') of.delay ||= next !== 'w' && next !== ')'
      else of.delay ||= first === 's' || first === '(' || first === 'v' || first === 'o'
    } else if (kind === 'error') of.error = true
    else if (kind === 'file') of.file = true
    if (
      (name === 'cast' || name === 'convert' || name === 'try_cast') &&
      first !== undefined &&
      '(snvw'.includes(first)
    )
      of.castCall = true
    if ((name === 'char' || name === 'chr' || name === 'nchar') && (first === 'n' || first === '(')) of.chars++
  }

  selects(i: number): Likeness {
    let at = this.past(i + 1)
    while (
      this.is(at, 'distinct', 'all', 'top', 'sql_calc_found_rows', 'sql_no_cache', 'straight_join', 'high_priority')
    ) {
      at = this.past(at + 1)
      if (this.k[at] === 'n' && this.v[at - 1] === 'top') at++
    }
    const after = this.past(at + 1)
    const goesOn = this.k[after] !== 'w' || CLAUSES.has(this.v[after]!) || LOGIC.has(this.v[after]!)
    switch (this.k[at]) {
      case 'n':
      case 's':
      case 'v':
        return goesOn ? 'list' : 'no'
      case 'o':
        if (this.v[at] === '*') return goesOn ? 'list' : 'no'
        return '-~!+'.includes(this.v[at]!) && ('n(sv'.includes(this.k[at + 1] ?? '?') || this.k[at + 2] === '(')
          ? 'list'
          : 'no'
      case '(':
        return 'list'
      case 'w': {
        if (this.is(at, 'null', 'case') || (this.is(at, 'if') && this.k[at + 1] === '(')) return 'list'
        if (this.is(at, 'from')) return 'perhaps'
        const [name, end] = this.name(at)
        const next = this.k[end]
        if (next === '(' || TABLES.has(name)) return 'list'
        if (next === undefined) return end > at + 1 ? 'perhaps' : 'no'
        if (next === ',' || next === 'o' || next === 'c' || next === ')' || next === ';') return 'perhaps'
        const from = this.is(end, 'from', 'as', 'into', 'union', 'where', 'limit')
        return from || (next === 'w' && this.is(end + 1, 'from') && !CLAUSES.has(this.v[end]!)) ? 'perhaps' : 'no'
      }
      default:
        return 'no'
    }
  }
  /** Walks over a list and its clauses as far as it goes, and says where it stops. */
  select(i: number, depth: number, of: Facts): number {
    let at = i + 1
    for (let n = 0; n < 300 && at < this.length; n++) {
      if (this.#left-- < 0) return -1
      if (this.k[at] === ')' || this.k[at] === ';') return at
      const clause =
        this.k[at] === 'w' && (CLAUSES.has(this.v[at]!) || STATEMENTS.has(this.v[at]!)) && this.k[at + 1] !== '('
      const end = clause ? -1 : this.expression(at, of, depth)
      at = end > at ? end : at + 1
    }
    return at
  }
}
