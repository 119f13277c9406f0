/** What was refused, lost or held back where lines come in: counted by its kind, warned of once a minute, and said for an hour. */
const SAID = 3_600_000
const AGAIN = 60_000

export interface Notice {
  readonly code: string
  readonly message: string
}
export interface Notices {
  /** `code` is one of a few: nothing that a sender says. `sentence` tells of all since the process began. */
  add(code: string, count: number, sentence: (total: number) => string): void
  /** What is so until it is said to be over (undefined). */
  set(code: string, sentence: string | undefined): void
  said(): Notice[]
  /** Since the process began. */
  totals(): ReadonlyMap<string, number>
}

export const openNotices = (warn: (message: string) => void): Notices => {
  const totals = new Map<string, number>()
  const last = new Map<string, { message: string; at: number }>()
  const now = new Map<string, string>()
  const warned = new Map<string, number>()
  const tell = (code: string, message: string) => {
    const at = performance.now()
    if (at - (warned.get(code) ?? -Infinity) <= AGAIN) return
    warned.set(code, at)
    warn(message)
  }
  return {
    add: (code, count, sentence) => {
      const total = (totals.get(code) ?? 0) + count
      totals.set(code, total)
      const message = sentence(total)
      last.set(code, { message, at: performance.now() })
      tell(code, message)
    },
    set: (code, sentence) => {
      if (sentence === undefined) now.delete(code)
      else {
        tell(code, sentence)
        now.set(code, sentence)
      }
    },
    said: () => {
      const at = performance.now()
      return [
        ...[...now].map(([code, message]) => ({ code, message })),
        ...[...last].filter(([, each]) => at - each.at < SAID).map(([code, { message }]) => ({ code, message })),
      ]
    },
    totals: () => totals,
  }
}
