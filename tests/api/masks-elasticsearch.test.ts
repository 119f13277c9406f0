/** The same masks on Elasticsearch: its searches and suggestions are other code. */
import { describeCluster, environment, ownPrefix } from '../servers/cluster.ts'
import { masksHold } from './masked.ts'

await describeCluster('on Elasticsearch', (cluster) => {
  masksHold(environment(cluster, ownPrefix(cluster)))
})
