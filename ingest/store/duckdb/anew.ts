/** A closed day is written anew with what must stay, into a file beside it that then takes its place as a whole. */
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { EVERYTHING, type Filter, not } from '../filter.ts'
import { column, literal, toSql } from '../sql.ts'
import { StoreRefused } from '../store.ts'
import type { DayFile, Days } from './days.ts'
import { toDataChunk } from './fill.ts'
import { addColumns, besides, columnsOf, compressed, ROW_COLUMNS, shapeOf, STAGE } from './layout.ts'
import { FULL, type Slice } from './slice.ts'

const UNFINISHED = /^events-\d{4}-\d\d-\d\d(?:\.\d{1,3})?\.duckdb\.anew-\d+(\.wal)?$/
/** A file that is attached keeps its first name in DuckDB's books: each gets one of its own. */
let nth = 0

/** What was begun when the process ended: the old day is still there. */
export const removeUnfinished = (folder: string): void => {
  for (const name of readdirSync(folder)) if (UNFINISHED.test(name)) rmSync(join(folder, name))
}

/** The parts of a day, all of them closed. */
const closedParts = (days: Days, day: string): readonly DayFile[] => {
  const files = days.of(day)
  for (const file of files) {
    if (file === days.newest) throw new StoreRefused(`the day ${day} takes events now and cannot be written anew`)
    if (file.problem) throw new StoreRefused(`the day ${day} cannot be read (${file.problem}) and stays as it is`)
  }
  return files
}
/** Whether some of these events are in a file. */
export const hasSome = async (connection: DuckDBConnection, file: DayFile, filter: Filter): Promise<boolean> =>
  (await (await connection.run(`SELECT 1 FROM ${file.table} WHERE ${toSql(filter, file).sql} LIMIT 1`)).getRowsJS())
    .length > 0

/** Events that take the place of others, as they come: on the disk where memory does not hold them. */
export const openAgain = async (days: Days, day: string, taken: Filter, connection: DuckDBConnection) => {
  const files: DayFile[] = []
  for (const file of days.of(day)) {
    if (file.problem) throw new StoreRefused(`the day ${day} cannot be read (${file.problem}) and stays as it is`)
    // Else what stays and what is made anew would not be all of it, or more.
    if (!toSql(taken, file).exact)
      throw new StoreRefused('events that are written anew have to be told by their columns alone')
    if (!(await hasSome(connection, file, taken))) continue
    if (file === days.newest) throw new StoreRefused(`the day ${day} takes events now and cannot be written anew`)
    files.push(file)
  }
  await connection.run(STAGE)
  return {
    add: async (slice: Slice): Promise<void> => {
      const appender = await connection.createAppender('stage', 'main', 'temp')
      try {
        for (const chunk of slice.chunks) appender.appendDataChunk(toDataChunk(chunk, 0))
        appender.flushSync()
      } finally {
        appender.closeSync()
      }
    },
    /** Puts them in the place of those that match. Answers how many events the day has. */
    end: async (): Promise<number> => {
      for (const file of files) {
        // Another has written it anew meanwhile.
        if (!days.of(day).includes(file))
          throw new StoreRefused(`the day ${day} was written anew or removed meanwhile: begin it again`)
        await writeAnew(days, file, not(taken), connection, async (into) => againInto(connection, file, into, taken))
      }
      return days.of(day).reduce((sum, { events }) => sum + events, 0)
    },
  }
}
const BASE = (name: string) => `regexp_replace(${name}, '\\.\\d+$', '')`
/** A file of before is given the columns that it lacks. */
const againInto = async (
  connection: DuckDBConnection,
  file: DayFile,
  into: string,
  taken: Filter,
): Promise<readonly string[]> => {
  const shape = shapeOf((await columnsOf(connection, file.catalog)).map(([name]) => name))
  const id = column('event.id')
  const ingested = column('event.ingested')
  const old = `SELECT ${BASE(id)} AS base, min(${ingested}) AS ingested FROM ${file.table} WHERE ${toSql(taken, file).sql} GROUP BY 1`
  const rows = `SELECT s.* REPLACE (o.ingested AS ${ingested}) FROM stage s JOIN (${old}) o ON o.base = ${BASE(`s.${id}`)} ORDER BY o.ingested`
  // What is handed over and what it replaces are told by different questions: that they are the same lines is proved.
  const lost = `SELECT count(*) FROM (${old}) WHERE base NOT IN (SELECT ${BASE(id)} FROM stage)`
  const [[without]] = (await (await connection.run(lost)).getRowsJS()) as [[bigint]]
  if (without > 0n)
    throw new StoreRefused(
      `${without} lines of the day ${file.day} would be lost as they are read again: it stays as it is`,
    )
  const names = ROW_COLUMNS.map(([name]) => column(name)).join(', ')
  return [
    ...(shape.lacking.length > 0 ? addColumns(into, shape.lacking) : []),
    `INSERT INTO ${into}.events (${names}) ${rows}`,
  ]
}

/** Answers how many events have stayed; where none, the day is dropped. `connection`: one that nobody else uses. */
export const keepOf = async (days: Days, day: string, stay: Filter, connection: DuckDBConnection): Promise<number> => {
  let stayed = 0
  for (const file of closedParts(days, day)) stayed += await writeAnew(days, file, stay, connection)
  return stayed
}

/** `more`: what is written behind what stays. */
const writeAnew = async (
  days: Days,
  file: DayFile,
  stay: Filter,
  connection: DuckDBConnection,
  more?: (into: string) => Promise<readonly string[]>,
): Promise<number> => {
  const path = `${file.path}.anew-${++nth}`
  const into = `"anew ${nth}"`
  try {
    // What is only in its log would be lost with the file that it belongs to.
    await connection.run(`CHECKPOINT ${file.catalog}`)
    if ((statSync(`${file.path}.wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
      throw new StoreRefused(`the log of ${file.path} cannot be folded in now: the day is written anew later`)
    await roomFor(days, file, more ? EVERYTHING : stay, connection)
    await connection.run(`ATTACH ${literal(path)} AS ${into} (STORAGE_VERSION 'v1.4.0', ROW_GROUP_SIZE ${FULL})`)
    try {
      await connection.run('BEGIN')
      for (const sql of await copying(connection, file, into, stay)) await connection.run(sql)
      for (const sql of (await more?.(into)) ?? []) await connection.run(sql)
      await connection.run('COMMIT')
    } catch (error) {
      await connection.run('ROLLBACK').catch(() => {})
      throw error
    } finally {
      // With its log folded in, and nothing of it open.
      await connection.run(`DETACH ${into}`)
    }
    if (existsSync(`${path}.wal`)) throw new StoreRefused(`${path} could not be finished: is there room on the disk?`)
    durable(path)
    const stayed = await days.replace(file, path)
    durable(days.folder)
    if (stayed === 0) await days.dropPart(file.anew!)
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
    throw new StoreRefused(
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
  const columns = await columnsOf(connection, file.catalog)
  return [
    ...besides(into),
    `CREATE TABLE ${into}.events (${columns.map(([name, type]) => `${column(name)} ${type}${compressed(name)}`).join(', ')})`,
    ...['meta', 'offsets', 'learned']
      .filter((name) => tables.has(name))
      .map((name) => `INSERT INTO ${into}.${name} SELECT * FROM ${file.catalog}.${name} ORDER BY rowid`),
    `INSERT INTO ${into}.events SELECT * FROM ${file.catalog}.events WHERE rowid IN (SELECT rowid FROM ${file.table} WHERE ${toSql(stay, file).sql}) ORDER BY rowid`,
    ...(tables.has('words') && columns.some(([name]) => name === 'words') ? [copyWords(file.catalog, into)] : []),
  ]
}
/** Of what goes no word stays; the sets keep their numbers. */
const copyWords = (from: string, into: string): string =>
  `INSERT INTO ${into}.words SELECT id, CASE WHEN id IN (SELECT words FROM ${into}.events) THEN words ELSE '' END FROM ${from}.words ORDER BY id`

const durable = (path: string): void => {
  const fd = openSync(path, 'r')
  fsyncSync(fd)
  closeSync(fd)
}
