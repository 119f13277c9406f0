/**
 * What the rules cost an event that is in memory: the catalog in one pass, and rule by rule as the tree says.
 *
 *     node tests/bench/engine.ts [EVENTS] [FOLDER OF MORE RULES]
 */
import { splitLines } from '../../ingest/collect/lines.ts'
import type { Event } from '../../ingest/event.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { compile } from '../../ingest/store/filter.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { loadRules } from '../../rules/load.ts'
import { stageOf } from '../ingest/parsers/lines.ts'
import { fortigate, IIS_HEAD, iis, nginx } from './lines.ts'
import { machine } from './machine.ts'
import { median } from './measure.ts'

const count = Number(process.argv[2] ?? 20_000)
const rules = loadRules(process.argv[3], LOGSOURCES)
const KINDS = { nginx_access: nginx, fortinet_fortigate: fortigate, iis_access: iis }
const ROUNDS = 5

console.log(`${rules.length} rules, ${count} events of each kind, on ${machine()}`)
for (const [kind, line] of Object.entries(KINDS)) {
  const text = Array.from({ length: count }, (_, i) => line(i)).join('\n')
  const { lines } = splitLines(Buffer.from(kind === 'iis_access' ? `${IIS_HEAD}\n${text}\n` : `${text}\n`), 0, true)
  const events: readonly Event[] = stageOf(kind)({
    lines,
    from: 0,
    prefix: 'bench',
    now: Date.now(),
    memory: [],
  }).packed
  const engine = openEngine(rules.map(({ filter }) => filter))
  const trees = rules.map(({ filter }) => compile(filter))
  const took = (work: (event: Event) => void, some: readonly Event[]): number => {
    const began = performance.now()
    for (const event of some) work(event)
    return ((performance.now() - began) * 1000) / some.length
  }
  const passes: number[] = []
  const apart: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    passes.push(took((event) => engine.match(event, () => {}), events))
    apart.push(
      took(
        (event) => {
          for (const tree of trees) tree(event)
        },
        events.slice(0, 4000),
      ),
    )
  }
  const [one, other] = [median(passes), median(apart)]
  console.log(
    `${kind.padEnd(20)} one pass ${one.toFixed(1)} µs an event, rule by rule ${other.toFixed(1)}: ${(other / one).toFixed(1)} times`,
  )
}
