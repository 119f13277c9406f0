/** Reads of events: over every index of the alias, bounded in hits a page and, for a person, in time. */
import { withInputs } from '../../../computed/computed.ts'
import type { Client, estypes } from '@elastic/elasticsearch'
import { errors } from '@elastic/elasticsearch'
import type { Event } from '../../../event.ts'
import { type Filter, fieldsOf, type Match } from '../../filter.ts'
import { compile } from '../../match.ts'
import {
  type Asked,
  type Missing,
  type Page,
  type Search,
  type Window,
  StoreError,
  StoreRefused,
  WrongQuestion,
  tooLong,
  givenUp,
} from '../../store.ts'
import { insist, kindOf } from '../connect.ts'
import { both, type Dsl, type Query, type Said, toDsl } from './dsl.ts'
import { anewOf, dayOf } from '../events/indices.ts'
import { eventOf, ODD, sourceOf } from '../rows/row.ts'

export interface ReadOptions {
  /** Fields that some index was made without. */
  readonly lacking: () => ReadonlySet<string>
  readonly client: Client
  /** Of every index of events. */
  readonly alias: string
  /** ms that a person's question may take. */
  readonly limit: number
}

export interface Answer {
  readonly response: estypes.SearchResponse<Source, Record<string, estypes.AggregationsAggregate>>
  readonly missing: readonly Missing[]
}
export type Source = { readonly [name: string]: unknown }

/** What is asked of every read of events: only those of the window. */
export const windowQuery = ({ from, to, ingested }: Window): Query[] => {
  const bounds = (field: string, gt?: number, gte?: number, lt?: number, lte?: number): Query[] => {
    const range = Object.fromEntries(
      Object.entries({ gt, gte, lt, lte })
        .filter(([, n]) => n !== undefined && Number.isFinite(n))
        .map(([sign, n]) => [sign, Math.trunc(n!)]),
    )
    return Object.keys(range).length ? [{ range: { [field]: range } }] : []
  }
  return [
    ...bounds('@timestamp', undefined, from, to),
    ...bounds('event.ingested', ingested?.after, undefined, undefined, ingested?.upTo),
  ]
}

/** Decides on the hits that the query alone does not decide on. */
interface Decision {
  readonly dsl: Dsl
  readonly match: Match
  /** Fields of `_source` to read; undefined: all. */
  readonly includes: string[] | undefined
  readonly only: ReadonlySet<string> | undefined
}

const decisionOf = (
  filter: Filter,
  fields: readonly string[] | undefined,
  said: Said,
  lacking: ReadonlySet<string>,
): Decision => {
  const dsl = toDsl(filter, said, lacking)
  const names = fieldsOf(filter)
  const only =
    fields && !names.has('*') && !fields.includes('*') ? new Set(withInputs([...fields, ...names])) : undefined
  return { dsl, match: compile(filter), includes: only && sourceOf([...only]), only }
}
const eventsOf = (hits: readonly estypes.SearchHit<Source>[], { dsl, match, only }: Decision): (Event | undefined)[] =>
  hits.map(({ _source }) => {
    const event = eventOf(_source!, only)
    return (dsl.exact && _source![ODD] === undefined) || match(event) ? event : undefined
  })

const MOST_HITS = 1000
const MOST_LESSONS = 1000
const SAID: readonly Said[] = ['all', 'values', 'nothing']

export const openReader = ({ client, alias, limit, lacking }: ReadOptions) => {
  /** A page that is too long for one answer is asked for in smaller ones. */
  const smaller = (error: unknown, size: number): number | undefined =>
    size > 1 &&
    (error instanceof errors.RequestAbortedError ||
      /content length|string longer|Invalid string length/i.test(`${error}`))
      ? Math.max(1, size >> 3)
      : undefined

  const failuresOf = ({ _shards }: estypes.SearchResponse<unknown>): Missing[] => {
    const failed = (_shards.failures ?? []) as readonly estypes.ShardFailure[]
    const days = new Map<string, string>()
    for (const { index, reason } of failed)
      days.set(dayOf(index ?? '') ?? 'unknown', reason?.reason ?? reason?.type ?? 'a shard is not available')
    return [...days].map(([day, reason]) => ({ day, reason }))
  }

  /** One question of a person: in time, and without the parts that cannot be read, which it names. */
  const ask = async (body: estypes.SearchRequest, signal?: AbortSignal): Promise<Answer> => {
    const what = 'reading events'
    try {
      const response = await insist(client, what, () =>
        client.search<Source, Record<string, estypes.AggregationsAggregate>>(
          {
            index: alias,
            ignore_unavailable: true,
            allow_partial_search_results: true,
            timeout: `${limit}ms`,
            ...body,
          },
          { requestTimeout: limit + 5000, ...(signal ? { signal } : {}) },
        ),
      )
      refuseComplex(response)
      if (response.timed_out) throw tooLong(limit)
      return { response, missing: failuresOf(response) }
    } catch (error) {
      heed(signal, limit)
      const cause = error instanceof StoreError && error.cause ? error.cause : error
      if (cause instanceof errors.TimeoutError) throw tooLong(limit)
      const missing = allFailed(cause)
      if (missing.length) return { response: EMPTY, missing }
      throw error
    }
  }

  /** Every shard failed, and not because of the question: the server answers with an error instead of nothing. */
  const allFailed = (error: unknown): Missing[] => {
    if (!(error instanceof errors.ResponseError) || error.statusCode !== 503) return []
    const shards = (error.body as { error?: { failed_shards?: estypes.ShardFailure[]; type?: string } })?.error
    if (shards?.type !== 'search_phase_execution_exception') return []
    const reason = 'no copy of its shard is available'
    return [...new Set((shards.failed_shards ?? []).map(({ index }) => dayOf(index ?? '') ?? 'unknown'))].map(
      (day) => ({
        day,
        reason,
      }),
    )
  }

  /** How much less than all a server is told of a filter. Remembered: to find it out costs a server seconds. */
  const lessons = new Map<string, number>()
  const lessOf = (filter: Filter): number => lessons.get(JSON.stringify(filter)) ?? 0
  /** Answers false where nothing less can be said. */
  const learn = (filter: Filter, error: unknown): boolean => {
    const less = lessOf(filter) + 1
    if (!isTooComplex(error) || less === SAID.length) return false
    if (lessons.size >= MOST_LESSONS) lessons.delete(lessons.keys().next().value!)
    lessons.set(JSON.stringify(filter), less)
    return true
  }

  /** All that a server can be told of a filter; less of it, where it refuses to build what that takes. */
  const tamed = async <T>(filter: Filter, work: (said: Said) => Promise<T>): Promise<T> => {
    for (;;)
      try {
        return await work(SAID[lessOf(filter)]!)
      } catch (error) {
        if (!learn(filter, error)) throw error
      }
  }

  const search = (query: Search): Promise<Page<Event>> => tamed(query.filter, (said) => searchOnce(query, said))
  const searchOnce = async (query: Search, said: Said): Promise<Page<Event>> => {
    const { filter, order, limit: most } = query
    if (!(most >= 1 && most <= MOST_HITS)) throw new WrongQuestion(`limit is ${most}: it must be 1 to ${MOST_HITS}`)
    const decision = decisionOf(filter, query.fields && [...query.fields, '@timestamp', 'event.id'], said, lacking())
    const direction = order === 'newest' ? 'desc' : 'asc'
    let after = query.cursor === undefined ? undefined : placeOf(query.cursor)
    let size = decision.dsl.exact ? most + 1 : MOST_HITS
    const items: { event: Event; sort: estypes.SortResults }[] = []
    let missing: readonly Missing[] = []
    for (;;) {
      let answer: Answer
      try {
        answer = await ask(
          {
            query: both(...windowQuery(query), decision.dsl.query),
            sort: [{ '@timestamp': { order: direction } }, { 'event.id': { order: direction } }],
            size,
            track_total_hits: false,
            ...(decision.includes ? { _source: decision.includes } : {}),
            ...(after ? { search_after: after } : {}),
          },
          query.signal,
        )
      } catch (error) {
        if (query.signal?.aborted) throw error
        const less = smaller(error, size)
        if (less === undefined) throw error
        size = less
        continue
      }
      missing = answer.missing
      const { hits } = answer.response.hits
      for (const [i, event] of eventsOf(hits, decision).entries()) {
        after = hits[i]!.sort
        if (event) items.push({ event, sort: after! })
        if (items.length > most) break
      }
      const done = hits.length < size
      if (items.length > most || done) {
        const page = items.slice(0, most)
        const more = items.length > most ? { cursor: JSON.stringify(page.at(-1)!.sort) } : {}
        return { items: page.map(({ event }) => event), ...more, missing }
      }
    }
  }

  /** The number of events that the server alone decides on, where the filter is exact. */
  const count = (query: Window & Asked & { readonly filter: Filter }): Promise<number> =>
    tamed(query.filter, async (said) => {
      const { dsl } = decisionOf(query.filter, ['@timestamp'], said, lacking())
      if (!dsl.exact) return tally(match({ ...query, fields: ['@timestamp'] }, { strict: false }))
      const odd = dsl.odd([])
      const [{ response }, others] = await Promise.all([
        ask(
          {
            query: { bool: { filter: [...windowQuery(query), dsl.plain], must_not: [odd] } },
            size: 0,
            track_total_hits: true,
          },
          query.signal,
        ),
        tally(match({ ...query, fields: ['@timestamp'] }, { strict: false, also: odd })),
      ])
      return (response.hits.total as estypes.SearchTotalHits).value + others
    })

  /**
   * Every match, a chunk at a time, as of one moment. `strict`: a part that cannot be read is an error. `also`: only those
   * that this holds for too.
   */
  const match = async function* (
    query: Window & Asked & { readonly filter: Filter; readonly fields?: readonly string[] },
    { strict = true, also }: { readonly strict?: boolean; readonly also?: Query } = {},
  ): AsyncGenerator<Event[]> {
    const what = 'reading events'
    const again = (work: () => Promise<unknown>) => insist(client, what, work)
    const opened = (await again(() =>
      client.openPointInTime({
        index: alias,
        keep_alive: '5m',
        ignore_unavailable: true,
        allow_partial_search_results: !strict,
      }),
    )) as estypes.OpenPointInTimeResponse
    let id = opened.id
    let decision = decisionOf(query.filter, query.fields, SAID[lessOf(query.filter)]!, lacking())
    let size = MOST_HITS
    let after: estypes.SortResults | undefined
    try {
      for (;;) {
        heed(query.signal, limit)
        let response: estypes.SearchResponse<Source>
        try {
          response = (await again(() =>
            client.search<Source>({
              pit: { id, keep_alive: '5m' },
              query: both(...windowQuery(query), decision.dsl.query, ...(also ? [also] : [])),
              sort: [{ _shard_doc: 'asc' }],
              size,
              track_total_hits: false,
              // A day that is dropped meanwhile fails as well; see below.
              allow_partial_search_results: true,
              ...(decision.includes ? { _source: decision.includes } : {}),
              ...(after ? { search_after: after } : {}),
            }),
          )) as estypes.SearchResponse<Source>
          refuseComplex(response)
        } catch (error) {
          const fewer = smaller(error, size)
          if (fewer !== undefined) size = fewer
          else if (learn(query.filter, error))
            decision = decisionOf(query.filter, query.fields, SAID[lessOf(query.filter)]!, lacking())
          else if (allFailed(cause(error)).length && !strict) return
          else throw error
          continue
        }
        if (strict) await refuseFailures(response)
        id = response.pit_id ?? id
        const { hits } = response.hits
        const events = eventsOf(hits, decision).filter((event) => event !== undefined)
        if (events.length) yield events
        if (hits.length < size) return
        after = hits.at(-1)!.sort
      }
    } finally {
      await client.closePointInTime({ id }).catch(() => {})
    }
  }

  /** Detection never skips. What was dropped meanwhile is not missing. */
  const refuseFailures = async (response: estypes.SearchResponse<unknown>): Promise<void> => {
    const failed = (response._shards.failures ?? []) as readonly estypes.ShardFailure[]
    for (const { index, reason } of failed) {
      if (index && !(await client.indices.exists({ index }))) {
        // Written anew, it is there under another name.
        const anew = await client.indices.get({ index: anewOf(index), ignore_unavailable: true, features: ['aliases'] })
        if (Object.keys(anew).length === 0) continue
        throw new StoreRefused(`the day ${dayOf(index) ?? ''} was written anew while it was read: ask again`)
      }
      throw new StoreRefused(
        `the events of ${dayOf(index ?? '') ?? 'a day'} cannot be read (${reason?.reason ?? reason?.type ?? 'a shard failed'}): see that every node of Elasticsearch runs, or restore the index ${index ?? ''} from a snapshot`,
      )
    }
    if (response.timed_out) throw tooLong(limit)
  }

  return { search, count, match, ask, tamed, refuseFailures, lacking }
}
export type Reader = ReturnType<typeof openReader>

const cause = (error: unknown): unknown => (error instanceof StoreError && error.cause ? error.cause : error)
const EMPTY = { hits: { hits: [], total: { value: 0, relation: 'eq' } }, _shards: {} } as unknown as Answer['response']

/** All that a person's question takes has one time limit, and ends when nobody waits for the answer any more. */
export const questionOf = (signal: AbortSignal | undefined, limit: number): AbortSignal =>
  AbortSignal.any([AbortSignal.timeout(limit), ...(signal ? [signal] : [])])
const heed = (signal: AbortSignal | undefined, limit: number): void => {
  if (!signal?.aborted) return
  throw (signal.reason as Error | undefined)?.name === 'TimeoutError' ? tooLong(limit) : givenUp()
}
const COMPLEX = /determiniz|too_complex|TooComplex|too complex|nested clauses|max_nested_depth|too_many_clauses/i
class TooComplex extends Error {}
/** A shard without an event of the window does not look at the rest of the question: then only some refuse it. */
const refuseComplex = ({ _shards }: estypes.SearchResponse<unknown>): void => {
  for (const { reason } of (_shards.failures ?? []) as readonly estypes.ShardFailure[])
    if (COMPLEX.test(JSON.stringify(reason ?? ''))) throw new TooComplex(reason?.reason ?? '')
}
const isTooComplex = (error: unknown): boolean => {
  const found = cause(error)
  return (
    found instanceof TooComplex ||
    (found instanceof errors.ResponseError && kindOf(found) === 'refused' && COMPLEX.test(JSON.stringify(found.body)))
  )
}

const tally = async (chunks: AsyncIterable<readonly unknown[]>): Promise<number> => {
  let n = 0
  for await (const chunk of chunks) n += chunk.length
  return n
}

/** A cursor is the place of the last event of a page: it outlives the process, and new events do not move it. */
const placeOf = (cursor: string): estypes.SortResults => {
  try {
    const place: unknown = JSON.parse(cursor)
    if (Array.isArray(place) && place.length === 2 && Number.isFinite(place[0])) return place as estypes.SortResults
  } catch {
    // Said below.
  }
  throw new WrongQuestion(`"${cursor.slice(0, 100)}" is not a place in a list of events: begin at its first page`)
}
