/**
 * The way of batches into a cluster: rows first, by bulk requests of bounded size and number; then the offsets, by
 * compare-and-swap; then the word that everything up to an ingest time is there. Batches under way share requests and an
 * ingest time; several commits overlap, and end in their order.
 *
 * The ids of rows make a repeat harmless within one index. Whoever begins to write a segment reads the ids that came after
 * the segment's offset was written (of a commit that broke off before its offsets), and leaves these events out.
 *
 * Where a commit fails, nobody knows what of it will still arrive. So its index is closed for writing first (the server
 * answers when writes under way have ended), and what comes next goes to a new index.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '@elastic/elasticsearch'
import { reuse } from '../../pool.ts'
import { type Batch, StaleOffset, Fenced, storeClosed } from '../../store.ts'
import { blockWrites } from '../block.ts'
import { type Bulk, join, send } from './bulk.ts'
import { insist } from '../connect.ts'
import { encoded, REQUEST, type Rows } from '../rows/encode.ts'
import { createEventIndex, dayAt, indexName } from '../events/indices.ts'
import { writeLearned } from '../events/learned.ts'
import { keyOf, type Offsets } from './offsets.ts'
import type { SchemaOptions } from '../events/schema.ts'
import { openSegments, type Waiting } from './segments.ts'
import type { Session, Sessions } from '../sessions/session.ts'
import { ensureTemplates } from '../events/templates.ts'

/** Bulk requests under way, and bytes of commits under way. */
const REQUESTS = 4
const MOST_BYTES = 24_000_000
/** ms that something is waited for before it is said. */
const NEWS = 3000

export interface WriterOptions {
  readonly client: Client
  readonly prefix: string
  readonly sessions: Sessions
  readonly offsets: Offsets
  readonly clock: () => number
  readonly warn: (sentence: string) => void
  readonly schema: SchemaOptions
  /** ms that a commit waits for more batches while none is under way. */
  readonly wait: number
}

interface Commit {
  readonly batches: readonly Waiting[]
  readonly ingested: number
  readonly index: string
  readonly bytes: number
  readonly sent: Promise<unknown>
}

export interface Writer {
  append(batch: Batch, now: number): Promise<{ readonly ingested: number }>
  /** The indices that took events since the last call. */
  touched(): string[]
  /** What is being waited for. */
  problem(): string | undefined
  close(): Promise<void>
}

export const openWriter = (options: WriterOptions): Writer => {
  const { client, prefix, sessions, offsets, clock, warn, schema, wait } = options
  const closing = new AbortController()
  const { signal } = closing
  const queue: Waiting[] = []
  let queued = 0
  const underWay: Commit[] = []
  let flying = 0
  let running: Promise<void> | undefined
  let urgent: (() => void) | undefined
  let session: Session | undefined
  let last = 0
  let nth = 0
  const ready = new Set<string>() // the indices that this session writes to
  const touched = new Set<string>()
  let problem: string | undefined
  /** The first failure of a commit: no further one begins before what was under way has ended. */
  let failure: Error | undefined
  /** A commit has failed: those after it fail with it, for they went on from where it would have come to. */
  let broken = false
  let busy = false
  const slots: (() => void)[] = []
  const ends = new WeakMap<Commit, Promise<void>>()
  let taken = 0

  let since = 0
  let said = false
  const trouble = (reason: string | undefined) => {
    const now = performance.now()
    if (problem === undefined) [since, said] = [now, false]
    problem = reason
    // A cluster that is busy for a moment is no news.
    if (reason === undefined || said || now - since < NEWS) return
    said = true
    warn(reason)
  }
  const segments = openSegments({ client, prefix, offsets, signal, trouble, most: MOST_BYTES })
  const bulk: Bulk = {
    client,
    signal,
    trouble,
    // The session's own record says whether it was fenced.
    blocked: async (index) => session?.announce(index),
  }

  const slot = async <T>(work: () => Promise<T>): Promise<T> => {
    while (taken >= REQUESTS) await new Promise<void>((resolve) => slots.push(resolve))
    taken++
    try {
      return await work()
    } finally {
      taken--
      slots.shift()?.()
    }
  }

  const begin = async (): Promise<Session> => {
    const now = await sessions.current()
    if (failure || (session && session !== now)) await recover()
    if (session !== now) {
      session = now
      nth = 0
      // While nothing is under way, an idle process must not hold detection up.
      now.idle(() => {
        if (busy || session !== now) return undefined
        // What a commit that has failed sent may still arrive, with an ingest time that has passed: first nothing of it may any more.
        if (failure) ensureRunning()
        // Before its first index, and after one that was given up: the session has joined then.
        if (failure || (ready.size === 0 && nth === 0)) return undefined
        const time = clock()
        return time > last ? (last = time) : undefined
      })
    }
    return now
  }
  const prepared = async (session: Session, day: string): Promise<string> => {
    const index = indexName(prefix, day, session.id, nth)
    if (!ready.has(index)) {
      for (const sentence of await ensureTemplates(client, prefix, schema)) warn(sentence)
      await createEventIndex(client, prefix, index, schema)
      await session.announce(index)
      ready.add(index)
      last = Math.max(last, session.floor)
    }
    return index
  }
  /**
   * After a failure, and when this process was taken for dead: nothing of what was sent arrives any more, and what is known
   * of the segments is forgotten. Batches that wait are held against what is read anew.
   */
  const recover = async () => {
    await Promise.allSettled(underWay.flatMap((commit) => [commit.sent, ends.get(commit)]))
    for (const index of ready) await blockWrites(client, index, 'for a commit to it has failed', { signal })
    ready.clear()
    nth++
    segments.clear()
    broken = false
    failure = undefined
  }

  const gather = async () => {
    if (flying === 0 && queued < REQUEST && wait > 0 && !signal.aborted)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait)
        urgent = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    urgent = undefined
    // While commits are under way more comes: larger ones cost less.
    while (underWay.length > 0 && (flying > MOST_BYTES || queued < REQUEST) && !failure)
      await Promise.race([ends.get(underWay[0]!), new Promise<void>((resolve) => (urgent = resolve))])
    const out: Waiting[] = []
    for (let bytes = 0; queue.length > 0 && (bytes === 0 || bytes + queue[0]!.bytes <= 2 * REQUEST); ) {
      const next = queue.shift()!
      bytes += next.bytes
      queued -= next.bytes
      out.push(next)
    }
    return out
  }
  /** What was read under a lease that this process has lost, its next holder reads as well. */
  const allowed = ({ lease, reject }: Waiting): boolean => {
    if (!lease || lease.held()) return true
    reject(new Fenced())
    return false
  }
  const run = async () => {
    let before: Promise<void> = Promise.resolve()
    while (queue.length > 0 || underWay.length > 0) {
      if (queue.length === 0) {
        await Promise.race([before, new Promise<void>((resolve) => (urgent = resolve))])
        continue
      }
      let batches = await gather()
      try {
        const current = await begin()
        // Before anything of their segments is remembered: another process moves those.
        batches = batches.filter(allowed)
        if (batches.length === 0) continue
        await segments.meet(batches)
        const written = segments.writtenUpTo(batches)
        const least = () => Math.max(last + 1, written + 1, ...batches.map(({ now }) => now))
        // The floor is known with the first announcement.
        await prepared(current, dayAt(least()))
        const ingested = least()
        const index = await prepared(current, dayAt(ingested))
        const fresh = segments.accept(batches)
        if (fresh.length === 0) continue
        last = ingested
        const commit = start(fresh, index, ingested)
        underWay.push(commit)
        before = before.then(() => finish(commit, current))
        ends.set(commit, before)
      } catch (error) {
        for (const batch of batches) batch.reject(error as Error)
      }
    }
  }

  const start = (batches: readonly Waiting[], index: string, ingested: number): Commit => {
    const parts: Rows[][] = [[]]
    let bytes = 0
    for (const { rows } of batches)
      for (const each of rows) {
        if (bytes > 0 && bytes + each.bytes.length > REQUEST) {
          parts.push([])
          bytes = 0
        }
        parts.at(-1)!.push(each)
        bytes += each.bytes.length
      }
    const all = batches.reduce((sum, batch) => sum + batch.bytes, 0)
    flying += all
    const requests = parts
      .filter((part) => part.length > 0)
      .map((part) => slot(async () => (failure ? Promise.reject(failure) : send(bulk, index, join(part), ingested))))
    const sent = Promise.all(requests).then((answers) => {
      // Of a request that was not taken as it was, something may still be on its way to the server.
      if (answers.every((smooth) => smooth)) for (const { memory } of batches) reuse(memory)
    })
    // Said in its turn.
    sent.catch((error: unknown) => (failure ??= error as Error))
    // Settled only when nothing of it is on its way.
    const done = Promise.allSettled(requests).then(() => sent)
    done.catch(() => {})
    return { batches, ingested, index, bytes: all, sent: done }
  }

  const finish = async (commit: Commit, current: Session): Promise<void> => {
    const { batches, ingested, index } = commit
    try {
      if (broken) throw failure
      await commit.sent
      if (batches.some(({ rows }) => rows.length > 0)) touched.add(index)
      const learned = batches.flatMap((batch) => batch.learned)
      await writeLearned(client, prefix, dayAt(ingested), learned, ingested, { signal })
      const conflicts = await segments.commitOffsets(batches, ingested)
      // Others see it with the next beat at the latest; what a fence finds in the index, it publishes itself.
      const published = current.publish(ingested).catch(() => {})
      for (const batch of batches)
        if (batch.offsets.some((offset) => conflicts.has(keyOf(offset)))) batch.reject(new StaleOffset())
        else published.then(() => batch.resolve({ ingested }))
    } catch (error) {
      broken = true
      failure ??= error as Error
      for (const batch of batches) batch.reject(error as Error)
    } finally {
      underWay.splice(underWay.indexOf(commit), 1)
      flying -= commit.bytes
      urgent?.()
    }
  }

  /** Nobody may bring what a failed commit held again, and others wait for how far this process has come. */
  const settle = async () => {
    if (failure && !signal.aborted) await recover().catch(() => {})
  }
  const ensureRunning = () => {
    busy = true
    running ??= run()
      .then(settle)
      .finally(() => {
        running = undefined
        busy = queue.length > 0
        if (busy) ensureRunning()
      })
  }

  return {
    append: (batch, now) => {
      if (signal.aborted) return Promise.reject(storeClosed())
      const { parts: rows, first } = encoded(batch)
      const bytes = rows.reduce((sum, each) => sum + each.bytes.length, 0) + 200
      const memory = rows.map((each) => each.bytes.buffer as ArrayBuffer)
      return new Promise((resolve, reject) => {
        queue.push({
          rows,
          bytes,
          memory,
          offsets: batch.offsets,
          learned: batch.learned ?? [],
          lease: batch.lease,
          now,
          first,
          segments: new Map(),
          resolve,
          reject,
        })
        queued += bytes
        if (queued >= REQUEST || flying > 0) urgent?.()
        ensureRunning()
      })
    },
    touched: () => {
      const out = [...touched]
      touched.clear()
      return out
    },
    problem: () => problem,
    close: async () => {
      // What only has to be said to the cluster is; what waits for a cluster that is away is given up.
      const patient = sleep(10_000, undefined, { ref: false })
      urgent?.()
      await Promise.race([running, patient])
      closing.abort(storeClosed())
      await running?.catch(() => {})
      if (failure) session?.leave()
    },
  }
}
