/** What ends a process, and what an end leaves behind. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openPlace, originals, type Place, until } from './place.ts'

let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

test('kill -9 of the launcher ends the server, in good order', async () => {
  place.write(
    'vonglau.yml',
    'listen: 127.0.0.1:0\nsources: [{ id: cong, parser: nginx_access, timezone: UTC, file: { path: logs/*.log } }]\n',
  )
  const line = (n: number) => `198.51.100.7 - - [21/Nov/2026:07:05:00 +0000] "GET /dong-${n} HTTP/1.1" 200 1 "-" "-"`
  place.write('logs/a.log', `${line(1)}\n`)
  const server = await place.start()
  await until('the server answers', async () => (await fetch(`${server.url}/healthz`)).ok)
  await server.stop('SIGKILL')
  expect(server.printed()).toContain('stopping: what has arrived is written first')
  await expect(fetch(`${server.url}/healthz`)).rejects.toThrow()
  // The data folder is free: the next start does not wait for anybody.
  const installation = await place.open()
  const counts = await originals(installation.store.events)
  await installation.close()
  expect([...counts.values()].filter((count) => count > 1)).toEqual([])
})
