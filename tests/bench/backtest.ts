/**
 * How long a backtest takes over so many stored events: 60 % FortiGate, 30 % nginx, 10 % IIS. A rule with a text that has to be
 * there, one without, one on what is computed of a request, and a correlation. Whole commands, start to exit; the time within is what
 * the command says.
 *
 *     node tests/bench/backtest.ts [LINES] [--keep FOLDER]      with --keep a second run imports nothing
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { KINDS, writeLines } from './lines.ts'
import { machine, watchSteal } from './machine.ts'
import { costOf } from './measure.ts'

const { values, positionals } = parseArgs({ allowPositionals: true, options: { keep: { type: 'string' } } })
const lines = Number(positionals[0] ?? 5_000_000)
const root = fileURLToPath(new URL('../..', import.meta.url))
const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
const config = join(folder, 'vonglau.yml')
const vonglau = (...args: string[]) => costOf(process.execPath, [join(root, 'api/vonglau.js'), '-c', config, ...args])
const steal = watchSteal()

if (!existsSync(config)) {
  mkdirSync(folder, { recursive: true })
  writeFileSync(config, `data: ${join(folder, 'data')}\ninventory: ${join(root, 'seeds/vinh-long/inventory.yml')}\n`)
  const files = await writeLines(folder, lines, { inOrder: true })
  for (const kind of KINDS) {
    const { seconds } = await vonglau('import', '--source', kind, files[kind])
    console.log(`${kind}: ${files.count[kind]} lines imported in ${seconds.toFixed(1)} s`)
    rmSync(files[kind])
  }
}
const rule = (id: string, detection: string, more = '') =>
  `title: ${id}\nid: ${id}\nlevel: low\n${more}detection:\n  s:\n    ${detection}\n  condition: s\n`
const WEB = 'logsource: { category: webserver }\n'
const RULES: readonly (readonly [what: string, yaml: string])[] = [
  ['literals, few hits', rule('bench-literals', 'url.path|contains: /tra-cuu-499', WEB)],
  ['literals, many hits', rule('bench-often', 'url.path|contains: /tra-cuu-4', WEB)],
  ['literals of whole lines, no hit', rule('bench-nowhere', 'event.original|contains: EICAR_TEST_FOLDER')],
  ['literals of whole lines, many hits', rule('bench-anywhere', 'event.original|contains: EICAR_TEST_FILE')],
  ['no literal, few hits', rule('bench-blind', "url.path|re: '-[0-9][.]'", WEB)],
  ['no literal, many hits', rule('bench-blind-often', "url.path|re: '-[0-9]{2}[02468][.]'", WEB)],
  ['features, no hit', rule('bench-features', 'request.sql|exists: true', WEB)],
  [
    'features beside literals',
    rule('bench-both', 'url.path|contains: /tra-cuu-499\n    request.sql|exists: false', WEB),
  ],
  [
    'correlation',
    `name: bench-failed\ntitle: a\nlogsource: { category: webserver }\ndetection: { s: { http.response.status_code: 404, url.path|contains: /tra-cuu-49 }, condition: s }\n---\ntitle: b\nid: bench-many\nlevel: low\ncorrelation: { type: event_count, rules: [bench-failed], group-by: [url.domain], timespan: 10m, condition: { gte: 5 } }\n`,
  ],
]
console.log(machine())
for (const [what, yaml] of RULES) {
  const path = join(folder, 'rule.yml')
  writeFileSync(path, yaml)
  const { out, seconds, cpu } = await vonglau('rules', 'backtest', path)
  console.log(`${what}: ${out.split('\n')[0]} (command ${seconds.toFixed(1)} s, CPU ${cpu.toFixed(1)} s)`)
}
console.log(steal())
if (!values.keep) rmSync(folder, { recursive: true, force: true })
