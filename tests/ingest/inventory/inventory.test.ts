import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { codesOf } from '../../../ingest/inventory/code.ts'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { countsAsOf, levelOn } from '../../../ingest/inventory/counts.ts'
import { ipv6At } from '../../../ingest/inventory/portal.ts'
import { agencyName, expandOrganizations, reachOf } from '../../../ingest/inventory/scope.ts'
import { differenceOf, mergeFile } from '../../../ingest/inventory/merge.ts'

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
  expect(inventory.portals.map((portal) => [ipv6At(portal, Date.UTC(2026, 0, 1)), portal.addresses])).toEqual([
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
    /a\.yml:6: agencies\[3\]\.kind is "village", expected one of department, district, commune, committee, centre, branch/,
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

const demo = () => {
  const file = 'seeds/vinh-long/inventory.yml'
  return parseInventory(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'), file)
}

test('the demo province is whole', () => {
  const inventory = demo()
  const kinds = Object.groupBy(inventory.agencies, ({ kind }) => kind)
  // 18 that the reports name, and two whose names they do not say.
  expect([kinds.department?.length, kinds.district?.length, kinds.commune?.length]).toEqual([20, 8, 107])
  expect(inventory.agencies.filter(({ assumed }) => assumed)).toHaveLength(2)
  expect(inventory.agencies.filter(({ steering }) => steering)).toHaveLength(33)
  expect(inventory.systems.filter(({ shared }) => shared)).toHaveLength(13)
  expect(inventory.agencies.filter(({ successors }) => successors.length > 0)).toHaveLength(1)
})

test.each([
  ['2020-12-31', 'before the data centre moved them', { ipv6: { department: 0, commune: 0 } }],
  ['2024-12-31', 'as reported', { ipv6: { department: 20, commune: 107 } }],
  ['2026-11-26', 'after an agency was succeeded', { ipv6: { department: 20, commune: 107 } }],
])('the demo province as of %s: %s', (date, _, { ipv6 }) => {
  const { portals, agencies } = countsAsOf(demo(), date)
  expect({ department: portals['department']!.ipv6, commune: portals['commune']!.ipv6 }).toEqual(ipv6)
  expect([portals['department']!.trusted, portals['commune']!.trusted]).toEqual([18, 107])
  expect(agencies['department']).toBe(date < '2025-03-01' ? 20 : 19)
})

test('counts follow the days: certificates, suspended ones, addresses that are no service, levels', () => {
  const inventory = parseInventory(
    `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-a, name: Sở A, kind: department, valid_to: 2025-07-01, successors: [xa-b, xa-c] }
  - { id: xa-b, name: Xã B, kind: commune, valid_from: 2025-07-01 }
  - { id: xa-c, name: Xã C, kind: commune, valid_from: 2025-07-01 }
systems:
  - id: he
    name: Hệ
    owner: so-a
    levels: [{ level: 2, from: 2020-01-01 }, { level: 3, from: 2024-06-01, decision: "12/QĐ" }]
portals:
  - { id: a, domain: a.example, name: A, organization: so-a, addresses: ["fd00::1", "fe80::1"], trust: { expires: 2024-12-31 } }
  - id: b
    domain: b.example
    name: B
    organization: so-a
    addresses: ["2001:db8::b"]
    ipv6_from: 2022-01-01
    trust:
      - { granted: 2021-03-01, history: [{ status: suspended, checked: 2023-01-01 }, { status: valid, checked: 2023-03-01 }] }
signatures:
  - { serial: "1", holder: Ông A, organization: so-a, expires: 2027-01-01, left: 2024-02-01 }
  - { serial: "2", holder: Con dấu, organization: so-a, expires: 2027-01-01 }
  - { serial: "3", holder: Cũ, organization: so-a, expires: 2023-01-01 }
`,
    'a.yml',
  )
  const told = (date: string) => {
    const { portalsInAll, signatures, agencies } = countsAsOf(inventory, date)
    const level = levelOn(inventory.systems[0]!, date)?.level
    return [
      portalsInAll.ipv6,
      portalsInAll.trusted,
      level,
      signatures.total,
      signatures.orphaned,
      agencies['commune'] ?? 0,
    ]
  }
  expect(
    Object.fromEntries(
      ['2019-12-31', '2021-06-30', '2023-02-01', '2024-12-31', '2025-01-01', '2025-07-01'].map((date) => [
        date,
        told(date),
      ]),
    ),
  ).toEqual({
    '2019-12-31': [0, 1, undefined, 3, 0, 0],
    '2021-06-30': [0, 2, 2, 3, 0, 0],
    '2023-02-01': [1, 1, 2, 2, 0, 0],
    '2024-12-31': [1, 2, 3, 2, 1, 0],
    '2025-01-01': [1, 1, 3, 2, 1, 0],
    '2025-07-01': [1, 1, 3, 2, 2, 2],
  })
})

test('an inventory of before: agencies of kind system become systems, their operator an agency, old ids stay', () => {
  const old = `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: tinh, name: UBND tỉnh, kind: committee }
  - { id: ttdl, name: Trung tâm dữ liệu, kind: system, parent: tinh }
  - { id: lgsp, name: LGSP, kind: system, parent: ttdl }
  - { id: so-a, name: Sở A, kind: department, parent: tinh }
portals:
  - { id: lgsp, domain: lgsp.example, name: LGSP, organization: lgsp, addresses: ["2001:db8::1"] }
observers:
  - { name: fw, organization: ttdl, shared: true }
reporting:
  - { valid_from: 2020-01-01, recipient: Cục, legal_basis: Luật, within: 24 }
`
  const inventory = parseInventory(old, 'a.yml')
  expect(inventory.agencies.map(({ id, kind }) => [id, kind])).toEqual([
    ['tinh', 'committee'],
    ['ttdl', 'centre'],
    ['so-a', 'department'],
  ])
  expect(inventory.systems).toMatchObject([
    { id: 'lgsp', owner: 'tinh', operator: 'ttdl', shared: true, former: ['lgsp'] },
  ])
  expect(inventory.portals).toMatchObject([{ organization: 'tinh', system: 'lgsp' }])
  expect([inventory.devices[0]!.name, inventory.duties[0]!.within]).toEqual(['fw', 24])
  expect(agencyName(inventory, 'lgsp')).toBe('LGSP')
  // The owner and the operator read what is stored under the old id; whose account names it reads that system alone.
  expect(reachOf(inventory, ['ttdl'])).toEqual({ organizations: ['ttdl', 'lgsp'], systems: ['lgsp'] })
  expect(reachOf(inventory, ['tinh']).organizations.toSorted()).toEqual(['lgsp', 'so-a', 'tinh', 'ttdl'])
  expect(reachOf(inventory, ['lgsp'])).toEqual({ organizations: ['lgsp'], systems: ['lgsp'] })
  expect(reachOf(inventory, ['so-a'])).toEqual({ organizations: ['so-a'], systems: [] })
  // A mistake is told where it stands, by the words that stand there.
  expect(() => parseInventory(old.replace('organization: ttdl,', 'organization: khac,'), 'a.yml')).toThrow(
    /^a\.yml:10: observers\[0\]\.organization is "khac", expected the id of an agency/,
  )
  expect(() =>
    parseInventory(`${old}systems:\n  - { id: x, name: X, owner: so-a, former: [so-a] }\n`, 'a.yml'),
  ).toThrow(/systems\[0\]\.former\[0\] is "so-a", expected an id that nothing else has/)
})

test('what vanished from a file is ended, never deleted; what it says again holds', () => {
  const first = parseInventory(good, 'a.yml')
  const without = parseInventory(
    good
      .replace('  - { id: xa, domain: xa.example, name: Trang, organization: xa, addresses: [203.0.113.10] }\n', '')
      .replace('name: Sở A,', 'name: Sở A mới,'),
    'a.yml',
  )
  const nobody = new Set<string>()
  const second = mergeFile(first, without, first, { personal: nobody, day: '2026-11-26' }).inventory
  expect(second.portals.map(({ id, valid_to }) => [id, valid_to])).toEqual([
    ['so-a', undefined],
    ['xa', '2026-11-26'],
  ])
  expect(differenceOf(first, second)).toEqual({ added: [], changed: ['so-a'], ended: ['xa'], parts: [] })
  const third = mergeFile(without, first, second, { personal: nobody, day: '2026-11-27' }).inventory
  expect(third.portals.map(({ id, valid_to }) => [id, valid_to])).toEqual([
    ['so-a', undefined],
    ['xa', undefined],
  ])
})
