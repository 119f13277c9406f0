/** The same on Elasticsearch. */
import { afterAll, beforeEach } from 'vitest'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { describeCluster, environment, randomPrefix, removeAll } from '../servers/cluster.ts'
import { describeReparse } from './reparse.suite.ts'

await describeCluster('elasticsearch', (cluster) => {
  let prefix = randomPrefix()
  const used: string[] = []
  beforeEach(() => {
    prefix = randomPrefix()
    used.push(prefix)
  })
  afterAll(async () => {
    const client = openClient(cluster)
    for (const each of used) await removeAll(client, each)
    await client.close()
  })
  describeReparse(() => environment(cluster, prefix), false)
})
