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
  await until('it is refused', () => server!.printed().includes('all stays as it is'))
  place.write('rules/thu.yml', rule('khac'))
  process.kill(server.pid, 'SIGHUP')
  await until('it is read', () => /rules in force; changed: thu/.test(server!.printed()))
})

const WRONG =
  'title: Thử\nid: thu\nlevel: hihg\nlogsource: { category: webserver }\ndetection: { a: { url.path|contains: dong- }, condition: a }\n'

test.each([
  ['that was right before: what it said then holds', 'rules/thu.yml', WRONG],
  ['that is no YAML any more', 'rules/thu.yml', 'title: [\n'],
  ['that is new', 'rules/moi.yml', WRONG.replace('id: thu', 'id: moi')],
  ['that was never right, under an id that is known', 'rules/tiep.yml', rule('khac')],
])('a start with a mistake in a file of rules, %s; all others run, and it is told', async (_, file, text) => {
  server = await place.start()
  write(0, 5)
  await until('they are stored', async () => (await stored()) === 5)
  await server.stop()
  place.write(file, text)
  server = await place.start()
  expect(server.printed()).toContain(`${file}:`)
  write(5, 5)
  await until('they are stored', async () => (await stored()) === 10)
  const met = Number((await place.run(['query', '--count', 'vonglau.hits: thu@*'])).out)
  expect(met).toBe(10)
  expect((await place.run(['doctor'])).out).toContain(file)
  // A reload is strict as ever, and what is mended is right again.
  expect((await place.run(['reload'])).code).toBe(1)
  place.write(file, file.endsWith('thu.yml') ? rule('dong-') : rule('dong-', 'moi'))
  expect(await place.run(['reload'])).toMatchObject({ code: 0, err: '' })
  expect((await place.run(['doctor'])).out).not.toContain(file)
  // What could not be read has made no version, and ended none.
  const { out } = await place.run(['rules', 'history', 'thu'])
  expect(out).toContain('the file said so')
  expect(out).not.toContain('was gone')
  expect(out.split('\n').filter((each) => each.includes('the file said so'))).toHaveLength(1)
})

test('the first start with a mistake in a file of rules is refused: whoever makes it is there', async () => {
  place.write('rules/thu.yml', WRONG)
  const { code, err } = await place.run(['start'])
  expect(code).toBe(1)
  expect(err).toMatch(/thu\.yml:3:1: level is "hihg"/)
})

test('what a reload has changed is named, whatever of a rule it is', async () => {
  server = await place.start()
  for (const [from, to] of [
    ['level: low', 'level: high'],
    ['quiet: 30d', 'quiet: 20d'],
    ['title: Thử', 'title: Khác'],
  ] as const) {
    place.write('rules/thu.yml', rule('dong-').replace(from, to))
    expect((await place.run(['reload'])).out, to).toContain('changed: thu')
  }
  expect((await place.run(['reload'])).out).toContain('none of them new or changed')
})

const PROVINCE = (more = '', name = 'Sở Y tế') => `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, name: ${name}, kind: department }
${more}`
const source = (id: string, more: string) =>
  `  - { id: ${id}, parser: nginx_access, timezone: Asia/Ho_Chi_Minh, ${more} }\n`

test('inventory and sources are taken over while 2,000 lines a second come in: nothing lost, nothing twice; a wrong one is refused with its place', async () => {
  const config = (sources: string) =>
    `data: data\nlisten: 127.0.0.1:0\nrules: rules\ninventory: inventory.yml\nsources:\n${sources}`
  const cong = (more = '') => source('cong', `file: { path: "logs/*.log", start: beginning }${more}`)
  place.write('inventory.yml', PROVINCE())
  place.write('vonglau.yml', config(cong()))
  server = await place.start()
  let n = 0
  const timer = setInterval(() => {
    write(n, 100)
    n += 100
  }, 50)
  const count = async (kql: string) => Number((await place.run(['query', '--count', kql])).out)
  const reload = async (says: RegExp) => {
    const { code, out, err } = await place.run(['reload'])
    expect({ code, err, out }).toMatchObject({ code: 0, err: '', out: expect.stringMatching(says) })
  }
  try {
    await until('lines are stored', async () => (await stored()) > 200)
    // The source names an agency; then the inventory names another, and a second source reads other files.
    place.write('vonglau.yml', config(cong(', organization: so-y-te')))
    await reload(/sources: changed: cong/)
    await until('they are the agency’s', async () => (await count('organization.name: "Sở Y tế"')) > 200)
    place.write('inventory.yml', PROVINCE('  - { id: xa, name: Xã mới, kind: commune }\n', 'Sở Y tế mới'))
    await reload(/inventory: new: xa; changed: so-y-te/)
    place.write('logs2/b.log', Array.from({ length: 300 }, (_, i) => `${line(1_000_000 + i)}\n`).join(''))
    place.write(
      'vonglau.yml',
      config(
        cong(', organization: so-y-te') +
          source('them', 'organization: xa, file: { path: "logs2/*.log", start: beginning }'),
      ),
    )
    await reload(/sources: new: them/)
    await until('its name is the new one', async () => (await count('organization.name: "Sở Y tế mới"')) > 200)
    await until('the new source is read', async () => (await count('vonglau.source.id: them and url.path: *')) === 300)
    // What is wrong: nothing of it is taken over, not even what is right in the other file.
    place.write('inventory.yml', PROVINCE('  - { id: xa, name: Xã mới, kind: village }\n'))
    place.write('vonglau.yml', config(cong()))
    const wrong = await place.run(['reload'])
    expect(wrong.code).toBe(1)
    expect(wrong.err).toMatch(/inventory\.yml:4: agencies\[1\]\.kind is "village", expected one of/)
    place.write('inventory.yml', PROVINCE())
    place.write('vonglau.yml', config(cong(', organization: khong-co')))
    const unknown = await place.run(['reload'])
    expect(unknown.err).toMatch(/source cong: organization "khong-co" is not in the inventory/)
    // A source that is gone is read no more; an agency that vanished is ended.
    place.write('vonglau.yml', config(cong(', organization: so-y-te')))
    await reload(/inventory: .*ended: xa.*sources: no longer read: them/)
  } finally {
    clearInterval(timer)
  }
  await until('all are stored', async () => (await count('vonglau.source.id: cong and url.path: *')) === n)
  const { out } = await place.run(['query', 'vonglau.source.id: cong and url.path: *'])
  const ids = out
    .split('\n')
    .filter(Boolean)
    .map((each) => JSON.parse(each).event.id)
  expect([ids.length, new Set(ids).size]).toEqual([n, n])
})

test('without a server it says so', async () => {
  const { code, err } = await place.run(['reload'])
  expect(code).toBe(1)
  expect(err).toMatch(/^vonglau: no Vọng Lâu runs with the data folder .*: rules are read when one is started/)
})

test('a file that somebody is editing waits for the reload, though the inventory changes meanwhile', async () => {
  // Rules of the catalog name the inventory, and are compiled again with it.
  server = await place.start()
  place.write('rules/thu.yml', rule('khac'))
  place.write('rules/sai.yml', 'title: [')
  place.write('moi.csv', 'id,name,kind\nso-moi,Sở mới,department\n')
  const imported = await place.run([
    'inventory',
    'import',
    '--kind',
    'agencies',
    '--reason',
    'thử',
    place.path('moi.csv'),
  ])
  expect(imported).toMatchObject({ code: 0, out: expect.stringMatching(/1 entry new/) })
  expect(server.printed()).not.toMatch(/sai\.yml|still name/)
  expect((await place.run(['reload'])).err).toMatch(/sai\.yml:1/)
  place.write('rules/sai.yml', rule('/x', 'them'))
  expect(await place.run(['reload'])).toMatchObject({
    code: 0,
    out: expect.stringMatching(/new: them; changed: thu/),
  })
})
