/**
 * Events counted by the server, exactly: a terms aggregation where it vouches for its counts, else a composite one to its
 * last page, so that no group is missed at any number of them. Where the filter is not exact the process counts what came
 * back, and it always counts the events that are odd in a field that matters.
 */
import { COMPUTED } from '../../../computed/computed.ts'
import type { estypes } from '@elastic/elasticsearch'
import { type Event, fieldOf, type Scalar } from '../../../event.ts'
import { Buckets, byCount, typedKey } from '../../buckets.ts'
import { and, exists, type Filter, not, or } from '../../filter.ts'
import type { Aggregate, Bucket, By, Groups, Missing, Page, Window } from '../../store.ts'
import { both, type Dsl, type Query, type Said, toDsl, without } from './dsl.ts'
import { type Answer, type Reader, windowQuery } from './read.ts'
import { fitsRest, REST, STORED, TEXT } from '../rows/row.ts'

type Aggs = { readonly [name: string]: estypes.AggregationsAggregationContainer }
type Asked = Window & {
  readonly signal?: AbortSignal | undefined
  readonly filter: Filter
  readonly by: readonly By[]
  readonly distinct?: string
}

const PAGE = 5000
/** Of a terms aggregation; more are paged through. */
const MOST_TERMS = 2000
/** A server answers with 65,536 buckets at most. */
const MOST_STEPS = 10_000
/** Groups whose distinct values are counted in one question. */
const CANDIDATES = 100

const namesOf = ({ by, distinct }: Pick<Asked, 'by' | 'distinct'>): string[] => [
  ...by.flatMap((each) => ('terms' in each ? [each.terms] : [])),
  ...(distinct === undefined ? [] : [distinct]),
]

/** The name under which a field has doc values, or undefined where it has none. */
const counted = (name: string): string | undefined => {
  if (TEXT.has(name) || STORED.has(name)) return undefined
  if (fieldOf(name)) return name
  return !fitsRest(name) ? undefined : `${REST}.${name}`
}

const keyOf = (name: string, key: unknown): Scalar | null =>
  key === null || key === undefined ? null : typedKey(name, String(key))
const idOf = (key: readonly unknown[]): string => JSON.stringify(key)

interface Numbers {
  readonly doc_count: number
  readonly first?: { readonly value: number | null }
  readonly last?: { readonly value: number | null }
  readonly distinct?: { readonly value: number }
}
const NUMBERS: Aggs = { first: { min: { field: '@timestamp' } }, last: { max: { field: '@timestamp' } } }
const bucketOf = (key: (Scalar | null)[], { doc_count, first, last, distinct }: Numbers): Bucket => ({
  key,
  count: doc_count,
  first: first?.value ?? 0,
  last: last?.value ?? 0,
  ...(distinct ? { distinct: distinct.value } : {}),
})

/** As a bucket of the process has its keys, so has one of the server. */
const typed = (buckets: readonly Bucket[], by: readonly By[]): Bucket[] =>
  buckets.map((bucket) => ({
    ...bucket,
    key: bucket.key.map((key, i) => {
      const each = by[i]!
      return 'terms' in each ? keyOf(each.terms, key) : key
    }),
  }))

const merged = (some: readonly Bucket[], others: readonly Bucket[]): Bucket[] => {
  const all = new Map(some.map((bucket) => [idOf(bucket.key), bucket]))
  for (const bucket of others) {
    const known = all.get(idOf(bucket.key))
    all.set(
      idOf(bucket.key),
      known
        ? {
            ...known,
            count: known.count + bucket.count,
            first: Math.min(known.first, bucket.first),
            last: Math.max(known.last, bucket.last),
          }
        : bucket,
    )
  }
  return [...all.values()]
}

const phase = ({ every, offset = 0 }: { every: number; offset?: number }): number => ((offset % every) + every) % every

export const openCounter = (reader: Reader) => {
  const { ask, match, tamed, refuseFailures, lacking } = reader

  /** The events that the server must not decide on; undefined where it can decide on none. */
  const split = (asked: Asked, said: Said): { dsl: Dsl; odd: Query; query: Query[] } | undefined => {
    const dsl = toDsl(asked.filter, said, lacking())
    const names = namesOf(asked)
    if (!dsl.exact || names.some((name) => counted(name) === undefined || lacking().has(name) || COMPUTED.has(name)))
      return undefined
    const odd = dsl.odd(names)
    return { dsl, odd, query: [...windowQuery(asked), dsl.plain, without(odd)] }
  }

  const inProcess = async (asked: Asked, strict: boolean, also?: Query): Promise<Buckets> => {
    const buckets = new Buckets(asked.by, asked.distinct)
    const query = { ...asked, fields: ['@timestamp', ...namesOf(asked)] }
    for await (const chunk of match(query, { strict, ...(also ? { also } : {}) }))
      for (const event of chunk) buckets.add(event as Event)
    return buckets
  }

  /**
   * Every bucket, a page at a time, in the order of the keys, times the newest first: in the other order the server goes by the points
   * of '@timestamp' where the query is of all events or of a range of it, has none, and answers with no bucket (9.4.3).
   */
  const composite = async function* (
    by: readonly By[],
    query: Query[],
    aggs: Aggs,
    answer: (body: estypes.SearchRequest) => Promise<Answer>,
  ): AsyncGenerator<{ key: (Scalar | null)[]; numbers: Numbers & Record<string, { value: number }> }[]> {
    const sources = by.map((each, i) => ({
      [`k${i}`]:
        'terms' in each
          ? { terms: { field: counted(each.terms)!, missing_bucket: true } }
          : {
              date_histogram: {
                field: '@timestamp',
                fixed_interval: `${each.every}ms`,
                offset: `${phase(each)}ms`,
                order: 'desc',
              },
            },
    })) as estypes.AggregationsCompositeAggregation['sources']
    if (by.length === 0) {
      const { response } = await answer({ query: both(...query), size: 0, track_total_hits: true, aggs })
      const { value: doc_count } = response.hits.total as estypes.SearchTotalHits
      if (doc_count > 0) yield [{ key: [], numbers: { ...response.aggregations, doc_count } as never }]
      return
    }
    let after: estypes.AggregationsCompositeAggregateKey | undefined
    do {
      const { response } = await answer({
        query: both(...query),
        size: 0,
        aggs: { all: { composite: { size: PAGE, sources: sources!, ...(after ? { after } : {}) }, aggs } },
      })
      const found = response.aggregations?.['all'] as unknown as
        | { buckets: (Numbers & { key: Record<string, unknown> })[]; after_key?: typeof after }
        | undefined
      const buckets = found?.buckets ?? []
      if (buckets.length)
        yield buckets.map((bucket) => ({
          key: by.map((each, i) =>
            'terms' in each ? keyOf(each.terms, bucket.key[`k${i}`]) : Number(bucket.key[`k${i}`]),
          ),
          numbers: bucket as unknown as Numbers & Record<string, { value: number }>,
        }))
      after = buckets.length < PAGE ? undefined : found?.after_key
    } while (after)
  }

  /** The largest buckets as the server counts them; `all`: every bucket, for others are added. */
  const largest = async (
    asked: Asked & { readonly limit: number },
    query: Query[],
    all: boolean,
  ): Promise<{ items: Bucket[]; missing: readonly Missing[] }> => {
    const aggs: Aggs = {
      ...NUMBERS,
      ...(asked.distinct === undefined
        ? {}
        : { distinct: { cardinality: { field: counted(asked.distinct)!, precision_threshold: 40_000 } } }),
    }
    const filter = both(...query)
    const [only] = asked.by
    if (!only) {
      const { response, missing } = await ask({ query: filter, size: 0, track_total_hits: true, aggs }, asked.signal)
      const { value: doc_count } = response.hits.total as estypes.SearchTotalHits
      return { items: doc_count ? [bucketOf([], { doc_count, ...response.aggregations } as Numbers)] : [], missing }
    }
    if (asked.by.length === 1 && 'every' in only && asked.from !== undefined && asked.to !== undefined)
      if ((asked.to - asked.from) / only.every <= MOST_STEPS) {
        const { response, missing } = await ask(
          {
            query: filter,
            size: 0,
            aggs: {
              all: {
                date_histogram: {
                  field: '@timestamp',
                  fixed_interval: `${only.every}ms`,
                  offset: `${phase(only)}ms`,
                  min_doc_count: 1,
                },
                aggs,
              },
            },
          },
          asked.signal,
        )
        const found = response.aggregations?.['all'] as { buckets?: (Numbers & { key: number })[] } | undefined
        return { items: (found?.buckets ?? []).map((bucket) => bucketOf([bucket.key], bucket)), missing }
      }
    if (asked.by.length === 1 && 'terms' in only && asked.limit <= MOST_TERMS && !all) {
      const field = counted(only.terms)!
      const { response, missing } = await ask(
        {
          query: filter,
          size: 0,
          aggs: {
            all: { terms: { field, size: asked.limit, shard_size: asked.limit * 2 + 1000 }, aggs },
            none: { missing: { field }, aggs },
          },
        },
        asked.signal,
      )
      const found = response.aggregations?.['all'] as
        | { buckets: (Numbers & { key: unknown; key_as_string?: string })[]; doc_count_error_upper_bound?: number }
        | undefined
      if (!found?.doc_count_error_upper_bound) {
        const boolean = fieldOf(only.terms)?.type === 'boolean'
        const items = (found?.buckets ?? []).map((bucket) =>
          bucketOf([keyOf(only.terms, boolean ? bucket.key_as_string : bucket.key)], bucket),
        )
        const none = response.aggregations?.['none'] as Numbers | undefined
        if (none?.doc_count) items.push(bucketOf([null], none))
        return { items, missing }
      }
    }
    const items: Bucket[] = []
    let missing: readonly Missing[] = []
    const answer = async (body: estypes.SearchRequest) => {
      const found = await ask(body, asked.signal)
      missing = found.missing
      return found
    }
    for await (const page of composite(asked.by, query, aggs, answer))
      for (const { key, numbers } of page) items.push(bucketOf(key, numbers))
    return { items, missing }
  }

  const aggregate = (asked: Aggregate): Promise<Page<Bucket>> =>
    tamed(asked.filter, async (said) => {
      const parts = split(asked, said)
      const others = parts && typed((await inProcess(asked, false, parts.odd)).all(), asked.by)
      // Two sets of distinct values cannot be added up.
      if (!parts || (others!.length && asked.distinct !== undefined)) {
        const { missing } = await ask({ query: both(...windowQuery(asked)), size: 0 }, asked.signal)
        const items = typed((await inProcess(asked, false)).all(), asked.by)
        return { items: items.sort(byCount).slice(0, asked.limit), missing }
      }
      const { items, missing } = await largest(asked, parts.query, others!.length > 0)
      return { items: merged(items, others!).sort(byCount).slice(0, asked.limit), missing }
    })

  /** A question of detection: every part answers, or it is an error. */
  const strictly = async (body: estypes.SearchRequest): Promise<Answer> => {
    const answer = await ask(body)
    await refuseFailures(answer.response)
    if (answer.missing.length && !answer.response._shards?.failures)
      throw new Error(`the events of ${answer.missing[0]!.day} cannot be read: ${answer.missing[0]!.reason}`)
    return answer
  }

  const groups = async function* (asked: Groups): AsyncGenerator<Bucket[]> {
    const by = asked.by.map((terms) => ({ terms }))
    const whole: Asked = { ...asked, by }
    // Asked once, for what follows is a stream.
    const said = await tamed(asked.filter, async (said) => {
      const parts = split(whole, said)
      if (parts) await strictly({ query: both(...parts.query), size: 0, terminate_after: 1 })
      return said
    })
    const parts = split(whole, said)
    const others = parts ? typed((await inProcess(whole, true, parts.odd)).all(), by) : []
    const enough = (bucket: Bucket) => (bucket.distinct ?? bucket.count) >= asked.atLeast
    if (!parts || (others.length && asked.distinct !== undefined)) {
      yield typed((await inProcess(whole, true)).all(), by).filter(enough)
      return
    }
    if (asked.distinct !== undefined) {
      yield* distinctGroups(asked, asked.distinct, by, parts.query)
      return
    }
    const left = new Map(others.map((bucket) => [idOf(bucket.key), bucket]))
    for await (const page of composite(by, parts.query, NUMBERS, strictly)) {
      const found = page.map(({ key, numbers }) => {
        const other = left.get(idOf(key))
        left.delete(idOf(key))
        const bucket = bucketOf(key, numbers)
        return other ? merged([bucket], [other])[0]! : bucket
      })
      yield found.filter(enough)
    }
    yield [...left.values()].filter(enough)
  }

  /**
   * A group has at most as many distinct values as it has values: those with enough of them are looked at one by one. The
   * server's own count of distinct values is an estimate that whoever chooses the values can make too low.
   */
  const distinctGroups = async function* (
    asked: Groups,
    distinct: string,
    by: readonly { terms: string }[],
    query: Query[],
  ): AsyncGenerator<Bucket[]> {
    const aggs: Aggs = { ...NUMBERS, values: { value_count: { field: counted(distinct)! } } }
    for await (const page of composite(by, query, aggs, strictly)) {
      const candidates = page.filter(({ numbers }) => numbers['values']!.value >= asked.atLeast)
      for (let i = 0; i < candidates.length; i += CANDIDATES) {
        const some = candidates.slice(i, i + CANDIDATES)
        const counts = new Map<string, number>(some.map(({ key }) => [idOf(key), 0]))
        const them = toDsl(or(...some.map(({ key }) => and(...key.map((value, k) => has(by[k]!.terms, value))))))
        const pairs = composite([...by, { terms: distinct }], [...query, them.plain], {}, strictly)
        for await (const found of pairs)
          for (const { key } of found) {
            const id = idOf(key.slice(0, -1))
            if (key.at(-1) !== null && counts.has(id)) counts.set(id, counts.get(id)! + 1)
          }
        const out = some.map(({ key, numbers }) => ({ ...bucketOf(key, numbers), distinct: counts.get(idOf(key))! }))
        yield out.filter((bucket) => bucket.distinct >= asked.atLeast)
      }
    }
  }

  return { aggregate, groups }
}

const has = (field: string, value: Scalar | null): Filter =>
  value === null ? not(exists(field)) : { op: 'in', field, values: [value], cased: true }
