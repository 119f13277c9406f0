/** A closed day is written anew with what must stay, into a file beside it that then takes its place as a whole. */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Filter } from '../filter.ts'
import { column, literal, toSql } from '../sql.ts'
import { StoreError } from '../store.ts'
import type { DayFile, Days } from './days.ts'
import { besides, compressed } from './layout.ts'
import { FULL } from './slice.ts'

const UNFINISHED = /^events-\d{4}-\d\d-\d\d\.duckdb\.anew-\d+(\.wal)?$/
/** A file that is attached keeps its first name in DuckDB's books: each gets one of its own. */
let nth = 0

/** What was begun when the process ended: the old day is still there. */
export const removeUnfinished = (folder: string): void => {
  for (const name of readdirSync(folder)) if (UNFINISHED.test(name)) rmSync(join(folder, name))
}

/** Answers how many events have stayed; where none, the day is dropped. `connection`: one that nobody else uses. */
export const keepOf = async (days: Days, day: string, stay: Filter, connection: DuckDBConnection): Promise<number> => {
  const file = days.all().find((each) => each.day === day)
  if (!file) return 0
  if (file === days.newest) throw new StoreError(`the day ${day} takes events now and cannot be written anew`)
  if (file.problem) throw new StoreError(`the day ${day} cannot be read (${file.problem}) and stays as it is`)
  const path = `${file.path}.anew-${++nth}`
  const into = `"anew ${nth}"`
  try {
    // What is only in its log would be lost with the file that it belongs to.
    await connection.run(`CHECKPOINT ${file.catalog}`)
    if ((statSync(`${file.path}.wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
      throw new StoreError(`the log of ${file.path} cannot be folded in now: the day is written anew later`)
    await roomFor(days, file, stay, connection)
    await connection.run(`ATTACH ${literal(path)} AS ${into} (STORAGE_VERSION 'v1.4.0', ROW_GROUP_SIZE ${FULL})`)
    try {
      await connection.run('BEGIN')
      for (const sql of await copying(connection, file, into, stay)) await connection.run(sql)
      await connection.run('COMMIT')
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => {})
      throw error
    } finally {
      // With its log folded in, and nothing of it open.
      await connection.run(`DETACH ${into}`)
    }
    if (existsSync(`${path}.wal`)) throw new StoreError(`${path} could not be finished: is there room on the disk?`)
    durable(path)
    const stayed = await days.replace(file, path)
    durable(days.folder)
    if (stayed === 0) await days.drop(day)
    return stayed
  } catch (error) {
    for (const each of [path, `${path}.wal`]) rmSync(each, { force: true })
    if (/corrupt|checksum/i.test(String(error))) days.suspect(file, error)
    throw error
  }
}

/** Bytes that a file has beside its events. */
const EMPTY = 8e6

/** What stays needs its room beside the old file: a disk that it would fill takes no more lines. */
const roomFor = async (days: Days, file: DayFile, stay: Filter, connection: DuckDBConnection): Promise<void> => {
  const counted = await connection.run(`SELECT count(*) FROM ${file.table} WHERE ${toSql(stay, file).sql}`)
  const share = Number((await counted.getRowsJS())[0]![0]) / Math.max(1, file.events)
  const wanted = EMPTY + 1.2 * share * days.bytes(file)
  if (days.free() < wanted)
    throw new StoreError(
      `the day ${file.day} is not written anew, for its disk has no room for what stays of it: free ${Math.ceil(wanted / 1e6)} MB`,
    )
}

/** The tables in the shape that they have, whatever program made them. */
const copying = async (
  connection: DuckDBConnection,
  file: DayFile,
  into: string,
  stay: Filter,
): Promise<readonly string[]> => {
  const named = literal(file.catalog.slice(1, -1))
  const rows = async (sql: string) => (await (await connection.run(sql)).getRowsJS()) as string[][]
  const tables = new Set(
    (await rows(`SELECT table_name FROM duckdb_tables() WHERE database_name = ${named}`)).map(([name]) => name!),
  )
  const columns = await rows(
    `SELECT column_name, data_type FROM duckdb_columns() WHERE database_name = ${named} AND table_name = 'events' ORDER BY column_index`,
  )
  return [
    ...besides(into),
    `CREATE TABLE ${into}.events (${columns.map(([name, type]) => `${column(name!)} ${type}${compressed(name!)}`).join(', ')})`,
    ...['meta', 'offsets', 'learned']
      .filter((name) => tables.has(name))
      .map((name) => `INSERT INTO ${into}.${name} SELECT * FROM ${file.catalog}.${name} ORDER BY rowid`),
    `INSERT INTO ${into}.events SELECT * FROM ${file.catalog}.events WHERE rowid IN (SELECT rowid FROM ${file.table} WHERE ${toSql(stay, file).sql}) ORDER BY rowid`,
  ]
}

const durable = (path: string): void => {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
