/** Events with long texts are judged behind the others: late, but each once, whatever is killed in between. */
import { afterEach, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Collection, type Document, type DocumentStore, type Store, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import { createDetector } from '../../rules/detect.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { cut, random, shuffled } from '../random.ts'
import { breaking, plainCases, type Place, runRules } from './stores.ts'

const START = Date.UTC(2026, 4, 14, 8)
const MINUTE = 60_000
export const rules = compileSigma(
  `title: Đơn
id: single
level: medium
vonglau: { group-by: [source.ip], quiet: 10m }
detection: { a: { url.query|contains: select }, condition: a }
---
name: asked
title: Hỏi
detection: { a: { url.query|contains: select }, condition: a }
---
title: Đếm
id: count
level: high
vonglau: { quiet: 20m }
correlation: { type: event_count, rules: [asked], group-by: [source.ip], timespan: 5m, condition: { gte: 4 } }
---
name: plain
title: Thường
detection: { a: { url.query|contains: select }, b: { vonglau.source.id: cong-a }, condition: b and not a }
---
title: Lần lượt
id: ordered
level: high
vonglau: { quiet: 20m }
correlation: { type: temporal_ordered, rules: [plain, asked], group-by: [source.ip], timespan: 2m }`,
  'owed.yml',
)

const lines = ((next: () => number): Event[] =>
  Array.from({ length: 200 }, (_, i) => {
    const long = next() < 0.3
    return {
      '@timestamp': START + Math.floor(next() * 6 * 60 * MINUTE),
      'event.id': `e${String(i).padStart(4, '0')}`,
      'event.kind': 'event',
      'source.ip': `198.51.100.${Math.floor(next() * 3)}`,
      'url.query': `${'x'.repeat(long ? 9000 : 10)}${next() < 0.7 ? 'SELECT' : ''}`,
      'vonglau.source.id': next() < 0.5 ? 'cong-a' : 'cong-b',
      'organization.id': next() < 0.6 ? 'so-y-te' : 'so-tai-chinh',
      ...(long ? { 'vonglau.owed': true } : {}),
    }
  }))(random(21))
const withoutMark = ({ 'vonglau.owed': _, ...event }: Event): Event => event as Event

/** Documents whose writes fail where the function says so. */
const failing = (documents: DocumentStore, fails: () => boolean): DocumentStore => {
  const watched = <T extends Document>(collection: Collection<T>): Collection<T> => ({
    ...collection,
    put: async (items, inOrder) => {
      if (fails()) throw new Error('full')
      return collection.put(items, inOrder)
    },
  })
  return { ...documents, collection: (name) => watched(documents.collection(name)) }
}

/** `kills`: how many writes are done at most before the next one is broken off; none: it is not. */
export const owedSuite = (store: string, open: () => Place, kills = 0): void => {
  let places: Place[] = []
  afterEach(async () => {
    for (const place of places.splice(0)) await place.remove()
    places = []
  })
  const opened = async (): Promise<{ place: Place; store: Store }> => {
    const place = open()
    places.push(place)
    return { place, store: await place.open() }
  }
  const cases = plainCases(() => START)
  const runAll = (store: Store): Promise<void> => runRules(store, rules, () => START)
  const bursts = async (store: Store): Promise<string[]> =>
    (await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })).items
      .map(({ doc }): Alert => doc)
      .filter((doc) => doc['alert.status'] !== 'absorbed')
      .map((doc) =>
        JSON.stringify([
          doc['rule.id'],
          doc.group,
          doc['organization.id'],
          doc['alert.first'],
          doc['alert.last'],
          doc['alert.count'],
          doc.events.map((event) => event['event.id']),
        ]),
      )
      .sort()
  const calm = async (): Promise<string[]> => {
    const { store } = await opened()
    await store.events.append({ events: lines.map(withoutMark), offsets: [] }, START)
    await runAll(store)
    return bursts(store)
  }

  test(`${store}: the alerts are those of events that are judged at once, in pieces and out of order`, async () => {
    const { store } = await opened()
    const next = random(3)
    for (const part of cut(shuffled(lines, next), 6, next)) {
      await store.events.append({ events: part, offsets: [] }, START)
      await runAll(store)
    }
    const expected = await calm()
    expect(expected.length).toBeGreaterThan(20)
    expect(await bursts(store)).toEqual(expected)
  })

  if (kills === 0) return
  test(`${store}: and where a write fails now and then, and the same process goes on`, async () => {
    const { store } = await opened()
    const next = random(6)
    let [left, failures] = [3, 0]
    const documents = failing(store.documents, () => {
      if (left-- > 0) return false
      left = Math.floor(next() * 40)
      failures++
      return true
    })
    const detector = createDetector({ store: { ...store, documents }, cases })
    try {
      /** Whether all of it went well. */
      const run = async (): Promise<boolean> => {
        let failed = false
        const told = (_: unknown, error?: string) => {
          failed ||= error !== undefined
        }
        await detector.runAll(rules, told).catch(() => {
          failed = true
        })
        return !failed
      }
      // More comes before what failed is tried again.
      for (const part of cut(shuffled(lines, next), 12, next)) {
        await store.events.append({ events: part, offsets: [] }, START)
        await run()
      }
      while (!(await run()));
    } finally {
      await detector.close()
    }
    expect(failures).toBeGreaterThan(3)
    expect(await bursts(store)).toEqual(await calm())
  })

  test(`${store}: and where it is killed between any two writes`, async () => {
    const { place, store: first } = await opened()
    let store = first
    const next = random(4)
    let killed = 0
    for (const part of cut(shuffled(lines, next), 3, next)) {
      await store.events.append({ events: part, offsets: [] }, START)
      for (let broken = true; broken; ) {
        broken = false
        await runAll({ ...store, documents: breaking(store.documents, 1 + Math.floor(next() * kills)) }).catch(() => {
          broken = true
        })
        if (!broken) continue
        killed++
        store = await place.open()
      }
    }
    expect(killed).toBeGreaterThan(5)
    expect(await bursts(store)).toEqual(await calm())
  })
}
