/**
 * Small records that several processes change: read at once (realtime, no refresh), changed by compare-and-swap. Sessions,
 * leases and the horizon are such records.
 */
import { randomUUID } from 'node:crypto'
import { type Client, errors, type estypes } from '@elastic/elasticsearch'
import { insist, kindOf, known, type Patience, type ServerError } from '../connect.ts'

export interface Versioned<T> {
  readonly doc: T
  readonly seq: number
  readonly term: number
}

export interface Records<T> {
  get(id: string): Promise<Versioned<T> | undefined>
  /** Those that exist. */
  many(ids: readonly string[], patience?: Patience): Promise<ReadonlyMap<string, Versioned<T>>>
  /** All of them, up to 1000, as of now. */
  all(): Promise<ReadonlyMap<string, Versioned<T>>>
  /**
   * Writes over what was read; undefined: it must not exist. Answers undefined where another was quicker, also where
   * there is nothing any more. An answer that got lost is asked for again: what this call wrote is never taken for
   * another's.
   */
  put(id: string, doc: T, over: Versioned<T> | undefined, patience?: Patience): Promise<Versioned<T> | undefined>
  /** Takes away what was read; nothing happens where another has changed it. */
  remove(id: string, over: Versioned<T>): Promise<void>
}

/** One shard: every change of the index has its place in one order. A copy where there is a second node. */
export const ONE_SHARD = { number_of_shards: 1, auto_expand_replicas: '0-1' } as const

/** Creates the index where it is not there. Answers whether it did. */
export const createIndex = (
  client: Client,
  index: string,
  body: Partial<estypes.IndicesCreateRequest>,
  patience?: Patience,
): Promise<boolean> =>
  insist(
    client,
    `creating the index ${index}`,
    async () => {
      try {
        await client.indices.create({ index, ...body })
        return true
      } catch (error) {
        const type =
          error instanceof errors.ResponseError ? (error.body as { error?: ServerError }).error?.type : undefined
        if (type === 'resource_already_exists_exception') return false
        throw error
      }
    },
    patience,
  )

/** A request that hangs would make a live process look dead. */
const SOON = { requestTimeout: 5000 }

interface Source<T> {
  readonly doc: T
  readonly w: string // of the write, to know one's own again
}

export const openRecords = <T>(client: Client, index: string): Records<T> => {
  const what = `the records of ${index}`
  let created: Promise<unknown> | undefined
  const ready = () => {
    created ??= createIndex(client, index, {
      settings: ONE_SHARD,
      mappings: { dynamic: false, properties: { w: { type: 'keyword', index: false, doc_values: false } } },
    })
    created.catch(() => (created = undefined))
    return created
  }
  const read = async (id: string): Promise<(Versioned<T> & { w: string }) | undefined> => {
    try {
      const { _source, _seq_no, _primary_term } = await client.get<Source<T>>({ index, id }, SOON)
      return { ..._source!, seq: _seq_no!, term: _primary_term! }
    } catch (error) {
      if (kindOf(error) === 'missing') return undefined
      throw error
    }
  }
  return {
    get: (id) => insist(client, what, () => read(id)),
    many: (ids, patience) =>
      insist(
        client,
        what,
        async () => {
          const found = new Map<string, Versioned<T>>()
          if (ids.length === 0) return found
          const { docs } = await client.mget<Source<T>>({ index, ids: [...ids] }, SOON)
          for (const each of known(docs))
            if (each.found)
              found.set(each._id, { doc: each._source!.doc, seq: each._seq_no!, term: each._primary_term! })
          return found
        },
        patience,
      ),
    all: () =>
      insist(client, what, async () => {
        const query = { index, ignore_unavailable: true }
        await client.indices.refresh(query)
        const { hits } = await client.search<Source<T>>({ ...query, size: 1000, seq_no_primary_term: true })
        return new Map(
          hits.hits.map((hit) => [hit._id!, { doc: hit._source!.doc, seq: hit._seq_no!, term: hit._primary_term! }]),
        )
      }),
    put: async (id, doc, over, patience) => {
      await ready()
      const w = randomUUID()
      return insist(
        client,
        what,
        async (again) => {
          try {
            const { _seq_no, _primary_term } = await client.index(
              {
                index,
                id,
                document: { doc, w } satisfies Source<T>,
                ...(over ? { if_seq_no: over.seq, if_primary_term: over.term } : { op_type: 'create' }),
              },
              SOON,
            )
            return { doc, seq: _seq_no!, term: _primary_term! }
          } catch (error) {
            if (kindOf(error) !== 'conflict') throw error
            const found = again ? await read(id) : undefined
            return found?.w === w ? { doc, seq: found.seq, term: found.term } : undefined
          }
        },
        patience,
      )
    },
    remove: (id, over) =>
      insist(client, what, async () => {
        try {
          await client.delete({ index, id, if_seq_no: over.seq, if_primary_term: over.term }, SOON)
        } catch (error) {
          if (kindOf(error) !== 'missing' && kindOf(error) !== 'conflict') throw error
        }
      }),
  }
}
