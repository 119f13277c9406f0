/** A function of a text, remembered: what is asked of many events is mostly asked of the same texts. */

/** How many of a generation: two are kept. */
const MOST = 4096

/** Remembers by text, in two generations: what comes again outlives what comes once. */
export class Recent<T> {
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  get(key: string): T | undefined {
    const found = this.#young.get(key)
    if (found !== undefined) return found
    const older = this.#old.get(key)
    if (older !== undefined) this.set(key, older)
    return older
  }
  set(key: string, value: T): void {
    if (this.#young.size >= MOST) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }
}

/** Longer texts are not remembered: senders choose texts. */
const LONGEST = 512

export const remembered = <T>(make: (text: string) => T): ((text: string) => T) => {
  const known = new Recent<T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (text.length <= LONGEST) known.set(text, made)
    return made
  }
}
