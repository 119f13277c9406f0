/** Bounds what is under way: rows that were handed to the store and are not yet committed. */
export interface Room {
  /** Resolves when so many more fit, or when it was ended. More than there is room for at all goes alone. */
  wait(rows: number): Promise<void>
  /** Counts them; answers what to call when they are no longer under way. */
  take(rows: number): () => void
  taken(): number
  /** Nobody waits any longer. */
  end(): void
}

export const openRoom = (most: number): Room => {
  const waiting: (() => void)[] = []
  let taken = 0
  let ended = false
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  return {
    wait: async (rows) => {
      while (taken > 0 && taken + rows > most && !ended) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    take: (rows) => {
      taken += rows
      return () => {
        taken -= rows
        wake()
      }
    },
    taken: () => taken,
    end: () => {
      ended = true
      wake()
    },
  }
}
