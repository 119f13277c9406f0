/**
 * What it costs to read requests by their structure: µs a line of web logs, all rules with and without the rules that speak of it, and how
 * the cost of hostile texts grows with their length.
 *
 *     node tests/bench/attack.ts [FILE…]      access logs in the combined format; without: lines of its own
 */
import { readFileSync } from 'node:fs'
import { analyse, type Asked } from '../../ingest/enrich/request/request.ts'
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import { fieldsOf } from '../../ingest/store/filter.ts'
import { openEngine } from '../../rules/engine/engine.ts'
import { loadRules } from '../../rules/load.ts'
import { ATTACKS } from '../ingest/enrich/request/attacks.ts'
import { TEXTS } from '../ingest/enrich/request/texts.ts'
import { machine } from './machine.ts'
import { median } from './measure.ts'

const LINE = /"(\S+) (\S+) HTTP\/([\d.]+)" (\d+) \S+ "([^"]*)" "([^"]*)"/
const ROUNDS = 7
const agent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0 Safari/537.36'
const own = (texts: readonly string[]): Asked[] =>
  Array.from({ length: 4000 }, (_, i) => ({
    target: `/tra-cuu?tu-khoa=${encodeURIComponent(texts[i % texts.length]!)}&trang=${i}`,
    method: 'GET',
    version: '1.1',
    agent,
  }))
const typical: Asked[] = Array.from({ length: 4000 }, (_, i) => ({
  target: [
    `/tin-tuc/${i}/bai-viet-${i % 97}.html`,
    `/assets/js/app.${i % 7}.js?v=1.${i % 5}`,
    `/thu-tuc?id=${i}&trang=2&sort=-ngay`,
    '/',
  ][i % 4]!,
  method: 'GET',
  version: '1.1',
  agent,
  referrer: 'https://cong.example.gov.vn/',
}))
const sets: [string, Asked[]][] = process.argv.slice(2).map((file) => [
  file,
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const m = LINE.exec(line)
      return m ? [{ method: m[1]!, target: m[2]!, version: m[3]!, referrer: m[5]!, agent: m[6]! }] : []
    }),
])
if (sets.length === 0)
  sets.push(['typical', typical], ['texts full of signs', own(TEXTS)], ['attacks', own(Object.values(ATTACKS).flat())])

/** What was asked before is remembered: each round asks for other addresses, repeated within it as the log repeats them. */
const inRound = (target: string, n: number): string => `${target}${target.includes('?') ? '&' : '?'}vong=${n}`
const perLine = (asked: readonly Asked[], each: (asked: Asked, round: number) => void): number => {
  const took: number[] = []
  for (let n = 0; n < ROUNDS; n++) {
    // Of the processor, for others may use the machine too.
    const began = process.cpuUsage()
    for (const one of asked) each(one, n)
    const { user, system } = process.cpuUsage(began)
    took.push((user + system) / asked.length)
  }
  return median(took)
}

console.log(machine())
const rules = loadRules(undefined, LOGSOURCES)
const speaks = rules.filter(({ filter }) => [...fieldsOf(filter)].some((name) => name.startsWith('request.')))
const all = openEngine(rules.map(({ filter }) => filter))
const others = openEngine(rules.filter((rule) => !speaks.includes(rule)).map(({ filter }) => filter))
for (const [name, asked] of sets) {
  const events = asked.map((one) => ({
    'event.category': ['web'],
    'event.kind': 'event',
    'url.original': one.target!,
    'http.request.method': one.method ?? 'GET',
    'http.version': one.version ?? '1.1',
    'http.response.status_code': 200,
    ...(one.referrer && one.referrer !== '-' ? { 'http.request.referrer': one.referrer } : {}),
    ...(one.agent ? { 'user_agent.original': one.agent } : {}),
  }))
  let i = 0
  const judge = (engine: typeof all, series: number) => (_: Asked, round: number) => {
    const event = events[i++ % events.length]!
    engine.match({ ...event, 'url.original': inRound(event['url.original'], series + round) }, () => {})
  }
  const alone = perLine(asked, (one, round) => void analyse({ ...one, target: inRound(one.target!, round) }))
  i = 0
  const withAll = perLine(asked, judge(all, 100))
  i = 0
  const without = perLine(asked, judge(others, 200))
  console.log(
    `${name}: ${asked.length} lines; request.* ${alone.toFixed(1)} µs a line; all rules ${withAll.toFixed(1)}, without the ${speaks.length} that ask for it ${without.toFixed(1)}: a share of ${Math.max(0, (100 * (withAll - without)) / withAll).toFixed(0)} %`,
  )
}

// Twice the length: about twice the cost. Where the bound of a value is passed it stays the same.
const UNITS = [
  "'",
  '"',
  '(',
  "' or ",
  'select ',
  'union select ',
  ' ',
  '\n',
  ';',
  '|',
  '&',
  '$(',
  '${',
  '$a[',
  '{{',
  '<',
  '<a ',
  '=',
  'a(',
  'a.b.',
  '[',
  '/',
  '/*',
  '-- ',
  '../',
  '\\',
  '%',
  '@',
  ':',
  '::int',
  'http://',
  'if ',
  'for ',
  'while (',
  'function(',
  'case when ',
  'sleep(',
  'concat(',
  '$$',
  "'a'^",
  '`',
  '&lt;',
  '%25',
  'not ',
  'a=1 ',
  'javascript:',
  '[:',
  'x,',
  '../',
]
const ms = (unit: string, length: number): number => {
  const target = `/a?x=${encodeURIComponent(unit.repeat(Math.ceil(length / unit.length)).slice(0, length))}`
  return Math.min(
    ...Array.from({ length: 3 }, () => {
      const began = performance.now()
      analyse({ target })
      return performance.now() - began
    }),
  )
}
const grown = UNITS.map((unit) => ({ unit, half: ms(unit, 4000), whole: ms(unit, 8000) })).sort(
  (a, b) => b.whole - a.whole,
)
console.log('hostile values of 8,000 characters, the dearest:')
for (const { unit, half, whole } of grown.slice(0, 8))
  console.log(`  ${JSON.stringify(unit)} ${whole.toFixed(1)} ms, ${(whole / half).toFixed(1)} times that of half`)
