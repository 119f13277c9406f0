/**
 * Inventories of before there were information systems: a shared system was an agency of kind `system`, devices were
 * `observers`, an agency had one successor, what the law asks stood under `reporting`. They stay valid: what they say is said
 * as the schema of today has it, and a mistake is still told at its place in the file.
 */
import type { Path } from './schema.ts'

type Entry = { readonly [key: string]: unknown }
const isEntry = (value: unknown): value is Entry => typeof value === 'object' && value !== null && !Array.isArray(value)
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])

export interface Modern {
  readonly raw: unknown
  /** Where in the file stands what has this path in `raw`. */
  readonly place: (path: Path) => Path
}

/** Ids of agencies of kind `system` that run others of that kind, or stand below nobody: they were people, and become an agency. */
const operatorsOf = (systems: readonly Entry[]): ReadonlySet<unknown> => {
  const ids = new Set(systems.map(({ id }) => id))
  return new Set(systems.flatMap(({ id, parent }) => (parent === undefined ? [id] : ids.has(parent) ? [parent] : [])))
}

/** An agency of kind `system` as a system: its operator is the one above it, its owner whoever stands above that. */
const systemOf = (entry: Entry, byId: ReadonlyMap<unknown, Entry>, operators: ReadonlySet<unknown>): Entry => {
  const { id, name, short, parent, valid_from, valid_to } = entry
  const isOperated = operators.has(parent)
  const owner = (isOperated ? byId.get(parent)?.['parent'] : undefined) ?? parent ?? id
  return {
    id,
    name,
    ...(short === undefined ? {} : { short }),
    owner,
    ...(isOperated ? { operator: parent } : {}),
    shared: true,
    former: [id],
    assumed: true,
    ...(valid_from === undefined ? {} : { valid_from }),
    ...(valid_to === undefined ? {} : { valid_to }),
  }
}

const RENAMED = { observers: 'devices', reporting: 'duties' } as const

export const modern = (raw: unknown): Modern => {
  if (!isEntry(raw)) return { raw, place: (path) => path }
  const out: { [key: string]: unknown } = { ...raw }
  const names = new Map<string, string>()
  for (const [before, now] of Object.entries(RENAMED))
    if (before in out && !(now in out)) {
      out[now] = out[before]
      delete out[before]
      names.set(now, before)
    }

  const agencies = listOf(raw['agencies'])
  const byId = new Map(agencies.filter(isEntry).map((entry) => [entry['id'], entry]))
  const systems = agencies.filter(isEntry).filter(({ kind }) => kind === 'system')
  const operators = operatorsOf(systems)
  const moved = new Map<unknown, Entry>()
  const kept: number[] = []
  const made: number[] = []
  agencies.forEach((entry, i) => {
    if (isEntry(entry) && entry['kind'] === 'system' && !operators.has(entry['id'])) {
      moved.set(entry['id'], systemOf(entry, byId, operators))
      made.push(i)
    } else kept.push(i)
  })
  if (Array.isArray(raw['agencies']))
    out['agencies'] = kept.map((i) => {
      const entry = agencies[i]
      if (!isEntry(entry)) return entry
      const { successor, ...rest } = entry
      return {
        ...rest,
        ...(entry['kind'] === 'system' ? { kind: 'centre' } : {}),
        ...(successor === undefined ? {} : { successors: [successor, ...listOf(rest['successors'])] }),
      }
    })
  const own = listOf(raw['systems'])
  if (made.length > 0) out['systems'] = [...own, ...moved.values()]
  /** What belonged to a system that was an agency belongs to its owner now. */
  const given = (entry: unknown): unknown => {
    const system = isEntry(entry) ? moved.get(entry['organization']) : undefined
    return system && isEntry(entry) ? { ...entry, organization: system['owner'], system: system['id'] } : entry
  }
  if (moved.size > 0)
    for (const key of ['portals', 'devices', 'networks', 'signatures'])
      if (Array.isArray(out[key])) out[key] = listOf(out[key]).map(given)

  // It was worked out from the addresses, and stored beside them.
  if (Array.isArray(out['portals']))
    out['portals'] = out['portals'].map((portal) => {
      if (!isEntry(portal) || !('ipv6' in portal) || !Array.isArray(portal['addresses'])) return portal
      const { ipv6: _, ...rest } = portal
      return rest
    })

  return {
    raw: out,
    place: ([first, i, ...rest]) => {
      if (first === undefined) return []
      const name = names.get(String(first)) ?? first
      if (i === undefined) return [name]
      if (first === 'systems' && typeof i === 'number' && i >= own.length && made.length > 0)
        return ['agencies', made[i - own.length] ?? 0, ...rest]
      if (first === 'agencies' && typeof i === 'number') {
        const entry = agencies[kept[i] ?? i]
        const isOne = rest[0] === 'successors' && isEntry(entry) && 'successor' in entry
        return ['agencies', kept[i] ?? i, ...(isOne ? ['successor', ...rest.slice(2)] : rest)]
      }
      return [name, i, ...rest]
    },
  }
}
