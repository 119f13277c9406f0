/** What is known of the clock over restarts: that it was doubted, and that a person has accepted it. */
import type { Clock, Doubt } from '../ingest/clock.ts'
import type { Installation } from './installation.ts'
import { forgetAnnounced } from './retention.ts'
import { type Document, type Store, SYSTEM } from '../ingest/store/store.ts'

interface Kept extends Document {
  /** It is doubted: by so many ms it is ahead of what is expected, or behind. */
  readonly gap?: number
  readonly accepted?: { readonly says: number; readonly expected: number }
}

export interface Trust {
  /** The sentence, while it is doubted. */
  said(): { code: string; message: string }[]
  /** A person says that it is right. Undefined: nobody doubts it. */
  accept(): Promise<{ readonly says: number; readonly expected: number } | undefined>
  /** Writes down what has changed. */
  keep(): Promise<void>
}

const MINUTE = 60_000
/** 400 days, 3 hours, 12 minutes. */
const span = (ms: number): string => {
  const minutes = Math.round(Math.abs(ms) / MINUTE)
  const [count, what] =
    minutes < 120
      ? [minutes, 'minute']
      : minutes < 2880
        ? [Math.round(minutes / 60), 'hour']
        : [Math.round(minutes / 1440), 'day']
  return `${count} ${what}${count === 1 ? '' : 's'}`
}
const utc = (time: number): string => `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export const doubtText = ({ says, expected, why }: Doubt): string =>
  `the clock of this machine says ${utc(says)}, ${span(says - expected)} ${says > expected ? 'after' : 'before'} ${
    why === 'set' ? 'the time by its own counter' : 'what was stored last and the time since'
  }, and is not believed: events go on at ${utc(expected)} and no day is removed; set the clock (NTP), or if it is right: vonglau clock accept, or Quản trị → Sức khỏe in the console`

/** Tells the clock what is known. `id`: of this process among those that share the store. */
export const openTrust = async (
  clock: Clock,
  { events, documents }: Store,
  id: string,
  warn: (sentence: string) => void,
): Promise<Trust> => {
  const kept = documents.collection<Kept>('clock')
  let written: Kept = (await kept.get(SYSTEM, id))?.doc ?? {}
  let wanted = written
  const keep = async () => {
    if (wanted === written) return
    const doc = wanted
    await kept.put([{ id, doc, version: 'any' }])
    written = doc
  }
  clock.begin(
    {
      committed: await events.committed(),
      ...(written.accepted ? { accepted: written.accepted } : {}),
      ...(written.gap === undefined ? {} : { gap: written.gap }),
    },
    (doubt) => {
      const { gap: _, ...rest } = wanted
      wanted = doubt ? { ...rest, gap: doubt.says - doubt.expected } : rest
      warn(doubt ? doubtText(doubt) : 'the clock of this machine is right again')
      // Where the store is away it is written with what this process says of itself.
      keep().catch(() => {})
    },
  )
  await keep()
  return {
    said: () => {
      const doubt = clock.doubt()
      return doubt ? [{ code: 'clock', message: doubtText(doubt) }] : []
    },
    accept: async () => {
      const accepted = clock.accept()
      if (accepted) {
        wanted = { accepted }
        await keep()
      }
      return accepted
    },
    keep,
  }
}

/** A person has said that the machine's clock is right. What was announced by another time is announced anew. */
export const acceptClock = async ({ trust, store, clock }: Pick<Installation, 'trust' | 'store' | 'clock'>) => {
  // Before it is believed: killed in between, nothing goes that was not announced by this time.
  if (clock.doubt()) await forgetAnnounced({ store })
  return trust.accept()
}
/** What the journal says of it. */
export const acceptedText = ({ says, expected }: { readonly says: number; readonly expected: number }): string =>
  `${utc(expected)} → ${utc(says)}`
