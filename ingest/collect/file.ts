/** Files of a source: found by a glob, followed through rotation by rename and by copy-truncate, gzip read through. */
import { glob, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Offset } from '../store/store.ts'
import { type Feed, fileFeed } from './feed.ts'
import { aboutOf, recognise } from './segments.ts'
import { HEAD, notText, openText, tailBytes } from './text.ts'

const RESTED = 5000

export interface Found {
  readonly feed: Feed
  readonly offset: Offset | undefined
  /** The feed begins at the end of a file: this is committed first, so that a restart goes on from there. */
  readonly begin?: Pick<Offset, 'segment' | 'position' | 'about'>
  /** The feed of the content that this one has replaced. */
  readonly replaces?: Feed
}

export interface Finder {
  /** Feeds of the files that are new since the last look; those that changed their identity are among them. */
  look(known: () => readonly Offset[], reading: (segment: string) => Feed | undefined): Promise<Found[]>
  /** Sentences about files that cannot be read, by path. */
  readonly problems: Map<string, string>
  forget(feed: Feed): void
}

interface Open {
  readonly dev: number
  readonly ino: number
  readonly feed: Feed
  readonly gzip: boolean
  size: number
}

/** `whole`: the files are complete (an import): a last line counts though it has no ending. */
export const openFinder = (pattern: string, options: { whole: boolean; start: 'beginning' | 'end' }): Finder => {
  const open = new Map<string, Open>()
  const problems = new Map<string, string>()
  let first = true

  const take = async (
    path: string,
    known: readonly Offset[],
    reading: (segment: string) => Feed | undefined,
  ): Promise<Found | undefined> => {
    const file = await openText(path)
    try {
      const info = await stat(path)
      const beginning = await file.read(0, 4 * HEAD)
      const odd = notText(beginning)
      if (odd) {
        problems.set(path, `${path} is not read: ${odd}`)
        await file.close()
        return undefined
      }
      problems.delete(path)
      if (beginning.length === 0 && !options.whole) {
        await file.close()
        return undefined
      }
      const { segment, offset } = await recognise(file, { path, dev: info.dev, ino: info.ino, size: info.size }, known)
      const already = reading(segment.id)
      if (already) {
        // A copy, or a new name: the segment is being read.
        await file.close()
        open.set(path, { dev: info.dev, ino: info.ino, feed: already, gzip: file.gzip, size: info.size })
        return undefined
      }
      // Only files that were there at the first start are begun at their end.
      const skip = options.start === 'end' && first && !offset && known.length === 0 && !file.gzip ? info.size : 0
      // A writer goes on with a renamed file until it is told; a while after the name is gone nothing more comes.
      let gone: number | undefined
      const rested = async () => {
        if (!(await replaced(path, info))) return false
        gone ??= performance.now()
        return performance.now() - gone > RESTED
      }
      const feed = await fileFeed(
        file,
        segment,
        offset?.position ?? skip,
        async () => options.whole || (await rested()),
      )
      open.set(path, { dev: info.dev, ino: info.ino, feed, gzip: file.gzip, size: info.size })
      const begin = skip
        ? {
            segment: segment.id,
            position: skip,
            about: await aboutOf(file, segment, skip, await tailBytes(file, skip)),
          }
        : undefined
      return { feed, offset, ...(begin ? { begin } : {}) }
    } catch (error) {
      await file.close()
      throw error
    }
  }

  return {
    problems,
    forget: (feed) => {
      for (const [path, each] of open) if (each.feed === feed) open.delete(path)
    },
    look: async (known, reading) => {
      const found: Found[] = []
      for (const path of await paths(pattern)) {
        try {
          const info = await stat(path)
          if (!info.isFile()) continue
          const mine = open.get(path)
          if (mine && mine.dev === info.dev && mine.ino === info.ino) {
            if (mine.gzip || info.size === mine.size) continue
            mine.size = info.size
            // Shorter than what was read, or other bytes before the position: replaced (copy-truncate).
            if (info.size >= mine.feed.position() && !(await mine.feed.changed())) continue
          }
          // The same file under a new name goes on in the feed that has it.
          const renamed = [...open].find(([, each]) => each.dev === info.dev && each.ino === info.ino)
          if (renamed && renamed[0] !== path && (await replaced(renamed[0], info))) {
            open.delete(renamed[0])
            open.set(path, renamed[1])
            continue
          }
          const one = await take(path, known(), reading)
          const same = mine && mine.dev === info.dev && mine.ino === info.ino
          if (one) found.push(same ? { ...one, replaces: mine.feed } : one)
        } catch (error) {
          const code = (error as NodeJS.ErrnoException).code
          if (code === 'ENOENT') continue
          problems.set(
            path,
            `${path} cannot be read (${code ?? (error as Error).message}): let the user that Vọng Lâu runs as read it`,
          )
        }
      }
      first = false
      return found
    },
  }
}

/** The name now belongs to another file, or to none: nothing more is written to the one that is open. */
const replaced = async (path: string, was: { dev: number; ino: number }): Promise<boolean> => {
  const now = await stat(path).catch(() => undefined)
  return !now || now.dev !== was.dev || now.ino !== was.ino
}

const paths = async (pattern: string): Promise<string[]> => {
  if (!/[*?[{]/.test(basename(pattern)) && !/[*?[{]/.test(pattern)) return [pattern]
  const out: string[] = []
  for await (const path of glob(pattern)) out.push(path)
  return out.sort()
}
