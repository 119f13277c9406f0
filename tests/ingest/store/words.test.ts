/** Free text in the embedded store: what its words say is what the events say, whoever wrote the day file. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { type Filter, not, or } from '../../../ingest/store/filter.ts'
import { FREE_TEXT, parseKql } from '../../../ingest/store/kql.ts'
import { compile } from '../../../ingest/store/match.ts'
import { type EventStore, SYSTEM } from '../../../ingest/store/store.ts'
import { wantedOf, WORDED, wordsOf } from '../../../ingest/store/words.ts'

const DAY = 86_400_000
const T = Date.UTC(2026, 10, 20, 6)
let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonglau-words-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const events = () => join(folder, 'events')

/** A statement over a closed store's day file, by hand. */
const byHand = async (day: string, ...statements: string[]): Promise<unknown[][]> => {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  await connection.run(`ATTACH '${join(events(), `events-${day}.duckdb`)}' AS day`)
  let rows: unknown[][] = []
  for (const sql of statements) rows = await (await connection.run(sql)).getRowsJS()
  connection.closeSync()
  instance.closeSync()
  return rows
}

let nth = 0
const append = (store: EventStore, texts: readonly Event[], at: number) =>
  store.append(
    { events: texts.map((event) => ({ '@timestamp': at, 'event.id': `e${++nth}`, ...event })), offsets: [] },
    at,
  )
/** That count, list and histogram say what the filter means. */
const expectMeant = async (store: EventStore, all: readonly Event[], filter: Filter, about: string) => {
  const meant = all.filter(compile(filter)).length
  const { items } = await store.search(SYSTEM, { filter, order: 'newest', limit: 1000 })
  const buckets = await store.aggregate(SYSTEM, { filter, by: [{ every: DAY }], limit: 10 })
  const sum = buckets.items.reduce((n, { count }) => n + count, 0)
  expect([await store.count(SYSTEM, { filter }), items.length, sum], about).toEqual([meant, meant, meant])
}
const free = (text: string) => parseKql(text, { text: FREE_TEXT })

test.each<[text: string, words: string[]]>([
  ['GET /tin-tuc HTTP/1.1', ['get', 'tin', 'tuc', 'http']],
  ['2001:db8:face::beef deadbeef', []],
  ['Facebook dead end', ['facebook', 'end']],
  ['a bc def ghi', ['ghi']],
  ['Lịch ĐỀ ba', ['lịch']],
  ['log4j x64 utf8', ['log', 'utf']],
  ['\u212aELVIN', ['kelvin']],
])('the words of %s', (text, words) => {
  expect(wordsOf(text)).toEqual(words)
})

test.each<[text: string, wanted: ReturnType<typeof wantedOf>]>([
  ['chrome', { words: ['chrome'], exact: true }],
  ['"CHROME"', { words: ['chrome'], exact: true }],
  ['chrome/120', { words: ['chrome'], exact: false }],
  ['union*select', { words: ['union', 'select'], exact: false }],
  ['"so y te"', undefined],
  ['beef', undefined],
  ['192.0.2.7', undefined],
])('what is looked for of %s', (text, wanted) => {
  const [leaf] = (free(text) as Extract<Filter, { op: 'or' }>).of
  expect(wantedOf((leaf as Extract<Filter, { op: 'like' }>).pattern)).toEqual(wanted)
})

const TEXTS: readonly Event[] = [
  { 'event.original': 'GET /tin HTTP/1.1 Mozilla/5.0 Chrome/120.0', 'url.decoded': '/tin' },
  { 'event.original': 'xchromey' },
  { 'event.original': 'chr-ome CHROM e' },
  { 'event.original': 'GET /l%E1%BB%8Bch', 'url.decoded': '/lịch' },
  { 'event.original': 'ĐĂNG NHẬP', 'error.message': 'không đọc được: Chrome' },
  { 'event.original': 'srcip=2001:db8:face::beef log4j' },
  { 'event.original': '\u212aelvin İstanbul' },
  { 'event.original': 'short' },
  { 'event.original': 'nul \0 chrome' }, // kept in the rest of an odd row
  { 'event.original': ['chrome one', 'two'] },
  { 'organization.name': 'Sở Chrome', 'event.original': 'x' },
  { 'portal.domain': 'chrome.example' },
  { message: 'chrome' }, // free text does not look here
  {},
]
const SEARCHES = [
  ...['chrome', 'CHROME', 'hrom', 'lịch', 'LỊCH', 'nhập', 'kelvin', 'istanbul', 'beef', 'face', 'log4j', 'tin'],
  ...['log', 'short', 'one', 'khongcotunay', 'chrome/120', '"chrom e"', 'không*chrome', 'get*lịch', 'so', '2001*db8'],
  ...['not chrome', 'chrome and http', 'chrome or kelvin', 'event.original: chrome', '"GET /"', '"so-y-te"', '*'],
]

test('every search over events of every kind means what the filter means', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  // On two days: of the first without rows whose words are not known.
  const known = TEXTS.slice(0, 8)
  await append(store, known, T - DAY)
  await append(store, TEXTS, T)
  // What one set of words was written for is found by it later too.
  await append(store, TEXTS, T + 1000)
  for (const text of SEARCHES) await expectMeant(store, [...known, ...TEXTS, ...TEXTS], free(text), text)
  await store.close()
})

test('random texts, free text and its negation, over several commits and starts', async () => {
  const letters = fc.constantFrom('a', 'f', 'g', 'o', 'K', '1', '-', ' ', 'ị', 'Đ', '\u212a', '\u0130', '\u001e')
  const text = fc.array(letters, { maxLength: 24 }).map((all) => all.join(''))
  const event = fc.record(
    { 'event.original': text, 'url.decoded': text, 'error.message': text, 'portal.domain': text },
    { requiredKeys: [] },
  )
  const batch = fc.array(event, { minLength: 1, maxLength: 20 })
  const wanted = fc.array(letters, { minLength: 1, maxLength: 5 }).map((all) => all.join(''))
  await fc.assert(
    fc.asyncProperty(
      fc.array(batch, { minLength: 1, maxLength: 3 }),
      fc.array(wanted, { maxLength: 12 }),
      async (batches, searches) => {
        const own = mkdtempSync(join(folder, 'run-'))
        const all: Event[] = []
        for (const [i, each] of batches.entries()) {
          const store = await openDuckdb({ folder: own, wait: 0 })
          await append(store, each as Event[], T + i * 1000)
          all.push(...(each as Event[]))
          for (const pattern of i === batches.length - 1 ? searches : []) {
            const filter = free(JSON.stringify(pattern))
            await expectMeant(store, all, filter, pattern)
            await expectMeant(store, all, not(filter), pattern)
          }
          await store.close()
        }
      },
    ),
    { numRuns: 8 },
  )
})

test('equal sets of words are written once, whatever their numbers and order', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  const lines = Array.from({ length: 5000 }, (_, i) => ({
    'event.original': i % 2 ? `GET /tin?id=${i} from 2001:db8::${i.toString(16)}` : `FROM ${i} get tin`,
  }))
  await append(store, lines.slice(0, 2500), T)
  await append(store, lines.slice(2500), T + 1000)
  await store.close()
  expect(await byHand('2026-11-20', 'SELECT words FROM day.words')).toEqual([['from get tin']])
  expect(await byHand('2026-11-20', 'SELECT count(*), count(words) FROM day.events')).toEqual([[5000n, 5000n]])
})

test('a word that is put together so that sums over it come to those of another is found', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  /** Thue and Morse's sequence of two parts: of it and its opposite polynomials modulo 2^32 are the same for every odd key. */
  const sequence = (n: number, one: string, other: string): string =>
    n === 0 ? one : sequence(n - 1, one, other) + sequence(n - 1, other, one)
  const all = [
    { 'event.original': `GET /?q=sel${sequence(10, 'xyz', 'ect')}` },
    { 'event.original': `GET /?q=sel${sequence(10, 'ect', 'xyz')}` },
  ]
  for (const [i, event] of all.entries()) await append(store, [event], T + i)
  for (const text of ['select', 'not select', 'select*xyz', 'selxyz']) await expectMeant(store, all, free(text), text)
  await store.close()
})

test('a commit that fails leaves no set behind that rows of the next one name', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  const line = [{ 'event.original': 'chrome' }]
  await append(store, [{ 'event.original': 'curl' }], T)
  const offset = { source: 's', segment: 'a', position: Number.NaN }
  await expect(
    store.append({ events: [{ '@timestamp': T, 'event.id': 'x', ...line[0] }], offsets: [offset] }, T + 1),
  ).rejects.toThrow()
  await append(store, line, T + 2)
  expect(await store.count(SYSTEM, { filter: free('chrome') })).toBe(1)
  await store.close()
})

test('what is asked while lines come in takes no event for one without its words', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  let written = 0
  const write = async () => {
    // Each has a set of its own.
    for (; written < 200; written++)
      await append(store, [{ 'event.original': `common ${'ghijklmnop'[written % 10]}xyz${'g'.repeat(written)}` }], T)
  }
  const writing = write()
  const without: number[] = []
  while (written < 200) without.push(await store.count(SYSTEM, { filter: free('not common') }))
  await writing
  expect(without.filter((n) => n > 0)).toEqual([])
  expect(await store.count(SYSTEM, { filter: free('common') })).toBe(200)
  await store.close()
})

test('damage in sets that are looked up in the statement itself leaves the texts to be read', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  const letters = (n: number) =>
    [...n.toString(20).padStart(5, '0')].map((c) => 'ghijklmnopqrstuvwxyz'[parseInt(c, 20)])
  const lines = (from: number) =>
    Array.from({ length: 61_440 }, (_, i) => ({ 'event.original': `common ${letters(from + i).join('')}` }))
  for (const n of [0, 1, 2]) await append(store, lines(n * 61_440), T + n)
  await append(store, [{ 'event.original': 'curl' }], T + DAY)
  await store.close()
  const blocks = await byHand(
    '2026-11-20',
    'USE day',
    `SELECT DISTINCT block_id FROM pragma_storage_info('words') WHERE column_name = 'words' AND segment_type = 'VARCHAR' AND block_id NOT IN (SELECT block_id FROM pragma_storage_info('events')) ORDER BY 1`,
  )
  const file = openSync(join(events(), 'events-2026-11-20.duckdb'), 'r+')
  // The last of them: the first thousand sets are found before it is read.
  writeSync(file, Buffer.alloc(4096, 90), 0, 4096, 3 * 4096 + Number(blocks.at(-1)![0]) * 262_144 + 100_000)
  closeSync(file)
  const again = await openDuckdb({ folder: events(), wait: 0 })
  expect(await again.count(SYSTEM, { filter: free('common') })).toBe(3 * 61_440)
  expect(await again.count(SYSTEM, { filter: free('*') })).toBe(3 * 61_440 + 1)
  await again.close()
})

test('numbers of sets without the sets, as an older program leaves them: the texts are read', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  await append(store, [{ 'event.original': 'chrome' }, { 'event.original': 'curl' }], T)
  await append(store, [{ 'event.original': 'wget' }], T + DAY)
  await store.close()
  await byHand('2026-11-20', 'DROP TABLE day.words')
  await byHand('2026-11-21', 'DELETE FROM day.words')
  const again = await openDuckdb({ folder: events(), wait: 0 })
  expect(await again.count(SYSTEM, { filter: free('chrome') })).toBe(1)
  expect(await again.count(SYSTEM, { filter: free('wget') })).toBe(1)
  await append(again, [{ 'event.original': 'chrome' }], T + DAY + 1)
  expect(await again.count(SYSTEM, { filter: free('chrome') })).toBe(2)
  await again.close()
  // What it goes on with does not take the numbers that are named without a set.
  const later = await openDuckdb({ folder: events(), wait: 0 })
  expect(await later.count(SYSTEM, { filter: free('wget') })).toBe(1)
  expect(await later.count(SYSTEM, { filter: free('chrome') })).toBe(2)
  await later.close()
})

test('what stays of a day keeps its words', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  const [chrome, curl] = ['chrome', 'curl'].map((text) => ({ 'event.original': text, 'event.action': text }))
  await append(store, [chrome!, curl!], T)
  await append(store, [chrome!], T + DAY)
  await store.keep('2026-11-20', { op: 'in', field: 'event.action', values: ['curl'] })
  expect(await store.count(SYSTEM, { filter: free('chrome') })).toBe(1)
  expect(await store.count(SYSTEM, { filter: free('curl') })).toBe(1)
  await store.close()
  expect(await byHand('2026-11-20', 'SELECT count(*), count(words) FROM day.events')).toEqual([[1n, 1n]])
  // Of what went there is nothing left.
  expect(await byHand('2026-11-20', 'SELECT words FROM day.words ORDER BY id')).toEqual([[''], ['curl']])
})

test('day files of before words were kept are read, and the newest one goes on', async () => {
  execFileSync('tar', ['-xzf', join(import.meta.dirname, '../../api/upgrade/before-words.tar.gz'), '-C', folder])
  const store = await openDuckdb({ folder: events(), wait: 0 })
  const counts = async () => {
    const searches = ['chrome', 'lịch', 'đọc', 'tế', 'curl', 'khongcotunay']
    return Object.fromEntries(
      await Promise.all(searches.map(async (text) => [text, await store.count(SYSTEM, { filter: free(text) })])),
    )
  }
  const before = { chrome: 4, lịch: 2, đọc: 2, tế: 2, curl: 2, khongcotunay: 0 }
  expect(await counts()).toEqual(before)
  await append(store, [{ 'event.original': 'Chrome' }, { 'error.message': 'không đọc' }], Date.UTC(2026, 10, 19, 7))
  expect(await counts()).toEqual({ ...before, chrome: 5, đọc: 3 })
  await append(store, [{ 'event.original': 'Chrome' }], T)
  expect(await counts()).toEqual({ ...before, chrome: 6, đọc: 3 })
  const found = await store.search(SYSTEM, { filter: free('đọc'), order: 'newest', limit: 10 })
  expect(found.items.map((event) => event['error.message'])).toEqual([
    'không đọc',
    'dòng này không đọc được',
    'dòng này không đọc được',
  ])
  await store.close()
})

test('an or of other fields is no free text', async () => {
  const store = await openDuckdb({ folder: events(), wait: 0 })
  await append(store, TEXTS, T)
  for (const fields of [WORDED.slice(1), [...WORDED, 'message']]) {
    const like = (field: string, text: string): Filter => ({
      op: 'like',
      field,
      pattern: [{ wild: '*' }, text, { wild: '*' }],
    })
    await expectMeant(store, TEXTS, or(...fields.map((field) => like(field, 'chrome'))), fields.join())
    await expectMeant(store, TEXTS, or(...fields.map((field, i) => like(field, i ? 'chrome' : 'lịch'))), fields.join())
  }
  await store.close()
})
