/** How files are begun, and how soon what comes is read, by sources that are read as the server reads them. */
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { emptyInventory } from '../../ingest/inventory/inventory.ts'
import type { IngestOptions } from '../../ingest/ingest.ts'
import { createIngest } from '../../ingest/pipeline.ts'
import type { Source } from '../../ingest/source.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { eq, EVERYTHING } from '../../ingest/store/filter.ts'
import { type EventStore, SYSTEM } from '../../ingest/store/store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonglau-reading-'))
  mkdirSync(join(folder, 'logs'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = (n: number) => join(folder, 'logs', `${n}.log`)
const line = (path: string) => `203.0.113.9 - - [21/Nov/2026:14:05:00 +0700] "GET ${path} HTTP/1.1" 200 5 "-" "-"\n`
const fromEnd: Omit<Source, 'collect'> = {
  id: 'web',
  parser: 'nginx_access',
  timezone: 'UTC',
  silent: 15,
}
const reading = (store: EventStore, more: Partial<IngestOptions> = {}) =>
  createIngest({
    store,
    sources: [{ ...fromEnd, collect: { kind: 'file', path: join(folder, 'logs', '*.log'), start: 'end' } }],
    spoolFolder: join(folder, 'spool'),
    inventory: emptyInventory(),
    geoip: {},
    clock: Date.now,
    warn: () => {},
    poll: 20,
    ...more,
  })
const paths = async (store: EventStore): Promise<unknown[]> =>
  (await store.search(SYSTEM, { filter: EVERYTHING, order: 'newest', limit: 500, fields: ['url.path'] })).items
    .map((event) => event['url.path'])
    .sort()

test('of a hundred files that are read from their end no beginning waits for the commit of another', async () => {
  for (let n = 0; n < 100; n++) writeFileSync(file(n), line(`/cu-${n}`))
  // Nothing that is not urgent is committed within the test.
  const store = await openDuckdb({ folder: join(folder, 'events'), wait: 600_000, most: 600_000 })
  const ingest = await reading(store)
  try {
    await ingest.start()
    await expect.poll(async () => (await store.offsets('web')).length, { timeout: 20_000 }).toBe(100)
  } finally {
    await ingest.stop()
    await store.close()
  }
}, 60_000)

test('a file whose beginning the store refuses once is read all the same, from where it was begun', async () => {
  for (let n = 0; n < 3; n++) writeFileSync(file(n), line(`/cu-${n}`))
  const store = await openDuckdb({ folder: join(folder, 'events'), wait: 10 })
  let refuses = true
  const full: EventStore = {
    ...store,
    append: async (...given) => {
      if (!refuses) return store.append(...given)
      refuses = false
      throw new Error('the disk is full')
    },
  }
  const ingest = await reading(full)
  try {
    await ingest.start()
    await expect.poll(async () => (await store.offsets('web')).length, { timeout: 10_000 }).toBe(3)
    for (let n = 0; n < 3; n++) appendFileSync(file(n), line(`/moi-${n}`))
    await expect.poll(() => store.count(SYSTEM, { filter: eq('url.path', '/moi-2') }), { timeout: 10_000 }).toBe(1)
    await ingest.drain()
    expect(await paths(store)).toEqual(['/moi-0', '/moi-1', '/moi-2'])
  } finally {
    await ingest.stop()
    await store.close()
  }
}, 60_000)

test('lines that no thread can be given are read again, and none is left out', async () => {
  const module = join(folder, 'judge.mjs')
  writeFileSync(module, 'export const openJudge = () => () => true')
  writeFileSync(file(0), line('/cu'))
  const store = await openDuckdb({ folder: join(folder, 'events'), wait: 10 })
  // A function goes to no thread: as rules that are too deep to be copied.
  const ingest = await reading(store, { judging: { module, set: 'one', input: () => {} } })
  try {
    await ingest.start()
    await expect.poll(async () => (await store.offsets('web')).length, { timeout: 10_000 }).toBe(1)
    const many = Array.from({ length: 20_000 }, (_, n) => line(`/nhieu-${n}`))
    appendFileSync(file(0), many.join(''))
    await expect
      .poll(async () => (await ingest.status())[0]!.problem, { timeout: 10_000 })
      .toMatch(/could not be cloned/)
    appendFileSync(file(0), line('/sau'))
    expect(await ingest.behind('web')).toBeGreaterThan(0)
    await ingest.setJudging({ module, set: 'two', input: {} })
    await ingest.drain()
    expect(await store.count(SYSTEM, { filter: EVERYTHING })).toBe(many.length + 1)
  } finally {
    await ingest.stop()
    await store.close()
  }
}, 60_000)

test('what comes over the network while the reader looks does not wait for its next look', async () => {
  const store = await openDuckdb({ folder: join(folder, 'events'), wait: 10 })
  const post: Source = { ...fromEnd, id: 'post', collect: { kind: 'http', token: 'not-used-here-at-all' } }
  // The next look by itself is an hour away.
  const ingest = await reading(store, { sources: [post], poll: 3_600_000 })
  try {
    await ingest.start()
    for (let n = 0; n < 300; n++) {
      await ingest.accept('post', [Buffer.from(line(`/mot-${n}`).trim())], '127.0.0.1')
      // Whatever of the look it meets.
      await new Promise((resolve) => setTimeout(resolve, n % 7))
      if (n % 20 < 19) continue
      await expect.poll(() => store.count(SYSTEM, { filter: EVERYTHING }), { timeout: 5000, interval: 30 }).toBe(n + 1)
    }
  } finally {
    await ingest.stop()
    await store.close()
  }
}, 60_000)
