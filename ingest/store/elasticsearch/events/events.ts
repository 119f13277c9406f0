/** Events in Elasticsearch: an index for each session and UTC day of ingest. */
import type { Client } from '@elastic/elasticsearch'
import { scoped } from '../../scope.ts'
import { type EventStore, StoreRefused } from '../../store.ts'
import { openCounter } from '../read/aggregate.ts'
import { readLearned } from './learned.ts'
import { openWriter } from '../append/append.ts'
import { FULL, insist } from '../connect.ts'
import { keepOf, rewriteOf } from './anew.ts'
import { aliasOf, dayAt, dropDay, listDays, patternOf } from './indices.ts'
import { openOffsets } from '../append/offsets.ts'
import { openReader, questionOf } from '../read/read.ts'
import type { SchemaOptions } from './schema.ts'
import type { Sessions } from '../sessions/session.ts'
import { ensureTemplates, indexProblems, lackingFields } from './templates.ts'

export interface EventsOptions {
  readonly client: Client
  /** Of every index of the installation. */
  readonly prefix: string
  readonly sessions: Sessions
  readonly clock: () => number
  readonly warn: (sentence: string) => void
  readonly schema?: SchemaOptions
  /** ms that a commit waits for more lines while none is under way: 50. */
  readonly wait?: number
  /** ms that a person's question may take: 30,000. */
  readonly limit?: number
}

const DAY = 86_400_000
/** After a longer pause all indices are refreshed, not those of each day. */
const MOST_DAYS = 10

/** The templates are put up, or back. Rejects with a `StoreError` that a person can act on. */
export const openEvents = async (
  options: EventsOptions,
): Promise<EventStore & { problems(): Promise<readonly string[]> }> => {
  const { client, prefix, sessions, clock, warn, schema = {}, wait = 50, limit = 30_000 } = options
  const alias = aliasOf(prefix)
  const changed = await ensureTemplates(client, prefix, schema, false)
  for (const sentence of changed) warn(sentence)
  const offsets = openOffsets(client, `${prefix}-offsets`)
  const writer = openWriter({ client, prefix, sessions, offsets, clock, warn, schema, wait })
  let lacking: ReadonlySet<string> = new Set()
  const reader = openReader({ client, alias, limit, lacking: () => lacking })
  const counter = openCounter(reader)

  const refresh = (index: readonly string[]): Promise<void> =>
    insist(client, 'making events visible', async () => {
      const { _shards } = await client.indices.refresh({ index: [...index], ignore_unavailable: true })
      if (_shards && _shards.failed > 0)
        throw new StoreRefused(
          `${_shards.failed} shards of ${index.join(', ')} do not answer, so it is not certain that every event is visible: see that every node of Elasticsearch runs`,
        )
    })
  /** What this process has stored, it finds; and what was there when it began. */
  let refreshing: Promise<void> = Promise.resolve()
  let begun = false
  const fresh = (): Promise<void> => {
    const index = begun ? writer.touched() : [alias]
    const first = !begun
    begun = true
    if (index.length > 0)
      refreshing = refreshing
        .catch(() => {})
        .then(async () => {
          // Indices that are made from now on have every field.
          if (first) lacking = await lackingFields(client, alias)
          await refresh(index)
        })
    return refreshing
  }

  let visible: number | undefined // up to this ingest time everything was made visible
  const committed = async (): Promise<number> => {
    const horizon = await sessions.horizon()
    if (horizon === visible) return horizon
    const first = visible === undefined ? undefined : Math.floor(visible / DAY)
    const last = Math.floor(horizon / DAY)
    if (first === undefined || last - first > MOST_DAYS) await refresh([alias])
    else {
      const days = Array.from({ length: last - first + 1 }, (_, i) => patternOf(prefix, dayAt((first + i) * DAY)))
      await refresh(days)
    }
    visible = Math.max(visible ?? 0, horizon)
    return horizon
  }

  return {
    append: writer.append,
    packing: { module: new URL('../rows/packing.ts', import.meta.url).href, full: Number.POSITIVE_INFINITY },
    committed,
    offsets: (source) => offsets.all(source),
    learned: (source) => readLearned(client, prefix, source),
    search: async (scope, search) => {
      await fresh()
      return reader.search({
        ...search,
        filter: scoped(scope, search.filter),
        signal: questionOf(search.signal, limit),
      })
    },
    aggregate: async (scope, query) => {
      await fresh()
      return counter.aggregate({
        ...query,
        filter: scoped(scope, query.filter),
        signal: questionOf(query.signal, limit),
      })
    },
    count: async (scope, query) => {
      await fresh()
      return reader.count({ ...query, filter: scoped(scope, query.filter), signal: questionOf(query.signal, limit) })
    },
    match: async function* (scope, query) {
      await fresh()
      yield* reader.match({ ...query, filter: scoped(scope, query.filter) })
    },
    groups: async function* (scope, query) {
      await fresh()
      yield* counter.groups({ ...query, filter: scoped(scope, query.filter) })
    },
    days: async () => {
      await fresh()
      return listDays(client, prefix)
    },
    // An index takes events until its day is over.
    seal: async () => false,
    drop: (day) => dropDay(client, prefix, day),
    keep: (day, stay) => keepOf({ client, prefix, schema, lacking: () => lacking }, day, stay),
    rewrite: (day, taken, make) => rewriteOf({ client, prefix, schema, lacking: () => lacking }, day, taken, make),
    problems: async () => {
      const waiting = writer.problem()
      const changed = await ensureTemplates(client, prefix, schema)
      // Who asks first hears it; the log keeps it for the others.
      for (const sentence of changed) warn(sentence)
      const indices = await indexProblems(client, prefix)
      // What the writer waits for is said once.
      const same = waiting?.includes(FULL) && indices.some((each) => each.includes(FULL))
      return [...(waiting === undefined || same ? [] : [waiting]), ...changed, ...indices]
    },
    close: () => writer.close(),
  }
}
