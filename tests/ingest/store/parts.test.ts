/** A day whose file was closed before it was over goes on in a second one: asked, counted, written anew and removed as one day. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { and, EVERYTHING, eq, type Filter, NOTHING } from '../../../ingest/store/filter.ts'
import { type EventStore, SYSTEM } from '../../../ingest/store/store.ts'

const T = Date.UTC(2026, 10, 21, 7)
const DAY = '2026-11-21'
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonglau-parts-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const opened = async <T>(work: (store: EventStore & { repairs: readonly string[] }) => Promise<T>): Promise<T> => {
  const store = await openDuckdb({ folder, wait: 0 })
  try {
    return await work(store)
  } finally {
    await store.close()
  }
}
const add = (store: EventStore, from: number, count: number, now = T) => {
  const events: Event[] = Array.from({ length: count }, (_, i) => ({
    '@timestamp': T + from + i,
    'event.id': `id-${from + i}`,
    'event.original': `dòng ${from + i}`,
    'vonglau.source.id': 'web',
    'log.level': 'old',
  }))
  return store.append({ events, offsets: [{ source: 'web', segment: 's', from, position: from + count }] }, now)
}
const idsOf = async (store: EventStore, filter: Filter = EVERYTHING) => {
  const out: string[] = []
  for await (const events of store.match(SYSTEM, { filter }))
    out.push(...events.map((event) => String(event['event.id'])))
  return out.sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)))
}
const ids = (count: number) => Array.from({ length: count }, (_, i) => `id-${i}`)
const until = (ingested: number): Filter =>
  and(eq('vonglau.source.id', 'web'), { op: 'range', field: 'event.ingested', lt: ingested + 1 })
const files = () =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.duckdb'))
    .sort()

test('the same day, whatever is asked of it, over restarts', async () => {
  const mine = await opened(async (store) => {
    await add(store, 0, 30)
    const taken = until(await store.committed())
    await expect(store.rewrite(DAY, taken, async (some) => some)).rejects.toThrow(/takes events now/)
    expect(await store.seal(taken)).toBe(true)
    // What is closed already is not closed again.
    expect(await store.seal(taken)).toBe(true)
    expect(files()).toEqual([`events-${DAY}.2.duckdb`, `events-${DAY}.duckdb`])
    await add(store, 30, 10)
    expect(await store.rewrite(DAY, taken, async (some) => some.map((each) => ({ ...each, 'log.level': 'new' })))).toBe(
      40,
    )
    expect(await store.days()).toMatchObject([{ day: DAY, events: 40 }])
    expect(await idsOf(store)).toEqual(ids(40))
    expect(await idsOf(store, eq('log.level', 'new'))).toEqual(ids(30))
    await expect(store.keep(DAY, NOTHING)).rejects.toThrow(/takes events now/)
    await expect(store.drop(DAY)).rejects.toThrow(/takes events now/)
    return taken
  })
  await opened(async (store) => {
    expect(await store.offsets('web')).toMatchObject([{ position: 40 }])
    await add(store, 40, 5)
    expect(await idsOf(store)).toEqual(ids(45))
    expect(await store.count(SYSTEM, { filter: mine })).toBe(30)
    // A third part, and the day after.
    expect(await store.seal(until(await store.committed()))).toBe(true)
    await add(store, 45, 1, T + 86_400_000)
    expect((await store.days()).map(({ day, events }) => [day, events])).toEqual([
      [DAY, 45],
      ['2026-11-22', 1],
    ])
    expect(await store.keep(DAY, eq('log.level', 'new'))).toBe(30)
    expect(await idsOf(store)).toEqual([...ids(30), 'id-45'])
    await store.drop(DAY)
    expect(files()).toEqual(['events-2026-11-22.duckdb'])
    expect(await store.offsets('web')).toMatchObject([{ position: 46 }])
  })
})
test('lines that come while it is closed are each there once', async () => {
  await opened(async (store) => {
    const all = Array.from({ length: 40 }, (_, n) => add(store, n * 5, 5))
    const sealed = [3, 9].map(async (n) => {
      await all[n]
      return store.seal(until(await store.committed()))
    })
    expect(await Promise.all(sealed)).toEqual([true, true])
    await Promise.all(all)
    expect(await idsOf(store)).toEqual(ids(200))
    expect(await store.offsets('web')).toMatchObject([{ position: 200 }])
  })
})
test('a part that is damaged while it takes events is moved aside; the offsets are those of the part before', async () => {
  await opened(async (store) => {
    await add(store, 0, 30)
    await store.seal(until(await store.committed()))
    await add(store, 30, 10)
  })
  writeFileSync(join(folder, `events-${DAY}.2.duckdb`), 'không phải')
  await opened(async (store) => {
    expect(store.repairs.join()).toMatch(/events-2026-11-21\.2\.duckdb is damaged/)
    expect(await store.offsets('web')).toMatchObject([{ position: 30 }])
    expect(await idsOf(store)).toEqual(ids(30))
    await add(store, 30, 10)
    expect(await idsOf(store)).toEqual(ids(40))
  })
})
test('a program that knows one file a day alone refuses both', async () => {
  await opened(async (store) => {
    await add(store, 0, 3)
    await store.seal(until(await store.committed()))
  })
  expect(existsSync(join(folder, `events-${DAY}.duckdb.wal`))).toBe(false)
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  for (const name of files()) {
    await connection.run(`ATTACH '${join(folder, name)}' AS a (READ_ONLY)`)
    const [[schema]] = (await (await connection.run("SELECT value FROM a.meta WHERE key = 'schema'")).getRowsJS()) as [
      [string],
    ]
    expect(Number(schema)).toBe(5)
    await connection.run('DETACH a')
  }
  connection.closeSync()
  instance.closeSync()
})
