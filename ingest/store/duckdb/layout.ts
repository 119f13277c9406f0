/**
 * How an event lies in a day file, and how it comes back from the store thread: packed to one text, for what costs is the
 * number of strings that cross (measured: 63,000 rows/s with a string a column, four times that packed).
 */
import { derived, type Event, FIELDS, type Field, fieldOf } from '../../event.ts'
import { withInputs } from '../../computed/computed.ts'
import type { DuckDBConnection } from '@duckdb/node-api'
import { column, literal, pointer } from '../sql.ts'

/**
 * Written into each file. A file of a lower number is read as it is; one of a higher number is refused. It grows only when
 * a program that knows the old one would read a file wrongly: a new column needs no new number.
 */
export const SCHEMA = 4
/** That of the parts of a day that has several, which a program that knows one alone must not take for the whole. */
export const OF_PARTS = 5

/** Between the fields of a row and the items of a list, on the way back. */
const SEP = '\x1f'
const ITEM = '\x1e'
export const COLUMNS = FIELDS.filter((field) => field.column)
export const isNumber = (f: Field) => f.type === 'long' || f.type === 'date'
/** Addresses are kept as numbers too, to be searched by network: the upper and the lower 64 bits. */
export const ADDRESSES: readonly Field[] = COLUMNS.filter((f) => f.type === 'ip')
export const highOf = (name: string) => `${name}#high`
export const lowOf = (name: string) => `${name}#low`
/** Of a field that is made of others when it is read: whether the event has it. */
export const DERIVED: readonly Field[] = FIELDS.filter((f) => f.of)
export const madeOf = (name: string) => `${name}#made`
const columnNames = new Set(COLUMNS.map((f) => f.name))

export const sqlType = (f: Field) =>
  f.list ? 'VARCHAR[]' : isNumber(f) ? 'BIGINT' : f.type === 'boolean' ? 'BOOLEAN' : 'VARCHAR'

/** The columns of `events` in a new file, in their order, and their types. */
export const ROW_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ...COLUMNS.map((f) => [f.name, sqlType(f)] as const),
  ...ADDRESSES.flatMap((f) => [highOf, lowOf].map((half) => [half(f.name), f.list ? 'UBIGINT[]' : 'UBIGINT'] as const)),
  ...DERIVED.map((f) => [madeOf(f.name), 'BOOLEAN'] as const),
  ['odd', 'BOOLEAN'],
  ['words', 'BIGINT'], // the number of the set of its words (`words.ts`)
  ['rest', 'VARCHAR'],
]

/** The tables beside the events; a file of before may lack one. */
export const besides = (catalog: string): string[] => [
  `CREATE TABLE IF NOT EXISTS ${catalog}.offsets (source VARCHAR, segment VARCHAR, position BIGINT, state VARCHAR, about VARCHAR, PRIMARY KEY (source, segment))`,
  `CREATE TABLE IF NOT EXISTS ${catalog}.learned (source VARCHAR, segment VARCHAR, stream VARCHAR, position BIGINT, state VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS ${catalog}.meta (key VARCHAR PRIMARY KEY, value VARCHAR)`,
  `CREATE TABLE IF NOT EXISTS ${catalog}.words (id BIGINT, words VARCHAR USING COMPRESSION zstd)`,
]
/** zstd pays on the long texts and is ignored in silence unless the file was attached with STORAGE_VERSION v1.2.0. */
export const compressed = (name: string) =>
  name === 'event.original' || name === 'rest' ? ' USING COMPRESSION zstd' : ''
export const createTables = (catalog: string): string[] => [
  ...besides(catalog),
  `CREATE TABLE IF NOT EXISTS ${catalog}.events (${ROW_COLUMNS.map(([name, type]) => `${column(name)} ${type}${compressed(name)}`).join(', ')})`,
  `INSERT OR REPLACE INTO ${catalog}.meta VALUES ('schema', '${SCHEMA}')`,
]

export const isPart = (catalog: string): string =>
  `INSERT OR REPLACE INTO ${catalog}.meta VALUES ('schema', '${OF_PARTS}')`

/** The columns of a file's `events` as they stand, and their types. */
export const columnsOf = async (
  connection: DuckDBConnection,
  catalog: string,
): Promise<readonly (readonly [name: string, type: string])[]> => {
  const sql = `SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ${literal(catalog.slice(1, -1))} AND table_name = 'events' ORDER BY column_index`
  return (await (await connection.run(sql)).getRowsJS()).map(([name, type]) => [String(name), String(type)])
}

/** How a file's `events` stand to those of a new file. */
export interface Shape {
  /** Columns that it lacks. */
  readonly lacking: readonly string[]
  /** Columns that it was given later: those stand behind the rest column. Of rows before that their values are in the rest. */
  readonly later: readonly string[]
  /** It holds a column more, or has them in another order: rows cannot be appended as they are. */
  readonly other: boolean
}
export const shapeOf = (present: readonly string[]): Shape => {
  const rest = present.indexOf('rest')
  const names = new Set(present)
  return {
    lacking: ROW_COLUMNS.map(([name]) => name).filter((name) => !names.has(name)),
    later: present.slice(rest + 1),
    other: present.join('\0') !== ROW_COLUMNS.map(([name]) => name).join('\0'),
  }
}
/** Gives a file the columns that it lacks, empty. */
export const addColumns = (catalog: string, lacking: readonly string[]): string[] => [
  ...ROW_COLUMNS.filter(([name]) => lacking.includes(name)).map(
    ([name, type]) => `ALTER TABLE ${catalog}.events ADD COLUMN ${column(name)} ${type}`,
  ),
  `INSERT INTO ${catalog}.meta VALUES ('schema', '${SCHEMA}') ON CONFLICT (key) DO UPDATE SET value = greatest(value::INTEGER, ${SCHEMA})::VARCHAR`,
]
/** The address fields of which every row of a file has the numbers too. */
export const numbered = ({ lacking, later }: Shape): ReadonlySet<string> => {
  const without = new Set([...lacking, ...later])
  return new Set(ADDRESSES.map(({ name }) => name).filter((name) => !without.has(highOf(name))))
}

/** The value of a field in the rest column. */
const fromRest = (f: Field): string => {
  const at = pointer(f.name)
  const text = `json_extract_string(rest, ${at})`
  if (f.list) return `from_json(json_extract(rest, ${at}), '["VARCHAR"]')`
  return isNumber(f) ? `TRY_CAST(${text} AS BIGINT)` : f.type === 'boolean' ? `TRY_CAST(${text} AS BOOLEAN)` : text
}

/**
 * What a FROM names to read the events of a file of another shape: columns that it lacks, or was given later, have their
 * values in its rest. A field that is made of others is made for rows that do not say whether they have it.
 */
export const tableLike = (catalog: string, { lacking, later }: Shape): string => {
  const lacks = new Set(lacking)
  const came = new Set(later)
  const replaced: string[] = []
  const added: string[] = []
  for (const f of COLUMNS) {
    const name = column(f.name)
    if (lacks.has(f.name)) added.push(`${fromRest(f)} AS ${name}`)
    else if (came.has(f.name)) replaced.push(`coalesce(${name}, ${fromRest(f)}) AS ${name}`)
  }
  const made = new Set(DERIVED.map((f) => madeOf(f.name)))
  for (const [name, type] of ROW_COLUMNS) {
    if (!name.includes('#')) continue
    if (lacks.has(name)) added.push(`${made.has(name) ? 'true' : `NULL::${type}`} AS ${column(name)}`)
    else if (came.has(name) && made.has(name)) replaced.push(`coalesce(${column(name)}, true) AS ${column(name)}`)
  }
  const star = replaced.length ? `* REPLACE (${replaced.join(', ')})` : '*'
  return `(SELECT ${['rowid', star, ...added].join(', ')} FROM ${catalog}.events)`
}

const ROW_NAMES = ROW_COLUMNS.map(([name]) => column(name)).join(', ')

/** A table of the same columns, in memory: what is under way is not in the file. */
export const STAGE = `CREATE OR REPLACE TEMP TABLE stage (${ROW_COLUMNS.map(([name, type]) => `${column(name)} ${type}`).join(', ')})`

/** From the staging table into a day's events, which may have their columns in another order. */
export const insertStaged = (catalog: string): string =>
  `INSERT INTO ${catalog}.events (${ROW_NAMES}) SELECT * FROM stage`

/**
 * A row as one packed text, to be read with `unpack`. Only the named fields where `fields` is given.
 */
export const selectPacked = (fields?: readonly string[]): { sql: string; unpack: (text: string) => Event } => {
  const asked = fields && new Set(withInputs(fields))
  // What is made of others needs those.
  const made = DERIVED.filter((f) => !asked || asked.has(f.name))
  const wanted = asked && new Set([...asked, ...made.flatMap((f) => f.of!)])
  const columns = COLUMNS.filter((f) => !wanted || wanted.has(f.name))
  // A rest that holds none of the wanted fields is not read; an odd row's columns are in it.
  const beyond = !wanted || [...wanted].some((name) => !columnNames.has(name) && !fieldOf(name)?.of)
  const parts = columns.map((f) => {
    const name = column(f.name)
    if (f.list) return `coalesce(array_to_string(${name}, chr(30)), '')`
    return f.type === 'keyword' || f.type === 'ip' ? `coalesce(${name}, '')` : `coalesce(CAST(${name} AS VARCHAR), '')`
  })
  for (const f of made) parts.push(`CASE WHEN ${column(madeOf(f.name))} THEN '1' ELSE '' END`)
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
    const marks = made.map(() => {
      const to = text.indexOf(SEP, from)
      const is = to > from
      from = to + 1
      return is
    })
    if (from < text.length) {
      const more = JSON.parse(text.slice(from)) as Event
      for (const name of Object.keys(more)) if (!wanted || wanted.has(name)) event[name] = more[name]!
    }
    for (let i = 0; i < made.length; i++)
      if (marks[i]) {
        const values = derived(event, made[i]!)
        if (values.length > 0) event[made[i]!.name] = values
      }
    if (asked && made.length > 0) for (const name of Object.keys(event)) if (!asked.has(name)) delete event[name]
    return event
  }
  return { sql: `concat_ws(chr(31), ${[...parts, rest].join(', ')})`, unpack }
}

/** One field's values as a list of text, for buckets: [NULL] where it is absent. */
export const valueList = (name: string): string => {
  const f = COLUMNS.find((each) => each.name === name)
  const at = pointer(name)
  const of = fieldOf(name)?.of
  const inRest = `CASE WHEN rest IS NULL OR NOT json_exists(rest, ${at}) THEN [NULL] WHEN json_type(rest, ${at}) = 'ARRAY' THEN from_json(json_extract(rest, ${at}), '["VARCHAR"]') ELSE [json_extract_string(rest, ${at})] END`
  if (of) {
    const all = `list_distinct(list_filter([${of.map(column).join(', ')}], x -> x IS NOT NULL))`
    const made = `(CASE WHEN len(${all}) > 0 THEN ${all} ELSE [NULL] END)`
    return `(CASE WHEN ${column(madeOf(name))} THEN ${made} ELSE ${inRest} END)`
  }
  if (!f) return `(${inRest})`
  const c = column(name)
  const own = f.list ? `coalesce(${c}, [NULL])` : `[CAST(${c} AS VARCHAR)]`
  return `(CASE WHEN odd AND ${f.list ? 'true' : `${c} IS NULL`} AND json_exists(rest, ${at}) THEN ${inRest} ELSE ${own} END)`
}
