/** `vonglau.schedule`: a cron expression (node-cron: five fields, or six with seconds first) and the zone that it is meant in. */
import { validateDetailed } from 'node-cron'
import { nextRun } from '../cron.ts'
import type { Schedule } from '../rule.ts'
import { quoted, Wrong } from './error.ts'

interface Located {
  at<T>(path: readonly string[], step: () => T): T
}

export const scheduleOf = ({ cron, timezone }: Schedule, located: Located): Schedule => {
  located.at(['vonglau', 'schedule', 'timezone'], () => {
    try {
      new Intl.DateTimeFormat('en', { timeZone: timezone })
    } catch {
      throw new Wrong(`${quoted(timezone)} is no time zone: write it like Asia/Ho_Chi_Minh`)
    }
  })
  located.at(['vonglau', 'schedule', 'cron'], () => {
    const { valid, errors } = validateDetailed(cron)
    const said = (why: string) =>
      new Wrong(
        `${quoted(cron)} is no cron expression (${why}): write minute, hour, day of month, month and day of week, like "30 6 * * 1-5"`,
      )
    if (!valid) throw said(errors.map(({ message }) => message).join(', '))
    try {
      nextRun({ cron, timezone })
    } catch (error) {
      throw said((error as Error).message)
    }
  })
  return { cron, timezone }
}
