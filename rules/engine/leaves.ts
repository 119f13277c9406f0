/** Filters as trees over numbered leaves: leaves that are equal are one, and are compiled once for all plans. */
import { type Filter, isSeldom, type Leaf, type Match } from '../../ingest/store/filter.ts'
import { compile } from '../../ingest/store/match.ts'
import { alternativesOf, type Clause, clausesOfPattern, clausesOfRegex, rarityOf, WEAK } from './literals.ts'

export type Node =
  | { readonly op: 'leaf'; readonly leaf: number }
  | { readonly op: 'and' | 'or'; readonly of: readonly Node[] }
  | { readonly op: 'not'; readonly of: Node }

export interface KnownLeaf {
  readonly leaf: Leaf
  readonly test: Match
  /** What a text of its field must hold, the rarest first. */
  readonly clauses: readonly Clause[]
  /** A guess of how rarely it holds: orders of magnitude, negative where all events of a kind may have it. */
  readonly rarity: number
}
export interface Trees {
  /** Of each filter, in the order given. */
  readonly nodes: readonly Node[]
  readonly leaves: readonly KnownLeaf[]
}

const clausesOf = (leaf: Leaf): readonly Clause[] =>
  (leaf.op === 'like' ? clausesOfPattern(leaf.pattern) : leaf.op === 'regex' ? clausesOfRegex(leaf.source) : [])
    .filter((clause) => rarityOf(clause) >= WEAK)
    .toSorted((a, b) => rarityOf(b) - rarityOf(a))

/** Fields whose values many events share: what kind they are of, how they ended. */
const COMMON =
  /^(event\.(kind|category|type|outcome|dataset|module)|observer\.(type|vendor|product)|network\.(type|transport|protocol|direction)|log\.level|http\.(request\.method|response\.status_code)|vonglau\..*)$|\.(type|subtype|action)$/
const SELDOM = 6
const rarityOfLeaf = (leaf: Leaf, clauses: readonly Clause[]): number => {
  // Behind every set of words: of these all events of a kind have one.
  if (leaf.op === 'in' && COMMON.test(leaf.field)) return -3
  // What is computed of a request is there where it is an attack: that it is there is rarer than most words.
  if (isSeldom(leaf.field)) return SELDOM
  if (leaf.op === 'in') return Math.min(...leaf.values.map((value) => String(value).length)) * 0.6
  if (clauses.length) return clauses.reduce((sum, clause, i) => sum + rarityOf(clause) / (i + 1), -1)
  return leaf.op === 'exists' ? -4 : leaf.op === 'regex' || leaf.op === 'like' ? -5 : -2.5
}

interface Spelled {
  readonly text: string
  known?: KnownLeaf
}
/** Of leaves that were met before: of all the rules those of a few say otherwise with a reload, or when the inventory changes. */
const met = new WeakMap<Leaf, Spelled>()
const spelledOf = (leaf: Leaf): Spelled => {
  let spelled = met.get(leaf)
  if (!spelled) met.set(leaf, (spelled = { text: JSON.stringify(leaf) }))
  return spelled
}
const knownOf = (leaf: Leaf): KnownLeaf => {
  const clauses = clausesOf(leaf)
  return { leaf, test: compile(leaf), clauses, rarity: rarityOfLeaf(leaf, clauses) }
}
const apart = new WeakMap<Leaf, readonly Leaf[]>()
/** An expression of several alternatives as an expression each. */
const alternatives = (leaf: Leaf): readonly Leaf[] => {
  if (leaf.op !== 'regex') return [leaf]
  let found = apart.get(leaf)
  if (!found) {
    const sources = alternativesOf(leaf.source)
    apart.set(leaf, (found = sources.length < 2 ? [leaf] : sources.map((source) => ({ ...leaf, source }))))
  }
  return found
}

export const treesOf = (filters: readonly Filter[]): Trees => {
  const known = new Map<string, number>()
  const leaves: KnownLeaf[] = []
  const idOf = (leaf: Leaf): number => {
    const spelled = spelledOf(leaf)
    let id = known.get(spelled.text)
    if (id === undefined) {
      id = leaves.length
      known.set(spelled.text, id)
      leaves.push((spelled.known ??= knownOf(leaf)))
    }
    return id
  }
  const nodeOf = (filter: Filter): Node => {
    if (filter.op === 'and' || filter.op === 'or') return { op: filter.op, of: filter.of.map(nodeOf) }
    if (filter.op === 'not') return { op: 'not', of: nodeOf(filter.of) }
    const nodes = alternatives(filter).map((leaf): Node => ({ op: 'leaf', leaf: idOf(leaf) }))
    return nodes.length === 1 ? nodes[0]! : { op: 'or', of: nodes }
  }
  return { nodes: filters.map(nodeOf), leaves }
}

/** A set of leaves of which at least one has to hold. */
export interface Key {
  readonly leaves: readonly number[]
  readonly rarity: number
}
const better = (keys: readonly (Key | undefined)[]): Key | undefined =>
  keys.reduce((best, key) => (key && (!best || key.rarity > best.rarity) ? key : best), undefined)

/** The best key of what holds when the node is `holds`: an absent field makes a leaf false, so only true ones are keys. */
export const keyOf = (node: Node, leaves: readonly KnownLeaf[], holds = true): Key | undefined => {
  if (node.op === 'leaf') return holds ? { leaves: [node.leaf], rarity: leaves[node.leaf]!.rarity } : undefined
  if (node.op === 'not') return keyOf(node.of, leaves, !holds)
  const keys = node.of.map((part) => keyOf(part, leaves, holds))
  if ((node.op === 'and') === holds) return better(keys)
  if (keys.includes(undefined)) return undefined
  const any = [...new Set(keys.flatMap((key) => key!.leaves))]
  return {
    leaves: any,
    rarity: Math.min(99, ...keys.map((key) => key!.rarity)) - Math.log10(Math.max(1, any.length)),
  }
}

/**
 * Filters of which no word and no value can be looked for: those without a key, and those with one that only a field's
 * presence tells.
 */
export const blindOf = ({ nodes, leaves }: Trees): readonly number[] => {
  const wordless = (each: Node): boolean =>
    each.op === 'leaf'
      ? ['regex', 'like'].includes(leaves[each.leaf]!.leaf.op) && leaves[each.leaf]!.clauses.length === 0
      : each.op === 'not'
        ? wordless(each.of)
        : each.of.some(wordless)
  return nodes.flatMap((node, i) => {
    const key = keyOf(node, leaves)
    // Where all that it is chosen by is what every event of its kind has, the expression is asked of all of them.
    const blind = !key || (key.rarity < 0 && wordless(node)) || key.leaves.some((leaf) => leaves[leaf]!.rarity <= -4)
    return blind ? [i] : []
  })
}
