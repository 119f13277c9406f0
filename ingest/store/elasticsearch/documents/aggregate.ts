/** Buckets of documents counted by the cluster: pages of a composite aggregation to the end, so that none is missed. */
import type { estypes } from '@elastic/elasticsearch'
import type { Scalar } from '../../../event.ts'
import { typedKey } from '../../buckets.ts'
import { kindOf } from '../connect.ts'
import { sorted } from './fields.ts'
import type { Reader } from './read.ts'
import type { Measure } from '../../store.ts'

export type DocumentBy = string | { readonly field: string; readonly every: number; readonly offset?: number }
interface Counted {
  readonly key: readonly (Scalar | null)[]
  readonly count: number
}
interface Histogram {
  readonly buckets: readonly { readonly key: number; readonly doc_count: number }[]
}

const ES_AS = { least: 'min', greatest: 'max', sum: 'sum' } as const
/** As the cluster measures fields that have an index; undefined where one has none. */
export const measuresOf = async (
  reader: Reader,
  query: estypes.QueryDslQueryContainer,
  of: readonly Measure[],
  known: ReadonlySet<string>,
): Promise<{ count: number; values: (number | undefined)[] } | undefined> => {
  if (of.some(({ field }) => !known.has(field))) return undefined
  const aggs = of.flatMap(({ field, as }, i) => [
    [`v${i}`, { [ES_AS[as]]: { field: `n.${field}` } }] as const,
    [`k${i}`, { value_count: { field: `n.${field}` } }] as const,
  ])
  const { total, aggregations } = await reader.aggregate<Record<string, { readonly value: number | null }>>(
    query,
    Object.fromEntries(aggs),
  )
  // The sum of none is 0 there.
  const value = (i: number) =>
    aggregations?.[`k${i}`]?.value ? (aggregations[`v${i}`]?.value ?? undefined) : undefined
  return { count: total, values: of.map((_, i) => value(i)) }
}

/**
 * Every bucket with its count, in any order; undefined where only the documents themselves can say: a field without an
 * index, a text that is too long for one, more than one histogram.
 */
export const bucketsOf = async (
  reader: Reader,
  query: estypes.QueryDslQueryContainer,
  by: readonly DocumentBy[],
  known: ReadonlySet<string>,
): Promise<Counted[] | undefined> => {
  const times = by.filter((each) => typeof each !== 'string')
  if (times.length > 1 || by.some((each) => !known.has(typeof each === 'string' ? each : each.field))) return undefined
  const terms = by.filter((each) => typeof each === 'string')
  const [every] = times
  const inner: Record<string, estypes.AggregationsAggregationContainer> = every
    ? {
        times: {
          histogram: {
            field: `n.${every.field}`,
            interval: every.every,
            offset: every.offset ?? 0,
            min_doc_count: 1,
          },
        },
      }
    : {}
  const out: Counted[] = []
  const add = (values: readonly (Scalar | null)[], count: number, times?: Histogram) => {
    if (!every) return void out.push({ key: values, count })
    const place = by.indexOf(every)
    let rest = count
    for (const { key, doc_count } of times!.buckets) {
      out.push({ key: values.toSpliced(place, 0, key), count: doc_count })
      rest -= doc_count
    }
    if (rest > 0) out.push({ key: values.toSpliced(place, 0, null), count: rest })
  }
  try {
    if (terms.length === 0) {
      const { total, aggregations } = await reader.aggregate<{ times: Histogram }>(query, inner)
      if (total > 0 || by.length === 0) add([], total, aggregations?.times)
      return out
    }
    let after: estypes.AggregationsCompositeAggregateKey | undefined
    for (;;) {
      const { aggregations } = await reader.aggregate<{ groups: estypes.AggregationsCompositeAggregate }>(query, {
        groups: {
          composite: {
            // Each may hold a whole histogram, and a server makes 65,536 buckets at most.
            size: every ? 50 : 5000,
            sources: terms.map((field, i) => ({ [`k${i}`]: { terms: { field: `s.${field}`, missing_bucket: true } } })),
            ...(after ? { after } : {}),
          },
          ...(every ? { aggs: inner } : {}),
        },
      })
      // An index that nothing was written to yet is not there.
      if (!aggregations) return out
      const { buckets, after_key } = aggregations.groups
      for (const bucket of buckets as readonly estypes.AggregationsCompositeBucket[]) {
        const values: (Scalar | null)[] = []
        for (const [i, field] of terms.entries()) {
          const key = bucket.key[`k${i}`] as string | null
          const value = key === null ? null : sorted(key)
          if (value === undefined) return undefined
          values.push(typeof value === 'string' ? typedKey(field, value) : value)
        }
        add(values, bucket.doc_count, bucket['times'] as Histogram | undefined)
      }
      if (!after_key) return out
      after = after_key
    }
  } catch (error) {
    // Too many buckets for one answer.
    if (kindOf(error) === 'refused') return undefined
    throw error
  }
}
