/** A question that nobody waits for any more ends, and so does one that takes too long; the store answers the next. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { EVERYTHING, type Filter } from '../../../ingest/store/filter.ts'
import { openSqlite } from '../../../ingest/store/sqlite.ts'
import { type DocumentStore, type EventStore, SYSTEM } from '../../../ingest/store/store.ts'

const AT = Date.UTC(2026, 10, 21)
const folder = mkdtempSync(join(tmpdir(), 'given-up-'))
let store: EventStore
beforeAll(async () => {
  store = await openDuckdb({ folder: join(folder, 'events'), wait: 0, queryLimit: 60_000 })
  for (let k = 0; k < 10; k++) {
    const events = Array.from({ length: 5000 }, (_, n): Event => {
      const id = `e${k * 5000 + n}`
      return {
        '@timestamp': AT + n,
        'event.id': id,
        'source.ip': `10.0.${n % 250}.${k}`,
        'destination.ip': '203.0.113.9',
        'source.port': n,
        'destination.port': 443,
        'network.transport': 'tcp',
        'network.iana_number': '6',
      }
    })
    await store.append({ events, offsets: [] }, AT)
  }
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** SQL does not decide on it: each of the fifty thousand is looked at in the process. */
const SLOW: Filter = { op: 'in', field: 'network.community_id', values: ['1:nowhere'] }

test.each(['search', 'count', 'aggregate'] as const)('%s: given up before and while it runs', async (kind) => {
  const ask = (signal: AbortSignal) =>
    kind === 'search'
      ? store.search(SYSTEM, { filter: SLOW, order: 'newest', limit: 10, signal })
      : kind === 'count'
        ? store.count(SYSTEM, { filter: SLOW, signal })
        : store.aggregate(SYSTEM, { filter: SLOW, by: [{ terms: 'source.ip' }], limit: 10, signal })
  await expect(ask(AbortSignal.abort())).rejects.toThrow('nobody waits for the answer any more')
  const controller = new AbortController()
  const answer = ask(controller.signal)
  setTimeout(() => controller.abort(), 5)
  await expect(answer).rejects.toThrow('nobody waits for the answer any more')
  expect(await store.count(SYSTEM, { filter: EVERYTHING })).toBe(50_000)
})

test('one limit for all statements of a question', async () => {
  const short = await openDuckdb({ folder: join(folder, 'short'), wait: 0, queryLimit: 1 })
  const events = Array.from({ length: 5000 }, (_, n): Event => ({ '@timestamp': AT + n, 'event.id': `s${n}` }))
  await short.append({ events, offsets: [] }, AT)
  await expect(short.search(SYSTEM, { filter: SLOW, order: 'newest', limit: 10 })).rejects.toThrow(
    /^the question took longer than 0.001 s: choose a shorter time range or a narrower search$/,
  )
  // The rules' questions have none.
  let n = 0
  for await (const chunk of short.match(SYSTEM, { filter: EVERYTHING })) n += chunk.length
  expect(n).toBe(5000)
  await short.close()
})

test('documents that only the process can decide on: the thread has its turn in between, and pages are those of one pass', async () => {
  const documents: DocumentStore = openSqlite(join(folder, 'documents.sqlite'))
  const things = documents.collection<{ readonly [field: string]: unknown }>('alerts')
  await things.put(
    Array.from({ length: 5000 }, (_, n) => ({
      id: `d${String(n).padStart(4, '0')}`,
      version: null,
      doc: { 'alert.last': n % 7, 'alert.severity': n % 3 === 0 ? undefined : n % 5, note: n % 2 ? 'lẻ' : 'chẵn' },
    })),
  )
  let turns = 0
  const beat = setInterval(() => turns++, 0)
  const filter: Filter = { op: 'in', field: 'note', values: ['lẻ'] }
  const sort = [
    { field: 'alert.severity', order: 'desc' },
    { field: 'alert.last', order: 'asc' },
  ] as const
  const all = await things.query(SYSTEM, { filter, sort, limit: 5000 })
  expect({ total: all.total, found: all.items.length }).toEqual({ total: 2500, found: 2500 })
  expect(turns).toBeGreaterThan(5)
  clearInterval(beat)
  const paged: string[] = []
  for (let cursor: string | undefined; ; ) {
    const page = await things.query(SYSTEM, { filter, sort, limit: 333, ...(cursor ? { cursor } : {}) })
    paged.push(...page.items.map(({ id }) => id))
    cursor = page.cursor
    if (!cursor) break
  }
  expect(paged).toEqual(all.items.map(({ id }) => id))
  // In the same order as SQL has it.
  const whole = await things.query(SYSTEM, { filter: EVERYTHING, sort, limit: 5000 })
  const odd = new Set(paged)
  expect(whole.items.map(({ id }) => id).filter((id) => odd.has(id))).toEqual(paged)
  await documents.close()
})
