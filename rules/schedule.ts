/**
 * Starts the runs, by the monotonic clock: whoever waits for an hour and minute catches up or waits when the machine's clock is
 * set. The ledger decides what they cover, so a late or missed start loses nothing.
 */
import type { Detector } from './detect.ts'
import type { Rule } from './rule.ts'

/** ms between two runs of the rules that look at single events, and of the others. */
const SINGLE = 2000
const CORRELATION = 60_000

export interface Schedule {
  /** Runs every rule once, now, over what is committed; nothing where another process runs them. */
  runAll(): Promise<void>
  start(): void
  stop(): Promise<void>
}

/**
 * `detector` is asked before each run: undefined where another process runs the rules. `report` gets each failure once
 * until it changes, and undefined when that rule runs again; `failed` what kept all of them from running (the store is
 * away), undefined when that has passed.
 */
export const createSchedule = (
  rules: () => Promise<readonly Rule[]>,
  detector: () => Promise<Detector | undefined>,
  report: (rule: Rule, error: string | undefined) => void,
  failed: (error: string | undefined) => void,
): Schedule => {
  const reported = new Map<string, string>()
  let chainEnd: Promise<void> = Promise.resolve()
  const queued = new Set<string>()
  let stopping = false

  const runThese = (kind: string, choose: (rule: Rule) => boolean): Promise<void> => {
    // A start that finds the last one still waiting adds nothing.
    if (stopping || queued.has(kind)) return chainEnd
    queued.add(kind)
    chainEnd = chainEnd.then(async () => {
      queued.delete(kind)
      try {
        const mine = await detector()
        if (!mine) return
        const told = (rule: Rule, error?: string) => {
          if (reported.get(rule.id) === error) return
          if (error === undefined) reported.delete(rule.id)
          else reported.set(rule.id, error)
          report(rule, error)
        }
        await mine.runAll((await rules()).filter(choose), told, () => stopping)
        failed(undefined)
      } catch (error) {
        failed(error instanceof Error ? error.message : String(error))
      }
    })
    return chainEnd
  }
  const single = (rule: Rule) => !rule.correlation
  const timers: NodeJS.Timeout[] = []
  return {
    runAll: async () => {
      await runThese('all', () => true)
    },
    start: () => {
      timers.push(setInterval(() => void runThese('single', single), SINGLE))
      timers.push(setInterval(() => void runThese('correlation', (rule) => !single(rule)), CORRELATION))
    },
    stop: async () => {
      stopping = true
      for (const timer of timers) clearInterval(timer)
      await chainEnd
    },
  }
}
