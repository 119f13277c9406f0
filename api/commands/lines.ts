/** Files or standard input to events, without a store: what `parse` and `scan` share. */
import { stdin } from 'node:process'
import { splitLines } from '../../ingest/collect/lines.ts'
import { notText, openText } from '../../ingest/collect/text.ts'
import { createRowEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import type { Event } from '../../ingest/event.ts'
import type { Memory } from '../../ingest/memory.ts'
import { parseOf } from '../../ingest/described/parse-of.ts'
import { parsers } from '../../ingest/parsers/index.ts'
import { Row } from '../../ingest/row/row.ts'
import { eventSink, type Sink } from '../../ingest/row/sink.ts'
import type { Source } from '../../ingest/source.ts'
import { idPrefix } from '../../ingest/event-id.ts'
import { type Job, type Made, openStage } from '../../ingest/stage.ts'
import type { Config } from '../config.ts'
import { readInventory } from '../inventories.ts'

const CHUNK = 1 << 20

/** Lines of a source to events, one batch after another. */
export type ToEvents = (job: Job) => Made<Event[]>
/** Opens parse stages, rows into a sink; the inventory and the databases are read once. */
export const stagesInto = (config: Config): (<P>(source: Source, sink: Sink<P>) => (job: Job) => Made<P>) => {
  const enrich = createRowEnricher({ inventory: readInventory(config), geoip: openGeoIp(config.geoip) })
  const row = new Row()
  return (source, sink) =>
    openStage({
      source,
      parse: parseOf(source),
      joiner: parsers.get(source.parser)?.joiner,
      enrich,
      sink,
      history: false,
      row,
    })
}
/** Opens parse stages that make events. */
export const stagesOf = (config: Config): ((source: Source) => ToEvents) => {
  const into = stagesInto(config)
  return (source) => into(source, eventSink())
}

/** How a command names the source of its lines. */
export interface Named {
  readonly source: string
  readonly timezone?: string
  /** JSON. */
  readonly options?: string
}
/** A source of the configuration, or one that exists only for this command: then the name is that of a parser. */
export const sourceNamed = (config: Config, { source: id, timezone, options }: Named): Source => {
  const known = config.sources.find((source) => source.id === id)
  const said = options === undefined ? {} : { options: optionsOf(options) }
  const described = known ? known.described : config.described.get(id)
  try {
    parseOf({
      parser: known?.parser ?? id,
      options: said.options ?? known?.options,
      ...(described ? { described } : {}),
    })
  } catch (error) {
    const ids = config.sources.map((source) => source.id)
    const others = /^There is no parser/.test((error as Error).message) && ids.length > 0
    throw new Error(
      `${(error as Error).message}${others ? `; the sources of ${config.file} are ${ids.join(', ')}` : ''}`,
    )
  }
  checkZone(timezone)
  if (known) return { ...known, ...(timezone ? { timezone, zoned: true } : {}), ...said }
  return {
    id,
    parser: id,
    ...(described ? { described } : {}),
    timezone: timezone ?? config.timezone,
    ...(timezone ? { zoned: true } : {}),
    silent: 15,
    collect: { kind: 'file', path: '', start: 'beginning' },
    ...said,
  }
}
const optionsOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new Error(
      `--options ${text.slice(0, 60)}: it is no JSON (${(error as Error).message}); give an object such as {"trusted_proxies": ["10.0.0.0/8"]}`,
    )
  }
}

const checkZone = (timezone: string | undefined): void => {
  if (timezone === undefined) return
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone })
  } catch {
    throw new Error(`--timezone ${timezone}: there is no such time zone; name one such as Asia/Ho_Chi_Minh or UTC`)
  }
}

/** What a stage makes of the lines of a file, one batch after another. */
export const readEvents = async function* <P>(
  source: Source,
  path: string,
  stage: (job: Job) => Made<P>,
  now: number,
): AsyncIterable<P> {
  const prefix = idPrefix(source.id, path)
  let position = 0
  let part = 0
  let memory: Memory = []
  for await (const { bytes, last } of chunks(path)) {
    const split = splitLines(bytes, position, last, part)
    part = split.part
    const { count, end } = split.lines
    const made = stage({ lines: split.lines, from: position, prefix, now, memory, rested: last })
    memory = made.memory
    if (count > 0) position = end[count - 1]!
    yield made.packed
  }
}

/**
 * Buffers that begin where the last line of the one before ended; a line of more than `most` bytes goes out in parts, each
 * `last` as the end of a file is.
 */
export const chunks = async function* (path: string, most = CHUNK): AsyncIterable<{ bytes: Buffer; last: boolean }> {
  let held: Buffer = Buffer.alloc(0)
  const take = (more: Buffer, last: boolean) => {
    held = held.length ? Buffer.concat([held, more]) : more
    const end = last ? held.length : held.lastIndexOf(10) + 1
    if (end === 0 && held.length < most && !last) return undefined
    const bytes = end === 0 ? held : held.subarray(0, end)
    held = Buffer.from(held.subarray(bytes.length))
    return { bytes, last: last || end === 0 }
  }
  if (path === '-') {
    for await (const chunk of stdin) {
      const some = take(chunk as Buffer, false)
      if (some) yield some
    }
    yield take(Buffer.alloc(0), true)!
    return
  }
  const file = await openFile(path)
  try {
    for (let at = 0; ; ) {
      const bytes = await file.read(at, CHUNK)
      if (at === 0) {
        const odd = notText(bytes.subarray(0, 4096))
        if (odd) throw new Error(`${path} is not read: ${odd}`)
      }
      const last = bytes.length === 0
      at += bytes.length
      const some = take(bytes, last)
      if (some) yield some
      if (last) return
    }
  } finally {
    await file.close()
  }
}

const openFile = async (path: string) => {
  try {
    return await openText(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    throw new Error(
      code === 'ENOENT'
        ? `${path}: there is no such file`
        : code === 'EISDIR'
          ? `${path} is a folder: name the files in it, such as ${path}/*.log`
          : `${path} cannot be read (${code})`,
    )
  }
}
