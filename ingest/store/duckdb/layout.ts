/**
 * How an event lies in a day file, and how it crosses to the store thread (pack.ts) and back: packed to one text, for what
 * costs is the number of strings that cross (measured: 63,000 rows/s with a string a column, four times that packed).
 */
import { BIGINT, BOOLEAN, type DuckDBType, type DuckDBValue, LIST, listValue, UBIGINT, VARCHAR } from '@duckdb/node-api'
import { type Event, FIELDS, type Field } from '../../event.ts'
import { column, pointer } from '../sql.ts'

/** Written into each file. A file of a lower number is read as it is; one of a higher number is refused. */
export const SCHEMA = 2
/** Columns that came with a later schema: in a file of an earlier one their values are in the rest. */
const SINCE: { readonly [field: string]: number } = { 'vonglau.import': 2 }
export const laterThan = (schema: number): Field[] => COLUMNS.filter((f) => (SINCE[f.name] ?? 1) > schema)

/** Between the fields of a row, the items of a list, the rows of a slice. */
const SEP = '\x1f'
const ITEM = '\x1e'
const ROW = '\x1d'
export const COLUMNS = FIELDS.filter((field) => field.column)
/** event.ingested is set by the store thread, at the commit. */
export const PACKED = COLUMNS.filter((f) => f.name !== 'event.ingested')
export const isNumber = (f: Field) => f.type === 'long' || f.type === 'date'
/** Addresses that are searched by network are kept as numbers too. */
export const ADDRESSES = ['source.ip', 'destination.ip'] as const
const columnNames = new Set(COLUMNS.map((f) => f.name))

export const sqlType = (f: Field) =>
  f.list ? 'VARCHAR[]' : isNumber(f) ? 'BIGINT' : f.type === 'boolean' ? 'BOOLEAN' : 'VARCHAR'

/** zstd pays on the long texts and is ignored in silence unless the file was attached with STORAGE_VERSION v1.2.0. */
export const createTables = (catalog: string): string[] => [
  `CREATE TABLE IF NOT EXISTS ${catalog}.events (${COLUMNS.map((f) => `${column(f.name)} ${sqlType(f)}${f.name === 'event.original' ? ' USING COMPRESSION zstd' : ''}`).join(', ')}, ${ADDRESSES.map((a) => `${column(`${a}#high`)} UBIGINT, ${column(`${a}#low`)} UBIGINT`).join(', ')}, odd BOOLEAN, rest VARCHAR USING COMPRESSION zstd)`,
  `CREATE TABLE IF NOT EXISTS ${catalog}.offsets (source VARCHAR, segment VARCHAR, position BIGINT, state VARCHAR, about VARCHAR, PRIMARY KEY (source, segment))`,
  `CREATE TABLE IF NOT EXISTS ${catalog}.meta (key VARCHAR PRIMARY KEY, value VARCHAR)`,
  `INSERT OR REPLACE INTO ${catalog}.meta VALUES ('schema', '${SCHEMA}')`,
]

/** A slice of a batch as it crosses to the store thread: its rows as one UTF-8 text, which DuckDB takes apart again. */
export interface Slice {
  readonly rows: number
  readonly odd: boolean
  readonly bytes: Uint8Array // every row ends with ROW
  readonly cuts: readonly number[] // ends of the pieces that it crosses in, each after a row
  readonly first: number // least and greatest '@timestamp'
  readonly last: number
}

/** Where `odd` stands in a packed row, and the rest behind it. */
const ODD = PACKED.length + ADDRESSES.length * 2

export const STAGE = 'CREATE OR REPLACE TEMP TABLE stage (packed VARCHAR)'

/**
 * What a FROM names to read the events of a file of an older schema. `later` are the columns that it began without: their
 * values are in its rest, but for rows that came after it got the column (`present`).
 */
export const tableLacking = (catalog: string, later: readonly Field[], present: ReadonlySet<string>): string => {
  const values = (wanted: boolean) =>
    later
      .filter((f) => present.has(f.name) === wanted)
      .map((f) => {
        const at = pointer(f.name)
        const text = `json_extract_string(rest, ${at})`
        const value = f.list
          ? `from_json(json_extract(rest, ${at}), '["VARCHAR"]')`
          : isNumber(f)
            ? `TRY_CAST(${text} AS BIGINT)`
            : f.type === 'boolean'
              ? `TRY_CAST(${text} AS BOOLEAN)`
              : text
        return wanted ? `coalesce(${column(f.name)}, ${value}) AS ${column(f.name)}` : `${value} AS ${column(f.name)}`
      })
  const [replaced, added] = [values(true), values(false)]
  const star = replaced.length ? `* REPLACE (${replaced.join(', ')})` : '*'
  return `(SELECT ${['rowid', star, ...added].join(', ')} FROM ${catalog}.events)`
}

/** Types of the columns of `events`, in their order. */
export const EVENT_TYPES: readonly DuckDBType[] = [
  ...COLUMNS.map((f) => (f.list ? LIST(VARCHAR) : isNumber(f) ? BIGINT : f.type === 'boolean' ? BOOLEAN : VARCHAR)),
  ...ADDRESSES.flatMap(() => [UBIGINT, UBIGINT]),
  BOOLEAN,
  VARCHAR,
]

/** The rows of a slice as values of the columns of `events`: for commits so small that planning a statement costs more. */
export const columnValues = ({ bytes }: Slice, ingested: number): DuckDBValue[][] => {
  const texts = new TextDecoder('utf-8', { ignoreBOM: true })
    .decode(bytes.subarray(0, -1))
    .split(ROW)
    .map((line) => line.split(SEP))
  const column = (i: number, value: (text: string) => DuckDBValue) =>
    texts.map((row) => (row[i] ? value(row[i]) : null))
  return [
    ...COLUMNS.map((f) => {
      if (f.name === 'event.ingested') return texts.map(() => BigInt(ingested))
      const i = PACKED.indexOf(f)
      if (isNumber(f)) return column(i, BigInt)
      if (f.list) return column(i, (text) => listValue(text.split(ITEM)))
      return f.type === 'boolean' ? column(i, (text) => text === 'true') : column(i, (text) => text)
    }),
    ...ADDRESSES.flatMap((_, i) => [0, 1].map((half) => column(PACKED.length + 2 * i + half, BigInt))),
    texts.map((row) => row[ODD] === '1'),
    column(ODD + 1, (text) => text),
  ]
}

/** From the staging table into a day's events, all with one ingest time. */
export const insertStaged = (catalog: string, ingested: number): string => {
  const text = (i: number) => `nullif(s[${i + 1}], '')`
  const select = COLUMNS.map((f) => {
    if (f.name === 'event.ingested') return String(ingested)
    const value = text(PACKED.indexOf(f))
    if (f.list) return `string_split(${value}, chr(30))`
    return isNumber(f) ? `CAST(${value} AS BIGINT)` : f.type === 'boolean' ? `CAST(${value} AS BOOLEAN)` : value
  })
  const addresses = ADDRESSES.flatMap((_, i) =>
    [0, 1].map((half) => `CAST(${text(PACKED.length + 2 * i + half)} AS UBIGINT)`),
  )
  const into = [...COLUMNS.map((f) => f.name), ...ADDRESSES.flatMap((a) => [`${a}#high`, `${a}#low`]), 'odd', 'rest']
  return `INSERT INTO ${catalog}.events (${into.map(column).join(', ')}) SELECT ${[...select, ...addresses].join(', ')}, s[${ODD + 1}] = '1', ${text(ODD + 1)} FROM (SELECT string_split(line, chr(31)) s FROM (SELECT unnest(string_split(packed, chr(29))) line FROM stage))`
}

/**
 * A row as one packed text, to be read with `unpack`. Only the named fields where `fields` is given.
 */
export const selectPacked = (fields?: readonly string[]): { sql: string; unpack: (text: string) => Event } => {
  const wanted = fields && new Set(fields)
  const columns = COLUMNS.filter((f) => !wanted || wanted.has(f.name))
  // A rest that holds none of the wanted fields is not read; an odd row's columns are in it.
  const beyond = !wanted || fields.some((name) => !columnNames.has(name))
  const parts = columns.map((f) => {
    const name = column(f.name)
    if (f.list) return `coalesce(array_to_string(${name}, chr(30)), '')`
    return f.type === 'keyword' || f.type === 'ip' ? `coalesce(${name}, '')` : `coalesce(CAST(${name} AS VARCHAR), '')`
  })
  const rest = beyond ? `coalesce(rest, '')` : `CASE WHEN odd THEN rest ELSE '' END`
  const unpack = (text: string): Event => {
    const event: Event = {}
    let from = 0
    for (const f of columns) {
      const to = text.indexOf(SEP, from)
      if (to > from) {
        const value = text.slice(from, to)
        event[f.name] =
          f.type === 'long' || f.type === 'date'
            ? Number(value)
            : f.type === 'boolean'
              ? value === 'true'
              : f.list
                ? value.split(ITEM)
                : value
      }
      from = to + 1
    }
    if (from < text.length) {
      const more = JSON.parse(text.slice(from)) as Event
      for (const name of Object.keys(more)) if (!wanted || wanted.has(name)) event[name] = more[name]!
    }
    return event
  }
  return { sql: `concat_ws(chr(31), ${[...parts, rest].join(', ')})`, unpack }
}

/** One field's values as a list of text, for buckets: [NULL] where it is absent. */
export const valueList = (name: string): string => {
  const f = COLUMNS.find((each) => each.name === name)
  const at = pointer(name)
  const inRest = `CASE WHEN rest IS NULL OR NOT json_exists(rest, ${at}) THEN [NULL] WHEN json_type(rest, ${at}) = 'ARRAY' THEN from_json(json_extract(rest, ${at}), '["VARCHAR"]') ELSE [json_extract_string(rest, ${at})] END`
  if (!f) return `(${inRest})`
  const c = column(name)
  const own = f.list ? `coalesce(${c}, [NULL])` : `[CAST(${c} AS VARCHAR)]`
  return `(CASE WHEN odd AND ${f.list ? 'true' : `${c} IS NULL`} AND json_exists(rest, ${at}) THEN ${inRest} ELSE ${own} END)`
}
