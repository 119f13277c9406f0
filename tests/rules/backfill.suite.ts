/**
 * Alerts for the past on a real store: what was stored before a rule came, or imported, is raised once where a person says so; what
 * the rule has told of already stays as it is; done twice, and killed anywhere, it adds nothing.
 */
import { expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import { type Backfill, backfillsIn } from '../../rules/backfill.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import { except } from '../../rules/case/exception.ts'
import { createDetector } from '../../rules/detect.ts'
import { readLedger, startRules } from '../../rules/ledger.ts'
import { labelOf } from '../../rules/ruleset.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { breaking, Killed, type Place, plainCases } from './stores.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 4, 14)
const rules = compileSigma(
  [
    'name: fail\ntitle: fail\nid: fail\nlevel: high\ndetection: { s: { event.action: fail }, condition: s }\nvonglau: { group-by: [source.ip] }\n',
    'title: many\nid: many\nlevel: medium\ncorrelation: { type: event_count, rules: [fail], group-by: [source.ip], timespan: 10m, condition: { gte: 3 }, generate: true }\n',
  ].join('---\n'),
  'rules/catalog/access/a.yml',
)

export const backfillSuite = (name: string, open: () => Place, groups = 1): void => {
  test(`${name}: alerts for the past`, { timeout: 240_000 }, async () => {
    const place = open()
    try {
      await scenario(await place.open(), groups)
    } finally {
      await place.remove()
    }
  })
}

const scenario = async (store: Store, groups: number): Promise<void> => {
  let now = START + 600 * MINUTE
  let n = 0
  const clock = () => now
  const event = (minute: number, ip: string, more: Event = {}): Event => ({
    '@timestamp': START + minute * MINUTE,
    'event.id': `e${String(n++).padStart(6, '0')}`,
    'event.kind': 'event',
    'event.action': 'fail',
    'source.ip': ip,
    'vonglau.source.id': 'fw',
    'organization.id': n % 2 === 0 ? 'so-y-te' : 'so-tai-chinh',
    ...more,
  })
  const take = async (events: readonly Event[]) => {
    now += MINUTE
    await store.events.append({ events, offsets: [] }, now)
  }
  const run = async (over: Store = store, until: () => boolean | Promise<boolean> = () => true) => {
    const detector = createDetector({ store: over, cases: plainCases(clock) })
    try {
      do
        await detector.runAll(rules, (rule, error) => {
          if (error) throw new Killed(`${rule.id}: ${error}`)
        })
      while (!(await until()))
    } finally {
      await detector.close()
    }
  }
  const alerts = async () => {
    const out: string[] = []
    for (let cursor: string | undefined, first = true; first || cursor; first = false) {
      const page = await alertsIn(store.documents).query(SYSTEM, {
        filter: EVERYTHING,
        limit: 1000,
        ...(cursor ? { cursor } : {}),
      })
      cursor = page.cursor
      for (const { id, doc } of page.items)
        out.push(
          `${doc['rule.id']} ${doc['alert.summary'] ? 'sum' : doc.group.map(({ value }) => value).join(',')} ${doc['organization.id']} ${(doc['alert.first'] - START) / MINUTE}–${(doc['alert.last'] - START) / MINUTE} ×${doc['alert.count']} ${id}`,
        )
    }
    return out.sort()
  }
  const short = async () => (await alerts()).map((text) => text.replace(/ \w+$/, ''))
  const begin = async (rule: string, from: number, to: number) => {
    const id = `b${n++}`
    const label = labelOf(rules.find((each) => each.id === rule)!)
    const doc: Backfill = {
      rule,
      label,
      from: START + from * MINUTE,
      to: START + to * MINUTE,
      by: 'an',
      at: now,
      state: 'waiting',
      progress: 0,
      raised: 0,
      extended: 0,
    }
    await backfillsIn(store.documents).put([{ id, version: null, doc }])
    return id
  }
  const got = async (id: string) => (await backfillsIn(store.documents).get(SYSTEM, id))!.doc
  const fill = async (rule: string, from: number, to: number) => {
    const id = await begin(rule, from, to)
    await run(store, async () => (await got(id)).state === 'done' || (await got(id)).state === 'failed')
    const { state, raised, extended, error } = await got(id)
    return { state, raised, extended, ...(error ? { error } : {}) }
  }

  // Before the rules: history, a part of it imported. Many sources in one hour, more than have an alert each.
  const sources = Array.from({ length: groups }, (_, i) => `10.1.${i >> 8}.${i & 255}`)
  await take(sources.map((ip) => event(1, ip, { 'organization.id': 'so-xay-dung' })))
  await take([0, 2, 4].map((minute) => event(120 + minute, '198.51.100.1')))
  await take([0, 2, 4, 6].map((minute) => event(300 + minute, '198.51.100.2', { 'vonglau.import': true })))
  await startRules(store, rules)
  await run()
  expect(await alerts()).toEqual([])
  // While they run: told at once, within a quiet time of what was before.
  await take([event(150, '198.51.100.1', { 'organization.id': 'so-y-te' })])
  await run()
  expect(await short()).toEqual(['fail 198.51.100.1 so-y-te 150–150 ×1'])

  // What is beyond the stretch is not raised.
  expect(await fill('fail', 100, 200)).toEqual({ state: 'done', raised: 1, extended: 1 })
  const told = await short()
  expect(told.map((text) => text.split(' ')[0])).toEqual(['fail', 'fail'])
  expect(told.reduce((sum, text) => sum + Number(/×(\d+)/.exec(text)![1]), 0)).toBe(4)
  const whole = async () => {
    expect((await fill('fail', 0, 600)).state).toBe('done')
    expect((await fill('many', 0, 600)).state).toBe('done')
  }
  await whole()
  const all = await alerts()
  expect(all.filter((text) => text.includes('198.51.100.2')).length).toBeGreaterThan(1)
  expect(all.some((text) => text.startsWith('many 198.51.100.2'))).toBe(true)
  const counted = all
    .filter((text) => text.startsWith('fail'))
    .reduce((sum, text) => sum + Number(/×(\d+)/.exec(text)![1]), 0)
  expect(counted).toBe(groups + 8)
  expect(all.some((text) => text.includes(' sum '))).toBe(groups > 1000)
  // Twice adds nothing; neither do the runs after it.
  await whole()
  await run()
  expect(await alerts()).toEqual(all)
  const { items } = await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 1 })
  expect(Object.keys(items[0]!.doc.lanes ?? { backfill: 0 })).toEqual(['backfill'])

  // Killed after each write, it goes on at the next start, and ends where one calm run would.
  await take([0, 2, 4].map((minute) => event(400 + minute, '198.51.100.3', { 'vonglau.import': true })))
  for (const rule of ['fail', 'many']) {
    const id = await begin(rule, 390, 420)
    for (let left = 0; (await got(id)).state !== 'done' && left < 60; left++)
      await run(
        { ...store, documents: breaking(store.documents, left) },
        async () => (await got(id)).state === 'done',
      ).catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
      })
    expect((await got(id)).state).toBe('done')
  }
  const mine = (await short()).filter((text) => text.includes('198.51.100.3'))
  const sumOf = (rule: string) =>
    mine.filter((text) => text.startsWith(rule)).reduce((sum, text) => sum + Number(/×(\d+)/.exec(text)![1]), 0)
  expect([sumOf('fail'), sumOf('many')]).toEqual([3, 3])

  // Exceptions of now hold, though they were written long after the events came: as the backtest said.
  await take([
    event(500, '198.51.100.4', { 'vonglau.import': true }),
    event(501, '198.51.100.5', { 'vonglau.import': true }),
  ])
  await run()
  await except(
    { ...plainCases(clock), documents: store.documents },
    {
      kql: 'source.ip : 198.51.100.4',
      rules: ['fail'],
      groups: [],
      owner: 'an',
      reason: 'máy quét của tỉnh',
      expires: now + 86_400_000,
    },
    { kind: 'person', id: 'an', name: 'an' },
  )
  expect((await fill('fail', 490, 510)).raised).toBe(1)
  expect((await short()).filter((text) => /100\.[45] /.test(text)).map((text) => text.split(' ')[1])).toEqual([
    '198.51.100.5',
  ])

  // Another version than was looked at raises nothing.
  const stale = await begin('fail', 0, 600)
  const found = (await backfillsIn(store.documents).get(SYSTEM, stale))!
  await backfillsIn(store.documents).put([
    { id: stale, version: found.version, doc: { ...found.doc, label: 'fail@x' } },
  ])
  await run()
  expect(await got(stale)).toMatchObject({
    state: 'failed',
    error: 'rule fail was changed since: look at a backtest again',
  })
  expect((await readLedger(store.documents)).get('fail')!.covered).toBe(await store.events.committed())
}
