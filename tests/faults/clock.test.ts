/**
 * A machine's clock that is wrong when the program starts, or is set while it runs (Debian's faketime, the monotonic clock left
 * alone): nothing is lost, doubled or deleted, and what happens is said once.
 */
import { globSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { examine } from '../../api/commands/doctor.ts'
import { reach } from '../../api/commands/reach.ts'
import { readConfig } from '../../api/config.ts'
import { openDuckdb } from '../../ingest/store/duckdb.ts'
import { journalOf } from '../../rules/case/journal.ts'
import { EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import type { Event } from '../../ingest/event.ts'
import { eventsOf, line, openPlace, originals, type Place, type Server, until } from './place.ts'

const LIBRARY = globSync('/usr/lib/*/faketime/libfaketime.so.1')[0]
const NONE = 'needs the library of faketime (apt-get install faketime)'
const TOKEN = 'a-token-of-the-tests'
const DAY = 86_400_000
const HOUR = 3_600_000
let place: Place
beforeEach(() => {
  place = openPlace()
  place.write(
    'vonglau.yml',
    [
      'data: data',
      'listen: 127.0.0.1:0',
      'retention: { days: 365 }',
      'sources:',
      `  - { id: web, parser: nginx_access, http: { token: ${TOKEN} } }`,
      '  - { id: tep, parser: nginx_access, file: { path: "logs/*.log" } }',
      '',
    ].join('\n'),
  )
})
afterEach(() => place.remove())

/** The clock of the processes that are started with it: so many ms ahead. */
const clockFile = () => place.path('clock')
const set = (ms: number) => writeFileSync(clockFile(), `${ms < 0 ? '-' : '+'}${Math.abs(ms) / 1000}\n`)
const faked = () => ({
  LD_PRELOAD: LIBRARY!,
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
  FAKETIME_TIMESTAMP_FILE: clockFile(),
  FAKETIME_NO_CACHE: '1',
})

/** Days of a year ago, of the last month, and today's, as an installation that has run for long has them. */
const OLD = [364, 200, 100, 30, 2, 1]
const fill = async () => {
  const store = await openDuckdb({ folder: place.path('data/events') })
  const now = Date.now()
  for (const ago of [...OLD, 0]) {
    const at = now - ago * DAY - (ago === 0 ? 1000 : 0)
    const events: Event[] = Array.from({ length: 20 }, (_, i) => ({
      '@timestamp': at - i,
      'event.id': `cu-${ago}-${i}`,
      'event.kind': 'event',
      'event.dataset': 'nginx_access',
      'event.original': `cũ ${ago} ${i}`,
      'vonglau.source.id': 'web',
    }))
    await store.append({ events, offsets: [] }, at)
  }
  await store.close()
}
const kept = OLD.length * 20 + 20

/** As an nginx of a machine with the right time writes it. */
const lineNow = (n: string): string => {
  const at = new Date(Date.now() + 7 * HOUR).toISOString()
  const month = new Date(at).toLocaleString('en', { month: 'short', timeZone: 'UTC' })
  return line(n).replace(/\[[^\]]*\]/, `[${at.slice(8, 10)}/${month}/${at.slice(0, 4)}:${at.slice(11, 19)} +0700]`)
}
const send = async ({ url }: Server, lines: readonly string[]) => {
  const answer = await fetch(`${url}/ingest/web`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: `${lines.join('\n')}\n`,
  })
  expect(answer.status).toBe(200)
}
let written = 0
/** By HTTP and by a file, so many each; waits until they are stored. */
const take = async (server: Server, name: string, count: number): Promise<string[]> => {
  const http = Array.from({ length: count }, (_, i) => lineNow(`${name}-http-${i}`))
  const file = Array.from({ length: count }, (_, i) => lineNow(`${name}-tep-${i}`))
  await send(server, http)
  place.write(`logs/${String(written++).padStart(3, '0')}.log`, `${file.join('\n')}\n`)
  await until(`the lines of ${name} are stored`, async () => {
    const asked = { ask: 'query', kql: `event.original : *${name}*`, count: true } as const
    for await (const answer of reach(readConfig(place.path('vonglau.yml'), {}), asked))
      if (Number(answer['count']) >= 2 * count) return true
    return false
  })
  return [...http, ...file]
}
const health = async (): Promise<string> =>
  (await examine(place.path('vonglau.yml'), {})).map(({ ok, what }) => `${ok ? 'ok' : 'WRONG'}  ${what}`).join('\n')
const check = async (server: Server, sent: readonly string[]) => {
  const printed = server.printed()
  await server.stop()
  expect(printed.length).toBeLessThan(10_000)
  const store = await openDuckdb({ folder: place.path('data/events') })
  try {
    const counts = await originals(store)
    const events = await eventsOf(store)
    const mine = events.filter((event) => sent.includes(String(event['event.original'])))
    expect({
      lost: sent.filter((each) => !counts.has(each)),
      doubled: [...counts].filter(([, count]) => count > 1),
      old: [...counts.keys()].filter((each) => each.startsWith('cũ')).length,
      // The times of the lines are theirs, whatever the machine's clock says.
      replaced: mine.filter((event) => Math.abs(Number(event['@timestamp']) - Date.now()) > HOUR).length,
    }).toEqual({ lost: [], doubled: [], old: kept, replaced: 0 })
    return { printed, days: (await store.days()).map(({ day }) => day) }
  } finally {
    await store.close()
  }
}
const today = () => new Date().toISOString().slice(0, 10)

const SHIFTS: readonly [name: string, ms: number, atStart: boolean, running: boolean][] = [
  // name, by how much, whether it is doubted at a start and when it is set
  ['4 minutes ahead', 240_000, false, false],
  ['4 minutes behind', -240_000, false, false],
  ['an hour ahead', HOUR, false, true],
  ['an hour behind', -HOUR, true, true],
  ['10 days ahead', 10 * DAY, false, true],
  ['400 days ahead', 400 * DAY, true, true],
]

describe('the clock of the machine', () => {
  beforeEach(({ skip }) => skip(!LIBRARY, NONE))

  test.each(SHIFTS)('%s at a start', async (_, ms, doubted) => {
    await fill()
    set(ms)
    const server = await place.start(faked())
    const sent = await take(server, 'khi-bat', 30)
    expect(/WRONG {2}the clock of this machine says/.test(await health())).toBe(doubted)
    const { days } = await check(server, sent)
    // Days follow what was committed while it is doubted; else the clock.
    const last = new Date(Date.now() + (doubted ? 0 : ms)).toISOString().slice(0, 10)
    expect([today(), last]).toContain(days.toSorted().at(-1))
  })

  test.each(SHIFTS)('%s, set while the program runs, and right again', async (_, ms, __, doubted) => {
    await fill()
    set(0)
    const server = await place.start(faked())
    const sent = await take(server, 'truoc', 20)
    set(ms)
    sent.push(...(await take(server, 'trong', 20)))
    expect(/WRONG {2}the clock of this machine says/.test(await health())).toBe(doubted)
    set(0)
    sent.push(...(await take(server, 'sau', 20)))
    expect(await health()).not.toContain('the clock of this machine')
    const { days } = await check(server, sent)
    expect(days.toSorted().at(-1)).toBe(today())
  })

  test('400 days ahead, and accepted: time goes on by it, also after the next start; it is in the journal', async () => {
    await fill()
    set(400 * DAY)
    let server = await place.start(faked())
    await take(server, 'truoc', 5)
    const accepted = await place.run(['clock', 'accept'])
    expect(accepted).toMatchObject({ code: 0, err: '' })
    expect(accepted.out).toMatch(/ is believed from now on; expected was /)
    expect((await place.run(['clock', 'accept'])).err).toMatch(/is not doubted: there is nothing to accept/)
    expect(await health()).not.toContain('the clock of this machine')
    await send(server, [line('sau')])
    await server.stop()
    server = await place.start(faked())
    expect(await health()).not.toContain('the clock of this machine')
    await server.stop()
    const store = await openDuckdb({ folder: place.path('data/events') })
    const days = (await store.days()).map(({ day }) => day).toSorted()
    await store.close()
    expect(days.at(-1)).toBe(new Date(Date.now() + 400 * DAY).toISOString().slice(0, 10))
    expect(days).toHaveLength(OLD.length + 2)
    const installation = await place.open()
    await installation.scribe.work()
    const { items } = await journalOf(installation.store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 100 })
    expect(items.map(({ doc }) => doc.act.what)).toContain('clock.accept')
    await installation.close()
  })
})
