/**
 * Which segment of a source a file is. Known by device and inode it is the same through a rename; a file that shrank, or
 * whose beginning changed, starts a new generation; a copy (or a gzip) of a known segment is that segment.
 */
import { createHash } from 'node:crypto'
import type { Offset } from '../store/store.ts'
import { HEAD, hashBytes, headOf, type TextFile, tailOf } from './text.ts'

export interface Segment {
  readonly id: string
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly generation: number
  head: string
  headSize: number
}

const segmentId = (dev: number, ino: number, generation: number) =>
  createHash('sha256').update(`${dev} ${ino} ${generation}`).digest('base64url').slice(0, 16)

const same = async (file: TextFile, offset: Offset): Promise<boolean> => {
  const about = offset.about
  if (!about || offset.position === 0) return false
  const head = await headOf(file, Number(about['headSize']))
  if (head.head !== about['head'] || head.headSize !== about['headSize']) return false
  const size = await file.size()
  if (size !== undefined && size < offset.position) return false
  return (await tailOf(file, offset.position)) === about['tail']
}

/** `known` are the committed offsets of the source. Answers the segment and where to read on. */
export const recognise = async (
  file: TextFile,
  stat: { path: string; dev: number; ino: number; size: number },
  known: readonly Offset[],
): Promise<{ segment: Segment; offset: Offset | undefined }> => {
  const { path, dev, ino } = stat
  const mine = known
    .filter((o) => o.about?.['dev'] === dev && o.about['ino'] === ino)
    .sort((a, b) => Number(b.about!['generation']) - Number(a.about!['generation']))
  const candidates = [...mine.slice(0, 1), ...known.filter((o) => !mine.includes(o))]
  for (const offset of candidates) {
    if (await same(file, offset)) {
      const a = offset.about!
      return {
        segment: {
          id: offset.segment,
          path,
          dev: Number(a['dev']),
          ino: Number(a['ino']),
          generation: Number(a['generation']),
          head: String(a['head']),
          headSize: Number(a['headSize']),
        },
        offset,
      }
    }
  }
  const head = await headOf(file)
  // Nothing was read of the newest generation yet: it is still that one.
  const newest = mine[0]
  const generation = newest ? Number(newest.about!['generation']) + (newest.position > 0 ? 1 : 0) : 0
  return { segment: { id: segmentId(dev, ino, generation), path, dev, ino, generation, ...head }, offset: undefined }
}

/** What is committed beside a position, so that the segment is known again. `tail`: the bytes before the position. */
export const aboutOf = async (
  file: TextFile,
  segment: Segment,
  position: number,
  tail: Buffer,
): Promise<NonNullable<Offset['about']>> => {
  if (!file.gzip && segment.headSize < HEAD && position > segment.headSize) Object.assign(segment, await headOf(file))
  const { path, dev, ino, generation, head, headSize } = segment
  return { path, dev, ino, generation, head, headSize, tail: hashBytes(tail) }
}
