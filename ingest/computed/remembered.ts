/** A function of a text, remembered: what is asked of many events is mostly asked of the same texts. */

/** Texts that are remembered; then all are forgotten at once. Longer ones are not: senders choose texts. */
const MOST = 4096
const LONGEST = 512

export const remembered = <T>(make: (text: string) => T): ((text: string) => T) => {
  const known = new Map<string, T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (text.length > LONGEST) return made
    if (known.size >= MOST) known.clear()
    known.set(text, made)
    return made
  }
}
