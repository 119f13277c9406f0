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
