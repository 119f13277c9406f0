/**
 * What changed, for every stream of a process: one reader asks the store once a second, whoever listens, and each stream
 * is handed what its scope holds.
 */
import { flatFields } from '../ingest/store/documents.ts'
import { compile } from '../ingest/store/match.ts'
import { scoped } from '../ingest/store/scope.ts'
import { EVERYTHING } from '../ingest/store/filter.ts'
import { type Collection, type Document, type Scope, type Stored, SYSTEM } from '../ingest/store/store.ts'

const EVERY = 1000
const MOST = 500

export interface Changes<T> {
  readonly seq: number
  readonly items: readonly Stored<T>[]
}
export interface Watch<T> {
  /** Called with each round's changes until the answer is called. */
  listen(each: (changes: Changes<T>) => void): () => void
}

/** Whether a document is one that the scope holds: what a store decides, decided here. */
export const holds = (scope: Scope): ((doc: Document) => boolean) => {
  if ('system' in scope) return () => true
  const match = compile(scoped(scope, EVERYTHING))
  return (doc) => match(flatFields(doc))
}

/** Reads while somebody listens. A store that is away is asked again. */
export const watch = <T extends Document>(collection: Collection<T>): Watch<T> => {
  const listeners = new Set<(changes: Changes<T>) => void>()
  let seq: number | undefined
  let reading = false
  const round = async () => {
    try {
      seq ??= await collection.newest()
      for (;;) {
        const { items, seq: next } = await collection.changesSince(SYSTEM, seq, MOST)
        if (next <= seq) break
        seq = next
        for (const each of [...listeners]) each({ seq, items })
        if (items.length < MOST) break
      }
    } catch {
      // Said elsewhere; the next round tells what came meanwhile.
    }
    reading = listeners.size > 0
    if (reading) setTimeout(round, EVERY)
    else seq = undefined
  }
  return {
    listen: (each) => {
      listeners.add(each)
      if (!reading) setTimeout(round, 0)
      reading = true
      return () => void listeners.delete(each)
    },
  }
}
