/**
 * Whatever people and the detector do, and wherever a process is killed between two writes, alerts, incidents, journal and
 * chain agree in the end. Held to both stores.
 */
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import type { Event } from '../../../ingest/event.ts'
import { EVERYTHING } from '../../../ingest/store/filter.ts'
import { type Document, type DocumentStore, type Store, type Stored, SYSTEM } from '../../../ingest/store/store.ts'
import type { Alert } from '../../../rules/alert.ts'
import { type Actor, actsOf, type CaseDocument, Refused } from '../../../rules/case/act.ts'
import { compile } from '../../../ingest/store/match.ts'
import { amended, type Exception, except } from '../../../rules/case/exception.ts'
import { concerns, filterOf } from '../../../rules/exceptions.ts'
import { type Cases, decide, newActId } from '../../../rules/case/decide.ts'
import { decideIncident, derive, settle, undo } from '../../../rules/case/derive.ts'
import { examineCases } from '../../../rules/case/examine.ts'
import { heldIncidents } from '../../../rules/case/hold.ts'
import type { Incident } from '../../../rules/case/incident.ts'
import { type Entry, historyOf, journalOf } from '../../../rules/case/journal.ts'
import { divide, gather } from '../../../rules/case/membership.ts'
import type { Wanted } from '../../../rules/case/table.ts'
import { createDetector } from '../../../rules/detect.ts'
import { hiddenBy } from '../../../rules/ledger.ts'
import { compileSigma } from '../../../rules/sigma/compile.ts'
import { breaking, Killed, type Place } from '../stores.ts'

const START = Date.UTC(2026, 4, 14)
const MINUTE = 60_000
const rules = compileSigma(
  `title: Cao
id: high
level: high
vonglau: { group-by: [source.ip], quiet: 10m }
detection: { a: { event.action: probe }, condition: a }
---
title: Nghiêm trọng
id: critical
level: critical
vonglau: { group-by: [source.ip], quiet: 10m }
detection: { a: { event.action: break }, condition: a }
---
title: Kéo dài
id: state
level: high
vonglau: { group-by: [source.ip], quiet: 30d, ends-with: { event.action: up } }
detection: { a: { event.action: down }, condition: a }
`,
  'acts.yml',
)
const PEOPLE: readonly Actor[] = ['an', 'binh', 'hoa'].map((name) => ({ kind: 'person', id: `id-${name}`, name }))

/** Numbers choose: which alert, which incident, which person, what to do. */
export interface Step {
  readonly kind: 'event' | 'alert' | 'incident' | 'exception' | 'undo' | 'scribe'
  readonly who: number
  readonly which: number
  readonly what: number
  readonly stale: boolean
}
const step = fc.record({
  kind: fc.constantFrom<Step['kind']>(
    'event',
    'event',
    'event',
    'alert',
    'alert',
    'incident',
    'incident',
    'exception',
    'exception',
    'undo',
    'scribe',
  ),
  who: fc.nat(2),
  which: fc.nat(1000),
  what: fc.nat(1000),
  stale: fc.boolean(),
})

const pick = <T>(items: readonly T[], n: number): T | undefined => (items.length ? items[n % items.length] : undefined)
const all = async <T extends Document>(documents: DocumentStore, name: string): Promise<Stored<T>[]> => [
  ...(await documents.collection<T>(name).query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })).items,
]

/** One world on a store. `answered` are the acts that somebody was told are done. */
const openWorld = (store: Store, prefix: string, arrivals = START) => {
  let n = 0
  const answered = new Set<string>()
  const casesOn = (documents: DocumentStore): Cases => ({
    documents,
    clock: () => START + 100 * MINUTE + n,
    deadlines: () => ({ critical: 4, high: 24 }),
    numbering: () => ({ code: (id = 'P') => `${prefix}${id}`.toUpperCase(), timezone: 'UTC' }),
  })
  const detect = async (documents: DocumentStore) => {
    const detector = createDetector({ store: { ...store, documents }, cases: casesOn(documents) })
    for (const rule of rules) await detector.run(rule)
  }
  const seenOf = (doc: CaseDocument, stale: boolean) => actsOf(doc) - (stale ? 1 : 0)
  const done = (decided: { ok: boolean; acts?: readonly string[] }) => {
    if (decided.ok) for (const id of decided.acts ?? []) answered.add(id)
  }

  /** What a step does, with these documents. A refusal is an answer too. */
  const perform = async (documents: DocumentStore, { kind, who, which, what, stale }: Step): Promise<void> => {
    const cases = casesOn(documents)
    const actor = PEOPLE[who % PEOPLE.length]!
    n++
    const alerts = () => all<Alert>(documents, 'alerts')
    const incidents = () => all<Incident>(documents, 'incidents')
    const onAlert = async (wanted: Omit<Wanted, 'id'>) => {
      const alert = pick(await alerts(), which)
      if (!alert) return
      const { id } = alert
      const asked = { kind: 'alert', id, seen: seenOf(alert.doc, stale), scope: SYSTEM, actor } as const
      done(await decide(cases, { ...asked, wanted: [{ ...wanted, id: newActId() }] }))
    }
    const onIncident = async (wanted: Omit<Wanted, 'id'>, alone = false) => {
      const incident = pick(await incidents(), which)
      if (!incident) return
      const asked = { id: incident.id, seen: seenOf(incident.doc, stale), scope: SYSTEM, actor }
      done(await decideIncident(cases, asked, [{ ...wanted, id: newActId() }], alone))
    }
    const reason = 'benign' as const
    switch (kind) {
      case 'event': {
        const event: Event = {
          '@timestamp': START + (what % 60) * MINUTE,
          'event.id': `${prefix}-${n}`,
          'event.kind': 'event',
          'event.action': ['probe', 'break', 'down', 'up'][which % 4]!,
          'source.ip': `198.51.100.${which % 2}`,
          ...(what % 3 === 0 ? {} : { 'organization.id': `${prefix}${what % 3}` }),
        }
        await store.events.append({ events: [event], offsets: [] }, arrivals + n * 1000)
        return detect(documents)
      }
      case 'exception': {
        const one = pick(await all<Exception>(documents, 'exceptions'), which)
        const onException = async (wanted: Wanted) => {
          if (!one) return
          const asked = { kind: 'exception', id: one.id, seen: seenOf(one.doc, stale), scope: SYSTEM, actor } as const
          done(await decide(cases, { ...asked, wanted: [wanted] }))
        }
        switch (what % 6) {
          case 0:
            return onException(amended({ kql: `source.ip : 198.51.100.${which % 2}`, rules: [] }))
          case 1:
            return onException(amended({ expires: arrivals + (n + (which % 20)) * 1000 }))
          case 2:
            return onException({ what: 'withdraw', id: newActId() })
          default: {
            const { doc } = await except(
              cases,
              {
                kql: ['source.ip : 198.51.100.0', 'organization.id : *', 'event.kind : event'][which % 3]!,
                rules: what % 2 ? [] : ['high', 'state'],
                groups: [],
                expires: arrivals + (n + 10 + (what % 40)) * 1000,
                owner: actor.name,
                reason: 'quét định kỳ',
                // That of an alert's group, for a short time.
                ...(what % 6 === 5 ? { suppression: true } : {}),
              },
              actor,
            )
            for (const { id } of doc.pending ?? []) answered.add(id)
            return detect(documents)
          }
        }
      }
      case 'scribe':
        return void (await settle(cases))
      case 'alert':
        switch (what % 8) {
          case 0:
            return onAlert({ what: 'acknowledge' })
          case 1:
            return onAlert({ what: 'assign', assignee: 'binh' })
          case 2:
            return onAlert({ what: 'close', reason })
          case 3:
            return onAlert({ what: 'reopen' })
          case 4:
            return onAlert({ what: 'note', text: 'xem' })
          case 5:
            return onAlert({ what: 'leave' })
          default: {
            const chosen = (await alerts()).filter(({ doc }) => doc['alert.status'] !== 'absorbed')
            const alert = pick(chosen, which)
            if (!alert) return
            const into = what % 8 === 6 ? undefined : pick(await incidents(), what)
            return void (await gather(cases, [alert], actor, { into }))
          }
        }
      case 'incident':
        switch (what % 10) {
          case 0:
            return onIncident({ what: 'start' })
          case 9:
            return onIncident({ what: n % 2 ? 'hold' : 'release' })
          case 1:
            return onIncident({ what: 'close', reason })
          case 2:
            return onIncident({ what: 'close', reason }, true)
          case 3:
            return onIncident({ what: 'reopen', to: 'in_progress' })
          case 4:
            return onIncident({ what: 'level', level: 'low' })
          case 5:
            return onIncident({ what: 'title', title: `Tên ${n}` })
          case 6:
            return onIncident({ what: 'deadline', due: START + n })
          case 7: {
            const open = (await incidents()).filter(({ doc }) => doc['incident.status'] !== 'closed')
            const [from, into] = [pick(open, which), pick(open, which + 1)]
            if (!from || !into || from.id === into.id || from.doc['organization.id'] !== into.doc['organization.id'])
              return
            const asked = { id: from.id, seen: seenOf(from.doc, stale), scope: SYSTEM, actor }
            return done(await decideIncident(cases, asked, [{ what: 'merge', id: newActId(), into: into.id }]))
          }
          default: {
            const from = pick(await incidents(), which)
            const members = (await alerts()).filter(({ doc }) => doc['alert.incident'] === from?.id)
            if (!from || members.length < 2) return
            const made = await divide(cases, from, members.slice(0, 1), actor)
            return derive(cases, made.id)
          }
        }
      case 'undo': {
        const documentsOf = [
          ...(await alerts()).map((each) => ({ kind: 'alert' as const, ...each })),
          ...(await incidents()).map((each) => ({ kind: 'incident' as const, ...each })),
          ...(await all<Exception>(documents, 'exceptions')).map((each) => ({ kind: 'exception' as const, ...each })),
        ].filter(({ doc }) => actsOf(doc as CaseDocument) > 0)
        const one = pick(documentsOf, which)
        const act = one && pick(await historyOf(documents, one.id, one.doc as CaseDocument), what)
        if (!one || !act) return
        return done(await undo(cases, { kind: one.kind, id: one.id, scope: SYSTEM, actor }, act.id))
      }
    }
  }

  /** After whatever happened: a process runs the rules, and the scribe its rounds, undisturbed. */
  const recover = async () => {
    await detect(store.documents)
    await settle(casesOn(store.documents))
    await settle(casesOn(store.documents))
  }
  return { prefix, perform, recover, answered, cases: casesOn(store.documents), detect }
}
type World = ReturnType<typeof openWorld>

const attempt = async (work: () => Promise<void>): Promise<boolean> => {
  try {
    await work()
    return false
  } catch (error) {
    if (error instanceof Killed) return true
    if (error instanceof Refused) return false
    throw error
  }
}

/** Fields that only acts change: what the journal tells of them is what stands in the document. */
const ACTED =
  /^(alert\.(status|assignee|incident|reason)|incident_number|incident\.(status|assignee|reason|closed|level|due|held|merged_into)|exception\..*|title|tasks)$/

/** By the definition: what an exception names while it is in force is told of nowhere, and each that is hidden is counted once. */
const nothingExcepted = async (store: Store, prefix: string, alerts: readonly Stored<Alert>[]): Promise<void> => {
  const spans = (await all<Exception>(store.documents, 'exceptions')).flatMap(({ id, doc }) =>
    (doc.spans ?? []).map((span) => ({ id, span, match: compile(filterOf(span)) })),
  )
  const events: Event[] = []
  // On a cluster there are those of the worlds before, too.
  for await (const some of store.events.match(SYSTEM, { filter: EVERYTHING }))
    events.push(...some.filter((event) => String(event['event.id']).startsWith(`${prefix}-`)))
  const hidden = new Map<string, number>()
  for (const rule of rules) {
    const [holds, ends] = [compile(rule.filter), rule.endsWith ? compile(rule.endsWith) : () => false]
    let told = 0
    for (const event of events) {
      if (!holds(event) || ends(event)) continue
      const came = Number(event['event.ingested'])
      const by = new Set(
        spans.flatMap(({ id, span, match }) =>
          concerns(span, rule) && came > span.from && came <= Math.min(span.until ?? came, span.expires) && match(event)
            ? [id]
            : [],
        ),
      )
      for (const id of by) hidden.set(id, (hidden.get(id) ?? 0) + 1)
      if (by.size === 0) told++
    }
    const counted = alerts.filter(({ doc }) => doc['rule.id'] === rule.id && doc['alert.status'] !== 'absorbed')
    if (!rule.endsWith)
      expect([rule.id, counted.reduce((sum, { doc }) => sum + doc['alert.count'], 0)]).toEqual([rule.id, told])
    else if (told === 0) expect(counted).toEqual([])
  }
  expect(
    Object.fromEntries(
      Object.entries(await hiddenBy(store.documents)).flatMap(([id, { count }]) =>
        spans.some((span) => span.id === id) ? [[id, count]] : [],
      ),
    ),
  ).toEqual(Object.fromEntries(hidden))
  excepted += hidden.size
}
/** Exceptions that have hidden something, over all runs. */
let excepted = 0

const consistent = async (store: Store, { prefix, cases, answered }: World): Promise<void> => {
  expect((await examineCases(cases)).filter(({ ok }) => !ok)).toEqual([])
  const entries = (await all<Entry>(store.documents, 'journal')).sort((a, b) => a.doc['journal.n'] - b.doc['journal.n'])
  expect(new Set(entries.map(({ doc }) => doc['journal.act'])).size).toBe(entries.length)
  const known = new Set(entries.map(({ doc }) => doc['journal.act']))
  expect([...answered].filter((id) => !known.has(id))).toEqual([])
  const incidents = new Map((await all<Incident>(store.documents, 'incidents')).map(({ id, doc }) => [id, doc]))
  const alerts = await all<Alert>(store.documents, 'alerts')
  const ofObject = Map.groupBy(entries, ({ doc }) => doc['journal.object'])
  for (const { id, doc } of [
    ...alerts,
    ...[...incidents].map(([id, doc]) => ({ id, doc })),
    ...(await all<Exception>(store.documents, 'exceptions')),
  ] as Stored<CaseDocument>[]) {
    expect([id, doc['case.pending'], doc['case.todo']]).toEqual([id, undefined, undefined])
    const told = ofObject.get(id) ?? []
    expect([id, actsOf(doc)]).toEqual([id, told.length])
    const state = new Map<string, unknown>()
    for (const {
      doc: { act },
    } of told)
      for (const [field, { from, to }] of Object.entries(act.changes)) {
        if (!ACTED.test(field)) continue
        if (state.has(field)) expect([id, field, act.what, from]).toEqual([id, field, act.what, state.get(field)])
        state.set(field, to)
      }
    for (const [field, value] of state) expect([id, field, doc[field]]).toEqual([id, field, value])
  }
  for (const { id, doc } of alerts) {
    if (doc['alert.incident'] === undefined) continue
    const incident = incidents.get(doc['alert.incident'])
    expect([id, incident?.['organization.id'], incident?.['incident.number']]).toEqual([
      id,
      doc['organization.id'],
      doc.incident_number,
    ])
  }
  const held = [...incidents].flatMap(([id, doc]) => (doc['incident.held'] ? [id] : [])).sort()
  expect((await heldIncidents(store.documents, rules)).map(({ id }) => id).sort()).toEqual(held)
  await nothingExcepted(store, prefix, alerts)
  const numbers = [...incidents.values()].map((doc) => doc['incident.number'])
  expect(new Set(numbers).size).toBe(numbers.length)
}

/** Two agencies' alerts, incidents that are closed with them, merged, divided, undone, by several people. */
const SCENARIO: readonly Step[] = (
  [
    ['event', 0, 0, 1],
    ['event', 0, 1, 1],
    ['event', 0, 2, 1],
    ['event', 0, 4, 2],
    ['event', 0, 0, 31],
    ['exception', 1, 0, 3],
    ['event', 0, 4, 5],
    ['exception', 2, 0, 0],
    ['event', 0, 5, 9],
    ['alert', 0, 0, 0],
    ['incident', 1, 0, 4],
    ['event', 0, 1, 4],
    ['incident', 2, 0, 1],
    ['undo', 2, 9, 4],
    ['event', 0, 3, 7],
    ['alert', 1, 0, 6],
    ['scribe', 0, 0, 0],
    ['incident', 0, 0, 8],
    ['incident', 0, 0, 7],
    ['undo', 1, 5, 3],
    ['event', 0, 0, 16],
    ['alert', 2, 2, 5],
    ['incident', 0, 1, 1],
    ['exception', 0, 0, 2],
    ['event', 0, 8, 10],
    ['scribe', 0, 0, 0],
  ] as const
).map(([kind, who, which, what]) => ({ kind, who, which, what, stale: false }))

export interface Size {
  /** Random sequences, and the steps of each. */
  readonly runs: number
  readonly steps: number
  /** Every n-th kill of the scenario is tried, begun at random. */
  readonly every: number
  /** A place for each run, or one for all. */
  readonly shared: boolean
}

export const actsSuite = (name: string, place: () => Place, { runs, steps, every, shared }: Size): void => {
  // Another file of the same process may have counted before.
  beforeAll(() => {
    excepted = 0
  })
  let worlds = 0
  let common: Place | undefined
  let opened: Promise<Store> | undefined
  const inWorld = async (work: (store: Store, world: World) => Promise<void>): Promise<void> => {
    const own = shared ? (common ??= place()) : place()
    try {
      const store = await (shared ? (opened ??= own.open()) : own.open())
      if (shared && worlds > 0) await empty(store)
      await work(store, openWorld(store, `w${worlds}`, START + worlds++ * 3_600_000))
    } finally {
      if (!shared) await own.remove()
    }
  }
  /** One store for all: what one world left must not stand in the next. */
  const empty = async (store: Store) => {
    for (const collection of ['alerts', 'incidents', 'exceptions', 'journal', 'audit'])
      await Promise.all(
        (await all(store.documents, collection)).map(({ id }) =>
          store.documents.collection(collection).delete(id, 'any'),
        ),
      )
  }

  test(`${name}: any sequence of acts, with conflicts and kills`, { timeout: 1_200_000 }, async () => {
    let kills = 0
    let refused = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(step, fc.option(fc.nat(9), { freq: 3 })), { minLength: steps / 2, maxLength: steps }),
        async (list) => {
          await inWorld(async (store, world) => {
            for (const [each, left] of list) {
              const documents = left === null ? store.documents : breaking(store.documents, left)
              if (await attempt(() => world.perform(documents, each))) kills++
              else if (each.stale) refused++
            }
            await world.recover()
            await consistent(store, world)
          })
        },
      ),
      { numRuns: runs, seed: 20_261_126, endOnFailure: true },
    )
    expect(kills).toBeGreaterThan(runs / 2)
    expect(refused).toBeGreaterThan(0)
    // Few sequences, as on a cluster, may hold none that names an event that came.
    if (runs > 10) expect(excepted).toBeGreaterThan(0)
  })

  test(`${name}: a store that stops at the n-th write, n counted through`, { timeout: 1_200_000 }, async () => {
    // Another one of the first few each time, so that in the end every kill is tried.
    let n = Math.floor(Math.random() * every)
    let killed = true
    for (; killed; n += every) {
      killed = false
      await inWorld(async (store, world) => {
        // The write is counted over all the steps; who comes after the kill begins anew.
        let documents = breaking(store.documents, n)
        for (const each of SCENARIO) {
          if (!(await attempt(() => world.perform(documents, each)))) continue
          killed = true
          documents = store.documents
        }
        await world.recover()
        await consistent(store, world)
      }).catch((error: unknown) => {
        throw new Error(`killed before write ${n + 1}`, { cause: error })
      })
    }
    expect(n).toBeGreaterThan(60)
    expect(excepted).toBeGreaterThan(0)
    await common?.remove()
    common = undefined
    opened = undefined
  })

  test(`${name}: a changed or missing entry shows where the chain is broken`, async () => {
    const own = place()
    try {
      const store = await own.open()
      const world = openWorld(store, 'chain')
      for (const each of SCENARIO.slice(0, 9)) await attempt(() => world.perform(store.documents, each))
      await world.recover()
      const journal = journalOf(store.documents)
      const entries = (await all<Entry>(store.documents, 'journal')).sort(
        (a, b) => a.doc['journal.n'] - b.doc['journal.n'],
      )
      expect(entries.length).toBeGreaterThan(6)
      const found = async () => (await examineCases(world.cases)).filter(({ ok }) => !ok).map(({ what }) => what)
      expect(await found()).toEqual([])
      const third = entries[2]!
      const put = (doc: Entry) => journal.put([{ id: third.id, doc, version: 'any' }])
      await put({ ...third.doc, 'journal.by': 'hoa' })
      expect(await found()).toEqual([expect.stringMatching(/^the journal is broken at entry 3: entry 3 was changed/)])
      await journal.delete(third.id, 'any')
      expect(await found()).toEqual([expect.stringMatching(/^the journal is broken at entry 3: entry 3 is missing/)])
      await put(third.doc)
      expect(await found()).toEqual([])
    } finally {
      await own.remove()
    }
  })
}
