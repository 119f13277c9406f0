/** The embedded store: events in DuckDB, documents in SQLite, of one process. */
import type { DocumentStore, EventStore, Lease, Store } from './store.ts'

/** Joins the two. Leases are those of one process: free unless it holds them itself. */
export const embedded = (events: EventStore, documents: DocumentStore): Store => {
  const held = new Map<string, Lease>()
  let tokens = 0
  return {
    kind: 'duckdb',
    events,
    documents,
    lease: async (name) => {
      if (held.has(name)) return undefined
      const lease: Lease = {
        token: ++tokens,
        held: () => held.get(name) === lease,
        documents,
        release: async () => {
          if (held.get(name) === lease) held.delete(name)
        },
      }
      held.set(name, lease)
      return lease
    },
    problems: async () => [],
    close: async () => {
      await events.close()
      await documents.close()
    },
  }
}
