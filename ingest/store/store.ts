/**
 * The contract of the store. Two implementations, DuckDB with SQLite (embedded) and Elasticsearch (cluster), pass one
 * suite: tests/ingest/store/contract.ts. What is written here is what the floors above rely on.
 */
import type { Event, Scalar } from '../event.ts'
import type { Memory } from '../memory.ts'
import type { ParserState } from '../parsers/parser.ts'
import type { Filter } from './filter.ts'

/**
 * Whose eyes a read has. There is no default. `organizations` is expanded already (those below, predecessors) and may be
 * empty: then nothing is seen; `systems` are those that they run. Background work says `SYSTEM`.
 */
export type Scope =
  | { readonly system: true }
  | { readonly organizations: readonly string[]; readonly systems?: readonly string[] }
export const SYSTEM: Scope = { system: true }

/** How far a segment of a source (a file, a spool segment) has been taken into the store. */
export interface Offset {
  readonly source: string
  readonly segment: string // device, inode, generation and fingerprint of a file; number of a spool segment
  readonly position: number // bytes; everything before it is in the store
  /** The position that the batch was read from. Where the store has another one, the batch is refused (`StaleOffset`). */
  readonly from?: number
  readonly gone?: true // forget the segment
  /** What the parser remembers at this position; before there were streams, one state for all of them. */
  readonly state?: Memory | ParserState
  /** What the collector needs to know the segment again: path, fingerprint, and so on. Plain JSON. */
  readonly about?: { readonly [key: string]: string | number | boolean }
}

/** Events in the form in which a store takes them, made by a sink of its `packing`. */
export interface Packed {
  readonly rows: number
}

export interface Batch {
  /** Each with '@timestamp' and a unique event.id. event.ingested is given by the store. */
  readonly events: readonly Event[]
  /** In their place. It is the store's from then on, whose memory is used again. */
  readonly packed?: Packed | undefined
  readonly offsets: readonly Offset[]
  /** What parsers learned from these lines: kept as long as the events, for stored lines may be read again. */
  readonly learned?: readonly Learned[]
  /** What allows its reading. Where it is no longer held when the writing begins, the batch is refused (`Fenced`). */
  readonly lease?: Lease | undefined
  /** Nothing more is about to come: the commit need not wait for it. */
  readonly last?: boolean | undefined
  /** Much more of its source is there and only has to be taken apart: the commit may wait for it, some seconds at most. */
  readonly more?: boolean | undefined
  /** Called, at most once and long before it is durable, when what was handed over lies in the store's own memory. */
  readonly copied?: () => void
}

/** From this line on a parser remembers something else of a stream. */
export interface Learned {
  readonly source: string
  readonly segment: string
  readonly stream: string
  /** Where the line begins that it was learned from. */
  readonly position: number
  readonly state: NonNullable<ParserState>
}

/** Both ends in epoch ms: `from` ≤ '@timestamp' < `to`. An absent end is open. */
export interface Window {
  readonly from?: number
  readonly to?: number
  /** after < event.ingested ≤ upTo */
  readonly ingested?: { readonly after?: number; readonly upTo?: number }
}

/** A question that a person asks: it has a time limit of its own, and ends when nobody waits for the answer any more. */
export interface Asked {
  readonly signal?: AbortSignal | undefined
}

export interface Search extends Window, Asked {
  readonly filter: Filter
  readonly order: 'newest' | 'oldest' // by '@timestamp', then event.id
  readonly limit: number // 1 to 1000
  readonly cursor?: string
  /** Only these fields are read; absent: all. */
  readonly fields?: readonly string[]
}

/** A part of the store that could not be read: the answer is without it and says so. */
export interface Missing {
  readonly day: string // 'YYYY-MM-DD', UTC day of ingest
  readonly reason: string
}
export interface Page<T> {
  readonly items: readonly T[]
  readonly cursor?: string // absent at the end
  readonly missing: readonly Missing[]
}

export type By =
  | { readonly terms: string } // one bucket a value; a field with several values counts in each; absent is null
  | { readonly every: number; readonly offset?: number } // histogram of '@timestamp': ms, shifted by ms (a zone)

export interface Aggregate extends Window, Asked {
  readonly filter: Filter
  readonly by: readonly By[]
  readonly limit: number // most buckets, largest count first
  readonly distinct?: string // also count the distinct values of this field
}
export interface Bucket {
  readonly key: readonly (Scalar | null)[]
  readonly count: number
  readonly distinct?: number
  readonly first: number // least and greatest '@timestamp'
  readonly last: number
}

export interface Groups extends Window {
  readonly filter: Filter
  readonly by: readonly string[]
  readonly distinct?: string
  readonly atLeast: number // count, or distinct values where asked for
}

/** All that was ingested on a UTC day, as `Window` has it. */
export const ingestedOn = (day: string): { readonly after: number; readonly upTo: number } => {
  const from = Date.parse(day)
  return { after: from - 1, upTo: from + 86_400_000 - 1 }
}

export interface Day {
  readonly day: string
  readonly events: number
  readonly bytes: number
  readonly problem?: string
}

export interface EventStore {
  /**
   * Durable when it resolves: the events and the offsets together, all or nothing. Batches take effect in the order of
   * the calls; several calls under way may share a commit and then an ingest time. Rejects with the reason; then none
   * of the batch is in the store and the caller reads again from the committed offsets; later batches of the same
   * segment are refused by their `from`. `now` is the caller's clock;
   * ingest times are strictly increasing whatever it says, over restarts too. Appending an event id again in a later
   * day duplicates on an embedded store: the offsets, committed with the events, are what prevents it.
   */
  append(batch: Batch, now: number): Promise<{ readonly ingested: number }>
  /**
   * A module that makes of rows what `append` takes, in whatever thread (`Packing` of stages.ts says what is in it). Commits
   * of just `full` rows cost least.
   */
  readonly packing: { readonly module: string; readonly full: number }
  /** The ingest time up to which everything is visible to every read from now on; nothing will appear at or below it. */
  committed(): Promise<number>
  offsets(source?: string): Promise<readonly Offset[]>
  /** What parsers learned from the lines of a source whose events are there, in the order of the lines of each segment. */
  learned(source: string): Promise<readonly Learned[]>
  search(scope: Scope, search: Search): Promise<Page<Event>>
  aggregate(scope: Scope, query: Aggregate): Promise<Page<Bucket>>
  count(scope: Scope, query: Window & Asked & { readonly filter: Filter }): Promise<number>
  /** Every matching event, in any order, a chunk at a time. Throws where a part cannot be read: detection never skips. */
  match(
    scope: Scope,
    query: Window & { readonly filter: Filter; readonly fields?: readonly string[] },
  ): AsyncIterable<readonly Event[]>
  /** Every group of the values of `by` (single values; an absent one is null) that reaches `atLeast`. None is missed. */
  groups(scope: Scope, query: Groups): AsyncIterable<readonly Bucket[]>
  days(): Promise<readonly Day[]>
  /**
   * Sees to it that these events, none of which come any more, can be written anew though their day is not over: what holds them takes
   * no further events, as after midnight. False where it cannot; they can be when the day is over.
   */
  seal(taken: Filter): Promise<boolean>
  /** Takes a whole UTC day of ingest out of the store. Queries under way end well. Today's cannot be dropped. */
  drop(day: string): Promise<void>
  /**
   * Writes a UTC day of ingest anew with the events that match, as they are, and puts it in the place of the old one as a
   * whole: whenever it is broken off, the day is the one or the other. Where the store cannot say the filter exactly, more
   * stay. Answers how many; of none the day is gone. Today's cannot be written anew, but for what is sealed by `rewrite`; one that cannot be read stays.
   */
  keep(day: string, stay: Filter): Promise<number>
  /**
   * As `keep`, with what `make` answers in the place of the events that match, which are handed to it some at a time, in any
   * order. What it answers is as old as the event of the same id, or of the id before its last dot: of one line there may be
   * several. Answers how many events the day has then.
   */
  rewrite(day: string, taken: Filter, make: (events: readonly Event[]) => Promise<readonly Event[]>): Promise<number>
  close(): Promise<void>
}

/** A document as it is stored. `version` grows with every change; `seq` is its place in the order of all changes. */
export interface Stored<T> {
  readonly id: string
  readonly version: number
  readonly seq: number
  readonly doc: T
}
export type Document = { readonly [field: string]: unknown }

export interface Put<T> {
  readonly id: string
  readonly doc: T
  /** The version it was read with; null: it must not exist; 'any': whatever is there. */
  readonly version: number | null | 'any'
}
export type PutResult =
  | { readonly ok: true; readonly version: number }
  | { readonly ok: false; readonly conflict: true }

export interface DocumentQuery {
  /** Over the flat fields of the document (`flatFields`): 'alert.status', 'organization.id'. */
  readonly filter: Filter
  readonly sort?: readonly { readonly field: string; readonly order: 'asc' | 'desc' }[] // ties by id
  readonly limit: number
  readonly cursor?: string
}

/** Of a field of single numbers. */
export interface Measure {
  readonly field: string
  readonly as: 'least' | 'greatest' | 'sum'
}

export interface Collection<T extends Document> {
  get(scope: Scope, id: string): Promise<Stored<T> | undefined>
  /** A result for each, in the order of the ids: as `get` of each, in one question. */
  getMany(scope: Scope, ids: readonly string[]): Promise<readonly (Stored<T> | undefined)[]>
  /**
   * Durable when it resolves; a result for each. `inOrder`: one after the other, and what follows a conflict is not
   * written (its result is a conflict too). No cluster has transactions, so whoever writes several documents that belong
   * together writes the deciding one first and can do the rest again.
   */
  put(items: readonly Put<T>[], inOrder?: boolean): Promise<readonly PutResult[]>
  query(
    scope: Scope,
    query: DocumentQuery,
  ): Promise<{ readonly items: readonly Stored<T>[]; readonly total: number; readonly cursor?: string }>
  /** Buckets of the values of up to three fields, largest first; `every` groups a date field by ms. */
  aggregate(
    scope: Scope,
    query: {
      readonly filter: Filter
      readonly by: readonly (string | { readonly field: string; readonly every: number; readonly offset?: number })[]
      readonly limit: number
    },
  ): Promise<readonly { readonly key: readonly (Scalar | null)[]; readonly count: number }[]>
  /** How many documents match, and what their numbers come to, in the order of `of`; undefined where none has the field. */
  measure(
    scope: Scope,
    query: { readonly filter: Filter; readonly of: readonly Measure[] },
  ): Promise<{ readonly count: number; readonly values: readonly (number | undefined)[] }>
  /** Changes after `seq`, oldest first, each document once with its newest content. */
  changesSince(
    scope: Scope,
    seq: number,
    limit: number,
  ): Promise<{ readonly items: readonly Stored<T>[]; readonly seq: number }>
  /** The `seq` of the newest change: hand it to `changesSince` to learn of later ones. */
  newest(): Promise<number>
  delete(id: string, version: number | 'any'): Promise<boolean>
  /** Removes these, whatever their versions; answers how many were there. Durable when it resolves; may be done again. */
  deleteMany(ids: readonly string[]): Promise<number>
}

export interface DocumentStore {
  /** The same name gives the same collection, of small letters, digits, "_", "-" and "." (`StoreRefused`). Scoped reads look at 'organization.id' and 'system.id' of the document. */
  collection<T extends Document>(name: string): Collection<T>
  close(): Promise<void>
}

/** What one process of several holds at a time: the reading of a source, the running of the rules. */
export interface Lease {
  /** Grows with every holder. */
  readonly token: number
  /** False from the moment this process knows that it was released or lost. */
  held(): boolean
  /** The documents as this holder writes them: refused (`Fenced`) once another process has taken over. */
  readonly documents: DocumentStore
  release(): Promise<void>
}

export interface Store {
  /** What a person reads; nothing is decided by it. */
  readonly kind: 'duckdb' | 'elasticsearch'
  /** It may be away, and what is under way waits for it: the end of a process does not, without a limit. */
  readonly remote: boolean
  readonly events: EventStore
  readonly documents: DocumentStore
  /** Takes the lease where nobody holds it, or its holder has died (known within 15 s); else undefined: ask again later. */
  lease(name: string): Promise<Lease | undefined>
  /** What is wrong with the store now, a sentence each that a person can act on. */
  problems(): Promise<readonly string[]>
  close(): Promise<void>
}

export * from './errors.ts'
