import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { checkRules, testRules, unaskedSelections } from '../../../rules/check.ts'
import { loadRules, readRules } from '../../../rules/load.ts'
import { HOUR } from '../../../rules/rule.ts'
import { compileSigma } from '../../../rules/sigma/compile.ts'
import { LOGSOURCES } from '../../../ingest/parsers/index.ts'

const rule = (change: (text: string) => string) =>
  change(`title: Tên
id: ten-quy-tac
logsource:
  category: webserver
detection:
  sel:
    url.path|contains: /a
  condition: sel
level: high
`)

/** A typo, and the sentence that the author reads. */
test.each<[string, (text: string) => string, string]>([
  [
    'level',
    (t) => t.replace('high', 'hihg'),
    'r.yml:9:1: level is "hihg", expected one of informational, low, medium, high, critical; the nearest is high',
  ],
  [
    'a selection',
    (t) => t.replace('condition: sel', 'condition: sell'),
    'r.yml:8:14: detection.condition: there is no selection "sell"; the nearest is sel',
  ],
  [
    'a word of the condition',
    (t) => t.replace('condition: sel', 'condition: sel adn sel'),
    'r.yml:8:18: detection.condition: the condition has "adn" at character 5 where and, or, or the end was expected',
  ],
  [
    'a modifier',
    (t) => t.replace('contains', 'contain'),
    'r.yml:7:5: detection.sel.url.path|contain: there is no modifier "contain"; the nearest is contains',
  ],
  [
    'a word of the taxonomy',
    (t) => t.replace('url.path', 'cs-uri-sten'),
    'r.yml:7:5: detection.sel.cs-uri-sten|contains: no source brings a field "cs-uri-sten"; the nearest is cs-uri-stem',
  ],
  ['a field', (t) => t.replace('url.path', 'url.pathh'), 'there is no field "url.pathh"; is url.path meant?'],
  [
    'two letters of a field',
    (t) => t.replace('url.path', 'url.paht'),
    'there is no field "url.paht"; is url.path meant?',
  ],
  [
    'a number that is none',
    (t) => t.replace('url.path|contains: /a', 'http.response.status_code: abc'),
    'r.yml:7:5: detection.sel.http.response.status_code: http.response.status_code is a number, and "abc" is none: it can never hold',
  ],
  [
    'an address that is none',
    (t) => t.replace('url.path|contains: /a', 'source.ip: [203.0.113.9, 203.0.113.999]'),
    'source.ip is an address, and "203.0.113.999" is none: it can never hold; a network is written with |cidr',
  ],
  [
    'a key of the top',
    (t) => t.replace('level: high', 'levle: high'),
    'r.yml:9:1: there is no key "levle"; is level meant?',
  ],
  [
    'an id that is a path',
    (t) => t.replace('id: ten-quy-tac', 'id: ../../etc/x'),
    'r.yml:2:1: id is "../../etc/x": letters, digits, and - _ . : + between them, 128 at most',
  ],
  [
    'an alias within what it names',
    (t) => t.replace('    url.path|contains: /a', '    x: &a [*a]'),
    'an alias stands within what it names: write out what is meant',
  ],
  [
    'aliases without end',
    (t) =>
      `a0: &a0 [x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(', ')}]\n`).join('')}${t}`,
    'more than 100 aliases: write out what they stand for',
  ],
  ['a key twice', (t) => `${t}level: low\n`, 'r.yml:10:1: this is not YAML: Map keys must be unique'],
  [
    'a logsource',
    (t) => t.replace('webserver', 'webserve'),
    'r.yml:3:1: logsource: no source brings events of category webserve; known are webserver',
  ],
  [
    'what suppression takes',
    (t) => `${t}vonglau: { suppress: { by: [source.ip], for: 1h, per: x } }\n`,
    'there is no such key; known ones are by, for',
  ],
  [
    'suppression beside a quiet time',
    (t) => `${t}vonglau: { quiet: 1h, suppress: { by: [source.ip], for: 1h } }\n`,
    'vonglau.quiet: suppress.for says how long an alert goes on: leave one of them out',
  ],
  [
    'detection',
    (t) => t.replace('detection:', 'detecton:'),
    'r.yml:5:1: there is no detection; is "detecton" meant for it?',
  ],
  [
    'a condition that no stack and no store goes down',
    (t) => t.replace('condition: sel', `condition: ${'not (sel and '.repeat(20_000)}sel${')'.repeat(20_000)}`),
    'r.yml:8:109: detection.condition: the condition has "not" and brackets 15 deep at character 96, at most 14 are read: give parts of it names of their own, as selections',
  ],
  ['the condition', (t) => t.replace('  condition: sel\n', ''), 'detection.condition is nothing, expected a text'],
  ['the title', (t) => t.replace('title: Tên\n', ''), 'there is no title'],
  ['YAML', (t) => t.replace('  sel:', ' sel: ['), 'this is not YAML'],
  ['a value', (t) => t.replace(': /a', ': { x: 1 }'), 'expected a text, a number, true, false or null, found {"x":1}'],
  [
    'look-around',
    (t) => t.replace('contains: /a', "re: '(?=a)'"),
    'the expression "(?=a)" is refused: look-around is not possible in RE2',
  ],
  ['a back-reference', (t) => t.replace('contains: /a', "re: '(a)\\1'"), 'is refused:'],
  [
    'a network',
    (t) => t.replace('contains: /a', 'cidr: 192.0.2.1'),
    '"192.0.2.1" is not a network: write it like 192.0.2.0/24 or 2001:db8::/32',
  ],
  ['a number', (t) => t.replace('contains: /a', 'gte: viele'), 'gte needs a number, found "viele"'],
  [
    'two comparisons',
    (t) => t.replace('contains', 'contains|endswith'),
    'the modifiers contains and endswith exclude each other',
  ],
  ['exists', (t) => t.replace('contains: /a', 'exists: maybe'), 'exists is true or false, found ["maybe"]'],
  [
    'a key of ours',
    (t) => `${t}vonglau: { quite: 1h }\n`,
    'r.yml:10:12: vonglau.quite: there is no such key; known ones are',
  ],
  [
    'a duration',
    (t) => `${t}vonglau: { quiet: 1 hour }\n`,
    'vonglau.quiet: "1 hour" is not a duration: write it like 10s, 5m, 1h or 1d',
  ],
  [
    'an old timeframe',
    (t) => t.replace('  condition', '  timeframe: 5m\n  condition'),
    'a timeframe is no longer Sigma',
  ],
  ['nothing', () => '', 'the file is empty'],
])('%s', (_, change, message) => {
  expect(() => compileSigma(rule(change), 'r.yml')).toThrow(message)
})

/** What does not go together, or says nothing. */
test.each([
  ['base64offset', 'write base64offset|contains'],
  ['wide', 'write wide|base64offset|contains'],
  ['wide|contains', 'write wide|base64offset|contains'],
  ['base64|wide', 'wide stands before base64'],
  ['base64|base64offset|contains', 'base64 and base64offset exclude each other'],
  ['base64|re', 'base64 and re exclude each other'],
  ['windash|cidr', 'windash and cidr exclude each other'],
  ['fieldref|re', 'fieldref and re exclude each other'],
  ['fieldref|base64', 'fieldref and base64 exclude each other'],
  ['hour|contains', 'hour and contains exclude each other'],
  ['hour|day', 'hour and day exclude each other'],
  ['hour', 'hour is a whole number from 0 to 23'],
  ['neqq', 'the nearest is neq'],
])('%s is refused', (modifier, message) => {
  const text = rule((t) => t.replace('contains', modifier))
  expect(() => compileSigma(text, 'r.yml')).toThrow(/^r\.yml:7:5: /)
  expect(() => compileSigma(text, 'r.yml')).toThrow(message)
})
test.each([
  ['base64: "a*b"', 'a wildcard cannot be encoded'],
  ['windash: "-a -b -c -d -e -f"', 'has too many dashes'],
  ['fieldref: 3', 'fieldref needs the name of a field, found 3'],
  ['month: 13', 'month is a whole number from 1 to 12, found 13'],
])('%s is refused', (item, message) => {
  expect(() =>
    compileSigma(`title: t\nid: t\ndetection:\n  s: { message|${item} }\n  condition: s\n`, 'r.yml'),
  ).toThrow(message)
})

test('what a rule says of itself', () => {
  const [found] = compileSigma(
    rule(
      (t) =>
        `${t}author: A, B\ntags: [attack.t1190]\ndescription: Mô tả\nvonglau:\n  en: { title: Name, description: About }\n  guide: { vi: Làm, en: Do }\n  quiet: 30m\n  group-by: [c-ip]\n  incident: false\n`,
    ),
    'x/r.yml',
  )
  expect(found).toMatchObject({
    id: 'ten-quy-tac',
    name: { vi: 'Tên', en: 'Name' },
    description: { vi: 'Mô tả', en: 'About' },
    guide: { vi: 'Làm', en: 'Do' },
    level: 'high',
    tags: ['attack.t1190'],
    authors: ['A', 'B'],
    quiet: HOUR / 2,
    groupBy: ['source.ip'],
    incident: false,
    condition: 'sel',
    file: 'x/r.yml',
  })
  const [plain] = compileSigma(
    rule((t) => t.replace(/^(id|level).*\n/gm, '')),
    'x/r.yml',
  )
  expect(plain).toMatchObject({
    id: 'r',
    level: 'medium',
    quiet: HOUR,
    incident: false,
    name: { vi: 'Tên', en: 'Tên' },
  })
  expect(plain).not.toHaveProperty('groupBy')
})

const correlation = `name: base
title: Cơ sở
logsource: { category: firewall }
detection: { s: { action: denied }, condition: s }
---
title: Tương quan
id: tuong-quan
correlation: { type: value_count, rules: [base], group-by: [src_ip], timespan: 5m, condition: { field: dst_port, gte: 10 } }
`

const folderOf = (files: { [name: string]: string }): string => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}

test("a user's folder", () => {
  const folder = folderOf({ 'deep/mine.yml': rule((t) => t.replace('ten-quy-tac', 'mine')), 'notes.txt': 'x' })
  const rules = loadRules(folder, LOGSOURCES)
  expect(rules.length).toBe(loadRules(undefined, LOGSOURCES).length + 1)
  expect(rules.find(({ id }) => id === 'mine')!.file).toBe(join(folder, 'deep/mine.yml'))
})

test('every problem of a folder is a sentence; what is right is still read', () => {
  const folder = folderOf({
    'a.yml': rule((t) => t.replace('high', 'hihg')),
    'b.yml': rule((t) => t.replace('contains', 'contain')),
    'c.yml': rule((t) => t),
    'd.yml': rule((t) => t),
    'e.yml': correlation,
  })
  const problems = checkRules(folder, LOGSOURCES)
  expect(problems.map((text) => text.slice(folder.length + 1))).toEqual([
    expect.stringContaining('a.yml:9:1: level'),
    expect.stringContaining('b.yml:7:5: '),
    expect.stringMatching(/^d.yml: the id "ten-quy-tac" is that of .*c.yml too/),
  ])
  expect(
    readRules([folder], LOGSOURCES)
      .rules.map(({ id }) => id)
      .sort(),
  ).toEqual(['ten-quy-tac', 'tuong-quan'])
  expect(() => loadRules(folder, LOGSOURCES)).toThrow(problems[0])
  expect(checkRules(join(folder, 'gone'), LOGSOURCES)).toEqual([
    `${join(folder, 'gone')}: there is no such folder of rules`,
  ])
})

test("a user's correlation over a rule of the catalog does not silence that rule", () => {
  const folder = folderOf({
    'many.yml':
      'title: Nhiều\nid: many\ncorrelation: { type: event_count, rules: [sql-injection], group-by: [source.ip], timespan: 1h, condition: { gte: 9 } }\n',
  })
  const ids = loadRules(folder, LOGSOURCES).map(({ id }) => id)
  expect(ids).toEqual(expect.arrayContaining(['sql-injection', 'many']))
  expect(checkRules(folder, LOGSOURCES)).toEqual([])
})

test('a correlation may name a rule of another file', () => {
  const [base, rest] = correlation.split('---\n') as [string, string]
  const folder = folderOf({ 'base.yml': base, 'count.yml': rest })
  expect(readRules([folder], LOGSOURCES)).toMatchObject({ problems: [], rules: [{ id: 'tuong-quan' }] })
})

test('events that do not do what they should are told with file and line', () => {
  const web = { 'event.category': ['web'] }
  const lines = [
    { match: true, why: 'có', event: { ...web, 'url.path': '/b' } },
    { match: false, why: 'không', event: { ...web, 'url.path': '/a' } },
    { match: true, why: 'đúng', event: { ...web, 'url.path': '/a' } },
    { match: true, why: 'thiếu' },
  ]
  const folder = folderOf({
    'ten.yml': rule((t) => t),
    'ten.events.ndjson': lines.map((line) => JSON.stringify(line)).join('\n'),
    'none.yml': rule((t) => t.replace('ten-quy-tac', 'other')),
  })
  const [none, found] = testRules(folder, () => undefined, LOGSOURCES)
  expect(none!.failures).toEqual([
    expect.stringContaining('there is no such file: write events that must and must not match'),
  ])
  expect(found!.failures.map((text) => text.slice(folder.length + 1))).toEqual([
    'ten.events.ndjson:1: có: expected a match, found none (none of its 1 event meets the condition)',
    'ten.events.ndjson:2: không: expected no match, found one (ten-quy-tac)',
    'ten.events.ndjson:4: expected "event", or "source" and "line"',
  ])
})

test.each<[string, string, string[]]>([
  ['all are asked', 'sel and not other', []],
  ['by a pattern', '1 of sel* or 1 of oth*', []],
  ['by all of them', 'all of them', []],
  [
    'one is left over',
    'sel',
    ['r.yml:8:3: detection.other: no condition asks of it: name it in the condition, or leave it out'],
  ],
  [
    'a pattern that is too narrow',
    '1 of sel*',
    ['r.yml:8:3: detection.other: no condition asks of it: name it in the condition, or leave it out'],
  ],
])('a selection that nothing asks of is named: %s', (_, condition, expected) => {
  const text = rule((t) =>
    t.replace('  condition: sel', `  other:\n    url.path|contains: /b\n  condition: ${condition}`),
  )
  expect(unaskedSelections(compileSigma(text, 'r.yml', { kinds: LOGSOURCES }))).toEqual(expected)
})
