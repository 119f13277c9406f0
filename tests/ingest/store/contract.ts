/**
 * The contract suite: what every store promises (ingest/store/store.ts). A store's test calls it with a way to open one;
 * nothing here knows which store it is.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import {
  and,
  ANY,
  contains,
  eq,
  EVERYTHING,
  exists,
  type Filter,
  not,
  NOTHING,
  ONE,
  or,
} from '../../../ingest/store/filter.ts'
import { flatFields } from '../../../ingest/store/documents.ts'
import { compile } from '../../../ingest/store/match.ts'
import {
  type Batch,
  type Collection,
  type Document,
  type Scope,
  type Store,
  SYSTEM,
} from '../../../ingest/store/store.ts'
import { random, runs } from '../../random.ts'

export interface Opened {
  readonly store: Store
  /** Closes and opens the same store again, as a restart does. */
  reopen(): Promise<Store>
  remove(): Promise<void>
}

const T0 = Date.UTC(2026, 10, 21, 7, 0, 0)
let serial = 0
const event = (fields: Event = {}): Event => ({
  '@timestamp': T0 + serial * 1000,
  'event.id': `e-${serial++}`,
  'event.kind': 'event',
  'event.original': 'line',
  ...fields,
})
const ids = (events: readonly Event[]) => events.map((each) => String(each['event.id'])).sort()
const all = async (store: Store, filter: Filter, scope: Scope = SYSTEM): Promise<Event[]> => {
  const out: Event[] = []
  for await (const chunk of store.events.match(scope, { filter })) out.push(...chunk)
  return out
}

/** A store keeps both; each is its own suite for those who work at one of them. */
export const contract = (name: string, open: () => Promise<Opened>): void => {
  contractEvents(name, open)
  contractDocuments(name, open)
}

export const contractEvents = (name: string, open: () => Promise<Opened>): void => {
  describe(`${name}: events`, () => {
    let opened: Opened
    let store: Store
    beforeAll(async () => {
      opened = await open()
      store = opened.store
    })
    afterAll(() => opened.remove())

    test('ingest times are strictly increasing, over a clock set back and a restart', async () => {
      const a = await store.events.append({ events: [event()], offsets: [] }, T0)
      const b = await store.events.append({ events: [event()], offsets: [] }, T0 - 3_600_000)
      expect(b.ingested).toBeGreaterThan(a.ingested)
      expect(await store.events.committed()).toBe(b.ingested)
      // A commit that took only offsets counts too: a rule may have covered up to it.
      const c = await store.events.append(
        { events: [], offsets: [{ source: 's', segment: 'x', position: 1 }] },
        T0 + 60_000,
      )
      store = await opened.reopen()
      expect(await store.events.committed()).toBe(c.ingested)
      const d = await store.events.append({ events: [event()], offsets: [] }, T0)
      expect(d.ingested).toBeGreaterThan(c.ingested)
    })

    test('an event comes back as it went in, hostile values too', async () => {
      const hostile: Event[] = [
        event({ 'url.path': "'; DROP TABLE events; --", 'url.query': '%', message: 'a\x1fb\x1ec\0d' }),
        event({ 'event.original': '\x1f\x1e\0\ufeff', 'user.name': '\u202eabc', 'http.request.referrer': '"\\\n\r\t' }),
        event({
          'event.category': ['network', 'web'],
          'event.type': ['a\x1eb'],
          'source.port': 443,
          'source.ip': '2001:db8::1',
        }),
        event({ 'event.action': ['x', 'y'], 'source.bytes': 9_007_199_254_740_991, 'portal.ipv6': true }),
        event({
          'fortinet.firewall.__proto__': 'p',
          'fortinet.firewall.constructor': 'q',
          'a~b/c"d\'e': 'key',
          'x.y': [1, 2, 3],
        }),
        event({ 'user.name': 'Đặng Thị Ổi ẬẾ', 'organization.name': 'Sở Y tế', 'url.decoded': '𐐀𝒳🂡' }),
        event({ 'url.path': '', 'event.code': 'x'.repeat(300_000) }),
      ]
      await store.events.append({ events: hostile, offsets: [] }, T0)
      for (const wanted of hostile) {
        const [found] = (
          await store.events.search(SYSTEM, {
            filter: { op: 'in', field: 'event.id', values: [wanted['event.id'] as string], cased: true },
            order: 'oldest',
            limit: 10,
          })
        ).items
        const { 'event.ingested': ingested, ...rest } = found!
        expect(rest).toEqual(wanted)
        expect(ingested).toBeGreaterThan(0)
      }
    })

    test('offsets are committed with the events, and a batch read from another position is refused whole', async () => {
      const batch = (from: number, to: number): Batch => ({
        events: [event({ 'event.dataset': 'offsets' })],
        offsets: [
          { source: 'src', segment: 'seg', from, position: to, state: { fields: ['a', 'b'] }, about: { path: '/x' } },
        ],
      })
      await store.events.append(batch(0, 10), T0)
      await expect(store.events.append(batch(5, 20), T0)).rejects.toThrow(/offset/)
      await expect(store.events.append(batch(0, 10), T0)).rejects.toThrow(/offset/)
      const together = await Promise.allSettled([
        store.events.append(batch(10, 20), T0),
        store.events.append(batch(15, 30), T0),
        store.events.append(batch(20, 40), T0),
      ])
      expect(together.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
      store = await opened.reopen()
      expect(await store.events.offsets('src')).toEqual([
        { source: 'src', segment: 'seg', position: 40, state: { fields: ['a', 'b'] }, about: { path: '/x' } },
      ])
      expect(await store.events.count(SYSTEM, { filter: eq('event.dataset', 'offsets') })).toBe(3)
      await store.events.append(
        { events: [], offsets: [{ source: 'src', segment: 'seg', position: 0, gone: true }] },
        T0,
      )
      expect(await store.events.offsets('src')).toEqual([])
    })

    test('a new day begins with the offsets of the day before; a closed day can be dropped, the newest cannot', async () => {
      await store.events.append(
        { events: [event({ 'event.dataset': 'day-1' })], offsets: [{ source: 'roll', segment: '1', position: 7 }] },
        T0,
      )
      const later = T0 + 3 * 86_400_000
      await store.events.append(
        { events: [event({ 'event.dataset': 'day-2', '@timestamp': later })], offsets: [] },
        later,
      )
      expect(await store.events.offsets('roll')).toEqual([{ source: 'roll', segment: '1', position: 7 }])
      const days = (await store.events.days()).map(({ day }) => day).sort()
      expect(days.length).toBeGreaterThan(1)
      await expect(store.events.drop(days.at(-1)!)).rejects.toThrow(/cannot be dropped/)
      const before = await store.events.count(SYSTEM, { filter: EVERYTHING })
      await store.events.drop(days[0]!)
      expect(await store.events.count(SYSTEM, { filter: EVERYTHING })).toBeLessThan(before)
      expect(await store.events.count(SYSTEM, { filter: eq('event.dataset', 'day-2') })).toBe(1)
      expect(await store.events.offsets('roll')).toHaveLength(1)
    })

    test('a closed day is written anew with what must stay, as it was; the newest is not', async () => {
      const at = T0 + 7 * 86_400_000
      const fields = (source: string, n: number): Event => ({
        '@timestamp': at + n,
        'vonglau.source.id': `anew-${source}`,
        'source.ip': `10.9.0.${n}`,
        'event.original': `dòng ${n}`,
        // What no column takes.
        'http.response.status_code': n % 2 ? 200 : ['200', 'odd'],
        'fortinet.firewall.more': String(n),
      })
      const events = ['a', 'b', 'c'].flatMap((source) => Array.from({ length: 20 }, (_, n) => event(fields(source, n))))
      await store.events.append({ events, offsets: [{ source: 'anew', segment: '1', position: 5 }], learned: [] }, at)
      await store.events.append({ events: [event({ '@timestamp': at })], offsets: [] }, at + 86_400_000)
      const days = (await store.events.days()).map(({ day }) => day).toSorted()
      const [day, newest] = days.slice(-2) as [string, string]
      await expect(store.events.keep(newest, EVERYTHING)).rejects.toThrow(/cannot be written anew/)
      const mine = or(...['a', 'b', 'c'].map((source) => eq('vonglau.source.id', `anew-${source}`)))
      const sorted = (some: readonly Event[]) =>
        some.toSorted((x, y) => (String(x['event.id']) < String(y['event.id']) ? -1 : 1))
      const before = await all(store, mine)
      // A question that has begun ends well.
      const reading = store.events.match(SYSTEM, { filter: mine })[Symbol.asyncIterator]()
      await reading.next()
      const page = await store.events.search(SYSTEM, { filter: mine, order: 'newest', limit: 7 })
      const cidr: Filter = { op: 'cidr', field: 'source.ip', network: '10.9.0.8/29' }
      const stay = or(eq('vonglau.source.id', 'anew-a'), and(eq('vonglau.source.id', 'anew-b'), cidr))
      const stays = before.filter(compile(stay))
      expect(await store.events.keep(day, stay)).toBe(28)
      await reading.return?.()
      const look = async () => {
        expect(sorted(await all(store, mine))).toEqual(sorted(stays))
        expect(await store.events.count(SYSTEM, { filter: and(mine, cidr) })).toBe(16)
        expect((await store.events.days()).find((each) => each.day === day)?.events).toBe(28)
        expect(await store.events.offsets('anew')).toEqual([{ source: 'anew', segment: '1', position: 5 }])
      }
      await look()
      const next = await store.events.search(SYSTEM, { filter: mine, order: 'newest', limit: 7, cursor: page.cursor! })
      expect(next.items.every((each) => stays.some((kept) => kept['event.id'] === each['event.id']))).toBe(true)
      store = await opened.reopen()
      await look()
      // Again, and to nothing.
      expect(await store.events.keep(day, eq('vonglau.source.id', 'anew-a'))).toBe(20)
      expect(await store.events.count(SYSTEM, { filter: mine })).toBe(20)
      expect(await store.events.keep(day, NOTHING)).toBe(0)
      expect((await store.events.days()).map((each) => each.day)).not.toContain(day)
      expect(await store.events.keep(day, EVERYTHING)).toBe(0)
    })

    test('of two that write a day anew at once, or drop it meanwhile, one is done as a whole and the other breaks off', async () => {
      const at = Math.max(T0 + 12 * 86_400_000, (await store.events.committed()) + 86_400_000)
      const mine = (source: string) => eq('vonglau.source.id', `twice-${source}`)
      const events = ['a', 'b'].flatMap((source) =>
        Array.from({ length: 20 }, () => event({ '@timestamp': at, 'vonglau.source.id': `twice-${source}` })),
      )
      await store.events.append({ events, offsets: [] }, at)
      await store.events.append({ events: [event({ '@timestamp': at })], offsets: [] }, at + 86_400_000)
      const day = (await store.events.days())
        .map((each) => each.day)
        .toSorted()
        .at(-2)!
      const marked = (some: readonly Event[], message: string) => some.map((each) => ({ ...each, message }))
      const found = async () =>
        (await all(store, or(mine('a'), mine('b')))).map(({ message }) => message ?? 'as it was').toSorted()
      /** The lines of a, and meanwhile the other. */
      const meanwhile = async (other: () => Promise<unknown>) => {
        let go = () => {}
        const gate = new Promise<void>((resolve) => (go = resolve))
        let reached = () => {}
        const began = new Promise<void>((resolve) => (reached = resolve))
        const first = store.events.rewrite(day, mine('a'), async (some) => {
          reached()
          await gate
          return marked(some, 'A')
        })
        const refused = expect(first).rejects.toThrow(/was written anew or removed meanwhile: begin it again/)
        await began
        await other().finally(go)
        await refused
      }
      await meanwhile(() => store.events.rewrite(day, mine('b'), async (some) => marked(some, 'B')))
      expect(await found()).toEqual([...Array(20).fill('B'), ...Array(20).fill('as it was')])
      await meanwhile(() => store.events.keep(day, not(mine('b'))))
      expect(await found()).toEqual(Array(20).fill('as it was'))
      await meanwhile(() => store.events.drop(day))
      expect(await found()).toEqual([])
      expect((await store.events.days()).map((each) => each.day)).not.toContain(day)
    })

    test('what a parser learned is there as long as the events of that day', async () => {
      // A day of its own, whatever the tests before have taken.
      const at = Math.max(T0 + 3 * 86_400_000, (await store.events.committed()) + 86_400_000)
      const learned = (stream: string, position: number) => ({
        source: 'học',
        segment: '0000000001',
        stream,
        position,
        state: { fields: ['date', 'time'], day: '2026-11-20' },
      })
      const one = [learned('10.0.0.1', 0), learned('10.0.0.1 W3SVC2', 17)]
      await store.events.append({ events: [event()], offsets: [], learned: one }, at + 1)
      expect(await store.events.learned('học')).toEqual(one)
      expect(await store.events.learned('another')).toEqual([])
      await store.events.append({ events: [event()], offsets: [], learned: [learned('10.0.0.2', 40)] }, at + 86_400_000)
      expect(await store.events.learned('học')).toEqual([...one, learned('10.0.0.2', 40)])
      const days = (await store.events.days()).map(({ day }) => day).sort()
      for (const day of days.slice(0, -1)) await store.events.drop(day)
      expect(await store.events.learned('học')).toEqual([learned('10.0.0.2', 40)])
    })

    test('search pages through everything once, in both orders', async () => {
      const at = T0 + 4 * 86_400_000
      // Times are shared by several: the id decides among them.
      const many = Array.from({ length: 137 }, (_, i) =>
        event({ 'event.dataset': 'pages', '@timestamp': at + Math.floor(i / 5) }),
      )
      await store.events.append({ events: many, offsets: [] }, at)
      for (const order of ['newest', 'oldest'] as const) {
        const seen: Event[] = []
        let cursor: string | undefined
        do {
          const page = await store.events.search(SYSTEM, {
            filter: eq('event.dataset', 'pages'),
            order,
            limit: 10,
            ...(cursor ? { cursor } : {}),
          })
          seen.push(...page.items)
          cursor = page.cursor
        } while (cursor)
        expect(ids(seen)).toEqual(ids(many))
        const times = seen.map((each) => each['@timestamp'] as number)
        expect(times).toEqual([...times].sort((a, b) => (order === 'newest' ? b - a : a - b)))
      }
    })

    test('windows of event time and of ingest time', async () => {
      const at = T0 + 5 * 86_400_000
      const first = await store.events.append(
        { events: [event({ 'event.dataset': 'windows', '@timestamp': at })], offsets: [] },
        at,
      )
      const second = await store.events.append(
        { events: [event({ 'event.dataset': 'windows', '@timestamp': at - 1000 })], offsets: [] },
        at,
      )
      const filter = eq('event.dataset', 'windows')
      const count = (window: object) => store.events.count(SYSTEM, { filter, ...window })
      expect(await count({ from: at })).toBe(1)
      expect(await count({ to: at })).toBe(1)
      expect(await count({ from: at - 1000, to: at + 1 })).toBe(2)
      expect(await count({ ingested: { after: first.ingested } })).toBe(1)
      expect(await count({ ingested: { after: first.ingested - 1, upTo: first.ingested } })).toBe(1)
      expect(await count({ ingested: { after: second.ingested } })).toBe(0)
    })

    test('buckets: single values, sets, absent ones, histogram, distinct', async () => {
      const at = T0 + 6 * 86_400_000
      const rows: Event[] = [
        event({ 'event.type': ['a', 'b'], 'source.port': 1, 'user.name': 'u1' }),
        event({ 'event.type': ['b'], 'source.port': 1, 'user.name': 'u2' }),
        event({ 'source.port': 2, 'user.name': 'u2' }),
        event({ 'event.action': ['x', 'y'], 'source.port': 2, 'vendor.k': 'v' }),
      ].map((each, i) => ({ ...each, 'event.dataset': 'buckets', '@timestamp': at + i * 1800_000 }))
      await store.events.append({ events: rows, offsets: [] }, at)
      const filter = eq('event.dataset', 'buckets')
      const counts = async (by: string, distinct?: string) =>
        Object.fromEntries(
          (
            await store.events.aggregate(SYSTEM, {
              filter,
              by: [{ terms: by }],
              limit: 100,
              ...(distinct ? { distinct } : {}),
            })
          ).items.map(({ key, count, distinct: d }) => [String(key[0]), distinct ? [count, d] : count]),
        )
      expect(await counts('event.type')).toEqual({ b: 2, a: 1, null: 2 })
      expect(await counts('event.action')).toEqual({ null: 3, x: 1, y: 1 })
      expect(await counts('vendor.k')).toEqual({ null: 3, v: 1 })
      expect(await counts('source.port', 'user.name')).toEqual({ 1: [2, 2], 2: [2, 1] })
      const hours = await store.events.aggregate(SYSTEM, { filter, by: [{ every: 3_600_000 }], limit: 10 })
      expect(hours.items.map(({ key, count }) => [key[0], count]).sort()).toEqual([
        [at, 2],
        [at + 3_600_000, 2],
      ])
      // Of all events, whatever is said of the range.
      for (const range of [{}, { from: at }, { to: at + 86_400_000 }, { from: at, to: at + 86_400_000 }])
        for (const by of [[{ every: 3_600_000 }], [{ every: 3_600_000 }, { terms: 'event.kind' }]]) {
          const all = await store.events.aggregate(SYSTEM, { ...range, filter: EVERYTHING, by, limit: 1000 })
          const n = await store.events.count(SYSTEM, { ...range, filter: EVERYTHING })
          expect(all.items.reduce((sum, { count }) => sum + count, 0)).toBe(n)
        }
      const groups: unknown[] = []
      for await (const chunk of store.events.groups(SYSTEM, {
        filter,
        by: ['source.port'],
        atLeast: 2,
        distinct: 'user.name',
      }))
        groups.push(...chunk.map(({ key, distinct }) => [key[0], distinct]))
      expect(groups).toEqual([[1, 2]])
    })

    test('a scope sees its agencies and nothing else, in every kind of read', async () => {
      const at = T0 + 7 * 86_400_000
      await store.events.append(
        {
          events: ['so-y-te', 'so-noi-vu', undefined].map((id) =>
            event({ 'event.dataset': 'scope', '@timestamp': at, ...(id ? { 'organization.id': id } : {}) }),
          ),
          offsets: [],
        },
        at,
      )
      const filter = eq('event.dataset', 'scope')
      for (const [scope, n] of [
        [SYSTEM, 3],
        [{ organizations: ['so-y-te'] }, 1],
        [{ organizations: ['so-y-te', 'so-noi-vu'] }, 2],
        [{ organizations: [] }, 0],
      ] as const) {
        expect(await store.events.count(scope, { filter })).toBe(n)
        expect(
          (
            await store.events.search(scope, { filter: or(filter, not(filter)), from: at, order: 'oldest', limit: 100 })
          ).items.filter((e) => e['event.dataset'] === 'scope'),
        ).toHaveLength(n)
        expect((await store.events.aggregate(scope, { filter, by: [], limit: 1 })).items[0]?.count ?? 0).toBe(n)
        expect((await all(store, filter, scope)).length).toBe(n)
      }
    })

    test('the filter tree means the same in process and in the store: a table', async () => {
      const at = T0 + 8 * 86_400_000
      const rows = (
        [
          {
            'url.path': '/Admin/Đăng-Nhập',
            'source.ip': '2001:db8:77::1',
            'source.port': 443,
            'http.response.status_code': 200,
          },
          {
            'url.path': '/admin/đăng-nhập',
            'source.ip': '192.0.2.9',
            'http.response.status_code': 404,
            'fortinet.x': 'İI',
          },
          {
            'url.path': 'a%b_c\\d',
            'source.ip': '::ffff:192.0.2.9'.slice(7),
            'related.ip': ['10.0.0.1', '2001:db8::9'],
            'fortinet.n': '12.50',
          },
          { 'event.type': ['Start', 'Allowed'], 'portal.ipv6': true, 'fortinet.n': 7 },
          { 'event.action': ['deny', 'Drop'], 'user.name': '𐐀', 'fortinet.list': ['p', 'Q', 3] },
          {},
        ] as Event[]
      ).map((fields) => event({ ...fields, 'event.dataset': 'table', '@timestamp': at }))
      await store.events.append({ events: rows, offsets: [] }, at)
      const filters: Filter[] = [
        eq('url.path', '/ADMIN/ĐĂNG-NHẬP'),
        { op: 'in', field: 'url.path', values: ['/Admin/Đăng-Nhập'], cased: true },
        contains('url.path', 'ĐĂNG'),
        contains('url.path', '%b_'),
        { op: 'like', field: 'url.path', pattern: ['a', ONE, 'b', ONE, 'c\\', ANY] },
        { op: 'like', field: 'url.path', pattern: ['/ADMIN', ANY], cased: true },
        { op: 'like', field: 'user.name', pattern: [ONE] },
        { op: 'regex', field: 'url.path', source: '^/admin', flags: 'i' },
        { op: 'regex', field: 'url.path', source: '^/admin' },
        { op: 'cidr', field: 'source.ip', network: '192.0.2.0/24' },
        { op: 'cidr', field: 'source.ip', network: '2001:db8::/32' },
        { op: 'cidr', field: 'source.ip', network: '::/0' },
        { op: 'cidr', field: 'related.ip', network: '10.0.0.0/8' },
        eq('source.ip', '2001:0DB8:77:0:0:0:0:1'),
        eq('http.response.status_code', '200'),
        eq('http.response.status_code', 404, 200),
        { op: 'range', field: 'http.response.status_code', gte: 400 },
        { op: 'range', field: 'fortinet.n', gt: 7, lte: 12.5 },
        { op: 'range', field: 'fortinet.n', gte: 7 },
        { op: 'ref', field: 'source.ip', other: 'related.ip', how: 'equals' },
        { op: 'ref', field: 'url.path', other: 'user.name', how: 'contains' },
        { op: 'ref', field: 'fortinet.n', other: 'http.response.status_code', how: 'lt' },
        not({ op: 'ref', field: 'user.name', other: 'fortinet.x', how: 'equals' }),
        { op: 'part', field: '@timestamp', part: 'hour', gte: 1 },
        not({ op: 'part', field: '@timestamp', part: 'year', values: [1999] }),
        eq('event.type', 'allowed'),
        eq('event.action', 'DENY'),
        exists('event.action'),
        not(exists('event.action')),
        eq('portal.ipv6', true),
        eq('portal.ipv6', 'TRUE'),
        contains('fortinet.x', 'ii'),
        eq('fortinet.list', 'q'),
        eq('fortinet.list', 3),
        eq('*', '𐐨'),
        contains('*', 'đăng'),
        NOTHING,
        EVERYTHING,
        and(not(eq('user.name', 'x')), not(eq('url.path', 'x'))),
        { op: 'in', field: 'url.path', values: [] },
      ]
      for (const filter of filters) {
        const asked = and(eq('event.dataset', 'table'), filter)
        expect([filter, ids(await all(store, asked))]).toEqual([filter, ids(rows.filter(compile(filter)))])
        expect(await store.events.count(SYSTEM, { filter: asked })).toBe(rows.filter(compile(filter)).length)
        const negated = and(eq('event.dataset', 'table'), not(filter))
        expect([filter, ids(await all(store, negated))]).toEqual([
          filter,
          ids(rows.filter((each) => !compile(filter)(each))),
        ])
      }
    })

    test('the filter tree means the same: random trees over random events', async () => {
      const at = T0 + 9 * 86_400_000
      const alphabet = fc.constantFrom(
        'a',
        'A',
        'b',
        'Đ',
        'đ',
        'İ',
        'i',
        'ẞ',
        'ß',
        'Σ',
        'ς',
        '%',
        '_',
        '\\',
        '*',
        '?',
        "'",
        '"',
        '\x1f',
        '\0',
        '/',
        '.',
        '1',
        ' ',
        '𐐀',
        '𐐨',
        'K',
        '\n',
      )
      const text = fc.array(alphabet, { maxLength: 5 }).map((parts) => parts.join(''))
      const value = fc.oneof(
        text.filter((t) => t !== ''),
        fc.integer({ min: -3, max: 20 }),
        fc.boolean(),
        fc.constantFrom('10', '10.5', '-1', '1e3', ' 7', '0x10'),
      )
      const address = fc.constantFrom(
        '192.0.2.1',
        '192.0.2.200',
        '10.0.0.1',
        '2001:db8::1',
        '2001:db8:77::1',
        '::1',
        '::',
      )
      const some = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined })
      const randomEvent = fc
        .record({
          'url.path': some(
            fc.oneof(
              text.filter((t) => t !== ''),
              fc.array(text, { minLength: 2, maxLength: 3 }),
            ),
          ),
          'user.name': some(value),
          'source.port': some(fc.oneof(fc.integer({ min: 0, max: 12 }), text)),
          'source.ip': some(address),
          'related.ip': some(fc.array(address, { minLength: 1, maxLength: 2 })),
          'event.type': some(
            fc.array(
              text.filter((t) => t !== ''),
              { minLength: 1, maxLength: 3 },
            ),
          ),
          'portal.ipv6': some(fc.boolean()),
          'vendor.one': some(value),
          'vendor.many': some(fc.array(value, { minLength: 1, maxLength: 3 })),
        })
        .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined)) as Event)
      const name = fc.constantFrom(
        'url.path',
        'user.name',
        'source.port',
        'source.ip',
        'related.ip',
        'event.type',
        'portal.ipv6',
        'vendor.one',
        'vendor.many',
        'absent.field',
        '*',
      )
      const part = fc.oneof(
        { weight: 3, arbitrary: text },
        { weight: 1, arbitrary: fc.constant(ANY) },
        { weight: 1, arbitrary: fc.constant(ONE) },
      )
      const bound = fc.option(fc.constantFrom(-1, 0, 1, 5, 10, 10.5), { nil: undefined })
      const leaf: fc.Arbitrary<Filter> = fc.oneof(
        fc.record({
          op: fc.constant('in' as const),
          field: name,
          values: fc.array(fc.oneof(value, address), { maxLength: 3 }),
          cased: fc.boolean(),
        }),
        fc.record({
          op: fc.constant('like' as const),
          field: name,
          pattern: fc.array(part, { maxLength: 4 }),
          cased: fc.boolean(),
        }),
        fc.record({
          op: fc.constant('regex' as const),
          field: name,
          source: fc.constantFrom('^a', 'b$', '[aĐ]+', '.', 'A|đ', '\\\\', '^$'),
          flags: fc.constantFrom('', 'i', 's', 'm'),
        }),
        fc
          .record({ op: fc.constant('range' as const), field: name, gt: bound, lte: bound })
          .map((r) => Object.fromEntries(Object.entries(r).filter(([, v]) => v !== undefined)) as Filter),
        fc.record({
          op: fc.constant('cidr' as const),
          field: name,
          network: fc.constantFrom(
            '192.0.2.0/25',
            '10.0.0.0/8',
            '2001:db8::/32',
            '::/0',
            '0.0.0.0/0',
            '::1/128',
            '2001:db8:77::1',
          ),
        }),
        fc.record({ op: fc.constant('exists' as const), field: name }),
      )
      const { tree } = fc.letrec<{ tree: Filter }>((tie) => ({
        tree: fc.oneof(
          { maxDepth: 3, withCrossShrink: true },
          leaf,
          fc.record({ op: fc.constant('not' as const), of: tie('tree') }),
          fc.record({
            op: fc.constantFrom('and' as const, 'or' as const),
            of: fc.array(tie('tree'), { maxLength: 3 }),
          }),
        ),
      }))
      // Many events, many trees over them: one store for all.
      const sample = fc
        .sample(randomEvent, { numRuns: 300, seed: 84 })
        .map((fields) => event({ ...fields, 'event.dataset': 'random', '@timestamp': at }))
      await store.events.append({ events: sample, offsets: [] }, at)
      const trees = fc.sample(tree, { numRuns: runs(150), seed: 2026 })
      for (const filter of trees) {
        const match = compile(filter)
        const got = await all(store, and(eq('event.dataset', 'random'), filter))
        const wanted = sample.filter(match)
        const [a, b] = [new Set(ids(got)), new Set(ids(wanted))]
        const differ = sample.filter((each) => a.has(String(each['event.id'])) !== b.has(String(each['event.id'])))
        expect({ filter: JSON.stringify(filter), differ: differ.slice(0, 2) }).toEqual({
          filter: JSON.stringify(filter),
          differ: [],
        })
      }
    })
  })
}

export const contractDocuments = (name: string, open: () => Promise<Opened>): void => {
  describe(`${name}: documents`, () => {
    let opened: Opened
    let alerts: Collection<Document>
    beforeAll(async () => {
      opened = await open()
      alerts = opened.store.documents.collection('alerts')
    })
    afterAll(() => opened.remove())
    const doc = (fields: Document): Document => ({ 'rule.level': 'high', ...fields })

    test('a version is needed to change, none to create; in order, nothing is written after a conflict', async () => {
      const conflict = { ok: false, conflict: true }
      const [first] = await alerts.put([{ id: 'a', doc: doc({}), version: null }])
      const one = (first as { version: number }).version
      expect(await alerts.put([{ id: 'a', doc: doc({}), version: null }])).toEqual([conflict])
      const [second] = await alerts.put([{ id: 'a', doc: doc({ n: 2 }), version: one }])
      const two = (second as { version: number }).version
      expect(two).toBeGreaterThan(one)
      expect((await alerts.get(SYSTEM, 'a'))?.version).toBe(two)
      expect(await alerts.put([{ id: 'a', doc: doc({ n: 3 }), version: one }])).toEqual([conflict])
      const mixed = [
        { id: 'b', doc: doc({}), version: null },
        { id: 'a', doc: doc({}), version: one },
        { id: 'c', doc: doc({}), version: null },
      ]
      expect((await alerts.put(mixed, true)).map((r) => r.ok)).toEqual([true, false, false])
      expect(await alerts.get(SYSTEM, 'c')).toBeUndefined()
      expect((await alerts.put(mixed.slice(1))).map((r) => r.ok)).toEqual([false, true])
      const reopened = (await opened.reopen()).documents.collection('alerts')
      alerts = reopened
      expect((await alerts.get(SYSTEM, 'a'))?.doc['n']).toBe(2)
      expect(await alerts.delete('a', one)).toBe(false)
      expect(await alerts.delete('a', two)).toBe(true)
      expect(await alerts.delete('b', 'any')).toBe(true)
      expect(await alerts.delete('c', 'any')).toBe(true)
    })

    test('many are read and removed by their ids at once: in the order that was asked, each as its scope sees it', async () => {
      const { documents } = await opened.reopen()
      alerts = documents.collection('alerts')
      const many = documents.collection('many')
      await many.put(
        Array.from({ length: 1500 }, (_, n) => ({
          id: `m-${n}`,
          doc: { n, organization: { id: n % 2 ? 'so-y-te' : 'so-tai-chinh' } },
          version: null,
        })),
      )
      const wanted = ['m-1499', 'no such', 'm-0', 'm-7', 'm-0', "m-1' OR '1'='1", 'ẬẾ', '']
      const one = await Promise.all(wanted.map((id) => many.get(SYSTEM, id)))
      expect(one.map((each) => each?.doc['n'])).toEqual([1499, undefined, 0, 7, 0, undefined, undefined, undefined])
      expect(await many.getMany(SYSTEM, wanted)).toEqual(one)
      const scope: Scope = { organizations: ['so-y-te'] }
      expect((await many.getMany(scope, wanted)).map((each) => each?.doc['n'])).toEqual([
        1499,
        undefined,
        undefined,
        7,
        ...Array.from({ length: 4 }, () => undefined),
      ])
      const every = Array.from({ length: 1500 }, (_, n) => `m-${n}`)
      expect((await many.getMany(SYSTEM, every)).map((each) => each?.doc['n'])).toEqual(every.map((_, n) => n))
      expect(await many.getMany(SYSTEM, [])).toEqual([])
      expect(await documents.collection('never_written').getMany(SYSTEM, ['a', 'b'])).toEqual([undefined, undefined])

      expect(await many.deleteMany([])).toBe(0)
      expect(await many.deleteMany(['no such', 'm-0', 'm-0', 'm-7'])).toBe(2)
      expect(await many.getMany(SYSTEM, ['m-0', 'm-1', 'm-7'])).toMatchObject([undefined, { id: 'm-1' }, undefined])
      expect(await many.deleteMany(every)).toBe(1498)
      expect((await many.query(SYSTEM, { filter: EVERYTHING, limit: 1 })).total).toBe(0)
    })

    test('query: filter, sort with absent values last, pages, scope, changes', async () => {
      const before = await alerts.newest()
      const rows = Array.from({ length: 53 }, (_, i) =>
        doc({
          'alert.status': i % 3 ? 'new' : 'CLOSED',
          ...(i % 7 ? { 'alert.last': 1000 + (i % 10) } : {}),
          'organization.id': i % 2 ? 'so-y-te' : 'so-noi-vu',
          nested: { list: ['x', `n${i % 4}`] },
          'alert.first': i,
          'other.n': i === 1 ? 'text' : 2,
        }),
      )
      await alerts.put(rows.map((each, i) => ({ id: `q${String(i).padStart(3, '0')}`, doc: each, version: null })))
      for (const order of ['asc', 'desc'] as const) {
        const seen: string[] = []
        const times: unknown[] = []
        let cursor: string | undefined
        do {
          const page = await alerts.query(SYSTEM, {
            filter: EVERYTHING,
            sort: [{ field: 'alert.last', order }],
            limit: 10,
            ...(cursor ? { cursor } : {}),
          })
          expect(page.total).toBe(53)
          seen.push(...page.items.map(({ id }) => id))
          times.push(...page.items.map((item) => item.doc['alert.last']))
          cursor = page.cursor
        } while (cursor)
        expect([...new Set(seen)]).toHaveLength(53)
        const known = times.filter((t): t is number => typeof t === 'number')
        expect(times.slice(0, known.length)).toEqual(known)
        expect(known).toEqual([...known].sort((a, b) => (order === 'asc' ? a - b : b - a)))
      }
      const total = async (filter: Filter, scope: Scope = SYSTEM) =>
        (await alerts.query(scope, { filter, limit: 1 })).total
      expect(await total(eq('alert.status', 'closed'))).toBe(18)
      expect(await total(not(eq('alert.status', 'closed')))).toBe(35)
      expect(await total(eq('nested.list', 'N1'))).toBe(13)
      expect(await total(and(eq('nested.list', 'n1'), { op: 'range', field: 'alert.first', lt: 10 }))).toBe(3)
      expect(await total(not(exists('alert.last')))).toBe(8)
      expect(await total(EVERYTHING, { organizations: ['so-y-te'] })).toBe(26)
      expect(await total(EVERYTHING, { organizations: [] })).toBe(0)
      expect(await alerts.get({ organizations: ['so-noi-vu'] }, 'q001')).toBeUndefined()
      expect((await alerts.get({ organizations: ['so-y-te'] }, 'q001'))?.id).toBe('q001')
      const by = await alerts.aggregate(SYSTEM, {
        filter: EVERYTHING,
        by: ['alert.status', 'organization.id'],
        limit: 10,
      })
      expect(by.reduce((sum, { count }) => sum + count, 0)).toBe(53)
      const of = [
        { field: 'alert.first', as: 'least' },
        { field: 'alert.first', as: 'greatest' },
        { field: 'alert.first', as: 'sum' },
        { field: 'alert.last', as: 'least' },
        { field: 'alert.count', as: 'sum' },
        // Has no index, and one text among its values.
        { field: 'other.n', as: 'sum' },
      ] as const
      const measured = async (filter: Filter, scope: Scope = SYSTEM) => {
        const { count, values } = await alerts.measure(scope, { filter, of })
        return [count, ...values]
      }
      const none = [0, undefined, undefined, undefined, undefined, undefined, undefined]
      expect(await measured(EVERYTHING)).toEqual([53, 0, 52, 1378, 1000, undefined, 104])
      expect(await measured(eq('alert.status', 'closed'))).toEqual([18, 0, 51, 459, 1000, undefined, 36])
      expect(await measured(eq('alert.status', 'closed'), { organizations: ['so-y-te'] })).toEqual([
        9,
        3,
        51,
        243,
        1001,
        undefined,
        18,
      ])
      expect(await measured(eq('nested.list', 'n1'))).toEqual([13, 1, 49, 325, 1001, undefined, 24])
      expect(await measured(eq('alert.status', 'nobody'))).toEqual(none)
      expect(await measured(EVERYTHING, { organizations: [] })).toEqual(none)
      const changes = await alerts.changesSince(SYSTEM, before, 1000)
      expect(changes.items).toHaveLength(53)
      expect((await alerts.changesSince({ organizations: ['so-y-te'] }, before, 1000)).items).toHaveLength(26)
      const { version } = (await alerts.get(SYSTEM, 'q000'))!
      await alerts.put([{ id: 'q000', doc: doc({ 'alert.status': 'new' }), version }])
      expect((await alerts.changesSince(SYSTEM, changes.seq, 1000)).items.map(({ id }) => id)).toEqual(['q000'])
    })

    test('a document that is changed is found by what it says now, and by nothing that it said before', async () => {
      const next = random(7)
      const pick = <T>(some: readonly T[]): T => some[Math.floor(next() * some.length)]!
      const FIELDS: { readonly [field: string]: readonly unknown[] } = {
        'alert.status': [undefined, 'new', 'NEW', 'closed'],
        'alert.count': [undefined, 0, 1, 1.5, '1'],
        'alert.assignee': [undefined, '', 'lan', ['lan', 'minh']],
        'organization.id': ['so-y-te', 'so-noi-vu', undefined],
        'not.indexed': [undefined, 'a', 1],
      }
      const { documents } = await opened.reopen()
      const collections = ['alerts', 'of_a_test'].map((each) => documents.collection<Document>(each))
      const held = collections.map(() => new Map<string, { doc: Document; version: number }>())
      for (let round = 0; round < 6; round++) {
        for (const [c, collection] of collections.entries()) {
          const mine = held[c]!
          const puts = Array.from({ length: 12 }, (_, i) => `w${i}`)
            .filter(() => next() < 0.7)
            .map((id) => {
              const fields = Object.entries(FIELDS).flatMap(([name, values]) => {
                const value = pick(values)
                return value === undefined ? [] : [[name, value]]
              })
              return { id, doc: { mine: 'yes', ...Object.fromEntries(fields) }, version: mine.get(id)?.version ?? null }
            })
          for (const [i, result] of (await collection.put(puts)).entries()) {
            if (!result.ok) throw new Error(`${puts[i]!.id} was refused`)
            mine.set(puts[i]!.id, { doc: puts[i]!.doc, version: result.version })
          }
          for (const [field, values] of Object.entries(FIELDS))
            for (const value of [...values.flat(), 'nobody']) {
              const holds = value === undefined ? not(exists(field)) : eq(field, value as string)
              const filter = and(eq('mine', 'yes'), holds)
              const wanted = [...mine].filter(([, { doc: of }]) => compile(filter)(flatFields(of))).map(([id]) => id)
              const found = await collection.query(SYSTEM, { filter, limit: 100, sort: [] })
              expect({ field, value, found: found.items.map(({ id }) => id) }).toEqual({
                field,
                value,
                found: wanted.sort(),
              })
            }
        }
      }
      for (const [c, collection] of collections.entries())
        for (const [id, { doc: of, version }] of held[c]!) {
          expect(await collection.get(SYSTEM, id)).toMatchObject({ id, doc: of, version })
          await collection.delete(id, 'any')
        }
    })

    test('a lease is held once, is free again when it was released or the store closed, and its token grows', async () => {
      const store = await opened.reopen()
      const first = (await store.lease('contract'))!
      expect(first.held()).toBe(true)
      expect(await store.lease('contract')).toBeUndefined()
      expect(await store.lease('another')).toBeDefined()
      const mine = first.documents.collection<Document>('leased')
      expect((await mine.put([{ id: '1', doc: {}, version: null }]))[0]?.ok).toBe(true)
      await first.release()
      expect(first.held()).toBe(false)
      const second = (await store.lease('contract'))!
      expect(second.token).toBeGreaterThan(first.token)
      expect(await (await opened.reopen()).lease('contract')).toBeDefined()
    })
  })
}
