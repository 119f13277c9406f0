import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { codesOf } from '../../../ingest/inventory/code.ts'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { agencyName, expandOrganizations } from '../../../ingest/inventory/scope.ts'

const good = `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-a, name: Sở A, kind: department, parent: tinh }
  - { id: tinh, name: UBND tỉnh, kind: committee }
  - { id: so-cu, name: Sở cũ, kind: department, valid_to: 2025-03-01, successor: so-a }
  - { id: xa, name: Xã, kind: commune, parent: so-cu }
portals:
  - id: so-a
    domain: soa.example
    name: Cổng
    organization: so-a
    addresses: ["2001:DB8:84:0::10", 203.0.113.10]
  - { id: xa, domain: xa.example, name: Trang, organization: xa, addresses: [203.0.113.10] }
networks:
  - { cidr: 10.1.0.0/16, name: WAN, organization: so-a, kind: wan }
observers:
  - { name: fw-01, organization: so-a }
`
const broken = (from: string, to: string): string => {
  expect(good).toContain(from)
  return good.replace(from, to)
}

test('reads a file: defaults, canonical addresses, ipv6 from the addresses', () => {
  const inventory = parseInventory(good, 'a.yml')
  expect(inventory.portals.map(({ ipv6, addresses }) => [ipv6, addresses])).toEqual([
    [true, ['2001:db8:84::10', '203.0.113.10']],
    [false, ['203.0.113.10']],
  ])
  expect(inventory.agencies[0]!.steering).toBe(false)
  expect(agencyName(inventory, 'so-cu')).toBe('Sở cũ')
})

test('an agency has a code of its own, or one made from its id that nobody else has', () => {
  const { of, made } = codesOf(
    parseInventory(
      broken('id: tinh, name', 'id: tinh, code: SOA, name')
        .replace('id: xa, name: Xã', 'id: so-A2, name: Xã')
        .replace('so-A2', 'so.a')
        .replace('organization: xa,', 'organization: so.a,'),
      'a.yml',
    ),
  )
  expect(['tinh', 'so-a', 'so.a', 'so-cu', undefined, 'da-xoa'].map(of)).toEqual([
    'SOA',
    'SOA2',
    'SOA3',
    'SOCU',
    'P',
    'DAXOA',
  ])
  expect(made.map(({ id }) => id)).toEqual(['so-a', 'so-cu', 'so.a'])
})

test.each([
  ['not YAML', broken('agencies:', 'agencies: ]'), /^a\.yml:2:\d+: this is not YAML/],
  ['a list', '- a', /^a\.yml:1: the file is \["a"\], expected a map/],
  ['empty', '', /^a\.yml:1: the file is null, expected a map/],
  [
    'a typo in a key',
    broken('organization: so-a\n', 'organisation: so-a\n'),
    /a\.yml:11: portals\[0\]\.organisation is "so-a", expected no such key here/,
  ],
  ['a key that is missing', broken('name: Cổng\n', '\n'), /a\.yml:8: portals\[0\]\.name is nothing, expected a text/],
  [
    'an unknown organization',
    broken('organization: so-a\n', 'organization: so-aa\n'),
    /a\.yml:11: portals\[0\]\.organization is "so-aa", expected the id of an agency in this file \(near: so-a\)/,
  ],
  [
    'an unknown kind',
    broken('kind: commune', 'kind: village'),
    /a\.yml:6: agencies\[3\]\.kind is "village", expected one of department, district, commune, system, committee/,
  ],
  [
    'an address',
    broken('203.0.113.10]\n', '203.0.113.999]\n'),
    /a\.yml:12: portals\[0\]\.addresses\[1\] is "203\.0\.113\.999", expected an IPv4 or IPv6 address/,
  ],
  [
    'a network',
    broken('10.1.0.0/16', '10.1.0.0/33'),
    /networks\[0\]\.cidr is "10\.1\.0\.0\/33", expected a network such as/,
  ],
  [
    'a date',
    broken('2025-03-01', '2025-02-30'),
    /agencies\[2\]\.valid_to is "2025-02-30", expected a date that exists/,
  ],
  [
    'a time zone',
    broken('Asia/Ho_Chi_Minh', 'Asia/Vinh_Long'),
    /a\.yml:1: province\.timezone is "Asia\/Vinh_Long", expected an IANA time zone/,
  ],
  [
    'a code that is not ASCII',
    broken('id: so-a, name', 'id: so-a, code: SỞA, name'),
    /a\.yml:3: agencies\[0\]\.code is "SỞA", expected a code of 2 to 12 letters A-Z and digits, such as SYT/,
  ],
  [
    'a code twice',
    broken('id: so-a, name', 'id: so-a, code: SA, name').replace('id: tinh, name', 'id: tinh, code: SA, name'),
    /a\.yml:4: agencies\[1\]\.code is "SA", expected a code that is not taken already/,
  ],
  [
    'the province’s code again',
    broken('id: p, name', 'id: p, code: PP, name').replace('id: tinh, name', 'id: tinh, code: PP, name'),
    /a\.yml:4: agencies\[1\]\.code is "PP", expected a code that is not taken already/,
  ],
  [
    'an id twice',
    broken('id: tinh,', 'id: so-a,'),
    /a\.yml:4: agencies\[1\]\.id is "so-a", expected an id that is not taken already by entry \[0\]/,
  ],
  [
    'a domain twice',
    broken('xa.example', 'soa.example'),
    /portals\[1\]\.domain is "soa\.example", expected a domain or alias that is not taken already by entry \[0\]/,
  ],
  [
    'an IPv6 address twice',
    broken('organization: xa, addresses: [', 'organization: xa, addresses: ["2001:db8:84::10", 192.0.2.1, '),
    /a\.yml:13: portals\[1\]\.addresses\[0\] is "2001:db8:84::10", expected an IPv6 address of its own/,
  ],
  [
    'parents in a circle',
    broken('{ id: tinh,', '{ id: tinh, parent: so-a,'),
    /agencies\[0\]\.parent is "tinh", expected a parent whose own chain does not come back to so-a/,
  ],
  [
    'a successor without a day',
    broken('valid_to: 2025-03-01, ', ''),
    /agencies\[2\]\.valid_to is nothing, expected the day on which the successor took over/,
  ],
  [
    'an upper-case domain',
    broken('xa.example', 'Xa.example'),
    /portals\[1\]\.domain is "Xa\.example", expected a lower-case host name/,
  ],
] as const)('one clear error: %s', (_, text, message) => {
  expect(() => parseInventory(text, 'a.yml')).toThrow(message)
})

test('sites of shared hosting have the same addresses, IPv6 too', () => {
  const text = broken('[203.0.113.10] }', '["2001:db8:84::10", 203.0.113.10] }')
  expect(() => parseInventory(text, 'a.yml')).not.toThrow()
})

test.each([
  [['tinh'], ['tinh', 'so-a', 'so-cu', 'xa']],
  [['so-a'], ['so-a', 'so-cu', 'xa']],
  [
    ['xa', 'of-another-time'],
    ['xa', 'of-another-time'],
  ],
  [[], []],
])('the scope of %j is %j', (ids, all) => {
  expect(expandOrganizations(parseInventory(good, 'a.yml'), ids)).toEqual(all)
})

test('the demo province is whole', () => {
  const file = 'seeds/vinh-long/inventory.yml'
  const inventory = parseInventory(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'), file)
  const kinds = Object.groupBy(inventory.agencies, ({ kind }) => kind)
  expect([kinds.department?.length, kinds.district?.length, kinds.commune?.length]).toEqual([18, 8, 107])
  expect(inventory.agencies.filter(({ steering }) => steering)).toHaveLength(33)
  expect(inventory.portals).toHaveLength(127)
  expect(inventory.portals.every(({ ipv6 }) => ipv6)).toBe(true)
  expect(inventory.portals.filter(({ trust }) => trust)).toHaveLength(125)
  expect(inventory.agencies.filter(({ successor }) => successor)).toHaveLength(1)
})
