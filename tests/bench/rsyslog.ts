/**
 * What a machine does without us: rsyslog reads the same three files, takes every line apart (mmnormalize: each key of a
 * FortiGate line by its name, quoted values with their blanks) and writes one JSON a line, all values as text, without
 * types, countries, agencies, or anything to search with. `node tests/bench/rsyslog.ts [LINES] [RUNS]`; import.ts runs it in
 * turns with the program. More than 0.1 % of the lines not taken apart fails.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fortigate, KINDS, type Kind, writeLines } from './lines.ts'
import { machine, watchSteal } from './machine.ts'
import { type Cost, median, usedBy } from './measure.ts'

const MOST_UNPARSED = 0.001

/**
 * A rule for each order of keys that the lines have. liblognorm 2.0.6 (Debian 12) has no list of names and values that knows
 * quoted blanks: `name-value-list` leaves every line unparsed (which takes half the CPU), a `repeat` of pairs takes half as
 * much again as these.
 */
const fortigateRules = (): string[] => {
  const rules = new Set<string>()
  for (let i = 0; i < 2000; i++)
    rules.add(
      fortigate(i)
        .replace(/^<\d+>/, '<%pri:number%>')
        .replaceAll(/([a-z]+)=(?:"[^"]*"|[^ ]+)/g, (pair, key: string) =>
          pair.endsWith('"') ? `${key}="%${key}:char-to:"%"` : `${key}=%${key}:word%`,
        ),
    )
  return [...rules]
}
/** liblognorm's rules, version 2. */
const RULES: { readonly [kind in Kind]: () => readonly string[] } = {
  fortinet_fortigate: fortigateRules,
  nginx_access: () => [
    '%client:word% - %user:word% [%time:char-to:]%] "%method:word% %url:word% %version:char-to:"%" %status:number% %bytes:number% "%referer:char-to:"%" "%agent:char-to:"%"',
  ],
  iis_access: () => [
    '#%comment:rest%',
    [
      'date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs-agent cs-referer cs-host',
      'sc-status sc-substatus sc-win32-status time-taken',
    ]
      .join(' ')
      .split(' ')
      .map((name) => `%${name}:word%`)
      .join(' '),
  ],
}

/** What mmnormalize is given. */
export const ruleBase = (kind: Kind): string =>
  `version=2\n${RULES[kind]()
    .map((rule) => `rule=:${rule}\n`)
    .join('')}`

/** How many lines it has written; throws where it took more than a few of them not apart. */
export const writtenLines = (out: string, kind: Kind): number => {
  const count = (args: readonly string[]) =>
    Number(execFileSync('sh', ['-c', `${args.join(' ')} || true`], { encoding: 'utf8' }).split(' ')[0])
  const lines = count(['wc', '-l', out])
  const unparsed = count(['grep', '-c', '-F', `'"unparsed-data"'`, out])
  if (unparsed > lines * MOST_UNPARSED) {
    const example = execFileSync('grep', ['-m', '1', '-F', '"unparsed-data"', out], { encoding: 'utf8' })
    throw new Error(`rsyslog took ${unparsed} of ${lines} lines of ${kind} not apart, such as ${example}`)
  }
  return lines
}

export interface Rsyslog extends Cost {
  readonly lines: number
  /** Of what it wrote. */
  readonly bytes: number
}

/** Reads a file of one kind to its end. Throws where it does not take the lines apart. */
export const runRsyslog = async (kind: Kind, path: string): Promise<Rsyslog> => {
  const place = mkdtempSync(join(tmpdir(), 'vonglau-rsyslog-'))
  try {
    mkdirSync(join(place, 'work'))
    const [rulebase, out, config] = [join(place, 'rules.rb'), join(place, 'out.json'), join(place, 'rsyslog.conf')]
    writeFileSync(rulebase, ruleBase(kind))
    writeFileSync(
      config,
      `global(workDirectory="${join(place, 'work')}" parser.permitSlashInProgramName="on" maxMessageSize="64k")
      module(load="imfile" mode="inotify") module(load="mmnormalize")
      template(name="all" type="list") { property(name="$!all-json") constant(value="\\n") }
      input(type="imfile" File="${path}" Tag="${kind}" ruleset="all" addMetadata="off")
      ruleset(name="all" queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="4096") {
        action(type="mmnormalize" rulebase="${rulebase}" useRawMsg="on")
        action(type="omfile" file="${out}" template="all" asyncWriting="on" ioBufferSize="1m")
      }
`,
    )
    const began = performance.now()
    const server = spawn('rsyslogd', ['-n', '-f', config, '-i', join(place, 'pid')], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const ended = new Promise((resolve) => server.once('exit', resolve))
    // It has no end of its own: it is done when its file stands still; the stillness is not counted.
    let [size, since, cpu, peak] = [0, began, 0, 0]
    while (size === 0 || performance.now() - since < 3000) {
      await sleep(20)
      const now = statSync(out, { throwIfNoEntry: false })?.size ?? 0
      if (now > size) {
        ;[size, since] = [now, performance.now()]
        ;({ cpu, peak } = usedBy(server.pid!))
      }
      if (size === 0 && performance.now() - began > 60_000) throw new Error('rsyslogd writes nothing')
    }
    server.kill()
    await ended
    const lines = writtenLines(out, kind)
    return { seconds: (since - began) / 1000, cpu, peak, lines, bytes: size }
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  const [lines, runs] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 3)]
  const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
  const files = await writeLines(folder, lines)
  console.log(`${lines} lines on ${machine()}`)
  const rates: number[] = []
  for (let run = 0; run < runs; run++) {
    const stolen = watchSteal()
    let total = 0
    for (const kind of KINDS) {
      const cost = await runRsyslog(kind, files[kind])
      total += cost.seconds
      console.log(
        `  ${kind.padEnd(20)} ${Math.round(cost.lines / cost.seconds)} lines/s, ${((cost.cpu / cost.lines) * 1e6).toFixed(1)} µs of CPU a line, ${Math.round(cost.bytes / cost.lines)} bytes a line, ${(cost.peak / 1e6).toFixed(0)} MB`,
      )
    }
    console.log(`run ${run + 1}: ${Math.round(lines / total)} lines/s; ${stolen()} of the processors taken by others`)
    rates.push(lines / total)
  }
  console.log(`median ${Math.round(median(rates))} lines/s`)
  rmSync(folder, { recursive: true, force: true })
}
