/**
 * Files of a source: found by a glob, followed through rotation by rename and by copy-truncate, gzip read through. Each
 * segment has one file that is read, its leader; further names whose bytes all agree with it are copies, and are looked
 * at again whenever one of the two grows: where they part, each is read for itself.
 */
import type { Offset } from '../store/store.ts'
import { strays } from './beside.ts'
import { type Feed, type FileFeed, fileFeed } from './feed.ts'
import { agree, openPrint, type Print, resumePrint, scan } from './fingerprint.ts'
import { boundsOf, LeadsOut, UNBOUND } from './links.ts'
import { isAt, type Looked, lookAt, pathsOf, stampOf } from './names.ts'
import { aboutOf, byContent, byInode, newSegment, otherNode, type Segment, type Whose } from './segments.ts'
import { beginningOf, notText, type TextFile } from './text.ts'

/** ms without a byte after which nobody writes to a file any more whose name is gone. */
const HOLD = 300_000
/** ms between looks for known files beside the glob. */
const ASIDE = 60_000
/** Bytes of a beginning that are kept to tell files apart. */
const ALIKE = 256
/** The problem that is told of what was lost, and ms for which it is. */
const GIVEN_UP = 'given up'
const SAID = 3_600_000

export interface Found {
  readonly feed: Feed
  readonly offset: Offset | undefined
  /** Committed before anything is read of it, so that a restart goes on from there. */
  readonly begin?: Pick<Offset, 'segment' | 'position' | 'about' | 'from' | 'state'>
}

export interface Finder {
  /** Feeds of the files that are new since the last look; those that changed their identity are among them. */
  look(known: () => readonly Offset[], reading: (segment: string) => Feed | undefined): Promise<Found[]>
  /** Sentences about files that cannot be read, by path. */
  readonly problems: Map<string, string>
  /** It was read to its end and closed. */
  forget(feed: Feed): void
}

export interface FinderOptions {
  /** The files are complete (an import): a last line counts though it has no ending. */
  readonly whole: boolean
  readonly start: 'beginning' | 'end'
  /** Of a cluster: the node whose files they are, unless every node sees the same ones. */
  readonly node?: string | undefined
  readonly shared?: boolean
  /** Folders that links may lead into, beside the pattern's own. */
  readonly files?: readonly string[]
  /** ms, for tests: five minutes. */
  readonly hold?: number
}

interface Leader {
  readonly feed: FileFeed
  readonly segment: Segment
  file: TextFile
  /** A few bytes of its text: most files differ there, and need not be read to be told apart. */
  readonly beginning: Buffer
  size: number
  changed: number
  /** It does not hold any more what was read of it; its feed ends with the next content. */
  lost: boolean
}
/** What a name is: of a file that is read, of a copy of it up to `agreed`, or of one with nothing to read until it changes. */
type Name = Looked & { readonly leader?: Leader; readonly agreed?: number }

export const openFinder = (pattern: string, options: FinderOptions): Finder => {
  const whose: Whose = { node: options.shared ? undefined : options.node, shared: options.shared ?? false }
  // Who imports names each file.
  const bounds = options.whole ? UNBOUND : boundsOf(pattern, options.files ?? [])
  const names = new Map<string, Name>()
  const leaders = new Set<Leader>()
  const used = new Set<string>()
  const problems = new Map<string, string>()
  let first = true
  let aside = -Infinity
  let [lostBytes, lostAt] = [0, 0]

  const healthy = () => [...leaders].filter(({ lost }) => !lost)
  const leads = (each: Looked) => healthy().find(({ segment: { place } }) => isAt(place, each))

  /** Nobody writes to it any more: its name is gone, and since then nothing came for a while. */
  const restedOf = (segment: Segment) => {
    let rest: { since: number; size: number } | undefined
    return async (file: TextFile): Promise<boolean> => {
      if (options.whole) return true
      // A file that has another name now was rotated.
      const now = await lookAt(segment.named)
      if (now && isAt(segment.place, now)) {
        rest = undefined
        return false
      }
      const size = (await file.size()) ?? 0
      if (rest?.size !== size) rest = { since: performance.now(), size }
      return performance.now() - rest.since > (options.hold ?? HOLD)
    }
  }
  const lead = (file: TextFile, each: Looked, beginning: Buffer, segment: Segment, print: Print): Leader => {
    const feed = fileFeed(file, segment, print, restedOf(segment))
    const leader = {
      feed,
      segment,
      file,
      beginning: Buffer.from(beginning.subarray(0, ALIKE)),
      size: each.size,
      changed: each.changed,
      lost: false,
    }
    leaders.add(leader)
    names.set(each.path, { ...each, leader })
    used.add(segment.id)
    return leader
  }
  /** How far both agree; undefined where they differ, or where the leader cannot be opened a second time. */
  const agreed = async (file: TextFile, leader: Leader, from = 0): Promise<number | undefined> => {
    // Gzip goes forwards only: the feed's own must stay where it is.
    const own = leader.file.gzip ? await bounds.open(leader.segment.place).catch(() => undefined) : leader.file
    try {
      return own && (await agree(file, own, from))
    } finally {
      if (own && own !== leader.file) await own.close()
    }
  }
  /** The file holds all that was read of the leader: from here on it is read in the leader's place. */
  const follow = async (leader: Leader, file: TextFile, each: Looked) => {
    await leader.feed.follow(file, each, file.gzip ? stampOf(each) : undefined)
    Object.assign(leader, { file, size: each.size, changed: each.changed, lost: false })
    names.set(each.path, { ...each, leader })
  }
  /** Answers whether the file goes on what is read already: as a copy, or as the longer one. */
  const joins = async (file: TextFile, each: Looked, beginning: Buffer): Promise<boolean> => {
    for (const leader of healthy()) {
      const few = Math.min(leader.beginning.length, beginning.length)
      if (leader.beginning.compare(beginning, 0, few, 0, few) !== 0) continue
      const shorter = await agreed(file, leader)
      if (!shorter) continue
      const longer = (await file.read(shorter, 1)).length > 0
      if (!longer) names.set(each.path, { ...each, leader, agreed: shorter })
      else {
        const before = names.get(leader.segment.place.path)
        await follow(leader, file, each)
        leader.segment.named = each.path
        if (before?.leader === leader) names.set(before.path, { ...before, agreed: shorter })
      }
      if (!longer) await file.close()
      return true
    }
    return false
  }

  /** What a name that nothing is known of holds. */
  const take = async (
    each: Looked,
    newest: number,
    known: readonly Offset[],
    reading: (segment: string) => Feed | undefined,
  ): Promise<Found | undefined> => {
    const file = await bounds.open(each)
    let kept = false
    try {
      const beginning = await beginningOf(file)
      const odd = notText(beginning)
      if (odd) problems.set(each.path, `${each.path} is not read: ${odd}`)
      else problems.delete(each.path)
      // Looked at again when it changes.
      if (odd || (beginning.length === 0 && !options.whole)) {
        names.set(each.path, each)
        return undefined
      }
      const other = leads(each)
      if (other) {
        names.set(each.path, { ...each, leader: other })
        return undefined
      }
      const stamp = file.gzip ? stampOf(each) : undefined
      const open = new Set(healthy().map(({ segment }) => segment.id))
      const offsets = known.filter(({ segment }) => !open.has(segment))
      const same = await byInode(file, each, offsets, whose, stamp)
      if (!same) {
        kept = await joins(file, each, beginning)
        if (kept) return undefined
      }
      const found = same ?? (await byContent(file, each, offsets, whose, stamp))
      // All of it was read, and others have been written to since: it need not be held open.
      if (found === 'read' || (same && allRead(each, same.offset, newest))) {
        names.set(each.path, each)
        return undefined
      }
      // What is under way of the same segment is committed first.
      if (found && reading(found.segment.id)) return undefined
      kept = true
      if (found) {
        const { segment, offset } = found
        const feed = lead(file, each, beginning, segment, await resumePrint(file, offset.position, offset.about)).feed
        if (same || !file.gzip) return { feed, offset }
        // Known by its own inode from now on, so that it need not be unpacked again.
        const { position, state } = offset
        const ended = (await file.read(position, 1)).length === 0
        const about = { ...offset.about, ...aboutOf(segment, feed.about(), ended) }
        return {
          feed,
          offset,
          begin: { segment: segment.id, position, from: position, about, ...(state === undefined ? {} : { state }) },
        }
      }
      const segment: Segment = {
        ...newSegment(each, whose, (id) => used.has(id) || known.some((offset) => offset.segment === id)),
        ...(stamp === undefined ? {} : { stamp }),
      }
      const node = whose.node === undefined ? undefined : await otherNode(file, each, known, whose)
      if (node)
        problems.set(
          each.path,
          `${each.path} is read by another process too (${node}), and its lines are counted twice: where both see the same file, write "shared: true" below "file:"`,
        )
      // Only files that were there at the first start are begun at their end.
      const skip = options.start === 'end' && first && known.length === 0 && !file.gzip ? each.size : 0
      const print = skip ? await resumePrint(file, skip, undefined) : openPrint()
      const feed = lead(file, each, beginning, segment, print).feed
      const begin = { segment: segment.id, position: skip, about: aboutOf(segment, feed.about()) }
      return { feed, offset: undefined, ...(skip ? { begin } : {}) }
    } finally {
      if (!kept) await file.close()
    }
  }

  /** Another name of what a leader has lost: the copy of copy-truncate holds what was not read yet. */
  const successor = async (leader: Leader, present: ReadonlyMap<string, Looked>): Promise<boolean> => {
    const position = leader.feed.position()
    const whole = leader.feed.about()['whole']
    if (position === 0 || whole === undefined) return false
    for (const each of present.values()) {
      if (leads(each) || (each.size < position && !each.path.endsWith('.gz'))) continue
      const file = await bounds.open(each).catch(() => undefined)
      if (!file) continue
      const found = (await scan(file, [position])).at.get(position)?.['whole'] === whole
      if (found) await follow(leader, file, each)
      else await file.close()
      if (found) return true
    }
    return false
  }
  /** Leaders under their present names, and whether they still are what was read. */
  const revisit = async (present: ReadonlyMap<string, Looked>) => {
    for (const leader of leaders) {
      const { segment } = leader
      const mine = [...present.values()].find((each) => isAt(segment.place, each))
      const there = present.get(segment.place.path)
      if (!mine) continue
      if (!there || !isAt(segment.place, there)) {
        // A new name.
        segment.place = { path: mine.path, dev: mine.dev, ino: mine.ino }
        names.set(mine.path, { ...mine, leader })
      }
      if (leader.file.gzip || (mine.size === leader.size && mine.changed === leader.changed)) continue
      const before = leader.size
      const grown = mine.size > before
      Object.assign(leader, { size: mine.size, changed: mine.changed })
      if (leader.lost || (mine.size >= leader.feed.position() && (await leader.feed.holds(!grown)))) continue
      leader.lost = true
      names.delete(mine.path)
      if (await successor(leader, present)) continue
      leader.feed.end()
      const unread = before - leader.feed.position()
      if (unread > 0) giveUp(mine.path, unread)
    }
  }
  /** A copy is one only while it agrees. */
  const recheck = async (each: Looked, name: Name): Promise<void> => {
    const leader = name.leader!
    if (!leaders.has(leader) || leader.lost) return void names.delete(each.path)
    if (each.size === name.size && each.changed === name.changed) return
    const file = await bounds.open(each)
    try {
      // One that did not grow was written anew from its beginning, maybe.
      const shorter = await agreed(file, leader, each.size > name.size && !file.gzip ? name.agreed : 0)
      if (shorter === undefined || (await file.read(shorter, 1)).length > 0) names.delete(each.path)
      else names.set(each.path, { ...each, leader, agreed: shorter })
    } finally {
      await file.close()
    }
  }

  /** What was lost is said for an hour, in one sentence for all of it. */
  const giveUp = (path: string, bytes: number) => {
    lostBytes += bytes
    lostAt = performance.now()
    problems.set(
      GIVEN_UP,
      `${lostBytes} bytes were overwritten or removed before they could be read, the last of them in ${path}: rotate by rename, or less often`,
    )
  }
  const failed = (path: string, error: unknown) => {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT') return
    problems.set(
      path,
      error instanceof LeadsOut
        ? error.message
        : `${path} cannot be read (${code ?? (error as Error).message}): let the user that Vọng Lâu runs as read it`,
    )
  }

  return {
    problems,
    forget: (feed) => {
      for (const leader of leaders) {
        if (leader.feed !== feed) continue
        leaders.delete(leader)
        // Nothing to read until it changes.
        for (const [path, name] of names)
          if (name.leader === leader && name.agreed === undefined)
            names.set(path, { ...withoutLeader(name), size: leader.size, changed: leader.changed })
      }
    },
    look: async (known, reading) => {
      const found: Found[] = []
      const present = new Map<string, Looked>()
      for (const path of await pathsOf(pattern))
        try {
          const each = await lookAt(path)
          if (each) present.set(path, each)
        } catch (error) {
          failed(path, error)
        }
      for (const path of names.keys()) if (!present.has(path)) names.delete(path)
      for (const path of problems.keys())
        if (path === GIVEN_UP ? performance.now() - lostAt > SAID : !present.has(path)) problems.delete(path)
      await revisit(present)
      const newest = Math.max(...[...present.values()].map(({ modified }) => modified))
      let rotated = first
      for (const [path, each] of present) {
        try {
          const name = names.get(path)
          let mine = name && isAt(name, each) ? name : undefined
          rotated ||= name !== undefined && mine === undefined
          if (mine?.agreed !== undefined) {
            await recheck(each, mine)
            mine = names.get(path)
          }
          if (mine && (mine.leader || (mine.size === each.size && mine.changed === each.changed))) continue
          const one = await take(each, newest, known(), reading)
          if (one) found.push(one)
        } catch (error) {
          failed(path, error)
        }
      }
      if (!options.whole && (rotated || performance.now() - aside > ASIDE)) {
        aside = performance.now()
        // Renamed to where the glob does not look, maybe while nobody was here.
        for (const { file, each, segment, offset } of await strays(pattern, present, known(), whose, bounds.open)) {
          if (leads(each) || reading(segment.id)) {
            await file.close()
            continue
          }
          const print = await resumePrint(file, offset.position, offset.about)
          found.push({ feed: lead(file, each, await beginningOf(file), segment, print).feed, offset })
        }
      }
      first = false
      return found
    },
  }
}

const withoutLeader = ({ path, dev, ino, size, changed, modified }: Looked): Looked => ({
  path,
  dev,
  ino,
  size,
  changed,
  modified,
})

/** Nothing is left to read: a gzip that is as it was, or a file that rests while others are written. */
const allRead = (each: Looked, { about, position }: Offset, newest: number): boolean =>
  (about?.['ended'] === true && about['stamp'] === stampOf(each)) ||
  (position === each.size && each.modified < newest - HOLD)
