/**
 * What a row says is what a store gives back: arbitrary lines, escapes, bytes that are no UTF-8, NUL, empty and repeated keys,
 * cut into chunks anywhere, in memory that is used again.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { splitLines } from '../../../ingest/collect/lines.ts'
import type { Event } from '../../../ingest/event.ts'
import type { Memory } from '../../../ingest/memory.ts'
import { openParser, parsers } from '../../../ingest/parsers/index.ts'
import { Row } from '../../../ingest/row/row.ts'
import { eventSink, type Sink } from '../../../ingest/row/sink.ts'
import { openStage } from '../../../ingest/stage.ts'
import { createRowEnricher } from '../../../ingest/enrich/enrich.ts'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { ANY } from '../../../ingest/store/filter.ts'
import { type EventStore, type Packed, SYSTEM } from '../../../ingest/store/store.ts'

const seeds = join(import.meta.dirname, '../../../seeds/vinh-long/inventory.yml')
const inventory = parseInventory(readFileSync(seeds, 'utf8'), 'inventory.yml')
const enrich = createRowEnricher({
  inventory,
  geoip: { lookup: () => ({ country: 'VN', asNumber: 64500, asName: 'Ví dụ' }) },
})

const linesOf = (id: string): Buffer[] => {
  const folder = join(import.meta.dirname, '../parsers', id)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(folder, name), 'latin1').split('\n'))
    .map((line) => Buffer.from(line, 'latin1'))
}

const piece = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => Buffer.from(text)),
  fc
    .constantFrom(
      '"',
      '\\',
      '\\"',
      '\\x00',
      '\\xff',
      '\\xc4\\x91',
      '=',
      ' a=',
      ' srcip= ',
      ' msg=""',
      '\0',
      '\x1e',
      '\x1f',
      '\x1d',
      '\t',
      '\r',
      '%00',
      '%C4%91',
      '+',
      'đ'.repeat(7),
      '🛡',
      '{"log":"',
      ',',
      ', , ',
    )
    .map((text) => Buffer.from(text)),
  fc.constantFrom(0xff, 0xc3, 0xe2, 0xf0, 0x80, 0).map((byte) => Buffer.of(byte)),
)
const anyLine = (lines: readonly Buffer[]) =>
  fc
    .tuple(fc.constantFrom(...lines), fc.array(fc.tuple(fc.nat(3000), fc.nat(30), piece), { maxLength: 5 }))
    .map(([line, edits]) =>
      edits.reduce((bytes, [at, cut, put]) => {
        const i = at % (bytes.length + 1)
        return Buffer.concat([bytes.subarray(0, i), put, bytes.subarray(i + cut)])
      }, line),
    )
    // An ending within would make two lines of it.
    .map((line) => Buffer.from(line.filter((byte) => byte !== 10)))

const sameOrder = (event: Event): Event =>
  Object.fromEntries(Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Calls it for each parser of the registry. */
export const rowsSuite = (open: () => Promise<EventStore>, runs: number): void => {
  let made = 0
  let store: EventStore
  beforeAll(async () => {
    store = await open()
  })
  afterAll(() => store.close())
  test.each([...parsers.keys()])('%s: what a row says comes back', async (id) => {
    const { openSink } = (await import(store.packing.module)) as { openSink(): Sink<Packed> }
    const source = {
      id,
      parser: id,
      timezone: 'Asia/Ho_Chi_Minh',
      silent: 15,
      collect: { kind: 'file', path: '', start: 'beginning' },
    } as const
    const options = { source, parse: openParser(id), enrich, history: false }
    const toStore = openStage({ ...options, sink: openSink(), row: new Row(1 << 12) })
    const toEvents = openStage({ ...options, sink: eventSink(), row: new Row(1 << 12) })
    const now = Date.UTC(2026, 4, 14, 12)
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(anyLine(linesOf(id)), { minLength: 1, maxLength: 60 }), { minLength: 1, maxLength: 5 }),
        async (chunks) => {
          const prefix = `p${made++}x`
          const wanted = new Map<string, Event>()
          let memory: Memory = []
          let from = 0
          for (const chunk of chunks) {
            const bytes = Buffer.concat(chunk.flatMap((line) => [line, Buffer.from('\n')]))
            const { lines } = splitLines(bytes, from, true)
            const job = { lines, from, prefix, now, memory }
            const said = toEvents(job)
            for (const event of said.packed) wanted.set(String(event['event.id']), event)
            const packed = toStore(job)
            expect(packed.rows).toBe(said.packed.length)
            await store.append({ events: [], packed: packed.packed, offsets: [] }, now)
            memory = said.memory
            from += bytes.length
          }
          const found: Event[] = []
          for await (const some of store.match(SYSTEM, {
            filter: { op: 'like', field: 'event.id', pattern: [`${prefix}-`, ANY], cased: true },
          }))
            found.push(...some)
          expect(found.length).toBe(wanted.size)
          for (const { 'event.ingested': _, ...event } of found)
            expect(sameOrder(event)).toEqual(sameOrder(wanted.get(String(event['event.id']))!))
        },
      ),
      { numRuns: runs },
    )
  })
}
