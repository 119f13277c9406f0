/** The same demo and the same browser tests on a cluster: `vonglau --store elasticsearch demo`. */
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { describeCluster, randomPrefix, removeAll } from '../servers/cluster.ts'
import { consoleSuite } from './console.suite.ts'
import { startDemo } from './server.ts'

await describeCluster('elasticsearch', (cluster) => {
  const prefix = randomPrefix()
  consoleSuite('console', async () => {
    const demo = await startDemo(2, {
      VONGLAU_STORE: 'elasticsearch',
      VONGLAU_ELASTICSEARCH_NODES: JSON.stringify(cluster.nodes),
      VONGLAU_ELASTICSEARCH_PREFIX: prefix,
      ...(cluster.user ? { VONGLAU_ELASTICSEARCH_USER: cluster.user } : {}),
      ...(cluster.password ? { VONGLAU_ELASTICSEARCH_PASSWORD: cluster.password } : {}),
    })
    return {
      ...demo,
      stop: async () => {
        await demo.stop()
        const client = openClient(cluster)
        await removeAll(client, prefix)
        await client.close()
      },
    }
  })
})
