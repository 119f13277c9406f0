/** One of the threads of workers.ts. */
import { parentPort, workerData } from 'node:worker_threads'
import { splitLines } from './collect/lines.ts'
import { createEnricher } from './enrich/enrich.ts'
import { type GeoIpFiles, openGeoIp } from './enrich/geoip.ts'
import type { Event } from './event.ts'
import type { Inventory } from './inventory/inventory.ts'
import { parserOf } from './parsers/index.ts'
import type { ParserState } from './parsers/parser.ts'
import { processLines } from './process.ts'
import type { Source } from './source.ts'
import type { Packed } from './store/store.ts'

export interface WorkerOptions {
  readonly source: Source
  readonly inventory: Inventory
  readonly geoip: GeoIpFiles
  readonly history: boolean
  /** The store's `packing`. */
  readonly packing: string
}
export interface Job {
  /** Whole lines. */
  readonly bytes: Uint8Array
  readonly from: number
  readonly prefix: string
  readonly now: number
  /** What the parser remembers before the first of them, as far as it is known. */
  readonly state: ParserState
}
export interface Worked {
  readonly packed: Packed
  readonly lines: number
  readonly unparsed: number
  readonly timeAhead: boolean
  readonly state: ParserState
  /** '@timestamp' of the last event. */
  readonly last: number | undefined
}

if (parentPort) {
  const port = parentPort
  const { source, inventory, geoip, history, packing } = workerData as WorkerOptions
  const parser = parserOf(source.parser)
  const enrich = createEnricher({ inventory, geoip: openGeoIp(geoip) })
  const { pack, buffersOf } = (await import(packing)) as {
    pack(events: readonly Event[]): Packed
    buffersOf(packed: Packed): ArrayBuffer[]
  }
  port.on('message', ({ id, job }: { id: number; job: Job }) => {
    try {
      const bytes = Buffer.from(job.bytes.buffer, job.bytes.byteOffset, job.bytes.length)
      const { lines } = splitLines(bytes, job.from, false)
      const { events, state, unparsed, timeAhead } = processLines(
        lines,
        job.from,
        source,
        job.prefix,
        parser,
        enrich,
        job.now,
        job.state,
        history,
      )
      const packed = pack(events)
      const last = events.at(-1)?.['@timestamp'] as number | undefined
      const made: Worked = { packed, lines: lines.length, unparsed, timeAhead, state, last }
      port.postMessage({ id, made }, buffersOf(packed))
    } catch (error) {
      port.postMessage({ id, error })
    }
  })
}
