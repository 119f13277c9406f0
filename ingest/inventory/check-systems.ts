/** What is said of systems, certificates, people and time: that what is named exists, and that days follow each other. */
import type { Dated } from './days.ts'
import type { Inventory, Path, Problem } from './schema.ts'

export const checkSystems = (inventory: Inventory): Problem[] => {
  const problems: Problem[] = []
  const say = (path: Path, found: unknown, expected: string): void => void problems.push({ path, found, expected })
  const agencies = new Set(inventory.agencies.map(({ id }) => id))
  const systems = new Set(inventory.systems.map(({ id }) => id))
  const portals = new Set(inventory.portals.map(({ id }) => id))
  const known = (path: Path, id: string | undefined, of: ReadonlySet<string>, what: string): void => {
    if (id !== undefined && !of.has(id)) say(path, id, `the id of ${what} in this file`)
  }

  const ids = new Map<string, number>()
  inventory.systems.forEach((system, i) => {
    const { id } = system
    if (ids.has(id)) say(['systems', i, 'id'], id, `an id that is not taken already by entry [${ids.get(id)}]`)
    ids.set(id, i)
    known(['systems', i, 'owner'], system.owner, agencies, 'an agency')
    known(['systems', i, 'operator'], system.operator, agencies, 'an agency')
    system.levels.forEach((level, n) => {
      const before = system.levels[n - 1]
      if (before && level.from <= before.from)
        say(['systems', i, 'levels', n, 'from'], level.from, `a day after ${before.from}, for levels follow each other`)
    })
    for (const [n, { date, findings }] of system.assessments.entries())
      for (const [m, { done }] of findings.entries()) {
        if (done !== undefined && done < date)
          say(
            ['systems', i, 'assessments', n, 'findings', m, 'done'],
            done,
            `a day not before the assessment's, ${date}`,
          )
      }
  })
  // An id under which something is stored is never given to something else.
  const former = new Map<string, string>()
  for (const [i, { id, former: own }] of inventory.systems.entries())
    for (const [n, each] of own.entries()) {
      const other = former.get(each)
      const isTaken = agencies.has(each) || (each !== id && systems.has(each)) || other !== undefined
      if (isTaken)
        say(
          ['systems', i, 'former', n],
          each,
          `an id that nothing else has${other === undefined ? '' : ` (${other} has it)`}`,
        )
      former.set(each, id)
    }

  for (const key of ['portals', 'devices', 'networks', 'planned'] as const)
    for (const [i, entry] of inventory[key].entries()) known([key, i, 'system'], entry.system, systems, 'a system')
  inventory.planned.forEach((work, i) => {
    known(['planned', i, 'organization'], work.organization, agencies, 'an agency')
    known(['planned', i, 'portal'], work.portal, portals, 'a portal')
    if (Date.parse(work.to) <= Date.parse(work.from))
      say(['planned', i, 'to'], work.to, `a time after from, ${work.from}`)
    if ([work.organization, work.system, work.portal, work.source].every((each) => each === undefined))
      say(['planned', i], undefined, 'an organization, a system, a portal or a source that the work is at')
  })
  const serials = new Map<string, number>()
  inventory.signatures.forEach(({ serial, issued, expires }, i) => {
    if (serials.has(serial))
      say(
        ['signatures', i, 'serial'],
        serial,
        `a serial number that is not taken already by entry [${serials.get(serial)}]`,
      )
    serials.set(serial, i)
    if (issued !== undefined && expires < issued)
      say(['signatures', i, 'expires'], expires, `a day not before the day of issue, ${issued}`)
  })
  inventory.calendar.hours.forEach(({ from, to }, i) => {
    if (to <= from) say(['calendar', 'hours', i, 'to'], to, `a time after from, ${from}`)
  })
  inventory.calendar.off.forEach(({ from, to }, i) => {
    if (to < from) say(['calendar', 'off', i, 'to'], to, `a day not before from, ${from}`)
  })

  const inOrder = (path: Path, { valid_from, valid_to }: Dated): void => {
    if (valid_from !== undefined && valid_to !== undefined && valid_to <= valid_from)
      say([...path, 'valid_to'], valid_to, `a day after valid_from, ${valid_from}`)
  }
  inOrder(['province'], inventory.province)
  for (const key of ['agencies', 'systems', 'portals', 'devices', 'networks', 'duties'] as const)
    for (const [i, entry] of inventory[key].entries()) {
      inOrder([key, i], entry)
      if ('contacts' in entry)
        for (const [n, contact] of entry.contacts.entries()) inOrder([key, i, 'contacts', n], contact)
    }
  return problems
}
