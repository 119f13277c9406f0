/** What the index of events makes hard: hostile values and filters, counted and found as the process has it. */
import fc from 'fast-check'
import { RE2JS } from 're2js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { Buckets, byCount, typedKey } from '../../../ingest/store/buckets.ts'
import { openElasticsearch } from '../../../ingest/store/elasticsearch.ts'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { toDsl } from '../../../ingest/store/elasticsearch/read/dsl.ts'
import { toLucene } from '../../../ingest/store/elasticsearch/read/regexp.ts'
import { and, ANY, contains, eq, EVERYTHING, exists, type Filter, not, ONE, or } from '../../../ingest/store/filter.ts'
import { compile, fold } from '../../../ingest/store/match.ts'
import { type Bucket, type By, type Store, SYSTEM } from '../../../ingest/store/store.ts'
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'

const T0 = Date.UTC(2026, 10, 21, 7, 0, 0)
let serial = 0
const event = (fields: Event = {}): Event => ({
  '@timestamp': T0 + serial * 1000,
  'event.id': `x-${serial++}`,
  'event.kind': 'event',
  'event.original': 'line',
  ...fields,
})
const own = (name: string, value: string): Event =>
  Object.defineProperty({} as Event, name, { value, enumerable: true, configurable: true, writable: true })

/** Values that no mapping takes as they are, or that come back otherwise. */
const ODD: readonly (readonly [string, Event])[] = [
  ['a text where a number belongs', { 'source.port': 'https', 'source.bytes': '12' }],
  ['a number that is none for an index', { 'source.port': 1.5, 'source.bytes': 2 ** 60 }],
  ['numbers in a list', { 'http.response.status_code': [200, 200, 404] }],
  ['no address, and one of another spelling', { 'source.ip': 'unknown', 'destination.ip': '2001:DB8::1' }],
  ['an address of IPv4 within one of IPv6', { 'source.ip': '::ffff:192.0.2.9', 'related.ip': ['192.0.2.9', '?'] }],
  ['a number and a truth in a text', { 'user.name': 7, 'rule.id': true }],
  ['a text of mixed kinds', { 'event.type': ['a', 1], 'user.name': [] }],
  ['longer than a term', { 'url.path': `/${'a'.repeat(40_000)}/shell`, 'vendor.long': 'b'.repeat(9000) }],
  ['longer than a word', { 'event.original': `${'x'.repeat(300)}needle${'y'.repeat(300)}` }],
  ['letters that only fold to ASCII', { 'vendor.k': '\u212a', 'vendor.i': '\u0130', 'user.name': '\u212a' }],
  ['names like those of a prototype', { ...own('__proto__', 'p'), constructor: 'c', 'a.toString': 't' }],
  ['names that are no names', { '': 'empty', 'a\0b': 'nul', 'x*y': 'star', 'a..b': 'dots', '.z': 'dot', 'z.': 'end' }],
  ['a name longer than any', { [`n${'o'.repeat(40_000)}`]: 'v' }],
  [
    'one name before another',
    { a: 'one', 'a.b': 'two', 'a.b.c': 3, rest: 'r', kept: 'k', odd: 'o', 'user.name.lc': 'x' },
  ],
  [
    'large and small numbers',
    {
      'vendor.n': 1e21,
      'vendor.m': -1e-7,
      'vendor.p': 0.00015,
      'vendor.q': [12.5, 0.1, 12345678.25],
      'vendor.o': 9_007_199_254_740_991,
    },
  ],
  ['a time that is none', { 'event.start': 'yesterday', 'event.end': -1 }],
  [
    'lists of one, with repeats, unsorted',
    { 'event.action': ['one'], 'event.category': 'web', 'user.name': ['b', 'a', 'b'] },
  ],
  ['half a pair in the rest', { 'vendor.text': '\ud83c\udfae', 'vendor.list': ['', 'é', false, 0] }],
]

/** Expressions as rules have them, and such that have to be read with care. */
const EXPRESSIONS = [
  'union\\s+(all\\s+)?select',
  '(?i)(?:\\.\\.[/\\\\]){2,}',
  '<script[^>]*>',
  '\\b(?:sleep|benchmark)\\s*\\(',
  '^/(?:wp-admin|phpmyadmin)(?:/|$)',
  '[^a-z]s',
  '[A-Z]{3}',
  '[\\w.-]+@[\\w-]+\\.vn',
  'đăng|nhập',
  '[à-ỹ]',
  '\\x41|\\x{110}',
  '\\Qa.b*c\\E',
  '(?P<year>\\d{4})-\\d\\d',
  '[[:digit:]]+[[:^alpha:]]',
  '\\pL\\PN',
  '(a|)b',
  'x*?y+?z??',
  '(?s:a.b)|(?m)^c$',
  '[]a]|[a\\]b]|[-z]|[a-]',
  '\\S+\\W\\D',
  '',
  'k',
  'S',
]

await describeCluster('events in elasticsearch', (cluster) => {
  const prefix = randomPrefix()
  let store: Store
  beforeAll(async () => {
    store = await openElasticsearch({ ...cluster, prefix, clock: () => 0, warn: console.warn, wait: 0 })
  })
  afterAll(async () => {
    await store.close()
    const client = openClient(cluster)
    await removeAll(client, prefix)
    await client.close()
  })
  const put = async (events: readonly Event[]) => void (await store.events.append({ events, offsets: [] }, T0))
  const found = async (filter: Filter): Promise<string[]> => {
    const out: string[] = []
    for await (const chunk of store.events.match(SYSTEM, { filter, fields: ['event.id'] }))
      out.push(...chunk.map((each) => String(each['event.id'])))
    return out.sort()
  }
  const wanted = (events: readonly Event[], filter: Filter) =>
    events
      .filter(compile(filter))
      .map((each) => String(each['event.id']))
      .sort()
  const agree = async (events: readonly Event[], dataset: string, filter: Filter) => {
    for (const asked of [filter, not(filter)]) {
      const within = and(eq('event.dataset', dataset), asked)
      const said = JSON.stringify(asked).slice(0, 300)
      expect([said, await found(within)]).toEqual([said, wanted(events, asked)])
      expect([said, await store.events.count(SYSTEM, { filter: within })]).toEqual([said, wanted(events, asked).length])
    }
  }

  test('whatever an event holds, it is stored, comes back as it was, and is found', async () => {
    const events = ODD.map(([, fields]) => event({ 'event.dataset': 'odd', ...fields }))
    await put(events)
    for (const [i, wanted] of events.entries()) {
      const { items } = await store.events.search(SYSTEM, {
        filter: { op: 'in', field: 'event.id', values: [wanted['event.id'] as string], cased: true },
        order: 'oldest',
        limit: 10,
      })
      const { 'event.ingested': _, ...rest } = items[0]!
      expect([ODD[i]![0], rest]).toEqual([ODD[i]![0], wanted])
      expect(Object.keys(rest).sort()).toEqual(Object.keys(wanted).sort())
    }
    for (const [, fields] of ODD)
      for (const [name, value] of Object.entries(fields)) {
        if (name in {}) continue // asked of the process, every event has it
        await agree(events, 'odd', exists(name))
        for (const one of [value].flat() as (string | number | boolean)[]) {
          const text = String(one)
          await agree(events, 'odd', eq(name, one))
          if (text.length < 1000) await agree(events, 'odd', contains(name, text.slice(0, 3).toUpperCase()))
        }
      }
    const also: Filter[] = [
      eq('vendor.k', 'k'),
      eq('vendor.i', 'I'),
      eq('user.name', 'k', 'A'),
      contains('url.path', 'SHELL'),
      contains('event.original', 'NEEDLE'),
      contains('event.original', 'in'),
      { op: 'range', field: 'source.port', gt: 1, lt: 2 },
      { op: 'range', field: 'http.response.status_code', gte: 404 },
      { op: 'cidr', field: 'source.ip', network: '192.0.2.0/24' },
      { op: 'cidr', field: 'related.ip', network: '::/0' },
      eq('*', 'needle'),
      or(eq('source.port', 'HTTPS'), eq('user.name', 'b')),
    ]
    for (const filter of also) await agree(events, 'odd', filter)
  })

  test('a run of letters and digits in a running text: the server alone says where it stands', async () => {
    const around = [
      '',
      ' ',
      '_',
      "'",
      '.',
      '-',
      '/',
      'ไทย',
      '한',
      'あア',
      '漢',
      '\u0301',
      '\u200d',
      '\u00ad',
      '😀',
      'ß',
      'đ',
      '\0',
      ':',
      ',',
      '\u212a',
      '\u0130',
    ]
    const piece = fc.oneof(fc.constantFrom(...around), fc.stringMatching(/^[aAbk0i1]{1,4}$/))
    const texts = fc
      .sample(fc.array(piece, { minLength: 1, maxLength: 12 }), { numRuns: 300, seed: 3 })
      .map((all) => all.join(''))
    const long = [
      `${'x'.repeat(254)}ab0${'y'.repeat(300)}`,
      `ab0 ${'0'.repeat(256)}`,
      'a'.repeat(255),
      `${'א"'.repeat(126)}אab0cd`,
    ]
    const events = [...texts, ...long].map((text) => event({ 'event.dataset': 'running', 'event.original': text }))
    await put(events)
    const words = fc.sample(fc.stringMatching(/^[aAbk0iK1]{1,4}$/), { numRuns: 60, seed: 5 })
    for (const word of [
      ...words,
      'a'.repeat(255),
      'a'.repeat(256),
      '0'.repeat(256),
      'xab',
      'ab0cd',
      '\u212a',
      '\u0130',
    ])
      await agree(events, 'running', contains('event.original', word))
    expect(toDsl(contains('event.original', 'Chrome')).exact).toBe(true)
    for (const filter of [
      contains('event.original', 'chrome/1'),
      contains('event.original', 'đăng'),
      eq('event.original', 'a'),
    ])
      expect(toDsl(filter).exact).toBe(false)
  })

  test('filters that a server does not take as they are', async () => {
    const events = ['', 'a', 'aXbXc', `${'ab'.repeat(40)}c`, '*?\\', 'Ꟛ', 'ꟛ', 'ẞß'].map((path) =>
      event({ 'event.dataset': 'large', 'url.path': path, 'host.name': path, 'vendor.path': path }),
    )
    await put(events)
    let deep: Filter = eq('url.path', 'a')
    for (let i = 0; i < 60; i++)
      deep = i % 3 ? or(deep, eq('url.path', `${i}`)) : not(and(deep, not(eq('user.name', `${i}`))))
    const ones = Array.from({ length: 30 }, () => ONE)
    const many = Array.from({ length: 70_000 }, (_, i) => `v${i}`)
    const filters: Filter[] = [
      deep,
      { op: 'in', field: 'url.path', values: [...many, 'A'] },
      { op: 'in', field: 'host.name', values: [...many, 'A'] },
      { op: 'like', field: 'url.path', pattern: [ANY, 'a', ...ones, ANY, 'b', ...ones, ANY] },
      { op: 'like', field: 'host.name', pattern: [ANY, 'A', ...ones, ANY, 'B', ...ones, ANY] },
      { op: 'regex', field: 'url.path', source: '(a.*b|b.*a|x.*c|c.*x|a.*x){3}c', flags: 'i' },
      {
        op: 'regex',
        field: 'url.path',
        source: `(${Array.from({ length: 400 }, (_, i) => `p${i}.*q`).join('|')}|ab.*c)`,
      },
      ...['url.path', 'host.name', 'vendor.path'].flatMap((field): Filter[] => [
        { op: 'like', field, pattern: ['*', ONE, ANY] },
        { op: 'like', field, pattern: ['*?\\'], cased: true },
        { op: 'like', field, pattern: [] },
        eq(field, 'Ꟛ'),
        eq(field, 'ꟛ'),
        eq(field, 'SS'),
        contains(field, 'ẞ'),
        contains(field, 'ꟛ'),
        contains(field, 'x'.repeat(20_000)),
      ]),
      { op: 'range', field: 'source.port', gt: 1e300 },
      { op: 'range', field: 'source.port', lt: 1e300 },
      { op: 'range', field: 'source.port', gte: Number.NaN },
    ]
    for (const filter of filters) await agree(events, 'large', filter)
  })

  test('regular expressions choose at least what matches', async () => {
    const texts = [
      'UNION  ALL\tSELECT 1',
      'unionselect',
      '/../../etc',
      '..\\..\\',
      '<SCRIPT src=x>',
      'x sleep (5)',
      '/WP-Admin/x',
      '/wp-admin',
      '1ſ',
      '_S',
      'ABC',
      'a.b@vinhlong.VN',
      'ĐĂNG nhập',
      'Ỹ',
      'A',
      'Đ',
      'xa.b*cx',
      '2026-11',
      '7!',
      'é.',
      'b',
      'yy',
      'a\nb',
      'x\nc\ny',
      ']',
      '-',
      'ab- ',
      '',
      'K',
      'ſ',
    ]
    const events = texts.map((text) => event({ 'event.dataset': 'regex', 'url.decoded': text, 'host.name': text }))
    await put(events)
    for (const source of EXPRESSIONS)
      for (const flags of ['', 'i'])
        for (const field of ['url.decoded', 'host.name', 'event.original'])
          await agree(events, 'regex', { op: 'regex', field, source, flags })
    // Most of them are said to the server, which then reads less.
    expect(EXPRESSIONS.filter((source) => toLucene(source) !== undefined).length).toBeGreaterThan(18)
    for (const source of EXPRESSIONS) expect(() => RE2JS.compile(source)).not.toThrow()
  })

  test('every code point is lowered by the server as by fold', async () => {
    const client = openClient(cluster)
    await put([event()])
    const unsettled = /[\u1c89\ua7cb\ua7cc\ua7ce\ua7d2\ua7d4\ua7da\ua7dc\u{10d50}-\u{10d65}\u{16ea0}-\u{16eb8}]/u
    const differ: string[] = []
    for (let from = 1; from < 0x20000; from += 0x1000) {
      const points = Array.from({ length: 0x1000 }, (_, i) => from + i)
        .filter((code) => code < 0xd800 || code > 0xdfff)
        .map((code) => String.fromCodePoint(code))
      const { tokens } = await client.indices.analyze({
        index: (await client.indices.getAlias({ name: `${prefix}-events` }).then((all) => Object.keys(all)))[0]!,
        field: 'url.path.lc',
        text: points.join(''),
      })
      const lower = [...tokens![0]!.token]
      for (const [i, point] of points.entries())
        if (lower[i] !== fold(point) && !unsettled.test(point)) differ.push(point.codePointAt(0)!.toString(16))
    }
    await client.close()
    expect(differ).toEqual([])
  })

  test('buckets and groups are those of the process: random events, random questions', async () => {
    const at = T0 + 3_600_000
    const text = fc.constantFrom('a', 'A', 'b', 'đ', '', 'c'.repeat(3))
    const some = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined, freq: 3 })
    const rare = (odd: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 1, arbitrary: odd }, { weight: 30, arbitrary: text })
    const random = fc.record({
      'user.name': some(rare(fc.constantFrom(5, true))),
      'host.name': some(text),
      'event.type': some(fc.array(text, { minLength: 1, maxLength: 3 })),
      'source.ip': some(fc.constantFrom('192.0.2.1', '2001:db8::1', '10.0.0.1')),
      'source.port': some(fc.oneof({ weight: 30, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.constant('x') })),
      'portal.ipv6': some(fc.boolean()),
      'vendor.one': some(text),
      'vendor.two': some(fc.array(text, { minLength: 1, maxLength: 2 })),
    })
    const events = fc.sample(random, { numRuns: 500, seed: 7 }).map((fields, i) => {
      const known = Object.entries(fields).filter(([, v]) => v !== undefined)
      return event({
        ...(Object.fromEntries(known) as Event),
        'event.dataset': 'counted',
        '@timestamp': at + i * 60_000,
      })
    })
    await put(events)
    const name = fc.constantFrom(
      'user.name',
      'host.name',
      'event.type',
      'source.ip',
      'source.port',
      'portal.ipv6',
      'vendor.one',
      'vendor.two',
      'event.original',
      'absent.field',
    )
    const by: fc.Arbitrary<By> = fc.oneof(
      { weight: 4, arbitrary: name.map((terms) => ({ terms })) },
      {
        weight: 1,
        arbitrary: fc.record({
          every: fc.constantFrom(3_600_000, 86_400_000),
          offset: fc.constantFrom(0, -25_200_000),
        }),
      },
    )
    const filter: fc.Arbitrary<Filter> = fc.constantFrom(
      EVERYTHING,
      not(eq('user.name', 'A')),
      contains('host.name', 'C'),
      { op: 'regex', field: 'user.name', source: '^[ab]' },
      eq('vendor.one', 'a'),
    )
    const questions = fc.sample(
      fc.record({ by: fc.array(by, { maxLength: 3 }), distinct: fc.option(name, { nil: undefined }), filter }),
      { numRuns: 150, seed: 11 },
    )
    const plain = (buckets: readonly Bucket[], by: readonly By[]) =>
      buckets
        .map((bucket) => ({
          ...bucket,
          key: bucket.key.map((key, i) => {
            const each = by[i]!
            return 'terms' in each && key !== null ? typedKey(each.terms, String(key)) : key
          }),
        }))
        .sort(byCount)
    for (const { by, distinct, filter } of questions) {
      const asked = { filter: and(eq('event.dataset', 'counted'), filter), ...(distinct ? { distinct } : {}) }
      const buckets = new Buckets(by, distinct)
      for (const each of events) if (compile(filter)(each)) buckets.add(each)
      const { items } = await store.events.aggregate(SYSTEM, { ...asked, by, limit: 10_000 })
      expect([JSON.stringify({ by, distinct, filter }), plain(items, by)]).toEqual([
        JSON.stringify({ by, distinct, filter }),
        plain(buckets.all(), by),
      ])
      const names = by.flatMap((each) => ('terms' in each ? [each.terms] : []))
      const grouped = new Buckets(
        names.map((terms) => ({ terms })),
        distinct,
      )
      for (const each of events) if (compile(filter)(each)) grouped.add(each)
      const groups: Bucket[] = []
      for await (const some of store.events.groups(SYSTEM, { ...asked, by: names, atLeast: 2 })) groups.push(...some)
      const shown = names.map((terms) => ({ terms }))
      expect([JSON.stringify({ names, distinct, filter }), plain(groups, shown)]).toEqual([
        JSON.stringify({ names, distinct, filter }),
        plain(
          grouped.all().filter((bucket) => (bucket.distinct ?? bucket.count) >= 2),
          shown,
        ),
      ])
    }
  })

  test('no group is missed where there are more than a page of them', async () => {
    const events = Array.from({ length: 12_345 }, (_, i) =>
      event({ 'event.dataset': 'groups', 'user.name': `u${i % 6000}`, 'source.port': i % 3 }),
    )
    await put(events)
    const sizes = new Map<number, number>()
    for await (const some of store.events.groups(SYSTEM, {
      filter: eq('event.dataset', 'groups'),
      by: ['user.name'],
      atLeast: 2,
    }))
      for (const { count } of some) sizes.set(count, (sizes.get(count) ?? 0) + 1)
    expect(Object.fromEntries(sizes)).toEqual({ 2: 5655, 3: 345 })
    let three = 0
    for await (const some of store.events.groups(SYSTEM, {
      filter: eq('event.dataset', 'groups'),
      by: ['source.port'],
      distinct: 'user.name',
      atLeast: 2000,
    }))
      three += some.filter(({ distinct }) => distinct === 2000).length
    expect(three).toBe(3)
    const { items } = await store.events.aggregate(SYSTEM, {
      filter: eq('event.dataset', 'groups'),
      by: [{ terms: 'user.name' }],
      limit: 345,
    })
    expect(items.every(({ count }) => count === 3)).toBe(true)
    expect(await found(eq('event.dataset', 'groups'))).toHaveLength(events.length)
  })

  test('a cursor that is none is said to be none', async () => {
    const asked = { filter: EVERYTHING, order: 'newest', limit: 10 } as const
    for (const cursor of ['x', '[]', '["a","b"]', '{}'])
      await expect(store.events.search(SYSTEM, { ...asked, cursor })).rejects.toThrow(/is not a place in a list/)
  })
})
