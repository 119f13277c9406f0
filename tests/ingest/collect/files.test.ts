/** What happens to log files: rotated, copied, truncated, rewritten. Every line is stored as often as it was written. */
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Installation } from '../../../api/installation.ts'
import { line, lines, openPlace, originals, type Place, until } from '../../faults/place.ts'

interface World {
  readonly place: Place
  /** Appends lines. */
  log(name: string, ...text: readonly string[]): void
  path(name: string): string
  /** What is there is stored. */
  read(): Promise<void>
  /** Waits until so many lines are stored. */
  stored(count: number): Promise<void>
  stop(): Promise<void>
  start(): Promise<void>
  problems(): Promise<(string | undefined)[]>
  /** Bytes that were seen and are not stored. */
  behind(): Promise<number>
}
let world: World & { end(): Promise<void>; counts(): Promise<Map<string, number>> }

const openWorld = (glob: string): typeof world => {
  const place = openPlace()
  place.write('vonglau.yml', `sources:\n  - { id: cong, parser: nginx_access, file: { path: "${glob}" } }\n`)
  mkdirSync(place.path('logs'))
  let running: Installation | undefined
  const start = async () => {
    running = await place.open()
    await running.ingest.start()
  }
  const stop = async () => {
    await running?.close()
    running = undefined
  }
  const ensure = async () => {
    if (!running) await start()
    return running!
  }
  const path = (name: string) => place.path(`logs/${name}`)
  const counts = async () => originals((await ensure()).store.events)
  return {
    place,
    path,
    start,
    stop,
    log: (name, ...text) => {
      mkdirSync(dirname(path(name)), { recursive: true })
      appendFileSync(path(name), text.map((each) => `${each}\n`).join(''))
    },
    read: async () => (await ensure()).ingest.drain(),
    stored: async (count) => {
      await until(
        `${count} lines are stored`,
        async () => [...(await counts()).values()].reduce((a, b) => a + b, 0) >= count,
      )
    },
    problems: async () => (await (await ensure()).ingest.status()).map(({ problem }) => problem),
    behind: async () => (await (await ensure()).ingest.status())[0]!.behind,
    counts,
    end: async () => {
      await stop()
      await place.remove()
    },
  }
}
beforeEach(() => {
  world = openWorld('logs/*.log*')
})
afterEach(() => world.end())

const HEALTH = line('song', '10.0.0.1')
type Row = readonly [what: string, act: (world: World) => Promise<void>, expected: { readonly [line: string]: number }]
const once = (...texts: readonly string[]) => Object.fromEntries(texts.map((text) => [text, 1]))

const ROWS: readonly Row[] = [
  [
    'two logs whose first line is equal, written at once: each is read',
    async ({ log, read }) => {
      log('a.log', HEALTH)
      log('b.log', HEALTH)
      await read()
      log('a.log', line('a'))
      log('b.log', line('b'))
      await read()
    },
    { [HEALTH]: 2, [line('a')]: 1, [line('b')]: 1 },
  ],
  [
    'two logs that begin alike, and the second goes on before the first',
    async ({ log, read }) => {
      log('a.log', HEALTH, HEALTH)
      log('b.log', HEALTH, HEALTH)
      await read()
      log('b.log', line('b'))
      await read()
      log('b.log', line('b2'))
      await read()
      log('a.log', line('a'))
      await read()
    },
    { [HEALTH]: 4, [line('a')]: 1, [line('b')]: 1, [line('b2')]: 1 },
  ],
  [
    'two logs that begin alike, parted while nobody was here',
    async ({ log, read, stop }) => {
      log('a.log', HEALTH)
      log('b.log', HEALTH)
      await read()
      await stop()
      log('b.log', line('b'))
      log('a.log', line('a'))
      await read()
    },
    { [HEALTH]: 2, [line('a')]: 1, [line('b')]: 1 },
  ],
  [
    'copies, whole, of a part and packed, add nothing; what is written to one of them later makes it a log of its own',
    async ({ log, path, read, stop }) => {
      log('a.log', ...lines(50))
      await read()
      copyFileSync(path('a.log'), path('copy.log'))
      writeFileSync(path('part.log'), readFileSync(path('a.log')).subarray(0, 1234))
      writeFileSync(path('a.log.2.gz'), gzipSync(readFileSync(path('a.log'))))
      await read()
      log('a.log', ...lines(10, 50))
      await read()
      await stop()
      await read()
      log('copy.log', line('own'))
      await read()
    },
    { ...once(...lines(60)), ...Object.fromEntries(lines(50).map((text) => [text, 2])), [line('own')]: 1 },
  ],
  [
    'a copy that was there before the first look adds nothing',
    async ({ log, path, read }) => {
      log('a.log', ...lines(50))
      writeFileSync(path('0.log'), readFileSync(path('a.log')).subarray(0, 3000))
      copyFileSync(path('a.log'), path('z.log'))
      await read()
      log('a.log', line('more'))
      await read()
    },
    once(...lines(50), line('more')),
  ],
  [
    'rotated by rename and packed, read on in the packed file',
    async ({ log, path, read, stop }) => {
      log('a.log', ...lines(20))
      await read()
      await stop()
      log('a.log', ...lines(20, 20))
      writeFileSync(path('a.log.1.gz'), gzipSync(readFileSync(path('a.log'))))
      unlinkSync(path('a.log'))
      log('a.log', line('new'))
      await read()
      await stop()
      await read()
    },
    once(...lines(40), line('new')),
  ],
  [
    'a file that is copied and truncated: what was not read yet is read in the copy',
    async ({ log, path, read, stop }) => {
      log('a.log', ...lines(20))
      await read()
      log('a.log', line('before'))
      copyFileSync(path('a.log'), path('a.log.1'))
      truncateSync(path('a.log'), 0)
      log('a.log', line('after'))
      await read()
      await stop()
      log('a.log', line('away'))
      copyFileSync(path('a.log'), path('a.log.2'))
      truncateSync(path('a.log'), 0)
      log('a.log', line('back'))
      await read()
    },
    once(...lines(20), ...['before', 'after', 'away', 'back'].map((name) => line(name))),
  ],
  [
    'truncated under a writer that does not append: the hole is no line, also after a restart',
    async ({ path, log, read, stop }) => {
      log('a.log', ...lines(20))
      await read()
      const fd = openSync(path('a.log'), 'r+')
      // Behind a hole that is longer than a line may be.
      ftruncateSync(fd, 0)
      writeSync(fd, `${line('behind')}\n`, 3_000_000)
      await read()
      await stop()
      await read()
      writeSync(fd, `${line('more')}\n`, 3_000_000 + line('behind').length + 1)
      closeSync(fd)
      await read()
    },
    once(...lines(20), line('behind'), line('more')),
  ],
  [
    'a hole that is found at a start',
    async ({ path, read }) => {
      const fd = openSync(path('a.log'), 'w')
      writeSync(fd, `${line('behind')}\n`, 50_000)
      closeSync(fd)
      await read()
    },
    once(line('behind')),
  ],
  [
    'a file with room at its end, which is filled later',
    async ({ path, log, read }) => {
      log('a.log', line(1))
      const fd = openSync(path('a.log'), 'r+')
      ftruncateSync(fd, 65_536)
      await read()
      writeSync(fd, `${line(2)}\n`, line(1).length + 1)
      closeSync(fd)
      await read()
    },
    once(line(1), line(2)),
  ],
  [
    'rewritten at the same size, it is read again; touched, it is not',
    async ({ path, log, read }) => {
      log('a.log', ...lines(10))
      await read()
      utimesSync(path('a.log'), 1, 1)
      await read()
      writeFileSync(
        path('a.log'),
        `${lines(10, 90)
          .map((text) => text.replace('dong-9', 'dong-'))
          .join('\n')}\n`.replaceAll('198.51.100.7', '198.51.100.8'),
      )
      await read()
    },
    once(...lines(10), ...lines(10).map((text) => text.replace('198.51.100.7', '198.51.100.8'))),
  ],
  [
    'a log that rested while others were written to goes on, also a packed one that was read before',
    async ({ path, log, read, stop }) => {
      log('a.log', ...lines(10))
      log('b.log', ...lines(10, 10))
      writeFileSync(path('c.log.gz'), gzipSync(`${lines(10, 20).join('\n')}\n`))
      await read()
      await stop()
      utimesSync(path('a.log'), 1, 1)
      await read()
      log('a.log', line('on'))
      appendFileSync(path('c.log.gz'), gzipSync(`${line('packed')}\n`))
      await read()
    },
    once(...lines(30), line('on'), line('packed')),
  ],
  [
    'rewritten twice before it was read',
    async ({ path, log, read }) => {
      log('a.log', ...lines(10))
      await read()
      for (const name of ['x', 'y', 'z']) {
        writeFileSync(path('a.log'), `${line(name)}\n`)
        await read()
      }
    },
    once(...lines(10), ...['x', 'y', 'z'].map((name) => line(name))),
  ],
  [
    'renamed again and again while it is written to',
    async ({ path, read }) => {
      let fd = openSync(path('a.log'), 'a')
      for (let n = 0; n < 6; n++) {
        writeSync(fd, `${line(`${n}-truoc`)}\n`)
        if (n % 2) await read()
        for (let k = n; k > 0; k--) renameSync(path(`a.log.${k}`), path(`a.log.${k + 1}`))
        renameSync(path('a.log'), path('a.log.1'))
        writeSync(fd, `${line(`${n}-sau`)}\n`)
        closeSync(fd)
        fd = openSync(path('a.log'), 'a')
      }
      closeSync(fd)
      await read()
    },
    once(...[0, 1, 2, 3, 4, 5].flatMap((n) => [line(`${n}-truoc`), line(`${n}-sau`)])),
  ],
]

test.each(ROWS)('%s', async (_, act, expected) => {
  await act(world)
  await world.stored(Object.values(expected).reduce((a, b) => a + b, 0))
  await world.read()
  expect(Object.fromEntries(await world.counts())).toEqual(expected)
  expect((await world.problems()).filter(Boolean)).toEqual([])
})

/** The glob finds one name only, as a source that names its file. */
const OUTSIDE: readonly Row[] = [
  [
    'a rotated file whose writer goes on after a while',
    async ({ path, log, read }) => {
      log('a.log', line(1))
      await read()
      const fd = openSync(path('a.log'), 'a')
      renameSync(path('a.log'), path('a.log-20261126'))
      log('a.log', line('new'))
      await read()
      // Longer than was once thought to be enough.
      await sleep(7000)
      await read()
      writeSync(fd, `${line(2)}\n`)
      closeSync(fd)
    },
    once(line(1), line('new'), line(2)),
  ],
  [
    'rotated while nobody was here, with lines that were not read yet',
    async ({ path, log, read, stop }) => {
      log('a.log', ...lines(10))
      await read()
      await stop()
      log('a.log', ...lines(10, 10))
      renameSync(path('a.log'), path('a.log.1'))
      log('a.log', line('new'))
      await read()
      await stop()
      log('a.log.1', line('late'))
      await read()
    },
    once(...lines(20), line('new'), line('late')),
  ],
]
test.each(OUTSIDE)('%s', async (_, act, expected) => {
  await world.end()
  world = openWorld('logs/a.log')
  await act(world)
  await world.stored(Object.keys(expected).length)
  expect(Object.fromEntries(await world.counts())).toEqual(expected)
})

test('what is overwritten before it could be read is counted and said', async () => {
  world.log('a.log', line(1))
  await world.read()
  // No line yet, so that it is seen and not read.
  appendFileSync(world.path('a.log'), 'x'.repeat(100))
  await until('it is seen', async () => (await world.behind()) === 100)
  await sleep(200)
  writeFileSync(world.path('a.log'), `${line(2)}\n`)
  await world.stored(2)
  expect(await world.problems()).toContainEqual(
    expect.stringMatching(
      /^100 bytes were overwritten or removed before they could be read, the last of them in .*a\.log: rotate by rename/,
    ),
  )
})
