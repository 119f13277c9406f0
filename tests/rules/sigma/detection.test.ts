import { expect, test } from 'vitest'
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
  ['a number as keyword is a value', 's: [42]', { a: 42 }, true],
  ['and not a part of one', 's: [42]', { a: 1421 }, false],
  ['several conditions are any', 'a: { f: 1 }\nb: { f: 2 }\ncondition: [a, b]', { f: 2 }, true],
])('%s', (_, detection, event, expected) => {
  expect(matches(detection)(event)).toBe(expected)
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
