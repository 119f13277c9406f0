import { describeCluster } from '../../servers/cluster.ts'
import { clusterPlace } from '../stores.ts'
import { actsSuite } from './acts.suite.ts'

await describeCluster('elasticsearch', (cluster) => {
  // A cluster answers in tens of milliseconds: fewer sequences, and every seventeenth kill.
  actsSuite('elasticsearch', () => clusterPlace(cluster), { runs: 3, steps: 20, every: 17, shared: true })
})
