/** A succession as a form says it: what ends, what begins, and who is given what. */
import { expect, test } from 'vitest'
import { withEntries, keyOf, isList, type Kind, type Entry } from '../../../ingest/inventory/entries.ts'
import { checkedInventory, parseInventory } from '../../../ingest/inventory/inventory.ts'
import { reachOf } from '../../../ingest/inventory/scope.ts'
import { planSuccession, type Succession } from '../../../ingest/inventory/succession.ts'

const inventory = parseInventory(
  `province: { id: vl, name: Tỉnh Vĩnh Long, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-a, name: Sở A, kind: department }
  - { id: so-b, name: Sở B, kind: department }
  - { id: so-c, name: Sở C, kind: department }
  - { id: so-cu, name: Sở cũ, kind: department, valid_to: 2025-03-01, successors: [so-c] }
  - { id: so-het, name: Sở đã hết, kind: department, valid_to: 2025-03-01 }
systems:
  - { id: mot-cua, name: Một cửa, owner: so-a, operator: so-b }
portals:
  - { id: a, domain: a.example, name: Cổng A, organization: so-a }
  - { id: a-cu, domain: a-cu.example, name: Cổng A cũ, organization: so-a, valid_to: 2025-01-01 }
  - { id: b, domain: b.example, name: Cổng B, organization: so-b }
devices:
  - { name: FW-A, organization: so-a, address: 10.1.0.1 }
networks:
  - { cidr: 10.1.0.0/16, name: WAN A, organization: so-a }
  - { cidr: 10.2.0.0/16, name: WAN B mới, organization: so-b, valid_from: 2026-03-01 }
`,
  'inventory.yml',
)
const asked: Succession = {
  predecessors: ['so-a', 'so-b'],
  successors: ['so-moi', 'so-c'],
  founded: [{ id: 'so-moi', name: 'Sở mới', kind: 'department', code: 'SM' }],
  date: '2026-03-01',
  given: [{ kind: 'portals', key: 'b', to: 'so-c' }],
}
const TODAY = '2026-03-01'
const after = (plan: ReturnType<typeof planSuccession>) =>
  checkedInventory(
    withEntries(
      inventory,
      plan.changes.map(({ kind, entry }: { kind: Kind; entry: Entry }) => ({
        kind,
        key: isList(kind) ? keyOf(kind, entry) : '',
        entry,
      })),
    ),
  )

test('two become two: both end on the day, what they hold names who is given it, what was over stays', () => {
  const plan = planSuccession(inventory, asked, TODAY)
  expect(plan.handed.map(({ kind, key, from, to }) => `${kind} ${key}: ${from} → ${to}`)).toEqual([
    'portals a: so-a → so-moi',
    'portals b: so-b → so-c',
    'devices fw-a: so-a → so-moi',
    'networks 10.1.0.0/16: so-a → so-moi',
    'networks 10.2.0.0/16 2026-03-01: so-b → so-moi',
    'systems mot-cua: so-a → so-moi',
  ])
  const next = after(plan)
  const agency = (id: string) => next.agencies.find((each) => each.id === id)
  for (const id of ['so-a', 'so-b'])
    expect(agency(id)).toMatchObject({ valid_to: '2026-03-01', successors: ['so-moi', 'so-c'] })
  expect(agency('so-moi')).toMatchObject({ name: 'Sở mới', code: 'SM', valid_from: '2026-03-01' })
  expect(next.portals.map(({ id, organization }) => [id, organization])).toEqual([
    ['a', 'so-moi'],
    ['a-cu', 'so-a'],
    ['b', 'so-c'],
  ])
  // A network is dated: what came before the day stays whose it was.
  expect(
    next.networks.map(({ cidr, organization, valid_from, valid_to }) => [cidr, organization, valid_from, valid_to]),
  ).toEqual([
    ['10.1.0.0/16', 'so-a', undefined, '2026-03-01'],
    ['10.2.0.0/16', 'so-moi', '2026-03-01', undefined],
    ['10.1.0.0/16', 'so-moi', '2026-03-01', undefined],
  ])
  expect(next.systems[0]).toMatchObject({ owner: 'so-moi', operator: 'so-moi' })
  // Where several succeed, all see the history.
  for (const id of ['so-moi', 'so-c'])
    expect(reachOf(next, [id]).organizations).toEqual(expect.arrayContaining(['so-a', 'so-b']))
})

const refused: readonly (readonly [what: string, change: Partial<Succession>, sentence: RegExp])[] = [
  ['nobody ends', { predecessors: [] }, /name one of each/],
  ['a day that has not come', { date: '2026-03-02' }, /has not come yet/],
  ['one that is not there', { predecessors: ['so-x'] }, /no agency so-x to end/],
  ['one that goes on', { predecessors: ['so-c'] }, /so-c is named twice/],
  ['one that was succeeded', { predecessors: ['so-cu'], successors: ['so-moi'] }, /succeeded by so-c already/],
  ['one that ended on another day', { predecessors: ['so-het'] }, /ended on 2025-03-01: name that day/],
  ['a successor that is over', { successors: ['so-moi', 'so-het'] }, /so-het is none on 2026-03-01/],
  ['a successor that is not there', { successors: ['so-moi', 'so-x'] }, /no agency so-x to succeed/],
  [
    'founded, and there already',
    { founded: [{ id: 'so-c', name: 'C', kind: 'department' }] },
    /an agency so-c already/,
  ],
  ['founded for nothing', { successors: ['so-c'] }, /so-moi is founded and succeeds nobody/],
  [
    'given to a stranger',
    { given: [{ kind: 'portals', key: 'a', to: 'so-a' }] },
    /given to so-a, which succeeds nobody/,
  ],
  [
    'given what is not theirs',
    { given: [{ kind: 'portals', key: 'x', to: 'so-c' }] },
    /portals x is none of what so-a, so-b held/,
  ],
]
test.each(refused)('refused: %s', (_, change, sentence) => {
  expect(() => planSuccession(inventory, { ...asked, ...change }, TODAY)).toThrow(sentence)
})
