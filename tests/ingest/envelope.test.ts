/** What is taken off a line before its parser sees it, and what stays of the line. */
import { expect, test } from 'vitest'
import { openEnvelope } from '../../ingest/envelope.ts'
import { Row } from '../../ingest/row/row.ts'

const ARRIVED = Date.UTC(2026, 4, 14, 12)
const row = new Row()
const taken = (line: string | Uint8Array) => {
  row.reset()
  const bytes = Buffer.from(line as string)
  const from = row.load(bytes, 0, bytes.length)
  const { from: a, to: z, header } = openEnvelope()(row, from, row.at, ARRIVED, 'UTC')
  return { message: row.slice(a, z), ...(header ? { header } : {}) }
}

const MAY = Date.UTC(2026, 4, 14, 9, 30, 9)
const TABLE: readonly (readonly [what: string, line: string, message: string, header?: object])[] = [
  ['a line of the device', 'date=2026-05-14 time=09:30:09', 'date=2026-05-14 time=09:30:09'],
  [
    'an octet count, where a stream was written into a file',
    '21 <189>date=2026-05-14',
    'date=2026-05-14',
    { priority: 189 },
  ],
  ['a number that is none', '21 date=2026-05-14', '21 date=2026-05-14'],
  [
    'a header that says its zone',
    '<34>1 2026-05-14T16:30:09.5+0700 web app - - - x',
    'x',
    { priority: 34, host: 'web', tag: 'app', time: MAY + 500, zone: '+07:00' },
  ],
  ['a priority alone', '<189>date=2026-05-14', 'date=2026-05-14', { priority: 189 }],
  [
    'RFC 3164',
    '<34>May 14 09:30:09 proxy-01 nginx: x y',
    'x y',
    { priority: 34, host: 'proxy-01', tag: 'nginx', time: MAY },
  ],
  [
    'RFC 3164 without priority, as rsyslog writes files',
    'May 14 09:30:09 proxy-01 nginx[12]: x',
    'x',
    { host: 'proxy-01', tag: 'nginx', pid: 12, time: MAY },
  ],
  [
    'RFC 5424',
    '<34>1 2026-05-14T09:30:09Z web app - - [x@1 a="]" b="\\"]"] x',
    'x',
    { priority: 34, host: 'web', tag: 'app', time: MAY, zone: 'UTC', data: [39, 58] },
  ],
  [
    'RFC 5424: a process, a message id, and brackets that are no structured data',
    '<34>1 2026-05-14T09:30:09Z web app 12 ID [action:"Accept"; b:"]"]',
    '[action:"Accept"; b:"]"]',
    { priority: 34, host: 'web', tag: 'app', pid: 12, id: 'ID', time: MAY, zone: 'UTC' },
  ],
  ['a comma ends a host', 'May 14 09:30:09 1,2026/05/14 09:30:09,x', '1,2026/05/14 09:30:09,x', { time: MAY }],
  ['a number is no program', '<34>2026:05:14-09:30:09 utm x', '2026:05:14-09:30:09 utm x', { priority: 34 }],
  [
    'RFC 5424 with a byte order mark before the message',
    '<34>1 2026-05-14T09:30:09Z - - - - - \ufeffđ',
    'đ',
    { priority: 34, time: MAY, zone: 'UTC' },
  ],
  [
    'an ISO time, as rsyslog writes files',
    '2026-05-14T09:30:09+00:00 web nginx: x',
    'x',
    { host: 'web', tag: 'nginx', time: MAY, zone: '+00:00' },
  ],
  [
    'an ISO time that is the line’s own',
    '2026-05-14T09:30:09+00:00 10.0.0.5 web "GET /"',
    '2026-05-14T09:30:09+00:00 10.0.0.5 web "GET /"',
  ],
  ['a byte order mark', '\ufeff#Fields: date time', '#Fields: date time'],
  ['leading NULs', '\0\0\0x', 'x'],
  ["Docker's wrapping", '{"log":"a \\"b\\" đ\\n","stream":"stdout","time":"2026-05-14T09:30:09Z"}', 'a "b" đ'],
  [
    "Docker's wrapping of a syslog line",
    '{"log":"<34>May 14 09:30:09 h t: x\\n","stream":"stderr","time":"2026-05-14T09:30:09Z"}',
    'x',
    { priority: 34, host: 'h', tag: 't', time: MAY },
  ],
  [
    'JSON with another key is a line of its own',
    '{"log":"a","stream":"stdout","time":"x","level":"info"}',
    '{"log":"a","stream":"stdout","time":"x","level":"info"}',
  ],
  ['JSON without the stream too', '{"log":"a","time":"x"}', '{"log":"a","time":"x"}'],
  [
    'wrapped twice is unwrapped once',
    '{"log":"{\\"log\\":\\"a\\",\\"stream\\":\\"b\\",\\"time\\":\\"c\\"}","stream":"stdout","time":"x"}',
    '{"log":"a","stream":"b","time":"c"}',
  ],
  ['broken JSON', '{"log":"a', '{"log":"a'],
  [
    'an address is no header',
    '192.0.2.1 - - [14/May/2026:09:30:09 +0000] "GET / HTTP/1.1" 200 1',
    '192.0.2.1 - - [14/May/2026:09:30:09 +0000] "GET / HTTP/1.1" 200 1',
  ],
  ['a priority that is none', '<999>x', '<999>x'],
  ['a priority without end', '<34', '<34'],
  ['nothing', '', ''],
]
for (const [what, line, message, header] of TABLE)
  test(what, () => {
    expect(taken(line)).toEqual({ message, ...(header ? { header } : {}) })
  })

test('a header without a year: before the arrival; of a doubted clock, nearest to it', () => {
  const yearOf = (line: string, arrived: number, doubted: boolean) => {
    row.reset()
    const bytes = Buffer.from(line)
    const from = row.load(bytes, 0, bytes.length)
    // The mark of an arrival that a doubted clock gave.
    const { header } = openEnvelope()(row, from, row.at, doubted ? arrived + 1e15 : arrived, 'UTC')
    return new Date(header!.time!).getUTCFullYear()
  }
  const line = '<34>Jan  9 09:30:09 proxy-01 nginx: x y'
  const lastStored = Date.UTC(2026, 11, 28)
  expect(yearOf(line, lastStored, false)).toBe(2026)
  expect(yearOf(line, lastStored, true)).toBe(2027)
  expect(yearOf('<34>Dec 20 09:30:09 proxy-01 nginx: x y', Date.UTC(2027, 0, 3), true)).toBe(2026)
})
