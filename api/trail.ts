/**
 * The trail of what is changed that is no case (a user, a rule, who signed in): who and when, on its way into the journal.
 * Written after the change: where the store goes away in between, the change is done and the entry follows.
 */
import { type Document, type DocumentStore, type Put, StoreError } from '../ingest/store/store.ts'
import type { Actor } from '../rules/case/act.ts'
import { newActId } from '../rules/case/decide.ts'

/** Who uses the command line on this machine; the name is what they say of themselves, for the socket is one user's. */
export const commandLine = (by: string | undefined): Actor => ({
  kind: 'program',
  id: 'command-line',
  name: by === undefined ? 'command line' : `command line (${by.slice(0, 64)})`,
})
/** The program itself: the first start, the guard of the door. */
export const ITSELF: Actor = { kind: 'program', id: 'vonglau', name: 'vonglau' }

export interface Deed {
  readonly by: Actor
  readonly what: string
  readonly object: string
  readonly detail?: string | undefined
}

export const leaveTrail = async (
  { documents, clock }: { readonly documents: DocumentStore; readonly clock: () => number },
  { by, what, object, detail }: Deed,
): Promise<void> => {
  const at = clock()
  const id = newActId()
  const entry: Put<Document> = {
    id: `${String(at).padStart(14, '0')}-${id.slice(0, 8)}`,
    version: null,
    doc: {
      'audit.at': at,
      'audit.by': by.name,
      kind: what.split('.')[0],
      object,
      pending: [{ id, what, at, actor: by, changes: {}, ...(detail === undefined ? {} : { text: detail }) }],
      'case.pending': 1,
    },
  }
  // That it exists already says that an earlier try was carried out.
  await once(async () => void (await documents.collection('audit').put([entry])))
}

/** ms between two tries of what has to be written when the store is back. */
const AGAIN = 5000
/** Tries once, and goes on without being waited for as long as the store fails. */
const once = (work: () => Promise<void>): Promise<void> =>
  work().catch((error: unknown) => {
    if (!(error instanceof StoreError)) throw error
    setTimeout(() => void once(work).catch(console.error), AGAIN).unref()
  })
