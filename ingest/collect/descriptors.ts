/** How many files and sockets a process may have open, and how many it has: connections must leave some to everything else. */
import { readdirSync, readFileSync } from 'node:fs'

/** ms that a count is good for. */
const FRESH = 100

const limit = (): number => {
  try {
    const [, soft] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
    return soft === undefined ? Infinity : Number(soft)
  } catch {
    return Infinity // Linux only
  }
}
const inUse = (): number => {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return 0
  }
}

/** Answers whether one more connection leaves a quarter to console, HTTP, store and files. */
export const openDescriptors = (): (() => boolean) => {
  const most = limit()
  const room = most - Math.min(1024, Math.ceil(most / 4))
  let counted = -Infinity
  let used = 0
  return () => {
    if (room === Infinity) return true
    used++
    if (used < room) {
      // Others open files too.
      if (performance.now() - counted < 10_000) return true
    } else if (performance.now() - counted < FRESH) return false
    counted = performance.now()
    used = inUse()
    return used <= room
  }
}
