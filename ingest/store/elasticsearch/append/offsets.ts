/**
 * How far each segment of each source is in the store: one document each, written by compare-and-swap after the events.
 * It says with which ingest time that was, so that whoever goes on knows which events came after it.
 */
import { hash, randomUUID } from 'node:crypto'
import type { Client, errors, estypes } from '@elastic/elasticsearch'
import type { Offset } from '../../store.ts'
import { insist, itemError, type Patience } from '../connect.ts'
import { createIndex, ONE_SHARD } from '../sessions/records.ts'

export interface Committed {
  readonly offset: Offset
  /** Events of the segment with a greater ingest time may lie beyond the position: of commits that broke off. */
  readonly after: number
  /** But not those of these commits. */
  readonly except: readonly number[]
  readonly seq: number
  readonly term: number
}

export interface Change extends Pick<Committed, 'offset' | 'after' | 'except'> {
  readonly over: Committed | undefined
}

export interface Offsets {
  /** Of these sources and segments, as of now; `keyOf` names them. */
  read(offsets: readonly Offset[]): Promise<Map<string, Committed>>
  all(source?: string): Promise<Offset[]>
  /** The same, with what is known of each. */
  known(source: string): Promise<Pick<Committed, 'offset' | 'after'>[]>
  /**
   * Writes offsets over what is known of each; answers what is known then, undefined for one that is forgotten, and
   * 'conflict' where another process has moved it. An answer that got lost is asked for again.
   */
  write(changes: readonly Change[], patience: Patience): Promise<(Committed | undefined | 'conflict')[]>
}

export const keyOf = ({ source, segment }: Pick<Offset, 'source' | 'segment'>): string =>
  hash('sha256', `${source.length} ${source}${segment}`, 'base64url')

interface Source {
  readonly key: string
  readonly source: string
  readonly after: number
  readonly except: readonly number[]
  readonly offset: Offset
  readonly w: string // of the write, to know one's own again
}
const PAGE = 1000

export const openOffsets = (client: Client, index: string): Offsets => {
  const what = `the offsets of ${index}`
  let created: Promise<unknown> | undefined
  const ready = () => {
    created ??= createIndex(client, index, {
      settings: ONE_SHARD,
      mappings: {
        dynamic: false,
        properties: { key: { type: 'keyword' }, source: { type: 'keyword', ignore_above: 8000 } },
      },
    })
    created.catch(() => (created = undefined))
    return created
  }

  const read = async (keys: readonly string[]): Promise<Map<string, Committed & { w: string }>> => {
    const out = new Map<string, Committed & { w: string }>()
    for (let i = 0; i < keys.length; i += PAGE) {
      const { docs } = await client.mget<Source>({ index, ids: keys.slice(i, i + PAGE) })
      for (const each of docs) {
        // Its shard is on the way: asked for again.
        if ('error' in each) throw itemError(503, each.error)
        if (!each.found) continue
        const { offset, after, except, w } = each._source!
        out.set(each._id, { offset, after, except, w, seq: each._seq_no!, term: each._primary_term! })
      }
    }
    return out
  }

  const known = async (source?: string): Promise<Source[]> => {
    await ready()
    return insist(client, what, async () => {
      await client.indices.refresh({ index })
      const out: Source[] = []
      let after: estypes.SortResults | undefined
      do {
        const { hits } = await client.search<Source>({
          index,
          allow_partial_search_results: false,
          size: PAGE,
          sort: [{ key: 'asc' }],
          ...(source === undefined || source.length > 8000 ? {} : { query: { term: { source } } }),
          ...(after ? { search_after: after } : {}),
        })
        for (const { _source } of hits.hits) if (source === undefined || _source!.source === source) out.push(_source!)
        after = hits.hits.length < PAGE ? undefined : hits.hits.at(-1)!.sort
      } while (after)
      return out
    })
  }

  return {
    read: async (offsets) => {
      await ready()
      return insist(client, what, () => read([...new Set(offsets.map(keyOf))]))
    },

    all: async (source) => (await known(source)).map(({ offset }) => offset),
    known,

    write: async (changes, patience) => {
      await ready()
      const w = randomUUID()
      const keys = changes.map(({ offset }) => keyOf(offset))
      const out: (Committed | undefined | 'conflict')[] = changes.map(() => 'conflict')
      const told = changes.map(({ offset: { from: _, ...offset } }) => offset)
      let left = changes
        .map((_, i) => i)
        .filter((i) => {
          // What is not there need not be forgotten.
          if (!told[i]!.gone || changes[i]!.over) return true
          out[i] = undefined
          return false
        })
      await insist(
        client,
        what,
        async (again) => {
          if (left.length === 0) return
          if (again) {
            const found = await read(left.map((i) => keys[i]!))
            left = left.filter((i) => {
              const now = found.get(keys[i]!)
              const done = told[i]!.gone ? now === undefined : now?.w === w
              if (done) out[i] = now
              return !done
            })
            if (left.length === 0) return
          }
          const operations = left.flatMap((i): object[] => {
            const { over, after, except } = changes[i]!
            const at = over ? { if_seq_no: over.seq, if_primary_term: over.term } : {}
            if (told[i]!.gone) return [{ delete: { _id: keys[i], ...at } }]
            const source: Source = { key: keys[i]!, source: told[i]!.source, after, except, offset: told[i]!, w }
            return [over ? { index: { _id: keys[i], ...at } } : { create: { _id: keys[i] } }, source]
          })
          const { items } = await client.bulk({ index, operations })
          const undecided: number[] = []
          let passing: errors.ResponseError | undefined
          for (const [n, item] of items.entries()) {
            const i = left[n]!
            const { status, error, _seq_no, _primary_term } = Object.values(item)[0]!
            if (status < 300 || (told[i]!.gone && status === 404))
              out[i] = told[i]!.gone
                ? undefined
                : { ...changes[i]!, offset: told[i]!, seq: _seq_no!, term: _primary_term! }
            else if (status !== 409) {
              undecided.push(i)
              passing = itemError(status, error)
            }
          }
          left = undecided
          if (passing) throw passing
        },
        patience,
      )
      return out
    },
  }
}
