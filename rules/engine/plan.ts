/**
 * Filters as one plan: the words of all of them are looked for in one pass over a text, values by one look-up a field, and
 * each filter has a key: a set of its leaves of which at least one has to hold. Only then is it asked as a whole.
 */
import { typeOf } from '../../ingest/event.ts'
import { canonicalAddress } from '../../ingest/ip.ts'
import type { Leaf, Match } from '../../ingest/store/filter.ts'
import { fold } from '../../ingest/store/match.ts'
import { keyOf, type KnownLeaf, type Node } from './leaves.ts'
import { Words } from './words.ts'

export interface PlannedFilter {
  /** By which it is told. */
  readonly filter: number
  readonly node: Node
}
export interface PlannedLeaf {
  readonly field: string
  /** A second one that it is asked of. */
  readonly other: string | undefined
  readonly test: Match
  /** Words of its field (numbers of `Plan.places`): all clauses have to hold, each by any. */
  readonly clauses: readonly (readonly number[])[]
  /** Filters whose key it is a part of, by their place in the plan. */
  readonly keyOf: readonly number[]
  /** That one of its values was found says that it holds: these, folded. */
  readonly sure: readonly string[] | undefined
}
export interface PlannedField {
  readonly name: string
  /** That leaves look for in it. */
  readonly words: Set<string>
  /** Leaves by the folded value that they ask for. */
  readonly values: Map<string, number[]>
  /** Leaves that may hold as soon as it is there. */
  readonly present: number[]
}

export interface Plan {
  /** The filters' numbers, and their trees over the leaves of this plan. */
  readonly filters: readonly number[]
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
  /** Filters without a key, by their place in the plan. */
  readonly always: readonly number[]
}

/** What the leaf compares with, as text without case. */
const textsOf = ({ field, values }: Extract<Leaf, { op: 'in' }>): readonly string[] =>
  values.map((value) => fold((typeOf(field) === 'ip' ? canonicalAddress(String(value)) : undefined) ?? String(value)))

/** `known`: the leaves that the nodes speak of. */
export const planOf = (filters: readonly PlannedFilter[], known: readonly KnownLeaf[]): Plan => {
  const own = new Map<number, number>()
  const asked: KnownLeaf[] = []
  const ownNode = (node: Node): Node => {
    if (node.op === 'not') return { op: 'not', of: ownNode(node.of) }
    if (node.op !== 'leaf') return { op: node.op, of: node.of.map(ownNode) }
    let leaf = own.get(node.leaf)
    if (leaf === undefined) {
      own.set(node.leaf, (leaf = asked.length))
      asked.push(known[node.leaf]!)
    }
    return { op: 'leaf', leaf }
  }
  const nodes = filters.map(({ node }) => ownNode(node))
  const keysOf = asked.map((): number[] => [])
  const always: number[] = []
  for (const [i, node] of nodes.entries()) {
    const key = keyOf(node, asked)
    if (!key) always.push(i)
    else for (const leaf of key.leaves) keysOf[leaf]!.push(i)
  }

  const fields = new Map<string, PlannedField>()
  const fieldOf = (name: string): PlannedField => {
    let field = fields.get(name)
    if (!field) fields.set(name, (field = { name, words: new Set(), values: new Map(), present: [] }))
    return field
  }
  const words = new Map<string, number>()
  const places: { readonly word: number; readonly field: string }[] = []
  const placeIds = new Map<string, number>()
  const wake: number[][] = []
  const leaves: PlannedLeaf[] = []
  for (const [id, { leaf, test, clauses: wanted }] of asked.entries()) {
    const clauses: number[][] = []
    const keys = keysOf[id]!
    const texts = leaf.op === 'in' ? textsOf(leaf) : []
    leaves.push({
      field: leaf.field,
      other: leaf.op === 'ref' ? leaf.other : undefined,
      test,
      clauses,
      keyOf: keys,
      sure: leaf.op === 'in' && !leaf.cased && leaf.field !== '*' ? texts : undefined,
    })
    // Of what is no key only words are looked for: it is asked where a filter comes to it, and not where they are absent.
    if (keys.length === 0 && wanted.length === 0) continue
    const field = fieldOf(leaf.field)
    if (leaf.op === 'in' && !(leaf.field === '*' && leaf.values.some((value) => canonicalAddress(String(value))))) {
      for (const text of texts) {
        const same = field.values.get(text)
        if (!same) field.values.set(text, [id])
        else if (same.at(-1) !== id) same.push(id)
      }
      continue
    }
    if (wanted.length === 0) {
      field.present.push(id)
      continue
    }
    for (const [n, clause] of wanted.entries())
      clauses.push(
        clause.map((text) => {
          field.words.add(text)
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
  const columnOf = new Map([...list.map(({ name }, i) => [name, i] as const), ['*', list.length]])
  const placeAt = new Int32Array(words.size * columns).fill(-1)
  for (const [place, { word, field }] of places.entries()) placeAt[word * columns + columnOf.get(field)!] = place
  return {
    filters: filters.map(({ filter }) => filter),
    nodes,
    leaves,
    fields: list,
    any,
    words: new Words([...words.keys()]),
    placeAt,
    places: places.length,
    wake,
    always,
  }
}
