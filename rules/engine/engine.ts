/**
 * One pass for many filters: the fields of an event are read once, words and values name the leaves that may hold, these
 * are asked exactly, and only filters whose key holds are asked as a whole. What it says is what `compile` says of each.
 */
import type { Event, Scalar, Value } from '../../ingest/event.ts'
import type { Filter } from '../../ingest/store/filter.ts'
import { fold, readerOf } from '../../ingest/store/match.ts'
import { type KindField, Kinds } from './kinds.ts'
import { blindOf, treesOf } from './leaves.ts'
import { Pass } from './pass.ts'
import type { Plan } from './plan.ts'

export interface Engine {
  /** Tells of each filter that holds, by its place in the list, in any order and once. */
  match(event: Event, found: (filter: number) => void): void
  /** Filters that are asked of every event which has their fields, for nothing they need can be looked for. */
  readonly blind: readonly number[]
}

type Reader = (event: Event, found: (filter: number) => void) => void
const openReader = (plan: Plan): Reader => {
  if (plan.nodes.length === 0) return () => {}
  const pass = new Pass(plan)
  const { any, leaves } = plan
  const fields = plan.fields.map((field) => ({ ...field, read: readerOf(field.name) }))
  const columnOf = new Map(fields.map(({ name }, i) => [name, i]))
  let event: Event = {}
  const ask = (leaf: number): boolean => leaves[leaf]!.test(event)
  const each = (value: Value, column: number, everywhere: boolean): void => {
    if (Array.isArray(value)) for (const one of value) pass.value(one as Scalar, column, everywhere)
    else pass.value(value as Scalar, column, everywhere)
  }
  const read = (): void => {
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!
      const value = field.read(event)
      if (value === undefined) continue
      pass.present(field.present)
      // Leaves of any field do not ask what is computed: such a text is read here, every other one below.
      if (!any || event[field.name] !== value) each(value, i, false)
    }
    if (!any) return
    pass.present(any.present)
    for (const name of Object.keys(event)) {
      const value = event[name]
      if (value !== undefined) each(value, columnOf.get(name) ?? -1, true)
    }
  }
  return (given, found) => {
    event = given
    pass.begin()
    read()
    pass.finish(ask, found)
  }
}

/** Values whose bits are remembered: of a field that tells kinds few are said. */
const REMEMBERED = 256
/** Reads the bits of a field that tells kinds, into `bits`. */
const openKindField = ({ name, present, values }: KindField, bits: { low: number; high: number }) => {
  const read = readerOf(name)
  const known = new Map<Scalar, { low: number; high: number }>()
  const one = (value: Scalar): void => {
    let own = known.get(value)
    if (!own) {
      if (known.size === REMEMBERED) known.clear()
      known.set(value, (own = values.get(fold(String(value))) ?? { low: 0, high: 0 }))
    }
    bits.low |= own.low
    bits.high |= own.high
  }
  return (event: Event): void => {
    const value = read(event)
    // A list of nothing is not there.
    if (value === undefined || (Array.isArray(value) && value.length === 0)) return
    bits.low |= present.low
    bits.high |= present.high
    if (values.size === 0) return
    if (Array.isArray(value)) for (const each of value) one(each as Scalar)
    else one(value as Scalar)
  }
}

export const openEngine = (filters: readonly Filter[]): Engine => {
  const trees = treesOf(filters)
  const kinds = new Kinds(trees, openReader)
  const bits = { low: 0, high: 0 }
  const fields = kinds.fields.map((field) => openKindField(field, bits))
  return {
    blind: blindOf(trees),
    match: (event, found) => {
      bits.low = bits.high = 0
      for (let i = 0; i < fields.length; i++) fields[i]!(event)
      kinds.of(bits.low, bits.high)(event, found)
    },
  }
}
