/**
 * What a line costs while they come one after the other: 1,500 of firewalls and 300 of portals a second are appended to files, with
 * the rules of the catalog on. Told is the CPU of the server a line, what memory it held, and how far the store was behind.
 *
 * Of the lines a quarter is something to a rule; with `--calm` one of a hundred is an attack.
 *
 *     node tests/bench/live.ts [SECONDS] [--calm]
 */
import { spawn } from 'node:child_process'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { writeLines } from './lines.ts'
import { machine } from './machine.ts'
import { costOf, family, usedBy } from './measure.ts'

const seconds = Number(process.argv[2] ?? 300)
/** Lines of each kind every 100 ms. */
const RATE = { fortinet_fortigate: 150, nginx_access: 30 } as const
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
const made = await writeLines(folder, 100_000, { calm: process.argv.includes('--calm') })
const lines = Object.fromEntries(
  Object.keys(RATE).map((kind) => [
    kind,
    readFileSync(made[kind as keyof typeof RATE], 'utf8')
      .trimEnd()
      .split('\n'),
  ]),
)
const port = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port: free } = server.address() as { port: number }
    server.close(() => resolve(free))
  })
})
const config = join(folder, 'vonglau.yml')
const source = (kind: string) =>
  `  - { id: ${kind}, parser: ${kind}, file: { path: ${kind}.live, start: beginning } }\n`
writeFileSync(
  config,
  `data: data\nlisten: 127.0.0.1:${port}\ninventory: ${join(root, 'seeds/vinh-long/inventory.yml')}\nsources:\n${Object.keys(RATE).map(source).join('')}`,
)
for (const kind of Object.keys(RATE)) writeFileSync(join(folder, `${kind}.live`), '')
const launcher = join(root, 'api/vonglau.js')
const child = spawn(process.execPath, [launcher, '-c', config, 'start'], { stdio: ['ignore', 'ignore', 'inherit'] })
while (!(await fetch(`http://127.0.0.1:${port}`).catch(() => undefined))) await sleep(200)
const used = () => family(child.pid!).reduce((sum, pid) => sum + usedBy(pid).cpu, 0)
const resident = () =>
  Math.max(
    ...family(child.pid!).map(
      (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1000,
    ),
  )
const stored = async () =>
  Number(
    (await costOf(process.execPath, [launcher, '-c', config, 'query', '--count', 'not event.dataset: vonglau.source']))
      .out,
  )

/** The lines with the time of now in place of their own: what comes live is of this hour, not of twenty days. */
const stamped = (text: string): string => {
  const now = new Date(Date.now() + 7 * 3_600_000)
  const [day, time] = now.toISOString().slice(0, 19).split('T') as [string, string]
  const month = now.toLocaleString('en', { month: 'short', timeZone: 'UTC' })
  return text
    .replace(/date=\S+ time=\S+/g, `date=${day} time=${time}`)
    .replace(/eventtime=\d+/g, `eventtime=${Date.now()}000000`)
    .replace(/\[\d\d\/\w{3}\/\d{4}:[\d:]+ /g, `[${day.slice(8)}/${month}/${day.slice(0, 4)}:${time} `)
}

console.log(machine())
let [written, peak, n] = [0, 0, 0]
const before = used()
const began = performance.now()
for (; performance.now() - began < seconds * 1000; n++) {
  for (const [kind, count] of Object.entries(RATE)) {
    const all = lines[kind]!
    const some = Array.from({ length: count }, (_, i) => all[(n * count + i) % all.length]!)
    appendFileSync(join(folder, `${kind}.live`), `${stamped(some.join('\n'))}\n`)
    written += count
  }
  if (n % 10 === 0) peak = Math.max(peak, resident())
  if (n % 600 === 599)
    console.log(
      `${Math.round((performance.now() - began) / 1000)} s: ${(((used() - before) * 1e6) / written).toFixed(1)} µs of CPU a line, ${Math.round(resident())} MB (most ${Math.round(peak)})`,
    )
  await sleep(Math.max(0, began + (n + 1) * 100 - performance.now()))
}
const cpu = ((used() - before) * 1e6) / written
const ended = performance.now()
while ((await stored()) < written) await sleep(100)
console.log(
  `${written} lines in ${seconds} s: ${cpu.toFixed(1)} µs of CPU a line, ${Math.round(peak)} MB resident at most; the last was found ${((performance.now() - ended) / 1000).toFixed(1)} s behind, the question's own time with it`,
)
child.kill('SIGTERM')
await new Promise((resolve) => child.on('exit', resolve))
rmSync(folder, { recursive: true, force: true })
