import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Event, Value } from '../../../ingest/event.ts'
import { compile } from '../../../ingest/store/match.ts'
import { LOGSOURCES } from '../../../ingest/parsers/index.ts'
import { compileFilter } from '../../../rules/sigma/compile.ts'
import { parseSigma, type SigmaRule } from '../../../rules/sigma/parse.ts'
import { parseValue } from '../../../rules/sigma/value.ts'

const matches = (detection: string, fields: 'as-is' | 'ecs' = 'as-is', logsource = '') => {
  const [document] = parseSigma(
    `title: t\n${logsource}\ndetection:\n${detection.replace(/^/gm, '  ')}\n${detection.includes('condition:') ? '' : '  condition: s\n'}`,
    'rule.yml',
  )
  return compile(compileFilter(document as SigmaRule, { fields, kinds: LOGSOURCES }))
}

/** Wildcards and escapes as the specification lists them. A pattern's text with ★ and ◆ for * and ?. */
test.each([
  ['plain', 'plain'],
  ['a*b?c', 'a★b◆c'],
  ['\\*', '*'],
  ['\\?', '?'],
  ['\\\\', '\\'],
  ['C:\\Windows', 'C:\\Windows'],
  ['\\\\\\\\host\\share', '\\\\host\\share'],
  ['\\\\*', '\\★'],
  ['\\\\\\*', '\\*'],
  ['\\\\\\?', '\\?'],
  ['\\\\\\\\*', '\\\\★'],
  ['end\\', 'end\\'],
  ['', ''],
  ['**', '★★'],
])('%j', (text, expected) => {
  const shown = parseValue(text).map((part) => (typeof part === 'string' ? part : part.wild === '*' ? '★' : '◆'))
  expect(shown.join('')).toBe(expected)
})

test.each<[string, string, Value, boolean]>([
  ['equals, without case', 'f: Evil', 'EVIL', true],
  ['equals the whole', 'f: evil', 'evil.exe', false],
  ['a list is any', 'f: [a, b]', 'b', true],
  ['a number and its text', 'f: 404', '404', true],
  ['a text and its number', "f: '404'", 404, true],
  ['true', 'f: true', true, true],
  ['wildcards', "f: 'a*c?'", 'abbbcd', true],
  ['an escaped star', "f: 'a\\*c'", 'a*c', true],
  ['an escaped star is no wildcard', "f: 'a\\*c'", 'abc', false],
  ['contains', 'f|contains: il', 'EVIL', true],
  ['startswith', 'f|startswith: ev', 'evil', true],
  ['startswith not within', 'f|startswith: vi', 'evil', false],
  ['endswith', 'f|endswith: .exe', 'a.EXE', true],
  ['contains with a wildcard', "f|contains: 'a?c'", 'xxabcxx', true],
  ['contains, all', 'f|contains|all: [a, b]', 'xbxa', true],
  ['contains, all, one missing', 'f|contains|all: [a, b]', 'xbx', false],
  ['cased', 'f|cased: Evil', 'evil', false],
  ['cased contains', 'f|contains|cased: vil', 'EVIL', false],
  ['re is not anchored', 'f|re: e.il', 'the evil', true],
  ['re has case', 'f|re: Evil', 'evil', false],
  ['re with i', 'f|re|i: Evil', 'evil', true],
  ['re with s', "f|re|s: 'a.b'", 'a\nb', true],
  ['re without s', "f|re: 'a.b'", 'a\nb', false],
  ['re with m', "f|re|m: '^b$'", 'a\nb', true],
  ['re takes no wildcards', "f|re: 'a*b'", 'xb', true],
  ['re, all', "f|re|all: ['a', 'b']", 'a', false],
  ['cidr of IPv4', 'f|cidr: 192.0.2.0/24', '192.0.2.9', true],
  ['cidr of IPv6', "f|cidr: '2001:db8::/32'", '2001:db8:1::9', true],
  ['cidr, another', 'f|cidr: [192.0.2.0/25, 198.51.100.0/24]', '192.0.2.200', false],
  ['gte', 'f|gte: 500', 500, true],
  ['gt', 'f|gt: 500', 500, false],
  ['lt of a text', 'f|lt: 10', '9', true],
  ['lte', 'f|lte: 9', 9.5, false],
  ['exists', 'f|exists: true', '', true],
  ['exists not', 'f|exists: false', 'x', false],
  ['null is absent', 'f: null', 'x', false],
  ['the empty text', "f: ''", 'x', false],
  ['any of several values', 'f: b', ['a', 'b'], true],
  ['a list of maps is any', '- f: a\n- f: b', 'b', true],
])('%s', (_, item, value, expected) => {
  const indented = item.startsWith('-') ? item.replace(/^/gm, '  ') : `  ${item}`
  expect(matches(`s:\n${indented}`)({ f: value })).toBe(expected)
})

test.each<[string, string, Event, boolean]>([
  ['a map is all', 's: { f: a, g: b }', { f: 'a', g: 'c' }, false],
  ['null where it is missing', 's: { f: null }', { g: 'x' }, true],
  ['null or a value', 's: { f: [null, x] }', {}, true],
  ['exists: false where it is missing', 's: { f|exists: false }', {}, true],
  ['a missing field never matches', 's: { f: a }', {}, false],
  ['and its negation does', 's: { f: a }\ncondition: not s', {}, true],
  ['a keyword stands anywhere', 's: [evil]', { a: 'an EVIL thing' }, true],
  ['one keyword of several', 's: [one, two]', { a: 'x', b: 'two' }, true],
  ['all keywords', "s: { '|all': [one, two] }", { a: 'one', b: 'two' }, true],
  ['all keywords, one missing', "s: { '|all': [one, two] }", { a: 'one' }, false],
  ['a number as keyword is looked for as text', 's: [42]', { a: 42 }, true],
  ['anywhere, as any keyword', 's: [42]', { a: 'id=1421' }, true],
  ['neq', 's: { f|neq: a }', { f: 'b' }, true],
  ['neq of what it is', 's: { f|neq: A }', { f: 'a' }, false],
  ['neq of a list is none of them', 's: { f|neq: [a, b] }', { f: 'b' }, false],
  ['neq where it is missing', 's: { f|neq: a }', {}, true],
  ['neq of a part', 's: { f|contains|neq: il }', { f: 'evil' }, false],
  ['fieldref', 's: { f|fieldref: g }', { f: 'A', g: 'a' }, true],
  ['fieldref, cased', 's: { f|fieldref|cased: g }', { f: 'A', g: 'a' }, false],
  ['fieldref of numbers and their text', 's: { f|fieldref: g }', { f: 3, g: '3' }, true],
  ['fieldref of what is missing', 's: { f|fieldref: g }', { f: 'a' }, false],
  ['fieldref, both missing', 's: { f|fieldref: g }', {}, false],
  ['fieldref is no wildcard', 's: { f|fieldref: g }', { f: 'abc', g: 'a*' }, false],
  ['fieldref of several values is any', 's: { f|fieldref: g }', { f: ['a', 'b'], g: ['c', 'B'] }, true],
  ['fieldref of several fields is any', 's: { f|fieldref: [g, h] }', { f: 'a', g: 'b', h: 'a' }, true],
  ['fieldref, all', 's: { f|fieldref|all: [g, h] }', { f: 'a', g: 'b', h: 'a' }, false],
  ['fieldref, negated', 's: { f|fieldref|neq: g }', { f: 'a', g: 'b' }, true],
  ['fieldref, endswith', 's: { f|fieldref|endswith: g }', { f: 'c:\\a.exe', g: 'A.exe' }, true],
  ['fieldref, contains', 's: { f|contains|fieldref: g }', { f: 'abc', g: 'd' }, false],
  ['fieldref, gt', 's: { f|fieldref|gt: g }', { f: 10, g: 9 }, true],
  ['fieldref, gt of texts', 's: { f|fieldref|gt: g }', { f: 'b', g: 'a' }, false],
  [
    'addresses are compared as addresses',
    's: { source.ip|fieldref: f }',
    { 'source.ip': '2001:db8::1', f: '2001:DB8:0::1' },
    true,
  ],
  ['hour', "s: { '@timestamp|hour': 23 }", { '@timestamp': Date.UTC(2026, 10, 27, 23, 59) }, true],
  ['hours', "s: { '@timestamp|hour|gte': 22 }", { '@timestamp': Date.UTC(2026, 10, 27, 21, 59) }, false],
  ['minute of a text', 's: { f|minute: [1, 2] }', { f: '2026-11-27T23:02:00+07:00' }, true],
  ['day, month, year', 's: { f|day: 27, f|month: 11, f|year: 2026 }', { f: Date.UTC(2026, 10, 27) }, true],
  ['an ISO week of the year before', 's: { f|week: 53 }', { f: Date.UTC(2027, 0, 1) }, true],
  ['an ISO week of the year after', 's: { f|week: 1 }', { f: Date.UTC(2024, 11, 30) }, true],
  ['a part of what is no time', 's: { f|year: 2026 }', { f: '2026' }, false],
  ['windash', 's: { f|windash|contains: " -enc" }', { f: 'powershell /ENC x' }, true],
  ['windash, a long dash', 's: { f|windash|contains: " -enc" }', { f: 'powershell ―enc x' }, true],
  ['windash within a word', 's: { f|windash|contains: "a-b" }', { f: 'a/b' }, false],
  ['windash, all', 's: { f|windash|contains|all: [" -a", " -b"] }', { f: 'x /a –b' }, true],
  ['windash, all, one missing', 's: { f|windash|contains|all: [" -a", " -b"] }', { f: 'x /a' }, false],
  ['base64', 's: { f|base64: foobar }', { f: 'Zm9vYmFy' }, true],
  ['base64 has padding', 's: { f|base64|contains: foob }', { f: 'xZm9vYg==' }, true],
  ['base64 of wide', 's: { f|wide|base64|contains: ping }', { f: 'cABpAG4AZwA=' }, true],
  ['base64 of utf16be', 's: { f|utf16be|base64: ping }', { f: 'AHAAaQBuAGc=' }, true],
  ['base64 of utf16 has its mark', 's: { f|utf16|base64: ping }', { f: '//5wAGkAbgBnAA==' }, true],
  ['several conditions are any', 'a: { f: 1 }\nb: { f: 2 }\ncondition: [a, b]', { f: 2 }, true],
])('%s', (_, detection, event, expected) => {
  expect(matches(detection)(event)).toBe(expected)
})

describe('placeholders', () => {
  const WORDS: { readonly [name: string]: readonly string[] } = {
    portal_hosts: ['a.example', 'b*.example'],
    agency_networks: ['192.0.2.0/24', '2001:db8::/32'],
    ipv6_portals: [],
  }
  const compiled = (detection: string) => {
    const [document] = parseSigma(`title: t\ndetection:\n  ${detection}\n  condition: s\n`, 'rule.yml')
    return compile(compileFilter(document as SigmaRule, { fields: 'as-is', placeholders: (name) => WORDS[name] }))
  }
  test.each<[string, string, Event, boolean]>([
    ['each value', "s: { f|expand: '%portal_hosts%' }", { f: 'A.example' }, true],
    ['a star of the inventory is none', "s: { f|expand: '%portal_hosts%' }", { f: 'bx.example' }, false],
    ['within a text', "s: { f|contains|expand: '//%portal_hosts%/' }", { f: 'https://a.example/x' }, true],
    ['networks', "s: { f|cidr|expand: '%agency_networks%' }", { f: '2001:db8::7' }, true],
    ['beside what is written', "s: { f|expand: ['%portal_hosts%', 'c%portal_hosts%'] }", { f: 'ca.example' }, true],
    ['a name of nothing holds never', "s: { f|expand: '%ipv6_portals%' }", { f: '' }, false],
    ['also where all have to', "s: { f|contains|all|expand: '%ipv6_portals%' }", { f: 'x' }, false],
    ['and not of it always', "s: { f|neq|expand: '%ipv6_portals%' }", { f: 'x' }, true],
  ])('%s', (_, detection, event, expected) => expect(compiled(detection)(event)).toBe(expected))
  test.each([
    ["s: { f|expand: '%portal_host%' }", 'nothing is called %portal_host% here; the nearest is %portal_hosts%'],
    ["s: { f|expand: 'a' }", '"a" has no name to expand'],
    ['s: { f|expand: 3 }', 'expand needs a text with a name'],
  ])('%s is refused', (detection, sentence) => expect(() => compiled(detection)).toThrow(sentence))
})

test('what is encoded is found by base64offset, whatever stands around it and however it was written', () => {
  const around = fc.uint8Array({ maxLength: 7 })
  fc.assert(
    fc.property(
      fc.string({ minLength: 3, maxLength: 12, unit: 'binary' }),
      around,
      around,
      fc.boolean(),
      (text, before, after, wide) => {
        fc.pre(text.isWellFormed())
        const bytes = Buffer.from(text, wide ? 'utf16le' : 'utf8')
        const encoded = Buffer.concat([before, bytes, after]).toString('base64')
        const value = JSON.stringify(text.replace(/[\\*?]/g, '\\$&'))
        const holds = matches(`s: { f|${wide ? 'wide|' : ''}base64offset|contains|cased: ${value} }`)
        expect(holds({ f: encoded })).toBe(true)
      },
    ),
    { numRuns: 500 },
  )
})

const WEB = 'logsource: { category: webserver }'
test.each<[string, string, string, Event, boolean]>([
  [
    'words of the taxonomy',
    's: { cs-method: post, sc-status: 200 }',
    WEB,
    { 'event.category': ['web'], 'http.request.method': 'POST', 'http.response.status_code': 200 },
    true,
  ],
  [
    'a request, decoded',
    "s: { cs-uri-query|contains: '../' }",
    WEB,
    { 'event.category': ['web'], 'url.original': '/%2e%2e%2f', 'url.decoded': '/../' },
    true,
  ],
  [
    'two fields, all values',
    's: { cs-uri-query|contains|all: [a, b] }',
    WEB,
    { 'event.category': ['web'], 'url.original': 'a', 'url.decoded': 'b' },
    true,
  ],
  [
    'a field that means two is absent where both are',
    's: { cs-uri-query: null }',
    WEB,
    { 'event.category': ['web'], 'url.original': 'a' },
    false,
  ],
  [
    'another logsource',
    's: { cs-method: post }',
    WEB,
    { 'event.category': ['network'], 'http.request.method': 'POST' },
    false,
  ],
  ['ECS names stay', 's: { source.ip: 192.0.2.1 }', WEB, { 'event.category': ['web'], 'source.ip': '192.0.2.1' }, true],
  [
    "a vendor's keys",
    's: { cfgpath: system.admin }',
    'logsource: { product: fortigate, service: event }',
    {
      'event.dataset': 'fortinet_fortigate',
      'fortinet.firewall.type': 'event',
      'fortinet.firewall.cfgpath': 'system.admin',
    },
    true,
  ],
  [
    'an address however it is spelled',
    "s: { src_ip: '2001:DB8:0::1' }",
    'logsource: { category: firewall }',
    { 'observer.type': 'firewall', 'source.ip': '2001:db8::1' },
    true,
  ],
])('%s', (_, detection, logsource, event, expected) => {
  expect(matches(detection, 'ecs', logsource)(event)).toBe(expected)
})

/** A line's empty field is not stored, so an empty value means one that is missing. */
test.each<[string, Event, boolean]>([
  ["s: { c-useragent: '' }", {}, true],
  ["s: { c-useragent: '' }", { 'user_agent.original': 'x' }, false],
  ["s: { c-useragent: ['', x] }", { 'user_agent.original': 'x' }, true],
  ["s: { c-useragent|cased: '' }", {}, true],
  ["s: { c-useragent|neq: '' }", {}, false],
  ["s: { c-useragent|neq: '' }", { 'user_agent.original': 'x' }, true],
])('%s', (detection, event, expected) => {
  const web = { 'event.category': ['web'], ...event }
  expect(matches(detection, 'ecs', 'logsource: { category: webserver }')(web)).toBe(expected)
})

/** Firewalls have many words for two verdicts; a rule of the kind means whichever the vendor says. */
test.each<[string, Event, boolean]>([
  ['s: { action: accept }', { 'event.action': 'close', 'event.type': ['connection', 'allowed'] }, true],
  ['s: { action: [forward, accept, 2] }', { 'event.action': 'close', 'event.type': ['allowed'] }, true],
  ['s: { action: accept }', { 'event.action': 'accept' }, true],
  ['s: { action: accept }', { 'event.action': 'deny', 'event.type': ['denied'] }, false],
  ['s: { action: Drop }', { 'event.action': 'deny', 'event.type': ['denied'] }, true],
  ['s: { action|neq: deny }', { 'event.action': 'drop', 'event.type': ['denied'] }, false],
  ['s: { action|neq: deny }', { 'event.action': 'close', 'event.type': ['allowed'] }, true],
  ['s: { action|contains: acc }', { 'event.action': 'close', 'event.type': ['allowed'] }, false],
  ["s: { blocked: 'false' }", { 'event.type': ['allowed'] }, true],
  ['s: { blocked: true }', { 'event.type': ['denied'] }, true],
  ['s: { blocked: true }', { 'event.type': ['allowed'] }, false],
  // Another kind of log means its own words.
  ['s: { event.action: accept }', { 'event.action': 'close', 'event.type': ['allowed'] }, false],
])('firewall: %s of %j: %s', (detection, event, expected) => {
  expect(
    matches(detection, 'ecs', 'logsource: { category: firewall }')({ 'observer.type': 'firewall', ...event }),
  ).toBe(expected)
})

/** Keywords are looked for in the line and what was decoded of it, not in what the program says of itself. */
test.each<[string, Event, boolean]>([
  ['s: [format]', { 'event.original': '%SYS-6-X: a line', 'log.level': 'informational' }, false],
  ['s: [format]', { 'event.original': '%SYS-6-X: format flash:', 'log.level': 'informational' }, true],
  ['s: [179]', { 'event.original': 'from 10.0.0.1:179', 'source.port': 179 }, true],
  ['s: [11000]', { 'event.original': 'a', 'vonglau.line': 11000 }, false],
  [
    "s: { '|all': ['<script>', '/tim'] }",
    { 'event.original': 'GET /tim?q=%3Cscript%3E', 'url.decoded': '/tim?q=<script>' },
    true,
  ],
  [
    "s: { '|all': ['<script>', '/khac'] }",
    { 'event.original': 'GET /tim?q=%3Cscript%3E', 'url.decoded': '/tim?q=<script>' },
    false,
  ],
  ["s: ['a b']", { 'event.original': 'GET / a+b', 'user_agent.original': 'a b' }, true],
  ["s: { '|re': 'for.at' }", { 'event.original': 'x', 'log.level': 'informational' }, false],
])('keywords: %s of %j: %s', (detection, event, expected) => {
  expect(matches(detection, 'ecs', '')(event)).toBe(expected)
})
