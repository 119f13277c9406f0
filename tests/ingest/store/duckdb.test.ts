/** The embedded store keeps the contract. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { expect, test } from 'vitest'
import { embedded } from '../../../ingest/store/embedded.ts'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { eq, type Filter } from '../../../ingest/store/filter.ts'
import { fold } from '../../../ingest/store/match.ts'
import { openSqlite } from '../../../ingest/store/sqlite.ts'
import { type Store, SYSTEM } from '../../../ingest/store/store.ts'
import { contract } from './contract.ts'
import { contractErrors } from './contract-errors.ts'

const open = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-store-'))
  const open = async (): Promise<Store> => {
    const documents = openSqlite(join(folder, 'documents.sqlite'))
    const events = await openDuckdb({ folder: join(folder, 'events'), wait: 0 })
    return embedded(events, documents)
  }
  let store = await open()
  return {
    store,
    reopen: async () => {
      await store.close()
      store = await open()
      return store
    },
    remove: async () => {
      await store.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
contract('duckdb and sqlite', open)
contractErrors('duckdb and sqlite', open)

test('every code point folds as DuckDB folds it', async () => {
  const connection = await (await DuckDBInstance.create(':memory:')).connect()
  const rows = await (
    await connection.run(
      'SELECT i, lower(chr(i::INT)) FROM range(1, 1114112) t(i) WHERE i NOT BETWEEN 55296 AND 57343 AND i <> 65279',
    )
  ).getRowsJS()
  const differ = rows.filter(
    ([i, lower]) =>
      fold(String.fromCodePoint(Number(i))) !== lower &&
      !/[\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/u.test(
        String.fromCodePoint(Number(i)),
      ),
  )
  expect(differ.map(([i]) => Number(i).toString(16))).toEqual([])
})

test('a commit waits for what is known to come, and for nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-more-'))
  const store = await openDuckdb({ folder, wait: 500, most: 500 })
  const T = Date.UTC(2026, 10, 20, 3)
  const batch = (id: string, rest: object = {}) => ({
    events: [{ '@timestamp': T, 'event.id': id }],
    offsets: [{ source: 'a', segment: 's', position: 0 }],
    ...rest,
  })
  try {
    const alone = await store.append(batch('1'), T)
    const first = store.append(batch('2', { more: true }), T)
    // Later than the commit would have begun.
    await new Promise((resolve) => setTimeout(resolve, 700))
    const second = store.append(batch('3', { last: true }), T)
    expect(await first).toEqual(await second)
    expect((await first).ingested).toBeGreaterThan(alone.ingested)
    // What was announced and does not come is not waited for.
    expect((await store.append(batch('4', { more: true }), T)).ingested).toBeGreaterThan((await first).ingested)
  } finally {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('a file of an older schema is read as it is, and goes on taking events', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-old-'))
  const event = (id: string, fields: object = {}) => ({ '@timestamp': T, 'event.id': id, ...fields })
  const T = Date.UTC(2026, 10, 20, 3)
  try {
    let store = await openDuckdb({ folder, wait: 0 })
    await store.append({ events: [event('1'), event('2')], offsets: [] }, T)
    await store.append({ events: [event('3')], offsets: [] }, T + 86_400_000)
    await store.append({ events: [event('4')], offsets: [] }, T + 86_400_000)
    await store.close()
    // As version 1 wrote it: no column for the field, which was in the rest of the rows that had it.
    for (const [day, id] of [
      ['2026-11-20', '2'],
      ['2026-11-21', '4'],
    ]) {
      const instance = await DuckDBInstance.create(join(folder, `events-${day}.duckdb`))
      const connection = await instance.connect()
      await connection.run(`ALTER TABLE events DROP COLUMN "vonglau.import"`)
      await connection.run(`UPDATE events SET rest = '{"vonglau.import":true}' WHERE "event.id" = '${id}'`)
      await connection.run(`UPDATE meta SET value = '1' WHERE key = 'schema'`)
      connection.closeSync()
      // Two instances on one path lose writes: this one would go on until it is collected.
      instance.closeSync()
    }
    const imported = async () => {
      const { items } = await store.search(SYSTEM, { filter: eq('vonglau.import', true), order: 'oldest', limit: 10 })
      return items.map((each) => each['event.id'])
    }
    store = await openDuckdb({ folder, wait: 0 })
    expect(await imported()).toEqual(['2', '4'])
    await store.append(
      { events: [event('5', { 'vonglau.import': true, 'x.y': 'z' }), event('6')], offsets: [] },
      T + 86_400_000,
    )
    expect(await imported()).toEqual(['2', '4', '5'])
    expect(await store.count(SYSTEM, { filter: eq('x.y', 'z') })).toBe(1)
    await store.close()
    store = await openDuckdb({ folder, wait: 0 })
    expect(await imported()).toEqual(['2', '4', '5'])
    await store.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('fields that became columns since are found in files that have them in the rest', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-old-'))
  const T = Date.UTC(2026, 10, 20, 3)
  const values = {
    'network.bytes': 1234,
    'source.nat.ip': '2001:db8::7',
    'observer.vendor': 'Fortinet',
    'event.start': T - 5,
  }
  const names = Object.keys(values)
  // Then a list of its own, now made of other fields when it is read.
  const related = { 'related.ip': ['2001:db8::7'] }
  const event = (id: string, fields: object) => ({ '@timestamp': T, 'event.id': id, 'x.y': 'z', ...fields })
  try {
    let store = await openDuckdb({ folder, wait: 0 })
    for (const [i, day] of [T, T + 86_400_000].entries())
      await store.append({ events: [event(`${i}a`, { ...values, ...related }), event(`${i}b`, {})], offsets: [] }, day)
    await store.close()
    // As version 2 wrote them.
    for (const [i, day] of ['2026-11-20', '2026-11-21'].entries()) {
      const instance = await DuckDBInstance.create(join(folder, `events-${day}.duckdb`))
      const connection = await instance.connect()
      for (const name of [...names, 'source.nat.ip#high', 'source.nat.ip#low', 'related.ip#made'])
        await connection.run(`ALTER TABLE events DROP COLUMN "${name}"`)
      await connection.run(
        `UPDATE events SET rest = '${JSON.stringify({ 'x.y': 'z', ...values, ...related })}' WHERE "event.id" = '${i}a'`,
      )
      await connection.run(`UPDATE meta SET value = '2' WHERE key = 'schema'`)
      connection.closeSync()
      // Two instances on one path lose writes: this one would go on until it is collected.
      instance.closeSync()
    }
    const found = async (filter: Filter) => {
      const { items } = await store.search(SYSTEM, { filter, order: 'oldest', limit: 10 })
      for (const each of items) expect(each).toMatchObject({ ...values, ...related })
      return items.map((each) => each['event.id'])
    }
    const all = async () => [
      await found({ op: 'range', field: 'network.bytes', gte: 1000 }),
      await found({ op: 'cidr', field: 'related.ip', network: '2001:db8::/32' }),
      await found({ op: 'cidr', field: 'source.nat.ip', network: '2001:db8::/32' }),
      await found(eq('observer.vendor', 'fortinet')),
      await found({ op: 'exists', field: 'event.start' }),
    ]
    const everything = (...ids: string[]) => Array.from({ length: 5 }, () => ids)
    store = await openDuckdb({ folder, wait: 0 })
    expect(await all()).toEqual(everything('0a', '1a'))
    await store.append(
      { events: [event('1c', { ...values, ...related }), event('1d', {})], offsets: [] },
      T + 86_400_001,
    )
    expect(await all()).toEqual(everything('0a', '1a', '1c'))
    await store.close()
    store = await openDuckdb({ folder, wait: 0 })
    expect(await all()).toEqual(everything('0a', '1a', '1c'))
    expect(await store.count(SYSTEM, { filter: eq('x.y', 'z') })).toBe(6)
    await store.close()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
