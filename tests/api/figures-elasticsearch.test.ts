/** The same figures on Elasticsearch: what counts there is other code. */
import { describeCluster, environment, ownPrefix } from '../servers/cluster.ts'
import { figuresHold } from './figured.ts'

await describeCluster('on Elasticsearch', (cluster) => {
  figuresHold(environment(cluster, ownPrefix(cluster)))
})
