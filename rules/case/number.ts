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

/** The next numbers, given to nobody else. A process that ends before it uses one leaves a gap. */
export const nextNumbers = async (
  documents: DocumentStore,
  { code, timezone }: Numbering,
  organization: string | undefined,
  at: number,
  count: number,
): Promise<readonly string[]> => {
  const counters = documents.collection<Document & { readonly last: number }>('counters')
  const prefix = `${code(organization)}-${yearOf(timezone, at)}`
  for (;;) {
    const current = await counters.get(SYSTEM, prefix)
    const before = current?.doc.last ?? 0
    const [put] = await counters.put([{ id: prefix, doc: { last: before + count }, version: current?.version ?? null }])
    if (put?.ok) return Array.from({ length: count }, (_, i) => `${prefix}-${String(before + i + 1).padStart(3, '0')}`)
  }
}
