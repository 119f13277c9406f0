/** A day of ingest that was damaged and read again: alerts count each event once, whatever they had counted before. */
import { mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { cut, random } from '../random.ts'
import type { Event } from '../../ingest/event.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { noteLost } from '../../ingest/store/lost.ts'
import { openSqlite } from '../../ingest/store/sqlite.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { decide } from '../../rules/case/decide.ts'
import { createDetector } from '../../rules/detect.ts'
import type { Rule } from '../../rules/rule.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const START = Date.UTC(2026, 4, 14)

const rules: readonly Rule[] = compileSigma(
  `title: Đơn
id: single
level: high
vonglau: { group-by: [source.ip], quiet: 10m }
detection: { a: { event.action: probe }, condition: a }
---
title: Không nói theo gì
id: plain
level: low
detection: { a: { event.action: probe }, condition: a }
---
name: login
title: Đăng nhập
detection: { a: { event.action: login }, condition: a }
---
title: Đếm
id: count
level: high
vonglau: { quiet: 20m }
correlation: { type: event_count, rules: [login], group-by: [source.ip], timespan: 5m, condition: { gte: 5 } }
---
title: Đếm giá trị
id: values
level: medium
vonglau: { quiet: 20m }
correlation: { type: value_count, rules: [login], group-by: [source.ip], timespan: 10m, condition: { field: destination.port, gte: 3 } }
---
title: Kéo dài
id: state
level: medium
vonglau: { group-by: [source.ip], quiet: 30d, ends-with: { event.action: up } }
detection: { a: { event.action: down }, condition: a }
`,
  'lost.yml',
)

/** Three hours of three sources. */
const lines = (seed: number): Event[] => {
  const next = random(seed)
  return Array.from({ length: 240 }, (_, i) => ({
    '@timestamp': START + Math.floor(next() * 6) * 30 * MINUTE + Math.floor(next() * 12 * MINUTE),
    'event.id': `e${String(i).padStart(4, '0')}`,
    'event.kind': 'event',
    'event.action': ['login', 'login', 'probe', 'down', 'up'][Math.floor(next() * 5)]!,
    'source.ip': `198.51.100.${Math.floor(next() * 3)}`,
    'destination.port': 20 + Math.floor(next() * 6),
    ...(next() < 0.8 ? { 'organization.id': next() < 0.6 ? 'so-y-te' : 'so-tai-chinh' } : {}),
    ...(next() < 0.4 ? { 'vonglau.shared': true, 'source.organization.id': 'so-noi-vu' } : {}),
  }))
}

const folders: string[] = []
let store: Store | undefined
afterEach(async () => {
  await store?.close().catch(() => {})
  store = undefined
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true })
})
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'lost-'))
  folders.push(path)
  return path
}
/** As `openStore` does it, with the time of day of the test. */
const open = async (path: string, now: number): Promise<Store> => {
  await store?.close()
  const documents = openSqlite(join(path, 'documents.sqlite'))
  store = embedded(await openDuckdb({ folder: join(path, 'events'), wait: 0 }), documents)
  await noteLost(join(path, 'events'), documents, () => now)
  return store
}
const cases = (now: number) => ({
  clock: () => now,
  deadlines: () => ({}),
  numbering: () => ({ code: () => 'T', timezone: 'UTC' }),
})
const run = async (on: Store, events: readonly Event[], now: number) => {
  if (events.length) await on.events.append({ events: [...events], offsets: [] }, now)
  const detector = createDetector({ store: on, cases: cases(now) })
  for (const rule of rules) await detector.run(rule)
}
/** Moves the newest day's file aside, as opening it does where it is damaged. */
const lose = async (path: string) => {
  await store!.close()
  const events = join(path, 'events')
  const newest = readdirSync(events)
    .filter((name) => /^events-[\d-]+\.duckdb$/.test(name))
    .sort()
    .at(-1)!
  for (const end of ['', '.wal'])
    if (readdirSync(events).includes(newest + end))
      renameSync(join(events, newest + end), join(events, `${newest}.damaged-1${end}`))
  store = undefined
}
const alertsOf = async (on: Store) =>
  (await on.documents.collection<Alert>('alerts').query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })).items
const bursts = async (on: Store): Promise<string[]> =>
  (await alertsOf(on))
    .filter(({ doc }) => doc['alert.status'] !== 'absorbed')
    .map(({ doc }) =>
      JSON.stringify([
        doc['rule.id'],
        doc.group,
        doc['organization.id'] ?? null,
        doc['alert.first'],
        doc['alert.last'],
        doc['alert.count'],
        doc['alert.ended'] ?? null,
      ]),
    )
    .sort()
const calm = async (events: readonly Event[]): Promise<string[]> => {
  const on = await open(folder(), START)
  await run(on, events, START)
  return bursts(on)
}

describe.each([1, 2])('seed %i', (seed) => {
  test('a lost day that is read again, in other pieces and beside new lines: the alerts of one calm run', async () => {
    const events = lines(seed)
    const expected = await calm(events)
    const next = random(seed + 100)
    const [before, lost, after] = [events.slice(0, 90), events.slice(90, 180), events.slice(180)]
    const path = folder()
    let on = await open(path, START)
    for (const part of cut(before, 3, next)) await run(on, part, START)
    for (const part of cut(lost, 4, next)) await run(on, part, START + DAY)
    await lose(path)
    on = await open(path, START + 2 * DAY)
    const again = [...lost, ...after].sort(() => next() - 0.5)
    for (const part of cut(again, 5, next)) await run(on, part, START + 2 * DAY)
    expect(await bursts(on)).toEqual(expected)
    // Once: another day adds nothing, and neither does a start.
    on = await open(path, START + 3 * DAY)
    await run(on, [], START + 3 * DAY)
    expect(await bursts(on)).toEqual(expected)
  })

  test('the only day, lost twice', async () => {
    const events = lines(seed)
    const expected = await calm(events)
    const next = random(seed + 200)
    const path = folder()
    let on = await open(path, START)
    for (const part of cut(events, 4, next)) await run(on, part, START)
    for (const day of [1, 2]) {
      await lose(path)
      on = await open(path, START + day * DAY)
      for (const part of cut(events, 3, next)) await run(on, part, START + day * DAY)
    }
    expect(await bursts(on)).toEqual(expected)
  })

  test('what a closed alert has told of is not told again', async () => {
    const events = lines(seed)
    const next = random(seed + 300)
    const path = folder()
    let on = await open(path, START)
    await run(on, events, START)
    const before = await bursts(on)
    for (const { id, doc } of await alertsOf(on))
      if (doc['alert.status'] === 'new')
        await decide(
          { ...cases(START), documents: on.documents },
          {
            kind: 'alert',
            id,
            scope: SYSTEM,
            actor: { kind: 'person', id: 'an', name: 'An' },
            wanted: [{ what: 'close', id: `close-${id}`, reason: 'benign' }],
          },
        )
    await lose(path)
    on = await open(path, START + DAY)
    for (const part of cut(events, 3, next)) await run(on, part, START + DAY)
    expect(await bursts(on)).toEqual(before)
  })
})

test('where retention has taken events that an alert counted, its count stays, and it says so', async () => {
  const at = (id: string, minute: number): Event => ({
    '@timestamp': START + minute * MINUTE,
    'event.id': id,
    'event.kind': 'event',
    'event.action': 'probe',
    'source.ip': '198.51.100.1',
  })
  const path = folder()
  let on = await open(path, START)
  await run(on, [at('a', 0), at('b', 5)], START)
  await run(on, [at('c', 6), at('d', 9)], START + DAY)
  await on.events.drop('2026-05-14')
  await lose(path)
  on = await open(path, START + 2 * DAY)
  await run(on, [at('c', 6), at('d', 9)], START + 2 * DAY)
  await run(on, [at('e', 12)], START + 2 * DAY)
  const [alert] = (await alertsOf(on)).filter(({ doc }) => doc['rule.id'] === 'single')
  expect(alert!.doc).toMatchObject({ 'alert.count': 5, 'alert.kept': true })
})
