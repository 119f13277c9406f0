/**
 * Rules of what was never seen, on a real store: a value that is new once raises once, in whatever order events come, over
 * restarts, and however many values somebody makes up.
 */
import { expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { and, EVERYTHING, eq, exists, not } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import { backtest } from '../../rules/backtest.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import { createDetector } from '../../rules/detect.ts'
import { startRules } from '../../rules/ledger.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { type Place, plainCases } from './stores.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const START = Date.UTC(2026, 4, 14)
const rule = (id: string, terms: string) =>
  `title: ${id}\nid: ${id}\nlevel: low\ndetection: { s: { event.action: login }, condition: s }\nvonglau: { new-terms: ${terms} }\n`
const rules = compileSigma(
  [
    rule('user', '{ fields: [user.name], within: 10d, learn: 0d }'),
    rule('pair', '{ fields: [user.name, source.port], within: 10d, learn: 5d }'),
  ].join('---\n'),
  'rules/catalog/access/a.yml',
)

export const newTermsSuite = (name: string, open: () => Place, made = 300): void => {
  test(`${name}: what was never seen`, { timeout: 240_000 }, async () => {
    const place = open()
    try {
      await scenario(place, made)
    } finally {
      await place.remove()
    }
  })
  test(`${name}: so many that were never seen`, { timeout: 240_000 }, async () => {
    const place = open()
    try {
      await thresholds(place)
    } finally {
      await place.remove()
    }
  })
}

const MANY = compileSigma(
  `name: fresh\n${rule('fresh', '{ fields: [user.name], within: 30d, learn: 5d }')}---
title: firsts
id: firsts
level: low
correlation: { type: value_count, rules: [fresh], group-by: [source.ip], timespan: 1h, condition: { field: user.name, gte: 3 } }
`,
  'own/firsts.yml',
)

/** Values that nobody had: history counts that came before the decision, imported too; what comes later changes nothing. */
const thresholds = async (place: Place): Promise<void> => {
  let store: Store = await place.open()
  let n = 0
  const event = (day: number, user: string, more: Event = {}): Event => ({
    '@timestamp': Math.round(START + day * DAY),
    'event.id': `t${String(n++).padStart(6, '0')}`,
    'event.kind': 'event',
    'event.action': 'login',
    'user.name': user,
    'source.ip': '198.51.100.7',
    'vonglau.source.id': 'fw',
    ...more,
  })
  /** Three at one time, then so late that it is decided. */
  const burst = (day: number, ...users: string[]) => [
    ...users.map((user, i) => event(day + (i * 60_000) / DAY, user)),
    event(day + 0.1, 'x', { 'event.action': 'other' }),
  ]
  const take = async (day: number, ...events: Event[]) => {
    await store.events.append({ events, offsets: [] }, START + day * DAY)
    const detector = createDetector({ store, cases: plainCases(() => START + day * DAY) })
    await detector.runAll(MANY, (each, error) => {
      if (error) throw new Error(`${each.id}: ${error}`)
    })
    await detector.close()
    const { items } = await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 100 })
    return items
      .map(
        ({ doc }) =>
          `${Math.floor((doc['alert.first'] - START) / DAY)}: ${doc.events.map((each) => each['user.name']).join(' ')}`,
      )
      .sort()
  }
  const known = (day: number, user: string) => event(day, user, { 'vonglau.import': true, 'source.ip': '192.0.2.1' })
  // History of before the rule, some of it imported.
  await store.events.append(
    { events: [known(0, 'cu'), event(1, 'an', { 'source.ip': '192.0.2.1' })], offsets: [] },
    START + DAY,
  )
  await startRules(store, MANY)
  // Not learnt yet: five days of the rule's events have to be there.
  expect(await take(3, ...burst(2, 'a1', 'a2', 'a3'))).toEqual([])
  // Two that are new and one that was there, whoever was it; then three.
  expect(await take(8, ...burst(7, 'an', 'b1', 'b2'))).toEqual([])
  expect(await take(10, ...burst(9, 'c1', 'c2', 'c3'))).toEqual(['9: c1 c2 c3'])
  store = await place.open()
  expect(await take(12, ...burst(11, 'c1', 'd1', 'd2'))).toEqual(['9: c1 c2 c3'])
  // Imported, or late, before it is decided: it was there.
  await store.events.append({ events: [known(5, 'e1')], offsets: [] }, START + 13 * DAY)
  expect(await take(14, ...burst(13, 'e1', 'e2', 'e3'))).toEqual(['9: c1 c2 c3'])
  // After it is decided it changes nothing of that, also where the window goes on; and is known for what comes.
  const [f1, f2, f3] = burst(15, 'f1', 'f2', 'f3')
  expect(await take(15.1, f1!, f2!, f3!, event(15.01, 'x', { 'event.action': 'other' }))).toEqual([
    '15: f1 f2 f3',
    '9: c1 c2 c3',
  ])
  expect(await take(15.2, known(14, 'f1'), event(15.015, 'f4'), event(15.1, 'x', { 'event.action': 'other' }))).toEqual(
    ['15: f1 f2 f3 f4', '9: c1 c2 c3'],
  )
  expect(await take(17, known(14, 'g1'), ...burst(16, 'g1', 'g2', 'g3'))).toEqual(['15: f1 f2 f3 f4', '9: c1 c2 c3'])
  // As a backtest sees it now: what was imported since was there all along.
  const steps = backtest(store, MANY[0]!, { offset: () => 0 })
  for (;;) {
    const { done, value } = await steps.next()
    if (!done) continue
    expect(value).toMatchObject({ hits: 6, alerts: 2 })
    break
  }
}

const scenario = async (place: Place, made: number): Promise<void> => {
  let store: Store = await place.open()
  let now = START + 100 * DAY
  let n = 0
  const event = (day: number, user: string, more: Event = {}): Event => ({
    '@timestamp': Math.round(START + day * DAY),
    'event.id': `e${String(n++).padStart(6, '0')}`,
    'event.kind': 'event',
    'event.action': 'login',
    'user.name': user,
    'source.port': 1000,
    'vonglau.source.id': 'fw',
    'organization.id': 'so-y-te',
    ...more,
  })
  let detector = createDetector({ store, cases: plainCases(() => now) })
  const run = () =>
    detector.runAll(rules, (each, error) => {
      if (error) throw new Error(`${each.id}: ${error}`)
    })
  const again = async () => {
    await detector.close()
    store = await place.open()
    detector = createDetector({ store, cases: plainCases(() => now) })
  }
  const take = async (...events: Event[]) => {
    now += 1000
    await store.events.append({ events, offsets: [] }, now)
    await run()
  }
  const told = async (id: string) =>
    (await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 1000 })).items
      .filter(({ doc }) => doc['rule.id'] === id && !doc['alert.summary'])
      .map(
        ({ doc }) =>
          `${doc.group.map(({ value }) => value).join(' ')} ${Math.round((doc['alert.first'] - START) / DAY)} ×${doc['alert.count']}`,
      )
      .sort()
  try {
    // History, imported too, is what is known.
    await store.events.append(
      { events: [event(0, 'cu', { 'vonglau.import': true }), event(1, 'an')], offsets: [] },
      now,
    )
    await startRules(store, rules)
    await take(event(2, 'an'), event(2, 'AN'), event(3, 'cu'), event(3, 'binh'), event(3.1, 'binh'))
    expect(await told('user')).toEqual(['binh 3 ×1'])
    // The rule has not seen five days yet: it learns.
    expect(await told('pair')).toEqual([])
    await take(event(4, 'binh'), event(6, 'binh'), event(6, 'binh', { 'source.port': 2000 }))
    expect([await told('user'), await told('pair')]).toEqual([['binh 3 ×1'], ['binh 2000 6 ×1']])
    // Not seen for longer than it is remembered: new again, after a restart too.
    await again()
    await take(event(17, 'binh'), event(18, 'binh'))
    expect(await told('user')).toEqual(['binh 17 ×1', 'binh 3 ×1'])
    // What comes late is of the same alert, whichever was first.
    await take(event(20, 'chi'))
    await take(event(19, 'chi'))
    await take(event(21, 'chi'))
    expect((await told('user')).filter((text) => text.startsWith('chi'))).toEqual(['chi 19 ×2'])
    // Several values, and none, are no value.
    await take(event(22, 'x', { 'user.name': ['x', 'y'] }), event(22, 'x', { 'user.name': undefined as never }))
    expect((await told('user')).filter((text) => text.startsWith('x'))).toEqual([])
    // Made-up values: an alert each as far as there is room, asked for together; the second time none is new.
    const some = (day: number) => Array.from({ length: made }, (_, i) => event(day, `gia-${i}`))
    await take(...some(30))
    await again()
    await take(...some(31))
    const summed = (await alertsIn(store.documents).query(SYSTEM, { filter: exists('alert.summary'), limit: 10 })).items
    const own = await alertsIn(store.documents).query(SYSTEM, {
      filter: and(
        eq('rule.id', 'user'),
        { op: 'range', field: 'alert.first', gte: START + 30 * DAY },
        not(exists('alert.summary')),
      ),
      limit: 1,
    })
    expect(own.total).toBe(Math.min(made, 1000))
    expect(
      summed
        .filter(({ doc }) => doc['rule.id'] === 'user')
        .reduce((sum, { doc }) => sum + doc['alert.count'], own.total),
    ).toBe(made)
    // As a backtest sees it: what was before is known there too.
    const { value } = await (async () => {
      const steps = backtest(store, rules[0]!, { from: START + 2 * DAY, to: START + 5 * DAY, offset: () => 0 })
      for (;;) {
        const step = await steps.next()
        if (step.done) return step
      }
    })()
    expect(value).toMatchObject({ hits: 1, alerts: 1 })
  } finally {
    await detector.close()
  }
}
