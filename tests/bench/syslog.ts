/**
 * Syslog over TCP: FortiGate's lines, octets counted, beside rsyslog.
 *
 *     node tests/bench/syslog.ts [LINES] [RUNS]
 *
 * In turns over one connection and over four: lines accepted a second (fsynced in the spool, parser held), and those that
 * rsyslog takes apart and writes, synced once a second. Then with parser and store over four connections: lines a CPU-second
 * of it, beside those of the import of the same lines, whose start and end are counted too; by neither do the rules look at a line.
 * Told too is what it costs where they do.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { fortigate } from './lines.ts'
import { machine, watchSteal } from './machine.ts'
import { costOf, family, median, usedBy } from './measure.ts'
import { ruleBase, writtenLines } from './rsyslog.ts'

const [lines, runs] = [Number(process.argv[2] ?? 400_000), Number(process.argv[3] ?? 3)]
const folder = mkdtempSync(join(tmpdir(), 'vonglau-syslog-'))
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const LAUNCHER = here('../../api/vonglau.js')

const texts = Array.from({ length: lines }, (_, i) => Buffer.from(fortigate(i)))
const LENGTH = texts.reduce((sum, { length }) => sum + length, 0)
/** What each of so many connections sends. */
const shares = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, k) =>
    Buffer.concat(texts.filter((_, i) => i % count === k).flatMap((text) => [Buffer.from(`${text.length} `), text])),
  )
const send = async (port: number, parts: readonly Buffer[]): Promise<void> => {
  await Promise.all(
    parts.map(
      (bytes) =>
        new Promise<void>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1')
          socket.on('error', reject)
          socket.resume()
          let at = 0
          const more = () => {
            while (at < bytes.length) {
              const piece = bytes.subarray(at, at + (256 << 10))
              at += piece.length
              if (!socket.write(piece)) return
            }
            socket.end(() => resolve())
          }
          socket.on('drain', more)
          socket.on('connect', more)
        }),
    ),
  )
}
const config = (place: string) => {
  const path = join(place, 'vonglau.yml')
  writeFileSync(
    path,
    `data: ${join(place, 'data')}
listen: 127.0.0.1:0
inventory: ${here('../../seeds/vinh-long/inventory.yml')}
syslog: { tcp: "127.0.0.1:0" }
sources:
  - { id: fw, parser: fortinet_fortigate, syslog: { from: [127.0.0.1] } }
`,
  )
  return path
}
const said = (child: ChildProcess, what: RegExp): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.on('data', (chunk) => {
      text += String(chunk)
      const found = what.exec(text)
      if (found) resolve(found[1]!)
    })
    child.once('exit', () => reject(new Error(`it ended: ${text}`)))
  })
const end = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  const gone = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await gone
}
/** A port nobody listens on at the moment. */
const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
const cpuOf = (pid: number) => family(pid).reduce((sum, each) => sum + usedBy(each).cpu, 0)
interface Turn {
  readonly rate: number
  /** µs a line. */
  readonly cpu: number
}

const take = async (parts: readonly Buffer[], until: 'accepted' | 'stored' | 'judged'): Promise<Turn> => {
  const place = mkdtempSync(join(folder, 'ours-'))
  // As the launcher starts a server.
  const child = spawn(
    process.execPath,
    ['--max-semi-space-size=16', here('syslog.child.ts'), config(place), String(lines), until],
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, UV_THREADPOOL_SIZE: '16' } },
  )
  try {
    const port = Number(await said(child, /port (\d+)\n/))
    const [before, began] = [cpuOf(child.pid!), performance.now()]
    const all = said(child, new RegExp(`${until} (\\d+)\\n`))
    await Promise.all([send(port, parts), all])
    const seconds = (performance.now() - began) / 1000
    const cpu = cpuOf(child.pid!) - before
    const spool = join(place, 'data', 'spool', 'fw')
    const size = readdirSync(spool).reduce((sum, name) => sum + statSync(join(spool, name)).size, 0)
    if (size < LENGTH) throw new Error(`the spool has ${size} bytes, less than the ${LENGTH} of the lines`)
    return { rate: lines / seconds, cpu: (cpu / lines) * 1e6 }
  } finally {
    await end(child, 'SIGKILL')
    rmSync(place, { recursive: true, force: true })
  }
}

const rsyslog = async (parts: readonly Buffer[]): Promise<Turn> => {
  const place = mkdtempSync(join(folder, 'rsyslog-'))
  mkdirSync(join(place, 'work'))
  const port = await freePort()
  const [rules, out, settings] = [join(place, 'rules.rb'), join(place, 'out.json'), join(place, 'rsyslog.conf')]
  writeFileSync(rules, ruleBase('fortinet_fortigate'))
  writeFileSync(
    settings,
    `global(workDirectory="${join(place, 'work')}" parser.permitSlashInProgramName="on" maxMessageSize="64k")
      module(load="imtcp") module(load="mmnormalize")
      template(name="all" type="list") { property(name="$!all-json") constant(value="\\n") }
      input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="all")
      ruleset(name="all" queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="4096") {
        action(type="mmnormalize" rulebase="${rules}" useRawMsg="on")
        action(type="omfile" file="${out}" template="all" asyncWriting="on" flushInterval="1" ioBufferSize="64m" sync="on")
      }
`,
  )
  const server = spawn('rsyslogd', ['-n', '-f', settings, '-i', join(place, 'pid')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  try {
    await sleep(1000)
    const [before, began] = [cpuOf(server.pid!), performance.now()]
    const sent = send(port, parts)
    let [size, since, cpu] = [0, began, 0]
    // It has no end of its own: it is done when its file stands still; the stillness is not counted.
    while (size === 0 || performance.now() - since < 3000) {
      await sleep(20)
      const now = statSync(out, { throwIfNoEntry: false })?.size ?? 0
      if (now > size) [size, since, cpu] = [now, performance.now(), cpuOf(server.pid!)]
      if (size === 0 && performance.now() - began > 60_000) throw new Error('rsyslogd writes nothing')
    }
    await sent
    await end(server, 'SIGTERM')
    const written = writtenLines(out, 'fortinet_fortigate')
    if (written !== lines) throw new Error(`rsyslog wrote ${written} of ${lines} lines`)
    return { rate: lines / ((since - began) / 1000), cpu: ((cpu - before) / lines) * 1e6 }
  } finally {
    server.kill('SIGKILL')
    rmSync(place, { recursive: true, force: true })
  }
}

const importAll = async (): Promise<Turn> => {
  const place = mkdtempSync(join(folder, 'import-'))
  const path = join(place, 'fw.log')
  writeFileSync(path, Buffer.concat(texts.flatMap((text) => [text, Buffer.from('\n')])))
  const { seconds, cpu } = await costOf(process.execPath, [
    LAUNCHER,
    '-c',
    config(place),
    'import',
    '--source',
    'fortinet_fortigate',
    path,
  ])
  rmSync(place, { recursive: true, force: true })
  return { rate: lines / seconds, cpu: (cpu / lines) * 1e6 }
}

const turns = new Map<string, Turn[]>()
const turn = async (name: string, work: () => Promise<Turn>) => {
  const stolen = watchSteal()
  const one = await work()
  turns.set(name, [...(turns.get(name) ?? []), one])
  console.log(
    `${name.padEnd(32)} ${String(Math.round(one.rate)).padStart(8)} lines/s ${one.cpu.toFixed(1).padStart(6)} µs of CPU a line; ${stolen()} of the processors taken by others`,
  )
}
const ratio = (what: string, a: string, b: string, of: (a: Turn, b: Turn) => number) =>
  console.log(`${what.padEnd(60)} ${median(turns.get(a)!.map((each, i) => of(each, turns.get(b)![i]!))).toFixed(2)}`)

console.log(`${lines} lines on ${machine()}`)
try {
  const [one, four] = [shares(1), shares(4)]
  for (let run = 0; run < runs; run++) {
    await turn('accepted, one connection', () => take(one, 'accepted'))
    await turn('rsyslog, one connection', () => rsyslog(one))
    await turn('accepted, four connections', () => take(four, 'accepted'))
    await turn('rsyslog, four connections', () => rsyslog(four))
    await turn('stored, four connections', () => take(four, 'stored'))
    await turn('stored and judged, four', () => take(four, 'judged'))
    await turn('import', importAll)
  }
  console.log('\nmedians of the turns')
  for (const [name, each] of turns)
    console.log(`${name.padEnd(32)} ${String(Math.round(median(each.map(({ rate }) => rate)))).padStart(8)} lines/s`)
  for (const count of ['one connection', 'four connections'])
    ratio(`accepted ÷ rsyslog, ${count}`, `accepted, ${count}`, `rsyslog, ${count}`, (a, b) => a.rate / b.rate)
  ratio('stored ÷ import, lines a CPU-second', 'stored, four connections', 'import', (a, b) => b.cpu / a.cpu)
} finally {
  rmSync(folder, { recursive: true, force: true })
}
