/** Files or standard input to events, without a store: what `parse` and `scan` share. */
import { stdin } from 'node:process'
import { splitLines } from '../../ingest/collect/lines.ts'
import { notText, openText } from '../../ingest/collect/text.ts'
import { createEnricher } from '../../ingest/enrich/enrich.ts'
import { openGeoIp } from '../../ingest/enrich/geoip.ts'
import type { Event } from '../../ingest/event.ts'
import { parserOf } from '../../ingest/parsers/index.ts'
import type { ParserState } from '../../ingest/parsers/parser.ts'
import { type Enrich, idPrefix, processLines } from '../../ingest/process.ts'
import type { Source } from '../../ingest/source.ts'
import type { Config } from '../config.ts'
import { readInventory } from '../installation.ts'

const CHUNK = 1 << 20

export const enricherOf = (config: Config): Enrich =>
  createEnricher({ inventory: readInventory(config), geoip: openGeoIp(config.geoip) })

/** A source of the configuration, or one that exists only for this command: then `id` names a parser. */
export const sourceNamed = (config: Config, id: string, timezone: string | undefined): Source => {
  const known = config.sources.find((source) => source.id === id)
  if (known) return timezone ? { ...known, timezone } : known
  try {
    parserOf(id)
  } catch (error) {
    const ids = config.sources.map((source) => source.id)
    throw new Error(
      `${(error as Error).message}${ids.length ? `; the sources of ${config.file} are ${ids.join(', ')}` : ''}`,
    )
  }
  checkZone(timezone)
  return {
    id,
    parser: id,
    timezone: timezone ?? config.timezone,
    silent: 15,
    collect: { kind: 'file', path: '', start: 'beginning' },
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

export const readEvents = async function* (
  source: Source,
  path: string,
  enrich: Enrich,
  now: number,
): AsyncIterable<Event[]> {
  const parser = parserOf(source.parser)
  const prefix = idPrefix(source.id, path)
  let position = 0
  let part = 0
  let state: ParserState
  for await (const { bytes, last } of chunks(path)) {
    const split = splitLines(bytes, position, last, part)
    part = split.part
    const done = processLines(split.lines, position, source, prefix, parser, enrich, now, state)
    state = done.state
    position = split.lines.at(-1)?.end ?? position
    yield done.events
  }
}

/** Buffers that begin where the last line of the one before ended. */
const chunks = async function* (path: string): AsyncIterable<{ bytes: Buffer; last: boolean }> {
  let held: Buffer = Buffer.alloc(0)
  const take = (more: Buffer, last: boolean) => {
    held = held.length ? Buffer.concat([held, more]) : more
    const end = last ? held.length : held.lastIndexOf(10) + 1
    if (end === 0 && held.length < CHUNK && !last) return undefined
    // A line longer than the chunk goes out in parts.
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
