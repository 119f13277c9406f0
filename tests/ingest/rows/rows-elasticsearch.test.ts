import { openElasticsearch } from '../../../ingest/store/elasticsearch.ts'
import { describeCluster, randomPrefix } from '../../servers/cluster.ts'
import { runs } from '../../random.ts'
import { rowsSuite } from './rows.ts'

await describeCluster('elasticsearch', (cluster) => {
  rowsSuite(async () => {
    const store = await openElasticsearch({
      ...cluster,
      prefix: randomPrefix(),
      clock: () => 0,
      warn: (sentence) => console.warn(sentence),
      wait: 0,
    })
    return { ...store.events, close: () => store.close() }
  }, runs(2))
})
