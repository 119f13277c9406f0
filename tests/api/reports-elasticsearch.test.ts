/** The same reports on Elasticsearch: what counts and keeps there is other code. */
import { describeCluster, environment, ownPrefix } from '../servers/cluster.ts'
import { reportsHold } from './reported.ts'

await describeCluster('on Elasticsearch', (cluster) => {
  reportsHold(environment(cluster, ownPrefix(cluster)))
})
