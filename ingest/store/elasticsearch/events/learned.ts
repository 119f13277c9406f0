/** What parsers learned, an index a UTC day of ingest, written before the offsets and dropped with the day's events. */
import { hash } from 'node:crypto'
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Learned } from '../../store.ts'
import { insist, itemError, type Patience } from '../connect.ts'
import { createIndex, ONE_SHARD } from '../sessions/records.ts'

const what = 'what parsers have learned'
export const learnedIndex = (prefix: string, day: string): string => `${prefix}-learned-${day.replaceAll('-', '.')}`

interface Document extends Learned {
  readonly key: string
  readonly ingested: number
}
/** The same line teaches the same: a repeat adds nothing. */
const keyOf = ({ source, segment, stream, position }: Learned): string =>
  hash('sha256', JSON.stringify([source, segment, stream, position]), 'base64url')

export const writeLearned = async (
  client: Client,
  prefix: string,
  day: string,
  learned: readonly Learned[],
  ingested: number,
  patience: Patience,
): Promise<void> => {
  if (learned.length === 0) return
  const index = learnedIndex(prefix, day)
  await insist(
    client,
    what,
    async () => {
      await createIndex(client, index, {
        settings: ONE_SHARD,
        mappings: {
          dynamic: false,
          properties: { source: { type: 'keyword', ignore_above: 8000 }, key: { type: 'keyword' } },
        },
      })
      const operations = learned.flatMap((each): object[] => {
        const key = keyOf(each)
        return [{ index: { _id: key } }, { ...each, key, ingested } satisfies Document]
      })
      const { items } = await client.bulk({ index, operations })
      for (const item of items) {
        const { status, error } = Object.values(item)[0]!
        if (status >= 300) throw itemError(status, error)
      }
    },
    patience,
  )
}

const PAGE = 1000
export const readLearned = (client: Client, prefix: string, source: string): Promise<Learned[]> =>
  insist(client, what, async () => {
    const index = `${prefix}-learned-*`
    await client.indices.refresh({ index, ignore_unavailable: true })
    const found: Document[] = []
    let after: estypes.SortResults | undefined
    do {
      const { hits } = await client.search<Document>({
        index,
        ignore_unavailable: true,
        allow_partial_search_results: false,
        size: PAGE,
        sort: [{ key: { order: 'asc', unmapped_type: 'keyword' } }],
        ...(source.length > 8000 ? {} : { query: { term: { source } } }),
        ...(after ? { search_after: after } : {}),
      })
      for (const { _source } of hits.hits) if (_source!.source === source) found.push(_source!)
      after = hits.hits.length < PAGE ? undefined : hits.hits.at(-1)!.sort
    } while (after)
    return found
      .sort((a, b) => a.ingested - b.ingested || a.position - b.position)
      .map(({ key: _, ingested: _ingested, ...learned }) => learned)
  })
