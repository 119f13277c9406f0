/** What is wrong in a description, each with line and column; and what right ones read. */
import { expect, test } from 'vitest'
import { readDescription } from '../../../ingest/described/check.ts'
import { openDescribed } from '../../../ingest/described/described.ts'
import { nearestOf } from '../../../ingest/described/near.ts'
import { type Event, toDocument } from '../../../ingest/event.ts'
import { splitLines } from '../../../ingest/collect/lines.ts'
import { Row } from '../../../ingest/row/row.ts'
import { eventSink } from '../../../ingest/row/sink.ts'
import { openStage } from '../../../ingest/stage.ts'

const ARRIVED = Date.UTC(2026, 4, 14, 12)
const read = (description: string, text: string): unknown[] => {
  const described = readDescription(description, 'x.yml')
  const { lines } = splitLines(Buffer.from(text), 0, true)
  const { packed } = openStage<Event[]>({
    source: {
      id: 'x',
      parser: described.id,
      described,
      timezone: 'Asia/Ho_Chi_Minh',
      silent: 15,
      collect: { kind: 'file', path: '', start: 'beginning' },
    },
    parse: openDescribed(described),
    enrich: () => {},
    sink: eventSink(),
    history: false,
    row: new Row(),
  })({ lines, from: 0, prefix: 'x', now: ARRIVED, memory: [], rested: true })
  return packed.map((event) => {
    if (event['event.kind'] === 'pipeline_error') return { error: event['error.message'] }
    const { 'event.id': _, 'event.original': _o, 'event.dataset': _d, 'vonglau.source.id': _s, ...said } = event
    return JSON.parse(JSON.stringify(toDocument(said)))
  })
}

const HEAD = 'id: thu\ntitle: Thử\n'
test.each([
  ['id: Thu\ntitle: x\nread:\n  - pattern: x\n', 'x.yml:1:5: id: expected small letters, digits and "_"'],
  ['id: bind\ntitle: x\nread:\n  - pattern: x\n', 'x.yml:1:5: id: bind is a parser that comes with the program'],
  [`${HEAD}read: []\n`, 'x.yml:3:7: read: expected at least one entry'],
  [`${HEAD}read:\n  - patern: x\n`, 'x.yml:4:13: read.0.patern: there is no such key'],
  [
    `${HEAD}read:\n  - skip: true\n`,
    'x.yml:4:5: read.0: expected exactly one of pattern:, json:, csv: and pairs:, or pairs: beside a pattern:',
  ],
  [
    `${HEAD}read:\n  - pattern: 'x (?<message>.*)'\n    pairs: { a: user.name }\n`,
    'x.yml:4:14: read.0.pattern: the pattern does not say where the pairs stand: name that part (?<pairs>.*)',
  ],
  [
    `${HEAD}read:\n  - pairs: { a: user.nam }\n`,
    'x.yml:4:17: read.0.pairs.a: user.nam is no field of ECS (is user.name meant?)',
  ],
  [
    `${HEAD}read:\n  - pairs: { 'a b': user.name }\n`,
    /^x\.yml:4:\d+: read\.0\.pairs\.a b: a key before "=" has letters, digits/,
  ],
  [
    `${HEAD}read:\n  - pairs: { a: { field: client.ip, as: endpoint } }\n`,
    'x.yml:4:5: read.0: client.ip: endpoint is of source.ip and destination.ip',
  ],
  [
    `${HEAD}read:\n  - pattern: '(?<source.ipp>.*)'\n`,
    "x.yml:4:14: read.0.pattern: source.ipp is no field of ECS (is source.ip meant?); what ECS has no field for stands under the parser's own name, thu.source.ipp",
  ],
  [`${HEAD}read:\n  - pattern: 'ab(c)'\n`, 'x.yml:4:17: read.0.pattern: a group without a name'],
  [`${HEAD}read:\n  - pattern: '(?<message>[)'\n`, /x\.yml:4:\d+: read\.0\.pattern: .*RE2/],
  [
    `${HEAD}read:\n  - json: { a: vonglau.source.id }\n`,
    'x.yml:4:16: read.0.json.a: vonglau.source.id is said by Vọng Lâu itself',
  ],
  [`${HEAD}read:\n  - json: { a: '@timestamp', b: '@timestamp' }\n`, 'x.yml:4:5: read.0: @timestamp is said twice'],
  [`${HEAD}time: { format: DD/QQ }\nread:\n  - pattern: x\n`, 'x.yml:3:17: time.format: the letter Q'],
  [`${HEAD}time: { zone: Asia/Saigong }\nread:\n  - pattern: x\n`, 'x.yml:3:15: time.zone: expected an IANA time zone'],
  [
    `${HEAD}constants: { event.category: [tường lửa] }\nread:\n  - pattern: x\n`,
    'x.yml:3:30: constants.event.category: tường lửa is not among what ECS allows',
  ],
  [`${HEAD}read:\n  - pattern: x\n  as: 1\n`, /x\.yml:5:\d+: not YAML/],
  [
    `${HEAD}read:\n  - pattern: x\n    as: { user.name: lower }\n`,
    'x.yml:5:22: read.0.as.user.name: the pattern has no such field',
  ],
])('%j', (text, message) => {
  expect(() => readDescription(text, 'x.yml')).toThrow(message)
})

test('patterns in order, constants, cases, a time of a format and a zone', () => {
  const description = `${HEAD}time: { format: 'DD/MM/YYYY HH:mm:ss.SSS', zone: Asia/Ho_Chi_Minh }
constants: { event.kind: event, event.category: [web] }
read:
  - pattern: '#.*'
    skip: true
  - pattern: '(?<@timestamp>\\S+ \\S+) \\[(?<thu.luong>[^\\]]*)\\] (?<source.ip>\\S+) (?<user.name>\\S+) (?<http.response.status_code>\\d+) (?<url.original>\\S+)'
    as: { user.name: lower }
  - pattern: '(?<@timestamp>\\S+ \\S+) (?<message>.*)'
    constants: { event.category: [configuration] }
cases:
  - when: { http.response.status_code: { from: 200, to: 399 } }
    say: { event.outcome: success }
  - when: { http.response.status_code: [401, 403], event.category: web }
    say: { event.outcome: failure, event.type: [denied] }
`
  expect(
    read(
      description,
      `# bắt đầu
14/05/2026 09:30:01.250 [7] 2001:0DB8::7 LAN 200 /tra-cuu?so=1
14/05/2026 09:30:02.5 [] không-phải-địa-chỉ minh 403 /
14/05/2026 09:30:03.1 khởi động
14/13/2026 09:30:03.1 tháng 13
gì đó
`,
    ),
  ).toEqual([
    {
      '@timestamp': '2026-05-14T02:30:01.250Z',
      event: { kind: 'event', category: ['web'], outcome: 'success' },
      thu: { luong: '7' },
      source: { ip: '2001:db8::7', address: '2001:db8::7' },
      user: { name: 'lan' },
      http: { response: { status_code: 200 } },
      url: { original: '/tra-cuu?so=1', path: '/tra-cuu', query: 'so=1' },
    },
    {
      '@timestamp': '2026-05-14T02:30:02.500Z',
      event: { kind: 'event', category: ['web'], outcome: 'failure', type: ['denied'] },
      source: { address: 'không-phải-địa-chỉ' },
      user: { name: 'minh' },
      http: { response: { status_code: 403 } },
      url: { original: '/', path: '/' },
    },
    {
      '@timestamp': '2026-05-14T02:30:03.100Z',
      event: { kind: 'event', category: ['configuration'] },
      message: 'khởi động',
    },
    { error: 'expected a time as the parser thu describes it, found "14/13/2026 09:30:03.1"' },
    { error: 'expected a line that the parser thu describes, found "gì đó"' },
  ])
})
test('JSON by its paths, what is not named is left out', () => {
  const description = `${HEAD}read:
  - json: { time: '@timestamp', client.addr: source.ip, took: { field: event.duration, as: millis }, who: user.name, roles: user.roles }
`
  expect(
    read(
      description,
      `{"time":"2026-05-14T09:30:01+07:00","client":{"addr":"::ffff:192.0.2.7"},"took":35,"who":"lan","mat_khau":"bí mật","__proto__":{"x":1}}
{"time":1778725802,"client":{"addr":"192.0.2.8"},"who":"mi
{"time":"hôm nay"}
[1]
`,
    ),
  ).toEqual([
    {
      '@timestamp': '2026-05-14T02:30:01.000Z',
      source: { ip: '192.0.2.7', address: '192.0.2.7' },
      event: { duration: 35_000_000, kind: 'event' },
      user: { name: 'lan' },
    },
    {
      '@timestamp': '2026-05-14T02:30:02.000Z',
      source: { ip: '192.0.2.8', address: '192.0.2.8' },
      user: { name: 'mi' },
      event: { kind: 'event' },
    },
    { error: 'expected a time as the parser thu describes it, found "hôm nay"' },
    { error: 'expected a line that the parser thu describes, found "[1]"' },
  ])
})
test('pairs in whatever order, quoted ones too; where a pattern says, or in the whole line', () => {
  const description = `${HEAD}time:
  format: DD.MM.YY HH[h]mm'ss"
  zone: Asia/Ho_Chi_Minh
read:
  - pattern: '\\[(?<@timestamp>[^\\]]*)\\] (?<observer.name>\\S+) PHIEN(?<pairs>.*)'
    pairs: { src: { field: source.ip, as: endpoint }, dst: { field: destination.ip, as: endpoint }, user: user.name, tg: { field: event.duration, as: seconds } }
    constants: { event.category: [network] }
  - pairs: { at: '@timestamp', kq: thu.kq }
    time: { format: YYYY-MM-DD HH:mm }
`
  expect(
    read(
      description,
      `[14.05.26 21h30'07"] khien PHIEN user="Nguyễn \\"A\\" x=1" src=192.0.2.15:50122 dst=[2001:db8:84::10]:443 tg=1.5 user=giả
[14.05.26 21h30'08"] khien PHIEN dst=cong.example:8443 la="src=6.6.6.6" src=2001:db8:66::7
[14.05.26 21h30'09"] khien PHIEN
kq=SAI at="2026-05-14 21:31"
khác gì=đó
`,
    ),
  ).toEqual([
    {
      '@timestamp': '2026-05-14T14:30:07.000Z',
      event: { kind: 'event', category: ['network'], duration: 1_500_000_000 },
      observer: { name: 'khien' },
      source: { ip: '192.0.2.15', address: '192.0.2.15', port: 50122 },
      destination: { ip: '2001:db8:84::10', address: '2001:db8:84::10', port: 443 },
      user: { name: 'Nguyễn "A" x=1' },
    },
    {
      '@timestamp': '2026-05-14T14:30:08.000Z',
      event: { kind: 'event', category: ['network'] },
      observer: { name: 'khien' },
      source: { ip: '2001:db8:66::7', address: '2001:db8:66::7' },
      destination: { address: 'cong.example', port: 8443 },
    },
    {
      '@timestamp': '2026-05-14T14:30:09.000Z',
      event: { kind: 'event', category: ['network'] },
      observer: { name: 'khien' },
    },
    { '@timestamp': '2026-05-14T14:31:00.000Z', event: { kind: 'event' }, thu: { kq: 'SAI' } },
    { error: 'expected a line that the parser thu describes, found "khác gì=đó"' },
  ])
})
test('why no reading takes a line', () => {
  const described = readDescription(
    `${HEAD}read:
  - pattern: '(?<source.ip>\\S+) (?<user.name>[a-k]+)(?: (?<message>.*))?'
  - json: { a: user.name }
  - csv: [user.name, source.ip, message]
  - pairs: { a: user.name }
`,
    'x.yml',
  )
  expect(nearestOf(described, '192.0.2.7 lan')).toEqual([
    'read.0: the pattern comes as far as column 11: `([a-k]+)(?: (.*))?` does not take "lan"',
    'read.1: no JSON object',
    'read.2: 3 columns are described, 1 are there',
    'read.3: none of the keys stands there',
  ])
})
test('columns in their order', () => {
  const description = `${HEAD}time: { format: YYYYMMDDHHmmss }
read:
  - csv: ['@timestamp', source.ip, '-', user.name, { field: thu.so, as: long }]
    separator: ';'
`
  expect(read(description, '20260514093001;192.0.2.7;x;"lan; ""minh""";12\n20260514093001;a\n')).toEqual([
    {
      '@timestamp': '2026-05-14T02:30:01.000Z',
      source: { ip: '192.0.2.7', address: '192.0.2.7' },
      user: { name: 'lan; "minh"' },
      thu: { so: 12 },
      event: { kind: 'event' },
    },
    { error: 'expected a line that the parser thu describes, found "20260514093001;a"' },
  ])
})
