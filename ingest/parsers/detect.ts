/**
 * Which parser reads these lines best. Every parser reads them, as the parse stage has it; what counts is not only whether it
 * takes a line, but what it says of it: several take any line with a syslog header and then say no more than the header does.
 */
import { setImmediate as breath } from 'node:timers/promises'
import { type Lines, splitLines } from '../collect/lines.ts'
import type { Event } from '../event.ts'
import { Row } from '../row/row.ts'
import type { Sink } from '../row/sink.ts'
import { openStage } from '../stage.ts'
import type { Description } from '../described/described.ts'
import { parseOf } from '../described/parse-of.ts'
import { openParser, parsers } from './index.ts'
import type { Joiner, Parse } from './parser.ts'

/** Lines that hold something, and bytes, that are looked at: enough to tell, whatever the log. */
export const MOST_LINES = 2000
export const MOST_BYTES = 4 << 20
/** Lines at all: those that hold nothing take their time, too. */
const MOST_OF_ALL = 4 * MOST_LINES
const EXAMPLES = 3

export interface Detected {
  readonly parser: string
  readonly title: string
  /** Of the lines that say anything to the parser (no comments, no column names): the part that it takes, 0 to 1. */
  readonly taken: number
  /** The part of which it says more than a syslog header and its own name do. */
  readonly understood: number
  /** What it says of all the lines, as a part of what the best one says. */
  readonly score: number
  /** Events of lines of which it says something, the first ones. */
  readonly examples: readonly Event[]
}
export interface Detection {
  /** Lines that were looked at. */
  readonly lines: number
  /** How many at the head of the list read the lines alike, in the order of the list of parsers. */
  readonly alike: number
  /** The best first, without those that say nothing. */
  readonly ranked: readonly Detected[]
}

/** What the header or the parser itself says whatever the message: none of it shows that the message was understood. */
const OF_NO_LINE = new Set([
  '@timestamp',
  'message',
  'event.action',
  'event.category',
  'event.dataset',
  'event.id',
  'event.kind',
  'event.original',
  'event.outcome',
  'event.provider',
  'event.severity',
  'event.type',
  'host.name',
  'log.level',
  'network.protocol',
  'observer.name',
  'observer.product',
  'observer.type',
  'observer.vendor',
  'process.name',
  'process.pid',
])
const NOT_OF_LINES = /^(?:vonglau|log\.syslog|log\.source)\./
/** The groups of ECS that a line's values stand in. What stands elsewhere is what the parser had no word for: worth half. */
const ECS =
  /^(?:client|cloud|container|destination|dns|email|error|event|file|group|host|http|log|network|observer|organization|process|related|rule|server|service|source|threat|tls|url|user|user_agent|vulnerability|x509)\./
/** Formats that many devices write, and the last resort: named where no parser of the device itself says nearly as much. */
const GENERAL: ReadonlySet<string> = new Set(['cef', 'leef', 'json_ecs', 'syslog'])
const OF_GENERAL = 0.75
/** Leftovers beside each word of ECS, from which on one who takes anything is not believed. */
const MOST_LEFT = 2
/** They read each other's lines, which all begin as the common log format does: a field more is no sign of the program. */
const OF_WEB_SERVERS: ReadonlySet<string> = new Set([
  'nginx_access',
  'apache_access',
  'tomcat_access',
  'traefik_access',
])
const ALIKE_OF_WEB_SERVERS = 0.85
const ALIKE = 0.99
/** At most of a line that was not understood, so less than the last resort's; and of a device of another vendor than the line names. */
const WEAK = 0.5

/** Where in a line it says whose it is. */
const HEAD = 512
/** `CEF:0|Vendor|…` and `LEEF:1.0|Vendor|…` name their vendor: who reads them as another's device only reads the format. */
const VENDOR = /\b(?:CEF|LEEF):\s?[\d.]{1,4}\|([^|]{1,64})\|/
/** Vendors are written with a space and without. */
const plain = (name: string): string => name.replaceAll(' ', '').toLowerCase()
const isOfAnother = (event: Event, original: string): boolean => {
  const vendor = VENDOR.exec(original.slice(0, HEAD))?.[1]
  const claimed = event['observer.vendor']
  return vendor !== undefined && typeof claimed === 'string' && !plain(vendor).includes(plain(claimed))
}

/** What only the lines of one device say, where parsers of others read them too. */
const MARKS: readonly (readonly [mark: RegExp, parser: string])[] = [
  [/%ASA-\d-\d/, 'cisco_asa'],
  [/%FTD-\d-\d/, 'cisco_ftd'],
  [/\bdevice(?:_name)?="?SFW|\bdevice_(?:serial_)?id=/, 'sophos_xg'],
]
const isMarkedOther = (parser: string, original: string): boolean => {
  const head = original.slice(0, HEAD)
  return MARKS.some(([mark, its]) => its !== parser && mark.test(head))
}

/** Lines that no device writes: who takes one of them takes anything of that form. */
const PROBES = Buffer.from(
  [
    'Nov 21 14:05:00 gw thing[12]: nothing of note',
    'Nov 21 14:05:00 gw thing[12]: colour="red" shape="round" weight=12',
    'colour="red" shape="round" weight=12',
    'date=2026-11-21 time=14:05:00 device="thing" device_name="thing" colour="red" shape="round" weight=12',
    '',
  ].join('\n'),
)

/**
 * What an event says beyond header and names, and whether the line was understood by it: who takes any `key=value` has a word
 * for a key or two and only leftovers beside.
 */
const worthOf = (parser: string, event: Event, takesAny: boolean): { worth: number; understood: boolean } => {
  // Of the message it makes nothing: that a sender is known is what it brings.
  if (parser === 'syslog')
    return { worth: event['process.name'] === undefined && event['host.name'] === undefined ? 0 : 1, understood: false }
  let known = 0
  let left = 0
  for (const name of Object.keys(event)) {
    if (OF_NO_LINE.has(name) || NOT_OF_LINES.test(name)) continue
    if (ECS.test(name)) known++
    else left++
  }
  // A document that is ECS says itself what its fields are, and may have none but those of a header.
  const understood =
    parser === 'json_ecs' || (takesAny ? known > 0 && left <= known * MOST_LEFT : known > 0 || left > 0)
  const worth = Math.max(parser === 'json_ecs' ? 1 : 0, known + left / 2)
  return { worth: understood ? worth : Math.min(worth, WEAK), understood }
}

const ANY = /[^\n]+/g
const holding = (text: string): number => {
  let n = 0
  for (const [line] of text.matchAll(ANY)) if (line.trim() !== '') n++
  return n
}

/** Says nearly as much, of no fewer lines. */
const isAlike = (each: Detected, best: Detected): boolean =>
  each.taken >= best.taken &&
  GENERAL.has(each.parser) === GENERAL.has(best.parser) &&
  each.score >= (OF_WEB_SERVERS.has(each.parser) && OF_WEB_SERVERS.has(best.parser) ? ALIKE_OF_WEB_SERVERS : ALIKE)

/** Counts what a parser says, without keeping it. */
const weighing = (parser: string, takesAny: boolean) => {
  let [lines, taken, understood, worth] = [0, 0, 0, 0]
  const examples: Event[] = []
  let last = ''
  const sink: Sink<void> = {
    add: (row) => {
      const event = row.event()
      const original = String(event['event.original'] ?? '')
      // A further event of the same line: `.n` after the id of the first.
      const id = String(event['event.id'])
      const further = last !== '' && id.startsWith(`${last}.`)
      if (!further) last = id
      const size = further ? 0 : holding(original)
      lines += size
      if (event['event.kind'] === 'pipeline_error') return
      taken += size
      const said = worthOf(parser, event, takesAny)
      const part =
        isMarkedOther(parser, original) || isOfAnother(event, original) ? WEAK : GENERAL.has(parser) ? OF_GENERAL : 1
      worth += said.worth * part
      if (said.understood) understood += size
      if ((said.understood || parser === 'syslog') && examples.length < EXAMPLES) examples.push(event)
    },
    room: () => 1024,
    cut: () => {},
    take: () => {},
  }
  return {
    sink,
    found: () => ({ taken: lines && taken / lines, understood: lines && understood / lines, worth, examples }),
  }
}

/** The beginning of `bytes` that is looked at, without a line in part, and how many of its lines hold something. */
const beginningOf = (bytes: Uint8Array): { bytes: Uint8Array; lines: number } => {
  const some = bytes.subarray(0, MOST_BYTES)
  let [all, lines, holds, whole] = [0, 0, false, 0]
  for (let i = 0; i < some.length; i++) {
    if (some[i] === 10) {
      whole = i + 1
      if (holds) lines++
      if (lines === MOST_LINES || ++all === MOST_OF_ALL) return { bytes: some.subarray(0, whole), lines }
      holds = false
    } else if (some[i]! > 32) holds = true
  }
  // A single line that is longer than all that is looked at is looked at in part.
  if (some.length < bytes.length && whole > 0) return { bytes: some.subarray(0, whole), lines }
  return { bytes: some, lines: lines + (holds ? 1 : 0) }
}

/** A parser that somebody described, as one that comes with the program. */
interface Candidate {
  readonly id: string
  readonly title: string
  readonly joiner?: Joiner | undefined
  open(): Parse
}

/**
 * `now` stands for the arrival of the lines, `timezone` for that of times that do not say theirs. `own`: parsers that were
 * described here; they are asked first, for nobody else knows the log that they were written for.
 */
export const detect = (...asked: Asked): Detection => {
  const parts = detecting(...asked)
  for (;;) {
    const { done, value } = parts.next()
    if (done) return value
  }
}
/** The same where others wait: between two parsers they have their turn. */
export const detectBeside = async (...asked: Asked): Promise<Detection> => {
  const parts = detecting(...asked)
  for (;;) {
    const { done, value } = parts.next()
    if (done) return value
    await breath()
  }
}
type Asked = [given: Uint8Array, now: number, timezone: string, own?: ReadonlyMap<string, Description>]

/** Yields after each parser. */
const detecting = function* (...[given, now, timezone, own = new Map()]: Asked): Generator<undefined, Detection> {
  const { bytes, lines } = beginningOf(given)
  const row = new Row()
  const split = splitLines(bytes, 0, true).lines
  const probes = splitLines(PROBES, 0, true).lines
  const described = [...own].map(([id, description]): Candidate => {
    return { id, title: description.title ?? id, open: () => parseOf({ parser: id, described: description })! }
  })
  const known = [...parsers.values()].map(
    ({ id, title, joiner }): Candidate => ({ id, title, joiner, open: () => openParser(id) }),
  )
  const all = [...described, ...known]
  const found: (ReturnType<ReturnType<typeof weighing>['found']> & { parser: string; title: string })[] = []
  for (const parser of all) {
    const read = (lines: Lines, sink: Sink<void>) =>
      openStage({
        source: {
          id: parser.id,
          parser: parser.id,
          timezone,
          silent: 15,
          collect: { kind: 'file', path: '', start: 'beginning' },
        },
        parse: parser.open(),
        joiner: parser.joiner,
        enrich: () => {},
        sink,
        history: true,
        row,
      })({ lines, from: 0, prefix: parser.id, now, memory: [], rested: true })
    const probed = weighing(parser.id, false)
    read(probes, probed.sink)
    const weighed = weighing(parser.id, probed.found().taken > 0)
    read(split, weighed.sink)
    found.push({ parser: parser.id, title: parser.title, ...weighed.found() })
    yield
  }
  const most = Math.max(...found.map(({ worth }) => worth))
  const ranked = found
    .filter(({ worth }) => worth > 0)
    .map(({ worth, ...each }) => ({ ...each, score: worth / most }))
    .sort((a, b) => b.score - a.score)
  const best = ranked[0]
  const alike = best ? ranked.filter((each) => isAlike(each, best)) : []
  const place = all.map(({ id }) => id)
  alike.sort((a, b) => place.indexOf(a.parser) - place.indexOf(b.parser))
  return { lines, alike: alike.length, ranked: [...alike, ...ranked.filter((each) => !alike.includes(each))] }
}
