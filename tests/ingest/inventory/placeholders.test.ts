import { expect, test } from 'vitest'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { PLACEHOLDERS, placeholdersOf } from '../../../ingest/inventory/placeholders.ts'

const inventory = parseInventory(
  `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies: [{ id: so, name: Sở, kind: department }]
systems: [{ id: he, name: Hệ, owner: so, servers: [10.0.0.9] }]
portals:
  - { id: a, domain: a.example, aliases: [www.a.example], name: A, organization: so, addresses: [203.0.113.1, "2001:db8::1"], trust: { granted: 2024-01-01, expires: 2025-12-31 } }
  - { id: b, domain: b.example, name: B, organization: so, addresses: [203.0.113.2], valid_to: 2025-07-01 }
networks:
  - { cidr: 10.0.0.0/8, name: Mạng sở, organization: so }
  - { cidr: 10.9.0.0/16, name: WAN, kind: wan }
  - { cidr: 198.51.100.0/24, name: Kẻ xấu, kind: attacker }
devices: [{ name: fw, organization: so, address: 10.0.0.1 }, { name: px, kind: proxy, organization: so }]
`,
  'i.yml',
)
const all = (date: string) => {
  const words = placeholdersOf(inventory, Date.parse(date))
  return Object.fromEntries(PLACEHOLDERS.map((name) => [name, words(name)]))
}

test('what rules may name, as of a time', () => {
  expect(all('2025-01-01')).toEqual({
    portal_hosts: ['a.example', 'b.example', 'www.a.example'],
    portal_addresses: ['2001:db8::1', '203.0.113.1', '203.0.113.2'],
    ipv6_portals: ['a.example', 'www.a.example'],
    trust_certified_hosts: ['a.example', 'www.a.example'],
    trust_certified_addresses: ['2001:db8::1', '203.0.113.1'],
    agency_networks: ['10.0.0.0/8'],
    wan_networks: ['10.9.0.0/16'],
    attacker_networks: ['198.51.100.0/24'],
    firewalls: ['fw'],
    device_addresses: ['10.0.0.1'],
    server_addresses: ['10.0.0.9'],
  })
  expect(all('2026-11-27')).toMatchObject({ portal_hosts: ['a.example', 'www.a.example'], trust_certified_hosts: [] })
  expect(placeholdersOf(inventory, 0)('constructor')).toBeUndefined()
})
