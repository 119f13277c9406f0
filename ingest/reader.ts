/** Reads one source on: finds its segments, takes their lines apart, hands events and offsets to the store together. */
import type { Clock } from './clock.ts'
import { type Chunk, giveBack, spoolFeed } from './collect/feed.ts'
import type { Finder, Found } from './collect/file.ts'
import { splitLines } from './collect/lines.ts'
import { dayOfLast, isSettled, type Spool } from './collect/spool.ts'
import { type Memory, memoryOf } from './memory.ts'
import type { Meter } from './meter.ts'
import { parsers } from './parsers/index.ts'
import { again, beginReading, readAgain, type Reading } from './reading.ts'
import type { Room, Taken } from './room.ts'
import type { Source } from './source.ts'
import type { Made } from './stage.ts'
import type { Stages } from './stages.ts'
import { type EventStore, type Lease, type Offset, type Packed, StoreError, Fenced } from './store/store.ts'

export interface ReaderOptions {
  readonly source: Source
  readonly store: EventStore
  readonly stages: Stages
  readonly room: Room
  readonly meter: Meter
  readonly clock: Clock
  readonly warn: (sentence: string) => void
  /** One of both. */
  readonly finder: Finder | undefined
  readonly spool: Spool | undefined
  /** Names this process's spool among those of others that share the store. */
  readonly node: string | undefined
  readonly stopping: () => boolean
  /** Lines of a spool file that were accepted and cannot be read any more. */
  readonly spoiled: (lines: number, path: string) => void
  /** Asks for a look now. */
  readonly wake: () => void
  /** Counts what was committed. */
  readonly counted: (lines: number, bytes: number) => void
}

export interface Reader {
  /** Learns what is committed; what is read from now on is read under this lease. */
  begin(lease: Lease | undefined): Promise<void>
  /** One look at every segment. Answers whether more is there than was taken, and whether a segment failed. */
  look(): Promise<{ readonly more: boolean; readonly failed: boolean }>
  /** Bytes that are not committed. */
  behind(): Promise<number>
  /** Resolves when nothing is under way: all that was handed over is committed or refused. */
  settled(): Promise<void>
  /** Another process reads on. */
  leave(): Promise<void>
}

/** Lines before the position that are not in the store, for their event is not whole: where they begin, and what between is. */
const withOpen = (about: Offset['about'], offset: Made<Packed>['offset'], position: number): Offset['about'] =>
  offset && offset.position < position
    ? { ...about, again: offset.position, taken: JSON.stringify(offset.taken) }
    : about

/** ms without a line after which events whose lines are joined end. */
const RESTED = 5000
/** Bytes for which a line counts as several, where what is under way is bounded. */
const LARGE = 4096
const weightOf = ({ lines, from, to }: Chunk): number => Math.max(lines.count, Math.ceil((to - from) / LARGE))
/** Bytes that are known to wait, for which a commit may wait too: what is read at once. */
const MUCH = 1 << 20
const NO_LINES = splitLines(new Uint8Array(0), 0, true).lines

export const openReader = (options: ReaderOptions): Reader => {
  const { source, store, stages, room, meter, clock, finder, spool, node, stopping } = options
  const { full } = store.packing
  let readings: Reading[] = []
  /** Files whose beginning is not committed yet. */
  const found: Found[] = []
  let offsets: Offset[] = []
  let lease: Lease | undefined
  /** Over the network the parser's memory goes on from one spool file to the next. */
  let carried: Memory = []
  /** Rows until a commit is full, with those that are worked on elsewhere. */
  let toFull = full
  const joined = parsers.get(source.parser)?.joiner !== undefined
  const done = new Set<string>()
  const segmentOf = (id: string) => (node ? `${node}-${id}` : id)
  const isRead = (segment: string) => readings.some((each) => each.feed.segment === segment)

  const committed = (offset: Offset) => {
    offsets = [...offsets.filter(({ segment }) => segment !== offset.segment), offset]
  }
  const discover = async () => {
    if (finder) {
      // Of those that a store refused: what it has of them by now.
      if (found.length > 0) offsets = [...(await store.offsets(source.id))]
      const all = [...readings, ...found]
      found.push(
        ...(await finder.look(
          () => offsets,
          (segment) => all.find(({ feed }) => feed.segment === segment)?.feed,
        )),
      )
      // Together: of a folder of hundreds they are one commit, and nothing is read before it.
      const begun = found.flatMap(({ begin }): Offset[] => {
        const from = offsets.find(({ segment }) => segment === begin?.segment)?.position ?? 0
        return begin ? [{ source: source.id, ...begin, from }] : []
      })
      if (begun.length > 0) await store.append({ events: [], offsets: begun, lease, last: true }, clock())
      for (const offset of begun) committed(offset)
      while (found[0]) {
        const { feed, offset } = found[0]
        await again(feed, offset)
        readings.push(beginReading(source.id, feed, offset))
        found.shift()
      }
      return
    }
    for (const { id } of spool!.segments()) {
      const segment = segmentOf(id)
      if (done.has(segment) || isRead(segment)) continue
      const offset = offsets.find((each) => each.segment === segment)
      const feed = await spoolFeed(spool!, id, segment, offset?.position ?? 0)
      await again(feed, offset)
      readings.push(beginReading(source.id, feed, offset))
      readings.sort((a, b) => (a.feed.segment < b.feed.segment ? -1 : 1))
    }
  }

  const fail = (each: Reading, error: Error) => {
    if (each.failed) return
    each.failed = true
    // What another process reads by now is no problem of this one.
    if (error instanceof Fenced || (lease && !lease.held())) return
    meter.storeProblem(error.message)
    if (!stopping()) options.warn(`source ${source.id}: ${error.message}`)
  }
  /** Takes the next lines of one segment: whether there were none, as many as there are for now, or more stand behind them. */
  const advance = async (each: Reading): Promise<'none' | 'all' | 'more'> => {
    if (each.failed) {
      if (each.underWay) return 'none'
      await readAgain(each, await store.offsets(source.id))
    }
    while (toFull <= 0) toFull += full
    const chunk = await each.feed.next(toFull)
    if (!chunk) return rest(each) ? 'all' : 'none'
    if (spool && chunk.from === 0 && each.memory.length === 0) each.memory = carried
    const rows = chunk.lines.count
    const weight = weightOf(chunk)
    await Promise.all([room.wait(weight), stages.room()])
    if (stopping() || each.failed) return 'none'
    toFull -= rows
    each.underWay++
    const taken = room.take(weight)
    takeApart(each, chunk, clock(), {
      copied: taken.copied,
      done: () => {
        each.underWay--
        taken.done()
        // One spool file is done when it is committed: the next waits for that.
        if (spool && each.underWay === 0) options.wake()
      },
    })
    return chunk.cut ? 'more' : 'all'
  }
  /** Events whose lines are joined end when nothing came for a while. */
  const rest = (each: Reading): boolean => {
    if (each.open === undefined || each.underWay > 0 || performance.now() - each.open < RESTED) return false
    each.open = undefined
    each.underWay++
    const at = each.feed.position()
    const chunk: Chunk = { lines: NO_LINES, from: at, to: at, about: each.about, more: 0, cut: false }
    takeApart(each, chunk, clock(), { copied: () => {}, done: () => each.underWay-- }, true)
    return true
  }
  /** Maybe in another thread, while what follows is read; handed over in its turn. */
  const takeApart = (each: Reading, chunk: Chunk, now: number, taken: Taken, rested = false) => {
    const { lines, from } = chunk
    const begin = each.begin
    each.begin = undefined
    const arrival = clock.arrival(now)
    const job = {
      lines,
      from,
      prefix: each.prefix,
      now: arrival,
      ...(begin ? { begin } : {}),
      ...(rested ? { rested } : {}),
    }
    // What fails at once fails as what fails later: else the lines are taken from the feed, and nobody has them.
    const run = async (memory: Memory) => stages.run(source.id, { ...job, memory })
    const before = each.turn
    // Lines that are joined follow on those before: they wait for their turn.
    const made = joined ? before.then(() => run(each.memory)) : run(each.memory)
    const guess = each.memory
    made.catch(() => {})
    each.turn = (async () => {
      try {
        await before
        let mine = await made
        if (each.failed) return taken.done()
        // What the parser remembers was not known yet: the line that it learns from came just before.
        if (!joined && guess !== each.memory && JSON.stringify(guess) !== JSON.stringify(each.memory))
          mine = await run(each.memory)
        // Lines that are no events leave room in the commit.
        toFull += lines.count - mine.rows
        handOver(each, chunk, mine, now, taken)
      } catch (error) {
        fail(each, error as Error)
        taken.done()
      } finally {
        // Whoever took the lines apart has ended, one way or the other.
        await made.catch(() => {})
        giveBack(chunk)
      }
    })()
  }
  const handOver = (each: Reading, chunk: Chunk, made: Made<Packed>, now: number, taken: Taken) => {
    each.memory = made.memory
    carried = made.memory
    const position = Math.max(each.handed, chunk.to)
    if (chunk.to >= each.handed) each.about = chunk.about
    const about = withOpen(each.about, made.offset, position)
    each.open = about?.['again'] === undefined ? undefined : performance.now()
    const offset: Offset = {
      source: source.id,
      segment: each.feed.segment,
      position,
      from: each.handed,
      ...(made.memory.length === 0 ? {} : { state: made.memory }),
      ...(about ? { about } : {}),
    }
    each.handed = position
    const learned = made.changes.map((change) => ({ source: source.id, segment: each.feed.segment, ...change }))
    store
      .append(
        {
          events: [],
          packed: made.packed,
          offsets: [offset],
          learned,
          lease,
          last: chunk.last,
          // Of large lines there is no room for a commit of full size.
          more: chunk.more > MUCH && weightOf(chunk) === chunk.lines.count,
          copied: taken.copied,
        },
        now,
      )
      .then(
        ({ ingested }) => {
          each.committed = position
          options.counted(made.lines, chunk.to - chunk.from)
          if (chunk.lost) options.spoiled(chunk.lost, each.feed.path)
          committed(offset)
          meter.committed(made.lines, made.unparsed, made.last, ingested, made.timeAhead)
          meter.forgotten(made.forgotten)
        },
        (error: Error) => fail(each, error),
      )
      .finally(taken.done)
  }

  const finish = async (each: Reading) => {
    if (each.underWay || each.failed || each.open !== undefined || !(await each.feed.done())) return
    // No longer listed before it is closed: `behind` asks only those that are.
    readings = readings.filter((other) => other !== each)
    await each.feed.close()
    if (finder) finder.forget(each.feed)
    else {
      done.add(each.feed.segment)
      await tidy()
    }
  }
  /** Spool files that no damage to a day can ask for any more. */
  const tidy = async () => {
    const days = (await store.days()).map(({ day }) => day)
    const settled = spool!.segments().filter(({ id, path, closed }) => {
      const segment = segmentOf(id)
      if (!closed || !done.has(segment)) return false
      const taken = offsets.find((each) => each.segment === segment)?.about?.['day']
      return isSettled(String(taken ?? dayOfLast(path)), days)
    })
    if (settled.length === 0) return
    const gone = settled.map(
      ({ id }): Offset => ({ source: source.id, segment: segmentOf(id), position: 0, gone: true }),
    )
    // Nothing is read meanwhile: what waits for the next commit would wait for this one too.
    await store.append({ events: [], offsets: gone, lease, last: true }, clock())
    for (const { id } of settled) {
      await spool!.remove(id)
      done.delete(segmentOf(id))
    }
  }

  return {
    begin: async (held) => {
      lease = held
      offsets = [...(await store.offsets(source.id))]
      if (!spool) return
      const last = offsets
        .filter(({ segment }) => segment.startsWith(segmentOf('')))
        .toSorted((a, b) => (a.segment < b.segment ? 1 : -1))[0]
      carried = memoryOf(last?.state)
    },
    look: async () => {
      await discover()
      let more = false
      let problem = finder?.problems.values().next().value
      for (const each of readings) {
        try {
          const taken = await advance(each)
          if (taken === 'more') more = true
          else if (taken === 'none') await finish(each)
          // One spool file after the other: the next waits until this one is read.
          if (spool && readings.includes(each)) break
        } catch (error) {
          const { message } = error as Error
          problem = error instanceof StoreError ? message : `${each.feed.path}: ${message}`
        }
      }
      meter.problem(problem)
      const unsettled = readings.some((each) => each.failed || each.underWay > 0)
      if (!unsettled) meter.storeProblem(undefined)
      const failed = readings.some((each) => each.failed)
      return { more, failed }
    },
    behind: async () => {
      let sum = 0
      for (const each of readings)
        if (readings.includes(each)) sum += (await each.feed.behind()) + (each.feed.position() - each.committed)
      return sum
    },
    settled: async () => {
      while (readings.some((each) => each.underWay > 0)) await new Promise((resolve) => setTimeout(resolve, 10))
    },
    leave: async () => {
      // What is still being parsed is not handed over: without its lease it would pass for lines that need none.
      for (const each of readings) each.failed = true
      lease = undefined
      for (const each of [...readings.splice(0), ...found.splice(0)]) await each.feed.close()
    },
  }
}
