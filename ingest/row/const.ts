/** Texts that the program says itself: written into the memory of a chunk once, where they are used. */

export class Const {
  readonly text: string
  readonly bytes: Uint8Array
  /** Whether it holds a control character. */
  readonly control: boolean
  /** Where it lies in the memory of the chunk `epoch`; no two chunks of a process have the same one. */
  at = 0
  epoch = -1
  constructor(text: string) {
    this.text = text
    this.bytes = new TextEncoder().encode(text)
    this.control = this.bytes.some((byte) => byte < 32)
  }
}

/** Bounded, for some are made of what stands in a line. */
const MOST = 16_384
const known = new Map<string, Const>()
export const constant = (text: string): Const => {
  let found = known.get(text)
  if (!found) {
    found = new Const(text)
    if (known.size < MOST) known.set(text, found)
  }
  return found
}
