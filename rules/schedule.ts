/**
 * node-cron says when the runs begin; the ledger decides what they cover, so a late or missed start loses nothing. It is asked
 * second by second of the monotonic clock: left to wait for an hour and minute by itself, it would go through every start
 * that a clock set ahead has jumped over (17 million in 400 days), or wait as long as one was set back. A rule with a schedule
 * of its own runs with the first turn after each of its times; what was missed while the program was away is one run.
 */
import { createTask, type ScheduledTask } from 'node-cron'
import { wasDue } from './cron.ts'
import type { Detector } from './detect.ts'
import type { Rule, Schedule as Times } from './rule.ts'

/** When the rules run. */
const TIMES = '* * * * * *'
/** ms of one cycle: what is not written by then goes on with the next, behind what has come meanwhile. */
const PATIENCE = 2000
const TURN = 'in its time'
/** How many times as long as a run took is until the next: of much that comes, fewer and larger runs write each alert less often. */
const SHARE = 3
/** ms that a run rests at most. */
const MOST_REST = 1500
/** ms between two looks, and seconds that a look goes back at most: what was missed is one run. */
const LOOK = 500
const MISSED = 90

export interface Schedule {
  /** Runs every rule once, now, over what is committed; nothing where another process runs them. */
  runAll(): Promise<void>
  /** Does something between two runs, when every rule has been over what was committed at the call. */
  change(work: () => Promise<void>): Promise<void>
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

  /** Rules with a schedule of their own: until when each was looked at, and those that are to run. */
  const lookedAt = new Map<string, number>()
  const due = new Set<string>()
  const isDue = async ({ id, schedule }: Rule & { readonly schedule: Times }, mine: Detector): Promise<boolean> => {
    const now = Date.now()
    // A clock that was set back begins anew.
    const since = lookedAt.get(id) ?? (await mine.ranAt({ id } as Rule)) ?? now
    lookedAt.set(id, now)
    if (since < now && wasDue(schedule, since, now)) due.add(id)
    return due.has(id)
  }

  const run = (kind: string, patience?: number): Promise<void> => {
    // A start that finds the last one still waiting adds nothing.
    if (stopping || queued.has(kind)) return chainEnd
    queued.add(kind)
    chainEnd = chainEnd.then(async () => {
      queued.delete(kind)
      try {
        const mine = await detector()
        if (!mine) return
        const all = await rules()
        const those: Rule[] = []
        for (const rule of all) {
          const { schedule } = rule
          if (!schedule || kind !== TURN || (await isDue({ ...rule, schedule }, mine))) those.push(rule)
        }
        const told = (rule: Rule, error?: string) => {
          due.delete(rule.id)
          if (reported.get(rule.id) === error) return
          if (error === undefined) reported.delete(rule.id)
          else reported.set(rule.id, error)
          report(rule, error)
        }
        await mine.runAll(all, told, () => stopping, patience, those)
        failed(undefined)
      } catch (error) {
        failed(error instanceof Error ? error.message : String(error))
      }
    })
    return chainEnd
  }
  const tasks: ScheduledTask[] = []
  let timer: NodeJS.Timeout | undefined
  let looked = 0
  /** Runs that are begun. A task that only we execute never knows that it is busy, and each run adds its listeners. */
  const busy = new Set<ScheduledTask>()
  const look = () => {
    const second = Math.floor(performance.now() / 1000)
    const passed = Array.from({ length: Math.min(MISSED, second - looked) }, (_, i) => new Date(Date.now() - i * 1000))
    looked = second
    for (const task of tasks) {
      if (busy.has(task) || !passed.some((date) => task.match(date))) continue
      busy.add(task)
      void task.execute().finally(() => busy.delete(task))
    }
  }
  return {
    runAll: async () => {
      await run('all')
    },
    change: (work) => {
      const done = run('before a change').then(work)
      // What is queued behind it sees what it has changed.
      chainEnd = done.catch(() => {})
      return done
    },
    start: () => {
      let next = 0
      const turn = async () => {
        const began = performance.now()
        if (began < next) return
        await run(TURN, PATIENCE)
        const ended = performance.now()
        next = ended + Math.min(MOST_REST, SHARE * (ended - began))
      }
      tasks.push(createTask(TIMES, turn))
      looked = Math.floor(performance.now() / 1000)
      timer = setInterval(look, LOOK)
    },
    stop: async () => {
      stopping = true
      clearInterval(timer)
      for (const task of tasks) await task.destroy()
      await chainEnd
    },
  }
}
