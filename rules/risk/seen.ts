/**
 * What can be seen: which rules could find something at which place, by the logs that arrive. What follows from it is
 * the coverage that stands beside a score, and what would be lost without a source.
 */
import type { Scalar } from '../../ingest/event.ts'
import type { Filter, Leaf } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import type { Level, Rule } from '../rule.ts'

/** Fields that the sources say themselves, of few values each: what is known of the events of a feed. */
export const TELLING = ['event.category', 'event.dataset', 'observer.type', 'portal.trusted'] as const
/** Of a place: a kind of log that no rule names, so that one about a certain product is expected where that product sends. */
const ANY_DATASET = '*'
/** Values of a field; null where events lack it. A field that is not named may be anything. */
export type Known = ReadonlyMap<string, ReadonlySet<Scalar | null>>

/** What one source brings about one agency and portal. */
export interface Feed {
  readonly source: string
  /** As the line calls the device. */
  readonly observer?: string | undefined
  /** Whose events they are, as stored. */
  readonly organization?: string | undefined
  readonly portal?: string | undefined
  readonly known: Known
  /** Share of its source's lines that are understood, 0 to 1. */
  readonly understood: number
}

const leaves = new WeakMap<Leaf, ReturnType<typeof compile>>()
const holds = (leaf: Leaf, value: Scalar | null): boolean => {
  let match = leaves.get(leaf)
  if (!match) leaves.set(leaf, (match = compile(leaf)))
  return match(value === null ? {} : { [leaf.field]: value })
}
/** Whether an event of which only so much is known may be (`wanted`), or may not be, what the filter says. */
const may = (filter: Filter, known: Known, wanted: boolean): boolean => {
  if (filter.op === 'not') return may(filter.of, known, !wanted)
  if (filter.op === 'and' || filter.op === 'or')
    return (filter.op === 'and') === wanted
      ? filter.of.every((part) => may(part, known, wanted))
      : filter.of.some((part) => may(part, known, wanted))
  const values = known.get(filter.field)
  if (values === undefined || filter.op === 'ref') return true
  // Of a portal it is known that there is one, and of a rule about a certain one nothing is decided by that.
  if (filter.field === 'portal.id' && filter.op !== 'exists') return true
  for (const value of values) if (holds(filter, value) === wanted) return true
  return false
}
export const mayMatch = (filter: Filter, known: Known): boolean => may(filter, known, true)

/** A place at which an agency is to be seen. `expected`: what its events would be like; undefined: whatever it brings. */
export interface Place {
  readonly agency: string
  /** network: a local network of which the inventory names no firewall. source: one of its own that no device stands for. */
  readonly kind: 'portal' | 'firewall' | 'network' | 'source'
  readonly id: string
  readonly expected: Known | undefined
  /** Whether a feed is about this place. */
  readonly sees: (feed: Feed) => boolean
}

const WEIGHT: { readonly [level in Level]: number } = { critical: 8, high: 4, medium: 2, low: 1, informational: 0.5 }
type Judged = Pick<Rule, 'id' | 'level' | 'filter'>

/** Feeds are alike in a few ways: which rules each way may meet is worked out once. */
export const openSight = (rules: readonly Judged[]) => {
  const met = new Map<string, ReadonlySet<string>>()
  const meet = (known: Known): ReadonlySet<string> => {
    const key = JSON.stringify([...known].map(([field, values]) => [field, [...values].map(String).sort()]).sort())
    let found = met.get(key)
    if (!found)
      met.set(key, (found = new Set(rules.filter(({ filter }) => mayMatch(filter, known)).map(({ id }) => id))))
    return found
  }
  const weight = new Map(rules.map(({ id, level }) => [id, WEIGHT[level]]))
  const shareAt = (place: Place, feeds: readonly Feed[]): number => {
    const mine = feeds.filter((feed) => place.sees(feed))
    const datasets = mine.flatMap(({ known }) => [...(known.get('event.dataset') ?? [])])
    const expected =
      place.expected === undefined
        ? []
        : [...meet(new Map([...place.expected, ['event.dataset', new Set([ANY_DATASET, ...datasets])]]))]
    // Where no rule asks for anything, it is seen as far as its lines are understood.
    if (expected.length === 0) return Math.max(0, ...mine.map(({ understood }) => understood))
    let [seen, all] = [0, 0]
    for (const rule of expected) {
      const most = Math.max(0, ...mine.filter(({ known }) => meet(known).has(rule)).map(({ understood }) => understood))
      seen += weight.get(rule)! * most
      all += weight.get(rule)!
    }
    return seen / all
  }
  return {
    /** Rules that no feed may meet. */
    blind: (feeds: readonly Feed[]): string[] => {
      const some = new Set(feeds.flatMap(({ known }) => [...meet(known)]))
      return rules.flatMap(({ id }) => (some.has(id) ? [] : [id]))
    },
    /** How much of each place is seen, 0 to 1. */
    shares: (places: readonly Place[], feeds: readonly Feed[]): readonly { place: Place; share: number }[] =>
      places.map((place) => ({ place, share: shareAt(place, feeds) })),
    /** Each that could be found: a rule, at an agency and portal. */
    detectable: (feeds: readonly Feed[]): ReadonlySet<string> =>
      new Set(
        feeds.flatMap(({ known, organization, portal }) =>
          [...meet(known)].map((rule) => detectionKey(rule, organization, portal)),
        ),
      ),
  }
}
export type Sight = ReturnType<typeof openSight>

export const detectionKey = (rule: string, organization: string | undefined, portal: string | undefined): string =>
  JSON.stringify([rule, organization ?? '', portal ?? ''])

/** What only this source lets see: lost without it. */
export const lostWithout = (sight: Sight, feeds: readonly Feed[], source: string): ReadonlySet<string> => {
  const left = sight.detectable(feeds.filter((feed) => feed.source !== source))
  return new Set([...sight.detectable(feeds)].filter((key) => !left.has(key)))
}

/** Of an agency: the mean of its places, 0 to 1; undefined where it has none. */
export const coverageOf = (shares: readonly { readonly share: number }[]): number | undefined =>
  shares.length === 0 ? undefined : shares.reduce((sum, { share }) => sum + share, 0) / shares.length
