import type { Filter } from '../ingest/store/filter.ts'

export type Level = 'critical' | 'high' | 'medium' | 'low' | 'informational'
export const LEVELS: readonly Level[] = ['informational', 'low', 'medium', 'high', 'critical']
/** 0 for informational to 4 for critical: what lists are sorted by. */
export const severityOf = (level: Level): number => LEVELS.indexOf(level)

export interface Localized {
  readonly vi: string
  readonly en: string
}

export interface Correlation {
  readonly type: 'event_count' | 'value_count'
  readonly timespan: number // ms; a window holds events whose times differ by at most this
  readonly atLeast: number
  readonly field?: string // of value_count: whose distinct values are counted
}

/** A detection, ready to run: what a Sigma file becomes. */
export interface Rule {
  readonly id: string
  readonly name: Localized
  readonly description: Localized
  /** Markdown: what the analyst does. */
  readonly guide: Localized
  readonly level: Level
  readonly tags: readonly string[]
  readonly authors: readonly string[]
  /** What an event must be; of a correlation: what is counted. */
  readonly filter: Filter
  /** Fields of one group. Absent: the source's /64 or address, and the portal. */
  readonly groupBy?: readonly string[]
  /** ms of rest that end a burst. */
  readonly quiet: number
  /** Whom an alert about events of a shared device concerns; of an agency's own device it is that agency, always. */
  readonly concerns: 'destination' | 'source' | 'both'
  /** A state: an event of the group that is so ends the burst and closes its alert, which counts as one, however long. */
  readonly endsWith?: Filter
  /** ms: alerts of any group that begin within so much of each other are one campaign. Absent: those of one group. */
  readonly campaign?: number
  readonly correlation?: Correlation
  /** Whether its alerts open incidents; by default those of level high and above do. */
  readonly incident: boolean
  /** The condition as the author wrote it. */
  readonly condition: string
  readonly yaml: string
  readonly file: string
}

export const HOUR = 3_600_000
