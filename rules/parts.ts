/**
 * Whom an alert concerns. What qualifies in a group is split by agency before it is chained into bursts: windows count over
 * the whole group, so an attacker who tries five agencies twice each is found, and each agency sees its own part only.
 */
import type { Event } from '../ingest/event.ts'
import type { Rule } from './rule.ts'

/** The part that belongs to no agency. */
export const NOBODY = ''

/** What deciding needs of an event. */
export const AGENCY_FIELDS = [
  'organization.id',
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
  const own = agency(event, 'organization.id')
  if (event['vonglau.shared'] !== true || concerns === 'destination') return [own]
  const source = agency(event, 'source.organization.id')
  if (concerns === 'source') return [source || own]
  const sides = new Set([own, source, agency(event, 'destination.organization.id')])
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
export const shownTo = (event: Event, organization: string): Event => {
  const own = agency(event, 'organization.id')
  if (own === organization || organization === NOBODY) return event
  const copy: Event = { 'organization.id': organization }
  for (const field of FIELDS[sideOf(event, organization)]) {
    const value = event[field]
    if (value !== undefined) copy[field] = value
  }
  return copy
}
export const isCopy = (event: Event, organization: string): boolean =>
  organization !== NOBODY && agency(event, 'organization.id') !== organization
/** Whether a field of the group may be told to an agency that sees copies. */
export const mayBeTold = (field: string): boolean => FIELDS.source.has(field) && FIELDS.destination.has(field)
