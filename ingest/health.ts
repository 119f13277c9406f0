/** How each source is, once a minute, as events of dataset `vonglau.source`: silence is then an ordinary rule over them. */
import { createHash } from 'node:crypto'
import { type Event, HEALTH_DATASET } from './event.ts'
import type { Enricher } from './enrich/enrich.ts'
import type { Source, SourceStatus } from './source.ts'
import type { EventStore } from './store/store.ts'

const MINUTE = 60_000

export interface Health {
  /** Writes this minute's events, once however often it is called in it. */
  tick(status: readonly SourceStatus[]): Promise<void>
}

export const createHealth = (
  store: EventStore,
  sources: () => readonly Source[],
  enrich: Enricher,
  clock: () => number,
): Health => {
  const before = new Map<string, { lines: number; unparsed: number }>()
  return {
    tick: async (status) => {
      const now = clock()
      const minute = Math.floor(now / MINUTE)
      // Asked each time: another process may have written the last one.
      const last = (await store.offsets('vonglau'))[0]?.position ?? 0
      if (minute <= last) return
      const events = status.map((each): Event => {
        const source = sources().find(({ id }) => id === each.id)
        const was = before.get(each.id) ?? { lines: 0, unparsed: 0 }
        before.set(each.id, { lines: each.lines, unparsed: each.unparsed })
        const event: Event = {
          '@timestamp': now,
          'event.id': `${createHash('sha256').update(`health ${each.id}`).digest('base64url').slice(0, 16)}-${minute.toString(36)}`,
          'event.kind': 'metric',
          'event.dataset': HEALTH_DATASET,
          'vonglau.source.id': each.id,
          'vonglau.source.state': each.state,
          'vonglau.source.lines': Math.max(0, each.lines - was.lines),
          'vonglau.source.unparsed': Math.max(0, each.unparsed - was.unparsed),
          'vonglau.source.dropped': each.dropped,
          'vonglau.source.lag': Math.round(each.lag),
          'vonglau.source.behind': each.behind,
          'vonglau.source.silent_seconds': Math.max(0, Math.round((now - (each.lastLine ?? each.since)) / 1000)),
          ...(each.problem ? { 'error.message': each.problem } : {}),
        }
        enrich(event, {
          ...(source?.organization ? { organization: source.organization } : {}),
          ...(source?.system ? { system: source.system } : {}),
        })
        return event
      })
      await store.append(
        { events, offsets: [{ source: 'vonglau', segment: 'health', position: minute, from: last }] },
        now,
      )
    },
  }
}
