/**
 * What the rules cost an import: the same lines with `--detect` and without, in turns, whole processes.
 *
 *     node tests/bench/rules.ts [LINES] [RUNS] [--rules FOLDER] [--calm]
 *
 * Of the lines a quarter is something to a rule, and each is of another day than the last; with `--calm` one of a hundred is an
 * attack, and they come in the order of their times, as from devices. FOLDER: rules beside the catalogue; those that have no source here are left out, and counted.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
const folder = mkdtempSync(join(tmpdir(), 'vonglau-bench-'))
const files = await writeLines(folder, lines, { calm: values.calm, inOrder: values.calm })

/** The rules of the folder that can be run, each file by itself. */
let count = readRules([CATALOG], LOGSOURCES).rules.length
let own: string | undefined
if (values.rules) {
  own = join(folder, 'rules')
  mkdirSync(own)
  const [all, usable] = [ruleFiles(values.rules), [] as string[]]
  for (const file of all) {
    const one = mkdtempSync(join(folder, 'one-'))
    cpSync(file, join(one, basename(file)))
    const { rules, problems } = readRules([one], LOGSOURCES)
    if (problems.length === 0 && rules.length > 0) usable.push(file)
  }
  for (const [i, file] of usable.entries()) cpSync(file, join(own, `${i}-${basename(file)}`))
  count = readRules([CATALOG, own], LOGSOURCES).rules.length
  console.log(`${usable.length} of ${all.length} files of ${values.rules} have a source here`)
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
    out.push(await costOf(process.execPath, [join(root, 'api/vonglau.js'), '-c', config, ...args]))
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
