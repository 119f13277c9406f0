/** Documents in Elasticsearch, beyond the contract: the same answers as SQLite gives, and values and numbers that hurt. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { openDocuments } from '../../../ingest/store/elasticsearch/documents/documents.ts'
import { and, ANY, contains, eq, EVERYTHING, exists, type Filter, not, ONE, or } from '../../../ingest/store/filter.ts'
import { valuesOf } from '../../../ingest/event.ts'
import { flatFields } from '../../../ingest/store/documents.ts'
import { compile, asNumber, fold } from '../../../ingest/store/match.ts'
import { openSqlite } from '../../../ingest/store/sqlite.ts'
import { type Collection, type Document, type Put, SYSTEM } from '../../../ingest/store/store.ts'
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'

await describeCluster('documents in elasticsearch', (cluster) => {
  const client = openClient(cluster.nodes.length ? cluster : { nodes: ['http://127.0.0.1:1'] })
  const prefix = randomPrefix()
  const documents = openDocuments({ client, prefix })
  afterAll(async () => {
    await removeAll(client, prefix)
    await client.close()
  })

  const text = fc.constantFrom(
    'a',
    'A',
    'ab',
    'Đặng',
    'ĐẶNG',
    '10',
    '10.5',
    '-3',
    '1e3',
    'x*y',
    'b?',
    '\\',
    '\u{10ffff}',
    'z'.repeat(5000),
    `y${'z'.repeat(5000)}A`,
    `y${'z'.repeat(5000)}a`,
    'İ',
    '𐐀',
    '𐐨',
    ' ',
  ) // prettier-ignore
  const value = fc.oneof(
    { weight: 4, arbitrary: text },
    { weight: 4, arbitrary: fc.constantFrom(0, -0, 1, 2, 10, 10.5, -3, 9_007_199_254_740_991, 1e21, -2.5e-7) },
    { weight: 1, arbitrary: fc.boolean() },
  )
  // The first three have an index, the last has none.
  const FIELDS = ['alert.status', 'alert.last', 'rule.level', 'elsewhere.x'] as const
  const SORTED = FIELDS.slice(0, 3)
  const name = fc.constantFrom(...FIELDS)
  const bound = fc.option(fc.constantFrom(-3, 0, 1, 10, 10.5, 1e21), { nil: undefined })
  const leaf: fc.Arbitrary<Filter> = fc.oneof(
    fc.record({
      op: fc.constant('in' as const),
      field: name,
      values: fc.array(value, { maxLength: 3 }),
      cased: fc.boolean(),
    }),
    fc.record({
      op: fc.constant('like' as const),
      field: name,
      pattern: fc.array(fc.oneof(text, fc.constant(ANY), fc.constant(ONE)), { maxLength: 4 }),
      cased: fc.boolean(),
    }),
    fc.record({ op: fc.constant('regex' as const), field: name, source: fc.constantFrom('^a', 'z$', '.', 'Đ') }),
    fc
      .record({ op: fc.constant('range' as const), field: name, gte: bound, lt: bound })
      .map((r) => Object.fromEntries(Object.entries(r).filter(([, v]) => v !== undefined)) as Filter),
    fc.record({ op: fc.constant('exists' as const), field: name }),
  )
  const { tree } = fc.letrec<{ tree: Filter }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({ op: fc.constant('not' as const), of: tie('tree') }),
      fc.record({ op: fc.constantFrom('and' as const, 'or' as const), of: fc.array(tie('tree'), { maxLength: 3 }) }),
    ),
  }))
  const nest = (flat: Record<string, unknown>): Document => {
    const out: Record<string, Record<string, unknown>> = {}
    for (const [field, v] of Object.entries(flat)) {
      const [group, rest] = field.split('.') as [string, string]
      if (v !== undefined) (out[group] ??= {})[rest] = v
    }
    return out
  }
  const some = fc.option(value, { nil: undefined })

  test('the same answers as SQLite, to random filters over random documents', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vonglau-documents-'))
    const sqlite = openSqlite(join(folder, 'documents.sqlite'))
    let compared = 0
    // Lists are sorted differently on purpose: SQLite has no column for them. They have a collection of their own.
    for (const [collection, lists] of [
      ['alerts', false],
      ['incidents', true],
    ] as const) {
      const fields = lists ? (['incident.status', 'incident.last', 'incident.key', 'elsewhere.x'] as const) : FIELDS
      const renamed = (filter: Filter): Filter =>
        JSON.parse(JSON.stringify(filter), (key, v) =>
          key === 'field' ? fields[FIELDS.indexOf(v as (typeof FIELDS)[number])] : v,
        ) as Filter
      const one = lists
        ? fc.option(fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 3 })), { nil: undefined })
        : some
      const docs = fc
        .sample(fc.tuple(one, one, one, one), { numRuns: 150, seed: 84 })
        .map((values) => nest({ ...Object.fromEntries(values.map((v, i) => [fields[i]!, v])), 'doc.is': true }))
      const items: Put<Document>[] = docs.map((doc, i) => ({ id: `d${i}`, doc, version: null }))
      const [here, there] = [documents.collection(collection), sqlite.collection(collection)] as Collection<Document>[]
      await here!.put(items)
      await there!.put(items)
      const orders = fc.sample(
        fc.array(fc.tuple(fc.constantFrom(...SORTED), fc.constantFrom('asc' as const, 'desc' as const)), {
          maxLength: 2,
        }),
        { numRuns: 50, seed: 3 },
      ) // prettier-ignore
      for (const [n, filter] of fc.sample(tree, { numRuns: 50, seed: 2026 }).map(renamed).entries()) {
        const sort = lists ? [] : orders[n]!.map(([field, order]) => ({ field, order }))
        const pages = async (from: Collection<Document>) => {
          const ids: string[] = []
          let cursor: string | undefined
          let total: number
          do {
            const page = await from.query(SYSTEM, { filter, sort, limit: 40, ...(cursor ? { cursor } : {}) })
            ids.push(...page.items.map(({ id }) => id))
            ;({ total, cursor } = page)
          } while (cursor)
          return { filter: JSON.stringify({ filter, sort }), ids, total }
        }
        const wanted = docs.flatMap((doc, i) => (compile(filter)(flatFields(doc)) ? [`d${i}`] : [])).sort()
        const got = await pages(here!)
        expect({ ...got, ids: got.ids.toSorted() }).toEqual({ ...got, ids: wanted, total: wanted.length })
        const order = await pages(there!)
        // A range over texts that are numbers SQLite does not find.
        if (order.total === got.total) {
          expect(got).toEqual(order)
          compared++
        }
        if (n % 4 !== 0) continue
        for (const by of [
          [fields[0]],
          [fields[2], fields[0]],
          [{ field: fields[1], every: 5, offset: 2 }, fields[2]],
        ]) {
          // SQLite tells the cases of a text apart where it counts in process, so the count is taken here.
          const counts = new Map<string, number>()
          for (const doc of docs) {
            const flat = flatFields(doc)
            if (!compile(filter)(flat)) continue
            let keys: (string | number | null)[][] = [[]]
            for (const each of by) {
              const field = typeof each === 'string' ? each : each.field
              const values =
                typeof each === 'string'
                  ? valuesOf(flat, field)
                  : typeof flat[field] === 'number' && asNumber(flat[field]) !== undefined
                    ? [Math.floor(((flat[field] as number) - 2) / 5) * 5 + 2]
                    : [] // prettier-ignore
              const set = new Set(values.map((v) => (typeof v === 'number' ? v || 0 : fold(String(v)))))
              keys = keys.flatMap((key) => (set.size ? [...set] : [null]).map((v) => [...key, v]))
            }
            for (const key of keys) counts.set(JSON.stringify(key), (counts.get(JSON.stringify(key)) ?? 0) + 1)
          }
          const got = await here!.aggregate(SYSTEM, { filter, by, limit: 1000 })
          expect([
            JSON.stringify({ filter, by }),
            got.map(({ key, count }) => [JSON.stringify(key), count]).sort(),
          ]).toEqual([JSON.stringify({ filter, by }), [...counts].sort()])
        }
      }
    }
    expect(compared).toBeGreaterThan(80)
    await sqlite.close()
    rmSync(folder, { recursive: true })
  })

  test('a document comes back as it went in, whatever is in it', async () => {
    const hostile: Document[] = [
      JSON.parse('{"__proto__": {"a": 1}, "constructor": "x", "a": {"__proto__": "p"}}') as Document,
      { '': 'no name', '.': 1, 'a..b': 2, '.a': 3, 'a.': 4, a: { '': { '': [] } } },
      { mixed: [1, 'x', null, { y: [[]] }, true], n: 1e308, i: 9_007_199_254_740_991, z: -0.1, no: null },
      { text: '\0\u001f\u2028\ufeff\u202e"\\', long: 'x'.repeat(300_000), lone: '\ud800', 'lone\udfff': 1 },
      { 'alert.status': 'x'.repeat(40_000), rule: { level: ['a', 5, true] }, 'organization.id': '\ud800' },
      { alert: { status: { deeper: 1 }, last: 'not a number', count: { $gt: '' } }, t: 1, id: 2, doc: 3, w: 4, odd: 5 },
      { 'alert.last': 1, alert: { last: 2 } },
      JSON.parse(`${'{"deep":'.repeat(400)}1${'}'.repeat(400)}`) as Document,
    ]
    const alerts = documents.collection('alerts')
    const ids = ['', 'x'.repeat(2000), 'sha256:x', '../_search?q=*', 'Đặng/1', '__proto__', 'a\nb', '\ud800']
    const items = hostile.map((doc, i) => ({ id: ids[i]!, doc, version: null }))
    const put = await alerts.put(items)
    expect(put.map(({ ok }) => ok)).toEqual(items.map(() => true))
    const { items: found } = await alerts.query(SYSTEM, { filter: not(exists('doc.is')), limit: 100 })
    for (const { id, doc } of items) {
      const got = await alerts.get(SYSTEM, id)
      expect(JSON.stringify(got?.doc)).toBe(JSON.stringify(doc))
      expect(found.map((each) => each.id)).toContain(got!.id)
    }
    expect((await alerts.put(items)).map(({ ok }) => ok)).toEqual(items.map(() => false))
    for (const { id } of items) expect(await alerts.delete(id, 'any')).toBe(true)
    for (const { id } of items) expect(await alerts.delete(id, 'any')).toBe(false)
  })

  test('filters that a server would refuse are decided in process', async () => {
    const audit = documents.collection('audit')
    await audit.put([{ id: '1', doc: { audit: { by: 'an' } }, version: null }])
    const deep = Array.from({ length: 201 }).reduce<Filter>((f) => and(not(f), EVERYTHING), eq('audit.by', 'an'))
    const wide = or(...Array.from({ length: 3000 }, (_, i) => eq('audit.by', `x${i}`)), eq('audit.by', 'AN'))
    const many = eq('audit.by', ...Array.from({ length: 70_000 }, (_, i) => `x${i}`), 'an')
    const long = contains('audit.by', 'x'.repeat(100_000))
    const wild: Filter = {
      op: 'like',
      field: 'audit.by',
      pattern: Array.from({ length: 200 }, (_, i) => (i % 2 ? ONE : ANY)),
    }
    for (const [filter, total] of [
      [deep, 0],
      [not(deep), 1],
      [wide, 1],
      [many, 1],
      [long, 0],
      [not(long), 1],
      [wild, 0],
    ] as const)
      expect((await audit.query(SYSTEM, { filter, limit: 1 })).total).toBe(total)
  })

  test('beyond ten thousand: pages, changes, buckets', async () => {
    const many = documents.collection('many')
    const COUNT = 12_345
    const items = Array.from(
      { length: COUNT },
      (_, i): Put<Document> => ({ id: `m${i}`, doc: { organization: { id: `o${i % 11_000}` }, i }, version: null }),
    ) // prettier-ignore
    expect((await many.put(items)).filter(({ ok }) => ok)).toHaveLength(COUNT)
    const seen = new Set<unknown>()
    let cursor: string | undefined
    do {
      const page = await many.query(SYSTEM, {
        filter: EVERYTHING,
        sort: [{ field: 'organization.id', order: 'desc' }],
        limit: 5000,
        ...(cursor ? { cursor } : {}),
      }) // prettier-ignore
      expect(page.total).toBe(COUNT)
      for (const { doc } of page.items) seen.add(doc['i'])
      cursor = page.cursor
    } while (cursor)
    expect(seen.size).toBe(COUNT)
    const inexact = await many.query(SYSTEM, { filter: { op: 'range', field: 'i', gte: 12_000 }, limit: 10 })
    expect(inexact.total).toBe(345)
    const buckets = await many.aggregate(SYSTEM, { filter: EVERYTHING, by: ['organization.id'], limit: 20_000 })
    expect(buckets).toHaveLength(11_000)
    expect(buckets.reduce((sum, { count }) => sum + count, 0)).toBe(COUNT)
    expect((await many.aggregate(SYSTEM, { filter: EVERYTHING, by: ['i'], limit: 20_000 })).length).toBe(COUNT)
    const changed: unknown[] = []
    let seq = 0
    for (;;) {
      const changes = await many.changesSince(SYSTEM, seq, 2000)
      if (changes.items.length === 0) break
      changed.push(...changes.items.map(({ doc }) => doc['i']))
      seq = changes.seq
    }
    expect(changed).toEqual(items.map(({ doc }) => doc['i']))
    expect(seq).toBe(await many.newest())
  })

  test('whoever follows the changes while many write misses none', async () => {
    const followed = documents.collection('followed')
    const WRITERS = 8
    const EACH = 25
    const seen = new Set<string>()
    let seq = await followed.newest()
    let writing = true
    const follow = (async () => {
      for (let last = false; !last; ) {
        last = !writing
        const changes = await followed.changesSince(SYSTEM, seq, 7)
        for (const { id, seq: at } of changes.items) {
          expect(at).toBeGreaterThan(seq)
          seen.add(id)
        }
        ;({ seq } = changes)
        if (changes.items.length > 0) last = false
      }
    })()
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, w) => {
        for (let i = 0; i < EACH; i++)
          await followed.put(Array.from({ length: 3 }, (_, k) => ({ id: `${w}-${i}-${k}`, doc: {}, version: null })))
      }),
    )
    writing = false
    await follow
    expect(seen.size).toBe(WRITERS * EACH * 3)
  })

  test('many change one document by its version: no change is lost', async () => {
    const counters = documents.collection('counters')
    await counters.put([{ id: 'n', doc: { n: 0 }, version: null }])
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        for (let done = 0; done < 10; ) {
          const { doc, version } = (await counters.get(SYSTEM, 'n'))!
          const [result] = await counters.put([{ id: 'n', doc: { n: Number(doc['n']) + 1 }, version }])
          if (result!.ok) done++
        }
      }),
    )
    expect((await counters.get(SYSTEM, 'n'))?.doc['n']).toBe(60)
    // 'any' does not care, and one batch may name a document twice.
    const any = await Promise.all(
      Array.from({ length: 5 }, (_, w) =>
        counters.put(
          Array.from({ length: 6 }, (_, i) => ({ id: `x${i % 2}`, doc: { w, i }, version: 'any' as const })),
        ),
      ),
    )
    expect(any.flat().every(({ ok }) => ok)).toBe(true)
  })

  test('fields that a later version searches are filled for the documents that are there', async () => {
    const index = `${prefix}-d-incidents-of-old`
    const old = openDocuments({ client, prefix }).collection('incidents-of-old')
    await old.put(
      Array.from({ length: 600 }, (_, i) => ({ id: `${i}`, doc: { 'organization.id': `o${i % 3}` }, version: null })),
    )
    // As an earlier version left it: nothing beside the document.
    await client.indices.putMapping({ index, _meta: { fields: [] } })
    await client.indices.refresh({ index })
    const { hits } = await client.search<{ id: string; doc: Document }>({ index, size: 1000 })
    await client.bulk({
      index,
      operations: hits.hits.flatMap((hit) => [
        { index: { _id: hit._id! } },
        { id: hit._source!.id, doc: hit._source!.doc, w: '' },
      ]), // prettier-ignore
    })
    const now = openDocuments({ client, prefix }).collection('incidents-of-old')
    expect((await now.query(SYSTEM, { filter: eq('organization.id', 'O1'), limit: 1 })).total).toBe(200)
  })

  test('a cursor that is none, a field that nothing is sorted by, a name that is none: a sentence', async () => {
    const alerts = documents.collection('alerts')
    for (const cursor of ['', '{', '[]', '[{}]', '[1,2,3]'])
      await expect(alerts.query(SYSTEM, { filter: EVERYTHING, limit: 1, cursor })).rejects.toThrow(
        /begin again at the first page/,
      )
    await expect(
      alerts.query(SYSTEM, { filter: EVERYTHING, limit: 1, sort: [{ field: 'nope', order: 'asc' }] }),
    ).rejects.toThrow(/cannot be sorted by "nope"/)
    for (const name of ['', 'A', '*', '../x', 'a,b', '-x'])
      expect(() => documents.collection(name)).toThrow(/cannot name a collection/)
  })
})
