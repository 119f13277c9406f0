/** A file is written whole or not at all: who reads it meanwhile, or is killed, finds one of the two. */
import { chmodSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'

const PROGRAM = join(import.meta.dirname, '..')
/** What demos, tests and the catalog are made of: what belongs to the program is not changed by using it. */
const OURS = ['seeds', join('rules', 'catalog')].map((folder) => join(PROGRAM, folder) + sep)
export const isOurs = (real: string): boolean => OURS.some((folder) => real.startsWith(folder))

/** `real`: the file itself, no link to it. Throws what the system says. */
export const replaceFile = (real: string, text: string | Buffer): void => {
  const beside = `${real}.new`
  try {
    // What a killed process has left is not written over: its rights may be others.
    rmSync(beside, { force: true })
    writeFileSync(beside, text, { flag: 'wx', mode: 0o600 })
    const there = statSync(real, { throwIfNoEntry: false })
    if (there) chmodSync(beside, there.mode & 0o7777)
    renameSync(beside, real)
  } catch (error) {
    rmSync(beside, { force: true })
    throw error
  }
}

/** Why it was not written, in a sentence. */
export const unwritten = (path: string, error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) return message
  return code === 'EACCES' || code === 'EROFS' || code === 'EPERM'
    ? `${path} is read only here: copy the change there`
    : `${path} cannot be written (${code}): copy the change there`
}
