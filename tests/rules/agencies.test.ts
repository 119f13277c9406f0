/** Whom an alert concerns: a PC of a commune attacks the server of a department, seen by each firewall there is. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createEnricher } from '../../ingest/enrich/enrich.ts'
import type { Event } from '../../ingest/event.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import { type Alert, partKey } from '../../rules/alert.ts'
import { campaignOf, campaignsOf, isPart } from '../../rules/campaign.ts'
import { decide } from '../../rules/case/decide.ts'
import { createDetector } from '../../rules/detect.ts'
import type { Rule } from '../../rules/rule.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { embeddedPlace } from './stores.ts'

const inventory = parseInventory(
  `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so, name: Sở, kind: department }
  - { id: xa, name: Xã, kind: commune }
  - { id: dc, name: Trung tâm dữ liệu, kind: system }
portals: [{ id: cong-so, domain: so.example, name: Cổng, organization: so, addresses: [203.0.113.10] }]
networks:
  - { cidr: 10.84.5.0/24, name: WAN xã, organization: xa }
observers:
  - { name: FW-SO, source: fw-so, organization: so }
  - { name: FW-XA, source: fw-xa, organization: xa }
  - { name: FW-DC, source: fw-dc, organization: dc, shared: true }
`,
  'test.yml',
)
const enrich = createEnricher({ inventory, geoip: { lookup: () => ({}) } })
const START = Date.UTC(2026, 4, 14)
const HOUR = 3_600_000

const rules = compileSigma(
  ['destination', 'source', 'both']
    .map(
      (concerns) => `title: Dò cổng dịch vụ
id: scan-${concerns}
level: high
detection: { a: { event.action: deny }, condition: a }
vonglau: { group-by: [source.ip, portal.id], concerns: ${concerns} }
`,
    )
    .join('---\n'),
  'agencies.yml',
)
const rule = (concerns: string): Rule => rules.find(({ id }) => id === `scan-${concerns}`)!

let n = 0
/** What a firewall wrote of the attack, as ingest makes it. */
const seen = (source: string, fields: Partial<Event> = {}): Event => {
  const event = {
    '@timestamp': START + n * 1000,
    'event.id': `e${String(n++).padStart(3, '0')}`,
    'event.kind': 'event',
    'event.action': 'deny',
    'event.original': 'dòng gốc có tên bí mật',
    'user.name': 'bi-mat',
    'vonglau.source.id': source,
    'source.ip': '10.84.5.9',
    'source.port': 50_000,
    'destination.ip': '203.0.113.10',
    'destination.port': 3389,
    ...fields,
  } as Event
  enrich(event, {})
  return event
}

const place = embeddedPlace()
let store: Store
const alertsOf = async () =>
  (await store.documents.collection<Alert>('alerts').query(SYSTEM, { filter: EVERYTHING, limit: 1000 })).items
const run = async () => {
  const cases = {
    clock: () => START + HOUR,
    deadlines: () => ({}),
    numbering: () => ({ code: (id?: string) => (id ?? 'p').toUpperCase(), timezone: 'UTC' }),
  }
  const detector = createDetector({ store, cases })
  for (const each of rules) await detector.run(each)
}
beforeAll(async () => {
  store = await place.open()
  await store.events.append(
    { events: [seen('fw-so'), seen('fw-so'), seen('fw-xa'), seen('fw-dc'), seen('fw-dc'), seen('fw-dc')], offsets: [] },
    START,
  )
  await run()
})
afterAll(() => place.remove())

/** Which alerts there are: agency, events in it, the firewalls whose whole lines it has, how many are copies only. */
const told = async (concerns: string) =>
  (await alertsOf())
    .filter(({ doc }) => doc['rule.id'] === `scan-${concerns}`)
    .map(({ doc }): [string, number, string, number] => [
      String(doc['organization.id']),
      doc['alert.count'],
      [...new Set(doc.events.flatMap((event) => (event['event.original'] ? String(event['vonglau.source.id']) : [])))]
        .sort()
        .join(' '),
      doc.events.filter((event) => !event['event.original']).length,
    ])
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))

describe('a PC of the commune attacks a server of the department: who sees what', () => {
  // Its own firewall saw it once, the department's own twice, the data centre's, which is shared, three times.
  test.each<[string, [string, number, string, number][]]>([
    [
      'destination',
      [
        ['so', 5, 'fw-dc fw-so', 0],
        ['xa', 1, 'fw-xa', 0],
      ],
    ],
    [
      'source',
      [
        ['so', 2, 'fw-so', 0],
        ['xa', 1, 'fw-xa', 0],
        ['xa', 3, '', 3],
      ],
    ],
    [
      'both',
      [
        ['so', 5, 'fw-dc fw-so', 0],
        ['xa', 1, 'fw-xa', 0],
        ['xa', 3, '', 3],
      ],
    ],
  ])('a rule that concerns %s', async (concerns, expected) => {
    expect(await told(concerns)).toEqual(expected)
  })

  test('every alert has one agency, and only events of it', async () => {
    for (const { doc } of await alertsOf())
      for (const event of doc.events) expect(event['organization.id'], doc['rule.id']).toBe(doc['organization.id'])
  })
  test('of the other side a copy has address, port and time, and no more', async () => {
    const copies = (await alertsOf()).filter(({ doc }) => doc['alert.copies'])
    expect(copies).toHaveLength(2)
    for (const { doc } of copies) {
      expect(Object.keys(doc.events[0]!).sort()).toEqual([
        '@timestamp',
        'destination.ip',
        'destination.port',
        'event.action',
        'event.id',
        'event.kind',
        // What follows from the addresses.
        'network.direction',
        'network.type',
        'organization.id',
        'source.ip',
        'source.network.name',
        'source.organization.id',
        'source.port',
      ])
      const text = JSON.stringify(doc)
      for (const word of ['bí mật', 'bi-mat', 'cong-so', 'so.example', '"so"', 'fw-dc'])
        expect(text).not.toContain(word)
    }
  })
  test('both parts are one campaign, which says to each only that there is more', async () => {
    const alerts = await alertsOf()
    const mine = alerts.find(({ doc }) => doc['rule.id'] === 'scan-both' && doc['alert.copies'])!
    const campaign = await campaignOf(store.documents.collection<Alert>('alerts'), rule('both'), mine)
    expect(campaign.map(({ doc }) => doc['organization.id']).sort()).toEqual(['so', 'xa'])
    expect(isPart(campaign)).toBe(true)
    const all = campaignsOf(alerts, (id) => rules.find((each) => each.id === id))
    expect(all.map((members) => members.length).sort()).toEqual([1, 1, 1, 1, 2, 2])
  })
})

test('a window counts over all agencies, and each sees its own part', async () => {
  const guessing = compileSigma(
    `title: Thử mật khẩu
name: login
detection: { a: { event.action: login }, condition: a }
---
title: Dò mật khẩu
id: guessing
level: high
correlation: { type: event_count, rules: [login], group-by: [source.ip], timespan: 10m, condition: { gte: 10 } }
`,
    'guessing.yml',
  )
  // Five agencies twice each: none of them would be found alone.
  const events = Array.from({ length: 10 }, (_, i) => ({
    ...seen('chung', { 'source.ip': '198.51.100.9', 'event.action': 'login' }),
    'organization.id': `cq-${i % 5}`,
  }))
  await store.events.append({ events, offsets: [] }, START)
  const detector = createDetector({
    store,
    cases: {
      clock: () => START,
      deadlines: () => ({}),
      numbering: () => ({ code: (id = 'p') => id, timezone: 'UTC' }),
    },
  })
  await detector.run(guessing[0]!)
  const found = (await alertsOf()).filter(({ doc }) => doc['rule.id'] === 'guessing')
  expect(found.map(({ doc }) => [doc['organization.id'], doc['alert.count']]).sort()).toEqual(
    Array.from({ length: 5 }, (_, i) => [`cq-${i}`, 2]),
  )
  expect(new Set(found.map(({ doc }) => doc['alert.campaign'])).size).toBe(1)
  expect(new Set(found.map(({ doc }) => doc['alert.incident'])).size).toBe(5)
})

test('an event without agency and a later one of the same portal are two alerts; a person gives the first an agency', async () => {
  const own = { 'source.ip': '198.51.100.77', 'destination.ip': '192.0.2.1' }
  await store.events.append(
    { events: [seen('chung', own), { ...seen('chung', own), 'organization.id': 'so' }], offsets: [] },
    START,
  )
  await run()
  const of = async () =>
    (await alertsOf()).filter(
      ({ doc }) => doc['rule.id'] === 'scan-destination' && doc['source.ip'] === '198.51.100.77',
    )
  const [nobodys, theirs] = [...(await of())].sort((a) => (a.doc['organization.id'] ? 1 : -1))
  expect([nobodys!.doc['organization.id'], theirs!.doc['organization.id']]).toEqual([undefined, 'so'])
  const cases = {
    documents: store.documents,
    clock: () => START + HOUR,
    deadlines: () => ({}),
    numbering: () => ({ code: (id = 'p') => id, timezone: 'UTC' }),
  }
  const give = (id: string, organization: string) =>
    decide<Alert>(cases, {
      kind: 'alert',
      id,
      scope: SYSTEM,
      actor: { kind: 'person', id: 'an', name: 'an' },
      wanted: [
        {
          what: 'agency',
          id: `give-${id}-${organization}`,
          set: {
            'organization.id': organization,
            'alert.group': partKey('scan-destination', nobodys!.doc.group, organization),
            'alert.moved': nobodys!.doc['alert.group'],
          },
        },
      ],
    })
  expect(await give(nobodys!.id, 'xa')).toMatchObject({ ok: true })
  expect(await give(theirs!.id, 'xa')).toMatchObject({ ok: false, refused: { code: 'agency' } })
  const given = (await of()).find(({ id }) => id === nobodys!.id)!.doc
  expect(given).toMatchObject({ 'organization.id': 'xa', 'alert.count': 1 })
  // It left the incident that was nobody's.
  expect(given['alert.incident']).toBeUndefined()
  // What comes later without agency is another alert: this one has ended.
  await store.events.append({ events: [seen('chung', own)], offsets: [] }, START)
  await run()
  expect((await of()).map(({ doc }) => [doc['organization.id'] ?? '', doc['alert.count']]).sort()).toEqual([
    ['', 1],
    ['so', 1],
    ['xa', 1],
  ])
})
