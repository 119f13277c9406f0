/**
 * What the pass says, from rows and from objects, and what the tree says of each rule: of lines as they go through the parse
 * stage, some of which hold words that rules look for, and of random filters over random events. Ends with how many pairs of
 * rule and event were compared and how many differ; exit 1 where any does. A million lines take some minutes.
 *
 *     node tests/bench/verdicts.ts [EVENTS] [RULES]
 */
import fc from 'fast-check'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { splitLines } from '../../ingest/collect/lines.ts'
import type { Event } from '../../ingest/event.ts'
import { createRowEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import type { Row } from '../../ingest/row/row.ts'
import type { Filter } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { openRowEngine } from '../../rules/engine/rows.ts'
import { CATALOG, readRules } from '../../rules/load.ts'
import { stageOf } from '../ingest/parsers/lines.ts'
import { compared, EVENT, FILTER, GUARDED, OF_A_KIND } from '../rules/filters.ts'
import { picking, textsOf } from './events.ts'
import { fortigate, IIS_HEAD, iis, nginx } from './lines.ts'

const count = Number(process.argv[2] ?? 1_000_000)
const folder = process.argv[3] ?? fileURLToPath(new URL('../../../shared/samples/sigma/rules-network', import.meta.url))
// Rules of logsources that no source has here are refused, and are none of these.
const { rules } = readRules(existsSync(folder) ? [CATALOG, folder] : [CATALOG], LOGSOURCES)
const filters: readonly Filter[] = rules.flatMap(({ filter, endsWith }) => (endsWith ? [filter, endsWith] : [filter]))
const trees = filters.map(compile)
const [engine, rowEngine] = [openEngine(filters), openRowEngine(filters)]
const words = filters.flatMap(textsOf)
const pick = picking(7)

let [events, pairs, holding, differ] = [0, 0, 0, 0]
const say = (of: string, filter: number, event: Event): void => {
  if (++differ <= 10) console.log(`DIFFERENT from ${of}: ${JSON.stringify(filters[filter])} ${JSON.stringify(event)}`)
}
const [ofRow, ofObject] = [new Uint8Array(filters.length), new Uint8Array(filters.length)]
const judge = (row: Row): void => {
  const event = row.event()
  ofRow.fill(0)
  ofObject.fill(0)
  rowEngine.match(row, (filter) => ofRow[filter]!++)
  engine.match(event, (filter) => ofObject[filter]!++)
  for (let i = 0; i < trees.length; i++) {
    const holds = trees[i]!(event) ? 1 : 0
    holding += holds
    if (ofRow[i] !== holds) say('rows', i, event)
    if (ofObject[i] !== holds) say('objects', i, event)
  }
  events++
  pairs += trees.length
}

/** The line with a word that some rule looks for, anywhere a sender may write. */
const PLACES = /&q=|\bma=|html|url="|hostname="|qname="|msg="|attack="|filename="|action="|"-" "|Mozilla\/5\.0/g
const spiked = (line: string): string => {
  const places = [...line.matchAll(PLACES)]
  if (places.length === 0) return line
  const at = places[pick(places.length)]!
  const word = words[pick(words.length)]!.replace(/["\n\r\0]/g, '').replaceAll(' ', pick(2) ? '+' : '%20')
  const shown = [word, word.toUpperCase(), encodeURIComponent(word.toWellFormed())][pick(3)]!
  const end = at.index + at[0].length
  return line.slice(0, end) + shown + line.slice(end)
}
/** As the demo province: url.decoded and what is known of addresses are made here. */
const INVENTORY = fileURLToPath(new URL('../../seeds/vinh-long/inventory.yml', import.meta.url))
const enrich = createRowEnricher({
  inventory: parseInventory(readFileSync(INVENTORY, 'utf8'), INVENTORY),
  geoip: openGeoIp({}),
})
const KINDS = { fortinet_fortigate: fortigate, nginx_access: nginx, iis_access: iis }
const stages = Object.entries(KINDS).map(([kind, line]) => ({
  head: kind === 'iis_access' ? `${IIS_HEAD}\n` : '',
  line,
  stage: stageOf(kind, { enrich, sink: { add: judge, room: () => 1024, cut: () => {}, take: () => [] } }),
}))
const BATCH = 5000
for (let from = 0; from < count; from += BATCH) {
  const { head, line, stage } = stages[[0, 0, 0, 1, 0, 1, 0, 2, 0, 1][(from / BATCH) % 10]!]!
  const lines = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) =>
    pick(3) ? spiked(line(from + i)) : line(from + i),
  )
  const text = Buffer.from(`${head}${lines.join('\n')}\n`)
  stage({ lines: splitLines(text, 0, true).lines, from, prefix: 'verdicts', now: Date.now(), memory: [] })
}
console.log(`${events} events of lines, ${filters.length} filters: ${pairs} pairs, ${holding} hold, ${differ} differ`)

for (let seed = 1; seed <= Math.ceil(count / 50_000); seed++) {
  for (const [filter, event] of [
    [FILTER, EVENT],
    [GUARDED, OF_A_KIND],
  ] as const) {
    const [some, over] = [
      fc.sample(filter, { numRuns: 200, seed: seed + 1000 }),
      fc.sample(event, { numRuns: 1000, seed: seed + 2000 }),
    ]
    const found = compared(some, over)
    pairs += 2 * some.length * over.length
    holding += found.holding
    differ += found.differ.length
    for (const each of found.differ) console.log('DIFFERENT', JSON.stringify(each))
  }
}
console.log(`with random filters over random events: ${pairs} pairs, ${holding} hold, ${differ} differ`)
if (differ > 0) process.exitCode = 1
