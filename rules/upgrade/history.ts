/** What documents and the audit trail said of themselves becomes the beginning of the journal, marked as before the chain. */
import { createHash } from 'node:crypto'
import { type Document, type DocumentStore, SYSTEM } from '../../ingest/store/store.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import type { Act, ActName, Actor } from '../case/act.ts'
import { pagesOf } from '../case/pages.ts'
import { type Entry, entryId, entryOf, journalOf } from '../case/journal.ts'

interface Activity {
  readonly at: number
  readonly by: string
  readonly what: string
  readonly from?: string
  readonly to?: string
  readonly reason?: string
  readonly text?: string
}
interface Line {
  readonly kind: string
  readonly object: string
  readonly agency: unknown
  readonly act: Act
}

/** Names were never given again: a user cannot be deleted. */
const actorOf = (by: string): Actor =>
  by === 'system' ? { kind: 'program', id: 'detector', name: 'detector' } : { kind: 'person', id: by, name: by }

const idOf = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)

const STATES: { readonly [status: string]: ActName } = {
  closed: 'close',
  acknowledged: 'acknowledge',
  in_progress: 'start',
  new: 'reopen',
}

const actOf = (kind: string, object: string, i: number, told: Activity): Act => {
  const { at, by, what, from, to, reason, text } = told
  const ends = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) }
  const [name, field]: [ActName, string | undefined] =
    what === 'created'
      ? ['open', undefined]
      : what === 'status'
        ? [STATES[to ?? ''] ?? 'reopen', `${kind}.status`]
        : what === 'reopened'
          ? ['reopen', `${kind}.status`]
          : what === 'assigned'
            ? ['assign', `${kind}.assignee`]
            : what === 'level'
              ? ['level', 'incident.level']
              : what === 'title'
                ? ['title', 'title']
                : what === 'joined'
                  ? ['join', undefined]
                  : ['note', undefined]
  return {
    id: idOf('before', kind, object, i),
    what: name,
    at,
    actor: actorOf(by),
    changes: field === undefined ? {} : { [field]: ends },
    ...(reason === undefined ? {} : { reason }),
    ...(text === undefined ? {} : { text }),
  }
}

/** Writes them; the documents stay as they are. Again, it writes the same. */
export const moveHistory = async (documents: DocumentStore): Promise<void> => {
  const lines: Line[] = []
  for (const [name, kind] of [
    ['alerts', 'alert'],
    ['incidents', 'incident'],
  ] as const)
    for await (const page of pagesOf(documents.collection<Document>(name)))
      for (const { id, doc } of page)
        for (const [i, told] of ((doc['activity'] ?? []) as readonly Activity[]).entries()) {
          // That an alert was made is in the alert.
          if (kind === 'alert' && told.what === 'created') continue
          lines.push({ kind, object: id, agency: doc['organization.id'], act: actOf(kind, id, i, told) })
        }
  const audit = documents.collection<Document>('audit')
  for await (const page of pagesOf(audit))
    for (const { id, doc } of page) {
      if (doc['pending'] !== undefined) continue
      const what = String(doc['what']) as ActName
      const act: Act = {
        id: idOf('audit', id),
        what,
        at: Number(doc['audit.at']),
        actor: actorOf(String(doc['audit.by'])),
        changes: {},
        ...(doc['detail'] === undefined ? {} : { text: String(doc['detail']) }),
      }
      // What the trail said of cases, they say themselves: it is kept beside that.
      lines.push({ kind: 'audit', object: String(doc['object']), agency: undefined, act })
    }
  // What happened at one time stays in the order in which it was told.
  lines.sort((a, b) => a.act.at - b.act.at)
  const journal = journalOf(documents)
  for (let i = 0; i < lines.length; i += 500)
    await journal.put(
      lines.slice(i, i + 500).map(({ kind, object, agency, act }, j) => {
        const n = i + j + 1
        const doc = { ...entryOf(n, kind, object, { organization: agency }, act), before: true } as unknown as Entry
        return { id: entryId(n), doc, version: 'any' as const }
      }),
    )
}

/** The old trail, once it is in the journal. */
export const clearAudit = async (documents: DocumentStore): Promise<void> => {
  const audit = documents.collection<Document>('audit')
  for (;;) {
    const { items } = await audit.query(SYSTEM, { filter: EVERYTHING, limit: 500 })
    const old = items.filter(({ doc }) => doc['pending'] === undefined)
    if (old.length === 0) return
    await audit.deleteMany(old.map(({ id }) => id))
  }
}
