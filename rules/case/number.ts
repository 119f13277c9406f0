/** Numbers of incidents: SYT-2026-014. Each agency counts its own, by a document that a cluster's processes share. */
import { SYSTEM, type Document, type DocumentStore } from '../../ingest/store/store.ts'

export interface Numbering {
  /** The code of an agency, or of the province. */
  readonly code: (organization: string | undefined) => string
  /** IANA zone of the province: the year begins at its midnight. */
  readonly timezone: string
}

const yearOf = (timezone: string, at: number): string =>
  new Intl.DateTimeFormat('en', { timeZone: timezone, year: 'numeric' }).format(at)

/** The next number, given to nobody else. A process that ends before it uses it leaves a gap. */
export const nextNumber = async (
  documents: DocumentStore,
  { code, timezone }: Numbering,
  organization: string | undefined,
  at: number,
): Promise<string> => {
  const counters = documents.collection<Document & { readonly last: number }>('counters')
  const prefix = `${code(organization)}-${yearOf(timezone, at)}`
  for (;;) {
    const current = await counters.get(SYSTEM, prefix)
    const last = (current?.doc.last ?? 0) + 1
    const [put] = await counters.put([{ id: prefix, doc: { last }, version: current?.version ?? null }])
    if (put?.ok) return `${prefix}-${String(last).padStart(3, '0')}`
  }
}
