/**
 * Documents in Elasticsearch: an index of one shard for each collection, so that all its changes have one order. Reads
 * after writes are consistent over processes: `get` is realtime, everything else refreshes first.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import { type Scalar, valuesOf } from '../../../event.ts'
import { Buckets, byCount, startOf, typedKey } from '../../buckets.ts'
import { checkName, flatFields } from '../../documents.ts'
import { scoped } from '../../scope.ts'
import { EVERYTHING, type Filter } from '../../filter.ts'
import { asNumber, compile, fold } from '../../match.ts'
import { openMeasured } from '../../measured.ts'
import {
  type Collection,
  type Document,
  type DocumentQuery,
  type DocumentStore,
  type Put,
  type Scope,
  type Stored,
  WrongQuestion,
  Fenced,
} from '../../store.ts'
import { bucketsOf, measuresOf } from './aggregate.ts'
import { fieldsOf, nativeId } from './fields.ts'
import { everyone, openIndex } from './collection-index.ts'
import { toQuery } from './query.ts'
import { type Hit, openReader } from './read.ts'
import { openMarks, openWriter } from './write.ts'

/** How the holder of a lease writes: through an alias for each collection, which goes with the lease. */
export interface Through {
  readonly alias: (index: string) => string
  /** Called where a write was refused because the alias is gone. */
  readonly lost: () => void
  /** Asked after an alias was made: is the lease still this holder's? */
  readonly holds: () => Promise<boolean>
}

export interface DocumentsOptions {
  readonly client: Client
  readonly prefix: string
  readonly through?: Through
  /** ms that a request goes on against a cluster that is away, busy or full: 30,000. */
  readonly patience?: number
}

export const indexOf = (prefix: string, collection: string): string => `${prefix}-d-${collection}`

/** Asks the cluster for nothing yet. */
export const openDocuments = (options: DocumentsOptions): DocumentStore => {
  const collections = new Map<string, Collection<Document>>()
  return {
    collection: <T extends Document>(name: string) => {
      let found = collections.get(name)
      if (!found) {
        checkName(name)
        collections.set(name, (found = openCollection(options, name)))
      }
      return found as unknown as Collection<T>
    },
    close: async () => {},
  }
}

const openCollection = (
  { client, prefix, through, patience }: DocumentsOptions,
  name: string,
): Collection<Document> => {
  const index = indexOf(prefix, name)
  const fields = fieldsOf(name)
  const known = new Set(fields)
  const marks = openMarks()
  const reader = openReader(client, index, patience, marks.seen)
  const prepared = openIndex(client, index, fields, patience)

  let aliased: Promise<void> | undefined
  const writable = async (): Promise<void> => {
    await prepared.forWriting()
    if (!through) return
    const { alias, holds, lost } = through
    aliased ??= (async () => {
      await prepared.addAlias(alias(index))
      // Another may have taken the lease over, and the aliases away, just before this one was made.
      if (await holds()) return
      await prepared.removeAlias(alias(index))
      lost()
      throw new Fenced()
    })()
    const mine = aliased
    await mine.catch((error: Error) => {
      if (aliased === mine && !(error instanceof Fenced)) aliased = undefined
      throw error
    })
  }
  const writer = openWriter(
    client,
    {
      index,
      alias: through?.alias(index) ?? everyone(index),
      gone: async () => {
        if (through) {
          through.lost()
          throw new Fenced()
        }
        prepared.forget()
        await prepared.forWriting()
      },
      ...(patience === undefined ? {} : { patience }),
    },
    fields,
    marks,
  )
  const select = (scope: Scope, filter: Filter) => {
    const all = scoped(scope, filter)
    const { query, exact } = toQuery(all, known)
    const decide = exact ? undefined : compile(all)
    return { query, ...(decide ? { match: (doc: Document) => decide(flatFields(doc)) } : {}) }
  }
  const readable = async () => {
    await prepared.forReading()
    await reader.refresh()
  }

  return {
    get: async (scope, id) => {
      const found = await reader.get(nativeId(id))
      if (!found || 'system' in scope) return found
      return compile(scoped(scope, EVERYTHING))(flatFields(found.doc)) ? found : undefined
    },
    getMany: async (scope, ids) => {
      const found = await reader.getMany(ids.map(nativeId))
      if ('system' in scope) return found
      const sees = compile(scoped(scope, EVERYTHING))
      return found.map((each) => (each && sees(flatFields(each.doc)) ? each : undefined))
    },
    put: async (items, inOrder = false) => {
      if (items.length === 0) return []
      await writable()
      return writer.put(items as readonly Put<Document>[], inOrder)
    },
    delete: async (id, version) => {
      await writable()
      return writer.delete(id, version)
    },
    deleteMany: async (ids) => {
      if (ids.length === 0) return 0
      await writable()
      return writer.deleteMany(ids)
    },
    query: async (scope, query) => {
      await readable()
      return page(query, select(scope, query.filter))
    },
    aggregate: async (scope, { filter, by, limit }) => {
      await readable()
      const { query, match } = select(scope, filter)
      const counted = match ? undefined : await bucketsOf(reader, query, by, known)
      if (counted) return counted.sort(byCount).slice(0, limit)
      const buckets = new Buckets(by.map((_, i) => ({ terms: `#${i}` })))
      for await (const hits of reader.scan(query))
        for (const { stored } of hits) {
          if (match && !match(stored.doc)) continue
          const flat = flatFields(stored.doc)
          by.forEach((each, i) => {
            if (typeof each === 'string') {
              // As the index would say them: text without case.
              const values = valuesOf(flat, each).map((v) => (typeof v === 'number' ? v : fold(String(v))))
              if (values.length) flat[`#${i}`] = values
              return
            }
            const value = flat[each.field]
            if (typeof value === 'number' && asNumber(value) !== undefined)
              flat[`#${i}`] = startOf(value, each.every, each.offset)
          })
          buckets.add({ ...flat, '@timestamp': 0 })
        }
      return buckets.top(limit).map(({ key, count }) => ({
        key: key.map((k, i): Scalar | null => {
          const one = by[i]!
          return typeof k === 'string' && typeof one === 'string' ? typedKey(one, k) : k
        }),
        count,
      }))
    },
    measure: async (scope, { filter, of }) => {
      await readable()
      const { query, match } = select(scope, filter)
      const found = match ? undefined : await measuresOf(reader, query, of, known)
      if (found) return found
      const measured = openMeasured(of)
      for await (const hits of reader.scan(query))
        for (const { stored } of hits) if (!match || match(stored.doc)) measured.add(flatFields(stored.doc))
      return measured.answer()
    },
    changesSince: async (scope, seq, limit) => {
      await prepared.forReading()
      // First how far everything is carried out, then the refresh: up to there nothing can appear later.
      const settled = (await reader.settled()) ?? 0
      if (settled <= seq) return { items: [], seq }
      await reader.refresh()
      const { query, match } = select(scope, EVERYTHING)
      const within: estypes.QueryDslQueryContainer = { range: { _seq_no: { gte: seq, lt: settled } } }
      const { hits } = await reader.page({ bool: { filter: [query, within] } }, [{ _seq_no: 'asc' }], limit)
      const items = hits.map(({ stored }) => stored)
      return {
        items: match ? items.filter(({ doc }) => match(doc)) : items,
        seq: items.length === limit ? items.at(-1)!.seq : settled,
      }
    },
    newest: async () => (await reader.settled()) ?? 0,
  }

  async function page(
    { sort = [], limit, cursor }: DocumentQuery,
    { query, match }: ReturnType<typeof select>,
  ): Promise<{ items: Stored<Document>[]; total: number; cursor?: string }> {
    const unknown = sort.find(({ field }) => !known.has(field))
    if (unknown)
      throw new WrongQuestion(`${name} cannot be sorted by "${unknown.field}": it can by ${fields.join(', ')}`)
    const order: estypes.SortCombinations[] = [
      ...sort.map(({ field, order }) => ({ [`s.${field}`]: { order, missing: '_last' } })),
      { id: 'asc' },
    ]
    const after = cursor === undefined ? undefined : parseCursor(cursor, order.length)
    const result = (hits: readonly Hit[], total: number) => ({
      items: hits.slice(0, limit).map(({ stored }) => stored),
      total,
      ...(hits.length > limit ? { cursor: JSON.stringify(hits[limit - 1]!.sort.slice(0, order.length)) } : {}),
    })
    if (!match) {
      const { hits, total } = await reader.page(query, order, limit + 1, after)
      return result(hits, total)
    }
    const found: Hit[] = []
    let total = 0
    // Before a first page one pass finds the page and the number of all.
    for await (const hits of reader.scan(query, order, after)) {
      const matched = hits.filter(({ stored }) => match(stored.doc))
      total += matched.length
      if (found.length <= limit) found.push(...matched.slice(0, limit + 1 - found.length))
      else if (after) break
    }
    if (after) {
      total = 0
      for await (const hits of reader.scan(query)) total += hits.filter(({ stored }) => match(stored.doc)).length
    }
    return result(found, total)
  }
}

/** A cursor comes back from a browser: it is a person's input. */
const parseCursor = (cursor: string, length: number): estypes.FieldValue[] => {
  try {
    const values: unknown = JSON.parse(cursor)
    if (Array.isArray(values) && values.length === length && values.every((v) => v === null || typeof v === 'string'))
      return values as estypes.FieldValue[]
  } catch {}
  throw new WrongQuestion(
    'the place to read on from is not one that this store has given: begin again at the first page',
  )
}
