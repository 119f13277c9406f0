/**
 * Links stay in their folder. Whoever may write into a folder of logs (a web application) could let a link there lead to
 * what only this program may read, and find it in the console: a file counts only inside the folder that its source's path
 * names, or inside one that the configuration names for it (`files:`).
 */
import { readlink, realpath } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import { isAt, isGlob } from './names.ts'
import { openText, type TextFile } from './text.ts'

/** The sentence about a link that leads elsewhere. */
export class LeadsOut extends Error {}

/** The file that a look has seen under a name. */
export interface Seen {
  readonly path: string
  readonly dev: number
  readonly ino: number
}
export interface Bounds {
  /** Throws `LeadsOut`. */
  check(path: string): Promise<void>
  /** As `openText`; throws `LeadsOut` before a byte is read, and ENOENT where the name is another file's by now. */
  open(seen: Seen): Promise<TextFile>
}
export const UNBOUND: Bounds = {
  check: async () => {},
  open: (seen) => openText(seen.path, (handle) => same(handle, seen)),
}

/**
 * A log is rotated between the look at its name and its opening: read as the one that was seen, the new file would go by
 * the old one's inode, and its lines come once more under its own.
 */
const same = async (handle: FileHandle, seen: Seen): Promise<void> => {
  if (isAt(await handle.stat(), seen)) return
  throw Object.assign(new Error(`${seen.path} is another file by now`), { code: 'ENOENT' })
}

/** The folder that a path names without its wildcards. */
export const folderOf = (pattern: string): string => {
  let folder = dirname(pattern)
  while (isGlob(folder)) folder = dirname(folder)
  return folder
}

/** Both as they really are, or both as they are written. */
export const isWithin = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep)

export const boundsOf = (pattern: string, files: readonly string[]): Bounds => {
  const folder = folderOf(pattern)
  const hold = async (path: string, real: string): Promise<void> => {
    for (const each of [folder, ...files]) {
      const root = await realpath(each).catch(() => undefined)
      if (root !== undefined && isWithin(real, root)) return
    }
    throw new LeadsOut(
      `${path} is not read: it leads to ${real}, out of ${folder}; where that is meant, write "files: [${dirname(real)}]" in the configuration`,
    )
  }
  const check = async (path: string) => hold(path, await realpath(path))
  return {
    check,
    open: async (seen) => {
      const { path } = seen
      // Before, so that nothing strange is opened; and of what is open, for the link may have been turned in between.
      await check(path)
      return openText(path, async (handle) => {
        await hold(path, await placeOf(handle, path))
        await same(handle, seen)
      })
    },
  }
}

/** Where an open file is: Linux says it of the file itself. */
const placeOf = async ({ fd }: FileHandle, path: string): Promise<string> =>
  await readlink(`/proc/self/fd/${fd}`).catch(() => realpath(path))
