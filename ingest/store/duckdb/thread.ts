/** The store thread: owns the one instance. The appender is synchronous and waits on checkpoints, so it is not the main one. */
import { parentPort, workerData } from 'node:worker_threads'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { join } from 'node:path'
import { faultOf, storeClosed } from '../errors.ts'
import { literal } from '../sql.ts'
import type { Filter } from '../filter.ts'
import type { Aggregate, Groups, Learned, Offset, Search, Window } from '../store.ts'
import { hasSome, keepOf, openAgain } from './anew.ts'
import { openCrowd } from './crowd.ts'
import { Days } from './days.ts'
import { proveLayout } from './proof.ts'
import { Reader } from './read.ts'
import { memoryOf, type Slice } from './slice.ts'
import { explain, Writer } from './write.ts'

export interface ThreadOptions {
  readonly folder: string
  readonly wait: number // ms without more lines after which a commit begins
  readonly most: number // ms after which it begins although more come
  readonly limit: number // ms a query may take
  readonly memory?: string // '4GB'
  readonly threads?: number // fixed; absent: as many as are worth it (`crowd.ts`)
}
const options = workerData as ThreadOptions

const readOffsets = async (connection: DuckDBConnection, days: Days, source?: string): Promise<Offset[]> => {
  const file = days.newest
  if (!file) return []
  // The row without a source is the newest ingest time.
  const where = source === undefined ? " WHERE source <> ''" : ' WHERE source = $1'
  const result = await connection.run(
    `SELECT source, segment, position, state, about FROM ${file.catalog}.offsets${where}`,
    source === undefined ? [] : [source],
  )
  return (await result.getRowsJS()).map(([src, segment, position, state, about]) => ({
    source: String(src),
    segment: String(segment),
    position: Number(position),
    ...(state ? { state: JSON.parse(String(state)) } : {}),
    ...(about ? { about: JSON.parse(String(about)) } : {}),
  }))
}

/** Of every day whose events are still there; a file of before it was kept has none. */
const readLearned = async (connection: DuckDBConnection, days: Days, source: string): Promise<Learned[]> => {
  const out: Learned[] = []
  for (const file of days.all()) {
    if (!file.catalog || file.problem) continue
    const there = await connection.run(
      `SELECT count(*) FROM duckdb_tables() WHERE database_name = ${literal(file.catalog.slice(1, -1))} AND table_name = 'learned'`,
    )
    if (Number((await there.getRowsJS())[0]![0]) === 0) continue
    const result = await connection.run(
      `SELECT segment, stream, position, state FROM ${file.catalog}.learned WHERE source = $1 ORDER BY rowid`,
      [source],
    )
    for (const [segment, stream, position, state] of await result.getRowsJS())
      out.push({
        source,
        segment: String(segment),
        stream: String(stream),
        position: Number(position),
        state: JSON.parse(String(state)) as Learned['state'],
      })
  }
  return out
}

const open = async () => {
  proveLayout()
  const instance = await DuckDBInstance.create(':memory:', {
    temp_directory: join(options.folder, 'tmp'),
    checkpoint_threshold: '128MB',
    enable_external_access: 'true',
    ...(options.memory ? { memory_limit: options.memory } : {}),
    ...(options.threads ? { threads: String(options.threads) } : {}),
  })
  const connection = await instance.connect()
  const days = await Days.open(options.folder, connection)
  return {
    instance,
    connection,
    crowd: await openCrowd(instance, options.threads),
    days,
    writer: new Writer(connection, days, options.wait, options.most, await readOffsets(connection, days)),
    reader: new Reader(instance, days, options.limit),
  }
}

const port = parentPort!
/** Questions that can be given up. */
const ASKED = new Set(['search', 'count', 'aggregate'])
type Append = (
  slice: Slice,
  offsets: readonly Offset[],
  learned: readonly Learned[],
  now: number,
  last: boolean,
  more: boolean,
) => void
const reply = (id: number, value: unknown, error?: unknown) => {
  if (error === undefined) port.postMessage({ id, value })
  else {
    const reason = explain(error)
    port.postMessage({ id, error: { fault: faultOf(reason), message: reason.message } })
  }
}

try {
  const { instance, connection, crowd, days, writer, reader } = await open()
  const cursors = new Map<number, AsyncIterator<unknown>>()
  let nextCursor = 1
  const agains = new Map<number, Awaited<ReturnType<typeof openAgain>> & { own: DuckDBConnection }>()
  const begin = (iterable: AsyncIterable<unknown>) => {
    cursors.set(nextCursor, iterable[Symbol.asyncIterator]())
    return nextCursor++
  }
  const calls: { [name: string]: (...args: never[]) => unknown } = {
    learned: (source: string) => readLearned(connection, days, source),
    committed: () => writer.committed,
    offsets: (source?: string) => readOffsets(connection, days, source),
    search: (search: Search, signal: AbortSignal) => reader.search(search, signal),
    count: (query: Window & { filter: Filter }, signal: AbortSignal) => reader.count(query, signal),
    aggregate: (query: Aggregate, signal: AbortSignal) => reader.aggregate(query, signal),
    match: (query: Window & { filter: Filter; fields?: readonly string[] }) => begin(reader.match(query)),
    groups: (query: Groups) => begin(reader.groups(query)),
    next: async (cursor: number) => {
      const step = await cursors.get(cursor)!.next()
      if (step.done) cursors.delete(cursor)
      return step.done ? undefined : step.value
    },
    stop: async (cursor: number) => {
      await cursors.get(cursor)?.return?.()
      cursors.delete(cursor)
    },
    days: () =>
      [...Map.groupBy(days.all(), ({ day }) => day)].map(([day, files]) => {
        const problem = files.find((file) => file.problem)?.problem
        return {
          day,
          events: files.reduce((sum, { events }) => sum + events, 0),
          bytes: files.reduce((sum, file) => sum + days.bytes(file), 0),
          ...(problem ? { problem } : {}),
        }
      }),
    seal: (taken: Filter) =>
      writer.exclusive(async () => {
        const file = days.newest
        return !file || !(await hasSome(connection, file, taken)) || days.seal()
      }),
    drop: (day: string) => days.drop(day),
    keep: async (day: string, stay: Filter) => {
      const own = await instance.connect()
      try {
        return await keepOf(days, day, stay, own)
      } finally {
        own.closeSync()
      }
    },
    'again begin': async (day: string, taken: Filter) => {
      const own = await instance.connect()
      try {
        agains.set(nextCursor, { ...(await openAgain(days, day, taken, own)), own })
      } catch (error) {
        own.closeSync()
        throw error
      }
      return nextCursor++
    },
    'again add': (again: number, slice: Slice) => agains.get(again)!.add(slice),
    'again end': (again: number) => agains.get(again)!.end(),
    'again stop': (again: number) => {
      agains.get(again)?.own.closeSync()
      agains.delete(again)
    },
    repairs: () => days.repairs,
    close: async () => {
      await writer.idle()
      // The end of the thread beneath a statement is the end of the process.
      closing = true
      for (const each of asked.values()) each.abort()
      await Promise.allSettled(underWay)
      // Each file is closed with its log folded in; an error here loses nothing, for the log is read at the next start.
      for (const file of days.all()) if (!file.problem) await connection.run(`DETACH ${file.catalog}`).catch(() => {})
      await crowd.close()
      connection.closeSync()
      instance.closeSync()
    },
  }
  /** Of questions under way that a person asked. */
  const asked = new Map<number, AbortController>()
  let closing = false
  const underWay = new Set<Promise<void>>()
  interface Call {
    readonly id: number
    readonly call: string
    readonly args: never[]
  }
  const answer = async ({ id, call, args }: Call): Promise<void> => {
    try {
      if (closing) throw storeClosed()
      if (call === 'give up') asked.get(id)?.abort()
      else if (ASKED.has(call)) {
        const controller = new AbortController()
        asked.set(id, controller)
        const [question, awaited] = args as unknown as [unknown, boolean]
        const leave = awaited ? await crowd.join() : undefined
        try {
          reply(id, await calls[call]!(question as never, controller.signal as never))
        } finally {
          asked.delete(id)
          leave?.()
        }
      } else if (call === 'append') {
        const [slice, offsets, learned, now, last, more] = args as unknown as Parameters<Append>
        let held = true
        // The memory of what was taken is free again.
        const copied = () => {
          if (!held) return
          held = false
          port.postMessage({
            id,
            copied: true,
            back: memoryOf(slice).filter((each) => each instanceof SharedArrayBuffer),
          })
        }
        // What was refused is copied by nobody, and its memory is as free.
        reply(id, await writer.append(slice, offsets, learned, now, copied, last, more).finally(copied))
      } else reply(id, await calls[call]!(...args))
    } catch (error) {
      reply(id, undefined, error)
    }
  }
  port.on('message', (message: Call) => {
    const mine = answer(message)
    if (message.call === 'close') return
    underWay.add(mine)
    void mine.then(() => underWay.delete(mine))
  })
  reply(0, true)
} catch (error) {
  reply(0, undefined, error)
}
