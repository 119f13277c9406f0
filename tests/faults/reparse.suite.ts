/** Stored lines read again, on whichever store: `reparse` killed twice, then done; and what stays of an event. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readConfig } from '../../api/config.ts'
import { openInstallation } from '../../api/installation.ts'
import type { Event } from '../../ingest/event.ts'
import { EVERYTHING, eq } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { Alert } from '../../rules/alert.ts'
import { eventsOf, FEW_AGENCIES, LAUNCHER, openPlace, type Place, refusal } from './place.ts'

const DAY = 86_400_000
/** Just after midnight: what arrived a day and two days before is in closed days. */
const NOW = Math.floor(Date.now() / DAY) * DAY + 1000
const LINES = Number(process.env['VONGLAU_REPARSE'] ?? 6000)
/** Of a server's own: without being told of it, nobody can read it. */
const FORMAT = '$status|$remote_addr|$time_iso8601|$request_method|$request_uri'
const line = (n: number) => {
  const path = n % 500 === 7 ? "/?id=1'+union+select+password+from+users--" : `/dong-${n}`
  return `200|198.51.100.${n % 200}|${new Date(NOW - 2 * DAY + n * 100).toISOString().slice(0, 19)}+00:00|GET|${path}`
}

/** `today`: the store can close what takes events. */
export const describeReparse = (env: () => NodeJS.ProcessEnv, today: boolean) => {
  let place: Place
  beforeEach(() => {
    place = openPlace()
  })
  afterEach(() => place.remove())
  const configure = (format?: string) =>
    place.write(
      'vonglau.yml',
      `data: data
inventory: ${FEW_AGENCIES}
syslog: { relays: [] }
sources:
  - { id: web, parser: nginx_access, organization: so-y-te, file: { path: ${place.path('web.log')} }${format ? `, options: { format: '${format}' }` : ''} }
  - { id: rest, parser: syslog, file: { path: ${place.path('rest.log')} } }
`,
    )
  const opened = async <T>(
    now: number,
    work: (installation: Awaited<ReturnType<typeof openInstallation>>) => Promise<T>,
  ) => {
    const installation = await openInstallation(readConfig(place.path('vonglau.yml'), env()), {
      clock: () => now,
      warn: () => {},
      wait: 5,
      poll: 20,
    })
    try {
      return await work(installation)
    } finally {
      await installation.close()
    }
  }
  const read = (now: number, detect = true) =>
    opened(now, async ({ ingest, schedule }) => {
      await ingest.start()
      await ingest.drain()
      if (detect) await schedule.runAll()
    })
  const told = () =>
    opened(NOW, async ({ store }) => {
      const alerts = await store.documents
        .collection<Alert>('alerts')
        .query(SYSTEM, { filter: EVERYTHING, limit: 1000 })
      const events = (await eventsOf(store.events)).filter((event) => event['vonglau.source.id'] === 'web')
      const counted = await store.events.count(SYSTEM, { filter: eq('vonglau.source.id', 'web') })
      return {
        alerts: alerts.items.map(({ doc }) => JSON.stringify(doc)).sort(),
        events: events.sort((a, b) => (String(a['event.id']) < String(b['event.id']) ? -1 : 1)),
        counted,
      }
    })
  const stays = (event: Event) =>
    ['event.id', 'event.ingested', 'event.original', 'organization.id', 'vonglau.judged', 'vonglau.hits'].map(
      (name) => event[name],
    )

  test(`${LINES} lines over two days, killed twice: each event once, ids, times, owners and hits as before, alerts unchanged`, async () => {
    const half = LINES / 2
    configure(FORMAT)
    place.write('web.log', `${Array.from({ length: half }, (_, n) => line(n)).join('\n')}\n`)
    await read(NOW - 2 * DAY)
    place.write('web.log', `${Array.from({ length: LINES }, (_, n) => line(n)).join('\n')}\n`)
    await read(NOW - DAY)
    place.write('rest.log', '<13>Nov 21 14:05:00 may chu: xong\n')
    await read(NOW, false)
    const before = await told()
    expect(before.events).toHaveLength(LINES)
    expect(before.alerts.length).toBeGreaterThan(0)
    expect(before.events.filter((event) => event['vonglau.hits'] !== undefined).length).toBeGreaterThan(0)

    // A parser that no longer understands them stands for one that was mended the other way round.
    configure()
    for (const wait of [1500, 3500]) {
      const child = spawn(process.execPath, [LAUNCHER, 'reparse', '--source', 'web'], {
        cwd: place.folder,
        env: { PATH: process.env['PATH'], HOME: place.folder, ...env() },
        detached: true,
        stdio: 'ignore',
      })
      const gone = once(child, 'exit')
      await Promise.race([gone, new Promise((done) => setTimeout(done, wait))])
      try {
        process.kill(-child.pid!, 'SIGKILL')
      } catch {
        // It was done before.
      }
      await gone
    }
    const whole = await place.run(['reparse', '--source', 'web'], { env: env() })
    expect(whole.err).toBe('')
    expect(whole.code).toBe(0)
    const unread = await told()
    expect(unread.counted).toBe(LINES)
    expect(unread.events.map(stays)).toEqual(before.events.map(stays))
    expect(unread.alerts).toEqual(before.alerts)
    expect(unread.events.every((event) => event['event.kind'] === 'pipeline_error')).toBe(true)
    expect(unread.events.every((event) => Number(event['vonglau.read_again']) > 0)).toBe(true)

    configure(FORMAT)
    const again = await place.run(
      ['reparse', '--source', 'web', '--from', new Date(NOW - DAY).toISOString().slice(0, 10)],
      { env: env() },
    )
    expect(again.out).toBe(
      `${new Date(NOW - DAY).toISOString().slice(0, 10)}: ${half} lines read again; not understood were ${half}, are 0\n`,
    )
    const now = await told()
    expect(now.counted).toBe(LINES)
    const later = now.events.filter((event) => Number(event['event.ingested']) >= NOW - DAY)
    expect(later).toHaveLength(half)
    const plain = ({ 'vonglau.read_again': _, ...event }: Event) => event
    expect(later.map(plain)).toEqual(
      before.events.filter((event) => Number(event['event.ingested']) >= NOW - DAY).map(plain),
    )
  })

  test('what cannot be done is refused with a sentence; today’s lines are read at once, or left and it is said', async () => {
    configure(FORMAT)
    place.write('web.log', `${line(1)}\n`)
    await read(Date.now(), false)
    const run = (...args: string[]) => place.run(['reparse', ...args], { env: env() })
    expect(refusal(await run('--source', 'nobody'))).toMatch(
      /there is no source "nobody": those of the configuration are web, rest$/,
    )
    expect(refusal(await run('--source', 'unknown'))).toMatch(/name the source that they are read as with --as$/)
    expect(refusal(await run('--source', 'web', '--agency', 'nowhere'))).toMatch(/there is no agency "nowhere"/)
    const now = await run('--source', 'web')
    expect(now.code).toBe(0)
    if (!today) {
      expect(now.err).toMatch(
        /: not read again: it takes events now: a running server goes on by itself when a later day has begun \(UTC\)\n$/,
      )
      return
    }
    expect(now.err).toBe('')
    expect(now.out).toMatch(/: 1 line read again; not understood were 0, are 0\n$/)
    place.write('web.log', `${line(1)}\n${line(2)}\n`)
    await read(Date.now(), false)
    const { events } = await told()
    expect(events.map((event) => event['url.path']).sort()).toEqual(['/dong-1', '/dong-2'])
    expect(events.filter((event) => Number(event['vonglau.read_again']) > 0)).toHaveLength(1)
  })
}
