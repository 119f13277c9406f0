/** Agencies by their risk, with what makes it up, how it went for twelve weeks, and what could not be seen beside it. */
import { DAY, dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { storedUnder } from '../../ingest/inventory/scope.ts'
import { sees } from '../../ingest/store/scope.ts'
import { type Scope, SYSTEM } from '../../ingest/store/store.ts'
import { openByAgency, together } from '../../rules/risk/open.ts'
import { gradeOf, provinceOf, scoreOf } from '../../rules/risk/score.ts'
import { standingsAt } from '../../rules/risk/standing.ts'
import { seesAll, zoneOffset } from '../context.ts'
import type { RiskRow, RiskView } from '../contract-province.ts'
import type { Installation } from '../installation.ts'
import { midnightOf, scoresOf, WEEKS } from './days.ts'
import { seenNow } from './seen.ts'

/** Weeks back with which a score and a rank are compared. */
const BACK = 4
const whole = (share: number): number => Math.round(share * 100) / 100

const byPoints = (points: (row: RiskRow) => number | null | undefined) => (a: RiskRow, b: RiskRow) =>
  (points(b) ?? -1) - (points(a) ?? -1) || a.name.localeCompare(b.name, 'vi')
const ranksOf = (
  rows: readonly RiskRow[],
  points: (row: RiskRow) => number | null | undefined,
): Map<string, number> => {
  const known = rows.filter((row) => typeof points(row) === 'number').sort(byPoints(points))
  return new Map(known.map((row, i) => [row.id, i + 1]))
}

export const riskOf = async (installation: Installation, scope: Scope): Promise<RiskView> => {
  const { inventory, store } = installation
  const now = installation.clock()
  const date = dayOf(inventory.province.timezone, now)
  const today = midnightOf(installation, now)
  // The last one is now; those before are ends of days.
  const days = Array.from({ length: WEEKS - 1 }, (_, i) => today - (WEEKS - 1 - i) * 7 * DAY)
  const [open, seen, before] = await Promise.all([
    openByAgency(store.documents, SYSTEM, now, -zoneOffset(inventory.province.timezone, now)),
    seenNow(installation),
    scoresOf(installation, days),
  ])
  const standings = standingsAt(inventory, now)
  const all = inventory.agencies
    .filter((agency) => isValidOn(agency, date))
    .map((agency): RiskRow => {
      const { exposed, level, trust, findings } = standings.get(agency.id)!
      const mine = together(open, storedUnder(inventory, agency.id))
      const { points, parts } = scoreOf({ ...mine, findings: findings.length, exposed, level, trust })
      const { coverage, blind = [] } = seen.agencies.get(agency.id) ?? {}
      const isKnown = (coverage ?? 0) > 0
      const weeks = [...before.map((scores) => scores.get(agency.id)?.points ?? null), isKnown ? points : null]
      const was = weeks[WEEKS - 1 - BACK]
      return {
        id: agency.id,
        name: agency.name,
        short: agency.short ?? agency.name.replace(/^Ủy ban nhân dân /, ''),
        kind: agency.kind,
        ...(isKnown ? { points, grade: gradeOf(points) } : points > 0 ? { at_least: points } : {}),
        parts,
        counts: {
          alerts: mine.alerts.reduce((sum, { count }) => sum + count, 0),
          overdue: mine.overdue.reduce((sum, { count }) => sum + count, 0),
          findings: findings.length,
          exposed,
          ...(typeof level === 'number' ? { level } : {}),
          undecided: level === 'undecided',
          trust,
        },
        coverage: whole(coverage ?? 0),
        blind: blind.map((each) => ({ ...each, share: whole(each.share) })),
        weeks,
        ...(isKnown && typeof was === 'number' ? { change: points - was } : {}),
      }
    })
  const shown = all.filter(({ id }) => sees(scope, id))
  if (!seesAll(scope)) return viewOf(now, days, shown)
  const ranks = ranksOf(all, ({ points }) => points)
  const former = ranksOf(all, ({ weeks }) => weeks[WEEKS - 1 - BACK])
  const ranked = all.map((row) => {
    const rank = ranks.get(row.id)
    const was = former.get(row.id)
    return {
      ...row,
      ...(rank === undefined ? {} : { rank }),
      ...(rank === undefined || was === undefined ? {} : { rank_before: was }),
    }
  })
  const province = Array.from({ length: WEEKS }, (_, week) => {
    const points = all.flatMap(({ weeks }) => weeks[week] ?? [])
    return provinceOf(points) ?? null
  })
  const rules = new Set(seen.rules)
  return {
    ...viewOf(now, days, ranked),
    province: { weeks: province, ...(province.at(-1) === null ? {} : { points: province.at(-1)! }) },
    rules: installation.rules.filter(({ id }) => rules.has(id)).map(({ id, name }) => ({ id, name })),
  }
}

const viewOf = (now: number, days: readonly number[], rows: readonly RiskRow[]): RiskView => ({
  at: now,
  weeks: [...days, now],
  items: rows.filter(({ points }) => points !== undefined).sort(byPoints(({ points }) => points)),
  unknown: rows
    .filter(({ points }) => points === undefined)
    .sort((a, b) => (b.at_least ?? 0) - (a.at_least ?? 0) || a.name.localeCompare(b.name, 'vi')),
})
