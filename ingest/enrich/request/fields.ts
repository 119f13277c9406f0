/** The findings of a request as fields of an event, computed when they are asked for. */
import type { Event, Value } from '../../event.ts'
import type { Findings } from './findings.ts'
import { analyse, FIELDS } from './request.ts'

/** What they are computed of; any of them is enough. */
export const INPUTS = [
  'url.original',
  'url.path',
  'url.query',
  'http.request.method',
  'http.version',
  'http.request.referrer',
  'user_agent.original',
  'url.domain',
  'portal.domain',
] as const

const textOf = (event: Event, name: string): string | undefined => {
  const value = event[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
/** IIS and some proxies say path and query apart. */
const targetOf = (event: Event): string | undefined => {
  const original = textOf(event, 'url.original')
  if (original !== undefined) return original
  const [path, query] = [textOf(event, 'url.path'), textOf(event, 'url.query')]
  return query === undefined ? path : `${path ?? ''}?${query}`
}

/** Rules ask for one field after the other of the same event: the last answer is kept, with what it was made of. */
let last: Event | undefined
const inputs: (Value | undefined)[] = INPUTS.map(() => undefined)
let found: Findings | undefined
const findingsOf = (event: Event): Findings => {
  let same = found !== undefined && event === last
  for (let i = 0; i < INPUTS.length; i++) {
    const value = event[INPUTS[i]!]
    if (inputs[i] === value) continue
    same = false
    inputs[i] = value
  }
  if (same) return found!
  last = event
  found = analyse({
    target: targetOf(event),
    method: textOf(event, 'http.request.method'),
    version: textOf(event, 'http.version'),
    referrer: textOf(event, 'http.request.referrer'),
    agent: textOf(event, 'user_agent.original'),
    host: textOf(event, 'portal.domain') ?? textOf(event, 'url.domain'),
  })
  return found
}

const isAsked = (event: Event): boolean =>
  event['url.original'] !== undefined ||
  event['url.path'] !== undefined ||
  event['url.query'] !== undefined ||
  event['user_agent.original'] !== undefined ||
  event['http.request.referrer'] !== undefined

/** Of most requests nothing is said: then none of the fields below is there. */
export const isQuiet = (event: Event): boolean => !isAsked(event) || findingsOf(event).isEmpty

/** By field; undefined where nothing was found, or nothing was asked. */
export const REQUEST_FIELDS: ReadonlyMap<string, (event: Event) => Value | undefined> = new Map(
  FIELDS.map((name) => [
    name,
    name === 'request.truncated'
      ? (event: Event) => (isAsked(event) && findingsOf(event).truncated ? true : undefined)
      : (event: Event) => (isAsked(event) ? findingsOf(event).get(name) : undefined),
  ]),
)
