/** Lines to events: parse, enrich, and what every event carries. No I/O, no clock. */
import { createHash } from 'node:crypto'
import type { Line } from './collect/lines.ts'
import type { Event } from './event.ts'
import type { Parser, ParserState } from './parsers/parser.ts'
import type { Source } from './source.ts'

const DAY = 86_400_000
export type Enrich = (event: Event, source: { organization?: string; serves?: readonly string[] }) => void

/** `event.id` is a hash of source and segment, and the offset in it: the same line read again has the same id. */
export const idPrefix = (source: string, segment: string): string =>
  createHash('sha256').update(`${source}\0${segment}`).digest('base64url').slice(0, 16)

export interface Processed {
  readonly events: Event[]
  readonly state: ParserState
  readonly unparsed: number
  /** A line claimed a time more than 24 h ahead of its arrival. */
  readonly timeAhead: boolean
}

/**
 * `from` is the position of the first line; `parser` is undefined where the sender belongs to no source; `history` marks
 * events that no rule is to look at.
 */
export const processLines = (
  lines: readonly Line[],
  from: number,
  source: Source,
  prefix: string,
  parser: Parser | undefined,
  enrich: Enrich,
  now: number,
  initial: ParserState,
  history = false,
): Processed => {
  const events: Event[] = []
  let state = initial
  let position = from
  let unparsed = 0
  let timeAhead = false
  const known = {
    ...(source.organization === undefined ? {} : { organization: source.organization }),
    ...(source.serves ? { serves: source.serves } : {}),
  }
  for (const line of lines) {
    const arrived = line.arrived ?? now
    let event: Event | undefined
    let problem: string | undefined
    if (line.part) problem = `the line is longer than 512 KiB; this is part ${line.part} of it`
    else if (!parser)
      problem = `no source is configured for the sender ${line.peer ?? 'unknown'}: add one with this address under "from"`
    else {
      const parsed = parser.parse(line.text, { arrived, timezone: source.timezone }, state)
      if (parsed.state !== undefined) state = parsed.state
      if ('event' in parsed) event = parsed.event
      else if ('error' in parsed) problem = parsed.error
    }
    if (problem !== undefined) {
      unparsed++
      event = { '@timestamp': arrived, 'event.kind': 'pipeline_error', 'error.message': problem }
    }
    if (event) {
      const time = event['@timestamp'] as number
      if (!(time <= arrived + DAY)) {
        timeAhead = true
        event['vonglau.time.parsed'] = time
        event['@timestamp'] = arrived
      }
      event['event.id'] = `${prefix}-${position.toString(36)}`
      event['event.kind'] ??= 'event'
      event['event.dataset'] = source.parser
      event['event.original'] = line.text
      event['vonglau.source.id'] = source.id
      if (history) event['vonglau.import'] = true
      if (line.bytes !== undefined) event['vonglau.original.base64'] = line.bytes
      if (line.peer !== undefined) event['log.source.address'] = line.peer
      enrich(event, known)
      events.push(event)
    }
    position = line.end
  }
  return { events, state, unparsed, timeAhead }
}
