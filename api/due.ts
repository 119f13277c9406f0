/** Which days of ingest are due to go, and why. Pure: what the store holds and what is configured in, days out. */
import type { Day } from '../ingest/store/store.ts'

export const DAY = 86_400_000

export type Why = 'age' | 'quota' | 'source'
export interface Due {
  readonly day: string
  readonly why: Why
  /** Of why 'source': those whose time is over. */
  readonly sources?: readonly string[]
  /** It is so already; else it will be tomorrow. */
  readonly now: boolean
}

export interface Rules {
  readonly now: number
  readonly days: number
  /** Bytes that the events may take, without those of unknown senders. */
  readonly quota: number | undefined
  /** Sources with days of their own. */
  readonly sources: readonly { readonly id: string; readonly days: number }[]
}

/** A day, and how much of it is not to be counted or cannot be won: bytes of unknown senders, and of what is held. */
export interface Counted extends Day {
  readonly unknown: number
  readonly held: number
  /** Events by source. */
  readonly of: ReadonlyMap<string, number>
}

const dayBefore = (now: number, days: number): string => new Date(now - days * DAY).toISOString().slice(0, 10)

export const ownBytes = (days: readonly Counted[]): number =>
  days.reduce((sum, { bytes, unknown }) => sum + bytes - unknown, 0)

/** Oldest first. The newest day takes events and stays, whatever is configured. */
export const dueDays = (all: readonly Counted[], { now, days, quota, sources }: Rules): Due[] => {
  const sorted = all.toSorted((a, b) => (a.day < b.day ? -1 : 1))
  const closed = sorted.slice(0, -1)
  let over = quota === undefined ? 0 : ownBytes(sorted) - quota
  const out: Due[] = []
  for (const each of closed) {
    const { day, bytes, unknown, held, of } = each
    const won = Math.max(0, bytes - unknown - held)
    const old = day < dayBefore(now, days)
    if (day < dayBefore(now + DAY, days)) {
      out.push({ day, why: 'age', now: old })
      over -= won
    } else if (over > 0 && won > 0) {
      out.push({ day, why: 'quota', now: true })
      over -= won
      continue
    }
    if (old) continue
    const here = sources.filter((source) => source.days < days && of.has(source.id))
    const gone = here.filter((source) => day < dayBefore(now, source.days))
    const soon = here.filter((source) => day < dayBefore(now + DAY, source.days))
    const which = (gone.length > 0 ? gone : soon).map(({ id }) => id)
    if (which.length > 0) out.push({ day, why: 'source', sources: which, now: gone.length > 0 })
  }
  return out
}
