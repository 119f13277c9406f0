import { describeCluster } from '../servers/cluster.ts'
import { owedSuite } from './owed.suite.ts'
import { clusterPlace } from './stores.ts'

await describeCluster('elasticsearch', (cluster) => {
  owedSuite('elasticsearch', () => clusterPlace(cluster))
})
