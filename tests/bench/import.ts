/**
 * How many lines a second `vonglau import` stores: 60 % FortiGate, 30 % nginx, 10 % IIS, durable and searchable. Whole
 * processes, start to exit, with the CPU that they took.
 *
 *     node tests/bench/import.ts [LINES] [RUNS] [--beside PATH] [--rsyslog]
 *
 * In turns over the same lines with the program of another checkout (`git worktree add PATH d982720`, its node_modules may
 * be a link to these) and with rsyslog; ends with medians and the ratios between them.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KINDS, type Kind, writeLines } from './lines.ts'
import { machine, watchSteal } from './machine.ts'
import { type Cost, costOf, median } from './measure.ts'
import { runRsyslog } from './rsyslog.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { beside: { type: 'string' }, rsyslog: { type: 'boolean', default: false } },
})
const [lines, runs] = [Number(positionals[0] ?? 1_000_000), Number(positionals[1] ?? 3)]
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
const files = await writeLines(folder, lines)

type Turn = { readonly [kind in Kind]: Cost } & { readonly bytes: number }

const importWith = async (checkout: string): Promise<Turn> => {
  const data = mkdtempSync(join(folder, 'data-'))
  mkdirSync(join(data, 'events'), { recursive: true })
  const config = join(folder, 'vonglau.yml')
  // Each with the inventory of its own time: its format may have changed.
  writeFileSync(config, `data: ${data}\ninventory: ${join(checkout, 'seeds/vinh-long/inventory.yml')}\n`)
  const launcher = join(checkout, 'api/vonglau.js')
  const costs = {} as Record<Kind, Cost>
  for (const kind of KINDS) {
    const { out, ...cost } = await costOf(process.execPath, [
      launcher,
      '-c',
      config,
      'import',
      '--source',
      kind,
      files[kind],
    ])
    const [, n, unparsed] = /^(\d+) lines imported, (\d+) of them not understood/m.exec(out) ?? []
    if (Number(unparsed) > Number(n) / 1000)
      throw new Error(`${checkout}: ${unparsed} of ${n} lines of ${kind} were not understood`)
    costs[kind] = cost
  }
  const { out } = await costOf(process.execPath, [launcher, '-c', config, 'query', '--count', ''])
  if (Number(out) !== lines) throw new Error(`${checkout}: ${out.trim()} events of ${lines} lines are found`)
  const bytes = readdirSync(join(data, 'events'))
    .filter((name) => name.startsWith('events-'))
    .reduce((sum, name) => sum + statSync(join(data, 'events', name)).size, 0)
  rmSync(data, { recursive: true, force: true })
  return { ...costs, bytes }
}
const rsyslog = async (): Promise<Turn> => {
  const costs = {} as Record<Kind, Cost>
  let bytes = 0
  for (const kind of KINDS) {
    const { bytes: written, ...cost } = await runRsyslog(kind, files[kind])
    costs[kind] = cost
    bytes += written
  }
  return { ...costs, bytes }
}

const programs: { readonly name: string; readonly take: () => Promise<Turn>; readonly turns: Turn[] }[] = [
  ...(values.beside ? [{ name: 'beside', take: () => importWith(resolve(values.beside!)), turns: [] }] : []),
  ...(values.rsyslog ? [{ name: 'rsyslog', take: rsyslog, turns: [] }] : []),
  { name: 'this', take: () => importWith(root), turns: [] },
]
const over = (turn: Turn) => ({
  rate: lines / KINDS.reduce((sum, kind) => sum + turn[kind].seconds, 0),
  cpu: (KINDS.reduce((sum, kind) => sum + turn[kind].cpu, 0) / lines) * 1e6,
  bytes: turn.bytes / lines,
  peak: Math.max(...KINDS.map((kind) => turn[kind].peak)),
})
const rateOf = (turn: Turn, kind: Kind) => files.count[kind] / turn[kind].seconds
const cpuOf = (turn: Turn, kind: Kind) => (turn[kind].cpu / files.count[kind]) * 1e6

const size = KINDS.reduce((sum, kind) => sum + statSync(files[kind]).size, 0)
console.log(`${lines} lines, ${(size / 1e6).toFixed(0)} MB, on ${machine()}`)
try {
  for (let run = 0; run < runs; run++)
    for (const { name, take, turns } of programs) {
      const stolen = watchSteal()
      const turn = await take()
      turns.push(turn)
      const { rate, cpu, bytes, peak } = over(turn)
      console.log(
        `run ${run + 1}, ${name.padEnd(8)} ${Math.round(rate)} lines/s, ${cpu.toFixed(1)} µs of CPU a line, ${bytes.toFixed(0)} bytes an event, ${(peak / 1e6).toFixed(0)} MB at most; ${stolen()} of the processors taken by others`,
      )
    }
  console.log('\nmedians                           lines/s   µs of CPU a line')
  for (const { name, turns } of programs) {
    for (const kind of KINDS)
      console.log(
        `${`${name}, ${kind}`.padEnd(30)} ${String(Math.round(median(turns.map((turn) => rateOf(turn, kind))))).padStart(10)} ${median(
          turns.map((turn) => cpuOf(turn, kind)),
        )
          .toFixed(1)
          .padStart(10)}`,
      )
    const all = turns.map(over)
    console.log(
      `${`${name}, all`.padEnd(30)} ${String(Math.round(median(all.map(({ rate }) => rate)))).padStart(10)} ${median(
        all.map(({ cpu }) => cpu),
      )
        .toFixed(1)
        .padStart(
          10,
        )}   ${median(all.map(({ bytes }) => bytes)).toFixed(0)} bytes an event, ${(median(all.map(({ peak }) => peak)) / 1e6).toFixed(0)} MB at most`,
    )
  }
  const mine = programs.at(-1)!.turns
  // Turn by turn: what the machine was like is the same in both.
  const ratios = (what: string, other: readonly Turn[], ratio: (a: Turn, b: Turn) => number) =>
    console.log(`${what.padEnd(60)} ${median(mine.map((turn, i) => ratio(turn, other[i]!))).toFixed(2)}`)
  for (const { name, turns } of programs.slice(0, -1)) {
    ratios(`this ÷ ${name}, lines/s over all`, turns, (a, b) => over(a).rate / over(b).rate)
    for (const kind of KINDS)
      ratios(`this ÷ ${name}, CPU a line, ${kind}`, turns, (a, b) => cpuOf(a, kind) / cpuOf(b, kind))
    if (name === 'beside') ratios('this ÷ beside, bytes an event', turns, (a, b) => over(a).bytes / over(b).bytes)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
