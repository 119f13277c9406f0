/**
 * The sources of an installation as they are now. Each is a text with versions (`rules/texts.ts`), the newest in the store is
 * the truth: a configuration file is an input, a person's change is written back into it where that can be.
 */
import type { Source } from '../ingest/source.ts'
import type { Store, Stored } from '../ingest/store/store.ts'
import {
  bringStated,
  changeText,
  type Head,
  hashOfText,
  keepText,
  noteSaid,
  readHeads,
  type Shelf,
  StaleText,
} from '../rules/texts.ts'
import { aroundOf, type Config } from './config.ts'
import { checkReach } from './source-reach.ts'
import { writeSourceEntry } from './source-file.ts'
import { readSource, sourceTextOf } from './source-text.ts'

export const SOURCES: Shelf = { heads: 'source_texts', history: 'source_history', what: 'source' }

export interface SourceChange {
  /** As YAML; undefined: the source is ended. */
  readonly text: string | undefined
  /** The version that was looked at. */
  readonly seen: number
  readonly by: string
  readonly reason: string
}
export interface SourceChanged {
  readonly n: number
  /** The file that says it too now; or why none does, so that the person writes it there. */
  readonly file: { readonly path?: string; readonly why?: string }
}

export interface Sourcebook {
  /** Those in force, in the order of the file; others stand behind. */
  sources(): readonly Source[]
  /** Of these, those whose lines this process may read: files of another machine are that one's. */
  read(): readonly Source[]
  /** What the configuration says now, as versions where it is news. */
  bring(config: Config): Promise<void>
  /** What other processes have brought or changed; false where nothing. */
  follow(): Promise<boolean>
  known(id: string): Head | undefined
  /** Those of which a file says otherwise than a person, and it waits. */
  waiting(): readonly string[]
  ended(): readonly string[]
  /** Why some version is not in force here, a sentence each. */
  doubts(): readonly string[]
  /**
   * A person's change. `check` throws what is wrong with the source beside all else. Rejects with a sentence, and with a
   * `StaleText` where somebody was faster.
   */
  change(id: string, change: SourceChange, check: (source: Source) => void): Promise<SourceChanged>
  /** What a file says otherwise is taken, or not. */
  settle(
    id: string,
    take: 'file' | 'kept',
    change: Omit<SourceChange, 'text'>,
    check: (source: Source) => void,
  ): Promise<SourceChanged>
}

export const openSourcebook = async (
  first: Config,
  { documents, remote }: Pick<Store, 'documents' | 'remote'>,
  { node, clock }: { readonly node: string; readonly clock: () => number },
): Promise<Sourcebook> => {
  let config = first
  let heads = new Map<string, Stored<Head>>()
  let place = -1
  let inForce: readonly Source[] = []
  let doubts: readonly string[] = []

  /** What the versions come to here. One that cannot be read here leaves what this process's file says in force. */
  const settled = () => {
    const stated = new Map(config.entries.list.map(({ id, text }, i) => [id, { text, source: config.sources[i]! }]))
    const wrong: string[] = []
    const of = (id: string): readonly Source[] => {
      const head = heads.get(id)?.doc
      if (!head || head.ended) return []
      const mine = stated.get(id)
      if (mine?.text === head.text) return [mine.source]
      try {
        return [readSource(head.text, aroundOf(config), `source ${id}`).source]
      } catch (error) {
        const held = mine ? `what ${config.entries.path} says of it holds here` : 'it is not read here'
        wrong.push(`version ${head.n} of source ${id} cannot be used here, ${held}: ${(error as Error).message}`)
        return mine ? [mine.source] : []
      }
    }
    const others = [...heads.keys()].filter((id) => !stated.has(id)).sort()
    inForce = [...stated.keys(), ...others].flatMap(of)
    doubts = wrong
  }
  const bring = async (next: Config): Promise<void> => {
    const { path, list } = next.entries
    const stated = list.map(({ id, text }) => ({ key: id, text, file: path, compiled: [] }))
    heads = await bringStated(documents, stated, { node, at: clock() }, SOURCES)
    config = next
    settled()
  }
  const needed = (id: string): Head => {
    const head = heads.get(id)?.doc
    if (!head) throw new Error(`there is no source ${id}: name one by its id`)
    return head
  }
  /** Of a version, ended or not; undefined where it is no file's, or cannot be read here. */
  const pathIn = (text: string): string | undefined => {
    try {
      const { collect } = readSource(text, aroundOf(config), 'it').source
      return collect.kind === 'file' ? collect.path : undefined
    } catch {
      return undefined
    }
  }
  /** `write`: the file does not say so yet. */
  const changed = async (
    id: string,
    { text, seen, by, reason }: SourceChange,
    check: (source: Source) => void,
    write: boolean,
  ): Promise<SourceChanged> => {
    needed(id)
    heads = await readHeads(documents, SOURCES)
    const head = needed(id)
    if (head.n !== seen) throw new StaleText(id, head.n)
    const read = text === undefined ? undefined : readSource(text, aroundOf(config), `source ${id}`)
    if (read && read.source.id !== id)
      throw new Error(`source ${id}: its id stays as it is, for what is stored goes by it; leave "id: ${id}"`)
    if (read) check(read.source)
    if (read && write) checkReach(read.source, config, pathIn(head.text))
    const stored = await changeText(
      documents,
      {
        key: id,
        text: read ? sourceTextOf(read.raw) : head.text,
        compiled: [],
        seen,
        by,
        reason,
        ...(read ? {} : { ended: true }),
      },
      clock(),
      SOURCES,
    )
    heads.set(id, stored)
    const said = stored.doc.said.find((each) => each.node === node)
    const file: SourceChanged['file'] = write
      ? writeSourceEntry({ file: config.file, path: config.entries.path }, { id, raw: read?.raw, said: said?.hash })
      : {}
    if (file.path !== undefined && file.why === undefined) {
      const hash = read ? hashOfText(stored.doc.text) : ''
      await noteSaid(documents, id, { node, path: file.path, hash }, SOURCES)
      heads = await readHeads(documents, SOURCES)
    }
    settled()
    return { n: stored.doc.n, file }
  }

  await bring(first)
  return {
    sources: () => inForce,
    read: () => {
      const mine = new Set(config.entries.list.map(({ id }) => id))
      return inForce.filter(
        ({ id, collect }) => !remote || collect.kind !== 'file' || collect.shared === true || mine.has(id),
      )
    },
    bring,
    follow: async () => {
      const newest = await documents.collection(SOURCES.heads).newest()
      if (newest === place) return false
      place = newest
      const before = heads
      heads = await readHeads(documents, SOURCES)
      const same = heads.size === before.size && [...heads].every(([id, { doc }]) => before.get(id)?.doc.n === doc.n)
      if (!same) settled()
      return !same
    },
    known: (id) => heads.get(id)?.doc,
    waiting: () => [...heads.values()].flatMap(({ id, doc }) => (doc.waiting.length > 0 ? id : [])),
    ended: () => [...heads.values()].flatMap(({ id, doc }) => (doc.ended ? id : [])).sort(),
    doubts: () => doubts,
    change: (id, change, check) => changed(id, change, check, true),
    settle: async (id, take, change, check) => {
      const head = needed(id)
      const [waits] = head.waiting.slice(-1)
      if (!waits) throw new Error(`no change of ${id} waits: somebody has settled it already`)
      if (take === 'file') return changed(id, { ...change, text: waits.text }, check, waits.node !== node)
      heads.set(id, await keepText(documents, id, change.seen, SOURCES))
      return { n: head.n, file: {} }
    },
  }
}
