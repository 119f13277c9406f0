/** Both stores, to hold what is decided to each: opened again and again, as after a kill. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { embedded } from '../../ingest/store/embedded.ts'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { openElasticsearch } from '../../ingest/store/elasticsearch.ts'
import { openSqlite } from '../../ingest/store/sqlite.ts'
import type { Collection, Document, DocumentStore, Store } from '../../ingest/store/store.ts'
import { createDetector } from '../../rules/detect.ts'
import type { Rule } from '../../rules/rule.ts'
import { type Cluster, randomPrefix, removeAll } from '../servers/cluster.ts'

export interface Place {
  open(): Promise<Store>
  remove(): Promise<void>
}

export const embeddedPlace = (): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'))
  let store: Store | undefined
  return {
    open: async () => {
      await store?.close()
      const events = await openDuckdb({ folder: join(folder, 'events'), wait: 0 })
      return (store = embedded(events, openSqlite(join(folder, 'documents.sqlite'))))
    },
    remove: async () => {
      await store?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const clusterPlace = (cluster: Cluster): Place => {
  const prefix = randomPrefix()
  let store: Store | undefined
  return {
    open: async () =>
      (store ??= await openElasticsearch({ ...cluster, prefix, clock: () => 0, warn: console.warn, wait: 0 })),
    remove: async () => {
      await store?.close()
      const client = openClient(cluster)
      await removeAll(client, prefix)
      await client.close()
    },
  }
}

export class Killed extends Error {
  override readonly name = 'Killed'
}

/** Writes of documents go through until `left` of them are done; then each throws, as after a kill. */
export const breaking = (documents: DocumentStore, left: number): DocumentStore => {
  const spend = () => {
    if (left-- <= 0) throw new Killed('killed')
  }
  const watched = <T extends Document>(collection: Collection<T>): Collection<T> => ({
    ...collection,
    put: async (items, inOrder) => {
      spend()
      return collection.put(items, inOrder)
    },
    delete: async (id, version) => {
      spend()
      return collection.delete(id, version)
    },
  })
  return { ...documents, collection: (name) => watched(documents.collection(name)) }
}

/** What alerts are made with where no person, no deadline and no number matters. */
export const plainCases = (clock: () => number) => ({
  clock,
  deadlines: () => ({}),
  numbering: () => ({ code: () => 'T', timezone: 'UTC' }),
})
/** Every rule once, by a detector of its own. Throws the first that could not be run. */
export const runRules = async (store: Store, rules: readonly Rule[], clock: () => number): Promise<void> => {
  const detector = createDetector({ store, cases: plainCases(clock) })
  let failure: string | undefined
  try {
    await detector.runAll(rules, (_, error) => {
      failure ??= error
    })
  } finally {
    await detector.close()
  }
  if (failure) throw new Error(failure)
}
