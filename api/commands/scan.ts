/** `vonglau scan`: the rules over files without a server. Correlations are evaluated over the whole of the files. */
import { LOGSOURCES } from '../../ingest/parsers/index.ts'
import type { Event } from '../../ingest/event.ts'
import { splitLines } from '../../ingest/collect/lines.ts'
import { field } from '../../ingest/row/handles.ts'
import type { Row } from '../../ingest/row/row.ts'
import type { Sink } from '../../ingest/row/sink.ts'
import type { Source } from '../../ingest/source.ts'
import { idPrefix } from '../../ingest/event-id.ts'
import { levelOf } from '../../rules/alert.ts'
import { openRowEngine } from '../../rules/engine/rows.ts'
import { loadRules } from '../../rules/load.ts'
import type { Rule } from '../../rules/rule.ts'
import { evaluate, type Seen } from '../../rules/correlation/evaluate.ts'
import { type Exceptions, noExceptions } from '../../rules/exceptions.ts'
import { firstsAmong, remembers } from '../../rules/first-seen.ts'
import { neededOf } from '../../rules/pass.ts'
import { partsOf } from '../../rules/ruleset.ts'
import type { Config } from '../config.ts'
import { placeholdersOf } from '../../ingest/inventory/placeholders.ts'
import { readInventory } from '../inventories.ts'
import { readEvents, stagesInto, stagesOf, type ToEvents } from './lines.ts'
import { tell } from './printable.ts'
import { print } from './show.ts'

/** Our rule stands first and under these names, as in an alert: a firewall's own `rule.id` is the number of a policy. */
export const matchLine = (rule: Rule, event: Event): string => {
  const ours = { 'rule.id': rule.id, 'rule.name': rule.name.vi, 'rule.level': levelOf(rule, [event]) }
  return JSON.stringify({ ...ours, ...event, ...ours })
}

/** An event of interest, and the rules that say so. */
interface Hit {
  readonly event: Event
  readonly met: readonly Met[]
}
interface Met {
  readonly rule: Rule
  readonly bases: readonly number[]
}
/** Keeps only rows that some rule is about: no event is made of the others. */
const hitSink = (metOf: (row: Row) => readonly Met[]): Sink<readonly Hit[]> => {
  let hits: Hit[] = []
  return {
    add: (row) => {
      const met = metOf(row)
      if (met.length > 0) hits.push({ event: row.event(), met })
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
const NONE: readonly Met[] = []
const ID = field('event.id')

/** What rules may name of the configuration's inventory. */
export const wordsOf = (config: Config) => placeholdersOf(readInventory(config), Date.now())

export const scan = async (
  config: Config,
  source: Source,
  files: readonly string[],
  /** In force: what they name is left out. */
  exceptions: Exceptions = noExceptions,
): Promise<void> => {
  const rules = loadRules(config.rules, LOGSOURCES, wordsOf(config))
  const stages = stagesInto(config)
  const parts = rules.flatMap((rule) => partsOf(rule).map(({ filter }, base) => ({ rule, base, filter })))
  const engine = openRowEngine(parts.map(({ filter }) => filter))
  /** Of each correlation, and of what was never seen, what it is about. */
  const windows = new Map(rules.flatMap((rule) => (rule.correlation || remembers(rule) ? [[rule, [] as Seen[]]] : [])))
  const keep = (rule: Rule, seen: Seen[], event: Event, bases: readonly number[]) => {
    const some: Event = {}
    for (const name of neededOf(rule)) if (event[name] !== undefined) some[name] = event[name]
    seen.push({
      time: event['@timestamp'] as number,
      id: String(event['event.id']),
      agencies: [],
      bases,
      event: some,
    })
  }
  let found: number[] = []
  const hit = (part: number) => found.push(part)
  const judged = stages(
    source,
    hitSink((row) => {
      found = []
      engine.match(row, hit)
      if (found.length === 0) return NONE
      const met = Map.groupBy(
        found.sort((a, b) => a - b).map((i) => parts[i]!),
        ({ rule }) => rule,
      )
      let event: Event | undefined
      return [...met].flatMap(([rule, own]) => {
        const bases = own.map(({ base }) => base)
        const excepted = exceptions.of(rule)
        const left = excepted ? excepted.of((event ??= row.event()), bases).left : bases
        return left.length > 0 ? [{ rule, bases: left }] : []
      })
    }),
  )
  for (const file of files) {
    for await (const hits of readEvents(source, file, judged, Date.now())) {
      const out: string[] = []
      for (const { event, met } of hits)
        for (const { rule, bases } of met) {
          const seen = windows.get(rule)
          if (seen) keep(rule, seen, event, bases)
          else out.push(matchLine(rule, event))
        }
      await print(out)
    }
  }
  const wanted = new Map<string, Met[]>()
  for (const [rule, seen] of windows) {
    const firsts = firstsAmong(rule, seen)
    const found = rule.correlation ? evaluate(rule, firsts).flatMap(({ told }) => told()) : firsts
    for (const { id, bases } of found) wanted.set(id, [...(wanted.get(id) ?? []), { rule, bases }])
    if (found.length > 0 && remembers(rule))
      tell(`${rule.id}: what is new is judged within these files alone; what was there before them is not known`)
  }
  if (wanted.size === 0) return
  // A second reading prints the events of the windows: they were not kept, for a file may be larger than memory.
  const again = stages(
    source,
    hitSink((row) => wanted.get(row.get(ID) ?? '') ?? NONE),
  )
  for (const file of files)
    for await (const hits of readEvents(source, file, again, Date.now()))
      await print(hits.flatMap(({ event, met }) => met.map(({ rule }) => matchLine(rule, event))))
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
      const described = config.described.get(parser)
      const source: Source = {
        id: parser,
        parser,
        ...(described ? { described } : {}),
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
