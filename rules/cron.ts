/** When a rule with a schedule of its own runs: node-cron reads the expression, in its zone. */
import { createTask, type ScheduledTask } from 'node-cron'
import type { Schedule } from './rule.ts'

/** A task is kept by node-cron until it is destroyed: these only say when. */
const using = <T>({ cron, timezone }: Schedule, use: (task: ScheduledTask) => T): T => {
  const task = createTask(cron, () => {}, { timezone })
  try {
    return use(task)
  } finally {
    void task.destroy()
  }
}

/** Epoch ms of the next run after now. Throws where the expression never comes. */
export const nextRun = (schedule: Schedule): number => {
  const [next] = using(schedule, (task) => task.getNextRuns(1))
  if (!next) throw new Error('it never comes')
  return next.getTime()
}

/** Days that are looked back at. */
const BACK = 7 * 86_400_000
const hasSeconds = ({ cron }: Schedule): boolean => cron.trim().split(/\s+/).length === 6

/** Whether a run was due in (since, now], ms. */
export const wasDue = (schedule: Schedule, since: number, now: number): boolean =>
  using(schedule, (task) => {
    const step = hasSeconds(schedule) ? 1000 : 60_000
    for (let at = Math.floor(now / step) * step; at > Math.max(since, now - BACK); at -= step)
      if (task.match(new Date(at))) return true
    return false
  })
