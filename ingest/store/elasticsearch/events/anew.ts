/**
 * A day is written anew with what must stay: each of its indices into one beside it that no alias names, which then takes its
 * place in one step of the cluster. Documents are copied as they lie there: ids, ingest times and the rest stay as they are.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import type { Event } from '../../../event.ts'
import { type Filter, not } from '../../filter.ts'
import { type StoreError, StoreRefused } from '../../store.ts'
import { insist, itemError, kindOf } from '../connect.ts'
import { toDsl } from '../read/dsl.ts'
import { documentOf, encode, stamp } from '../rows/encode.ts'
import { aliasOf, byDay, dayOf, dropDay, nextOf, removeUnfinished, writeAlias } from './indices.ts'
import { documentId, eventOf } from '../rows/row.ts'
import { MAPPINGS, type SchemaOptions, settings } from './schema.ts'

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

type Make = (events: readonly Event[]) => Promise<readonly Event[]>

/** Answers how many events have stayed; where none, the day is dropped. */
export const keepOf = async (options: KeepOptions, day: string, stay: Filter): Promise<number> => {
  const stayed = await ofDay(options, day, (index) => anew(options, index, stay))
  if (stayed === 0) await dropDay(options.client, options.prefix, day)
  return stayed
}
/** With what is made of those that match in their place. */
export const rewriteOf = (options: KeepOptions, day: string, taken: Filter, make: Make): Promise<number> =>
  ofDay(options, day, (index) => anew(options, index, not(taken), { taken, make }))

const ofDay = async (options: KeepOptions, day: string, write: (index: string) => Promise<number>): Promise<number> => {
  const { client, prefix } = options
  const days = await byDay(client, prefix)
  if (day === [...days.keys()].at(-1))
    throw new StoreRefused(`${day} cannot be written anew: it is the newest day, which events are written to`)
  let stayed = 0
  for (const index of days.get(day) ?? []) stayed += await write(index)
  return stayed
}

const anew = async (
  { client, prefix, schema, lacking }: KeepOptions,
  index: string,
  stay: Filter,
  again?: { readonly taken: Filter; readonly make: Make },
): Promise<number> => {
  const what = `writing ${index} anew`
  const next = nextOf(index)
  // Nobody adds what the copy would not have.
  await insist(client, what, () => client.indices.addBlock({ index, block: 'write' }))
  await insist(client, what, () => client.indices.refresh({ index }))
  // Of one that was killed; or of one that still writes, which then breaks off: it writes by an alias that is gone.
  await removeUnfinished(client, prefix, index)
  const found = await insist(client, what, () => client.indices.getMapping({ index }))
  // What is made anew may have fields that the program before did not know: then all of it is as this one writes it.
  const known = found[index]!.mappings.properties ?? {}
  const other = again !== undefined && Object.keys(MAPPINGS.properties).some((name) => !(name in known))
  await insist(client, what, () =>
    client.indices.create({
      index: next,
      settings: settings(schema) as estypes.IndicesIndexSettings,
      mappings: other ? (MAPPINGS as estypes.MappingTypeMapping) : found[index]!.mappings,
      aliases: { [writeAlias(next)]: {} },
    }),
  )
  let stayed = 0
  const same = (hits: readonly Hit[]) => madeOf(hits, async (events) => events)
  const queryOf = (filter: Filter) => toDsl(filter, 'all', lacking()).query as estypes.QueryDslQueryContainer
  try {
    stayed = await copy(client, index, next, queryOf(stay), other ? same : undefined)
    if (again) stayed += await copy(client, index, next, queryOf(again.taken), (hits) => madeOf(hits, again.make))
    await insist(client, what, () => client.indices.refresh({ index: next }))
    const { count } = await insist(client, what, () => client.count({ index: next }))
    if (count !== stayed)
      throw new StoreRefused(`${what}: ${count} of ${stayed} events are in the copy; the day stays as it is`)
  } catch (error) {
    await client.indices.delete({ index: next, ignore_unavailable: true }).catch(() => {})
    throw kindOf(error) === 'missing' ? meanwhile(index) : error
  }
  try {
    await insist(client, what, async (again) => {
      // The answer to the first try was lost: then it is in its place.
      if (again && (await client.indices.existsAlias({ index: next, name: aliasOf(prefix) }))) return
      await client.indices.updateAliases({
        actions: [
          { add: { index: next, alias: aliasOf(prefix) } },
          { remove: { index: next, alias: writeAlias(next), must_exist: true } },
          { remove_index: { index } },
        ],
      })
    })
  } catch (error) {
    if (kindOf(error) !== 'missing') throw error
    // All of it or nothing: the old one is not there any more, so another has taken its place.
    await client.indices.delete({ index: next, ignore_unavailable: true }).catch(() => {})
    throw meanwhile(index)
  }
  return stayed
}

const meanwhile = (index: string): StoreError =>
  new StoreRefused(`the day ${dayOf(index)} was written anew or removed meanwhile: begin it again`)

/** By hand: a plain server has no reindex. Whatever a repeat writes again has the same id. */
const copy = async (
  client: Client,
  index: string,
  next: string,
  query: estypes.QueryDslQueryContainer,
  change?: (hits: readonly Hit[]) => Promise<readonly Hit[]>,
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
      const changed = change && hits.length > 0 ? await change(hits as readonly Hit[]) : (hits as readonly Hit[])
      if (changed.length > 0) await put(client, what, next, changed)
      count += changed.length
      if (hits.length < HITS) break
      after = hits.at(-1)!.sort
    }
  } finally {
    await client.closePointInTime({ id }).catch(() => {})
  }
  return count
}

/** A document with its id. */
interface Hit {
  readonly _id: string
  readonly _source: object
}
/** What is made of events that lie in the cluster, as documents with the ingest times of those. */
const madeOf = async (hits: readonly Hit[], make: Make): Promise<Hit[]> => {
  const events = hits.map(({ _source }) => eventOf(_source as Record<string, unknown>))
  const times = new Map(events.map((event) => [lineOf(event), Number(event['event.ingested'])]))
  return (await make(events)).map((event) => {
    const [rows] = encode([event])
    stamp(rows!, times.get(lineOf(event))!)
    return { _id: documentId(String(event['event.id'])), _source: documentOf(rows!, 0) }
  })
}
const lineOf = (event: Event): string => String(event['event.id']).replace(/\.\d+$/, '')

const put = (client: Client, what: string, next: string, hits: readonly Hit[]): Promise<void> =>
  insist(client, what, async () => {
    const answer = await client.bulk({
      index: writeAlias(next),
      require_alias: true,
      operations: hits.flatMap(({ _id, _source }) => [{ index: { _id } }, _source]),
    })
    const failed = answer.errors ? answer.items.find(({ index: item }) => item?.error)?.index : undefined
    if (failed) throw itemError(failed.status, failed.error)
  })
