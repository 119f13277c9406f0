/**
 * The thread that judges events with long texts. Whoever waits for it sees in shared memory how far it is, and ends it where
 * it stays in one place for too long: an expression cannot be interrupted otherwise.
 */
import { parentPort, workerData } from 'node:worker_threads'
import type { Event } from '../../ingest/event.ts'
import type { Filter } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { openEngine } from './engine.ts'

export interface SlowInput {
  readonly filters: readonly Filter[]
  /** Of Int32: how often it has begun something, and which filter it is at where each is asked by itself. */
  readonly progress: SharedArrayBuffer
}
export type SlowQuestion =
  | { readonly event: Event }
  /** Each filter by itself, from this one on; those that are named are left out. */
  | { readonly event: Event; readonly from: number; readonly without: readonly number[] }

if (parentPort) {
  const port = parentPort
  const { filters, progress } = workerData as SlowInput
  const at = new Int32Array(progress)
  const engine = openEngine(filters)
  port.on('message', (question: SlowQuestion) => {
    const met: number[] = []
    Atomics.add(at, 0, 1)
    if ('from' in question) {
      const without = new Set(question.without)
      for (let i = question.from; i < filters.length; i++) {
        if (without.has(i)) continue
        Atomics.store(at, 1, i)
        Atomics.add(at, 0, 1)
        if (compile(filters[i]!)(question.event)) port.postMessage({ met: [i], done: false })
      }
    } else engine.match(question.event, (filter) => met.push(filter))
    port.postMessage({ met, done: true })
  })
  port.postMessage({ met: [], done: true })
}
