/**
 * Every figure of a period, made in one place: pages show them and reports print them. A figure that a list can show is made
 * of the list's own filter and range.
 */
import { levelOn } from '../../ingest/inventory/counts.ts'
import { DAY, dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { ipv6At, trustedAt } from '../../ingest/inventory/portal.ts'
import { countedWith } from '../../ingest/inventory/scope.ts'
import { and, eq, exists, type Filter, not } from '../../ingest/store/filter.ts'
import { sees } from '../../ingest/store/scope.ts'
import type { Scope } from '../../ingest/store/store.ts'
import { alertsIn, incidentsIn } from '../../rules/case/decide.ts'
import { incidentsOpenAt, overdueThen } from '../../rules/risk/open.ts'
import { overdueFindings, trustGapOf } from '../../rules/risk/standing.ts'
import { LEVELS } from '../../rules/rule.ts'
import { chosenAgencies } from '../context.ts'
import type { SourceRow } from '../contract.ts'
import type { Figures } from '../contract-province.ts'
import type { Installation } from '../installation.ts'
import { riskOf } from '../risk/rows.ts'
import { sourceRows } from '../routes/sources.ts'
import { isSending, ownerOn, seesSystem } from '../routes/systems.ts'
import { agencyChanges, falseChange, ruleChanges, worstFirst } from './changes.ts'
import { incidentsOf, metShare, type Period, serviceOf, takenAt, timesOf, within } from './incidents.ts'
import { lettersOf } from './letters.ts'
import { type Spread, spreadOf } from './spread.ts'
import { weeksOf } from './weeks.ts'

/** Acts that take an incident up are looked for so long after the period. */
const AFTER = 90 * DAY
const LIVE = not(eq('alert.status', 'absorbed'))

export interface Asked extends Period {
  /** Agencies; none chosen are all. */
  readonly organization?: readonly string[] | undefined
  /** What it is compared with; without it, the span of equal length before it. It ends before the period does. */
  readonly before?: Period | undefined
}

export const periodBefore = ({ from, to }: Period): Period => ({ from: from - (to - from), to: from })

export const figuresOf = async (
  installation: Installation,
  scope: Scope,
  { from, to, organization, before = periodBefore({ from, to }) }: Asked,
): Promise<Figures> => {
  const { store, clock } = installation
  const now = clock()
  const period = { from, to }
  const end = Math.min(to, now)
  const agency = and(...chosenAgencies(installation, organization))
  const incidents = await incidentsOf(installation, scope, agency, { from: before.from, to })
  const taken = await takenAt(installation, incidents, { from: before.from, to: Math.min(now + 1, to + AFTER) })
  const [levelsNow, levelsBefore] = [
    await alertLevels(installation, scope, agency, period),
    await alertLevels(installation, scope, agency, before),
  ]
  const opened = (span: Period) => incidents.filter(({ doc }) => within(doc['incident.created'], span))
  const closed = (span: Period) => incidents.filter(({ doc }) => within(doc['incident.closed'], span)).length
  const times = [timesOf(incidents, taken, period), timesOf(incidents, taken, before)] as const
  const service = serviceOf(installation, incidents, period)
  const [metNow, metBefore] = [metShare(service), metShare(serviceOf(installation, incidents, before))]
  const count = async (filter: Filter) =>
    (await incidentsIn(store.documents).query(scope, { filter: and(agency, filter), limit: 1 })).total
  const first = (
    await incidentsIn(store.documents).query(scope, {
      filter: agency,
      sort: [{ field: 'incident.created', order: 'asc' }],
      limit: 1,
    })
  ).items[0]?.doc['incident.created']
  const letters = (await lettersOf(installation, scope)).items.filter(
    (letter) => !organization?.length || organization.includes(letter.organization.id),
  )
  const sources = await sourceRows(installation, scope)
  const overdue = [await count(overdueThen(end)), await count(overdueThen(from))] as const
  return {
    from,
    to,
    before,
    ...(first === undefined ? {} : { first }),
    levels: LEVELS.toReversed().map((level) => ({
      level,
      alerts: { now: levelsNow.get(level) ?? 0, before: levelsBefore.get(level) ?? 0 },
      incidents: {
        now: opened(period).filter(({ doc }) => doc['incident.level'] === level).length,
        before: opened(before).filter(({ doc }) => doc['incident.level'] === level).length,
      },
    })),
    opened: { now: opened(period).length, before: opened(before).length },
    closed: { now: closed(period), before: closed(before) },
    weeks: await weeksOf(installation, scope, agency, end),
    open: await count(incidentsOpenAt(end)),
    overdue: overdue[0],
    times: {
      detect: {
        now: await detection(installation, scope, agency, period),
        before: await detection(installation, scope, agency, before),
      },
      acknowledge: { now: times[0].acknowledge, before: times[1].acknowledge },
      resolve: { now: times[0].resolve, before: times[1].resolve },
    },
    service,
    met: {
      ...(metNow === undefined ? {} : { now: metNow }),
      ...(metBefore === undefined ? {} : { before: metBefore }),
    },
    portals: await portalFigures(installation, scope, agency, period, before, organization),
    systems: systemFigures(installation, scope, end, organization, sources),
    changes: await changesOf(installation, scope, agency, period, before, overdue, sources, organization),
    letters: letters.length,
  }
}

/** As the list of alerts counts them: those that went on in the range. */
const goingOn = ({ from, to }: Period): Filter =>
  and(LIVE, { op: 'range', field: 'alert.last', gte: from }, { op: 'range', field: 'alert.first', lt: to })

const alertLevels = async ({ store }: Installation, scope: Scope, agency: Filter, period: Period) =>
  new Map(
    (
      await alertsIn(store.documents).aggregate(scope, {
        filter: and(agency, goingOn(period)),
        by: ['rule.level'],
        limit: 10,
      })
    ).map(({ key, count }) => [String(key[0]), count]),
  )

/** From the first event to the alert. Of alerts only two times are read, however many there are. */
const detection = async ({ store }: Installation, scope: Scope, agency: Filter, period: Period): Promise<Spread> => {
  const pairs = await alertsIn(store.documents).aggregate(scope, {
    filter: and(agency, goingOn(period)),
    by: ['alert.first', 'alert.created'],
    limit: 1_000_000,
  })
  return spreadOf(
    pairs.flatMap(({ key, count }) =>
      new Array<number>(count).fill(Math.max(0, Number(key[1] ?? 0) - Number(key[0] ?? 0))),
    ),
  )
}

const portalFigures = async (
  { inventory, store, clock }: Installation,
  scope: Scope,
  agency: Filter,
  period: Period,
  before: Period,
  organization: readonly string[] | undefined,
): Promise<Figures['portals']> => {
  const at = Math.min(period.to, clock())
  const date = dayOf(inventory.province.timezone, at)
  const portals = inventory.portals.filter(
    (portal) =>
      sees(scope, portal.organization, portal.system) &&
      isValidOn(portal, date) &&
      (!organization?.length || countedWith(inventory, portal.organization).some((id) => organization.includes(id))),
  )
  const gaps = portals.map((portal) => trustGapOf(portal, at))
  const gap = (kind: (typeof gaps)[number]) => gaps.filter((each) => each === kind).length
  const requests = async (span: Period) => {
    const filter = and(agency, exists('portal.id'), eq('event.category', 'web'))
    const all = await store.events.count(scope, { filter, ...span })
    return all === 0
      ? undefined
      : (await store.events.count(scope, { filter: and(filter, eq('network.type', 'ipv6')), ...span })) / all
  }
  const [now, was] = [await requests(period), await requests(before)]
  return {
    total: portals.length,
    ipv6: portals.filter((portal) => ipv6At(portal, at)).length,
    ipv6_requests: { ...(now === undefined ? {} : { now }), ...(was === undefined ? {} : { before: was }) },
    trusted: portals.filter((portal) => trustedAt(portal, at)).length,
    ending: gap('ending'),
    lapsed: gap('lapsed'),
    none: gap('none'),
  }
}

/** What an assessor of the digital-transformation index asks of information systems. */
const systemFigures = (
  installation: Installation,
  scope: Scope,
  at: number,
  organization: readonly string[] | undefined,
  sources: readonly SourceRow[],
): Figures['systems'] => {
  const { inventory } = installation
  const date = dayOf(inventory.province.timezone, at)
  const since = dayOf(inventory.province.timezone, at - 365 * DAY)
  const sending = new Set(sources.flatMap((source) => (isSending(source) ? (source.system ?? []) : [])))
  const systems = inventory.systems.filter(
    (system) =>
      isValidOn(system, date) &&
      seesSystem(inventory, scope, system) &&
      (!organization?.length ||
        [ownerOn(inventory, system, date), system.operator ?? ''].some((id) => organization.includes(id))),
  )
  return {
    total: systems.length,
    with_level: systems.filter((system) => levelOn(system, date)).length,
    monitored: systems.filter(({ id }) => sending.has(id)).length,
    assessed: systems.filter(({ assessments }) => assessments.some((each) => each.date > since && each.date <= date))
      .length,
  }
}

const changesOf = async (
  installation: Installation,
  scope: Scope,
  agency: Filter,
  period: Period,
  before: Period,
  [overdue, overdueBefore]: readonly [number, number],
  sources: readonly SourceRow[],
  organization: readonly string[] | undefined,
): Promise<Figures['changes']> => {
  const { inventory } = installation
  const chosen = (id: string) => !organization?.length || organization.includes(id)
  const { items } = await riskOf(installation, scope)
  const end = Math.min(period.to, installation.clock())
  const date = dayOf(inventory.province.timezone, end)
  const lapsed = inventory.portals.filter(
    (portal) =>
      sees(scope, portal.organization, portal.system) &&
      countedWith(inventory, portal.organization).some(chosen) &&
      trustedAt(portal, period.from) &&
      !trustedAt(portal, end),
  )
  const silent = sources.filter(
    ({ state, agencies = [] }) => state === 'silent' && (!organization?.length || agencies.some(chosen)),
  ).length
  // As of the end of the period, where letters are of today.
  const late = inventory.systems.filter(
    (system) =>
      isValidOn(system, date) &&
      countedWith(inventory, system.owner).some((id) => chosen(id) && sees(scope, id)) &&
      overdueFindings(system, date).length > 0,
  )
  return worstFirst([
    agencyChanges(items.filter(({ id }) => chosen(id))),
    overdue !== overdueBefore ? [{ kind: 'overdue', now: overdue, before: overdueBefore }] : [],
    await ruleChanges(installation, scope, agency, period, before),
    lapsed.length ? [{ kind: 'trust_lapsed', portals: lapsed.map(({ id, name }) => ({ id, name })) }] : [],
    silent ? [{ kind: 'silent', sources: silent }] : [],
    late.length ? [{ kind: 'findings', systems: late.map(({ id, name }) => ({ id, name })) }] : [],
    await falseChange(installation, scope, agency, period, before),
  ])
}
