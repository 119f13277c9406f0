/** By what a file is known again: what cannot be made with a running program on one disk of one machine. */
import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Feed } from '../../../ingest/collect/feed.ts'
import { type FinderOptions, openFinder } from '../../../ingest/collect/file.ts'
import { compare, holds, openPrint, resumePrint, scan } from '../../../ingest/collect/fingerprint.ts'
import type { Lines } from '../../../ingest/collect/lines.ts'
import { openText } from '../../../ingest/collect/text.ts'
import type { Offset } from '../../../ingest/store/store.ts'
import { runs } from '../../random.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vonglau-finder-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))
const path = (name: string) => join(folder, name)
const log = (name: string, ...lines: readonly string[]) =>
  appendFileSync(path(name), lines.map((each) => `${each}\n`).join(''))

const textsOf = ({ bytes, count, from, to }: Lines): string[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(bytes.subarray(from[i], to[i])).toString('utf8'))

/** Reads all there is, as a process that starts and ends; answers the lines by segment, and what is committed after it. */
const readAll = async (pattern: string, committed: readonly Offset[], options: Partial<FinderOptions> = {}) => {
  const finder = openFinder(pattern, { whole: false, start: 'beginning', ...options })
  const offsets = new Map(committed.map((each) => [each.segment, each]))
  const feeds: Feed[] = []
  const lines: string[] = []
  for (let look = 0; look < 3; look++) {
    for (const { feed, begin } of await finder.look(
      () => [...offsets.values()],
      (segment) => feeds.find((each) => each.segment === segment),
    )) {
      feeds.push(feed)
      if (begin) offsets.set(begin.segment, { source: 's', ...begin })
    }
    for (const feed of feeds)
      for (let chunk = await feed.next(); chunk; chunk = await feed.next()) {
        lines.push(...textsOf(chunk.lines))
        offsets.set(feed.segment, { source: 's', segment: feed.segment, position: chunk.to, about: chunk.about! })
      }
  }
  for (const feed of feeds) await feed.close()
  return { lines, offsets: [...offsets.values()] }
}
const withAbout = (offsets: readonly Offset[], change: object): Offset[] =>
  offsets.map((each) => ({ ...each, about: { ...each.about, ...change } }))
const TEXT = Array.from({ length: 300 }, (_, n) => `dòng số ${n} ${'x'.repeat(n % 97)}`)

const OTHER = TEXT.slice(150, 200).map((text) => text.toUpperCase())

describe('the numbers of devices after a reboot', () => {
  test('are others: no new file', async () => {
    log('a.log', ...TEXT)
    const { offsets } = await readAll(path('*.log'), [])
    log('a.log', 'mới')
    const again = await readAll(path('*.log'), withAbout(offsets, { dev: 4711 }))
    expect(again.lines).toEqual(['mới'])
    expect(again.offsets.map(({ segment }) => segment)).toEqual(offsets.map(({ segment }) => segment))
    // From here on the new number is the known one.
    expect(again.offsets[0]!.about!['dev']).toBe(statSync(path('a.log')).dev)
  })
  test('another file with the same inode is another file', async () => {
    log('a.log', ...TEXT)
    const { offsets } = await readAll(path('*.log'), [])
    writeFileSync(path('a.log'), '')
    log('a.log', 'khác', ...TEXT)
    expect((await readAll(path('*.log'), withAbout(offsets, { dev: 4711 }))).lines).toEqual(['khác', ...TEXT])
  })
})

describe('on a cluster', () => {
  test('two nodes have two files, though they hold the same', async () => {
    log('a.log', ...TEXT)
    const one = await readAll(path('*.log'), [], { node: 'one' })
    const two = await readAll(path('*.log'), one.offsets, { node: 'two' })
    expect([one.lines, two.lines]).toEqual([TEXT, TEXT])
    expect(new Set(two.offsets.map(({ segment }) => segment)).size).toBe(2)
    // Each goes on with its own.
    log('a.log', 'mới')
    for (const node of ['one', 'two'])
      expect((await readAll(path('*.log'), two.offsets, { node })).lines).toEqual(['mới'])
  })
  test('a file that both nodes see and nobody called shared is told by name', async () => {
    log('a.log', ...TEXT)
    const one = await readAll(path('*.log'), [], { node: 'one' })
    const finder = openFinder(path('*.log'), { whole: false, start: 'beginning', node: 'two' })
    const found = await finder.look(
      () => one.offsets,
      () => undefined,
    )
    expect([...finder.problems.values()]).toEqual([
      expect.stringMatching(/a\.log is read by another process too \(one\), .*write "shared: true" below "file:"$/),
    ])
    for (const { feed } of found) await feed.close()
  })
  test('a shared file is one, whatever its device is called there', async () => {
    log('a.log', ...TEXT)
    const one = await readAll(path('*.log'), [], { node: 'one', shared: true })
    log('a.log', 'mới')
    const two = await readAll(path('*.log'), withAbout(one.offsets, { dev: 4711 }), { node: 'two', shared: true })
    expect(two.lines).toEqual(['mới'])
    expect(two.offsets).toHaveLength(1)
  })
  test('what was read before files were a node’s goes on on the node that has the inode', async () => {
    log('a.log', ...TEXT)
    const { offsets } = await readAll(path('*.log'), [])
    log('a.log', 'mới')
    expect((await readAll(path('*.log'), offsets, { node: 'one' })).lines).toEqual(['mới'])
  })
})

describe('a file that is gone', () => {
  /** Read, and removed; answers what is committed of it. */
  const gone = async (lines: readonly string[]) => {
    log('a.log', ...lines)
    const { offsets } = await readAll(path('*.log'), [])
    rmSync(path('a.log'))
    // So that the inode is not given to the next.
    return withAbout(offsets, { ino: 1 })
  }
  test.each([
    ['its copy', TEXT, []],
    ['a copy of its first lines', TEXT.slice(0, 200), []],
    ['a copy that has more', [...TEXT, 'mới'], ['mới']],
    ['another that begins alike', [...TEXT.slice(0, 150), ...OTHER], [...TEXT.slice(0, 150), ...OTHER]],
    ['another whose first line is the same', [TEXT[0]!, 'khác'], [TEXT[0]!, 'khác']],
  ])('%s', async (_, lines, expected) => {
    const offsets = await gone(TEXT)
    log('b.log', ...lines)
    expect((await readAll(path('*.log'), offsets)).lines).toEqual(expected)
  })
})

test('held for a while only, a rotated file that grows again is found beside the others', async () => {
  log('a.log', 'một')
  const finder = openFinder(path('a.log'), { whole: false, start: 'beginning', hold: 0 })
  const committed: Offset[] = []
  const [found] = await finder.look(
    () => [],
    () => undefined,
  )
  const take = async (feed: Feed) => {
    const chunk = await feed.next()
    committed.splice(0, committed.length, {
      source: 's',
      segment: feed.segment,
      position: chunk!.to,
      about: chunk!.about!,
    })
    return textsOf(chunk!.lines)
  }
  expect(await take(found!.feed)).toEqual(['một'])
  renameSync(path('a.log'), path('a.log.1'))
  for (let look = 0; look < 3; look++) await found!.feed.next()
  expect(await found!.feed.done()).toBe(true)
  await found!.feed.close()
  finder.forget(found!.feed)
  log('a.log.1', 'hai')
  log('a.log', 'ba')
  const next = await finder.look(
    () => committed,
    () => undefined,
  )
  const lines = []
  for (const { feed } of next) lines.push(...textsOf((await feed.next())!.lines))
  expect(lines.sort()).toEqual(['ba', 'hai'])
  for (const { feed } of next) await feed.close()
})

test('the fingerprint is the same however the bytes are cut, and goes on from what was committed', async () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300_000, size: 'max' }).map((each) => Buffer.from(each))
  await fc.assert(
    fc.asyncProperty(bytes, fc.array(fc.nat(), { maxLength: 8 }), fc.nat(), async (content, cuts, stop) => {
      writeFileSync(path('x'), content)
      const file = await openText(path('x'))
      const at = [...cuts.map((cut) => cut % content.length), stop % content.length, content.length].sort(
        (a, b) => a - b,
      )
      let print = openPrint()
      let from = 0
      for (const to of at) {
        print.add(content.subarray(from, to))
        from = to
        if (to === stop % content.length) print = await resumePrint(file, to, JSON.parse(JSON.stringify(print.about())))
      }
      const whole = await scan(file, [content.length])
      await file.close()
      expect(print.about()).toEqual(whole.end)
      expect(JSON.stringify(whole.end).length).toBeLessThan(1000)
    }),
    { numRuns: runs(20) },
  )
})

test('what was rewritten in place shows at fixed steps, a part of a file is told from another', async () => {
  const content = Buffer.from(Array.from({ length: 40_000 }, (_, n) => `dòng ${n} ${n * 7919}\n`).join(''))
  writeFileSync(path('a'), content)
  const file = await openText(path('a'))
  const { about } = { about: (await scan(file, [content.length])).end }
  expect(await holds(file, content.length, about)).toBe(true)
  const other = Buffer.from(content)
  other.fill(0x78, 100_000, 200_000)
  copyFileSync(path('a'), path('b'))
  writeFileSync(path('b'), other)
  const rewritten = await openText(path('b'))
  expect(await holds(rewritten, content.length, about)).toBe(false)
  for (const [size, relation] of [
    [80_000, 'part'],
    [300_000, 'other'],
    [other.length, 'other'],
  ] as const) {
    truncateSync(path('b'), size)
    expect([size, compare(await scan(rewritten, [content.length]), content.length, about)]).toEqual([size, relation])
    writeFileSync(path('b'), other)
  }
  await file.close()
  await rewritten.close()
})

test('rotated while it is looked for: what is read under an inode is what that inode holds', async () => {
  // Each file says in its line which one it is; a thread of its own turns them as fast as it can.
  const turning = new Worker(
    `const fs = require('node:fs'); const { workerData: folder } = require('node:worker_threads')
    for (let n = 0; ; n++) {
      const file = fs.openSync(folder + '/a.log', 'w')
      fs.writeSync(file, fs.fstatSync(file).ino + '\\n')
      fs.closeSync(file)
      fs.renameSync(folder + '/a.log', folder + '/a.log.' + (n % 20))
    }`,
    { eval: true, workerData: folder },
  )
  const wrong: string[] = []
  let read = 0
  for (let turn = 0; turn < 100; turn++) {
    const finder = openFinder(path('a.log*'), { whole: false, start: 'beginning' })
    const found = await finder.look(
      () => [],
      () => undefined,
    )
    for (const { feed } of found) {
      const chunk = await feed.next()
      for (const text of chunk ? textsOf(chunk.lines) : []) {
        read++
        if (text !== String(chunk!.about!['ino'])) wrong.push(`${chunk!.about!['ino']}: ${text}`)
      }
      await feed.close()
    }
    expect([...finder.problems.values()]).toEqual([])
  }
  await turning.terminate()
  expect({ wrong }).toEqual({ wrong: [] })
  expect(read).toBeGreaterThan(30)
})
