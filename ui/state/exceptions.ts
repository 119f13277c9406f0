/** What an exception may be made of: the parts of an alert, and the condition that they are together. */
import type { AlertDetail } from '../../api/contract.ts'
import { clause } from './kql.ts'

export interface Part {
  readonly field: string
  readonly value: string
  on: boolean
}

/** What narrows most comes first: the group, why it fired, then where it came from and what it asked for. */
const FIELDS = [
  'source.ip',
  'user.name',
  'portal.domain',
  'destination.ip',
  'destination.port',
  'url.path',
  'http.response.status_code',
  'user_agent.original',
  'observer.name',
  'vonglau.source.id',
]

export const partsOf = (alert: AlertDetail): Part[] => {
  const event = alert.events[0] ?? {}
  const parts = new Map<string, Part>()
  const add = (field: string, value: unknown, on: boolean) => {
    // A name that stands for several fields is none of an event; a list is no single value.
    if (value === undefined || Array.isArray(value) || !field.includes('.') || parts.has(field)) return
    parts.set(field, { field, value: String(value), on })
  }
  for (const { field, value } of alert.group) if (!value.startsWith('[')) add(field, value, true)
  for (const { field } of alert.why) if (!field.startsWith('request.')) add(field, event[field], false)
  for (const field of FIELDS) add(field, event[field], false)
  return [...parts.values()]
}

/** A text of the data as KQL: quoted, so that nothing in it is an operator. */
export const conditionOf = (parts: readonly Part[]): string =>
  parts
    .filter(({ on }) => on)
    .map(({ field, value }) => clause(field, value))
    .join(' and ')
