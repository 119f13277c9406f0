/**
 * Files that were rotated to a name that the glob does not find, maybe while nobody was here: known by their inode they are
 * found beside the others, in the same folders, and what was written to them since is read.
 */
import { readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Offset } from '../store/store.ts'
import { isAt, type Looked, lookAt, matches } from './names.ts'
import { byInode, type Segment, type Whose } from './segments.ts'
import type { TextFile } from './text.ts'

export interface Stray {
  readonly file: TextFile
  readonly each: Looked
  readonly segment: Segment
  readonly offset: Offset
}

/** Only such as hold more than was read of them. */
export const strays = async (
  pattern: string,
  present: ReadonlyMap<string, Looked>,
  known: readonly Offset[],
  whose: Whose,
  open: (each: Looked) => Promise<TextFile>,
): Promise<Stray[]> => {
  // What an import has read elsewhere is not followed.
  const mine = known.filter(({ about }) => about !== undefined && matches(String(about['path']), pattern))
  if (mine.length === 0) return []
  const inodes = new Set(mine.map(({ about }) => about!['ino']))
  const out: Stray[] = []
  for (const folder of new Set([dirname(pattern), ...[...present.keys()].map((path) => dirname(path))])) {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name)
      if (present.has(path)) continue
      const each = await lookAt(path).catch(() => undefined)
      if (!each || !inodes.has(each.ino) || [...present.values()].some((other) => isAt(other, each))) continue
      const offsets = mine.filter(({ about, position }) => about!['ino'] === each.ino && position < each.size)
      if (offsets.length === 0) continue
      const file = await open(each).catch(() => undefined)
      if (!file) continue
      const found = file.gzip ? undefined : await byInode(file, each, offsets, whose)
      if (found) {
        const { segment, offset } = found
        segment.named = String(offset.about!['path'])
        out.push({ file, each, segment, offset })
      } else await file.close()
    }
  }
  return out
}
