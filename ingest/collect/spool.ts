/**
 * What arrives over the network is appended here before it is accepted: a folder a source, files of records
 * (`records.ts`). With a stream a record says how far that one stands with its line, so that both are on disk at once. A file
 * is never appended to by a later process: what a crash tore at its end was never accepted.
 */
import {
  closeSync,
  fdatasync,
  fstatSync,
  ftruncate,
  mkdirSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writev,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as breath } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type Clock, clockOf, timeOf } from '../clock.ts'
import { type Frames, framesOf } from './frames.ts'
import { writeRecords } from './records.ts'
import { KNOWN_FOR, openSeen, type Seen } from './seen.ts'
import {
  lastNumber,
  markOf,
  type Named,
  openStreams,
  type Part,
  readHeaders,
  type Streams,
  standAfter,
  type Taken,
} from './streams.ts'

const writeSome = promisify(writev)
const sync = promisify(fdatasync)
const truncate = promisify(ftruncate)
const LARGEST = 64 * 1024 * 1024
/** Bytes that are written though more may come within the delay. */
const ENOUGH = 2 * 1024 * 1024
/** Ids that are looked for, and documents that are written, without a pause. */
const SLICE = 1000
/** And bytes of them. */
const SLICE_BYTES = 1 << 20
/** No stream has an empty name. */
const NAMED = ''
const NAME = /^(\d{10})\.spool$/
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

export interface Spool {
  readonly folder: string
  /**
   * Resolves when the lines are on disk. Rejects where they could not be written: then they are not accepted. Parts of one
   * stream are judged one after the other.
   */
  append(lines: Frames | readonly Buffer[], sender: string, part?: Part): Promise<Taken>
  /** Documents, each of which is one event with this id. One whose sender gave an id that was seen within a day adds nothing. */
  appendNamed(documents: readonly Buffer[], sender: string, names: readonly Named[]): Promise<Taken>
  /** How far a stream stands; undefined where it is not known. */
  position(stream: string): Promise<number | undefined>
  /**
   * Numbers of the files, oldest first, and how far the newest may be read. `torn`: of an earlier process, which may have
   * been killed as it wrote.
   */
  segments(): { id: string; path: string; readable: number; closed: boolean; torn: boolean }[]
  /** Called when there is more to read. */
  onAppend(listener: () => void): void
  remove(id: string): Promise<void>
  /** UTC day of its clock. */
  today(): string
  close(): Promise<void>
}

/**
 * `delay`: ms that a sync waits for more. `after`: the highest number that the store knows: where the folder was lost, a file
 * of a number that was given before would be taken for read.
 */
export const openSpool = (folder: string, its: Clock | (() => number), delay: number, after = 0): Spool => {
  const clock = clockOf(its)
  mkdirSync(folder, { recursive: true })
  const found = () =>
    readdirSync(folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .sort()
  let number = Math.max(Number(found().at(-1) ?? 0), lastNumber(folder), after)
  const before = new Map(found().map((id) => [Number(id), join(folder, `${id}.spool`)]))
  let opened: Promise<Streams> | undefined
  // Those of this process are told as they come: a stream is only judged when these are known.
  const streams = () =>
    (opened ??= openStreams(folder, before).catch((error) => {
      opened = undefined
      throw error
    }))
  let seen: Promise<Seen> | undefined
  /** The last days' records tell what was seen before this process; those of now are told as they come. */
  const ids = () =>
    (seen ??= openSeenOf([...before.values()], clock()).catch((error) => {
      seen = undefined
      throw error
    }))
  const turns = new Map<string, Promise<unknown>>()
  /** Parts of one stream, one after the other: what is sent again may come before the answer to the first. */
  const inTurn = <T>(stream: string, work: () => Promise<T>): Promise<T> => {
    const mine = (turns.get(stream) ?? Promise.resolve()).then(work, work)
    turns.set(stream, mine)
    const forget = () => {
      if (turns.get(stream) === mine) turns.delete(stream)
    }
    mine.then(forget, forget)
    return mine
  }
  let current: { fd: number; size: number; synced: number; day: string } | undefined
  let waiting: { bytes: readonly Buffer[]; resolve(): void; reject(error: Error): void }[] = []
  let bytesWaiting = 0
  let enough = () => {}
  let running: Promise<void> | undefined
  let listener = () => {}
  let closing = false
  const pathOf = (id: string | number) => join(folder, `${String(id).padStart(10, '0')}.spool`)

  const flush = async () => {
    while (waiting.length) {
      // One sync serves all that come meanwhile.
      if (delay && bytesWaiting < ENOUGH && !closing)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, delay)
          enough = () => {
            clearTimeout(timer)
            resolve()
          }
        })
      enough = () => {}
      const batch = waiting
      waiting = []
      bytesWaiting = 0
      try {
        const day = dayOf(clock())
        if (current && (current.size > LARGEST || current.day !== day)) {
          // What its records say of streams is in the table before the next file begins.
          if (opened) (await opened).save(number)
          closeSync(current.fd)
          current = undefined
        }
        if (!current) {
          current = { fd: openSync(pathOf(number + 1), 'wx'), size: 0, synced: 0, day }
          number++
        }
        const size = await writeAll(
          current.fd,
          batch.flatMap((each) => each.bytes),
          current.size,
        )
        await sync(current.fd)
        // What was written into a file that nobody finds again is not accepted.
        if (!isStill(current.fd, pathOf(number))) {
          closeSync(current.fd)
          current = undefined
          throw new Error(
            `${pathOf(number)} was deleted while the program runs: stop it, look at the data folder, start it`,
          )
        }
        current.size += size
        current.synced = current.size
        for (const each of batch) each.resolve()
        listener()
      } catch (error) {
        // What was half written was not accepted: it must not be read after a restart.
        if (current) await truncate(current.fd, current.size).catch(() => {})
        for (const each of batch) each.reject(error instanceof Error ? error : new Error(String(error)))
      }
    }
    running = undefined
  }
  const write = (lines: Frames, sender: string, part?: Part) => {
    const bytes = writeRecords(lines, clock.arrival(clock()), sender, part && ((i) => markOf(part, i)))
    return enqueue([bytes])
  }
  const enqueue = (bytes: readonly Buffer[]) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ bytes, resolve, reject })
      for (const each of bytes) bytesWaiting += each.length
      if (bytesWaiting >= ENOUGH) enough()
      // Later: what fails before it waits for anything would end before it is known to run.
      running ??= Promise.resolve().then(flush)
    })
  // Nothing that waits for the sync holds the lines: they are written by then.
  const appendLines = (lines: Frames, sender: string): Promise<Taken> => {
    const taken = { accepted: lines.count }
    return write(lines, sender).then(() => taken)
  }
  const appendPart = (lines: Frames, sender: string, part: Part): Promise<Taken> =>
    inTurn(part.stream, async () => {
      const known = await streams()
      const told = known.judge(part)
      if (told) return told
      if (lines.count > 0) await write(lines, sender, part)
      standAfter(known, part)
      return { accepted: lines.count, position: part.to }
    })
  const appendNamed = async (documents: readonly Buffer[], sender: string, names: readonly Named[]): Promise<Taken> => {
    const put = async (all: readonly number[]) => {
      const arrived = clock.arrival(clock())
      const records: Buffer[] = []
      for (let at = 0, end = 0; at < all.length; at = end) {
        if (at > 0) await breath()
        for (let size = 0; end < all.length && end - at < SLICE && size < SLICE_BYTES; end++)
          size += documents[all[end]!]!.length
        const some = all.slice(at, end)
        const mark = (i: number) => ` ${names[some[i]!]!.given ? '#' : '~'}${names[some[i]!]!.id}`
        records.push(
          writeRecords(
            some.map((i) => documents[i]!),
            arrived,
            sender,
            mark,
          ),
        ) // prettier-ignore
      }
      // At once: all of a request is accepted, or nothing.
      await enqueue(records)
    }
    if (!names.some(({ given }) => given)) {
      await put(names.map((_, i) => i))
      return { accepted: names.length }
    }
    // One request after the other: what the one before has not on disk yet may have to be said to be there.
    return inTurn(NAMED, async () => {
      const known = await ids()
      const now = clock()
      const mine: string[] = []
      const repeated: boolean[] = []
      const fresh: number[] = []
      for (const [i, { id, given }] of names.entries()) {
        if (i % SLICE === SLICE - 1) await breath()
        const again = given && known.has(id, now)
        repeated.push(again)
        if (again) continue
        fresh.push(i)
        if (!given) continue
        known.add(id, now)
        mine.push(id)
      }
      try {
        if (fresh.length > 0) await put(fresh)
      } catch (error) {
        for (const id of mine) known.remove(id)
        throw error
      }
      return { accepted: fresh.length, repeated }
    })
  }
  return {
    folder,
    appendNamed,
    append: (lines, sender, part) =>
      part ? appendPart(framesOf(lines), sender, part) : appendLines(framesOf(lines), sender),
    position: async (stream) => (await streams()).position(stream),
    today: () => dayOf(clock()),
    segments: () =>
      found().map((id) => {
        const mine = current && Number(id) === number
        return {
          id,
          path: pathOf(id),
          readable: mine ? current!.synced : (statSync(pathOf(id), { throwIfNoEntry: false })?.size ?? 0),
          closed: !mine,
          torn: before.has(Number(id)),
        }
      }),
    onAppend: (next) => {
      listener = next
    },
    remove: async (id) => {
      // What its records say of streams outlives it; so does its number, which is never given again.
      const known = await streams()
      if (Number(id) > known.upTo()) known.save(current ? number - 1 : number)
      rmSync(pathOf(id), { force: true })
    },
    close: async () => {
      closing = true
      enough()
      while (running) await running
      if (current) closeSync(current.fd)
      current = undefined
    },
  }
}

/**
 * Whether lines that were taken on this UTC day are safe: damage to the newest day's file sets the offsets back to where
 * that day began, so a spool file is kept until the day after the one that took it is closed. `days`: those of the store.
 */
export const isSettled = (taken: string, days: readonly string[]): boolean =>
  days.filter((day) => day > taken).length >= 2

const openSeenOf = async (files: readonly string[], now: number): Promise<Seen> => {
  const seen = openSeen()
  for (const path of files) {
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    // The file's own time may be of a clock that was set: twice as long is read.
    if (written === undefined || written < now - 2 * KNOWN_FOR) continue
    await readHeaders(path, ({ id, given, arrived }) => {
      if (id !== undefined && given) seen.add(id, timeOf(arrived))
    })
  }
  return seen
}

/** Bytes that the spool of a source took on the UTC day of a time. */
export const bytesOfDay = (folder: string, time: number): number => {
  try {
    return readdirSync(folder)
      .filter((name) => NAME.test(name))
      .map((name) => statSync(join(folder, name)))
      .filter(({ mtimeMs }) => dayOf(mtimeMs) === dayOf(time))
      .reduce((sum, { size }) => sum + size, 0)
  } catch {
    return 0 // there is none yet
  }
}

/** Answers how many bytes they were. */
const writeAll = async (fd: number, all: readonly Buffer[], position: number): Promise<number> => {
  let rest = all.filter(({ length }) => length > 0)
  let done = 0
  while (rest.length > 0) {
    let { bytesWritten } = await writeSome(fd, rest, position + done)
    done += bytesWritten
    // The disk took a part of them.
    const first = rest.findIndex(({ length }) => {
      if (bytesWritten < length) return true
      bytesWritten -= length
      return false
    })
    rest = first < 0 ? [] : [rest[first]!.subarray(bytesWritten), ...rest.slice(first + 1)]
  }
  return done
}

/** Whether an open file is still what its name names. */
const isStill = (fd: number, path: string): boolean => {
  const [mine, named] = [fstatSync(fd), statSync(path, { throwIfNoEntry: false })]
  return named !== undefined && named.ino === mine.ino && named.dev === mine.dev
}

/** Of a file that an older version has read, which did not say when: two days after its last line. */
export const dayOfLast = (path: string): string =>
  dayOf((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) + 2 * 86_400_000)
