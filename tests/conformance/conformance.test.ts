import { expect, test } from 'vitest'
import { readSamples, runCases, summary, withDuckdb } from './sigma.ts'

const cases = readSamples()
if (!cases) test.skip('the cases of others: ../shared/samples/sigma/cases is not here', () => {})
else
  test('what others expect of Sigma', async () => {
    const results = await withDuckdb((store) => runCases(cases, store))
    console.log(summary(results))
    expect(results.filter(({ outcome }) => outcome === 'FAIL')).toEqual([])
    for (const { outcome, reason } of results)
      if (outcome === 'skip') expect(reason).toMatch(/^(contested|not there yet: )/)
  })
