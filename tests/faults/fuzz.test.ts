/**
 * Whatever comes over files, HTTP, syslog and the API, to a server that is killed at random: what was accepted is in the
 * store once, nothing is twice, and no error of the program shows. Half an hour: `VONGLAU_FUZZ=1800 npx vitest …`; the seed
 * is printed, and `VONGLAU_SEED=N` begins with the same one.
 */
import { appendFileSync, renameSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { freePort, openPlace, type Place, type Server, until } from './place.ts'
import { random } from '../random.ts'

const SECONDS = Number(process.env['VONGLAU_FUZZ'] ?? 45)
const SEED = Number(process.env['VONGLAU_SEED'] ?? Date.now() % 1_000_000)
const TOKEN = 'a-token-of-the-tests'
const PASSWORD = 'mat-khau-cua-toi-dai'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

const next = random(SEED)
const up = (n: number) => Math.floor(next() * n)
const pick = <T>(some: readonly T[]): T => some[up(some.length)]!
/** What an attacker puts into a line: signs of control, halves of characters, quotes, expressions, markup. */
const ODD = [
  '\x1b[2J\x9b31m',
  '\x00\x01\x7f',
  '%00%0d%0a',
  '‮txt.exe',
  '"\\" host="x" cookie="',
  "' or 1=1--",
  '<script>alert(1)</script>',
  '${jndi:ldap://x}',
  '(a+)+$'.repeat(20),
  '<34>1 2026-11-21T07:05:00Z h p - - -',
  '{"log":"x","stream":"stdout"}',
  'CEF:0|a|b|c|d|e|f|',
  '\ufeff',
  'x'.repeat(5000),
]
const line = (n: number) =>
  `198.51.100.${up(250)} - - [21/Nov/2026:07:${String(up(60)).padStart(2, '0')}:00 +0000] "GET /dong-${n}?a=${up(99)} HTTP/1.1" 200 ${up(9999)} "-" "${next() < 0.3 ? pick(ODD).replaceAll('\n', ' ') : 'Mozilla/5.0'}"`
const noise = (size: number) => Buffer.from(Array.from({ length: size }, () => up(256)))

test(
  `seed ${SEED}, ${SECONDS} s: lost 0, doubled 0, no unhandled error`,
  async () => {
    const tcp = await freePort()
    place.write(
      'vonglau.yml',
      `listen: 127.0.0.1:0
syslog: { tcp: "127.0.0.1:${tcp}", udp: "127.0.0.1:${tcp}" }
sources:
  - { id: tep, parser: nginx_access, timezone: UTC, file: { path: "logs/*" } }
  - { id: web, parser: nginx_access, timezone: UTC, http: { token: ${TOKEN} } }
  - { id: mang, parser: nginx_access, timezone: UTC, syslog: { from: [127.0.0.1] } }
`,
    )
    place.write('logs/a.log', '')
    let n = 0
    let files = 0
    const given = new Set<number>() // to files, or accepted over HTTP: each is in the store once
    const printed: string[] = []
    let cookie = ''
    let server: Server
    const start = async () => {
      server = await place.start()
      if (cookie) return
      const [, username, password] = /\n {6}(\S+)\n {6}(\S+)\n/.exec(server.printed())!
      const post = (path: string, body: object) =>
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
      cookie = cookieOf(await post('/auth/sign-in/username', { username, password }))
      await post('/me/password', { current: password, next: PASSWORD })
      cookie = cookieOf(await post('/auth/sign-in/username', { username, password: PASSWORD }))
    }
    /** The server may be killed meanwhile: then nothing is known. */
    const ask = async (path: string, init: RequestInit = {}): Promise<{ status: number; text: string } | undefined> => {
      try {
        const answer = await fetch(`${server.url}${path}`, { ...init, signal: AbortSignal.timeout(60_000) })
        return { status: answer.status, text: await answer.text() }
      } catch (error) {
        if ((error as Error).name === 'TimeoutError') throw new Error(`no answer for a minute: ${path.slice(0, 200)}`)
        return undefined
      }
    }
    const wrong: string[] = []
    const actions: (() => Promise<void>)[] = [
      async () => {
        const lines = Array.from({ length: 1 + up(400) }, () => {
          given.add(n)
          return line(n++)
        })
        appendFileSync(place.path('logs/a.log'), Buffer.concat([Buffer.from(`${lines.join('\n')}\n`)]))
        if (next() < 0.1) {
          renameSync(place.path('logs/a.log'), place.path(`logs/a.log.${++files}`))
          place.write('logs/a.log', '')
        }
      },
      async () => {
        // A part of a stream of its own: sent again until it is answered, it adds nothing.
        const numbers = Array.from({ length: 1 + up(300) }, () => n++)
        const body = Buffer.from(`${numbers.map(line).join('\n')}\n`)
        const zipped = next() < 0.3
        const stream = `s${numbers[0]}`
        for (;;) {
          const answer = await ask(`/ingest/web?stream=${stream}&offset=0`, {
            method: 'POST',
            headers: { authorization: `Bearer ${TOKEN}`, ...(zipped ? { 'content-encoding': 'gzip' } : {}) },
            body: zipped ? gzipSync(body) : body,
          })
          if (answer?.status === 200) break
          if (answer && answer.status !== 503) wrong.push(`POST: ${answer.status} ${answer.text.slice(0, 300)}`)
          await sleep(100)
        }
        for (const each of numbers) given.add(each)
      },
      async () => {
        const answer = await ask(
          `/ingest/${pick(['web', '..%2f', 'tep', '__proto__'])}${pick(['', '?stream=x', '?stream=x&offset=-1', '?head=9e9'])}`,
          {
            method: pick(['POST', 'POST', 'GET', 'PUT']),
            headers: {
              authorization: `Bearer ${pick([TOKEN, 'x', ''])}`,
              ...(next() < 0.5 ? { 'content-encoding': 'gzip' } : {}),
            },
            ...(next() < 0.5 ? {} : {}),
          },
        ).catch(() => undefined)
        if (answer && answer.status >= 500 && answer.status !== 503) wrong.push(`${answer.status} ${answer.text}`)
      },
      async () => {
        const socket = connect(tcp, '127.0.0.1')
        socket.on('error', () => {})
        const text = Array.from({ length: 1 + up(50) }, () => {
          const message = Buffer.from(`<189>${line(n++)}`)
          return next() < 0.98 ? `${message.length} ${message.toString('latin1')}` : `${up(99_999)} ${message}`
        })
        socket.end(
          pick([
            () => Buffer.from(text.join(''), 'latin1'),
            () => noise(1 + up(5000)),
            () => Buffer.from(`${up(2_000_000)} `),
            () => Buffer.from(Array.from({ length: 20 }, () => `<13>${line(n++)}`).join('\n')),
          ])(),
        )
        await new Promise((resolve) => socket.once('close', resolve))
      },
      async () => {
        const value = () =>
          encodeURIComponent(pick(['-1e18', '0', '1e9', 'constructor', '[1,null]', 'x'.repeat(3000), ...ODD]))
        const path = pick([
          'alerts',
          'incidents',
          'events',
          'overview',
          'agencies',
          'rules',
          'sources',
          'audit',
          'find',
          'health',
          'kql',
          'kql/suggest',
          'users',
        ])
        const parameter = pick([
          'from',
          'to',
          'limit',
          'cursor',
          'sort',
          'order',
          'group',
          'q',
          'organization',
          'fields',
          'at',
        ])
        const answer = await ask(`/api/${path}?${parameter}=${value()}&${pick(['q', 'limit', 'from'])}=${value()}`, {
          headers: { cookie },
        })
        if (answer && (answer.status === 500 || /\n\s+at |\.ts:\d/.test(answer.text)))
          wrong.push(`GET ${path}: ${answer.status} ${answer.text.slice(0, 300)}`)
      },
      async () => {
        const answer = await ask(
          `/api/${pick(['alerts/change', 'alerts/undo', 'incidents/x', 'rules/sql-injection', 'users', 'me/password', 'auth/sign-in/username'])}`,
          {
            method: 'POST',
            headers: { cookie, 'content-type': 'application/json', origin: server.url },
            body: pick([
              '{',
              'null',
              '[]',
              '{"items":[{"id":"__proto__","version":1}]}',
              JSON.stringify({ username: pick(ODD), password: pick(ODD) }),
              '{"version":1e999}',
            ]),
          },
        )
        if (answer && (answer.status === 500 || /\n\s+at |\.ts:\d/.test(answer.text)))
          wrong.push(`POST: ${answer.status} ${answer.text.slice(0, 300)}`)
      },
    ]
    await start()
    const began = performance.now()
    const going = () => performance.now() - began < SECONDS * 1000
    const worker = async () => {
      while (going()) {
        await pick(actions)()
        await sleep(up(30))
      }
    }
    const killer = async () => {
      while (going()) {
        await sleep(4000 + up(8000))
        printed.push(server.printed())
        try {
          process.kill(server.pid, 'SIGKILL')
        } catch {
          wrong.push(`the server had ended by itself: ${server.printed().slice(-3000)}`)
        }
        await server.stop('SIGKILL')
        await start()
      }
    }
    await Promise.all([worker(), worker(), worker(), killer()])
    printed.push(server!.printed())
    await until('the server goes on', async () => (await ask('/healthz'))?.status === 200)
    await server!.stop()
    const installation = await place.open()
    await installation.ingest.start()
    await installation.ingest.drain()
    /** Where each number stands: what came twice is named with the ways it came. */
    const counts = new Map<number, string[]>()
    // Half an hour is millions of them: one chunk after the other, and of each what is needed.
    const ways = ['vonglau.source.id', 'log.file.path', 'event.ingested', 'event.id']
    const asked = { filter: EVERYTHING, fields: ['event.original', ...ways] }
    for await (const events of installation.store.events.match(SYSTEM, asked))
      for (const event of events) {
        const found = /\/dong-(\d+)\?/.exec(String(event['event.original']))?.[1]
        if (found === undefined) continue
        const at = ways.map((field) => event[field]).join(' ')
        const before = counts.get(Number(found))
        counts.set(Number(found), before ? [...before, at] : [at])
      }
    await installation.close()
    expect(wrong.slice(0, 5)).toEqual([])
    expect({
      lost: [...given].filter((each) => !counts.has(each)).slice(0, 20),
      doubled: [...counts]
        .filter(([, ways]) => ways.length > 1)
        .sort(([a], [b]) => a - b)
        .filter((_, i, all) => i < 5 || i > all.length - 5),
    }).toEqual({ lost: [], doubled: [] })
    expect(given.size).toBeGreaterThan(1000)
    const errors = printed.join('\n').match(/^.*(unhandled|TypeError|RangeError|ReferenceError|\n\s+at ).*$/gim) ?? []
    expect(errors.slice(0, 5)).toEqual([])
  },
  (SECONDS + 1200) * 1000,
)
