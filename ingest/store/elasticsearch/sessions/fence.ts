/**
 * What sessions look like to others, who of them is dead, and how a dead one is fenced: nothing that it sent, or will
 * send when it wakes, reaches an index of events any more, and how far it came is known.
 */
import type { Client } from '@elastic/elasticsearch'
import {} from '../../store.ts'
import { blockWrites } from '../block.ts'
import { insist } from '../connect.ts'
import type { Records, Versioned } from './records.ts'

export interface SessionRecord {
  /** Grows while the process lives. */
  readonly beat: number
  readonly committed: number
  /** It writes, or wrote, events. */
  readonly writer: boolean
  /** Every index of events that it writes to. */
  readonly indices: readonly string[]
  readonly state: 'live' | 'fenced' | 'closed'
}

export interface ControlRecord {
  readonly horizon: number
  /** The greatest ingest time of the writers that ended: the horizon, once nobody writes. */
  readonly ended: number
  readonly writers: readonly string[]
}

export interface LeaseRecord {
  readonly holder: string | null
  readonly token: number
}

/** Called at each step that another process may come between; a test waits there. */
export type Step = (step: string) => Promise<void>

export interface Observer {
  /** Is it dead? Known only after its beat was seen not to change for long enough. */
  dead(id: string, record: SessionRecord, asked: number, answered: number): boolean
  /** The observer itself saw nothing for a while: what it saw before proves nothing. */
  forget(): void
  /** Those whose beats are looked at, as somebody asked for them lately. */
  watched(): readonly string[]
  drop(id: string): void
}

/** `dead`: ms of this process's own monotonic clock; `now` reads it. */
export const openObserver = (dead: number, now: () => number): Observer => {
  const seen = new Map<string, { beat: number; at: number }>()
  return {
    dead: (id, { beat }, asked, answered) => {
      const before = seen.get(id)
      // From the answer to the first question until the last one was asked: the beat stood still at least that long.
      if (before?.beat === beat) return asked - before.at >= dead
      seen.set(id, { beat, at: answered })
      return false
    },
    forget: () => {
      const at = now()
      for (const [id, { beat }] of seen) seen.set(id, { beat, at })
    },
    watched: () => [...seen.keys()],
    drop: (id) => void seen.delete(id),
  }
}

/**
 * Fences a session and answers its last record, closed; undefined where it lives after all. May break off anywhere: who
 * calls it next goes on. Throws where the cluster does not confirm a block: then nobody can say what will still arrive.
 */
export const fence = async (
  client: Client,
  sessions: Records<SessionRecord>,
  id: string,
  found: Versioned<SessionRecord>,
  step: Step,
): Promise<SessionRecord | undefined> => {
  let at = found
  if (at.doc.state === 'live') {
    await step('fence: before it is marked')
    const marked = await sessions.put(id, { ...at.doc, state: 'fenced' }, at)
    if (!marked) return undefined
    at = marked
  }
  if (at.doc.state === 'closed') return at.doc
  await step('fence: marked')
  const { indices } = at.doc
  for (const index of indices) await blockWrites(client, index, 'which a process left that has died')
  await step('fence: blocked')
  let committed = at.doc.committed
  if (indices.length > 0)
    await insist(client, `how far ${indices.join(', ')} were written`, async () => {
      const index = [...indices]
      await client.indices.refresh({ index, ignore_unavailable: true })
      const { aggregations } = await client.search<unknown, { last: { value: number | null } }>({
        index,
        ignore_unavailable: true,
        allow_partial_search_results: false,
        size: 0,
        aggs: { last: { max: { field: 'event.ingested' } } },
      })
      committed = Math.max(committed, aggregations?.last.value ?? 0)
    })
  const closed: SessionRecord = { ...at.doc, committed, state: 'closed' }
  await step('fence: before it is closed')
  if (!(await sessions.put(id, closed, at))) {
    // Another finished it, and maybe cleared it away.
    const now = await sessions.get(id)
    return now ? fence(client, sessions, id, now, step) : closed
  }
  return closed
}
