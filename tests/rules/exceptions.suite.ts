/**
 * Exceptions and suppression on a real store: what an exception names while it is in force makes no alert and is counted by no
 * correlation, of the rule itself or of one that it is about; what came before and comes after is told of as always.
 */
import { expect, test } from 'vitest'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { type Store, SYSTEM } from '../../ingest/store/store.ts'
import type { Actor } from '../../rules/case/act.ts'
import { alertsIn, decide, exceptionsIn, newActId } from '../../rules/case/decide.ts'
import { amended, except, type Said } from '../../rules/case/exception.ts'
import { hiddenBy } from '../../rules/ledger.ts'
import { compileSigma } from '../../rules/sigma/compile.ts'
import { type Place, plainCases, runRules } from './stores.ts'

const MINUTE = 60_000
const START = Date.UTC(2026, 4, 14)
const base = (name: string) =>
  `name: ${name}\ntitle: ${name}\nid: ${name}\nlevel: low\ndetection: { s: { event.action: ${name} }, condition: s }\n`
const rules = [
  ...compileSigma(
    [
      base('fail'),
      base('login'),
      'title: a\nid: many\nlevel: medium\ncorrelation: { type: event_count, rules: [fail], group-by: [source.ip], timespan: 10m, condition: { gte: 3 }, generate: true }\n',
      'title: b\nid: without\nlevel: medium\ncorrelation: { type: temporal, rules: [login, fail], group-by: [source.ip], timespan: 5m, condition: login and not fail, generate: true }\n',
      'title: c\nid: together\nlevel: medium\nvonglau: { suppress: { by: [source.ip], for: 2h } }\ncorrelation: { type: event_count, rules: [fail], group-by: [source.ip, user.name], timespan: 10m, condition: { gte: 2 }, generate: true }\n',
    ].join('---\n'),
    'rules/catalog/access/a.yml',
  ),
  ...compileSigma(
    'title: d\nid: probe\nlevel: low\nvonglau: { suppress: { by: [source.ip], for: 1h }, group-by: [source.ip, url.path] }\ndetection: { s: { event.action: probe }, condition: s }\n',
    'rules/catalog/web/probe.yml',
  ),
]
const AN: Actor = { kind: 'person', id: 'an', name: 'an' }

export const exceptionsSuite = (name: string, open: () => Place): void => {
  test(`${name}: exceptions and suppression, of single events and correlations`, { timeout: 120_000 }, async () => {
    const place = open()
    try {
      const store = await place.open()
      await scenario(store)
    } finally {
      await place.remove()
    }
  })
}

const scenario = async (store: Store): Promise<void> => {
  let now = START
  let n = 0
  const cases = {
    documents: store.documents,
    ...plainCases(() => now),
  }
  const run = () => runRules(store, rules, () => now)
  const event = (minute: number, action: string, ip: string, more: Event = {}): Event => ({
    '@timestamp': START + minute * MINUTE,
    'event.id': `e${String(n++).padStart(4, '0')}`,
    'event.kind': 'event',
    'event.action': action,
    'source.ip': ip,
    'user.name': 'an',
    'vonglau.source.id': 'fw',
    'organization.id': 'so-y-te',
    ...more,
  })
  const take = async (events: readonly Event[]) => {
    now += MINUTE
    await store.events.append({ events, offsets: [] }, now)
    await run()
  }
  const told = async () =>
    (await alertsIn(store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 1000 })).items
      .map(({ doc }) => `${doc['rule.id']} ${doc.group.map(({ value }) => value).join(',')} ${doc['alert.count']}`)
      .sort()
  const said = (more: Partial<Said>): Said => ({
    kql: 'source.ip : 198.51.100.1',
    rules: [],
    groups: [],
    expires: START + 60 * MINUTE,
    owner: 'an',
    reason: 'máy quét của Trung tâm',
    ...more,
  })
  const twice = (minute: number, ...actions: string[]) =>
    ['198.51.100.1', '198.51.100.2'].flatMap((ip) => actions.map((action, i) => event(minute + i / 10, action, ip)))

  // Two of three came before: those are counted on.
  await take(twice(0, 'fail', 'fail', 'probe'))
  expect(await told()).toEqual([
    'fail 198.51.100.1 2',
    'fail 198.51.100.2 2',
    'probe 198.51.100.1 1',
    'probe 198.51.100.2 1',
    'together 198.51.100.1 2',
    'together 198.51.100.2 2',
  ])
  // Of a rule that correlations are about, of a group of the catalog, and of what correlations wait for.
  const { id: ofFail } = await except(cases, said({ rules: ['fail'] }), AN)
  const { id: ofGroup } = await except(cases, said({ kql: 'source.ip : 198.51.100.2', groups: ['web'] }), AN)
  await run()
  // A suppression sums up what differs in other fields; of an excepted one nothing is added.
  const others = (ip: string) => [
    event(1, 'fail', ip, { 'user.name': 'binh' }),
    event(1.1, 'fail', ip, { 'user.name': 'binh' }),
    event(1.2, 'probe', ip, { 'url.path': '/b' }),
  ]
  await take([...twice(1, 'fail'), ...others('198.51.100.1'), ...others('198.51.100.2')])
  expect(await told()).toEqual([
    'fail 198.51.100.1 2',
    'fail 198.51.100.2 5',
    'many 198.51.100.2 5',
    'probe 198.51.100.1 2',
    'probe 198.51.100.2 1',
    'together 198.51.100.1 2',
    'together 198.51.100.2 5',
  ])
  // Each by itself: "fail", and the correlations over it.
  const hits = await hiddenBy(store.documents)
  expect([hits[ofFail]?.count, hits[ofGroup]?.count]).toEqual([3 + 3 * 3, 1])
  expect(hits[ofFail]?.last).toBe(START + Math.round(1.1 * MINUTE))
  // What a hidden event would have undone: it does not, for it is as if it had not come.
  now = START + 50 * MINUTE
  await take([...twice(20, 'fail'), ...twice(21, 'login'), event(40, 'end', '198.51.100.9')])
  expect((await told()).filter((line) => line.startsWith('without'))).toEqual(['without 198.51.100.1 1'])
  // Amended, withdrawn, expired: from then on.
  const asked = { scope: SYSTEM, actor: AN, kind: 'exception' as const }
  await decide(cases, { ...asked, id: ofGroup, wanted: [amended({ kql: 'source.ip : 198.51.100.1' })] })
  await decide(cases, { ...asked, id: ofFail, wanted: [{ what: 'withdraw', id: newActId() }] })
  await run()
  await take([...twice(41, 'probe'), event(41, 'fail', '198.51.100.1')])
  const probes = async () => (await told()).filter((line) => /^(probe|fail) 198.51.100.1 /.test(line))
  expect(await probes()).toEqual(['fail 198.51.100.1 3', 'probe 198.51.100.1 2'])
  now = START + 61 * MINUTE
  await take([event(61, 'probe', '198.51.100.1')])
  expect(await probes()).toEqual(['fail 198.51.100.1 3', 'probe 198.51.100.1 3'])
  const { doc } = (await exceptionsIn(store.documents).get(SYSTEM, ofGroup))!
  expect([doc['exception.status'], doc.spans?.length, doc.spans?.every(({ until }) => until !== undefined)]).toEqual([
    'ended',
    2,
    true,
  ])
}
