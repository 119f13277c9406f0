/** Reading documents in pages and streams of one collection's index. */
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Document, Stored } from '../../store.ts'
import { insist, kindOf, known } from '../connect.ts'
import type { Source } from './fields.ts'
import { toVersion } from './write.ts'

export interface Hit {
  readonly stored: Stored<Document>
  readonly sort: readonly estypes.FieldValue[]
  readonly marks: readonly string[]
}
/** An alert may carry twenty events: some tens of kB each. */
const PAGE = 500
const KEEP = '5m'
const SOURCE = ['id', 'doc', 'w']

/** Places in the order of changes count from 1, so that 0 is before the first. */
export const toSeq = (seqNo: number): number => seqNo + 1

/** `seen` is told of each document's version and marks, so that who writes it next need not ask for them. */
export const openReader = (
  client: Client,
  index: string,
  patience = 30_000,
  seen: (id: string, version: number, marks: readonly string[]) => void = () => {},
) => {
  const ask = <T>(what: string, work: () => Promise<T>) => insist(client, what, work, { patience })
  const what = `reading ${index}`
  const here = { index, ignore_unavailable: true }
  const hit = (found: estypes.SearchHit<Source>): Hit => {
    const { id, doc, w } = found._source!
    const version = toVersion(found._primary_term!, found._seq_no!)
    seen(id, version, w)
    return { stored: { id, version, seq: toSeq(found._seq_no!), doc }, sort: found.sort ?? [], marks: w }
  }
  const search = (request: estypes.SearchRequest) =>
    ask(what, () =>
      client.search<Source>({
        seq_no_primary_term: true,
        _source: SOURCE,
        ...request,
        allow_partial_search_results: false,
      }),
    )

  return {
    /** What was written before, by whatever process, is found from now on. Costs next to nothing where nothing is new. */
    refresh: () => ask(what, () => client.indices.refresh(here)),

    get: (nativeId: string): Promise<Stored<Document> | undefined> =>
      ask(what, async () => {
        try {
          const found = await client.get<Source>({ index, id: nativeId, _source_includes: SOURCE })
          return hit(found as estypes.SearchHit<Source>).stored
        } catch (error) {
          if (kindOf(error) === 'missing') return undefined
          throw error
        }
      }),

    /** Realtime, as `get`; in the order of the ids. */
    getMany: async (nativeIds: readonly string[]): Promise<(Stored<Document> | undefined)[]> => {
      const found = new Map<string, Stored<Document>>()
      const every = [...new Set(nativeIds)]
      for (let i = 0; i < every.length; i += PAGE) {
        const ids = every.slice(i, i + PAGE)
        const docs = await ask(what, async () =>
          known((await client.mget<Source>({ index, ids, _source: SOURCE })).docs),
        )
        for (const each of docs) if (each.found) found.set(each._id, hit(each as estypes.SearchHit<Source>).stored)
      }
      return nativeIds.map((id) => found.get(id))
    },

    /** One page, sorted; with the number of all that the query finds. */
    page: async (
      query: estypes.QueryDslQueryContainer,
      sort: estypes.SortCombinations[],
      size: number,
      after?: readonly estypes.FieldValue[],
    ): Promise<{ hits: Hit[]; total: number }> => {
      const hits: Hit[] = []
      let total = 0
      do {
        const from = hits.at(-1)?.sort ?? after
        const answer = await search({
          ...here,
          query,
          sort,
          size: Math.min(PAGE, size - hits.length),
          ...(from ? { search_after: [...from] } : {}),
          track_total_hits: hits.length === 0,
        })
        if (hits.length === 0) total = (answer.hits.total as estypes.SearchTotalHits).value
        const found = answer.hits.hits.map(hit)
        hits.push(...found)
        if (found.length < PAGE) break
      } while (hits.length < size)
      return { hits, total }
    },

    /** All that the query finds, as of one moment, in chunks. */
    async *scan(
      query: estypes.QueryDslQueryContainer,
      sort: estypes.SortCombinations[] = [{ _shard_doc: 'asc' }],
      after?: readonly estypes.FieldValue[],
    ): AsyncIterable<Hit[]> {
      let id: string | undefined
      try {
        id = (await ask(what, () => client.openPointInTime({ index, keep_alive: KEEP }))).id
      } catch (error) {
        if (kindOf(error) === 'missing') return
        throw error
      }
      try {
        for (let from = after; ; ) {
          const answer: estypes.SearchResponse<Source> = await search({
            pit: { id, keep_alive: KEEP },
            query,
            sort,
            size: PAGE,
            track_total_hits: false,
            ...(from ? { search_after: [...from] } : {}),
          })
          id = answer.pit_id ?? id
          const hits = answer.hits.hits.map(hit)
          if (hits.length > 0) yield hits
          if (hits.length < PAGE) return
          from = hits.at(-1)!.sort
        }
      } finally {
        await client.closePointInTime({ id }).catch(() => {}) // it ends by itself
      }
    },

    aggregate: async <A>(
      query: estypes.QueryDslQueryContainer,
      aggs: Record<string, estypes.AggregationsAggregationContainer>,
    ) => {
      const { hits, aggregations } = await ask(what, () =>
        client.search<unknown, A>({
          ...here,
          query,
          size: 0,
          aggs,
          track_total_hits: true,
          allow_partial_search_results: false,
        }),
      )
      return { total: (hits.total as estypes.SearchTotalHits).value, ...(aggregations ? { aggregations } : {}) }
    },

    /** Everything up to this place is carried out on every copy; undefined where there is no index yet. */
    settled: (): Promise<number | undefined> =>
      ask(what, async () => {
        try {
          const { indices } = await client.indices.stats({ index, metric: 'docs', level: 'shards' })
          const shards = Object.values(indices ?? {}).flatMap(({ shards }) => Object.values(shards ?? {}).flat())
          const primary = shards.find(({ routing }) => routing?.primary)
          return toSeq(primary?.seq_no?.global_checkpoint ?? -1)
        } catch (error) {
          if (kindOf(error) === 'missing') return undefined
          throw error
        }
      }),
  }
}
export type Reader = ReturnType<typeof openReader>
