/** Whose turn it is to read what only one of several processes may read: asked for until it is this one's. */
import type { Source } from './source.ts'
import type { Lease } from './store/store.ts'

/** ms between two questions whether another process still holds it. */
const ASK = 2000

export interface Turn {
  /** Undefined while it is another's. Several may ask, and share the lease. */
  take(): Promise<Lease | undefined>
}

export const openTurn = (lease: (name: string) => Promise<Lease | undefined>, name: string): Turn => {
  let held: Lease | undefined
  let asked = -Infinity
  let asking: Promise<Lease | undefined> | undefined
  const ask = async () => {
    if (held?.held()) return held
    if (performance.now() - asked < ASK) return undefined
    asked = performance.now()
    held = await lease(name)
    return held
  }
  return { take: () => (asking ??= ask().finally(() => (asking = undefined))) }
}

/** Files that every node sees are read by one of them; others are their node's. */
export const turnOf = ({ id, collect }: Source, node: string | undefined): string =>
  node === undefined || (collect.kind === 'file' && collect.shared) ? `source ${id}` : `source ${id} of ${node}`
