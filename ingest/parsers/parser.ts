/** What a parser is: it describes itself, and says of a line's bytes what they mean. */
import type { ZodType } from 'zod'
import type { Header } from '../envelope.ts'
import type { Row } from '../row/row.ts'

/** What stays between two lines of one stream, for example the `#Fields` of IIS. Plain JSON; committed with the offset. */
export type ParserState = { readonly [key: string]: string | number | readonly string[] } | undefined

/** Of the line that is parsed. One object for all lines: nothing of it is kept. */
export interface LineContext {
  /** When the line arrived or was read, epoch ms: gives a line without a year or date its own. */
  arrived: number
  /** IANA zone of the device, for times that do not say theirs; 'UTC' where it is not known. */
  timezone: string
  /** A person said the zone of this source; else it is that of all. */
  zoned: boolean
  /** What a syslog sender or relay said before the message; absent where nobody did. */
  header: Header | undefined
  /** What the parser remembers of the stream (a file, one sender's lines); assigned to, it holds for the next line. */
  state: ParserState
  /** The row is whole; what is said from now on is a further event of the same line. */
  next(): void
}

/** The row is whole. It has '@timestamp', never event.original or event.id: the stage adds those. */
export const EVENT = 0
/** A line that only changes the state, or says nothing (a comment, a blank line): not stored. */
export const SKIP = 1
/** Else a sentence: what was expected and what stood there. The line is kept as pipeline_error. */
export type Answer = typeof EVENT | typeof SKIP | string

/**
 * Says of the bytes `from` to `to` of the row's memory what they mean. They are UTF-8, without the line's ending and without
 * what the envelope took off. No I/O, no clock, no state but `context.state`; never throws: hostile input is the normal case.
 */
export type Parse = (row: Row, from: number, to: number, context: LineContext) => Answer

/** Several lines that are one event: told apart before they are parsed. */
export interface Joiner {
  /** Whether the line begins an event. */
  begins(bytes: Uint8Array, from: number, to: number): boolean
  /** Whether the line is the last of one, so that the next need not be waited for. */
  ends(bytes: Uint8Array, from: number, to: number): boolean
  /** To which event it belongs where several are written at once: the text of this range. Absent: to the one that is open. */
  readonly key?: (bytes: Uint8Array, from: number, to: number) => readonly [from: number, to: number] | undefined
}

/**
 * A kind of log that Sigma rules name (SigmaHQ, "Logsource"): this category, product and service, and nothing else. The rules
 * are given the list; which fields Sigma's words mean follows from the taxonomy.
 */
export interface Logsource {
  readonly category?: string
  readonly product?: string
  readonly service?: string
  /** Whose words: those of the category, where it is not said. */
  readonly taxonomy?: 'webserver' | 'firewall' | 'proxy' | 'dns' | 'zeek' | 'windows'
  /** What a name that is in no taxonomy stands under: 'fortinet.firewall.'. */
  readonly vendor?: string
  /** The events of the parser that are of this kind, where not all are: a value of this field. */
  readonly where?: readonly [field: string, value: string]
}

export interface Parser<Options = unknown> {
  /** The id that a source's configuration names, 'fortinet_fortigate'. Also the dataset, where the parser says no other. */
  readonly id: string
  /** What a person calls it: 'Fortinet FortiGate'. */
  readonly title: string
  /** What can be said of a source's format in its configuration; `{}` has to be valid. */
  readonly options: ZodType<Options>
  readonly logsources: readonly Logsource[]
  /** What has to be set on the device, the best way first. */
  readonly settings: readonly Setting[]
  /** Reads the documents of shippers as they are; else the line in them is read, and their frame is left out. */
  readonly documents?: true
  /** Lines mean what lines before them said (names of columns). */
  readonly remembers?: true
  /** Takes lines together first, where several are one event. */
  readonly joiner?: Joiner
  open(options: Options): Parse
}

/** What this reader is, as a device has to know it. */
export interface Reader {
  /** Without brackets, where it is IPv6. */
  readonly host: string
  readonly port: number
  /** Syslog is taken over TCP only. */
  readonly tcp: boolean
  /** `https://host:port/ingest/`, the source's id follows. */
  readonly http: string
}
export interface Setting {
  /** How the lines come then. */
  readonly collect: 'syslog' | 'http' | 'file'
  /** Where the text belongs: a command line, a configuration file's name. */
  readonly where: string
  readonly text: (reader: Reader) => string
}
