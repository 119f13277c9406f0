/** Rules are read again while lines come in: no event is judged by none, and none twice. */
import { appendFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eq, EVERYTHING } from '../../ingest/store/filter.ts'
import { SYSTEM } from '../../ingest/store/store.ts'
import { alertsIn } from '../../rules/case/decide.ts'
import { line, openPlace, type Place, type Server, until } from './place.ts'

const rule = (path: string, id = 'thu') => `title: Thử
id: ${id}
level: low
logsource: { category: webserver }
detection: { a: { url.path|contains: ${path} }, condition: a }
vonglau: { group-by: [source.ip], quiet: 30d }
`
const CONFIG = `data: data
listen: 127.0.0.1:0
rules: rules
sources:
  - { id: cong, parser: nginx_access, timezone: Asia/Ho_Chi_Minh, file: { path: "logs/*.log", start: beginning } }
`
let place: Place
let server: Server | undefined
beforeEach(() => {
  place = openPlace()
  place.write('vonglau.yml', CONFIG)
  place.write('rules/thu.yml', rule('dong-'))
  place.write('logs/a.log', '')
})
afterEach(async () => {
  await server?.stop('SIGKILL')
  server = undefined
  await place.remove()
})

const write = (from: number, count: number) => {
  const some = Array.from({ length: count }, (_, i) => line(from + i))
  appendFileSync(place.path('logs/a.log'), `${some.join('\n')}\n`)
}
/** The program's own events are none of them. */
const LINES = 'event.dataset: nginx_access'
const stored = async () => Number((await place.run(['query', '--count', LINES])).out)

test('what came before is judged by the rules of before, what comes by the new ones; each line once', async () => {
  server = await place.start()
  let n = 0
  /** Lines come all the while. */
  const timer = setInterval(() => {
    write(n, 50)
    n += 50
  }, 20)
  await until('lines are stored', async () => (await stored()) > 200)
  // Of the same id, another meaning, then the first again, and a rule more: each change while lines come.
  for (const [i, path] of ['khong-co', 'dong-', 'dong-1', 'dong-'].entries()) {
    place.write('rules/thu.yml', rule(path))
    if (i === 1) place.write('rules/them.yml', rule('dong-', 'them'))
    const { code, out, err } = await place.run(['reload'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toContain('changed: thu')
    if (i === 1) expect(out).toContain('new: them')
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  clearInterval(timer)
  await until('all are stored', async () => (await stored()) === n)
  await server.stop()
  server = undefined
  const installation = await place.open()
  try {
    await installation.schedule.runAll()
    const { items } = await alertsIn(installation.store.documents).query(SYSTEM, { filter: EVERYTHING, limit: 100 })
    const counted = (id: string) => items.find(({ doc }) => doc['rule.id'] === id)!.doc
    const ledger = installation.store.documents.collection<{ covered: number; since?: number }>('ledger')
    // A rule that was added began with what came then.
    const more = counted('them')
    const behind = (after: number) =>
      installation.store.events.count(SYSTEM, { filter: eq('event.dataset', 'nginx_access'), ingested: { after } })
    expect(await behind((await ledger.get(SYSTEM, 'them'))!.doc.since!)).toBe(more['alert.count'])
    // Of the changed one: what it counted is what came while it meant that, not more.
    const count = counted('thu')['alert.count']
    expect(count).toBeLessThan(n)
    expect(count).toBeGreaterThanOrEqual(await behind((await ledger.get(SYSTEM, 'thu'))!.doc.since!))
    expect(new Set(counted('thu').events.map((event) => event['event.id'])).size).toBe(20)
  } finally {
    await installation.close()
  }
})

test('a mistake in a rule is told, and all stays as it is; also by SIGHUP', async () => {
  server = await place.start()
  place.write('rules/thu.yml', 'title: Thử\nid: thu\ndetection: { a: { x: 1 } }\n')
  const { code, err } = await place.run(['reload'])
  expect(code).toBe(1)
  expect(err).toMatch(/thu\.yml:\d/)
  process.kill(server.pid, 'SIGHUP')
  await until('it is refused', () => server!.printed().includes('the rules stay as they are'))
  place.write('rules/thu.yml', rule('khac'))
  process.kill(server.pid, 'SIGHUP')
  await until('it is read', () => /rules in force; changed: thu/.test(server!.printed()))
})

test('without a server it says so', async () => {
  const { code, err } = await place.run(['reload'])
  expect(code).toBe(1)
  expect(err).toMatch(/^vonglau: no Vọng Lâu runs with the data folder .*: rules are read when one is started/)
})
