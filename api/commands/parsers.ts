/** `vonglau parsers new|test`: a parser of one's own, begun from lines and held to what is expected of them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Command } from 'commander'
import { splitLines } from '../../ingest/collect/lines.ts'
import { readDescription } from '../../ingest/described/check.ts'
import { openDescribed } from '../../ingest/described/described.ts'
import { nearestOf } from '../../ingest/described/near.ts'
import { openEnvelope } from '../../ingest/envelope.ts'
import { type Event, toDocument } from '../../ingest/event.ts'
import { Row } from '../../ingest/row/row.ts'
import { eventSink } from '../../ingest/row/sink.ts'
import { openStage } from '../../ingest/stage.ts'
import type { Config } from '../config.ts'
import { readDescriptions } from '../descriptions.ts'

/** Sample lines that `new` takes over. */
const MOST_SAMPLES = 20
/** When the sample lines count as arrived: what has no year, or no time, is of then. */
const ARRIVED = Date.UTC(2026, 4, 14, 12)

const template = (
  id: string,
): string => `# ${id}: what a line means. ingest/parsers/README.md says every key; vonglau parsers test ${id} shows what comes of ${id}.log
id: ${id}
title: ${id}
time:
  format: YYYY-MM-DD HH:mm:ss # leave it out for RFC 3339 and seconds of the epoch
  zone: Asia/Ho_Chi_Minh # of times that do not say theirs
constants:
  event.kind: event
  event.category: [web] # words of ECS: api authentication configuration database email file iam network process session web …
read: # tried in order; the first that is the line's is taken
  - pattern: '(?<@timestamp>\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d) (?<log.level>\\w+) client=(?<source.ip>\\S+) user=(?<user.name>\\S*) status=(?<http.response.status_code>\\d+) (?<message>.*)'
# - json: { time: '@timestamp', client.addr: source.ip, account: user.name }
# - pattern: '(?<@timestamp>\\d+-\\d+-\\d+ \\d+:\\d+:\\d+) (?<pairs>.*)' # key=value key="quoted value", in whatever order
#   pairs: { src: { field: source.ip, as: endpoint }, user: user.name }
# - csv: ['@timestamp', source.ip, user.name, '-']
#   separator: ';'
cases:
  - when: { http.response.status_code: { from: 200, to: 399 } }
    say: { event.outcome: success }
  - when: { http.response.status_code: { from: 400, to: 599 } }
    say: { event.outcome: failure }
`
const SAMPLE = '2026-05-14 09:30:01 INFO client=192.0.2.7 user=lan status=200 tra cứu hồ sơ\n'

/** Begins a parser in `folder`; answers what was written and what to do next. */
export const newParser = (folder: string, id: string, linesOf: string | undefined): string[] => {
  const file = join(folder, `${id}.yml`)
  if (existsSync(file)) throw new Error(`${file} is there already: edit it, or choose another id`)
  const text = template(id)
  // A wrong id is refused as a wrong file is.
  readDescription(text, file)
  const samples =
    linesOf === undefined
      ? SAMPLE
      : `${readFileSync(linesOf, 'utf8').split('\n').slice(0, MOST_SAMPLES).join('\n').trimEnd()}\n`
  mkdirSync(folder, { recursive: true })
  writeFileSync(file, text)
  writeFileSync(join(folder, `${id}.log`), samples)
  return [
    `${file} and ${join(folder, `${id}.log`)} are written.`,
    `Describe the lines in the first, then: vonglau parsers test ${id}; when it is right: vonglau parsers test --write ${id}.`,
  ]
}

/** What of an event is the line's. */
const said = (event: Event): unknown => {
  if (event['event.kind'] === 'pipeline_error') return { error: event['error.message'] }
  const {
    'event.id': _,
    'event.original': _original,
    'vonglau.source.id': _source,
    'event.dataset': _dataset,
    ...rest
  } = event
  return toDocument(rest)
}

/** Lines of which it is said why no reading takes them. */
const MOST_EXPLAINED = 5
const TAKEN = /^\{"error":"expected a line that the parser /
/** What the readings are held to: without a syslog header. */
const messageOf = (original: string, timezone: string): string => {
  const row = new Row()
  const bytes = Buffer.from(original)
  const begin = row.load(bytes, 0, bytes.length)
  const { from, to } = openEnvelope()(row, begin, row.at, ARRIVED, timezone)
  return row.slice(from, to).trimEnd()
}

export interface Tested {
  readonly ok: boolean
  readonly lines: readonly string[]
}
/** What comes of the sample lines beside a description, held to what is expected of them. `write`: that is what is expected from now on. */
export const testParser = (file: string, timezone: string, write: boolean): Tested => {
  const described = readDescription(readFileSync(file, 'utf8'), file)
  const beside = (ending: string) => join(dirname(file), `${described.id}${ending}`)
  if (!existsSync(beside('.log')))
    return { ok: false, lines: [`${described.id}: ${beside('.log')} is missing: put sample lines into it`] }
  const { lines } = splitLines(readFileSync(beside('.log')), 0, true)
  const { packed } = openStage({
    source: {
      id: described.id,
      parser: described.id,
      described,
      timezone,
      silent: 15,
      collect: { kind: 'file', path: '', start: 'beginning' },
    },
    parse: openDescribed(described),
    enrich: () => {},
    sink: eventSink(),
    history: false,
    row: new Row(),
  })({ lines, from: 0, prefix: 'x', now: ARRIVED, memory: [], rested: true })
  const found = packed.map((event) => ({
    original: String(event['event.original'] ?? ''),
    text: JSON.stringify(said(event)),
  }))
  const failed = packed.map((event) => event['event.kind'] === 'pipeline_error')
  const wrong = failed.filter(Boolean).length
  const skipped = lines.count - packed.length
  const counted = `${described.id}: ${found.length} events of ${lines.count} lines, ${wrong} not understood${skipped > 0 ? `, ${skipped} left out (skip, or empty)` : ''}`
  let explained = 0
  /** How far each reading comes with a line that none takes; of the first lines. */
  const whyNot = (i: number): string[] =>
    failed[i] && TAKEN.test(found[i]!.text) && explained++ < MOST_EXPLAINED
      ? nearestOf(described, messageOf(found[i]!.original, timezone)).map((each) => `    ${each}`)
      : []
  if (write) writeFileSync(beside('.expected.ndjson'), found.map(({ text }) => `${text}\n`).join(''))
  if (!existsSync(beside('.expected.ndjson')))
    return {
      ok: false,
      lines: [
        ...found.flatMap(({ original, text }, i) => [`  ${original}`, `  → ${text}`, ...whyNot(i)]),
        `${counted}. If that is right: vonglau parsers test --write ${described.id}`,
      ],
    }
  const expected = readFileSync(beside('.expected.ndjson'), 'utf8').split('\n').filter(Boolean)
  const different = Array.from({ length: Math.max(found.length, expected.length) }, (_, i) => i).filter(
    (i) => found[i]?.text !== expected[i],
  )
  return {
    ok: different.length === 0,
    lines: [
      ...different
        .slice(0, 20)
        .flatMap((i) => [
          `  ${found[i]?.original ?? '(no event)'}`,
          `  - ${expected[i] ?? '(nothing)'}`,
          `  + ${found[i]?.text ?? '(nothing)'}`,
          ...whyNot(i),
        ]),
      `${counted}; ${different.length === 0 ? 'all as expected' : `${different.length} other than ${beside('.expected.ndjson')} says`}`,
    ],
  }
}

/** Adds the commands; `print` writes lines. */
export const addParserCommands = (
  program: Command,
  config: () => Config,
  print: (lines: readonly string[]) => Promise<void>,
): void => {
  const folderOf = (folder: string | undefined): string => {
    const found = folder ?? config().parsers
    if (found === undefined)
      throw new Error('no folder of parsers is known: write "parsers: parsers" into vonglau.yml, or give --folder')
    return found
  }
  const commands = program
    .command('parsers')
    .description("parsers of one's own: a log that no parser reads, described in a file")
  commands
    .command('new')
    .description('begins the description of a log')
    .argument('<id>', 'small letters, digits and "_"')
    .option('--folder <folder>', 'where descriptions are, else what the configuration says under "parsers:"')
    .option('--lines <file>', 'a log, of which the first lines become the sample')
    .action(async (id: string, { folder, lines }: { folder?: string; lines?: string }) => {
      await print(newParser(folderOf(folder), id, lines))
    })
  commands
    .command('test')
    .description('reads the sample lines beside each description and compares what comes of them')
    .argument('[ids...]', 'all of the folder, where none is named')
    .option('--folder <folder>', 'where descriptions are, else what the configuration says under "parsers:"')
    .option('--write', 'what comes of the lines now is what is expected')
    .action(async (ids: string[], { folder, write }: { folder?: string; write?: true }) => {
      const place = folderOf(folder)
      const all = ids.length > 0 ? ids : [...readDescriptions(place).keys()]
      for (const id of all) {
        const file = join(place, `${id}.yml`)
        if (!existsSync(file)) throw new Error(`${file}: there is no such file; vonglau parsers new ${id} begins one`)
        const { ok, lines } = testParser(file, 'Asia/Ho_Chi_Minh', write === true)
        await print(lines)
        if (!ok) process.exitCode = 1
      }
    })
}
