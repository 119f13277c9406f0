/**
 * A day is written anew with what must stay: each of its indices into one beside it that no alias names, which then takes its
 * place in one step of the cluster. Documents are copied as they lie there: ids, ingest times and the rest stay as they are.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Filter } from '../filter.ts'
import { StoreError } from '../store.ts'
import { insist, itemError } from './connect.ts'
import { toDsl } from './dsl.ts'
import { aliasOf, byDay, dropDay, nextOf } from './indices.ts'
import { type SchemaOptions, settings } from './schema.ts'

/** Events that are copied at once, and how long the server keeps the moment that they are read as of between two of these. */
const HITS = 500
const KEEP = '5m'

export interface KeepOptions {
  readonly client: Client
  readonly prefix: string
  readonly schema: SchemaOptions
  /** Fields that some index was made without. */
  readonly lacking: () => ReadonlySet<string>
}

/** Answers how many events have stayed; where none, the day is dropped. */
export const keepOf = async (options: KeepOptions, day: string, stay: Filter): Promise<number> => {
  const { client, prefix } = options
  const days = await byDay(client, prefix)
  if (day === [...days.keys()].at(-1))
    throw new StoreError(`${day} cannot be written anew: it is the newest day, which events are written to`)
  let stayed = 0
  for (const index of days.get(day) ?? []) stayed += await anew(options, index, stay)
  if (stayed === 0) await dropDay(client, prefix, day)
  return stayed
}

const anew = async ({ client, prefix, schema, lacking }: KeepOptions, index: string, stay: Filter): Promise<number> => {
  const what = `writing ${index} anew`
  const next = nextOf(index)
  // Nobody adds what the copy would not have.
  await insist(client, what, () => client.indices.addBlock({ index, block: 'write' }))
  await insist(client, what, () => client.indices.refresh({ index }))
  await insist(client, what, () => client.indices.delete({ index: next, ignore_unavailable: true }))
  const found = await insist(client, what, () => client.indices.getMapping({ index }))
  await insist(client, what, () =>
    client.indices.create({
      index: next,
      settings: settings(schema) as estypes.IndicesIndexSettings,
      mappings: found[index]!.mappings,
    }),
  )
  let stayed = 0
  try {
    stayed = await copy(client, index, next, toDsl(stay, 'all', lacking()).query as estypes.QueryDslQueryContainer)
  } catch (error) {
    await client.indices.delete({ index: next, ignore_unavailable: true }).catch(() => {})
    throw error
  }
  await insist(client, what, async (again) => {
    // The answer to the first try was lost: then the old one is gone.
    if (again && !(await client.indices.exists({ index }))) return
    await client.indices.updateAliases({
      actions: [{ add: { index: next, alias: aliasOf(prefix) } }, { remove_index: { index } }],
    })
  })
  return stayed
}

/** By hand: a plain server has no reindex. Whatever a repeat writes again has the same id. */
const copy = async (
  client: Client,
  index: string,
  next: string,
  query: estypes.QueryDslQueryContainer,
): Promise<number> => {
  const what = `writing ${index} anew`
  const opened = await insist(client, what, () => client.openPointInTime({ index, keep_alive: KEEP }))
  let id = opened.id
  let after: estypes.SortResults | undefined
  let count = 0
  try {
    for (;;) {
      const { hits, pit_id } = await insist(client, what, () =>
        client.search<object>({
          pit: { id, keep_alive: KEEP },
          query,
          sort: [{ _shard_doc: 'asc' }],
          size: HITS,
          track_total_hits: false,
          allow_partial_search_results: false,
          ...(after ? { search_after: after } : {}),
        }),
      ).then((answer) => ({ hits: answer.hits.hits, pit_id: answer.pit_id }))
      id = pit_id ?? id
      if (hits.length > 0) await put(client, what, next, hits)
      count += hits.length
      if (hits.length < HITS) break
      after = hits.at(-1)!.sort
    }
  } finally {
    await client.closePointInTime({ id }).catch(() => {})
  }
  await insist(client, what, () => client.indices.refresh({ index: next }))
  const found = await insist(client, what, () => client.count({ index: next }))
  if (found.count !== count)
    throw new StoreError(`${what}: ${found.count} of ${count} events are in the copy; the day stays as it is`)
  return count
}

const put = (client: Client, what: string, next: string, hits: readonly estypes.SearchHit<object>[]): Promise<void> =>
  insist(client, what, async () => {
    const answer = await client.bulk({
      index: next,
      operations: hits.flatMap(({ _id, _source }) => [{ index: { _id: _id! } }, _source!]),
    })
    const failed = answer.errors ? answer.items.find(({ index: item }) => item?.error)?.index : undefined
    if (failed) throw itemError(failed.status, failed.error)
  })
