/** The one place where acts are done: with the version that was seen, in the document's own write, answered when durable. */
import { randomBytes } from 'node:crypto'
import type { Collection, DocumentStore, Scope, Stored } from '../../ingest/store/store.ts'
import type { Alert } from '../alert.ts'
import type { Exception } from './exception.ts'
import type { Incident } from './incident.ts'
import { type Act, type Actor, actsOf, type CaseDocument, type Kind, Refused } from './act.ts'
import { historyOf } from './journal.ts'
import type { Numbering } from './number.ts'
import { apply, type Wanted } from './table.ts'

/** What deciding needs: the documents, and what is true of this installation now. */
export interface Cases {
  readonly documents: DocumentStore
  readonly clock: () => number
  /** Hours to settle an incident, by level, as the inventory says it today. */
  readonly deadlines: () => { readonly [level: string]: number }
  readonly numbering: () => Numbering
  /** Systems that many use: their alerts join by system, not portal. Absent: there are none. */
  readonly isShared?: (system: string) => boolean
}

export const newActId = (): string => randomBytes(12).toString('hex')

export const alertsIn = (documents: DocumentStore): Collection<Alert> => documents.collection<Alert>('alerts')
export const incidentsIn = (documents: DocumentStore): Collection<Incident> =>
  documents.collection<Incident>('incidents')
export const exceptionsIn = (documents: DocumentStore): Collection<Exception> =>
  documents.collection<Exception>('exceptions')
export const COLLECTIONS = { alert: 'alerts', incident: 'incidents', exception: 'exceptions' } as const
const THINGS = {
  alert: ['cảnh báo', 'alert'],
  incident: ['sự cố', 'incident'],
  exception: ['ngoại lệ', 'exception'],
} as const

export type Decided<T extends CaseDocument = CaseDocument> =
  /** `acts`: those that can be undone. */
  | { readonly ok: true; readonly stored: Stored<T>; readonly acts: readonly string[] }
  | { readonly ok: false; readonly refused: Refused; readonly version?: number }

export interface Asked {
  readonly kind: Kind
  readonly id: string
  /** The count of acts that the person saw; absent: whatever there is (the program's own acts). */
  readonly seen?: number | undefined
  readonly scope: Scope
  readonly actor: Actor
  /** All or none, in one write. A function of the document where that decides what is wanted. */
  readonly wanted: readonly Wanted[] | ((doc: CaseDocument) => readonly Wanted[])
  /** Further fields that go with the acts. */
  readonly beside?: (doc: CaseDocument) => object
}

export const NOT_THERE = new Refused('not_found', 'Không tìm thấy, hoặc bạn không được xem.', 'not found')

/** Applies the acts to the document as it is now; a write of the program that came between is no conflict. */
export const decide = async <T extends CaseDocument>(cases: Cases, asked: Asked): Promise<Decided<T>> => {
  const { kind, id, seen, scope, actor, wanted, beside } = asked
  const collection = cases.documents.collection<T>(COLLECTIONS[kind])
  for (;;) {
    const current = await collection.get(scope, id)
    if (!current || current.doc[`${kind}.status`] === 'absorbed') return { ok: false, refused: NOT_THERE }
    if (seen !== undefined && actsOf(current.doc) !== seen)
      return { ok: false, refused: await conflict(cases, kind, current), version: actsOf(current.doc) }
    let doc = current.doc
    try {
      for (const each of typeof wanted === 'function' ? wanted(doc) : wanted)
        doc = apply(doc, kind, each, actor, cases.clock(), { deadlines: cases.deadlines() })
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      return { ok: false, refused: error, version: actsOf(current.doc) }
    }
    const done = (doc.pending ?? []).slice((current.doc.pending ?? []).length)
    const acts = done.filter(({ changes }) => Object.keys(changes).length > 0).map(({ id: act }) => act)
    if (doc === current.doc) return { ok: true, stored: current, acts }
    if (beside) doc = { ...doc, ...beside(doc) }
    const [put] = await collection.put([{ id, version: current.version, doc }])
    if (put?.ok) return { ok: true, stored: { ...current, version: put.version, doc }, acts }
  }
}

/** Who was there first, in a sentence. */
const conflict = async (cases: Cases, kind: Kind, { id, doc }: Stored<CaseDocument>): Promise<Refused> => {
  const last = (await historyOf(cases.documents, id, doc, 20)).at(-1)?.actor
  const [vi, en] = last?.kind === 'program' || !last ? ['Hệ thống', 'The program'] : [last.name, last.name]
  const [what, thing] = THINGS[kind]
  return new Refused(
    'conflict',
    `${vi} vừa thay đổi ${what} này: hãy xem lại rồi làm tiếp.`,
    `${en} has just changed this ${thing}: look again, then go on.`,
  )
}

/** An act by its id, on its document or in the journal. */
export const findAct = async (cases: Cases, id: string, doc: CaseDocument, act: string): Promise<Act | undefined> =>
  (await historyOf(cases.documents, id, doc)).find((each) => each.id === act)
