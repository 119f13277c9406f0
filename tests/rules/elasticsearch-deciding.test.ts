import { describeCluster } from '../servers/cluster.ts'
import { decidingSuite } from './deciding.suite.ts'
import { exceptionsSuite } from './exceptions.suite.ts'
import { clusterPlace } from './stores.ts'
import { textsSuite } from './texts.suite.ts'

await describeCluster('elasticsearch', (cluster) => {
  decidingSuite('elasticsearch', () => clusterPlace(cluster), { kills: false })
  exceptionsSuite('elasticsearch', () => clusterPlace(cluster))
  textsSuite('elasticsearch', () => clusterPlace(cluster))
})
