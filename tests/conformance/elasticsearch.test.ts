import { expect, test } from 'vitest'
import { describeCluster } from '../servers/cluster.ts'
import { readSamples, runCases, summary, withDuckdb, withElasticsearch } from './sigma.ts'

const cases = readSamples()
if (!cases) test.skip('the cases of others: ../shared/samples/sigma/cases is not here', () => {})
else
  await describeCluster('what others expect of Sigma, on Elasticsearch', (cluster) => {
    test('case by case as on the embedded store', async () => {
      const results = await withElasticsearch(cluster, (store) => runCases(cases, store))
      console.log(`elasticsearch: ${summary(results)}`)
      expect(results).toEqual(await withDuckdb((store) => runCases(cases, store)))
    })
  })
