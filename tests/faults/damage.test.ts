/** Damaged and foreign database files: said in one sentence, nothing else is affected, and what can be read again is. */
import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, statSync, writeSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { DuckDBInstance } from '@duckdb/node-api'
import { type Lost, lostDays } from '../../ingest/store/lost.ts'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { type Installation, openInstallation } from '../../api/installation.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { line, lines, openPlace, originals, type Place, reason, refusal, until } from './place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

const CONFIG =
  'listen: 127.0.0.1:0\nsources:\n  - { id: tep, parser: nginx_access, file: { path: "logs/*.log" } }\n  - { id: mang, parser: nginx_access, http: { token: 0123456789abcdef } }\n'
const days = () =>
  readdirSync(place.path('.vonglau/events'))
    .filter((name) => /^events-[\d-]+\.duckdb$/.test(name))
    .sort()
const dayFile = (name: string) => place.path(`.vonglau/events/${name}`)
const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex')
/** Overwrites a share of a file. */
const damage = (path: string, from: number, to: number) => {
  const { size } = statSync(path)
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(Math.ceil(size * (to - from)), 0xa5), 0, undefined, Math.floor(size * from))
  closeSync(file)
}
const DAY = 86_400_000
/** An installation `ago` days before today. */
const openAt = (ago: number, warnings: string[] = []): Promise<Installation> =>
  openInstallation(readConfig(place.path('vonglau.yml'), {}), {
    clock: () => Date.now() - ago * DAY,
    warn: (message) => warnings.push(message),
    wait: 5,
    poll: 20,
  })
const session = async (ago: number, work: (installation: Installation) => Promise<unknown>, warnings?: string[]) => {
  const installation = await openAt(ago, warnings)
  await installation.ingest.start()
  await work(installation)
  await installation.ingest.drain()
  await installation.close()
}
const network = (installation: Installation, from: number, count: number) =>
  installation.ingest.accept(
    'mang',
    lines(count, from).map((text) => Buffer.from(text)),
    '127.0.0.1',
  )

describe('the day file that takes events', () => {
  test.each([
    ['at its beginning', 0, 0.02],
    ['in its middle', 0.3, 0.7],
    ['to its end', 0.5, 1],
  ])('damaged %s: moved aside, and its lines are read again, each once', async (_, from, to) => {
    place.write('vonglau.yml', CONFIG)
    place.write('logs/a.log', `${lines(3000).join('\n')}\n`)
    await session(1, (installation) => network(installation, 10_000, 2000))
    place.write('logs/b.log', `${lines(3000, 3000).join('\n')}\n`)
    await session(0, (installation) => network(installation, 20_000, 2000))
    const newest = days().at(-1)!
    expect(days()).toHaveLength(2)
    damage(dayFile(newest), from, to)
    place.write('logs/c.log', `${lines(10, 6000).join('\n')}\n`)
    const warnings: string[] = []
    const began = Date.now()
    let lost: readonly Lost[] = []
    await session(
      0,
      async (installation) => {
        lost = await lostDays(installation.store.documents)
        await network(installation, 30_000, 10)
      },
      warnings,
    )
    // Whoever counts by ingest time is told which one comes again, and that only once.
    const day = newest.slice('events-'.length, -'.duckdb'.length)
    expect(lost).toMatchObject([{ day, from: Date.parse(day) }])
    expect(lost[0]!.to).toBeLessThanOrEqual(Date.now())
    expect(lost[0]!.to).toBeGreaterThan(began - 86_400_000)
    await session(
      0,
      async (installation) => expect(await lostDays(installation.store.documents)).toEqual(lost),
      warnings,
    )
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatch(
      /events-[\d-]+\.duckdb is damaged \(.+\); it was moved to .+\.damaged-\d+ and its lines are read again from their sources$/,
    )
    expect(existsSync(/moved to (\S+)/.exec(warnings[0]!)![1]!)).toBe(true)
    const installation = await openAt(0)
    const counts = await originals(installation.store.events)
    await installation.close()
    expect([...counts.values()].filter((n) => n !== 1)).toEqual([])
    const wanted = [...lines(6010), ...lines(2000, 10_000), ...lines(2000, 20_000), ...lines(10, 30_000)]
    expect({ missing: wanted.filter((text) => !counts.has(text)), stored: counts.size }).toEqual({
      missing: [],
      stored: wanted.length,
    })
  })
})

test('a closed day file that is damaged: answers are without it and say so; nothing else is affected', async () => {
  place.write('vonglau.yml', CONFIG)
  await session(2, (installation) => network(installation, 0, 3000))
  await session(1, (installation) => network(installation, 3000, 3000))
  await session(0, (installation) => network(installation, 6000, 3000))
  const [first, second] = days()
  damage(dayFile(second!), 0, 0.9)
  const was = [hash(dayFile(first!)), hash(dayFile(second!))]
  const warnings: string[] = []
  const installation = await openAt(0, warnings)
  expect(warnings).toEqual([
    expect.stringMatching(
      /events-[\d-]+\.duckdb is damaged and left out of every answer \(.+\): restore it from a backup, or delete it$/,
    ),
  ])
  const day = second!.slice(7, 17)
  const page = await installation.store.events.search(SYSTEM, { filter: EVERYTHING, order: 'newest', limit: 1000 })
  expect(page.missing).toEqual([{ day, reason: expect.any(String) }])
  expect(
    (
      await installation.store.events.aggregate(SYSTEM, {
        filter: EVERYTHING,
        by: [{ terms: 'vonglau.source.id' }],
        limit: 10,
      })
    ).items,
  ).toMatchObject([{ key: ['mang'], count: 6000 }])
  expect(
    (await installation.store.events.days()).map(({ events, problem }) => [events, problem !== undefined]),
  ).toEqual([
    [3000, false],
    [0, true],
    [3000, false],
  ])
  // Detection never skips: it waits and says why.
  const matched = async () => {
    for await (const events of installation.store.events.match(SYSTEM, { filter: EVERYTHING, ingested: { after: 0 } }))
      expect(events.length).toBeGreaterThan(0)
  }
  expect(await reason(matched)).toMatch(
    new RegExp(`^the events of ${day} cannot be read \\(.+\\): restore the day file from a backup, or delete it$`),
  )
  await installation.ingest.start()
  await network(installation, 9000, 5)
  await installation.ingest.drain()
  expect(await installation.store.events.count(SYSTEM, { filter: EVERYTHING })).toBe(6005)
  await installation.close()
  expect([hash(dayFile(first!)), hash(dayFile(second!))]).toEqual(was)
  // The command says it too, apart from what it found.
  const { code, out, err } = await place.run(['query', 'url.path : /dong-900*'])
  expect({ code, found: out.trimEnd().split('\n').length }).toEqual({ code: 0, found: 6 })
  expect(err).toMatch(new RegExp(`the events of ${day} cannot be read: `))
})

test('a file of events of a newer version is refused and stays as it is', async () => {
  place.write('vonglau.yml', CONFIG)
  await session(0, (installation) => network(installation, 0, 10))
  const path = dayFile(days()[0]!)
  const instance = await DuckDBInstance.create(path)
  const connection = await instance.connect()
  await connection.run("UPDATE meta SET value = '999' WHERE key = 'schema'")
  connection.closeSync()
  instance.closeSync()
  const was = hash(path)
  for (const command of [['start'], ['query', '--count']]) {
    expect(refusal(await place.run(command))).toMatch(
      /^vonglau: .*events-[\d-]+\.duckdb was written by a newer version of Vọng Lâu \(schema 999, this one knows \d+\): install that version again, or move the file away$/,
    )
  }
  expect(hash(path)).toBe(was)
  expect(existsSync(`${path}.wal`)).toBe(false)
})

test('a file of documents of a newer version is refused and stays as it is', async () => {
  place.write('vonglau.yml', CONFIG)
  await session(0, (installation) => network(installation, 0, 10))
  const path = place.path('.vonglau/documents.sqlite')
  const db = new DatabaseSync(path)
  db.exec('PRAGMA user_version=999; PRAGMA wal_checkpoint(TRUNCATE)')
  db.close()
  const was = hash(path)
  expect(refusal(await place.run(['start']))).toMatch(
    /^vonglau: .*documents\.sqlite was written by a newer version of Vọng Lâu \(schema 999, this one knows \d+\): install that version again, or move the file away$/,
  )
  expect(hash(path)).toBe(was)
})

test('a damaged file of documents is not begun anew: it holds what people did', async () => {
  place.write('vonglau.yml', CONFIG)
  await session(0, (installation) => network(installation, 0, 10))
  const path = place.path('.vonglau/documents.sqlite')
  damage(path, 0, 0.5)
  const was = hash(path)
  expect(refusal(await place.run(['start']))).toMatch(
    /^vonglau: .*documents\.sqlite cannot be opened \(.+\): restore it from a backup; alerts, incidents, users and the audit trail are in it$/,
  )
  expect(hash(path)).toBe(was)
})

test('a data folder that another process uses is refused, and the other goes on', async () => {
  place.write('vonglau.yml', CONFIG)
  place.write('logs/a.log', `${line(1)}\n`)
  const server = await place.start()
  expect(refusal(await place.run(['start']))).toMatch(
    /^vonglau: .*\.vonglau is the data folder of a Vọng Lâu that runs: stop that one, or give this one a folder of its own \(data:\)$/,
  )
  // Also where the way to ask the running one is gone: nothing is opened behind its back.
  renameSync(place.path('.vonglau/control.sock'), place.path('.vonglau/control.old'))
  expect(refusal(await place.run(['query', '--count']))).toMatch(/is open in another process/)
  renameSync(place.path('.vonglau/control.old'), place.path('.vonglau/control.sock'))
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  await server.stop()
  expect(await place.run(['query', 'not event.dataset : vonglau.source', '--count'])).toMatchObject({ out: '1\n' })
})

test('a torn end of the spool, as a crash leaves it, holds nothing up', async () => {
  place.write('vonglau.yml', CONFIG)
  await session(0, (installation) => network(installation, 0, 3))
  const [spool] = readdirSync(place.path('.vonglau/spool/mang'))
  // A record of 10 MB was announced and only 3 MB of it were written: it was never accepted.
  place.write('.vonglau/spool/mang/torn', '')
  const path = place.path(`.vonglau/spool/mang/${spool}`)
  const file = openSync(path, 'a')
  writeSync(file, `${Date.now()} 127.0.0.1 10000000\n${'x'.repeat(3_000_000)}`)
  closeSync(file)
  await session(0, (installation) => network(installation, 10, 3))
  const installation = await openAt(0)
  expect([...(await originals(installation.store.events)).keys()].sort()).toEqual([...lines(3), ...lines(3, 10)].sort())
  await installation.close()
})

test.each([0.1, 0.5, 0.9])(
  'one damaged block at %f of the file that takes events: no answer fails, and the next start mends it',
  async (share) => {
    place.write('vonglau.yml', CONFIG)
    const many = Array.from({ length: 12_000 }, (_, n) => line(`${n}-${Math.imul(n, 2_654_435_761)}`))
    await session(0, (installation) =>
      installation.ingest.accept(
        'mang',
        many.map((text) => Buffer.from(text)),
        '127.0.0.1',
      ),
    )
    const path = dayFile(days()[0]!)
    damage(path, share, share + 2000 / statSync(path).size)
    const used = await openAt(0)
    const page = await used.store.events.search(SYSTEM, { filter: EVERYTHING, order: 'newest', limit: 1000 })
    expect(page.items.length === 1000 || page.missing.length === 1 || used.problems.size === 1).toBe(true)
    await used.ingest.start()
    await network(used, 100_000, 1)
    // Stored, or kept in the spool with the reason.
    await Promise.race([
      used.ingest.drain(),
      until('the source says it', async () => (await used.ingest.status())[1]!.problem),
    ])
    const [, status] = await used.ingest.status()
    if (status!.problem)
      expect(status!.problem).toMatch(/is damaged \(.+\): start Vọng Lâu again; the file is then moved aside/)
    await used.close()
    // Damage where nothing was read yet is found by the first who reads, and mended by the start after that.
    const counts = await until('it is mended', async () => {
      const installation = await openAt(0)
      await installation.ingest.start()
      await installation.ingest.drain()
      const found = await originals(installation.store.events).catch(() => undefined)
      await installation.close()
      return found
    })
    expect([...counts.values()].filter((n) => n !== 1)).toEqual([])
    expect([...many, ...lines(1, 100_000)].filter((text) => !counts.has(text))).toEqual([])
  },
)
