/** Events in DuckDB, a file for each UTC day of ingest, behind a thread of its own. */
import { Worker } from 'node:worker_threads'
import type { Event } from '../event.ts'
import { columnSink } from './duckdb/columns.ts'
import { reuse } from './pool.ts'
import { buffersOf, FULL, type Slice } from './duckdb/slice.ts'
import { Row } from '../row/row.ts'
import { through } from '../row/sink.ts'
import type { ThreadOptions } from './duckdb/thread.ts'
import { scoped } from './scope.ts'
import type { Filter } from './filter.ts'
import {
  type Asked,
  type Bucket,
  type EventStore,
  ingestedOn,
  type Scope,
  type Fault,
  errorOf,
  givenUp,
  storeClosed,
} from './store.ts'

export interface DuckdbOptions {
  readonly folder: string
  /** ms that a commit waits for more lines; what is committed at once shares an ingest time. */
  readonly wait?: number
  /** ms after which a commit begins although more lines come: 1000; an import takes longer ones. */
  readonly most?: number
  readonly queryLimit?: number
  readonly memory?: string
  /** Threads of DuckDB; where it is not said one, and as many as there are processors while a person waits. */
  readonly threads?: number
}

interface Answer {
  readonly id: number
  readonly value: never
  readonly error?: { readonly fault: Fault | undefined; readonly message: string }
  /** Memory that the store thread needs no more. */
  readonly back?: ArrayBufferLike[]
  /** Not the answer yet: the store thread has copied what was appended. */
  readonly copied?: boolean
}

/** Opens the day files of a folder. Rejects with a `StoreError` that a person can act on. */
export const openDuckdb = async (
  options: DuckdbOptions,
): Promise<EventStore & { readonly repairs: readonly string[] }> => {
  const workerData: ThreadOptions = {
    folder: options.folder,
    wait: options.wait ?? 250,
    most: options.most ?? 1000,
    limit: options.queryLimit ?? 30_000,
    ...(options.memory ? { memory: options.memory } : {}),
    ...(options.threads ? { threads: options.threads } : {}),
  }
  const sink = columnSink()
  const row = new Row()
  const worker = new Worker(new URL('./duckdb/thread.ts', import.meta.url), { workerData })
  const waiting = new Map<number, { resolve(value: never): void; reject(error: Error): void }>()
  const onCopied = new Map<number, () => void>()
  let next = 1
  let dead: Error | undefined
  const fail = (error: Error) => {
    dead = error
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  worker.on('message', ({ id, value, error, back, copied }: Answer) => {
    if (back) reuse(back)
    if (copied) return onCopied.get(id)?.()
    onCopied.delete(id)
    const call = waiting.get(id)
    waiting.delete(id)
    if (error) call?.reject(errorOf(error.message, error.fault))
    else call?.resolve(value)
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(storeClosed()))
  const expect = <T>(id: number) =>
    new Promise<T>((resolve, reject) => waiting.set(id, { resolve: resolve as (value: never) => void, reject }))
  const call = <T>(name: string, ...args: unknown[]): Promise<T> => {
    if (dead) return Promise.reject(dead)
    const id = next++
    const answer = expect<T>(id)
    worker.postMessage({ id, call: name, args })
    return answer
  }
  /** A question that is given up when nobody waits for it any more. */
  const ask = <T, Q extends Asked & { readonly filter: Filter }>(name: string, scope: Scope, query: Q): Promise<T> => {
    const { signal, ...rest } = query
    if (signal?.aborted) return Promise.reject(givenUp())
    const id = next
    const answer = call<T>(name, { ...rest, filter: scoped(scope, query.filter) }, signal !== undefined)
    if (!signal || dead) return answer
    const giveUp = () => worker.postMessage({ id, call: 'give up', args: [] })
    signal.addEventListener('abort', giveUp, { once: true })
    return answer.finally(() => signal.removeEventListener('abort', giveUp))
  }
  /** A chunk is read while the one before it is looked at. */
  const iterate = async function* <T>(name: string, query: unknown): AsyncIterable<T> {
    const cursor = await call<number>(name, query)
    const next = () => {
      const chunk = call<T | undefined>('next', cursor)
      // Whoever waits for it is told; nobody may, where the reader has stopped.
      chunk.catch(() => {})
      return chunk
    }
    let done = false
    try {
      for (let ahead = next(); ; ) {
        const chunk = await ahead
        if (chunk === undefined) {
          done = true
          return
        }
        ahead = next()
        yield chunk
      }
    } finally {
      if (!done && !dead) await call('stop', cursor)
    }
  }
  try {
    await expect(0)
  } catch (error) {
    await worker.terminate()
    throw error
  }
  const repairs = await call<string[]>('repairs')
  return {
    repairs,
    packing: { module: new URL('./duckdb/packing.ts', import.meta.url).href, full: FULL },
    append: ({ events, packed, offsets, learned = [], last = false, more = false, copied }, now) => {
      const slice = (packed as Slice | undefined) ?? through(sink, row, events)
      if (dead) return Promise.reject(dead)
      const id = next++
      const answer = expect<{ ingested: number }>(id)
      if (copied) onCopied.set(id, copied)
      worker.postMessage({ id, call: 'append', args: [slice, offsets, learned, now, last, more] }, buffersOf(slice))
      return answer
    },
    committed: () => call('committed'),
    offsets: (source) => call('offsets', source),
    learned: (source) => call('learned', source),
    search: (scope, search) => ask('search', scope, search),
    aggregate: (scope, query) => ask('aggregate', scope, query),
    count: (scope, query) => ask('count', scope, query),
    match: (scope, query) => iterate<readonly Event[]>('match', { ...query, filter: scoped(scope, query.filter) }),
    groups: (scope, query) => iterate<readonly Bucket[]>('groups', { ...query, filter: scoped(scope, query.filter) }),
    days: () => call('days'),
    seal: (taken) => call('seal', taken),
    drop: (day) => call('drop', day),
    keep: (day, stay) => call('keep', day, stay),
    rewrite: async (day, taken, make) => {
      const again = await call<number>('again begin', day, taken)
      try {
        for await (const events of iterate<readonly Event[]>('match', { filter: taken, ingested: ingestedOn(day) })) {
          const made = await make(events)
          if (made.length > 0) await call('again add', again, through(sink, row, made))
        }
        return await call<number>('again end', again)
      } finally {
        if (!dead) await call('again stop', again)
      }
    },
    close: async () => {
      if (dead) return
      await call('close')
      await worker.terminate()
    },
  }
}
