import { backfillSuite } from './backfill.suite.ts'
import { describeCluster } from '../servers/cluster.ts'
import { decidingSuite } from './deciding.suite.ts'
import { exceptionsSuite } from './exceptions.suite.ts'
import { newTermsSuite } from './new-terms.suite.ts'
import { silencesSuite } from './silences.suite.ts'
import { clusterPlace } from './stores.ts'
import { textsSuite } from './texts.suite.ts'

await describeCluster('elasticsearch', (cluster) => {
  decidingSuite('elasticsearch', () => clusterPlace(cluster), { kills: false })
  exceptionsSuite('elasticsearch', () => clusterPlace(cluster))
  backfillSuite('elasticsearch', () => clusterPlace(cluster))
  newTermsSuite('elasticsearch', () => clusterPlace(cluster))
  silencesSuite('elasticsearch', () => clusterPlace(cluster))
  textsSuite('elasticsearch', () => clusterPlace(cluster))
})
