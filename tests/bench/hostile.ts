/**
 * Lines that are made to cost time, 100,000 characters of one piece each: ms of the slowest, by parser and for addresses.
 * `node tests/bench/hostile.ts`; fails where one takes more than a second, which nothing linear does.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { decodeUrl } from '../../ingest/enrich/url.ts'
import { splitLines } from '../../ingest/collect/lines.ts'
import { parsers } from '../../ingest/parsers/index.ts'
import { ARRIVED, stageOf } from '../ingest/parsers/lines.ts'
import { machine } from './machine.ts'

const MOST = 1000
const PIECES = [
  '"',
  '\\',
  '[',
  ' ',
  '=',
  'a=" ',
  '\\"',
  '%',
  '{"a":',
  '[14/May/2026:10:00:00 +0700] ',
  '1, ',
  '- ',
  ' x"',
  'a="b\\" ',
  ', client: 192.0.2.1, server: ',
  '[a "',
  ' from 192.0.2.1',
  ' ; ',
  'a=<',
  '|',
  "'",
  ' a=b',
  '{"',
  '"","',
  '; a:"',
  '|a=',
  ', SrcIP: ',
  '> IP <',
  ' (a) ',
  ' DESCR="',
  ' from 192.0.2.1 ',
  ': in:',
]
const samples = join(import.meta.dirname, '../ingest/parsers')

const timed = (run: () => unknown): number => {
  const began = performance.now()
  run()
  return performance.now() - began
}
const show = (name: string, times: readonly (readonly [piece: string, ms: number])[]): void => {
  const [piece, ms] = times.toSorted((a, b) => b[1] - a[1])[0]!
  console.log(`${name.padEnd(24)} ${ms.toFixed(1)} ms, on many ${JSON.stringify(piece)}`)
  if (ms > MOST) process.exitCode = 1
}

console.log(machine())
for (const id of parsers.keys()) {
  const stage = stageOf(id)
  const lines = readdirSync(join(samples, id))
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) => readFileSync(join(samples, id, name), 'utf8').split('\n'))
  const starts = ['', 'type="event" logid="1" msg="a\\b "', ...lines.slice(0, 40)].map((line) => line.slice(0, 200))
  const times = PIECES.flatMap((piece) =>
    starts.map((start) => {
      const line = start + piece.repeat(100_000 / piece.length)
      const { lines } = splitLines(Buffer.from(line), 0, true)
      const job = { lines, from: 0, prefix: 'x', now: ARRIVED, memory: [], rested: true }
      return [piece, timed(() => stage(job))] as const
    }),
  )
  show(id, times)
}
show(
  'addresses (1,000,000)',
  ['%', '%25', '%c0', '+', '%u00', '%u0025', '?%2'].map((piece) => {
    const url = `/?${piece.repeat(1_000_000 / piece.length)}`
    return [piece, timed(() => decodeUrl(url))] as const
  }),
)
