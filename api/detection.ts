/**
 * The running of the rules, by one process at a time: the one that holds the lease. What it writes goes through the lease,
 * so that a leader which was paused for too long can write nothing when it wakes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { briefly } from '../ingest/briefly.ts'
import type { Lease, Store } from '../ingest/store/store.ts'
import { createDetector, type Detector, type DetectOptions } from '../rules/detect.ts'
import type { Guard } from '../rules/exceptions.ts'
import type { Rule } from '../rules/rule.ts'
import { createSchedule, type Schedule } from '../rules/schedule.ts'

/** ms that the end of the process waits for a run of the rules on a cluster. */
const PATIENCE = 10_000
/** ms: what is decided when all has come waits for minutes anyway. */
const DECIDED = 3000

export interface DetectionOptions {
  readonly store: Store
  readonly cases: DetectOptions['cases']
  readonly guard: Guard
  /** The rules that are switched on, as they are now. */
  readonly rules: () => Promise<readonly Rule[]>
  /** A rule that failed, once until the reason changes; undefined when it runs again. */
  readonly report: (rule: Rule, error: string | undefined) => void
  /** What keeps all of them from running, undefined when it has passed. */
  readonly failed: (error: string | undefined) => void
}

export interface Detection extends Schedule {
  /** Whether this process is the one. */
  leads(): boolean
  /** Of the process that leads: events with long texts that wait, and rules that are set aside for such. */
  owed(): Detector['owed'] | undefined
}

export const createDetection = ({ store, cases, guard, rules, report, failed }: DetectionOptions): Detection => {
  let lease: Lease | undefined
  let detector: Detector | undefined
  const lead = async (): Promise<Detector | undefined> => {
    if (lease?.held()) return detector
    await detector?.close()
    detector = undefined
    lease = await store.lease('detect')
    if (lease)
      detector = createDetector({ store: { ...store, documents: lease.documents }, cases, guard, rest: DECIDED })
    return detector
  }
  const schedule = createSchedule(
    rules,
    lead,
    (rule, error) => {
      // Of a leader that was replaced every write is refused: that is no fault of the rule.
      if (error === undefined || lease?.held()) report(rule, error)
    },
    failed,
  )
  return {
    ...schedule,
    leads: () => lease?.held() ?? false,
    owed: () => (lease?.held() ? detector?.owed : undefined),
    stop: async () => {
      const ended = schedule.stop()
      // A run waits for a cluster that is away; what it had still to write, the next one finds again.
      await (store.remote ? Promise.race([ended, sleep(PATIENCE, undefined, { ref: false })]) : ended)
      await detector?.close()
      // Where the store is away, the lease is free when this process is known to be dead.
      await briefly(() => lease?.release())
    },
  }
}
