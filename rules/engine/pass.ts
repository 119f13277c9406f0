/**
 * What is known of one event while it is read, whatever it is read from: which words and values were found, hence which
 * leaves are to be asked, and in the end which filters hold. A reader begins, tells what stands in each field, and finishes.
 */
import type { Scalar } from '../../ingest/event.ts'
import { fold } from '../../ingest/store/match.ts'
import type { Node } from './leaves.ts'
import type { Plan, PlannedField } from './plan.ts'

/** Stamps are of 31 bits: some hours of events, then they begin anew. */
const LAST = 0x7fff_ffff

export class Pass {
  readonly plan: Plan
  /** How many words and values were found, by which a reader sees whether a text held any. */
  hits = 0
  /** Told to a scan: the word stands in the text that is read. */
  readonly found: (word: number) => void
  // Of the text that is read: its field, -1 where no leaf names it, and whether leaves of any field ask it too.
  #column = -1
  #everywhere = false
  #stamp = 0
  readonly #seen: Int32Array
  readonly #woken: Int32Array
  readonly #decided: Int32Array
  readonly #holds: Uint8Array
  readonly #chosen: Int32Array
  readonly #toAsk: Int32Array
  readonly #candidates: Int32Array
  #asks = 0
  #ask: (leaf: number) => boolean = () => false

  constructor(plan: Plan) {
    this.plan = plan
    this.#seen = new Int32Array(plan.places)
    this.#woken = new Int32Array(plan.leaves.length)
    this.#decided = new Int32Array(plan.leaves.length)
    this.#holds = new Uint8Array(plan.leaves.length)
    this.#toAsk = new Int32Array(plan.leaves.length)
    this.#chosen = new Int32Array(plan.nodes.length)
    this.#candidates = new Int32Array(plan.nodes.length)
    const { placeAt, fields } = plan
    const columns = fields.length + 1
    this.found = (word) => {
      const row = word * columns
      if (this.#column >= 0) this.#at(placeAt[row + this.#column]!)
      if (this.#everywhere) this.#at(placeAt[row + columns - 1]!)
    }
  }

  begin(): void {
    if (this.#stamp === LAST) {
      for (const stamps of [this.#seen, this.#woken, this.#decided, this.#chosen]) stamps.fill(0)
      this.#stamp = 0
    }
    this.#stamp++
    this.#asks = 0
  }
  /** Words that are told from here on stand in a text of this field (-1: none that a leaf names), and of any. */
  reads(column: number, everywhere: boolean): void {
    this.#column = column
    this.#everywhere = everywhere
  }
  #at(place: number): void {
    if (place < 0) return
    this.hits++
    if (this.#seen[place] === this.#stamp) return
    this.#seen[place] = this.#stamp
    const those = this.plan.wake[place]!
    for (let i = 0; i < those.length; i++) this.#wakeUp(those[i]!)
  }
  #wakeUp(leaf: number): void {
    if (this.#woken[leaf] === this.#stamp) return
    this.#woken[leaf] = this.#stamp
    this.#toAsk[this.#asks++] = leaf
  }
  /** Leaves of a field that is there. */
  present(leaves: readonly number[]): void {
    for (let i = 0; i < leaves.length; i++) this.#wakeUp(leaves[i]!)
  }
  /** Leaves whose value was found in their field. */
  has(leaves: readonly number[]): void {
    this.hits++
    for (let i = 0; i < leaves.length; i++) {
      const leaf = leaves[i]!
      this.#wakeUp(leaf)
      if (!this.plan.leaves[leaf]!.sure) continue
      this.#decided[leaf] = this.#stamp
      this.#holds[leaf] = 1
    }
  }
  /** One value of a field, as it is in an event. */
  value(value: Scalar, column: number, everywhere: boolean): void {
    const field = column < 0 ? undefined : this.plan.fields[column]!
    const any = everywhere ? this.plan.any : undefined
    const text = typeof value === 'string' ? value : String(value)
    if ((field && field.words.size > 0) || (any && any.words.size > 0)) {
      this.reads(column, any !== undefined)
      this.plan.words.scan(text, this.found)
    }
    if (field && field.values.size > 0) this.#look(text, field)
    if (any && any.values.size > 0) this.#look(text, any)
  }
  #look(text: string, { values }: PlannedField): void {
    const those = values.get(fold(text))
    if (those) this.has(those)
  }

  /** Asks what is to be asked, of `ask` by leaf, and tells the filters that hold. */
  finish(ask: (leaf: number) => boolean, tell: (filter: number) => void): void {
    const { leaves, nodes, always, filters } = this.plan
    this.#ask = ask
    let n = 0
    for (let i = 0; i < this.#asks; i++) {
      const leaf = this.#toAsk[i]!
      const those = leaves[leaf]!.keyOf
      let fresh = false
      for (let k = 0; k < those.length && !fresh; k++) fresh = this.#chosen[those[k]!] !== this.#stamp
      if (!fresh || !this.#leafHolds(leaf)) continue
      for (let k = 0; k < those.length; k++) {
        const filter = those[k]!
        if (this.#chosen[filter] === this.#stamp) continue
        this.#chosen[filter] = this.#stamp
        this.#candidates[n++] = filter
      }
    }
    for (let i = 0; i < always.length; i++) this.#candidates[n++] = always[i]!
    for (let i = 0; i < n; i++) {
      const filter = this.#candidates[i]!
      if (this.#nodeHolds(nodes[filter]!)) tell(filters[filter]!)
    }
  }
  #possible(leaf: number): boolean {
    const { clauses } = this.plan.leaves[leaf]!
    for (let c = 0; c < clauses.length; c++) {
      const clause = clauses[c]!
      let any = false
      for (let i = 0; i < clause.length && !any; i++) any = this.#seen[clause[i]!] === this.#stamp
      if (!any) return false
    }
    return true
  }
  #leafHolds(leaf: number): boolean {
    if (this.#decided[leaf] === this.#stamp) return this.#holds[leaf] === 1
    this.#decided[leaf] = this.#stamp
    const yes = this.#possible(leaf) && this.#ask(leaf)
    this.#holds[leaf] = yes ? 1 : 0
    return yes
  }
  #nodeHolds(node: Node): boolean {
    switch (node.op) {
      case 'leaf':
        return this.#leafHolds(node.leaf)
      case 'not':
        return !this.#nodeHolds(node.of)
      case 'and':
        for (const part of node.of) if (!this.#nodeHolds(part)) return false
        return true
      case 'or':
        for (const part of node.of) if (this.#nodeHolds(part)) return true
        return false
    }
  }
}
