/** Stored events are made anew from their own lines, by the parser and the inventory of now. */
import type { Event } from './event.ts'
import { parseOf } from './described/parse-of.ts'
import { givenPrefix, idPrefix } from './event-id.ts'
import { createRowEnricher } from './enrich/enrich.ts'
import { type GeoIpFiles, openGeoIp } from './enrich/geoip.ts'
import type { Inventory } from './inventory/inventory.ts'
import { agencyName } from './inventory/scope.ts'
import { gatherLines, type Lines, splitLines } from './collect/lines.ts'
import type { Memory } from './memory.ts'
import { parsers } from './parsers/index.ts'
import { eventSink } from './row/sink.ts'
import { Row } from './row/row.ts'
import type { Source } from './source.ts'
import { openStage } from './stage.ts'
import type { Learned } from './store/store.ts'

export interface ReadAgainOptions {
  readonly source: Source
  /** What parsers learned from the lines of the source that they were stored under, in their order. */
  readonly learned: readonly Learned[]
  readonly inventory: Inventory
  readonly geoip: GeoIpFiles
  /** Given to all of them, whatever they had. */
  readonly agency?: string | undefined
  /** Epoch ms, kept in each as `vonglau.read_again`. */
  readonly now: number
}
export interface ReadAgain {
  /** Those that are not the first event of their line, by the id of that one: a line's may be handed over apart. */
  further(events: AsyncIterable<readonly Event[]>): Promise<ReadonlyMap<string, readonly Event[]>>
  /** All events of the lines whose first events are among these; `further`: what their lines had before. */
  read(
    events: readonly Event[],
    further: ReadonlyMap<string, readonly Event[]>,
  ): { readonly events: Event[]; readonly lines: number; readonly before: number; readonly now: number }
}

/** What the rules said of an event, and whose it was. */
const STAYS = ['vonglau.judged', 'vonglau.hits', 'vonglau.import'] as const
const OWNER = ['organization.id', 'organization.name', 'system.id'] as const
/** Of a line that was too long, which is stored in parts. */
const PART = /^the line is longer than /
const FURTHER = /\.\d+$/

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
  const stateAt = openStates(options.learned)
  const given = `${givenPrefix(source.id)}-`
  const again = (event: Event): readonly Event[] => {
    const id = String(event['event.id'])
    const address = event['log.source.address']
    const raw = event['vonglau.original.base64']
    const bytes =
      typeof raw === 'string' ? Buffer.from(raw, 'base64') : Buffer.from(String(event['event.original'] ?? ''))
    const arrived = Number(event['event.ingested'])
    const whole = joiner === undefined || id.startsWith(given)
    const lines = linesOf(bytes, whole, typeof address === 'string' ? address : undefined, arrived)
    const state = stateAt(id, typeof address === 'string' ? address : '')
    const memory: Memory = state === undefined ? [] : [[typeof address === 'string' ? address : '', state]]
    return stage({ lines, from: 0, prefix: 'again', now: arrived, memory, rested: true }).packed
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
      const out = new Map<string, Event[]>()
      for await (const events of all)
        for (const event of events) {
          const id = String(event['event.id'])
          if (!FURTHER.test(id)) continue
          const first = id.replace(FURTHER, '')
          const list = out.get(first) ?? []
          out.set(first, list)
          list.push(event)
        }
      return out
    },
    read: (events, further) => {
      const out: Event[] = []
      let [lines, before, after] = [0, 0, 0]
      for (const event of events) {
        const id = String(event['event.id'])
        if (FURTHER.test(id)) continue
        lines++
        const failed = event['event.kind'] === 'pipeline_error'
        if (failed) before++
        const isPart = failed && PART.test(String(event['error.message']))
        const made = isPart ? [] : again(event)
        // What is no event any more, or is a part of one, stays as it is: nothing that was accepted is lost.
        if (made.length === 0) {
          if (failed) after++
          out.push(event, ...(further.get(id) ?? []))
          continue
        }
        if (made[0]!['event.kind'] === 'pipeline_error') after++
        for (const [nth, each] of made.entries()) {
          const its = nth === 0 ? id : `${id}.${nth}`
          out.push(
            dressed(
              each,
              its,
              event,
              nth === 0 ? event : (further.get(id)?.find((old) => old['event.id'] === its) ?? judgedAs(event)),
            ),
          )
        }
      }
      return { events: out, lines, before, now: after }
    },
  }
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

type State = Learned['state']
/** What a parser remembered at the place of an event: of its own segment, or of the ones before it in the spool. */
const openStates = (learned: readonly Learned[]): ((id: string, sender: string) => State | undefined) => {
  if (learned.length === 0) return () => undefined
  const segments = [...new Set(learned.map(({ segment }) => segment))].sort()
  const order = new Map(segments.map((segment, i) => [segment, i]))
  const prefixes = new Map(segments.map((segment) => [idPrefix(learned[0]!.source, segment), segment]))
  const bySegment = new Map<string, Learned[]>()
  for (const each of learned) {
    const list = bySegment.get(each.segment) ?? []
    bySegment.set(each.segment, list)
    list.push(each)
  }
  const mine = ({ stream }: Learned, sender: string) =>
    stream === sender || stream.startsWith(`${sender} `) || stream === ''
  return (id, sender) => {
    const dash = id.lastIndexOf('-')
    const segment = prefixes.get(id.slice(0, dash))
    const position = Number.parseInt(id.slice(dash + 1), 36)
    if (segment !== undefined) {
      const list = bySegment.get(segment)!
      for (let i = list.length - 1; i >= 0; i--)
        if (list[i]!.position <= position && mine(list[i]!, sender)) return list[i]!.state
    }
    // Over the network a parser's memory goes on from one spool file to the next; a file begins anew.
    if (sender === '') return undefined
    const before = segment === undefined ? segments.length : order.get(segment)!
    for (let i = before - 1; i >= 0; i--) {
      const last = bySegment.get(segments[i]!)!.findLast((each) => mine(each, sender))
      if (last) return last.state
    }
    return undefined
  }
}
