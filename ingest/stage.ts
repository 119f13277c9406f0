/**
 * The parse stage: lines to rows to what a store takes. One for live lines, imports and files without a server, in whatever
 * thread; it knows nothing of where lines come from, and of no clock.
 */
import { isUtf8 } from 'node:buffer'
import { isDoubted, timeOf } from './clock.ts'
import type { Lines } from './collect/lines.ts'
import type { Mark } from './judge.ts'
import type { EnrichRow, EnrichSource } from './enrich/enrich.ts'
import { openEnvelope } from './envelope.ts'
import { givenPrefix } from './event-id.ts'
import { type Memory, openMemory } from './memory.ts'
import { mended } from './mend.ts'
import { type Joining, type Open, openJoining, type Range } from './joining.ts'
import { EVENT, type Joiner, type LineContext, type Parse, SKIP } from './parsers/parser.ts'
import { Const, constant } from './row/const.ts'
import { field } from './row/handles.ts'
import type { Row } from './row/row.ts'
import type { Sink } from './row/sink.ts'
import type { Source } from './source.ts'

const DAY = 86_400_000

export interface Job {
  readonly lines: Lines
  /** The position of the first line. */
  readonly from: number
  readonly prefix: string
  /** An arrival (`Clock`); a line that says when it arrived has its own. */
  readonly now: number
  readonly memory: Memory
  /** Of lines that are joined: reading begins here, and these lines beyond are taken already. */
  readonly begin?: { readonly taken: readonly Range[] }
  /** Nothing more comes for now: events that are open end. */
  readonly rested?: boolean
}
/** A parser remembers something else of a stream from this line on. */
export interface Change {
  readonly stream: string
  /** Where the line that it was learned from begins. */
  readonly position: number
  readonly state: NonNullable<LineContext['state']>
}
export interface Made<P> {
  readonly packed: P
  readonly rows: number
  readonly lines: number
  readonly unparsed: number
  /** A line claimed a time more than 24 h ahead of its arrival. */
  readonly timeAhead: boolean
  readonly memory: Memory
  readonly changes: readonly Change[]
  /** Streams of which nothing is remembered any more. */
  readonly forgotten: number
  /** '@timestamp' of the last event. */
  readonly last: number | undefined
  /** Of lines that are joined: where to read on, and what is taken beyond it. */
  readonly offset?: { readonly position: number; readonly taken: readonly Range[] }
}

const F = {
  time: field('@timestamp'),
  id: field('event.id'),
  kind: field('event.kind'),
  dataset: field('event.dataset'),
  original: field('event.original'),
  error: field('error.message'),
  source: field('vonglau.source.id'),
  history: field('vonglau.import'),
  claimed: field('vonglau.time.parsed'),
  base64: field('vonglau.original.base64'),
  peer: field('log.source.address'),
  priority: field('log.syslog.priority'),
  facility: field('log.syslog.facility.code'),
  severity: field('log.syslog.severity.code'),
} as const
const LINE_FEED = Buffer.from('\n')
const asOne = (lines: readonly Buffer[]): Buffer =>
  Buffer.concat(lines.flatMap((line, i) => (i > 0 ? [LINE_FEED, line] : [line])))
const OF_A_LINE = constant('event')
const PROBLEM = constant('pipeline_error')

export interface StageOptions<P> {
  readonly source: Source
  /** Absent where the sender belongs to no source. */
  readonly parse: Parse | undefined
  readonly joiner?: Joiner | undefined
  readonly enrich: EnrichRow
  readonly sink: Sink<P>
  /** Marks events that no rule is to look at. */
  readonly history: boolean
  /** Says of a row which rules it meets. */
  readonly mark?: (() => Mark | undefined) | undefined
  /** The memory to work in; several stages of one thread may share it. */
  readonly row: Row
}

export const openStage = <P>({
  source,
  parse,
  joiner,
  enrich,
  sink,
  history,
  mark,
  row,
}: StageOptions<P>): ((job: Job) => Made<P>) => {
  const dataset = new Const(source.parser)
  const sourceId = new Const(source.id)
  const known: EnrichSource = {
    ...(source.organization === undefined ? {} : { organization: source.organization }),
    ...(source.system === undefined ? {} : { system: source.system }),
    ...(source.serves ? { serves: source.serves } : {}),
  }
  const envelope = openEnvelope()
  let [rows, unparsed, timeAhead, last] = [0, 0, false, undefined as number | undefined]
  // Of the line that is worked on.
  let [lineFrom, lineTo, nth, position, prefix] = [0, 0, 0, 0, '']
  let [raw, peer] = [undefined as string | undefined, undefined as Const | undefined]
  /** Its event's own id; undefined: its place makes it. */
  let own: string | undefined
  const given = givenPrefix(source.id)
  let doubted = false
  const arrive = (arrival: number) => {
    doubted = isDoubted(arrival)
    context.arrived = timeOf(arrival)
  }
  /** What every event carries; the row is then the sink's. */
  const finish = (): void => {
    const time = row.number[F.time]!
    // A clock that is doubted is no measure for another one.
    if (!(time <= (doubted ? Infinity : context.arrived + DAY))) {
      timeAhead = true
      row.long(F.claimed, time)
      row.long(F.time, context.arrived)
    }
    if (own === undefined) putId(row, prefix, position, nth)
    else row.string(F.id, `${given}-${own}${nth > 0 ? `.${nth}` : ''}`)
    if (!row.has(F.kind)) row.const(F.kind, OF_A_LINE)
    if (!row.has(F.dataset)) row.const(F.dataset, dataset)
    row.text(F.original, lineFrom, lineTo)
    row.const(F.source, sourceId)
    if (history) row.boolean(F.history, true)
    if (raw !== undefined) row.string(F.base64, raw)
    if (peer !== undefined) row.const(F.peer, peer)
    const priority = context.header?.priority
    if (priority !== undefined && !row.has(F.error)) {
      row.long(F.priority, priority)
      row.long(F.facility, priority >> 3)
      row.long(F.severity, priority & 7)
    }
    enrich(row, known)
    if (!history) mark?.()?.(row)
    last = row.number[F.time]!
    rows++
    sink.add(row)
  }
  const context: LineContext = {
    arrived: 0,
    timezone: source.timezone,
    zoned: source.zoned ?? false,
    header: undefined,
    state: undefined,
    next: () => {
      finish()
      nth++
      row.again()
    },
  }

  let memory = openMemory([])
  let changes: Change[] = []
  /** One event's text, which lies in the row's memory. */
  const read = (from: number, to: number, stream: string, problem: string | undefined): void => {
    if (problem === undefined && parse !== undefined) {
      const state = memory.get(stream)
      context.state = state
      const answer = parse(row, from, to, context)
      if (context.state !== state && context.state !== undefined) {
        memory.set(stream, context.state)
        changes.push({ stream, position, state: context.state })
      }
      if (answer === SKIP) return
      if (answer !== EVENT) problem = answer
    }
    if (problem !== undefined) {
      unparsed++
      row.again()
      row.long(F.time, context.arrived)
      row.const(F.kind, PROBLEM)
      row.string(F.error, problem)
    }
    finish()
  }

  /** Of segments whose lines are joined. */
  const joinings = new Map<string, Joining>()
  const joinEnded = (
    joining: Joining,
    { position: at, stream, arrived, header, raw: lines, own: bytes, lines: places, message, sender }: Open,
  ): void => {
    const joined = (pieces: readonly Buffer[]): number => {
      const bytes = asOne(pieces)
      return row.copy(bytes, 0, bytes.length)
    }
    row.begin()
    row.control = true
    ;[position, nth, raw, peer] = [at, 0, bytes && asOne(bytes).toString('base64'), sender]
    own = undefined
    arrive(arrived)
    context.header = header
    lineFrom = joined(lines)
    lineTo = row.at
    const from = joined(message)
    read(from, row.at, stream, undefined)
    for (const [begins, ends] of places) joining.took(begins, ends)
  }

  return ({ lines, from, prefix: itsPrefix, now, memory: before, begin, rested }) => {
    ;[rows, unparsed, timeAhead, last, prefix] = [0, 0, false, undefined, itsPrefix]
    memory = openMemory(before)
    changes = []
    if (!history) mark?.()?.begin()
    let joining: Joining | undefined
    if (joiner) {
      if (begin || !joinings.has(prefix)) joinings.set(prefix, openJoining(joiner, begin?.taken))
      joining = joinings.get(prefix)!
    }
    const { bytes, part, arrived, sender, senders, ids } = lines
    const peers = senders?.map(({ address }) => new Const(address))
    const streams = senders?.map(({ address, stream }) => (stream === undefined ? address : `${address} ${stream}`))
    const wellFormed = isUtf8(bytes)
    for (let i = 0; i < lines.count; ) {
      row.reset()
      const few = Math.min(lines.count, i + Math.max(1, Math.min(sink.room(), fitting(lines, i))))
      const begins = lines.from[i]!
      let between = begins
      // Without the last one's ending: what is behind it is scratch.
      const shift = row.load(bytes, begins, lines.to[few - 1]!) - begins
      for (; i < few; i++) {
        position = i === 0 ? from : lines.end[i - 1]!
        if (joining?.isTaken(position)) continue
        lineFrom = lines.from[i]! + shift
        lineTo = lines.to[i]! + shift
        nth = 0
        raw = undefined
        own = ids?.[i]
        // What stands between lines is nobody's, and may be no text: the memory of a chunk is text as a whole.
        if (!wellFormed && lines.from[i]! > between) row.bytes.fill(32, between + shift, lineFrom)
        between = lines.to[i]!
        const who = sender?.[i]
        peer = who === undefined ? undefined : peers![who]
        const stream = who === undefined ? '' : streams![who]!
        const arrival = arrived?.[i] ?? now
        arrive(arrival)
        context.header = undefined
        row.begin()
        look(row, lineFrom, lineTo)
        if (!wellFormed || row.control) mend(wellFormed)
        let problem: string | undefined
        if (part !== undefined && part[i]! > 0)
          problem = `the line is longer than 512 KiB; this is part ${part[i]} of it`
        else if (parse === undefined)
          problem = `no source is configured for the sender ${peer?.text ?? 'unknown'}: add one with this address under "from"`
        if (problem !== undefined) {
          read(lineFrom, lineTo, stream, problem)
          joining?.took(position, lines.end[i]!)
          continue
        }
        const message = envelope(row, lineFrom, lineTo, arrival, source.timezone)
        context.header = message.header
        if (!joining || own !== undefined) {
          read(message.from, message.to, stream, undefined)
          joining?.took(position, lines.end[i]!)
          continue
        }
        const line = {
          position,
          stream,
          arrived: arrival,
          header: message.header,
          sender: peer,
          end: lines.end[i]!,
        }
        const copy = (a: number, z: number) => Buffer.from(row.bytes.slice(a, z))
        const spelled = raw === undefined ? undefined : Buffer.from(raw, 'base64')
        for (const event of joining.add(line, copy(lineFrom, lineTo), copy(message.from, message.to), spelled))
          joinEnded(joining, event)
      }
      sink.cut(row)
    }
    if (joining && rested) {
      row.reset()
      for (const event of joining.flush()) joinEnded(joining, event)
      sink.cut(row)
    }
    const to = lines.count > 0 ? lines.end[lines.count - 1]! : from
    return {
      packed: sink.take(),
      rows,
      lines: lines.count,
      unparsed,
      timeAhead,
      memory: memory.memory(),
      changes,
      forgotten: memory.forgotten(),
      last,
      ...(joining ? { offset: joining.offset(to) } : {}),
    }
  }

  /** What is no text is read as one; its own bytes are kept beside it. */
  function mend(wellFormed: boolean): void {
    const line = Buffer.from(row.bytes.buffer, lineFrom, lineTo - lineFrom)
    const text = mended(line, wellFormed, row.control)
    if (text === undefined) return
    raw = line.toString('base64')
    // The memory of a chunk is text as a whole.
    line.fill(32)
    lineFrom = row.write(text)
    lineTo = row.at
  }
}

/** Bytes of lines that are worked on at once. */
const MOST_BYTES = 4 << 20
/** How many lines from `i` on fit. */
const fitting = ({ from, to, count }: Lines, i: number): number => {
  const begin = from[i]!
  let [low, high] = [i, count - 1]
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (to[middle]! - begin <= MOST_BYTES) low = middle
    else high = middle - 1
  }
  return low - i + 1
}

/** Whether a control character stands in the line, by words of four bytes. */
const look = (row: Row, from: number, to: number): void => {
  const { view, bytes } = row
  let i = from
  for (; i + 4 <= to; i += 4) {
    const control = view.getUint32(i, true) & 0xe0e0e0e0
    if (((control - 0x01010101) & ~control & 0x80808080) !== 0) {
      row.control = true
      return
    }
  }
  for (; i < to; i++)
    if (bytes[i]! < 32) {
      row.control = true
      return
    }
}

/** `prefix-position`, the position in base 36, and `.n` of a further event of the line. */
const putId = (row: Row, prefix: string, position: number, nth: number): void => {
  row.reserve(prefix.length + 40)
  const { bytes } = row
  const from = row.at
  let at = from
  for (let i = 0; i < prefix.length; i++) bytes[at++] = prefix.charCodeAt(i)
  bytes[at++] = 45
  let size = 1
  for (let n = position; n >= 36; n = Math.floor(n / 36)) size++
  for (let i = at + size - 1, n = position; i >= at; i--) {
    const quotient = Math.floor(n / 36)
    const digit = n - quotient * 36
    bytes[i] = digit < 10 ? 48 + digit : 87 + digit
    n = quotient
  }
  at += size
  if (nth > 0) {
    const more = `.${nth}`
    for (let i = 0; i < more.length; i++) bytes[at++] = more.charCodeAt(i)
  }
  row.at = at
  row.text(F.id, from, at)
}
