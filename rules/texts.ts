/**
 * The texts of rules, and of whatever else a person writes as text (`Shelf`), and their versions. The newest version in the store is the truth; a file is an input, remembered by node,
 * and taken over when it differs from what it last brought. Where a person has changed a text since, the file's change of it
 * waits for a person. What vanished is ended, never deleted. A version never changes in what it says: it is copied to the
 * history before the next one takes its place.
 */
import { createHash } from 'node:crypto'
import { EVERYTHING, eq } from '../ingest/store/filter.ts'
import { type Document, type DocumentStore, type Put, type Stored, SYSTEM } from '../ingest/store/store.ts'
import { pagesOf } from './case/pages.ts'
import type { Held, KnownText, RuleText } from './load.ts'
import { labelOf } from './ruleset.ts'

/** What is kept of a text for good. */
export interface TextVersion extends Document, KnownText {
  readonly 'text.key': string
  readonly 'text.n': number
  readonly at: number
  /** What its rules compile to (`labelOf`): those that alert. */
  readonly compiled: readonly string[]
  /** Who changed it in the program, and why. */
  readonly by?: string
  readonly reason?: string
  /** Which file brought it. */
  readonly brought?: { readonly node: string; readonly path: string }
  /** Of what the catalog said when it was changed: its hash. */
  readonly catalog?: string
}
interface Said {
  readonly node: string
  readonly path: string
  /** Nothing where the file was gone. */
  readonly hash: string
}
export interface WaitingText {
  readonly node: string
  readonly path: string
  readonly text: string
}
/** The version in force, and what the next one is made from. */
export interface Head extends TextVersion {
  readonly said: readonly Said[]
  /** Of all texts that were ever in force. */
  readonly hashes: readonly string[]
  readonly waiting: readonly WaitingText[]
}

/** Somebody has changed it since it was looked at. */
export class StaleText extends Error {
  readonly n: number
  constructor(key: string, n: number) {
    super(`${key} was changed by somebody else since you looked at it (version ${n} now): look again, then change it`)
    this.n = n
  }
}

export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 16)

/** Where texts of a kind are kept: those in force, and what they were. */
export interface Shelf {
  readonly heads: string
  readonly history: string
  /** What one is called in sentences. */
  readonly what: string
}
export const RULES: Shelf = { heads: 'rule_texts', history: 'rule_history', what: 'rule' }

const headsIn = (documents: DocumentStore, { heads }: Shelf) => documents.collection<Head>(heads)
const historyIn = (documents: DocumentStore, { history }: Shelf) => documents.collection<TextVersion>(history)
const idOf = (key: string, n: number): string => `${key} ${String(n).padStart(8, '0')}`

const versionOf = ({ said: _, hashes: __, waiting: ___, ...version }: Head): TextVersion =>
  version as unknown as TextVersion

export interface Facts {
  readonly node: string
  readonly at: number
}
export interface Stated extends RuleText {
  readonly compiled: readonly string[]
}

const versionFrom = (file: Stated, n: number, { at }: Facts, who: Pick<TextVersion, 'by' | 'reason' | 'brought'>) => ({
  'text.key': file.key,
  'text.n': n,
  n,
  at,
  text: file.text,
  file: file.file,
  compiled: file.compiled,
  ...who,
  ...(file.catalog ? { catalog: hashOfText(file.catalog.text) } : {}),
})
const withSaid = (said: readonly Said[], mine: Said): readonly Said[] => [
  ...said.filter(({ node }) => node !== mine.node),
  mine,
]
const withHash = (hashes: readonly string[], hash: string): readonly string[] => [...new Set([...hashes, hash])]

/** What a file makes of what is known; undefined where it says nothing new. */
const brought = (head: Head | undefined, file: Stated, facts: Facts): Head | undefined => {
  const { node } = facts
  const hash = hashOfText(file.text)
  const mine = { node, path: file.file, hash }
  const by = { brought: { node, path: file.file } }
  if (!head) return { ...versionFrom(file, 1, facts, by), said: [mine], hashes: [hash], waiting: [] }
  const last = head.said.find((each) => each.node === node)
  if (last?.hash === hash && last.path === file.file) return undefined
  const noted = { ...head, said: withSaid(head.said, mine) }
  const waiting = head.waiting.filter((each) => each.node !== node)
  // At a node's first start what stood there before is no news, nor is what holds already.
  if (!last && head.hashes.includes(hash)) return noted
  if (head.text === file.text && !head.ended) return { ...noted, file: file.file, waiting }
  // A person's change, or end, that never came into this file.
  if (head.by !== undefined && last?.hash !== (head.ended ? '' : hashOfText(head.text)))
    return { ...noted, waiting: [...waiting, { node, path: file.file, text: file.text }] }
  return {
    ...versionFrom(file, head.n + 1, facts, by),
    said: noted.said,
    hashes: withHash(head.hashes, hash),
    waiting,
  }
}

/** A file that is there no longer. */
const vanished = (head: Head, facts: Facts): Head | undefined => {
  const { node, at } = facts
  const last = head.said.find((each) => each.node === node)
  if (!last || last.hash === '') return undefined
  const said = withSaid(head.said, { ...last, hash: '' })
  const waiting = head.waiting.filter((each) => each.node !== node)
  if (head.ended || last.hash !== hashOfText(head.text)) return { ...head, said, waiting }
  const { by: _, reason: __, brought: ___, ...rest } = head
  const n = head.n + 1
  return { ...rest, 'text.n': n, n, at, brought: { node, path: last.path }, ended: true, said, waiting } as Head
}

export const readHeads = async (documents: DocumentStore, shelf = RULES): Promise<Map<string, Stored<Head>>> => {
  const out = new Map<string, Stored<Head>>()
  for await (const page of pagesOf(headsIn(documents, shelf), EVERYTHING))
    for (const head of page) out.set(head.id, head)
  return out
}

/** The version of before is in the history first: nothing is ever in neither. False for each that somebody else was faster with. */
const putHeads = async (
  documents: DocumentStore,
  shelf: Shelf,
  next: readonly { readonly before: Stored<Head> | undefined; readonly head: Head }[],
): Promise<readonly boolean[]> => {
  const old = next.flatMap(({ before, head }): Put<TextVersion>[] =>
    before && head.n > before.doc.n
      ? [{ id: idOf(before.id, before.doc.n), version: null, doc: versionOf(before.doc) }]
      : [],
  )
  // That it is there already says that an earlier try came so far.
  if (old.length > 0) await historyIn(documents, shelf).put(old)
  const results = await headsIn(documents, shelf).put(
    next.map(({ before, head }) => ({ id: head['text.key'], version: before?.version ?? null, doc: head })),
  )
  return results.map(({ ok }) => ok)
}

const statedIn = (held: Held): readonly Stated[] => {
  // A file says of itself what it compiles to; where something else holds of it, that is said by the version that does.
  const labels = Map.groupBy(held.rules, ({ yaml }) => yaml)
  return held.files.map((file) => ({ ...file, compiled: (labels.get(file.text) ?? []).map(labelOf) }))
}

/** Takes what the files of this node say into what is known; again where another process was faster. */
export const bringTexts = (documents: DocumentStore, held: Held, facts: Facts): Promise<Map<string, Stored<Head>>> =>
  bringStated(documents, statedIn(held), facts, RULES, held.wrong)

/** The same of texts of any kind, each key once. `unread`: files of which nothing is known by now; what they said stays. */
export const bringStated = async (
  documents: DocumentStore,
  stated: readonly Stated[],
  facts: Facts,
  shelf: Shelf,
  unread: ReadonlyMap<string, string> = new Map(),
): Promise<Map<string, Stored<Head>>> => {
  const isUnread = (head: Head | undefined): boolean =>
    unread.size > 0 && (head?.said.some(({ node, path }) => node === facts.node && unread.has(path)) ?? false)
  const files = new Map(stated.map((file) => [file.key, file]))
  for (;;) {
    const heads = await readHeads(documents, shelf)
    const next: { before: Stored<Head> | undefined; head: Head }[] = []
    for (const [key, file] of files) {
      const before = heads.get(key)?.doc
      const head = isUnread(before) ? undefined : brought(before, file, facts)
      if (head) next.push({ before: heads.get(key), head })
    }
    for (const [key, before] of heads) {
      const head = files.has(key) || isUnread(before.doc) ? undefined : vanished(before.doc, facts)
      if (head) next.push({ before, head })
    }
    if (next.length === 0) return heads
    await putHeads(documents, shelf, next)
  }
}

export interface TextChange {
  readonly key: string
  readonly text: string
  readonly compiled: readonly string[]
  /** The version that was looked at. */
  readonly seen: number
  readonly by: string
  readonly reason: string
  readonly catalog?: string | undefined
  /** It is in force no longer: `text` is what it was. */
  readonly ended?: true
}
/**
 * A person's new text: version 1, or of one that was ended the next. Rejects with a `StaleText` where there is one in force by
 * now.
 */
export const addText = async (
  documents: DocumentStore,
  { key, file, text, compiled, by, reason }: Omit<TextChange, 'seen' | 'catalog'> & { readonly file: string },
  at: number,
  shelf = RULES,
): Promise<Stored<Head>> => {
  const before = await headsIn(documents, shelf).get(SYSTEM, key)
  if (before && !before.doc.ended) throw new StaleText(key, before.doc.n)
  const n = (before?.doc.n ?? 0) + 1
  const hashes = withHash(before?.doc.hashes ?? [], hashOfText(text))
  const said = before?.doc.said ?? []
  const set = { 'text.key': key, 'text.n': n, n, at, text, file, compiled, by, reason }
  const [done] = await putHeads(documents, shelf, [
    { before: before ?? undefined, head: { ...set, hashes, said, waiting: [] } },
  ])
  const now = (await headsIn(documents, shelf).get(SYSTEM, key))!
  if (!done) throw new StaleText(key, now.doc.n)
  return now
}

/** A person's change. Rejects with a `StaleText` where somebody was faster. */
export const changeText = async (
  documents: DocumentStore,
  change: TextChange,
  at: number,
  shelf = RULES,
): Promise<Stored<Head>> => {
  const { key, text, compiled, seen, by, reason, catalog, ended } = change
  const before = await headsIn(documents, shelf).get(SYSTEM, key)
  if (!before) throw new Error(`there is no ${shelf.what} ${key}: look again`)
  if (before.doc.n !== seen) throw new StaleText(key, before.doc.n)
  if (before.doc.text === text && before.doc.ended === ended)
    throw new Error(`nothing would change: the ${shelf.what} ${ended ? 'is ended' : 'says that'} already`)
  const { brought: _, ended: __, ...rest } = before.doc
  const n = seen + 1
  const hashes = withHash(before.doc.hashes, hashOfText(text))
  const said = before.doc.said
  // What waited and is taken waits no longer.
  const waiting = before.doc.waiting.filter((each) => each.text !== text)
  const set = { 'text.n': n, n, at, text, compiled, by, reason, hashes, said, waiting }
  const more = { ...(catalog === undefined ? {} : { catalog: hashOfText(catalog) }), ...(ended ? { ended } : {}) }
  const head = { ...rest, ...set, ...more } as Head
  const [done] = await putHeads(documents, shelf, [{ before, head }])
  const now = (await headsIn(documents, shelf).get(SYSTEM, key))!
  if (!done) throw new StaleText(key, now.doc.n)
  return now
}

/** Notes beside the version what a file of this node says now. */
export const noteSaid = async (documents: DocumentStore, key: string, mine: Said, shelf = RULES): Promise<void> => {
  for (;;) {
    const found = await headsIn(documents, shelf).get(SYSTEM, key)
    if (!found) return
    const doc = { ...found.doc, said: withSaid(found.doc.said, mine) }
    const [put] = await headsIn(documents, shelf).put([{ id: key, version: found.version, doc }])
    if (put?.ok) return
  }
}
/** The file's changes that wait are not taken. */
export const keepText = async (
  documents: DocumentStore,
  key: string,
  seen: number,
  shelf = RULES,
): Promise<Stored<Head>> => {
  const heads = headsIn(documents, shelf)
  const found = await heads.get(SYSTEM, key)
  if (!found || found.doc.n !== seen) throw new StaleText(key, found?.doc.n ?? 0)
  const [put] = await heads.put([{ id: key, version: found.version, doc: { ...found.doc, waiting: [] } }])
  if (!put?.ok) throw new StaleText(key, found.doc.n)
  return (await heads.get(SYSTEM, key))!
}

/** The newest first. */
export const textHistory = async (
  documents: DocumentStore,
  head: Head,
  limit = 200,
  shelf = RULES,
): Promise<readonly TextVersion[]> => {
  const { items } = await historyIn(documents, shelf).query(SYSTEM, {
    filter: eq('text.key', head['text.key']),
    sort: [{ field: 'text.n', order: 'desc' }],
    limit,
  })
  // Fields are compared without case.
  const before = items.flatMap(({ doc }) => (doc['text.key'] === head['text.key'] && doc.n < head.n ? [doc] : []))
  return [versionOf(head), ...before]
}
export const textAt = async (
  documents: DocumentStore,
  head: Head,
  n: number,
  shelf = RULES,
): Promise<TextVersion | undefined> =>
  n === head.n ? versionOf(head) : (await historyIn(documents, shelf).get(SYSTEM, idOf(head['text.key'], n)))?.doc
