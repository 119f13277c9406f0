/** `vonglau detect-source`: which parser reads these lines best, what it makes of three of them, and the source to write. */
import { resolve } from 'node:path'
import { counted } from '../../ingest/counted.ts'
import { type Event, toDocument, valuesOf } from '../../ingest/event.ts'
import { type Detected, type Detection, detect, MOST_BYTES } from '../../ingest/parsers/detect.ts'
import type { Config } from '../config.ts'
import { freeId } from '../config-source.ts'
import { chunks } from './lines.ts'
import { print, table } from './show.ts'

/** What a person looks at to see whether the lines were taken for what they are. */
const MAIN = ['@timestamp', 'source.ip', 'destination.ip', 'event.action', 'user.name', 'url.path']
const HEADER = ['@timestamp', 'host.name', 'process.name', 'message']
/** Of one value: a row of a table stays a row. */
const LONGEST = 60
const BEST = 3
/** Where no parser has words for more than this part of the lines, none is recommended. */
const ENOUGH = 0.5
const NONE_READS =
  'No parser understands more than half of these lines. An access log in a format of its own is read once that is said (log_format of nginx, LogFormat of Apache: "options: { format: … }" of the source); of any other log, write a parser: ingest/parsers/README.md says how.'

const percent = (part: number): string => `${Math.floor(part * 100 + 1e-9)} %`

const shown = (event: Event, name: string): string => {
  const value =
    name === '@timestamp' ? String(toDocument({ [name]: event[name]! })[name]) : valuesOf(event, name).join(', ')
  return value.length > LONGEST ? `${value.slice(0, LONGEST - 1).toWellFormed()}…` : value
}

const examplesOf = ({ parser, examples: events }: Detected): string[] => {
  const names = (parser === 'syslog' ? HEADER : MAIN).filter((name) =>
    events.some((event) => event[name] !== undefined),
  )
  return [table([names, ...events.map((event) => names.map((name) => shown(event, name)))])]
}

/** A value in JSON's quotes is one of YAML too, whatever stands in it. */
const sourceOf = (config: Config, parser: string, file: string): string[] => [
  'sources:',
  `  - id: ${freeId(config.sources, parser)}`,
  `    parser: ${parser}`,
  file === '-'
    ? '    syslog: { from: [192.0.2.1] } # instead of it, the address that the lines come from'
    : `    file: { path: ${JSON.stringify(resolve(file))} }`,
]

const tableOf = (ranked: readonly Detected[]): string =>
  table([
    ['parser', 'takes', 'understands', 'beside the best', 'title'],
    ...ranked.map(({ parser, title, taken, understood, score }) => [
      parser,
      percent(taken),
      percent(understood),
      percent(score),
      title,
    ]),
  ])

/** What is printed; apart, so that nothing but the reading of the file is missing. */
export const reportOf = (config: Config, file: string, { lines, alike, ranked }: Detection): string[] => {
  if (lines === 0) return ['There is no line in it that holds anything.']
  const out = [`${counted(lines, 'line')} looked at`, '']
  const best = ranked[0]
  if (best) out.push(tableOf(ranked.slice(0, BEST)), '')
  if (!best || best.understood <= ENOUGH) {
    out.push(NONE_READS)
    const last = ranked.find(({ parser }) => parser === 'syslog')
    if (last)
      out.push(
        'Until then the parser syslog keeps who said them and what, to be searched as text:',
        '',
        ...examplesOf(last),
        '',
        ...sourceOf(config, last.parser, file),
      )
    return out
  }
  if (alike > 1)
    out.push(
      `${ranked
        .slice(0, alike)
        .map(({ parser }) => parser)
        .join(', ')} read these lines alike: take the one of the program that writes them.`,
      '',
    )
  out.push(`As ${best.parser} reads them:`, '', ...examplesOf(best), '', ...sourceOf(config, best.parser, file))
  return out
}

export const detectSource = async (config: Config, file: string): Promise<void> => {
  const read: Buffer[] = []
  let size = 0
  for await (const { bytes } of chunks(file)) {
    read.push(bytes)
    size += bytes.length
    if (size > MOST_BYTES) break
  }
  await print(reportOf(config, file, detect(Buffer.concat(read), Date.now(), config.timezone, config.described)))
}
