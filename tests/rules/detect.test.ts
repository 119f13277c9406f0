/** Alerts are a function of the events: real stores, and runs that are cut, disordered, broken off and repeated. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { cut, random, shuffled } from '../random.ts'
import type { Event } from '../../ingest/event.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { and, EVERYTHING, eq, type Filter } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { openSqlite } from '../../ingest/store/sqlite.ts'
import {
  type Aggregate,
  type Collection,
  type Document,
  type DocumentStore,
  type EventStore,
  type Store,
  SYSTEM,
  type Window,
} from '../../ingest/store/store.ts'
import { type Alert, groupOf } from '../../rules/alert.ts'
import { endAfter, islandsOf } from '../../rules/bursts.ts'
import { createDetector } from '../../rules/detect.ts'
import { evaluate } from '../../rules/correlation/evaluate.ts'
import type { Actor } from '../../rules/case/act.ts'
import { decide } from '../../rules/case/decide.ts'
import type { Incident } from '../../rules/case/incident.ts'
import { historyOf } from '../../rules/case/journal.ts'
import type { Wanted } from '../../rules/case/table.ts'
import { agenciesOf, split } from '../../rules/parts.ts'
import type { Rule } from '../../rules/rule.ts'
import { judgingOf, keepRuleset, partsOf } from '../../rules/ruleset.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 4, 14)

const rules: readonly Rule[] = compileSigma(
  `title: Đơn
id: single
level: high
detection: { a: { event.action: probe }, condition: a }
---
title: Đơn, theo người dùng
id: by-user
level: medium
vonglau: { group-by: [user.name], quiet: 10m }
detection: { a: { event.action: login }, condition: a }
---
name: login
title: Đăng nhập
detection: { a: { event.action: login }, condition: a }
---
name: probe
title: Dò
detection: { a: { event.action: probe }, condition: a }
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
correlation: { type: value_count, rules: [probe], group-by: [source.ip], timespan: 10m, condition: { field: destination.port, gte: 4 } }
---
title: Kéo dài
id: state
level: medium
vonglau: { group-by: [source.ip], quiet: 30d, ends-with: { event.action: up } }
detection: { a: { event.action: down }, condition: a }
---
title: Cả hai phía
id: both
level: low
vonglau: { group-by: [source.ip], quiet: 10m, concerns: both }
detection: { a: { event.action: probe }, condition: a }
---
title: Đếm tất cả
id: all
level: low
correlation: { type: event_count, rules: [login], timespan: 3m, condition: { gt: 6 } }
---
name: down
title: Mất
detection: { a: { event.action: down }, condition: a }
---
title: Lần lượt
id: ordered
level: high
vonglau: { concerns: both, quiet: 10m }
correlation: { type: temporal_ordered, rules: [probe, login, down], group-by: [source.ip], timespan: 2m }
---
name: many
title: Nhiều
correlation: { type: event_count, rules: [login], group-by: [source.ip], timespan: 3m, condition: { gte: 3 } }
---
title: Chuỗi
id: chain
level: high
vonglau: { quiet: 5m }
correlation: { type: temporal_ordered, rules: [many, probe], group-by: [source.ip], timespan: 2m }
`,
  'detect.yml',
)

/** Six hours of a few sources, in knots and alone. */
const lines = ((): Event[] => {
  const next = random(7)
  const out: Event[] = []
  for (let i = 0; i < 400; i++) {
    const knot = Math.floor(next() * 12) * 30 * MINUTE
    out.push({
      '@timestamp': START + knot + Math.floor(next() * 12 * MINUTE),
      'event.id': `e${String(i).padStart(4, '0')}`,
      'event.kind': 'event',
      'event.action': ['login', 'login', 'probe', 'probe', 'down', 'up'][Math.floor(next() * 6)]!,
      'source.ip': `198.51.100.${Math.floor(next() * 4)}`,
      'destination.port': 20 + Math.floor(next() * 6),
      'user.name': ['u', 'a', 'b'][Math.floor(next() * 3)]!,
      'portal.id': next() < 0.5 ? 'a' : 'b',
      // Two agencies and nobody, so that a group has several parts.
      ...(next() < 0.9 ? { 'organization.id': next() < 0.6 ? 'so-y-te' : 'so-tai-chinh' } : {}),
      ...(next() < 0.5
        ? { 'vonglau.shared': true, 'source.organization.id': next() < 0.5 ? 'so-noi-vu' : 'so-y-te' }
        : {}),
    })
  }
  return out
})()

const folders: string[] = []
const opened: { close(): Promise<void> }[] = []
const open = async (folder: string): Promise<Store> => {
  const events = await openDuckdb({ folder: join(folder, 'events'), wait: 0 })
  const documents = openSqlite(join(folder, 'documents.sqlite'))
  const store = embedded(events, documents)
  opened.push(store)
  return store
}
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), 'detect-'))
  folders.push(path)
  return path
}
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close().catch(() => {})
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true })
})

const AT = () => START + 24 * HOUR
const casesAt = (clock: () => number) => ({
  clock,
  deadlines: () => ({}),
  numbering: () => ({ code: () => 'T', timezone: 'UTC' }),
})
const detector = (store: Store, clock = AT) => createDetector({ store, cases: casesAt(clock) })
const runAll = async (store: Store) => {
  const { run } = detector(store)
  for (const rule of rules) await run(rule)
}
const alertsOf = async (store: Store) =>
  (await store.documents.collection<Alert>('alerts').query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })).items
/** Rule, group, first, last and count of every burst, and of which events it tells. */
const bursts = async (store: Store): Promise<string[]> =>
  (await alertsOf(store))
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
        doc.events.map((event) => event['event.id']),
      ]),
    )
    .sort()
const incidentsOf = async (store: Store) =>
  (await store.documents.collection<Incident>('incidents').query(SYSTEM, { filter: EVERYTHING, limit: 1000 })).items

let reference: string[] | undefined
/** One run over all lines. */
const inOneRun = async (): Promise<string[]> => {
  if (reference) return reference
  const store = await open(folder())
  await store.events.append({ events: lines, offsets: [] }, START)
  await runAll(store)
  reference = await bursts(store)
  return reference
}

test('every rule has found something', async () => {
  const found = await inOneRun()
  expect(rules.filter(({ id }) => !found.some((text) => text.startsWith(`["${id}"`)))).toEqual([])
  expect(found.length).toBeGreaterThan(30)
})

/** By its definition, of the whole set of events: windows over the group, split by agency, chained and cut. */
test('one calm run finds what the pure functions say', async () => {
  const expected = rules.flatMap((rule) => {
    const match = compile(rule.filter)
    const ends = lines.filter((event) => rule.endsWith && compile(rule.endsWith)(event))
    const counted = lines.filter(match).map((event) => ({
      time: Number(event['@timestamp']),
      id: String(event['event.id']),
      agencies: agenciesOf(rule, event),
      bases: (rule.bases ?? []).flatMap(({ filter }, i) => (compile(filter)(event) ? [i] : [])),
      event,
    }))
    const groups = rule.correlation
      ? evaluate(rule, counted).map(({ group, told }) => [JSON.stringify(group), told()] as const)
      : [...Map.groupBy(counted, ({ event }) => JSON.stringify(groupOf(rule, event)))]
    return groups.flatMap(([group, found]) => {
      const times = ends
        .filter((event) => JSON.stringify(groupOf(rule, event)) === group)
        .map((event) => Number(event['@timestamp']))
      times.sort((a, b) => a - b)
      return [...split(found)].flatMap(([agency, part]) =>
        islandsOf(part, rule.quiet, times).map(({ first, last, count }) => [
          rule.id,
          agency || null,
          first,
          last,
          rule.endsWith ? 1 : count,
          (rule.endsWith && endAfter(times, last)) ?? null,
        ]),
      )
    })
  })
  const found = (await inOneRun()).map((text) => {
    const [rule, , agency, first, last, count, ended] = JSON.parse(text) as unknown[]
    return [rule, agency, first, last, count, ended]
  })
  const sorted = (rows: unknown[][]) => rows.map((row) => JSON.stringify(row)).sort()
  expect(sorted(found)).toEqual(sorted(expected))
  // Every kind is there: of several agencies, of none, copies, ended and not.
  expect(new Set(found.map(([, agency]) => agency))).toEqual(new Set(['so-y-te', 'so-tai-chinh', 'so-noi-vu', null]))
  expect(found.filter(([, , , , , ended]) => ended !== null).length).toBeGreaterThan(5)
})

test('fifteen runs cut at random give the bursts of one', async () => {
  const store = await open(folder())
  for (const part of cut(
    [...lines].sort((a, b) => Number(a['@timestamp']) - Number(b['@timestamp'])),
    15,
    random(1),
  )) {
    await store.events.append({ events: part, offsets: [] }, START)
    await runAll(store)
  }
  expect(await bursts(store)).toEqual(await inOneRun())
})

test('so do lines that come out of order', async () => {
  const store = await open(folder())
  for (const part of cut(shuffled(lines, random(2)), 8, random(3))) {
    await store.events.append({ events: part, offsets: [] }, START)
    await runAll(store)
  }
  expect(await bursts(store)).toEqual(await inOneRun())
})

test('and whoever has judged the events before: all rules, other versions of some, a set that nobody knows, nobody', async () => {
  const store = await open(folder())
  const next = random(7)
  const judging = judgingOf(rules)
  await keepRuleset(store.documents, judging)
  // Of a program whose rules were others: what it says of a rule of the same name is not what that rule means now.
  const older = rules.map((rule): Rule => {
    if (next() < 0.5) return rule
    const filter = eq('event.action', 'other')
    return { ...rule, filter, ...(rule.bases ? { bases: rule.bases.map((base) => ({ ...base, filter })) } : {}) }
  })
  const before = judgingOf(older)
  await keepRuleset(store.documents, before)
  const met = (those: readonly Rule[], event: Event) =>
    those.flatMap((rule) => partsOf(rule).flatMap(({ label, filter }) => (compile(filter)(event) ? [label] : [])))
  const labels = rules.flatMap((rule) => partsOf(rule).map(({ label }) => label))
  const marked = lines.map((event): Event => {
    const by = Math.floor(next() * 4)
    if (by === 0) return event
    if (by === 1) return { ...event, 'vonglau.judged': 'ffffffffffff', 'vonglau.hits': labels }
    const hits = met(by === 2 ? rules : older, event)
    const judged = by === 2 ? judging.set : before.set
    return { ...event, 'vonglau.judged': judged, ...(hits.length ? { 'vonglau.hits': hits } : {}) }
  })
  for (const part of cut(shuffled(marked, next), 8, next)) {
    await store.events.append({ events: part, offsets: [] }, START)
    await runAll(store)
  }
  expect(await bursts(store)).toEqual(await inOneRun())
})

/** Writes go through until `left` of them are done; then each throws, as after a kill. */
const breaking = (store: Store, left: number): Store => {
  const put = <T extends Document>(collection: Collection<T>): Collection<T> => ({
    ...collection,
    put: async (items, together) => {
      if (left-- <= 0) throw new Error('killed')
      return collection.put(items, together)
    },
  })
  const documents: DocumentStore = { ...store.documents, collection: (name) => put(store.documents.collection(name)) }
  return { ...store, documents }
}

test('and a process that is killed between two writes, again and again', async () => {
  const path = folder()
  const next = random(5)
  let kills = 0
  let store = await open(path)
  for (const part of cut(shuffled(lines, random(4)), 4, random(6))) {
    await store.events.append({ events: part, offsets: [] }, START)
    for (let broken = true; broken; ) {
      broken = false
      await runAll(breaking(store, 1 + Math.floor(next() * 16))).catch(() => {
        broken = true
      })
      if (!broken) continue
      kills++
      await store.close()
      opened.length = 0
      store = await open(path)
    }
    // Once more over what is covered already.
    await runAll(store)
  }
  expect(kills).toBeGreaterThan(10)
  expect(await bursts(store)).toEqual(await inOneRun())
  await summariesAgree(store)
})

/** What an incident says of its alerts is what they say, and they are of its agency. */
const summariesAgree = async (store: Store): Promise<void> => {
  const alerts = (await alertsOf(store)).map(({ doc }) => doc).filter((doc) => doc['alert.status'] !== 'absorbed')
  for (const { id, doc } of await incidentsOf(store)) {
    const members = alerts.filter((alert) => alert['alert.incident'] === id)
    expect(doc['incident.alerts']).toBe(members.length)
    expect(doc['incident.events']).toBe(members.reduce((sum, alert) => sum + alert['alert.count'], 0))
    for (const alert of members) expect(alert['organization.id']).toBe(doc['organization.id'])
  }
}

/** Every second batch of a slow writer is stamped at once and committed after the next run, or stamped with its commit. */
const withSlowWriter = async (
  stamped: 'before the commit' | 'with the commit',
): Promise<{ found: string[]; expected: string[] }> => {
  const store = await open(folder())
  let stamp = 0
  /** By its stamps instead of the store's. */
  const byStamp = <Q extends Window & { readonly filter: Filter }>({ ingested, ...query }: Q) => {
    const stamp: Filter = {
      op: 'range',
      field: 'stamped',
      gt: ingested?.after ?? 0,
      lte: ingested?.upTo ?? Number.MAX_SAFE_INTEGER,
    }
    return { ...query, filter: and(query.filter, stamp) }
  }
  const events: EventStore = {
    ...store.events,
    committed: async () => stamp,
    match: (scope, query) => store.events.match(scope, byStamp(query)),
    count: (scope, query) => store.events.count(scope, byStamp(query)),
    aggregate: (scope, query) => store.events.aggregate(scope, byStamp(query) as Aggregate),
  }
  const commit = (part: readonly Event[], at: number) =>
    store.events.append({ events: part.map((event) => ({ ...event, stamped: at })), offsets: [] }, START)
  // Of a rule with an end the store is asked more than this writer stamps.
  const singles = rules.filter((rule) => !rule.correlation && !rule.endsWith)
  const { run } = detector({ ...store, events })
  for (const [i, part] of cut(shuffled(lines, random(8)), 12, random(9)).entries()) {
    const slow = i % 2 === 1
    const early = ++stamp
    if (!slow) await commit(part, early)
    else if (stamped === 'with the commit') stamp--
    for (const rule of singles) await run(rule)
    if (slow) await commit(part, stamped === 'with the commit' ? ++stamp : early)
  }
  for (const rule of singles) await run(rule)
  expect(await store.events.count(SYSTEM, { filter: EVERYTHING })).toBe(lines.length)
  return {
    found: await bursts(store),
    expected: (await inOneRun()).filter((text) => singles.some((rule) => text.startsWith(`["${rule.id}"`))),
  }
}

test('the same with a writer that is slow', async () => {
  const { found, expected } = await withSlowWriter('with the commit')
  expect(found).toEqual(expected)
})

test('it would show if ingest time were taken before the commit', async () => {
  const { found, expected } = await withSlowWriter('before the commit')
  expect(found).not.toEqual(expected)
})

const probe = (id: string, minute: number): Event => ({
  '@timestamp': START + minute * MINUTE,
  'event.id': id,
  'event.kind': 'event',
  'event.action': 'probe',
  'source.ip': '198.51.100.7',
  'portal.id': 'a',
  'organization.id': 'so-y-te',
})
const single = rules.find(({ id }) => id === 'single')!
const feed = async (store: Store, ...events: Event[]) => {
  await store.events.append({ events, offsets: [] }, START)
  await detector(store).run(single)
}
const person = (name: string): Actor => ({ kind: 'person', id: name, name })
const act = async (store: Store, id: string, name: string, ...wanted: Omit<Wanted, 'id'>[]) => {
  const cases = { documents: store.documents, ...casesAt(AT) }
  const named = wanted.map((each, i) => ({ ...each, id: `${id}-${name}-${i}` }))
  expect(await decide(cases, { kind: 'alert', id, scope: SYSTEM, actor: person(name), wanted: named })).toMatchObject({
    ok: true,
  })
}

test('after a person closed an alert, further events open a new one that follows it', async () => {
  const store = await open(folder())
  await feed(store, probe('a', 0), probe('b', 10))
  const [before] = await alertsOf(store)
  await act(store, before!.id, 'hoa', { what: 'close', reason: 'benign' })
  await feed(store, probe('c', 30))
  const after = await alertsOf(store)
  expect(after).toHaveLength(2)
  const added = after.find(({ id }) => id !== before!.id)!
  expect(added.doc).toMatchObject({ 'alert.status': 'new', 'alert.follows': before!.id, 'alert.count': 1 })
  expect(after.find(({ id }) => id === before!.id)!.doc).toMatchObject({ 'alert.status': 'closed', 'alert.count': 2 })
})

test('a late event joins two bursts: the older keeps id, status, owner and notes', async () => {
  const store = await open(folder())
  let now = START
  const at = async (time: number, ...events: Event[]) => {
    now = time
    await store.events.append({ events, offsets: [] }, START)
    await detector(store, () => now).run(single)
  }
  await at(START + HOUR, probe('late-half', 90))
  await at(START + 2 * HOUR, probe('early-half', 0))
  const [older, younger] = [...(await alertsOf(store))].sort((a, b) => a.doc['alert.created'] - b.doc['alert.created'])
  await act(store, older!.id, 'minh', { what: 'start' }, { what: 'note', text: 'đang xem' })
  await act(store, younger!.id, 'hoa', { what: 'note', text: 'của tôi' })
  await at(START + 3 * HOUR, probe('between', 45))
  const alerts = new Map((await alertsOf(store)).map((each) => [each.id, each.doc]))
  expect(alerts.size).toBe(2)
  const joined = alerts.get(older!.id)!
  expect(joined).toMatchObject({
    'alert.status': 'in_progress',
    'alert.assignee': 'minh',
    'alert.count': 3,
    'alert.first': START,
    'alert.last': START + 90 * MINUTE,
    absorbed: [younger!.id],
  })
  for (const [id, note] of [
    [older!.id, 'đang xem'],
    [younger!.id, 'của tôi'],
  ] as const)
    expect((await historyOf(store.documents, id, alerts.get(id))).flatMap(({ text }) => text ?? [])).toContain(note)
  expect(joined.events.map((event) => event['event.id'])).toEqual(['early-half', 'between', 'late-half'])
  expect(alerts.get(younger!.id)).toMatchObject({ 'alert.status': 'absorbed', 'alert.absorbed_by': older!.id })
  expect(alerts.get(younger!.id)!['alert.incident']).toBeUndefined()
  await summariesAgree(store)
})
