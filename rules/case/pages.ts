import { EVERYTHING, type Filter } from '../../ingest/store/filter.ts'
import { type Collection, type Document, type Stored, SYSTEM } from '../../ingest/store/store.ts'

/** The documents of a collection, a page at a time, each as it was when its page was read. */
export const pagesOf = async function* <T extends Document>(
  collection: Collection<T>,
  filter: Filter = EVERYTHING,
  limit = 200,
): AsyncIterable<readonly Stored<T>[]> {
  let cursor: string | undefined
  do {
    const page = await collection.query(SYSTEM, { filter, limit, ...(cursor ? { cursor } : {}) })
    yield page.items
    cursor = page.cursor
  } while (cursor)
}
