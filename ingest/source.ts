import type { Description } from './described/described.ts'

/** What a source is, as the configuration says it, and what the console shows of it. */
export type Collect =
  | {
      readonly kind: 'file'
      readonly path: string
      readonly start: 'beginning' | 'end'
      /** Every node of a cluster sees the same files: one of them reads. */
      readonly shared?: boolean
      /** Folders that links in its own may lead into. */
      readonly files?: readonly string[]
    }
  | {
      readonly kind: 'syslog'
      /** Addresses or networks that send; empty: whoever sends to the port, or through a relay. */
      readonly from: readonly string[]
      /** Of ours, that it is sent to. */
      readonly port?: number | undefined
      /** What the header of a relayed line says. */
      readonly host?: readonly string[] | undefined
      readonly program?: readonly string[] | undefined
    }
  | { readonly kind: 'http'; readonly token: string }

export interface Source {
  readonly id: string // letters, digits, '-', '_', '.'
  readonly parser: string
  /** What the parser's `options` say of its format. */
  readonly options?: unknown
  /** A parser that somebody described, whose id `parser` then is; absent where it comes with the program. */
  readonly described?: Description
  readonly title?: string
  readonly organization?: string
  /** The information system whose log it is. */
  readonly system?: string
  /** Addresses of the server whose log it is, where the log does not say them: its Host header counts among their portals. */
  readonly serves?: readonly string[]
  readonly timezone: string // IANA
  /** It is said of this source, not of all. */
  readonly zoned?: boolean
  readonly collect: Collect
  /** Minutes without a line after which it counts as silent. */
  readonly silent: number
  /** That its events are kept, where it is not as long as all others. */
  readonly days?: number
}

export type SourceState = 'receiving' | 'silent' | 'waiting' | 'failing'
export interface SourceStatus {
  readonly id: string
  readonly state: SourceState
  readonly problem?: string
  readonly since: number // when the process began to watch it
  readonly lastLine?: number // arrival of the newest line
  readonly rate: number // lines a second over the last minute
  readonly lag: number // ms from '@timestamp' to commit, the newest
  readonly lines: number // since the process started
  readonly unparsed: number
  readonly dropped: number
  /** Streams of which the parser has forgotten what it knew, for there were too many; absent: none. */
  readonly forgotten?: number
  readonly behind: number // bytes not yet in the store
  readonly timeAhead: boolean
}
export const UNKNOWN_SOURCE = 'unknown'
