/**
 * Which segment of a source a file is. The same inode and the same hashes at head, tail and fixed steps are the same file,
 * whatever the device is numbered since the last boot. An unknown inode is compared as a whole: it is a copy (or a gzip) of
 * a segment while all of the shorter one agrees. Anything else is a new segment.
 */
import { createHash } from 'node:crypto'
import type { Offset } from '../store/store.ts'
import { type About, compare, hashBytes, holds, scan } from './fingerprint.ts'
import { HEAD, readFully, type TextFile } from './text.ts'

export interface Place {
  readonly path: string
  readonly dev: number
  readonly ino: number
}
export interface Segment {
  readonly id: string
  readonly generation: number
  /** Of a cluster: the node whose file it is; undefined where all of them see it. */
  readonly node: string | undefined
  /** Where it is now: it moves when another name, or a copy, goes on with it. */
  place: Place
  /** The name that its writer knows. */
  named: string
  /** Of a gzip, which is written once: its size and time, so that it need not be unpacked to be known. */
  stamp?: string
}

/** Whose files a source reads: one node's, or, with none, those that every node sees; `shared`: under whatever device. */
export interface Whose {
  readonly node: string | undefined
  readonly shared: boolean
}

const segmentId = ({ node, shared }: Whose, { dev, ino }: Place, generation: number) =>
  createHash('sha256')
    .update(
      shared ? `shared ${ino} ${generation}` : `${node === undefined ? '' : `${node} `}${dev} ${ino} ${generation}`,
    )
    .digest('base64url')
    .slice(0, 16)

/** A segment that no other is named like: the next generation of its inode. `taken`: ids that are in use. */
export const newSegment = (place: Place, whose: Whose, taken: (id: string) => boolean): Segment => {
  let generation = 0
  while (taken(segmentId(whose, place, generation))) generation++
  return { id: segmentId(whose, place, generation), generation, node: whose.node, place, named: place.path }
}

const known = (offset: Offset, place: Place, whose: Whose, stamp: string | undefined): Segment => ({
  id: offset.segment,
  generation: Number(offset.about!['generation'] ?? 0),
  node: whose.node,
  place: { path: place.path, dev: place.dev, ino: place.ino },
  named: place.path,
  ...(stamp === undefined ? {} : { stamp }),
})

/** What is committed beside a position, so that the segment is known again. */
export const aboutOf = ({ generation, node, place, named, stamp }: Segment, print: About, ended = false): About => ({
  path: named,
  dev: place.dev,
  ino: place.ino,
  generation,
  ...(node === undefined ? {} : { node }),
  ...(stamp === undefined ? {} : { stamp }),
  // Of a gzip: there is no more in it.
  ...(stamp !== undefined && ended ? { ended } : {}),
  ...print,
})

export interface Recognised {
  readonly segment: Segment
  readonly offset: Offset
}

const mine = (offsets: readonly Offset[], whose: Whose): readonly Offset[] =>
  offsets.filter(
    ({ about, position }) =>
      about &&
      position > 0 &&
      (whose.node === undefined || about['node'] === undefined || about['node'] === whose.node),
  )

/** `offsets`: the committed ones of the source that no open file goes on with. Undefined: it is none that has this inode. */
export const byInode = async (
  file: TextFile,
  place: Place,
  offsets: readonly Offset[],
  whose: Whose,
  stamp?: string,
): Promise<Recognised | undefined> => {
  const candidates = mine(offsets, whose)
    .filter(({ about }) => about!['ino'] === place.ino)
    .sort((a, b) => rank(b, place) - rank(a, place))
  for (const offset of candidates)
    if (
      (stamp !== undefined && offset.about!['stamp'] === stamp) ||
      (await holds(file, offset.position, offset.about!))
    )
      return { segment: known(offset, place, whose, stamp), offset }
  return undefined
}

/** The same for an inode that is not known. `read`: it ends before what was read of a segment, so nothing of it is new. */
export const byContent = async (
  file: TextFile,
  place: Place,
  offsets: readonly Offset[],
  whose: Whose,
  stamp?: string,
): Promise<Recognised | 'read' | undefined> => {
  const beginning = await readFully(file, 0, HEAD)
  const alike = mine(offsets, whose).filter(({ about }) => {
    const size = Number(about!['headSize'])
    return size > beginning.length
      ? about!['whole'] !== undefined
      : hashBytes(beginning.subarray(0, size)) === about!['head']
  })
  if (alike.length === 0) return undefined
  const whole = alike.filter(({ about }) => about!['whole'] !== undefined).sort((a, b) => b.position - a.position)
  const scanned = await scan(
    file,
    whole.map(({ position }) => position),
  )
  for (const offset of whole)
    if (compare(scanned, offset.position, offset.about!) === 'same')
      return { segment: known(offset, place, whose, stamp), offset }
  // Written by a version that did not know the whole: head and tail have to do.
  for (const offset of alike)
    if (offset.about!['whole'] === undefined && (await holds(file, offset.position, offset.about!)))
      return { segment: known(offset, place, whose, stamp), offset }
  return whole.some((offset) => compare(scanned, offset.position, offset.about!) === 'part') ? 'read' : undefined
}

/** The node of which the same file seems to be: two processes that see it would both read it. */
export const otherNode = async (
  file: TextFile,
  place: Place,
  offsets: readonly Offset[],
  whose: Whose,
): Promise<string | undefined> => {
  for (const { about, position } of offsets)
    if (
      about?.['node'] !== undefined &&
      about['node'] !== whose.node &&
      about['ino'] === place.ino &&
      about['dev'] === place.dev &&
      about['path'] === place.path &&
      (await holds(file, position, about))
    )
      return String(about['node'])
  return undefined
}

/** The same device before others, the newest generation first. */
const rank = ({ about }: Offset, { dev }: Place): number =>
  (about!['dev'] === dev ? 1e9 : 0) + Number(about!['generation'] ?? 0)
