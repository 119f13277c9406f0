/** What may not erase history: others' files, strangers' lines, a restart; and what an incident holds. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { acceptClock } from '../../api/trust.ts'
import { openClock } from '../../ingest/clock.ts'
import { type Installation, openInstallation } from '../../api/installation.ts'
import { openRetention, retentionOf as retentionState } from '../../api/retention.ts'
import { incidentsIn, newActId } from '../../rules/case/decide.ts'
import { decideIncident } from '../../rules/case/derive.ts'
import type { Event } from '../../ingest/event.ts'
import { contains, eq, EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { line, openPlace, originals, type Place, until } from './place.ts'

const DAY = 86_400_000
const TODAY = Date.UTC(2026, 10, 20, 9)
let place: Place
let now: number
let ran: number // hours of running
beforeEach(() => {
  place = openPlace()
  now = TODAY
  ran = 0
})
const mounted = new Set<string>()
afterEach(async () => {
  for (const folder of mounted) spawnSync('umount', ['-l', folder])
  mounted.clear()
  await place.remove()
})

const open = (yaml = '') => {
  place.write('vonglau.yml', `data: data\nlisten: 127.0.0.1:0\n${yaml}`)
  return openInstallation(readConfig(place.path('vonglau.yml'), {}), {
    clock: () => now,
    warn: () => {},
    wait: 5,
    poll: 20,
  })
}
/** Hardly compressible. */
const noise = (n: number) =>
  Array.from({ length: 60 }, (_, i) => (Math.imul(n * 61 + i + 1, 2_654_435_761) >>> 0).toString(36)).join('')
const events = (day: string, source: string, count: number, more: Event = {}): Event[] =>
  Array.from({ length: count }, (_, i) => ({
    '@timestamp': Date.parse(day) + i * 1000,
    'event.id': `${source}-${day}-${i}`,
    'event.kind': 'event',
    'event.dataset': 'nginx_access',
    'event.original': `${i} ${noise(Date.parse(day) / 1000 + i)}`,
    'vonglau.source.id': source,
    ...more,
  }))
const dayAgo = (n: number) => new Date(TODAY - n * DAY).toISOString().slice(0, 10)
const fill = async ({ store }: Installation, days: number, of: (day: string) => Event[]) => {
  for (let n = days; n >= 0; n--)
    await store.events.append({ events: of(dayAgo(n)), offsets: [] }, Date.parse(dayAgo(n)) + 1)
}
const daysOf = async ({ store }: Installation) => (await store.events.days()).map(({ day }) => day).sort()
const bytesOf = async ({ store }: Installation) =>
  (await store.events.days()).reduce((sum, { bytes }) => sum + bytes, 0) / 1e9
const retentionOf = (installation: Installation) => {
  const said: string[] = []
  const { pass } = openRetention(
    installation,
    (sentence) => said.push(sentence),
    () => ran * 3_600_000,
  )
  return { said, pass }
}

test('the file of another program fills the disk: no day goes, and collecting stops with a sentence', async ({
  skip,
}) => {
  const data = join(place.folder, 'data')
  mkdirSync(data, { recursive: true })
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'tmpfs', data]).status !== 0)
    return skip('needs the right to mount a tmpfs')
  mounted.add(data)
  const installation = await open(
    'retention: { days: 365, gigabytes: 10, disk_percent: 80 }\nsources:\n  - { id: web, parser: nginx_access, file: { path: "logs/*.log" } }\n',
  )
  await fill(installation, 5, (day) => events(day, 'web', 500))
  await installation.ingest.start()
  const disk = statfsSync(data)
  const ballast = join(data, 'of-another-program')
  writeFileSync(ballast, Buffer.alloc(disk.bavail * disk.bsize - 300_000))
  const { pass, said } = retentionOf(installation)
  for (ran = 0; ran < 200; ran += 25) await pass()
  expect(said).toEqual([])
  expect(await daysOf(installation)).toHaveLength(6)
  place.write('logs/a.log', `${Array.from({ length: 5000 }, (_, i) => line(`${i}-${noise(i)}`)).join('\n')}\n`)
  const failing = await until('the source says why it waits', async () =>
    (await installation.ingest.status()).find(({ problem }) => problem),
  )
  expect(failing.problem).toMatch(/^the disk of the data folder is full: free space/)
  await pass()
  expect(await daysOf(installation)).toHaveLength(6)
  rmSync(ballast)
  execFileSync('mount', ['-o', 'remount,size=200m', data])
  await installation.ingest.drain()
  expect(await installation.store.events.count(SYSTEM, { filter: eq('vonglau.source.id', 'web') })).toBe(8000)
  await installation.close()
})

test('over its own quota one day goes a pass, after it was announced for a day of running; a restart does not shorten it', async () => {
  let installation = await open()
  await fill(installation, 6, (day) => events(day, 'web', 1500))
  await installation.close()
  installation = await open()
  const bytes = await bytesOf(installation)
  await installation.close()
  const quota = `retention: { gigabytes: ${((bytes * 4.6) / 7).toFixed(6)} }\n`
  installation = await open(quota)
  let { pass, said } = retentionOf(installation)
  await pass()
  ran += 20
  await pass()
  expect(await daysOf(installation)).toHaveLength(7)
  expect(said.map((each) => /^the day (\S+) \(1500 events\) will be removed/.exec(each)?.[1])).toEqual(
    [6, 5, 4].map(dayAgo),
  )
  await installation.close()
  // Away for a week: nobody could read it meanwhile.
  now += 7 * DAY
  ran = 0
  installation = await open(quota)
  ;({ pass, said } = retentionOf(installation))
  await pass()
  ran += 3
  await pass()
  expect(await daysOf(installation)).toHaveLength(7)
  ran += 2
  const left: number[] = []
  for (let i = 0; i < 5; i++) {
    await pass()
    left.push((await daysOf(installation)).length)
  }
  expect(left).toEqual([6, 5, 4, 4, 4])
  expect(said.at(-1)).toMatch(
    new RegExp(`^1500 of 1500 events of the day ${dayAgo(4)} were removed: the events take .* GB, more than .* GB$`),
  )
  await installation.close()
})

test('79,000 lines of a sender that nobody has configured cost no day', async () => {
  const installation = await open('retention: { gigabytes: 0.015 }\n')
  await fill(installation, 4, (day) => [
    ...events(day, 'web', 300),
    ...(day === dayAgo(1) ? events(day, 'unknown', 59_000) : []),
    // Today's count as little.
    ...(day === dayAgo(0) ? events(day, 'unknown', 20_000) : []),
  ])
  expect(await bytesOf(installation)).toBeGreaterThan(0.02)
  const { pass, said } = retentionOf(installation)
  for (ran = 0; ran < 100; ran += 25) await pass()
  expect({ said, days: (await daysOf(installation)).length }).toEqual({ said: [], days: 5 })
  await installation.close()
})

test('old days are announced the day before, and go one a pass', async () => {
  const installation = await open('retention: { days: 10 }\n')
  await fill(installation, 13, (day) => events(day, 'web', 10))
  const { pass, said } = retentionOf(installation)
  await pass()
  expect(said).toHaveLength(4)
  expect(said.at(-1)).toMatch(new RegExp(`^the day ${dayAgo(10)} .*: it is older than 10 days$`))
  ran += 24
  const left: number[] = []
  for (let i = 0; i < 5; i++) {
    await pass()
    left.push((await daysOf(installation)).length)
  }
  // The tenth is old tomorrow only.
  expect(left).toEqual([13, 12, 11, 11, 11])
  now += DAY
  await pass()
  expect(await daysOf(installation)).toHaveLength(10)
  expect(await installation.store.events.count(SYSTEM, { filter: EVERYTHING })).toBe(100)
  await installation.close()
})

test('by a clock that is doubted no day goes, however long; accepted, each is announced anew', async () => {
  let [wall, passed] = [TODAY, 0]
  const clock = openClock(
    () => wall + passed,
    () => passed,
  )
  place.write('vonglau.yml', 'data: data\nretention: { days: 10 }\n')
  const begin = () =>
    openInstallation(readConfig(place.path('vonglau.yml'), {}), { clock, warn: (each) => warned.push(each), wait: 5 })
  const warned: string[] = []
  let installation = await begin()
  await fill(installation, 10, (day) => events(day, 'web', 10))
  const said: string[] = []
  const pass = async (hours: number) => {
    passed += hours * 3_600_000
    await openedPass()
  }
  const openPass = () =>
    openRetention(
      installation,
      (each) => said.push(each),
      () => passed,
    ).pass
  let openedPass = openPass()
  await pass(0)
  expect(said).toHaveLength(1) // that of the tenth day, which is old tomorrow
  wall += 400 * DAY
  for (let i = 0; i < 10; i++) await pass(30)
  expect(said).toHaveLength(1)
  await installation.close()
  // The next start knows it.
  installation = await begin()
  openedPass = openPass()
  for (let i = 0; i < 10; i++) await pass(30)
  expect(await daysOf(installation)).toHaveLength(11)
  expect((await installation.wrong()).find(({ code }) => code === 'clock')?.message).toMatch(
    /, 4\d\d days after .* no day is removed; set the clock \(NTP\), or if it is right: vonglau clock accept/,
  )
  expect(warned.length).toBeLessThan(5)
  await acceptClock(installation)
  await pass(0)
  await pass(23)
  expect(await daysOf(installation)).toHaveLength(11)
  await pass(2)
  await pass(1)
  expect(await daysOf(installation)).toHaveLength(9)
  await installation.close()
})

/** Stored and looked at by the rules, as they came on that day. */
const came = async (installation: Installation, day: string, lines: readonly string[]) => {
  now = Date.parse(day) + 9 * 3_600_000
  await installation.ingest.accept('web', lines.map(Buffer.from), '127.0.0.1')
  await installation.ingest.drain()
  await installation.schedule.runAll()
}
const at = (day: string, text: string) =>
  text.replace(/\[[^\]]*\]/, `[${day.slice(8)}/Nov/2026:${String(15).padStart(2, '0')}:00:00 +0700]`)
const attacks = (day: string, count: number) =>
  Array.from({ length: count }, (_, i) =>
    at(day, line(`${i}?id=1%27%20UNION%20SELECT%20user,password%20FROM%20users--%20-`, '198.51.100.66')),
  )
const WEB = 'sources:\n  - { id: web, parser: nginx_access, http: { token: a-token-of-the-tests } }\n'

test('what an incident holds stays whatever its age and the quota, and goes when it is released', async () => {
  let installation = await open(`retention: { days: 3 }\n${WEB}`)
  const asked = { scope: SYSTEM, actor: { kind: 'person', id: 'p', name: 'an' } } as const
  await installation.ingest.start()
  for (const n of [9, 8, 7])
    await came(installation, dayAgo(n), [
      ...attacks(dayAgo(n), n === 8 ? 30 : 0),
      ...Array.from({ length: 100 }, (_, i) => at(dayAgo(n), line(`${n}-${i}`))),
    ])
  await came(installation, dayAgo(0), [at(dayAgo(0), line('hôm nay'))])
  const { items } = await incidentsIn(installation.store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 10 })
  expect(items.length).toBeGreaterThan(0)
  for (const { id } of items)
    expect(
      await decideIncident(installation.cases, { ...asked, id }, [{ what: 'hold', id: newActId() }]),
    ).toMatchObject({
      ok: true,
    })
  let { pass, said } = retentionOf(installation)
  for (ran = 0; ran < 200; ran += 25) await pass()
  const left = async () =>
    [...(await originals(installation.store.events)).keys()].filter((each) => each.includes('UNION')).length
  expect(await daysOf(installation)).toEqual([dayAgo(8), dayAgo(0)])
  expect(await installation.store.events.count(SYSTEM, { filter: contains('event.original', 'dong-8-') })).toBe(0)
  expect(await left()).toBe(30)
  expect(
    said.some((each) => /^100 of 130 events of the day .* were removed: .*; of 130 events the others stay$/.test(each)),
  ).toBe(true)
  const told = (await retentionState(installation)).held
  expect(told.reduce((sum, each) => Math.max(sum, each.events), 0)).toBe(30)
  await installation.close()
  // A quota that nothing fits into.
  installation = await open(`retention: { days: 365, gigabytes: 0.000001 }\n${WEB}`)
  ;({ pass, said } = retentionOf(installation))
  for (ran = 0; ran < 200; ran += 25) await pass()
  expect({ said, days: await daysOf(installation) }).toEqual({ said: [], days: [dayAgo(8), dayAgo(0)] })
  for (const { id } of items)
    await decideIncident(installation.cases, { ...asked, id }, [{ what: 'release', id: newActId() }])
  for (ran = 300; ran < 400; ran += 25) await pass()
  expect(await daysOf(installation)).toEqual([dayAgo(0)])
  await installation.close()
})

test('a source may have days of its own, fewer or more than the others', async () => {
  const own = (id: string, days: number) =>
    `  - { id: ${id}, parser: nginx_access, retention: { days: ${days} }, file: { path: "${id}/*.log" } }\n`
  const installation = await open(`retention: { days: 10 }\nsources:\n${own('ngan', 4)}${own('dai', 20)}`)
  await fill(installation, 14, (day) => ['ngan', 'dai', 'web'].flatMap((source) => events(day, source, 10)))
  const { pass } = retentionOf(installation)
  await pass()
  for (ran = 24; ran < 100; ran++) await pass()
  const daysWith = async (source: string) => {
    let found = 0
    for (let n = 14; n >= 0; n--) {
      const from = Date.parse(dayAgo(n))
      found += (await installation.store.events.count(SYSTEM, {
        filter: eq('vonglau.source.id', source),
        ingested: { after: from - 1, upTo: from + DAY - 1 },
      }))
        ? 1
        : 0
    }
    return found
  }
  expect(await Promise.all(['ngan', 'web', 'dai'].map(daysWith))).toEqual([5, 11, 15])
  expect(await daysOf(installation)).toHaveLength(15)
  await installation.close()
})
