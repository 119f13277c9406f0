/** What a schema cannot say: that things named exist, that ids and addresses are unambiguous, that chains end. */
import { parseCidr } from '../ip.ts'
import { keyOf } from './entries.ts'
import type { Inventory, Path, Problem } from './schema.ts'
import { checkSystems } from './check-systems.ts'

export const check = (inventory: Inventory): Problem[] => {
  const problems: Problem[] = []
  const say = (path: Path, found: unknown, expected: string): void => {
    problems.push({ path, found, expected })
  }
  const agencies = new Map(inventory.agencies.map((agency) => [agency.id, agency]))
  const agencyList = (wanted: string): string => {
    const near = [...agencies.keys()].filter((id) => id.includes(wanted.slice(0, 4))).slice(0, 3)
    return `the id of an agency in this file${near.length > 0 ? ` (near: ${near.join(', ')})` : ''}`
  }
  const known = (path: Path, id: string | undefined): void => {
    if (id !== undefined && !agencies.has(id)) say(path, id, agencyList(id))
  }
  const once = <T>(
    list: readonly T[],
    key: (entry: T) => readonly string[],
    path: (i: number) => Path,
    what: string,
  ): void => {
    const seen = new Map<string, number>()
    list.forEach((entry, i) => {
      for (const value of key(entry)) {
        const before = seen.get(value)
        if (before !== undefined && before !== i)
          say(path(i), value, `${what} that is not taken already by entry [${before}]`)
        seen.set(value, i)
      }
    })
  }

  once(
    inventory.agencies,
    ({ id }) => [id],
    (i) => ['agencies', i, 'id'],
    'an id',
  )
  once(
    // The province's own stands before all: what belongs to no agency is numbered with it.
    [{ code: inventory.province.code }, ...inventory.agencies],
    ({ code }) => (code === undefined ? [] : [code]),
    (i) => (i === 0 ? ['province', 'code'] : ['agencies', i - 1, 'code']),
    'a code',
  )
  once(
    inventory.portals,
    ({ id }) => [id],
    (i) => ['portals', i, 'id'],
    'an id',
  )
  once(
    inventory.portals,
    ({ domain, aliases }) => [domain, ...aliases],
    (i) => ['portals', i, 'domain'],
    'a domain or alias',
  )
  once(
    inventory.networks,
    ({ cidr, valid_from, valid_to }) => {
      const network = parseCidr(cidr)!
      return valid_from || valid_to ? [] : [`${network.ip.high}:${network.ip.low}/${network.bits}`]
    },
    (i) => ['networks', i, 'cidr'],
    'a network',
  )
  once(
    inventory.devices,
    ({ name }) => [name.toLowerCase()],
    (i) => ['devices', i, 'name'],
    'a name',
  )
  once(
    inventory.devices,
    ({ serial }) => (serial ? [serial] : []),
    (i) => ['devices', i, 'serial'],
    'a serial number',
  )

  once(
    inventory.planned,
    ({ id }) => [id],
    (i) => ['planned', i, 'id'],
    'an id',
  )
  // Two that are known by the same words could not be told apart when one of them is changed.
  once(
    inventory.networks,
    (network) => [keyOf('networks', network)],
    (i) => ['networks', i, 'cidr'],
    'a network and first day (valid_from)',
  )

  inventory.agencies.forEach((agency, i) => {
    known(['agencies', i, 'parent'], agency.parent)
    for (const [n, successor] of agency.successors.entries()) known(['agencies', i, 'successors', n], successor)
    if (agency.successors.length > 0 && !agency.valid_to)
      say(['agencies', i, 'valid_to'], undefined, 'the day on which the successor took over')
    // A chain may part and meet again, but never come back.
    const above = (id: string): readonly string[] => agencies.get(id)?.successors ?? []
    const reaches = (next: (id: string) => readonly string[]): boolean => {
      const passed = new Set<string>()
      const waiting = [...next(agency.id)]
      for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
        if (id === agency.id) return true
        if (passed.has(id)) continue
        passed.add(id)
        waiting.push(...next(id))
      }
      return false
    }
    if (
      reaches((id) => {
        const parent = agencies.get(id)?.parent
        return parent === undefined ? [] : [parent]
      })
    )
      say(['agencies', i, 'parent'], agency.parent, `a parent whose own chain does not come back to ${agency.id}`)
    if (reaches(above))
      say(
        ['agencies', i, 'successors', 0],
        agency.successors[0],
        `a successor whose own chain does not come back to ${agency.id}`,
      )
  })

  for (const key of ['portals', 'networks', 'devices', 'signatures'] as const) {
    for (const [i, { organization }] of inventory[key].entries()) known([key, i, 'organization'], organization)
  }

  // IPv4 addresses are shared by many sites of one host; an IPv6 address has room for each, so two portals with the same
  // one are a slip of the pen, unless they share all their addresses as one server's virtual hosts do.
  const holders = new Map<string, number>()
  inventory.portals.forEach((portal, i) => {
    portal.addresses.forEach((ip, n) => {
      if (!ip.includes(':')) return
      const before = holders.get(ip)
      const other = before === undefined ? undefined : inventory.portals[before]
      if (other && other.addresses.toSorted().join() !== portal.addresses.toSorted().join()) {
        say(
          ['portals', i, 'addresses', n],
          ip,
          `an IPv6 address of its own (portals[${before}] ${other.id} has it; sites of shared hosting have the same list)`,
        )
      } else if (before === undefined) holders.set(ip, i)
    })
  })
  once(
    inventory.deadlines,
    ({ valid_from }) => [valid_from],
    (i) => ['deadlines', i, 'valid_from'],
    'a day',
  )
  problems.push(...checkSystems(inventory))
  return problems
}
