/** Numbers of incidents: SYT-2026-014. Each agency counts its own, by a document that a cluster's processes share. */
import { SYSTEM, type Document, type DocumentStore } from '../../ingest/store/store.ts'

export interface Numbering {
  /** The code of an agency, or of the province. */
  readonly code: (organization: string | undefined) => string
  /** IANA zone of the province: the year begins at its midnight. */
  readonly timezone: string
}

/** Forms of the year in a zone: one takes longer to make than to use. */
const YEARS = new Map<string, Intl.DateTimeFormat>()
const yearOf = (timezone: string, at: number): string => {
  let form = YEARS.get(timezone)
  if (!form) YEARS.set(timezone, (form = new Intl.DateTimeFormat('en', { timeZone: timezone, year: 'numeric' })))
  return form.format(at)
}

/**
 * The next numbers of each agency, given to nobody else: as many as are asked for, by one write for all. A process that ends
 * before it uses one leaves a gap.
 */
export const nextNumbers = async <Agency extends string | undefined>(
  documents: DocumentStore,
  { code, timezone }: Numbering,
  wanted: ReadonlyMap<Agency, number>,
  at: number,
): Promise<ReadonlyMap<Agency, readonly string[]>> => {
  const counters = documents.collection<Document & { readonly last: number }>('counters')
  const out = new Map<Agency, readonly string[]>()
  for (let open = [...wanted]; open.length > 0; open = open.filter(([agency]) => !out.has(agency))) {
    // Two agencies of one code count together: one of them waits for the next turn.
    const byPrefix = new Map(open.map((each) => [`${code(each[0])}-${yearOf(timezone, at)}`, each]))
    const asked = await Promise.all(
      [...byPrefix].map(async ([prefix, [agency, count]]) => {
        const current = await counters.get(SYSTEM, prefix)
        return { prefix, agency, count, before: current?.doc.last ?? 0, version: current?.version ?? null }
      }),
    )
    const puts = await counters.put(
      asked.map(({ prefix, before, count, version }) => ({ id: prefix, doc: { last: before + count }, version })),
    )
    for (const [i, { prefix, agency, count, before }] of asked.entries())
      if (puts[i]!.ok)
        out.set(
          agency,
          Array.from({ length: count }, (_, n) => `${prefix}-${String(before + n + 1).padStart(3, '0')}`),
        )
  }
  return out
}

/** The next one of one agency. */
export const nextNumber = async (
  documents: DocumentStore,
  numbering: Numbering,
  agency: string | undefined,
  at: number,
): Promise<string> => (await nextNumbers(documents, numbering, new Map([[agency, 1]]), at)).get(agency)![0]!
