/**
 * Which of many words stand in a text: Aho and Corasick's automaton as one dense table, a row a state, a column a class of
 * characters (those that words hold; all others lead to the root). Case is folded by the table of classes, so that no text
 * is copied. U+017F, U+0130 and U+212A count as s, i and k, to which simple folding leads them.
 */

/** Beyond it no word has letters, but for the sign of kelvin. */
const MOST = 0x2000
const KELVIN = 0x212a

/** Of each unit its lower case, where that is one unit of those: else itself. */
const LOWER = Uint16Array.from({ length: MOST }, (_, code) => {
  const lower = String.fromCharCode(code).toLowerCase()
  return lower.length === 1 && lower.charCodeAt(0) < MOST ? lower.charCodeAt(0) : code
})

export class Words {
  readonly #classes = new Uint16Array(MOST)
  readonly #kelvin: number
  readonly #width: number
  /** States are multiples of the width. */
  readonly #next: Int32Array
  /** The first state at which words end: those are numbered last, and one comparison tells them. */
  readonly #ending: number
  readonly #ends: readonly Int32Array[]

  constructor(words: readonly string[]) {
    const classes = this.#classes
    let width = 1
    let most = 1
    for (const word of words) {
      most += word.length
      for (let i = 0; i < word.length; i++) if (!classes[word.charCodeAt(i)]) classes[word.charCodeAt(i)] = width++
    }
    for (let code = 0; code < MOST; code++) if (!classes[code]) classes[code] = classes[LOWER[code]!]!
    classes[0x17f] = classes[115]!
    classes[0x130] = classes[105]!
    this.#kelvin = classes[107]!
    this.#width = width

    // By state and class where it leads; 0, the root, where no word goes on.
    const go = new Int32Array(most * width)
    const own: number[][] = [[]]
    for (const [id, word] of words.entries()) {
      let state = 0
      for (let i = 0; i < word.length; i++) {
        const at = state * width + classes[word.charCodeAt(i)]!
        if (go[at] === 0) {
          go[at] = own.length
          own.push([])
        }
        state = go[at]!
      }
      own[state]!.push(id)
    }
    const states = own.length
    const fail = new Int32Array(states)
    const queue: number[] = []
    for (let by = 0; by < width; by++) if (go[by]! > 0) queue.push(go[by]!)
    for (let q = 0; q < queue.length; q++) {
      const state = queue[q]!
      const shorter = fail[state]!
      for (const id of own[shorter]!) own[state]!.push(id)
      for (let by = 0; by < width; by++) {
        const to = go[state * width + by]!
        const other = go[shorter * width + by]!
        if (to === 0) go[state * width + by] = other
        else {
          fail[to] = other
          queue.push(to)
        }
      }
    }
    const ends = (state: number) => own[state]!.length > 0
    const order = [0, ...queue].sort((a, b) => Number(ends(a)) - Number(ends(b)))
    const place = new Int32Array(states)
    for (const [i, state] of order.entries()) place[state] = i
    const first = order.findIndex(ends)
    this.#ending = first < 0 ? Number.MAX_SAFE_INTEGER : first * width
    this.#next = new Int32Array(states * width)
    for (let state = 0; state < states; state++)
      for (let by = 0; by < width; by++)
        this.#next[place[state]! * width + by] = place[go[state * width + by]!]! * width
    this.#ends = order.filter(ends).map((state) => Int32Array.from(new Set(own[state])))
  }

  /** The same of a text that lies in `bytes` as UTF-8. What is none leads to the root, as U+FFFD would that stands for it. */
  scanBytes(bytes: Uint8Array, from: number, to: number, found: (word: number) => void): void {
    const classes = this.#classes
    const next = this.#next
    const ending = this.#ending
    let state = 0
    for (let i = from; i < to; i++) {
      const byte = bytes[i]!
      let by = 0
      if (byte < 0x80) by = classes[byte]!
      else if (byte >= 0xc0 && byte < 0xf0) {
        // A byte that goes on is below 0x40 without its mark.
        const second = bytes[i + 1]! ^ 0x80
        if (second < 0x40 && byte < 0xe0) {
          by = classes[((byte & 31) << 6) | second]!
          i++
        } else if (second < 0x40) {
          const third = bytes[i + 2]! ^ 0x80
          if (third < 0x40) {
            const code = ((byte & 15) << 12) | (second << 6) | third
            by = code < MOST ? classes[code]! : code === KELVIN ? this.#kelvin : 0
            i += 2
          }
        }
      }
      state = next[state + by]!
      if (state >= ending) this.#tell(state, found)
    }
  }
  #tell(state: number, found: (word: number) => void): void {
    const ends = this.#ends[(state - this.#ending) / this.#width]!
    for (let k = 0; k < ends.length; k++) found(ends[k]!)
  }

  /** Tells the words of a text, in any order and as often as they stand there. */
  scan(text: string, found: (word: number) => void): void {
    const classes = this.#classes
    const next = this.#next
    const ending = this.#ending
    let state = 0
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      state = next[state + (code < MOST ? classes[code]! : code === KELVIN ? this.#kelvin : 0)]!
      if (state >= ending) this.#tell(state, found)
    }
  }
}
