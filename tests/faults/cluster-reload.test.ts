/** Two processes over one cluster: inventory, rules and sources are taken over by both while lines come in. */
import { appendFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { openClient } from '../../ingest/store/elasticsearch/connect.ts'
import { describeCluster, randomPrefix, removeAll } from '../servers/cluster.ts'
import { line, openPlace, until } from './place.ts'

const PROVINCE = (more = '', name = 'Sở Y tế') => `province: { id: p, name: Tỉnh, timezone: Asia/Ho_Chi_Minh }
agencies:
  - { id: so-y-te, name: ${name}, kind: department }
${more}`
const RULE = (path: string) => `title: Thử
id: thu
level: low
logsource: { category: webserver }
detection: { a: { url.path|contains: ${path} }, condition: a }
vonglau: { group-by: [source.ip], quiet: 30d }
`

await describeCluster('two processes that take over what changes', (cluster) => {
  const places = [openPlace(), openPlace()] as const
  const [one, two] = places
  const client = openClient(cluster)
  const prefix = randomPrefix()
  afterAll(async () => {
    await Promise.all(places.map((place) => place.remove()))
    await removeAll(client, prefix)
    await client.close()
  })

  test('inventory, rules and sources, while 2,000 lines a second come in: nothing lost, nothing twice; a wrong one is refused with its place', async () => {
    const nodes = JSON.stringify(cluster.nodes.map((node) => new URL(node).origin))
    const user = cluster.user === undefined ? '' : `, user: ${cluster.user}, password: ${cluster.password}`
    const source = (id: string, folder: string, more = '') =>
      `  - { id: ${id}, parser: nginx_access, timezone: Asia/Ho_Chi_Minh, file: { path: "${one.path(folder)}/*.log", start: beginning, shared: true }${more} }\n`
    const configure = (sources: string) => {
      for (const place of places) {
        const ca = cluster.ca === undefined ? '' : `, ca: ${JSON.stringify(place.write('ca.pem', cluster.ca))}`
        place.write(
          'vonglau.yml',
          `data: data\nlisten: 127.0.0.1:0\nrules: ${one.path('rules')}\ninventory: ${one.path('inventory.yml')}\nstore: elasticsearch\nelasticsearch: { nodes: ${nodes}, prefix: ${prefix}${user}${ca} }\nsources:\n${sources}`,
        )
      }
    }
    one.write('inventory.yml', PROVINCE())
    one.write('rules/thu.yml', RULE('dong-'))
    one.write('logs/a.log', '')
    one.write('logs2/b.log', '')
    configure(source('cong', 'logs', ', organization: so-y-te'))
    const servers = [await one.start(), await two.start()]
    let n = 0
    let seen = 0
    const timer = setInterval(() => {
      // A machine that has much else to do does not fall behind for ever.
      if (n > seen + 12_000) return
      appendFileSync(one.path('logs/a.log'), Array.from({ length: 100 }, (_, i) => `${line(n + i)}\n`).join(''))
      n += 100
    }, 50)
    const count = async (kql: string) => {
      const found = Number((await two.run(['query', '--count', kql])).out)
      seen = Number((await two.run(['query', '--count', 'vonglau.source.id: cong and url.path: *'])).out)
      return found
    }
    const reload = async (place: (typeof places)[number], says: RegExp) => {
      const { code, out, err } = await place.run(['reload'])
      expect({ code, err, out }).toMatchObject({ code: 0, err: '', out: expect.stringMatching(says) })
    }
    try {
      await until('lines are stored', async () => (await count('organization.name: "Sở Y tế"')) > 200)
      // One of them reads the file; whoever reads the lines, their agency has its new name.
      one.write('inventory.yml', PROVINCE('  - { id: xa, name: Xã mới, kind: commune }\n', 'Sở Y tế mới'))
      await reload(two, /inventory: new: xa; changed: so-y-te/)
      await until('its name is the new one', async () => (await count('organization.name: "Sở Y tế mới"')) > 200)
      // The other one has followed the version: the file brings nothing new there.
      await reload(one, /^(?!.*inventory:)/)
      // A source and a rule, at both; the agency of the source is of the version before.
      one.write('rules/thu.yml', RULE('khac'))
      one.write('logs2/b.log', Array.from({ length: 300 }, (_, i) => `${line(1_000_000 + i)}\n`).join(''))
      configure(source('cong', 'logs', ', organization: so-y-te') + source('them', 'logs2', ', organization: xa'))
      await reload(one, /changed: thu.*sources: new: them/s)
      // The other one follows what was said to the first, before it is told so or then.
      await reload(two, /rules in force/)
      await until(
        'the new source is read',
        async () => (await count('vonglau.source.id: them and url.path: *')) === 300,
      )
      // A table of a person, taken at one, holds at the other: what the file says of it waits nowhere.
      one.write('moi.csv', 'id,name,kind\nso-moi,Sở mới,department\n')
      const { code, out } = await two.run([
        'inventory',
        'import',
        '--kind',
        'agencies',
        '--reason',
        'thử',
        one.path('moi.csv'),
      ])
      expect({ code, out }).toMatchObject({ code: 0, out: expect.stringMatching(/1 entry new/) })
      await until('the other follows', async () =>
        (await one.run(['inventory', 'export', '--kind', 'agencies'])).out.includes('so-moi'),
      )
      // What is wrong: nothing of it is taken over, not even what is right in the other file.
      one.write('inventory.yml', PROVINCE('  - { id: xa, name: Xã mới, kind: village }\n'))
      const wrong = await one.run(['reload'])
      expect(wrong.code).toBe(1)
      expect(wrong.err).toMatch(/inventory\.yml:4: agencies\[1\]\.kind is "village", expected one of/)
      one.write('rules/thu.yml', 'title: Thử\nid: thu\ndetection: { a: { x: 1 } }\n')
      expect((await two.run(['reload'])).err).toMatch(/thu\.yml:\d/)
    } finally {
      clearInterval(timer)
    }
    await until('all are stored', async () => (await count('vonglau.source.id: cong and url.path: *')) === n)
    const { out } = await two.run(['query', 'vonglau.source.id: cong and url.path: *'])
    const ids = out
      .split('\n')
      .filter(Boolean)
      .map((each) => JSON.parse(each).event.id)
    expect([ids.length, new Set(ids).size]).toEqual([n, n])
    await Promise.all(servers.map((server) => server.stop()))
  })
})
