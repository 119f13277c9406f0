/**
 * One pass for many filters: the fields of an event are read once, words and values name the leaves that may hold, these
 * are asked exactly, and only filters whose key holds are asked as a whole. What it says is what `compile` says of each.
 */
import type { Event, Scalar, Value } from '../../ingest/event.ts'
import type { Filter } from '../../ingest/store/filter.ts'
import { readerOf } from '../../ingest/store/match.ts'
import { blindOf, treesOf } from './leaves.ts'
import { Pass } from './pass.ts'
import { type Plan, planOf } from './plan.ts'

export interface Engine {
  /** Tells of each filter that holds, by its place in the list, in any order and once. */
  match(event: Event, found: (filter: number) => void): void
  /** Filters that are asked of every event which has their fields, for nothing they need can be looked for. */
  readonly blind: readonly number[]
}

/** Reads events for one plan. */
const openReader = (plan: Plan): ((event: Event, found: (filter: number) => void) => void) => {
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

export const openEngine = (filters: readonly Filter[]): Engine => {
  const trees = treesOf(filters)
  const match = openReader(
    planOf(
      trees.nodes.map((node, filter) => ({ filter, node })),
      trees.leaves,
    ),
  )
  return { blind: blindOf(trees), match }
}
