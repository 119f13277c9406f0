/** What is sent to `/ingest` by who holds a token, in order to end the process. */
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openBodies } from '../../ingest/collect/body.ts'
import type { Event } from '../../ingest/event.ts'
import { FREE_TEXT, parseKql } from '../../ingest/store/kql.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { eventsOf, openPlace, type Place, type Server } from './place.ts'

const TOKEN = 'a-token-of-the-tests'
let place: Place
const SETTINGS = `listen: 127.0.0.1:0\nsources:\n  - { id: web, parser: nginx_access, timezone: UTC, http: { token: ${TOKEN} } }\n`
beforeEach(() => {
  place = openPlace()
  place.write('vonglau.yml', SETTINGS)
})
afterEach(() => place.remove())

/** MB that the server holds, and has held at most. */
const rss = ({ pid }: Server) => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024
}
/** Writes until it is answered or cut off. Answers the status, 0 where there was none. */
const pour = (url: string, chunk: Buffer, most: number, headers: Record<string, string> = {}): Promise<number> =>
  new Promise((resolve) => {
    const sent = request(`${url}/ingest/web`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    })
    let ended = false
    const end = (status: number) => {
      if (ended) return
      ended = true
      sent.destroy()
      resolve(status)
    }
    sent.on('response', (answer) => end(answer.statusCode!))
    sent.on('error', () => end(0))
    const write = (left: number) => {
      if (ended) return
      if (left <= 0) return void sent.end()
      if (sent.write(chunk)) setImmediate(write, left - chunk.length)
      else sent.once('drain', () => write(left - chunk.length))
    }
    write(most)
  })
/** Of a line that is longer than a part. */
const partOf = (event: Event): number => Number(/this is part (\d+)/.exec(String(event['error.message']))?.[1] ?? 0)
const alive = async ({ url }: Server) => (await fetch(`${url}/healthz`)).status

test('3 GB in chunks, the length of which nothing says: refused when it is too long, and not held', async () => {
  const server = await place.start()
  const before = rss(server)
  const status = await pour(server.url, Buffer.alloc(1 << 20, `${'x'.repeat(999)}\n`), 3 * 2 ** 30)
  expect([413, 0]).toContain(status)
  expect(await alive(server)).toBe(200)
  expect(rss(server) - before).toBeLessThan(450)
})

test('16 million lines of two bytes in a few KB of gzip: refused, and not held', async () => {
  const server = await place.start()
  const before = rss(server)
  const bomb = gzipSync(Buffer.alloc(32 << 20, 'a\n'))
  expect(bomb.length).toBeLessThan(100_000)
  const answers = await Promise.all(
    Array.from({ length: 6 }, () => pour(server.url, bomb, bomb.length, { 'content-encoding': 'gzip' })),
  )
  for (const status of answers) expect([413, 503]).toContain(status)
  expect(await alive(server)).toBe(200)
  expect(rss(server) - before).toBeLessThan(800)
})

test('gzip that is none, ends early or is empty: a sentence each, and the server goes on', async () => {
  const server = await place.start()
  const whole = gzipSync(Buffer.from('xin chào\n'.repeat(1000)))
  for (const body of ['', 'not gzip', whole.subarray(0, 12), whole.subarray(0, whole.length - 4)]) {
    const answer = await fetch(`${server.url}/ingest/web`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-encoding': 'gzip' },
      body,
    })
    const { error } = (await answer.json()) as { error: { message: string } }
    expect({ status: answer.status, message: error.message }).toEqual({
      status: 400,
      message: expect.stringMatching(
        /^the body cannot be read \(.+\): send lines, with Content-Encoding: gzip only where/,
      ),
    })
  }
  expect(await alive(server)).toBe(200)
})

test('63 MB of NULs: kept, and with 1 GB of memory all of it is found and read', async () => {
  const body = Buffer.alloc(63 << 20)
  body.write('dau-dong')
  body.write('cuoi-dong', body.length - 9)
  const bodies = [body, gzipSync(Buffer.alloc(5000, 'a\0'))]
  place.write('vonglau.yml', `memory: 1GB\n${SETTINGS}`)
  const server = await place.start()
  for (const [i, each] of bodies.entries()) {
    const answer = await fetch(`${server.url}/ingest/web`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, ...(i === 1 ? { 'content-encoding': 'gzip' } : {}) },
      body: each,
    })
    expect({ status: answer.status, ...((await answer.json()) as object) }).toEqual({ status: 200, accepted: 1 })
  }
  expect(await alive(server)).toBe(200)
  // Everything is in the store when it has stopped and begun anew.
  await server.stop()
  const installation = await place.open()
  try {
    await installation.ingest.start()
    await installation.ingest.drain()
    const { events } = installation.store
    const parts = (await eventsOf(events)).sort((a, b) => partOf(a) - partOf(b))
    const bytes = parts.map((event) => Buffer.from(String(event['vonglau.original.base64']), 'base64'))
    expect(bytes.shift()!.toString()).toBe('a\0'.repeat(2500))
    expect(Buffer.concat(bytes).equals(body)).toBe(true)
    const found = async (q: string) =>
      (
        await events.search(SYSTEM, { filter: parseKql(q, { text: FREE_TEXT }), order: 'newest', limit: 1000 })
      ).items.map((event) => event['event.original'])
    expect(await found('event.original : *dau-dong*')).toEqual(['dau-dong\ufffd'])
    expect(await found('event.original : *cuoi-dong*')).toEqual(['\ufffdcuoi-dong'])
  } finally {
    await installation.close()
  }
})

test('many large bodies at once: who finds no room is told to come again, and nothing of it was taken', async () => {
  const server = await place.start()
  const before = rss(server)
  const line = `198.51.100.7 - - [21/Nov/2026:07:05:00 +0000] "GET /${'y'.repeat(900)} HTTP/1.1" 200 1 "-" "-"\n`
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => pour(server.url, Buffer.from(line.repeat(1000)), 40 << 20)),
  )
  for (const status of answers) expect([200, 503]).toContain(status)
  expect(answers).toContain(200)
  expect(await alive(server)).toBe(200)
  expect(rss(server)).toBeLessThan(1200)
})

test('what is held is counted while it comes, and given back', async () => {
  const bodies = openBodies({ held: 1000, lines: 10 })
  const stream = (...chunks: string[]) =>
    Readable.toWeb(Readable.from(chunks.map((text) => Buffer.from(text)))) as ReadableStream<Uint8Array>
  const first = await bodies.read(stream('a\n', 'b\r\nc', 'd\n\n'), false)
  expect(first.lines.texts().map(String)).toEqual(['a', 'b', 'cd'])
  expect(first.ends).toEqual([2, 5, 8])
  await expect(bodies.read(stream('x'.repeat(600), 'x'.repeat(600)), false)).rejects.toMatchObject({ why: 'busy' })
  await expect(bodies.read(stream('1\n2\n3\n4\n5\n6\n7\n8\n'), false)).rejects.toMatchObject({ why: 'busy' })
  await expect(bodies.read(stream('no gzip'), true)).rejects.toMatchObject({ why: 'broken' })
  first.free()
  first.free()
  expect((await bodies.read(stream('1\n2\n3\n4\n5\n6\n7\n8\n'), false)).lines.count).toBe(8)
})
