/**
 * How events cross to the store thread: as the memory of DuckDB's own vectors, so that nothing is taken apart again there.
 * A text is 16 bytes (duckdb_string_t of duckdb.h): its length, then up to 12 bytes of it, or its first four and an
 * address. Longer texts lie in one heap for all columns; their address is an offset in it until `fill` knows where it is.
 */
import { ROW_COLUMNS } from './layout.ts'
import { moved } from '../pool.ts'

/** Rows of a chunk at most: DuckDB's STANDARD_VECTOR_SIZE. */
export const ROWS = 2048
/**
 * Rows of a row group. A commit of just so many goes into the file compressed; one of less goes through the log, and one of
 * more leaves a small row group behind: both are written twice.
 */
export const FULL = 30 * ROWS
/** Texts up to this many bytes lie in their slot. */
export const INLINE = 12
/** Bytes of a value; of a list where its items begin and how many there are. */
export const WIDTH = { text: 16, list: 16, numbers: 16, long: 8, boolean: 1 } as const
/** Bytes of an item. */
export const ITEM = { list: 16, numbers: 8 } as const

export interface Column {
  readonly name: string
  readonly kind: keyof typeof WIDTH
}
const KINDS: Readonly<Record<string, Column['kind']>> = {
  VARCHAR: 'text',
  'VARCHAR[]': 'list',
  'UBIGINT[]': 'numbers',
  BOOLEAN: 'boolean',
}
/** The columns of `events`, in their order. */
export const LAID: readonly Column[] = ROW_COLUMNS.map(([name, type]) => ({ name, kind: KINDS[type] ?? 'long' }))

export interface Chunk {
  readonly rows: number
  /** UTF-8, `used` bytes of it: the lines, and what was made beside them. */
  readonly heap: ArrayBufferLike
  readonly used: number
  /** Of each column a bit for each row that has a value (`validBytes`), then the values. */
  readonly data: ArrayBufferLike
  /** Where a column begins in `data`; -1: no row has a value. */
  readonly starts: readonly number[]
  /** Items of all lists, a column after the other. */
  readonly lists: ArrayBufferLike
  /** How many items the lists of a column have together. */
  readonly items: readonly number[]
}

/** A batch as it crosses. */
export interface Slice {
  readonly rows: number
  readonly odd: boolean
  readonly chunks: readonly Chunk[]
  readonly first: number // least and greatest '@timestamp'
  readonly last: number
}
export const validBytes = (rows: number): number => Math.ceil(rows / 64) * 8
/** What a slice lies in. */
export const memoryOf = (slice: Slice): ArrayBufferLike[] =>
  slice.chunks.flatMap(({ heap, data, lists }) => [heap, data, lists])
/** Memory that moves with it to another thread. */
export const buffersOf = (slice: Slice): ArrayBuffer[] => moved(memoryOf(slice))
