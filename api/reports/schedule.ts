/** Reports by the calendar: when a period is closed, one of the province and, where wanted, one of each agency; also when nothing happened. */
import cron from 'node-cron'
import { dayOf, isValidOn, zoneShift } from '../../ingest/inventory/days.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { Installation } from '../installation.ts'
import { ITSELF, leaveTrail } from '../trail.ts'
import { keepReport, reportsIn } from './keep.ts'
import { recentPeriods } from './period.ts'
import { openTemplates } from './templates.ts'

/**
 * Makes what is due and not kept yet; answers the ids. What failed is due again: one that cannot be made holds up no other, and
 * rejects at the end with a sentence that names it.
 */
export const makeDue = async (installation: Installation): Promise<string[]> => {
  const { config, inventory, store, clock } = installation
  const { schedule, templates } = config.reports
  if (!schedule) return []
  const { closing } = openTemplates(templates)
  const { timezone } = inventory.province
  const now = clock()
  const made: string[] = []
  const failed: string[] = []
  for (const kind of schedule.kinds) {
    const period = recentPeriods(closing, zoneShift(timezone), kind, now, 24).find(({ to }) => to <= now)
    if (!period) continue
    const date = dayOf(timezone, period.to - 1)
    const agencies = schedule.agencies ? inventory.agencies.filter((agency) => isValidOn(agency, date)) : []
    for (const organization of [undefined, ...agencies.map(({ id }) => id)]) {
      const id = ['scheduled', kind, period.id, ...(organization === undefined ? [] : [organization])].join('-')
      try {
        if (await reportsIn(store.documents).get(SYSTEM, id)) continue
        const kept = await keepReport(installation, SYSTEM, { kind, period: period.id, organization }, ITSELF.name, id)
        if (!kept) continue
        made.push(id)
        await leaveTrail(
          { documents: store.documents, clock },
          { by: ITSELF, what: 'report.make', object: kept.doc.title, detail: id },
        )
      } catch (error) {
        failed.push(`${id}: ${(error as Error).message}`)
      }
    }
  }
  if (failed.length > 0)
    throw new Error(
      `${failed.length} of ${failed.length + made.length} reports that were due are not made, and are tried again: ${failed[0]}`,
    )
  return made
}

/** Calls at the times of the configuration, in the province's zone; answers how to stop. */
export const followCalendar = ({ config, inventory }: Installation, work: () => Promise<void>): (() => void) => {
  const { schedule } = config.reports
  if (!schedule) return () => {}
  const task = cron.schedule(schedule.cron, work, { timezone: inventory.province.timezone, noOverlap: true })
  return () => void task.stop()
}
