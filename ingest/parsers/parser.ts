import type { Event } from '../event.ts'

/** What stays between two lines of one segment, for example the `#Fields` of IIS. Plain JSON; committed with the offset. */
export type ParserState = { readonly [key: string]: string | number | readonly string[] } | undefined

export interface LineContext {
  /** When the line arrived or was read, epoch ms: gives a line without a year or date its own. */
  readonly arrived: number
  /** IANA zone of the device, for times that do not say theirs; 'UTC' where it is not known. */
  readonly timezone: string
}

export type Parsed =
  /** A whole event. It has '@timestamp' and event.kind, never event.original or event.id: the pipeline adds those. */
  | { readonly event: Event; readonly state?: ParserState }
  /** A line that only changes the state, or says nothing (a comment, a blank line): not stored. */
  | { readonly skip: true; readonly state?: ParserState }
  /** A line that is not of this format. `reason` names what was expected and what stood there. Kept as pipeline_error. */
  | { readonly error: string; readonly state?: ParserState }

/**
 * A parser is pure: no I/O, no clock, no state but the one handed in. It never throws: hostile input is the normal case.
 * Where `state` is absent from the answer it is unchanged.
 */
export interface Parser {
  /** The id that a source's configuration names: 'fortinet_fortigate'. Also its dataset. */
  readonly id: string
  /** What a person calls it: 'Fortinet FortiGate'. */
  readonly title: string
  parse(line: string, context: LineContext, state: ParserState): Parsed
}
