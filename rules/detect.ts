/**
 * A run of a rule: what was ingested in (from, to] becomes alerts and incidents. The ledger says how far a rule has come; a
 * run that broke off is run again over the same interval, and alerts say what they have counted, so it adds nothing.
 */
import { type Lost, lostDays } from '../ingest/store/lost.ts'
import { type DocumentStore, type Put, type PutResult, type Store, type Stored, SYSTEM } from '../ingest/store/store.ts'
import type { Cases } from './case/decide.ts'
import { openBackfills } from './backfill.ts'
import { openBehind } from './behind.ts'
import { type Decided, decide, openDeciding } from './deciding.ts'
import { correlated } from './matching.ts'
import { mergeGroups } from './many.ts'
import { mergeEach, whatEnds } from './merge.ts'
import {
  type Exceptions,
  exceptionsNow,
  type Guard,
  type HitsById,
  mergeHits,
  noExceptions,
  openExceptions,
  type Tally,
} from './exceptions.ts'
import { LIVE, type Reach } from './lane.ts'
import type { LedgerEntry } from './ledger.ts'
import { openOwed, owedHidden } from './owed.ts'
import { openFirsts } from './first-seen.ts'
import { openTerms } from './new-terms.ts'
import { openPatient } from './patient.ts'
import { openPasses, type Pass } from './pass.ts'
import { type Rule, severityOf } from './rule.ts'
import { labelOf } from './ruleset.ts'

/** Runs that are kept to be shown: those that matched or failed. */
const RECENT = 20
/** ms: so much of the work of rules that found nothing is done again at most, after a kill. */
const SAVE = 1000

export interface Detector {
  /** Runs a rule over everything committed since it last ran. Rejects where it failed. */
  run(rule: Rule): Promise<void>
  /**
   * Runs each, until `stopped` says so; `report` is told of every rule, with the reason where it failed. Rejects with what
   * is no rule's fault: the ledger, or how far the store is committed, cannot be read. `patience`: ms after which what is
   * left to write waits for the next call; without, everything is done. `due`: those whose turn it is; events with long texts
   * are judged for all.
   */
  runAll(
    rules: readonly Rule[],
    report: (rule: Rule, error?: string) => void,
    stopped?: () => boolean,
    patience?: number,
    due?: readonly Rule[],
  ): Promise<void>
  /** When a rule ran last, by the clock of then. */
  ranAt(rule: Rule): Promise<number | undefined>
  /** Events that wait to be judged, and rules that are set aside for such events with how many they were too slow on. */
  readonly owed: { waiting(): number; aside(): ReadonlyMap<string, number>; given(): number }
  close(): Promise<void>
}

export interface DetectOptions {
  readonly store: Store
  /** What it decides, with the documents of its lease. */
  readonly cases: Omit<Cases, 'documents'>
  /** Of exceptions that somebody wrote to whom parts of events are masked. */
  readonly guard?: Guard
  /** ms for which it is not asked again up to where a rule's events have come, which is decided by; absent: with each run. */
  readonly rest?: number
}

/** ms of one rule's writing while others wait. */
const TURN = 500

/** A run of a rule that has something to write. */
interface Work {
  readonly rule: Rule
  readonly from: number
  readonly to: number
  readonly mark: number | undefined
  ms: number
  matched: number
  steps?: AsyncGenerator<void>
  decided?: Decided | undefined
  hidden?: Tally
}

/** A rule, and the ingest time that it is to go over. */
interface Due {
  readonly rule: Rule
  readonly from: number
  readonly to: number
  /** A run over just this has begun to write. */
  readonly begun: boolean
  /** Up to where that run said that its events have come. */
  readonly mark: number | undefined
}

export const createDetector = ({ store, cases: facts, guard, rest = 0 }: DetectOptions): Detector => {
  const cases: Cases = { ...facts, documents: store.documents }
  const { clock } = cases
  const ledger = store.documents.collection<LedgerEntry>('ledger')
  const exceptions = openExceptions(store.documents, clock, guard)
  let inForce: Exceptions = noExceptions
  /** What is committed by now was judged without what people changed since the last run. */
  const lookAtExceptions = async (): Promise<void> => {
    inForce = await exceptions.refresh(await store.events.committed())
  }
  const passes = openPasses(store, () => inForce)
  const patient = openPatient()
  const owed = openOwed(store, patient, () => inForce)
  const terms = openTerms(store)
  const firsts = openFirsts(store)
  const deciding = openDeciding(store, owed, rest)
  const coveredOf = async ({ id }: Rule) => (works.has(id) ? undefined : ((await entryOf(id))?.doc.covered ?? 0))
  const behind = openBehind(store, cases, passes, owed, () => inForce, coveredOf, terms)
  const backfills = openBackfills(
    store,
    cases,
    () => exceptionsNow(store.documents, guard),
    async (rule) => {
      const covered = await coveredOf(rule)
      return covered === undefined ? undefined : { ...(await owed.reach()), [LIVE]: covered }
    },
  )
  /** One process writes the ledger: what it wrote it knows. */
  const entries = new Map<string, Stored<LedgerEntry> | undefined>()
  const entryOf = async (id: string): Promise<Stored<LedgerEntry> | undefined> => {
    if (!entries.has(id)) entries.set(id, await ledger.get(SYSTEM, id))
    return entries.get(id)
  }
  const wrote = (put: Put<LedgerEntry>, result: PutResult | undefined): boolean => {
    if (result?.ok) entries.set(put.id, { id: put.id, doc: put.doc, version: result.version, seq: 0 })
    else entries.delete(put.id)
    return result?.ok ?? false
  }

  let known: readonly Lost[] | undefined
  /** Days are lost when a store is opened, never while it is open. */
  const loss = async (): Promise<{ lost: readonly Lost[]; oldest: number; damaged: boolean }> => {
    const lost = (known ??= await lostDays(store.documents))
    if (lost.length === 0) return { lost, oldest: 0, damaged: false }
    const days = await store.events.days()
    return {
      lost,
      oldest: Math.min(...days.map(({ day }) => Date.parse(day))),
      damaged: days.some(({ problem }) => problem !== undefined),
    }
  }

  /** What rules have begun to write and not finished: the others have their turn in between. */
  const works = new Map<string, Work>()
  const save = async (id: string, doc: LedgerEntry): Promise<void> => {
    const put = { id, doc, version: (await entryOf(id))?.version ?? null }
    const [result] = await ledger.put([put])
    if (!wrote(put, result)) throw new Error(`another process runs rule ${id}`)
  }
  const ended = (work: Work, doc: LedgerEntry = { covered: 0 }, error?: string): LedgerEntry => {
    const { from, to, matched } = work
    const last = { at: clock(), from, to, ms: Math.round(work.ms), matched, ...(error ? { error } : {}) }
    const recent = matched > 0 || error ? [last, ...(doc.recent ?? [])].slice(0, RECENT) : doc.recent
    const version = labelOf(work.rule)
    const decided = error ? doc.decided : (work.decided ?? doc.decided)
    const excepted = error ? doc.excepted : (work.hidden?.onto(doc.excepted) ?? doc.excepted)
    return {
      covered: error ? doc.covered : to,
      version,
      since: doc.version === version ? (doc.since ?? from) : from,
      last,
      ...(decided && work.rule.lateness !== undefined ? { decided } : {}),
      ...(recent ? { recent } : {}),
      ...(excepted ? { excepted } : {}),
      ...(error && doc.running ? { running: doc.running } : {}),
    }
  }
  const fail = async (work: Work, error: unknown): Promise<never> => {
    const { id } = work.rule
    works.delete(id)
    const reason = error instanceof Error ? error.message : String(error)
    await (async () => save(id, ended({ ...work, matched: 0 }, (await entryOf(id))?.doc, reason)))().catch(() => {})
    throw error
  }

  /** Looks at what a pass has for a rule. `later` collects the ledger's entries of those that have nothing: they are written together. */
  const begin = async (work: Work, pass: Pass | Error, later: Put<LedgerEntry>[], committed: number): Promise<void> => {
    const { rule, from, to } = work
    const began = performance.now()
    try {
      if (pass instanceof Error) throw pass
      const reach: Reach = { ...(await owed.reach()), [LIVE]: to }
      const found = await terms.only(rule, pass.of(rule))
      work.hidden = pass.hidden(rule)
      const entry = await entryOf(rule.id)
      let mark: number | undefined
      let groups = found
      if (rule.correlation && rule.lateness === undefined)
        groups = await correlated(store, passes, rule, { lane: LIVE, from, reach }, found)
      else if (rule.correlation) {
        // While more is stored than this pass goes over, nothing is decided: the stretch is not whole.
        mark = work.mark ?? (to < committed ? Number.NEGATIVE_INFINITY : await deciding.mark(rule, to))
        const stretch = { from, to, mark, reach }
        ;({ groups, decided: work.decided } = await decide(
          { store, passes, firsts },
          rule,
          stretch,
          found,
          entry?.doc.decided,
        ))
      }
      const affected = rule.endsWith ? await whatEnds(cases, rule, groups) : new Map()
      work.ms += performance.now() - began
      if (groups.size === 0) {
        later.push({ id: rule.id, doc: ended(work, entry?.doc), version: entry?.version ?? null })
        return
      }
      // From here on a run that breaks off is run again over the same interval.
      if (!entry?.doc.running)
        await save(rule.id, {
          ...(entry?.doc ?? { covered: 0 }),
          running: { from, to, ...(mark === undefined ? {} : { mark }) },
        })
      for (const { moments } of groups.values()) work.matched += moments.length
      const merging = { store, cases, exceptions: inForce, lane: LIVE, reach, ...(await loss()) }
      work.steps =
        rule.endsWith || merging.lost.length > 0
          ? mergeEach(merging, rule, groups, affected, to)
          : mergeGroups(merging, rule, groups, to)
      works.set(rule.id, work)
    } catch (error) {
      await fail(work, error)
    }
  }
  /** Goes on for so many ms, and over a piece of work at least. Answers whether all is written. */
  const goOn = async (work: Work, patience: number): Promise<boolean> => {
    const began = performance.now()
    try {
      for (;;) {
        const { done } = await work.steps!.next()
        const ms = performance.now() - began
        if (!done && ms < patience) continue
        work.ms += ms
        if (!done) return false
        break
      }
      works.delete(work.rule.id)
      await save(work.rule.id, ended(work, (await entryOf(work.rule.id))?.doc))
      return true
    } catch (error) {
      return fail(work, error)
    }
  }

  /** Rules that have the same to go over share what is read of it; the most severe first. */
  const windows = async (rules: readonly Rule[], committed: number): Promise<readonly Due[][]> => {
    const out = new Map<string, Due[]>()
    for (const rule of rules.toSorted((a, b) => severityOf(b.level) - severityOf(a.level))) {
      const doc = (await entryOf(rule.id))?.doc
      const from = doc?.running?.from ?? doc?.covered ?? 0
      const to = doc?.running?.to ?? committed
      if (to <= from) continue
      const key = `${from} ${to}`
      out.set(key, [
        ...(out.get(key) ?? []),
        { rule, from, to, begun: doc?.running !== undefined, mark: doc?.running?.mark },
      ])
    }
    return [...out.values()]
  }

  const runThese = async (
    rules: readonly Rule[],
    report: (rule: Rule, error?: unknown) => void,
    stopped: () => boolean,
    patience = Number.POSITIVE_INFINITY,
  ): Promise<void> => {
    const committed = await store.events.committed()
    const later: Put<LedgerEntry>[] = []
    const flush = async () => {
      const some = later.splice(0)
      if (some.length === 0) return
      for (const [i, result] of (await ledger.put(some)).entries()) {
        const rule = rules.find(({ id }) => id === some[i]!.id)
        if (!wrote(some[i]!, result) && rule) report(rule, new Error(`another process runs rule ${rule.id}`))
      }
    }
    const began = performance.now()
    let saved = began
    /** What it writes has its turn; false where more is left, or it failed. */
    const turn = async (work: Work): Promise<boolean> => {
      try {
        const done = await goOn(work, Math.min(patience, TURN))
        if (done) report(work.rule)
        return done
      } catch (error) {
        report(work.rule, error)
        return false
      }
    }
    // What is too much for one pass is gone through in several; a rule that fails is tried again by the next run.
    for (let left = rules.filter(({ id }) => !works.has(id)); left.length > 0 && !stopped(); ) {
      const due = await windows(left, committed)
      left = []
      for (const those of due) {
        const { from, to: until } = those[0]!
        let pass: Pass | Error
        try {
          const over = those.map(({ rule }) => rule)
          pass = await passes.pass(
            from,
            until,
            over,
            those.some(({ begun }) => begun),
          )
        } catch (error) {
          pass = error instanceof Error ? error : new Error(String(error))
        }
        const to = pass instanceof Error ? until : pass.to
        for (const { rule, mark } of those) {
          if (stopped()) break
          try {
            const work: Work = { rule, from, to, mark, ms: 0, matched: 0 }
            await begin(work, pass, later, committed)
            if (!works.has(rule.id)) report(rule)
            if ((!works.has(rule.id) || (await turn(work))) && to < committed) left.push(rule)
          } catch (error) {
            report(rule, error)
          }
          if (performance.now() - saved < SAVE) continue
          await flush()
          saved = performance.now()
        }
      }
      await flush()
      if (performance.now() - began > patience) break
    }
    // What is begun goes on in turns.
    for (let open = true; open && !stopped(); ) {
      open = false
      for (const { id } of rules) {
        const work = works.get(id)
        if (!work || stopped()) continue
        const done = await turn(work)
        if (performance.now() - began > patience) return
        if (works.has(id)) open = true
        else if (done && work.to < committed) await runThese([work.rule], report, stopped, patience)
      }
    }
  }

  return {
    run: async (rule) => {
      let failure: unknown
      await lookAtExceptions()
      await runThese(
        [rule],
        (_, error) => {
          failure = error
        },
        () => false,
      )
      if (failure !== undefined) throw failure
    },
    runAll: async (rules, report, stopped = () => false, patience = Number.POSITIVE_INFINITY, due = rules) => {
      await lookAtExceptions()
      // Where that fails the rules go on all the same; it is tried again behind them, and then told.
      await behind.mend(rules).catch(() => {})
      await runThese(
        due,
        (rule, error) => {
          if (error === undefined) report(rule)
          else report(rule, error instanceof Error ? error.message : String(error))
        },
        stopped,
        patience,
      )
      if (!stopped()) await behind.go(rules, await store.events.committed(), stopped, patience)
      await backfills.go(rules, stopped)
    },
    ranAt: async ({ id }) => (await entryOf(id))?.doc.last?.at,
    owed: { waiting: owed.waiting, aside: patient.aside, given: patient.given },
    close: patient.close,
  }
}
