/**
 * Correlations whose condition a later event can undo, on a real store: what comes out of order, late within the lateness,
 * twice, in pieces, by a process that is killed and started anew, with a clock that is set back and rules that are edited in
 * between, gives the alerts of one calm run; what is later than that changes nothing and is counted.
 */
import { afterEach, describe, expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import { islandsOf } from '../../rules/bursts.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import { evaluate } from '../../rules/correlation/evaluate.ts'
import { firstsAmong } from '../../rules/first-seen.ts'
import { readLedger, startRules } from '../../rules/ledger.ts'
import { agenciesOf, split } from '../../rules/parts.ts'
import type { Rule } from '../../rules/rule.ts'
import { judgingOf, keepRuleset, partsOf } from '../../rules/ruleset.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { cut, random } from '../random.ts'
import { cases, eventsOf, yamlOf } from './correlation/cases.ts'
import { breaking, type Place, runRules } from './stores.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const START = Date.UTC(2026, 4, 14)
const LATENESS = 5 * MINUTE

const base = (action: string) =>
  `name: ${action}\ntitle: ${action}\ndetection: { s: { event.action: ${action} }, condition: s }\n`
const one = (id: string, correlation: string, own = '') =>
  `title: ${id}\nid: ${id}\nlevel: medium\nvonglau: { quiet: 20m, incident: false${own} }\ncorrelation: ${correlation}\n`
const BY = 'group-by: [source.ip]'
const yaml = [
  ...['login', 'failure', 'probe'].map(base),
  one('few', `{ type: event_count, rules: [login], ${BY}, timespan: 10m, condition: { lte: 1 } }`),
  one('range', `{ type: event_count, rules: [login, probe], ${BY}, timespan: 10m, condition: { gte: 3, neq: 4 } }`),
  one(
    'eq',
    `{ type: value_count, rules: [probe], ${BY}, timespan: 10m, condition: { field: destination.port, eq: 2 } }`,
  ),
  one(
    'avg',
    `{ type: value_avg, rules: [probe], ${BY}, timespan: 20m, condition: { field: destination.port, gt: 24 } }`,
  ),
  one(
    'median',
    `{ type: value_median, rules: [probe], ${BY}, timespan: 20m, condition: { field: destination.port, lt: 21 } }`,
  ),
  one(
    'ninety',
    `{ type: value_percentile, rules: [probe], ${BY}, timespan: 20m, condition: { field: destination.port, percentile: 90, lt: 24 } }`,
  ),
  one('rare', '{ type: value_percentile, rules: [probe], timespan: 1h, condition: { field: user.name, lt: 18 } }'),
  one(
    'without',
    `{ type: temporal, rules: [login, failure], ${BY}, timespan: 5m, condition: login and not failure }`,
    ', concerns: both',
  ),
  one(
    'order',
    `{ type: temporal_ordered, rules: [login, probe, failure], ${BY}, timespan: 5m, condition: login and probe and not failure }`,
  ),
  `name: many\n${one('below', `{ type: event_count, rules: [failure], ${BY}, timespan: 10m, condition: { gte: 3 } }`)}`,
  one('chain', '{ type: temporal_ordered, rules: [many, login], group-by: [user.name], timespan: 10m }'),
  // What was never seen within so long: an earlier event that comes late makes a first occurrence none.
  `name: fresh\ntitle: fresh\ndetection: { s: { event.action: probe }, condition: s }\nvonglau: { new-terms: { fields: [user.name, destination.port], within: 2h, learn: 0d } }\n`,
  `name: fresher\ntitle: fresher\ndetection: { s: { event.action: login }, condition: s }\nvonglau: { new-terms: { fields: [user.name, source.ip], within: 50m, learn: 1h } }\n`,
  one('firsts', `{ type: event_count, rules: [fresh], ${BY}, timespan: 20m, condition: { gte: 2 } }`),
  one(
    'new-ports',
    `{ type: value_count, rules: [fresh], ${BY}, timespan: 20m, condition: { field: destination.port, gte: 2 } }`,
    ', concerns: both',
  ),
  one('learnt', `{ type: event_count, rules: [fresher, fresh], ${BY}, timespan: 20m, condition: { gte: 2 } }`),
  one('new-then', `{ type: temporal_ordered, rules: [fresh, login], ${BY}, timespan: 10m }`),
  // What further events only add to, for the same to happen to it.
  one('count', `{ type: event_count, rules: [login, probe], ${BY}, timespan: 5m, condition: { gte: 4 } }`),
  one(
    'ports',
    `{ type: value_count, rules: [probe], ${BY}, timespan: 10m, condition: { field: destination.port, gt: 2 } }`,
    ', concerns: both',
  ),
  one(
    'sum',
    `{ type: value_sum, rules: [probe, login], ${BY}, timespan: 5m, condition: { field: destination.port, gt: 90 } }`,
  ),
  one(
    'together',
    '{ type: temporal, rules: [login, probe, failure], group-by: [user.name], timespan: 1m, condition: login and (probe or failure) }',
  ),
  one(
    'alias',
    '{ type: temporal, rules: [login, probe], group-by: [who], timespan: 3m, aliases: { who: { login: source.ip, probe: destination.ip } } }',
  ),
  one('after', `{ type: temporal_ordered, rules: [many, login], ${BY}, timespan: 10m }`),
].join('---\n')
const rules = compileSigma(yaml, 'deciding.yml')
/** Another text of the same meaning: each version is judged anew. */
const edited = compileSigma(yaml.replaceAll(/event\.action: (\w+)/g, 'event.action: [$1, $1]'), 'deciding.yml')

/** Five hours of two sources; then each says that it is there. */
const lines = ((next: () => number): Event[] => {
  const of = (i: number, time: number, action: string): Event => ({
    '@timestamp': time,
    'event.id': `e${String(i).padStart(4, '0')}`,
    'event.kind': 'event',
    'event.action': action,
    'source.ip': `198.51.100.${Math.floor(next() * 3)}`,
    'destination.ip': `198.51.100.${Math.floor(next() * 3)}`,
    'destination.port': 20 + Math.floor(next() * 7),
    'user.name': ['an', 'an', 'binh', 'chi'][Math.floor(next() * 4)]!,
    'vonglau.source.id': i % 2 ? 'fw-a' : 'fw-b',
    ...(next() < 0.9 ? { 'organization.id': next() < 0.6 ? 'so-y-te' : 'so-tai-chinh' } : {}),
    ...(next() < 0.5 ? { 'vonglau.shared': true, 'source.organization.id': 'so-noi-vu' } : {}),
  })
  const out = Array.from({ length: 240 }, (_, i) =>
    of(
      i,
      START + Math.floor(next() * 5) * HOUR + Math.floor(next() * 30 * MINUTE),
      ['login', 'failure', 'probe'][Math.floor(next() * 3)]!,
    ),
  )
  return [...out, of(900, START + 6 * HOUR, 'end'), of(901, START + 6 * HOUR, 'end')]
})(random(31))

const run = (store: Store, those: readonly Rule[]): Promise<void> => runRules(store, those, () => START)
const told = async (store: Store): Promise<string[]> =>
  (await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })).items
    .filter(({ doc }) => doc['alert.status'] !== 'absorbed')
    .map(({ doc }) =>
      JSON.stringify([
        doc['rule.id'],
        doc.group.map(({ value }) => value),
        doc['organization.id'] ?? '',
        doc['alert.first'],
        doc['alert.last'],
        doc['alert.count'],
      ]),
    )
    .sort()
/** By its definition, of the whole set of events. */
const expected = (all: readonly Event[], those: readonly Rule[]): string[] =>
  those
    .flatMap((rule) => {
      const seen = all.flatMap((event) => {
        const bases = rule.bases!.flatMap(({ filter }, i) => (compile(filter)(event) ? [i] : []))
        const [time, id] = [Number(event['@timestamp']), String(event['event.id'])]
        return bases.length === 0 ? [] : [{ time, id, agencies: agenciesOf(rule, event), bases, event }]
      })
      // What a base has not seen for so long yet is no first occurrence of it.
      const learnt = firstsAmong(rule, seen).flatMap((each) => {
        const bases = each.bases.filter((base) => {
          const began = Math.min(...seen.flatMap((other) => (other.bases.includes(base) ? [other.time] : [])))
          return began <= each.time - (rule.bases![base]!.newTerms?.learn ?? 0)
        })
        return bases.length === 0 ? [] : [{ ...each, bases }]
      })
      return evaluate(rule, learnt).flatMap((found) =>
        [...split(found.told())].flatMap(([agency, part]) =>
          islandsOf(part, rule.quiet).map(({ first, last, count }) =>
            JSON.stringify([rule.id, found.group.map(({ value }) => value), agency, first, last, count]),
          ),
        ),
      )
    })
    .sort()

export const decidingSuite = (name: string, open: () => Place, { kills }: { readonly kills: boolean }): void => {
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

  describe(`${name}: correlations, above all those that a later event can undo`, () => {
    test('one calm run gives what the pure functions say', async () => {
      const { store } = await opened()
      await store.events.append({ events: lines, offsets: [] }, START + 7 * HOUR)
      await run(store, rules)
      expect(rules.filter(({ lateness }) => lateness === LATENESS)).toHaveLength(14)
      const found = await told(store)
      expect(found).toEqual(expected(lines, rules))
      for (const { id } of rules)
        expect(found.filter((text) => text.startsWith(`["${id}"`)).length, id).toBeGreaterThan(1)
    })

    test('so do events out of order, in pieces and twice, kills, clocks set back and edited rules', async () => {
      const { place, store: first } = await opened()
      let store = first
      const next = random(33)
      // Each comes so much later that it is within the lateness of whatever its source has said before.
      const arriving = lines
        .map((event) => ({ event, at: Number(event['@timestamp']) + Math.floor(next() * (LATENESS - 1)) }))
        .sort((a, b) => a.at - b.at)
      let before: Event[] = []
      let broken = 0
      for (const [i, part] of cut(arriving, kills ? 14 : 6, next).entries()) {
        const now = part.at(-1)?.at ?? START
        const events = part.map(({ event }) => event)
        const those = i % 3 === 1 ? edited : rules
        const judging = judgingOf(those)
        await keepRuleset(store.documents, judging)
        const parts = those.flatMap((rule) => partsOf(rule))
        // Some were judged where they were taken apart.
        const marked = events.map((event) =>
          next() < 0.5
            ? event
            : {
                ...event,
                'vonglau.judged': judging.set,
                'vonglau.hits': parts.flatMap(({ label, filter }) => (compile(filter)(event) ? [label] : [])),
              },
        )
        // A cluster knows an event again by its id.
        const twice = name === 'duckdb' ? before.filter(() => next() < 0.1) : []
        await store.events.append({ events: [...marked, ...twice], offsets: [] }, i === 9 ? START : now)
        before = [...before, ...marked]
        for (let again = kills; again; ) {
          again = false
          const cluster = { ...store, documents: breaking(store.documents, 1 + Math.floor(next() * 30)) }
          await run(cluster, those).catch(() => {
            again = true
          })
          if (!again) continue
          broken++
          store = await place.open()
        }
        await run(store, those)
      }
      if (kills) expect(broken).toBeGreaterThan(10)
      const rest = { ...lines.at(-1)!, 'event.id': 'last', 'event.action': 'end' }
      await store.events.append({ events: [rest], offsets: [] }, START + 7 * HOUR)
      await run(store, rules)
      expect(await told(store)).toEqual(expected(lines, rules))
      // What comes a second time is late, for nobody looks whether it was there.
      if (name !== 'duckdb')
        for (const [id, { decided }] of await readLedger(store.documents))
          expect([id, decided?.late ?? 0]).toEqual([id, 0])
    })
  })

  test(`${name}: what is later than the lateness is counted and changes nothing; a source that is silent is not waited for`, async () => {
    const { store } = await opened()
    const few = rules.filter(({ id }) => id === 'without')
    const event = (id: string, minute: number, action: string, source: string): Event => ({
      '@timestamp': START + minute * MINUTE,
      'event.id': id,
      'event.kind': 'event',
      'event.action': action,
      'source.ip': '198.51.100.7',
      'vonglau.source.id': source,
    })
    const health = (minute: number, state: string, behind = 0): Event => ({
      ...event(`h${minute}`, minute, 'health', 'fw-b'),
      'event.dataset': 'vonglau.source',
      'vonglau.source.state': state,
      'vonglau.source.behind': behind,
    })
    const at = async (minute: number, ...events: Event[]) => {
      await store.events.append({ events, offsets: [] }, START + minute * MINUTE)
      await run(store, few)
      const ledger = (await readLedger(store.documents)).get('without')
      const alerts = (await told(store)).map((text) => JSON.parse(text) as unknown[])
      return {
        late: ledger?.decided?.late,
        spans: alerts.map(([, , , first, last]) => [first, last].map((t) => (Number(t) - START) / MINUTE)),
      }
    }
    // History of before the rule ends no window, and stands in one.
    await store.events.append({ events: [event('old', -2, 'login', 'fw-a')], offsets: [] }, START - MINUTE)
    await startRules(store, few)
    expect(await at(1, event('a', 0, 'login', 'fw-a'), event('b', 0, 'other', 'fw-b'))).toEqual({ late: 0, spans: [] })
    // The one is beyond it, the other not yet.
    expect(await at(8, event('c', 7, 'other', 'fw-a'))).toEqual({ late: 0, spans: [] })
    expect(await at(9, health(8, 'silent'))).toEqual({ late: 0, spans: [[-2, 0]] })
    // It would have undone the window, and comes too late; nor does it stand in one that ends later.
    expect(await at(10, event('late', -1, 'failure', 'fw-b'), health(9, 'silent'))).toEqual({
      late: 1,
      spans: [[-2, 0]],
    })
    expect(await at(20, event('d', 3, 'login', 'fw-a'), event('e', 14, 'other', 'fw-a'), health(19, 'silent'))).toEqual(
      {
        late: 1,
        spans: [[-2, 3]],
      },
    )
    // Awake again, it is waited for: a day at most.
    expect(
      (await at(40, event('f', 30, 'login', 'fw-a'), event('f2', 8, 'other', 'fw-b'), health(39, 'receiving'))).spans,
    ).toEqual([[-2, 3]])
    expect((await at(50, event('g', 49, 'other', 'fw-a'))).spans).toEqual([[-2, 3]])
    // It has lines left to read, of whatever day they are; when it is read to the end, its clock is known to be behind.
    const day = 24 * 60
    expect((await at(day + 20, event('i', day + 19, 'other', 'fw-a'), health(day + 19, 'receiving', 9))).spans).toEqual(
      [[-2, 3]],
    )
    const later = [event('j', 45, 'other', 'fw-b'), event('k', day + 22, 'other', 'fw-a')]
    expect((await at(day + 22, ...later, health(day + 21, 'receiving', 5))).spans).toEqual([
      [-2, 3],
      [30, 30],
    ])
    expect((await at(day + 23, event('l', 400, 'login', 'fw-a'), health(day + 22, 'receiving', 5))).spans).toEqual([
      [-2, 3],
      [30, 30],
    ])
    expect(
      (
        await at(
          2 * day,
          event('m', 2 * day - 1, 'other', 'fw-a'),
          event('n', 50, 'other', 'fw-b'),
          health(2 * day - 1, 'receiving'),
        )
      ).spans,
    ).toEqual([
      [-2, 3],
      [30, 30],
      [400, 400],
    ])
  })

  test(`${name}: an event with a long text is waited for until it is judged`, async () => {
    const { store } = await opened()
    const few = rules.filter(({ id }) => id === 'without')
    const event = (id: string, minute: number, action: string): Event => ({
      '@timestamp': START + minute * MINUTE,
      'event.id': id,
      'event.kind': 'event',
      'event.action': action,
      'source.ip': '198.51.100.7',
      'vonglau.source.id': 'fw-a',
    })
    const owed = { ...event('long', 9, 'failure'), 'event.original': 'x'.repeat(9000), 'vonglau.owed': true }
    const events = [event('a', 0, 'login'), owed, event('b', 10, 'login'), event('c', 20, 'other')]
    await store.events.append({ events, offsets: [] }, START + 21 * MINUTE)
    await run(store, few)
    const spans = async () =>
      (await told(store)).map((text) => (Number((JSON.parse(text) as unknown[])[3]) - START) / MINUTE)
    // Up to there nothing can come that is not judged.
    expect(await spans()).toEqual([0])
    await store.events.append({ events: [event('d', 21, 'other')], offsets: [] }, START + 22 * MINUTE)
    await run(store, few)
    expect(await spans()).toEqual([0])
    expect((await readLedger(store.documents)).get('without')!.decided!.until).toBe(START + 16 * MINUTE)
  })

  test(`${name}: the table of cases`, async () => {
    const { store } = await opened()
    const CASE = 'event.dataset'
    const all = cases.map((each, i) => ({
      ...each,
      // Each sees its own events.
      rules: compileSigma(
        yamlOf(each, `case-${i}`).replaceAll('{ event.action:', `{ ${CASE}: case-${i}, event.action:`),
        'cases.yml',
      ).filter(({ id }) => id === `case-${i}`),
      events: eventsOf(each, START).map(
        (event): Event => ({ ...event, 'event.id': `${i}-${String(event['event.id'])}`, [CASE]: `case-${i}` }),
      ),
    }))
    const end = { '@timestamp': START + HOUR, 'event.id': 'end', 'event.kind': 'event', 'event.action': 'end' }
    const events = [...all.flatMap((each) => each.events), end]
    await store.events.append({ events, offsets: [] }, START + 2 * HOUR)
    await run(
      store,
      all.flatMap((each) => each.rules),
    )
    const { items } = await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 1000 })
    for (const [i, each] of all.entries()) {
      const own = items.filter(({ doc }) => doc['rule.id'] === `case-${i}`)
      expect(
        Object.fromEntries(
          own.map(({ doc }) => [
            doc.group.map(({ value }) => value).join(' '),
            doc.events.map((event) => Number(String(event['event.id']).split('-e')[1])),
          ]),
        ),
        each.name,
      ).toEqual(each.told)
    }
  })
}
