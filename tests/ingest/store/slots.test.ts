/** The check of the texts that DuckDB is handed: a text ends where it ends, whatever stood in the memory before. */
import { expect, test } from 'vitest'
import { checkSlots } from '../../../ingest/store/duckdb/proof.ts'
import { type Chunk, LAID, validBytes } from '../../../ingest/store/duckdb/slice.ts'

const TEXT = LAID.findIndex(({ kind }) => kind === 'text')
/** One row with one long text, which begins and ends at these bytes of the heap. */
const chunkOf = (heap: Uint8Array, used: number, from: number, to: number): Chunk => {
  const data = new Uint8Array(validBytes(1) + 16)
  new DataView(data.buffer).setUint32(validBytes(1), to - from, true)
  new DataView(data.buffer).setUint32(validBytes(1) + 8, from, true)
  return {
    rows: 1,
    heap: heap.buffer,
    used,
    data: data.buffer,
    starts: LAID.map((_, i) => (i === TEXT ? 0 : -1)),
    lists: new ArrayBuffer(0),
    items: LAID.map(() => 0),
  } as Chunk
}
const bytes = new TextEncoder().encode('một dòng nhật ký dài hơn mười hai byte: ế')

test.each<[string, number, number, string | undefined]>([
  ['whole', 0, bytes.length, undefined],
  ['cut at its end', 0, bytes.length - 1, 'cut within a character'],
  ['cut at its beginning', 2, bytes.length, 'cut within a character'],
])('a text that is %s', (_, from, to, wrong) => {
  const check = () => checkSlots(chunkOf(bytes.slice(), bytes.length, from, to))
  if (wrong) expect(check).toThrow(wrong)
  else expect(check).not.toThrow()
})

test('behind its end is what memory held before', () => {
  const heap = new Uint8Array(bytes.length + 8).fill(0x80)
  heap.set(bytes)
  expect(() => checkSlots(chunkOf(heap, bytes.length, 0, bytes.length))).not.toThrow()
})
