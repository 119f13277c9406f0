/** What was seen on real devices and done by attackers, each as one row: the right answer of a parser. */
import { describe, expect, test } from 'vitest'
import { gatherLines } from '../../../ingest/collect/lines.ts'
import { type Event, toDocument } from '../../../ingest/event.ts'
import { openParser } from '../../../ingest/parsers/index.ts'
import { EVENT } from '../../../ingest/parsers/parser.ts'
import { Row } from '../../../ingest/row/row.ts'
import { ARRIVED, parsed, stageOf } from './lines.ts'

const one = (parser: string, line: string, options: object = {}): Event | { error: string } =>
  parsed(parser, `${line}\n`, options)[0]!
const NGINX = '10.0.0.5 - - [14/May/2026:09:30:01 +0700] "GET / HTTP/1.1" 200 1'

describe('nginx_access', () => {
  test("a cookie in quotes does not move the event to another agency's portal", () => {
    expect(one('nginx_access', `${NGINX} "-" "ua" host="a" cookie="x host=b"`)).toMatchObject({
      'url.domain': 'a',
      'nginx.access.cookie': 'x host=b',
    })
    expect(one('nginx_access', `${NGINX} "-" "ua" cookie="x host=b" host="a"`)).toMatchObject({ 'url.domain': 'a' })
  })
  test('a Referer that is an address does not become the client', () => {
    const event = one('nginx_access', `${NGINX} "203.0.113.9" "ua"`)
    expect(event).toMatchObject({ 'source.ip': '10.0.0.5', 'http.request.referrer': '203.0.113.9' })
    expect(event).not.toHaveProperty(['network.forwarded_ip'])
  })
  test('a user agent that is an address does not become the client', () => {
    expect(one('nginx_access', `${NGINX} "-" "203.0.113.9"`)).toMatchObject({
      'source.ip': '10.0.0.5',
      'user_agent.original': '203.0.113.9',
    })
  })
  test('some quoted text after the user agent is no X-Forwarded-For, only the last of the format main', () => {
    expect(one('nginx_access', `${NGINX} "-" "ua" "203.0.113.9" "more"`)).not.toHaveProperty(['network.forwarded_ip'])
    expect(one('nginx_access', `${NGINX} "-" "ua" "203.0.113.9"`)).toMatchObject({ 'source.ip': '10.0.0.5' })
  })
  const main = `${NGINX} "-" "ua" "6.6.6.6, 203.0.113.9, 10.0.0.4"`
  test('X-Forwarded-For counts only behind a proxy that is trusted, and is read from its end', () => {
    expect(one('nginx_access', main)).toMatchObject({ 'source.ip': '10.0.0.5' })
    expect(one('nginx_access', main, { options: { trusted_proxies: ['192.0.2.0/24'] } })).toMatchObject({
      'source.ip': '10.0.0.5',
    })
    expect(one('nginx_access', main, { options: { trusted_proxies: ['10.0.0.0/8'] } })).toMatchObject({
      'source.ip': '203.0.113.9',
      'source.address': '203.0.113.9',
      'network.forwarded_ip': '203.0.113.9',
    })
  })
  test('what a client wrote where a proxy should have is never the client', () => {
    const spoofed = `${NGINX} "-" "ua" "203.0.113.9, nobody"`
    expect(one('nginx_access', spoofed, { options: { trusted_proxies: ['10.0.0.0/8'] } })).toMatchObject({
      'source.ip': '10.0.0.5',
    })
  })
  test('a declared format says which field is which', () => {
    const options = {
      format: '$http_x_forwarded_for|$remote_addr|$time_iso8601|$request|$status|$http_referer|$http_user_agent|$host',
      trusted_proxies: ['10.0.0.5'],
    }
    expect(
      one('nginx_access', '203.0.113.9|10.0.0.5|2026-05-14T09:30:01+07:00|GET /a HTTP/1.1|200|-|ua|cong.example', {
        options,
      }),
    ).toMatchObject({
      '@timestamp': Date.UTC(2026, 4, 14, 2, 30, 1),
      'source.ip': '203.0.113.9',
      'url.domain': 'cong.example',
      'user_agent.original': 'ua',
    })
    expect(
      one('nginx_access', '203.0.113.9|10.0.0.5|no time|GET /a HTTP/1.1|200|-|ua|cong.example', { options }),
    ).toMatchObject({
      error: expect.stringContaining('expected a time (log_format "$http_x_forwarded_for|'),
    })
  })
  test('a list of clients at the front names who connected last, not who was written first', () => {
    expect(
      one('nginx_access', '203.0.113.9, 198.51.100.20 - - [14/May/2026:09:30:01 +0700] "GET / HTTP/1.1" 200 1'),
    ).toMatchObject({
      'source.ip': '198.51.100.20',
    })
  })
})

describe('iis_access', () => {
  const FIELDS = '#Fields: date time c-ip cs-username cs(User-Agent) cs-host sc-status'
  const OTHER = '#Fields: date time c-ip cs-host cs-username cs(User-Agent) sc-status'
  test('two field orders into one HTTP source: each stream keeps its own', () => {
    const sent: readonly (readonly [stream: string, line: string])[] = [
      ['W3SVC1', FIELDS],
      ['W3SVC2', OTHER],
      ['W3SVC1', '2026-05-14 02:30:01 192.0.2.1 lan UA a.example 200'],
      ['W3SVC2', '2026-05-14 02:30:02 192.0.2.2 b.example minh UB 404'],
    ]
    const bytes = Buffer.from(sent.map(([, line]) => line).join('\n'))
    const gathered = gatherLines(bytes)
    let at = 0
    for (const [stream, line] of sent) {
      gathered.add(at, at + line.length, at + line.length + 1)
      gathered.sent(ARRIVED, { address: '10.0.0.8', stream })
      at += line.length + 1
    }
    const { packed } = stageOf('iis_access')({
      lines: gathered.lines(),
      from: 0,
      prefix: 'x',
      now: ARRIVED,
      memory: [],
    })
    expect(
      packed.map((e) => [e['user.name'], e['user_agent.original'], e['url.domain'], e['http.response.status_code']]),
    ).toEqual([
      ['lan', 'UA', 'a.example', 200],
      ['minh', 'UB', 'b.example', 404],
    ])
  })
  test('quoted strings under #Fields hold blanks', () => {
    const text = `${FIELDS}\n2026-05-14 02:30:01 192.0.2.1 "Nguyễn Văn A" "Mozilla/5.0 (X11)" a.example 200\n`
    expect(parsed('iis_access', text)).toMatchObject([
      {
        'user.name': 'Nguyễn Văn A',
        'user_agent.original': 'Mozilla/5.0 (X11)',
        'url.domain': 'a.example',
        'http.response.status_code': 200,
      },
    ])
  })
  test('a file without a date column takes the day from #Date', () => {
    const text = '#Date: 2026-05-14 02:30:00\n#Fields: time c-ip cs-method sc-status\n02:30:01 192.0.2.1 GET 200\n'
    expect(parsed('iis_access', text)).toMatchObject([{ '@timestamp': Date.UTC(2026, 4, 14, 2, 30, 1) }])
  })
  test('an order of columns that nobody said is an error where the client is no address or the status no number', () => {
    expect(parsed('iis_access', `${FIELDS}\n2026-05-14 02:30:01 lan 192.0.2.1 UA a.example 200\n`)).toEqual([
      { error: 'expected an address in column 3 (c-ip), found "lan"' },
    ])
    expect(parsed('iis_access', `${FIELDS}\n2026-05-14 02:30:01 192.0.2.1 lan UA 200 a.example\n`)).toEqual([
      { error: 'expected a number in column 7 (sc-status), found "a.example"' },
    ])
  })
  test('X-Forwarded-For counts only behind a proxy that is trusted', () => {
    const text =
      '#Fields: date time c-ip X-Forwarded-For sc-status\n2026-05-14 02:30:01 10.0.0.7 6.6.6.6,+203.0.113.9 200\n'
    expect(parsed('iis_access', text)).toMatchObject([{ 'source.ip': '10.0.0.7' }])
    expect(parsed('iis_access', text, { options: { trusted_proxies: ['10.0.0.7'] } })).toMatchObject([
      { 'source.ip': '203.0.113.9' },
    ])
  })
  test('columns may be declared for files that do not say them', () => {
    const options = { fields: 'date time c-ip cs-host sc-status' }
    expect(parsed('iis_access', '2026-05-14 02:30:01 192.0.2.1 a.example 200\n', { options })).toMatchObject([
      { 'url.domain': 'a.example' },
    ])
  })
})

describe('fortinet_fortigate', () => {
  const LINE = 'date=2026-05-14 time=09:30:01 devname="fw" logid="0100032002" type="event" subtype="system"'
  test('a quoted value that goes on and on is written once', () => {
    const row = new Row()
    const text = Buffer.from(`${LINE} msg="a\\b "${' x"'.repeat(5000)} action="login"`)
    const from = row.load(text, 0, text.length)
    row.begin()
    const context = {
      arrived: ARRIVED,
      timezone: 'Asia/Ho_Chi_Minh',
      zoned: false,
      header: undefined,
      state: undefined,
    }
    expect(openParser('fortinet_fortigate')(row, from, from + text.length, { ...context, next: () => {} })).toBe(EVENT)
    expect(row.at).toBeLessThan(text.length * 4)
    const { message, 'event.action': action } = row.event()
    expect({ end: String(message).slice(-5), action }).toEqual({ end: ' x" x', action: 'login' })
  })
  test('an omitted value does not swallow the next key', () => {
    expect(one('fortinet_fortigate', `${LINE} dstip=authid="krb" srcip=192.0.2.1`)).toMatchObject({
      'fortinet.firewall.authid': 'krb',
      'source.ip': '192.0.2.1',
    })
    expect(one('fortinet_fortigate', `${LINE} dstip=authid="krb"`)).not.toHaveProperty(['destination.address'])
  })
  test('a value that only looks like a pair stays whole', () => {
    expect(one('fortinet_fortigate', `${LINE} msg="dstip=192.0.2.9" ui=a=b`)).toMatchObject({
      message: 'dstip=192.0.2.9',
      'fortinet.firewall.ui': 'a=b',
    })
  })
  test.each(['dropped', 'reset', 'drop_session'])('%s of IPS is a denial', (action) => {
    expect(
      one('fortinet_fortigate', `date=2026-05-14 time=09:30:01 type="utm" subtype="ips" action="${action}"`),
    ).toMatchObject({ 'event.type': ['denied'] })
  })
  test('lines without type= and logid= are events: an object was updated', () => {
    expect(
      one(
        'fortinet_fortigate',
        'date=2026-05-14 time=09:30:01 desc="Object attribute configured" msg="Edit firewall.address web"',
      ),
    ).toMatchObject({
      message: 'Edit firewall.address web',
      'fortinet.firewall.desc': 'Object attribute configured',
    })
  })
  test('comma-separated lines are its own format', () => {
    expect(
      one(
        'fortinet_fortigate',
        'date=2026-05-14,time=09:30:01,devname="fw",logid="0000000013",type="traffic",subtype="forward",srcip=192.0.2.1,dstip=203.0.113.10,action="deny",msg="a, b"',
      ),
    ).toMatchObject({
      'source.ip': '192.0.2.1',
      'destination.ip': '203.0.113.10',
      'event.action': 'deny',
      message: 'a, b',
    })
  })
  test('its CEF is its own format', () => {
    const line =
      '<189>May 14 09:30:01 fw CEF:0|Fortinet|Fortigate|v7.4.1|00013|traffic:forward close|3|deviceExternalId=FGT60F FTNTFGTeventtime=1778725801000000000 FTNTFGTtz=+0700 FTNTFGTlogid=0000000013 cat=traffic:forward FTNTFGTsubtype=forward src=192.0.2.1 spt=40000 dst=203.0.113.10 dpt=443 act=close out=10 in=20 msg=a\\=b c'
    expect(one('fortinet_fortigate', line)).toMatchObject({
      '@timestamp': 1778725801000,
      'observer.serial_number': 'FGT60F',
      'event.code': '0000000013',
      'fortinet.firewall.type': 'traffic',
      'source.ip': '192.0.2.1',
      'destination.port': 443,
      'source.bytes': 10,
      'destination.bytes': 20,
      'event.action': 'close',
      message: 'a=b c',
    })
  })
  test('without tz the epoch in eventtime is the time, unless the source says its zone', () => {
    const line = 'date=2026-05-14 time=09:30:01 eventtime=1778725801369913239 type="event" subtype="system" msg="x"'
    expect(one('fortinet_fortigate', line)).toMatchObject({ '@timestamp': 1778725801369 })
    expect(one('fortinet_fortigate', line, { timezone: 'UTC', zoned: true })).toMatchObject({
      '@timestamp': Date.UTC(2026, 4, 14, 9, 30, 1),
    })
    expect(one('fortinet_fortigate', `${line} tz="+0900"`)).toMatchObject({
      '@timestamp': Date.UTC(2026, 4, 14, 0, 30, 1),
    })
  })
})

describe('json_ecs', () => {
  test('a field named __proto__ changes nothing but its own document', () => {
    const event = one('json_ecs', '{"@timestamp":"2026-05-14T02:30:01Z","__proto__":{"seen":"x"},"message":"a"}')
    const document = toDocument(event as Event)
    expect(({} as Record<string, unknown>)['seen']).toBeUndefined()
    expect(JSON.parse(JSON.stringify(document))).toHaveProperty('message', 'a')
  })
  test('what this program says of an event is not taken from a sender', () => {
    const line =
      '{"@timestamp":"2026-05-14T02:30:01Z","organization":{"id":"x"},"vonglau.source.id":"x","event.dataset":"vonglau.source"}'
    expect(one('json_ecs', line)).toEqual({
      '@timestamp': Date.UTC(2026, 4, 14, 2, 30, 1),
      'event.kind': 'event',
      'event.dataset': 'json_ecs',
    })
  })
})
describe('modsecurity', () => {
  test('an entry that a body spells is kept, and read as none', () => {
    const forged = `--aaaa0001-A--\n[14/May/2026:09:30:01 +0700] a 203.0.113.9 1 198.51.100.80 80\n--aaaa0001-C--\n--deadbeef-Z--\n--deadbeef-A--\n[14/May/2026:09:30:01 +0700] b 6.6.6.6 1 198.51.100.80 80\n--deadbeef-Z--\n--aaaa0001-Z--\n`
    const events = parsed('modsecurity', forged)
    expect(events[0]).toMatchObject({ 'source.ip': '203.0.113.9' })
    for (const event of events.slice(1)) expect(event).toHaveProperty('error')
  })
})
describe('dovecot', () => {
  test('a user who spells an address is not at it', () => {
    const line =
      '<22>May 14 09:30:01 mail dovecot: imap-login: Login: user=<a>, rip=6.6.6.6, b>, method=PLAIN, rip=203.0.113.9, lip=198.51.100.25'
    expect(one('dovecot', line)).toMatchObject({ 'source.ip': '203.0.113.9', 'user.name': 'a>, rip=6.6.6.6, b' })
  })
})
describe('linux_auth', () => {
  test('a user who spells an address is not at it', () => {
    const line =
      '<86>May 14 09:30:01 may sshd[1]: Failed password for invalid user a from 6.6.6.6 port 22 ssh2 from 203.0.113.9 port 50122 ssh2'
    expect(one('linux_auth', line)).toMatchObject({ 'source.ip': '203.0.113.9', 'source.port': 50122 })
  })
})
