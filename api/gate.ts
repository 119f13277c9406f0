/**
 * Heavy questions at a time: a few of a person, so that nobody takes the store from the others, and some in all. Who comes
 * after waits for a turn, in order, and is told where that takes too long.
 */
import { createMiddleware } from 'hono/factory'
import type { Env } from './context.ts'
import { Refusal } from './refusal.ts'

const EACH = 2
const ALL = 10
/** ms that one waits for a turn, and how many may wait. */
const PATIENCE = 20_000
const MOST_WAITING = 200

export interface Gate {
  /** Resolves with what is called when the work has ended. Rejects where it takes too long, or who asks has gone. */
  enter(who: string, signal?: AbortSignal): Promise<() => void>
}

export const openGate = ({ each = EACH, all = ALL, patience = PATIENCE } = {}): Gate => {
  const running = new Map<string, number>()
  let total = 0
  const waiting: { readonly who: string; readonly go: () => void }[] = []
  const fits = (who: string) => total < all && (running.get(who) ?? 0) < each
  const begin = (who: string) => {
    total++
    running.set(who, (running.get(who) ?? 0) + 1)
    let ended = false
    return () => {
      if (ended) return
      ended = true
      total--
      const left = running.get(who)! - 1
      if (left) running.set(who, left)
      else running.delete(who)
      const next = waiting.findIndex((one) => fits(one.who))
      if (next >= 0) waiting.splice(next, 1)[0]!.go()
    }
  }
  const busy = () =>
    new Refusal(
      503,
      'busy',
      'Đang có nhiều truy vấn nặng chưa xong: hãy đợi chúng kết thúc rồi thử lại, hoặc chọn khoảng thời gian ngắn hơn.',
      'Many heavy searches are still running: wait for them to end and try again, or choose a shorter time range.',
    )
  return {
    enter: async (who, signal) => {
      if (fits(who)) return begin(who)
      if (waiting.length >= MOST_WAITING) throw busy()
      return new Promise((resolve, reject) => {
        const leave = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', gone)
          const at = waiting.indexOf(place)
          if (at >= 0) waiting.splice(at, 1)
        }
        const gone = () => {
          leave()
          reject(busy())
        }
        const place = {
          who,
          go: () => {
            leave()
            resolve(begin(who))
          },
        }
        const timer = setTimeout(gone, patience)
        signal?.addEventListener('abort', gone, { once: true })
        waiting.push(place)
      })
    },
  }
}

/** Lets a person's questions through, in turn. */
export const heavy = (gate: Gate) =>
  createMiddleware<Env>(async (c, next) => {
    if (c.req.method !== 'GET') return next()
    const leave = await gate.enter(c.var.user.id, c.req.raw.signal)
    try {
      await next()
    } finally {
      leave()
    }
  })
