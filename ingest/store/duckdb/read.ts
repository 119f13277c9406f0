/** Reads over the day files. Runs on the store thread; every answer is bounded in rows and time. */
import { COMPUTED } from '../../computed.ts'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import type { Event } from '../../event.ts'
import { Buckets, byCount, typedKey } from '../buckets.ts'
import { type Filter, fieldsOf } from '../filter.ts'
import { compile } from '../match.ts'
import { column, literal, toSql } from '../sql.ts'
import {
  type Aggregate,
  type Bucket,
  type Groups,
  type Missing,
  type Page,
  type Search,
  StoreError,
  type Window,
} from '../store.ts'
import type { DayFile, Days } from './days.ts'
import { COLUMNS, selectPacked, valueList } from './layout.ts'

const READERS = 4
const DAMAGE = /corrupt|checksum|IO Error|Serialization Error|INTERNAL|Could not read/i
const plain = new Set(COLUMNS.filter((f) => !f.list).map((f) => f.name))

export class Reader {
  readonly #instance: DuckDBInstance
  readonly #days: Days
  readonly #limit: number
  #free: DuckDBConnection[] = []
  #open = 0
  #waiting: ((connection: DuckDBConnection) => void)[] = []

  /** `limit`: ms after which a query is interrupted. */
  constructor(instance: DuckDBInstance, days: Days, limit: number) {
    this.#instance = instance
    this.#days = days
    this.#limit = limit
  }

  async #borrow(): Promise<DuckDBConnection> {
    const free = this.#free.pop()
    if (free) return free
    if (this.#open < READERS) {
      this.#open++
      return this.#instance.connect()
    }
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
  #giveBack(connection: DuckDBConnection): void {
    const next = this.#waiting.shift()
    if (next) next(connection)
    else this.#free.push(connection)
  }

  async #rows(sql: string): Promise<unknown[][]> {
    const connection = await this.#borrow()
    const timer = setTimeout(() => connection.interrupt(), this.#limit)
    try {
      return (await (await connection.run(sql)).getRowsJS()) as unknown[][]
    } catch (error) {
      if (/INTERRUPT/i.test(String(error)))
        throw new StoreError(
          `the question took longer than ${this.#limit / 1000} s: choose a shorter time range or a narrower search`,
        )
      throw error
    } finally {
      clearTimeout(timer)
      this.#giveBack(connection)
    }
  }

  #files(window: Window): { files: DayFile[]; missing: Missing[] } {
    const { files, damaged } = this.#days.within(window.from, window.to, window.ingested?.after, window.ingested?.upTo)
    return { files, missing: damaged.map((file) => ({ day: file.day, reason: file.problem! })) }
  }

  /** Whether SQL says just what the filter means, in each of the files. */
  #exact(query: Window & { filter: Filter }): boolean {
    return toSql(query.filter).exact && this.#files(query).files.every((file) => toSql(query.filter, file).exact)
  }

  /** Runs over the files; a file that turns out to be damaged is found, marked and left out. */
  async #over(window: Window, build: (files: DayFile[]) => string): Promise<{ rows: unknown[][]; missing: Missing[] }> {
    for (;;) {
      const { files, missing } = this.#files(window)
      if (files.length === 0) return { rows: [], missing }
      try {
        return { rows: await this.#rows(build(files)), missing }
      } catch (error) {
        if (error instanceof StoreError || !DAMAGE.test(String(error))) throw error
        let found = false
        for (const file of files) {
          try {
            await this.#rows(build([file]))
          } catch (cause) {
            if (!DAMAGE.test(String(cause))) throw cause
            this.#days.suspect(file, cause)
            found = true
          }
        }
        if (!found) throw error
      }
    }
  }

  async search(search: Search): Promise<Page<Event>> {
    const { filter, order, limit } = search
    if (!(limit >= 1 && limit <= 1000)) throw new StoreError(`limit is ${limit}: it must be 1 to 1000`)
    const exact = this.#exact(search)
    const match = exact ? undefined : compile(filter)
    const fields = search.fields && [
      ...new Set([...search.fields, '@timestamp', 'event.id', ...(exact ? [] : fieldsOf(filter))]),
    ]
    const { sql: packed, unpack } = selectPacked(fields?.includes('*') ? undefined : fields)
    const [sign, direction] = order === 'newest' ? ['<', 'DESC'] : ['>', 'ASC']
    const items: Event[] = []
    let cursor = search.cursor
    let missing: readonly Missing[] = []
    for (;;) {
      const at = cursor?.indexOf(':') ?? 0
      const beyond = cursor
        ? ` AND ("@timestamp" ${sign} ${Number(cursor.slice(0, at))} OR ("@timestamp" = ${Number(cursor.slice(0, at))} AND "event.id" ${sign} ${literal(cursor.slice(at + 1))}))`
        : ''
      const size = match ? 1000 : limit + 1
      // First which rows, by two small columns; then those rows whole.
      const found = await this.#over(search, (files) => {
        const each = files.map(
          (file) =>
            `SELECT ${literal(file.day)} AS day, rowid AS r, "@timestamp" AS t, "event.id" AS id FROM ${file.table} WHERE ${conditions(search)} AND ${toSql(filter, file).sql}${beyond}`,
        )
        return `SELECT day, r, t, id FROM (${each.join(' UNION ALL ')}) ORDER BY t ${direction}, id ${direction} LIMIT ${size}`
      })
      missing = found.missing
      const events = await this.#whole(found.rows as [string, bigint][], packed)
      // A day of them turned out to be damaged: again, without it.
      if (!events) continue
      for (const [i, row] of found.rows.entries()) {
        cursor = `${row[2]}:${row[3]}`
        const event = unpack(events[i]!)
        if (match && !match(event)) continue
        items.push(event)
        if (items.length > limit) break
      }
      if (items.length > limit) {
        items.length = limit
        const last = items.at(-1)!
        return { items, cursor: `${last['@timestamp']}:${last['event.id']}`, missing }
      }
      if (found.rows.length < size) return { items, missing }
    }
  }

  async #whole(found: [string, bigint][], packed: string): Promise<string[] | undefined> {
    const out = new Map<string, string>()
    for (const day of new Set(found.map((row) => row[0]))) {
      const file = this.#days.all().find((each) => each.day === day)
      if (!file) continue
      const ids = found.filter((row) => row[0] === day).map((row) => row[1])
      try {
        for (const [id, text] of await this.#rows(
          `SELECT rowid, ${packed} FROM ${file.table} WHERE rowid IN (${ids.join(', ')})`,
        ))
          out.set(`${day} ${id}`, text as string)
      } catch (error) {
        if (error instanceof StoreError || !DAMAGE.test(String(error))) throw error
        this.#days.suspect(file, error)
        return undefined
      }
    }
    return found.map(([day, id]) => out.get(`${day} ${id}`)!)
  }

  async count(query: Window & { filter: Filter }): Promise<number> {
    const exact = this.#exact(query)
    if (exact) {
      const { rows } = await this.#over(
        query,
        (files) =>
          `SELECT sum(n) FROM (${files.map((f) => `SELECT count(*) AS n FROM ${f.table} WHERE ${conditions(query)} AND ${toSql(query.filter, f).sql}`).join(' UNION ALL ')})`,
      )
      return Number(rows[0]?.[0] ?? 0)
    }
    let n = 0
    for await (const chunk of this.match({ ...query, fields: ['@timestamp'] }, false)) n += chunk.length
    return n
  }

  async aggregate(query: Aggregate): Promise<Page<Bucket>> {
    const exact = this.#exact(query) && !namesOf(query).some((name) => COMPUTED.has(name))
    if (!exact) {
      const buckets = new Buckets(query.by, query.distinct)
      for await (const chunk of this.match({ ...query, fields: ['@timestamp', ...namesOf(query)] }, false))
        for (const event of chunk) buckets.add(event)
      return { items: buckets.top(query.limit), missing: this.#files(query).missing }
    }
    const { rows, missing } = await this.#over(
      query,
      (files) => `${grouped(files, query)} ORDER BY n DESC LIMIT ${query.limit}`,
    )
    return { items: rows.map((row) => bucket(row, query)).sort(byCount), missing }
  }

  async *groups(query: Groups): AsyncIterable<Bucket[]> {
    const by = query.by.map((terms) => ({ terms }))
    const exact = this.#exact(query) && ![...query.by, query.distinct ?? ''].some((name) => COMPUTED.has(name))
    if (!exact) {
      const buckets = new Buckets(by, query.distinct)
      for await (const chunk of this.match(
        {
          ...query,
          fields: ['@timestamp', ...namesOf({ by, ...(query.distinct ? { distinct: query.distinct } : {}) })],
        },
        true,
      ))
        for (const event of chunk) buckets.add(event)
      yield buckets.all().filter((each) => (each.distinct ?? each.count) >= query.atLeast)
      return
    }
    const { files } = this.#whollyReadable(query)
    if (files.length === 0) return
    const asked = { by, ...(query.distinct ? { distinct: query.distinct } : {}) }
    const text = `${grouped(files, { ...query, ...asked })} HAVING ${query.distinct ? 'd' : 'n'} >= ${query.atLeast}`
    for await (const rows of this.#stream(text)) yield rows.map((row) => bucket(row, asked))
  }

  /** Chunks of what matches. `strict`: a damaged part among the ingest window is an error. */
  async *match(query: Window & { filter: Filter; fields?: readonly string[] }, strict = true): AsyncIterable<Event[]> {
    const exact = this.#exact(query)
    const match = exact ? undefined : compile(query.filter)
    const names = fieldsOf(query.filter)
    const fields =
      query.fields && (match ? (names.has('*') ? undefined : [...new Set([...query.fields, ...names])]) : query.fields)
    const { sql: packed, unpack } = selectPacked(fields)
    const { files } = strict ? this.#whollyReadable(query) : this.#files(query)
    for (const file of files) {
      try {
        for await (const rows of this.#stream(
          `SELECT ${packed} FROM ${file.table} WHERE ${conditions(query)} AND ${toSql(query.filter, file).sql}`,
        )) {
          const events = rows.map((row) => unpack(row[0] as string))
          yield match ? events.filter(match) : events
        }
      } catch (error) {
        if (/corrupt|checksum/i.test(String(error))) this.#days.suspect(file, error)
        throw error
      }
    }
  }

  /** Detection never skips: where the ingest window has a damaged day, it fails and says so. */
  #whollyReadable(query: Window): { files: DayFile[] } {
    const { files, missing } = this.#files(query)
    if (query.ingested?.after !== undefined && missing.length) {
      throw new StoreError(
        `the events of ${missing.map((m) => m.day).join(', ')} cannot be read (${missing[0]!.reason}): restore the day file from a backup, or delete it`,
      )
    }
    return { files }
  }

  async *#stream(sql: string): AsyncIterable<unknown[][]> {
    const connection = await this.#borrow()
    try {
      const result = await connection.stream(sql)
      for (;;) {
        const chunk = await result.fetchChunk()
        if (!chunk || chunk.rowCount === 0) return
        yield chunk.getRows()
      }
    } finally {
      this.#giveBack(connection)
    }
  }
}

const namesOf = (query: { by: readonly ({ terms: string } | { every: number })[]; distinct?: string }): string[] => [
  ...query.by.flatMap((by) => ('terms' in by ? [by.terms] : [])),
  ...(query.distinct ? [query.distinct] : []),
]

const conditions = ({ from, to, ingested }: Window): string => {
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
const grouped = (files: DayFile[], query: Window & Pick<Aggregate, 'by' | 'distinct' | 'filter'>): string => {
  const names = namesOf(query)
  const simple = names.every((name) => plain.has(name))
  const histogram = (by: { every: number; offset?: number }) => {
    const offset = by.offset ?? 0
    return `CAST(floor(("@timestamp" - ${offset}) / ${by.every}) * ${by.every} + ${offset} AS BIGINT)`
  }
  const selects: string[] = []
  for (const file of files) {
    const from = `FROM ${file.table} WHERE ${conditions(query)} AND ${toSql(query.filter, file).sql}`
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

const bucket = (row: unknown[], query: Pick<Aggregate, 'by' | 'distinct'>): Bucket => {
  const n = query.by.length
  const key = query.by.map((by, i) => ('terms' in by ? typedKey(by.terms, row[i] as string | null) : Number(row[i])))
  const base = { key, count: Number(row[n]), first: Number(row[n + 1]), last: Number(row[n + 2]) }
  return query.distinct ? { ...base, distinct: Number(row[n + 3]) } : base
}
