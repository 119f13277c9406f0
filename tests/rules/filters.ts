/** Random filters of any shape and events that they may hold of, and how pass and tree are compared. */
import fc from 'fast-check'
import type { Event } from '../../ingest/event.ts'
import { constant } from '../../ingest/row/const.ts'
import { Row } from '../../ingest/row/row.ts'
import { ANY, type Filter, ONE } from '../../ingest/store/filter.ts'
import { compile, checkRegex } from '../../ingest/store/match.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { openRowEngine } from '../../rules/engine/rows.ts'

/** Words that rules look for, in every case, and what folds in more than one way. */
export const WORD = fc.constantFrom(
  ...[
    'union',
    'SELECT',
    'passwd',
    'Đăng nhập',
    'ĐĂNG',
    'đăng',
    '../',
    '%00',
    '<script',
    'İstanbul',
    'istanbul',
    'ſelect',
  ],
  ...[
    'Kelvin',
    'kelvin',
    'ß',
    'ẞ',
    'Σίσυφος',
    'σίσυφοσ',
    '𐐀𐐨',
    'å',
    'Å',
    'ǆ',
    'a',
    'I',
    '1',
    '443',
    '192.0.2.1',
    ' ',
    '\0',
    '\n',
    '*',
    '\\',
  ],
)
const TEXT = fc.array(WORD, { maxLength: 4 }).map((parts) => parts.join(''))
const ADDRESS = fc.constantFrom('192.0.2.1', '10.0.0.1', '2001:db8::1', '2001:DB8:0::1', '::1')
const VALUE = fc.oneof(TEXT, fc.integer({ min: -2, max: 443 }), fc.constant(443), fc.boolean())
const NAMES = [
  'url.original',
  'user.name',
  'source.port',
  'source.ip',
  'related.ip',
  'network.community_id',
  'event.type',
]
const NAME = fc.constantFrom(
  ...NAMES,
  ...['event.original', 'vendor.x', 'vendor.y', 'vendor.z', 'constructor', 'toString', '__proto__', 'absent', '*'],
)
/** A field, not any. */
const ONE_NAME = NAME.filter((name) => name !== '*')
const FLOW: Event = {
  'source.ip': '192.0.2.1',
  'destination.ip': '10.0.0.1',
  'source.port': 443,
  'destination.port': 5,
  'network.transport': 'tcp',
}
export const EVENT = fc
  .dictionary(
    fc.constantFrom(...NAMES.slice(0, 4), 'event.type', 'vendor.x', 'constructor', 'toString', '__proto__'),
    fc.oneof(VALUE, ADDRESS, fc.array(VALUE, { maxLength: 3 }), fc.array(TEXT, { minLength: 1, maxLength: 3 })),
    { noNullPrototype: true },
  )
  .chain((fields) => fc.record({ fields: fc.constant(fields), flow: fc.boolean() }))
  .map(({ fields, flow }) => {
    const event: Event = {}
    for (const [name, value] of Object.entries(fields))
      Object.defineProperty(event, name, { value, enumerable: true, configurable: true, writable: true })
    // What a community id is computed of.
    return flow ? Object.assign(event, FLOW) : event
  })
/** What logsources speak of: few values, so that many events are of one kind. */
const KIND_NAME = fc.constantFrom('event.dataset', 'event.category', 'observer.type', 'product')
const KIND_VALUE = fc.constantFrom('web', 'WEB', 'firewall', 'ſ', 's', true, 1)
const KIND = fc.dictionary(KIND_NAME, fc.oneof(KIND_VALUE, fc.array(KIND_VALUE, { maxLength: 2 })), { maxKeys: 2 })
export const OF_A_KIND = fc.tuple(EVENT, KIND).map(([event, kind]) => ({ ...kind, ...event }) as Event)
const GUARD: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({ op: fc.constant('in' as const), field: KIND_NAME, values: fc.array(KIND_VALUE, { maxLength: 2 }) }),
  fc.record({ op: fc.constant('exists' as const), field: fc.oneof(KIND_NAME, NAME) }),
)

const ATOM: fc.Arbitrary<string> = fc.oneof(
  WORD.map((word) =>
    word
      .replace(/[\\^$.*+?()[\]{}|\n\0]/g, '\\$&')
      .replaceAll('\\\n', '\\n')
      .replaceAll('\\\0', '\\x00'),
  ),
  fc.constantFrom(
    '.',
    '\\s',
    '\\w+',
    '[a-z]',
    '[^x]',
    '[ab]',
    '\\b',
    '^',
    '$',
    '\\x41',
    '\\.',
    '(?:union|select)',
    '(?P<n>đăng)',
    '[[:alpha:]]',
    '\\pL',
    '(?i:passwd)',
  ),
)
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    ATOM,
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => a + b),
    fc.tuple(tie('expression'), tie('expression')).map(([a, b]) => `(${a}|${b})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('*', '+', '?', '{2}', '{0,1}', '{1,}', '+?'))
      .map(([a, by]) => `(${a})${by}`),
  ),
}))
const PART = fc.oneof({ weight: 3, arbitrary: TEXT }, fc.constant(ANY), fc.constant(ONE))
const BOUND = fc.option(fc.constantFrom(-1, 0, 5, 443), { nil: undefined })
const LEAF: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    op: fc.constant('in' as const),
    field: NAME,
    values: fc.array(fc.oneof(VALUE, ADDRESS), { maxLength: 3 }),
    cased: fc.boolean(),
  }),
  fc.record({
    op: fc.constant('like' as const),
    field: NAME,
    pattern: fc.array(PART, { maxLength: 4 }),
    cased: fc.boolean(),
  }),
  fc.record({
    op: fc.constant('regex' as const),
    field: NAME,
    source: expression.filter((source) => checkRegex(source) === undefined),
    flags: fc.constantFrom('', 'i', 's', 'im'),
  }),
  fc
    .record({ op: fc.constant('range' as const), field: NAME, gt: BOUND, lte: BOUND })
    .map((r) => Object.fromEntries(Object.entries(r).filter(([, v]) => v !== undefined)) as Filter),
  fc.record({
    op: fc.constant('cidr' as const),
    field: NAME,
    network: fc.constantFrom('192.0.2.0/25', '2001:db8::/32', '::/0'),
  }),
  fc.record({ op: fc.constant('exists' as const), field: NAME }),
  fc.record({
    op: fc.constant('ref' as const),
    field: ONE_NAME,
    other: ONE_NAME,
    how: fc.constantFrom(
      'equals' as const,
      'contains' as const,
      'startswith' as const,
      'endswith' as const,
      'gt' as const,
    ),
    cased: fc.boolean(),
  }),
  fc
    .record({
      op: fc.constant('part' as const),
      field: ONE_NAME,
      part: fc.constantFrom('minute' as const, 'hour' as const, 'week' as const, 'year' as const),
      values: fc.option(fc.array(fc.constantFrom(0, 1, 1970), { maxLength: 2 }), { nil: undefined }),
      gte: BOUND,
    })
    .map((r) => Object.fromEntries(Object.entries(r).filter(([, v]) => v !== undefined)) as Filter),
)
const { tree } = fc.letrec<{ tree: Filter }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    LEAF,
    fc.record({ op: fc.constant('not' as const), of: tie('tree') }),
    fc.record({ op: fc.constantFrom('and' as const, 'or' as const), of: fc.array(tie('tree'), { maxLength: 4 }) }),
  ),
}))

export const FILTER = tree
/** A rule with a logsource: what it means stands first. */
export const GUARDED: fc.Arbitrary<Filter> = fc
  .tuple(
    fc.oneof(
      GUARD,
      fc.tuple(GUARD, GUARD).map((of) => ({ op: 'or' as const, of })),
    ),
    tree,
    fc.boolean(),
  )
  .map(([guard, of, both]) => ({
    op: 'and',
    of: [guard, both ? of : { op: 'or', of: [of, { op: 'not', of: guard }] }],
  }))

/** What a pass says of one event, with what is told twice. */
export const told = (match: (found: (filter: number) => void) => void): { found: Set<number>; twice: number[] } => {
  const found = new Set<number>()
  const twice: number[] = []
  match((filter) => {
    if (found.has(filter)) twice.push(filter)
    found.add(filter)
  })
  return { found, twice }
}
/** Pairs of filter and event about which pass and tree differ, from objects and from rows, and how many hold. */
export const compared = (filters: readonly Filter[], events: readonly Event[]) => {
  const trees = filters.map(compile)
  const passes = { objects: openEngine(filters), rows: openRowEngine(filters) }
  const row = new Row()
  const differ: unknown[] = []
  let holding = 0
  for (const [n, event] of events.entries()) {
    // Memory is forgotten often: other texts lie where a text lay.
    if (n % 8 === 0) row.reset()
    row.begin()
    if (n % 2 === 0) row.put(event)
    else putAsLine(row, event)
    const asRow = row.event()
    for (const [from, given, { found, twice }] of [
      ['objects', event, told((tell) => passes.objects.match(event, tell))],
      ['rows', asRow, told((tell) => passes.rows.match(row, tell))],
    ] as const) {
      holding += found.size
      for (const filter of twice) differ.push({ from, twice: filters[filter], event })
      for (const [i, matches] of trees.entries())
        if (matches(given) !== found.has(i))
          differ.push({ from, filter: filters[i], event: given, tree: !found.has(i) })
    }
  }
  return { differ: differ.slice(0, 3), holding }
}
/**
 * As a parser says it: texts lie within the line, others are constants or were written behind it, one lies in the line
 * before, something was said and taken back, a list is made of other fields.
 */
const putAsLine = (row: Row, event: Event): void => {
  const texts = Object.entries(event).filter(([, value]) => typeof value === 'string' && value !== '')
  row.put(Object.fromEntries(Object.entries(event).filter(([, value]) => typeof value !== 'string')))
  const before = row.at > 16 ? row.at - 16 : 0
  const line = row.at
  const places = texts.map(([name, text]) => [name, row.write(`${text}`), row.at] as const)
  for (const [name, from, to] of places) {
    if (name.startsWith('source.') && row.ip(row.field(name), from, to)) continue
    row.text(row.field(name), from, to)
  }
  row.text(row.field('event.original'), line, row.at)
  row.string(row.field('vendor.z'), texts.length % 2 === 0 ? 'etc/passwd' : 'Đăng nhập')
  row.const(row.field('vendor.y'), constant('union SELECT'))
  if (texts.length === 1) row.text(row.field('vendor.x'), before, line)
  if (texts.length > 2) row.unsay(row.field(texts[0]![0]))
  if (texts.length > 1) row.copyOf(row.field('vendor.x'), row.field(texts[1]![0]))
  row.made(row.field('related.ip'))
}
