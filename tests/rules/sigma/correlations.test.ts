/** What correlations, filters and schedules compile to, and the sentences that authors of wrong ones read. */
import { describe, expect, test } from 'vitest'
import { compile } from '../../../ingest/store/match.ts'
import { compileSigma } from '../../../rules/sigma/compile.ts'

const DAY = 86_400_000
const correlation = (change: (text: string) => string = (t) => t) =>
  `name: base
title: Cơ sở
logsource: { category: firewall }
detection: { s: { action: denied }, condition: s }
---
${change(`title: Tương quan
id: tuong-quan
correlation:
  type: value_count
  rules: [base]
  group-by: [src_ip, observer.name]
  timespan: 5m
  condition: { field: dst_port, gte: 10 }
`)}`

test('a correlation', () => {
  const [found, ...others] = compileSigma(correlation(), 'c.yml')
  expect(others).toEqual([])
  expect(found).toMatchObject({
    id: 'tuong-quan',
    groupBy: ['source.ip', 'observer.name'],
    bases: [{ name: 'base' }],
    correlation: {
      type: 'value_count',
      timespan: 300_000,
      over: [0],
      keys: [['source.ip', 'observer.name']],
      bounds: { gte: 10 },
      fields: [['destination.port']],
    },
  })
  expect(found).not.toHaveProperty('lateness')
  expect(
    compileSigma(
      correlation((t) => `${t}generate: true\n`),
      'c.yml',
    ).map(({ id }) => id),
  ).toEqual(['c', 'tuong-quan'])
  const [count] = compileSigma(
    correlation((t) =>
      t.replace('value_count', 'event_count').replace('field: dst_port, gte: 10', 'gt: 10, lt: 20').replace('5m', '1d'),
    ),
    'c.yml',
  )
  expect(count).toMatchObject({
    correlation: { type: 'event_count', timespan: DAY, bounds: { gt: 10, lt: 20 } },
    // What a later event can undo waits, and knows for whom.
    lateness: 300_000,
    feeds: { op: 'in', field: 'observer.type' },
  })
})

const two = (correlation: string, more = '') => `name: a
id: rule-a
title: A
detection: { s: { event.action: a }, condition: s }
---
name: b
title: B
detection: { s: { event.action: b }, condition: s }
---
name: many
title: Many
correlation: { type: event_count, rules: [a], group-by: [source.ip], timespan: 1m, condition: { gte: 3 } }
---
title: T
id: t
${more}correlation:
${correlation}
`
const temporal = (rest: string) => `  type: temporal
  rules: [a, b]
  group-by: [source.ip]
  timespan: 1m
${rest}`

test.each<[string, string, object]>([
  ['all, by default', temporal(''), { terms: [{ all: [0, 1], none: [] }] }],
  ['a text', temporal('  condition: a and not b'), { terms: [{ all: [0], none: [1] }] }],
  [
    'by id and title',
    temporal('  condition: rule-a or B'),
    {
      terms: [
        { all: [0], none: [] },
        { all: [1], none: [] },
      ],
    },
  ],
  [
    'not all of them',
    temporal('  condition: not all of them'),
    {
      terms: [
        { all: [], none: [0] },
        { all: [], none: [1] },
      ],
    },
  ],
  [
    '1 of them',
    temporal('  condition: 1 of them'),
    {
      terms: [
        { all: [0], none: [] },
        { all: [1], none: [] },
      ],
    },
  ],
  ['a number', temporal('  condition: { gte: 1 }'), { bounds: { gte: 1 } }],
])('temporal: %s', (_, text, expected) => {
  const found = compileSigma(two(text), 'c.yml').find(({ id }) => id === 't')!
  expect(found.correlation).toMatchObject(expected)
  const undone = found.correlation!.terms?.some(({ none }) => none.length > 0) ?? false
  expect(found.lateness).toBe(undone ? 300_000 : undefined)
})

test('a chain: what is below does not alert by itself, unless it is said', () => {
  const chain = (rest = '') => `  type: temporal_ordered
  rules: [many, b]
  group-by: [source.ip]
  timespan: 1m
${rest}`
  const found = compileSigma(two(chain()), 'c.yml')
  expect(found.map(({ id }) => id)).toEqual(['t'])
  expect(found[0]).toMatchObject({
    bases: [{ name: 'a' }, { name: 'b' }],
    correlation: { over: [{ type: 'event_count', over: [0] }, 1], names: ['many', 'b'] },
  })
  expect(found[0]).not.toHaveProperty('lateness')
  // Of other groups: when they come true for a part can move.
  expect(compileSigma(two(chain().replace('source.ip', 'user.name')), 'c.yml')[0]).toHaveProperty('lateness')
  expect(compileSigma(two(chain('  generate: true')), 'c.yml').map(({ id }) => id)).toEqual(['c', 't', 'c'].sort())
})

test('aliases: the group has the name of the alias, and each rule its field', () => {
  const found = compileSigma(
    two(temporal('  aliases: { inside: { a: destination.ip, b: source.ip } }').replace('[source.ip]', '[inside]')),
    'c.yml',
  ).find(({ id }) => id === 't')!
  expect(found).toMatchObject({ groupBy: ['inside'], correlation: { keys: [['destination.ip'], ['source.ip']] } })
})

describe('refused, with file, line and column', () => {
  test.each<[string, (text: string) => string, string]>([
    [
      'a typo in the type',
      (t) => t.replace('value_count', 'event_cont'),
      'c.yml:9:3: correlation.type: there is no correlation type "event_cont"; the nearest is event_count',
    ],
    [
      'an unknown rule',
      (t) => t.replace('[base]', '[bass]'),
      'c.yml:10:11: correlation.rules[0]: there is no rule with the name or id "bass"; the nearest is base',
    ],
    ['a rule twice', (t) => t.replace('[base]', '[base, Cơ sở]'), 'correlation.rules[1]: "Cơ sở" is named twice'],
    ['itself', (t) => t.replace('[base]', '[tuong-quan]'), '"tuong-quan" is this correlation itself'],
    [
      'a typo in a key',
      (t) => t.replace('group-by', 'groupby'),
      'c.yml:11:3: correlation.groupby: there is no such key; the nearest is group-by',
    ],
    ['no timespan', (t) => t.replace('timespan', 'timeframe'), 'there is no timespan; is "timeframe" meant for it?'],
    ['a bad timespan', (t) => t.replace('5m', '5 minutes'), '"5 minutes" is not a duration'],
    ['a long timespan', (t) => t.replace('5m', '31d'), '"31d" is too long: 30d at most'],
    [
      'an unknown operator',
      (t) => t.replace('gte', 'gtee'),
      'c.yml:13:33: correlation.condition.gtee: there is no condition "gtee": write gt, gte, lt, lte, eq, neq; the nearest is gte',
    ],
    ['no operator', (t) => t.replace(', gte: 10', ''), 'expected at least one of gt, gte, lt, lte, eq, neq'],
    ['no whole number', (t) => t.replace('10', '1.5'), 'gte is 1.5, expected a whole number'],
    ['nought', (t) => t.replace('gte: 10', 'gte: 0'), 'gte: 0 always holds'],
    ['never', (t) => t.replace('gte: 10', 'lt: 1'), 'lt: 1 can never hold: a window has at least one'],
    ['nothing between', (t) => t.replace('gte: 10', 'gt: 3, lt: 4'), 'gt: 3, lt: 4 can never hold'],
    ['no field', (t) => t.replace('field: dst_port, ', ''), 'value_count needs the field whose values it counts'],
    [
      'a field for event_count',
      (t) => t.replace('value_count', 'event_count'),
      'event_count counts events, not the values of a field',
    ],
    [
      'a field of the group',
      (t) => t.replace('src_ip', 'srcip'),
      'c.yml:11:14: correlation.group-by[0]: no source brings a field "srcip"; the nearest is src_ip',
    ],
    [
      'a text',
      (t) => t.replace('{ field: dst_port, gte: 10 }', 'base'),
      'a text is a condition of temporal and temporal_ordered',
    ],
    [
      'two fields of a sum',
      (t) => t.replace('value_count', 'value_sum').replace('dst_port', '[dst_port, src_port]'),
      'value_sum takes one field, found 2',
    ],
    [
      'a percentile',
      (t) => t.replace('value_count', 'value_percentile').replace('gte', 'percentile: 101, gte'),
      'percentile is 101, expected a number above 0 and up to 100',
    ],
    [
      'a share',
      (t) => t.replace('value_count', 'value_percentile').replace('gte: 10', 'gt: 100'),
      'gt: 100 can never hold: a share is from 0 to 100',
    ],
    [
      'lateness',
      (t) => `${t}vonglau: { lateness: 1m }\n`,
      'c.yml:14:12: vonglau.lateness: no later event can undo this condition',
    ],
    [
      'a detection beside',
      (t) => `${t}detection: { s: { a: b }, condition: s }\n`,
      'detection and correlation exclude each other',
    ],
  ])('%s', (_, change, message) => {
    expect(() => compileSigma(correlation(change), 'c.yml')).toThrow(message)
  })
  test.each<[string, string, string]>([
    [
      'a name in a text',
      temporal('  condition: a and bb'),
      'c.yml:21:20: correlation.condition: "bb" is none of the rules of this correlation; the nearest is b',
    ],
    ['a rule that a text does not name', temporal('  condition: a'), 'the condition says nothing of the rule "b"'],
    ['a contradiction', temporal('  condition: a and not a and b'), 'can never hold'],
    [
      'nothing at all',
      temporal('  condition: not a and not b'),
      'can never hold: a window has an event of one of the rules',
    ],
    ['too many', temporal('  condition: { gt: 2 }'), 'gt: 2 can never hold: a window has from 1 to 2 of the rules'],
    [
      'an alias without a rule',
      temporal('  aliases: { x: { a: user.name } }'),
      'c.yml:21:14: correlation.aliases.x: nothing is said of the rule "b"',
    ],
    [
      'an alias of another rule',
      temporal('  aliases: { x: { a: user.name, b: user.name, c: user.name } }'),
      '"c" is none of the rules of this correlation',
    ],
    ['an alias like a field', temporal('  aliases: { user.name: { a: user.name, b: user.name } }'), 'without a dot'],
    [
      'an alias over the same events',
      temporal('  aliases: { x: { a: user.name, many: source.ip } }').replace('[a, b]', '[a, many]'),
      'it means user.name and source.ip of the same events',
    ],
  ])('%s', (_, text, message) => {
    expect(() => compileSigma(two(text), 'c.yml')).toThrow(message)
  })
  test('a circle', () => {
    const of = (name: string, other: string) =>
      `name: ${name}\ntitle: ${name}\ncorrelation: { type: event_count, rules: [${other}], timespan: 1m, condition: { gte: 3 }, generate: true }\n`
    expect(() => compileSigma(`${of('x', 'y')}---\n${of('y', 'x')}`, 'c.yml')).toThrow(
      /^c\.yml:7:\d+: correlation\.rules\[0\]: "x" stands upon itself: x → y → x$/,
    )
  })
})

const rule = `name: base
title: Base
logsource: { category: webserver }
detection: { s: { url.path|contains: /a }, condition: s }
`
const filtering = (rest: string, logsource = '{ category: webserver }') =>
  `${rule}---\ntitle: Without our own scanner\nlogsource: ${logsource}\nfilter:\n${rest}`
const MINE = `  rules: [base]
  own: { source.ip|cidr: 192.0.2.0/24 }
  condition: not own
`

test.each([
  ['by name', MINE],
  ['any', MINE.replace('[base]', 'any')],
])('a filter %s is asked of the rules that it is for', (_, text) => {
  const [found, ...others] = compileSigma(filtering(text), 'f.yml')
  expect(others).toEqual([])
  const holds = compile(found!.filter)
  const event = { 'event.category': ['web'], 'url.path': '/a' }
  expect(holds({ ...event, 'source.ip': '198.51.100.1' })).toBe(true)
  expect(holds({ ...event, 'source.ip': '192.0.2.9' })).toBe(false)
})
test('a filter of another logsource leaves a rule as it is; one of none is for all', () => {
  const only = compileSigma(rule, 'f.yml')[0]!.filter
  expect(compileSigma(filtering(MINE.replace('[base]', 'all'), '{ category: firewall }'), 'f.yml')[0]!.filter).toEqual(
    only,
  )
  expect(compileSigma(filtering(MINE.replace('[base]', 'all'), '{}'), 'f.yml')[0]!.filter).not.toEqual(only)
})
test.each<[string, string, string]>([
  [
    'a name',
    filtering(MINE.replace('[base]', '[bade]')),
    'f.yml:9:11: filter.rules[0]: there is no rule with the name or id "bade"; the nearest is base',
  ],
  [
    'a logsource',
    filtering(MINE, '{ category: firewall }'),
    'the logsource of this filter is not that of the rule "base", so it would never apply',
  ],
  [
    'a selection',
    filtering(MINE.replace('not own', 'not owm')),
    'f.yml:11:18: filter.condition: there is no selection "owm"; the nearest is own',
  ],
  [
    'a field',
    filtering(MINE.replace('source.ip', 'source.ipp')),
    'f.yml:10:10: filter.own.source.ipp|cidr: there is no field "source.ipp"; is source.ip meant?',
  ],
  [
    'all of a rule',
    filtering(MINE.replace('own: { source.ip|cidr: 192.0.2.0/24 }', 'own: { url.path|contains: /a }')),
    'filter.condition: it leaves nothing of the rule "base"',
  ],
  ['no condition', filtering('  rules: [base]\n'), 'filter.condition is nothing, expected a text'],
])('a filter is refused for %s', (_, text, message) => {
  expect(() => compileSigma(text, 'f.yml')).toThrow(message)
})

test.each(['s and not s', 'not s and (s or s)', 's and t and not 1 of s*'])(
  'a rule that can never match: %s',
  (condition) => {
    const text = `title: t\ndetection:\n  s: { message: a }\n  t: { message: b }\n  condition: ${condition}\n`
    expect(() => compileSigma(text, 'r.yml')).toThrow('r.yml:5:3: detection.condition: this can never hold')
  },
)

const scheduled = (cron: string, timezone = 'Asia/Ho_Chi_Minh') =>
  `${rule}vonglau:\n  schedule:\n    cron: "${cron}"\n    timezone: ${timezone}\n`
test('a schedule', () => {
  expect(compileSigma(scheduled('30 6 * * 1-5'), 's.yml')[0]!.schedule).toEqual({
    cron: '30 6 * * 1-5',
    timezone: 'Asia/Ho_Chi_Minh',
  })
})
test.each([
  [
    scheduled('61 6 * * *'),
    's.yml:7:5: vonglau.schedule.cron: "61 6 * * *" is no cron expression (61 is a invalid expression for minute)',
  ],
  [scheduled('daily'), 'is no cron expression'],
  [scheduled('0 0 31 2 *'), 'is no cron expression'],
  [
    scheduled('0 6 * * *', 'Hanoi'),
    's.yml:8:5: vonglau.schedule.timezone: "Hanoi" is no time zone: write it like Asia/Ho_Chi_Minh',
  ],
  [
    scheduled('0 6 * * *').replace('timezone', 'zone'),
    'vonglau.schedule.zone: there is no such key; known ones are cron, timezone',
  ],
])('a schedule is refused', (text, message) => {
  expect(() => compileSigma(text, 's.yml')).toThrow(message)
})
