/** One pass for many filters says what the tree says of each: random filters over random events, and the catalog over its own. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { and, ANY, contains, eq, exists, type Filter, ONE } from '../../ingest/store/filter.ts'
import { Row } from '../../ingest/row/row.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { clausesOfPattern, clausesOfRegex } from '../../rules/engine/literals.ts'
import { openRowEngine } from '../../rules/engine/rows.ts'
import { Words } from '../../rules/engine/words.ts'
import { CATALOG, loadRules, pathOf, ruleFiles } from '../../rules/load.ts'
import { eventOf, words } from './events.ts'
import { compared, EVENT, FILTER, GUARDED, OF_A_KIND, told, WORD } from './filters.ts'

describe('pass and tree agree', () => {
  test.each([1, 2, 3, 4])('random filters of any shape over random events, seed %i', (seed) => {
    const filters = fc.sample(FILTER, { numRuns: 300, seed })
    const events = fc.sample(EVENT, { numRuns: 500, seed: seed + 100 })
    const { differ, holding } = compared(filters, events)
    expect(differ).toEqual([])
    expect(holding).toBeGreaterThan(20_000)
  })

  test.each([
    // Few kinds, each with its plan; more than there are plans for.
    [11, 12],
    [12, 300],
  ])('random filters of logsources over events of kinds, seed %i, %i filters', (seed, count) => {
    const filters = fc.sample(GUARDED, { numRuns: count, seed })
    const events = fc.sample(OF_A_KIND, { numRuns: Math.floor(150_000 / (count + 100)), seed: seed + 100 })
    const { differ, holding } = compared(filters, events)
    expect(differ).toEqual([])
    expect(holding).toBeGreaterThan(300)
  })

  test('the catalog over the events beside its rules', () => {
    type Line = { event?: Event; source?: string; line?: string; events?: Line[] }
    const eventsOf = ({ event, source, line, events }: Line): Event[] =>
      events ? events.flatMap(eventsOf) : event ? [event] : [eventOf(source!, line!.replace(/\{\w+\}/g, '7')) ?? {}]
    const lines = ruleFiles(CATALOG)
      .map((file) => pathOf(file).replace(/\.yml$/, '.events.ndjson'))
      .flatMap((file) => readFileSync(file, 'utf8').trim().split('\n'))
    const rules = loadRules(undefined, LOGSOURCES, words)
    const { differ, holding } = compared(
      rules.flatMap(({ filter, endsWith }) => (endsWith ? [filter, endsWith] : [filter])),
      lines.flatMap((line) => eventsOf(JSON.parse(line) as Line)),
    )
    expect(differ).toEqual([])
    expect(holding).toBeGreaterThan(rules.length)
  })

  test('rules that none of their words can be looked for are few, and known by name', () => {
    const rules = loadRules(undefined, LOGSOURCES, words)
    expect(openEngine(rules.map(({ filter }) => filter)).blind.map((i) => rules[i]!.id)).toEqual([])
    const blind = [
      { op: 'regex', field: 'url.original', source: '[0-9]+.[0-9]+' },
      { op: 'not', of: { op: 'exists', field: 'user.name' } },
      { op: 'exists', field: 'user.name' },
      { op: 'in', field: 'user.name', values: ['admin'] },
    ] as const
    expect(openEngine(blind).blind).toEqual([0, 1, 2])
  })
})

describe('where a text lies is remembered of a row, and not longer than it is the same text', () => {
  const found = (filter: Filter, rows: readonly ((row: Row) => void)[]): boolean[] => {
    const row = new Row()
    const engine = openRowEngine([filter])
    return rows.map((say) => {
      row.begin()
      say(row)
      return told((tell) => engine.match(row, tell)).found.has(0)
    })
  }
  const text = (name: string, value: string, chunk: 'same' | 'next') => (row: Row) => {
    if (chunk === 'next') row.reset()
    row.string(row.field(name), value)
  }
  test.each<[string, Filter, readonly ((row: Row) => void)[], readonly boolean[]]>([
    [
      'words of the next chunk',
      contains('url.path', 'passwd'),
      [text('url.path', '/nothing', 'next'), text('url.path', '/passwd!', 'next')],
      [false, true],
    ],
    [
      'kinds of the next chunk',
      and(eq('event.dataset', 'iis'), exists('event.dataset')),
      [
        text('event.dataset', 'iix', 'next'),
        text('event.dataset', 'iis', 'next'),
        text('event.dataset', 'iis', 'same'),
      ],
      [false, true, true],
    ],
    [
      'a text of the line before',
      contains('*', 'passwd'),
      [
        (row) => {
          row.reset()
          const from = row.write('/passwd')
          row.text(row.field('event.original'), from, row.at)
          row.text(row.field('url.path'), from, row.at)
        },
        (row) => {
          row.text(row.field('url.path'), 0, '/passwd'.length)
          row.string(row.field('event.original'), 'another line')
        },
      ],
      [true, true],
    ],
  ])('%s', (_, filter, rows, expected) => expect(found(filter, rows)).toEqual(expected))
})

describe('what a text must hold', () => {
  test.each([
    ['union.{1,9}select', [['union'], ['select']]],
    ['wget|whoami', [['wget', 'whoami']]],
    ['(?i)etc/(passwd|shadow)', [['etc/passwd', 'etc/shadow']]],
    ['a+b', [['a'], ['b']]],
    ['(abc)?', []],
    ['[ab]c', [['ac', 'bc']]],
    ['x{2,3}y', [['xx'], ['y']]],
    ['sh\\s', [['sh\t', 'sh\n', 'sh\f', 'sh\r', 'sh ']]],
    ['-d[\\s+]', [['-d\t', '-d\n', '-d\f', '-d\r', '-d ', '-d+']]],
    ['union\\s+select', [['\t', '\n', '\f', '\r', ' '], ['union'], ['select']]],
    ['\\x41b', [['ab']]],
    ['(?s:.)', []],
    ['Σ', []],
  ])('%s', (source, clauses) => expect(clausesOfRegex(source)).toEqual(clauses))
  test('of a pattern, of each part', () => {
    expect(clausesOfPattern([ANY, 'Đăng', ONE, 'ΣNhập'])).toEqual([['đăng'], ['nhập']])
  })
})

describe('words in a text', () => {
  const lookedFor = (own: readonly string[]) => {
    const all = new Words(own)
    const told = (scan: (found: (word: number) => void) => void) => {
      const out = new Set<string>()
      scan((word) => out.add(own[word]!))
      return [...out].sort()
    }
    return {
      inText: (text: string) => told((found) => all.scan(text, found)),
      inBytes: (bytes: Uint8Array) => told((found) => all.scanBytes(bytes, 0, bytes.length, found)),
    }
  }

  test.each([
    ['uSHErs', ['he', 'hers', 'she']],
    ['ĐĂNG \u212aelvin', ['kelvin', 'đăng']],
    ['x', []],
  ])('%s: whatever the case, one within another too', (text, expected) => {
    const { inText, inBytes } = lookedFor(['he', 'she', 'hers', 'đăng', 'kelvin'])
    expect(inText(text)).toEqual(expected)
    expect(inBytes(Buffer.from(text))).toEqual(expected)
  })
  test('none are looked for', () => {
    const { inText, inBytes } = lookedFor([])
    expect(inText('text')).toEqual([])
    expect(inBytes(Buffer.from('text'))).toEqual([])
  })
  test('bytes of any kind hold what their text holds', () => {
    const piece = fc.oneof(
      WORD.map((word) => [...Buffer.from(word)]),
      fc.array(fc.nat(255), { maxLength: 3 }),
    )
    const bytes = fc.array(piece, { maxLength: 6 }).map((parts) => Uint8Array.from(parts.flat()))
    const { inText, inBytes } = lookedFor(['union', 'select', 'passwd', 'đăng', '/', 'n', 'istanbul', 'kelvin', 'ă'])
    fc.assert(
      fc.property(bytes, (some) => {
        expect(inBytes(some)).toEqual(expect.arrayContaining(inText(Buffer.from(some).toString('utf8'))))
      }),
      { numRuns: 3000 },
    )
  })
})
