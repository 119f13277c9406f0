/**
 * Texts are handed to DuckDB as the memory of its vectors, past its own checks. That the memory lies as we think is proved at
 * every start against the public way; that a text begins and ends on a character, for every slot, in all tests.
 */
import type { Event, Value } from '../../event.ts'
import { Row } from '../../row/row.ts'
import { through } from '../../row/sink.ts'
import { StoreRefused } from '../store.ts'
import { columnSink } from './columns.ts'
import { toDataChunk } from './fill.ts'
import { type Chunk, INLINE, LAID, validBytes } from './slice.ts'

const texts = ['a', 'đ', 'x'.repeat(11), 'x'.repeat(12), 'x'.repeat(13), 'Vọng Lâu trên cổng thành', '🛡'.repeat(40)]
const EVENTS: readonly Event[] = texts.map((text, i) => ({
  '@timestamp': 1_780_000_000_000 + i,
  'user.name': text,
  'event.original': `${text} ${i}`,
  'event.category': texts.slice(0, i + 1),
  'source.ip': i % 2 ? `192.0.2.${i}` : `2001:db8::${i}`,
  'dns.resolved_ip': [`198.51.100.${i}`, '2001:db8::53'],
  'source.bytes': i % 2 ? Number.MAX_SAFE_INTEGER : -1 - i,
  ...(i % 3 ? { 'portal.ipv6': i % 2 === 0 } : {}),
  'x.y': text,
}))

/** Throws a `StoreError` where what DuckDB reads in such memory is not what was put there. */
export const proveLayout = (): void => {
  const { chunks } = through(columnSink(), new Row(1 << 14), EVENTS)
  const columns = chunks.flatMap((chunk) => {
    const data = toDataChunk(chunk, 7)
    return [LAID.map((_, i) => data.getColumnValues(i))]
  })[0]!
  const said = (name: string): readonly unknown[] =>
    columns[LAID.findIndex((column) => column.name === name)]!.map(plain)
  const wanted = (name: string): readonly unknown[] => EVENTS.map((event) => event[name] ?? null)
  const names = [
    '@timestamp',
    'user.name',
    'event.original',
    'event.category',
    'source.ip',
    'dns.resolved_ip',
    'source.bytes',
    'portal.ipv6',
  ]
  const wrong = names.find((name) => JSON.stringify(said(name)) !== JSON.stringify(wanted(name)))
  const rest = said('rest').every((text, i) => (JSON.parse(String(text)) as Event)['x.y'] === texts[i])
  if (wrong === undefined && rest) return
  throw new StoreRefused(
    `this build of DuckDB keeps ${wrong ?? 'texts'} in memory in another way than Vọng Lâu writes it: install the version of @duckdb/node-api that package-lock.json names (npm ci)`,
  )
}
const plain = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value)
  const items = (value as { readonly items?: readonly Value[] } | null)?.items
  return items ?? value
}

/** Throws where a slot does not begin and end on a character. */
export const checkSlots = ({ rows, heap, used, data, starts, lists, items }: Chunk): void => {
  // Memory that is used again is larger than what is in it, and what stood there before goes on behind that.
  const bytes = new Uint8Array(heap, 0, used)
  const continues = (at: number): boolean => at < bytes.length && (bytes[at]! & 0xc0) === 0x80
  const check = (slots: Uint32Array, count: number, name: string): void => {
    for (let i = 0; i < count; i++) {
      const length = slots[i * 4]!
      if (length <= INLINE) {
        const text = new Uint8Array(slots.buffer, slots.byteOffset + i * 16 + 4, length)
        if (!Buffer.from(text).equals(Buffer.from(Buffer.from(text).toString('utf8'))))
          throw new Error(`${name}: a short text is cut within a character`)
        continue
      }
      const from = slots[i * 4 + 2]!
      if (continues(from) || continues(from + length)) throw new Error(`${name}: a text is cut within a character`)
    }
  }
  let list = 0
  for (const [i, { name, kind }] of LAID.entries()) {
    if (starts[i]! < 0) continue
    if (kind === 'text') check(new Uint32Array(data, starts[i]! + validBytes(rows), rows * 4), rows, name)
    if (kind === 'list') check(new Uint32Array(lists, list, items[i]! * 4), items[i]!, name)
    if (kind === 'list' || kind === 'numbers') list += items[i]! * (kind === 'list' ? 16 : 8)
  }
}
