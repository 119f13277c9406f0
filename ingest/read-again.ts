/** Stored events are made anew from their own lines, by the parser and the inventory of now. */
import { setImmediate as breath } from 'node:timers/promises'
import type { Event } from './event.ts'
import { parseOf } from './described/parse-of.ts'
import { isGiven, placeOf } from './event-id.ts'
import { createRowEnricher } from './enrich/enrich.ts'
import { type GeoIpFiles, openGeoIp } from './enrich/geoip.ts'
import type { Inventory } from './inventory/inventory.ts'
import { agencyName } from './inventory/scope.ts'
import { gatherLines, type Lines, splitLines } from './collect/lines.ts'
import type { Memory } from './memory.ts'
import { parsers } from './parsers/index.ts'
import type { ParserState } from './parsers/parser.ts'
import { openRemembered } from './remembered.ts'
import { eventSink } from './row/sink.ts'
import { Row } from './row/row.ts'
import type { Source } from './source.ts'
import { openStage } from './stage.ts'
import type { Learned } from './store/store.ts'

export interface ReadAgainOptions {
  readonly source: Source
  /** What parsers learned from the lines of the source that they were stored under, in their order. */
  readonly learned: readonly Learned[]
  /**
   * Lines that were stored as another parser's, or nobody's: nothing was learned of them then. Those that may say the names of columns
   * (`#Fields:`) are asked for once, where the parser needs such.
   */
  readonly headers?: () => AsyncIterable<readonly Event[]>
  readonly inventory: Inventory
  readonly geoip: GeoIpFiles
  /** Given to all of them, whatever they had. */
  readonly agency?: string | undefined
  /** Epoch ms, kept in each as `vonglau.read_again`. */
  readonly now: number
}
/** Events that are not the first of their line. */
export interface Further {
  /** By the id of the first one: a line's may be handed over apart. */
  readonly of: ReadonlyMap<string, readonly Event[]>
  /** Those of the first ones that are there: of what an incident holds, it may be gone. */
  readonly firsts: ReadonlySet<string>
}
export interface ReadAgain {
  /** `events`: all of them, some at a time; asked for again where there are such. */
  further(events: () => AsyncIterable<readonly Event[]>): Promise<Further>
  /** All events of the lines whose first events are among these; what stands alone stays. Holds nobody up. */
  read(
    events: readonly Event[],
    further: Further,
  ): Promise<{ readonly events: Event[]; readonly lines: number; readonly before: number; readonly now: number }>
}

/** What the rules said of an event, and whose it was. */
const STAYS = ['vonglau.judged', 'vonglau.hits', 'vonglau.import'] as const
const OWNER = ['organization.id', 'organization.name', 'system.id'] as const
/** Of a line that was too long, which is stored in parts. */
const PART = /^the line is longer than /
const FURTHER = /\.\d+$/
/** ms of reading after which others have their turn. */
const TURN = 15

export const openReadAgain = async (options: ReadAgainOptions): Promise<ReadAgain> => {
  const { source, inventory, agency, now } = options
  const geoip = openGeoIp(options.geoip)
  const joiner = parsers.get(source.parser)?.joiner
  const stage = openStage({
    source,
    parse: parseOf(source),
    joiner,
    enrich: createRowEnricher({ inventory, geoip }),
    sink: eventSink(),
    history: false,
    row: new Row(),
  })
  const stateAt = openRemembered(options.learned)
  const remembers = parsers.get(source.parser)?.remembers === true
  const said = remembers && options.headers ? await statesOf(options.headers(), stage) : NOBODY
  /** Undefined: what it meant hung on lines before it that are not known any more. */
  const again = (event: Event): readonly Event[] | undefined => {
    const id = String(event['event.id'])
    const address = event['log.source.address']
    const raw = event['vonglau.original.base64']
    const bytes =
      typeof raw === 'string' ? Buffer.from(raw, 'base64') : Buffer.from(String(event['event.original'] ?? ''))
    const arrived = Number(event['event.ingested'])
    const whole = joiner === undefined || isGiven(id)
    const lines = linesOf(bytes, whole, typeof address === 'string' ? address : undefined, arrived)
    const sender = typeof address === 'string' ? address : ''
    const found = stateAt(id, sender)
    if (found === 'unclear') return undefined
    const state = found.state ?? said.get(sender)
    if (state === null) return undefined
    const memory: Memory = state === undefined ? [] : [[typeof address === 'string' ? address : '', state]]
    const made = stage({ lines, from: 0, prefix: 'again', now: arrived, memory, rested: true }).packed
    const worse = made[0]?.['event.kind'] === 'pipeline_error' && event['event.kind'] !== 'pipeline_error'
    return worse && remembers && state === undefined ? undefined : made
  }
  const dressed = (made: Event, id: string, old: Event, stays: Event | undefined): Event => {
    const event: Event = { ...made, 'event.id': id, 'vonglau.read_again': now }
    for (const name of STAYS) if (stays?.[name] !== undefined) event[name] = stays[name]!
    if (agency !== undefined) {
      event['organization.id'] = agency
      const name = agencyName(inventory, agency)
      if (name !== undefined) event['organization.name'] = name
    } else if (old['organization.id'] !== undefined)
      for (const name of OWNER) {
        delete event[name]
        if (old[name] !== undefined) event[name] = old[name]!
      }
    return event
  }
  return {
    further: async (all) => {
      const of = new Map<string, Event[]>()
      const firsts = new Set<string>()
      for await (const events of all())
        for (const event of events) {
          const id = String(event['event.id'])
          if (!FURTHER.test(id)) continue
          const first = id.replace(FURTHER, '')
          const list = of.get(first) ?? []
          of.set(first, list)
          list.push(event)
        }
      if (of.size > 0)
        for await (const events of all())
          for (const event of events) if (of.has(String(event['event.id']))) firsts.add(String(event['event.id']))
      return { of, firsts }
    },
    read: async (events, { of: further, firsts }) => {
      const out: Event[] = []
      let [lines, before, after] = [0, 0, 0]
      let began = performance.now()
      for (const event of events) {
        if (performance.now() - began > TURN) {
          await breath()
          began = performance.now()
        }
        const id = String(event['event.id'])
        if (FURTHER.test(id)) {
          if (!firsts.has(id.replace(FURTHER, ''))) out.push(event)
          continue
        }
        lines++
        const failed = event['event.kind'] === 'pipeline_error'
        if (failed) before++
        const isPart = failed && PART.test(String(event['error.message']))
        const made = isPart ? undefined : again(event)
        // What is no event any more, or is a part of one, stays as it is: nothing that was accepted is lost.
        if (made === undefined || made.length === 0) {
          if (failed) after++
          out.push(event, ...(further.get(id) ?? []))
          continue
        }
        if (made[0]!['event.kind'] === 'pipeline_error') after++
        for (const [nth, each] of made.entries()) {
          const its = nth === 0 ? id : `${id}.${nth}`
          const old = nth === 0 ? event : further.get(id)?.find((one) => one['event.id'] === its)
          out.push(dressed(each, its, event, old ?? judgedAs(event)))
        }
      }
      return { events: out, lines, before, now: after }
    },
  }
}
type State = NonNullable<ParserState>
const NOBODY: ReadonlyMap<string, State | null> = new Map()
/** Lines with names of columns that are looked at: a sender writes some a day. */
const MOST_HEADERS = 100_000
/**
 * By sender what its headers say of the columns; null where they say different things, for which lines stood behind which header is not
 * known: a relay sends the files of several sites as they come.
 */
const statesOf = async (
  all: AsyncIterable<readonly Event[]>,
  stage: ReturnType<typeof openStage<Event[]>>,
): Promise<ReadonlyMap<string, State | null>> => {
  const lines: { ingested: number; position: number; sender: string; text: string }[] = []
  for await (const events of all)
    for (const event of events) {
      if (lines.length >= MOST_HEADERS) break
      const sender = event['log.source.address']
      lines.push({
        ingested: Number(event['event.ingested']),
        position: placeOf(String(event['event.id'])).position,
        sender: typeof sender === 'string' ? sender : '',
        text: String(event['event.original'] ?? ''),
      })
    }
  lines.sort((a, b) => a.ingested - b.ingested || a.position - b.position)
  const out = new Map<string, State | null>()
  const known = new Map<string, string>()
  for (const { ingested, sender, text } of lines) {
    const before = out.get(sender)
    if (before === null) continue
    const { memory } = stage({
      lines: linesOf(Buffer.from(text), true, sender === '' ? undefined : sender, ingested),
      from: 0,
      prefix: 'again',
      now: ingested,
      memory: before === undefined ? [] : [[sender, before]],
      rested: true,
    })
    const state = memory.find(([stream]) => stream === sender)?.[1]
    if (state === undefined || state === before) continue
    // A header of several lines (Zeek) says them one after the other.
    const fields = state['fields'] === undefined ? undefined : JSON.stringify(state['fields'])
    if (fields !== undefined && known.has(sender) && known.get(sender) !== fields) {
      out.set(sender, null)
      continue
    }
    if (fields !== undefined) known.set(sender, fields)
    // The day of a header holds for the lines behind it alone.
    const { date: _, ...columns } = state as Record<string, string | readonly string[]>
    out.set(sender, columns)
  }
  return out
}
/** A further event that was not there before: judged by the same rules, and met by none. */
const judgedAs = (first: Event): Event => {
  const { 'vonglau.hits': _, ...rest } = first
  return rest
}

const linesOf = (bytes: Buffer, whole: boolean, address: string | undefined, arrived: number): Lines => {
  const from = address === undefined ? {} : { senders: [{ address }] }
  if (whole) {
    const gathered = gatherLines(bytes, 1)
    gathered.add(0, bytes.length, bytes.length)
    if (address !== undefined) gathered.sent(arrived, { address })
    return gathered.lines()
  }
  const { lines } = splitLines(bytes, 0, true)
  if (address === undefined) return lines
  return {
    ...lines,
    ...from,
    sender: new Int32Array(lines.count),
    arrived: new Float64Array(lines.count).fill(arrived),
  }
}
