/**
 * Unmodified senders: what speaks to Elasticsearch (clients, rsyslog, syslog-ng), syslog over TLS with certificates, relays.
 * A sender that this machine lacks is skipped by name.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { gzipSync } from 'node:zlib'
import { Client } from '@elastic/elasticsearch'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { type Running, startServer } from '../../api/server.ts'
import { givenId, givenPrefix } from '../../ingest/event-id.ts'
import type { Event } from '../../ingest/event.ts'
import { openCertificates } from '../servers/certificates.ts'
import { eventsOf, freePort, line, openPlace, type Place, reason, until } from './place.ts'

const TOKEN = 'a-token-of-the-tests'
let place: Place
let running: Running
let ports: { plain: number; tls: number; first: number; second: number }
/** The clock of the server. */
let ahead = 0

/** An authority and what it has signed, and another one. */
const certificates = () => {
  const { authority, signed } = openCertificates(place.folder)
  authority('tinh')
  authority('khac')
  signed('may-chu', 'tinh')
  signed('thiet-bi', 'tinh')
  signed('gia-mao', 'khac')
}

beforeAll(async () => {
  place = openPlace()
  certificates()
  ports = { plain: await freePort(), tls: await freePort(), first: await freePort(), second: await freePort() }
  place.write(
    'vonglau.yml',
    `listen: 127.0.0.1:0
syslog:
  udp: ["127.0.0.1:${ports.first}", "127.0.0.1:${ports.second}"]
  tcp: 127.0.0.1:${ports.plain}
  tls: { listen: "127.0.0.1:${ports.tls}", cert: may-chu.crt, key: may-chu.key, ca: tinh.crt }
  relays: [127.0.0.5]
sources:
  - { id: web, parser: nginx_access, http: { token: ${TOKEN} } }
  - { id: ecs, parser: json_ecs, http: { token: ${TOKEN} } }
  - { id: cong-1, parser: nginx_access, syslog: { port: ${ports.first} } }
  - { id: cong-2, parser: nginx_access, syslog: { from: [127.0.0.0/8], port: ${ports.second} } }
  - { id: tcp, parser: nginx_access, syslog: { from: [127.0.0.1], port: ${ports.plain} } }
  - { id: tls, parser: nginx_access, syslog: { from: [127.0.0.1], port: ${ports.tls} } }
  - { id: host, parser: nginx_access, syslog: { host: [Web-01, web-02.] } }
  - { id: program, parser: nginx_access, syslog: { host: [web-01], program: [nginx-b] } }
  - { id: relay, parser: syslog, syslog: { from: [127.0.0.5] } }
`,
  )
  running = await place.serve(() => Date.now() + ahead)
})
afterAll(async () => {
  await running.stop()
  await place.remove()
})

const stored = async (part: string): Promise<Event[]> => {
  await running.installation.ingest.drain()
  const events = await eventsOf(running.installation.store.events)
  return events.filter((event) => String(event['event.original']).includes(part))
}
const arrived = (part: string, count: number) =>
  until(`${count} events with ${part} are stored`, async () => {
    const found = await stored(part)
    return found.length >= count && found
  })
const sourcesOf = async (part: string, count: number) =>
  (await arrived(part, count)).map((event) => `${event['vonglau.source.id']} ${event['url.path']}`).sort()
const said = async (code: string) => (await running.installation.wrong()).find((each) => each.code === code)?.message

describe('_bulk', () => {
  const basic = (user: string, token = TOKEN) => `Basic ${btoa(`${user}:${token}`)}`
  const send = async (body: string | Uint8Array, headers: Record<string, string> = {}, path = '/ingest/web/_bulk') => {
    const answer = await fetch(`${running.url}${path}`, {
      method: 'POST',
      body: body as BodyInit,
      headers: { authorization: basic('web'), 'content-type': 'application/x-ndjson', ...headers },
    })
    return { status: answer.status, product: answer.headers.get('x-elastic-product'), body: await answer.json() }
  }
  const documents = (...items: (readonly [id: string | undefined, text: string])[]) =>
    items
      .map(
        ([id, message]) =>
          `${JSON.stringify({ create: { _index: 'logs', _id: id } })}\n${JSON.stringify({ message })}\n`,
      )
      .join('')

  test('an _id makes the event’s id; seen within a day it adds nothing, a day later it does', async () => {
    const text = documents(['k1', line('bulk-1')], ['k2', line('bulk-2')], [undefined, line('bulk-3')])
    expect(await send(text)).toMatchObject({ status: 200, product: 'Elasticsearch', body: { errors: false } })
    const again = await send(gzipSync(documents(['k1', line('bulk-1')], ['k3', line('bulk-4')])), {
      'content-encoding': 'gzip',
    })
    const items = (again.body as { items: { create: { status: number } }[] }).items
    expect(items.map((each) => each.create.status)).toEqual([409, 201])
    const events = await arrived('/dong-bulk-', 4)
    expect(events).toHaveLength(4)
    const ids = new Map(events.map((event) => [event['url.path'], event['event.id']]))
    expect(ids.get('/dong-bulk-1')).toBe(`${givenPrefix('web')}-${givenId('k1')}`)
    expect(new Set(ids.values()).size).toBe(4)
    ahead += 25 * 3_600_000
    await send(documents(['k1', line('bulk-1-muon')]))
    const late = await arrived('/dong-bulk-1-muon', 1)
    expect(late[0]!['event.id']).toBe(ids.get('/dong-bulk-1'))
  })
  test.each([
    ['a wrong token', { authorization: basic('web', 'wrong') }, '/ingest/web/_bulk'],
    ['no credentials', { authorization: '' }, '/ingest/web/_bulk'],
    ['an unknown source', {}, '/ingest/nobody/_bulk'],
    ['a source of syslog', {}, '/ingest/tcp/_bulk'],
    ['an unknown user at the root', { authorization: basic('nobody') }, '/_bulk'],
  ])('%s: 401 in Elasticsearch’s form, one sentence', async (_, headers, path) => {
    const { status, body } = await send(documents([undefined, line('khong-nhan')]), headers, path)
    expect(status).toBe(401)
    expect(body).toMatchObject({
      error: { type: 'security_exception', reason: expect.stringMatching(/^no HTTP source takes/) },
      status: 401,
    })
  })
  test.each([
    ['no action', '{"message":"a"}\n', {}, 400, /^line 1 of the body is no action/],
    ['gzip that is none', 'text', { 'content-encoding': 'gzip' }, 400, /^the body cannot be read/],
    ['brotli', 'text', { 'content-encoding': 'br' }, 415, /^Content-Encoding: br/],
  ])('%s is refused with a sentence', async (_, text, headers, status, sentence) => {
    const answer = await send(text, headers as Record<string, string>)
    expect(answer).toMatchObject({ status, body: { error: { reason: expect.stringMatching(sentence) } } })
  })
  test('what is asked before the first document is answered as Elasticsearch documents it', async () => {
    const ask = async (method: string, path: string, accept = 'application/json') => {
      const answer = await fetch(`${running.url}${path}`, { method, headers: { authorization: basic('web'), accept } })
      return [answer.status, answer.headers.get('content-type'), method === 'HEAD' ? '' : await answer.text()] as const
    }
    for (const path of ['/ingest/web', '/ingest/web/', '/'])
      expect(JSON.parse((await ask('GET', path))[2])).toMatchObject({ version: { number: expect.any(String) } })
    const vendor = 'application/vnd.elasticsearch+json; compatible-with=9'
    expect((await ask('GET', '/ingest/web', vendor))[1]).toBe(vendor)
    for (const base of ['/ingest/web', '']) {
      expect(JSON.parse((await ask('GET', `${base}/_license`))[2])).toMatchObject({ license: { status: 'active' } })
      expect(JSON.parse((await ask('GET', `${base}/_xpack`))[2])).toMatchObject({
        features: { ilm: { enabled: true } },
      })
      expect((await ask('GET', `${base}/_ilm/policy/filebeat`))[0]).toBe(404)
      expect(await ask('PUT', `${base}/_ilm/policy/filebeat`)).toEqual([
        200,
        'application/json',
        '{"acknowledged":true}',
      ])
      expect((await ask('HEAD', `${base}/_index_template/filebeat`))[0]).toBe(404)
      expect((await ask('PUT', `${base}/_index_template/filebeat`))[0]).toBe(200)
      expect((await ask('GET', `${base}/_cluster/health`))[2]).toContain('"green"')
    }
    expect((await ask('GET', '/ingest/web/_search'))[2]).toContain('is not answered here')
    // The console is where it was.
    expect((await (await fetch(`${running.url}/`)).text()).slice(0, 15)).toMatch(/^<!doctype html>/i)
  })
  test('the bulk helper of the Node client, its repetitions too', async () => {
    const client = new Client({ node: `${running.url}/ingest/ecs`, auth: { username: 'ecs', password: TOKEN } })
    expect((await client.info()).version.number).toMatch(/^9\./)
    const bulk = () =>
      client.helpers.bulk({
        datasource: Array.from({ length: 1200 }, (_, n) => ({
          '@timestamp': new Date().toISOString(),
          message: `node-${n}`,
        })),
        onDocument: (each) => ({ create: { _index: 'logs', _id: each.message } }),
      })
    expect(await bulk()).toMatchObject({ successful: 1200, failed: 0 })
    expect(await bulk()).toMatchObject({ successful: 0, failed: 1200 })
    expect(await arrived('"node-', 1200)).toHaveLength(1200)
    await client.close()
  })

  const absent = (what: string, is: boolean) => (is ? '' : ` (not here: ${what})`)
  const python = process.env['VONGLAU_TEST_PYTHON'] ?? 'python3'
  const hasPython = spawnSync(python, ['-c', 'import elasticsearch']).status === 0
  test.skipIf(!hasPython)(
    `the bulk helper of the Python client${absent('pip install elasticsearch, VONGLAU_TEST_PYTHON', hasPython)}`,
    async () => {
      const script = `
from elasticsearch import Elasticsearch, helpers
import sys
c = Elasticsearch(sys.argv[1], api_key=('ecs', sys.argv[2]))
docs = [{'_op_type': 'index', '_index': 'logs', '_id': str(n), '@timestamp': '2026-11-21T07:00:00Z', 'message': 'python-%d' % n} for n in range(700)]
print(c.info()['version']['number'], helpers.bulk(c, docs)[0], helpers.bulk(c, docs)[0])
`
      const child = spawn(python, ['-c', script, `${running.url}/ingest/ecs`, TOKEN], {
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let out = ''
      child.stdout.on('data', (chunk) => (out += String(chunk)))
      child.stderr.on('data', (chunk) => (out += String(chunk)))
      await once(child, 'close')
      expect(out).toMatch(/^9\.\S+ 700 700\n$/)
      expect(await arrived('"python-', 700)).toHaveLength(700)
    },
  )

  /** Runs a daemon until so many events with `part` are stored. */
  const until_ = async (daemon: ChildProcess, part: string, count: number) => {
    let told = ''
    daemon.stderr!.on('data', (chunk) => (told += String(chunk)))
    try {
      return await until(`${count} events of ${part}`, async () => {
        if (daemon.exitCode !== null) throw new Error(`it ended: ${told}`)
        const found = await stored(part)
        return found.length >= count && found
      })
    } finally {
      const gone = once(daemon, 'exit')
      daemon.kill('SIGTERM')
      await gone
    }
  }
  const RSYSLOG = ['/usr/sbin/rsyslogd', '/usr/bin/rsyslogd'].find((path) => existsSync(path))
  const hasOm =
    RSYSLOG !== undefined && spawnSync('sh', ['-c', 'ls /usr/lib/*/rsyslog/omelasticsearch.so']).status === 0
  const file = (name: string, count: number) =>
    place.write(`${name}.log`, Array.from({ length: count }, (_, n) => `${line(`${name}-${n}`)}\n`).join(''))
  test.skipIf(!hasOm)(
    `rsyslog’s omelasticsearch, at the root${absent('apt-get install rsyslog-elasticsearch', hasOm)}`,
    async () => {
      const settings = place.write(
        'omelasticsearch.conf',
        `global(workDirectory="${place.folder}")
module(load="imfile" mode="polling" pollingInterval="1")
module(load="omelasticsearch")
input(type="imfile" file="${file('om', 300)}" tag="nginx:" ruleset="gui")
template(name="document" type="list") {
  constant(value="{\\"@timestamp\\":\\"") property(name="timereported" dateFormat="rfc3339")
  constant(value="\\",\\"message\\":\\"") property(name="msg" format="json") constant(value="\\"}")
}
ruleset(name="gui") {
  action(type="omelasticsearch" server="127.0.0.1" serverport="${new URL(running.url).port}" uid="web" pwd="${TOKEN}"
    template="document" searchIndex="logs" searchType="" bulkmode="on" action.resumeRetryCount="-1")
}
`,
      )
      const daemon = spawn(RSYSLOG!, ['-n', '-f', settings, '-i', place.path('om.pid')], {
        stdio: ['ignore', 'ignore', 'pipe'],
      })
      const found = await until_(daemon, '/dong-om-', 300)
      expect(found.map((event) => event['url.path']).sort()).toEqual(
        Array.from({ length: 300 }, (_, n) => `/dong-om-${n}`).sort(),
      )
    },
  )
  const NG = process.env['VONGLAU_TEST_SYSLOG_NG'] ?? ''
  const hasNg = NG !== '' && existsSync(`${NG}/usr/sbin/syslog-ng`)
  const ng = (settings: string) => {
    const modules = spawnSync('sh', ['-c', `ls -d ${NG}/usr/lib/syslog-ng/*/`], { encoding: 'utf8' }).stdout.trim()
    const libraries = spawnSync('sh', ['-c', `ls -d ${NG}/usr/lib/*-linux-gnu ${NG}/lib/*-linux-gnu`], {
      encoding: 'utf8',
    })
    const paths = [`${NG}/usr/lib/syslog-ng`, modules, ...libraries.stdout.trim().split('\n')]
    const own = ['persist-file', 'control', 'pidfile'].flatMap((name) => [`--${name}`, place.path(`ng.${name}`)])
    return spawn(
      `${NG}/usr/sbin/syslog-ng`,
      ['-F', '--no-caps', '-f', place.write('ng.conf', settings), ...own, '--module-path', modules],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, LD_LIBRARY_PATH: paths.join(':') } },
    )
  }
  test.skipIf(!hasNg)(
    `syslog-ng: its HTTP destination, and its network destination${absent('VONGLAU_TEST_SYSLOG_NG', hasNg)}`,
    async () => {
      const daemon = ng(`@version: 3.38
source s { file("${file('ng', 200)}" flags(no-parse) follow-freq(1)); };
destination h { http(url("${running.url}/ingest/web/_bulk") method("POST") user("web") password("${TOKEN}")
  headers("Content-Type: application/x-ndjson") body-suffix("\\n") delimiter("\\n") batch-lines(50) batch-timeout(200)
  body('{"index":{}}
$(format-json message="\${MSG}")')); };
destination n { network("127.0.0.1" port(${ports.plain}) transport("tcp") template("<190>$ISODATE ng nginx: $MSG\\n")); };
log { source(s); destination(h); destination(n); };
`)
      const found = await until_(daemon, '/dong-ng-', 400)
      for (const source of ['web', 'tcp'])
        expect(
          found
            .filter((event) => event['vonglau.source.id'] === source)
            .map((event) => event['url.path'])
            .sort(),
        ).toEqual(Array.from({ length: 200 }, (_, n) => `/dong-ng-${n}`).sort())
    },
  )

  describe('over TLS', () => {
    const tls = async (its: ConnectionOptions, text: string) => {
      const socket = connectTls({
        host: '127.0.0.1',
        port: ports.tls,
        ca: readFileSync(place.path('tinh.crt')),
        ...its,
      })
      const closed = once(socket, 'close')
      socket.on('error', () => {})
      socket.on('secureConnect', () => socket.end(text))
      socket.resume()
      await closed
    }
    const identity = (name: string) => ({
      cert: readFileSync(place.path(`${name}.crt`)),
      key: readFileSync(place.path(`${name}.key`)),
    })
    const frame = (name: string) => `<190>1 2026-11-21T07:05:00Z web nginx - - - ${line(name)}\n`

    test('a certificate of the authority is let in; another, and none, are refused with a sentence', async () => {
      await tls(identity('thiet-bi'), frame('tls-tot'))
      expect(await sourcesOf('/dong-tls-tot', 1)).toEqual(['tls /dong-tls-tot'])
      await tls(identity('gia-mao'), frame('tls-gia'))
      await until('it is said', async () => (await said('syslog-refused'))?.includes('gia-mao'))
      expect(await said('syslog-refused')).toMatch(
        /the certificate "gia-mao" of 127\.0\.0\.1 is not one that is valid now and of the authority that syslog: tls: ca names/,
      )
      await tls({}, frame('tls-khong'))
      await until('it is said', async () => (await said('syslog-refused'))?.includes('no certificate'))
      const plain = connectTcp(ports.tls, '127.0.0.1')
      plain.on('error', () => {})
      plain.end(frame('tls-tran'))
      plain.resume()
      await once(plain, 'close')
      await until('it is said', async () => (await said('syslog-refused'))?.includes('no way to speak TLS'))
      expect(await stored('/dong-tls-')).toHaveLength(1)
    })
    const hasGtls = RSYSLOG !== undefined && spawnSync('sh', ['-c', 'ls /usr/lib/*/rsyslog/lmnsd_gtls.so']).status === 0
    test.skipIf(!hasGtls)(
      `rsyslog over TLS with its certificate${absent('apt-get install rsyslog-gnutls', hasGtls)}`,
      async () => {
        const settings = place.write(
          'gtls.conf',
          `global(workDirectory="${place.folder}" maxMessageSize="64k" defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="${place.path('tinh.crt')}" defaultNetstreamDriverCertFile="${place.path('thiet-bi.crt')}"
  defaultNetstreamDriverKeyFile="${place.path('thiet-bi.key')}")
module(load="imfile" mode="polling" pollingInterval="1")
input(type="imfile" file="${file('gtls', 300)}" tag="nginx:" ruleset="gui")
ruleset(name="gui") {
  action(type="omfwd" target="127.0.0.1" port="${ports.tls}" protocol="tcp" StreamDriver="gtls" StreamDriverMode="1"
    StreamDriverAuthMode="x509/certvalid" tcp_framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format" action.resumeRetryCount="-1")
}
`,
        )
        const daemon = spawn(RSYSLOG!, ['-n', '-f', settings, '-i', place.path('gtls.pid')], {
          stdio: ['ignore', 'ignore', 'pipe'],
        })
        const found = await until_(daemon, '/dong-gtls-', 300)
        expect(new Set(found.map((event) => event['vonglau.source.id']))).toEqual(new Set(['tls']))
        expect(found.map((event) => event['url.path']).sort()).toEqual(
          Array.from({ length: 300 }, (_, n) => `/dong-gtls-${n}`).sort(),
        )
      },
    )
    test('certificates are read anew by a reload; files that do not belong together change nothing, and it is said', async () => {
      const { cert, key } = identity('may-chu')
      place.write('may-chu.key', identity('thiet-bi').key)
      await running.installation.reload()
      expect(await said('syslog-tls')).toMatch(
        /^syslog: tls: certificate and key cannot be used .*; the certificate of before is still in use$/,
      )
      await tls(identity('thiet-bi'), frame('tls-sau'))
      await arrived('/dong-tls-sau', 1)
      place.write('may-chu.key', key)
      place.write('may-chu.crt', cert)
      await running.installation.reload()
      expect(await said('syslog-tls')).toBeUndefined()
    })
  })
})

describe('whose lines they are', () => {
  const datagram = async (port: number, from: string, text: string) => {
    const socket = createSocket('udp4')
    await new Promise<void>((done) => socket.bind(0, from, done))
    await new Promise<void>((done, fail) =>
      socket.send(text, port, '127.0.0.1', (error) => (error ? fail(error) : done())),
    )
    socket.close()
  }
  test('by the port, of whatever sender; with an address only of it', async () => {
    await datagram(ports.first, '127.0.0.9', line('port-a'))
    await datagram(ports.second, '127.0.0.9', line('port-b'))
    expect(await sourcesOf('/dong-port-', 2)).toEqual(['cong-1 /dong-port-a', 'cong-2 /dong-port-b'])
  })
  test('by host and program of the header where a relay sends them; of nobody else', async () => {
    const told = (host: string, program: string, name: string) =>
      `<190>Nov 21 14:05:00 ${host} ${program}: ${line(name)}\n`
    const send = async (from: string, ...texts: string[]) => {
      const socket = connectTcp({ port: ports.plain, host: '127.0.0.1', localAddress: from })
      socket.end(texts.join(''))
      socket.resume()
      await once(socket, 'close')
    }
    await send(
      '127.0.0.5',
      told('WEB-01', 'nginx', 'relay-a'),
      told('web-02', 'nginx', 'relay-b'),
      told('web-01', 'nginx-b', 'relay-c'),
      told('web-03', 'nginx', 'relay-d'),
    )
    await send('127.0.0.6', told('web-01', 'nginx', 'relay-e'))
    const found = await arrived('/dong-relay-', 5)
    expect(
      Object.fromEntries(
        found.map((event) => [/relay-\w/.exec(String(event['event.original']))![0], event['vonglau.source.id']]),
      ),
    ).toEqual({ 'relay-a': 'host', 'relay-b': 'host', 'relay-c': 'program', 'relay-d': 'relay', 'relay-e': 'unknown' })
  })
})

test.each([
  [
    'a port that is not open',
    'syslog: { udp: "0.0.0.0:5514" }\nsources: [{ id: a, parser: syslog, syslog: { port: 5515 } }]',
    /sources\[0\]\.syslog\.port: source "a" waits at port 5515, which syslog: does not open/,
  ],
  [
    'a host without relays',
    'sources: [{ id: a, parser: syslog, syslog: { host: [b] } }]',
    /sources\[0\]\.syslog: host and program of a line are believed of relays alone: name the relay of source "a" under syslog: relays:/,
  ],
  [
    'nothing that tells',
    'sources: [{ id: a, parser: syslog, syslog: {} }]',
    /sources\[0\]\.syslog: expected from:, port:, host: or program:, found \{\}$/,
  ],
  ['a wrong address among several', 'syslog: { udp: ["0.0.0.0:5514", "x"] }', /syslog\.udp\[1\]: expected host:port/],
  ['no address', 'syslog: { tcp: [] }', /syslog\.tcp: expected at least one address/],
])('%s is refused with a sentence', async (_, text, sentence) => {
  const own = openPlace()
  own.write('vonglau.yml', text)
  expect(await reason(async () => readConfig(own.path('vonglau.yml'), {}))).toMatch(sentence)
  await own.remove()
})
test('a TLS key that is not there: a start is refused with a sentence', async () => {
  const own = openPlace()
  own.write('vonglau.yml', 'listen: 127.0.0.1:0\nsyslog: { tls: { listen: "127.0.0.1:0", cert: a.crt, key: a.key } }\n')
  const options = { clock: Date.now, say: () => {}, warn: () => {} }
  expect(await reason(() => startServer(readConfig(own.path('vonglau.yml'), {}), options))).toMatch(
    /^syslog: tls: cert: .*a\.crt cannot be read \(ENOENT\): name the certificate chain as a PEM file$/,
  )
  await own.remove()
})
