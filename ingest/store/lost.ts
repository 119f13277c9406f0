/**
 * Days of ingest that were lost and read again: the day's file was damaged while it took events, was moved aside, and its
 * lines come again from their files and the spool, with the same ids and new ingest times. Whoever has counted events by
 * ingest time must know it, for these would be counted twice.
 */
import { existsSync, readdirSync } from 'node:fs'
import { type Document, type DocumentStore, SYSTEM } from './store.ts'

export interface Lost extends Document {
  /** Name of the file that was moved aside. */
  readonly id: string
  /** UTC day of ingest. */
  readonly day: string
  /** What had been ingested from `from` up to `to` may be there again, with an ingest time above `to`. */
  readonly from: number
  readonly to: number
  /** When it was noticed, before anything was read again. */
  readonly noted: number
}

const DAMAGED = /^events-(\d{4}-\d\d-\d\d)(?:\.\d{1,3})?\.duckdb\.damaged-\d+$/
const collection = (documents: DocumentStore) => documents.collection<Lost>('lost_days')

/** Notes, once and for good, every day file that was moved aside. Before anything is read again. */
export const noteLost = async (folder: string, documents: DocumentStore, clock: () => number): Promise<void> => {
  if (!existsSync(folder)) return
  const names = readdirSync(folder).filter((name) => DAMAGED.test(name))
  if (names.length === 0) return
  const now = clock()
  await collection(documents).put(
    names.map((name) => {
      const day = DAMAGED.exec(name)![1]!
      // Its commits were on that day, and before this start.
      return {
        id: name,
        version: null,
        doc: { id: name, day, from: Date.parse(day), to: Math.min(now, Date.parse(day) + 86_399_999), noted: now },
      }
    }),
  )
}

/** Oldest first. */
export const lostDays = async (documents: DocumentStore): Promise<readonly Lost[]> =>
  (await collection(documents).query(SYSTEM, { filter: { op: 'and', of: [] }, limit: 10_000 })).items
    .map(({ doc }) => doc)
    .sort((a, b) => a.from - b.from)
