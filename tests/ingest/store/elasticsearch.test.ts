/** Elasticsearch keeps the contract, whether the server keeps events as they were sent or puts them together again. */
import { describeCluster, randomPrefix, removeAll } from '../../servers/cluster.ts'
import { openClient } from '../../../ingest/store/elasticsearch/connect.ts'
import { openElasticsearch } from '../../../ingest/store/elasticsearch.ts'
import { contractDocuments, contractEvents } from './contract.ts'
import { contractErrors } from './contract-errors.ts'

await describeCluster('elasticsearch', (cluster) => {
  const opening = (source?: 'stored' | 'synthetic') => async () => {
    const prefix = randomPrefix()
    const open = () =>
      openElasticsearch({
        ...cluster,
        prefix,
        clock: () => 0,
        warn: (sentence) => console.warn(sentence),
        wait: 0,
        ...(source ? { schema: { source } } : {}),
      })
    let store = await open()
    return {
      store,
      reopen: async () => {
        await store.close()
        store = await open()
        return store
      },
      remove: async () => {
        await store.close()
        const client = openClient(cluster)
        await removeAll(client, prefix)
        await client.close()
      },
    }
  }
  contractEvents('elasticsearch, synthetic source where the licence has it', opening())
  contractEvents('elasticsearch, stored source', opening('stored'))
  contractDocuments('elasticsearch', opening())
  contractErrors('elasticsearch', opening())
})
