/**
 * Links stay in their folder. Whoever may write into a folder of logs (a web application) could let a link there lead to
 * what only this program may read, and find it in the console: a file counts only inside the folder that its source's path
 * names, or inside one that the configuration names for it (`files:`).
 */
import { readlink, realpath } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, sep } from 'node:path'
import { isGlob } from './names.ts'
import { openText, type TextFile } from './text.ts'

/** The sentence about a link that leads elsewhere. */
export class LeadsOut extends Error {}

export interface Bounds {
  /** Throws `LeadsOut`. */
  check(path: string): Promise<void>
  /** As `openText`; throws `LeadsOut` before a byte is read. */
  open(path: string): Promise<TextFile>
}
export const UNBOUND: Bounds = { check: async () => {}, open: (path) => openText(path) }

/** The folder that a path names without its wildcards. */
export const folderOf = (pattern: string): string => {
  let folder = dirname(pattern)
  while (isGlob(folder)) folder = dirname(folder)
  return folder
}

export const boundsOf = (pattern: string, files: readonly string[]): Bounds => {
  const folder = folderOf(pattern)
  const hold = async (path: string, real: string): Promise<void> => {
    for (const each of [folder, ...files]) {
      const root = await realpath(each).catch(() => undefined)
      if (root !== undefined && (real === root || real.startsWith(root.endsWith(sep) ? root : root + sep))) return
    }
    throw new LeadsOut(
      `${path} is not read: it leads to ${real}, out of ${folder}; where that is meant, write "files: [${dirname(real)}]" in the configuration`,
    )
  }
  const check = async (path: string) => hold(path, await realpath(path))
  return {
    check,
    open: async (path) => {
      // Before, so that nothing strange is opened; and of what is open, for the link may have been turned in between.
      await check(path)
      return openText(path, async (handle) => hold(path, await placeOf(handle, path)))
    },
  }
}

/** Where an open file is: Linux says it of the file itself. */
const placeOf = async ({ fd }: FileHandle, path: string): Promise<string> =>
  await readlink(`/proc/self/fd/${fd}`).catch(() => realpath(path))
