/**
 * The day files: one DuckDB database for each UTC day of ingest, all attached to one instance. Offsets are in the file
 * that took the events; a new day's file begins with a copy of them. A day may have further parts, `events-<day>.2.duckdb`: where its
 * file had to be closed before the day was over, the next began as at midnight.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { literal } from '../sql.ts'
import { StoreError, StoreRefused } from '../store.ts'
import { removeUnfinished } from './anew.ts'
import {
  addColumns,
  besides,
  columnsOf,
  createTables,
  isPart,
  numbered,
  OF_PARTS,
  shapeOf,
  tableLike,
} from './layout.ts'
import { type Worded, wordedOf } from './lookup.ts'
import { FULL } from './slice.ts'

export interface DayFile {
  readonly day: string
  readonly part: number // 1, where the day has but one
  readonly catalog: string // quoted
  readonly path: string
  table: string // what a FROM names
  other: boolean // its columns are others than those of a new file, or stand in another order
  numbered: ReadonlySet<string> | undefined // the address fields of which every row has the numbers; undefined: all
  events: number
  first: number // least and greatest '@timestamp'
  last: number
  firstIngested: number
  lastIngested: number
  odd: boolean // some row keeps a column's value in its rest
  worded: Worded
  committed: number // also of commits that took only offsets
  problem?: string
  /** What took its place. */
  anew?: DayFile
}

export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)
const NAME = /^events-(\d{4}-\d\d-\d\d)(?:\.(\d{1,3}))?\.duckdb$/
const keyOf = (day: string, part: number): string => (part === 1 ? day : `${day}.${part}`)
const catalogOf = (key: string) => `"day ${key}"`
/** Parts of a day: each has its room on the disk. */
const MOST_PARTS = 50
/** ms that a file which was replaced can still be asked: by statements that name it already. */
const RETIRED = 60_000

/** What is known of a day that cannot be read: when it took events, by its name. */
const damaged = (day: string, part: number, path: string, problem: string): DayFile => {
  const firstIngested = Date.parse(day)
  return {
    day,
    part,
    catalog: '',
    path,
    table: '',
    other: false,
    numbered: undefined,
    events: 0,
    first: -Infinity,
    last: Infinity,
    firstIngested,
    lastIngested: firstIngested + 86_399_999,
    committed: 0,
    odd: true,
    worded: 'none',
    problem,
  }
}

const rows = async (connection: DuckDBConnection, sql: string) => (await connection.run(sql)).getRowsJS()

export class Days {
  readonly folder: string
  readonly #connection: DuckDBConnection
  readonly #files = new Map<string, DayFile>()
  readonly repairs: string[] = []

  private constructor(folder: string, connection: DuckDBConnection) {
    this.folder = folder
    this.#connection = connection
  }

  /** Attaches every day there is. A damaged one is left out and named in `all()`; one of a newer version is refused. */
  static async open(folder: string, connection: DuckDBConnection): Promise<Days> {
    mkdirSync(folder, { recursive: true })
    removeUnfinished(folder)
    const days = new Days(folder, connection)
    const found = readdirSync(folder)
      .flatMap((name) => {
        const [, day, part] = NAME.exec(name) ?? []
        return day === undefined ? [] : [{ day, part: Number(part ?? 1) }]
      })
      .sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.part - b.part))
    for (const each of found) await days.#attachFound(each.day, each.part, each === found.at(-1))
    return days
  }

  all(): DayFile[] {
    return [...this.#files.values()]
  }
  get newest(): DayFile | undefined {
    // One that turned out to be damaged while it was used goes on until the next start.
    return this.all().findLast((file) => !file.problem || file.catalog)
  }

  #pathOf(day: string, part: number): string {
    return join(this.folder, `events-${keyOf(day, part)}.duckdb`)
  }
  async #attach(day: string, part: number): Promise<DayFile> {
    const path = this.#pathOf(day, part)
    const catalog = catalogOf(keyOf(day, part))
    await this.#connection.run(
      `ATTACH ${literal(path)} AS ${catalog} (STORAGE_VERSION 'v1.4.0', ROW_GROUP_SIZE ${FULL})`,
    )
    return this.#unmeasured(day, part, path, catalog)
  }
  #unmeasured(day: string, part: number, path: string, catalog: string): DayFile {
    return {
      day,
      part,
      catalog,
      path,
      table: `${catalog}.events`,
      other: false,
      numbered: undefined,
      events: 0,
      first: Infinity,
      last: -Infinity,
      firstIngested: Infinity,
      lastIngested: -Infinity,
      committed: 0,
      odd: false,
      worded: 'all',
    }
  }

  async #attachFound(day: string, part: number, newest: boolean): Promise<void> {
    const path = this.#pathOf(day, part)
    let file: DayFile
    try {
      file = await this.#attach(day, part)
      if (newest && existsSync(`${path}.suspect`)) throw new Error(readFileSync(`${path}.suspect`, 'utf8'))
      const tables = await rows(
        this.#connection,
        `SELECT table_name FROM duckdb_tables() WHERE database_name = ${literal(file.catalog.slice(1, -1))}`,
      )
      if (tables.length === 0) {
        // Stopped between the attach and the first commit: nothing was in it.
        await this.#connection.run(`DETACH ${file.catalog}`)
        for (const each of [path, `${path}.wal`]) rmSync(each, { force: true })
        return
      }
      const schema = Number(
        (await rows(this.#connection, `SELECT value FROM ${file.catalog}.meta WHERE key = 'schema'`))[0]?.[0],
      )
      if (schema > OF_PARTS) {
        await this.#connection.run(`DETACH ${file.catalog}`)
        throw new StoreRefused(
          `${path} was written by a newer version of Vọng Lâu (schema ${schema}, this one knows ${OF_PARTS}): install that version again, or move the file away`,
        )
      }
      await this.#shape(file, newest)
      await this.#measure(file)
    } catch (error) {
      if (error instanceof StoreError) throw error
      const reason = String(error instanceof Error ? error.message : error).split('\n')[0]!
      // Not the word alone: damage is told of a "block".
      if (/set lock|conflicting lock|being used by another/i.test(reason)) {
        throw new StoreRefused(
          `${path} is open in another process: stop the other Vọng Lâu that uses this data folder, or give this one another (data:)`,
        )
      }
      if (/version number|newer version/i.test(reason)) {
        throw new StoreRefused(
          `${path} was written by a newer version of DuckDB than this program has: install the newer Vọng Lâu again, or move the file away (${reason})`,
        )
      }
      await this.#connection.run(`DETACH DATABASE IF EXISTS ${catalogOf(keyOf(day, part))}`).catch(() => {})
      if (newest) {
        // The lines it took are still in the files and the spool: with the offsets of the day before they are read again.
        const aside = `${path}.damaged-${statSync(path).mtimeMs.toFixed(0)}`
        renameSync(path, aside)
        rmSync(`${path}.suspect`, { force: true })
        // The log beside it belongs to it: read into a new file it would bring rows of the old one back.
        if (existsSync(`${path}.wal`)) renameSync(`${path}.wal`, `${aside}.wal`)
        this.repairs.push(
          `${path} is damaged (${reason}); it was moved to ${aside} and its lines are read again from their sources`,
        )
        return
      }
      file = damaged(day, part, path, reason)
      this.repairs.push(
        `${path} is damaged and left out of every answer (${reason}): restore it from a backup, or delete it`,
      )
    }
    this.#files.set(keyOf(day, part), file)
  }

  /** How its columns stand to those of a new file; the one that goes on taking events is given what it lacks. */
  async #shape(file: DayFile, newest: boolean): Promise<void> {
    const read = async () => shapeOf((await columnsOf(this.#connection, file.catalog)).map(([name]) => name))
    let shape = await read()
    if (shape.lacking.includes('words') && !newest) file.worded = 'none'
    if (newest) for (const sql of besides(file.catalog)) await this.#connection.run(sql)
    if (newest && shape.lacking.length > 0) {
      for (const sql of addColumns(file.catalog, shape.lacking)) await this.#connection.run(sql)
      shape = await read()
    }
    if (!shape.other) return
    file.table = tableLike(file.catalog, shape)
    file.other = true
    file.numbered = numbered(shape)
  }

  async #measure(file: DayFile): Promise<void> {
    const [row] = await rows(
      this.#connection,
      `SELECT count(*), min("@timestamp"), max("@timestamp"), min("event.ingested"), max("event.ingested"), count(*) FILTER (odd) FROM ${file.table}`,
    )
    const [events, first, last, a, b, odd] = row!.map((v) => (v === null ? undefined : Number(v)))
    const [committed] = await rows(
      this.#connection,
      `SELECT position FROM ${file.catalog}.offsets WHERE source = '' AND segment = 'committed'`,
    )
    file.committed = Number(committed?.[0] ?? b ?? 0)
    file.odd = (odd ?? 0) > 0
    if (file.worded !== 'none') file.worded = await wordedOf(this.#connection, file.catalog)
    Object.assign(file, {
      events,
      first: first ?? Infinity,
      last: last ?? -Infinity,
      firstIngested: a ?? Infinity,
      lastIngested: b ?? -Infinity,
    })
  }

  /** The file that takes what is ingested at `time`; begun with its tables and a copy of the offsets where it is new. */
  async forIngest(time: number): Promise<DayFile> {
    const day = dayOf(time)
    const known = this.all().findLast((file) => file.day === day)
    if (known && (!known.problem || known.catalog)) return known
    return this.#begin(day, known?.part ?? 1)
  }
  /**
   * Closes the file that takes events, as midnight does, and begins the next part of its day. Nothing may be written meanwhile. False
   * where the day has too many parts.
   */
  async seal(): Promise<boolean> {
    const file = this.newest
    if (!file) return true
    if (file.part >= MOST_PARTS) return false
    await this.#connection.run(isPart(file.catalog))
    await this.#begin(file.day, file.part + 1)
    return true
  }
  async #begin(day: string, part: number): Promise<DayFile> {
    const before = this.newest
    const file = await this.#attach(day, part)
    const wanted = [
      'BEGIN',
      ...createTables(file.catalog),
      ...(part > 1 ? [isPart(file.catalog)] : []),
      ...(before ? [`INSERT OR IGNORE INTO ${file.catalog}.offsets SELECT * FROM ${before.catalog}.offsets`] : []),
      'COMMIT',
    ]
    try {
      for (const sql of wanted) await this.#connection.run(sql)
    } catch (error) {
      await this.#connection.run('ROLLBACK').catch(() => {})
      await this.#connection.run(`DETACH ${file.catalog}`).catch(() => {})
      throw error
    }
    this.#files.set(keyOf(day, part), file)
    // Closed for good: what is in its log goes into the file, so that a copy of the file is a backup.
    if (before) await this.#connection.run(`CHECKPOINT ${before.catalog}`).catch(() => {})
    return file
  }

  /** The days whose events can be in the window, oldest first; the damaged ones among them apart. */
  within(
    from = -Infinity,
    to = Infinity,
    after = -Infinity,
    upTo = Infinity,
  ): { files: DayFile[]; damaged: DayFile[] } {
    const hit = this.all().filter(
      (f) => f.last >= from && f.first < to && f.lastIngested > after && f.firstIngested <= upTo,
    )
    return { files: hit.filter((f) => !f.problem), damaged: hit.filter((f) => f.problem) }
  }

  /** Damage that showed in use: answers are without the day; the one that takes events is moved aside at the next start. */
  suspect(file: DayFile, error: unknown): string {
    file.problem = String(error instanceof Error ? error.message : error).split('\n')[0]!
    // Only what the checksums say: a full disk fails reads too, and damages nothing.
    if (file === this.newest && /corrupt|checksum/i.test(file.problem))
      writeFileSync(`${file.path}.suspect`, file.problem)
    return file.problem
  }

  /**
   * After a failed checkpoint the file is invalid until it is attached anew; the log beside it holds what was committed. A
   * reader that still holds it makes that impossible until it ends, or is ended by its limit: it is tried until it works,
   * for nothing can be committed before.
   */
  async reattach(file: DayFile): Promise<void> {
    for (;;) {
      await this.#connection.run(`DETACH DATABASE IF EXISTS ${file.catalog}`).catch(() => {})
      try {
        await this.#attach(file.day, file.part)
        break
      } catch (error) {
        const held = /already attached|being detached|file handle conflict/i.test(String(error))
        // Whatever else it is (no room for the log), the caller says it now, and it may pass.
        if (!held && !/corrupt|checksum/i.test(String(error)))
          setTimeout(() => void this.reattach(file).catch(() => {}), 1000).unref()
        if (!held) throw error
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    await this.#measure(file)
  }

  /** Puts a file that was written beside a closed day's in its place, for good. Answers how many events are in it. */
  async replace(old: DayFile, beside: string): Promise<number> {
    const key = keyOf(old.day, old.part)
    const catalog = `"day ${key} ${beside.slice(old.path.length + 1)}"`
    await this.#connection.run(`ATTACH ${literal(beside)} AS ${catalog} (READ_ONLY)`)
    try {
      const file = this.#unmeasured(old.day, old.part, old.path, catalog)
      await this.#shape(file, false)
      await this.#measure(file)
      // Another has written it anew, or it is gone: what was copied is not all that stays, or more.
      if (this.#files.get(key) !== old)
        throw new StoreRefused(`the day ${old.day} was written anew or removed meanwhile: begin it again`)
      renameSync(beside, old.path)
      old.anew = file
      this.#files.set(key, file)
      const retire = () => void this.#connection.run(`DETACH DATABASE IF EXISTS ${old.catalog}`).catch(() => {})
      setTimeout(retire, RETIRED).unref()
      return file.events
    } catch (error) {
      await this.#connection.run(`DETACH ${catalog}`).catch(() => {})
      throw error
    }
  }

  /** The parts of a day, in their order. */
  of(day: string): DayFile[] {
    return this.all().filter((file) => file.day === day)
  }
  async drop(day: string): Promise<void> {
    const files = this.of(day)
    if (files.includes(this.newest!)) throw new StoreRefused(`the day ${day} takes events now and cannot be dropped`)
    for (const file of files) await this.dropPart(file)
  }
  async dropPart(file: DayFile): Promise<void> {
    this.#files.delete(keyOf(file.day, file.part))
    if (file.catalog) await this.#connection.run(`DETACH ${file.catalog}`)
    for (const path of [file.path, `${file.path}.wal`]) rmSync(path, { force: true })
  }

  bytes(file: DayFile): number {
    return [file.path, `${file.path}.wal`].reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    )
  }
  /** Bytes free on the disk that holds the days. */
  free(): number {
    const disk = statfsSync(this.folder)
    return disk.bavail * disk.bsize
  }
}
