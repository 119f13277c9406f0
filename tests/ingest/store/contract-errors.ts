/** How every store fails: the class that the floors above ask by, provoked on a store that runs (ingest/store/errors.ts). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EVERYTHING } from '../../../ingest/store/filter.ts'
import {
  type Batch,
  type Fault,
  Fenced,
  StaleOffset,
  type Store,
  StoreAway,
  StoreError,
  StoreRefused,
  SYSTEM,
  WrongQuestion,
} from '../../../ingest/store/store.ts'
import type { Opened } from './contract.ts'

const T0 = Date.UTC(2026, 10, 21, 7, 0, 0)
let serial = 0
const batch = (from: number, to: number): Batch => ({
  events: [{ '@timestamp': T0, 'event.id': `x-${serial++}` }],
  offsets: [{ source: 'errors', segment: 's', from, position: to }],
})
const search = (store: Store, rest: { readonly limit?: number; readonly cursor?: string }) =>
  store.events.search(SYSTEM, { filter: EVERYTHING, order: 'newest', limit: 10, ...rest })
const drain = async (chunks: AsyncIterable<unknown>) => {
  for await (const _ of chunks);
}

/** What is asked of an open store, and how that fails. */
const OPEN: readonly (readonly [what: string, fault: Fault, ask: (store: Store) => Promise<unknown>])[] = [
  ['a page of none', 'question', (store) => search(store, { limit: 0 })],
  ['a page of more than 1000', 'question', (store) => search(store, { limit: 1001 })],
  ['a place that was never given', 'question', (store) => search(store, { cursor: 'nowhere' })],
  [
    'documents in an order there is not',
    'question',
    (store) =>
      store.documents
        .collection('incidents')
        .query(SYSTEM, { filter: EVERYTHING, sort: [{ field: 'no.such', order: 'asc' }], limit: 1 }),
  ],
  [
    'a place among documents that was never given',
    'question',
    (store) => store.documents.collection('incidents').query(SYSTEM, { filter: EVERYTHING, limit: 1, cursor: '{' }),
  ],
  ['the newest day dropped', 'refused', async (store) => store.events.drop((await store.events.days()).at(-1)!.day)],
  [
    'the newest day written anew',
    'refused',
    async (store) => store.events.keep((await store.events.days()).at(-1)!.day, EVERYTHING),
  ],
  ['a collection of no name', 'refused', async (store) => store.documents.collection('../x')],
  ['a batch from another position', 'stale', (store) => store.events.append(batch(3, 20), T0)],
  [
    'events under a lease that was given back',
    'fenced',
    async (store) => {
      const lease = (await store.lease('errors'))!
      await lease.release()
      return store.events.append({ ...batch(10, 20), lease }, T0)
    },
  ],
  ...(['put', 'delete', 'deleteMany'] as const).map(
    (how) =>
      [
        `${how} under a lease that was given back`,
        'fenced',
        async (store: Store) => {
          const lease = (await store.lease('errors'))!
          const kept = lease.documents.collection('ledger')
          await kept.put([{ id: 'a', doc: {}, version: 'any' }])
          await lease.release()
          if (how === 'put') return kept.put([{ id: 'a', doc: { late: true }, version: 'any' }])
          return how === 'delete' ? kept.delete('a', 'any') : kept.deleteMany(['a'])
        },
      ] as const,
  ),
]

/** What is asked of a store that was closed: all of it fails, and as away. */
const CLOSED: readonly (readonly [what: string, ask: (store: Store) => Promise<unknown>])[] = [
  ['append', (store) => store.events.append(batch(10, 20), T0)],
  ['search', (store) => search(store, {})],
  ['count', (store) => store.events.count(SYSTEM, { filter: EVERYTHING })],
  ['match', (store) => drain(store.events.match(SYSTEM, { filter: EVERYTHING }))],
  ['offsets', (store) => store.events.offsets()],
  ['days', (store) => store.events.days()],
  ['get', (store) => store.documents.collection('incidents').get(SYSTEM, 'a')],
  ['getMany', (store) => store.documents.collection('incidents').getMany(SYSTEM, ['a', 'b'])],
  ['put', (store) => store.documents.collection('incidents').put([{ id: 'a', doc: {}, version: 'any' }])],
  ['query', (store) => store.documents.collection('incidents').query(SYSTEM, { filter: EVERYTHING, limit: 1 })],
  ['deleteMany', (store) => store.documents.collection('incidents').deleteMany(['a'])],
  ['a collection that was not asked for before', async (store) => store.documents.collection('new').get(SYSTEM, 'a')],
]
const CLASSES = {
  away: StoreAway,
  refused: StoreRefused,
  question: WrongQuestion,
  stale: StaleOffset,
  fenced: Fenced,
} as const

const failure = async (work: () => Promise<unknown>): Promise<unknown> => {
  try {
    return { came: await work() }
  } catch (error) {
    return error
  }
}

export const contractErrors = (name: string, open: () => Promise<Opened>): void => {
  describe(`${name}: how it fails`, () => {
    let opened: Opened
    let store: Store
    beforeAll(async () => {
      opened = await open()
      store = opened.store
      await store.events.append(batch(0, 10), T0)
      await store.documents.collection('incidents').put([{ id: 'a', doc: {}, version: null }])
    })
    afterAll(() => opened.remove())

    test.each(OPEN)('%s: %s', async (_, fault, ask) => {
      const error = await failure(() => ask(store))
      expect(error).toBeInstanceOf(StoreError)
      expect(error).toBeInstanceOf(CLASSES[fault])
      expect((error as StoreError).fault).toBe(fault)
      // A sentence for a person, and nothing of an engine's insides.
      expect((error as StoreError).message).not.toMatch(/\n|SQLITE_|_exception/)
    })

    test('what was refused is not there', async () => {
      expect(await store.events.count(SYSTEM, { filter: EVERYTHING })).toBe(1)
      expect(await store.events.offsets('errors')).toMatchObject([{ position: 10 }])
      expect((await store.documents.collection('ledger').get(SYSTEM, 'a'))?.doc).toEqual({})
    })

    test('closed, it is away, whatever is asked', async () => {
      const former = store
      const warm = former.documents.collection('incidents')
      await warm.get(SYSTEM, 'a')
      store = await opened.reopen()
      const said = await Promise.all(
        CLOSED.map(async ([what, ask]) => [what, await failure(() => ask(former))] as const),
      )
      expect(said.filter(([, error]) => !(error instanceof StoreAway))).toEqual([])
      // The store that was opened in its place answers.
      expect(await store.events.count(SYSTEM, { filter: EVERYTHING })).toBe(1)
    })
  })
}
