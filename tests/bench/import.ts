/**
 * How many lines a second `vonglau import` stores: 60 % FortiGate, 30 % nginx, 10 % IIS, durable and searchable. Whole
 * processes, start to exit. `node tests/bench/import.ts [LINES] [RUNS]`.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeLines } from './lines.ts'
import { machine, watchSteal } from './machine.ts'

const [lines, runs] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 3)]
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))

const files = await writeLines(folder, lines)
const config = join(folder, 'vonglau.yml')
const bytes = Object.values(files).reduce((sum, path) => sum + statSync(path).size, 0)
console.log(`${lines} lines, ${(bytes / 1e6).toFixed(0)} MB, on ${machine()}`)
const totals: number[] = []
for (let run = 0; run < runs; run++) {
  const data = join(folder, `data-${run}`)
  writeFileSync(config, `data: ${data}\ninventory: ${join(root, 'seeds/vinh-long/inventory.yml')}\n`)
  let total = 0
  const stolen = watchSteal()
  for (const [source, path] of Object.entries(files)) {
    const began = performance.now()
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(root, 'api/vonglau.js'), '-c', config, 'import', '--source', source, path],
      { encoding: 'utf8' },
    )
    const seconds = (performance.now() - began) / 1000
    total += seconds
    const n = Number(/^(\d+) lines/.exec(stdout)?.[1])
    if (status !== 0) throw new Error(stderr)
    console.log(`  ${source.padEnd(20)} ${n} lines in ${seconds.toFixed(1)} s: ${Math.round(n / seconds)} lines/s`)
  }
  const taken = stolen()
  const { stdout } = spawnSync(process.execPath, [join(root, 'api/vonglau.js'), '-c', config, 'query', '--count', ''], {
    encoding: 'utf8',
  })
  const size = readdirSync(join(data, 'events')).reduce(
    (sum, name) => sum + (name.startsWith('events-') ? statSync(join(data, 'events', name)).size : 0),
    0,
  )
  console.log(
    `run ${run + 1}: ${Math.round(lines / total)} lines/s over all, ${stdout.trim()} events found, ${(size / lines).toFixed(0)} bytes an event; ${taken} of the processors taken by others`,
  )
  totals.push(lines / total)
  rmSync(data, { recursive: true, force: true })
}
console.log(`median ${Math.round(totals.sort((a, b) => a - b)[Math.floor(totals.length / 2)]!)} lines/s`)
rmSync(folder, { recursive: true, force: true })
