/**
 * Threads that turn bytes of log files into what the store takes. History comes as fast as it can be read, and parsing a
 * line costs more than storing it: a thread for each processor, and the one that asks stays free for everything else.
 */
import { Worker } from 'node:worker_threads'
import type { Job, WorkerOptions, Worked } from './worker.ts'

export interface Workers {
  /** In any order. Rejects where a thread ends before its time. */
  run(job: Job): Promise<Worked>
  /** Resolves when another job would not have to wait for long. */
  room(): Promise<void>
  stop(): Promise<void>
}

/** Jobs for each thread: one under way, one that waits for it. */
const EACH = 2

export const openWorkers = (threads: number, options: WorkerOptions): Workers => {
  const waiting = new Map<number, { resolve(made: Worked): void; reject(error: Error): void; thread: number }>()
  const roomWaiters: (() => void)[] = []
  const busy = new Array<number>(threads).fill(0)
  let dead: Error | undefined
  let next = 0
  const free = () => {
    for (const resolve of roomWaiters.splice(0)) resolve()
  }
  const fail = (error: Error) => {
    dead ??= error
    for (const { reject } of waiting.values()) reject(dead)
    waiting.clear()
    free()
  }
  const workers = Array.from({ length: threads }, (_, thread) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData: options })
    worker.on('message', ({ id, made, error }: { id: number; made: Worked; error?: Error }) => {
      const job = waiting.get(id)
      waiting.delete(id)
      busy[thread]!--
      if (error) job?.reject(error)
      else job?.resolve(made)
      free()
    })
    worker.on('error', (error) => fail(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', () => fail(new Error('a thread that reads lines has ended')))
    return worker
  })
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        if (dead) return reject(dead)
        const thread = busy.indexOf(Math.min(...busy))
        const id = next++
        busy[thread]!++
        waiting.set(id, { resolve, reject, thread })
        workers[thread]!.postMessage({ id, job })
      }),
    room: async () => {
      while (!dead && busy.every((jobs) => jobs >= EACH))
        await new Promise<void>((resolve) => roomWaiters.push(resolve))
    },
    stop: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()))
    },
  }
}
