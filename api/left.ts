/** Lines that were accepted for sources which are configured no longer. */
import { counted } from '../ingest/counted.ts'
import { leftLines } from '../ingest/collect/left.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { type Source, UNKNOWN_SOURCE } from '../ingest/source.ts'
import type { Store } from '../ingest/store/store.ts'

export interface Left {
  said(): Promise<readonly { code: string; message: string }[]>
  /** The sources are others now. */
  forget(): void
}

export const openLeft = (ingest: Ingest, store: Store, node: string, sources: () => readonly Source[]): Left => {
  const look = async () => {
    const network = sources()
      .filter(({ collect }) => collect.kind !== 'file')
      .map(({ id }) => id)
    const found = await leftLines(ingest.spoolFolder, new Set([...network, UNKNOWN_SOURCE]), store.events, node)
    return found.map(({ source, lines, folder }) => ({
      code: `left-${source}`,
      message: `${counted(lines, 'line that was', 'lines that were')} accepted for source ${source} ${lines === 1 ? 'is' : 'are'} not in the store, for it is not configured any more: put it back into the configuration until that is read, or delete ${folder}`,
    }))
  }
  /** Nobody writes into the spool of a source that is not configured: it is looked at once. */
  let left: Promise<{ code: string; message: string }[]> | undefined
  return {
    // One that failed, for the store was away, is no answer: it is looked at again.
    said: () =>
      (left ??= look().catch(() => {
        left = undefined
        return []
      })),
    forget: () => {
      left = undefined
    },
  }
}
