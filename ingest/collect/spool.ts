/**
 * What arrives over the network is appended here before it is accepted: a folder a source, files of records. A record is
 * `<arrival ms> <sender> <bytes>\n`, the bytes, `\n`. A file is never appended to by a later process: what a crash tore
 * at its end was never accepted.
 */
import { closeSync, fdatasync, ftruncate, mkdirSync, openSync, readdirSync, rmSync, statSync, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cutBefore, gatherLines, type Lines, LONGEST, type Sender } from './lines.ts'

const writeAsync = promisify(write)
const sync = promisify(fdatasync)
const truncate = promisify(ftruncate)
const LARGEST = 64 * 1024 * 1024
const NAME = /^(\d{10})\.spool$/

export interface Spool {
  readonly folder: string
  /** Resolves when the lines are on disk. Rejects where they could not be written: then they are not accepted. */
  append(lines: readonly Buffer[], sender: string): Promise<void>
  /** Numbers of the files, oldest first, and how far the newest may be read. */
  segments(): { id: string; path: string; readable: number; closed: boolean }[]
  /** Called when there is more to read. */
  onAppend(listener: () => void): void
  remove(id: string): void
  close(): Promise<void>
}

/** `delay`: ms that a sync waits for more. */
export const openSpool = (folder: string, clock: () => number, delay: number): Spool => {
  mkdirSync(folder, { recursive: true })
  const found = () =>
    readdirSync(folder)
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .sort()
  let number = Number(found().at(-1) ?? 0)
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
        const day = new Date(clock()).toISOString().slice(0, 10)
        if (current && (current.size > LARGEST || current.day !== day)) {
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
  return {
    folder,
    append: (lines, sender) =>
      new Promise((resolve, reject) => {
        const arrived = clock()
        const bytes = Buffer.concat(
          lines.flatMap((line) => [Buffer.from(`${arrived} ${sender} ${line.length}\n`), line, Buffer.from('\n')]),
        )
        waiting.push({ bytes, resolve, reject })
        running ??= flush()
      }),
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
    remove: (id) => rmSync(pathOf(id), { force: true }),
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
    const [arrived, peer, size] = bytes.toString('latin1', at, lf).split(' ')
    const length = Number(size)
    const end = lf + 1 + length + 1
    if (!Number.isSafeInteger(length))
      throw new Error(`the spool is damaged at byte ${position + at}: a record should begin there`)
    if (end > bytes.length) {
      need = end - at
      break
    }
    let sender = senders.get(peer!)
    if (!sender) senders.set(peer!, (sender = { address: peer! }))
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
