/** The score's table of cases, and what can be said of events of which only a little is known. */
import { describe, expect, test } from 'vitest'
import { parseInventory } from '../../../ingest/inventory/inventory.ts'
import { and, eq, exists, type Filter, not, or } from '../../../ingest/store/filter.ts'
import { gradeOf, MOST, PARTS, provinceOf, type RiskCase, scoreOf } from '../../../rules/risk/score.ts'
import { coverageOf, type Feed, type Known, lostWithout, mayMatch, openSight } from '../../../rules/risk/seen.ts'
import { standingsAt } from '../../../rules/risk/standing.ts'

const NOTHING: RiskCase = { alerts: [], overdue: [], findings: 0, exposed: {}, trust: {} }
const open = (level: RiskCase['alerts'][number]['level'], days: number, count = 1) => ({ level, days, count })

test.each<[what: string, facts: Partial<RiskCase>, parts: [number, number, number, number, number]]>([
  ['nothing at all', {}, [0, 0, 0, 0, 0]],
  ['one critical alert, today', { alerts: [open('critical', 0)] }, [17, 0, 0, 0, 0]],
  ['the same after a week: half the weight', { alerts: [open('critical', 7)] }, [10, 0, 0, 0, 0]],
  ['after two', { alerts: [open('critical', 14)] }, [5, 0, 0, 0, 0]],
  ['after four', { alerts: [open('critical', 28)] }, [1, 0, 0, 0, 0]],
  ['a clock that was ahead adds nothing', { alerts: [open('critical', -3)] }, [17, 0, 0, 0, 0]],
  ['two of a kind, apart', { alerts: [open('high', 2), open('high', 2)] }, [12, 0, 0, 0, 0]],
  ['two of a kind, together: the same', { alerts: [open('high', 2, 2)] }, [12, 0, 0, 0, 0]],
  ['high, medium, low', { alerts: [open('high', 0), open('medium', 0, 5), open('low', 0, 2)] }, [18, 0, 0, 0, 0]],
  ['what only informs weighs nothing', { alerts: [open('informational', 0, 1000)] }, [0, 0, 0, 0, 0]],
  ['never more than its most', { alerts: [open('critical', 0, 100_000)] }, [40, 0, 0, 0, 0]],
  ['an overdue critical incident', { overdue: [{ level: 'critical', count: 1 }] }, [0, 15, 0, 0, 0]],
  ['an overdue high one', { overdue: [{ level: 'high', count: 1 }] }, [0, 12, 0, 0, 0]],
  ['a finding past its day', { findings: 1 }, [0, 5, 0, 0, 0]],
  ['both', { findings: 1, overdue: [{ level: 'low', count: 1 }] }, [0, 9, 0, 0, 0]],
  ['four portals', { exposed: { public: 4 } }, [0, 0, 3, 0, 0]],
  ['a TLS certificate that has ended', { exposed: { tls_expired: 1 } }, [0, 0, 7, 0, 0]],
  ['one that ends soon, a portal left over', { exposed: { tls_ending: 1, left_over: 1 } }, [0, 0, 7, 0, 0]],
  ['systems of level 3', { level: 3 }, [0, 0, 0, 6, 0]],
  ['of level 5', { level: 5 }, [0, 0, 0, 10, 0]],
  ['of a level that nobody decided', { level: 'undecided' }, [0, 0, 0, 4, 0]],
  ['a portal without a trust certificate', { trust: { none: 1 } }, [0, 0, 0, 0, 4]],
  ['one that ends soon', { trust: { ending: 1 } }, [0, 0, 0, 0, 2]],
  [
    'everything at its worst is 100',
    {
      alerts: [open('critical', 0, 500)],
      overdue: [{ level: 'critical', count: 50 }],
      findings: 50,
      exposed: { tls_expired: 50 },
      level: 5,
      trust: { lapsed: 50 },
    },
    [40, 20, 20, 10, 10],
  ],
])('%s', (_, facts, parts) => {
  const score = scoreOf({ ...NOTHING, ...facts })
  expect(PARTS.map((part) => score.parts[part])).toEqual(parts)
  expect(score.points).toBe(parts.reduce((a, b) => a + b, 0))
})

test('of two agencies the one with more is never the lower, at any age', () => {
  let before = 101
  for (let days = 0; days < 60; days++) {
    const { points } = scoreOf({ ...NOTHING, alerts: [open('critical', days, 2), open('high', days, 3)] })
    expect(points).toBeLessThanOrEqual(before)
    before = points
  }
  const most = PARTS.reduce((sum, part) => sum + MOST[part], 0)
  expect([most, gradeOf(70), gradeOf(69), gradeOf(49), gradeOf(24)]).toEqual([100, 'critical', 'high', 'medium', 'low'])
  expect([provinceOf([]), provinceOf([10, 20]), provinceOf([...Array.from({ length: 10 }, () => 50), 0, 0])]).toEqual([
    undefined,
    15,
    50,
  ])
})

test('the inventory as of a day: levels, certificates and findings of before do not count, nor those of later', () => {
  const inventory = parseInventory(
    `province: { id: p, name: P, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: a, name: A, kind: commune }
  - { id: b, name: B, kind: commune, valid_to: 2025-07-01, successors: [a] }
systems:
  - id: s
    name: S
    owner: a
    levels: [{ level: 3, from: 2026-01-01 }]
    assessments: [{ date: 2026-02-01, by: X, findings: [{ text: Hở, due: 2026-03-01, done: 2026-06-01 }, { text: Kín, due: 2027-01-01 }] }]
portals:
  - { id: pa, domain: a.example, name: A, organization: a, trust: { granted: 2024-01-01, expires: 2026-05-01 }, tls_expires: 2026-04-10 }
  - { id: pb, domain: b.example, name: B, organization: b, kind: service }
signatures:
  - { serial: "1", holder: Ông, organization: b, expires: 2030-01-01 }
`,
    'inventory.yml',
  )
  const on = (day: string) => {
    const found = standingsAt(inventory, Date.parse(`${day}T05:00:00+07:00`))
    const { exposed, level, trust, findings } = found.get('a')!
    return { who: [...found.keys()], exposed, level, trust, findings: findings.length }
  }
  expect(on('2025-06-30')).toEqual({
    who: ['a', 'b'],
    exposed: { public: 1, service: 1 },
    level: 'undecided',
    trust: { none: 1 },
    findings: 0,
  })
  expect(on('2026-03-20')).toEqual({
    who: ['a'],
    exposed: { public: 1, service: 1, left_over: 1, tls_ending: 1, orphan_signature: 1 },
    level: 3,
    trust: { none: 1, ending: 1 },
    findings: 1,
  })
  expect(on('2026-06-10')).toMatchObject({
    exposed: { tls_expired: 1 },
    trust: { none: 1, lapsed: 1 },
    findings: 0,
  })
})

describe('what may be, of events of which only so much is known', () => {
  const known: Known = new Map([
    ['event.category', new Set(['web', null])],
    ['observer.type', new Set([null])],
    ['portal.id', new Set(['*'])],
  ])
  test.each<[Filter, boolean]>([
    [eq('event.category', 'WEB'), true],
    [not(eq('event.category', 'web')), true],
    [eq('observer.type', 'firewall'), false],
    [not(eq('observer.type', 'firewall')), true],
    [not(exists('observer.type')), true],
    [exists('observer.type'), false],
    [and(eq('event.category', 'web'), eq('url.path', '/x')), true],
    [and(eq('url.path', '/x'), eq('observer.type', 'firewall')), false],
    [or(eq('observer.type', 'firewall'), exists('url.path')), true],
    [not(or(eq('event.category', 'web'), eq('url.path', '/x'))), true],
    [not(and(not(eq('observer.type', 'x')), exists('portal.id'))), false],
    [exists('portal.id'), true],
    [eq('portal.id', 'so-y-te'), true],
  ])('%j: %s', (filter, expected) => expect(mayMatch(filter, known)).toBe(expected))

  test('coverage is the mean of the places, each by the weight of its rules', () => {
    const web: Known = new Map([['event.category', new Set(['web'])]])
    const fire: Known = new Map([['event.category', new Set(['network'])]])
    const sight = openSight([
      { id: 'w', level: 'high', filter: eq('event.category', 'web') },
      { id: 'n', level: 'critical', filter: eq('event.category', 'network') },
      { id: 'd', level: 'low', filter: and(eq('event.category', 'dns'), exists('dns.question.name')) },
    ])
    const feed = (source: string, known: Known, understood = 1): Feed => ({ source, known, understood, portal: source })
    const place = (id: string, expected: Known | undefined) => ({
      agency: 'a',
      kind: 'portal' as const,
      id,
      expected,
      sees: (each: Feed) => each.portal === id,
    })
    const feeds = [feed('p', web, 0.5), feed('q', fire)]
    const shares = sight.shares([place('p', web), place('q', web), place('q', fire), place('r', undefined)], feeds)
    expect(shares.map(({ share }) => share)).toEqual([0.5, 0, 1, 0])
    expect([coverageOf(shares), coverageOf([])]).toEqual([0.375, undefined])
    expect(sight.blind(feeds)).toEqual(['d'])
    expect([...lostWithout(sight, feeds, 'p')]).toEqual(['["w","","p"]'])
    expect([...lostWithout(sight, [...feeds, { ...feed('z', web), portal: 'p' }], 'p')]).toEqual([])
  })
})
