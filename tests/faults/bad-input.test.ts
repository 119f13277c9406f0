/** Bad input: each gets one clear sentence (what, where, what to do), and nothing is lost. */
import { randomBytes } from 'node:crypto'
import { readFileSync, symlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { reach } from '../../api/commands/reach.ts'
import { readConfig } from '../../api/config.ts'
import { checkFiles } from '../../api/import.ts'
import { eventsOf, line, lines, openPlace, originals, type Place, reason, refusal, until } from './place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

const BINARY = Buffer.concat([Buffer.from('MZ\x90\0\x03\0\0\0'), randomBytes(6000), Buffer.alloc(500)])
const LIVE = 'listen: 127.0.0.1:0\nsources:\n  - { id: cong, parser: nginx_access, file: { path: "logs/*.log" } }\n'

describe('a binary file', () => {
  test('is not imported, and stays as it is', async () => {
    const file = place.write('app.exe', BINARY)
    const good = place.write('access.log', `${line(1)}\n`)
    for (const command of ['import', 'parse']) {
      const files = command === 'import' ? [good, file] : [file]
      expect(refusal(await place.run([command, '--source', 'nginx_access', ...files]))).toMatch(
        /app\.exe .*binary, not text$/,
      )
    }
    expect(readFileSync(file).equals(BINARY)).toBe(true)
    // Nothing of the good one either: an import is looked at before it begins.
    expect(await place.run(['query', '--count'])).toMatchObject({ code: 0, out: '0\n' })
  })

  test('among the files of a live source fails by name, and the others go on', async () => {
    place.write('logs/app.log', BINARY)
    place.write('logs/access.log', `${line(1)}\n`)
    place.write('vonglau.yml', LIVE)
    const installation = await place.open()
    await installation.ingest.start()
    await installation.ingest.drain()
    const [status] = await until('the source says it', async () => {
      const found = await installation.ingest.status()
      return found[0]?.problem ? found : undefined
    })
    expect(status!.problem).toMatch(/logs\/app\.log is not read: it is binary, not text$/)
    expect([...(await originals(installation.store.events)).keys()]).toEqual([line(1)])
    expect(status!.lines).toBe(1)
    await installation.close()
  })
})

test('a line of a file that is full of NULs is kept with its bytes, and the lines around it as they are', async () => {
  const full = Buffer.concat([Buffer.from(line(2)), Buffer.alloc(300_000), Buffer.from('cuoi')])
  const text = Buffer.concat([Buffer.from(`${line(1)}\n`), full, Buffer.from(`\n${line(3)}\n`)])
  place.write('logs/access.log', text)
  place.write('vonglau.yml', LIVE)
  const installation = await place.open()
  await installation.ingest.start()
  await installation.ingest.drain()
  const events = await eventsOf(installation.store.events)
  expect(new Set(events.map((event) => event['event.original']))).toEqual(
    new Set([line(1), `${line(2)}\ufffdcuoi`, line(3)]),
  )
  const own = events.flatMap((event) => event['vonglau.original.base64'] ?? [])
  expect(own).toEqual([full.toString('base64')])
  await installation.close()
})

test.each(['UTF-16LE', 'UTF-16BE'])('a file in %s is told by name', async (encoding) => {
  const text = Buffer.from(`\ufeff${line(1)}\r\n`, 'utf16le')
  place.write('u_ex.log', encoding === 'UTF-16BE' ? text.swap16() : text)
  expect(refusal(await place.run(['import', '--source', 'nginx_access', 'u_ex.log']))).toMatch(
    /u_ex\.log .*UTF-16: write it as UTF-8$/,
  )
})

describe('a line of 10 MB', () => {
  // Three bytes a letter: parts must not cut one.
  const long = `${line('dài').slice(0, -1)}${'ế'.repeat(3_500_000)}"`
  const check = (events: readonly { [field: string]: unknown }[]) => {
    const parts = events.filter((event) => event['event.kind'] === 'pipeline_error')
    expect(parts.length).toBeGreaterThan(19)
    const inOrder = parts.sort((a, b) => partOf(a) - partOf(b))
    expect(inOrder.map(partOf)).toEqual(parts.map((_, i) => i + 1))
    expect(inOrder.map((event) => event['event.original']).join('') === long).toBe(true)
    expect(inOrder.every((event) => event['vonglau.original.base64'] === undefined)).toBe(true)
    expect(events.filter((event) => event['event.kind'] === 'event').map((event) => event['url.path'])).toEqual([
      '/dong-1',
      '/dong-2',
    ])
  }
  const partOf = (event: { [field: string]: unknown }) =>
    Number(/^the line is longer than 512 KiB; this is part (\d+) of it$/.exec(String(event['error.message']))?.[1])

  test('in a file is kept in parts, and what comes after it is read', async () => {
    place.write('logs/access.log', `${line(1)}\n${long}\n${line(2)}\n`)
    place.write('vonglau.yml', LIVE)
    const installation = await place.open()
    await installation.ingest.start()
    await installation.ingest.drain()
    check(await eventsOf(installation.store.events))
    await installation.close()
  })
  test('over the network too', async () => {
    place.write('vonglau.yml', 'sources:\n  - { id: mang, parser: nginx_access, http: { token: 0123456789abcdef } }\n')
    const installation = await place.open()
    await installation.ingest.start()
    await installation.ingest.accept(
      'mang',
      [line(1), long, line(2)].map((text) => Buffer.from(text)),
      '127.0.0.1',
    )
    await installation.ingest.drain()
    check(await eventsOf(installation.store.events))
    await installation.close()
  })
})

test('bytes that are not UTF-8 are kept beside what could be read of them', async () => {
  const bytes = Buffer.concat([
    Buffer.from(
      '198.51.100.7 - - [21/Nov/2026:14:05:00 +0700] "GET /t\xecm?q=\xff\xfe HTTP/1.1" 200 5 "-" "-"',
      'latin1',
    ),
  ])
  place.write('access.log', Buffer.concat([Buffer.from(`${line(1)}\n`), bytes, Buffer.from(`\n${line(2)}\n`)]))
  expect(await place.run(['import', '--source', 'nginx_access', 'access.log'])).toMatchObject({ code: 0, err: '' })
  const { out } = await place.run(['query', ''])
  const events = out
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as { vonglau: { original?: { base64: string } }; event: { original: string } })
  expect(events).toHaveLength(3)
  const [kept] = events.filter((event) => event.vonglau.original)
  expect(Buffer.from(kept!.vonglau.original!.base64, 'base64').equals(bytes)).toBe(true)
  expect(kept!.event.original).toContain('GET /t\ufffdm?q=\ufffd')
})

describe('an unknown source', () => {
  test('on the command line is named with those that there are', async () => {
    place.write('access.log', `${line(1)}\n`)
    place.write('vonglau.yml', LIVE)
    for (const command of ['parse', 'import']) {
      expect(refusal(await place.run([command, '--source', 'apache', 'access.log']))).toMatch(
        /no parser "apache"; known ones are fortinet_fortigate, nginx_access, iis_access.*the sources of .*vonglau\.yml are cong$/,
      )
    }
  })
  test('a file that is not there is named', async () => {
    expect(await reason(() => checkFiles([place.path('khong-co.log')]))).toMatch(
      /khong-co\.log: there is no such file; nothing was imported$/,
    )
    expect(await reason(() => checkFiles([place.folder]))).toMatch(/is a folder: name the files in it/)
    expect(refusal(await place.run(['parse', '--source', 'nginx_access', 'khong-co.log']))).toMatch(
      /khong-co\.log: there is no such file$/,
    )
    expect(
      refusal(await place.run(['parse', '--source', 'nginx_access', '--timezone', 'Asia/Vinh_Long', 'x'])),
    ).toMatch(/--timezone Asia\/Vinh_Long: there is no such time zone; name one such as Asia\/Ho_Chi_Minh/)
  })
})

describe('a rule with a typo', () => {
  const typo =
    'title: Thử\nid: thu\nlogsource: { category: webserver }\ndetection:\n  a:\n    url.path|contians: /x\n  condition: a\nlevel: high\n'
  test('is named with its file and line by "rules check"', async () => {
    place.write('luat/thu.yml', typo)
    expect(refusal(await place.run(['rules', 'check', 'luat']))).toMatch(/luat\/thu\.yml:6.*contians/)
  })
  test('keeps the server from starting without it', async () => {
    place.write('luat/thu.yml', typo)
    place.write('vonglau.yml', 'listen: 127.0.0.1:0\nrules: luat\n')
    expect(refusal(await place.run(['start']))).toMatch(/^vonglau: .*luat\/thu\.yml:6.*contians/)
    expect(refusal(await place.run(['rules', 'check']))).toMatch(/contians/)
  })
  test('a folder of rules that is not there is named', async () => {
    place.write('vonglau.yml', 'rules: luat\n')
    expect(await reason(place.open)).toMatch(/luat.*there is no such folder/)
  })
})

describe('a broken inventory', () => {
  const agency = '  - { id: so-y-te, name: Sở Y tế, kind: department }\n'
  test.each([
    [
      'is not YAML',
      `province: { id: vl, name: VL, timezone: Asia/Ho_Chi_Minh }\nagencies:\n  - { id: so-y-te, name: "Sở Y tế\n`,
      /kiem-ke\.yml:[34]:\d+: this is not YAML: /,
    ],
    [
      'names an agency that is not in it',
      `province: { id: vl, name: VL, timezone: Asia/Ho_Chi_Minh }\nagencies:\n${agency}portals:\n  - id: cong\n    domain: y-te.example\n    name: Cổng\n    organization: so-yte\n    addresses: [192.0.2.1]\n`,
      /kiem-ke\.yml:8: portals\[0\]\.organization is "so-yte", expected the id of an agency in this file/,
    ],
    [
      'has a wrong address',
      `province: { id: vl, name: VL, timezone: Asia/Ho_Chi_Minh }\nagencies:\n${agency}portals:\n  - id: cong\n    domain: y-te.example\n    name: Cổng\n    organization: so-y-te\n    addresses: [192.0.2.300]\n`,
      /kiem-ke\.yml:9: portals\[0\]\.addresses\[0\] is "192\.0\.2\.300", expected an IPv4 or IPv6 address/,
    ],
  ])('that %s is refused with file and line', async (_, text, expected) => {
    place.write('kiem-ke.yml', text)
    place.write('vonglau.yml', 'inventory: kiem-ke.yml\n')
    expect(await reason(place.open)).toMatch(expected)
  })
  test('keeps the server from starting', async () => {
    place.write('kiem-ke.yml', 'agencies: so-y-te\n')
    place.write('vonglau.yml', 'listen: 127.0.0.1:0\ninventory: kiem-ke.yml\n')
    const { code, err } = await place.run(['start'])
    expect(code).toBe(1)
    expect(err.split('\n')[1]).toMatch(/kiem-ke\.yml:1: agencies is "so-y-te", expected a list$/)
  })
  test('that is not there, and a source of an agency that it has not', async () => {
    place.write('vonglau.yml', 'inventory: kiem-ke.yml\n')
    expect(await reason(place.open)).toMatch(
      /the inventory .*kiem-ke\.yml cannot be read \(ENOENT\): correct "inventory:" in .*vonglau\.yml$/,
    )
    place.write('kiem-ke.yml', `province: { id: vl, name: VL, timezone: Asia/Ho_Chi_Minh }\nagencies:\n${agency}`)
    place.write(
      'vonglau.yml',
      'inventory: kiem-ke.yml\nsources:\n  - { id: cong, parser: nginx_access, organization: so-yte, file: { path: x } }\n',
    )
    expect(await reason(place.open)).toMatch(
      /vonglau\.yml: source cong: organization "so-yte" is not in the inventory .*kiem-ke\.yml/,
    )
  })
})

describe('a broken configuration', () => {
  test.each([
    [
      'an unknown key',
      'listen: 127.0.0.1:0\nretension: { days: 3 }\n',
      {},
      /vonglau\.yml:2: retension: there is no such key\. The keys here are .*retention/,
    ],
    [
      'an unknown key of a source',
      'sources:\n  - id: a\n    parser: nginx_access\n    fiel: { path: x }\n',
      {},
      /vonglau\.yml:4: sources\[0\]\.fiel: there is no such key\. The keys here are .*file/,
    ],
    ['a wrong type', 'retention:\n  days: ba\n', {}, /vonglau\.yml:2: retention\.days: expected a number, found "ba"/],
    [
      'an unknown parser',
      'sources:\n  - { id: a, parser: apache, file: { path: x } }\n',
      {},
      /vonglau\.yml:2: sources\[0\]\.parser: expected one of fortinet_fortigate, nginx_access, iis_access, [a-z0-9_, ]*found "apache"/,
    ],
    [
      'two ways in',
      'sources:\n  - { id: a, parser: nginx_access, file: { path: x }, http: { token: 0123456789abcdef } }\n',
      {},
      /vonglau\.yml:2: sources\[0\]: expected exactly one of file:, syslog: and http:/,
    ],
    [
      'the same id twice',
      'sources:\n  - { id: a, parser: nginx_access, file: { path: x } }\n  - { id: a, parser: nginx_access, file: { path: y } }\n',
      {},
      /two sources have the id "a"/,
    ],
    [
      'a number that is too small',
      'retention:\n  days: 0\n',
      {},
      /:2: retention\.days: expected a number of at least 1, found 0$/,
    ],
    ['a fraction', 'retention: { days: 1.5 }', {}, /:1: retention\.days: expected a whole number, found 1\.5$/],
    ['no minutes', 'syslog: { idle_minutes: 0 }', {}, /:1: syslog\.idle_minutes: expected a number above 0, found 0$/],
    ['text for a map', 'syslog: 5514\n', {}, /:1: syslog: expected a map, found 5514$/],
    [
      'a port beyond the last',
      'syslog:\n  tcp: 0.0.0.0:65536\n',
      {},
      /:2: syslog\.tcp: expected host:port with a port from 1 to 65535 .*, found "0\.0\.0\.0:65536"$/,
    ],
    [
      'a port of the console beyond the last',
      'listen: 0.0.0.0:99999\n',
      {},
      /:1: listen: expected host:port with a port from 1 to 65535/,
    ],
    ['a port below all', 'syslog: { udp: "0.0.0.0:-1" }', {}, /:1: syslog\.udp: expected host:port, such as /],
    [
      'no address',
      'public_url: ftp://a.example\n',
      {},
      /:1: public_url: expected an address such as https:.*, found "ftp:/,
    ],
    [
      'a key that is missing',
      'sources:\n  - id: a\n    file: { path: x }\n',
      {},
      /:2: sources\[0\]\.parser: expected a text, found nothing$/,
    ],
    [
      'a key that is missing deep inside',
      'sources:\n  - id: a\n    parser: nginx_access\n    file: { start: end }\n',
      {},
      /:4: sources\[0\]\.file\.path: expected a text, found nothing$/,
    ],
    [
      'a list without entries',
      'sources:\n  - { id: a, parser: nginx_access, syslog: { from: [] } }\n',
      {},
      /:2: sources\[0\]\.syslog\.from: expected at least one entry, found \[\]$/,
    ],
    [
      'an option that the parser has not',
      'sources:\n  - id: a\n    parser: nginx_access\n    options: { formt: x }\n    file: { path: x }\n',
      {},
      /:4: sources\[0\]\.options\.formt: expected an option of the parser nginx_access, which has format, trusted_proxies, found "x"$/,
    ],
    [
      'an option of a wrong type',
      'sources:\n  - id: a\n    parser: nginx_access\n    options: { format: 5 }\n    file: { path: x }\n',
      {},
      /:4: sources\[0\]\.options\.format: expected a text, found 5$/,
    ],
    [
      'a mask of a field that no event has',
      'masks:\n  - name: a\n    pattern: b\n    in: [url.query, user.nam]\n',
      {},
      /:4: masks\[0\]\.in\[1\]: expected the name of a field of events \(is user\.name meant\?\), found "user\.nam"$/,
    ],
    ['no YAML', 'listen: [127.0.0.1\n', {}, /vonglau\.yml:[12]: not YAML: /],
    ['only text', 'xin chào\n', {}, /vonglau\.yml: expected keys and values/],
    [
      'a wrong variable',
      '',
      { VONGLAU_RETENTION_DAYS: 'ba' },
      /environment variable VONGLAU_RETENTION_DAYS: expected a number, found "ba"/,
    ],
    [
      'a wrong address in a variable',
      '',
      { VONGLAU_LISTEN: '8420' },
      /environment variable VONGLAU_LISTEN: expected host:port, .* found "8420"/,
    ],
    [
      'a wrong variable inside a list',
      '',
      { VONGLAU_SOURCES: '[{"id":"a","parser":"apache","file":{"path":"x"}}]' },
      /environment variable VONGLAU_SOURCES: sources\[0\]\.parser: expected one of .*found "apache"/,
    ],
  ])('with %s', async (_, text, env, expected) => {
    const file = place.write('vonglau.yml', text)
    expect(await reason(async () => readConfig(file, env))).toMatch(expected)
  })
  test('keeps the server from starting, and every other command from running', async () => {
    place.write('vonglau.yml', 'retention:\n  days: ba\n')
    for (const command of [['start'], ['sources']])
      expect(refusal(await place.run(command))).toBe(
        'vonglau: vonglau.yml:2: retention.days: expected a number, found "ba"',
      )
    place.write('vonglau.yml', '')
    expect(refusal(await place.run(['start'], { env: { VONGLAU_RETENTION_DAYS: 'ba' } }))).toBe(
      'vonglau: environment variable VONGLAU_RETENTION_DAYS: expected a number, found "ba"',
    )
  })
  test('a certificate that is not there', async () => {
    place.write('vonglau.yml', 'listen: 127.0.0.1:0\ntls: { cert: a.pem, key: b.pem }\n')
    expect(refusal(await place.run(['start']))).toMatch(
      /tls: .*[ab]\.pem cannot be read \(ENOENT\): name the certificate chain/,
    )
  })
  test('that is not there', async () => {
    expect(await reason(async () => readConfig(place.path('khac.yml'), {}))).toMatch(
      /khac\.yml cannot be read \(ENOENT\): name a configuration file with --config/,
    )
  })
  test('roles that the embedded store cannot divide', async () => {
    expect(refusal(await place.run(['start', '--roles', 'api']))).toMatch(
      /--roles api: the embedded store belongs to one process/,
    )
  })
})

describe('doctor says of a source', () => {
  const doctor = async (settings: string): Promise<string> => {
    place.write('vonglau.yml', `listen: 127.0.0.1:0\n${settings}`)
    return (await place.run(['doctor'])).out
  }
  test('that a link among its files leads nowhere, and not that rights are missing', async () => {
    place.write('logs/a.log', `${lines(2).join('\n')}\n`)
    symlinkSync('khong-co.log', place.path('logs/b.log'))
    expect(await doctor('sources:\n  - { id: cong, parser: nginx_access, file: { path: "logs/*.log" } }\n')).toMatch(
      /WRONG +source cong: .*b\.log is a link to khong-co\.log, which is not there: remove the link, or put the file back/,
    )
  })
  test('that none names the sender of a line, and asks for no other parser', async () => {
    const settings =
      'syslog: { tcp: "127.0.0.1:0" }\nsources:\n  - { id: fw, parser: fortinet_fortigate, syslog: { from: [192.0.2.1] } }\n'
    place.write('vonglau.yml', `listen: 127.0.0.1:0\n${settings}`)
    const server = await place.start()
    const [, port] = await until('syslog is open', () => /over TCP on port (\d+)/.exec(server.printed()))
    connect(Number(port), '127.0.0.1').end('<13>mot dong\n')
    const config = readConfig(place.path('vonglau.yml'), {})
    await until('the line is stored', async () => {
      for await (const { count } of reach(config, { ask: 'query', kql: 'mot', count: true })) return count === 1
    })
    const said = await doctor(settings)
    expect(said).toMatch(
      /WRONG +1 line of the last 24 h came from senders that no source names: .* under "from:" of a source/,
    )
    expect(said).not.toMatch(/is it the right parser/)
    expect(said).toMatch(/ is valid, 1 source\n/)
  })
})

test('a search with a mistake, and a user that is not there', async () => {
  expect(refusal(await place.run(['query', 'source.ip : ']))).toMatch(/^vonglau: /)
  expect(refusal(await place.run(['users', 'reset', 'ai-do']))).toMatch(/there is no user "ai-do"/)
  expect(refusal(await place.run(['users', 'add', 'ai-do', '--role', 'vua']))).toMatch(
    /--role vua: the roles are administrator, /,
  )
})
