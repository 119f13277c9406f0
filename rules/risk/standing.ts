/** What the inventory says of an agency's risk on a day: its portals, systems, certificates, and what of them is late. */
import { isOrphaned, levelOn } from '../../ingest/inventory/counts.ts'
import { DAY, dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { trustedAt, trustEnds } from '../../ingest/inventory/portal.ts'
import type { Inventory, Portal, System } from '../../ingest/inventory/schema.ts'
import { countedWith } from '../../ingest/inventory/scope.ts'
import type { Exposure, RiskCase, TrustGap } from './score.ts'

/** A trust certificate is ending from so many days on, one of TLS from so many. */
export const TRUST_SOON = 60
export const TLS_SOON = 30

export interface Finding {
  readonly system: string
  readonly text: string
  readonly due: string
}

export interface Standing extends Pick<RiskCase, 'exposed' | 'level' | 'trust'> {
  readonly portals: readonly Portal[]
  readonly systems: readonly System[]
  /** Past their day, and not done by then. */
  readonly findings: readonly Finding[]
}

/** How a portal stands with its trust certificate at a time; undefined where all is well. */
export const trustGapOf = (portal: Portal, time: number): TrustGap | undefined => {
  if (!trustedAt(portal, time))
    return portal.trust.some(({ granted }) => granted === undefined || Date.parse(granted) <= time) ? 'lapsed' : 'none'
  const ends = trustEnds(portal, time)
  return ends !== undefined && Date.parse(ends) - time < TRUST_SOON * DAY ? 'ending' : undefined
}

export const tlsGapOf = ({ tls_expires: ends }: Portal, time: number): 'tls_expired' | 'tls_ending' | undefined => {
  if (ends === undefined) return undefined
  // It holds through the day that it says.
  const left = Date.parse(`${ends}T00:00:00Z`) + DAY - time
  return left <= 0 ? 'tls_expired' : left < TLS_SOON * DAY ? 'tls_ending' : undefined
}

export const overdueFindings = ({ id, assessments }: System, date: string): Finding[] =>
  assessments.flatMap(({ date: on, findings }) =>
    on > date
      ? []
      : findings.flatMap(({ text, due, done }) =>
          due !== undefined && due < date && !(done !== undefined && done <= date) ? [{ system: id, text, due }] : [],
        ),
  )

/** Of every agency in force at a time, by id: what was an ended one's is its successors'. */
export const standingsAt = (inventory: Inventory, time: number): ReadonlyMap<string, Standing> => {
  const date = dayOf(inventory.province.timezone, time)
  const inForce = new Set(inventory.agencies.filter((agency) => isValidOn(agency, date)).map(({ id }) => id))
  const by = <T>(entries: readonly T[], owner: (entry: T) => string): Map<string, T[]> => {
    const out = new Map<string, T[]>()
    for (const entry of entries)
      for (const id of countedWith(inventory, owner(entry))) out.set(id, [...(out.get(id) ?? []), entry])
    return out
  }
  const portals = by(
    inventory.portals.filter((portal) => isValidOn(portal, date)),
    ({ organization }) => organization,
  )
  const systems = by(
    inventory.systems.filter((system) => isValidOn(system, date)),
    ({ owner }) => owner,
  )
  const orphans = by(
    inventory.signatures.filter((each) => isOrphaned(each, inventory, date)),
    ({ organization }) => organization,
  )
  return new Map(
    [...inForce].map((id): [string, Standing] => {
      const mine = portals.get(id) ?? []
      const exposed: { [kind in Exposure]?: number } = {}
      const trust: { [gap in TrustGap]?: number } = {}
      const expose = (kind: Exposure, n = 1) => (exposed[kind] = (exposed[kind] ?? 0) + n)
      for (const portal of mine) {
        expose(portal.kind === 'website' ? 'public' : 'service')
        const tls = tlsGapOf(portal, time)
        if (tls) expose(tls)
        if (portal.organization !== id && !inForce.has(portal.organization)) expose('left_over')
        const gap = trustGapOf(portal, time)
        if (gap) trust[gap] = (trust[gap] ?? 0) + 1
      }
      const gone = orphans.get(id)?.length ?? 0
      if (gone > 0) expose('orphan_signature', gone)
      const own = systems.get(id) ?? []
      const levels = own.flatMap((system) => levelOn(system, date)?.level ?? [])
      return [
        id,
        {
          portals: mine,
          systems: own,
          exposed,
          trust,
          findings: own.flatMap((system) => overdueFindings(system, date)),
          level: levels.length > 0 ? Math.max(...levels) : own.length > 0 ? 'undecided' : undefined,
        },
      ]
    }),
  )
}
