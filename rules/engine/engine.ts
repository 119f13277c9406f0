/**
 * One pass for many filters: the fields of an event are read once, words and values name the leaves that may hold, these
 * are asked exactly, and only filters whose key holds are asked as a whole. What it says is what `compile` says of each.
 */
import type { Event, Scalar } from '../../ingest/event.ts'
import type { Filter } from '../../ingest/store/filter.ts'
import { fold } from '../../ingest/store/match.ts'
import { type Node, type PlannedField, planOf } from './plan.ts'

export interface Engine {
  /** Tells of each filter that holds, by its place in the list, in any order and once. */
  match(event: Event, found: (filter: number) => void): void
  /** Filters that are asked of every event which has their fields, for nothing they need can be looked for. */
  readonly blind: readonly number[]
}

/** Stamps are of 31 bits: some hours of events, then they begin anew. */
const LAST = 0x7fff_ffff

export const openEngine = (filters: readonly Filter[]): Engine => {
  const plan = planOf(filters)
  const { fields, leaves, nodes, placeAt, wake, words, any } = plan
  const columns = fields.length + 1
  const columnOf = new Map(fields.map(({ name }, i) => [name, i]))
  let stamp = 0
  const seen = new Int32Array(plan.places)
  const woken = new Int32Array(leaves.length)
  const decided = new Int32Array(leaves.length)
  const holds = new Uint8Array(leaves.length)
  const chosen = new Int32Array(nodes.length)
  const toAsk = new Int32Array(leaves.length)
  const candidates = new Int32Array(nodes.length)
  let asks = 0
  // Of the text that is read: its field, -1 where no leaf names it, and whether leaves of any field ask it too.
  let [column, everywhere] = [-1, false]

  const wakeUp = (leaf: number): void => {
    if (woken[leaf] === stamp) return
    woken[leaf] = stamp
    toAsk[asks++] = leaf
  }
  const at = (place: number): void => {
    if (place < 0 || seen[place] === stamp) return
    seen[place] = stamp
    const those = wake[place]!
    for (let i = 0; i < those.length; i++) wakeUp(those[i]!)
  }
  const found = (word: number): void => {
    const row = word * columns
    if (column >= 0) at(placeAt[row + column]!)
    if (everywhere) at(placeAt[row + fields.length]!)
  }
  const has = (value: Scalar, field: PlannedField): void => {
    const those = field.values.get(fold(String(value)))
    if (!those) return
    for (const leaf of those) {
      wakeUp(leaf)
      if (!leaves[leaf]!.sure) continue
      decided[leaf] = stamp
      holds[leaf] = 1
    }
  }
  const one = (value: Scalar, field: PlannedField | undefined, scan: boolean): void => {
    if (scan) words.scan(typeof value === 'string' ? value : String(value), found)
    if (field && field.values.size > 0) has(value, field)
  }
  const read = (event: Event): void => {
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      const value = field.read(event)
      if (value === undefined) continue
      column = i
      for (let k = 0; k < field.present.length; k++) wakeUp(field.present[k]!)
      if (Array.isArray(value)) for (const each of value) one(each, field, field.scanned)
      else one(value as Scalar, field, field.scanned)
    }
  }
  /** Leaves of any field ask each text of the event once more. */
  const readAll = (event: Event, field: PlannedField): void => {
    column = -1
    everywhere = true
    for (const leaf of field.present) wakeUp(leaf)
    for (const name of Object.keys(event)) {
      const value = event[name]
      if (value === undefined) continue
      column = columnOf.get(name) ?? -1
      if (Array.isArray(value)) for (const each of value) one(each, field, field.scanned)
      else one(value as Scalar, field, field.scanned)
    }
    everywhere = false
  }

  const possible = (leaf: number): boolean => {
    const { clauses } = leaves[leaf]!
    for (let c = 0; c < clauses.length; c++) {
      const clause = clauses[c]!
      let any = false
      for (let i = 0; i < clause.length && !any; i++) any = seen[clause[i]!] === stamp
      if (!any) return false
    }
    return true
  }
  const leafHolds = (leaf: number, event: Event): boolean => {
    if (decided[leaf] === stamp) return holds[leaf] === 1
    decided[leaf] = stamp
    const yes = possible(leaf) && leaves[leaf]!.test(event)
    holds[leaf] = yes ? 1 : 0
    return yes
  }
  const nodeHolds = (node: Node, event: Event): boolean => {
    switch (node.op) {
      case 'leaf':
        return leafHolds(node.leaf, event)
      case 'not':
        return !nodeHolds(node.of, event)
      case 'and':
        for (const part of node.of) if (!nodeHolds(part, event)) return false
        return true
      case 'or':
        for (const part of node.of) if (nodeHolds(part, event)) return true
        return false
    }
  }

  return {
    blind: plan.blind,
    match: (event, tell) => {
      if (stamp === LAST) {
        for (const stamps of [seen, woken, decided, chosen]) stamps.fill(0)
        stamp = 0
      }
      stamp++
      asks = 0
      read(event)
      if (any) readAll(event, any)
      let n = 0
      for (let i = 0; i < asks; i++) {
        const leaf = toAsk[i]!
        const those = leaves[leaf]!.keyOf
        let fresh = false
        for (let k = 0; k < those.length && !fresh; k++) fresh = chosen[those[k]!] !== stamp
        if (!fresh || !leafHolds(leaf, event)) continue
        for (const filter of those) {
          if (chosen[filter] === stamp) continue
          chosen[filter] = stamp
          candidates[n++] = filter
        }
      }
      for (const filter of plan.always) candidates[n++] = filter
      for (let i = 0; i < n; i++) if (nodeHolds(nodes[candidates[i]!]!, event)) tell(candidates[i]!)
    },
  }
}
