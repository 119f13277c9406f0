/**
 * Many filters as one plan: leaves that are equal are one, the words of all of them are looked for in one pass over a text,
 * and each filter has a key: a set of its leaves of which at least one has to hold. Only then is it asked as a whole.
 */
import { type Event, typeOf, type Value } from '../../ingest/event.ts'
import { canonicalAddress } from '../../ingest/ip.ts'
import { compile, type Filter, type Leaf, type Match } from '../../ingest/store/filter.ts'
import { fold, readerOf } from '../../ingest/store/match.ts'
import { alternativesOf, type Clause, clausesOfPattern, clausesOfRegex, rarityOf, WEAK } from './literals.ts'
import { Words } from './words.ts'

export type Node =
  | { readonly op: 'leaf'; readonly leaf: number }
  | { readonly op: 'and' | 'or'; readonly of: readonly Node[] }
  | { readonly op: 'not'; readonly of: Node }

export interface PlannedLeaf {
  readonly test: Match
  /** Words of its field (numbers of `Plan.places`): all clauses have to hold, each by any. */
  readonly clauses: readonly (readonly number[])[]
  /** Filters whose key it is a part of. */
  readonly keyOf: number[]
  /** That its value was found says that it holds. */
  readonly sure: boolean
}
export interface PlannedField {
  readonly name: string
  readonly read: (event: Event) => Value | undefined
  /** Some leaf has words. */
  scanned: boolean
  /** Leaves by the folded value that they ask for. */
  readonly values: Map<string, number[]>
  /** Leaves that may hold as soon as it is there. */
  readonly present: number[]
}

export interface Plan {
  readonly nodes: readonly Node[]
  readonly leaves: readonly PlannedLeaf[]
  readonly fields: readonly PlannedField[]
  /** Of leaves that ask every field. */
  readonly any: PlannedField | undefined
  readonly words: Words
  /** By word and field the place that the word has in the field, -1 where nobody asks; the last of a word is that of any field. */
  readonly placeAt: Int32Array
  readonly places: number
  /** Leaves that are asked when the word is found in that place. */
  readonly wake: readonly (readonly number[])[]
  /** Filters without a key. */
  readonly always: readonly number[]
  /** Filters of which no word and no value can be looked for: those, and those with a key that only a field's presence tells. */
  readonly blind: readonly number[]
}

interface Key {
  readonly leaves: readonly number[]
  readonly rarity: number
}
const better = (keys: readonly (Key | undefined)[]): Key | undefined =>
  keys.reduce((best, key) => (key && (!best || key.rarity > best.rarity) ? key : best), undefined)

const clausesOf = (leaf: Leaf): readonly Clause[] =>
  (leaf.op === 'like' ? clausesOfPattern(leaf.pattern) : leaf.op === 'regex' ? clausesOfRegex(leaf.source) : [])
    .filter((clause) => rarityOf(clause) >= WEAK)
    .toSorted((a, b) => rarityOf(b) - rarityOf(a))

/** Fields whose values many events share: what kind they are of, how they ended. */
const COMMON =
  /^(event\.(kind|category|type|outcome|dataset|module)|observer\.(type|vendor|product)|network\.(type|transport|protocol|direction)|log\.level|http\.(request\.method|response\.status_code)|vonglau\..*)$|\.(type|subtype|action)$/
/** A guess of how rarely a leaf holds. */
const rarityOfLeaf = (leaf: Leaf, clauses: readonly Clause[]): number => {
  // Behind every set of words: of these all events of a kind have one.
  if (leaf.op === 'in' && COMMON.test(leaf.field)) return -3
  if (leaf.op === 'in') return Math.min(...leaf.values.map((value) => String(value).length)) * 0.6
  if (clauses.length) return clauses.reduce((sum, clause, i) => sum + rarityOf(clause) / (i + 1), -1)
  return leaf.op === 'exists' ? -4 : leaf.op === 'regex' || leaf.op === 'like' ? -5 : -2.5
}

export const planOf = (filters: readonly Filter[]): Plan => {
  const known = new Map<string, number>()
  const asked: { readonly leaf: Leaf; readonly clauses: readonly Clause[]; readonly rarity: number }[] = []
  const idOf = (leaf: Leaf): number => {
    const spelled = JSON.stringify(leaf)
    let id = known.get(spelled)
    if (id === undefined) {
      id = asked.length
      known.set(spelled, id)
      const clauses = clausesOf(leaf)
      asked.push({ leaf, clauses, rarity: rarityOfLeaf(leaf, clauses) })
    }
    return id
  }
  const nodeOf = (filter: Filter): Node => {
    if (filter.op === 'and' || filter.op === 'or') return { op: filter.op, of: filter.of.map(nodeOf) }
    if (filter.op === 'not') return { op: 'not', of: nodeOf(filter.of) }
    const sources = filter.op === 'regex' ? alternativesOf(filter.source) : []
    if (sources.length < 2) return { op: 'leaf', leaf: idOf(filter) }
    return { op: 'or', of: sources.map((source) => ({ op: 'leaf', leaf: idOf({ ...filter, source } as Leaf) })) }
  }
  /** The best key of what holds when the node is `holds`: an absent field makes a leaf false, so only true ones are keys. */
  const keyOf = (node: Node, holds: boolean): Key | undefined => {
    if (node.op === 'leaf') return holds ? { leaves: [node.leaf], rarity: asked[node.leaf]!.rarity } : undefined
    if (node.op === 'not') return keyOf(node.of, !holds)
    if ((node.op === 'and') === holds) return better(node.of.map((part) => keyOf(part, holds)))
    const keys = node.of.map((part) => keyOf(part, holds))
    if (keys.includes(undefined)) return undefined
    const leaves = [...new Set(keys.flatMap((key) => key!.leaves))]
    return {
      leaves,
      rarity: Math.min(99, ...keys.map((key) => key!.rarity)) - Math.log10(Math.max(1, leaves.length)),
    }
  }

  const nodes = filters.map(nodeOf)
  const keysOf = asked.map((): number[] => [])
  const always: number[] = []
  const blind: number[] = []
  for (const [i, node] of nodes.entries()) {
    const key = keyOf(node, true)
    const wordless = (each: Node): boolean =>
      each.op === 'leaf'
        ? ['regex', 'like'].includes(asked[each.leaf]!.leaf.op) && asked[each.leaf]!.clauses.length === 0
        : each.op === 'not'
          ? wordless(each.of)
          : each.of.some(wordless)
    // Where all that it is chosen by is what every event of its kind has, the expression is asked of all of them.
    if (!key || (key.rarity < 0 && wordless(node)) || key.leaves.some((leaf) => asked[leaf]!.rarity <= -4))
      blind.push(i)
    if (!key) always.push(i)
    else for (const leaf of key.leaves) keysOf[leaf]!.push(i)
  }

  const fields = new Map<string, PlannedField>()
  const fieldOf = (name: string): PlannedField => {
    let field = fields.get(name)
    if (!field) {
      field = { name, read: readerOf(name), scanned: false, values: new Map(), present: [] }
      fields.set(name, field)
    }
    return field
  }
  const words = new Map<string, number>()
  const places: { readonly word: number; readonly field: string }[] = []
  const placeIds = new Map<string, number>()
  const wake: number[][] = []
  const leaves: PlannedLeaf[] = []
  for (const [id, { leaf, clauses: texts }] of asked.entries()) {
    const clauses: number[][] = []
    const keys = keysOf[id]!
    const isIp = typeOf(leaf.field) === 'ip'
    leaves.push({
      test: compile(leaf),
      clauses,
      keyOf: keys,
      sure: leaf.op === 'in' && !leaf.cased && leaf.field !== '*',
    })
    // Of what is no key only words are looked for: it is asked where a filter comes to it, and not where they are absent.
    if (keys.length === 0 && texts.length === 0) continue
    const field = fieldOf(leaf.field)
    if (leaf.op === 'in' && !(leaf.field === '*' && leaf.values.some((value) => canonicalAddress(String(value))))) {
      for (const value of leaf.values) {
        const text = fold((isIp ? canonicalAddress(String(value)) : undefined) ?? String(value))
        const same = field.values.get(text)
        if (!same) field.values.set(text, [id])
        else if (same.at(-1) !== id) same.push(id)
      }
      continue
    }
    if (texts.length === 0) {
      field.present.push(id)
      continue
    }
    field.scanned = true
    for (const [n, clause] of texts.entries())
      clauses.push(
        clause.map((text) => {
          let word = words.get(text)
          if (word === undefined) words.set(text, (word = words.size))
          const spelled = `${word} ${leaf.field}`
          let place = placeIds.get(spelled)
          if (place === undefined) {
            placeIds.set(spelled, (place = places.length))
            places.push({ word, field: leaf.field })
            wake.push([])
          }
          if (n === 0 && keys.length > 0) wake[place]!.push(id)
          return place
        }),
      )
  }
  const any = fields.get('*')
  fields.delete('*')
  const list = [...fields.values()]
  const columns = list.length + 1
  const placeAt = new Int32Array(words.size * columns).fill(-1)
  for (const [place, { word, field }] of places.entries()) {
    const column = field === '*' ? list.length : list.findIndex(({ name }) => name === field)
    placeAt[word * columns + column] = place
  }
  return {
    nodes,
    leaves,
    fields: list,
    any,
    words: new Words([...words.keys()]),
    placeAt,
    places: places.length,
    wake,
    always,
    blind,
  }
}
