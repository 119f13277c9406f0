/** Who sends logs, and who does not: unseen is not safe, so an agency without logs is not known, never low. */
import { Hono } from 'hono'
import { levelOn } from '../../ingest/inventory/counts.ts'
import { dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import type { Device } from '../../ingest/inventory/schema.ts'
import { storedUnder } from '../../ingest/inventory/scope.ts'
import { eq, not } from '../../ingest/store/filter.ts'
import { sees } from '../../ingest/store/scope.ts'
import { type Scope, SYSTEM } from '../../ingest/store/store.ts'
import type { Env } from '../context.ts'
import type { SourceRow } from '../contract.ts'
import type { Coverage, CoverageRow, CoverageState } from '../contract-province.ts'
import { does } from '../does.ts'
import type { Installation } from '../installation.ts'
import { getCoverage } from '../schema/coverage.ts'
import { portalRows } from './agencies.ts'
import { incidentsOf, OPEN } from './incidents.ts'
import { sourceRows } from './sources.ts'
import { systemRows } from './systems.ts'

const DAY = 86_400_000
/** Share of lines understood below which a source is read in part only. */
const ENOUGH = 0.95

/** What a firewall sent: by its own source, or by its name among the lines of a relay that many send through. */
interface Sent {
  readonly lines: number
  readonly unparsed: number
  readonly last?: number | undefined
  readonly silent: boolean
}

const stateOf = (firewalls: number, sent: readonly Sent[], understood: number | undefined): CoverageState => {
  if (firewalls === 0 && sent.length === 0) return 'none'
  if (sent.length === 0) return 'declared'
  if (sent.every(({ silent }) => silent)) return 'silent'
  const isWhole = sent.length >= firewalls && sent.every(({ silent }) => !silent)
  return isWhole && (understood ?? 0) >= ENOUGH ? 'full' : 'part'
}

export const coverageOf = async (installation: Installation, scope: Scope): Promise<Coverage> => {
  const { inventory } = installation
  const now = installation.clock()
  const date = dayOf(inventory.province.timezone, now)
  const [sources, systems, portals] = await Promise.all([
    sourceRows(installation, scope),
    systemRows(installation, scope),
    portalRows(installation, scope),
  ])
  const bySource = new Map(sources.map((source) => [source.id, source]))
  const named = await installation.store.events.aggregate(SYSTEM, {
    filter: not(eq('event.dataset', 'vonglau.source')),
    from: now - DAY,
    to: now + DAY,
    // A line can claim any name: it counts where the event is that agency's.
    by: [{ terms: 'observer.name' }, { terms: 'organization.id' }],
    limit: 10_000,
  })
  const byName = new Map(
    named.items.map(({ key, count, last }) => [`${String(key[0]).toLowerCase()} ${key[1]}`, { count, last }]),
  )
  const open = new Map(
    (await incidentsOf(installation).aggregate(scope, { filter: OPEN, by: ['organization.id'], limit: 10_000 })).map(
      ({ key, count }) => [String(key[0]), count],
    ),
  )
  const fromSource = ({ lines, unparsed, last_event, state }: SourceRow): Sent | undefined =>
    lines === 0 && last_event === undefined
      ? undefined
      : { lines, unparsed, last: last_event, silent: lines === 0 || state === 'silent' }
  const sentBy = (device: Device): Sent | undefined => {
    const source = device.source === undefined ? undefined : bySource.get(device.source)
    if (source) return fromSource(source)
    const found = byName.get(`${device.name.toLowerCase()} ${device.organization}`)
    return found && { lines: found.count, unparsed: 0, last: found.last, silent: false }
  }

  const hasNetwork = new Set(
    inventory.networks.filter((network) => isValidOn(network, date)).flatMap(({ organization }) => organization ?? []),
  )
  const levels = new Map(inventory.systems.map((system) => [system.id, levelOn(system, date)?.level ?? 0]))
  const items = inventory.agencies
    .filter((agency) => sees(scope, agency.id) && isValidOn(agency, date))
    .flatMap((agency): CoverageRow[] => {
      const ids = storedUnder(inventory, agency.id)
      if (!ids.some((id) => hasNetwork.has(id))) return []
      const firewalls = inventory.devices.filter(
        (device) => device.kind === 'firewall' && ids.includes(device.organization) && isValidOn(device, date),
      )
      const declared = new Set(firewalls.flatMap(({ source }) => source ?? []))
      // A source of the agency that no device of the inventory names is seen too.
      const others = sources.filter((source) => source.agencies?.includes(agency.id) && !declared.has(source.id))
      const sent = [...firewalls.map(sentBy), ...others.map(fromSource)].flatMap((each) => each ?? [])
      const lines = sent.reduce((sum, each) => sum + each.lines, 0)
      const understood = lines === 0 ? undefined : 1 - sent.reduce((sum, each) => sum + each.unparsed, 0) / lines
      const state = stateOf(firewalls.length, sent, understood)
      const silent = sent.filter((each) => each.silent).map(({ last }) => last ?? now - DAY)
      const incidents = ids.reduce((sum, id) => sum + (open.get(id) ?? 0), 0)
      const important = inventory.systems.some(
        ({ id, owner }) => ids.includes(owner) && (levels.get(id) ?? 0) >= 3 && state !== 'full',
      )
      const justSilent = silent.some((at) => now - at < DAY)
      return [
        {
          id: agency.id,
          name: agency.name,
          short: agency.short ?? agency.name.replace(/^Ủy ban nhân dân /, ''),
          kind: agency.kind,
          ...(agency.parent === undefined ? {} : { parent: agency.parent }),
          state,
          firewalls: firewalls.length,
          sending: sent.filter((each) => !each.silent).length,
          expected: firewalls.length + others.length,
          lines,
          ...(understood === undefined ? {} : { understood }),
          ...(silent.length > 0 ? { silent_since: Math.min(...silent) } : {}),
          ...(state !== 'full' && (incidents > 0 || important || justSilent) ? { first: true as const } : {}),
          open_incidents: incidents,
        },
      ]
    })
  const counts: Record<CoverageState, number> = { full: 0, part: 0, silent: 0, declared: 0, none: 0 }
  for (const { state } of items) counts[state]++
  return {
    at: now,
    items,
    counts,
    systems: systems.map(({ id, name, owner, level, sources: n, silent_sources: silent }) => ({
      id,
      name,
      owner: owner.name,
      ...(level === undefined ? {} : { level }),
      sources: n,
      silent,
      state: n === 0 ? 'none' : silent === n ? 'silent' : silent > 0 ? 'part' : 'full',
    })),
    portals: { total: portals.length, seen: portals.filter(({ last_event }) => last_event !== undefined).length },
  }
}

export const coverage = new Hono<Env>().get('/', does(getCoverage), async (c) =>
  c.json(await coverageOf(c.var.installation, c.var.scope)),
)
