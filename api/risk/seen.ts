/** What can be seen of each agency now, and what cannot: feeds from the events of a day, places from the inventory. */
import { HEALTH_DATASET, type Scalar } from '../../ingest/event.ts'
import { dayOf, isValidOn } from '../../ingest/inventory/days.ts'
import { trustedAt } from '../../ingest/inventory/portal.ts'
import { countedWith, storedUnder } from '../../ingest/inventory/scope.ts'
import { eq, not } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { coverageOf, type Feed, openSight, type Place, type Sight, TELLING } from '../../rules/risk/seen.ts'
import type { SourceRow } from '../contract.ts'
import type { Installation } from '../installation.ts'
import { sourceRows } from '../routes/sources.ts'

const DAY = 86_400_000
const ONE: Scalar = '*'
/** A firewall tells of these, whether or not somebody signed in through it today. */
const OF_FIREWALLS = ['network', 'authentication'] as const
const set = <T>(...values: T[]): ReadonlySet<T> => new Set(values)

/** Why a place is not wholly seen. */
export type Why = 'silent' | 'never' | 'unparsed' | 'rules'
export interface Blind {
  readonly kind: Place['kind']
  readonly id: string
  readonly why: Why
  /** 0 to 1. */
  readonly share: number
}
export interface Seen {
  /** 0 to 1; undefined where the inventory names nothing to be seen. */
  readonly coverage: number | undefined
  /** The worst first. */
  readonly blind: readonly Blind[]
}
export interface SeenAll {
  readonly at: number
  readonly agencies: ReadonlyMap<string, Seen>
  /** Ids of rules that are on and that no source feeds. */
  readonly rules: readonly string[]
  readonly feeds: readonly Feed[]
  readonly places: readonly Place[]
  readonly sight: Sight
}

/** What arrived within a day (`span` ms), by source, agency and portal. A source that is silent sees nothing, whatever it brought before. */
export const feedsNow = async (
  installation: Installation,
  sources: readonly SourceRow[],
  span = DAY,
): Promise<Feed[]> => {
  const now = installation.clock()
  const by = ['vonglau.source.id', 'organization.id', 'portal.id', 'observer.name', ...TELLING]
  const { items } = await installation.store.events.aggregate(SYSTEM, {
    filter: not(eq('event.dataset', HEALTH_DATASET)),
    from: now - span,
    to: now + DAY,
    by: by.map((terms) => ({ terms })),
    limit: 100_000,
  })
  const states = new Map(sources.map((source) => [source.id, source]))
  const feeds = new Map<string, Omit<Feed, 'known'> & { known: Map<string, Set<Scalar | null>> }>()
  for (const { key } of items) {
    const [source, organization, portal, observer, ...told] = key
    const row = states.get(String(source))
    if (!row || row.state === 'silent') continue
    const id = JSON.stringify(key.slice(0, 4))
    let feed = feeds.get(id)
    if (!feed) {
      feed = {
        source: row.id,
        organization: organization === null ? undefined : String(organization),
        portal: portal === null ? undefined : String(portal),
        observer: observer === null ? undefined : String(observer),
        understood: row.lines === 0 ? 1 : 1 - row.unparsed / row.lines,
        known: new Map([['portal.id', new Set([portal === null ? null : ONE])]]),
      }
      feeds.set(id, feed)
    }
    for (const [i, field] of TELLING.entries()) {
      const values = feed.known.get(field) ?? new Set()
      values.add(told[i] ?? null)
      feed.known.set(field, values)
    }
  }
  for (const { known } of feeds.values())
    if (known.get('observer.type')?.has('firewall'))
      for (const category of OF_FIREWALLS) known.get('event.category')?.add(category)
  return [...feeds.values()]
}

/** Where each agency is to be seen: its portals, its firewalls, its network where no firewall is named, its other sources. */
export const placesOf = ({ inventory, clock }: Installation, sources: readonly SourceRow[]): Place[] => {
  const now = clock()
  const date = dayOf(inventory.province.timezone, now)
  const agencies = inventory.agencies.filter((agency) => isValidOn(agency, date))
  const portals = inventory.portals.filter((portal) => isValidOn(portal, date))
  const devices = inventory.devices.filter((device) => device.kind === 'firewall' && isValidOn(device, date))
  const hasNetwork = new Set(
    inventory.networks.filter((network) => isValidOn(network, date)).flatMap(({ organization }) => organization ?? []),
  )
  const firewall = new Map([
    ['observer.type', set<Scalar | null>('firewall')],
    ['event.category', set<Scalar | null>(...OF_FIREWALLS)],
  ])
  return agencies.flatMap(({ id: agency }): Place[] => {
    const ids = storedUnder(inventory, agency)
    const mine = devices.filter(({ organization }) => ids.includes(organization))
    const declared = new Set(mine.flatMap(({ source }) => source ?? []))
    return [
      ...portals
        .filter(({ organization }) => countedWith(inventory, organization).includes(agency))
        .map(
          (portal): Place => ({
            agency,
            kind: 'portal',
            id: portal.id,
            expected: new Map<string, ReadonlySet<Scalar | null>>([
              ['event.category', set('web')],
              ['observer.type', set(null)],
              ['portal.id', set(ONE)],
              ['portal.trusted', set(trustedAt(portal, now))],
            ]),
            sees: (feed) => feed.portal === portal.id,
          }),
        ),
      ...mine.map(
        (device): Place => ({
          agency,
          kind: 'firewall',
          id: device.name,
          expected: firewall,
          sees: (feed) =>
            device.source === undefined
              ? feed.observer?.toLowerCase() === device.name.toLowerCase() && ids.includes(feed.organization ?? '')
              : feed.source === device.source,
        }),
      ),
      ...(mine.length === 0 && ids.some((id) => hasNetwork.has(id))
        ? [{ agency, kind: 'network', id: agency, expected: firewall, sees: () => false } as const]
        : []),
      ...sources
        .filter((source) => source.agencies?.includes(agency) && !declared.has(source.id))
        .map(
          (source): Place => ({
            agency,
            kind: 'source',
            id: source.id,
            expected: undefined,
            sees: (feed) => feed.source === source.id,
          }),
        ),
    ]
  })
}

const blindOf = (
  { place: { kind, id, sees }, share }: { place: Place; share: number },
  feeds: readonly Feed[],
  sources: readonly SourceRow[],
  sourceOf: ReadonlyMap<string, string>,
): Blind[] => {
  if (share > 0.995) return []
  const mine = feeds.filter(sees)
  const source = kind === 'source' ? id : sourceOf.get(id)
  const sent = sources.find((each) => each.id === source)?.last_event !== undefined
  const why: Why =
    mine.length === 0
      ? sent
        ? 'silent'
        : 'never'
      : Math.max(...mine.map(({ understood }) => understood)) < 0.95
        ? 'unparsed'
        : 'rules'
  return [{ kind, id, why, share }]
}

/** Of all agencies; `sources` may leave some out: what would be seen without them. */
export const seenOf = (installation: Installation, sources: readonly SourceRow[], feeds: readonly Feed[]): SeenAll => {
  const rules = installation.rules.filter(({ id }) => installation.enabled(id))
  const sight = openSight(rules)
  const places = placesOf(installation, sources)
  const sourceOf = new Map(
    installation.inventory.devices.flatMap(({ name, source }) => (source ? [[name, source]] : [])),
  )
  const agencies = new Map(
    [...Map.groupBy(sight.shares(places, feeds), ({ place }) => place.agency)].map(
      ([agency, shares]): [string, Seen] => [
        agency,
        {
          coverage: coverageOf(shares),
          blind: shares
            .flatMap((each) => blindOf(each, feeds, sources, sourceOf))
            .sort((a, b) => a.share - b.share || (a.id < b.id ? -1 : 1)),
        },
      ],
    ),
  )
  // The program writes how its sources are: rules over that have what they need.
  const own = new Map([['event.dataset', set<Scalar | null>(HEALTH_DATASET)]])
  const all = [...feeds, { source: 'vonglau', known: own, understood: 1 }]
  return { at: installation.clock(), agencies, rules: sight.blind(all), feeds, places, sight }
}

const kept = new WeakMap<Installation, { until: number; inventory: object; seen: Promise<SeenAll> }>()
/** Times what it took: a small installation is looked at each time, a large one every minute or so. */
const FOR = 20

/** Shared by whoever asks within a short time. */
export const seenNow = (installation: Installation): Promise<SeenAll> => {
  const { inventory } = installation
  const last = kept.get(installation)
  if (last && performance.now() < last.until && last.inventory === inventory) return last.seen
  const began = performance.now()
  const seen = sourceRows(installation, SYSTEM).then(async (sources) =>
    seenOf(installation, sources, await feedsNow(installation, sources)),
  )
  const entry = { until: Number.POSITIVE_INFINITY, inventory, seen }
  kept.set(installation, entry)
  seen.then(
    () => (entry.until = performance.now() + FOR * (performance.now() - began)),
    () => kept.delete(installation),
  )
  return seen
}
