/** The visitor to SQLite, over the columns of a collection. */
import type { SQLInputValue } from 'node:sqlite'
import type { Filter, Leaf } from './filter.ts'
import { asNumber, fold } from './match.ts'
import { column as quote } from './sql.ts'

/** The filter over the columns: a superset, and whether it is exact. */
export const toSqlite = (
  filter: Filter,
  fields: ReadonlySet<string>,
  anyOdd: boolean,
): { sql: string; params: SQLInputValue[]; exact: boolean } => {
  let exact = !anyOdd
  const params: SQLInputValue[] = []
  const inexact = (over: boolean) => {
    exact = false
    return over ? '1' : '0'
  }
  const leaf = (node: Leaf, over: boolean): string => {
    if (!fields.has(node.field)) return inexact(over)
    const c = quote(node.field)
    const odd = (sql: string) => {
      if (!anyOdd) return sql
      return over ? `(${sql} OR odd)` : `(${sql} AND NOT odd)`
    }
    if (node.op === 'exists') return odd(`${c} IS NOT NULL`)
    if (node.op === 'range') {
      const parts = [
        ['>', node.gt],
        ['>=', node.gte],
        ['<', node.lt],
        ['<=', node.lte],
      ] as const
      if (parts.some(([, bound]) => bound !== undefined && asNumber(bound) === undefined)) return inexact(over)
      params.push(...parts.flatMap(([, bound]) => (bound === undefined ? [] : [bound])))
      return odd(
        `(typeof(${c}) IN ('integer', 'real') AND ${c} IS NOT NULL${parts.map(([sign, bound]) => (bound === undefined ? '' : ` AND ${c} ${sign} ?`)).join('')})`,
      )
    }
    if (node.op === 'in' && !node.cased) {
      if (node.values.length === 0) return '0'
      // Numbers stand as numbers, all else as folded text; a value may be meant as either.
      const wanted = node.values.flatMap((v): SQLInputValue[] => {
        const text = String(v)
        return Number.isFinite(Number(text)) && String(Number(text)) === text
          ? [fold(text), Number(text)]
          : [fold(text)]
      })
      params.push(...wanted)
      // Of a missing value this is NULL, which chooses nothing and whose negation `visit` makes true; no index stands behind a function.
      return odd(`${c} IN (${wanted.map(() => '?').join(', ')})`)
    }
    return inexact(over)
  }
  const visit = (node: Filter, over: boolean): string => {
    if (node.op === 'not') return `(NOT coalesce(${visit(node.of, !over)}, 0))`
    if (node.op === 'and' || node.op === 'or') {
      if (node.of.length === 0) return node.op === 'and' ? '1' : '0'
      return `(${node.of.map((part) => visit(part, over)).join(node.op === 'and' ? ' AND ' : ' OR ')})`
    }
    return leaf(node, over)
  }
  const sql = visit(filter, true)
  return { sql, params, exact }
}
