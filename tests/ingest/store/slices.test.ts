/** What crosses to the store thread as memory comes back as it was: texts of every length, many rows, values of any kind. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { gatherLines } from '../../../ingest/collect/lines.ts'
import type { Event, Value } from '../../../ingest/event.ts'
import { openParser } from '../../../ingest/parsers/index.ts'
import { Row } from '../../../ingest/row/row.ts'
import type { Source } from '../../../ingest/source.ts'
import { openStage } from '../../../ingest/stage.ts'
import { columnSink } from '../../../ingest/store/duckdb/columns.ts'
import { openDuckdb } from '../../../ingest/store/duckdb.ts'
import { EVERYTHING, eq } from '../../../ingest/store/filter.ts'
import { type EventStore, SYSTEM } from '../../../ingest/store/store.ts'

const NOW = Date.UTC(2026, 10, 21, 7)
const folder = mkdtempSync(join(tmpdir(), 'vonglau-slices-'))
let store: EventStore
let made = 0
beforeAll(async () => {
  store = await openDuckdb({ folder, wait: 0 })
})
afterAll(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

/** Appends events of these fields at once; answers them as they are read, in their order. */
const through = async (rows: readonly Event[]): Promise<Event[]> => {
  const code = String(made++)
  const events = rows.map((fields, i) => ({
    '@timestamp': NOW + i,
    'event.id': `${code}-${i}`,
    'event.code': code,
    ...fields,
  }))
  await store.append({ events, offsets: [] }, NOW)
  const out: Event[] = []
  for await (const some of store.match(SYSTEM, { filter: eq('event.code', code) })) out.push(...some)
  out.sort((a, b) => Number(a['@timestamp']) - Number(b['@timestamp']))
  return out.map(({ '@timestamp': time, 'event.id': id, 'event.code': _, 'event.ingested': ingested, ...fields }) => {
    expect({ time, id, ingested: typeof ingested }).toEqual({
      time: NOW + Number(String(id).split('-')[1]),
      id,
      ingested: 'number',
    })
    return fields as Event
  })
}
/** Of a field with a column, and of two without. */
const everywhere = (value: Value): Event => ({ 'user.name': value, 'event.reason': value, 'x.y': value })

const LETTERS = { one: 'a', two: 'ư', three: 'ậ', four: '🛡', quoted: '"', backslash: '\\', tab: '\t' }
test.each(Object.entries(LETTERS))('texts of every length, of %s byte(s) a letter', async (_, letter) => {
  const rows = Array.from({ length: 300 }, (_, n) => everywhere(letter.repeat(n + 1)))
  expect(await through(rows)).toEqual(rows)
})
test('a letter of several bytes at every place', async () => {
  const rows = Array.from({ length: 40 }, (_, n) => everywhere(`${'x'.repeat(n)}ệ${'y'.repeat(40 - n)}`))
  expect(await through(rows)).toEqual(rows)
})
test('control characters, separators among them, at every place', async () => {
  const rows = Array.from({ length: 32 }, (_, c) => String.fromCharCode(c)).flatMap((c) =>
    [0, 3, 12, 25, 60].map((n) => everywhere(`${'x'.repeat(n)}${c}${'y'.repeat(60 - n)}`)),
  )
  expect(await through(rows)).toEqual(rows)
})
test('half a pair of surrogates becomes U+FFFD', async () => {
  for (const n of [0, 5, 30])
    expect(await through([everywhere(`${'x'.repeat(n)}\ud83d!`), everywhere(`${'x'.repeat(n)}\udee1!`)])).toEqual([
      everywhere(`${'x'.repeat(n)}\ufffd!`),
      everywhere(`${'x'.repeat(n)}\ufffd!`),
    ])
})

const VALUES: { readonly [what: string]: Event } = {
  'numbers at the ends of what is whole': {
    'source.port': Number.MAX_SAFE_INTEGER,
    'source.bytes': Number.MIN_SAFE_INTEGER,
    'destination.port': -1,
    'destination.bytes': 0,
    'x.n': 4294967296,
  },
  'other kinds than the columns have': {
    'source.port': '443',
    'destination.port': 1.5,
    'portal.ipv6': 'true',
    'user.name': 7,
    'rule.id': ['a', 'b'],
    'event.category': 'network',
    'event.type': [1, true, 'x'],
    'source.bytes': 2 ** 60,
  },
  'lists, and a name that is no name': {
    'event.category': ['network', 'một phân loại dài hơn mười hai byte', 'web'],
    'event.type': ['a'],
    'related.ip': ['192.0.2.1', '2001:db8::1'],
    '': '',
    __proto__x: 'y',
  },
  'an empty text and an empty list': { 'user.name': '', 'event.type': [], 'x.y': '' },
  'true and false': { 'portal.ipv6': true, 'portal.trusted': false, 'x.b': false },
}
test.each(Object.entries(VALUES))('%s', async (_, fields) => {
  // Between rows without any of it: nothing is left of one row in another.
  expect(await through([{}, fields, {}, fields, fields])).toEqual([{}, fields, {}, fields, fields])
})

test('addresses are found by their network, of both families, mapped ones among them', async () => {
  const ips = ['0.0.0.0', '192.0.2.7', '255.255.255.255', '::', '2001:db8::7', 'ffff::ffff', 'no address', '1.2.3.4.5']
  await through(ips.map((ip) => ({ 'source.ip': ip, 'rule.ruleset': 'addresses' })))
  const inNetwork = async (network: string) => {
    const found = await store.search(SYSTEM, {
      filter: {
        op: 'and',
        of: [eq('rule.ruleset', 'addresses'), { op: 'cidr', field: 'source.ip', network }],
      },
      order: 'oldest',
      limit: 100,
    })
    return found.items.map((event) => event['source.ip'])
  }
  expect(await inNetwork('0.0.0.0/0')).toEqual(ips.slice(0, 3))
  expect(await inNetwork('192.0.2.0/24')).toEqual(['192.0.2.7'])
  expect(await inNetwork('2001:db8::/32')).toEqual(['2001:db8::7'])
  expect(await inNetwork('ffff::/16')).toEqual(['ffff::ffff'])
})

test('more rows than a vector, more shapes than are remembered, and a row of megabytes', async () => {
  const rows = Array.from(
    { length: 5000 },
    (_, i): Event => ({
      'user.name': i % 3 ? `người dùng số ${i}` : 'như nhau ở nhiều dòng',
      'source.port': i,
      ...(i % 2 ? { 'url.path': `/dong/${i}` } : {}),
      'event.type': i % 5 ? ['start', `loại ${i % 7}`] : ['start'],
      [`x.f${i % 200}`]: i % 11 ? 'hằng' : i,
      ...(i % 1700 === 1699 ? { 'event.original': `${i}`.repeat(1_000_000) } : {}),
    }),
  )
  expect(await through(rows)).toEqual(rows)
})

test('commits of many sizes: everything is there once, also after a restart', async () => {
  const other = mkdtempSync(join(tmpdir(), 'vonglau-slices-'))
  let counted = await openDuckdb({ folder: other, wait: 0 })
  let total = 0
  for (const size of [1, 61_440, 7, 70_000, 2048, 61_439]) {
    const events = Array.from({ length: size }, (_, i) => ({
      '@timestamp': NOW,
      'event.id': `a-${total + i}`,
      'event.original': `dòng ${total + i} của một tệp`,
    }))
    total += size
    await counted.append({ events, offsets: [] }, NOW)
    expect(await counted.count(SYSTEM, { filter: EVERYTHING })).toBe(total)
  }
  await counted.close()
  counted = await openDuckdb({ folder: other, wait: 0 })
  const ids = new Set<unknown>()
  for await (const some of counted.match(SYSTEM, { filter: EVERYTHING }))
    for (const { 'event.id': id, 'event.original': text } of some) {
      expect(text).toBe(`dòng ${String(id).slice(2)} của một tệp`)
      ids.add(id)
    }
  expect(ids.size).toBe(total)
  await counted.close()
  rmSync(other, { recursive: true })
})

test('bytes between lines that are no text (a spoiled record of a spool) keep none of the lines out', async () => {
  const line = (n: number) => `198.51.100.7 - - [21/Nov/2026:07:05:00 +0000] "GET /giua-${n} HTTP/1.1" 200 1 "-" "-"`
  const pieces = [line(1), Buffer.from([0xff, 0xfe, 0x80, 0xc3]), line(2), Buffer.from([0xe1, 0xbb]), line(3)]
  const bytes = Buffer.concat(pieces.map((piece) => Buffer.from(piece as string)))
  const gathered = gatherLines(bytes)
  let at = 0
  for (const piece of pieces) {
    const end = at + Buffer.byteLength(piece as string)
    if (typeof piece === 'string') gathered.add(at, end, end)
    at = end
  }
  const source: Source = {
    id: 'cong',
    parser: 'nginx_access',
    timezone: 'UTC',
    silent: 15,
    collect: { kind: 'file', path: '', start: 'beginning' },
  }
  const stage = openStage({
    source,
    parse: openParser('nginx_access', undefined),
    enrich: () => {},
    sink: columnSink(),
    history: false,
    row: new Row(),
  })
  const { packed } = stage({ lines: gathered.lines(), from: 0, prefix: 'spoiled', now: NOW, memory: [] })
  await store.append({ events: [], packed, offsets: [] }, NOW)
  const found: unknown[] = []
  for await (const events of store.match(SYSTEM, { filter: eq('event.dataset', 'nginx_access') }))
    found.push(...events.map((event) => event['event.original']))
  expect(found.sort()).toEqual([1, 2, 3].map(line))
})
