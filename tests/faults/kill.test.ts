/**
 * Invariant 1, held by killing: an ingest is ended by SIGKILL at random moments, twenty times; then every line of the input
 * is in the store exactly once.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'

const KILLS = 20
const folder = mkdtempSync(join(tmpdir(), 'vonglau-kill-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const line = (n: number) =>
  `198.51.100.${n % 250} - - [21/Nov/2026:14:05:${String(n % 60).padStart(2, '0')} +0700] "GET /dong-${n} HTTP/1.1" 200 ${n} "-" "Mozilla/5.0"`

test(`every line is there exactly once after ${KILLS} kills`, async () => {
  const logs = join(folder, 'logs')
  mkdirSync(logs)
  const live = join(logs, 'access.log')
  let written = 0
  const write = (count: number) => {
    appendFileSync(live, `${Array.from({ length: count }, (_, i) => line(written + i)).join('\n')}\n`)
    written += count
  }
  writeFileSync(live, '')
  // What was accepted over the network counts as given only when the child said so.
  const accepted = new Set<number>()
  const offered = new Set<number>()
  let nextNetwork = 1_000_000
  const child = (): ChildProcess => {
    const process_ = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('kill.child.ts', import.meta.url)),
        folder,
        String(nextNetwork),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let text = ''
    process_.stdout!.on('data', (chunk) => {
      text += String(chunk)
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n')) {
        const [word, n] = text.slice(0, at).split(' ')
        text = text.slice(at + 1)
        if (word === 'offered') {
          offered.add(Number(n))
          nextNetwork = Math.max(nextNetwork, Number(n) + 1)
        }
        if (word === 'accepted') accepted.add(Number(n))
      }
    })
    return process_
  }
  const ended = (process_: ChildProcess) => new Promise<void>((resolve) => process_.once('exit', () => resolve()))
  for (let kill = 0; kill < KILLS; kill++) {
    write(1500)
    const process_ = child()
    const gone = ended(process_)
    // From the moment it reads: a kill before that would prove nothing.
    await new Promise((resolve) => process_.stdout!.once('data', resolve))
    const rest = Math.random() * 700
    await new Promise((resolve) => setTimeout(resolve, rest / 2))
    write(1500)
    // Rotation by rename now and then: the lines go on in a new file.
    if (kill % 5 === 4) {
      renameSync(live, join(logs, `access.log.${kill}`))
      writeFileSync(live, '')
      write(700)
    }
    await new Promise((resolve) => setTimeout(resolve, rest / 2))
    process_.kill('SIGKILL')
    await gone
  }
  // The last one runs until it has everything.
  const last = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(new URL('kill.child.ts', import.meta.url)),
      folder,
      'drain',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  )
  await ended(last)
  const store = await openDuckdb({ folder: join(folder, 'events') })
  const counts = new Map<number, number>()
  for await (const events of store.match(SYSTEM, { filter: EVERYTHING, fields: ['url.path'] })) {
    for (const event of events) {
      const n = Number(String(event['url.path']).replace('/dong-', ''))
      counts.set(n, (counts.get(n) ?? 0) + 1)
    }
  }
  await store.close()
  const files = Array.from({ length: written }, (_, n) => n)
  expect({
    missing: files.filter((n) => !counts.has(n)),
    twice: [...counts].filter(([, c]) => c > 1).map(([n]) => n),
  }).toEqual({ missing: [], twice: [] })
  // The network: what was accepted is there, and nothing that was not offered.
  expect([...accepted].filter((n) => !counts.has(n))).toEqual([])
  expect([...counts.keys()].filter((n) => n >= 1_000_000 && !offered.has(n))).toEqual([])
  expect(accepted.size).toBeGreaterThan(KILLS)
  expect(files.length).toBeGreaterThan(60_000)
})
