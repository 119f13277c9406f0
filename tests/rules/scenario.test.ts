/** What `rules test` says of a file of events that is wrong, or tests nothing. */
import { expect, test } from 'vitest'
import { eventOfLine } from '../../api/commands/scan.ts'
import { readConfig } from '../../api/config.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { testFile } from '../../rules/check.ts'
import { readDraft } from '../../rules/load.ts'

const eventOf = eventOfLine(readConfig(undefined, {}))
const ruleOf = (selection: string, more = 'logsource: { category: webserver }') =>
  readDraft(
    `title: a\nid: a\n${more}\ndetection: { s: { ${selection} }, condition: s }\nlevel: low\n`,
    'a.yml',
    undefined,
    LOGSOURCES,
  )
const RULES = ruleOf('url.path: /a')
const tested = (text: string, rules = RULES) => testFile(rules, 'a.events.ndjson', text, eventOf)
const line = (said: object) => JSON.stringify({ match: true, why: 'w', ...said })
const EXAMPLE = '{"match":true,"why":"…","source":"nginx_access","line":"…"}'
const WEB = { 'event.category': ['web'], 'url.path': '/a' }
const UNREAD = 'the parser of nginx_access did not understand the line "no line of nginx": '
const MANY = Array.from({ length: 11 }, () => ({ event: WEB, at: 0, times: 10_000 }))

test.each<[string, string, string | RegExp]>([
  [
    'no JSON',
    'not json at all',
    `the line is no JSON: "not json at all"; expected one object on one line, such as ${EXAMPLE}`,
  ],
  [
    'no JSON from a place on',
    '{"match":true "why":"w"}',
    `the line is no JSON from its character 15 on: "{\\"match\\":true \\"why\\":\\"w\\"}"; expected one object on one line, such as ${EXAMPLE}`,
  ],
  ['no object', '7', `the line is 7, expected an object such as ${EXAMPLE}`],
  [
    'a misspelt key',
    '{"mtach":true,"why":"w","event":{}}',
    'there is no key "mtach"; is match meant? known ones are match, why, before, event, source, line',
  ],
  [
    'a key that is like none',
    line({ event: WEB, severity: 1 }),
    'there is no key "severity"; known ones are match, why, before, event, source, line',
  ],
  [
    'a misspelt key of an event of several',
    line({ events: [{ event: WEB, at: 0, tims: 3 }] }),
    'events.0: there is no key "tims"; is times meant? known ones are event, source, line, every, times, each, at',
  ],
  [
    'a misspelt key of what was before',
    line({ event: WEB, before: [{ event: WEB, agoo: '1d' }] }),
    'before.0: there is no key "agoo"; is ago meant? known ones are ago, event, source, line, every, times, each',
  ],
  ['a key that is missing', '{"why":"w","event":{}}', 'match is missing, expected true or false'],
  ['a value', line({ match: 'yes', event: {} }), 'match is "yes", expected true or false'],
  [
    'an object within an event',
    line({ event: { url: { path: '/a' } } }),
    'event.url is {"path":"/a"}, expected a text, a number, true or false, or a list of these (a field is named with its dots, as "url.path")',
  ],
  [
    'times without measure',
    line({ events: [{ event: WEB, at: 0, times: 1_000_000_000 }] }),
    'events.0.times is 1000000000, expected a number of at most 100000',
  ],
  [
    'times without measure, together',
    line({ events: MANY }),
    'the line stands for 110000 events, expected at most 100000: lower its "times"',
  ],
  [
    'a field that there is not',
    line({ event: { 'url.pth': '/a' } }),
    'event: there is no field "url.pth"; is url.path meant?',
  ],
  ['a word that is no field', line({ event: { mesage: 'a' } }), 'event: there is no field "mesage"; is message meant?'],
  [
    "Sigma's word for a field",
    line({ event: { 'cs-uri-query': 'a' } }),
    'event: there is no field "cs-uri-query": events have the names of ECS, such as url.path or source.ip',
  ],
  [
    'a line that has to match and was not understood',
    line({ source: 'nginx_access', line: 'no line of nginx' }),
    new RegExp(`^w: expected a match, found none \\(${UNREAD}.+; none of its 1 event meets the condition\\)$`),
  ],
  [
    'a near miss that was not understood',
    line({ match: false, source: 'nginx_access', line: 'no line of nginx' }),
    new RegExp(`^w: ${UNREAD}.+$`),
  ],
  [
    'several that were not understood',
    line({ events: [{ source: 'nginx_access', line: 'no line of nginx', at: 0, times: 3 }] }),
    /the parser of nginx_access did not understand 3 lines such as "no line of nginx": .+; none of its 3 events/,
  ],
])('%s', (_, text, said) => {
  const { failures } = tested(text)
  expect(failures).toEqual([
    typeof said === 'string' ? `a.events.ndjson:1: ${said}` : expect.stringMatching(/^a\.events\.ndjson:1: /),
  ])
  if (typeof said !== 'string') expect(failures[0]!.slice('a.events.ndjson:1: '.length)).toMatch(said)
})

test('what may be right is not refused', () => {
  const own = { ...WEB, 'thu.kenh': 'a', 'labels.khoa': 'b', 'fortinet.firewall.xyz': 'c', tags: ['d'] }
  expect(tested(line({ event: own })).failures).toEqual([])
  const unread = { source: 'nginx_access', line: 'no line of nginx' }
  const rules = ruleOf('event.kind: pipeline_error, event.dataset: iis_access', 'logsource: {}')
  expect(tested(line({ match: false, ...unread }), rules).failures).toEqual([])
})

test.each([
  ['', 'there are no events in it, so nothing is tested'],
  [
    line({ match: false, event: { ...WEB, 'url.path': '/b' } }),
    'no event of it must match, so whether the rule finds anything is not tested',
  ],
])('%j tests nothing', (text, what) => {
  expect(tested(text)).toMatchObject({
    failures: [],
    warnings: [
      `a.events.ndjson: warning: ${what}: write at least five that must match and five near misses that must not`,
    ],
  })
  expect(tested(`${text}\n${line({ event: WEB })}`).warnings).toEqual([])
})
