/** Stored events read again: what of a line is not there any more, what a parser remembered, documents that are one event. */
import { describe, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { givenId, givenPrefix, idPrefix } from '../../ingest/event-id.ts'
import { emptyInventory } from '../../ingest/inventory/inventory.ts'
import { openReadAgain } from '../../ingest/read-again.ts'
import { openRemembered } from '../../ingest/remembered.ts'
import type { Learned } from '../../ingest/store/store.ts'

const NOW = Date.UTC(2026, 10, 21, 7)
const at = (number: number) => String(number).padStart(10, '0')
const idOf = (segment: string, position: number, source = 'web') =>
  `${idPrefix(source, segment)}-${position.toString(36)}`
const opened = async (parser: string, learned: readonly Learned[] = [], headers?: readonly Event[]) => {
  const readAgain = await openReadAgain({
    source: { id: 'now', parser, timezone: 'UTC', silent: 15, collect: { kind: 'http', token: 'x' } },
    learned,
    ...(headers
      ? {
          headers: async function* () {
            yield headers
          },
        }
      : {}),
    inventory: emptyInventory(),
    geoip: {},
    now: NOW,
  })
  return async (events: readonly Event[]) => {
    const further = await readAgain.further(async function* () {
      yield events
    })
    return readAgain.read(events, further)
  }
}
const stored = (id: string, original: string, more: Event = {}): Event => ({
  '@timestamp': NOW,
  'event.id': id,
  'event.kind': 'event',
  'event.original': original,
  'event.ingested': NOW,
  'vonglau.source.id': 'web',
  ...more,
})

test('what is left of a line whose first event is gone stays as it is', async () => {
  const read = await opened('syslog')
  const alone = stored(`${idOf(at(1), 0)}.1`, 'a line of two events')
  const whole = stored(idOf(at(1), 90), '<13>Nov 21 07:00:00 may app: xong')
  const { events, lines } = await read([alone, whole])
  expect(events[0]).toEqual(alone)
  expect(events[1]).toMatchObject({ 'event.id': whole['event.id'], 'vonglau.read_again': NOW })
  expect(lines).toBe(1)
})

test('a document of several lines is one event, under another source too', async () => {
  const read = await opened('nginx_error')
  const id = `${givenPrefix('web')}-${givenId('k')}`
  const line = '2026/11/21 07:00:00 [error] 1#1: *1 one\n2026/11/21 07:00:01 [error] 1#1: *2 two'
  const { events } = await read([stored(id, line)])
  expect(events.map((event) => [event['event.id'], event['event.original']])).toEqual([[id, line]])
})

describe('what a parser remembered', () => {
  const learned = (segment: string, stream: string, position: number, state: string): Learned => ({
    source: 'web',
    segment,
    stream,
    position,
    state: { fields: [state] },
  })
  const state = (fields: string) => ({ state: { fields: [fields] } })
  const remembered = openRemembered([
    learned(at(2), '::1', 10, 'a'),
    learned(at(5), '::1', 0, 'b'),
    learned(at(2), '::2 one', 0, 'c'),
    learned(at(3), '::2 two', 7, 'd'),
    learned(at(4), '::2 two', 7, 'c'),
    learned('tệp', '', 40, 'e'),
  ])
  test.each([
    ['before anything', at(1), 5, '::1', { state: undefined }],
    ['before it in the same file of the spool', at(2), 9, '::1', { state: undefined }],
    ['behind it', at(2), 10, '::1', state('a')],
    ['in a file of the spool that says nothing, before another did', at(4), 999, '::1', state('a')],
    ['in the newest', at(9), 0, '::1', state('b')],
    ['of another sender', at(9), 0, '::3', { state: undefined }],
    ['of one of two streams that agree', at(2), 0, '::2', state('c')],
    ['of one of two streams that differ', at(3), 8, '::2', 'unclear'],
    ['of two that agree again', at(4), 8, '::2', state('c')],
    ['of a file', 'tệp', 41, '', state('e')],
    ['of another file', 'khác', 41, '', { state: undefined }],
    ['at a place that is not known, of a sender that always said the same', 'khác', 0, '::3', { state: undefined }],
    ['at a place that is not known, of one that did not', 'khác', 0, '::1', 'unclear'],
  ])('%s', (_, segment, position, sender, expected) =>
    expect(remembered(idOf(segment, position), sender)).toEqual(expected),
  )
  test('of a document with a name, wherever it is', () => {
    const id = `${givenPrefix('web')}-${givenId('k')}`
    expect(remembered(id, '::1')).toBe('unclear')
    expect(openRemembered([learned(at(2), '::1', 10, 'a')])(id, '::1')).toEqual(state('a'))
  })
  describe('of lines that were nobody’s, read as a source that needs the names of their columns', () => {
    const line = (position: number, original: string, sender = '192.0.2.7', more: Event = {}) =>
      stored(idOf(at(1), position), original, {
        'event.kind': 'pipeline_error',
        'error.message': 'no source',
        'log.source.address': sender,
        ...more,
      })
    const FIELDS = '#Fields: date time c-ip cs-method cs-uri-stem sc-status'
    const OTHER = '#Fields: date time cs-method cs-uri-stem c-ip sc-status'
    const lines = [
      line(0, '#Software: Microsoft Internet Information Services 10.0'),
      line(60, '<190>Nov 21 07:00:00 web-01 iis: #Fields: date time c-ip cs-method cs-uri-stem sc-status'),
      line(140, '2026-11-21 07:00:00 2001:db8::7 GET /a 200'),
      line(200, FIELDS),
      line(300, '2026-11-21 07:00:01 198.51.100.7 GET /b 404'),
      line(400, '2026-11-21 07:00:01 198.51.100.7 GET /c 404', '192.0.2.8'),
      line(500, FIELDS, '192.0.2.9'),
      line(600, '2026-11-21 07:00:01 GET /d 198.51.100.7 404', '192.0.2.9'),
      line(700, OTHER, '192.0.2.9'),
    ]
    test('by the headers of the same sender; one that says several things, and one that says none, is left', async () => {
      const { events, lines: all, before, now } = await (await opened('iis_access', [], lines))(lines)
      expect([all, before, now]).toEqual([9, 9, 7])
      expect(
        events.map((event) => [event['source.ip'], event['url.path'], event['http.response.status_code']]),
      ).toEqual(
        lines.map((each) =>
          String(each['event.original']).includes('/a')
            ? ['2001:db8::7', '/a', 200]
            : String(each['event.original']).includes('/b')
              ? ['198.51.100.7', '/b', 404]
              : [undefined, undefined, undefined],
        ),
      )
      expect(events.map((event) => event['event.id'])).toEqual(lines.map((each) => each['event.id']))
    })
    test('a day that only a header says is not given to other lines', async () => {
      const some = [
        line(0, '#Date: 2026-11-20 07:00:00'),
        line(60, '#Fields: time c-ip cs-method cs-uri-stem sc-status'),
        line(140, '07:00:00 2001:db8::7 GET /a 200'),
      ]
      const { events } = await (await opened('iis_access', [], some))(some)
      expect(events[2]!['event.kind']).toBe('pipeline_error')
    })
  })
  test('an event that was understood does not become one that is not, for what stood before it is gone', async () => {
    const read = await opened('iis_access')
    const event = stored(idOf(at(3), 80), '2026-11-21 07:00:00 192.0.2.1 GET / - 443 - 198.51.100.1 - 200', {
      'log.source.address': '::1',
    })
    expect((await read([event])).events).toEqual([event])
    const failed = { ...event, 'event.kind': 'pipeline_error', 'error.message': 'no #Fields' }
    expect((await read([failed])).now).toBe(1)
  })
})
