/** What happens to the spool of a real server: spoiled, deleted, or of a source that is not configured any more. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { line, openPlace, originals, type Place, until } from './place.ts'

const TOKEN = 'a-token-of-the-tests'
const source = (id: string) => `  - { id: ${id}, parser: nginx_access, http: { token: ${TOKEN} } }\n`
let place: Place
beforeEach(() => {
  place = openPlace()
})
afterEach(() => place.remove())

const configure = (...ids: string[]) =>
  place.write('vonglau.yml', `data: data\nlisten: 127.0.0.1:0\nsources:\n${ids.map(source).join('')}`)
const post = async (url: string, id: string, ...names: string[]) => {
  const answer = await fetch(`${url}/ingest/${id}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}` },
    body: names.map((name) => `${line(name)}\n`).join(''),
  })
  return answer.status
}
/** Accepts lines without reading them, as a process does that is killed right after. */
const acceptOnly = async (id: string, ...names: string[]) => {
  const installation = await place.open()
  await installation.ingest.accept(
    id,
    names.map((name) => Buffer.from(line(name))),
    '127.0.0.1',
  )
  await installation.close()
}

test('a record whose length is spoiled takes no other line along; it is counted, and doctor says so', async () => {
  configure('web')
  await acceptOnly('web', 'a', 'b', 'c', 'd')
  const [name] = readdirSync(place.path('data/spool/web'))
  const path = place.path(`data/spool/web/${name}`)
  const bytes = readFileSync(path)
  const second = bytes.indexOf(30, 5)
  // Its length: the last digits before the end of its header.
  bytes.write('97', bytes.indexOf(10, second) - 2)
  writeFileSync(path, bytes)
  const server = await place.start()
  const health = await until('it is said', async () => {
    const { out } = await place.run(['doctor'])
    return /WRONG.*source web: 1 accepted line could not be read from the spool any more, the last in .*\.spool/.exec(
      out,
    )
  })
  expect(health).not.toBeNull()
  await server.stop()
  const installation = await place.open()
  expect(Object.fromEntries(await originals(installation.store.events))).toEqual({
    [line('a')]: 1,
    [line('c')]: 1,
    [line('d')]: 1,
  })
  await installation.close()
})

test('lines of a source that was taken out of the configuration are listed by doctor until they are read', async () => {
  configure('web', 'cu')
  await acceptOnly('web', 'a')
  await acceptOnly('cu', 'b', 'c')
  configure('web')
  const said = /WRONG.*2 lines that were accepted for source cu are not in the store/
  expect((await place.run(['doctor'])).out).toMatch(said)
  const server = await place.start()
  expect((await place.run(['doctor'])).out).toMatch(said)
  await server.stop()
  configure('web', 'cu')
  const installation = await place.open()
  await installation.ingest.start()
  await installation.ingest.drain()
  expect((await originals(installation.store.events)).get(line('c'))).toBe(1)
  await installation.close()
  configure('web')
  expect((await place.run(['doctor'])).out).not.toMatch(/source cu/)
})

test('a data folder that is deleted while the server runs: POST answers 503, and it is said', async () => {
  configure('web')
  const server = await place.start()
  expect(await post(server.url, 'web', 'a')).toBe(200)
  rmSync(place.path('data'), { recursive: true })
  expect(await post(server.url, 'web', 'b')).toBe(503)
  expect(await post(server.url, 'web', 'c')).toBe(503)
  await until('it is said', () =>
    /the data folder .*data was deleted or moved while the program runs/.test(server.printed()),
  )
  await server.stop()
})
