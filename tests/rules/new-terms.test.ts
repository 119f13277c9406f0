import { expect, test } from 'vitest'
import { testFile } from '../../rules/check.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { newTermsSuite } from './new-terms.suite.ts'
import { embeddedPlace } from './stores.ts'

newTermsSuite('embedded', embeddedPlace, 1100)

const rule = (vonglau: string) => `title: a\nid: a\ndetection: { s: { x: 1 }, condition: s }\nvonglau: ${vonglau}\n`
test.each([
  ['{ new-terms: { fields: [user.name], within: 400d } }', /within: "400d" is too long: 366d at most/],
  ['{ new-terms: { fields: [], within: 1d } }', /new-terms.fields is \[\], expected at least one entry/],
  ['{ new-terms: { fields: [user.name], within: mai } }', /"mai" is not a duration/],
  ['{ new-terms: { field: user.name, within: 1d } }', /there is no such key; known ones are fields, within, learn/],
  [
    '{ new-terms: { fields: [user.name], within: 1d }, ends-with: { user.name: x } }',
    /leave new-terms or ends-with out/,
  ],
])('%s is refused with its place', (vonglau, sentence) => {
  expect(() => compileSigma(rule(vonglau), 'a.yml')).toThrow(sentence)
})
test('a correlation counts values itself', () => {
  const correlation = `${rule('{}')}---\ntitle: b\nid: b\ncorrelation: { type: event_count, rules: [a], timespan: 5m, condition: { gte: 2 } }\nvonglau: { new-terms: { fields: [x], within: 1d } }\n`
  expect(() => compileSigma(correlation, 'a.yml')).toThrow(/new-terms is of a rule of single events/)
})
test('a correlation over one waits for what comes late, and counts what was never seen', () => {
  const over = (own: string, condition = '{ gte: 2 }') =>
    compileSigma(
      `${rule('{ new-terms: { fields: [user.name], within: 1d } }').replace('x: 1', 'user.id: 1')}---\ntitle: b\nid: b\ncorrelation: { type: event_count, rules: [a], timespan: 5m, condition: ${condition} }\n${own}`,
      'a.yml',
    )
  const [made] = over('vonglau: { lateness: 2m }\n')
  expect([made?.id, made?.lateness, made?.bases?.[0]?.newTerms?.within]).toEqual(['b', 120_000, 86_400_000])
  expect(over('')[0]?.lateness).toBe(300_000)
  const silent = `${rule('{ silent: { for: 1h } }').replace('x: 1', 'user.id: 1')}---\ntitle: b\nid: b\ncorrelation: { type: event_count, rules: [a], timespan: 5m, condition: { gte: 2 } }\n`
  expect(() => compileSigma(silent, 'a.yml')).toThrow(/"a" tells that nothing comes \(silent\), which no window holds/)
})

/** `rules test`: the history that a line starts from. */
const single = `title: a\nid: a\ndetection: { s: { event.action: login }, condition: s }\nvonglau: { new-terms: { fields: [user.name], within: 10d } }\n`
const many = `${single.replace('id: a', 'id: a\nname: a')}---\ntitle: b\nid: b\ncorrelation: { type: value_count, rules: [a], group-by: [source.ip], timespan: 1h, condition: { field: user.name, gte: 3 } }\n`
const login = (user: string) => ({ 'event.action': 'login', 'user.name': user, 'source.ip': '192.0.2.7' })
const three = [{ event: login('{u}'), at: 0, every: 60, each: { u: ['an', 'binh', 'chi'] } }]
test.each([
  ['nothing was there', single, true, { event: login('an') }],
  ['it was there', single, false, { before: [{ event: login('AN'), ago: '9d' }], event: login('an') }],
  ['it was there, too long ago', single, true, { before: [{ event: login('an'), ago: '11d' }], event: login('an') }],
  ['another was there', single, true, { before: [{ event: login('binh'), ago: '1d' }], event: login('an') }],
  [
    'history itself is not told of',
    single,
    false,
    { before: [{ event: login('x'), ago: '1d' }], event: { 'event.action': 'logout' } },
  ],
  ['three that are new', many, true, { events: three }],
  ['one of the three was there', many, false, { before: [{ event: login('binh'), ago: '2d' }], events: three }],
  [
    'two that were new within the window before, and a third',
    many,
    true,
    { before: [{ event: login('{u}'), ago: '1h', every: 60, each: { u: ['binh', 'chi'] } }], events: three },
  ],
  [
    'two that are new, one comes again',
    many,
    false,
    { events: [...three.map((each) => ({ ...each, each: { u: ['an', 'binh', 'an'] } }))] },
  ],
] as const)('history of a test: %s', (why, text, match, line) => {
  const rules = compileSigma(text, 'a.yml')
  const { failures } = testFile(rules, 'a.ndjson', JSON.stringify({ match, why, ...line }), () => undefined)
  expect(failures).toEqual([])
})
test.each([
  [single, { event: { 'event.action': 'logout' } }, 'none of its 1 event meets the condition'],
  [
    single,
    { before: [{ event: login('an'), ago: '1d' }], event: login('an') },
    'what it has of user.name was there before, or it lacks one',
  ],
  [
    many,
    { events: [{ event: { 'event.action': 'login', 'user.name': '{u}' }, at: 0, each: { u: [1, 2, 3] } }] },
    '3 events that meet a lack source.ip',
  ],
  [many, { events: [{ event: { 'event.action': 'logout' }, at: 0 }] }, 'no event meets a'],
  [many, { events: [{ event: login('an'), at: 0 }] }, 'of the 1 event counted no window reaches the condition'],
] as const)('a test that finds nothing says why: %#', (text, line, reason) => {
  const { failures } = testFile(
    compileSigma(text, 'a.yml'),
    'a.ndjson',
    JSON.stringify({ match: true, why: 'x', ...line }),
    () => undefined,
  )
  expect(failures).toEqual([`a.ndjson:1: x: expected a match, found none (${reason})`])
})
test.each([
  [{ before: [{ event: {}, ago: 'mai' }], event: {} }, /a\.ndjson:1: .*"mai" is not a duration/],
  [{ before: [{ event: {} }], event: {} }, /a\.ndjson:1: before\.0\.ago/],
  [
    { before: [{ event: {}, ago: '1m', times: 100 }], event: {} },
    /before: 100 events from 1m ago, 1 s apart, do not end before the first event/,
  ],
] as const)('history that is none: %j', (line, sentence) => {
  const { failures } = testFile(
    compileSigma(single, 'a.yml'),
    'a.ndjson',
    JSON.stringify({ match: true, why: 'x', ...line }),
    () => undefined,
  )
  expect(failures.join()).toMatch(sentence)
})
