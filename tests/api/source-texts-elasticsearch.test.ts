import { describeCluster } from '../servers/cluster.ts'
import { clusterPlace } from '../rules/stores.ts'
import { sourceTextsSuite } from './source-texts.suite.ts'

await describeCluster('sources', (cluster) => {
  sourceTextsSuite('elasticsearch', () => clusterPlace(cluster))
})
