/**
 * Which files a person may name from the console. What a source reads everybody with the right to search sees, so the folders are
 * said on the machine itself: those of the file's own sources, those under `files:`, and the system's logs.
 */
import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { folderOf, isWithin } from '../ingest/collect/links.ts'
import type { Source } from '../ingest/source.ts'
import type { Config } from './config.ts'

/** Of every machine. */
const LOGS = '/var/log'
/** Of what stands for several only these are taken: braces and classes can spell a step up. */
const SPELLING = /[[\]{}!()|]/

/** Where a folder really is; as it is written where it is not there yet. */
const real = (folder: string): string => {
  try {
    return realpathSync(folder)
  } catch {
    return folder === '/' ? folder : join(real(dirname(folder)), basename(folder))
  }
}

const foldersOf = ({ sources, files, folder }: Config): readonly string[] =>
  [
    ...new Set([
      LOGS,
      ...files.map((each) => resolve(folder, each)),
      // A source of the root's own files opens nothing else.
      ...sources.flatMap(({ collect }) => (collect.kind === 'file' ? [folderOf(collect.path)] : [])),
    ]),
  ].filter((each) => each !== '/')

/** Throws a sentence where the file of a source lies elsewhere. `before`: the path that it had, which is no news. */
export const checkReach = ({ id, collect }: Source, config: Config, before: string | undefined): void => {
  if (collect.kind !== 'file' || collect.path === before) return
  const { path } = collect
  const where = `source ${id}, file.path ${path}`
  if (SPELLING.test(path)) throw new Error(`${where}: from the console only * and ? stand for several characters`)
  if (path.split('/').includes('..')) throw new Error(`${where}: write the path without ".."`)
  const folders = foldersOf(config)
  const own = folderOf(path)
  // A link below a folder may lead out of it.
  if (folders.some((folder) => isWithin(own, folder) && isWithin(real(own), real(folder)))) return
  throw new Error(
    `${where}: it lies in none of the folders whose files may be named from the console (${folders.join(', ')}): add its folder under files: in ${config.entries.path}, or write the source there`,
  )
}
