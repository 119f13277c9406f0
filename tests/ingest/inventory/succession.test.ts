/** July 2025: the same events before and after; a second province is another file and nothing else. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { createEnricher, type EnrichSource } from '../../../ingest/enrich/enrich.ts'
import type { Event } from '../../../ingest/event.ts'
import { countsAsOf } from '../../../ingest/inventory/counts.ts'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { countedWith, reachOf, storedUnder } from '../../../ingest/inventory/scope.ts'

const read = (seed: string) => {
  const file = `seeds/${seed}/inventory.yml`
  return parseInventory(readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'), file)
}
const after2025 = read('sap-xep-2025')
const enrich = createEnricher({ inventory: after2025, geoip: { lookup: () => ({}) } })
const [BEFORE, AFTER] = [Date.parse('2025-06-30T16:59:59Z'), Date.parse('2025-06-30T17:00:00Z')]

const rows: [what: string, event: Partial<Event>, source: EnrichSource, before: string, after: string][] = [
  ['its portal', { 'destination.ip': '203.0.113.13' }, {}, 'xa-my-thuan.binhtan', 'xa-my-thuan'],
  ['three became one', { 'destination.ip': '203.0.113.14' }, {}, 'xa-nguyen-van-thanh.binhtan', 'xa-my-thuan'],
  ['its network', { 'source.ip': '10.108.3.7' }, {}, 'xa-nguyen-van-thanh.binhtan', 'xa-my-thuan'],
  [
    'one that was cut in two: the first is given it',
    { 'source.ip': '10.108.6.7' },
    {},
    'xa-tan-hung.binhtan',
    'xa-tan-luoc',
  ],
  ['the district’s own firewall', { 'log.source.address': '10.85.8.1' }, {}, 'huyen-binhtan', 'xa-my-thuan'],
  ['a device known by its source', { 'vonglau.source.id': 'fw-mt-01' }, {}, 'xa-my-thuan.binhtan', 'xa-my-thuan'],
  [
    'a source of three departments that became two',
    {},
    { organization: 'so-giao-thong-van-tai' },
    'so-giao-thong-van-tai',
    'so-xay-dung',
  ],
]
test.each(rows)('%s', (_, fields, source, before, after) => {
  const of = (at: number) => {
    const event = { '@timestamp': at, ...fields } as Event
    enrich(event, source)
    return event
  }
  expect([of(BEFORE)['organization.id'], of(AFTER)['organization.id']]).toEqual([before, after])
  // History keeps the name of then.
  const name = (id: string) => after2025.agencies.find((agency) => agency.id === id)!.name
  expect([of(BEFORE)['organization.name'], of(AFTER)['organization.name']]).toEqual([name(before), name(after)])
})

test('the successors read the history of all that they came from, and nobody else’s', () => {
  const own = [
    'huyen-binhtan',
    'xa-my-thuan',
    'xa-my-thuan.binhtan',
    'xa-nguyen-van-thanh.binhtan',
    'xa-thanh-trung.binhtan',
  ]
  // The district's too, but not that of the communes below it, which went to others.
  expect(reachOf(after2025, ['xa-my-thuan']).organizations.toSorted()).toEqual(own)
  expect(storedUnder(after2025, 'xa-my-thuan').toSorted()).toEqual(own)
  // Where several succeed, all see it.
  for (const id of ['xa-tan-luoc', 'xa-tan-quoi'])
    expect(reachOf(after2025, [id]).organizations).toContain('xa-tan-hung.binhtan')
  expect(countedWith(after2025, 'xa-tan-hung.binhtan')).toEqual(['xa-tan-hung.binhtan', 'xa-tan-luoc', 'xa-tan-quoi'])
  expect(reachOf(after2025, ['phuong-tra-vinh']).organizations).toEqual(['phuong-tra-vinh'])
})

test('what is counted before and after', () => {
  const counts = (date: string) => {
    const { agencies, portals } = countsAsOf(after2025, date)
    return [
      agencies['district'] ?? 0,
      agencies['commune'],
      agencies['department'],
      portals['commune']!.total,
      portals['commune']!.trusted,
    ]
  }
  expect(counts('2025-06-30')).toEqual([1, 10, 3, 3, 1])
  expect(counts('2025-07-01')).toEqual([0, 5, 2, 3, 1])
})

test('a second province is another file: its agencies, its platforms, its own end', () => {
  const inventory = read('vinh-phuc')
  expect(inventory.province).toMatchObject({ valid_to: '2025-07-01', successor: { id: 'phu-tho' } })
  expect(countsAsOf(inventory, '2024-12-31')).toMatchObject({
    agencies: { district: 9 },
    systems: { total: 3, shared: 3 },
  })
  const event: Event = { '@timestamp': Date.parse('2025-01-01T00:00:00Z'), 'destination.ip': '203.0.113.120' }
  createEnricher({ inventory, geoip: { lookup: () => ({}) } })(event, {})
  expect([event['organization.id'], event['system.id'], event['portal.id']]).toEqual([
    'van-phong-ubnd',
    'igate',
    'igate',
  ])
})
