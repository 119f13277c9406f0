/** What arrives over the network: HTTP and syslog, from real senders. */
import { spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { type Running, startServer } from '../../api/server.ts'
import type { Event } from '../../ingest/event.ts'
import { eventsOf, freePort, line, lines, openPlace, originals, type Place, reason, refusal, until } from './place.ts'

const TOKEN = 'a-token-of-the-tests'
const CONFIG = `listen: 127.0.0.1:0
syslog: { udp: "[::]:0", tcp: "[::]:0" }
sources:
  - { id: web, parser: nginx_access, http: { token: ${TOKEN} } }
  - { id: cong, parser: nginx_access, syslog: { from: ["127.0.0.1", "::1"] } }
`
let place: Place
let running: Running
beforeAll(async () => {
  place = openPlace()
  place.write('vonglau.yml', CONFIG)
  running = await place.serve()
})
afterAll(async () => {
  await running.stop()
  await place.remove()
})
const post = (body: string | Uint8Array, headers: Record<string, string> = {}, source = 'web') =>
  fetch(`${running.url}/ingest/${source}`, {
    method: 'POST',
    body: body as BodyInit,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
  })
const stored = async (): Promise<Event[]> => {
  await running.installation.ingest.drain()
  return eventsOf(running.installation.store.events)
}
const paths = async (prefix: string) =>
  (await stored()).filter((event) => String(event['event.original']).includes(prefix))

describe('HTTP', () => {
  test.each([
    ['a wrong token', 'web', { authorization: 'Bearer wrong' }],
    ['no token', 'web', { authorization: '' }],
    ['an unknown source', 'unknown', {}],
    ['a source that is not sent by HTTP', 'cong', {}],
  ])('%s: 401, one sentence, nothing stored', async (_, source, headers) => {
    const answer = await post(line('khong-nhan'), headers, source)
    expect(answer.status).toBe(401)
    const { error } = (await answer.json()) as { error: { message: string } }
    expect(error.message).toMatch(/^no HTTP source ".*" takes this token: add the source to vonglau\.yml/)
    expect(await paths('khong-nhan')).toEqual([])
  })
  test('lines, with CRLF and without a last ending', async () => {
    const answer = await post(`${line('http-1')}\r\n\r\n${line('http-2')}`)
    expect({ status: answer.status, body: await answer.json() }).toEqual({ status: 200, body: { accepted: 2 } })
    expect((await paths('dong-http-')).map((event) => event['url.path'])).toEqual(['/dong-http-1', '/dong-http-2'])
  })
  test('gzip', async () => {
    const answer = await post(gzipSync(`${line('gzip-1')}\n${line('gzip-2')}\n`), { 'content-encoding': 'gzip' })
    expect(await answer.json()).toEqual({ accepted: 2 })
    expect(await paths('dong-gzip-')).toHaveLength(2)
  })
  test('NDJSON', async () => {
    const record = (n: number) =>
      JSON.stringify({
        time_iso8601: '2026-11-21T14:05:00+07:00',
        remote_addr: '198.51.100.7',
        request: `GET /ndjson-${n} HTTP/1.1`,
        status: '200',
        body_bytes_sent: '5',
      })
    expect(
      await (await post(`${record(1)}\n${record(2)}\n`, { 'content-type': 'application/x-ndjson' })).json(),
    ).toEqual({ accepted: 2 })
    expect(
      (await paths('/ndjson-')).map((event) => [event['event.kind'], event['url.path'], event['source.ip']]),
    ).toEqual([
      ['event', '/ndjson-1', '198.51.100.7'],
      ['event', '/ndjson-2', '198.51.100.7'],
    ])
  })
  test('what is called gzip and is none: 400, one sentence', async () => {
    const answer = await post(line('khong-nhan'), { 'content-encoding': 'gzip' })
    expect(answer.status).toBe(400)
    expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(
      /^the body cannot be read \(.*\): send lines, with Content-Encoding: gzip only where they are gzip/,
    )
  })
  test('too much, plain and unpacked: 413, nothing stored', async () => {
    const large = Buffer.alloc(65 * 1024 * 1024, 'khong-nhan\n')
    for (const answer of [
      await post(large),
      await post(gzipSync(large, { level: 1 }), { 'content-encoding': 'gzip' }),
    ]) {
      expect(answer.status).toBe(413)
      expect(((await answer.json()) as { error: { message: string } }).error.message).toMatch(
        /^the body is larger than 64 MiB/,
      )
    }
    // A few kilobytes that are millions of lines: no more than a request of so many is taken apart.
    const many = await post(gzipSync(Buffer.alloc(8 << 20, 'a\n')), { 'content-encoding': 'gzip' })
    expect(many.status).toBe(413)
    expect(await paths('khong-nhan')).toEqual([])
  })
})

const udp = (host: string, ...messages: string[]) =>
  Promise.all(
    messages.map(
      (message) =>
        new Promise<void>((resolve) => {
          const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4')
          socket.send(message, running.syslog.udp!, host, () => socket.close(() => resolve()))
        }),
    ),
  )
const tcp = (host: string, ...chunks: string[]) =>
  new Promise<void>((resolve, reject) => {
    const socket = connect(running.syslog.tcp!, host, async () => {
      socket.setNoDelay(true)
      for (const chunk of chunks) {
        socket.write(chunk)
        await new Promise((next) => setTimeout(next, 20))
      }
      socket.end()
    })
    socket.on('close', () => resolve())
    socket.on('error', reject)
    socket.resume()
  })
const counted = (message: string) => `${Buffer.byteLength(message)} ${message}`
const rfc3164 = (text: string) => `<190>Nov 21 14:05:00 may-chu nginx: ${text}`
const rfc5424 = (text: string) => `<190>1 2026-11-21T14:05:00+07:00 may-chu nginx 77 - - ${text}`
const arrived = (prefix: string, count: number) =>
  until(`${count} lines of ${prefix} are stored`, async () => {
    const found = await paths(prefix)
    return found.length >= count && found
  })

describe('syslog', () => {
  test.each(['127.0.0.1', '::1'])('UDP from %s, RFC 3164 and RFC 5424', async (host) => {
    const prefix = `udp-${host === '::1' ? 6 : 4}`
    await udp(host, rfc3164(line(`${prefix}-a`)), rfc5424(line(`${prefix}-b`)))
    const found = await arrived(prefix, 2)
    expect(
      found
        .map((event) => [
          event['vonglau.source.id'],
          event['event.kind'],
          event['url.path'],
          event['log.source.address'],
        ])
        .sort(),
    ).toEqual([
      ['cong', 'event', `/dong-${prefix}-a`, host],
      ['cong', 'event', `/dong-${prefix}-b`, host],
    ])
  })
  test.each(['127.0.0.1', '::1'])('TCP from %s, octets counted and lines, cut anywhere', async (host) => {
    const prefix = `tcp-${host === '::1' ? 6 : 4}`
    const all = ['a', 'b', 'ế'].map((n) => counted(rfc5424(line(`${prefix}-đếm-${n}`)))).join('')
    await tcp(host, all.slice(0, 7), all.slice(7, 190), all.slice(190))
    const rows = ['a', 'b', 'c'].map((n) => `${rfc3164(line(`${prefix}-hang-${n}`))}\n`).join('')
    // The last one has no ending: closing the connection is one.
    await tcp(host, rows.slice(0, 50), rows.slice(50, -1))
    const found = await arrived(prefix, 6)
    expect(found.map((event) => [event['event.kind'], event['url.path']]).sort()).toEqual(
      [...['a', 'b', 'ế'].map((n) => `${prefix}-đếm-${n}`), ...['a', 'b', 'c'].map((n) => `${prefix}-hang-${n}`)]
        .map((n) => ['event', `/dong-${n}`])
        .sort(),
    )
  })
  test('a sender that no source names is kept, and says what to do', async () => {
    await udp('127.0.0.1', rfc3164(line('biet')))
    await new Promise<void>((resolve) => {
      const socket = createSocket('udp4')
      socket.bind(0, '127.0.0.9', () =>
        socket.send(rfc3164(line('la')), running.syslog.udp!, '127.0.0.1', () => socket.close(() => resolve())),
      )
    })
    const [event] = await arrived('dong-la ', 1)
    expect(event).toMatchObject({
      'event.kind': 'pipeline_error',
      'vonglau.source.id': 'unknown',
      'event.original': rfc3164(line('la')),
      'log.source.address': '127.0.0.9',
    })
    expect(event!['error.message']).toMatch(
      /^no source is configured for the sender 127\.0\.0\.9: add one with this address under "from"$/,
    )
    expect(await arrived('dong-biet', 1)).toHaveLength(1)
  })
  test('a frame that cannot be is told, and ends only its own connection', async () => {
    await tcp('127.0.0.1', `999999999 ${line('khung')}`)
    await tcp('127.0.0.1', `${rfc3164(line('sau-do'))}\n`)
    expect(await arrived('sau-do', 1)).toHaveLength(1)
  })
})

const RSYSLOG = ['/usr/sbin/rsyslogd', '/usr/bin/rsyslogd'].find((path) => existsSync(path))
describe('rsyslog', () => {
  const absent = RSYSLOG === undefined && !process.env['CI']
  test.skipIf(absent)(
    `2,000 lines over TCP, octets counted, each exactly once${absent ? ' (no rsyslogd here: apt-get install rsyslog)' : ''}`,
    async () => {
      expect(RSYSLOG, 'rsyslogd').toBeDefined()
      const version = spawnSync(RSYSLOG!, ['-v'], { encoding: 'utf8' }).stdout
      expect(version).toMatch(/^rsyslogd/)
      const file = place.write(
        'gui/access.log',
        `${lines(2000)
          .map((each) => each.replace('/dong-', '/rsyslog-'))
          .join('\n')}\n`,
      )
      const settings = place.write(
        'rsyslog.conf',
        `global(workDirectory="${place.folder}/gui" maxMessageSize="64k")
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="${file}" tag="nginx:" ruleset="gui" readMode="0")
ruleset(name="gui") {
  action(type="omfwd" target="127.0.0.1" port="${running.syslog.tcp}" protocol="tcp" tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1")
}
`,
      )
      const daemon = spawn(RSYSLOG!, ['-n', '-f', settings, '-i', place.path('rsyslog.pid')], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      let said = ''
      daemon.stderr!.on('data', (chunk) => (said += String(chunk)))
      try {
        const found = await until('all lines of rsyslog are stored', async () => {
          if (daemon.exitCode !== null) throw new Error(`rsyslogd ended: ${said}`)
          const all = await paths('/rsyslog-')
          return all.length >= 2000 && all
        })
        expect(found.filter((event) => event['event.kind'] !== 'event')).toEqual([])
        expect(found.map((event) => String(event['url.path'])).sort()).toEqual(
          Array.from({ length: 2000 }, (_, n) => `/rsyslog-${n}`).sort(),
        )
      } finally {
        const gone = new Promise((resolve) => daemon.once('exit', resolve))
        daemon.kill('SIGTERM')
        await gone
      }
    },
  )
})

describe('a taken port', () => {
  test('of the console: one sentence, and the first administrator is not made in vain', async () => {
    const other = openPlace()
    const taken = new URL(running.url).host
    other.write('vonglau.yml', `listen: ${taken}\n`)
    expect(refusal(await other.run(['start']))).toBe(
      `vonglau: ${taken} is taken by another program: stop that one, or choose another address with "listen:" (VONGLAU_LISTEN)`,
    )
    // The one-time password is shown by the start that works.
    const server = await other.start({ VONGLAU_LISTEN: '127.0.0.1:0' })
    expect(
      await until('the password is shown', () => /first sign-in:\n\n +admin\n +(\S+)/.exec(server.printed())?.[1]),
    ).toMatch(/^[a-z0-9-]{15,19}$/)
    await server.stop()
    await other.remove()
  })
  test.each(['udp', 'tcp'] as const)('of syslog over %s', async (kind) => {
    const other = openPlace()
    other.write('vonglau.yml', `listen: 127.0.0.1:0\nsyslog: { ${kind}: "127.0.0.1:${running.syslog[kind]}" }\n`)
    const start = () =>
      startServer(readConfig(other.path('vonglau.yml'), {}), { clock: Date.now, say: () => {}, warn: () => {} })
    expect(await reason(start)).toBe(
      `the syslog port 127.0.0.1:${running.syslog[kind]} (${kind}) is taken by another program: stop that one, or choose another port under syslog: ${kind}:`,
    )
    // It let go of all it had: the same folder can be opened again.
    other.write('vonglau.yml', `listen: 127.0.0.1:${await freePort()}\n`)
    await (await start()).stop()
    await other.remove()
  })
})

test('every line of this file that was accepted is in the store once', async () => {
  for (const [text, count] of await originals(running.installation.store.events))
    expect(count, text.slice(0, 200)).toBe(1)
})
