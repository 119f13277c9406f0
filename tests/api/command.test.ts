/** The command line through real processes: with a running server by its socket, and without one. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reach } from '../../api/commands/reach.ts'
import { readConfig } from '../../api/config.ts'
import type { Request } from '../../api/control.ts'
import { importFiles } from '../../api/import.ts'
import type { Source } from '../../ingest/source.ts'
import { CATALOG } from '../../rules/load.ts'
import { FEW_AGENCIES, line, lines, openPlace, originals, type Place, reason, until } from '../faults/place.ts'
import { attack, OURS, request } from './console.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())
const ok = async (...args: string[]) => {
  const { code, out, err } = await place.run(args)
  expect({ code, err }, out).toEqual({ code: 0, err: '' })
  return out
}
const ndjson = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((text) => JSON.parse(text))

test('first start: an administrator, a password shown once; then commands through the socket', async () => {
  place.write(
    'vonglau.yml',
    `listen: 127.0.0.1:0\ninventory: ${FEW_AGENCIES}\nsources:\n  - { id: cong, parser: nginx_access, organization: ${OURS.agency}, file: { path: "logs/*.log" } }\n`,
  )
  place.write('logs/access.log', `${lines(20).join('\n')}\nkhông phải nhật ký\n`)
  const server = await place.start()
  const [, username, password] = await until('the password is shown', () =>
    /shown once.*\n\n +(\S+)\n +(\S+)\n/.exec(server.printed()),
  )
  const socket = place.path('.vonglau/control.sock')
  expect((statSync(socket).mode & 0o777).toString(8)).toBe('600')
  const signIn = (word: string) =>
    fetch(`${server.url}/api/auth/sign-in/username`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: server.url },
      body: JSON.stringify({ username, password: word }),
    })
  expect((await signIn(password!)).status).toBe(200)

  const ask = async (request: Request) => {
    const answers = []
    for await (const answer of reach(readConfig(place.path('vonglau.yml'), {}), request)) answers.push(answer)
    return answers
  }
  await until(
    'the file is read',
    async () => (await ask({ ask: 'query', kql: 'event.dataset : nginx_access', count: true }))[0]!['count'] === 21,
  )
  const found = ndjson(await ok('query', 'url.path : "/dong-7"'))
  expect(found).toMatchObject([
    {
      '@timestamp': '2026-11-21T07:05:00.000Z',
      url: { path: '/dong-7' },
      organization: { id: OURS.agency },
      event: { original: line(7), ingested: expect.stringMatching(/Z$/) },
    },
  ])
  expect(await ok('query', '--from', '2026-11-21T07:05:00Z', '--to', '2026-11-21T14:05:01+07:00', '--count')).toBe(
    '20\n',
  )
  // The lines of the past day go by the time that a line says; that of the unparsed one is when it came.
  expect(await ok('sources')).toMatch(/source +parser +state .*\ncong +nginx_access +receiving +(21|1) +1 +0/)

  const told = await ok('report', '--kind', 'month', '--period', '2025-01', '--out', place.path('thang.pdf'))
  expect(told).toContain('tháng 1 năm 2025')
  expect(readFileSync(place.path('thang.pdf')).toString('latin1', 0, 5)).toBe('%PDF-')
  for (const [args, why] of [
    [['--kind', 'month', '--period', '2025-01', '--out', 'x.txt'], /let it end with \.pdf/],
    [['--kind', 'month', '--out', 'x.pdf'], /name --kind and --period/],
    [['--kind', 'month', '--period', '2025', '--out', 'x.pdf'], /write it as 2026-10/],
    [['--incident', 'SYT-2025-001', '--out', 'x.csv'], /no such incident/],
  ] as const) {
    const { code, err } = await place.run(['report', ...args])
    expect([code, err]).toEqual([1, expect.stringMatching(why)])
  }
  const added = await ok(
    'users',
    'add',
    'Hoa',
    '--name',
    'Lê Hoa',
    '--role',
    'agency_viewer',
    '--organization',
    OURS.agency,
  )
  expect(added).toMatch(/^hoa can sign in with this password once, and then chooses another: [a-z0-9-]+\n$/)
  const wrong = (request: Request) => reason(() => ask(request))
  expect(await wrong({ ask: 'users.add', username: 'hoa', name: 'x', role: 'analyst', organizations: [] })).toMatch(
    /there is a user "hoa" already/,
  )
  expect(
    await wrong({ ask: 'users.add', username: 'ba', name: 'x', role: 'analyst', organizations: ['so-yte'] }),
  ).toMatch(/there is no agency "so-yte" in the inventory: name its id, such as /)
  const reset = String((await ask({ ask: 'users.reset', username: username! }))[0]!['password'])
  expect((await signIn(password!)).status).toBe(401)
  expect((await signIn(reset)).status).toBe(200)
  const doctor = await place.run(['doctor'])
  expect(doctor.err).toBe('')
  expect(doctor.out).toMatch(/ok +the server is running\n/)
  expect(doctor.out).toMatch(/ok +inventory .*few-agencies\.yml: \d+ agencies, \d+ portals\n/)

  // An import goes through it too, and what a socket was left by is told from one that answers.
  place.write('cu.log', `${lines(5, 100).join('\n')}\n`)
  expect(await ok('import', '--source', 'cong', 'cu.log')).toBe(
    '5 lines imported, 0 of them not understood (kept as pipeline_error)\n',
  )
  await server.stop()
  writeFileSync(socket, '')
  expect(await ok('query', 'url.path : *', '--count')).toBe('25\n')
})

test('an import twice adds nothing: the file, its copy, its gzip', async () => {
  const text = `${lines(3000).join('\n')}\n`
  place.write('a.log', text)
  const first = '3000 lines imported, 0 of them not understood (kept as pipeline_error)\n'
  const nothing = '0 lines imported, 0 of them not understood (kept as pipeline_error)\n'
  expect(await ok('import', '--source', 'nginx_access', 'a.log')).toBe(first)
  place.write('ban-sao.log', text)
  place.write('a.log.gz', gzipSync(text))
  expect(await ok('import', '--source', 'nginx_access', 'a.log', 'ban-sao.log', 'a.log.gz')).toBe(nothing)
  // What was added to it since comes, once.
  place.write('a.log', `${text}${lines(10, 3000).join('\n')}\n`)
  expect(await ok('import', '--source', 'nginx_access', 'a.log')).toMatch(/^10 lines/)
  expect(await ok('query', '--count')).toBe('3010\n')
})
test('a gzip first, then the plain file', async () => {
  const text = `${lines(3000).join('\n')}\n`
  place.write('vonglau.yml', '')
  const files = [place.write('b.log.gz', gzipSync(text)), place.write('b.log', text)]
  const installation = await place.open()
  const source: Source = {
    id: 'b',
    parser: 'nginx_access',
    timezone: 'UTC',
    silent: 15,
    collect: { kind: 'file', path: '', start: 'beginning' },
  }
  for await (const { lines: so } of importFiles(installation, source, files, false))
    expect(so).toBeLessThanOrEqual(3000)
  expect((await originals(installation.store.events)).size).toBe(3000)
  await installation.close()
})

test('history raises no alerts unless it is asked for', async () => {
  place.write('vonglau.yml', `inventory: ${FEW_AGENCIES}\n`)
  const rows = (path: string) => [request(OURS.host, '/'), attack(OURS.host, path)].join('\n')
  place.write('a.log', `${rows('/a')}\n`)
  place.write('b.log', `${rows('/b')}\n`)
  await ok('import', '--source', 'nginx_access', 'a.log')
  const alerts = async () => {
    const installation = await place.open()
    const { total } = await installation.store.documents
      .collection('alerts')
      .query({ system: true }, { filter: { op: 'and', of: [] }, limit: 1 })
    await installation.close()
    return total
  }
  expect(await alerts()).toBe(0)
  await ok('import', '--source', 'nginx_access', '--detect', 'b.log')
  expect(await alerts()).toBe(1)
})

test('parse: one ECS document a line, from a file and from standard input, the raw line in each', async () => {
  const text = `${line(1)}\nkhông phải nhật ký\n${line(2)}`
  place.write('a.log', text)
  const fromFile = ndjson(await ok('parse', '--source', 'nginx_access', '--timezone', 'Asia/Ho_Chi_Minh', 'a.log'))
  expect(fromFile.map(({ event }) => [event.kind, event.original])).toEqual([
    ['event', line(1)],
    ['pipeline_error', 'không phải nhật ký'],
    ['event', line(2)],
  ])
  const { code, out, err } = await place.run(['parse', '--source', 'nginx_access'], { input: text })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(ndjson(out).map(({ event, url }) => [event.original, url?.path])).toEqual(
    fromFile.map(({ event, url }) => [event.original, url?.path]),
  )
})

test('scan: the rules over files without a server; nothing is written', async () => {
  place.write('a.log', `${[request(OURS.host, '/'), attack(OURS.host, '/x'), request(OURS.host, '/y')].join('\n')}\n`)
  const found = ndjson(await ok('scan', '--source', 'nginx_access', '--timezone', 'UTC', 'a.log'))
  expect(found).toMatchObject([
    {
      'rule.id': 'sql-injection',
      'rule.level': 'high',
      'rule.name': expect.any(String),
      'url.path': '/x',
      'event.original': expect.stringContaining('UNION'),
    },
  ])
  expect(() => readFileSync(place.path('.vonglau/documents.sqlite'))).toThrow(/ENOENT/)
})

test('scan: our rule is named, not the policy of the firewall that wrote the line', async () => {
  place.write(
    'rules/chan.yml',
    'title: Chặn\nid: chan\nlevel: low\nlogsource: { category: firewall }\ndetection: { s: { action: deny }, condition: s }\n',
  )
  place.write('vonglau.yml', 'rules: rules\n')
  place.write(
    'fw.log',
    '<189>date=2026-05-14 time=10:00:00 devname="fw" devid="FGT60FTK24000001" tz="+0700" logid="0000000013" type="traffic" subtype="forward" level="notice" srcip=198.51.100.7 dstip=192.0.2.2 dstport=23 proto=6 action="deny" policyid=3\n',
  )
  const found = ndjson(await ok('scan', '--source', 'fortinet_fortigate', 'fw.log'))
  expect(found.map((each) => [each['rule.id'], each['rule.name']])).toContainEqual(['chan', 'Chặn'])
})

test('scan --events: events with names as the rules have them; what is none is told by its line', async () => {
  place.write(
    'rules/dump.yml',
    'title: Dump\nid: dump\nlevel: low\nlogsource: { category: webserver }\ndetection: { s: { cs-uri|endswith: .sql }, condition: s }\n',
  )
  const events = [
    { category: 'WebServer', 'cs-uri': '/a.SQL' },
    { category: 'firewall', 'cs-uri': '/b.sql' },
    // It says no logsource, so it contradicts none; objects within are named by their path.
    { 'cs-uri': ['/', '/c.sql'], who: { ip: '192.0.2.1', port: null } },
  ]
  const [first, second, third] = events.map((event) => JSON.stringify(event))
  place.write('events.ndjson', `${first}\r\n\n${second}\nnot an event\n[1]\n${third}`)
  const { code, out, err } = await place.run(['scan', '--events', '--rules', 'rules', 'events.ndjson'])
  const rule = { 'rule.id': 'dump', 'rule.name': 'Dump', 'rule.level': 'low' }
  expect(ndjson(out)).toEqual([
    { ...rule, category: 'WebServer', 'cs-uri': '/a.SQL' },
    { ...rule, 'cs-uri': ['/', '/c.sql'], 'who.ip': '192.0.2.1' },
  ])
  expect(code).toBe(1)
  expect(err).toMatch(
    /^events\.ndjson:4: this is no JSON .*\nevents\.ndjson:5: found \[1\]: .*\n +2 {2}dump {2}Dump\n$/,
  )
})

test('scan: what was never seen is judged within the files, whatever their order, and that is said', async () => {
  const fresh = (own: string) =>
    `title: Mới\nid: moi\nname: moi\nlevel: low\nlogsource: { category: webserver }\ndetection: { s: { ${own}|startswith: /tai }, condition: s }\nvonglau: { new-terms: { fields: [${own}], within: 10d } }\n`
  place.write('vonglau.yml', `rules: rules\n`)
  place.write(
    'rules/moi.yml',
    `${fresh('url.path')}---\ntitle: Ba cái mới\nid: ba-moi\nlevel: low\ncorrelation: { type: event_count, rules: [sau], timespan: 1h, condition: { gte: 3 } }\n---\n${fresh('url.path').replace('title: Mới', 'title: Sâu').replaceAll(': moi', ': sau')}`,
  )
  const at = (time: string, path: string) =>
    request(OURS.host, path).replace(/\[[^\]]+\]/, `[14/May/2026:${time} +0000]`)
  place.write('b.log', `${[at('09:10:00', '/tai/1'), at('09:20:00', '/tai/3'), at('09:30:00', '/tin')].join('\n')}\n`)
  place.write('a.log', `${[at('09:00:00', '/tai/1'), at('09:05:00', '/tai/2')].join('\n')}\n`)
  const { code, out, err } = await place.run([
    'scan',
    '--source',
    'nginx_access',
    '--timezone',
    'UTC',
    'b.log',
    'a.log',
  ])
  expect(code).toBe(0)
  const told = (id: string) =>
    ndjson(out).flatMap((each) =>
      each['rule.id'] === id ? [`${new Date(each['@timestamp']).toISOString().slice(11, 16)} ${each['url.path']}`] : [],
    )
  expect(told('moi').sort()).toEqual(['09:00 /tai/1', '09:05 /tai/2', '09:20 /tai/3'])
  expect(told('ba-moi').sort()).toEqual(['09:00 /tai/1', '09:05 /tai/2', '09:20 /tai/3'])
  expect(err).toBe(
    ['moi', 'ba-moi']
      .map((id) => `${id}: what is new is judged within these files alone; what was there before them is not known\n`)
      .join(''),
  )

  // Events of another program say no time: each value once, in their order.
  place.write('only/moi.yml', fresh('cs-uri').replace('name: moi\n', ''))
  place.write('events.ndjson', ['/tai/1', '/tai/2', '/TAI/1', '/tin'].map((uri) => `{"cs-uri":"${uri}"}\n`).join(''))
  const others = await place.run(['scan', '--events', '--rules', 'only', 'events.ndjson'])
  expect(ndjson(others.out).map((each) => each['cs-uri'])).toEqual(['/tai/1', '/tai/2'])
  expect(others.err).toContain('moi: what is new is judged within these files alone, each value once')
})

test.each([
  [['scan', 'a.log'], /name the source of the lines, --source ID, or say --events/],
  [['scan', '--events', '--source', 'nginx_access', 'a.log'], /--events and --source: events are of no source/],
  [['scan', '--source', 'nginx_access', '--rules', 'r', 'a.log'], /--rules is of --events/],
  [['scan', '--events', 'none.ndjson'], /none\.ndjson: there is no such file/],
])('%j is refused', async (args, sentence) => {
  place.write('vonglau.yml', '')
  const { code, err } = await place.run(args)
  expect(code).toBe(1)
  expect(err).toMatch(sentence)
})

test('doctor names what is wrong, and says so by its exit code', async () => {
  place.write(
    'vonglau.yml',
    'sources:\n  - { id: cong, parser: nginx_access, file: { path: "logs/*.log" } }\n  - { id: fw, parser: fortinet_fortigate, syslog: { from: [192.0.2.1] } }\n',
  )
  const { code, out, err } = await place.run(['doctor'])
  expect({ code, err }).toEqual({ code: 1, err: '' })
  expect(out).toMatch(/WRONG +no inventory is configured/)
  expect(out).toMatch(/WRONG +source cong: no file is named .*logs\/\*\.log yet/)
  expect(out).toMatch(
    /WRONG +source fw waits for syslog, but no port is open: add syslog: \{ udp: "0\.0\.0\.0:5514" \}/,
  )
  expect(out).toMatch(/ok +the server is not running/)
})

test('rules: check and test say how many', async () => {
  expect(await ok('rules', 'check')).toMatch(/(?:^|\n)\d+ rules, none with a mistake\n$/)
  // All of the catalog: tests/rules/catalog.test.ts.
  expect(await ok('rules', 'test', join(CATALOG, 'ipv6'))).toMatch(/\n\d+ passed, 0 failed\n$/)
})

test('which parser reads these lines: from standard input and from a file, without an installation', async () => {
  place.write('a.log', `${lines(50).join('\n')}\n`)
  expect(await ok('detect-source', 'a.log')).toMatch(
    /^50 lines looked at\n\nparser .*\nnginx_access +100 % +100 % .*[\s\S]*\n {4}parser: nginx_access\n {4}file: \{ path: ".*\/a\.log" \}\n$/,
  )
  const { out, code } = await place.run(['detect-source', '-'], {
    input: '198.51.100.7 - - [21/Nov/2026:07:05:00 +0000] "GET /\x1b[2J\u202e HTTP/1.1" 200 1 "-" "x"\n',
  })
  expect(code).toBe(0)
  expect(out).toContain('/\\u001b[2J\\u202e')
  expect(await place.run(['detect-source', 'b.log'])).toMatchObject({
    code: 1,
    out: '',
    err: 'vonglau: b.log: there is no such file\n',
  })
})
