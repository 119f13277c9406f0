/**
 * better-auth makes a bare 500 of whatever its database throws, or says that nobody is signed in. A person has to hear
 * that the store is away instead, and is not to be signed out for it.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { APIError } from 'better-auth/api'
import { type Collection, type Document, type DocumentStore, StoreError } from '../../ingest/store/store.ts'

export interface Honest {
  /** The same documents, for better-auth only; what they throw is remembered for the work that asked. */
  readonly documents: DocumentStore
  /** Does the work. Where it throws, or `hides` of its result, because the store failed: rejects with the store's error. */
  honestly<T>(work: () => Promise<T>, hides: (result: T) => boolean): Promise<T>
  /** Whether the store has failed in the work that this is called in. */
  failed(): boolean
}

export const openHonest = (store: DocumentStore): Honest => {
  const works = new AsyncLocalStorage<{ error?: StoreError }>()
  const watched = <T extends Document>(collection: Collection<T>): Collection<T> =>
    new Proxy(collection, {
      get: (target, name, receiver) => {
        const method: unknown = Reflect.get(target, name, receiver)
        if (typeof method !== 'function') return method
        return async (...args: unknown[]) => {
          try {
            return await method.apply(target, args)
          } catch (error) {
            if (!(error instanceof StoreError)) throw error
            const work = works.getStore()
            if (work) work.error ??= error
            // Of what it does not know better-auth prints the insides.
            throw new APIError('SERVICE_UNAVAILABLE', { message: error.message })
          }
        }
      },
    })
  return {
    documents: { ...store, collection: (name) => watched(store.collection(name)) },
    failed: () => works.getStore()?.error !== undefined,
    honestly: async (ask, hides) => {
      const work: { error?: StoreError } = {}
      try {
        const result = await works.run(work, ask)
        if (work.error && hides(result)) throw work.error
        return result
      } catch (error) {
        throw work.error ?? error
      }
    },
  }
}
