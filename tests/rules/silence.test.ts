/** A source that falls silent is one alert until its next line, which says how long and counts no minutes. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { words } from './events.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { campaignOf, campaignsOf } from '../../rules/campaign.ts'
import type { Cases } from '../../rules/case/decide.ts'
import { historyOf } from '../../rules/case/journal.ts'
import { createDetector } from '../../rules/detect.ts'
import { loadRules } from '../../rules/load.ts'
import { embeddedPlace } from './stores.ts'

const START = Date.UTC(2026, 4, 14)
const MINUTE = 60_000
const rules = loadRules(undefined, LOGSOURCES, words)
const rule = rules.find(({ id }) => id === 'silent-source')!
const place = embeddedPlace()
let store: Store
beforeAll(async () => {
  store = await place.open()
})
afterAll(() => place.remove())

let n = 0
const state = (source: string, minute: number, is: 'silent' | 'receiving', agency = source): Event => ({
  '@timestamp': START + minute * MINUTE,
  'event.id': `e${String(n++).padStart(6, '0')}`,
  'event.kind': 'metric',
  'event.dataset': 'vonglau.source',
  'vonglau.source.id': source,
  'vonglau.source.state': is,
  'organization.id': agency,
})
const cases: Omit<Cases, 'documents'> = {
  clock: () => START,
  deadlines: () => ({}),
  numbering: () => ({ code: (id = 'p') => id, timezone: 'UTC' }),
}
const take = async (...events: Event[]) => {
  await store.events.append({ events, offsets: [] }, START)
  await createDetector({ store, cases }).run(rule)
}
const alerts = async (source?: string) =>
  (await store.documents.collection<Alert>('alerts').query(SYSTEM, { filter: EVERYTHING, limit: 1000 })).items
    .filter(({ doc }) => !source || doc['vonglau.source.id'] === source)
    .sort((a, b) => a.doc['alert.first'] - b.doc['alert.first'])
const told = async (source: string) =>
  (await alerts(source)).map(({ doc }) => [
    (doc['alert.first'] - START) / MINUTE,
    (doc['alert.last'] - START) / MINUTE,
    doc['alert.ended'] === undefined ? null : (doc['alert.ended'] - START) / MINUTE,
    doc['alert.count'],
    doc['alert.status'],
    doc['alert.reason'] ?? null,
  ])

test('minute after minute it is one alert, and counts as one; the next line closes it', async () => {
  for (let minute = 0; minute < 30; minute++) await take(state('mot', minute, 'silent'))
  expect(await told('mot')).toEqual([[0, 29, null, 1, 'new', null]])
  // The program itself stood still for two hours: that is no end.
  await take(state('mot', 150, 'silent'))
  expect(await told('mot')).toEqual([[0, 150, null, 1, 'new', null]])
  await take(state('mot', 151, 'receiving'))
  expect(await told('mot')).toEqual([[0, 150, 151, 1, 'closed', 'resolved']])
  const [alert] = await alerts('mot')
  const acts = await historyOf(store.documents, alert!.id, alert!.doc)
  expect(acts.map(({ what, actor, reason }) => [what, actor.kind, reason])).toEqual([['close', 'program', 'resolved']])
})

test('a late event joins its burst, closed or not; a late end cuts one in two', async () => {
  await take(state('hai', 0, 'silent'), state('hai', 60, 'receiving'))
  await take(state('hai', 20, 'silent'))
  expect(await told('hai')).toEqual([[0, 20, 60, 1, 'closed', 'resolved']])
  await take(state('hai', 100, 'silent'), state('hai', 110, 'silent'))
  expect((await told('hai')).at(-1)).toEqual([100, 110, null, 1, 'new', null])
  await take(state('hai', 105, 'receiving'))
  expect(await told('hai')).toEqual([
    [0, 20, 60, 1, 'closed', 'resolved'],
    [100, 100, 105, 1, 'closed', 'resolved'],
    [110, 110, null, 1, 'new', null],
  ])
})

test('forty firewalls of forty agencies are forty alerts and one campaign', async () => {
  const firewalls = Array.from({ length: 40 }, (_, i) => `fw-${String(i).padStart(2, '0')}`)
  // Each within two minutes of the one before.
  await take(...firewalls.flatMap((id, i) => [state(id, 1000 + i * 1.5, 'silent'), state(id, 1100, 'silent')]))
  const found = (await alerts()).filter(({ doc }) => String(doc['vonglau.source.id']).startsWith('fw-'))
  expect(found).toHaveLength(40)
  expect(new Set(found.map(({ doc }) => doc['organization.id'])).size).toBe(40)
  const groups = campaignsOf(found, (id) => rules.find((each) => each.id === id))
  expect(groups.map((members) => members.length)).toEqual([40])
  const read = await campaignOf(store.documents.collection<Alert>('alerts'), rule, found[20]!)
  expect(read).toHaveLength(40)
  // One that fell silent long before is not of it.
  expect(read.some(({ doc }) => doc['vonglau.source.id'] === 'hai')).toBe(false)
})
