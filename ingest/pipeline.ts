/**
 * Reads every source on from its committed offset, and hands events and offsets to the store together. Rows under way are
 * bounded; a batch that the store refuses is read again from what is committed.
 */
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { briefly } from './briefly.ts'
import { type Chunk, spoolFeed } from './collect/feed.ts'
import { type Finder, openFinder } from './collect/file.ts'
import { openSpool, type Spool } from './collect/spool.ts'
import type { Ingest, IngestOptions } from './ingest.ts'
import { parsers } from './parsers/index.ts'
import type { ParserState } from './parsers/parser.ts'
import { processLines } from './process.ts'
import { beginReading, type Reading } from './reading.ts'
import { type Source, type SourceStatus, UNKNOWN_SOURCE } from './source.ts'
import type { Batch, Lease, Offset } from './store/store.ts'
import type { Worked } from './worker.ts'
import { openMeter } from './meter.ts'
import { openRoom } from './room.ts'
import { openTurn, turnOf } from './turn.ts'

/** Rows handed to the store and not yet committed: two full commits overlap with the parsing of the next. */
const MOST_ROWS = 420_000
const RETRY = 1000
/** ms that the end of the process waits for the store to take what was handed over. */
const PATIENCE = 10_000

export const createIngest = (options: IngestOptions): Ingest => {
  const { store, clock, warn } = options
  let enrich = options.enrich
  let stopping = false
  let lines = 0
  let bytes = 0
  const room = openRoom(options.most ?? MOST_ROWS)
  const loops: Promise<void>[] = []
  const releases: (() => Promise<void> | undefined)[] = []
  const spools = new Map<string, Spool>()
  const meters = new Map(options.sources.map((source) => [source.id, openMeter(source, clock)]))
  const running = new Map<string, { looks: number; behind(): Promise<number> }>()
  const wake = new Map<string, () => void>()
  const unknown: Source = {
    id: UNKNOWN_SOURCE,
    parser: UNKNOWN_SOURCE,
    timezone: 'UTC',
    collect: { kind: 'syslog', from: [] },
    silent: Infinity,
  }
  const all = [...options.sources, ...(options.whole ? [] : [unknown])]
  // After a kill, a request of the process before this one may still arrive: its spool is read when that is ruled out.
  const spoolTurn = options.lease && options.node ? openTurn(options.lease, `spool ${options.node}`) : undefined
  meters.set(UNKNOWN_SOURCE, openMeter(unknown, clock))

  const spoolOf = (source: Source): Spool => {
    let spool = spools.get(source.id)
    if (!spool) {
      spools.set(
        source.id,
        (spool = openSpool(join(options.spoolFolder, source.id), clock, source.collect.kind === 'syslog' ? 100 : 0)),
      )
      spool.onAppend(() => wake.get(source.id)?.())
    }
    return spool
  }

  const runSource = (source: Source) => {
    const meter = meters.get(source.id)!
    const parser = parsers.get(source.parser)
    let readings: Reading[] = []
    let offsets: Offset[] = []
    let carried: ParserState
    /** Rows until a commit is full, with those that are worked on elsewhere. */
    let toFull = store.packing?.full ?? Infinity
    const finder: Finder | undefined =
      source.collect.kind === 'file'
        ? openFinder(source.collect.path, {
            whole: options.whole ?? false,
            start: source.collect.start,
            bytes: options.workers !== undefined,
            node: options.node,
            shared: source.collect.shared,
          })
        : undefined
    const spool = finder ? undefined : spoolOf(source)
    const done = new Set<string>()
    const segmentOf = (id: string) => (options.node ? `${options.node}-${id}` : id)

    const discover = async () => {
      if (finder) {
        for (const { feed, offset, begin } of await finder.look(
          () => offsets,
          (segment) => readings.find((each) => each.feed.segment === segment)?.feed,
        )) {
          if (begin) {
            const first: Offset = { source: source.id, from: 0, ...begin }
            await store.append({ events: [], offsets: [first], lease }, clock())
            offsets = [...offsets.filter((o) => o.segment !== first.segment), first]
          }
          readings.push(beginReading(source.id, feed, offset))
        }
      } else {
        const old = spool!
          .segments()
          .filter(({ id }) => !done.has(segmentOf(id)) && !readings.some((each) => each.feed.segment === segmentOf(id)))
        for (const { id } of old) {
          const offset = offsets.find(({ segment }) => segment === segmentOf(id))
          const feed = await spoolFeed(spool!, id, segmentOf(id), offset?.position ?? 0)
          readings.push(beginReading(source.id, feed, offset))
          readings.sort((a, b) => (a.feed.segment < b.feed.segment ? -1 : 1))
        }
      }
    }
    /** Reads what there is of one segment; true where there was something. */
    const advance = async (each: Reading): Promise<boolean> => {
      if (each.failed) {
        if (each.underWay) return false
        const offset = (await store.offsets(source.id)).find((o) => o.segment === each.feed.segment)
        await each.feed.seek({ position: offset?.position ?? 0 })
        each.state = offset?.state
        each.committed = offset?.position ?? 0
        each.failed = false
      }
      while (toFull <= 0) toFull += store.packing?.full ?? Infinity
      const chunk = await each.feed.next(toFull)
      if (!chunk) return false
      // Over the network the parser's memory goes on from one spool file to the next.
      if (spool && chunk.from === 0 && each.state === undefined) each.state = carried
      if (chunk.whole) {
        await Promise.all([room.wait(chunk.whole.count), options.workers!.room()])
        if (stopping) return false
        elsewhere(each, chunk, chunk.whole)
        return true
      }
      const read = chunk.lines!
      await room.wait(read.length)
      // In its turn, after what is worked on elsewhere.
      await each.turn
      if (stopping || each.failed) return false
      toFull -= read.length
      const now = clock()
      const { events, state, unparsed, timeAhead } = processLines(
        read,
        chunk.from,
        source,
        each.prefix,
        parser,
        enrich,
        now,
        each.state,
        options.history,
      )
      const last = events.at(-1)?.['@timestamp'] as number | undefined
      const settle = take(each, events.length)
      handOver(each, chunk, { events, lines: read.length, unparsed, timeAhead, state, last }, now, settle)
      return true
    }
    const take = (each: Reading, rows: number) => {
      each.underWay++
      const give = room.take(rows)
      return () => {
        each.underWay--
        give()
      }
    }
    const fail = (each: Reading, error: Error) => {
      if (each.failed) return
      each.failed = true
      // What another process reads by now is no problem of this one.
      if (turn && !lease?.held()) return
      meter.storeProblem(error.message)
      if (!stopping) warn(`source ${source.id}: ${error.message}`)
    }
    const handOver = (
      each: Reading,
      chunk: Chunk,
      { state, ...made }: Omit<Worked, 'packed'> & Omit<Batch, 'offsets'>,
      now: number,
      settle: () => void,
    ) => {
      each.state = state
      carried = state
      const offset: Offset = {
        source: source.id,
        segment: each.feed.segment,
        position: chunk.to,
        from: chunk.from,
        ...(state === undefined ? {} : { state }),
        ...(chunk.about ? { about: chunk.about } : {}),
      }
      store
        .append({ events: made.events, packed: made.packed, offsets: [offset], lease }, now)
        .then(
          ({ ingested }) => {
            each.committed = chunk.to
            lines += made.lines
            bytes += chunk.to - chunk.from
            offsets = [...offsets.filter((o) => o.segment !== offset.segment), offset]
            meter.committed(made.lines, made.unparsed, made.last, ingested, made.timeAhead)
          },
          (error: Error) => fail(each, error),
        )
        .finally(settle)
    }
    /** In another thread, while what follows is read; handed over in its turn. */
    const elsewhere = (each: Reading, chunk: Chunk, { bytes, count }: NonNullable<Chunk['whole']>) => {
      const settle = take(each, count)
      toFull -= count
      const now = clock()
      const run = (state: ParserState) =>
        options.workers!.run({ bytes, from: chunk.from, prefix: each.prefix, now, state })
      const guess = each.state
      const made = run(guess)
      made.catch(() => {})
      const before = each.turn
      each.turn = (async () => {
        try {
          await before
          let mine = await made
          if (each.failed) return settle()
          // What the parser remembers was not known yet: the line that it learns from came just before.
          if (JSON.stringify(guess) !== JSON.stringify(each.state)) mine = await run(each.state)
          // Lines that are no events leave room in the commit.
          toFull += count - mine.packed.rows
          handOver(each, chunk, { events: [], ...mine }, now, settle)
        } catch (error) {
          fail(each, error as Error)
          settle()
        }
      })()
    }

    const finish = async (each: Reading) => {
      if (each.underWay || each.failed || !(await each.feed.done())) return
      // No longer listed before it is closed: `behind` asks only those that are.
      readings = readings.filter((other) => other !== each)
      await each.feed.close()
      finder?.forget(each.feed)
      if (spool) {
        done.add(each.feed.segment)
        await tidy()
      }
    }
    /** Kept until two days after it took its last line: damage to the newest day's file sets the offsets back. */
    const tidy = async () => {
      for (const { id, path, closed } of spool!.segments()) {
        const segment = segmentOf(id)
        if (!closed || !done.has(segment) || clock() - (await modified(path)) < 2 * 86_400_000) continue
        const gone: Offset = { source: source.id, segment, position: 0, gone: true }
        await store.append({ events: [], offsets: [gone], lease }, clock())
        spool!.remove(id)
        done.delete(segment)
      }
    }

    const look = async (): Promise<boolean> => {
      await discover()
      let some = false
      let problem = finder?.problems.values().next().value
      for (const each of readings) {
        try {
          if (await advance(each)) some = true
          else await finish(each)
          // One spool file after the other: the next waits until this one is read.
          if (spool && readings.includes(each)) break
        } catch (error) {
          const { name, message } = error as Error
          problem = name === 'StoreError' ? message : `${each.feed.path}: ${message}`
        }
      }
      meter.problem(problem)
      if (!readings.some((each) => each.failed || each.underWay > 0)) meter.storeProblem(undefined)
      return some || readings.some((each) => each.underWay > 0 || each.failed)
    }
    const behind = async () => {
      let sum = 0
      for (const each of readings)
        if (readings.includes(each)) sum += (await each.feed.behind()) + (each.feed.position() - each.committed)
      return sum
    }
    const mine = { looks: 0, behind }
    const turn = options.lease && (finder ? openTurn(options.lease, turnOf(source, options.node)) : spoolTurn)
    let lease: Lease | undefined
    const leave = async () => {
      for (const each of readings.splice(0)) await each.feed.close()
    }
    const begin = async () => {
      offsets = [...(await store.offsets(source.id))]
      if (spool)
        carried = offsets
          .filter(({ segment }) => segment.startsWith(segmentOf('')))
          .toSorted((a, b) => (a.segment < b.segment ? 1 : -1))[0]?.state
    }
    /** Whether this process reads the source. */
    const own = async (): Promise<boolean> => {
      if (!turn || lease?.held()) return true
      if (lease) {
        lease = undefined
        meter.storeProblem(undefined)
        await leave()
      }
      lease = await turn.take()
      if (lease) await begin()
      return lease !== undefined
    }
    running.set(source.id, mine)

    return {
      begin,
      loop: async () => {
        while (!stopping) {
          let busy = false
          try {
            const ours = await own()
            if (ours) busy = await look()
            // What is in the spool, nobody else reads.
            if (ours || finder) mine.looks++
          } catch (error) {
            meter.problem((error as Error).message)
          }
          // While something is under way there may be room soon; else the next look, or the spool's word, whichever is first.
          const moving = busy && readings.some((each) => !each.failed)
          await new Promise<void>((resolve) => {
            const failed = readings.some((each) => each.failed)
            const timer = setTimeout(resolve, failed ? RETRY : moving ? 0 : (options.poll ?? 500))
            wake.set(source.id, () => {
              clearTimeout(timer)
              resolve()
            })
          })
        }
        await leave()
      },
      release: async () => lease?.release(),
    }
  }

  return {
    start: async () => {
      for (const source of all) {
        const { begin, loop, release } = runSource(source)
        releases.push(release)
        await begin()
        loops.push(loop())
      }
    },
    accept: async (source, batch, sender) => {
      const known = all.find((each) => each.id === source) ?? unknown
      await spoolOf(known).append(batch, sender)
      meters.get(known.id)!.arrived()
    },
    drop: (source, count) => meters.get(source)?.dropped(count),
    status: async () => {
      const out: SourceStatus[] = []
      for (const source of all) {
        const status = meters.get(source.id)!.status((await running.get(source.id)?.behind()) ?? 0)
        if (source !== unknown || status.lines > 0) out.push(status)
      }
      return out
    },
    drain: async () => {
      // Two whole looks at each source after the call: the first may have begun before it.
      const goal = new Map([...running].map(([id, { looks }]) => [id, looks + 2]))
      for (;;) {
        let left = room.taken()
        for (const [id, each] of running) {
          const more = (await each.behind()) + (each.looks < goal.get(id)! ? 1 : 0)
          if (more) wake.get(id)?.()
          left += more
        }
        if (left === 0) return
        await new Promise((resolve) => setTimeout(resolve, 15))
      }
    },
    progress: () => ({ lines, bytes }),
    setEnrich: (next) => {
      enrich = next
    },
    stop: async () => {
      stopping = true
      room.end()
      for (const each of wake.values()) each()
      const began = performance.now()
      // A loop may wait for the store as well.
      await Promise.race([Promise.all(loops), sleep(PATIENCE, undefined, { ref: false })])
      for (const spool of spools.values()) await spool.close()
      // What was handed over is committed or refused before the store closes. Where the store is away for longer, it is
      // read again from the committed offset by whoever goes on, and the leases are free when this process is seen to be dead.
      while (room.taken() > 0 && performance.now() - began < PATIENCE)
        await new Promise((resolve) => setTimeout(resolve, 20))
      if (room.taken() > 0) return
      await briefly(() => Promise.all(releases.map((release) => release())))
    },
  }
}

const modified = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.mtimeMs ?? 0
