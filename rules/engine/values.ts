/** What there is by folded text, found by the bytes of a text: no string is made of ASCII. */
import { fold } from '../../ingest/store/match.ts'

const LONGEST = 255
const LOWER = Uint8Array.from({ length: 256 }, (_, byte) => (byte >= 65 && byte <= 90 ? byte + 32 : byte))
/** The hash of a text without its case, odd only in what it is compared with: senders choose texts, but not those of rules. */
const hashOf = (bytes: Uint8Array, from: number, to: number): number => {
  let hash = to - from
  for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + LOWER[bytes[i]!]!) | 0
  return hash
}
interface Entry<T> {
  readonly bytes: Uint8Array
  readonly value: T
}

export class Values<T> {
  readonly #texts: ReadonlyMap<string, T>
  /** Which lengths there are: most texts are of none. */
  readonly #lengths = new Uint8Array(LONGEST + 1)
  readonly #long: boolean
  readonly #entries = new Map<number, Entry<T>[]>()

  /** `texts`: folded. */
  constructor(texts: ReadonlyMap<string, T>) {
    this.#texts = texts
    let long = false
    for (const [text, value] of texts) {
      const bytes = new TextEncoder().encode(text)
      if (bytes.length > LONGEST) long = true
      else this.#lengths[bytes.length] = 1
      const hash = hashOf(bytes, 0, bytes.length)
      const same = this.#entries.get(hash)
      if (same) same.push({ bytes, value })
      else this.#entries.set(hash, [{ bytes, value }])
    }
    this.#long = long
  }
  get(bytes: Uint8Array, from: number, to: number): T | undefined {
    const size = to - from
    for (let i = from; i < to; i++)
      if (bytes[i]! >= 0x80)
        return this.#texts.get(fold(Buffer.from(bytes.buffer, bytes.byteOffset + from, size).toString('utf8')))
    if (size > LONGEST ? !this.#long : this.#lengths[size] === 0) return undefined
    const those = this.#entries.get(hashOf(bytes, from, to))
    if (!those) return undefined
    for (const { bytes: text, value } of those) {
      let i = 0
      if (text.length === size) while (i < size && text[i] === LOWER[bytes[from + i]!]) i++
      if (i === size) return value
    }
    return undefined
  }
}
