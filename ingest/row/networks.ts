/** Which of many networks hold an address: one look-up for each prefix length there is, over the words of the address. */
import type { Network } from '../ip.ts'
import type { Address } from './address.ts'

interface Slot<T> {
  readonly words: readonly [number, number, number, number]
  readonly values: T[]
}
interface Length<T> {
  readonly bits: number
  readonly masks: readonly [number, number, number, number]
  readonly slots: Map<number, Slot<T>[]>
}

const hash = (a: number, b: number, c: number, d: number): number =>
  (Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d) ^ Math.imul(d, 0x27d4eb2f)) | 0

/** Of the networks that hold an address the values, the longest prefix first, in the order given within a length; equal answers are the same list. */
export const openNetworks = <T>(networks: Iterable<readonly [Network, T]>): ((address: Address) => readonly T[]) => {
  const lengths = new Map<number, Length<T>>()
  for (const [{ ip, bits }, value] of networks) {
    let length = lengths.get(bits)
    if (!length) {
      const mask = (word: number) => {
        const keep = Math.max(0, Math.min(32, bits - word * 32))
        return keep === 0 ? 0 : (-1 << (32 - keep)) | 0
      }
      lengths.set(bits, (length = { bits, masks: [mask(0), mask(1), mask(2), mask(3)], slots: new Map() }))
    }
    const words = [
      Number(ip.high >> 32n) | 0,
      Number(ip.high & 0xffffffffn) | 0,
      Number(ip.low >> 32n) | 0,
      Number(ip.low & 0xffffffffn) | 0,
    ] as const
    const key = hash(...words)
    const slots = length.slots.get(key) ?? []
    if (slots.length === 0) length.slots.set(key, slots)
    const slot = slots.find((each) => each.words.every((word, i) => word === words[i]))
    if (slot) slot.values.push(value)
    else slots.push({ words, values: [value] })
  }
  const sorted = [...lengths.values()].sort((a, b) => b.bits - a.bits)
  const none: readonly T[] = []
  // The same answer is the same list, so that what is known of lists can be remembered.
  const joined = new Map<readonly T[], Map<readonly T[], readonly T[]>>()
  const both = (one: readonly T[], other: readonly T[]): readonly T[] => {
    let known = joined.get(one)
    if (!known) joined.set(one, (known = new Map()))
    let all = known.get(other)
    if (!all) known.set(other, (all = [...one, ...other]))
    return all
  }
  return ({ word0, word1, word2, word3, v6 }) => {
    let out: readonly T[] = none
    for (let i = 0; i < sorted.length; i++) {
      const { bits, masks, slots } = sorted[i]!
      if (bits < 96 && !v6) break // no IPv6 network holds an IPv4 address
      const a = word1 & masks[0]
      const b = word0 & masks[1]
      const c = word3 & masks[2]
      const d = word2 & masks[3]
      const found = slots.get(hash(a, b, c, d))
      if (found === undefined) continue
      for (const { words, values } of found)
        if (words[0] === a && words[1] === b && words[2] === c && words[3] === d)
          out = out === none ? values : both(out, values)
    }
    return out
  }
}
