/**
 * The parse stages of a process: a few lines are taken apart where they are, many in a thread of their own, which ends when it
 * has had nothing to do for a while. What comes out is the same.
 */
import { Worker } from 'node:worker_threads'
import { createRowEnricher, type EnrichRow } from './enrich/enrich.ts'
import { type Databases, type GeoIpFiles, openGeoIp, renewedOf } from './enrich/geoip.ts'
import type { Inventory } from './inventory/inventory.ts'
import { type Judging, type Mark, openMark } from './judge.ts'
import { parseOf } from './described/parse-of.ts'
import { parsers } from './parsers/index.ts'
import { Row } from './row/row.ts'
import type { Sink } from './row/sink.ts'
import { type Source, UNKNOWN_SOURCE } from './source.ts'
import { type Job, type Made, openStage } from './stage.ts'
import type { EventStore, Packed } from './store/store.ts'

export interface StagesOptions {
  readonly sources: readonly Source[]
  readonly inventory: Inventory
  readonly geoip: GeoIpFiles
  readonly history: boolean
  readonly much?: boolean
  readonly packing: EventStore['packing']
  /** The rules that rows are judged by; absent: by none. */
  readonly judging?: Judging | undefined
}
export interface Stages {
  /** In any order. Rejects where a thread ends before its time. */
  run(source: string, job: Job): Promise<Made<Packed>>
  /** Resolves when many more lines would not have to wait for long. */
  room(): Promise<void>
  /** Applies from the next job on; of a source that says something else no job is under way. */
  setSources(sources: readonly Source[]): void
  /** Applies from the next job on. */
  setInventory(inventory: Inventory): void
  /** Applies from the next job on; resolves when no job is under way that was begun by the rules before. */
  setJudging(judging: Judging): Promise<void>
  stop(): Promise<void>
}

/** Bytes of lines from which on a thread is worth the way to it: what is behind comes by the MiB. */
const MANY = 768 * 1024
/**
 * Bytes a second that are taken apart where they are: some 3,000 lines, a twentieth of a processor. A thread has rules, inventory
 * and memory of its own, more than 100 MB, and ends only when it has rested; beyond this it is worth them.
 */
const EASY = 1_500_000
/** Jobs for the thread: one under way, two that wait for it. */
const MOST_JOBS = 3
/** ms without a job after which it ends. */
const IDLE = 20_000

/** What the module says that `packing` of a store names. */
export interface Packing {
  openSink(): Sink<Packed>
  /** Memory of what was packed, to hand over from thread to thread. */
  buffersOf(packed: Packed): ArrayBuffer[]
  /** Memory that the store has given back; taken out, to be used in another thread. */
  spares(): ArrayBufferLike[]
  reuse(buffers: readonly ArrayBufferLike[]): void
}

/** Opens the stages of sources in this thread, each when its first lines come. */
export const openSources = (
  { sources: first, history }: Pick<StagesOptions, 'sources' | 'history'>,
  enrich: () => EnrichRow,
  sink: Sink<Packed>,
  mark?: () => Mark | undefined,
): { run(source: string, job: Job): Made<Packed>; set(sources: readonly Source[]): void } => {
  const row = new Row()
  const stages = new Map<string, (job: Job) => Made<Packed>>()
  let sources = first
  const run = (id: string, job: Job): Made<Packed> => {
    let stage = stages.get(id)
    if (!stage) {
      const source = sources.find((each) => each.id === id)!
      const parse = source.parser === UNKNOWN_SOURCE ? undefined : parseOf(source)
      const joiner = parsers.get(source.parser)?.joiner
      stages.set(
        id,
        (stage = openStage({
          source,
          parse,
          joiner,
          enrich: (row, known) => enrich()(row, known),
          sink,
          history,
          mark,
          row,
        })),
      )
    }
    return stage(job)
  }
  return {
    run,
    set: (next) => {
      sources = next
      // What a source says of its lines is read anew; what its parser remembers comes with each job.
      stages.clear()
    },
  }
}

/** Databases that are read once a process: each is megabytes. */
const databases = new Map<string, Databases>()
const geoIpOf = (files: GeoIpFiles): Databases => {
  const key = JSON.stringify(files)
  const known = databases.get(key)
  const found = known ? renewedOf(known) : openGeoIp(files)
  databases.set(key, found)
  return found
}

export const openStages = async (options: StagesOptions): Promise<Stages> => {
  let { inventory, judging, sources } = options
  let geoip = geoIpOf(options.geoip)
  let enrich: EnrichRow | undefined
  const { openSink, spares } = (await import(options.packing.module)) as Packing
  let mark = judging && !options.history ? await openMark(judging) : undefined
  const here = openSources(
    options,
    () => (enrich ??= createRowEnricher({ inventory, geoip })),
    openSink(),
    () => mark,
  )
  const isJoined = (id: string): boolean =>
    parsers.get(sources.find((source) => source.id === id)?.parser ?? '')?.joiner !== undefined
  /** Bytes that were taken apart here lately, less what is easy in the time since. */
  let [spent, since] = [0, performance.now()]
  const isEasy = (size: number): boolean => {
    const now = performance.now()
    spent = Math.max(0, spent - ((now - since) * EASY) / 1000)
    since = now
    if (size >= MANY || spent > EASY) return false
    spent += size
    return true
  }
  let thread: Thread | undefined
  const waiting: (() => void)[] = []
  const free = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  const ending = new Set<Promise<unknown>>()
  const started = (): Thread => {
    if (thread) return thread
    const mine = startThread({ ...options, sources, inventory, judging }, spares, free, () => {
      if (thread === mine) thread = undefined
      ending.add(mine.end().finally(() => ending.delete(ending.values().next().value!)))
    })
    return (thread = mine)
  }
  if (options.much) started()
  return {
    run: (source, job) => {
      const { from, to, count } = job.lines
      const size = count === 0 ? 0 : to[count - 1]! - from[0]!
      // Lines that are joined are worked on where their reading is.
      if (isEasy(size) || isJoined(source)) {
        try {
          return Promise.resolve(here.run(source, job))
        } catch (error) {
          return Promise.reject(error as Error)
        }
      }
      return started().run(source, job)
    },
    room: async () => {
      while (thread && thread.jobs() >= MOST_JOBS) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    setSources: (next) => {
      sources = next
      here.set(next)
      thread?.setSources(next)
    },
    setInventory: (next) => {
      inventory = next
      geoip = geoIpOf(options.geoip)
      enrich = undefined
      thread?.setInventory(next)
    },
    setJudging: async (next) => {
      const opened = await openMark(next)
      judging = next
      mark = opened
      await thread?.setJudging(next)
    },
    stop: async () => {
      await thread?.end()
      thread = undefined
      await Promise.allSettled(ending)
      free()
    },
  }
}

interface Thread {
  run(source: string, job: Job): Promise<Made<Packed>>
  jobs(): number
  setSources(sources: readonly Source[]): void
  setInventory(inventory: Inventory): void
  setJudging(judging: Judging): Promise<void>
  end(): Promise<void>
}

/** `idle` is called when it has rested, or is dead: nothing more is asked of it then. */
const startThread = (options: StagesOptions, spares: Packing['spares'], free: () => void, idle: () => void): Thread => {
  const asked = new Map<number, { resolve(made: Made<Packed>): void; reject(error: Error): void }>()
  let next = 0
  let dead: Error | undefined
  let timer: NodeJS.Timeout | undefined
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options })
  const rest = () => {
    clearTimeout(timer)
    if (asked.size === 0) (timer = setTimeout(idle, IDLE)).unref()
  }
  const fail = (error: Error) => {
    if (dead) return
    dead = error
    clearTimeout(timer)
    for (const { reject } of asked.values()) reject(dead)
    asked.clear()
    idle()
    free()
  }
  worker.on('message', ({ id, made, error }: { id: number; made: Made<Packed>; error?: Error }) => {
    const job = asked.get(id)
    asked.delete(id)
    if (error) job?.reject(error)
    else job?.resolve(made)
    rest()
    free()
  })
  worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
  worker.on('exit', () => fail(new Error('the thread that takes lines apart has ended')))
  const ask = (message: () => object): Promise<Made<Packed>> =>
    new Promise((resolve, reject) => {
      if (dead) return reject(dead)
      clearTimeout(timer)
      const id = next++
      // What cannot be sent is no job.
      worker.postMessage({ id, ...message() })
      asked.set(id, { resolve, reject })
    })
  return {
    // The lines are kept here too, for what the parser remembers may turn out to be another: the memory is copied.
    run: (source, job) => ask(() => ({ source, job, spare: spares() })),
    jobs: () => asked.size,
    setSources: (sources) => worker.postMessage({ sources }),
    setInventory: (inventory) => worker.postMessage({ inventory }),
    setJudging: (judging) => ask(() => ({ judging })).then(() => {}),
    end: async () => {
      clearTimeout(timer)
      await worker.terminate()
    },
  }
}
