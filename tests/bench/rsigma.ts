/**
 * Beside rsigma 0.23 (https://github.com/timescale/rsigma), on the same events and the same rules of SigmaHQ, one after the
 * other: whole processes, from the file of events to the lines of what was found. Matches have to be the same, rule by rule.
 * Then what the engine does with events, and with rows, that are in memory.
 *
 *     RSIGMA=/path/of/rsigma node tests/bench/rsigma.ts [EVENTS] [RULES]
 *
 * rsigma is had by `cargo install rsigma --version '~0.23' --locked --root FOLDER`; without it only our own figures are told.
 */
import { execFileSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Event } from '../../ingest/event.ts'
import { Row } from '../../ingest/row/row.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { openRowEngine } from '../../rules/engine/rows.ts'
import { loadRouted } from '../../rules/load.ts'
import { sigmaEvents } from './events.ts'
import { machine, watchSteal } from './machine.ts'
import { type Cost, costOf, median } from './measure.ts'

const count = Number(process.argv[2] ?? 200_000)
const folder = process.argv[3] ?? fileURLToPath(new URL('../../../shared/samples/sigma/rules-network', import.meta.url))
const rsigma = process.env['RSIGMA'] ?? 'rsigma'
const VONGLAU = fileURLToPath(new URL('../../api/vonglau.js', import.meta.url))
const ROUNDS = 5

const rules = loadRouted([folder])
const filters = rules.map(({ filter }) => filter)
const place = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
process.once('exit', () => rmSync(place, { recursive: true }))
const file = join(place, 'events.ndjson')
const out = createWriteStream(file)
let part = ''
for (const event of sigmaEvents(count, filters)) {
  part += `${JSON.stringify(event)}\n`
  if (part.length < 1 << 20) continue
  if (!out.write(part)) await new Promise<void>((resolve) => out.once('drain', () => resolve()))
  part = ''
}
await new Promise<void>((resolve) => out.end(part, () => resolve()))
console.log(`${rules.length} rules, ${count} events, on ${machine()}`)

/** How often each rule was told. */
const countsOf = (lines: string, id: string): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const line of lines.split('\n')) {
    if (!line.startsWith('{')) continue
    const rule = String((JSON.parse(line) as Record<string, unknown>)[id])
    counts.set(rule, (counts.get(rule) ?? 0) + 1)
  }
  return counts
}
const rate = (seconds: number): string => Math.round(count / seconds).toLocaleString('en')
const show = (name: string, costs: readonly Cost[]): void =>
  console.log(
    `${name.padEnd(24)} ${rate(median(costs.map(({ seconds }) => seconds)))} events/s, of the processor ${rate(median(costs.map(({ cpu }) => cpu)))}; up to ${Math.round(Math.max(...costs.map(({ peak }) => peak)) / 1e6)} MB`,
  )

const has = (() => {
  try {
    return execFileSync(rsigma, ['--version'], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
})()
const ours: Cost[] = []
const theirs: Cost[] = []
const steal = watchSteal()
for (let round = 0; round < ROUNDS; round++) {
  const own = await costOf(process.execPath, [VONGLAU, 'scan', '--events', '--rules', folder, file])
  ours.push(own)
  if (has === undefined) continue
  const other = await costOf(rsigma, [
    ...['engine', 'eval', '--rules', folder, '--event', `@${file}`],
    ...['--input-format', 'json', '--output-format', 'ndjson', '--logsource-routing'],
  ])
  theirs.push(other)
  if (round > 0) continue
  const [a, b] = [countsOf(own.out, 'rule.id'), countsOf(other.out, 'rule_id')]
  const differ = [...new Set([...a.keys(), ...b.keys()])].filter((id) => a.get(id) !== b.get(id))
  for (const id of differ) console.log(`DIFFERENT: ${id}: ${a.get(id) ?? 0}, rsigma ${b.get(id) ?? 0}`)
  const all = [...a.values()].reduce((sum, n) => sum + n, 0)
  console.log(`${all} matches of ${a.size} rules; ${differ.length} rules are told differently`)
  if (differ.length > 0) process.exitCode = 1
}
show('vonglau scan --events', ours)
let other = Number.NaN
if (has === undefined) console.log(`rsigma is not there (${rsigma}): RSIGMA says where it is`)
else {
  show(has, theirs)
  const ratio = (of: keyof Cost) => median(ours.map((own, i) => theirs[i]![of] / own[of])).toFixed(2)
  other = count / median(theirs.map(({ cpu }) => cpu))
  console.log(`${ratio('seconds')} times rsigma, of the processor ${ratio('cpu')} times`)
}

/** Rows in memory: each of its own, for a row is one at a time. */
const MOST_ROWS = 2000
const events: Event[] = [...sigmaEvents(MOST_ROWS, filters)]
const rows = events.map((event) => {
  const row = new Row(2048)
  row.put(event)
  return row
})
const [engine, rowEngine] = [openEngine(filters), openRowEngine(filters)]
let hits = 0
const hit = () => hits++
const passes = {
  objects: () => {
    for (const event of events) engine.match(event, hit)
  },
  rows: () => {
    for (const row of rows) rowEngine.match(row, hit)
  },
}
for (const [name, pass] of Object.entries(passes)) {
  const times: number[] = []
  for (let round = 0; round < 40; round++) {
    const before = process.cpuUsage()
    for (let again = 0; again < 10; again++) pass()
    const { user, system } = process.cpuUsage(before)
    times.push((user + system) / (10 * MOST_ROWS))
  }
  const own = median(times.slice(10))
  console.log(
    `${`${name} in memory`.padEnd(24)} ${own.toFixed(2)} µs an event of the processor${other > 0 ? `: ${(1e6 / own / other).toFixed(1)} times rsigma` : ''}`,
  )
}
console.log(`others took ${steal()}`)
