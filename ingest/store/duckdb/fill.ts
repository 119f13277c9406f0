/** A chunk of a slice into DuckDB's vectors, on the store thread. */
import { BIGINT, BOOLEAN, DuckDBDataChunk, type DuckDBType, LIST, UBIGINT, VARCHAR } from '@duckdb/node-api'
import duckdb from '@duckdb/node-bindings'
import { ROW_COLUMNS } from './layout.ts'
import { type Chunk, INLINE, ITEM, LAID, ROWS, validBytes, WIDTH } from './slice.ts'
import type { Numbered } from './words.ts'

const KNOWN: Readonly<Record<string, DuckDBType>> = {
  VARCHAR,
  BIGINT,
  UBIGINT,
  BOOLEAN,
  'VARCHAR[]': LIST(VARCHAR),
  'UBIGINT[]': LIST(UBIGINT),
}
/** Types of the columns of `events`, in their order. */
const TYPES: readonly DuckDBType[] = ROW_COLUMNS.map(([, type]) => KNOWN[type]!)

const INGESTED = LAID.findIndex(({ name }) => name === 'event.ingested')
const REST = LAID.length - 1
const WORDS = LAID.findIndex(({ name }) => name === 'words')
const NOTHING = new ArrayBuffer(ROWS / 8)

/** Puts the address of the heap into the slots of longer texts. */
const settle = (slots: Uint32Array, heapBytes: number, low: number, high: number): void => {
  for (let i = 0; i < slots.length; i += 4) {
    const length = slots[i]!
    if (length <= INLINE) continue
    const offset = slots[i + 2]!
    // Whatever a bug wrote there, no memory but the heap is read.
    if (offset + length > heapBytes) throw new Error('a text of a slice lies outside of its heap')
    const place = offset + low
    slots[i + 2] = place
    slots[i + 3] = high + (place > 0xffffffff ? 1 : 0)
  }
}

/**
 * The one that is filled, for every chunk: megabytes that stay until the collector comes by would be as many as a commit has
 * chunks, and it does not see how large they are.
 */
let kept: DuckDBDataChunk | undefined

/** As a chunk that can be appended, before the next one is asked for. The memory it was made of is free again. `words`: of its rows. */
export const toDataChunk = (
  { rows, heap, used, starts, items, ...memory }: Chunk,
  ingested: number,
  words?: Numbered,
): DuckDBDataChunk => {
  // The types know of no shared memory; what copies from it does.
  const [data, lists] = [memory.data, memory.lists] as [ArrayBuffer, ArrayBuffer]
  kept ??= DuckDBDataChunk.create(TYPES)
  const to = kept
  to.reset()
  to.rowCount = rows
  const chunk = (to as unknown as { chunk: duckdb.DataChunk }).chunk
  const vectors = LAID.map((_, i) => duckdb.data_chunk_get_vector(chunk, i))
  let [low, high] = [0, 0]
  if (used > INLINE) {
    // The vector takes the heap as one text; where that is, its slot says.
    duckdb.vector_assign_string_element_len(vectors[REST]!, 0, new Uint8Array(heap, 0, used))
    const slot = duckdb.vector_get_data(vectors[REST]!, 16)
    const view = new DataView(slot.buffer, slot.byteOffset, 16)
    // It refuses, without a word, what is not UTF-8.
    if (view.getUint32(0, true) !== used) throw new Error('the heap of a slice is not UTF-8')
    ;[low, high] = [view.getUint32(8, true), view.getUint32(12, true)]
  }
  const valid = validBytes(rows)
  let list = 0
  for (let i = 0; i < LAID.length; i++) {
    const { kind } = LAID[i]!
    const vector = vectors[i]!
    const start = starts[i]!
    if (i === INGESTED) {
      duckdb.copy_data_to_vector(vector, 0, new BigInt64Array(rows).fill(BigInt(ingested)).buffer, 0, rows * 8)
      continue
    }
    duckdb.vector_ensure_validity_writable(vector)
    if (i === WORDS && words) {
      duckdb.copy_data_to_vector_validity(vector, 0, words.valid.buffer, 0, valid)
      duckdb.copy_data_to_vector(vector, 0, words.ids.buffer, 0, rows * 8)
      continue
    }
    if (start < 0) {
      duckdb.copy_data_to_vector_validity(vector, 0, NOTHING, 0, valid)
      continue
    }
    duckdb.copy_data_to_vector_validity(vector, 0, data, start, valid)
    const at = start + valid
    if (kind === 'text') settle(new Uint32Array(data, at, rows * 4), used, low, high)
    duckdb.copy_data_to_vector(vector, 0, data, at, rows * WIDTH[kind])
    if (kind !== 'list' && kind !== 'numbers') continue
    const count = items[i]!
    if (kind === 'list') settle(new Uint32Array(lists, list, count * 4), used, low, high)
    duckdb.list_vector_reserve(vector, count)
    duckdb.list_vector_set_size(vector, count)
    duckdb.copy_data_to_vector(duckdb.list_vector_get_child(vector), 0, lists, list, count * ITEM[kind])
    list += count * ITEM[kind]
  }
  return to
}
