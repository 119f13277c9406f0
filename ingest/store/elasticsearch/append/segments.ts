/**
 * The segments that a session writes: from where each goes on, what a commit that broke off has left beyond it, and the
 * offsets that are written after the rows.
 */
import type { Client, estypes } from '@elastic/elasticsearch'
import { type Learned, type Lease, type Offset, StaleOffset } from '../../store.ts'
import { givenPrefix, idPrefix, isGiven } from '../../../event-id.ts'
import { insist } from '../connect.ts'
import { documentOf, pick, type Rows } from '../rows/encode.ts'
import { aliasOf } from '../events/indices.ts'
import { type Committed, keyOf, type Offsets } from './offsets.ts'

/** A batch on its way. */
export interface Waiting {
  rows: readonly Rows[]
  readonly bytes: number
  /** What it was packed in, to be used again. */
  readonly memory: readonly ArrayBuffer[]
  readonly offsets: readonly Offset[]
  readonly learned: readonly Learned[]
  readonly lease: Lease | undefined
  readonly now: number
  /** The event.id of its first event. */
  readonly first: string | undefined
  /** The segments of its offsets as they were when it was taken; whether orphans of each lay beyond it then. */
  segments: Map<string, { readonly segment: Segment; readonly beyond: boolean }>
  resolve(answer: { ingested: number }): void
  reject(error: Error): void
}

/** Of a segment, as this session writes it. */
export interface Segment {
  position: number // after what was handed over
  committed: Committed | undefined
  /** Of those, what the segment before it of the same spool has not met. */
  carried?: readonly string[]
  /** Events beyond the position that a commit which broke off left; undefined: not looked for yet. */
  orphans: Set<string> | undefined
  /** The greatest ingest time of those. */
  latest: number
  /** Bytes handed over since the last orphan was met. */
  since: number
}
/** Ids that begin so, of events with a greater ingest time, but for those. */
interface Asked {
  readonly prefix: string
  readonly after: number
  readonly except: readonly number[]
}
/** A file of the spool, and of which node. */
const SPOOLED = /^(.*?)0\d{9}$/
/** ms within which a node that broke off at its very first commit of a source is started again. */
const FIRST_TIME = 3_600_000

export interface SegmentsOptions {
  readonly client: Client
  readonly prefix: string
  readonly offsets: Offsets
  readonly signal: AbortSignal
  readonly trouble: (reason: string | undefined) => void
  /** Bytes that are under way at most: no orphan lies farther ahead. */
  readonly most: number
}

export const openSegments = ({ client, prefix, offsets, signal, trouble, most }: SegmentsOptions) => {
  const segments = new Map<string, Segment>()
  /** Of a source and a node the segment that was met last. */
  const given = new Map<string, { readonly segment: Segment; readonly asked: readonly Asked[] }>()

  /** Reads what is known of segments that this session has not written yet. */
  const meet = async (batches: readonly Waiting[]) => {
    const unknown = new Map<string, Offset>()
    for (const { offsets } of batches)
      for (const offset of offsets) if (!segments.has(keyOf(offset))) unknown.set(keyOf(offset), offset)
    if (unknown.size > 0) {
      const found = await offsets.read([...unknown.values()])
      for (const key of unknown.keys()) {
        const committed = found.get(key)
        segments.set(key, {
          position: committed?.offset.position ?? 0,
          committed,
          orphans: undefined,
          latest: 0,
          since: 0,
        })
      }
    }
    const asked = new Map<Segment, readonly Asked[]>()
    for (const { offsets, first, now } of batches)
      for (const offset of offsets) {
        const segment = segments.get(keyOf(offset))!
        if (segment.orphans || first === undefined || asked.has(segment)) continue
        const byPlace = `${idPrefix(offset.source, offset.segment)}-`
        const own = isGiven(first) ? [byPlace] : [first.slice(0, first.lastIndexOf('-') + 1), byPlace]
        const committed = { after: segment.committed?.after ?? 0, except: segment.committed?.except ?? [] }
        const given = await givenAsked(segment, offset, now)
        asked.set(segment, [...[...new Set(own)].map((prefix) => ({ prefix, ...committed })), ...given])
      }
    if (asked.size > 0) await orphansOf([...asked])
  }
  /**
   * Events with an id of their sender's are in whatever segment of the source, so their ids are asked for once, those of later
   * than anything that this node has committed of it; what of them is not met goes over to its next segment. To ask for all of
   * each segment would be to read every id that the source ever had.
   */
  const givenAsked = async (
    segment: Segment,
    { source, segment: name }: Offset,
    now: number,
  ): Promise<readonly Asked[]> => {
    const node = SPOOLED.exec(name)?.[1]
    // They come over the network alone.
    if (node === undefined) return []
    const key = `${source}\0${node}`
    const prefix = `${givenPrefix(source)}-`
    const before = given.get(key)
    if (before) {
      const { segment: last, asked } = before
      given.set(key, { segment, asked })
      segment.carried = [...(last.orphans ?? last.carried ?? [])].filter((id) => id.startsWith(prefix))
      segment.latest = last.latest
      // Both are met now: what is found is of the one or the other.
      return last.orphans ? [] : asked
    }
    const asked = [{ prefix, ...(await sinceOf(segment, source, node, now)) }]
    given.set(key, { segment, asked })
    return asked
  }
  const sinceOf = async ({ committed }: Segment, source: string, node: string, now: number) => {
    if (committed) return { after: committed.after, except: committed.except }
    const others = (await offsets.known(source)).filter(({ offset }) => SPOOLED.exec(offset.segment)?.[1] === node)
    return { after: others.length > 0 ? Math.max(...others.map((each) => each.after)) : now - FIRST_TIME, except: [] }
  }
  const orphansOf = async (asked: readonly (readonly [Segment, readonly Asked[]])[]) => {
    const index = aliasOf(prefix)
    const found = new Map(asked.map(([segment]) => [segment, new Set<string>()]))
    await insist(
      client,
      'looking for events of a commit that broke off',
      async () => {
        await client.indices.refresh({ index, ignore_unavailable: true })
        for (let i = 0; i < asked.length; i += 200) {
          const some = asked.slice(i, i + 200)
          const should = some.flatMap(([, prefixes]) =>
            prefixes.map(({ prefix, after, except }): estypes.QueryDslQueryContainer => {
              const filter = [{ prefix: { 'event.id': prefix } }, { range: { 'event.ingested': { gt: after } } }]
              return { bool: { filter, must_not: [{ terms: { 'event.ingested': [...except] } }] } }
            }),
          )
          let place: estypes.SortResults | undefined
          do {
            const { hits } = await client.search<unknown>({
              index,
              ignore_unavailable: true,
              allow_partial_search_results: false,
              query: { bool: { filter: [{ bool: { should, minimum_should_match: 1 } }] } },
              size: 10_000,
              _source: false,
              track_total_hits: false,
              sort: [{ 'event.id': 'asc' }, { 'event.ingested': 'asc' }],
              ...(place ? { search_after: place } : {}),
            })
            for (const { sort } of hits.hits) {
              const id = String(sort![0])
              for (const [segment, prefixes] of some) {
                if (!prefixes.some(({ prefix }) => id.startsWith(prefix))) continue
                found.get(segment)!.add(id)
                segment.latest = Math.max(segment.latest, Number(sort![1]))
              }
            }
            place = hits.hits.length < 10_000 ? undefined : hits.hits.at(-1)!.sort
          } while (place)
        }
      },
      { signal },
    )
    for (const [segment, ids] of found) {
      for (const id of segment.carried ?? []) ids.add(id)
      segment.orphans = ids
    }
  }

  /** Without the batches that were read from another position than the one that their predecessor leaves. */
  const accept = (batches: readonly Waiting[]): Waiting[] =>
    batches.filter((batch) => {
      const stale = batch.offsets.some((o) => o.from !== undefined && o.from !== segments.get(keyOf(o))!.position)
      if (stale) {
        batch.reject(new StaleOffset())
        return false
      }
      for (const offset of batch.offsets) {
        const segment = segments.get(keyOf(offset))!
        segment.position = offset.gone ? 0 : offset.position
        if (segment.orphans?.size) {
          const before = segment.orphans.size
          batch.rows = batch.rows.flatMap((rows) => withoutOrphans(rows, segment.orphans!))
          segment.since = segment.orphans.size < before ? 0 : segment.since + batch.bytes
          // No more than that was under way with the commit that broke off: the rest are no lines of the segment any more.
          if (segment.since > 4 * most) segment.orphans.clear()
        }
        // As it is now: when its offset is written, later batches have met orphans that lie beyond it.
        batch.segments.set(keyOf(offset), { segment, beyond: segment.orphans?.size !== 0 })
      }
      return true
    })

  /**
   * The greatest ingest time that the segments of these batches were written with, maybe by a process whose clock is ahead:
   * what comes now is given a greater one, to be told from that, and found where this commit breaks off.
   */
  const writtenUpTo = (batches: readonly Waiting[]): number => {
    let last = 0
    for (const { offsets } of batches)
      for (const offset of offsets) {
        const segment = segments.get(keyOf(offset))
        if (segment)
          last = Math.max(last, segment.latest, segment.committed?.after ?? 0, ...(segment.committed?.except ?? []))
      }
    return last
  }

  /** Answers the segments that another process has moved, or that were read anew meanwhile. */
  const commitOffsets = async (batches: readonly Waiting[], ingested: number): Promise<Set<string>> => {
    const newest = new Map<string, { offset: Offset; segment: Segment; beyond: boolean; rows: boolean }>()
    const conflicts = new Set<string>()
    for (const { offsets, segments: taken, rows } of batches)
      for (const offset of offsets) {
        const key = keyOf(offset)
        const { segment, beyond } = taken.get(key)!
        if (segments.get(key) !== segment) conflicts.add(key)
        else newest.set(key, { offset, segment, beyond, rows: rows.length > 0 || (newest.get(key)?.rows ?? false) })
      }
    if (newest.size === 0) return conflicts
    const changes = [...newest.values()].map(({ offset, segment: { committed: over }, beyond, rows }) => {
      // As long as events of a commit that broke off may lie ahead, they have to be found again.
      if (!beyond) return { offset, over, after: ingested, except: [] }
      const except = over?.except ?? []
      return { offset, over, after: over?.after ?? 0, except: rows ? [...except, ingested] : except }
    })
    const answers = await offsets.write(changes, {
      patience: Number.POSITIVE_INFINITY,
      signal,
      onRetry: (error) => trouble(error.message),
    })
    trouble(undefined)
    for (const [i, [key, { segment, offset }]] of [...newest].entries()) {
      const answer = answers[i]
      if (answer === 'conflict') conflicts.add(key)
      else segment.committed = answer
      if (answer === 'conflict' || offset.gone) segments.delete(key)
      // Another has written of it: what lies beyond is asked for anew.
      if (answer === 'conflict') for (const [name, each] of given) if (each.segment === segment) given.delete(name)
    }
    return conflicts
  }

  const clear = () => {
    segments.clear()
    given.clear()
  }
  return { meet, accept, writtenUpTo, commitOffsets, clear }
}

const withoutOrphans = (rows: Rows, orphans: Set<string>): Rows[] => {
  const left: number[] = []
  for (let i = 0; i < rows.starts.length - 1; i++) {
    const id = documentOf(rows, i)['event.id']
    if (typeof id !== 'string' || !orphans.delete(id)) left.push(i)
  }
  return left.length === 0 ? [] : left.length === rows.starts.length - 1 ? [rows] : [pick(rows, left)]
}
