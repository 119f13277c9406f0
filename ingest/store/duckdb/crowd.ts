/**
 * How many threads the instance has. One that has no work asks for it again and again, and so does who waits for another's: with
 * small questions every second that is more than the work itself. So there is one, and as many as processors while a person waits.
 */
import { availableParallelism } from 'node:os'
import type { DuckDBInstance } from '@duckdb/node-api'

/** ms after the last question until there is one again. */
const REST = 2000

export interface Crowd {
  /** While a person waits for an answer; never rejects. The answer ends it. */
  join(): Promise<() => void>
  /** Resolves when nothing is under way on its connection: one that is closed beneath a statement ends the process. */
  close(): Promise<void>
}

/** `fixed`: as many were asked for, and so many there are. */
export const openCrowd = async (instance: DuckDBInstance, fixed: number | undefined): Promise<Crowd> => {
  const most = availableParallelism()
  if (fixed !== undefined || most === 1) return { join: async () => () => {}, close: async () => {} }
  // Of its own: the writer's waits for its commits.
  const connection = await instance.connect()
  let [waiting, now] = [0, most]
  let turn: Promise<void> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined
  let closed = false
  const set = (count: number): Promise<void> =>
    (turn = turn.then(async () => {
      if (closed || count === now) return
      await connection.run(`SET threads = ${count}`).catch(() => {})
      now = count
    }))
  await set(1)
  return {
    join: async () => {
      waiting++
      clearTimeout(timer)
      await set(most)
      return () => {
        waiting--
        if (waiting > 0) return
        clearTimeout(timer)
        timer = setTimeout(() => void set(1), REST)
        timer.unref()
      }
    },
    close: async () => {
      clearTimeout(timer)
      closed = true
      await turn
      connection.closeSync()
    },
  }
}
