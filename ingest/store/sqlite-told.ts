/** What SQLite says when it fails, as the store's contract has it. */
import { diskFull } from './full.ts'
import { type Collection, type Document, StoreError, storeClosed, StoreRefused } from './store.ts'

/** SQLITE_CORRUPT, SQLITE_NOTADB: https://sqlite.org/rescode.html */
const DAMAGED = new Set([11, 26])

/** The error as whoever asked is told it; what is none of the store's stays what it is. */
export const told = (error: unknown): unknown => {
  if (error instanceof StoreError || !(error instanceof Error)) return error
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  // Of node:sqlite, for a database or a statement that was closed.
  if (code === 'ERR_INVALID_STATE') return storeClosed()
  if (typeof errcode === 'number' && DAMAGED.has(errcode & 0xff))
    return new StoreRefused(
      `documents.sqlite is damaged (${error.message}): stop Vọng Lâu and restore it from a backup; alerts, incidents, users and the audit trail are in it`,
    )
  return diskFull(error.message) ?? error
}

/** The collection, whose every question fails in the words of the contract. */
export const telling = <T extends Document>(collection: Collection<T>): Collection<T> =>
  Object.fromEntries(
    Object.entries(collection).map(([name, work]) => [
      name,
      async (...args: unknown[]) => {
        try {
          return await (work as (...args: unknown[]) => unknown)(...args)
        } catch (error) {
          throw told(error)
        }
      },
    ]),
  ) as unknown as Collection<T>
