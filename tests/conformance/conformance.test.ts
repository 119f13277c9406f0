import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { describeCluster } from '../servers/cluster.ts'
import { readCases, type Result, runCases, summary, withDuckdb, withElasticsearch } from './sigma.ts'

const folder = join(import.meta.dirname, '../../../shared/samples/sigma/cases')
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : []

const cases = () => files.flatMap((name) => readCases(join(folder, name)))

if (files.length === 0) test.skip('the cases of others: ../shared/samples/sigma/cases is not here', () => {})
else {
  let embedded: Promise<Result[]> | undefined
  const onDuckdb = () => (embedded ??= withDuckdb((store) => runCases(cases(), store)))
  test('what others expect of Sigma', async () => {
    const results = await onDuckdb()
    console.log(summary(results))
    expect(results.filter(({ outcome }) => outcome === 'FAIL')).toEqual([])
    for (const { outcome, reason } of results)
      if (outcome === 'skip') expect(reason).toMatch(/^(contested|not there yet: )/)
  })
  await describeCluster('the same on Elasticsearch', (cluster) => {
    test('case by case', async () => {
      const results = await withElasticsearch(cluster, (store) => runCases(cases(), store))
      console.log(`elasticsearch: ${summary(results)}`)
      expect(results).toEqual(await onDuckdb())
    })
  })
}
