import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { holdRules, type KnownText } from '../../rules/load.ts'
import { embeddedPlace } from './stores.ts'
import { textsSuite } from './texts.suite.ts'

textsSuite('embedded', embeddedPlace)

test('a version that does not go with the files any more leaves the file in force, and is told', () => {
  const folder = mkdtempSync(join(tmpdir(), 'texts-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(
    join(folder, 'mot.yml'),
    'name: mot\ntitle: một\nid: mot\ndetection: { s: { url.path: /a }, condition: s }\n',
  )
  writeFileSync(
    join(folder, 'nhieu.yml'),
    'title: nhiều\nid: nhieu\ncorrelation: { type: event_count, rules: [mot], group-by: [source.ip], timespan: 5m, condition: { gte: 3 } }\n',
  )
  const held = holdRules(folder, LOGSOURCES)
  const known = new Map(held.files.map(({ key, file, text }): [string, KnownText] => [key, { n: 1, file, text }]))
  const over = (key: string, change: Partial<KnownText>) =>
    held.over(new Map([...known, [key, { ...known.get(key)!, n: 2, ...change }]]))
  const cases: [string, Partial<KnownText>, RegExp][] = [
    [
      'nhieu',
      { text: 'title: x\nid: nhieu\ncorrelation: { type: event_count, rules: [khong-co] }\n' },
      /khong-co|timespan/,
    ],
    ['mot', { ended: true }, /there is no rule with the name or id "mot"/],
  ]
  for (const [key, change, sentence] of cases) {
    const { rules, doubts } = over(key, change)
    expect(doubts.join('\n')).toMatch(sentence)
    expect(doubts[0]).toMatch(/^a version of a rule cannot be taken, and its file holds: /)
    expect(rules.find(({ id }) => id === 'nhieu')!.correlation!.bounds).toEqual({ gte: 3 })
  }
  expect(over('nhieu', { ended: true }).rules.some(({ id }) => id === 'nhieu')).toBe(false)
})
