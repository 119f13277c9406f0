/** `vonglau scan`: the rules over files without a server. Correlations are evaluated over the whole of the files. */
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import type { Event } from '../../ingest/event.ts'
import { splitLines } from '../../ingest/collect/lines.ts'
import { field } from '../../ingest/row/handles.ts'
import type { Row } from '../../ingest/row/row.ts'
import type { Sink } from '../../ingest/row/sink.ts'
import type { Source } from '../../ingest/source.ts'
import { idPrefix } from '../../ingest/event-id.ts'
import { groupOf } from '../../rules/alert.ts'
import { openRowEngine } from '../../rules/engine/rows.ts'
import { loadRules } from '../../rules/load.ts'
import type { Rule } from '../../rules/rule.ts'
import { type Counted, qualifying } from '../../rules/windows.ts'
import type { Config } from '../config.ts'
import { placeholdersOf } from '../../ingest/inventory/placeholders.ts'
import { readInventory } from '../inventories.ts'
import { readEvents, stagesInto, stagesOf, type ToEvents } from './lines.ts'
import { print } from './show.ts'

export const matchLine = (rule: Rule, event: Event): string =>
  JSON.stringify({ 'rule.id': rule.id, 'rule.name': rule.name.vi, 'rule.level': rule.level, ...event })

/** An event of interest, and the rules that say so. */
interface Hit {
  readonly event: Event
  readonly rules: readonly Rule[]
}
/** Keeps only rows that some rule is about: no event is made of the others. */
const hitSink = (rulesOf: (row: Row) => readonly Rule[]): Sink<readonly Hit[]> => {
  let hits: Hit[] = []
  return {
    add: (row) => {
      const rules = rulesOf(row)
      if (rules.length > 0) hits.push({ event: row.event(), rules })
    },
    room: () => 1024,
    cut: () => {},
    take: () => {
      const out = hits
      hits = []
      return out
    },
  }
}
const NONE: readonly Rule[] = []
const ID = field('event.id')

/** What rules may name of the configuration's inventory. */
export const wordsOf = (config: Config) => placeholdersOf(readInventory(config), Date.now())

export const scan = async (config: Config, source: Source, files: readonly string[]): Promise<void> => {
  const rules = loadRules(config.rules, LOGSOURCES, wordsOf(config))
  const stages = stagesInto(config)
  const engine = openRowEngine(rules.map(({ filter }) => filter))
  /** Of each correlation what it counts, by group. */
  const windows = new Map(rules.flatMap((rule) => (rule.correlation ? [[rule, new Map<string, Counted[]>()]] : [])))
  const count = (rule: Rule, groups: Map<string, Counted[]>, event: Event) => {
    const group = groupOf(rule, event)
    const values = rule.correlation!.field ? [event[rule.correlation!.field] ?? []].flat().map(String) : undefined
    if (!group || values?.length === 0) return
    const key = JSON.stringify(group)
    if (!groups.has(key)) groups.set(key, [])
    groups.get(key)!.push({
      time: event['@timestamp'] as number,
      id: String(event['event.id']),
      agencies: [],
      ...(values ? { values } : {}),
    })
  }
  let found: number[] = []
  const tell = (rule: number) => found.push(rule)
  const judged = stages(
    source,
    hitSink((row) => {
      found = []
      engine.match(row, tell)
      return found.length === 0 ? NONE : found.sort((a, b) => a - b).map((i) => rules[i]!)
    }),
  )
  for (const file of files) {
    for await (const hits of readEvents(source, file, judged, Date.now())) {
      const out: string[] = []
      for (const { event, rules } of hits)
        for (const rule of rules) {
          const groups = windows.get(rule)
          if (groups) count(rule, groups, event)
          else out.push(matchLine(rule, event))
        }
      await print(out)
    }
  }
  const wanted = new Map<string, Rule[]>()
  for (const [rule, groups] of windows) {
    for (const events of groups.values())
      for (const { id } of qualifying(events, rule.correlation!)) wanted.set(id, [...(wanted.get(id) ?? []), rule])
  }
  if (wanted.size === 0) return
  // A second reading prints the events of the windows: they were not kept, for a file may be larger than memory.
  const again = stages(
    source,
    hitSink((row) => wanted.get(row.get(ID) ?? '') ?? NONE),
  )
  for (const file of files)
    for await (const hits of readEvents(source, file, again, Date.now()))
      await print(hits.flatMap(({ event, rules }) => rules.map((rule) => matchLine(rule, event))))
}

/** A raw line of a rule's test file to the event that the pipeline would store. */
export const eventOfLine = (config: Config): ((parser: string, line: string) => Event | undefined) => {
  const open = stagesOf(config)
  const stages = new Map<string, ToEvents>()
  // A line of a portal stands for the proxy before all of them.
  const serves = readInventory(config).portals.flatMap((portal) => portal.addresses)
  return (parser, line) => {
    let stage = stages.get(parser)
    if (!stage) {
      const source: Source = {
        id: parser,
        parser,
        timezone: config.timezone,
        silent: 15,
        ...(parser === 'nginx_access' ? { serves } : {}),
        collect: { kind: 'file', path: '', start: 'beginning' },
      }
      stages.set(parser, (stage = open(source)))
    }
    const { lines } = splitLines(Buffer.from(line), 0, true)
    return stage({ lines, from: 0, prefix: idPrefix(parser, line), now: Date.now(), memory: [] }).packed[0]
  }
}
