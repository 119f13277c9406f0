/**
 * Which files a person may name from the console. What a source reads everybody with the right to search sees, so the folders are
 * said on the machine itself: those of the file's own sources, those under `files:`, and the system's logs.
 */
import { dirname, isAbsolute, join, resolve } from 'node:path'
import type { Source } from '../ingest/source.ts'
import type { Config } from './config.ts'

/** Of every machine. */
const LOGS = '/var/log'
const PATTERN = /[*?[\]{}!()]/

/** The folder that a path names before its first part that stands for several. */
const folderOf = (path: string): string => {
  const parts = path.split('/')
  const first = parts.findIndex((part) => PATTERN.test(part))
  return first < 0 ? dirname(path) : parts.slice(0, first).join('/') || '/'
}
const isBelow = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

const foldersOf = ({ sources, files, folder }: Config): readonly string[] =>
  [
    ...new Set([
      LOGS,
      ...files.map((each) => (isAbsolute(each) ? resolve(each) : join(folder, each))),
      // A source of the root's own files opens nothing else.
      ...sources.flatMap(({ collect }) => (collect.kind === 'file' ? [folderOf(collect.path)] : [])),
    ]),
  ].filter((each) => each !== '/')

/** Throws a sentence where the file of a source lies elsewhere. `before`: the path that it had, which is no news. */
export const checkReach = ({ id, collect }: Source, config: Config, before: string | undefined): void => {
  if (collect.kind !== 'file' || collect.path === before) return
  const { path } = collect
  const where = `source ${id}, file.path ${path}`
  if (/(?:^|[/{,(|])\.\.(?:$|[/},)|])/.test(path)) throw new Error(`${where}: write the path without ".."`)
  const folders = foldersOf(config)
  if (folders.some((folder) => isBelow(folderOf(path), folder))) return
  throw new Error(
    `${where}: it lies in none of the folders whose files may be named from the console (${folders.join(', ')}): add its folder under files: in ${config.entries.path}, or write the source there`,
  )
}
