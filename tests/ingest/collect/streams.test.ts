/** `POST /ingest/SOURCE?stream=NAME&offset=N`: what is sent again adds nothing, whatever became of the answer. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeRecords } from '../../../ingest/collect/records.ts'
import { isSettled, openSpool } from '../../../ingest/collect/spool.ts'
import type { Part } from '../../../ingest/collect/streams.ts'
import { line, openPlace, originals, type Place, type Server } from '../../faults/place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

describe('over HTTP', () => {
  const TOKEN = 'a-token-of-the-tests'
  let server: Server
  beforeEach(async () => {
    place.write(
      'vonglau.yml',
      `data: data\nlisten: 127.0.0.1:0\nsources:\n  - { id: web, parser: nginx_access, http: { token: ${TOKEN} } }\n`,
    )
    server = await place.start()
  })
  const authorization = `Bearer ${TOKEN}`
  const send = async (query: string, body: string | Buffer, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${server.url}/ingest/web${query}`, {
      method: 'POST',
      headers: { authorization, ...headers },
      body: body as never,
    })
    const { error, ...said } = (await answer.json()) as { error?: { code: string; message: string } }
    return { status: answer.status, ...(error ? { code: error.code, message: error.message } : {}), ...said }
  }
  const stands = async (stream: string) =>
    (await (await fetch(`${server.url}/ingest/web?stream=${stream}`, { headers: { authorization } })).json()) as unknown
  const body = (...names: string[]) => names.map((name) => `${line(name)}\n`).join('')
  const stop = async () => {
    await server.stop()
    const installation = await place.open()
    await installation.ingest.start()
    await installation.ingest.drain()
    const counts = await originals(installation.store.events)
    await installation.close()
    return Object.fromEntries(counts)
  }

  test('a part whose answer was lost, sent again: at once, later, in larger parts, after a restart', async () => {
    const [one, two] = [body('a', 'b'), body('c')]
    expect(await send('?stream=u_ex.log&offset=0', one)).toEqual({ status: 200, accepted: 2, position: one.length })
    expect(await send('?stream=u_ex.log&offset=0', one)).toEqual({ status: 200, accepted: 0, position: one.length })
    const end = one.length + two.length
    // Before the first is answered.
    const both = await Promise.all([1, 2, 3].map(() => send(`?stream=u_ex.log&offset=${one.length}`, two)))
    expect(both.map((each) => (each as unknown as { accepted: number }).accepted).sort()).toEqual([0, 0, 1])
    for (const each of both) expect(each).toMatchObject({ status: 200, position: end })
    expect(await send('?stream=u_ex.log&offset=0', one + two)).toEqual({ status: 200, accepted: 0, position: end })
    await server.stop()
    server = await place.start()
    expect(await send(`?stream=u_ex.log&offset=${one.length}`, two)).toEqual({
      status: 200,
      accepted: 0,
      position: end,
    })
    expect(await stands('u_ex.log')).toEqual({ position: end })
    expect(await stands('another')).toEqual({ position: null })
    const more = gzipSync(body('d'))
    expect(await send(`?stream=u_ex.log&offset=${end}`, more, { 'content-encoding': 'gzip' })).toEqual({
      status: 200,
      accepted: 1,
      position: end + body('d').length,
    })
    // Streams are counted apart, also where they hold the same.
    expect(await send('?stream=W3SVC2/u%20ex.log&offset=0', one)).toMatchObject({ accepted: 2, position: one.length })
    expect(await stop()).toEqual({ [line('a')]: 2, [line('b')]: 2, [line('c')]: 1, [line('d')]: 1 })
  })

  test('gaps, overlaps and files that were begun anew: one sentence and the position', async () => {
    const one = body('a', 'b')
    const at = one.length
    await send('?stream=s&offset=0', one)
    expect(await send(`?stream=s&offset=${at + 5}`, body('c'))).toEqual({
      status: 409,
      code: 'gap',
      message: `stream "s" stands at ${at} and this part begins at ${at + 5}, so something between is missing: send it from ${at} on`,
      position: at,
    })
    expect(await send('?stream=s&offset=0', body('a', 'b', 'c'))).toEqual({
      status: 409,
      code: 'overlap',
      message: `stream "s" stands at ${at} and this part goes from 0 to ${body('a', 'b', 'c').length}, so its beginning was taken before: send it from ${at} on`,
      position: at,
    })
    expect(await send('?stream=s&offset=0', body('z'))).toEqual({
      status: 409,
      code: 'begun_anew',
      message: `stream "s" began with other bytes and stands at ${at}: a file that was begun anew needs a name of its own`,
      position: at,
    })
    for (const query of [
      '?stream=s',
      '?offset=0',
      '?stream=&offset=0',
      '?stream=s&offset=-1',
      '?stream=s&offset=1e3',
      `?stream=${'x'.repeat(201)}&offset=0`,
      '?stream=a%0ab&offset=0',
    ])
      expect(await send(query, body('q')), query).toMatchObject({
        status: 400,
        code: 'stream',
        message: expect.stringMatching(/^stream and offset belong together: \?stream=NAME&offset=N/),
      })
    // One that is not known begins where it says: its spool may be that of another server.
    expect(await send('?stream=t&offset=1000', body('t'))).toMatchObject({
      status: 200,
      position: 1000 + body('t').length,
    })
    expect(await stop()).toEqual({ [line('a')]: 1, [line('b')]: 1, [line('t')]: 1 })
  })
})

describe('the spool', () => {
  const part = (stream: string, from: number, size: number, count: number): Part => ({
    stream,
    from,
    to: from + size,
    ends: Array.from({ length: count }, (_, i) => from + Math.round((size * (i + 1)) / count)),
  })
  const three = ['một', 'hai', 'ba'].map((text) => Buffer.from(text))

  test('killed between the sync and the answer: the part that is sent again adds nothing', async () => {
    const child = spawn(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        fileURLToPath(new URL('streams.child.ts', import.meta.url)),
        place.folder,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let said = ''
    child.stdout.on('data', (chunk) => (said += String(chunk)))
    const [, signal] = await once(child, 'exit')
    expect([said, signal]).toEqual(['', 'SIGKILL'])
    const spool = openSpool(place.folder, Date.now, 0)
    expect(await spool.append(three, '127.0.0.1', part('s', 0, 30, 3))).toEqual({ accepted: 0, position: 30 })
    expect(await spool.append(three, '127.0.0.1', part('s', 30, 30, 3))).toEqual({ accepted: 3, position: 60 })
    await spool.close()
  })

  test('torn in the middle of a part: it stands after the last whole line, and asks for the rest', async () => {
    const spool = openSpool(place.folder, Date.now, 0)
    await spool.append(three, '127.0.0.1', part('s', 0, 30, 3))
    await spool.close()
    // As a crash leaves it: two lines of three.
    const whole = writeRecords(three, 1, '127.0.0.1', (i) => ` s ${40 + 10 * i}`)
    appendFileSync(spool.segments()[0]!.path, whole.subarray(0, -2))
    const again = openSpool(place.folder, Date.now, 0)
    expect(await again.append(three, '127.0.0.1', part('s', 30, 30, 3))).toEqual({
      accepted: 0,
      position: 50,
      refused: 'overlap',
    })
    await again.close()
  })

  test('what it says of streams outlives its files, whose numbers are not given again', async () => {
    let now = Date.UTC(2026, 10, 20)
    let spool = openSpool(place.folder, () => now, 0)
    for (let day = 0; day < 3; day++) {
      await spool.append(three, '127.0.0.1', part('s', day * 30, 30, 3))
      await spool.append([Buffer.from('x')], '127.0.0.1')
      now += 86_400_000
    }
    await spool.close()
    spool = openSpool(place.folder, () => now, 0)
    for (const { id } of spool.segments()) await spool.remove(id)
    await spool.close()
    expect(readdirSync(place.folder)).toEqual(['streams.json'])
    spool = openSpool(place.folder, () => now, 0)
    expect(await spool.position('s')).toBe(90)
    await spool.append(three, '127.0.0.1', part('s', 90, 30, 3))
    expect(spool.segments().map(({ id }) => id)).toEqual(['0000000004'])
    await spool.close()
    spool = openSpool(place.folder, () => now, 0)
    expect(await spool.position('s')).toBe(120)
    await spool.close()
  })

  test('of more than a thousand streams the longest unused is forgotten', async () => {
    const spool = openSpool(place.folder, Date.now, 0)
    await Promise.all(
      Array.from({ length: 1000 }, (_, n) => spool.append([Buffer.from('x')], '127.0.0.1', part(`s${n}`, 0, 10, 1))),
    )
    await spool.append([Buffer.from('x')], '127.0.0.1', part('s0', 10, 10, 1))
    await spool.append([Buffer.from('x')], '127.0.0.1', part('new', 0, 10, 1))
    expect(await Promise.all(['s0', 's1', 's2', 'new'].map((name) => spool.position(name)))).toEqual([
      20,
      undefined,
      10,
      10,
    ])
    await spool.close()
  })

  test('a file is kept until the day after the one that took it is closed', () => {
    for (const [days, settled] of [
      [[], false],
      [['2026-11-20'], false],
      [['2026-11-20', '2026-11-21'], false],
      [['2026-11-20', '2026-11-21', '2026-11-22'], true],
      [['2026-11-20', '2026-11-25', '2026-11-26'], true],
    ] as const)
      expect([days, isSettled('2026-11-20', days)]).toEqual([days, settled])
  })
})

test('a spool file that was read late is kept while the day that took it may be damaged', async () => {
  place.write(
    'vonglau.yml',
    'data: data\nsources:\n  - { id: mang, parser: nginx_access, http: { token: 0123456789abcdef } }\n',
  )
  const { openInstallation } = await import('../../../api/installation.ts')
  const { readConfig } = await import('../../../api/config.ts')
  const DAY = 86_400_000
  // In the morning: a fifth of a day later is the same day.
  const T = Math.floor(Date.now() / DAY) * DAY + DAY / 4
  const files = () => readdirSync(place.path('data/spool/mang')).filter((name) => name.endsWith('.spool'))
  const on = async (day: number, name: string, read = true) => {
    const installation = await openInstallation(readConfig(place.path('vonglau.yml'), {}), {
      clock: () => T + day * DAY,
      warn: () => {},
      wait: 5,
      poll: 20,
    })
    if (read) await installation.ingest.start()
    await installation.ingest.accept('mang', [Buffer.from(line(name))], '127.0.0.1')
    if (read) {
      await installation.ingest.drain()
      const stored = [...(await originals(installation.store.events)).values()]
      expect(stored).toEqual(stored.map(() => 1))
    }
    await installation.close()
  }
  // Nobody reads for days: by their age the files would go as soon as they are read.
  await on(0, 'một', false)
  await on(5, 'hai')
  await on(5.1, 'ba')
  expect(files()).toHaveLength(3)
  // The day that took them is damaged: everything is read again.
  rmSync(place.path('data/events'), { recursive: true })
  await on(5.2, 'bốn')
  await on(6, 'năm')
  expect(files()).toHaveLength(5)
  await on(7, 'sáu')
  await on(8, 'bảy')
  expect(files()).toEqual(['0000000006.spool', '0000000007.spool'])
})
