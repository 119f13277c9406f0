/** Buckets counted in process: what `aggregate` and `groups` mean, and how they answer where a store cannot count exactly. */
import { valuesIn } from '../computed/computed.ts'
import { type Event, type Scalar, typeOf } from '../event.ts'
import type { Bucket, By } from './store.ts'

/** A key as text back to the value of its field. */
export const typedKey = (name: string, text: string | null): Scalar | null => {
  if (text === null) return null
  const type = typeOf(name)
  if ((type === 'long' || type === 'date' || type === 'double') && text !== '' && Number.isFinite(Number(text)))
    return Number(text)
  return type === 'boolean' ? text === 'true' : text
}

export const startOf = (time: number, every: number, offset = 0): number =>
  Math.floor((time - offset) / every) * every + offset

export class Buckets {
  readonly #by: readonly By[]
  readonly #distinct: string | undefined
  readonly #buckets = new Map<
    string,
    { key: (Scalar | null)[]; count: number; first: number; last: number; values: Set<string> }
  >()

  constructor(by: readonly By[], distinct?: string) {
    this.#by = by
    this.#distinct = distinct
  }

  add(event: Event): void {
    const time = event['@timestamp'] as number
    let keys: (Scalar | null)[][] = [[]]
    for (const by of this.#by) {
      const values: readonly (Scalar | null)[] =
        'terms' in by ? [...new Set(valuesIn(event, by.terms))] : [startOf(time, by.every, by.offset)]
      keys = keys.flatMap((key) => (values.length ? values : [null]).map((value) => [...key, value]))
    }
    for (const key of keys) {
      const id = JSON.stringify(key)
      let bucket = this.#buckets.get(id)
      if (!bucket) this.#buckets.set(id, (bucket = { key, count: 0, first: time, last: time, values: new Set() }))
      bucket.count++
      bucket.first = Math.min(bucket.first, time)
      bucket.last = Math.max(bucket.last, time)
      if (this.#distinct) for (const value of valuesIn(event, this.#distinct)) bucket.values.add(String(value))
    }
  }

  all(): Bucket[] {
    return [...this.#buckets.values()].map(({ values, ...bucket }) =>
      this.#distinct ? { ...bucket, distinct: values.size } : bucket,
    )
  }
  top(limit: number): Bucket[] {
    return this.all().sort(byCount).slice(0, limit)
  }
}

/** Largest first; equal ones by key, so that an answer is always the same. */
export const byCount = (
  a: { count: number; key: readonly unknown[] },
  b: { count: number; key: readonly unknown[] },
): number => b.count - a.count || (JSON.stringify(a.key) < JSON.stringify(b.key) ? -1 : 1)
