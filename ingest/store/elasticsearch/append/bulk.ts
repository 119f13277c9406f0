/**
 * One bulk request, until every row of it is decided. A row is created, or was there already (409), or is a dead letter; a
 * busy cluster, a broken connection and a full disk are waited for, however long: nothing is published meanwhile, and what
 * is wrong is said. So a request ends with all its rows in the cluster, or with a reason that waiting does not mend.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, errors } from '@elastic/elasticsearch'
import type { Event } from '../../../event.ts'
import {} from '../../store.ts'
import {
  addressOf,
  backoff,
  explain,
  failureOf,
  type Kind,
  kindOf,
  kindOfStatus,
  sentence,
  type ServerError,
  shorten,
} from '../connect.ts'
import { documentOf, encode, encodeKept, pick, type Rows, stamp } from '../rows/encode.ts'
import { writeAlias } from '../events/indices.ts'
import { eventOf } from '../rows/row.ts'

export interface Bulk {
  readonly client: Client
  /** Told of what is waited for, and with undefined when it has passed. */
  readonly trouble: (reason: string | undefined) => void
  /** An index does not take writes: rejects (`Fenced`) where that is because this process was taken for dead. */
  readonly blocked: (index: string) => Promise<void>
  readonly signal: AbortSignal
}

interface Item {
  readonly create: { readonly status: number; readonly error?: ServerError }
}
interface Answer {
  readonly errors: boolean
  readonly items: readonly Item[]
}

const TIMEOUT = 120_000
/** Why each row that the cluster does not take is refused. */
type Verdict =
  | 'in'
  | 'already'
  | 'again'
  | { readonly refused: string }
  | { readonly failed: Kind; readonly reason: string }

const verdictOf = ({ create: { status, error = {} } }: Item): Verdict => {
  if (status < 300) return 'in'
  if (status === 409) return 'already'
  const reason = shorten(
    error.caused_by?.reason ? `${error.reason}: ${error.caused_by.reason}` : (error.reason ?? `${status}`),
  )
  const kind = kindOfStatus(status, error)
  // What a full queue says of itself goes on with the insides of the server.
  if (kind === 'busy') return { failed: kind, reason: reason.split('{')[0]!.trim() }
  if (kind === 'full' || kind === 'blocked') return { failed: kind, reason }
  if (status >= 500) return { failed: 'busy', reason }
  return kind === 'refused' ? { refused: reason } : { failed: kind, reason }
}

/** What is kept of a line that the mapping refused. */
const deadLetter = (event: Event, reason: string): Event => ({
  '@timestamp': event['@timestamp'] as number,
  'event.id': event['event.id'] as string,
  'event.kind': 'pipeline_error',
  'event.original': event['event.original'] ?? JSON.stringify(event),
  ...(event['event.dataset'] === undefined ? {} : { 'event.dataset': event['event.dataset'] }),
  ...(event['vonglau.source.id'] === undefined ? {} : { 'vonglau.source.id': event['vonglau.source.id'] }),
  'error.message': `Elasticsearch refused the event: ${reason}`,
})

/**
 * Sends rows with this ingest time; answers whether all were taken at once. Rejects with a `StoreError`, or with `Fenced`;
 * then each row may be in the index or not.
 */
export const send = async (bulk: Bulk, index: string, rows: Rows, ingested: number): Promise<boolean> => {
  const { client, trouble, blocked, signal } = bulk
  const what = 'storing events'
  stamp(rows, ingested)
  let left = rows
  let smooth = true
  let places = Array.from({ length: rows.starts.length - 1 }, (_, i) => i)
  /** Rows that are dead letters by now; those that were refused even so. */
  const dead = new Set<number>()
  const fail = (kind: Kind, reason: string) => failureOf(kind, sentence(kind, what, addressOf(client), reason))
  for (let n = 0; places.length > 0; ) {
    signal.throwIfAborted()
    let answer: Answer
    try {
      answer = (await client.transport.request(
        {
          method: 'POST',
          path: `/${encodeURIComponent(writeAlias(index))}/_bulk`,
          bulkBody: left.bytes,
          querystring: { require_alias: 'true', filter_path: 'errors,items.create.status,items.create.error' },
        },
        { requestTimeout: TIMEOUT, signal },
      )) as Answer
    } catch (error) {
      signal.throwIfAborted()
      smooth = false
      if (error instanceof errors.ResponseError && error.statusCode === 413 && places.length > 1) {
        // A proxy before the cluster takes less in one request.
        const half = places.length >> 1
        const numbers = places.map((_, i) => i)
        for (const some of [numbers.slice(0, half), numbers.slice(half)])
          await send(bulk, index, pick(left, some), ingested)
        return false
      }
      const kind = kindOf(error)
      const reason = explain(client, what, error)
      if (kind === 'blocked') await blocked(index)
      else if (kind !== 'busy' && kind !== 'unreachable' && kind !== 'full') throw reason
      trouble(reason.message)
      await pause(backoff(n++), signal)
      continue
    }
    if (!answer.errors) break
    smooth = false
    const again: number[] = []
    const replaced: Rows[] = []
    let waiting: { kind: Kind; reason: string } | undefined
    for (const [i, item] of answer.items.entries()) {
      const verdict = verdictOf(item)
      const place = places[i]!
      if (typeof verdict === 'object' && 'refused' in verdict) {
        if (dead.has(place)) throw fail('refused', verdict.refused)
        const event = eventOf(documentOf(left, i))
        // The second time as nothing but text; the third time something else is wrong.
        if (event['event.kind'] === 'pipeline_error') dead.add(place)
        replaced.push(
          event['event.kind'] === 'pipeline_error'
            ? encodeKept(event)
            : encode([deadLetter(event, verdict.refused)])[0]!,
        )
        again.push(place)
      } else if (typeof verdict === 'object') {
        if (verdict.failed !== 'busy' && verdict.failed !== 'full' && verdict.failed !== 'blocked')
          throw fail(verdict.failed, verdict.reason)
        waiting = { kind: verdict.failed, reason: verdict.reason }
        replaced.push(pick(left, [i]))
        again.push(place)
      }
    }
    if (waiting) {
      if (waiting.kind === 'blocked') await blocked(index)
      trouble(sentence(waiting.kind, what, addressOf(client), waiting.reason))
      await pause(backoff(n++), signal)
    }
    left = join(replaced)
    stamp(left, ingested)
    places = again
  }
  trouble(undefined)
  return smooth
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  // Ended early, it says why.
  sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted())

/** Several as one. */
export const join = (parts: readonly Rows[]): Rows => {
  if (parts.length === 1) return parts[0]!
  const starts = [0]
  let offset = 0
  for (const part of parts) {
    for (let i = 1; i < part.starts.length; i++) starts.push(offset + part.starts[i]!)
    offset += part.bytes.length
  }
  return { bytes: Buffer.concat(parts.map(({ bytes }) => bytes)), starts }
}
