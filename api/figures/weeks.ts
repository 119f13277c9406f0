/** Incidents by the week in which they were opened: the last twelve to a moment, of the province's Mondays. */
import { and, type Filter } from '../../ingest/store/filter.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { incidentsIn } from '../../rules/case/decide.ts'
import { LEVELS } from '../../rules/rule.ts'
import { zoneOffset } from '../context.ts'
import type { Figures } from '../contract-province.ts'
import type { Installation } from '../installation.ts'

const DAY = 86_400_000
const WEEK = 7 * DAY
const WEEKS = 12
/** The first Monday after 1970-01-01, a Thursday. */
const MONDAY = 4 * DAY

export const weeksOf = async (
  { store, inventory }: Installation,
  scope: Scope,
  agency: Filter,
  end: number,
): Promise<Figures['weeks']> => {
  const offset = MONDAY - zoneOffset(inventory.province.timezone, end)
  // A moment at midnight of a Monday ends the week before.
  const last = Math.floor((end - 1 - offset) / WEEK)
  const first = offset + (last - WEEKS + 1) * WEEK
  const buckets = await incidentsIn(store.documents).aggregate(scope, {
    filter: and(agency, { op: 'range', field: 'incident.created', gte: first, lt: end }),
    by: ['incident.level', { field: 'incident.created', every: WEEK, offset: ((offset % WEEK) + WEEK) % WEEK }],
    limit: WEEKS * 100,
  })
  return Array.from({ length: WEEKS }, (_, i) => {
    const from = first + i * WEEK
    return {
      from,
      to: Math.min(from + WEEK, end),
      levels: LEVELS.toReversed().map((level) => ({
        level,
        incidents: buckets
          .filter(({ key }) => key[0] === level && Math.floor((Number(key[1]) - first) / WEEK) === i)
          .reduce((sum, { count }) => sum + count, 0),
      })),
    }
  })
}
