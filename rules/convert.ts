/** A rule as each store is asked for it: the same tree by its two visitors. What a store cannot say exactly it over-selects. */
import { toDsl } from '../ingest/store/elasticsearch/read/dsl.ts'
import { toSql } from '../ingest/store/sql.ts'
import type { Rule } from './rule.ts'

export interface Converted {
  readonly name: string
  /** A condition of DuckDB's SQL over the columns of events. */
  readonly sql: string
  /** A query of Elasticsearch over its index of events. */
  readonly query: object
  /** Whether it says all; else what comes back is decided in process. */
  readonly exact: { readonly sql: boolean; readonly query: boolean }
}

/** Of a correlation each rule that it is about: counting is not the store's. */
export const convert = (rule: Rule): readonly Converted[] =>
  (rule.bases ?? [{ name: rule.id, filter: rule.filter }]).map(({ name, filter }) => {
    // As every row of a day keeps its values where they belong.
    const sql = toSql(filter, { odd: false, numbered: undefined })
    const dsl = toDsl(filter)
    return { name, sql: sql.sql, query: dsl.query ?? { match_all: {} }, exact: { sql: sql.exact, query: dsl.exact } }
  })
