/**
 * A stop under load: who stops a service kills it a little later, so it ends by itself, and what was accepted is in the store
 * afterwards, once each: now or with the next start.
 */
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eq, not } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { line, lines, openPlace, originals, type Place, type Server, until } from './place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

const SETTINGS = `listen: 127.0.0.1:0
syslog: { tcp: "127.0.0.1:0", connections: 5000, connections_per_sender: 5000 }
sources:
  - { id: cong, parser: nginx_access, timezone: UTC, file: { path: "logs/*.log" } }
  - { id: mang, parser: nginx_access, timezone: UTC, syslog: { from: [127.0.0.1] } }
  - { id: gui, parser: nginx_access, timezone: UTC, http: { token: token-cua-nguon-gui } }
`
const LINES = 200_000
const write = () => {
  place.write('vonglau.yml', SETTINGS)
  place.write('logs/a.log', `${lines(LINES).join('\n')}\n`)
}

/** Signed in as the administrator of the first start. */
const signedIn = async (server: Server): Promise<(path: string) => Promise<Response>> => {
  const [, username, password] = await until('the password is shown', () =>
    /shown once.*\n\n +(\S+)\n +(\S+)\n/.exec(server.printed()),
  )
  const ask = (path: string, body: object, cookie = '') =>
    fetch(`${server.url}/api${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url, cookie },
      body: JSON.stringify(body),
    })
  const cookieOf = (answer: Response) =>
    answer.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ')
  const first = await ask('/auth/sign-in/username', { username, password })
  const next = 'mat-khau-moi-cua-toi'
  expect((await ask('/me/password', { current: password, next }, cookieOf(first))).status).toBe(200)
  const cookie = cookieOf(await ask('/auth/sign-in/username', { username, password: next }))
  return (path) => fetch(`${server.url}/api${path}`, { headers: { cookie } })
}
/** Sends until it is refused; answers which lines were accepted. */
const send = async (url: string, accepted: string[], name: string): Promise<void> => {
  for (let n = 0; ; n += 500) {
    const some = Array.from({ length: 500 }, (_, i) => line(`${name}-${n + i}`))
    const answer = await fetch(`${url}/ingest/gui`, {
      method: 'POST',
      headers: { authorization: 'Bearer token-cua-nguon-gui' },
      body: some.join('\n'),
    }).catch(() => undefined)
    if (answer?.status !== 200) return
    accepted.push(...some)
  }
}
const connected = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.off('error', reject).on('error', () => {})
      resolve(socket)
    })
    socket.once('error', reject)
  })

/** Ends it, and tells how long that took; whoever waits for more than the test's time sees that it hangs. */
const stopped = async (server: Server, what: string): Promise<void> => {
  const began = performance.now()
  const code = await server.stop('SIGTERM')
  console.log(`${what}: stopped in ${((performance.now() - began) / 1000).toFixed(1)} s`)
  expect(code, server.printed()).toBe(0)
  expect(server.printed()).toContain('stopping: what has arrived is written first')
  expect(server.printed()).not.toMatch(/\n\s+at |Error:/)
}
/** Starts again until all is read, and looks what is there. */
const holdsOnce = async (expected: readonly string[]): Promise<void> => {
  const installation = await place.open()
  await installation.ingest.start()
  await installation.ingest.drain()
  const filter = not(eq('event.dataset', 'vonglau.source'))
  await until(
    'all is stored',
    async () => (await installation.store.events.count(SYSTEM, { filter })) >= expected.length,
  )
  const counts = await originals(installation.store.events)
  await installation.close()
  expect(expected.filter((text) => !counts.has(text)).slice(0, 3)).toEqual([])
  expect([...counts].filter(([, count]) => count > 1).slice(0, 3)).toEqual([])
}

test('with a backlog of files and senders that go on: nothing is lost', async () => {
  write()
  const server = await place.start()
  const accepted: string[] = []
  const senders = Array.from({ length: 4 }, (_, i) => send(server.url, accepted, `gui${i}`))
  await until('some is accepted', () => accepted.length >= 5000)
  await stopped(server, 'a backlog')
  await Promise.all(senders)
  await holdsOnce([...lines(LINES), ...accepted])
})

test('with slow questions under way: they end with their connections', async () => {
  write()
  const server = await place.start()
  const get = await signedIn(server)
  await until('much is stored', async () => {
    const answer = (await (await get('/events?from=0&limit=1')).json()) as { total: number }
    return answer.total > LINES / 2
  })
  // Looked for in every field of every event; nothing is like it.
  const slow = ['*a*b*c*x*y*z*', 'not *q*w*e*r*t*', '*0*1*2*3*4*5*6*'].map((q) =>
    get(`/events?from=0&q=${encodeURIComponent(q)}`).then(
      (answer) => answer.status,
      () => 0,
    ),
  )
  await new Promise((resolve) => setTimeout(resolve, 300))
  await stopped(server, 'slow questions')
  await Promise.all(slow)
  await holdsOnce(lines(LINES))
})

test('with 1,000 open connections of syslog, and live streams', async () => {
  write()
  const server = await place.start()
  const get = await signedIn(server)
  const [, port] = await until('syslog is open', () => /over TCP on port (\d+)/.exec(server.printed()))
  const sockets: Socket[] = []
  for (let i = 0; i < 1000; i++) sockets.push(await connected(Number(port)))
  const streams = await Promise.all(Array.from({ length: 20 }, () => get('/live?alerts=0&incidents=0')))
  expect(streams.every(({ status }) => status === 200)).toBe(true)
  const sent = sockets.map((socket, i) => {
    const text = line(`mang-${i}`)
    socket.write(`<13>${text}\n`)
    return text
  })
  // What the spool has taken is kept; a connection says nothing of it, so it is looked at.
  await until('the lines of all are stored', async () => {
    const answer = (await (
      await get(`/events?from=0&limit=1&q=${encodeURIComponent('vonglau.source.id : mang')}`)
    ).json()) as {
      total: number
    }
    return answer.total === sent.length
  })
  await stopped(server, '1,000 connections')
  for (const socket of sockets) socket.destroy()
  await holdsOnce(lines(LINES))
})
