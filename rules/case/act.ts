/**
 * An act: what somebody did to an alert, an incident or an exception, when, and which fields it changed. It rides in the document's own
 * write (`pending`) until the holder of the journal's lease has moved it there: the stores have no transaction over documents.
 */
import type { Document } from '../../ingest/store/store.ts'

export type ActName =
  | 'open'
  | 'acknowledge'
  | 'start'
  | 'assign'
  | 'close'
  | 'reopen'
  | 'note'
  | 'level'
  | 'title'
  | 'agency'
  | 'join'
  | 'leave'
  | 'merge'
  | 'split'
  | 'absorb'
  | 'task'
  | 'deadline'
  | 'hold'
  | 'release'
  | 'except'
  | 'amend'
  | 'withdraw'
  | 'expire'
  | 'undo'
export type Kind = 'alert' | 'incident' | 'exception'

/** Who acts. The id is never given again; the name is that of the time. */
export interface Actor {
  readonly kind: 'person' | 'token' | 'program'
  readonly id: string
  readonly name: string
}
export const DETECTOR: Actor = { kind: 'program', id: 'detector', name: 'detector' }

export interface Act {
  readonly id: string
  readonly what: ActName
  readonly at: number
  readonly actor: Actor
  /** Each field that it changed, before and after; an end that is absent means that the field was. */
  readonly changes: { readonly [field: string]: { readonly from?: unknown; readonly to?: unknown } }
  readonly reason?: string
  readonly text?: string
  /** The act on another document that this one follows from. */
  readonly via?: string
  /** Of an undo: what it takes back. */
  readonly undoes?: string
}

/** A document that acts happen to. */
export interface CaseDocument extends Document {
  /** How many acts it has seen: the version that a person's act names. Writes that are no acts do not count. */
  readonly 'case.acts'?: number
  /** Acts that are not in the journal yet, and how many: absent when none. */
  readonly pending?: readonly Act[]
  readonly 'case.pending'?: number
}
export const actsOf = (doc: CaseDocument): number => doc['case.acts'] ?? 0

/** Why an act cannot be, a sentence in each language. */
export class Refused extends Error {
  override readonly name = 'Refused'
  readonly code: string
  readonly sentence: { readonly vi: string; readonly en: string }
  constructor(code: string, vi: string, en: string) {
    super(en)
    this.code = code
    this.sentence = { vi, en }
  }
}

const same = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)
export const isSame = same

/** The document with these fields set, or taken away where undefined, and what that changed. */
const changed = <T extends CaseDocument>(doc: T, set: Document) => {
  const next: { [field: string]: unknown } = { ...doc }
  const changes: { [field: string]: { from?: unknown; to?: unknown } } = {}
  for (const [field, to] of Object.entries(set)) {
    const from = doc[field]
    if (same(from, to)) continue
    changes[field] = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
    if (to === undefined) delete next[field]
    else next[field] = to
  }
  return { next: next as unknown as T, changes }
}

export interface Told {
  readonly id: string
  readonly what: ActName
  readonly at: number
  readonly actor: Actor
  readonly reason?: string | undefined
  readonly text?: string | undefined
  readonly via?: string | undefined
  readonly undoes?: string | undefined
}

/** The document after the act, with the act riding on it. Where nothing changes and nothing is said: the same document. */
export const withAct = <T extends CaseDocument>(doc: T, told: Told, set: Document): T => {
  const { next, changes } = changed(doc, set)
  if (Object.keys(changes).length === 0 && told.text === undefined) return doc
  const { id, what, at, actor, reason, text, via, undoes } = told
  const act: Act = {
    id,
    what,
    at,
    actor,
    changes,
    ...(reason === undefined ? {} : { reason }),
    ...(text === undefined ? {} : { text }),
    ...(via === undefined ? {} : { via }),
    ...(undoes === undefined ? {} : { undoes }),
  }
  const pending = [...(doc.pending ?? []), act]
  return { ...next, 'case.acts': actsOf(doc) + 1, pending, 'case.pending': pending.length }
}

/** Without the acts that are in the journal now. */
export const withoutActs = <T extends CaseDocument>(doc: T, moved: ReadonlySet<string>): T => {
  const pending = (doc.pending ?? []).filter(({ id }) => !moved.has(id))
  const { pending: _, 'case.pending': __, ...rest } = doc
  return (pending.length ? { ...rest, pending, 'case.pending': pending.length } : rest) as unknown as T
}
