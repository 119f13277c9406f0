/** The store of several machines: events and documents in Elasticsearch. */
import { openClient, type Connection } from './elasticsearch/connect.ts'
import { openDocuments } from './elasticsearch/documents/documents.ts'
import { openEvents } from './elasticsearch/events/events.ts'
import type { SchemaOptions } from './elasticsearch/events/schema.ts'
import { openSessions } from './elasticsearch/sessions/sessions.ts'
import type { Store } from './store.ts'

export interface ElasticsearchOptions extends Connection {
  /** Of every index of this installation: 'vonglau'. */
  readonly prefix?: string
  /** ms since 1970, of this machine: the ingest time while nothing is under way. */
  readonly clock: () => number
  /** Told what a person should know, one sentence each. */
  readonly warn: (sentence: string) => void
  readonly schema?: SchemaOptions
  /** ms that a commit waits for more lines while none is under way: 50. */
  readonly wait?: number
}

export interface ElasticsearchStore extends Store {
  /** What is wrong with the cluster's indices and templates, one sentence each; a changed template is put back. */
  problems(): Promise<readonly string[]>
}

/** Rejects with a `StoreError` that a person can act on: not reachable, wrong password, missing privilege. */
export const openElasticsearch = async (options: ElasticsearchOptions): Promise<ElasticsearchStore> => {
  const { prefix = 'vonglau', clock, warn, schema, wait, ...connection } = options
  const client = openClient(connection)
  const sessions = openSessions({ client, prefix, warn })
  try {
    const documents = openDocuments({ client, prefix })
    const events = await openEvents({
      client,
      prefix,
      sessions,
      clock,
      warn,
      ...(schema ? { schema } : {}),
      ...(wait === undefined ? {} : { wait }),
    })
    return {
      kind: 'elasticsearch',
      remote: true,
      events,
      documents,
      lease: sessions.lease,
      problems: events.problems,
      close: async () => {
        await events.close()
        await sessions.close()
        await documents.close()
        await client.close()
      },
    }
  } catch (error) {
    await sessions.close()
    await client.close()
    throw error
  }
}
