/** What each correlation type tells of: one table, for the pure functions, for `rules test`, and for both stores. */
import type { Event } from '../../../ingest/event.ts'

export interface Case {
  readonly name: string
  /** Bases `a`, `b`, `c` are events of that action; of all the correlation is the last document. */
  readonly correlation: string
  /** Further documents before it. */
  readonly more?: string
  /** Seconds, action and further fields. */
  readonly events: readonly (readonly [at: number, action: string, fields?: Event])[]
  /** By group: which of the events are told of. */
  readonly told: { readonly [group: string]: readonly number[] }
}

const USER = { 'user.name': 'an' }
const bytes = (n: number | string): Event => ({ ...USER, 'source.bytes': n })
const port = (address: string, n: number): Event => ({ 'source.ip': address, 'destination.port': n })
const fresh = (fields: string, within: string) =>
  `name: fresh\ntitle: fresh\ndetection: { s: { event.action: a }, condition: s }\nvonglau: { new-terms: { fields: ${fields}, within: ${within}, learn: 0d } }`
const counting = (type: string, condition: string, rules = '[a]') =>
  `{ type: ${type}, rules: ${rules}, group-by: [user.name], timespan: 1m, condition: ${condition} }`
const inTime = (type: string, rules: string, condition?: string) =>
  `{ type: ${type}, rules: ${rules}, group-by: [user.name], timespan: 1m${condition ? `, condition: ${condition}` : ''} }`

export const cases: readonly Case[] = [
  {
    name: 'event_count gte: an edge of the window is inside',
    correlation: counting('event_count', '{ gte: 3 }'),
    events: [
      [0, 'a', USER],
      [30, 'a', USER],
      [60, 'a', USER],
      [200, 'a', USER],
      [230, 'a', USER],
      [261, 'a', USER],
    ],
    told: { an: [0, 1, 2] },
  },
  {
    name: 'event_count of several rules counts an event once',
    correlation: counting('event_count', '{ gt: 2 }', '[a, also-a, b]'),
    events: [
      [0, 'a', USER],
      [1, 'a', USER],
      [300, 'a', USER],
      [301, 'a', USER],
      [302, 'b', USER],
    ],
    told: { an: [2, 3, 4] },
  },
  {
    name: 'event_count lte: windows that end with an event of the group',
    correlation: counting('event_count', '{ lte: 1 }'),
    events: [
      [0, 'a', USER],
      [10, 'a', USER],
      [200, 'a', USER],
    ],
    told: { an: [0, 2] },
  },
  {
    name: 'event_count eq',
    correlation: counting('event_count', '{ eq: 2 }'),
    events: [
      [0, 'a', USER],
      [10, 'a', USER],
      [20, 'a', USER],
    ],
    told: { an: [0, 1] },
  },
  {
    name: 'event_count of a range',
    correlation: counting('event_count', '{ gt: 1, lt: 3 }'),
    events: [
      [0, 'a', USER],
      [500, 'a', USER],
      [510, 'a', USER],
    ],
    told: { an: [1, 2] },
  },
  {
    name: 'event_count neq',
    correlation: counting('event_count', '{ neq: 1 }'),
    events: [
      [0, 'a', USER],
      [500, 'a', USER],
      [510, 'a', USER],
    ],
    told: { an: [1, 2] },
  },
  {
    name: 'value_count: what lacks the field, or the group, is not counted',
    correlation: counting('value_count', '{ field: source.ip, gte: 3 }'),
    events: [
      [0, 'a', { ...USER, 'source.ip': '192.0.2.1' }],
      [1, 'a', { ...USER, 'source.ip': '192.0.2.1' }],
      [2, 'a', USER],
      [3, 'a', { ...USER, 'source.ip': '192.0.2.2' }],
      [4, 'a', { ...USER, 'source.ip': '192.0.2.3' }],
      [5, 'a', { 'source.ip': '192.0.2.4' }],
    ],
    told: { an: [0, 1, 3, 4] },
  },
  {
    name: 'value_count of two fields together',
    correlation: counting('value_count', '{ field: [source.ip, event.outcome], gte: 3 }'),
    events: [
      [0, 'a', { ...USER, 'source.ip': '192.0.2.1', 'event.outcome': 'success' }],
      [1, 'a', { ...USER, 'source.ip': '192.0.2.1', 'event.outcome': 'failure' }],
      [2, 'a', { ...USER, 'source.ip': '192.0.2.2', 'event.outcome': 'success' }],
      [3, 'a', { ...USER, 'source.ip': '192.0.2.2' }],
    ],
    told: { an: [0, 1, 2] },
  },
  {
    name: 'value_count lt',
    correlation: counting('value_count', '{ field: source.ip, lt: 2 }'),
    events: [
      [0, 'a', { ...USER, 'source.ip': '192.0.2.1' }],
      [1, 'a', { ...USER, 'source.ip': '192.0.2.2' }],
      [300, 'a', { ...USER, 'source.ip': '192.0.2.3' }],
      [301, 'a', { ...USER, 'source.ip': '192.0.2.3' }],
    ],
    told: { an: [0, 2, 3] },
  },
  {
    name: 'value_sum',
    correlation: counting('value_sum', '{ field: source.bytes, gte: 1000 }'),
    events: [
      [0, 'a', bytes(400)],
      [30, 'a', bytes(599)],
      [61, 'a', bytes(401)],
      [62, 'a', USER],
    ],
    told: { an: [1, 2] },
  },
  {
    name: 'value_avg',
    correlation: counting('value_avg', '{ field: source.bytes, gt: 150 }'),
    events: [
      [0, 'a', bytes(100)],
      [1, 'a', bytes(300)],
      [2, 'a', bytes(50)],
      [300, 'a', bytes(10)],
    ],
    told: { an: [0, 1] },
  },
  {
    name: 'value_avg lt',
    correlation: counting('value_avg', '{ field: source.bytes, lt: 40 }'),
    events: [
      [0, 'a', bytes(100)],
      [1, 'a', bytes(10)],
      [300, 'a', bytes(10)],
    ],
    told: { an: [2] },
  },
  {
    name: 'value_median',
    correlation: counting('value_median', '{ field: source.bytes, gte: 15 }'),
    events: [
      [0, 'a', bytes(10)],
      [1, 'a', bytes(20)],
      [2, 'a', bytes(11)],
    ],
    told: { an: [0, 1] },
  },
  {
    name: 'value_percentile of numbers: nearest rank',
    correlation: counting('value_percentile', '{ field: source.bytes, percentile: 90, gt: 100 }'),
    events: [
      [0, 'a', bytes(1)],
      [1, 'a', bytes(101)],
      ...Array.from({ length: 9 }, (_, i) => [2 + i, 'a', bytes(2)] as const),
    ],
    // Of two to nine the ninetieth per cent is the greatest, of ten no more.
    told: { an: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
  },
  {
    name: 'value_percentile as the specification has it: the share of a value',
    correlation: counting('value_percentile', '{ field: source.ip, lte: 10 }'),
    events: [
      ...Array.from({ length: 12 }, (_, i) => [i, 'a', { ...USER, 'source.ip': '192.0.2.1' }] as const),
      [20, 'a', { ...USER, 'source.ip': '192.0.2.9' }],
    ],
    told: { an: [12] },
  },
  {
    name: 'temporal: all of them, in any order',
    correlation: inTime('temporal', '[a, b]'),
    events: [
      [0, 'b', USER],
      [60, 'a', USER],
      [300, 'a', USER],
      [361, 'b', USER],
      [400, 'b', { 'user.name': 'binh' }],
    ],
    told: { an: [0, 1] },
  },
  {
    name: 'temporal: so many of them',
    correlation: inTime('temporal', '[a, b, c]', '{ gte: 2 }'),
    events: [
      [0, 'b', USER],
      [1, 'b', USER],
      [200, 'c', USER],
      [210, 'a', USER],
    ],
    told: { an: [2, 3] },
  },
  {
    name: 'temporal as a text',
    correlation: inTime('temporal', '[a, b, c]', 'a and (b or c)'),
    events: [
      [0, 'b', USER],
      [1, 'c', USER],
      [200, 'c', USER],
      [210, 'a', USER],
    ],
    told: { an: [2, 3] },
  },
  {
    name: 'temporal with a negation: none of it before, within the time',
    correlation: inTime('temporal', '[a, b]', 'a and not b'),
    events: [
      [0, 'b', USER],
      [50, 'a', USER],
      [120, 'a', USER],
      [130, 'b', USER],
    ],
    told: { an: [2] },
  },
  {
    name: 'temporal_ordered',
    correlation: inTime('temporal_ordered', '[a, b]'),
    events: [
      [0, 'b', USER],
      [10, 'a', USER],
      [300, 'a', USER],
      [310, 'b', USER],
    ],
    told: { an: [2, 3] },
  },
  {
    name: 'temporal_ordered within one second: one event does not follow itself',
    correlation: inTime('temporal_ordered', '[a, also-a]'),
    events: [
      [0, 'a', USER],
      [300, 'a', USER],
      [300, 'a', USER],
    ],
    told: { an: [1, 2] },
  },
  {
    name: 'temporal_ordered: so many of them in order',
    correlation: inTime('temporal_ordered', '[a, b, c]', '{ gte: 2 }'),
    events: [
      [0, 'c', USER],
      [1, 'b', USER],
      [2, 'a', USER],
      [300, 'a', USER],
      [301, 'c', USER],
    ],
    told: { an: [3, 4] },
  },
  {
    name: 'temporal_ordered: exactly so many',
    correlation: inTime('temporal_ordered', '[a, b, c]', '{ eq: 2 }'),
    events: [
      [0, 'a', USER],
      [1, 'b', USER],
      [2, 'c', USER],
      [300, 'b', USER],
    ],
    told: { an: [0, 1] },
  },
  {
    name: 'temporal_ordered as a text with a negation',
    correlation: inTime('temporal_ordered', '[a, b, c]', 'a and b and not c'),
    events: [
      [0, 'a', USER],
      [1, 'b', USER],
      [300, 'a', USER],
      [301, 'c', USER],
      [302, 'b', USER],
    ],
    told: { an: [0, 1] },
  },
  {
    name: 'aliases: one address, here the source and there the destination',
    correlation: `{ type: temporal, rules: [a, b], group-by: [inside], timespan: 1m,
  aliases: { inside: { a: destination.ip, b: source.ip } } }`,
    events: [
      [0, 'a', { 'destination.ip': '10.1.1.1', 'source.ip': '192.0.2.1' }],
      [10, 'b', { 'source.ip': '10.1.1.1', 'destination.ip': '192.0.2.9' }],
      [20, 'b', { 'source.ip': '192.0.2.1', 'destination.ip': '10.1.1.1' }],
    ],
    told: { '10.1.1.1': [0, 1] },
  },
  {
    name: 'a chain: many failures, then a success (the example of the specification)',
    more: `name: many
title: many
correlation: { type: event_count, rules: [a], group-by: [user.name], timespan: 1m, condition: { gte: 3 } }`,
    correlation: inTime('temporal_ordered', '[many, b]'),
    events: [
      [0, 'a', USER],
      [10, 'a', USER],
      // Before there are many.
      [15, 'b', USER],
      [300, 'a', USER],
      [310, 'a', USER],
      [320, 'a', USER],
      [379, 'b', USER],
      [400, 'a', { 'user.name': 'binh' }],
      [401, 'b', { 'user.name': 'binh' }],
    ],
    told: { an: [3, 4, 5, 6] },
  },
  {
    name: 'a chain whose groups are others: spray over users from one address, then one of them signs in',
    more: `name: spray
title: spray
correlation: { type: value_count, rules: [a], group-by: [source.ip], timespan: 1m, condition: { field: user.name, gte: 3 } }`,
    correlation: inTime('temporal_ordered', '[spray, b]'),
    events: [
      [0, 'a', { 'source.ip': '192.0.2.1', 'user.name': 'an' }],
      [1, 'a', { 'source.ip': '192.0.2.1', 'user.name': 'binh' }],
      [2, 'a', { 'source.ip': '192.0.2.1', 'user.name': 'chi' }],
      [30, 'b', { 'source.ip': '192.0.2.77', 'user.name': 'an' }],
      [31, 'b', { 'source.ip': '192.0.2.77', 'user.name': 'dung' }],
    ],
    told: { an: [0, 3] },
  },
  {
    name: 'values never seen: so many of one address',
    more: fresh('[source.ip, destination.port]', '1d'),
    correlation:
      '{ type: value_count, rules: [fresh], group-by: [source.ip], timespan: 1m, condition: { field: destination.port, gte: 3 } }',
    events: [
      [0, 'a', port('192.0.2.1', 1)],
      [10, 'a', port('192.0.2.1', 1)],
      [20, 'a', port('192.0.2.1', 2)],
      [30, 'a', port('192.0.2.2', 3)],
      [40, 'a', port('192.0.2.1', 3)],
      // All of these were there.
      [200, 'a', port('192.0.2.1', 1)],
      [201, 'a', port('192.0.2.1', 2)],
      [202, 'a', port('192.0.2.1', 3)],
      [203, 'a', port('192.0.2.1', 4)],
    ],
    told: { '192.0.2.1': [0, 2, 4] },
  },
  {
    name: 'values never seen: whoever had them first, where the address is none of the fields',
    more: fresh('[destination.port]', '1d'),
    correlation: '{ type: event_count, rules: [fresh], group-by: [source.ip], timespan: 1m, condition: { gte: 2 } }',
    events: [
      [0, 'a', port('192.0.2.1', 1)],
      [10, 'a', port('192.0.2.2', 1)],
      [20, 'a', port('192.0.2.2', 2)],
      [30, 'a', port('192.0.2.1', 3)],
      // Of one time the first by its id.
      [300, 'a', port('192.0.2.1', 4)],
      [300, 'a', port('192.0.2.1', 4)],
      [310, 'a', port('192.0.2.2', 5)],
    ],
    told: { '192.0.2.1': [0, 3] },
  },
  {
    name: 'values never seen: new again when they are not remembered any more',
    more: fresh('[destination.port]', '100s'),
    correlation: '{ type: event_count, rules: [fresh], group-by: [source.ip], timespan: 1m, condition: { gte: 2 } }',
    events: [
      [0, 'a', port('192.0.2.1', 1)],
      [10, 'a', port('192.0.2.1', 2)],
      [100, 'a', port('192.0.2.1', 1)],
      [110, 'a', port('192.0.2.1', 2)],
      [201, 'a', port('192.0.2.1', 1)],
      [211, 'a', port('192.0.2.1', 2)],
    ],
    told: { '192.0.2.1': [0, 1, 4, 5] },
  },
  {
    name: 'values never seen: what has none, or several, is no first occurrence',
    more: fresh('[destination.port]', '1d'),
    correlation: '{ type: event_count, rules: [fresh], timespan: 1m, condition: { gte: 2 } }',
    events: [
      [0, 'a', {}],
      [1, 'a', { 'destination.port': [1, 2] }],
      [2, 'a', port('192.0.2.1', 3)],
      [100, 'a', port('192.0.2.1', 1)],
      [101, 'a', port('192.0.2.1', 2)],
    ],
    told: { '': [3, 4] },
  },
  {
    name: 'values never seen, beside a rule that remembers nothing',
    more: fresh('[destination.port]', '1d'),
    correlation: inTime('temporal_ordered', '[fresh, b]').replace('user.name', 'source.ip'),
    events: [
      [0, 'a', port('192.0.2.1', 1)],
      [100, 'a', port('192.0.2.1', 1)],
      [110, 'b', port('192.0.2.1', 1)],
      [200, 'a', port('192.0.2.1', 2)],
      [210, 'b', port('192.0.2.1', 2)],
    ],
    told: { '192.0.2.1': [3, 4] },
  },
  {
    name: 'without groups all is one',
    correlation: '{ type: event_count, rules: [a], timespan: 1m, condition: { gte: 2 } }',
    events: [
      [0, 'a', { 'user.name': 'an' }],
      [1, 'a', { 'user.name': 'binh' }],
    ],
    told: { '': [0, 1] },
  },
]

const base = (name: string, action = name) =>
  `name: ${name}\ntitle: ${name}\ndetection: { s: { event.action: ${action} }, condition: s }\n`

/** The documents of a case; its correlation has this id. */
export const yamlOf = ({ correlation, more }: Case, id: string): string =>
  [
    base('a'),
    base('b'),
    base('c'),
    base('also-a', 'a'),
    ...(more ? [`${more}\n`] : []),
    `title: ${id}\nid: ${id}\nlevel: medium\nvonglau: { quiet: 30d, incident: false }\ncorrelation: ${correlation}\n`,
  ].join('---\n')

/** Its events, from a time on. */
export const eventsOf = ({ events }: Case, start: number): Event[] =>
  events.map(([at, action, fields], i) => ({
    '@timestamp': start + at * 1000,
    'event.id': `e${String(i).padStart(3, '0')}`,
    'event.kind': 'event',
    'event.action': action,
    ...fields,
  }))
