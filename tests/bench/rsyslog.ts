/**
 * What a machine does without us: rsyslog reads the same three files, takes each line apart (mmnormalize) and writes one
 * JSON a line, all values as text, without countries, agencies, or anything to search with. `node tests/bench/rsyslog.ts
 * [LINES] [RUNS]`; to be run beside import.ts, for machines differ by a factor of three.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeLines } from './lines.ts'
import { machine, watchSteal } from './machine.ts'

const [lines, runs] = [Number(process.argv[2] ?? 1_000_000), Number(process.argv[3] ?? 3)]
const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
const files = await writeLines(folder, lines)
console.log(`${lines} lines on ${machine()}`)

/** liblognorm's rules, version 2. */
const rules = {
  fortinet_fortigate: ['<%pri:number%>%fields:name-value-list%'],
  nginx_access: [
    '%client:word% - %user:word% [%time:char-to:]%] "%method:word% %url:word% %version:char-to:"%" %status:number% %bytes:number% "%referer:char-to:"%" "%agent:char-to:"%"',
  ],
  iis_access: [
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
const rates: number[] = []
for (let run = 0; run < runs; run++) {
  const place = join(folder, `run-${run}`)
  mkdirSync(place)
  const out = join(place, 'out.json')
  const inputs = Object.entries(files).map(([source, path]) => {
    const rulebase = join(place, `${source}.rb`)
    writeFileSync(
      rulebase,
      `version=2\n${rules[source as keyof typeof rules].map((rule) => `rule=:${rule}\n`).join('')}`,
    )
    return `
      input(type="imfile" File="${path}" Tag="${source}" ruleset="${source}")
      ruleset(name="${source}" queue.type="LinkedList" queue.size="200000" queue.dequeueBatchSize="4096") {
        action(type="mmnormalize" rulebase="${rulebase}" useRawMsg="on")
        action(type="omfile" file="${out}" template="all" asyncWriting="on" ioBufferSize="1m")
      }`
  })
  const config = join(place, 'rsyslog.conf')
  writeFileSync(
    config,
    `global(workDirectory="${place}" parser.permitSlashInProgramName="on")
      module(load="imfile" mode="inotify") module(load="mmnormalize")
      template(name="all" type="list") { property(name="$!all-json") constant(value="\\n") }
      ${inputs.join('\n')}
`,
  )
  const stolen = watchSteal()
  const began = performance.now()
  const server = spawn('rsyslogd', ['-n', '-f', config, '-i', join(place, 'pid')], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  // It has no end of its own: it is done when its file stands still; the stillness is not counted.
  let [size, since] = [0, began]
  while (size === 0 || performance.now() - since < 3000) {
    await sleep(20)
    const now = statSync(out, { throwIfNoEntry: false })?.size ?? 0
    if (now > size) [size, since] = [now, performance.now()]
    if (size === 0 && performance.now() - began > 60_000) throw new Error('rsyslogd writes nothing')
  }
  const seconds = (since - began) / 1000
  server.kill()
  await ended
  const count = Number(execFileSync('wc', ['-l', out], { encoding: 'utf8' }).split(' ')[0])
  console.log(
    `run ${run + 1}: ${count} lines in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)} lines/s, ${Math.round(statSync(out).size / count)} bytes a line; ${stolen()} of the processors taken by others`,
  )
  rates.push(count / seconds)
  rmSync(place, { recursive: true, force: true })
}
console.log(`median ${Math.round(rates.sort((a, b) => a - b)[Math.floor(rates.length / 2)]!)} lines/s`)
rmSync(folder, { recursive: true, force: true })
