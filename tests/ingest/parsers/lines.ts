/** Lines through the parse stage, as every line goes, but without an inventory. */
import { splitLines } from '../../../ingest/collect/lines.ts'
import type { EnrichRow } from '../../../ingest/enrich/enrich.ts'
import type { Event } from '../../../ingest/event.ts'
import type { Mark } from '../../../ingest/judge.ts'
import type { Memory } from '../../../ingest/memory.ts'
import { openParser, parserOf } from '../../../ingest/parsers/index.ts'
import { Row } from '../../../ingest/row/row.ts'
import { eventSink, type Sink } from '../../../ingest/row/sink.ts'
import type { Source } from '../../../ingest/source.ts'
import { type Job, type Made, openStage } from '../../../ingest/stage.ts'

const row = new Row()
export const stageOf = (
  parser: string,
  {
    options,
    timezone = 'Asia/Ho_Chi_Minh',
    enrich = () => {},
    history = false,
    mark,
    sink = eventSink(),
    ...source
  }: Partial<Source> & {
    options?: unknown
    enrich?: EnrichRow
    history?: boolean
    mark?: () => Mark
    sink?: Sink<Event[]>
  } = {},
): ((job: Job) => Made<Event[]>) =>
  openStage({
    source: {
      id: parser,
      parser,
      timezone,
      silent: 15,
      collect: { kind: 'file', path: '', start: 'beginning' },
      ...source,
    },
    parse: openParser(parser, options),
    joiner: parserOf(parser).joiner,
    enrich,
    sink,
    history,
    mark,
    row,
  })

export const ARRIVED = Date.UTC(2026, 4, 14, 12)

/** What the parser says of each line; a line that is no event as `{ error }`. */
export const parsed = (
  parser: string,
  text: string | Uint8Array,
  options: { options?: unknown; timezone?: string; zoned?: boolean; memory?: Memory; arrived?: number } = {},
): (Event | { error: string })[] => {
  const { lines } = splitLines(Buffer.from(text as string), 0, true)
  const { packed } = stageOf(
    parser,
    options,
  )({
    lines,
    from: 0,
    prefix: 'x',
    now: options.arrived ?? ARRIVED,
    memory: options.memory ?? [],
    rested: true,
  })
  return packed.map((event) => {
    if (event['event.kind'] === 'pipeline_error') return { error: event['error.message'] as string }
    const { 'event.id': _, 'event.original': _original, 'vonglau.source.id': _source, ...said } = event
    return said
  })
}
