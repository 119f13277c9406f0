/**
 * What the rules cost an import: the same lines with `--detect` and without, in turns, whole processes.
 *
 *     node tests/bench/rules.ts [LINES] [RUNS] [--rules FOLDER] [--calm]
 *
 * Of the lines a quarter is something to a rule, and each is of another day than the last; with `--calm` one of a hundred is an
 * attack, and they come in the order of their times, as from devices. FOLDER: rules beside the catalogue. Left out of them is what
 * has no source here, and what more than one line in a hundred meets, for then its alerts would be what is measured.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { CATALOG, readRules, ruleFiles } from '../../rules/load.ts'
import { KINDS, writeLines } from './lines.ts'
import { machine } from './machine.ts'
import { type Cost, costOf, median } from './measure.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rules: { type: 'string' }, calm: { type: 'boolean', default: false } },
})
const [lines, runs] = [Number(positionals[0] ?? 300_000), Number(positionals[1] ?? 3)]
const root = fileURLToPath(new URL('../..', import.meta.url))
const launcher = join(root, 'api/vonglau.js')
/** Lines of a kind that tell what a rule meets. */
const SOME = 20_000
const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
const files = await writeLines(folder, lines, { calm: values.calm, inOrder: values.calm })

/** Rules of a folder that more than one in a hundred of the first lines of some kind meet, by id, with how many do. */
const loudIn = async (rules: string): Promise<ReadonlyMap<string, number>> => {
  const config = join(folder, 'scan.yml')
  writeFileSync(config, `data: ${join(folder, 'scan')}\nrules: ${rules}\n`)
  const loud = new Map<string, number>()
  for (const kind of KINDS) {
    const some = join(folder, 'some.log')
    const first = readFileSync(files[kind], 'utf8').split('\n').slice(0, SOME)
    writeFileSync(some, `${first.join('\n')}\n`)
    const { out } = await costOf(process.execPath, [launcher, '-c', config, 'scan', '--source', kind, some])
    const met = Map.groupBy(out.split('\n').filter(Boolean), (line) => String(JSON.parse(line)['rule.id']))
    for (const [id, { length }] of met) if (length > first.length / 100) loud.set(id, length / first.length)
  }
  return loud
}

/** The rules of the folder that can be run, each file by itself. */
let count = readRules([CATALOG], LOGSOURCES).rules.length
let own: string | undefined
if (values.rules) {
  own = join(folder, 'rules')
  mkdirSync(own)
  const all = ruleFiles(values.rules)
  const idsOf = new Map<string, readonly string[]>()
  for (const [i, file] of all.entries()) {
    const one = mkdtempSync(join(folder, 'one-'))
    cpSync(file, join(one, basename(file)))
    const { rules, problems } = readRules([one], LOGSOURCES)
    if (problems.length > 0 || rules.length === 0) continue
    const placed = join(own, `${i}-${basename(file)}`)
    cpSync(file, placed)
    idsOf.set(
      placed,
      rules.map(({ id }) => id),
    )
  }
  const loud = await loudIn(own)
  for (const [file, ids] of idsOf) {
    const share = Math.max(...ids.map((id) => loud.get(id) ?? 0))
    if (share === 0) continue
    rmSync(file)
    console.log(`left out, ${(share * 100).toFixed(1)} % of the lines of a kind meet it: ${basename(file)}`)
  }
  count = readRules([CATALOG, own], LOGSOURCES).rules.length
  console.log(`${idsOf.size} of ${all.length} files of ${values.rules} have a source here`)
}

const turn = async (detect: boolean): Promise<Cost[]> => {
  const data = mkdtempSync(join(folder, 'data-'))
  mkdirSync(join(data, 'events'), { recursive: true })
  const config = join(folder, 'vonglau.yml')
  writeFileSync(
    config,
    `data: ${data}\ninventory: ${join(root, 'seeds/vinh-long/inventory.yml')}\n${own ? `rules: ${own}\n` : ''}`,
  )
  const out: Cost[] = []
  for (const kind of KINDS) {
    const args = ['import', ...(detect ? ['--detect'] : []), '--source', kind, files[kind]]
    out.push(await costOf(process.execPath, [launcher, '-c', config, ...args]))
  }
  rmSync(data, { recursive: true, force: true })
  return out
}
const rate = (costs: readonly Cost[]): number => lines / costs.reduce((sum, { seconds }) => sum + seconds, 0)

console.log(`${machine()}\n${lines} lines, ${count} rules, ${runs} turns`)
const rates: { with: number[]; without: number[]; ratio: number[] } = { with: [], without: [], ratio: [] }
for (let i = 0; i < runs; i++) {
  const [off, on] = [rate(await turn(false)), rate(await turn(true))]
  rates.without.push(off)
  rates.with.push(on)
  rates.ratio.push(on / off)
  console.log(`${Math.round(off)} lines/s without, ${Math.round(on)} with: ${((on / off) * 100).toFixed(1)} %`)
}
console.log(
  `median: ${Math.round(median(rates.without))} lines/s without, ${Math.round(median(rates.with))} with, ${(median(rates.ratio) * 100).toFixed(1)} %`,
)
rmSync(folder, { recursive: true, force: true })
