/**
 * Finds a pattern's captures in two passes over a line, each of one step a byte whatever the pattern is. Backwards: from which of the
 * pattern's places what follows here can be matched to the end; such sets are few and met again (a lazy DFA). Then forwards: of
 * the ways that lead on, in the pattern's order of preference, the first that is in the next place's set, which is the one that trying
 * and going back would find (RE2's and Perl's "leftmost-first").
 */
import { type Bytes, bytesOf, type Node, Unread } from './syntax.ts'

/** Whether a line is the pattern's, and then where its captures lie; undefined where that is left to another engine. */
export type Scan = (bytes: Uint8Array, from: number, to: number, found: Int32Array) => boolean | undefined

/** What leads on from a place: to a place that takes a byte, or the end (0), setting these bounds of captures. */
interface Way {
  readonly to: number
  readonly sets: readonly number[]
}
interface Place {
  readonly takes: Bytes
  readonly next: Step
  readonly place: number
}
type Step = Place | { ways: readonly Step[] } | { readonly sets: number; readonly next: Step } | 'end'

/** Bounds of what a pattern costs to prepare; what is larger is left to RE2. */
const PLACES = 1500
const WAYS = 20_000
const STEPS = 20_000
/** And of the sets that lines may make of it. */
const SETS = 2000

const CONTINUES = bytesOf((c) => c >= 0x80 && c <= 0xbf)
const LEADS = [
  bytesOf((c) => c >= 0xc2 && c <= 0xdf),
  bytesOf((c) => c >= 0xe0 && c <= 0xef),
  bytesOf((c) => c >= 0xf0 && c <= 0xf4),
]

const isNullable = (node: Node): boolean => {
  switch (node.is) {
    case 'class':
      return false
    case 'group':
      return isNullable(node.of)
    case 'all':
      return node.of.every(isNullable)
    case 'one':
      return node.of.some(isNullable)
    case 'repeat':
      return node.least === 0 || isNullable(node.of)
  }
}

/** The places of a pattern, and the step that it begins with. */
const stepsOf = (root: Node): { begin: Step; places: readonly Place[] } => {
  const places: Place[] = []
  const numbers = new Map<Node, number>()
  const count = (node: Node): void => {
    if (node.is === 'group' && node.captures) numbers.set(node, numbers.size)
    if (node.is === 'group' || node.is === 'repeat') count(node.of)
    else if (node.is !== 'class') node.of.forEach(count)
  }
  count(root)
  const place = (takes: Bytes, next: Step): Step => {
    if (places.length >= PLACES) throw new Unread()
    const made = { takes, next, place: places.length + 1 }
    places.push(made)
    return made
  }
  let steps = 0
  const compile = (node: Node, next: Step): Step => {
    // Of nothing, repeated, there are no places.
    if (++steps > STEPS) throw new Unread()
    switch (node.is) {
      case 'class': {
        if (!(node.bytes[0x80] && node.bytes[0xff])) return place(node.bytes, next)
        // Whatever is not ASCII: a character of UTF-8.
        const ways = [
          place(
            node.bytes.map((each, i) => each && i < 0x80),
            next,
          ),
        ]
        let tail = next
        for (const lead of LEADS) {
          tail = place(CONTINUES, tail)
          ways.push(place(lead, tail))
        }
        return { ways }
      }
      case 'group': {
        const n = numbers.get(node)
        if (n === undefined) return compile(node.of, next)
        return { sets: n * 2, next: compile(node.of, { sets: n * 2 + 1, next }) }
      }
      case 'all':
        return node.of.reduceRight((after, each) => compile(each, after), next)
      case 'one':
        return { ways: node.of.map((each) => compile(each, next)) }
      case 'repeat': {
        const { of, least, most, lazy } = node
        const either = (more: Step): readonly Step[] => (lazy ? [next, more] : [more, next])
        let after = next
        if (most === Number.POSITIVE_INFINITY) {
          // Once round without a byte would be round for ever.
          if (isNullable(of)) throw new Unread()
          const loop: { ways: readonly Step[] } = { ways: [] }
          loop.ways = either(compile(of, loop))
          after = loop
        } else for (let i = least; i < most; i++) after = { ways: either(compile(of, after)) }
        for (let i = 0; i < least; i++) after = compile(of, after)
        return after
      }
    }
  }
  return { begin: compile(root, 'end'), places }
}

/** The ways of a step, the preferred first. */
const waysOf = (step: Step): readonly Way[] => {
  const out: Way[] = []
  const seen = new Set<Step>()
  const follow = (one: Step, sets: readonly number[]): void => {
    // What was reached before is reached by a way that is preferred.
    if (seen.has(one)) return
    seen.add(one)
    if (one === 'end') out.push({ to: 0, sets })
    else if ('takes' in one) out.push({ to: one.place, sets })
    else if ('ways' in one) for (const way of one.ways) follow(way, sets)
    else follow(one.next, [...sets, one.sets])
  }
  follow(step, [])
  return out
}

/** Bytes that all places take alike are one kind. */
const kindsOf = (classes: readonly Bytes[]): { of: Uint8Array; count: number } => {
  const known = new Map<string, number>()
  const of = new Uint8Array(256)
  const distinct = [...new Set([...new Set(classes)].map((each) => each.map(Number).join('')))]
  for (let byte = 0; byte < 256; byte++) {
    const key = distinct.map((each) => each[byte]).join('')
    if (!known.has(key)) known.set(key, known.size)
    of[byte] = known.get(key)!
  }
  return { of, count: known.size }
}

/** Where the sets lie that were met going back. */
let trail = new Uint16Array(4096)
const NO_SET = 0xffff
const UNKNOWN = 0xfffe

/** Throws `Unread` where the pattern is too large, or may go round without a byte. */
export const scannerOf = (root: Node, captures: number): Scan => {
  const { begin, places } = stepsOf(root)
  // Place 0 is the end, the last one the beginning.
  const START = places.length + 1
  const ways: (readonly Way[])[] = [[], ...places.map(({ next }) => waysOf(next)), waysOf(begin)]
  if (ways.reduce((sum, each) => sum + each.length, 0) > WAYS) throw new Unread()
  const kinds = kindsOf(places.map(({ takes }) => takes))
  const { of: kindOf, count } = kinds
  /** Places that take a byte of a kind. */
  const taking = Array.from({ length: count }, (_, kind) => {
    const byte = kindOf.indexOf(kind)
    return places.filter(({ takes }) => takes[byte]).map(({ place }) => place)
  })
  const sets: Uint8Array[] = []
  const numbers = new Map<string, number>()
  /** Of a set and a kind of byte before it the set there. */
  let before = new Uint16Array(64 * count).fill(UNKNOWN)
  /** Of a set and a place the way there that leads on, 1 and up; 0 where it was not asked yet. */
  const chosen: Uint16Array[] = []
  const add = (set: Uint8Array): number => {
    const key = Buffer.from(set.buffer).toString('latin1')
    const known = numbers.get(key)
    if (known !== undefined) return known
    const n = sets.length
    if ((n + 1) * count > before.length) {
      const grown = new Uint16Array(before.length * 2).fill(UNKNOWN)
      grown.set(before)
      before = grown
    }
    numbers.set(key, n)
    sets.push(set)
    chosen.push(new Uint16Array(START + 1))
    return n
  }
  const end = new Uint8Array(START)
  end[0] = 1
  const END = add(end)
  const back = (set: number, kind: number): number => {
    const next = sets[set]!
    const out = new Uint8Array(START)
    let some = false
    for (const place of taking[kind]!)
      if (ways[place]!.some(({ to }) => next[to] === 1)) {
        out[place] = 1
        some = true
      }
    const n = some ? add(out) : NO_SET
    before[set * count + kind] = n
    return n
  }
  const choose = (set: number, place: number): number => {
    const next = sets[set]!
    const n = ways[place]!.findIndex(({ to }) => next[to] === 1) + 1
    chosen[set]![place] = n
    return n
  }
  return (bytes, from, to, found) => {
    if (sets.length > SETS) return undefined
    const size = to - from
    if (size >= trail.length) trail = new Uint16Array(size * 2)
    let set = END
    trail[size] = set
    for (let i = size - 1; i >= 0; i--) {
      const kind = kindOf[bytes[from + i]!]!
      set = before[set * count + kind]!
      if (set >= UNKNOWN) {
        if (set === UNKNOWN) set = back(trail[i + 1]!, kind)
        if (set === NO_SET) return false
        if (sets.length > SETS) return undefined
      }
      trail[i] = set
    }
    found.fill(-1, 0, captures * 2)
    let place = START
    for (let i = 0; i <= size; i++) {
      set = trail[i]!
      const n = chosen[set]![place]! || choose(set, place)
      if (n === 0) return false
      const way = ways[place]![n - 1]!
      const bounds = way.sets
      for (let k = 0; k < bounds.length; k++) found[bounds[k]!] = from + i
      place = way.to
    }
    return true
  }
}
