/** What kind of event a row is: the bits of the leaves that tell kinds. */
import type { Scalar } from '../../ingest/event.ts'
import { LASTING, lasting } from '../../ingest/row/handles.ts'
import { LIST, type Row, TEXT } from '../../ingest/row/row.ts'
import { fold } from '../../ingest/store/match.ts'
import type { Bits, KindField } from './kinds.ts'
import { Values } from './values.ts'

/** Texts of one field that are remembered by where they lie: constants are the same in every row of a chunk. */
const REMEMBERED = 16
const NONE: Bits = { low: 0, high: 0 }

/** Adds the bits of one field to `into`. */
export class RowKindField {
  readonly #field: KindField
  readonly #handle: number
  readonly #values: Values<Bits>
  readonly #into: { low: number; high: number }
  readonly #from = new Int32Array(REMEMBERED)
  readonly #to = new Int32Array(REMEMBERED)
  readonly #in = new Float64Array(REMEMBERED).fill(-1)
  readonly #bits: Bits[] = new Array(REMEMBERED).fill(NONE)

  constructor(field: KindField, into: { low: number; high: number }) {
    this.#field = field
    this.#handle = lasting(field.name)
    this.#values = new Values(field.values)
    this.#into = into
  }
  read(row: Row): void {
    const f = this.#handle >= 0 ? this.#handle : passing(row, this.#field.name)
    if (f < 0 || !row.has(f)) return
    const kind = row.kind[f]!
    const [from, to] = [row.from[f]!, row.to[f]!]
    if (kind === TEXT) {
      this.#add(this.#field.present)
      this.#text(row, from, to)
    } else if (kind === LIST) {
      if (to > from) this.#add(this.#field.present)
      for (let i = from; i < to; i++) this.#text(row, row.items[i * 2]!, row.items[i * 2 + 1]!)
    } else {
      const value = row.value(f)
      if (value === undefined || value === null) return
      const values: readonly Scalar[] = Array.isArray(value) ? value : [value as Scalar]
      // A list of nothing is not there.
      if (values.length > 0) this.#add(this.#field.present)
      for (const each of values) this.#add(this.#field.values.get(fold(String(each))) ?? NONE)
    }
  }
  #add(bits: Bits): void {
    this.#into.low |= bits.low
    this.#into.high |= bits.high
  }
  #text(row: Row, from: number, to: number): void {
    const at = from % REMEMBERED
    if (this.#from[at] !== from || this.#to[at] !== to || this.#in[at] !== row.epoch) {
      this.#from[at] = from
      this.#to[at] = to
      this.#in[at] = row.epoch
      this.#bits[at] = this.#values.get(row.bytes, from, to) ?? NONE
    }
    this.#add(this.#bits[at]!)
  }
}

/** The handle of a name that only this row has; -1 where it does not. */
export const passing = (row: Row, name: string): number => {
  for (let i = 0; i < row.count; i++) {
    const f = row.said[i]!
    if (f >= LASTING && row.place[f] === i + 1 && row.nameOf(f) === name) return f
  }
  return -1
}
