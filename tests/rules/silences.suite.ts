/** Dead-man rules on a real store: what does not come any more is one alert until it comes again, over restarts. */
import { expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import { startRules } from '../../rules/ledger.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { openSilences } from '../../rules/silences.ts'
import { type Place, plainCases, runRules } from './stores.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 4, 14)
const rule = (id: string, selection: string, silent: string) =>
  `title: ${id}\nid: ${id}\nlevel: medium\ndetection: { s: ${selection}, condition: s }\nvonglau: { silent: ${silent} }\n`
const rules = compileSigma(
  [
    rule('source', '{ vonglau.source.id|exists: true }', '{ by: [vonglau.source.id], for: 30m, remember: 1d }'),
    rule('sender', '{ event.action: beat }', '{ by: [vonglau.source.id, observer.name], for: 10m }'),
    rule('quiet-rule', '{ vonglau.hits|startswith: "sql-injection@" }', '{ for: 60m }'),
  ].join('---\n'),
  'rules/catalog/health/a.yml',
)

export const silencesSuite = (name: string, open: () => Place): void => {
  test(`${name}: what does not come any more`, { timeout: 240_000 }, async () => {
    const place = open()
    try {
      await scenario(place)
    } finally {
      await place.remove()
    }
  })
}

const scenario = async (place: Place): Promise<void> => {
  let store: Store = await place.open()
  let now = START
  let n = 0
  let silences = openSilences(store, () => now)
  const line = (source: string, observer: string, more: Event = {}): Event => ({
    '@timestamp': now,
    'event.id': `e${String(n++).padStart(6, '0')}`,
    'event.kind': 'event',
    'event.action': 'beat',
    'vonglau.source.id': source,
    'observer.name': observer,
    'organization.id': 'so-y-te',
    ...more,
  })
  const send = async (...events: Event[]) => {
    await store.events.append({ events, offsets: [] }, now)
  }
  const minute = async (at: number) => {
    now = START + at * MINUTE
    expect(await silences.tick(rules)).toEqual([])
    await runRules(store, rules, () => now)
  }
  const told = async (id: string) =>
    (await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 1000 })).items
      .filter(({ doc }) => doc['rule.id'] === id)
      .map(
        ({ doc }) =>
          `${doc.group.map(({ value }) => value).join(' ')} ${(doc['alert.first'] - START) / MINUTE}–${doc['alert.ended'] === undefined ? '' : (doc['alert.ended'] - START) / MINUTE} ${doc['organization.id']} ${doc['alert.status']} ×${doc['alert.count']}`,
      )
      .sort()
  await startRules(store, rules)
  await send(line('fw', 'a'), line('fw', 'b'), line('web', 'c', { 'vonglau.hits': ['sql-injection@0123456789ab'] }))
  await minute(1)
  expect([await told('source'), await told('sender')]).toEqual([[], []])
  now = START + 9 * MINUTE
  await send(line('fw', 'a'))
  // A sender of a source that goes on; what the program itself says of the source is no line.
  await minute(12)
  await send(line('fw', 'x', { 'event.action': 'x', 'event.dataset': 'vonglau.source', 'event.kind': 'metric' }))
  expect(await told('sender')).toEqual(['fw b 12– so-y-te new ×1', 'web c 12– so-y-te new ×1'])
  await minute(13)
  // A restart tells nothing twice, and hears what came meanwhile.
  store = await place.open()
  silences = openSilences(store, () => now)
  now = START + 14 * MINUTE
  await send(line('fw', 'b'))
  await minute(15)
  expect(await told('sender')).toEqual(['fw b 12–15 so-y-te closed ×1', 'web c 12– so-y-te new ×1'])
  await minute(40)
  expect(await told('source')).toEqual(['web 40– so-y-te new ×1'])
  await minute(50)
  expect(await told('source')).toEqual(['fw 50– so-y-te new ×1', 'web 40– so-y-te new ×1'])
  // Silent again is told again; a rule that has not hit for an hour is told of like anything else.
  expect((await told('sender')).filter((text) => text.startsWith('fw b'))).toEqual([
    'fw b 12–15 so-y-te closed ×1',
    'fw b 40– so-y-te new ×1',
  ])
  expect(await told('quiet-rule')).toEqual([])
  await minute(70)
  expect(await told('quiet-rule')).toEqual(['quiet-rule 70– so-y-te new ×1'])
  await send(line('web', 'c', { 'vonglau.hits': ['sql-injection@0123456789ab'] }))
  await minute(71)
  expect(await told('quiet-rule')).toEqual(['quiet-rule 70–71 so-y-te closed ×1'])
  // The same minute twice writes once.
  await minute(71)
  // What is remembered no longer is not missed any more; its alert stays until somebody closes it.
  await minute(3 * 24 * 60)
  expect((await told('source')).filter((text) => text.startsWith('fw'))).toHaveLength(1)
}
