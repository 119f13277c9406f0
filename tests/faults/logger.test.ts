/**
 * `logger` of util-linux, unmodified: what a script on a server sends, over UDP and TCP, in the old form and the new. Where this
 * machine has none it is skipped by name. Beats, Logstash, Vector and Fluent Bit are no tests of their own: see tests/README.md.
 */
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Running } from '../../api/server.ts'
import { eventsOf, freePort, line, openPlace, type Place, until } from './place.ts'

const version = spawnSync('logger', ['--version'], { encoding: 'utf8' })
const isHere = version.status === 0 && version.stdout.includes('util-linux')
let place: Place
let running: Running
let ports: { udp: number; tcp: number }

beforeAll(async () => {
  place = openPlace()
  ports = { udp: await freePort(), tcp: await freePort() }
  place.write(
    'vonglau.yml',
    `listen: 127.0.0.1:0
syslog: { udp: "127.0.0.1:${ports.udp}", tcp: "127.0.0.1:${ports.tcp}" }
sources:
  - { id: udp, parser: nginx_access, syslog: { from: [127.0.0.1], port: ${ports.udp} } }
  - { id: tcp, parser: nginx_access, syslog: { from: [127.0.0.1], port: ${ports.tcp} } }
`,
  )
  running = await place.serve()
})
afterAll(async () => {
  await running.stop()
  await place.remove()
})

/** Few: UDP promises nothing to who sends more at once than the other reads. */
const COUNT = 40
const WAYS: readonly (readonly [what: string, source: 'udp' | 'tcp', options: readonly string[]])[] = [
  ['UDP, RFC 3164', 'udp', ['--udp', '--rfc3164']],
  ['UDP, RFC 5424', 'udp', ['--udp', '--rfc5424']],
  ['UDP, RFC 5424 without time, host and its quality', 'udp', ['--udp', '--rfc5424=notime,notq,nohost']],
  ['TCP, RFC 3164, a line each', 'tcp', ['--tcp', '--rfc3164']],
  ['TCP, RFC 5424, a line each', 'tcp', ['--tcp', '--rfc5424']],
  ['TCP, RFC 5424, octets counted', 'tcp', ['--tcp', '--rfc5424', '--octet-count']],
  ['TCP, RFC 3164, octets counted, with a process', 'tcp', ['--tcp', '--rfc3164', '--octet-count', '--id=4711']],
]
test.skipIf(!isHere).each(WAYS.map((way, nth) => [...way, nth] as const))(
  `%s${isHere ? '' : ' (not here: apt-get install bsdutils)'}`,
  async (_, source, options, nth) => {
    const names = Array.from({ length: COUNT }, (__, n) => `logger-${nth}-${n}`)
    const lines = names.map((name, n) => (n % 2 ? line(name).replace(/^\S+/, '2001:db8:84::7') : line(name)))
    const file = place.write(`logger-${nth}.log`, `${lines.join('\n')}\n`)
    const sent = spawnSync(
      'logger',
      ['-n', '127.0.0.1', '-P', String(ports[source]), ...options, '-p', 'local7.info', '-t', 'nginx', '-f', file],
      { encoding: 'utf8' },
    )
    expect(sent.stderr).toBe('')
    expect(sent.status).toBe(0)
    const found = await until(`${COUNT} events of ${names[0]} are stored`, async () => {
      await running.installation.ingest.drain()
      const events = await eventsOf(running.installation.store.events)
      const mine = events.filter((event) => String(event['event.original']).includes(`/dong-logger-${nth}-`))
      return mine.length >= COUNT && mine
    })
    expect(found.map((event) => event['url.path']).sort()).toEqual(names.map((name) => `/dong-${name}`).sort())
    for (const event of found)
      expect(event).toMatchObject({ 'vonglau.source.id': source, 'event.kind': 'event', 'log.syslog.priority': 190 })
    expect(found.filter((event) => event['source.ip'] === '2001:db8:84::7')).toHaveLength(COUNT / 2)
  },
)
