/**
 * The journal: every act, numbered, in one order. What a person, a timer or the program did is a link of a chain: it holds
 * the hash of the one before, so that a line which was changed or taken out shows. That a burst went on is no act and is
 * not here, else an attacker fills it.
 *
 * One holder of a lease moves acts here out of the documents on which they ride. It may be killed between any two writes:
 * an act is known again by its id, and is cleared from its document only after it stands here.
 */
import { createHash } from 'node:crypto'
import { eq, EVERYTHING, exists } from '../../ingest/store/filter.ts'
import { type Collection, type Document, type DocumentStore, type Stored, SYSTEM } from '../../ingest/store/store.ts'
import { type Act, type CaseDocument, withoutActs } from './act.ts'

export interface Entry extends Document {
  readonly 'journal.n': number
  readonly 'journal.act': string // the act's id
  readonly 'journal.kind': string // alert, incident, or what else is changed: user, rule
  readonly 'journal.object': string // id of the document
  readonly 'journal.at': number
  readonly 'journal.by': string // the actor's name
  readonly 'journal.via'?: string
  readonly 'organization.id'?: string
  readonly 'system.id'?: string
  readonly act: Act
  /** From before the chain: what documents and the audit trail said of themselves. No hash. */
  readonly before?: true
  readonly previous?: string
  readonly hash?: string
}

/** What acts ride on, in the order in which they are moved: what decides stands before what follows from it. */
export const RIDDEN = ['incidents', 'alerts', 'exceptions', 'audit'] as const
const KINDS: { readonly [collection in (typeof RIDDEN)[number]]: string } = {
  incidents: 'incident',
  alerts: 'alert',
  exceptions: 'exception',
  audit: 'audit',
}
const BATCH = 200

/** Ids sort as numbers do. */
export const entryId = (n: number): string => String(n).padStart(12, '0')

/** JSON with the keys in order: the same text whatever store it went through. */
const canonical = (value: unknown): string => {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  return `{${Object.entries(value)
    .filter(([, each]) => each !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => `${JSON.stringify(key)}:${canonical(each)}`)
    .join(',')}}`
}

/** The hash of an entry, over all it says and the hash of the one before it. */
export const hashOf = ({ hash: _, ...entry }: Entry): string =>
  createHash('sha256').update(canonical(entry)).digest('hex')

export const link = (entry: Omit<Entry, 'previous' | 'hash'>, previous: string): Entry => {
  const linked = { ...entry, previous } as unknown as Entry
  return { ...linked, hash: hashOf(linked) }
}

export const entryOf = (
  n: number,
  kind: string,
  object: string,
  { organization, system }: { readonly organization?: unknown; readonly system?: unknown },
  act: Act,
) =>
  ({
    'journal.n': n,
    'journal.act': act.id,
    'journal.kind': kind,
    'journal.object': object,
    'journal.at': act.at,
    'journal.by': act.actor.name,
    ...(act.via === undefined ? {} : { 'journal.via': act.via }),
    ...(organization === undefined ? {} : { 'organization.id': String(organization) }),
    ...(system === undefined ? {} : { 'system.id': String(system) }),
    act,
  }) satisfies Omit<Entry, 'previous' | 'hash'>

export const journalOf = (documents: DocumentStore): Collection<Entry> => documents.collection<Entry>('journal')

const NEWEST = [{ field: 'journal.n', order: 'desc' }] as const
const OLDEST = [{ field: 'journal.n', order: 'asc' }] as const

/** Documents on which acts ride, in the order of their collection. */
export const ridden = async (documents: DocumentStore, name: string, limit = 5000): Promise<Stored<CaseDocument>[]> =>
  [
    ...(await documents.collection<CaseDocument>(name).query(SYSTEM, { filter: exists('case.pending'), limit })).items,
  ].sort((a, b) => a.seq - b.seq)

/**
 * Moves what rides on documents into the journal. Only the holder of the lease may call it, with the lease's documents.
 * `follow` does what has to follow from the acts, before they are cleared: broken off, it is called with them again.
 * Answers how many acts were moved.
 */
export const moveActs = async (
  documents: DocumentStore,
  follow: (acts: readonly Act[]) => Promise<void>,
): Promise<number> => {
  const journal = journalOf(documents)
  let moved = 0
  for (const name of RIDDEN) {
    const items = await ridden(documents, name)
    for (let i = 0; i < items.length; i += BATCH)
      moved += await moveSome(documents, journal, name, items.slice(i, i + BATCH), follow)
  }
  return moved
}

const moveSome = async (
  documents: DocumentStore,
  journal: Collection<Entry>,
  name: (typeof RIDDEN)[number],
  items: readonly Stored<CaseDocument>[],
  follow: (acts: readonly Act[]) => Promise<void>,
): Promise<number> => {
  const all = items.flatMap(({ id, doc }) => (doc.pending ?? []).map((act) => ({ id, doc, act })))
  const known = new Set<string>()
  for (let i = 0; i < all.length; i += BATCH) {
    const ids = all.slice(i, i + BATCH).map(({ act }) => act.id)
    const found = await journal.query(SYSTEM, { filter: eq('journal.act', ...ids), limit: BATCH * 2 })
    for (const { doc } of found.items) known.add(doc['journal.act'])
  }
  const last = (await journal.query(SYSTEM, { filter: EVERYTHING, sort: NEWEST, limit: 1 })).items[0]?.doc
  let n = last?.['journal.n'] ?? 0
  let previous = last?.hash ?? ''
  const entries = all.filter(({ act }) => !known.has(act.id))
  const puts = entries.map(({ id, doc, act }) => {
    // What is no document of a case says itself what it is about.
    const object = name === 'audit' ? String(doc['object']) : id
    const kind = name === 'audit' ? String(doc['kind']) : KINDS[name]
    const entry = link(
      entryOf(++n, kind, object, { organization: doc['organization.id'], system: doc['system.id'] }, act),
      previous,
    )
    previous = entry.hash!
    return { id: entryId(n), doc: entry, version: null }
  })
  if (puts.length) {
    const results = await journal.put(puts, true)
    // Somebody else writes the journal: the lease has passed on.
    if (results.some(({ ok }) => !ok)) throw new Error('another process writes the journal')
  }
  await follow(all.map(({ act }) => act))
  const ids = new Set(all.map(({ act }) => act.id))
  const collection = documents.collection<CaseDocument>(name)
  if (name !== 'audit') await clearMany(collection, items, ids)
  else for (const { id } of items) await clear(collection, id, ids, true)
  return puts.length
}

/** By one write; where a document was changed meanwhile, by itself. */
const clearMany = async (
  collection: Collection<CaseDocument>,
  items: readonly Stored<CaseDocument>[],
  moved: ReadonlySet<string>,
): Promise<void> => {
  const puts = items.map(({ id, version, doc }) => ({ id, version, doc: withoutActs(doc, moved) }))
  if (puts.length === 0) return
  for (const [i, put] of (await collection.put(puts)).entries())
    if (!put.ok) await clear(collection, puts[i]!.id, moved, false)
}

const clear = async (
  collection: Collection<CaseDocument>,
  id: string,
  moved: ReadonlySet<string>,
  away: boolean,
): Promise<void> => {
  for (;;) {
    const current = await collection.get(SYSTEM, id)
    if (!current || current.doc['case.pending'] === undefined) return
    if (away) {
      if (await collection.delete(id, current.version)) return
      continue
    }
    const [put] = await collection.put([{ id, version: current.version, doc: withoutActs(current.doc, moved) }])
    if (put?.ok) return
  }
}

/** The acts on one document, oldest first: those of the journal, and those that still ride on it. */
export const historyOf = async (
  documents: DocumentStore,
  object: string,
  doc: CaseDocument | undefined,
  limit = 1000,
): Promise<Act[]> => {
  const { items } = await journalOf(documents).query(SYSTEM, {
    filter: eq('journal.object', object),
    sort: NEWEST,
    limit,
  })
  const acts = items.flatMap(({ doc: each }) => (each['journal.kind'] === 'audit' ? [] : each.act)).reverse()
  const known = new Set(acts.map(({ id }) => id))
  return [...acts, ...(doc?.pending ?? []).filter(({ id }) => !known.has(id))]
}

/** The acts on any document that follow from one act, wherever they are. */
export const followingFrom = async (
  documents: DocumentStore,
  via: string,
): Promise<{ readonly object: string; readonly act: Act }[]> => {
  const out = new Map<string, { object: string; act: Act }>()
  let cursor: string | undefined
  do {
    const page = await journalOf(documents).query(SYSTEM, {
      filter: eq('journal.via', via),
      limit: 1000,
      ...(cursor ? { cursor } : {}),
    })
    for (const { doc } of page.items) out.set(doc.act.id, { object: doc['journal.object'], act: doc.act })
    cursor = page.cursor
  } while (cursor)
  for (const { id, doc } of await ridden(documents, 'alerts', 100_000))
    for (const act of doc.pending ?? []) if (act.via === via) out.set(act.id, { object: id, act })
  return [...out.values()]
}

export interface Broken {
  readonly n: number
  readonly why: string
}
/** Where the chain is broken; undefined where it is whole. Reads all of it, a page at a time. */
export const verify = async (
  documents: DocumentStore,
): Promise<{ readonly entries: number; readonly broken?: Broken }> => {
  let cursor: string | undefined
  let n = 0
  let previous = ''
  do {
    const page = await journalOf(documents).query(SYSTEM, {
      filter: EVERYTHING,
      sort: OLDEST,
      limit: 1000,
      ...(cursor ? { cursor } : {}),
    })
    for (const { doc } of page.items) {
      const at = doc['journal.n']
      if (at !== n + 1) return { entries: n, broken: { n: n + 1, why: `entry ${n + 1} is missing` } }
      n = at
      if (doc.before) {
        if (previous !== '') return { entries: n, broken: { n, why: `entry ${n} stands outside of the chain` } }
        continue
      }
      if (doc.previous !== previous)
        return { entries: n, broken: { n, why: `entry ${n} does not follow from the one before` } }
      if (doc.hash !== hashOf(doc)) return { entries: n, broken: { n, why: `entry ${n} was changed` } }
      previous = doc.hash
    }
    cursor = page.cursor
  } while (cursor)
  return { entries: n }
}
