/** History into the store: files read once to their end, through the same pipeline as live ones. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { counted } from '../ingest/counted.ts'
import { notText, openText } from '../ingest/collect/text.ts'
import { createIngest } from '../ingest/pipeline.ts'
import type { Source } from '../ingest/source.ts'
import type { Installation } from './installation.ts'

/** Bytes of a file that are worth a thread. */
const MUCH = 4 << 20

export interface ImportProgress {
  readonly lines: number
  readonly unparsed: number
  readonly bytes: number
  readonly total: number
}

/** Throws a sentence before anything is read where a file is missing, unreadable or no text. */
export const checkFiles = async (files: readonly string[]): Promise<number> => {
  let total = 0
  for (const path of files) {
    try {
      total += statSync(path).size
      const file = await openText(path)
      const odd = notText(await file.read(0, 4096))
      await file.close()
      if (odd) throw new Error(`${path} was not imported: ${odd}`)
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code === undefined) throw error
      throw new Error(
        code === 'ENOENT'
          ? `${path}: there is no such file; nothing was imported`
          : code === 'EISDIR'
            ? `${path} is a folder: name the files in it, such as ${path}/*.log; nothing was imported`
            : `${path} cannot be read (${code}); nothing was imported`,
      )
    }
  }
  return total
}

/**
 * Yields how far it is, a few times a second and at the end. Without `detect` the events are marked, and no rule looks at
 * them; with it they are like any others to the next run of the rules.
 */
export const importFiles = async function* (
  installation: Installation,
  source: Source,
  files: readonly string[],
  detect: boolean,
): AsyncIterable<ImportProgress> {
  const total = await checkFiles(files)
  const { store, config, inventory, clock } = installation
  let done: ImportProgress = { lines: 0, unparsed: 0, bytes: 0, total }
  for (const path of files) {
    const problems: string[] = []
    const ingest = await createIngest({
      store: store.events,
      sources: [{ ...source, collect: { kind: 'file', path, start: 'beginning' } }],
      spoolFolder: join(config.data, 'spool'),
      inventory,
      geoip: config.geoip,
      clock,
      whole: true,
      much: statSync(path).size > MUCH,
      history: !detect,
      judging: installation.judging,
      poll: 10,
      warn: (message) => problems.push(message),
    })
    const now = async (): Promise<ImportProgress> => {
      const [status] = await ingest.status()
      const { lines, bytes } = ingest.progress()
      return {
        lines: done.lines + lines,
        unparsed: done.unparsed + (status?.unparsed ?? 0),
        bytes: done.bytes + bytes,
        total,
      }
    }
    try {
      await ingest.start()
      let drained = false
      const draining = ingest.drain().then(() => {
        drained = true
      })
      while (!drained) {
        // A timer that goes on would hold the end of the process.
        await Promise.race([draining, sleep(250, undefined, { ref: false })])
        // A store that refuses (a full disk) is tried again for ever by a server; an import says so and ends.
        if (problems[0])
          throw new Error(
            `${problems[0]}; ${counted(done.lines + ingest.progress().lines, 'line is', 'lines are')} stored, and importing the same file again adds the rest`,
          )
        // What cannot be read does not become readable by waiting: a server would look again, an import ends.
        const [seen] = await ingest.status()
        if (seen?.problem) throw new Error(seen.problem)
        if (!drained) yield await now()
      }
      const [status] = await ingest.status()
      if (status?.problem) throw new Error(status.problem)
      done = { ...(await now()), bytes: done.bytes + statSync(path).size }
      yield done
    } finally {
      await ingest.stop()
    }
  }
  if (detect) await installation.schedule.runAll()
}
