/**
 * What arrives over the network is appended here before it is accepted: a folder a source, files of records. A record is
 * `<arrival ms> <sender> <bytes>[ <stream> <position>[ <head>]]\n`, the bytes, `\n`; with a stream it says how far that one
 * stands with this line, so that both are on disk at once. A file is never appended to by a later process: what a crash
 * tore at its end was never accepted.
 */
import { closeSync, fdatasync, ftruncate, mkdirSync, openSync, readdirSync, rmSync, statSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cutBefore, gatherLines, type Lines, LONGEST, type Sender } from './lines.ts'
import { lastNumber, markOf, openStreams, type Part, type Streams, standAfter, type Taken } from './streams.ts'

const writeAsync = promisify(write)
const sync = promisify(fdatasync)
const truncate = promisify(ftruncate)
const LARGEST = 64 * 1024 * 1024
const NAME = /^(\d{10})\.spool$/
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

export interface Spool {
  readonly folder: string
  /**
   * Resolves when the lines are on disk. Rejects where they could not be written: then they are not accepted. Parts of one
   * stream are judged one after the other.
   */
  append(lines: readonly Buffer[], sender: string, part?: Part): Promise<Taken>
  /** How far a stream stands; undefined where it is not known. */
  position(stream: string): Promise<number | undefined>
  /** Numbers of the files, oldest first, and how far the newest may be read. */
  segments(): { id: string; path: string; readable: number; closed: boolean }[]
  /** Called when there is more to read. */
  onAppend(listener: () => void): void
  remove(id: string): Promise<void>
  /** UTC day of its clock. */
  today(): string
  close(): Promise<void>
}

/** `delay`: ms that a sync waits for more. */
export const openSpool = (folder: string, clock: () => number, delay: number): Spool => {
  mkdirSync(folder, { recursive: true })
  const found = () =>
    readdirSync(folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .sort()
  let number = Math.max(Number(found().at(-1) ?? 0), lastNumber(folder))
  const before = new Map(found().map((id) => [Number(id), join(folder, `${id}.spool`)]))
  let opened: Promise<Streams> | undefined
  // Those of this process are told as they come: a stream is only judged when these are known.
  const streams = () =>
    (opened ??= openStreams(folder, before).catch((error) => {
      opened = undefined
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
  let waiting: { bytes: Buffer; resolve(): void; reject(error: Error): void }[] = []
  let running: Promise<void> | undefined
  let listener = () => {}
  const pathOf = (id: string | number) => join(folder, `${String(id).padStart(10, '0')}.spool`)

  const flush = async () => {
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay))
    while (waiting.length) {
      const batch = waiting
      waiting = []
      try {
        const day = dayOf(clock())
        if (current && (current.size > LARGEST || current.day !== day)) {
          // What its records say of streams is in the table before the next file begins.
          if (opened) (await opened).save(number)
          closeSync(current.fd)
          current = undefined
        }
        if (!current) current = { fd: openSync(pathOf(++number), 'wx'), size: 0, synced: 0, day }
        const bytes = Buffer.concat(batch.map((each) => each.bytes))
        for (let done = 0; done < bytes.length; )
          done += (await writeAsync(current.fd, bytes, done, bytes.length - done, current.size + done)).bytesWritten
        await sync(current.fd)
        current.size += bytes.length
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
  const write = (lines: readonly Buffer[], sender: string, part?: Part) =>
    new Promise<void>((resolve, reject) => {
      const arrived = clock()
      // One piece of memory: a small object a line would be many times the lines.
      const heads = lines.map((line, i) => `${arrived} ${sender} ${line.length}${part ? markOf(part, i) : ''}\n`)
      const size = lines.reduce((sum, line, i) => sum + Buffer.byteLength(heads[i]!) + line.length + 1, 0)
      const bytes = Buffer.allocUnsafe(size)
      let at = 0
      for (const [i, line] of lines.entries()) {
        at += bytes.write(heads[i]!, at)
        at += line.copy(bytes, at)
        bytes[at++] = 10
      }
      waiting.push({ bytes, resolve, reject })
      running ??= flush()
    })
  return {
    folder,
    append: async (lines, sender, part) => {
      if (!part) {
        await write(lines, sender)
        return { accepted: lines.length }
      }
      return inTurn(part.stream, async () => {
        const known = await streams()
        const told = known.judge(part)
        if (told) return told
        if (lines.length > 0) await write(lines, sender, part)
        standAfter(known, part)
        return { accepted: lines.length, position: part.to }
      })
    },
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
      while (running) await running
      if (current) closeSync(current.fd)
      current = undefined
    },
  }
}

/** The whole records of `bytes`, which begin at `position`. Answers how many bytes they take; 0: none is whole. */
export const readRecords = (bytes: Buffer, position: number): { lines: Lines; used: number; need: number } => {
  const gathered = gatherLines(bytes)
  const senders = new Map<string, Sender>()
  let at = 0
  let need = 0
  for (;;) {
    const lf = bytes.indexOf(10, at)
    if (lf < 0) break
    const [arrived, peer, size, stream] = bytes.toString('latin1', at, lf).split(' ')
    const length = Number(size)
    const end = lf + 1 + length + 1
    if (!Number.isSafeInteger(length))
      throw new Error(`the spool is damaged at byte ${position + at}: a record should begin there`)
    if (end > bytes.length) {
      need = end - at
      break
    }
    const key = stream === undefined ? peer! : `${peer} ${stream}`
    let sender = senders.get(key)
    if (!sender) {
      sender = { address: peer!, ...(stream === undefined ? {} : { stream: decodeURIComponent(stream) }) }
      senders.set(key, sender)
    }
    const body = lf + 1
    for (let from = body, part = length > LONGEST ? 1 : 0; from < end - 1 || from === body; part++) {
      const to = Math.min(end - 1, cutBefore(bytes, from))
      gathered.add(from, to, position + (to === end - 1 ? end : to), part)
      gathered.sent(Number(arrived), sender)
      if (to === end - 1) break
      from = to
    }
    at = end
  }
  return { lines: gathered.lines(), used: at, need }
}

/**
 * Whether lines that were taken on this UTC day are safe: damage to the newest day's file sets the offsets back to where
 * that day began, so a spool file is kept until the day after the one that took it is closed. `days`: those of the store.
 */
export const isSettled = (taken: string, days: readonly string[]): boolean =>
  days.filter((day) => day > taken).length >= 2

/** Of a file that an older version has read, which did not say when: two days after its last line. */
export const dayOfLast = (path: string): string =>
  dayOf((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) + 2 * 86_400_000)
