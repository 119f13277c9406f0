/** What is counted of a source, and the state it is in. */
import type { Source, SourceState, SourceStatus } from './source.ts'

const MINUTE = 60_000

export interface Meter {
  arrived(): void
  committed(lines: number, unparsed: number, newest: number | undefined, ingested: number, timeAhead: boolean): void
  dropped(lines: number): void
  /** Streams of which the parser has forgotten what it knew, for there were too many. */
  forgotten(streams: number): void
  /** A sentence about what keeps the source from being read; undefined clears it. */
  problem(sentence: string | undefined): void
  /** Why the store refused lines; cleared by the next ones that it takes, and by undefined. */
  storeProblem(sentence: string | undefined): void
  status(behind: number): SourceStatus
}

export const openMeter = (source: Source, clock: () => number): Meter => {
  const since = clock()
  let lastLine: number | undefined
  let lines = 0
  let unparsed = 0
  let dropped = 0
  let forgotten = 0
  let lag = 0
  let problem: string | undefined
  let store: string | undefined
  let timeAhead = false
  // Lines of the last minute, a slot a second.
  const slots = new Float64Array(60)
  let slot = Math.floor(clock() / 1000)
  const turn = () => {
    const now = Math.floor(clock() / 1000)
    for (let i = Math.max(slot + 1, now - 59); i <= now; i++) slots[i % 60] = 0
    slot = Math.max(slot, now)
  }
  return {
    arrived: () => {
      lastLine = clock()
    },
    committed: (count, bad, newest, ingested, ahead) => {
      turn()
      slots[slot % 60]! += count
      lastLine = clock()
      lines += count
      unparsed += bad
      if (newest !== undefined) lag = Math.max(0, ingested - newest)
      timeAhead ||= ahead
      store = undefined
    },
    dropped: (count) => {
      dropped += count
    },
    forgotten: (count) => {
      forgotten += count
    },
    problem: (sentence) => {
      problem = sentence
    },
    storeProblem: (sentence) => {
      store = sentence
    },
    status: (behind) => {
      turn()
      const rate = slots.reduce((sum, n) => sum + n, 0) / 60
      const quiet = clock() - (lastLine ?? since)
      const said = store ?? problem
      const state: SourceState =
        said && rate === 0
          ? 'failing'
          : lastLine === undefined
            ? 'waiting'
            : quiet > source.silent * MINUTE
              ? 'silent'
              : 'receiving'
      return {
        id: source.id,
        state,
        ...(said ? { problem: said } : {}),
        since,
        ...(lastLine === undefined ? {} : { lastLine }),
        rate,
        lag,
        lines,
        unparsed,
        dropped,
        ...(forgotten ? { forgotten } : {}),
        behind,
        timeAhead,
      }
    },
  }
}

const ORDER: readonly SourceState[] = ['receiving', 'failing', 'silent', 'waiting']

/** One status a source of what several processes say: a source is received where one of them receives it. */
export const mergeStatus = (statuses: readonly SourceStatus[]): SourceStatus[] => {
  const out = new Map<string, SourceStatus>()
  for (const status of statuses) {
    const other = out.get(status.id)
    if (!other) {
      out.set(status.id, status)
      continue
    }
    const [first, second] =
      ORDER.indexOf(other.state) <= ORDER.indexOf(status.state) ? [other, status] : [status, other]
    const lastLine = Math.max(first.lastLine ?? -Infinity, second.lastLine ?? -Infinity)
    const problem = first.problem ?? second.problem
    out.set(status.id, {
      ...first,
      ...(problem ? { problem } : {}),
      since: Math.min(first.since, second.since),
      ...(Number.isFinite(lastLine) ? { lastLine } : {}),
      rate: first.rate + second.rate,
      lag: (first.lastLine ?? 0) >= (second.lastLine ?? 0) ? first.lag : second.lag,
      lines: first.lines + second.lines,
      unparsed: first.unparsed + second.unparsed,
      dropped: first.dropped + second.dropped,
      ...(first.forgotten || second.forgotten ? { forgotten: (first.forgotten ?? 0) + (second.forgotten ?? 0) } : {}),
      behind: first.behind + second.behind,
      timeAhead: first.timeAhead || second.timeAhead,
    })
  }
  return [...out.values()]
}
