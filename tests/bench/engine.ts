/**
 * What the rules cost an event: the catalog in one pass, from rows as the parse stage has them and from objects in memory,
 * and rule by rule as the tree says. From rows: what a line costs with the pass less what it costs without, in turn, and what
 * of it the rules on features of requests are. Times are of the processor: others on the machine take none of them.
 *
 *     node tests/bench/engine.ts [EVENTS] [FOLDER OF MORE RULES]
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Lines, splitLines } from '../../ingest/collect/lines.ts'
import type { Event } from '../../ingest/event.ts'
import { createRowEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import { parseInventory } from '../../ingest/inventory/inventory.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import type { Row } from '../../ingest/row/row.ts'
import type { Sink } from '../../ingest/row/sink.ts'
import { fieldsOf } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { openRowEngine } from '../../rules/engine/rows.ts'
import { CATALOG, readRules } from '../../rules/load.ts'
import { stageOf } from '../ingest/parsers/lines.ts'
import { fortigate, IIS_HEAD, iis, nginx } from './lines.ts'
import { machine, watchSteal } from './machine.ts'
import { median } from './measure.ts'

const count = Number(process.argv[2] ?? 20_000)
// Of more rules those that have a source here.
const { rules } = readRules(process.argv[3] === undefined ? [CATALOG] : [CATALOG, process.argv[3]], LOGSOURCES)
const filters = rules.map(({ filter }) => filter)
/** Those that ask nothing of what is made of a request when it is asked for (`ingest/enrich/request`). */
const plain = filters.filter((filter) => ![...fieldsOf(filter)].some((name) => name.startsWith('request.')))
const KINDS = { nginx_access: nginx, fortinet_fortigate: fortigate, iis_access: iis }
const ROUNDS = 7

const INVENTORY = fileURLToPath(new URL('../../seeds/vinh-long/inventory.yml', import.meta.url))
const enrich = createRowEnricher({
  inventory: parseInventory(readFileSync(INVENTORY, 'utf8'), INVENTORY),
  geoip: openGeoIp({}),
})
/** Rows that go nowhere. */
const nowhere = (each: (row: Row) => void): Sink<Event[]> => ({
  add: each,
  room: () => 1024,
  cut: () => {},
  take: () => [],
})
const job = (lines: Lines) => ({ lines, from: 0, prefix: 'bench', now: Date.now(), memory: [] })

console.log(`${rules.length} rules, ${count} events of each kind, on ${machine()}`)
const steal = watchSteal()
for (const [kind, line] of Object.entries(KINDS)) {
  const text = Array.from({ length: count }, (_, i) => line(i)).join('\n')
  const { lines } = splitLines(Buffer.from(kind === 'iis_access' ? `${IIS_HEAD}\n${text}\n` : `${text}\n`), 0, true)
  const events: readonly Event[] = stageOf(kind, { enrich })(job(lines)).packed
  const engine = openEngine(filters)
  const rowEngine = openRowEngine(filters)
  const plainEngine = openRowEngine(plain)
  const trees = filters.map(compile)
  let hits = 0
  const hit = () => hits++
  const alone = stageOf(kind, { enrich, sink: nowhere(() => {}) })
  const judged = stageOf(kind, { enrich, sink: nowhere((row) => rowEngine.match(row, hit)) })
  const judgedPlain = stageOf(kind, { enrich, sink: nowhere((row) => plainEngine.match(row, hit)) })
  /** µs of the processor an event. */
  const took = (work: () => unknown, some = events.length): number => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / some
  }
  const figures = {
    rows: [] as number[],
    plain: [] as number[],
    line: [] as number[],
    objects: [] as number[],
    apart: [] as number[],
  }
  for (let round = 0; round < ROUNDS; round++) {
    const without = took(() => alone(job(lines)))
    figures.line.push(without)
    figures.rows.push(took(() => judged(job(lines))) - without)
    figures.plain.push(took(() => judgedPlain(job(lines))) - without)
    figures.objects.push(
      took(() => {
        for (const event of events) engine.match(event, hit)
      }),
    )
    const some = events.slice(0, 2000)
    figures.apart.push(
      took(() => {
        for (const event of some) for (const tree of trees) tree(event)
      }, some.length),
    )
  }
  const {
    rows,
    plain: without,
    objects,
    apart,
    line: own,
  } = Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, median(list)])) as Record<
    keyof typeof figures,
    number
  >
  console.log(
    `${kind.padEnd(20)} from rows ${rows.toFixed(1)} µs an event (a line without: ${own.toFixed(1)}; ${filters.length - plain.length} rules on features ${(rows - without).toFixed(1)} of it), from objects ${objects.toFixed(1)}, rule by rule ${apart.toFixed(1)}; ${hits} hits`,
  )
}
console.log(`others took ${steal()}`)
