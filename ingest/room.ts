/** Bounds what is under way: rows that were handed to the store and are not yet committed. */
export interface Taken {
  /** The store has them in its own memory, where what belongs to one commit is bounded too: others may follow. */
  copied(): void
  /** They are no longer under way: committed, or refused. */
  done(): void
}
export interface Room {
  /** Resolves when so many more fit, or when it was ended. More than there is room for at all goes alone. */
  wait(rows: number): Promise<void>
  /** Counts them; `copied` and `done` may each be called more than once. */
  take(rows: number): Taken
  taken(): number
  /** Nobody waits any longer. */
  end(): void
}

export const openRoom = (most: number): Room => {
  const waiting: (() => void)[] = []
  /** Under way, and of these not yet copied. */
  let taken = 0
  let held = 0
  let ended = false
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  return {
    wait: async (rows) => {
      while (held > 0 && held + rows > most && !ended) await new Promise<void>((resolve) => waiting.push(resolve))
    },
    take: (rows) => {
      taken += rows
      held += rows
      let [isCopied, isDone] = [false, false]
      const copied = () => {
        if (isCopied) return
        isCopied = true
        held -= rows
        wake()
      }
      return {
        copied,
        done: () => {
          copied()
          if (isDone) return
          isDone = true
          taken -= rows
        },
      }
    },
    taken: () => taken,
    end: () => {
      ended = true
      wake()
    },
  }
}
