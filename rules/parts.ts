/**
 * Whom an alert concerns. What qualifies in a group is split by agency before it is chained into bursts: windows count over
 * the whole group, so an attacker who tries five agencies twice each is found, and each agency sees its own part only.
 */
import type { Event } from '../ingest/event.ts'
import type { Rule } from './rule.ts'

/** The part that belongs to no agency. */
export const NOBODY = ''

/**
 * Whom a part concerns: an agency, and the information system, where it has one: `so-y-te`, `ubnd-tinh/lgsp`. Who runs a
 * system sees its alerts beside the owner, so an alert has events of one system or of none. Neither id holds a `/`.
 */
export const partyOf = (organization: unknown, system: unknown): string =>
  typeof organization !== 'string' || organization === ''
    ? NOBODY
    : typeof system === 'string' && system !== ''
      ? `${organization}/${system}`
      : organization
export const agencyIn = (party: string): string => {
  const slash = party.indexOf('/')
  return slash < 0 ? party : party.slice(0, slash)
}
export const systemIn = (party: string): string | undefined => {
  const slash = party.indexOf('/')
  return slash < 0 ? undefined : party.slice(slash + 1)
}
/** Of an alert or an incident. */
export const partyOfDocument = (doc: { readonly [field: string]: unknown }): string =>
  partyOf(doc['organization.id'], doc['system.id'])
/** What an alert or an incident of a party says of it. */
export const whose = (party: string): { 'organization.id'?: string; 'system.id'?: string } => {
  const system = systemIn(party)
  return {
    ...(party === NOBODY ? {} : { 'organization.id': agencyIn(party) }),
    ...(system === undefined ? {} : { 'system.id': system }),
  }
}

/** What deciding needs of an event. */
export const AGENCY_FIELDS = [
  'organization.id',
  'system.id',
  'vonglau.shared',
  'source.organization.id',
  'destination.organization.id',
]

const agency = (event: Event, field: string): string => {
  const value = event[field]
  return typeof value === 'string' ? value : NOBODY
}

/**
 * The agencies that an event concerns, each once; `NOBODY` where none. An agency's own device wrote about its own: then
 * the rule has no say, and neither has it about events from before both sides were named.
 */
export const agenciesOf = ({ concerns }: Pick<Rule, 'concerns'>, event: Event): readonly string[] => {
  const owner = agency(event, 'organization.id')
  const own = partyOf(owner, event['system.id'])
  if (event['vonglau.shared'] !== true || concerns === 'destination') return [own]
  const partyAt = (field: string): string => {
    const id = agency(event, field)
    // The system is that of whose event it is, never of the other side.
    return id === owner ? own : id
  }
  const source = partyAt('source.organization.id')
  if (concerns === 'source') return [source || own]
  const sides = new Set([own, source, partyAt('destination.organization.id')])
  if (sides.size > 1) sides.delete(NOBODY)
  return [...sides]
}

/** The parts of a group, by agency. */
export const split = <T extends { readonly agencies: readonly string[] }>(moments: readonly T[]): Map<string, T[]> => {
  const parts = new Map<string, T[]>()
  for (const moment of moments) {
    for (const each of moment.agencies) {
      const part = parts.get(each)
      if (part) part.push(moment)
      else parts.set(each, [moment])
    }
  }
  return parts
}

/** Of its own side an agency sees what happened; of the other only address, port and time, and never the line. */
const COPIED = [
  '@timestamp',
  'event.id',
  'event.kind',
  'event.category',
  'event.type',
  'event.action',
  'event.outcome',
  'network.transport',
  'network.type',
  'network.protocol',
  'network.direction',
]
const OWN_SIDE = ['ip', 'port', 'prefix', 'bytes', 'packets', 'network.name', 'organization.id']
const OTHER_SIDE = ['ip', 'port']

/** The field is in a copy for an agency whose side is this. */
const fieldsFor = (side: 'source' | 'destination'): ReadonlySet<string> =>
  new Set([
    ...COPIED,
    ...OWN_SIDE.map((name) => `${side}.${name}`),
    ...OTHER_SIDE.map((name) => `${side === 'source' ? 'destination' : 'source'}.${name}`),
  ])
const FIELDS = { source: fieldsFor('source'), destination: fieldsFor('destination') }

const sideOf = (event: Event, organization: string): 'source' | 'destination' =>
  event['source.organization.id'] === organization ? 'source' : 'destination'

/** The event as the agency may see it: whole where it is its own, else a copy. */
export const shownTo = (event: Event, party: string): Event => {
  const organization = agencyIn(party)
  const own = agency(event, 'organization.id')
  if (own === organization || organization === NOBODY) return event
  const copy: Event = { 'organization.id': organization }
  for (const field of FIELDS[sideOf(event, organization)]) {
    const value = event[field]
    if (value !== undefined) copy[field] = value
  }
  return copy
}
export const isCopy = (event: Event, party: string): boolean =>
  party !== NOBODY && agency(event, 'organization.id') !== agencyIn(party)
/** Whether a field of the group may be told to an agency that sees copies. */
export const mayBeTold = (field: string): boolean => FIELDS.source.has(field) && FIELDS.destination.has(field)
