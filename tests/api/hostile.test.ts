/** Parameters that an attacker writes, on every route that answers a list, as every role: refused with a sentence, or a bounded answer. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Role } from '../../api/contract.ts'
import { ROLES } from '../../api/permissions.ts'
import { openGate } from '../../api/gate.ts'
import { attack, type Console, openConsole, OURS, type Person, request, THEIRS } from './console.ts'

let console_: Console
const people = new Map<Role, Person>()

beforeAll(async () => {
  console_ = await openConsole()
  for (const { host, source, path } of [OURS, THEIRS])
    await console_.take(source, [request(host, path), attack(host, path)])
  for (const role of ROLES) people.set(role, await console_.person(role, role === 'agency_viewer' ? [OURS.agency] : []))
})
afterAll(() => console_.close())

const LISTS = [
  '/alerts',
  '/incidents',
  '/events',
  '/overview',
  '/agencies',
  '/portals',
  '/rules',
  '/sources',
  '/users',
  '/people',
  '/audit',
  '/health',
  '/find',
  '/kql',
  '/kql/suggest',
]
const e = encodeURIComponent
const HOSTILE: readonly string[] = [
  'from=-1e18',
  'from=-1e17&to=1e17',
  'from=0&to=99999999999999',
  'from=NaN&to=Infinity',
  'from=5&to=1',
  'from=2026-01-01',
  'limit=1e9',
  'limit=-2',
  'limit=0',
  'limit=1.5',
  'cursor=x',
  `cursor=${e('[null,{"a":1},9e999]')}`,
  `cursor=${e(`0:${'x'.repeat(5000)}`)}`,
  // One by one: a parameter that a route does not know is refused before the others are looked at.
  'sort=constructor',
  'order=__proto__',
  'group=toString',
  `q=${e('('.repeat(3000))}`,
  `q=${e('related.ip : 255.255.255.255/32 or not source.ip : ::/0')}`,
  `q=${e(`url.original : ${'*a'.repeat(900)}*`)}`,
  `q=${'x'.repeat(20_000)}`,
  `organization=${'a,'.repeat(5000)}a`,
  'level=%00',
  'status=constructor',
  'portal=__proto__',
  'at=-9',
  'at=1e99',
  'at=1&at=2',
  'fields=__proto__,constructor',
  'date=2026-99-99',
  '__proto__=1&constructor=2',
]

describe.each(LISTS)('%s', (path) => {
  test.each(ROLES)('as %s', async (role) => {
    for (const parameters of HOSTILE) {
      const { status, text, body } = await people.get(role)!.get(`${path}?${parameters}`)
      // What is longer than a request's head may be is refused before the program sees it.
      if (status === 431) continue
      expect([200, 400, 403], `${parameters.slice(0, 80)}: ${text.slice(0, 300)}`).toContain(status)
      // A sentence, and no trace of the program.
      if (status !== 200) {
        expect(body.error.message, parameters.slice(0, 80)).toMatch(/^\S.{10,}/s)
        expect(text).not.toMatch(/\n\s+at |\.ts:\d+/)
      }
      expect(text.length).toBeLessThan(3_000_000)
    }
    expect(process.memoryUsage().rss).toBeLessThan(1_000_000_000)
  })
})

describe('what is asked outside of the bounds is named', () => {
  test.each([
    ['/events?limit=0', 'limit="0": write a number from 1 to 500.'],
    ['/events?from=-1e18', 'from="-1e18": write a time from 1970 to 2100, in milliseconds.'],
    ['/alerts?sort=constructor', 'sort="constructor": there are severity, newest, oldest, count.'],
    [
      '/alerts?cursor=x',
      'the place to read on from is not one that this store has given: begin again at the first page',
    ],
    ['/events?cursor=x', '"x" is not a place in a list of events: begin at its first page'],
    ['/alerts?sorted=newest', 'sorted="newest": there is no such parameter.'],
    ['/alerts?level=low&level=high', 'level="low,high": write it once.'],
    ['/incidents?limit=-2', 'limit="-2": write a number from 1 to 500.'],
  ])('%s', async (path, message) => {
    const { status, body } = await people.get('analyst')!.get(path)
    expect({ status, message: body.error.message }).toEqual({ status: 400, message })
  })
})

describe('what a request brings is held to its shape, with a sentence in the language of who asks', () => {
  const X = 'x'.repeat(300)
  const VI = { 'accept-language': 'vi' }
  test.each([
    ['/incidents/x', '{', {}, 'What was sent is no JSON: send a JSON object.'],
    ['/incidents/x', '{', VI, 'Nội dung gửi lên không phải JSON: hãy gửi một đối tượng JSON.'],
    ['/incidents/x', '[]', {}, 'What was sent: expected a map, found [].'],
    ['/incidents/x', '{"version":"1"}', {}, 'version: expected a number, found "1".'],
    ['/incidents/x', '{"version":"1"}', VI, 'version: cần một số, nhưng nhận được "1".'],
    ['/incidents/x', '{}', VI, 'version: còn thiếu, cần một số.'],
    ['/incidents/x', '{"version":1,"title":""}', {}, 'title: expected some text, found "".'],
    ['/incidents/x', '{"version":1,"task":{"text":5}}', {}, 'task.text: expected a text, found 5.'],
    ['/incidents/x', 'version=1', { 'content-type': 'text/plain' }, 'version: is missing, expected a number.'],
    [
      '/incidents/x',
      `{"version":1,"status":"${X}"}`,
      {},
      /^status: expected one of new, in_progress, closed, found "x{59}…\.$/,
    ],
    [
      '/exceptions/x',
      '{"version":1,"expires":"2027-01-01"}',
      {},
      'expires: expected a time as a number of milliseconds since 1970 (UTC), such as 1798736400000 for 2027-01-01 00:00 in Việt Nam, found "2027-01-01".',
    ],
    [
      '/exceptions/x',
      '{"version":1,"expires":"2027-01-01"}',
      VI,
      'expires: cần một thời điểm ghi bằng số mili giây tính từ năm 1970 (UTC), ví dụ 1798736400000 là 0 giờ ngày 01/01/2027 giờ Việt Nam, nhưng nhận được "2027-01-01".',
    ],
    ['/alerts/change', '{"items":[]}', VI, 'items: cần ít nhất 1 mục, nhưng nhận được [].'],
    ['/alerts/change', '{"items":[{"id":"a","version":null}]}', {}, 'items[0].version: expected a number, found null.'],
    ['/me/password', '{"current":12345678}', {}, 'current: expected a text, found something else.'],
    [
      '/me/password',
      `{"current":"a","next":"${X}"}`,
      VI,
      'next: cần nhiều nhất 256 ký tự, nhưng nhận được giá trị khác.',
    ],
    ['/auth/sign-in/username', '{', VI, 'Nội dung gửi lên không phải JSON: hãy gửi một đối tượng JSON.'],
    ['/auth/sign-in/username', '{"username":5}', {}, 'To sign in, send "username" and "password", both texts.'],
  ] as [string, string, Record<string, string>, string | RegExp][])(
    '%s %s %j',
    async (path, text, headers, message) => {
      const person = people.get('analyst')!
      const answer = await fetch(`${console_.running.url}/api${path}`, {
        method: 'POST',
        body: text,
        headers: {
          cookie: person.cookie,
          origin: console_.running.url,
          'accept-language': 'en',
          'content-type': 'application/json',
          ...headers,
        },
      })
      const said = (await answer.json()) as { error: { message: string } }
      expect(answer.status).toBe(400)
      if (typeof message === 'string') expect(said.error.message).toBe(message)
      else expect(said.error.message).toMatch(message)
    },
  )
})

describe('heavy questions', () => {
  test('lists and single items, many at once of one person: each takes one turn, and all are answered', async () => {
    const person = people.get('analyst')!
    const paths = [
      '/alerts',
      '/alerts/x',
      '/events',
      '/events/x',
      '/incidents',
      '/incidents/x',
      '/overview',
      '/find?q=a',
    ]
    const answers = await Promise.all([...paths, ...paths, ...paths].map((path) => person.get(path)))
    expect(answers.map(({ status }) => status).filter((status) => status !== 200 && status !== 404)).toEqual([])
  })
  test('two of a person at a time, some in all; the next has its turn in order', async () => {
    const gate = openGate({ each: 2, all: 3 })
    const order: string[] = []
    const enter = async (who: string, name: string) => {
      const leave = await gate.enter(who)
      order.push(name)
      return leave
    }
    const a1 = await enter('a', 'a1')
    const a2 = await enter('a', 'a2')
    const a3 = enter('a', 'a3')
    const b1 = await enter('b', 'b1')
    const c1 = enter('c', 'c1')
    await Promise.resolve()
    expect(order).toEqual(['a1', 'a2', 'b1'])
    // A place in all is free, and the third of the same person still waits.
    b1()
    b1()
    const c = await c1
    expect(order).toEqual(['a1', 'a2', 'b1', 'c1'])
    a1()
    ;(await a3)()
    c()
    a2()
    expect(order.at(-1)).toBe('a3')
    ;(await gate.enter('d'))()
  })
  test('who waits too long is told so; who has gone waits no longer', async () => {
    const gate = openGate({ each: 1, all: 1, patience: 20 })
    const leave = await gate.enter('a')
    await expect(gate.enter('a')).rejects.toMatchObject({ status: 503, code: 'busy' })
    const controller = new AbortController()
    const gone = gate.enter('b', controller.signal)
    controller.abort()
    await expect(gone).rejects.toMatchObject({ code: 'busy' })
    leave()
    ;(await gate.enter('c'))()
  })
})
