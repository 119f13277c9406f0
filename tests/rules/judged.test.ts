/** What the parse stage says of a row is what the tree says of the event, in the thread where lines are taken apart too. */
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { splitLines } from '../../ingest/collect/lines.ts'
import type { Event } from '../../ingest/event.ts'
import { type Mark, openMark } from '../../ingest/judge.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { field } from '../../ingest/row/handles.ts'
import { Row } from '../../ingest/row/row.ts'
import { eq } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { loadRules, pathOf } from '../../rules/load.ts'
import { judgingOf, labelOf, partsOf } from '../../rules/ruleset.ts'
import { stageOf } from '../ingest/parsers/lines.ts'
import { enrich, words } from './events.ts'

const rules = loadRules(undefined, LOGSOURCES, words)

/** The raw lines of the catalog's examples, by parser. */
const examples = (): Map<string, string[]> => {
  const out = new Map<string, string[]>()
  for (const file of new Set(rules.map((rule) => pathOf(rule.file).replace(/\.yml$/, '.events.ndjson')))) {
    if (!existsSync(file)) continue
    for (const text of readFileSync(file, 'utf8').trim().split('\n')) {
      const { events = [JSON.parse(text)] } = JSON.parse(text) as { events?: { source?: string; line?: string }[] }
      for (const { source, line } of events as { source?: string; line?: string }[])
        if (source !== undefined && line !== undefined) out.set(source, [...(out.get(source) ?? []), line])
    }
  }
  return out
}

test('each example of the catalog carries the rules that it meets, and the set that judged it', async () => {
  const judging = judgingOf(rules)
  const mark = await openMark(judging)
  const matches = rules.flatMap((rule) => partsOf(rule).map(({ label, filter }) => ({ label, match: compile(filter) })))
  let hits = 0
  for (const [parser, lines] of examples()) {
    const stage = stageOf(parser, { enrich, mark: () => mark })
    const text = splitLines(Buffer.from(`${lines.join('\n')}\n`), 0, true).lines
    const events = stage({ lines: text, from: 0, prefix: 'x', now: Date.UTC(2026, 4, 14, 12), memory: [] }).packed
    expect(events.length).toBeGreaterThan(0)
    for (const event of events) {
      const expected = matches.filter(({ match }) => match(event)).map(({ label }) => label)
      expect(event['vonglau.judged']).toBe(judging.set)
      expect([...((event['vonglau.hits'] as readonly string[]) ?? [])].sort()).toEqual(expected.sort())
      hits += expected.length
    }
  }
  expect(hits).toBeGreaterThan(50)
})

test('what a line says of itself under these names is not believed', async () => {
  const [rule] = rules
  const mark: Mark = await openMark(judgingOf([{ ...rule!, filter: eq('event.action', 'x') }]))
  const row = new Row()
  row.begin()
  row.put({ 'event.action': 'y', 'vonglau.hits': [labelOf(rule!)], 'vonglau.judged': 'abc', 'vonglau.owed': true })
  mark(row)
  const event: Event = row.event()
  expect([event['vonglau.hits'], event['vonglau.owed']]).toEqual([undefined, undefined])
  expect(event['vonglau.judged']).not.toBe('abc')
  expect(row.has(field('vonglau.judged'))).toBe(true)
})
