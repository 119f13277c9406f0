/** A word is looked for among the sets of words of each day, before the events are (`words.ts`). */
import type { DuckDBConnection } from '@duckdb/node-api'
import type { Filter } from '../filter.ts'
import { StoreError } from '../errors.ts'
import { type Condition, literal, type Words } from '../sql.ts'
import { freeTexts, type Wanted, wantedOf } from '../words.ts'

/** Of which rows of a file it is known which words are in them. */
export type Worded = 'all' | 'some' | 'none'
interface File {
  readonly catalog: string
  readonly table: string
  worded: Worded
}

/** Sets whose numbers are written into the statement; more of them are looked up in it, or the texts of all events are read. */
const NAMED = 1000
/** Files that are looked through side by side: a day's sets are too few to be shared out among threads. */
const LANES = 2

/**
 * Of each file that keeps words, by its catalog, what the patterns of the filter come to. `ask`: rows of a statement; `growing`: the
 * file that takes events, whose rows may name sets by then that were not there when these were looked up.
 */
export const lookUp = async (
  files: readonly File[],
  filter: Filter,
  ask: (sql: string) => Promise<unknown[][]>,
  growing: File | undefined,
): Promise<(file: File) => Words | undefined> => {
  const out = new Map<string, Words>()
  const wordsOf = (file: File) => (file.worded === 'none' ? undefined : out.get(file.catalog))
  const patterns = [...freeTexts(filter)].flatMap(([key, pattern]) => {
    const wanted = wantedOf(pattern)
    return wanted ? [{ key, wanted }] : []
  })
  if (patterns.length === 0) return wordsOf
  const look = async (file: File): Promise<void> => {
    const sets: Words['sets'] = new Map()
    const grows = file === growing
    const upTo = grows ? await lastOf(file, ask) : undefined
    for (const { key, wanted } of patterns) {
      const condition = await conditionOf(file, wanted, ask).catch(damaged)
      if (condition) sets.set(key, condition)
    }
    if (grows && upTo === undefined) return
    out.set(file.catalog, { table: file.table, some: grows || file.worded === 'some', upTo, sets })
  }
  const left = files.filter(({ worded }) => worded !== 'none').values()
  let failed = false
  const lane = async (): Promise<void> => {
    try {
      for (const file of left) if (!failed) await look(file)
    } catch (error) {
      failed = true
      throw error
    }
  }
  // A statement that outlived its question would outlive its connection.
  const ended = await Promise.allSettled(Array.from({ length: LANES }, lane))
  for (const each of ended) if (each.status === 'rejected') throw each.reason
  return wordsOf
}
/** What is damaged is found, and said, when the texts are read. */
const damaged = (error: unknown): undefined => {
  if (error instanceof StoreError) throw error
}
/** Of a file in which a statement found damage: whether it may be in the sets of words, without which the texts are read. */
export const giveUpWords = (file: File): boolean => {
  const had = file.worded !== 'none'
  file.worded = 'none'
  return had
}
const lastOf = async (file: File, ask: (sql: string) => Promise<unknown[][]>): Promise<number | undefined> => {
  const rows = await ask(`SELECT coalesce(max(id), 0) FROM ${file.catalog}.words`).catch(damaged)
  return rows && Number(rows[0]![0])
}

const conditionOf = async (
  file: File,
  { words, exact }: Wanted,
  ask: (sql: string) => Promise<unknown[][]>,
): Promise<Condition | undefined> => {
  const holds = words.map((word) => `contains(words, ${literal(word)})`).join(' AND ')
  const such = `SELECT id FROM ${file.catalog}.words WHERE ${holds}`
  const ids = (await ask(`${such} LIMIT ${NAMED + 1}`)).map(([id]) => id)
  const few = ids.length <= NAMED
  if (!exact && !few) return undefined
  return { sql: ids.length === 0 ? 'false' : `words IN (${few ? ids.join(', ') : such})`, exact }
}

/** Sets are numbered from 1 on without a gap. What an older program wrote anew has the numbers of sets, and not the sets. */
export const wordedOf = async (connection: DuckDBConnection, catalog: string): Promise<Worded> => {
  const rows = async (sql: string) => (await connection.run(sql)).getRowsJS()
  const named = `database_name = ${literal(catalog.slice(1, -1))} AND table_name = 'words'`
  const [there] = await rows(`SELECT count(*) FROM duckdb_tables() WHERE ${named}`)
  if (Number(there![0]) === 0) return 'none'
  const last = `(SELECT CASE WHEN count(*) = coalesce(max(id), 0) THEN count(*) ELSE -1 END FROM ${catalog}.words)`
  const [row] = await rows(
    `SELECT count(*) FILTER (words IS NULL), coalesce(max(words), 0) > ${last} FROM ${catalog}.events`,
  )
  return row![1] ? 'none' : Number(row![0]) > 0 ? 'some' : 'all'
}
/** The greatest number that is given in a file, or named. */
export const lastSetOf = async (connection: DuckDBConnection, catalog: string): Promise<number> => {
  const sql = `SELECT greatest((SELECT coalesce(max(id), 0) FROM ${catalog}.words), (SELECT coalesce(max(words), 0) FROM ${catalog}.events))`
  return Number((await (await connection.run(sql)).getRowsJS())[0]![0])
}
