/**
 * The data folder is its user's alone: it holds what citizens sent, passwords as hashes, the secret that sessions are signed
 * with. What is made from now on is (`umask 077`); what was made wider, by an older version or by hand, is tightened.
 */
import { chmodSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

const OTHERS = 0o077

/** Throws a sentence where somebody else may still read it afterwards. */
export const keepPrivate = (folder: string): void => {
  process.umask(OTHERS)
  tighten(folder)
}

const tighten = (path: string): void => {
  const found = modeOf(path)
  // A link says nothing: what it leads to is not of this folder.
  if (!found || found.isSymbolicLink()) return
  if ((found.mode & OTHERS) !== 0) {
    let why = 'the file system does not keep modes'
    try {
      chmodSync(path, found.mode & 0o700)
    } catch (error) {
      why = (error as NodeJS.ErrnoException).code ?? (error as Error).message
    }
    const now = modeOf(path)
    if (now && (now.mode & OTHERS) !== 0)
      throw new Error(
        `${path} can be read by other users of this machine (mode ${(now.mode & 0o777).toString(8)}) and could not be closed to them (${why}): give it to the user that Vọng Lâu runs as, and "chmod ${found.isDirectory() ? '700' : '600'}" it`,
      )
  }
  if (found.isDirectory()) for (const name of readdirSync(path)) tighten(join(path, name))
}

/** Undefined where it has gone meanwhile. */
const modeOf = (path: string) => lstatSync(path, { throwIfNoEntry: false })
