/**
 * How an event lies in a day file, and how it comes back from the store thread: packed to one text, for what costs is the
 * number of strings that cross (measured: 63,000 rows/s with a string a column, four times that packed).
 */
import { type Event, FIELDS, type Field } from '../../event.ts'
import { column, pointer } from '../sql.ts'

/** Written into each file. A file of a lower number is read as it is; one of a higher number is refused. */
export const SCHEMA = 3
/** Columns that came with a later schema: in a file of an earlier one their values are in the rest. */
const SINCE: { readonly [field: string]: number } = {
  'vonglau.import': 2,
  ...Object.fromEntries(
    [
      ...['event.duration', 'event.start', 'log.level', 'log.syslog.priority', 'log.syslog.facility.code'],
      ...['log.syslog.severity.code', 'observer.vendor', 'observer.product', 'observer.type'],
      ...['observer.serial_number', 'observer.ingress.interface.name', 'observer.egress.interface.name'],
      ...['source.packets', 'source.as.organization.name', 'source.organization.id', 'destination.packets'],
      ...['destination.geo.country_iso_code', 'destination.as.number', 'destination.as.organization.name'],
      ...['destination.network.name', 'network.direction', 'network.bytes', 'network.packets', 'network.iana_number'],
      ...['http.response.body.bytes', 'http.version', 'rule.category', 'rule.ruleset', 'related.ip'],
    ].map((name) => [name, 3]),
  ),
}
export const laterThan = (schema: number): Field[] => COLUMNS.filter((f) => (SINCE[f.name] ?? 1) > schema)

/** Between the fields of a row and the items of a list, on the way back. */
const SEP = '\x1f'
const ITEM = '\x1e'
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

const ROW_COLUMNS: readonly (readonly [name: string, type: string])[] = [
  ...COLUMNS.map((f) => [f.name, sqlType(f)] as const),
  ...ADDRESSES.flatMap((a) => [[`${a}#high`, 'UBIGINT'] as const, [`${a}#low`, 'UBIGINT'] as const]),
  ['odd', 'BOOLEAN'],
  ['rest', 'VARCHAR'],
]
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
