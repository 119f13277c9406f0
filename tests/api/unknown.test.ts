/** A sender that no source names: who reads its lines best, made a source by a click, its lines of before read again. */
import { createSocket } from 'node:dgram'
import { chmodSync, lstatSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { withSource, writeSource } from '../../api/config-write.ts'
import { askReparse, reparsePending } from '../../api/reparse.ts'
import { eventsOf, openPlace, type Place, until } from '../faults/place.ts'
import { type Console, openConsole, type Person, refused } from './console.ts'

const DAY = 86_400_000
let console_: Console
let admin: Person
let ahead = 0
beforeAll(async () => {
  console_ = await openConsole('syslog: { udp: "127.0.0.1:0" }\n', () => Date.now() + ahead)
  admin = await console_.person('administrator')
})
afterAll(() => console_.close())
const send = async (from: string, ...lines: string[]) => {
  const socket = createSocket('udp4')
  await new Promise<void>((done) => socket.bind(0, from, done))
  for (const line of lines)
    await new Promise((done) => socket.send(line, console_.running.syslog.udp!, '127.0.0.1', done))
  socket.close()
}
const ofSource = async (id: string) => {
  await console_.running.installation.ingest.drain()
  return (await eventsOf(console_.running.installation.store.events)).filter(
    (event) => event['vonglau.source.id'] === id,
  )
}

test('listed, looked at, assigned; what it sent before is its source’s when the day is closed', async () => {
  const lines = Array.from({ length: 20 }, (_, n) => refused('FW-MOI', `canbo-${n}`))
  await send('127.0.0.9', ...lines)
  await until('they are stored', async () => (await ofSource('unknown')).length === 20)
  const { body: list } = await admin.get('/sources/unknown')
  expect(list.items).toMatchObject([{ address: '127.0.0.9', lines: 20 }])
  const { body: reading } = await admin.get('/sources/unknown/127.0.0.9')
  expect(reading.lines).toBe(20)
  expect(reading.ranked[0]).toMatchObject({ parser: 'fortinet_fortigate', understood: 1, id: 'fortinet-fortigate-01' })
  expect(reading.ranked[0].examples).toHaveLength(3)
  expect(reading.ranked[0].examples[0].fields['user.name']).toMatch(/^canbo-/)

  const file = console_.running.installation.config.file!
  const before = readFileSync(file, 'utf8')
  const made = await admin.post('/sources/unknown/127.0.0.9', {
    id: 'fw-moi',
    parser: 'fortinet_fortigate',
    organization: 'so-y-te',
  })
  expect(made).toMatchObject({ status: 200, body: { id: 'fw-moi' } })
  const line = '- { id: fw-moi, parser: fortinet_fortigate, organization: so-y-te, syslog: { from: ["127.0.0.9"] } }'
  const after = readFileSync(file, 'utf8')
  expect(
    after
      .split('\n')
      .filter((each) => each.trim() !== line)
      .join('\n'),
  ).toBe(before)
  await send('127.0.0.9', refused('FW-MOI', 'sau'))
  await until('it is a source', async () => (await ofSource('fw-moi')).length === 1)

  ahead = DAY
  await send('127.0.0.10', 'a line of another day')
  await until('a later day has begun', async () =>
    (await ofSource('unknown')).some((event) => String(event['event.original']) === 'a line of another day'),
  )
  const { installation } = console_.running
  // What cannot be done keeps nobody from the rest; twice at once is once.
  await askReparse(installation, { source: 'unknown', as: 'không-còn' })
  await Promise.all([1, 2].map(() => reparsePending(installation)))
  expect(installation.problems.get('reparse')).toBe(undefined)
  expect((await installation.wrong()).map(({ message }) => message)).toContain(
    'lines of unknown are not read again as không-còn, which is no source any more: put it back into the configuration and run vonglau reparse',
  )
  const events = await ofSource('fw-moi')
  expect(events).toHaveLength(21)
  expect(new Set(events.map((event) => event['user.name'])).size).toBe(21)
  expect(events.every((event) => event['organization.id'] === 'so-y-te')).toBe(true)
  expect(await ofSource('unknown')).toHaveLength(1)
  const { body: trail } = await admin.get('/audit')
  expect(trail.items.some((row: { what: string }) => row.what === 'source.add')).toBe(true)
})

test.each([
  ['an id that is taken', '127.0.0.9', { id: 'nguon-yt', parser: 'syslog' }, 409, /source "nguon-yt"/],
  ['a parser that is not there', '127.0.0.9', { id: 'a', parser: 'none' }, 404, /parser/],
  ['an agency that is not there', '127.0.0.9', { id: 'a', parser: 'syslog', organization: 'none' }, 404, /agency/],
  ['no address', 'somewhere', { id: 'a', parser: 'syslog' }, 404, /sender/],
  ['an id that is none', '127.0.0.9', { id: '../a', parser: 'syslog' }, 400, /letters/],
])('%s is refused with a sentence', async (_, address, body, status, sentence) => {
  const answer = await admin.post(`/sources/unknown/${address}`, body, { 'accept-language': 'en' })
  expect(answer.status).toBe(status)
  expect(answer.body.error.message).toMatch(sentence)
})
test('nobody but an administrator of the whole province sees them', async () => {
  for (const person of [
    await console_.person('analyst'),
    await console_.person('agency_viewer', ['so-y-te']),
    await console_.person('administrator', ['so-y-te']),
  ]) {
    expect((await person.get('/sources/unknown')).status).toBe(403)
    expect((await person.get('/sources/unknown/127.0.0.9')).status).toBe(403)
    expect((await person.post('/sources/unknown/127.0.0.9', { id: 'a', parser: 'syslog' })).status).toBe(403)
  }
})

const SOURCE = { id: 'a', parser: 'syslog', from: '2001:db8::1' }
const LINE = '- { id: a, parser: syslog, syslog: { from: ["2001:db8::1"] } }'
test.each([
  ['an empty file', '', `sources:\n  ${LINE}\n`],
  ['no list', 'data: x # of ours\n', `data: x # of ours\nsources:\n  ${LINE}\n`],
  [
    'a list with comments, something behind it',
    'sources:\n  # the first\n  - id: b\n    parser: syslog\n    file: { path: c } # here\n\n# the end\ndata: x\n',
    `sources:\n  # the first\n  - id: b\n    parser: syslog\n    file: { path: c } # here\n  ${LINE}\n\n# the end\ndata: x\n`,
  ],
  [
    'not indented',
    'sources:\n- { id: b, parser: syslog, file: { path: c } }',
    `sources:\n- { id: b, parser: syslog, file: { path: c } }\n${LINE}\n`,
  ],
  ['a list within brackets', 'sources: [{ id: b }]\n', undefined],
  ['an empty list', 'sources: []\n', undefined],
  ['no YAML', 'sources: [', undefined],
  [
    'lines that end with CR LF',
    'sources:\r\n  - { id: b }\r\ndata: x\r\n',
    `sources:\r\n  - { id: b }\r\n  ${LINE}\r\ndata: x\r\n`,
  ],
  ['a byte order mark', '\ufeffsources:\n- { id: b }\n', `\ufeffsources:\n- { id: b }\n${LINE}\n`],
  [
    'a comment at the end',
    'sources:\n  - id: b\n    x:\n      - y\n  # the end',
    `sources:\n  - id: b\n    x:\n      - y\n  ${LINE}\n  # the end`,
  ],
  ['a text of several lines at the end', 'sources:\n  - id: b\n    x: |+\n      y\n\n', undefined],
  ['a list that another names', 'sources: &a\n  - { id: b }\nmore: *a\n', undefined],
  ['what another names', 'more: &a [{ id: b }]\nsources: *a\n', undefined],
  ['an item that begins on the next line', 'sources:\n  -\n    id: b\n', undefined],
  ['two documents', 'sources:\n  - { id: b }\n---\nx: 1\n', undefined],
  ['an end that is marked', 'data: x\n...\n', undefined],
])('written into %s', (_, text, expected) => expect(withSource(text, SOURCE)).toBe(expected))

describe('the file', () => {
  let place: Place
  beforeEach(() => {
    place = openPlace()
    place.write('vonglau.yml', 'data: x\n')
  })
  afterEach(() => place.remove())
  const write = (check = () => {}) => writeSource(place.path('vonglau.yml'), SOURCE, check)

  test('keeps its rights, and what a person keeps beside it; through a link', () => {
    place.write('vonglau.yml.new', 'mine')
    place.write('real/a.yml', 'data: x\n')
    chmodSync(place.path('real/a.yml'), 0o640)
    rmSync(place.path('vonglau.yml'))
    symlinkSync(place.path('real/a.yml'), place.path('vonglau.yml'))
    expect(write()).toBe(true)
    expect(lstatSync(place.path('vonglau.yml')).isSymbolicLink()).toBe(true)
    expect(statSync(place.path('real/a.yml')).mode & 0o777).toBe(0o640)
    expect(readFileSync(place.path('real/a.yml'), 'utf8')).toBe(`data: x\nsources:\n  ${LINE}\n`)
    expect(readFileSync(place.path('vonglau.yml.new'), 'utf8')).toBe('mine')
    expect(readdirSync(place.path('real'))).toEqual(['a.yml'])
  })
  test('stays as it is where it would be wrong, said by its own name, and where it is no text', () => {
    const wrong = (path: string) => {
      throw new Error(`${path}:3: expected something`)
    }
    expect(() => writeSource(place.path('vonglau.yml'), SOURCE, wrong)).toThrow(
      `${place.path('vonglau.yml')}:3: expected`,
    )
    expect(readdirSync(place.folder)).toEqual(['vonglau.yml'])
    place.write('vonglau.yml', Buffer.from('data: x # \xff\n', 'latin1'))
    expect(write()).toBe(false)
  })
  test('stays as it is where it may not be written, though its folder may', () => {
    chmodSync(place.folder, 0o777)
    chmodSync(place.path('vonglau.yml'), 0o444)
    // Root may always.
    const root = process.geteuid!() === 0
    if (root) process.seteuid!(65_534)
    try {
      expect(() => write()).toThrow(/EACCES.*vonglau\.yml'$/)
    } finally {
      if (root) process.seteuid!(0)
    }
  })
})
