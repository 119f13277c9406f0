/**
 * Judges one event after the other in a thread that can be ended: a rule has so much time for an event, an event has so much
 * for all rules. A rule that takes too long again and again is set aside for an hour, for such events only, and it is said.
 */
import { Worker } from 'node:worker_threads'
import type { Event } from '../ingest/event.ts'
import type { SlowInput, SlowQuestion } from './engine/slow.ts'
import type { Rule } from './rule.ts'
import { labelOf, partsOf } from './ruleset.ts'

/** ms: for all rules together; then for each by itself, and for all of these. */
const TOGETHER = 2000
const EACH = 1000
const ALL = 10_000
/** Events on which a rule may be too slow before it is set aside, and for how long. */
const OFTEN = 3
const ASIDE = 3_600_000

export interface Patient {
  /** The rules that the event meets, by their places in the list, and which of their parts. */
  judge(
    rules: readonly Rule[],
    event: Event,
  ): Promise<readonly { readonly place: number; readonly parts: readonly number[] }[]>
  /** Rules that are set aside, with the number of events that they were too slow on. */
  aside(): ReadonlyMap<string, number>
  /** Events that some rule was not asked of, for want of time. */
  readonly given: () => number
  close(): Promise<void>
}

/** The filters of the rules, one after the other. */
const asked = (rules: readonly Rule[]) =>
  rules.flatMap((rule) => partsOf(rule).map(({ filter }, part) => ({ rule, part, filter })))

/** `monotonic`: ms. */
export const openPatient = (monotonic = () => performance.now()): Patient => {
  let thread: { readonly worker: Worker; readonly at: Int32Array; readonly key: string } | undefined
  const slow = new Map<string, { events: number; since: number }>()
  let given = 0
  const end = async () => {
    const old = thread
    thread = undefined
    await old?.worker.terminate()
  }
  const isAside = (rule: Rule): boolean => {
    const known = slow.get(rule.id)
    if (!known) return false
    if (monotonic() - known.since > ASIDE) slow.delete(rule.id)
    return slow.has(rule.id) && known.events >= OFTEN
  }
  /** What comes until the answer is whole, or nothing has moved for so long. */
  const ask = (question: SlowQuestion | undefined, still: number, whole: number) =>
    new Promise<{ met: number[]; done: boolean; at: number }>((resolve, reject) => {
      const { worker, at } = thread!
      const met: number[] = []
      const began = monotonic()
      let [seen, since] = [Atomics.load(at, 0), began]
      const timer = setInterval(() => {
        const now = Atomics.load(at, 0)
        if (now !== seen) [seen, since] = [now, monotonic()]
        if (monotonic() - since > still || monotonic() - began > whole) finish(false)
      }, 50)
      const finish = (done: boolean, error?: Error) => {
        clearInterval(timer)
        worker.off('message', take).off('error', fail).off('exit', gone)
        if (error) reject(error)
        else resolve({ met, done, at: Atomics.load(at, 1) })
      }
      const take = (answer: { met: readonly number[]; done: boolean }) => {
        met.push(...answer.met)
        if (answer.done) finish(true)
      }
      const fail = (error: unknown) => finish(false, error instanceof Error ? error : new Error(String(error)))
      const gone = () => fail(new Error('the thread that judges long events has ended'))
      worker.on('message', take).on('error', fail).on('exit', gone)
      if (question) worker.postMessage(question)
    })
  const ready = async (rules: readonly Rule[]): Promise<void> => {
    const key = rules.map(labelOf).join('\n')
    if (thread?.key === key) return
    await end()
    const progress = new SharedArrayBuffer(8)
    const workerData: SlowInput = { filters: asked(rules).map(({ filter }) => filter), progress }
    const worker = new Worker(new URL('./engine/slow.ts', import.meta.url), { workerData })
    thread = { worker, at: new Int32Array(progress), key }
    await ask(undefined, 60_000, 60_000)
  }
  return {
    judge: async (all, event) => {
      const rules = all.filter((rule) => !isAside(rule))
      if (rules.length === 0) return []
      const place = new Map(all.map((rule, i) => [rule, i]))
      const all_ = asked(rules)
      const placed = (met: Iterable<number>) =>
        [...Map.groupBy(new Set(met), (i) => all_[i]!.rule)].map(([rule, own]) => ({
          place: place.get(rule)!,
          parts: own.map((i) => all_[i]!.part),
        }))
      await ready(rules)
      const quick = await ask({ event }, TOGETHER, TOGETHER)
      if (quick.done) return placed(quick.met)
      // One after the other, to learn which it is.
      const met = new Set<number>()
      const without: number[] = []
      const began = monotonic()
      for (let from = 0; ; ) {
        await end()
        const left = ALL - (monotonic() - began)
        if (left <= 0) break
        await ready(rules)
        const answer = await ask({ event, from, without }, EACH, left)
        for (const i of answer.met) met.add(i)
        if (answer.done) break
        const { rule } = all_[answer.at]!
        const known = slow.get(rule.id)
        slow.set(rule.id, { events: (known?.events ?? 0) + 1, since: known?.since ?? monotonic() })
        without.push(answer.at)
        from = answer.at + 1
      }
      given++
      return placed(met)
    },
    aside: () => new Map([...slow].filter(([, { events }]) => events >= OFTEN).map(([id, { events }]) => [id, events])),
    given: () => given,
    close: end,
  }
}
