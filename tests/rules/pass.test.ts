import { describeCluster } from '../servers/cluster.ts'
import { passSuite } from './pass.suite.ts'
import { clusterPlace, embeddedPlace } from './stores.ts'

passSuite('embedded', embeddedPlace)
await describeCluster('elasticsearch', (cluster) => {
  passSuite('elasticsearch', () => clusterPlace(cluster))
})
