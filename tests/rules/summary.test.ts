/** A thousand groups an hour have alerts of their own; the others are summed up, and no event is counted twice or not at all. */
import { afterEach, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { alertsIn, type Cases, incidentsIn } from '../../rules/case/decide.ts'
import { pagesOf } from '../../rules/case/pages.ts'
import { createDetector } from '../../rules/detect.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { MOST_GROUPS } from '../../rules/summary.ts'
import { cut, random, shuffled } from '../random.ts'
import { breaking, embeddedPlace, type Place } from './stores.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 4, 14, 8)
const [rule] = compileSigma(
  `title: Dò
id: probing
level: high
detection: { a: { event.action: probe }, condition: a }`,
  'probing.yml',
)

let place: Place | undefined
afterEach(async () => place?.remove())

const casesOn = (store: Store): Omit<Cases, 'documents'> & Cases => ({
  documents: store.documents,
  clock: () => START,
  deadlines: () => ({ high: 24 }),
  numbering: () => ({ code: (id = 'P') => id.toUpperCase(), timezone: 'UTC' }),
})
const run = (store: Store) => createDetector({ store, cases: casesOn(store) }).run(rule!)

/** `groups` addresses at an agency, `times` each, within an hour. */
const probes = (agency: string, groups: number, times: number, hour = 0): Event[] =>
  Array.from({ length: groups * times }, (_, i) => ({
    '@timestamp': START + hour * HOUR + Math.floor((i * (HOUR - 1)) / (groups * times)),
    'event.id': `${agency} ${hour} ${i}`,
    'event.kind': 'event',
    'event.action': 'probe',
    'source.ip': `2001:db8:${(i % groups).toString(16)}::1`,
    'source.prefix': `2001:db8:${(i % groups).toString(16)}::/64`,
    'organization.id': agency,
  }))

const alertsOf = async (store: Store): Promise<Alert[]> => {
  const out: Alert[] = []
  for await (const page of pagesOf(alertsIn(store.documents), EVERYTHING, 1000)) out.push(...page.map(({ doc }) => doc))
  return out.filter((alert) => alert['alert.status'] !== 'absorbed')
}
/** Of each agency: how many alerts, groups that are summed up, and events in the one and the other. */
const counted = async (store: Store) => {
  const alerts = await alertsOf(store)
  const of = (agency: string) => {
    const own = alerts.filter((alert) => alert['organization.id'] === agency)
    const sums = own.filter((alert) => alert['alert.summary'])
    const sum = (some: readonly Alert[]) => some.reduce((n, alert) => n + alert['alert.count'], 0)
    return {
      alerts: own.length - sums.length,
      groups: sums.reduce((n, alert) => n + alert['alert.groups']!, 0),
      events: sum(own),
      summed: sum(sums),
    }
  }
  return { loud: of('so-y-te'), quiet: of('so-tai-chinh') }
}

const OVER = 300
const lines = [...probes('so-y-te', MOST_GROUPS + OVER, 3), ...probes('so-tai-chinh', 3, 2)]

test('in one run: a thousand alerts, the rest in the summary of the hour, the other agency as ever', async () => {
  place = embeddedPlace()
  const store = await place.open()
  await store.events.append({ events: lines, offsets: [] }, START)
  await run(store)
  expect(await counted(store)).toEqual({
    loud: { alerts: MOST_GROUPS, groups: OVER, events: (MOST_GROUPS + OVER) * 3, summed: OVER * 3 },
    quiet: { alerts: 3, groups: 0, events: 6, summed: 0 },
  })
  const [summary] = (await alertsOf(store)).filter((alert) => alert['alert.summary'])
  expect(summary).toMatchObject({ group: [], 'rule.id': 'probing', 'organization.id': 'so-y-te' })
  expect(summary!.keys!.length).toBe(100)
  expect(summary!.events.length).toBe(20)
  // It joins an incident like an alert without portal.
  expect(summary!['alert.incident']).toBeDefined()
  const incidents = await incidentsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })
  const all = incidents.items.reduce((n, { doc }) => n + doc['incident.events'], 0)
  expect(all).toBe(lines.length)
  // Again it adds nothing; a next hour has room of its own.
  await run(store)
  await store.events.append({ events: probes('so-y-te', 50, 1, 5), offsets: [] }, START)
  await run(store)
  const after = await counted(store)
  expect([after.loud.alerts, after.loud.summed]).toEqual([MOST_GROUPS + 50, OVER * 3])
})

test('cut at random, out of order, killed between any two writes: the same sums', async () => {
  place = embeddedPlace()
  let store = await place.open()
  const next = random(11)
  let kills = 0
  for (const part of cut(shuffled(lines, next), 6, next)) {
    await store.events.append({ events: part, offsets: [] }, START)
    for (let broken = true; broken; ) {
      broken = false
      const documents = breaking(store.documents, 1 + Math.floor(next() * 700))
      await run({ ...store, documents }).catch(() => {
        broken = true
      })
      if (!broken) continue
      kills++
      store = await place.open()
    }
  }
  expect(kills).toBeGreaterThan(3)
  const { loud, quiet } = await counted(store)
  // Which groups have alerts depends on the order; how many, and what is counted, does not.
  expect(loud).toMatchObject({ alerts: MOST_GROUPS, events: (MOST_GROUPS + OVER) * 3 })
  expect(loud.groups).toBe(OVER)
  expect(quiet).toEqual({ alerts: 3, groups: 0, events: 6, summed: 0 })
})
