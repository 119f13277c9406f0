/**
 * The tests, in suites: `npm test` is what follows from the code and needs no server; the others are named below.
 *
 *     node tests/run.ts [--suite cluster|console|faults, or several with commas] [FILE|FOLDER…]
 *     node tests/run.ts --sum FILE          what the runs before have noted in it (VONGLAU_TEST_TALLY=FILE), in one line
 *
 * Ends with `N passed, N failed`; a skipped test is named with its reason.
 */
import { spawn, spawnSync } from 'node:child_process'
import { appendFileSync, globSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/** A test file belongs to the first suite whose pattern its path matches. */
const SUITES = [
  { suite: 'cluster', files: /(elasticsearch|cluster)[^/]*\.test\.ts$/, what: 'everything on Elasticsearch' },
  { suite: 'console', files: /^tests\/browser\/(?!smoke)/, what: 'journeys through the console in a browser' },
  { suite: 'faults', files: /^tests\/faults\//, what: 'kills, full disks, damage, the network, bad input' },
  { suite: 'test', files: /^tests\//, what: 'units, the embedded store, the API, one smoke test of the browser' },
] as const
type Suite = (typeof SUITES)[number]['suite']
/** Broken files of a suite that run a second time. */
const MOST_AGAIN = 3
/** Files of a suite whose time is told. */
const MOST_TOLD = 12
/** Skipping one of these in CI would hide that nothing was tested. */
const NEVER_SKIPPED: readonly Suite[] = ['cluster', 'console']

export const suiteOf = (file: string): Suite => SUITES.find(({ files }) => files.test(file))!.suite

interface Tally {
  passed: number
  failed: number
  readonly skipped: string[]
  /** What failed, by name and with what it said: told again at the end, where somebody reads. */
  readonly broken: string[]
  /** What failed, and passed when its file ran again by itself: told too, for it is a fault of the test or of the program. */
  readonly unsteady: string[]
}
const said = ({ passed, failed, skipped }: Tally): string =>
  `${passed} passed, ${failed} failed${skipped.length ? `, ${skipped.length} skipped` : ''}`

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules/.bin')
const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, UV_THREADPOOL_SIZE: '16' }

const fail = (tally: Tally, what: string): void => {
  tally.failed++
  tally.broken.push(what)
}

/** What it printed is told when it has ended: it runs beside others. */
const step = async (tally: Tally, name: string, command: string, args: readonly string[]): Promise<void> => {
  const began = performance.now()
  const child = spawn(join(bin, command), args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const printed: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => printed.push(chunk))
  const status = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing'))
  })
  process.stdout.write(Buffer.concat(printed))
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`${status === 0 ? 'ok  ' : 'FAIL'}  ${name} (${seconds} s)`)
  if (status === 0) tally.passed++
  else fail(tally, `${name}: ended with ${status}`)
}

const lint = async (tally: Tally): Promise<void> => {
  const strict = ['--threshold', 'error', '--output', 'human']
  // Each but the first keeps one core busy.
  await step(tally, 'lint', 'biome', ['check', '.'])
  await Promise.all([
    step(tally, 'types', 'tsc', ['-p', '.']),
    step(tally, 'types of the console', 'svelte-check', ['--tsconfig', 'ui/tsconfig.json', ...strict]),
  ])
}

const vitest = (tally: Tally, files: readonly string[]): void => {
  const broken = runFiles(tally, files)
  // Tests with real processes and real clocks share a machine with others: a file that broke gets a second run by itself.
  // What is wrong breaks again; what is not is named. More than a few broken files are no matter of chance.
  if (process.env['CI'] !== 'true' || broken.length > MOST_AGAIN) return
  for (const file of broken) {
    const again: Tally = { passed: 0, failed: 0, skipped: [], broken: [], unsteady: [] }
    console.log(`again, by itself: ${file}`)
    runFiles(again, [file])
    if (again.failed > 0) continue
    const mine = tally.broken.filter((what) => what.startsWith(`${file}: `))
    tally.broken.splice(0, Infinity, ...tally.broken.filter((what) => !mine.includes(what)))
    tally.unsteady.push(...mine)
    tally.failed -= mine.length
    tally.passed += mine.length
  }
}

/** Where a suite's time goes: whoever has to make it shorter begins there. */
const slowest = (files: readonly { name: string; startTime: number; endTime: number }[]): void => {
  const took = files.map(({ name, startTime, endTime }) => ({
    file: name.replace(root, ''),
    s: (endTime - startTime) / 1000,
  }))
  const longest = took.sort((a, b) => b.s - a.s).slice(0, MOST_TOLD)
  if (files.length > 1) console.log(`longest: ${longest.map(({ file, s }) => `${file} ${s.toFixed(0)} s`).join(', ')}`)
}

/** Answers the files that broke. */
const runFiles = (tally: Tally, files: readonly string[]): string[] => {
  const wrong = new Set<string>()
  const report = join(tmpdir(), `vonglau-tests-${process.pid}.json`)
  const reporters = ['--reporter', 'default', '--reporter', 'json', '--outputFile', report]
  const args = ['run', '--config', 'tests/vitest.config.ts', ...reporters, ...files]
  const run = spawnSync(join(bin, 'vitest'), args, { cwd: root, env, stdio: 'inherit' })
  try {
    const { numPassedTests, numFailedTests, numFailedTestSuites, testResults } = JSON.parse(
      readFileSync(report, 'utf8'),
    ) as {
      numPassedTests: number
      numFailedTests: number
      numFailedTestSuites: number
      testResults: {
        name: string
        status: string
        message: string
        startTime: number
        endTime: number
        assertionResults: { status: string; fullName: string; failureMessages?: string[] }[]
      }[]
    }
    tally.passed += numPassedTests
    slowest(testResults)
    for (const file of testResults) {
      const failed = file.assertionResults.filter((test) => test.status === 'failed')
      const where = file.name.replace(root, '')
      if (file.status === 'failed') wrong.add(where)
      for (const { fullName, failureMessages = [] } of failed)
        fail(tally, `${where}: ${fullName}\n${failureMessages.join('\n').slice(0, 2000)}`)
      // A file that broke before its tests has none to fail.
      if (file.status === 'failed' && failed.length === 0) fail(tally, `${where}: ${file.message.slice(0, 2000)}`)
    }
    if (run.status !== 0 && numFailedTests === 0 && numFailedTestSuites === 0)
      fail(tally, `the tests ended with ${run.status}, and none of them failed: an error outside of a test, see above`)
    for (const file of testResults)
      for (const test of file.assertionResults) {
        if (!['pending', 'skipped', 'todo'].includes(test.status)) continue
        const forbidden = process.env['CI'] === 'true' && NEVER_SKIPPED.includes(suiteOf(file.name.replace(root, '')))
        if (forbidden) fail(tally, `skipped in CI: ${test.fullName}`)
        else tally.skipped.push(test.fullName)
        console.log(forbidden ? `FAIL  skipped in CI: ${test.fullName}` : `skipped: ${test.fullName}`)
      }
  } catch (error) {
    fail(tally, `the tests left no report: ${(error as Error).message}`)
    console.error(tally.broken.at(-1))
  }
  rmSync(report, { force: true })
  return [...wrong]
}

const sum = (file: string): Tally => {
  const notes = readFileSync(file, 'utf8').trim().split('\n')
  const tallies = notes.filter((line) => line !== '').map((line) => JSON.parse(line) as Tally)
  return {
    passed: tallies.reduce((all, { passed }) => all + passed, 0),
    failed: tallies.reduce((all, { failed }) => all + failed, 0),
    skipped: tallies.flatMap(({ skipped }) => skipped),
    broken: tallies.flatMap(({ broken = [] }) => broken),
    unsteady: tallies.flatMap(({ unsteady = [] }) => unsteady),
  }
}

/** Suites together, so that none waits for the last file of another. */
const run = async (suites: readonly Suite[], only: readonly string[]): Promise<Tally> => {
  const tally: Tally = { passed: 0, failed: 0, skipped: [], broken: [], unsteady: [] }
  if (suites.includes('test') && only.length === 0) await lint(tally)
  const mine = globSync('tests/**/*.test.ts', { cwd: root }).filter((file) => suites.includes(suiteOf(file)))
  vitest(tally, only.length ? only : mine.sort())
  return tally
}

if (import.meta.main) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { suite: { type: 'string', default: 'test' }, sum: { type: 'string' } },
  })
  const wanted = values.suite.split(',') as Suite[]
  const odd = wanted.find((each) => !SUITES.some(({ suite }) => suite === each))
  if (odd !== undefined) {
    console.error(`there is no suite "${odd}": ${SUITES.map(({ suite, what }) => `${suite} (${what})`).join(', ')}`)
    process.exit(2)
  }
  const note = process.env['VONGLAU_TEST_TALLY']
  const tally = values.sum ? sum(values.sum) : await run(wanted, positionals)
  for (const what of tally.broken) console.log(`failed: ${what}`)
  for (const what of tally.unsteady)
    console.log(`unsteady (failed, and passed when its file ran again by itself): ${what}`)
  if (values.sum) for (const name of tally.skipped) console.log(`skipped: ${name}`)
  if (values.sum || !note) console.log(said(tally))
  else {
    appendFileSync(note, `${JSON.stringify(tally)}\n`)
    console.log(`suite ${values.suite}: ${said(tally)}`)
  }
  process.exitCode = tally.failed ? 1 : 0
}
