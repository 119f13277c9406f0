import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readCases, runCases, summary, withDuckdb } from './sigma.ts'

const folder = join(import.meta.dirname, '../../../shared/samples/sigma/cases')
const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.jsonl')) : []

if (files.length === 0) test.skip('the cases of others: ../shared/samples/sigma/cases is not here', () => {})
else {
  test('what others expect of Sigma', { timeout: 120_000 }, async () => {
    const results = await withDuckdb((store) =>
      runCases(
        files.flatMap((name) => readCases(join(folder, name))),
        store,
      ),
    )
    console.log(summary(results))
    expect(results.filter(({ outcome }) => outcome === 'FAIL')).toEqual([])
    for (const { outcome, reason } of results)
      if (outcome === 'skip') expect(reason).toMatch(/^(contested|not there yet: )/)
  })
}
