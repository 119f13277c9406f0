/**
 * A kind of event is a plan. The leaves that logsources are made of (dataset, category, type of device, …) speak of a few
 * fields; which of them hold is an event's kind, and of each filter only what they leave undecided goes into the kind's plan.
 * Plans are made when a kind is seen first. Kinds are bounded, for senders choose them: beyond, one plan holds all filters.
 */
import { createHash } from 'node:crypto'
import { type Filter, fieldsOf } from '../../ingest/store/filter.ts'
import { fold } from '../../ingest/store/match.ts'
import type { Node, Trees } from './leaves.ts'
import { type Plan, type PlannedFilter, planOf } from './plan.ts'

/** Leaves as bits of two numbers: 30 each, small integers. */
export interface Bits {
  readonly low: number
  readonly high: number
}
const HALF = 30
const MOST_LEAVES = HALF * 2
const MOST_KINDS = 64
const NONE: Bits = { low: 0, high: 0 }
const bit = (n: number): Bits => (n < HALF ? { low: 1 << n, high: 0 } : { low: 0, high: 1 << (n - HALF) })
const either = (a: Bits, b: Bits): Bits => ({ low: a.low | b.low, high: a.high | b.high })

/** A field that kinds are told by. */
export interface KindField {
  readonly name: string
  /** What holds as soon as it is there. */
  readonly present: Bits
  /** What holds with a folded value. */
  readonly values: ReadonlyMap<string, Bits>
}

/** Fields of few values: sources say them, not senders. */
const TELLING =
  /^(event\.(kind|category|dataset|module)|observer\.type|vonglau\.import|product|category|service|(?!event|network).*\.(type|subtype))$/
/** A field's presence tells a kind only where several filters begin with it: each one doubles the kinds. */
const SEVERAL = 2

const leavesIn = (node: Node): readonly number[] =>
  node.op === 'leaf' ? [node.leaf] : node.op === 'not' ? leavesIn(node.of) : node.of.flatMap(leavesIn)
/** The leaves that tell kinds, those of most filters first. */
const tellingOf = ({ nodes, leaves }: Trees): readonly number[] => {
  const mayTell = (id: number): boolean => {
    const { leaf } = leaves[id]!
    if (leaf.field === '*' || fieldsOf(leaf as Filter).size > 1) return false
    return leaf.op === 'in' ? !leaf.cased && TELLING.test(leaf.field) : leaf.op === 'exists'
  }
  /** What a logsource means stands first. */
  const beginnings = (node: Node): readonly number[] => {
    if (node.op === 'or') return node.of.flatMap(beginnings)
    if (node.op !== 'and') return []
    const [first, ...others] = node.of
    const own = first ? leavesIn(first) : []
    return [...(own.every(mayTell) ? own : beginnings(first!)), ...others.flatMap(beginnings)]
  }
  const counts = new Map<number, { any: number; first: number }>()
  const count = (leaf: number, where: 'any' | 'first') => {
    const counted = counts.get(leaf) ?? { any: 0, first: 0 }
    counted[where]++
    counts.set(leaf, counted)
  }
  for (const node of nodes) {
    for (const leaf of new Set(leavesIn(node))) count(leaf, 'any')
    for (const leaf of new Set(beginnings(node))) count(leaf, 'first')
  }
  return [...counts]
    .filter(([leaf, { first }]) => mayTell(leaf) && (leaves[leaf]!.leaf.op === 'in' || first >= SEVERAL))
    .sort(([, a], [, b]) => b.any - a.any)
    .slice(0, MOST_LEAVES)
    .map(([leaf]) => leaf)
}

/** What is left of a node where some leaves are decided. */
const leftOf = (node: Node, verdict: (leaf: number) => boolean | undefined): Node | boolean => {
  if (node.op === 'leaf') return verdict(node.leaf) ?? node
  if (node.op === 'not') {
    const of = leftOf(node.of, verdict)
    return typeof of === 'boolean' ? !of : { op: 'not', of }
  }
  const [decides, of] = [node.op === 'or', [] as Node[]]
  for (const part of node.of) {
    const left = leftOf(part, verdict)
    if (left === decides) return decides
    if (typeof left !== 'boolean') of.push(left)
  }
  return of.length === 0 ? !decides : of.length === 1 ? of[0]! : { op: node.op, of }
}
const HOLDS: Node = { op: 'and', of: [] }

/** `R`: what reads events for a plan. */
export class Kinds<R> {
  readonly fields: readonly KindField[]
  readonly #trees: Trees
  readonly #telling: ReadonlyMap<number, Bits>
  readonly #open: (plan: Plan) => R
  readonly #known = new Map<number, Map<number, R>>()
  /** Kinds of which the same is left have one plan. */
  readonly #same = new Map<string, R>()
  #count = 0
  #all: R | undefined
  #last: { readonly low: number; readonly high: number; readonly reader: R } | undefined

  constructor(trees: Trees, open: (plan: Plan) => R) {
    this.#trees = trees
    this.#open = open
    this.#telling = new Map(tellingOf(trees).map((leaf, i) => [leaf, bit(i)]))
    const fields = new Map<string, { present: Bits; values: Map<string, Bits> }>()
    for (const [id, bits] of this.#telling) {
      const { leaf } = trees.leaves[id]!
      const field = fields.get(leaf.field) ?? { present: NONE, values: new Map() }
      fields.set(leaf.field, field)
      if (leaf.op === 'in')
        for (const value of leaf.values) {
          const text = fold(String(value))
          field.values.set(text, either(field.values.get(text) ?? NONE, bits))
        }
      else field.present = either(field.present, bits)
    }
    this.fields = [...fields].map(([name, field]) => ({ name, ...field }))
  }

  /** What reads events of which just these leaves hold, of those that tell kinds. */
  of(low: number, high: number): R {
    const last = this.#last
    if (last !== undefined && last.low === low && last.high === high) return last.reader
    const reader = this.#known.get(low)?.get(high) ?? this.#learn(low, high)
    this.#last = { low, high, reader }
    return reader
  }
  #learn(low: number, high: number): R {
    if (this.#count === MOST_KINDS) return (this.#all ??= this.#reader(() => undefined))
    this.#count++
    const reader = this.#reader((leaf) => {
      const bits = this.#telling.get(leaf)
      return bits && ((bits.low & low) | (bits.high & high)) !== 0
    })
    const those = this.#known.get(low) ?? new Map<number, R>()
    this.#known.set(low, those.set(high, reader))
    return reader
  }
  #reader(verdict: (leaf: number) => boolean | undefined): R {
    const left = this.#trees.nodes.flatMap((whole, filter): PlannedFilter[] => {
      const node = leftOf(whole, verdict)
      return node === false ? [] : [{ filter, node: node === true ? HOLDS : node }]
    })
    const spelled = createHash('sha256').update(JSON.stringify(left)).digest('base64')
    let reader = this.#same.get(spelled)
    if (!reader) this.#same.set(spelled, (reader = this.#open(planOf(left, this.#trees.leaves))))
    return reader
  }
}
