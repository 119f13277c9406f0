/** What a report of a period is made of: the figures of the period as pages show them, and what stands beside them. */
import { HEALTH_DATASET } from '../../ingest/event.ts'
import { DAY, dayOf, isValidOn, zoneShift } from '../../ingest/inventory/days.ts'
import { agencyOf } from '../../ingest/inventory/scope.ts'
import { and, eq, type Filter, not } from '../../ingest/store/filter.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { incidentsIn } from '../../rules/case/decide.ts'
import { overdueThen } from '../../rules/risk/open.ts'
import { PARTS, type Part, provinceOf } from '../../rules/risk/score.ts'
import { chosenAgencies } from '../context.ts'
import type { IncidentRow, SourceRow } from '../contract.ts'
import type { Figures } from '../contract-province.ts'
import { figuresOf } from '../figures/figures.ts'
import type { Installation } from '../installation.ts'
import { midnightOf, scoresOf } from '../risk/days.ts'
import { riskOf } from '../risk/rows.ts'
import { incidentRow } from '../rows.ts'
import { sourceRows } from '../routes/sources.ts'
import type { NamedPeriod } from './period.ts'

/** Incidents that are named in a sentence. */
const NAMED = 3
const OVERDUE = 10

export interface AgencyScore {
  readonly id: string
  readonly name: string
  readonly points: number
  /** At the end of the period before; absent where nothing of it was seen then. */
  readonly before?: number
  readonly parts: { readonly [part in Part]: number }
}

export interface Facts {
  /** When it was made: nothing is counted from here on. */
  readonly made: number
  /** ms that the province's clock is ahead of UTC. */
  readonly shift: number
  readonly period: NamedPeriod
  readonly before: NamedPeriod
  /** Of the period, or now where it still runs. */
  readonly end: number
  readonly province: string
  /** Of a report of one agency. */
  readonly agency?: { readonly id: string; readonly name: string }
  readonly figures: Figures
  readonly agencies: number
  readonly logs: {
    readonly events: number
    readonly unparsed: number
    readonly sources: number
    readonly silent: number
  }
  /** At the end of the period, the highest first. */
  readonly scores: readonly AgencyScore[]
  /** Of which nothing was seen: not known, never low. */
  readonly unknown: readonly { readonly id: string; readonly name: string }[]
  readonly risk?: { readonly points: number; readonly before?: number }
  /** The worst that were opened. */
  readonly notable: readonly IncidentRow[]
  /** At the end, the longest first. */
  readonly overdue: readonly IncidentRow[]
}

export interface Wanted {
  readonly period: NamedPeriod
  readonly before: NamedPeriod
  readonly organization?: string | undefined
}

/** `scope`: of a report of one agency, what that agency sees. */
export const factsOf = async (
  installation: Installation,
  scope: Scope,
  { period, before, organization }: Wanted,
): Promise<Facts> => {
  const { inventory, store } = installation
  const made = installation.clock()
  const end = Math.min(period.to, made)
  const date = dayOf(inventory.province.timezone, end - 1)
  const chosen = organization === undefined ? undefined : [organization]
  const agency = and(...chosenAgencies(installation, chosen))
  const figures = await figuresOf(installation, scope, {
    ...spanOf(period),
    before: spanOf(before),
    organization: chosen,
  })
  const inForce = inventory.agencies.filter((each) => isValidOn(each, date))
  const incidents = async (filter: Filter, sort: readonly { field: string; order: 'asc' | 'desc' }[], limit: number) =>
    (await incidentsIn(store.documents).query(scope, { filter: and(agency, filter), sort, limit })).items.map((item) =>
      incidentRow(inventory, item, made),
    )
  const range: Filter = { op: 'range', field: 'incident.created', gte: period.from, lt: period.to }
  const known = await scoresAtEnd(installation, scope, end, made, organization)
  const was = await scoresAtEnd(installation, scope, before.to, made, organization)
  const scores = inForce
    .flatMap(({ id, name }): AgencyScore[] => {
      const now = known.get(id)
      const then = was.get(id)?.points
      return now ? [{ id, name, ...now, ...(then === undefined ? {} : { before: then }) }] : []
    })
    .sort((a, b) => b.points - a.points || a.name.localeCompare(b.name, 'vi'))
  const mine = organization === undefined ? inForce : inForce.filter(({ id }) => id === organization)
  const [risk, riskBefore] = [known, was].map((all) => provinceOf([...all.values()].map(({ points }) => points)))
  return {
    made,
    shift: zoneShift(inventory.province.timezone),
    period,
    before,
    end,
    province: inventory.province.name,
    ...(organization === undefined
      ? {}
      : { agency: { id: organization, name: agencyOf(inventory, organization)?.name ?? organization } }),
    figures,
    agencies: inForce.length,
    logs: await logsOf(installation, scope, agency, period, chosen),
    scores,
    unknown: mine.filter(({ id }) => !known.has(id)).map(({ id, name }) => ({ id, name })),
    ...(risk === undefined || organization !== undefined
      ? {}
      : { risk: { points: risk, ...(riskBefore === undefined ? {} : { before: riskBefore }) } }),
    notable: await incidents(
      and(range, eq('incident.level', 'high', 'critical')),
      [
        { field: 'incident.severity', order: 'desc' },
        { field: 'incident.created', order: 'desc' },
      ],
      NAMED,
    ),
    overdue: await incidents(overdueThen(end), [{ field: 'incident.due', order: 'asc' }], OVERDUE),
  }
}

const spanOf = ({ from, to }: NamedPeriod) => ({ from, to })

type Known = ReadonlyMap<string, Pick<AgencyScore, 'points' | 'parts'>>
/** Of a day that has ended the kept scores, else those of now; only of who was seen. Of one agency: its own alone. */
const scoresAtEnd = async (
  installation: Installation,
  scope: Scope,
  end: number,
  now: number,
  organization: string | undefined,
): Promise<Known> => {
  const isOwn = (id: string) => organization === undefined || id === organization
  if (end >= now) {
    const { items } = await riskOf(installation, scope)
    return new Map(
      items.flatMap(({ id, points, parts }) => (points === undefined || !isOwn(id) ? [] : [[id, { points, parts }]])),
    )
  }
  const day = midnightOf(installation, end - 1)
  if (day + DAY > now) return new Map()
  const [scores] = await scoresOf(installation, [day])
  return new Map(
    [...(scores ?? [])].flatMap(([id, { points, parts }]) =>
      points === null || !isOwn(id) ? [] : [[id, { points, parts }]],
    ),
  )
}

/** Lines of the period, and the sources that bring them now. */
const logsOf = async (
  installation: Installation,
  scope: Scope,
  agency: Filter,
  { from, to }: NamedPeriod,
  chosen: readonly string[] | undefined,
): Promise<Facts['logs']> => {
  const { events } = installation.store
  const filter = and(agency, not(eq('event.dataset', HEALTH_DATASET)))
  const rows = (await sourceRows(installation, scope)).filter(
    ({ agencies = [] }: SourceRow) => !chosen || agencies.some((id) => chosen.includes(id)),
  )
  return {
    events: await events.count(scope, { filter, from, to }),
    unparsed: await events.count(scope, { filter: and(filter, eq('event.kind', 'pipeline_error')), from, to }),
    sources: rows.length,
    silent: rows.filter(({ state }) => state === 'silent').length,
  }
}

/** What makes most of a score, the greatest first. */
export const mainParts = ({ parts }: Pick<AgencyScore, 'parts'>, most = 2): Part[] =>
  PARTS.filter((part) => parts[part] > 0)
    .sort((a, b) => parts[b] - parts[a])
    .slice(0, most)
