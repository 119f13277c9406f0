/** The same reports on Elasticsearch: what counts and keeps there is other code. */
import { afterAll } from 'vitest'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { describeCluster, environment, randomPrefix, removeAll } from '../servers/cluster.ts'
import { reportsHold } from './reported.ts'

await describeCluster('on Elasticsearch', (cluster) => {
  const prefix = randomPrefix()
  // Before the suite's own: what is registered first is done last.
  afterAll(async () => {
    const client = openClient(cluster)
    await removeAll(client, prefix)
    await client.close()
  })
  reportsHold(environment(cluster, prefix))
})
