/** `npm test`: lint, type check, then every test. Ends with `N passed, N failed`; a skipped test is named with its reason. */
import { spawnSync } from 'node:child_process'
import { readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules/.bin')
const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, UV_THREADPOOL_SIZE: '16' }
let passed = 0
let failed = 0
const skipped: string[] = []

const step = (name: string, command: string, args: string[]): void => {
  const began = performance.now()
  const { status } = spawnSync(join(bin, command), args, { cwd: root, env, stdio: 'inherit' })
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)`)
  status === 0 ? passed++ : failed++
}

const only = process.argv.slice(2)
if (only.length === 0) {
  step('lint', 'biome', ['check', '.'])
  step('types', 'tsc', ['-p', '.'])
  step('types of the console', 'svelte-check', [
    '--tsconfig',
    'ui/tsconfig.json',
    '--threshold',
    'error',
    '--output',
    'human',
  ])
}
const report = join(tmpdir(), `vonglau-tests-${process.pid}.json`)
const run = spawnSync(
  join(bin, 'vitest'),
  [
    'run',
    '--config',
    'tests/vitest.config.ts',
    '--reporter',
    'default',
    '--reporter',
    'json',
    '--outputFile',
    report,
    ...only,
  ],
  { cwd: root, env, stdio: 'inherit' },
)
try {
  const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(
    readFileSync(report, 'utf8'),
  ) as {
    numPassedTests: number
    numFailedTests: number
    numFailedTestSuites: number
    testResults: { status: string; message: string; assertionResults: { status: string; fullName: string }[] }[]
  }
  passed += numPassedTests
  failed += numFailedTests
  // A file that broke before its tests has none to fail.
  failed += testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  ).length
  if (run.status !== 0 && numFailedTests === 0 && numFailedTestSuites === 0) failed++
  for (const file of testResults)
    for (const test of file.assertionResults)
      if (test.status === 'pending' || test.status === 'skipped' || test.status === 'todo') skipped.push(test.fullName)
} catch (error) {
  console.error(`the tests left no report: ${(error as Error).message}`)
  failed++
}
rmSync(report, { force: true })
for (const name of skipped) console.log(`skipped: ${name}`)
console.log(`${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ''}`)
process.exit(failed ? 1 : 0)
