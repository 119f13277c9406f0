import type { Filter } from '../ingest/store/filter.ts'

export type Level = 'critical' | 'high' | 'medium' | 'low' | 'informational'
export const LEVELS: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical']
/** 0 for informational to 4 for critical: what lists are sorted by. */
export const severityOf = (level: Level): number => LEVELS.indexOf(level)

export interface Localized {
  readonly vi: string
  readonly en: string
}

export const CORRELATION_TYPES = [
  'event_count',
  'value_count',
  'value_sum',
  'value_avg',
  'value_median',
  'value_percentile',
  'temporal',
  'temporal_ordered',
] as const
export type CorrelationType = (typeof CORRELATION_TYPES)[number]

/** All of those that are given hold. */
export interface Bounds {
  readonly gt?: number
  readonly gte?: number
  readonly lt?: number
  readonly lte?: number
  readonly eq?: number
  readonly neq?: number
}
/** What a window has to hold, and must not: places in `over`. */
export interface Term {
  readonly all: readonly number[]
  readonly none: readonly number[]
}

/** A rule of single events that a correlation is about. */
export interface Base {
  readonly name: string
  /** The id and the file of the rule that it is: an exception for that holds here too. */
  readonly id: string
  readonly file: string
  readonly filter: Filter
  /** Only what was never seen of it counts (`first-seen.ts`). */
  readonly newTerms?: NewTerms
}

/**
 * A window ends with an event of the group and reaches back by the timespan. A list that is said to be by base has a place for
 * each of the rule's `bases`; what is not below this correlation has nothing there.
 */
export interface Correlation {
  readonly type: CorrelationType
  readonly timespan: number // ms; a window holds events whose times differ by at most this
  /** What it is about, in the order of the author: the place of a base, or a correlation again. */
  readonly over: readonly (number | Correlation)[]
  readonly names: readonly string[]
  /** By base: the fields of the group, as many and in the order of the rule's `groupBy`. */
  readonly keys: readonly (readonly string[] | undefined)[]
  readonly bounds?: Bounds
  /** Of temporal and temporal_ordered whose condition is a text: any of these. */
  readonly terms?: readonly Term[]
  /** By base, of the types that are about values: the field; several are one value together. */
  readonly fields?: readonly (readonly string[] | undefined)[]
  /** Of value_percentile: 1 to 100. Absent: the share of each value among all of the window, in per cent. */
  readonly percentile?: number
}

/** A cron expression (node-cron: with seconds, or without) and the zone that it is meant in. */
export interface Schedule {
  readonly cron: string
  readonly timezone: string
}

/** What has to come at least every so often: all of it, or of each of these values, as long as one is remembered. */
export interface Silent {
  readonly filter: Filter
  readonly by: readonly string[]
  readonly for: number // ms
  readonly remember: number // ms
}
/** `learn`: ms of the rule's events that have to be there before anything is new. */
export interface NewTerms {
  readonly fields: readonly string[]
  readonly within: number // ms
  readonly learn: number // ms
}

/** A detection, ready to run: what a Sigma file becomes. */
export interface Rule {
  readonly id: string
  readonly name: Localized
  readonly description: Localized
  /** Markdown: what the analyst does. */
  readonly guide: Localized
  readonly level: Level
  /** Where the portal holds a network-trust certificate (tín nhiệm mạng): a higher level, and whether that opens incidents. */
  readonly trusted?: { readonly level: Level; readonly incident: boolean }
  readonly tags: readonly string[]
  readonly authors: readonly string[]
  /** What an event must be; of a correlation: what is counted. */
  readonly filter: Filter
  /** Fields of one group. Absent: the source's /64 or address, and the portal. */
  readonly groupBy?: readonly string[]
  /** Of a correlation: those of `groupBy` whose values tell its alerts apart; absent: all of them. */
  readonly alertBy?: readonly string[]
  /** ms of rest that end a burst. */
  readonly quiet: number
  /** Whom an alert about events of a shared device concerns; of an agency's own device it is that agency, always. */
  readonly concerns: 'destination' | 'source' | 'both'
  /** A state: an event of the group that is so ends the burst and closes its alert, which counts as one, however long. */
  readonly endsWith?: Filter
  /** ms: alerts of any group that begin within so much of each other are one campaign. Absent: those of one group. */
  readonly campaign?: number
  readonly correlation?: Correlation
  /** Of a correlation: the rules of single events that it is about, with what is below it. `filter` is any of these. */
  readonly bases?: readonly Base[]
  /**
   * Of a correlation whose condition a later event can undo: ms by which every source that feeds it has to be beyond the end of
   * a window, by its own times, before that is decided.
   */
  readonly lateness?: number
  /** Of such a rule: what its sources are known by; by default any event. */
  readonly feeds?: Filter
  /** Only what was never seen: events whose values of these fields no event of the rule had within a time before. */
  readonly newTerms?: NewTerms
  /** It tells that events do not come; `filter` and `endsWith` are of what the program says of that (`silences.ts`). */
  readonly silent?: Silent
  /** When it runs; absent: at every turn. */
  readonly schedule?: Schedule
  /** Whether its alerts open incidents; by default those of level high and above do. */
  readonly incident: boolean
  /** The condition as the author wrote it. */
  readonly condition: string
  readonly yaml: string
  readonly file: string
  /** The version of the text that it is of (`texts.ts`); absent where none is kept. */
  readonly text?: { readonly key: string; readonly n: number }
}

export const HOUR = 3_600_000
