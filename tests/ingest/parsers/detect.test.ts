/** Which parser reads these lines: every folder's own lines, those that several read, and those that are nobody's. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { reportOf } from '../../../api/commands/detect-source.ts'
import { readConfig } from '../../../api/config.ts'
import { detect, MOST_BYTES, MOST_LINES } from '../../../ingest/parsers/detect.ts'
import { parsers } from '../../../ingest/parsers/index.ts'

const NOW = Date.UTC(2026, 10, 22)
const of = (text: string | Uint8Array) => detect(Buffer.from(text as string), NOW, 'Asia/Ho_Chi_Minh')
const names = (text: string) => of(text).ranked.map(({ parser }) => parser)

/** Folders whose parser is neither first nor second. */
const LATER: Readonly<Record<string, string>> = {
  tomcat_access:
    'its usual pattern is the common log format: nginx_access and traefik_access take one hostile line more of it',
}

describe('the lines of a folder are those of its parser', () => {
  const places = new Map<string, number>()
  test.each([...parsers.keys()])('%s', (id) => {
    const folder = join(import.meta.dirname, id)
    const text = readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .map((name) => readFileSync(join(folder, name), 'utf8').replace(/\n?$/, '\n'))
      .join('')
    const place = names(text).indexOf(id)
    places.set(id, place)
    expect(place).toBeGreaterThanOrEqual(0)
    if (id in LATER) expect(place, 'an exception that is not needed any more goes').toBeGreaterThan(1)
    else expect(place).toBeLessThanOrEqual(1)
  })
  test('the first for most', () => {
    const first = [...places.values()].filter((place) => place === 0).length
    expect(first / parsers.size).toBeGreaterThanOrEqual(0.85)
  })
})

const COMBINED =
  '198.51.100.7 - - [21/Nov/2026:07:05:00 +0000] "GET /tin-tuc/bai-12.html?trang=2 HTTP/1.1" 200 5120 "https://cong.example/" "Mozilla/5.0"'
const FORTIGATE_CEF =
  'Nov 21 14:05:00 fw CEF:0|Fortinet|Fortigate|v7.2.5|00013|traffic:forward accept|3|deviceExternalId=FGT60F FTNTFGTlogid=0000000013 cat=traffic:forward FTNTFGTsubtype=forward src=10.1.1.5 spt=50123 dst=203.0.113.10 dpt=443 proto=6 act=accept app=HTTPS in=120 out=4096'
const lina = (device: string) =>
  `<166>Nov 21 2026 14:05:00 fw : %${device}-6-302013: Built inbound TCP connection 1 for outside:203.0.113.9/1234 (203.0.113.9/1234) to inside:10.0.0.5/443 (10.0.0.5/443)`

describe('lines that several read', () => {
  test.each([
    ['combined', COMBINED, ['nginx_access', 'apache_access']],
    ['common', COMBINED.slice(0, COMBINED.indexOf(' "https')), ['nginx_access', 'apache_access']],
    ['a FortiGate that writes CEF', FORTIGATE_CEF, ['fortinet_fortigate', 'cef']],
    ['CEF of nobody known', FORTIGATE_CEF.replace('Fortinet|Fortigate', 'Nhà|Máy'), ['cef']],
    ['ASA', lina('ASA'), ['cisco_asa', 'cisco_ftd']],
    ['the same of an FTD', lina('FTD'), ['cisco_ftd', 'cisco_asa']],
    ['a program', 'Nov 21 14:05:00 gw thing[12]: nothing of note', ['syslog']],
    [
      'pairs that a program writes',
      'Nov 21 14:05:00 gw thing[12]: colour="red" user="hoa" shape="round" weight=12 height=3',
      ['syslog'],
    ],
    ['ECS', '{"@timestamp":"2026-11-21T07:05:00Z","message":"x","log.level":"info"}', ['json_ecs']],
  ])('%s', (_, line, first) => {
    expect(names(`${line}\n`).slice(0, first.length)).toEqual(first)
  })
  test('those that are alike are told so', () => {
    const { alike, ranked } = of(COMBINED)
    expect(ranked.slice(0, alike).map(({ parser }) => parser)).toEqual([
      'nginx_access',
      'apache_access',
      'tomcat_access',
      'traefik_access',
    ])
  })
  test('a device is its parser, whatever stands between its lines', () => {
    const asa = Array.from({ length: 30 }, () => lina('ASA'))
    const { ranked } = of([...asa, ...Array.from({ length: 10 }, (_, i) => `no log ${i}`)].join('\n'))
    expect(ranked[0]).toMatchObject({ parser: 'cisco_asa', taken: 0.75, understood: 0.75, score: 1 })
    expect(ranked[0]!.examples).toHaveLength(3)
  })
  test('lines of one event are joined, those that hold nothing are not counted', () => {
    const audit = readFileSync(join(import.meta.dirname, 'modsecurity', 'serial.log'), 'utf8')
    const { lines, ranked } = of(audit)
    expect(lines).toBe(audit.split('\n').filter((line) => line.trim() !== '').length)
    expect(ranked[0]).toMatchObject({ parser: 'modsecurity', understood: 1 })
  })
})

describe('any bytes, so much of them as tells', () => {
  test.each([
    ['nothing', ''],
    ['NULs', '\0\n'.repeat(50_000)],
    ['no text', Buffer.alloc(100_000, 0xff)],
    ['one line without an end', 'x'.repeat(MOST_BYTES + 10)],
    ['quotes', `{"@timestamp":"${'"'.repeat(65_536)}\n`],
    ['bars', `CEF:0|${'|'.repeat(65_536)}\n`],
    ['pairs', `Nov 21 14:05:00 gw t[1]: ${'a=b '.repeat(16_384)}\n`],
    ['names that every object answers to', 'Nov 21 14:05:00 gw __proto__[1]: constructor=1 __proto__=2 toString=3\n'],
  ])('%s', (_, bytes) => {
    for (const { taken, understood, score } of of(bytes).ranked)
      for (const part of [taken, understood, score]) {
        expect(part).toBeGreaterThanOrEqual(0)
        expect(part).toBeLessThanOrEqual(1)
      }
  })
  test('more names than there is room for: every parser still answers', () => {
    const name = (i: number) => `ten_${i}_${'x'.repeat(i % 7)}`
    const documents = Array.from(
      { length: 80 },
      (_, n) =>
        `{"@timestamp":"2026-11-21T07:05:00Z",${Array.from({ length: 60 }, (_, i) => `"${name(n * 60 + i)}":1`).join(',')}}`,
    )
    of(documents.join('\n'))
    expect(names('#Fields: date time c-ip x-cot-chua-ai-biet\n2026-11-21 07:05:00 198.51.100.7 a\n')[0]).toBe(
      'iis_access',
    )
    const intel =
      '{"_path":"intel","ts":1700000000.1,"id.orig_h":"198.51.100.7","seen.indicator":"xau.example","seen.indicator_type":"Intel::DOMAIN"}'
    expect(names(intel)[0]).toBe('zeek')
  })
  test('the first lines tell', () => {
    const { lines, ranked } = of(`${COMBINED}\n\n`.repeat(MOST_LINES) + `${lina('ASA')}\n`.repeat(MOST_LINES))
    expect(lines).toBe(MOST_LINES)
    expect(ranked[0]).toMatchObject({ parser: 'nginx_access', understood: 1 })
  })
})

describe('what is printed', () => {
  const config = readConfig(undefined, {
    VONGLAU_SOURCES: JSON.stringify([
      { id: 'nginx-access-01', parser: 'nginx_access', file: { path: '/var/log/nginx/access.log' } },
    ]),
  })
  const report = (file: string, text: string) => reportOf(config, file, of(text)).join('\n')
  test('the parser, what it makes of the lines, the source that is not there yet', () => {
    const text = report('/var/log/a "b".log', `${COMBINED}\n${lina('ASA')}\n${COMBINED}\n`)
    expect(text).toMatch(/^3 lines looked at\n/)
    expect(text).toMatch(/\nnginx_access +66 % +66 % .*\napache_access +66 % +66 % /)
    expect(text).toContain('nginx_access, apache_access, tomcat_access, traefik_access read these lines alike')
    expect(text).toMatch(/\n@timestamp +source\.ip +url\.path\n2026-11-21T07:05:00\.000Z +198\.51\.100\.7 +\/tin-tuc\//)
    expect(text).toMatch(
      /\nsources:\n {2}- id: nginx-access-02\n {4}parser: nginx_access\n {4}file: \{ path: "\/var\/log\/a \\"b\\"\.log" \}$/,
    )
  })
  test('from standard input: an address is to be said', () => {
    expect(report('-', lina('ASA'))).toMatch(/parser: cisco_asa\n {4}syslog: \{ from: \[192\.0\.2\.1\] \} #/)
  })
  test('nobody’s: a sentence with what to do, and the last resort where there is a header', () => {
    const nobody = report('x.log', 'a b c\nd e f\n')
    expect(nobody).toMatch(/No parser understands more than half of these lines\..*ingest\/parsers\/README\.md/)
    expect(nobody).not.toContain('sources:')
    const program = report('x.log', 'Nov 21 14:05:00 gw thing[12]: nothing of note\n')
    expect(program).toMatch(/No parser understands more than half[\s\S]*thing +nothing of note[\s\S]*parser: syslog/)
    expect(report('x.log', '\n \n')).toBe('There is no line in it that holds anything.')
  })
})
