/**
 * The scribe: in one process at a time, the one that holds the journal's lease, acts are moved from their documents into the
 * journal, and what an act left to do on other documents is done where it was broken off.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { briefly } from '../ingest/briefly.ts'
import { type Lease, type Store, Fenced } from '../ingest/store/store.ts'
import type { Cases } from '../rules/case/decide.ts'
import { settle } from '../rules/case/derive.ts'

/** ms between two looks. */
const EVERY = 1000
/** ms that the end of the process waits for what is under way on a cluster. */
const PATIENCE = 5000

export interface Scribe {
  /** Moves what rides now; nothing where another process is the one. */
  work(): Promise<void>
  start(): void
  stop(): Promise<void>
}

/** `failed` is told what keeps it from working, undefined when that has passed. */
export const createScribe = (store: Store, cases: Cases, failed: (error: string | undefined) => void): Scribe => {
  let lease: Lease | undefined
  let end: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let stopping = false
  const once = async (): Promise<void> => {
    if (stopping) return
    try {
      if (!lease?.held()) lease = await store.lease('journal')
      if (lease) await settle({ ...cases, documents: lease.documents })
      failed(undefined)
    } catch (error) {
      // Of one that was replaced every write is refused: that is no fault.
      failed(error instanceof Fenced ? undefined : error instanceof Error ? error.message : String(error))
    }
  }
  const work = (): Promise<void> => (end = end.then(once))
  return {
    work,
    start: () => {
      const again = async () => {
        await work()
        if (!stopping) timer = setTimeout(again, EVERY).unref()
      }
      timer = setTimeout(again, EVERY).unref()
    },
    stop: async () => {
      // What rides when the process ends is moved by the next one; here most of it is, if the store is there.
      const last = work()
      await Promise.race([last, sleep(PATIENCE, undefined, { ref: false })])
      stopping = true
      clearTimeout(timer)
      await briefly(() => lease?.release())
    },
  }
}
