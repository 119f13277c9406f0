/** The body of a bulk request, and the ids that documents are known by. */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { givenId } from '../../../ingest/event-id.ts'
import { answerBulk as answerText, type Bulk, lineOfDocument, readBulk } from '../../../ingest/collect/bulk.ts'
import { credentialsOf } from '../../../ingest/collect/elastic.ts'
import { spoolFeed } from '../../../ingest/collect/feed.ts'
import { Frames } from '../../../ingest/collect/frames.ts'
import { KNOWN_FOR, openSeen } from '../../../ingest/collect/seen.ts'
import { openSpool } from '../../../ingest/collect/spool.ts'
import { openPlace, type Place } from '../../faults/place.ts'

type Items = Record<string, { status: number; error?: object; result?: string }>[]
const answerBulk = async (bulk: Bulk, taken: { repeated?: readonly boolean[] }, took: number) =>
  JSON.parse(await answerText(bulk, taken, took)) as { errors: boolean; took: number; items: Items }
const framesOf = (...texts: string[]) => Frames.of(texts.map((text) => Buffer.from(text)))

describe('the line of a document', () => {
  test.each([
    ['Beats', { '@timestamp': '2026-11-21T07:00:00Z', message: 'a line', agent: { type: 'filebeat' } }, 'a line'],
    ['Logstash, with the line before its filters', { message: 'changed', event: { original: 'a line' } }, 'a line'],
    ['the same, dotted', { message: 'changed', 'event.original': 'a line' }, 'a line'],
    ['Fluent Bit, its ending too', { log: 'a line\r\n', date: 1 }, 'a line'],
    ['of several lines', { message: 'one\ntwo\n' }, 'one\ntwo'],
    ['an empty message', { message: '', log: 'a line' }, 'a line'],
  ])('%s', (_, document, line) => {
    expect(lineOfDocument(Buffer.from(JSON.stringify(document))).toString()).toBe(line)
  })
  test.each(['{"a":1}', '{"message":{"a":1}}', '[]', 'null', '"text"', '{"message":', 'no JSON'])(
    'none in %s: it is the line itself',
    (text) => expect(lineOfDocument(Buffer.from(text)).toString()).toBe(text),
  )
})

describe('a body', () => {
  test('create, index, a number as id, update and delete between them', async () => {
    const body = framesOf(
      '{"create":{"_index":"logs-a","_id":"k1"}}',
      '{"message":"one"}',
      '{"update":{"_id":"k1"}}',
      '{"doc":{"message":"changed"}}',
      '{"index":{}}',
      '{"message":"two"}',
      '{"delete":{"_id":"k1"}}',
      '{"index":{"_id":7}}',
      '{"message":"three"}',
    )
    const bulk = await readBulk(body, 'logs', false)
    if (typeof bulk === 'string') throw new Error(bulk)
    expect(bulk.documents.map(String)).toEqual(['one', 'two', 'three'])
    expect(bulk.names.map(({ given }) => given)).toEqual([true, false, true])
    expect(bulk.names[0]).toEqual({ id: givenId('k1'), given: true })
    const answer = await answerBulk(bulk, { repeated: [false, false, true] }, 3)
    expect(answer.errors).toBe(true)
    expect(answer.items.map((item) => Object.entries(item).map(([action, { status }]) => [action, status])[0])).toEqual(
      [
        ['create', 201],
        ['update', 400],
        ['index', 201],
        ['delete', 400],
        ['index', 200],
      ],
    )
    expect(answer.items[0]).toMatchObject({ create: { _index: 'logs-a', _id: 'k1', result: 'created' } })
    expect(answer.items[4]).toMatchObject({ index: { _index: 'logs', _id: '7', result: 'noop' } })
  })
  test('what was created before is a conflict, as Elasticsearch says it', async () => {
    const bulk = await readBulk(framesOf('{"create":{"_id":"a"}}', '{}'), 'logs', true)
    if (typeof bulk === 'string') throw new Error(bulk)
    expect(await answerBulk(bulk, { repeated: [true] }, 0)).toMatchObject({
      errors: true,
      items: [{ create: { status: 409, error: { type: 'version_conflict_engine_exception' } } }],
    })
    expect((await answerBulk(bulk, {}, 0)).errors).toBe(false)
  })
  test('no two ids are one: numbers that are rounded, halves of surrogates, bytes that are no text', async () => {
    const ids = [
      '12345678901234567891',
      '12345678901234567892',
      '1e999',
      '2e999',
      '7',
      String.raw`"\ud800"`,
      String.raw`"\ud801"`,
      '"\ufffd"',
      Buffer.from([0x22, 0xff, 0x22]),
      Buffer.from([0x22, 0xfe, 0x22]),
    ]
    const action = (id: string | Buffer) =>
      Buffer.concat([Buffer.from('{"index":{"_id":'), Buffer.from(id as string), Buffer.from('}}')])
    const read = async (some: readonly (string | Buffer)[]) => {
      const bulk = await readBulk(Frames.of(some.flatMap((id) => [action(id), Buffer.from('{}')])), 'logs', true)
      if (typeof bulk === 'string') throw new Error(bulk)
      return bulk.names.map(({ id }) => id)
    }
    const first = await read(ids)
    expect(new Set(first).size).toBe(ids.length)
    expect(await read(ids)).toEqual(first)
    expect(await read(['7'])).toEqual(await read(['"7"']))
  })
  test('60 MB of brackets, as document and as action, hold nobody up', async () => {
    const deep = Buffer.from(`{"message":${'['.repeat(30e6)}${']'.repeat(30e6)}}`)
    const bulk = await readBulk(Frames.of([Buffer.from('{"index":{}}'), deep]), 'logs', false)
    expect(typeof bulk !== 'string' && bulk.documents[0]!.equals(deep)).toBe(true)
    expect(await readBulk(Frames.of([deep, deep]), 'logs', false)).toMatch(/^line 1 of the body is no action/)
  })
  test('an answer of more items than are made without a pause is one list', async () => {
    const texts = Array.from({ length: 5000 }, (_, n) => [`{"create":{"_id":${n}}}`, '{}']).flat()
    const bulk = await readBulk(framesOf(...texts), 'logs', true)
    if (typeof bulk === 'string') throw new Error(bulk)
    const repeated = bulk.names.map((_, n) => n === 4999)
    const answer = await answerBulk(bulk, { repeated }, 3)
    expect(answer.errors).toBe(true)
    expect(answer.items.map((item) => item['create']!.status)).toEqual(repeated.map((again) => (again ? 409 : 201)))
  })
  test('an _id of 600 characters is refused alone', async () => {
    const long = JSON.stringify({ index: { _id: 'x'.repeat(600) } })
    const bulk = await readBulk(framesOf(long, '{"message":"a"}', '{"index":{}}', '{"message":"b"}'), 'logs', false)
    if (typeof bulk === 'string') throw new Error(bulk)
    expect(bulk.documents.map(String)).toEqual(['b'])
    expect((await answerBulk(bulk, {}, 0)).items[0]).toMatchObject({ index: { status: 400 } })
  })
  test.each([
    [['{"message":"a"}'], /^line 1 of the body is no action/],
    [['{"index":{}}', '{}', '{"a":{}}', '{}'], /^line 3 of the body is no action/],
    [['{"index":{},"create":{}}', '{}'], /^line 1 of the body is no action/],
    [['{"index":[]}', '{}'], /^line 1/],
    [['[]'], /^line 1/],
    [['{"__proto__":{}}', '{}'], /^line 1/],
    [['{"index":{}}'], /^the document of line 1 of the body is missing/],
  ])('%j is refused as a whole', async (texts, sentence) => {
    expect(await readBulk(framesOf(...texts), 'logs', true)).toMatch(sentence)
  })
})

test.each([
  [`Basic ${btoa('web:a:secret')}`, { user: 'web', secret: 'a:secret' }],
  [`ApiKey ${btoa('web:key')}`, { user: 'web', secret: 'key' }],
  ['bearer key', { user: undefined, secret: 'key' }],
  [`Basic ${btoa('no colon')}`, undefined],
  ['Digest a', undefined],
  ['', undefined],
  [undefined, undefined],
])('credentials of %s', (header, expected) => expect(credentialsOf(header)).toEqual(expected))

describe('ids that were seen', () => {
  test('has, add and remove are those of a map with times, over any calls', () => {
    const id = fc.integer({ min: 0, max: 40 }).map((n) => givenId(`${n}`))
    const call = fc.record({
      what: fc.constantFrom('add', 'has', 'remove'),
      id,
      later: fc.constantFrom(0, 1000, KNOWN_FOR / 2, KNOWN_FOR),
    })
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const seen = openSeen()
        const model = new Map<string, number>()
        let now = 1_700_000_000_000
        for (const { what, id, later } of calls) {
          now += later
          if (what === 'add') {
            seen.add(id, now)
            model.set(id, now)
          } else if (what === 'remove') {
            seen.remove(id)
            model.delete(id)
          } else expect(seen.has(id, now)).toBe(model.has(id) && model.get(id)! > now - KNOWN_FOR)
        }
      }),
    )
  })
  test('it grows, and too many in a day forget the older half, counted', () => {
    const seen = openSeen(2000)
    for (let n = 0; n < 5000; n++) seen.add(`${n}`, 1_700_000_000_000 + n * 1000)
    const now = 1_700_000_000_000 + 5_000_000
    expect(seen.has('4999', now)).toBe(true)
    expect(seen.has('0', now)).toBe(false)
    let known = 0
    for (let n = 0; n < 5000; n++) if (seen.has(`${n}`, now)) known++
    expect(known).toBe(5000 - seen.forgotten())
    expect(seen.forgotten()).toBeGreaterThan(0)
  })
})

describe('the spool', () => {
  let place: Place
  beforeEach(() => {
    place = openPlace()
  })
  afterEach(() => place.remove())
  const named = (id: string, given = true) => ({ id: givenId(id), given })

  test('an id that was seen adds nothing, over a restart, for a day; at once in two requests too', async () => {
    let now = Date.now()
    const folder = place.path('spool')
    const first = openSpool(folder, () => now, 0)
    const twice = await Promise.all(
      [1, 2].map(() => first.appendNamed([Buffer.from('a'), Buffer.from('b')], '192.0.2.7', [named('1'), named('2')])),
    )
    expect(twice).toEqual([
      { accepted: 2, repeated: [false, false] },
      { accepted: 0, repeated: [true, true] },
    ])
    await first.appendNamed([Buffer.from('of us'), Buffer.from('c')], '192.0.2.7', [named('2', false), named('3')])
    await first.append([Buffer.from('plain')], '192.0.2.7')
    await first.close()
    const second = openSpool(folder, () => now, 0)
    const again = () => second.appendNamed([Buffer.from('a'), Buffer.from('d')], '::1', [named('1'), named('4')])
    expect((await again()).repeated).toEqual([true, false])
    now += KNOWN_FOR + 2000
    expect((await again()).repeated).toEqual([false, false])
    const read: [string, string | undefined][] = []
    for (const { id } of second.segments()) {
      const feed = await spoolFeed(second, id, id, 0)
      for (let chunk = await feed.next(); chunk; chunk = await feed.next()) {
        const { bytes, count, from, to, ids } = chunk.lines
        for (let i = 0; i < count; i++) read.push([Buffer.from(bytes.subarray(from[i]!, to[i])).toString(), ids?.[i]])
      }
      await feed.close()
    }
    await second.close()
    expect(read).toEqual([
      ['a', givenId('1')],
      ['b', givenId('2')],
      ['of us', givenId('2')],
      ['c', givenId('3')],
      ['plain', undefined],
      ['d', givenId('4')],
      ['a', givenId('1')],
      ['d', givenId('4')],
    ])
  })
  test('of more documents than are written without a pause each is there once, with its id', async () => {
    const spool = openSpool(place.path('spool'), Date.now, 0)
    const all = Array.from({ length: 2500 }, (_, n) => n % 2000)
    const names = all.map((n) => named(`${n}`))
    const taken = await spool.appendNamed(
      all.map((n) => Buffer.from(`line ${n}`)),
      '::1',
      names,
    ) // prettier-ignore
    expect(taken.accepted).toBe(2000)
    expect(taken.repeated).toEqual(all.map((_, i) => i >= 2000))
    await spool.append([Buffer.from('of a stream')], '::1', { stream: '~site/u_ex.log', from: 0, to: 12, ends: [12] })
    const feed = await spoolFeed(spool, spool.segments()[0]!.id, 'a', 0)
    const read: (string | undefined)[] = []
    for (let chunk = await feed.next(); chunk; chunk = await feed.next()) {
      const { bytes, count, from, to, ids, senders, sender } = chunk.lines
      for (let i = 0; i < count; i++)
        read.push(`${Buffer.from(bytes.subarray(from[i]!, to[i]))} ${ids?.[i] ?? senders![sender![i]!]!.stream}`)
    }
    await feed.close()
    await spool.close()
    expect(read).toEqual([
      ...Array.from({ length: 2000 }, (_, n) => `line ${n} ${givenId(`${n}`)}`),
      'of a stream ~site/u_ex.log',
    ])
  })
})
