/** Invariant 3's order, row by row. */
import { expect, test } from 'vitest'
import { createEnricher, type EnrichSource } from '../../../ingest/enrich/enrich.ts'
import type { Event } from '../../../ingest/event.ts'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'

const inventory = parseInventory(
  `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: yte, name: Sở Y tế, kind: department }
  - { id: xa1, name: Xã Một, kind: commune }
  - { id: xa2, name: Xã Hai, kind: commune }
  - { id: dc, name: Trung tâm dữ liệu, kind: system }
  - { id: cu, name: Sở cũ, kind: department, valid_to: 2025-03-01, successor: yte }
portals:
  - { id: yte, domain: yte.example, aliases: [www.yte.example], name: Cổng, organization: yte, addresses: ["2001:db8:84:1::10", 203.0.113.10, 10.0.20.1] }
  - { id: xa1, domain: xa1.example, name: Trang, organization: xa1, addresses: ["2001:db8:84:2::10", 203.0.113.11] }
  - { id: xa2, domain: xa2.example, name: Trang, organization: xa2, addresses: [203.0.113.11] }
  - { id: cu, domain: cu.example, name: Cổng cũ, organization: cu, addresses: [203.0.113.12] }
  - { id: dong, domain: dong.example, name: Đã đóng, organization: yte, addresses: [203.0.113.13], valid_to: 2025-01-01 }
networks:
  - { cidr: 203.0.113.0/24, name: Công cộng, organization: dc }
  - { cidr: 10.84.0.0/16, name: WAN, organization: dc }
  - { cidr: 10.84.5.0/24, name: WAN xã 1, organization: xa1 }
  - { cidr: "2001:db8:84::/48", name: IPv6, organization: dc }
observers:
  - { name: FW-Y-TE, serial: FGT1, address: 192.0.2.250, organization: yte }
  - { name: FW-XA-1, source: fw-xa1, organization: xa1 }
  - { name: FW-CU, source: fw-cu, organization: cu }
  - { name: FW-DC, source: fw-dc, organization: dc, shared: true }
  - { name: BO-1, serial: BO1, source: chum, organization: xa1 }
  - { name: BO-2, serial: BO2, source: chum, organization: xa2 }
  - { name: BO-3, serial: BO3, source: chum, organization: dc, shared: true }
  - { name: DOI-1, source: doi, organization: xa2 }
  - { name: DOI-2, source: doi, organization: xa2 }
`,
  'test.yml',
)
const enrich = createEnricher({ inventory, geoip: { lookup: () => ({}) } })
const at = (text: string): number => Date.parse(text)
const now = at('2026-05-14T00:00:00Z')
const web = { 'http.response.status_code': 200 }

type Row = [what: string, event: Partial<Event>, source: EnrichSource, organization?: string, portal?: string]
const rows: Row[] = [
  ['1 the configuration wins over the address', { 'destination.ip': '203.0.113.10' }, { organization: 'xa2' }, 'xa2'],
  [
    '1 its only portal, in a web server’s own log',
    { ...web, 'url.domain': 'anything' },
    { organization: 'yte' },
    'yte',
    'yte',
  ],
  ['1 but not for what its firewall sees', { 'destination.ip': '192.0.2.1' }, { organization: 'yte' }, 'yte'],
  [
    '1 a Host of another agency does not move it',
    { ...web, 'url.domain': 'xa1.example' },
    { organization: 'xa2' },
    'xa2',
    'xa2',
  ],
  [
    '2 Host among those of a shared address',
    { 'destination.ip': '203.0.113.11', 'url.domain': 'xa2.example' },
    {},
    'xa2',
    'xa2',
  ],
  ['2 an alias', { 'destination.ip': '2001:db8:84:1::10', 'url.domain': 'www.yte.example' }, {}, 'yte', 'yte'],
  [
    '2 a lying Host: the address has one portal',
    { 'destination.ip': '203.0.113.10', 'url.domain': 'xa1.example' },
    {},
    'yte',
    'yte',
  ],
  [
    '2 a lying Host: the address is shared',
    { 'destination.ip': '203.0.113.11', 'url.domain': 'yte.example' },
    {},
    'dc',
  ],
  ['2 a Host alone is nobody’s word', { ...web, 'url.domain': 'yte.example' }, {}],
  [
    '2 Host among what the server serves',
    { ...web, 'url.domain': 'xa1.example' },
    { serves: ['203.0.113.11'] },
    'xa1',
    'xa1',
  ],
  ['2 a lying Host there', { ...web, 'url.domain': 'yte.example' }, { serves: ['203.0.113.11'] }],
  [
    '2 the server that sent its log by syslog',
    { ...web, 'url.domain': 'xa2.example', 'log.source.address': '203.0.113.11' },
    {},
    'xa2',
    'xa2',
  ],
  ['3 an address with one portal', { 'destination.ip': '2001:db8:84:2::10' }, {}, 'xa1', 'xa1'],
  ['3 behind NAT', { 'destination.ip': '192.0.2.77', 'destination.nat.ip': '10.0.20.1' }, {}, 'yte', 'yte'],
  [
    '3 Host at the NAT address of a shared one',
    { 'destination.nat.ip': '203.0.113.11', 'url.domain': 'xa1.example' },
    {},
    'xa1',
    'xa1',
  ],
  ['4 the destination’s prefix', { 'source.ip': '10.84.5.9', 'destination.ip': '203.0.113.200' }, {}, 'dc'],
  ['4 the longest prefix', { 'destination.ip': '10.84.5.1' }, {}, 'xa1'],
  ['5 what leaves an agency', { 'source.ip': '10.84.5.9', 'destination.ip': '192.0.2.1' }, {}, 'xa1'],
  ['the device by the address that it sends from', { 'log.source.address': '192.0.2.250' }, {}, 'yte'],
  ['the device by the source that reads it', { 'vonglau.source.id': 'fw-xa1' }, {}, 'xa1'],
  ['whatever name the line claims', { 'vonglau.source.id': 'fw-xa1', 'observer.name': 'FW-Y-TE' }, {}, 'xa1'],
  ['a name alone is nobody’s word', { 'destination.ip': '192.0.2.1', 'observer.name': 'fw-y-te' }, {}],
  ['nor is a serial number', { 'observer.serial_number': 'fgt1' }, {}],
  [
    'it chooses among those behind the source',
    { 'vonglau.source.id': 'chum', 'observer.serial_number': 'bo2' },
    {},
    'xa2',
  ],
  ['a name too', { 'vonglau.source.id': 'chum', 'observer.name': 'bo-1' }, {}, 'xa1'],
  ['none of them is said: nobody’s own', { 'vonglau.source.id': 'chum', 'observer.name': 'BO-9' }, {}],
  [
    'a shared one among them',
    { 'vonglau.source.id': 'chum', 'observer.serial_number': 'bo3', 'destination.ip': '10.84.5.1' },
    {},
    'xa1',
  ],
  ['none is said, but all are one agency’s', { 'vonglau.source.id': 'doi' }, {}, 'xa2'],
  ['a device of an agency that was succeeded', { 'vonglau.source.id': 'fw-cu' }, {}, 'yte'],
  ['and before', { '@timestamp': at('2025-02-01T00:00:00Z'), 'vonglau.source.id': 'fw-cu' }, {}, 'cu'],
  [
    'a source that serves is shared, whoever owns it',
    { ...web, 'url.domain': 'xa1.example' },
    { organization: 'dc', serves: ['203.0.113.11'] },
    'xa1',
    'xa1',
  ],
  [
    'what it serves nobody of is its owner’s',
    { ...web, 'url.domain': 'la.example' },
    { organization: 'dc', serves: ['203.0.113.11'] },
    'dc',
  ],
  ['none', { 'source.ip': '192.0.2.1', 'destination.ip': '192.0.2.2', 'observer.name': 'la' }, {}],
  ['a portal that is closed', { 'destination.ip': '203.0.113.13' }, {}, 'dc'],
  [
    'before it closed',
    { '@timestamp': at('2024-06-01T00:00:00Z'), 'destination.ip': '203.0.113.13' },
    {},
    'yte',
    'dong',
  ],
  [
    'the day ends in the province’s zone',
    { '@timestamp': at('2024-12-31T17:00:00Z'), 'destination.ip': '203.0.113.13' },
    {},
    'dc',
  ],
  [
    'an agency while it is in force',
    { '@timestamp': at('2025-02-28T16:59:59Z'), 'destination.ip': '203.0.113.12' },
    {},
    'cu',
    'cu',
  ],
  [
    'its successor after',
    { '@timestamp': at('2025-02-28T17:00:00Z'), 'destination.ip': '203.0.113.12' },
    {},
    'yte',
    'cu',
  ],
]

/** A PC of commune 1 (10.84.5.9) attacks the portal of the health department (203.0.113.10). */
const between = { 'source.ip': '10.84.5.9', 'destination.ip': '203.0.113.10' }
const sides: [what: string, event: Partial<Event>, expected: (string | boolean | undefined)[]][] = [
  [
    'seen by the attacker’s own firewall',
    { 'vonglau.source.id': 'fw-xa1' },
    ['xa1', undefined, 'xa1', 'yte', undefined],
  ],
  ['by the victim’s own', { 'log.source.address': '192.0.2.250' }, ['yte', 'yte', 'xa1', 'yte', undefined]],
  ['by the data centre’s', { 'vonglau.source.id': 'fw-dc' }, ['yte', 'yte', 'xa1', 'yte', true]],
  ['by a sender that nobody knows', {}, ['yte', 'yte', 'xa1', 'yte', true]],
  [
    'the data centre’s: the source has an agency, the destination none',
    { 'vonglau.source.id': 'fw-dc', 'destination.ip': '192.0.2.1' },
    ['xa1', undefined, 'xa1', undefined, true],
  ],
]
test.each(sides)('both sides, %s', (_, fields, expected) => {
  const event = { '@timestamp': now, ...between, ...fields } as Event
  enrich(event, {})
  expect([
    event['organization.id'],
    event['portal.id'],
    event['source.organization.id'],
    event['destination.organization.id'],
    event['vonglau.shared'],
  ]).toEqual(expected)
})

test.each(rows)('%s', (_, fields, source, organization, portal) => {
  const event = { '@timestamp': now, ...fields } as Event
  enrich(event, source)
  expect([event['organization.id'], event['portal.id']]).toEqual([organization, portal])
})

const withSystems = parseInventory(
  `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: chu, name: Chủ quản, kind: department, valid_to: 2026-01-01, successors: [moi, nua] }
  - { id: moi, name: Chủ mới, kind: department, valid_from: 2026-01-01 }
  - { id: nua, name: Cũng kế tục, kind: department, valid_from: 2026-01-01 }
  - { id: vh, name: Vận hành, kind: centre }
  - { id: xa, name: Xã, kind: commune }
systems:
  - { id: he, name: Hệ, owner: chu, operator: vh, shared: true, former: [he-cu] }
  - { id: thu, name: Thư, owner: chu, operator: vh, shared: true }
portals:
  - { id: a, domain: a.example, name: A, organization: chu, system: he, addresses: [203.0.113.1] }
  - { id: b, domain: b.example, name: B, organization: xa, system: he, addresses: [203.0.113.2] }
  - { id: c, domain: c.example, name: C, organization: xa, addresses: [203.0.113.3] }
networks:
  - { cidr: 10.1.0.0/24, name: Máy chủ thư, system: thu }
  - { cidr: 10.2.0.0/24, name: LAN xã, organization: xa }
devices:
  - { name: FW-HE, source: fw-he, organization: chu, system: he }
  - { name: FW-CHUNG, source: fw-chung, organization: vh, shared: true, system: thu }
  - { name: FW-CU, source: fw-cu, organization: xa, valid_to: 2026-01-01 }
`,
  'test.yml',
)
const before = at('2025-06-01T00:00:00Z')
const systemRows: [what: string, event: Partial<Event>, source: EnrichSource, expected: (string | undefined)[]][] = [
  ['by its source', {}, { system: 'he' }, ['moi', 'he']],
  ['before its owner was succeeded', { '@timestamp': before }, { system: 'he' }, ['chu', 'he']],
  ['by an id of when it was an agency', {}, { organization: 'he-cu' }, ['moi', 'he']],
  ['by the device that wrote it', { 'vonglau.source.id': 'fw-he' }, {}, ['moi', 'he']],
  ['by the portal that is reached', { 'destination.ip': '203.0.113.1' }, {}, ['moi', 'he']],
  ['a portal stays its agency’s, whoever runs it', { 'destination.ip': '203.0.113.2' }, {}, ['xa', 'he']],
  ['its other portal is of no system', { 'destination.ip': '203.0.113.3' }, {}, ['xa', undefined]],
  ['by the network, whose owner is the system’s', { 'destination.ip': '10.1.0.9' }, {}, ['moi', 'thu']],
  ['and on the way out', { 'source.ip': '10.1.0.9', 'destination.ip': '192.0.2.1' }, {}, ['moi', 'thu']],
  ['never that of the other side', { 'source.ip': '10.1.0.9', 'destination.ip': '10.2.0.9' }, {}, ['xa', undefined]],
  [
    'nor of the shared device between them',
    { 'vonglau.source.id': 'fw-chung', 'source.ip': '192.0.2.1', 'destination.ip': '10.2.0.9' },
    {},
    ['xa', undefined],
  ],
  ['a device that was taken away', { 'vonglau.source.id': 'fw-cu' }, {}, [undefined, undefined]],
  ['and before', { '@timestamp': before, 'vonglau.source.id': 'fw-cu' }, {}, ['xa', undefined]],
]
const enrichSystems = createEnricher({ inventory: withSystems, geoip: { lookup: () => ({}) } })
test.each(systemRows)('a system, %s', (_, fields, source, expected) => {
  const event = { '@timestamp': now, ...fields } as Event
  enrichSystems(event, source)
  expect([event['organization.id'], event['system.id']]).toEqual(expected)
})
