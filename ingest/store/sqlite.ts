/**
 * Documents in SQLite: `synchronous=FULL` in write-ahead mode, 27,000 small changes/s in short transactions against 1,700
 * in DuckDB. Each collection is a table of JSON with a column for each field it is searched by, folded as the filter
 * tree compares. What a column cannot say is over-selected and decided in process.
 */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { setImmediate as breath } from 'node:timers/promises'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { Scalar } from '../event.ts'
import { Buckets, byCount, typedKey } from './buckets.ts'
import { checkName, flatFields, INDEXED } from './documents.ts'
import { diskFull } from './full.ts'
import { told, telling } from './sqlite-told.ts'
import { openMeasured } from './measured.ts'
import { scoped } from './scope.ts'
import { toSqlite } from './sqlite-filter.ts'
import { makeTable } from './sqlite-table.ts'
import { openWrite } from './sqlite-write.ts'
import { compare, placeOf } from './sqlite-order.ts'
import { column as quote } from './sql.ts'
import type { Filter } from './filter.ts'
import { compile, fold } from './match.ts'
import {
  type Collection,
  type Document,
  type DocumentQuery,
  type DocumentStore,
  type Scope,
  type Stored,
  StoreError,
  StoreRefused,
  WrongQuestion,
  tooLong,
} from './store.ts'

const SCHEMA = 1
/** Documents that are decided on without a pause: some milliseconds. */
const SLICE = 200
/** Documents that are read by their ids at once. */
const AT_ONCE = 1000
const SQL_AS = { least: 'min', greatest: 'max', sum: 'sum' } as const
/** ms that a question may take which SQL cannot decide. */
const LIMIT = 30_000

/** Opens or creates the file; `names` are its collections. Rejects with a `StoreError` where it is damaged, newer, or another process writes it. */
export const openSqlite = (path: string): DocumentStore & { names(): readonly string[] } => {
  mkdirSync(dirname(path), { recursive: true })
  let db: DatabaseSync
  try {
    db = new DatabaseSync(path)
    // A process that was killed lets its files go when its last write to the disk has ended, which may take seconds.
    db.exec('PRAGMA locking_mode=EXCLUSIVE; PRAGMA busy_timeout=8000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL')
    const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version'])
    if (version > SCHEMA)
      throw new StoreRefused(
        `${path} was written by a newer version of Vọng Lâu (schema ${version}, this one knows ${SCHEMA}): install that version again, or move the file away`,
      )
    db.exec(
      `PRAGMA user_version=${SCHEMA}; CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER) WITHOUT ROWID`,
    )
    const check = db.prepare('PRAGMA quick_check(1)').get()
    if (Object.values(check ?? {})[0] !== 'ok') throw new Error(String(Object.values(check ?? {})[0]))
  } catch (error) {
    if (error instanceof StoreError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    const full = diskFull(reason)
    if (full) throw full
    if (/locked|busy/i.test(reason))
      throw new StoreRefused(
        `${path} is open in another process: stop the other Vọng Lâu that uses this data folder, or give this one another (data:)`,
      )
    throw new StoreRefused(
      `${path} cannot be opened (${reason}): restore it from a backup; alerts, incidents, users and the audit trail are in it`,
    )
  }
  const collections = new Map<string, Collection<Document>>()
  return {
    collection: <T extends Document>(name: string) => {
      let found = collections.get(name)
      if (!found) {
        checkName(name)
        collections.set(name, (found = openCollection(db, name)))
      }
      return found as unknown as Collection<T>
    },
    names: () =>
      db
        .prepare(
          `SELECT substr(name, 3) AS name FROM sqlite_master WHERE type = 'table' AND name LIKE 'c\\_%' ESCAPE '\\'`,
        )
        .all()
        .map((row) => String(row['name'])),
    close: async () => db.close(),
  }
}

/** All of it or nothing, by one write to the disk. */
const atOnce = <T>(db: DatabaseSync, work: () => T): T => {
  try {
    db.exec('BEGIN IMMEDIATE')
    const result = work()
    db.exec('COMMIT')
    return result
  } catch (error) {
    // A full disk has ended it already, and that is what is to be told.
    if (db.isOpen && db.isTransaction) db.exec('ROLLBACK')
    throw told(error)
  }
}

const openCollection = (db: DatabaseSync, name: string): Collection<Document> => {
  const fields = [...new Set([...(INDEXED[name] ?? []), 'organization.id'])]
  const table = quote(`c_${name}`)
  const cache = new Map<string, StatementSync>()
  const prepare = (sql: string): StatementSync => {
    let statement = cache.get(sql)
    if (!statement) {
      if (cache.size > 200) cache.clear()
      cache.set(sql, (statement = db.prepare(sql)))
    }
    return statement
  }
  const columnValues = (doc: Document): { values: SQLInputValue[]; odd: number } => {
    const flat = flatFields(doc)
    let odd = 0
    const values = fields.map((field): SQLInputValue => {
      const value = flat[field]
      if (value === undefined) return null
      if (Array.isArray(value)) {
        odd = 1
        return null
      }
      return typeof value === 'number' ? value : fold(String(value))
    })
    return { values, odd }
  }
  const stored = (row: Record<string, unknown>): Stored<Document> => ({
    id: String(row['id']),
    version: Number(row['version']),
    seq: Number(row['seq']),
    doc: JSON.parse(String(row['doc'])) as Document,
  })
  atOnce(db, () => makeTable(db, name, fields, columnValues))
  const write = openWrite(prepare, table, fields, columnValues)

  const select = (scope: Scope, filter: Filter) => {
    const all = scoped(scope, filter)
    // A field with several values has no column: where there is such a document, all are decided in process.
    const odd = prepare(`SELECT 1 FROM ${table} WHERE odd = 1 LIMIT 1`).get() !== undefined
    const { sql, params, exact } = toSqlite(all, new Set(fields), odd)
    const decide = exact ? undefined : compile(all)
    return { sql, params, ...(decide ? { match: (doc: Document) => decide(flatFields(doc)) } : {}) }
  }

  return telling({
    get: async (scope, id) => {
      const row = prepare(`SELECT id, version, seq, doc FROM ${table} WHERE id = ?`).get(id)
      if (!row) return undefined
      const found = stored(row)
      return 'system' in scope || compile(scoped(scope, { op: 'and', of: [] }))(flatFields(found.doc))
        ? found
        : undefined
    },
    getMany: async (scope, ids) => {
      const found = new Map<string, Stored<Document>>()
      const every = [...new Set(ids)]
      for (let i = 0; i < every.length; i += AT_ONCE) {
        const some = every.slice(i, i + AT_ONCE)
        // One statement for any number: the ids are a list of JSON.
        const rows = prepare(
          `SELECT id, version, seq, doc FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`,
        ).all(JSON.stringify(some))
        for (const row of rows) found.set(String(row['id']), stored(row))
        if (i + AT_ONCE < every.length) await breath()
      }
      const sees = 'system' in scope ? () => true : compile(scoped(scope, { op: 'and', of: [] }))
      return ids.map((id) => {
        const each = found.get(id)
        return each && sees(flatFields(each.doc)) ? each : undefined
      })
    },
    put: async (items, inOrder = false) => atOnce(db, () => write(items, inOrder)),
    query: async (scope, query) => {
      const chosen = select(scope, query.filter)
      return chosen.match ? scanned(query, chosen.sql, chosen.params, chosen.match) : page(query, chosen)
    },
    aggregate: async (scope, { filter, by, limit }) => {
      const { sql, params, match } = select(scope, filter)
      const names = by.map((each) => (typeof each === 'string' ? each : each.field))
      if (
        match ||
        names.some((field) => !fields.includes(field)) ||
        prepare(`SELECT 1 FROM ${table} WHERE odd = 1 LIMIT 1`).get()
      ) {
        const buckets = new Buckets(
          by.map((each, i) => (typeof each === 'string' ? { terms: each } : { terms: `#${i}` })),
        )
        const seen = new Set<string>()
        for await (const { id, doc } of scan(sql, params)) {
          if (seen.has(id) || (match && !match(doc))) continue
          seen.add(id)
          const flat = flatFields(doc)
          by.forEach((each, i) => {
            const value = typeof each === 'string' ? undefined : flat[each.field]
            if (typeof each !== 'string' && typeof value === 'number')
              flat[`#${i}`] = Math.floor((value - (each.offset ?? 0)) / each.every) * each.every + (each.offset ?? 0)
          })
          buckets.add({ ...flat, '@timestamp': 0 })
        }
        return buckets
          .top(limit)
          .map(({ key, count }) => ({ key: key.map((k) => (typeof k === 'string' ? fold(k) : k)), count }))
      }
      const keys = by.map((each) => {
        if (typeof each === 'string') return quote(each)
        const offset = each.offset ?? 0
        return `CAST(floor((${quote(each.field)} - ${offset}) / ${each.every}.0) * ${each.every} + ${offset} AS INTEGER)`
      })
      const text = `SELECT ${keys.map((key, i) => `${key} AS k${i}`).join(', ')}${keys.length ? ', ' : ''}count(*) AS n FROM ${table} WHERE ${sql}${keys.length ? ` GROUP BY ${keys.map((_, i) => i + 1).join(', ')}` : ''} ORDER BY n DESC LIMIT ${Math.trunc(limit)}`
      return prepare(text)
        .all(...params)
        .map((row) => ({
          key: by.map((each, i): Scalar | null => {
            const value = row[`k${i}`] as string | number | null
            return typeof each === 'string' && typeof value === 'string' ? typedKey(each, value) : value
          }),
          count: Number(row['n']),
        }))
        .sort(byCount)
    },
    measure: async (scope, { filter, of }) => {
      const { sql, params, match } = select(scope, filter)
      if (match || of.some(({ field }) => !fields.includes(field))) {
        const measured = openMeasured(of)
        const seen = new Set<string>()
        for await (const { id, doc } of scan(sql, params)) {
          if (seen.has(id) || (match && !match(doc))) continue
          seen.add(id)
          measured.add(flatFields(doc))
        }
        return measured.answer()
      }
      // A question each for least and greatest: they are the ends of an index. What is summed up is counted with it.
      const isEnd = ({ as }: (typeof of)[number]): boolean => as !== 'sum'
      const ends = of.filter(isEnd)
      const parts = of.map((each) => {
        const name = quote(each.field)
        return isEnd(each)
          ? `(SELECT ${SQL_AS[each.as]}(${name}) FROM ${table} WHERE ${sql} AND typeof(${name}) <> 'text')`
          : `sum(CASE WHEN typeof(${name}) <> 'text' THEN ${name} END)`
      })
      const text = `SELECT count(*) AS n${parts.map((part, i) => `, ${part} AS v${i}`).join('')} FROM ${table} WHERE ${sql}`
      const row = prepare(text).get(...[...ends, text].flatMap(() => params))!
      return { count: Number(row['n']), values: parts.map((_, i) => (row[`v${i}`] as number | null) ?? undefined) }
    },
    changesSince: async (scope, seq, limit) => {
      const { sql, params, match } = select(scope, { op: 'and', of: [] })
      const rows = prepare(
        `SELECT id, version, seq, doc FROM ${table} WHERE seq > ? AND ${sql} ORDER BY seq LIMIT ?`,
      ).all(seq, ...params, limit)
      const items = rows.map(stored)
      const newest = prepare(`SELECT max(seq) AS seq FROM ${table}`).get()?.['seq']
      return {
        items: match ? items.filter((item) => match(item.doc)) : items,
        seq: rows.length === limit ? items.at(-1)!.seq : Math.max(seq, Number(newest ?? 0)),
      }
    },
    newest: async () => Number(prepare(`SELECT max(seq) AS seq FROM ${table}`).get()?.['seq'] ?? 0),
    delete: async (id, version) =>
      atOnce(db, () =>
        version === 'any'
          ? prepare(`DELETE FROM ${table} WHERE id = ?`).run(id)
          : prepare(`DELETE FROM ${table} WHERE id = ? AND version = ?`).run(id, version),
      ).changes > 0,
    deleteMany: async (ids) =>
      Number(
        atOnce(db, () =>
          prepare(`DELETE FROM ${table} WHERE id IN (SELECT value FROM json_each(?))`).run(JSON.stringify(ids)),
        ).changes,
      ),
  })

  /**
   * Every document that SQL chooses, in slices: what else the process has to do has its turn in between. One that is removed
   * and made again meanwhile comes again, as it is then.
   */
  async function* scan(sql: string, params: SQLInputValue[]): AsyncGenerator<Stored<Document>> {
    const statement = prepare(
      `SELECT rowid AS r, id, version, seq, doc FROM ${table} WHERE rowid > ? AND (${sql}) ORDER BY rowid LIMIT ${SLICE}`,
    )
    const until = performance.now() + LIMIT
    for (let after = 0; ; ) {
      const rows = statement.all(after, ...params)
      for (const row of rows) yield stored(row)
      if (rows.length < SLICE) return
      after = Number(rows.at(-1)!['r'])
      await breath()
      if (performance.now() > until) throw tooLong(LIMIT)
    }
  }

  /** A page of what only the process can decide on: one pass finds the best and the number of all. */
  async function scanned(
    { sort = [], limit, cursor }: DocumentQuery,
    sql: string,
    params: SQLInputValue[],
    match: (doc: Document) => boolean,
  ) {
    ordered(sort)
    const after = cursor === undefined ? undefined : placeOf(cursor, sort.length + 1)
    const before = (a: readonly SQLInputValue[], b: readonly SQLInputValue[]): number => {
      for (const [i, { order }] of sort.entries()) {
        const c = compare(a[i] ?? null, b[i] ?? null, order)
        if (c !== 0) return c
      }
      return compare(a[sort.length]!, b[sort.length]!, 'asc')
    }
    let total = 0
    let best: { place: readonly SQLInputValue[]; item: Stored<Document> }[] = []
    const seen = new Map<string, boolean>()
    for await (const item of scan(sql, params)) {
      if (seen.get(item.id)) {
        total--
        best = best.filter((each) => each.item.id !== item.id)
      }
      const matches = match(item.doc)
      seen.set(item.id, matches)
      if (!matches) continue
      total++
      const { values } = columnValues(item.doc)
      const place = [...sort.map(({ field }) => values[fields.indexOf(field)] ?? null), item.id]
      if (after && before(place, after) <= 0) continue
      best.push({ place, item })
      if (best.length > 4 * (limit + 1)) best = best.sort((a, b) => before(a.place, b.place)).slice(0, limit + 1)
    }
    best.sort((a, b) => before(a.place, b.place))
    const items = best.slice(0, limit)
    return {
      items: items.map(({ item }) => item),
      total,
      ...(best.length > limit ? { cursor: JSON.stringify(items.at(-1)!.place) } : {}),
    }
  }

  function ordered(sort: NonNullable<DocumentQuery['sort']>): void {
    const unknown = sort.find(({ field }) => !fields.includes(field))
    if (unknown)
      throw new WrongQuestion(`${name} cannot be sorted by "${unknown.field}": it can by ${fields.join(', ')}`)
  }

  function page({ sort = [], limit, cursor }: DocumentQuery, { sql, params }: ReturnType<typeof select>) {
    ordered(sort)
    // Absent values come last; ties by id. The cursor is the sort values and the id of the last row.
    const order = [...sort.map(({ field, order }) => `${quote(field)} ${order} NULLS LAST`), 'id'].join(', ')
    const after = cursor === undefined ? undefined : placeOf(cursor, sort.length + 1)
    const more: string[] = []
    const values: SQLInputValue[] = []
    if (after) {
      const equal: string[] = []
      const equalValues: SQLInputValue[] = []
      sort.forEach(({ field, order }, i) => {
        const value = after[i] ?? null
        const c = quote(field)
        if (value !== null) {
          more.push(`(${[...equal, `(${c} IS NULL OR ${c} ${order === 'asc' ? '>' : '<'} ?)`].join(' AND ')})`)
          values.push(...equalValues, value)
        }
        equal.push(`${c} IS ?`)
        equalValues.push(value)
      })
      more.push(`(${[...equal, 'id > ?'].join(' AND ')})`)
      values.push(...equalValues, after[sort.length] as string)
    }
    const where = `${sql}${more.length ? ` AND (${more.join(' OR ')})` : ''}`
    const columns = ['id', 'version', 'seq', 'doc', ...sort.map(({ field }, i) => `${quote(field)} AS s${i}`)].join(
      ', ',
    )
    // The rows first, then what they hold: else the documents of all would be put in order to show a few.
    const rows = prepare(
      `SELECT ${columns} FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} WHERE ${where} ORDER BY ${order} LIMIT ?) ORDER BY ${order}`,
    ).all(...params, ...values, Math.trunc(limit) + 1)
    const items = rows.slice(0, limit).map(stored)
    const last = rows.length > limit ? rows[limit - 1]! : undefined
    const next = last && JSON.stringify([...sort.map((_, i) => last[`s${i}`]), last['id']])
    const total = Number(prepare(`SELECT count(*) AS n FROM ${table} WHERE ${sql}`).get(...params)!['n'])
    return { items, total, ...(next ? { cursor: next } : {}) }
  }
}
