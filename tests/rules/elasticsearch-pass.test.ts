import { describeCluster } from '../servers/cluster.ts'
import { passSuite } from './pass.suite.ts'
import { clusterPlace } from './stores.ts'

await describeCluster('elasticsearch', (cluster) => {
  passSuite('elasticsearch', () => clusterPlace(cluster))
})
