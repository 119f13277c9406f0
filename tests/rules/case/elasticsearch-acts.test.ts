import { describeCluster } from '../../servers/cluster.ts'
import { clusterPlace } from '../stores.ts'
import { actsSuite } from './acts.suite.ts'

await describeCluster('elasticsearch', (cluster) => {
  // A cluster answers in tens of milliseconds: fewer sequences, and every eleventh kill.
  actsSuite('elasticsearch', () => clusterPlace(cluster), { runs: 3, steps: 20, every: 11, shared: true })
})
