/** The embedded store: events in DuckDB, documents in SQLite, of one process. */
import {
  type Collection,
  type Document,
  type DocumentStore,
  type EventStore,
  type Lease,
  type Store,
  Fenced,
} from './store.ts'

/** The documents, which this holder writes as long as it holds the lease. */
const guarded = (documents: DocumentStore, held: () => boolean): DocumentStore => {
  const check = () => {
    if (!held()) throw new Fenced()
  }
  return {
    ...documents,
    collection: <T extends Document>(name: string): Collection<T> => {
      const plain = documents.collection<T>(name)
      return {
        ...plain,
        put: async (items, inOrder) => {
          check()
          return plain.put(items, inOrder)
        },
        delete: async (id, version) => {
          check()
          return plain.delete(id, version)
        },
        deleteMany: async (ids) => {
          check()
          return plain.deleteMany(ids)
        },
      }
    },
  }
}

/** Joins the two. Leases are those of one process: free unless it holds them itself. */
export const embedded = (events: EventStore, documents: DocumentStore): Store => {
  const leases = new Map<string, Lease>()
  let tokens = 0
  return {
    kind: 'duckdb',
    remote: false,
    events: {
      ...events,
      append: async (batch, now) => {
        if (batch.lease && !batch.lease.held()) throw new Fenced()
        return events.append(batch, now)
      },
    },
    documents,
    lease: async (name) => {
      if (leases.has(name)) return undefined
      const held = () => leases.get(name) === lease
      const lease: Lease = {
        token: ++tokens,
        held,
        documents: guarded(documents, held),
        release: async () => {
          if (held()) leases.delete(name)
        },
      }
      leases.set(name, lease)
      return lease
    },
    problems: async () => [],
    close: async () => {
      await events.close()
      await documents.close()
    },
  }
}
