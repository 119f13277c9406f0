/** The statements of the reader, over day files. */
import { typedKey } from '../buckets.ts'
import { type Asked, column, toSql } from '../sql.ts'
import type { Aggregate, Bucket, Window } from '../store.ts'
import type { DayFile } from './days.ts'
import { COLUMNS, valueList } from './layout.ts'

const plain = new Set(COLUMNS.filter((f) => !f.list).map((f) => f.name))

export const namesOf = (query: {
  by: readonly ({ terms: string } | { every: number })[]
  distinct?: string
}): string[] => [
  ...query.by.flatMap((by) => ('terms' in by ? [by.terms] : [])),
  ...(query.distinct ? [query.distinct] : []),
]

export const conditions = ({ from, to, ingested }: Window): string => {
  const parts: string[] = []
  const add = (name: string, sign: string, value: number | undefined) => {
    if (value !== undefined && Number.isFinite(value)) parts.push(`${column(name)} ${sign} ${Math.trunc(value)}`)
  }
  add('@timestamp', '>=', from)
  add('@timestamp', '<', to)
  add('event.ingested', '>', ingested?.after)
  add('event.ingested', '<=', ingested?.upTo)
  return parts.length ? parts.join(' AND ') : 'true'
}

/** Keys k0…, n, first, last and, where asked, d: of rows with single values straight, of the others value by value. */
export const grouped = (
  files: DayFile[],
  query: Window & Pick<Aggregate, 'by' | 'distinct' | 'filter'>,
  asked: (file: DayFile) => Asked,
): string => {
  const names = namesOf(query)
  const simple = names.every((name) => plain.has(name))
  const histogram = (by: { every: number; offset?: number }) => {
    const offset = by.offset ?? 0
    return `CAST(floor(("@timestamp" - ${offset}) / ${by.every}) * ${by.every} + ${offset} AS BIGINT)`
  }
  const selects: string[] = []
  for (const file of files) {
    const from = `FROM ${file.table} WHERE ${conditions(query)} AND ${toSql(query.filter, asked(file)).sql}`
    if (simple) {
      const keys = query.by.map(
        (by, i) => `${'terms' in by ? `CAST(${column(by.terms)} AS VARCHAR)` : histogram(by)} AS k${i}`,
      )
      selects.push(
        `SELECT ${[...keys, '"@timestamp" AS t', '1 AS w', ...(query.distinct ? [`CAST(${column(query.distinct)} AS VARCHAR) AS dv`] : [])].join(', ')} ${from}${file.odd ? ' AND NOT odd' : ''}`,
      )
      if (!file.odd) continue
    }
    let sql = `SELECT "@timestamp" AS t, ${[...query.by.map((by, i) => ('terms' in by ? `${valueList(by.terms)} AS l${i}` : `${histogram(by)} AS k${i}`)), ...(query.distinct ? [`${valueList(query.distinct)} AS ld`] : [])].join(', ')} ${from}${simple ? ' AND odd' : ''}`
    query.by.forEach((by, i) => {
      if ('terms' in by)
        sql = `SELECT * EXCLUDE (l${i}), unnest(list_distinct(list_transform(l${i}, x -> coalesce(x, chr(0))))) AS r${i} FROM (${sql})`
    })
    if (query.distinct)
      sql = `SELECT * EXCLUDE (ld), unnest(ld) AS dv, CAST(generate_subscripts(ld, 1) = 1 AS INTEGER) AS w FROM (${sql})`
    else sql = `SELECT *, 1 AS w FROM (${sql})`
    const keys = query.by.map((by, i) => ('terms' in by ? `nullif(r${i}, chr(0)) AS k${i}` : `k${i}`))
    selects.push(`SELECT ${[...keys, 't', 'w', ...(query.distinct ? ['dv'] : [])].join(', ')} FROM (${sql})`)
  }
  const keys = query.by.map((_, i) => `k${i}`)
  const out = [
    ...keys,
    'sum(w) AS n',
    'min(t) AS a',
    'max(t) AS z',
    ...(query.distinct ? ['count(DISTINCT dv) AS d'] : []),
  ]
  return `SELECT ${out.join(', ')} FROM (${selects.join(' UNION ALL ')})${keys.length ? ` GROUP BY ${keys.join(', ')}` : ''}`
}

export const bucket = (row: unknown[], query: Pick<Aggregate, 'by' | 'distinct'>): Bucket => {
  const n = query.by.length
  const key = query.by.map((by, i) => ('terms' in by ? typedKey(by.terms, row[i] as string | null) : Number(row[i])))
  const base = { key, count: Number(row[n]), first: Number(row[n + 1]), last: Number(row[n + 2]) }
  return query.distinct ? { ...base, distinct: Number(row[n + 3]) } : base
}
