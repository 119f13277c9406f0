/** A large import, which several threads take apart: the same events as from one, and every line once over kills. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as all } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { splitLines } from '../../ingest/collect/lines.ts'
import { eventsOf, openPlace, originals, type Place, refusal } from './place.ts'
import { stageOf } from '../ingest/parsers/lines.ts'

const LAUNCHER = fileURLToPath(new URL('../../api/vonglau.js', import.meta.url))
let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

const row = (n: number) =>
  `2026-11-21 07:05:00 10.0.10.21 GET /dong-${n} ma=${n} 443 - 198.51.100.${n % 250} Mozilla/5.0+(Windows+NT+10.0) - dichvucong.example 200 0 0 ${n % 900}`
const HEAD =
  '#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) cs-host sc-status sc-substatus sc-win32-status time-taken'
/** The same columns, but two in each other's place: what a line means depends on the line before it. */
const OTHER = HEAD.replace('sc-substatus sc-win32-status', 'sc-win32-status sc-substatus')

test('events are those of one thread, whatever stands in the file', async () => {
  const text: string[] = []
  for (let n = 0; n < 70_000; n++) {
    if (n === 0 || n === 40_000) text.push('#Software: Microsoft Internet Information Services 10.0', HEAD)
    if (n === 20_000 || n === 60_000) text.push(OTHER)
    if (n % 9000 === 5) text.push('', 'không phải nhật ký', `${row(n)}\r`, `${row(n)} thừa một cột`)
    // Longer than a line may be, and longer than what is read at once.
    if (n === 30_000) text.push('x'.repeat(700_000), 'y'.repeat(2_500_000))
    text.push(row(n))
  }
  const bytes = Buffer.concat([
    Buffer.from(`${text.join('\n')}\n`),
    Buffer.from([0xff, 0xfe, 0x20, 0x0a]),
    Buffer.from(row(70_000)),
  ])
  place.write('vonglau.yml', '')
  place.write('iis.log', bytes)
  const { code, out, err } = await place.run(['import', '--source', 'iis_access', 'iis.log'])
  const { lines } = splitLines(bytes, 0, true)
  const { packed: wanted } = stageOf('iis_access', { history: true })({
    lines,
    from: 0,
    prefix: 'prefix',
    now: 0,
    memory: [],
  })
  expect({ code, err, lines: Number(/^\d+/.exec(out)?.[0]) }).toEqual({ code: 0, err: '', lines: lines.count })

  const installation = await place.open()
  const seen = await eventsOf(installation.store.events)
  await installation.close()
  // What the inventory and the database of countries add is the same in every thread, and tested elsewhere.
  const about = (event: (typeof seen)[number]) => [
    String(event['event.id']).replace(/.*-/, ''),
    event['event.kind'],
    event['http.response.status_code'],
    event['iis.access.sub_status'],
    event['iis.access.win32_status'],
    String(event['event.original']).slice(0, 200),
    String(event['event.original']).length,
    event['vonglau.original.base64'],
    event['error.message'],
    event['vonglau.import'],
  ]
  const sorted = (events: typeof seen) => events.map((event) => JSON.stringify(about(event))).sort()
  expect(seen.length).toBe(wanted.length)
  expect(sorted(seen)).toEqual(sorted(wanted))
})

test('killed at random moments, and begun again: every line once', async () => {
  const COUNT = 80_000
  place.write('vonglau.yml', '')
  place.write('iis.log', `${HEAD}\n${Array.from({ length: COUNT }, (_, n) => row(n)).join('\n')}\n`)
  const begin = () =>
    spawn(process.execPath, [LAUNCHER, '-c', 'vonglau.yml', 'import', '--source', 'iis_access', 'iis.log'], {
      cwd: place.folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
  for (let kill = 0; kill < 5; kill++) {
    const child = begin()
    // `close` comes when the program behind the launcher is gone, too: it holds the other end of the pipe.
    const gone = once(child, 'close')
    child.stderr!.resume()
    await Promise.race([gone, sleep(1500 + Math.random() * 4000)])
    try {
      process.kill(-child.pid!, 'SIGKILL')
    } catch {}
    await gone
  }
  const last = begin()
  const [[code], said] = await Promise.all([once(last, 'close'), all(last.stderr!)])
  expect({ code, said }).toEqual({ code: 0, said: '' })
  const installation = await place.open()
  const counts = await originals(installation.store.events)
  await installation.close()
  expect([...counts].filter(([, count]) => count !== 1)).toEqual([])
  expect(counts.size).toBe(COUNT)
})

test('gzip that ends in the middle is told, and nothing of its last line is taken for a line', async () => {
  place.write('vonglau.yml', '')
  const text = `${HEAD}\n${Array.from({ length: 3000 }, (_, n) => row(n)).join('\n')}\n`
  const packed = gzipSync(text)
  place.write('cut.log.gz', packed.subarray(0, packed.length >> 1))
  const cut = await place.run(['import', '--source', 'iis_access', 'cut.log.gz'])
  expect(refusal(cut)).toMatch(
    /cut\.log\.gz: it ends in the middle, or is no gzip \(.+\): pack it anew, or wait until it is whole$/,
  )
  place.write('whole.log.gz', packed)
  expect(await place.run(['import', '--source', 'iis_access', 'whole.log.gz'])).toMatchObject({ code: 0, err: '' })
  expect(await place.run(['query', 'event.kind : pipeline_error', '--count'])).toMatchObject({ out: '0\n' })
  expect(await place.run(['query', '--count'])).toMatchObject({ out: '3000\n' })
})
