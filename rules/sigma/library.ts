/** The documents that rules name each other among: found by name, id or title, and which of them correlations stand upon. */
import { namesOf } from './filters.ts'
import type { SigmaCorrelation, SigmaDocument, SigmaFilter } from './parse.ts'

export type Callable = Exclude<SigmaDocument, SigmaFilter>
export interface Library {
  readonly documents: readonly SigmaDocument[]
  readonly filters: readonly SigmaFilter[]
  /** What a correlation names. */
  called(name: string, from: SigmaCorrelation): Callable | undefined
  /** Whether it alerts by itself: a base of a correlation does where that says so. */
  alone(document: SigmaDocument): boolean
}

/** `filters`: those that apply, whoever wrote them. */
export const libraryOf = (
  documents: readonly SigmaDocument[],
  filters: readonly SigmaFilter[] = documents.filter((each) => each.kind === 'filter'),
): Library => {
  const byName = new Map<string, Set<Callable>>()
  for (const document of documents)
    if (document.kind !== 'filter')
      for (const name of namesOf(document)) {
        const those = byName.get(name)
        if (those) those.add(document)
        else byName.set(name, new Set([document]))
      }
  const called = (name: string, from: SigmaCorrelation): Callable | undefined => {
    const found = [...(byName.get(name) ?? [])].filter((each) => each !== from)
    // The same file first: a name such as "denied" may stand in many.
    return found.find((each) => each.located.file === from.located.file) ?? found[0]
  }
  const bases = new Map<SigmaDocument, boolean>()
  for (const document of documents) {
    if (document.kind !== 'correlation') continue
    const generate = document.correlation.generate ?? document.generate ?? false
    for (const name of document.correlation.rules) {
      const base = called(name, document)
      if (base) bases.set(base, (bases.get(base) ?? false) || generate)
    }
  }
  return { documents, filters, called, alone: (document) => bases.get(document) ?? true }
}
