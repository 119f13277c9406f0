import { writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createEnricher } from '../../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../../ingest/enrich/geoip.ts'
import { isReserved } from '../../../ingest/enrich/reserved.ts'
import { decodeUrl } from '../../../ingest/enrich/url.ts'
import type { Event } from '../../../ingest/event.ts'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { addressOfText } from '../../../ingest/row/address.ts'

const inventory = parseInventory(
  `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies: [{ id: yte, name: Sở Y tế, kind: department }]
portals:
  - { id: yte, domain: yte.example, name: Cổng, organization: yte, addresses: ["2001:db8:84:1::10"], trust: { expires: 2026-06-30 } }
networks:
  - { cidr: 198.51.100.0/24, name: Thuê ngoài, country: RU, as: { number: 64505, name: Example Hosting }, kind: attacker }
  - { cidr: 198.51.100.128/25, name: Đã đổi chủ, country: NL, valid_from: 2026-01-01 }
  - { cidr: 8.8.8.0/24, name: Được đặt tên, as: { number: 64496 } }
  - { cidr: 10.84.5.0/24, name: WAN Sở Y tế, organization: yte, kind: wan }
`,
  'test.yml',
)
const enrich = createEnricher({ inventory, geoip: openGeoIp() })
const now = Date.parse('2026-05-14T00:00:00Z')
const enriched = (fields: Partial<Event>, source = {}): Event => {
  const event = { '@timestamp': now, ...fields } as Event
  enrich(event, source)
  return event
}

test.each<[string, Partial<Event>, Record<string, unknown>]>([
  [
    'an IPv6 source has its /64',
    { 'source.ip': '2001:4860:4860:1:2::8888' },
    {
      'source.prefix': '2001:4860:4860:1::/64',
      'source.geo.country_iso_code': 'US',
    },
  ],
  [
    'an IPv4 one has none',
    { 'source.ip': '203.113.131.1' },
    { 'source.prefix': undefined, 'source.geo.country_iso_code': 'VN' },
  ],
  [
    'a named network says country and AS',
    { 'source.ip': '198.51.100.7' },
    {
      'source.network.name': 'Thuê ngoài',
      'source.geo.country_iso_code': 'RU',
      'source.as.number': 64505,
      'source.as.organization.name': 'Example Hosting',
    },
  ],
  [
    'the narrower one wins while it is in force',
    { 'source.ip': '198.51.100.200' },
    { 'source.network.name': 'Đã đổi chủ', 'source.geo.country_iso_code': 'NL', 'source.as.number': undefined },
  ],
  [
    'and the wider one before',
    { '@timestamp': Date.parse('2025-05-05T00:00:00Z'), 'source.ip': '198.51.100.200' },
    { 'source.network.name': 'Thuê ngoài', 'source.geo.country_iso_code': 'RU' },
  ],
  [
    'what a named network does not say the database does',
    { 'source.ip': '8.8.8.8' },
    { 'source.network.name': 'Được đặt tên', 'source.geo.country_iso_code': 'US', 'source.as.number': 64496 },
  ],
  [
    'a private address has no country',
    { 'source.ip': '10.84.5.9' },
    { 'source.geo.country_iso_code': undefined, 'source.organization.id': 'yte', 'source.network.name': 'WAN Sở Y tế' },
  ],
  [
    'the destination too',
    { 'destination.ip': '2001:db8:84:1::10' },
    { 'destination.prefix': '2001:db8:84:1::/64', 'destination.geo.country_iso_code': undefined },
  ],
  [
    'a portal',
    { 'destination.ip': '2001:db8:84:1::10' },
    {
      'organization.id': 'yte',
      'organization.name': 'Sở Y tế',
      'portal.id': 'yte',
      'portal.domain': 'yte.example',
      'portal.ipv6': true,
      'portal.trusted': true,
    },
  ],
  [
    'whose certificate has run out',
    { '@timestamp': Date.parse('2026-07-01T00:00:00Z'), 'destination.ip': '2001:db8:84:1::10' },
    { 'portal.trusted': false },
  ],
  [
    'related addresses',
    { 'source.ip': '8.8.8.8', 'destination.ip': '8.8.8.8', 'destination.nat.ip': '10.0.0.1' },
    { 'related.ip': ['8.8.8.8', '10.0.0.1'] },
  ],
  ['a decoded URL', { 'url.path': '/a%2525', 'url.query': 'q=%252e%252e/+x' }, { 'url.decoded': '/a%?q=../ x' }],
  ['a query alone', { 'url.query': 'q=%41' }, { 'url.decoded': '?q=A' }],
  ['no URL', {}, { 'url.decoded': undefined, 'organization.id': undefined, 'related.ip': undefined }],
  ['an address that is none', { 'source.ip': 'unix:' }, { 'source.prefix': undefined }],
])('%s', (_, fields, expected) => {
  const event = enriched(fields)
  for (const [name, value] of Object.entries(expected)) expect(event[name], name).toEqual(value)
  expect(Object.values(event)).not.toContain(undefined)
})

test('millions of addresses cost no more memory than a few', () => {
  for (let i = 0; i < 40_000; i++)
    enriched({ 'source.ip': `2001:db8:${(i >> 8).toString(16)}::${(i & 255).toString(16)}` })
  expect(enriched({ 'source.ip': '198.51.100.7' })['source.network.name']).toBe('Thuê ngoài')
})

test.each([
  ['/a', '/a'],
  ['/%41%zz%4', '/A%zz%4'],
  ['/%252e%252e%252fetc', '/../etc'],
  ['/%25252525252e', '/%2525252e'.replace('%2525252e', '%252e')],
  ['/%c0%ae%c0%ae%c0%af', '/../'],
  ['/%e0%80%ae', '/.'],
  ['/%u0053elect%u2019', '/Select\u2019'],
  ['/%uD83D%uDE00%uD800x', '/😀%uD800x'],
  ['/h%C3%B2a+h%E1%BA%ADu?a=h%C3%B2a+h%E1%BA%ADu%2Bx', '/hòa+hậu?a=hòa hậu+x'],
  ['/%ff%e9%c3', '/%ff%e9%c3'],
  ['/%ed%a0%80', '/%ed%a0%80'],
  ['/%F0%9F%98%80%f4%90%80%80', '/😀%f4%90%80%80'],
  ['/%00', '/\0'],
  ['&lt;', '&lt;'],
  ['', ''],
])('decodeUrl(%j) is %j', (text, decoded) => {
  expect(decodeUrl(text)).toBe(decoded)
})

test.each([
  ['10.1.2.3', true],
  ['172.31.0.1', true],
  ['100.64.0.1', true],
  ['224.0.0.1', true],
  ['fe80::1', true],
  ['fc00::1', true],
  ['::1', true],
  ['::ffff:10.0.0.1', true],
  ['2001:db8::1', true],
  ['2002:a00:1::', true],
  ['8.8.8.8', false],
  ['172.32.0.1', false],
  ['2405:4800::1', false],
])('reserved %s: %s', (text, expected) => {
  expect(isReserved(addressOfText(text)!)).toBe(expected)
})

test('an unreadable database is one clear error', () => {
  expect(() => openGeoIp({ country: '/does/not/exist.mmdb' })).toThrow(
    /^\/does\/not\/exist\.mmdb cannot be read as a MaxMind database of countries: ENOENT/,
  )
  const file = join(tmpdir(), 'vonglau-not-a-database.mmdb')
  writeFileSync(file, 'x'.repeat(4096))
  expect(() => openGeoIp({ asn: file })).toThrow(
    /vonglau-not-a-database\.mmdb cannot be read as a MaxMind database of autonomous systems/,
  )
})
