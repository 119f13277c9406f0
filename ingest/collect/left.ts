/** Lines that wait in the spool of a source that the configuration does not name any more, or not as one of the network. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { EventStore } from '../store/store.ts'
import { spoolFeed } from './feed.ts'
import { openSpool } from './spool.ts'

export interface Left {
  readonly source: string
  readonly lines: number
  readonly folder: string
}

/** `sources`: those that are read. `node`: as the store knows this process's spool files; '' where there are no others. */
export const leftLines = async (
  spoolFolder: string,
  sources: ReadonlySet<string>,
  store: EventStore,
  node: string,
): Promise<Left[]> => {
  const left: Left[] = []
  for (const source of foldersOf(spoolFolder)) {
    if (sources.has(source)) continue
    const folder = join(spoolFolder, source)
    const spool = openSpool(folder, () => 0, 0)
    const offsets = await store.offsets(source)
    let lines = 0
    for (const { id } of spool.segments()) {
      const segment = node ? `${node}-${id}` : id
      const position = offsets.find((each) => each.segment === segment)?.position ?? 0
      const feed = await spoolFeed(spool, id, segment, position)
      try {
        for (let chunk = await feed.next(); chunk; chunk = await feed.next()) lines += chunk.lines.count
      } finally {
        await feed.close()
      }
    }
    await spool.close()
    if (lines > 0) left.push({ source, lines, folder })
  }
  return left
}

const foldersOf = (folder: string): string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : []))
  } catch {
    return [] // nothing has come yet
  }
}
