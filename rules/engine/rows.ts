/**
 * The pass over rows: texts are read as bytes where they lie, and the value of a field is made only for a leaf that is
 * really asked. What it says is what `compile` says of `row.event()`.
 */
import type { Event, Scalar, Value } from '../../ingest/event.ts'
import { field, LASTING, lasting } from '../../ingest/row/handles.ts'
import { DOUBLE, LIST, LONG, MADE, type Row, sourcesOf, TEXT } from '../../ingest/row/row.ts'
import { exists, familyOf, type Filter, fieldsOf, noneOf } from '../../ingest/store/filter.ts'
import { readerOf } from '../../ingest/store/match.ts'
import { Kinds } from './kinds.ts'
import { blindOf, treesOf } from './leaves.ts'
import { Pass } from './pass.ts'
import type { Plan, PlannedField } from './plan.ts'
import { passing, RowKindField } from './row-kinds.ts'
import { Values } from './values.ts'

export interface RowEngine {
  /** Tells of each filter that the row, as it is now, satisfies: by its place in the list, in any order and once. */
  match(row: Row, found: (filter: number) => void): void
  /** Filters that are asked of every event which has their fields, for nothing they need can be looked for. */
  readonly blind: readonly number[]
}

/** What a leaf is asked of: an event of the few fields that it reads, made at most once a row. */
interface Excerpt {
  readonly names: readonly string[]
  readonly handles: readonly number[]
  serial: number
  event: Event
}
/** Columns of what is computed, where it is not said, of the same. */
interface Together {
  readonly of: Excerpt
  readonly none: ((event: Event) => boolean) | undefined
  readonly columns: { readonly column: number; readonly read: ReturnType<typeof readerOf> }[]
}
interface Column {
  readonly field: PlannedField
  readonly scanned: boolean
  readonly values: Values<readonly number[]> | undefined
  readonly numbers: ReadonlyMap<number, readonly number[]>
}

/** The number that is written just so. */
const numberOf = (folded: string): number | undefined => {
  const n = Number(folded)
  return String(n).toLowerCase() === folded ? n : undefined
}
const columnOf = (field: PlannedField): Column => ({
  field,
  scanned: field.words.size > 0,
  values: field.values.size > 0 ? new Values(field.values) : undefined,
  numbers: new Map(
    [...field.values].flatMap(([text, leaves]) => {
      const n = numberOf(text)
      return n === undefined ? [] : [[n, leaves] as const]
    }),
  ),
})
/** A leaf that compares with few texts is asked of the bytes. */
interface Few {
  readonly handle: number
  readonly values: Values<true>
  readonly numbers: ReadonlySet<number>
}
const fewOf = (name: string, texts: readonly string[]): Few => ({
  handle: lasting(name),
  values: new Values(new Map(texts.map((text) => [text, true]))),
  numbers: new Set(texts.flatMap((text) => numberOf(text) ?? [])),
})

const ORIGINAL = field('event.original')

class RowReader {
  readonly #plan: Plan
  readonly #pass: Pass
  readonly #columns: readonly Column[]
  /** Of leaves that ask every field. */
  readonly #any: Column | undefined
  /** By handle; -1: no leaf asks. Names of one row only are looked up. */
  readonly #columnAt = new Int16Array(LASTING).fill(-1)
  readonly #columnOf: ReadonlyMap<string, number>
  readonly #computed: readonly Together[]
  readonly #excerpts: readonly Excerpt[]
  /** By handle where a text lies that held nothing, and in which chunk: a constant is the same in every row of it. */
  readonly #quietFrom = new Int32Array(LASTING)
  readonly #quietTo = new Int32Array(LASTING)
  readonly #quietIn = new Float64Array(LASTING).fill(-1)
  readonly #ask: (leaf: number) => boolean
  #row!: Row
  #serial = 0
  #lineFrom = 0
  #lineTo = 0

  constructor(plan: Plan) {
    this.#plan = plan
    this.#pass = new Pass(plan)
    this.#columns = plan.fields.map(columnOf)
    this.#any = plan.any && columnOf(plan.any)
    const { leaves } = plan
    this.#columnOf = new Map(plan.fields.map(({ name }, i) => [name, i]))
    for (const [name, column] of this.#columnOf) {
      const handle = lasting(name)
      if (handle >= 0) this.#columnAt[handle] = column
    }
    const excerpts = new Map<string, Excerpt>()
    const excerptOf = (name: string): Excerpt => {
      // What is computed together is read of one.
      const family = familyOf(name)
      const key = family ? family[0]! : name
      let excerpt = excerpts.get(key)
      if (!excerpt) {
        // All that it is read of: itself, and what it is computed of.
        const names = name === '*' ? [] : [...new Set([...(family ?? []), ...fieldsOf(exists(name))])]
        excerpts.set(key, (excerpt = { names, handles: names.map(lasting), serial: 0, event: {} }))
      }
      return excerpt
    }
    const pairOf = (name: string, other: string): Excerpt => {
      const names = [...new Set([...fieldsOf(exists(name)), ...fieldsOf(exists(other))])]
      return { names, handles: names.map(lasting), serial: 0, event: {} }
    }
    this.#excerpts = leaves.map(({ field, other }) => (other === undefined ? excerptOf(field) : pairOf(field, other)))
    const together = new Map<Excerpt, Together>()
    for (const [column, { name }] of plan.fields.entries()) {
      const of = excerptOf(name)
      if (of.names.length < 2) continue
      const same = together.get(of) ?? { of, none: noneOf(name), columns: [] }
      same.columns.push({ column, read: readerOf(name) })
      together.set(of, same)
    }
    this.#computed = [...together.values()]
    const few: (Few | undefined)[] = leaves.map(() => undefined)
    this.#ask = (leaf) => {
      const { sure, field, test } = leaves[leaf]!
      const excerpt = this.#excerpts[leaf]!
      const said = sure && excerpt.names.length === 1 ? this.#holds((few[leaf] ??= fewOf(field, sure))) : undefined
      return said ?? test(this.#eventOf(excerpt))
    }
  }

  match(row: Row, found: (filter: number) => void): void {
    const pass = this.#pass
    if (this.#plan.nodes.length === 0) return
    const any = this.#any
    const { said, place, kind, from, to, number, count } = row
    this.#row = row
    this.#serial++
    pass.begin()
    if (any !== undefined) {
      pass.present(any.field.present)
      const lies = place[ORIGINAL] !== 0 && kind[ORIGINAL] === TEXT
      this.#lineFrom = lies ? from[ORIGINAL]! : Number.MAX_SAFE_INTEGER
      this.#lineTo = lies ? to[ORIGINAL]! : 0
    }
    for (let i = 0; i < count; i++) {
      const f = said[i]!
      if (place[f] !== i + 1) continue
      const column = f < LASTING ? this.#columnAt[f]! : (this.#columnOf.get(row.nameOf(f)) ?? -1)
      if (column >= 0) pass.present(this.#columns[column]!.field.present)
      else if (any === undefined) continue
      switch (kind[f]) {
        case TEXT:
          this.#text(f, column, from[f]!, to[f]!)
          break
        case LONG:
        case DOUBLE:
          this.#number(column, number[f]!)
          break
        case LIST:
          for (let k = from[f]!; k < to[f]!; k++) this.#text(f, column, row.items[k * 2]!, row.items[k * 2 + 1]!)
          break
        case MADE:
          for (const of of sourcesOf(f))
            if (place[of] !== 0 && kind[of] === TEXT) this.#text(f, column, from[of]!, to[of]!)
          break
        default:
          this.#value(column, row.value(f)!)
      }
    }
    for (let i = 0; i < this.#computed.length; i++) this.#together(this.#computed[i]!)
    pass.finish(this.#ask, found)
  }

  #together({ of, none, columns }: Together): void {
    const event = this.#eventOf(of)
    if (none?.(event)) return
    const pass = this.#pass
    for (let i = 0; i < columns.length; i++) {
      const { column, read } = columns[i]!
      const value = read(event)
      const { field } = this.#columns[column]!
      // What the row says itself was read above.
      if (value === undefined || value === event[field.name]) continue
      pass.present(field.present)
      if (Array.isArray(value)) for (const each of value) pass.value(each as Scalar, column, false)
      else pass.value(value as Scalar, column, false)
    }
  }
  #text(f: number, column: number, from: number, to: number): void {
    const any = this.#any
    const row = this.#row
    const known = f < LASTING
    if (known && this.#quietFrom[f] === from && this.#quietTo[f] === to && this.#quietIn[f] === row.epoch) return
    const pass = this.#pass
    const before = pass.hits
    const own = column < 0 ? undefined : this.#columns[column]!
    // What lies within the line is read with the line for leaves of any field, and not again.
    const everywhere = any !== undefined && (f === ORIGINAL || from < this.#lineFrom || to > this.#lineTo)
    let ascii = false
    if (own?.scanned || (everywhere && any.scanned)) {
      pass.reads(column, everywhere)
      ascii = this.#plan.words.scanBytes(row.bytes, from, to, pass.found)
    }
    if (own?.values !== undefined) this.#look(own.values, from, to, ascii)
    if (any?.values !== undefined) this.#look(any.values, from, to, ascii)
    if (!known || pass.hits !== before || (any !== undefined && !everywhere)) return
    this.#quietFrom[f] = from
    this.#quietTo[f] = to
    this.#quietIn[f] = row.epoch
  }
  #look(values: Values<readonly number[]>, from: number, to: number, ascii: boolean): void {
    const leaves = values.get(this.#row.bytes, from, to, ascii)
    if (leaves !== undefined) this.#pass.has(leaves)
  }
  #number(column: number, n: number): void {
    const own = column < 0 ? undefined : this.#columns[column]!
    if (own?.scanned || this.#pass.anyNumber) this.#pass.value(n, column, true)
    else {
      const leaves = own?.numbers.get(n)
      if (leaves !== undefined) this.#pass.has(leaves)
    }
  }
  #value(column: number, value: Value): void {
    const everywhere = this.#any !== undefined
    if (Array.isArray(value)) for (const each of value) this.#pass.value(each as Scalar, column, everywhere)
    else this.#pass.value(value as Scalar, column, everywhere)
  }

  /** Undefined where the value is of a kind that is not compared as bytes. */
  #holds({ handle, values, numbers }: Few): boolean | undefined {
    const { place, kind, from, to, number, items, bytes } = this.#row
    if (handle < 0) return undefined
    if (place[handle] === 0) return false
    switch (kind[handle]) {
      case TEXT:
        return values.get(bytes, from[handle]!, to[handle]!) === true
      case LONG:
      case DOUBLE:
        return numbers.has(number[handle]!)
      case LIST:
        for (let k = from[handle]!; k < to[handle]!; k++)
          if (values.get(bytes, items[k * 2]!, items[k * 2 + 1]!)) return true
        return false
      default:
        return undefined
    }
  }

  #eventOf(excerpt: Excerpt): Event {
    if (excerpt.serial === this.#serial) return excerpt.event
    excerpt.serial = this.#serial
    const row = this.#row
    if (excerpt.names.length === 0) return (excerpt.event = row.event())
    const event: Event = {}
    for (let i = 0; i < excerpt.names.length; i++) {
      const name = excerpt.names[i]!
      const f = excerpt.handles[i]! >= 0 ? excerpt.handles[i]! : passing(row, name)
      const value = f >= 0 && row.has(f) ? row.value(f) : undefined
      if (value === undefined) continue
      // `__proto__` is a name like any other.
      if (name === '__proto__') Object.defineProperty(event, name, { value })
      else event[name] = value
    }
    return (excerpt.event = event)
  }
}

export const openRowEngine = (filters: readonly Filter[]): RowEngine => {
  const trees = treesOf(filters)
  const kinds = new Kinds(trees, (plan) => new RowReader(plan))
  const bits = { low: 0, high: 0 }
  const fields = kinds.fields.map((field) => new RowKindField(field, bits))
  return {
    blind: blindOf(trees),
    match: (row, found) => {
      bits.low = bits.high = 0
      for (let i = 0; i < fields.length; i++) fields[i]!.read(row)
      kinds.of(bits.low, bits.high).match(row, found)
    },
  }
}
