/**
 * How an event lies in a day file, and how it crosses to the store thread and back: all its texts in one packed string,
 * for what costs is the number of strings (measured: 63,000 rows/s with a string a column, four times that packed).
 */
import { BIGINT, BOOLEAN, type DuckDBType, type DuckDBValue, LIST, listValue, UBIGINT, VARCHAR } from '@duckdb/node-api'
import { type Event, FIELDS, type Field, type Value } from '../../event.ts'
import { type Ip, parseIp } from '../../ip.ts'
import { column, pointer } from '../sql.ts'

/** Written into each file. A file of a lower number is read as it is; one of a higher number is refused. */
export const SCHEMA = 1

const SEP = '\x1f'
const ITEM = '\x1e'
/** NUL ends a string on its way into DuckDB. Such a value is kept in the rest, where JSON spells it. */
const AWKWARD = /[\0\x1e\x1f]/

export const COLUMNS = FIELDS.filter((field) => field.column)
/** event.ingested is set by the store thread, at the commit. */
const NUMBERS = COLUMNS.filter((f) => (f.type === 'long' || f.type === 'date') && f.name !== 'event.ingested')
const TEXTS = COLUMNS.filter((f) => f.type !== 'long' && f.type !== 'date')
/** Addresses that are searched by network are kept as numbers too. */
const ADDRESSES = ['source.ip', 'destination.ip'] as const
const columnNames = new Set(COLUMNS.map((f) => f.name))

const sqlType = (f: Field) =>
  f.list ? 'VARCHAR[]' : f.type === 'long' || f.type === 'date' ? 'BIGINT' : f.type === 'boolean' ? 'BOOLEAN' : 'VARCHAR'

/** zstd pays on the long texts and is ignored in silence unless the file was attached with STORAGE_VERSION v1.2.0. */
export const createTables = (catalog: string): string[] => [
  `CREATE TABLE IF NOT EXISTS ${catalog}.events (${COLUMNS.map((f) => `${column(f.name)} ${sqlType(f)}${f.name === 'event.original' ? ' USING COMPRESSION zstd' : ''}`).join(', ')}, ${ADDRESSES.map((a) => `${column(`${a}#high`)} UBIGINT, ${column(`${a}#low`)} UBIGINT`).join(', ')}, odd BOOLEAN, rest VARCHAR USING COMPRESSION zstd)`,
  `CREATE TABLE IF NOT EXISTS ${catalog}.offsets (source VARCHAR, segment VARCHAR, position BIGINT, state VARCHAR, about VARCHAR, PRIMARY KEY (source, segment))`,
  `CREATE TABLE IF NOT EXISTS ${catalog}.meta (key VARCHAR PRIMARY KEY, value VARCHAR)`,
  `INSERT OR REPLACE INTO ${catalog}.meta VALUES ('schema', '${SCHEMA}')`,
]

/** A slice of a batch as it crosses to the store thread. Numbers are column by column; NaN is absent. */
export interface Slice {
  readonly rows: number
  readonly odd: boolean
  readonly packed: string[]
  readonly numbers: Float64Array
  readonly addresses: BigUint64Array
}

const NONE: Ip = { family: 6, high: 0n, low: 0n }
const addressCache = new Map<string, Ip>()
const addressOf = (text: string): Ip => {
  let ip = addressCache.get(text)
  if (ip === undefined) {
    if (addressCache.size >= 65_536) addressCache.clear()
    addressCache.set(text, (ip = parseIp(text) ?? NONE))
  }
  return ip
}

/** Undefined where the value cannot stand in its column as it is. */
const asText = (f: Field, value: Value): string | undefined => {
  if (f.list) {
    const items = Array.isArray(value) ? value : undefined
    if (!items?.length || items.some((v) => typeof v !== 'string' || v === '' || AWKWARD.test(v))) return undefined
    return items.length === 1 ? (items[0] as string) : items.join(ITEM)
  }
  if (f.type === 'boolean') return typeof value === 'boolean' ? String(value) : undefined
  return typeof value === 'string' && value !== '' && !AWKWARD.test(value) ? value : undefined
}

/** JSON that DuckDB reads: a lone surrogate, which it refuses, becomes U+FFFD as everywhere else. */
const asJson = (value: object): string => {
  const json = JSON.stringify(value)
  if (!/\\ud[89a-f]/i.test(json)) return json
  return JSON.stringify(value, (_, v: unknown) => (typeof v === 'string' ? v.toWellFormed() : v))
}

export const pack = (events: readonly Event[]): Slice => {
  const rows = events.length
  const packed = new Array<string>(rows)
  const numbers = new Float64Array(rows * NUMBERS.length).fill(Number.NaN)
  const addresses = new BigUint64Array(rows * ADDRESSES.length * 2)
  let anyOdd = false
  for (let row = 0; row < rows; row++) {
    const event = events[row]!
    let rest: { [name: string]: Value } | undefined
    let odd = false
    let line = ''
    for (const f of TEXTS) {
      const value = event[f.name]
      if (value !== undefined) {
        const text = asText(f, value)
        if (text === undefined) {
          odd = true
          ;(rest ??= Object.create(null) as { [name: string]: Value })[f.name] = value
        } else line += text
      }
      line += SEP
    }
    for (let i = 0; i < NUMBERS.length; i++) {
      const name = NUMBERS[i]!.name
      const value = event[name]
      if (value === undefined) continue
      if (Number.isSafeInteger(value)) numbers[i * rows + row] = value as number
      else {
        odd = true
        ;(rest ??= Object.create(null) as { [name: string]: Value })[name] = value
      }
    }
    for (let i = 0; i < ADDRESSES.length; i++) {
      const text = event[ADDRESSES[i]!]
      if (typeof text !== 'string') continue
      const ip = addressOf(text)
      addresses[i * 2 * rows + row] = ip.high
      addresses[(i * 2 + 1) * rows + row] = ip.low
    }
    for (const name in event) {
      if (!columnNames.has(name)) (rest ??= Object.create(null) as { [name: string]: Value })[name] = event[name]!
    }
    anyOdd ||= odd
    packed[row] = `${line}${odd ? '1' : ''}${SEP}${rest ? asJson(rest) : ''}`
  }
  return { rows, odd: anyOdd, packed, numbers, addresses }
}

/** Columns of the staging table, in the order of the appended chunk: packed, numbers, then high and low of each address. */
export const STAGE = `CREATE OR REPLACE TEMP TABLE stage (packed VARCHAR, ${NUMBERS.map((_, i) => `n${i} DOUBLE`).join(', ')}, ${ADDRESSES.map((_, i) => `h${i} UBIGINT, l${i} UBIGINT`).join(', ')})`
export const STAGE_NUMBERS = NUMBERS.length
export const STAGE_ADDRESSES = ADDRESSES.length * 2

/** Types of the columns of `events`, in their order. */
export const EVENT_TYPES: readonly DuckDBType[] = [
  ...COLUMNS.map((f) => (f.list ? LIST(VARCHAR) : f.type === 'long' || f.type === 'date' ? BIGINT : f.type === 'boolean' ? BOOLEAN : VARCHAR)),
  ...ADDRESSES.flatMap(() => [UBIGINT, UBIGINT]),
  BOOLEAN,
  VARCHAR,
]

/** The rows of a slice as values of the columns of `events`: for commits so small that planning a statement costs more. */
export const columnValues = ({ rows, packed, numbers, addresses }: Slice, ingested: number): DuckDBValue[][] => {
  const texts = packed.map((line) => line.split(SEP))
  const text = (row: number, i: number) => texts[row]![i] || null
  const column = <T>(value: (row: number) => T): T[] => Array.from({ length: rows }, (_, row) => value(row))
  const known = (name: string) => {
    const i = TEXTS.findIndex((f) => f.name === name)
    return (row: number) => text(row, i) !== null
  }
  return [
    ...COLUMNS.map((f) => {
      if (f.name === 'event.ingested') return column(() => BigInt(ingested))
      const number = NUMBERS.indexOf(f)
      if (number >= 0) {
        return column((row) => {
          const n = numbers[number * rows + row]!
          return Number.isNaN(n) ? null : BigInt(n)
        })
      }
      const i = TEXTS.indexOf(f)
      if (f.list) return column((row) => (text(row, i) === null ? null : listValue(text(row, i)!.split(ITEM))))
      return f.type === 'boolean' ? column((row) => (text(row, i) === null ? null : text(row, i) === 'true')) : column((row) => text(row, i))
    }),
    ...ADDRESSES.flatMap((name, i) => {
      const has = known(name)
      return [0, 1].map((half) => column((row) => (has(row) ? addresses[(i * 2 + half) * rows + row]! : null)))
    }),
    column((row) => text(row, TEXTS.length) === '1'),
    column((row) => text(row, TEXTS.length + 1)),
  ]
}

/** From the staging table into a day's events, all with one ingest time. */
export const insertStaged = (catalog: string, ingested: number): string => {
  const select = COLUMNS.map((f) => {
    if (f.name === 'event.ingested') return String(ingested)
    const number = NUMBERS.indexOf(f)
    if (number >= 0) return `CASE WHEN isnan(n${number}) THEN NULL ELSE CAST(n${number} AS BIGINT) END`
    const text = `nullif(s[${TEXTS.indexOf(f) + 1}], '')`
    return f.list ? `string_split(${text}, chr(30))` : f.type === 'boolean' ? `CAST(${text} AS BOOLEAN)` : text
  })
  const addresses = ADDRESSES.flatMap((name, i) => {
    const known = `s[${TEXTS.findIndex((f) => f.name === name) + 1}] <> ''`
    return [`CASE WHEN ${known} THEN h${i} END`, `CASE WHEN ${known} THEN l${i} END`]
  })
  const n = TEXTS.length
  return `INSERT INTO ${catalog}.events SELECT ${[...select, ...addresses].join(', ')}, s[${n + 1}] = '1', nullif(s[${n + 2}], '') FROM (SELECT string_split(packed, chr(31)) s, * FROM stage)`
}

/**
 * A row as one packed text, to be read with `unpack`. `present` are the columns that the day's file has: what it lacks
 * is in its rest. Only the named fields where `fields` is given.
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
