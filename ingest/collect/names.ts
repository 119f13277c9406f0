/** What a name shows now: which file it is, and whether it changed since. */
import { glob, stat } from 'node:fs/promises'
import { matchesGlob } from 'node:path'

export interface Looked {
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly size: number
  /** Of its content or name (ctime): moves with every write, also with one that keeps the size. */
  readonly changed: number
  readonly modified: number
}

/** Undefined where there is no file of that name. */
export const lookAt = async (path: string): Promise<Looked | undefined> => {
  try {
    const { dev, ino, size, ctimeMs, mtimeMs, isFile } = await statOf(path)
    return isFile ? { path, dev, ino, size, changed: ctimeMs, modified: mtimeMs } : undefined
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}
const statOf = async (path: string) => {
  const info = await stat(path)
  return {
    dev: info.dev,
    ino: info.ino,
    size: info.size,
    ctimeMs: info.ctimeMs,
    mtimeMs: info.mtimeMs,
    isFile: info.isFile(),
  }
}

export const isAt = (a: { dev: number; ino: number }, b: { dev: number; ino: number }): boolean =>
  a.ino === b.ino && a.dev === b.dev

/** Of a gzip, which is written once. */
export const stampOf = ({ size, modified }: Looked): string => `${size} ${modified}`

export const isGlob = (pattern: string) => /[*?[{]/.test(pattern)
export const matches = (path: string, pattern: string): boolean =>
  path === pattern || (isGlob(pattern) && matchesGlob(path, pattern))

export const pathsOf = async (pattern: string): Promise<string[]> => {
  if (!isGlob(pattern)) return [pattern]
  const out: string[] = []
  for await (const path of glob(pattern)) out.push(path)
  return out.sort()
}
