/** Which rules are switched off, as all processes know it. */
import { EVERYTHING } from '../ingest/store/filter.ts'
import { type DocumentStore, SYSTEM } from '../ingest/store/store.ts'

interface RuleSetting {
  readonly enabled: boolean
  readonly [field: string]: unknown
}
/** ms within which what another process has switched is known. */
const FRESH = 5000

export interface Switches {
  isOff(id: string): boolean
  /** Asks again where that is due. */
  read(): Promise<void>
  set(id: string, on: boolean, by: string): Promise<void>
}

export const openSwitches = async (documents: DocumentStore, clock: () => number): Promise<Switches> => {
  const settings = documents.collection<RuleSetting>('rules')
  let off = new Set<string>()
  let lookedAt = -Infinity
  const read = async () => {
    if (performance.now() - lookedAt < FRESH) return
    const { items } = await settings.query(SYSTEM, { filter: EVERYTHING, limit: 10_000 })
    off = new Set(items.flatMap((item) => (item.doc.enabled ? [] : [item.id])))
    lookedAt = performance.now()
  }
  await read()
  return {
    isOff: (id) => off.has(id),
    read,
    set: async (id, on, by) => {
      await settings.put([{ id, doc: { enabled: on, by, at: clock() }, version: 'any' }])
      if (on) off.delete(id)
      else off.add(id)
    },
  }
}
