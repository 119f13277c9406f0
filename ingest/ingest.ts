/** What runs the sources of a process: its options, and what others ask of it. */
import type { Clock } from './clock.ts'
import type { Frames } from './collect/frames.ts'
import type { Named, Part, Taken } from './collect/streams.ts'
import type { GeoIpFiles } from './enrich/geoip.ts'
import type { Inventory } from './inventory/inventory.ts'
import type { Judging } from './judge.ts'
import type { Notices } from './notices.ts'
import type { Source, SourceStatus } from './source.ts'
import type { EventStore, Lease } from './store/store.ts'

export interface IngestOptions {
  readonly store: EventStore
  readonly sources: readonly Source[]
  readonly spoolFolder: string
  /** Rows handed to the store and not yet committed: 100,000, more than a full commit of the embedded store. */
  readonly most?: number
  /** Names this process's spool among those of others that share the store; '' where there are none. */
  readonly node?: string
  /** Files, and a spool, are read by one of several processes: taken before the first look, again where it was lost. */
  readonly lease?: (name: string) => Promise<Lease | undefined>
  readonly inventory: Inventory
  readonly geoip: GeoIpFiles
  readonly clock: Clock | (() => number)
  /** ms between looks at files. */
  readonly poll?: number
  /** Files are complete: read once to their end (an import). */
  readonly whole?: boolean
  /** Much is about to come: the thread that takes lines apart is started at once. */
  readonly much?: boolean
  /** The rules that events are judged by as they are taken apart; absent: by none, and whoever runs the rules reads them. */
  readonly judging?: Judging | undefined
  /** The events are marked, so that no rule looks at them. */
  readonly history?: boolean
  readonly warn: (message: string) => void
}

export interface Ingest {
  start(): Promise<void>
  /** Lines of a network source; resolves when they are on disk, or when they are a part of a stream that was taken before. */
  accept(source: string, lines: Frames | readonly Buffer[], sender: string, part?: Part): Promise<Taken>
  /** Documents of a network source, each one event with an id of its own; as `accept`. */
  acceptNamed(source: string, documents: readonly Buffer[], sender: string, names: readonly Named[]): Promise<Taken>
  /** How far a stream of a network source stands; undefined where it is not known. */
  position(source: string, stream: string): Promise<number | undefined>
  /** Counts lines that had to be dropped (a datagram that found no room). */
  drop(source: string, lines: number): void
  status(): Promise<SourceStatus[]>
  /** Bytes of a source that are not in the store. */
  behind(source: string): Promise<number>
  /** What was refused, lost or held back. */
  readonly notices: Notices
  readonly spoolFolder: string
  /** Resolves when all that could be read at the call is in the store. */
  drain(): Promise<void>
  readonly progress: () => { lines: number; bytes: number }
  /**
   * What the configuration says now: sources that are new are read, those that are gone no more, one that says something else
   * goes on from what is committed as it says now. Resolves when nothing is read by what was said before.
   */
  setSources(sources: readonly Source[]): Promise<void>
  /** Applies to the lines that are read from now on. */
  setInventory(inventory: Inventory): void
  /** Applies to the lines that are read from now on; resolves when no line is judged by the rules before any more. */
  setJudging(judging: Judging): Promise<void>
  stop(): Promise<void>
}
