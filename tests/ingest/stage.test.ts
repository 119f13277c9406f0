/** The parse stage: several events of a line, lines that are one event, what is remembered of each stream. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { gatherLines, type Lines, splitLines } from '../../ingest/collect/lines.ts'
import type { Event } from '../../ingest/event.ts'
import type { Memory } from '../../ingest/memory.ts'
import { EVENT, type Joiner, type Parse, SKIP } from '../../ingest/parsers/parser.ts'
import { field } from '../../ingest/row/handles.ts'
import { Row } from '../../ingest/row/row.ts'
import { eventSink } from '../../ingest/row/sink.ts'
import { openStage } from '../../ingest/stage.ts'
import { runs } from '../random.ts'

const [TIME, MESSAGE] = ['@timestamp', 'message'].map(field) as [number, number]
const source = {
  id: 'thu',
  parser: 'thu',
  timezone: 'UTC',
  silent: 15,
  collect: { kind: 'file', path: '', start: 'beginning' },
} as const
const stageOf = (parse: Parse, joiner?: Joiner) =>
  openStage({ source, parse, joiner, enrich: () => {}, sink: eventSink(), history: false, row: new Row() })
const whole: Parse = (row, from, to) => {
  row.long(TIME, 1000)
  row.text(MESSAGE, from, to)
  return EVENT
}
const lines = (text: string, from = 0): Lines => splitLines(Buffer.from(text), from, true).lines
const seen = (events: readonly Event[]) => events.map((event) => [event['event.id'], event['message']])

test('a line gives several events: the first keeps the id of the line, further ones are numbered', () => {
  const parse: Parse = (row, from, to, context) => {
    const words = row.slice(from, to).split(',')
    for (const [i, word] of words.entries()) {
      if (i > 0) context.next()
      row.long(TIME, 1000)
      row.string(MESSAGE, word)
    }
    return EVENT
  }
  const { packed, rows } = stageOf(parse)({ lines: lines('a,b,c\nd\n'), from: 0, prefix: 'p', now: 0, memory: [] })
  expect(rows).toBe(4)
  expect(seen(packed)).toEqual([
    ['p-0', 'a'],
    ['p-0.1', 'b'],
    ['p-0.2', 'c'],
    ['p-6', 'd'],
  ])
  expect(packed.map((event) => event['event.original'])).toEqual(['a,b,c', 'a,b,c', 'a,b,c', 'd'])
})
test('more events of one line than a chunk has room for', () => {
  const parse: Parse = (row, _from, _to, context) => {
    for (let i = 0; i < 5000; i++) {
      if (i > 0) context.next()
      row.long(TIME, i)
    }
    return EVENT
  }
  const { packed } = stageOf(parse)({ lines: lines('x\n'), from: 0, prefix: 'p', now: 0, memory: [] })
  expect(packed.length).toBe(5000)
  expect(packed.at(-1)).toMatchObject({ 'event.id': 'p-0.4999', 'event.original': 'x' })
})

const remembering: Parse = (row, from, to, context) => {
  if (row.bytes[from] === 35) {
    context.state = { head: row.slice(from + 1, to) }
    return SKIP
  }
  row.long(TIME, 1000)
  row.string(MESSAGE, `${context.state?.['head'] ?? '-'} ${row.slice(from, to)}`)
  return EVENT
}
test('what a parser remembers is kept by sender and stream', () => {
  const sent: readonly (readonly [string, string | undefined, string])[] = [
    ['10.0.0.1', undefined, '#A'],
    ['10.0.0.2', undefined, '#B'],
    ['10.0.0.1', undefined, 'x'],
    ['10.0.0.2', undefined, 'y'],
    ['10.0.0.1', 'W3SVC2', '#C'],
    ['10.0.0.1', undefined, 'x'],
    ['10.0.0.1', 'W3SVC2', 'z'],
    ['10.0.0.3', undefined, 'nobody said'],
  ]
  const bytes = Buffer.from(sent.map(([, , text]) => text).join(''))
  const gathered = gatherLines(bytes)
  let at = 0
  for (const [address, stream, text] of sent) {
    gathered.add(at, at + text.length, at + text.length)
    gathered.sent(5, { address, ...(stream === undefined ? {} : { stream }) })
    at += text.length
  }
  const made = stageOf(remembering)({ lines: gathered.lines(), from: 0, prefix: 'p', now: 0, memory: [] })
  expect(made.packed.map((event) => event['message'])).toEqual(['A x', 'B y', 'A x', 'C z', '- nobody said'])
  expect(made.memory).toEqual([
    ['10.0.0.1', { head: 'A' }],
    ['10.0.0.2', { head: 'B' }],
    ['10.0.0.1 W3SVC2', { head: 'C' }],
  ])
  expect(made.changes.map(({ stream, position, state }) => [stream, position, state])).toEqual([
    ['10.0.0.1', 0, { head: 'A' }],
    ['10.0.0.2', 2, { head: 'B' }],
    ['10.0.0.1 W3SVC2', 6, { head: 'C' }],
  ])
})
test('ten thousand made-up senders are forgotten again, the longest unused first, and counted', () => {
  let memory: Memory = []
  let forgotten = 0
  for (let n = 0; n < 10_000; n += 500) {
    const gathered = gatherLines(Buffer.from('#A'))
    for (let i = n; i < n + 500; i++) {
      gathered.add(0, 2, i)
      gathered.sent(5, { address: `10.1.${i >> 8}.${i & 255}` })
    }
    const made = stageOf(remembering)({ lines: gathered.lines(), from: n, prefix: 'p', now: 0, memory })
    memory = made.memory
    forgotten += made.forgotten
  }
  expect(memory.length).toBeLessThanOrEqual(1000)
  expect(JSON.stringify(memory).length).toBeLessThan(80 * 1024)
  expect(forgotten + memory.length).toBe(10_000)
  expect(memory.at(-1)![0]).toBe('10.1.39.15')
})

// ---- lines that are one event: `N+ text` begins, `N  text` goes on, `N. text` ends event N; several are written at once
const joiner: Joiner = {
  begins: (bytes, from) => bytes[from + 1] === 43,
  ends: (bytes, from) => bytes[from + 1] === 46,
  key: (_, from) => [from, from + 1],
}
const joinedLines = fc
  .array(
    fc.tuple(fc.constantFrom('1', '2', '3'), fc.constantFrom('+', ' ', ' ', '.'), fc.constantFrom('a', 'đ', '"', '')),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((lines) => lines.map(([key, mark, text]) => `${key}${mark}${text}\n`))

test('lines that are one event, cut anywhere and killed anywhere: every line in one event, once', () => {
  fc.assert(
    fc.property(
      joinedLines,
      fc.array(fc.nat(40), { maxLength: 12 }),
      fc.array(fc.boolean(), { maxLength: 12 }),
      (texts, cuts, kills) => {
        const all = texts.join('')
        const calm = stageOf(whole, joiner)
        const wanted = calm({
          lines: lines(all),
          from: 0,
          prefix: 'p',
          now: 0,
          memory: [],
          begin: { taken: [] },
          rested: true,
        }).packed
        const stored: Event[] = []
        // What is committed: where reading goes on, and what is taken beyond it.
        let committed: { position: number; taken: readonly (readonly [number, number])[] } = { position: 0, taken: [] }
        let stage = stageOf(whole, joiner)
        let at = 0
        let begin: { taken: readonly (readonly [number, number])[] } | undefined = { taken: [] }
        for (let n = 0; at < Buffer.byteLength(all) || n < cuts.length; n++) {
          const ends = [...all.matchAll(/\n/g)].map(({ index }) => Buffer.byteLength(all.slice(0, index + 1)))
          const bytes = Buffer.from(all)
          const later = ends.filter((end) => end > at)
          if (later.length === 0) break
          const to = later[Math.min(later.length - 1, cuts[n] ?? 3)]!
          const made = stage({
            lines: splitLines(bytes.subarray(at, to), at, true).lines,
            from: at,
            prefix: 'p',
            now: 0,
            memory: [],
            ...(begin ? { begin } : {}),
          })
          begin = undefined
          if (kills[n] === true) {
            // Nothing of it was committed.
            stage = stageOf(whole, joiner)
            at = committed.position
            begin = { taken: committed.taken }
            continue
          }
          stored.push(...made.packed)
          committed = made.offset!
          at = to
        }
        stored.push(
          ...stage({
            lines: lines(''),
            from: at,
            prefix: 'p',
            now: 0,
            memory: [],
            ...(begin ? { begin } : {}),
            rested: true,
          }).packed,
        )
        const sorted = (events: readonly Event[]) => JSON.stringify(seen(events).sort())
        expect(sorted(stored)).toBe(sorted(wanted))
      },
    ),
    { numRuns: runs(120) },
  )
})
test('an event that does not end is kept at half a megabyte', () => {
  const text = `1+x\n${`1 ${'y'.repeat(9998)}\n`.repeat(60)}`
  const made = stageOf(
    whole,
    joiner,
  )({ lines: lines(text), from: 0, prefix: 'p', now: 0, memory: [], begin: { taken: [] } })
  expect(made.packed.length).toBe(1)
  expect(String(made.packed[0]!['event.original']).length).toBeGreaterThan(512 * 1024)
  expect(made.offset!.position).toBeLessThan(Buffer.byteLength(text))
})
test('the raw lines of an event are kept as they came', () => {
  const text = '{"log":"1+a\\n","stream":"stdout","time":"x"}\n{"log":"1.b\\n","stream":"stdout","time":"x"}\n'
  const made = stageOf(
    whole,
    joiner,
  )({ lines: lines(text), from: 0, prefix: 'p', now: 0, memory: [], begin: { taken: [] } })
  expect(made.packed).toMatchObject([{ message: '1+a\n1.b', 'event.original': text.trimEnd() }])
})

describe('a line that is no text: its bytes are kept beside what is read of it', () => {
  const OWN = 'vonglau.original.base64'
  const nuls = (count: number, text: string) => `${text}${'\0'.repeat(count)}${text}`
  const staged = (bytes: Buffer, its?: Joiner) =>
    stageOf(
      whole,
      its,
    )({
      lines: splitLines(bytes, 0, true).lines,
      from: 0,
      prefix: 'p',
      now: 0,
      memory: [],
      ...(its ? { begin: { taken: [] } } : {}),
    }).packed.map((event) => [event['message'], event['event.original'], event[OWN]])
  test.each([
    ['NULs', nuls(5000, 'ký tự'), 'ký tự\ufffdký tự'],
    ['other control characters', `a${'\x01\x1f'.repeat(3000)}b\x02c`, 'a\ufffdb\ufffdc'],
    ['NULs between letters', 'a\0'.repeat(3000), 'a\ufffd'.repeat(3000)],
  ])('%s', (_name, text, read) => {
    const line = Buffer.from(text)
    expect(staged(Buffer.from(`x\n${text}\ny\n`))).toEqual([
      ['x', 'x', undefined],
      [read, read, line.toString('base64')],
      ['y', 'y', undefined],
    ])
  })
  test('NULs in what is not UTF-8 either', () => {
    const line = Buffer.concat([Buffer.from([0xff]), Buffer.alloc(5000), Buffer.from([0xe9, 97])])
    expect(staged(line)).toEqual([['\ufffd\ufffd\ufffda', '\ufffd\ufffd\ufffda', line.toString('base64')]])
  })
  test.each([
    ['a short line of them', nuls(4000, 'a')],
    ['a few in a long line', nuls(400, 'a'.repeat(3000))],
    ['tabs', '\t'.repeat(9000)],
  ])('%s stays as it came', (_name, text) => {
    expect(staged(Buffer.from(text))).toEqual([[text, text, undefined]])
  })
  test('where lines are joined, the bytes of all of them', () => {
    const first = Buffer.from('1+a')
    const second = Buffer.concat([Buffer.from('1 '), Buffer.alloc(5000)])
    const third = Buffer.from('1.b')
    const bytes = Buffer.concat([first, second, third].flatMap((line) => [line, Buffer.from('\n')]))
    const text = '1+a\n1 \ufffd\n1.b'
    expect(staged(bytes, joiner)).toEqual([[text, text, bytes.subarray(0, -1).toString('base64')]])
  })
})

test('a time more than a day ahead is replaced by arrival, unless the clock of the arrival is doubted', () => {
  const ahead = 30 * 86_400_000
  const parse: Parse = (row) => {
    row.long(TIME, ahead)
    return EVENT
  }
  const timesAt = (now: number) =>
    stageOf(parse)({ lines: lines('a\n'), from: 0, prefix: 'p', now, memory: [] }).packed.map(
      (event) => event['@timestamp'],
    )
  expect(timesAt(5000)).toEqual([5000])
  // As `Clock.arrival` marks it.
  expect(timesAt(1e15 + 5000)).toEqual([ahead])
})
