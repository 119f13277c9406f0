/** Elasticsearch keeps the contract. */
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { openDocuments } from '../../../ingest/store/elasticsearch/documents.ts'
import { openSessions } from '../../../ingest/store/elasticsearch/sessions.ts'
import type { EventStore, Store } from '../../../ingest/store/store.ts'
import { contractDocuments } from './contract.ts'

await describeCluster('elasticsearch', (cluster) => {
  contractDocuments('elasticsearch', async () => {
    const prefix = randomPrefix()
    const client = openClient(cluster)
    const open = (): Store => {
      const sessions = openSessions({ client, prefix, warn: (sentence) => console.warn(sentence) })
      const documents = openDocuments({ client, prefix })
      return {
        kind: 'elasticsearch',
        events: undefined as unknown as EventStore,
        documents,
        lease: sessions.lease,
        problems: async () => [],
        close: sessions.close,
      }
    }
    let store = open()
    return {
      store,
      reopen: async () => {
        await store.close()
        store = open()
        return store
      },
      remove: async () => {
        await store.close()
        await removeAll(client, prefix)
        await client.close()
      },
    }
  })
})
